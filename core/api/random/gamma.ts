// random: the gamma distribution by rejection, and what is made of it.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal } from "../../primitives/operand.ts";
import { randomSplit } from "../../primitives/random-keys.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { randomGammaGrad } from "../lax/incomplete-gamma.ts";
import { map, whileLoop } from "../lax/loops.ts";
import { customJvp } from "../numpy/define.ts";
import { finfo } from "../numpy/dtypes.ts";
import { broadcastTo } from "../promotion.ts";
import { normalFloats } from "./continuous.ts";
import {
  distribution,
  floatDType,
  keysFrom,
  parameter,
  shapeFor,
  shapeOf,
  uniformFloats,
  type KeyLike,
} from "./draw.ts";

type DTypeOption = Options<"dtype">;

/** One value. Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; α < 1 by α + 1 and a boost. */
function gammaOne(key: NDArray, given: NDArray, logSpace: boolean): NDArray {
  const { lax } = context();
  const { dtype } = given;
  const c = (v: number): NDArray => literal(v, dtype);
  const isLarge = lax.ge(given, c(1));
  const alpha = lax.select(isLarge, given, lax.add(given, c(1)));
  const d = lax.sub(alpha, c(1 / 3));
  const scale = lax.div(c(1 / 3), lax.sqrt(d));
  const [rng, boostKey] = keysFrom(key, 2) as [NDArray, NDArray];
  const V = accepted(rng, d, scale);
  const inverse = lax.div(c(1), given);
  if (logSpace) {
    const log = lax.log1p(lax.neg(uniformFloats(boostKey, [], dtype)));
    const none = lax.bitwiseOr(isLarge, lax.eq(log, c(0)));
    const boost = lax.select(none, c(0), lax.mul(log, inverse));
    return lax.add(lax.add(lax.log(d), lax.log(V)), boost);
  }
  const u = lax.sub(c(1), uniformFloats(boostKey, [], dtype));
  const boost = lax.select(isLarge, c(1), lax.pow(u, inverse));
  return lax.mul(lax.mul(d, V), boost);
}
/** v³ of the first accepted proposal. */
function accepted(key: NDArray, d: NDArray, scale: NDArray): NDArray {
  const { lax } = context();
  const { dtype } = d;
  const c = (v: number): NDArray => literal(v, dtype);
  const rejects = (X: NDArray, V: NDArray, U: NDArray): NDArray => {
    const squeeze = lax.ge(U, lax.sub(c(1), lax.mul(c(0.0331), lax.mul(X, X))));
    const exact = lax.add(lax.mul(X, c(0.5)), lax.mul(d, lax.add(lax.sub(c(1), V), lax.log(V))));
    return lax.bitwiseAnd(squeeze, lax.ge(lax.log(U), exact));
  };
  const positive = (start: NDArray): readonly [NDArray, NDArray] => {
    const [, x, v] = whileLoop(
      ([, , v]) => lax.le(v, c(0)),
      ([k]) => {
        const [next, sub] = keysFrom(k, 2) as [NDArray, NDArray];
        const x = normalFloats(sub, [], dtype);
        return [next, x, lax.add(c(1), lax.mul(x, scale))] as const;
      },
      [start, c(0), c(-1)] as const,
    );
    return [x, v];
  };
  const [, , V] = whileLoop(
    ([, X, V, U]) => rejects(X, V, U),
    ([k]) => {
      const [next, kx, ku] = keysFrom(k, 3) as [NDArray, NDArray, NDArray];
      const [x, v] = positive(kx);
      const cube = lax.mul(lax.mul(v, v), v);
      return [next, lax.mul(x, x), cube, uniformFloats(ku, [], dtype)] as const;
    },
    [key, c(0), c(1), c(2)] as const,
  ) as unknown as readonly [NDArray, NDArray, NDArray];
  return V;
}

/** A key and an α for each place, one after the other. */
function sampled(key: NDArray, alpha: NDArray, logSpace: boolean): NDArray {
  const { lax } = context();
  const keys = randomSplit(key, [alpha.size]);
  const flat = lax.reshape(alpha, [alpha.size]);
  const out = map(([k, a]: readonly [NDArray, NDArray]) => gammaOne(k, a, logSpace), [keys, flat] as const);
  return lax.reshape(out, alpha.shape);
}
/** The derivative of a sample by α: that of the quantile it stands for. In log space it is divided by the sample. */
function slope(sample: NDArray, alpha: NDArray, logSpace: boolean): NDArray {
  if (!logSpace) return randomGammaGrad(alpha, sample);
  const { lax } = context();
  const value = lax.exp(sample);
  const positive = lax.select(lax.eq(value, 0), lax.fullLike(value, finfo(value.dtype).tiny), value);
  return lax.div(randomGammaGrad(alpha, positive), positive);
}
const differentiable = (logSpace: boolean): ((...args: readonly NDArray[]) => readonly NDArray[]) =>
  customJvp(
    logSpace ? "random.loggamma" : "random.gamma",
    ([key, alpha]) => [sampled(key as NDArray, alpha as NDArray, logSpace)],
    ([key, alpha], [, tangent]) => {
      const sample = sampled(key as NDArray, alpha as NDArray, logSpace);
      const t = tangent ?? null;
      const moved = t === null ? null : context().lax.mul(t, slope(sample, alpha as NDArray, logSpace));
      return { outs: [sample], tangents: [moved] };
    },
  );
const plainRule = differentiable(false);
const logRule = differentiable(true);
const gammaFloats = (key: NDArray, alpha: NDArray, logSpace: boolean): NDArray =>
  (logSpace ? logRule : plainRule)(key, alpha)[0] as NDArray;

type Body = (key: NDArray, parameters: readonly NDArray[], shape: Shape, dtype: DType) => NDArray;
/** A distribution whose parameters arrive broadcast to the shape. */
function parametric(
  name: string,
  body: Body,
): (
  key: KeyLike,
  parameters: readonly ArrayLike[],
  shape: Shape | null | undefined,
  options: DTypeOption,
) => NDArray {
  const draw = distribution(name, (key, ps: readonly NDArray[], shape: Shape, dtype: DType) =>
    body(
      key,
      ps.map((p) => broadcastTo(name, p, shape)),
      shape,
      dtype,
    ),
  );
  return (key, parameters, shape, options) => {
    checkOptions(name, options, ["dtype"]);
    const dtype = floatDType(name, options.dtype);
    const ps = parameters.map((p) => parameter(name, p, dtype));
    return draw(key, ps, shapeFor(name, shape, ...ps), dtype);
  };
}

const drawGamma = parametric("random.gamma", (key, [a]) => gammaFloats(key, a as NDArray, false));
/** Density x^(a−1)·e^(−x) / Γ(a) on x > 0; differentiable by `a`. Source: jax.random.gamma. */
export const gamma = (key: KeyLike, a: ArrayLike, shape?: Shape | null, options: DTypeOption = {}): NDArray =>
  drawGamma(key, [a], shape, options);

const drawLoggamma = parametric("random.loggamma", (key, [a]) => gammaFloats(key, a as NDArray, true));
/** The logarithm of a gamma value, exact for small `a`, too. Source: jax.random.loggamma. */
export const loggamma = (
  key: KeyLike,
  a: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawLoggamma(key, [a], shape, options);

const drawBeta = parametric("random.beta", (key, [a, b]) => {
  const { lax } = context();
  const [ka, kb] = keysFrom(key, 2) as [NDArray, NDArray];
  const [x, y] = [gammaFloats(ka, a as NDArray, true), gammaFloats(kb, b as NDArray, true)];
  const most = lax.max(x, y);
  const [u, v] = [lax.exp(lax.sub(x, most)), lax.exp(lax.sub(y, most))];
  return lax.div(u, lax.add(u, v));
});
/** Density ∝ x^(a−1)·(1−x)^(b−1) on (0, 1). Source: jax.random.beta. */
export const beta = (
  key: KeyLike,
  a: ArrayLike,
  b: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawBeta(key, [a, b], shape, options);

const drawT = parametric("random.t", (key, [df], shape, dtype) => {
  const { lax } = context();
  const [kn, kg] = keysFrom(key, 2) as [NDArray, NDArray];
  const half = lax.div(df as NDArray, literal(2, dtype));
  return lax.mul(normalFloats(kn, shape, dtype), lax.sqrt(lax.div(half, gammaFloats(kg, half, false))));
});
/** Student's t with `df` degrees of freedom. Source: jax.random.t. */
export const t = (key: KeyLike, df: ArrayLike, shape?: Shape, options: DTypeOption = {}): NDArray =>
  drawT(key, [df], shape, options);

/** 2·Γ(df/2), by its logarithm. */
function chisquareFloats(key: NDArray, df: NDArray): NDArray {
  const { lax } = context();
  const log = gammaFloats(key, lax.mul(literal(0.5, df.dtype), df), true);
  return lax.mul(lax.exp(log), literal(2, df.dtype));
}
const drawChisquare = parametric("random.chisquare", (key, [df]) => chisquareFloats(key, df as NDArray));
/** The sum of `df` squared normal values. Source: jax.random.chisquare. */
export const chisquare = (
  key: KeyLike,
  df: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawChisquare(key, [df], shape, options);

const drawF = parametric("random.f", (key, [num, den]) => {
  const { lax } = context();
  const [kd, kn] = keysFrom(key, 2) as [NDArray, NDArray];
  const part = (k: NDArray, df: NDArray): NDArray => lax.div(chisquareFloats(k, df), df);
  return lax.div(part(kn, num as NDArray), part(kd, den as NDArray));
});
/** The quotient of two scaled χ² values. Source: jax.random.f. */
export const f = (
  key: KeyLike,
  dfnum: ArrayLike,
  dfden: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawF(key, [dfnum, dfden], shape, options);

const drawDirichlet = distribution("random.dirichlet", (key, [alpha]: readonly [NDArray], shape: Shape) => {
  const { lax } = context();
  const full = [...shape, alpha.shape[alpha.ndim - 1] as number];
  const log = gammaFloats(key, broadcastTo("random.dirichlet", alpha, full), true);
  const last = full.length - 1;
  const wide = (x: NDArray): NDArray =>
    lax.broadcastInDim(
      x,
      full,
      shape.map((_, i) => i),
    );
  const exp = lax.exp(lax.sub(log, wide(lax.reduceMax(log, [last]))));
  return lax.div(exp, wide(lax.reduceSum(exp, [last])));
});
/** Probabilities that sum to 1, with weights `alpha` along the last axis. Source: jax.random.dirichlet. */
export function dirichlet(
  key: KeyLike,
  alpha: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray {
  const name = "random.dirichlet";
  checkOptions(name, options, ["dtype"]);
  const a = parameter(name, alpha, floatDType(name, options.dtype), "alpha");
  if (a.ndim < 1) throw fail("E_SHAPE", `${name}: alpha is ${a.aval}, expected a vector of weights`);
  return drawDirichlet(key, [a], shape == null ? a.shape.slice(0, -1) : shapeOf(name, shape));
}
