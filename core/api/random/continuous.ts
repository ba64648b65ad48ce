// random: continuous distributions, each by the transformation that JAX uses, so that values agree.
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { complexDType, isComplex, realDType, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import type { Lax } from "../../primitives/lax.ts";
import { literal } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { finfo } from "../numpy/dtypes.ts";
import { broadcastTo } from "../promotion.ts";
import {
  distribution,
  floatDType,
  inexactDType,
  keysFrom,
  parameter,
  shapeFor,
  shapeOf,
  uniformFloats,
  type KeyLike,
} from "./draw.ts";

type DTypeOption = Options<"dtype">;
const DTYPE = ["dtype"];

/** A distribution without parameters: its values from uniform floats in [low, 1), where `low` depends on the dtype. */
function standard(
  name: string,
  low: (dtype: DType) => number,
  body: (u: NDArray, lax: Lax) => NDArray,
): (key: KeyLike, shape: Shape | undefined, options: DTypeOption) => NDArray {
  const draw = distribution(name, (key, _: readonly [], shape: Shape, dtype: DType) =>
    body(uniformFloats(key, shape, dtype, low(dtype), 1), context().lax),
  );
  return (key, shape, options) => {
    checkOptions(name, options, DTYPE);
    return draw(key, [], shapeOf(name, shape), floatDType(name, options.dtype));
  };
}

// --- normal ------------------------------------------------------------------------------------------------------------

/** √2 · erf⁻¹ of uniform floats in (−1, 1). */
export function normalFloats(key: NDArray, shape: Shape, dtype: DType): NDArray {
  const { lax } = context();
  if (isComplex(dtype)) {
    const [kr, ki] = keysFrom(key, 2) as [NDArray, NDArray];
    const part = realDType(dtype);
    const z = lax.complex(normalFloats(kr, shape, part), normalFloats(ki, shape, part));
    return lax.div(
      z,
      literal({ re: part === "float64" ? Math.SQRT2 : Math.fround(Math.SQRT2), im: 0 }, complexDType(part)),
    );
  }
  const u = uniformFloats(key, shape, dtype, finfo(dtype).epsneg - 1, 1);
  return lax.mul(literal(Math.SQRT2, dtype), lax.erfInv(u));
}
const drawNormal = distribution("random.normal", (key, _: readonly [], shape: Shape, dtype: DType) =>
  normalFloats(key, shape, dtype),
);
/** Mean 0, variance 1; complex dtypes share it among both parts. Source: jax.random.normal. */
export function normal(key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray {
  checkOptions("random.normal", options, DTYPE);
  return drawNormal(key, [], shapeOf("random.normal", shape), inexactDType("random.normal", options.dtype));
}

const drawTruncated = distribution(
  "random.truncatedNormal",
  (key, [lower, upper]: readonly [NDArray, NDArray], shape: Shape, dtype: DType) => {
    const { lax } = context();
    const root2 = literal(Math.SQRT2, dtype);
    const [a, b] = [lax.erf(lax.div(lower, root2)), lax.erf(lax.div(upper, root2))];
    const out = lax.mul(root2, lax.erfInv(uniformFloats(key, shape, dtype, a, b)));
    // Rounding must not push a value onto the bounds.
    const full = (x: NDArray): NDArray => broadcastTo("random.truncatedNormal", x, shape);
    const least = full(lax.nextafter(lax.stopGradient(lower), literal(Infinity, dtype)));
    const most = full(lax.nextafter(lax.stopGradient(upper), literal(-Infinity, dtype)));
    return lax.min(lax.max(least, out), most);
  },
);
/** The normal distribution between two bounds. Source: jax.random.truncated_normal. */
export function truncatedNormal(
  key: KeyLike,
  lower: ArrayLike,
  upper: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray {
  const name = "random.truncatedNormal";
  checkOptions(name, options, DTYPE);
  const dtype = floatDType(name, options.dtype);
  const bounds = [parameter(name, lower, dtype, "lower"), parameter(name, upper, dtype, "upper")] as const;
  return drawTruncated(key, bounds, shapeFor(name, shape, ...bounds), dtype);
}

const drawLognormal = distribution(
  "random.lognormal",
  (key, [sigma]: readonly [NDArray], shape: Shape, dtype: DType) => {
    const { lax } = context();
    return lax.exp(lax.mul(normalFloats(key, shape, dtype), broadcastTo("random.lognormal", sigma, shape)));
  },
);
/** exp of a normal value with deviation `sigma` (default 1). Source: jax.random.lognormal. */
export function lognormal(
  key: KeyLike,
  shape?: Shape | null,
  options: Options<"dtype", { sigma: ArrayLike }> = {},
): NDArray {
  const name = "random.lognormal";
  checkOptions(name, options, ["sigma", "dtype"]);
  const dtype = floatDType(name, options.dtype);
  const sigma = parameter(name, options.sigma ?? 1, dtype, "sigma");
  return drawLognormal(key, [sigma], shapeFor(name, shape, sigma), dtype);
}

const drawMaxwell = distribution("random.maxwell", (key, _: readonly [], shape: Shape, dtype: DType) => {
  const { lax } = context();
  const x = normalFloats(key, [...shape, 3], dtype);
  return lax.sqrt(lax.reduceSum(lax.mul(x, x), [shape.length]));
});
/** Length of a normal vector in three dimensions. Source: jax.random.maxwell. */
export function maxwell(key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray {
  checkOptions("random.maxwell", options, DTYPE);
  return drawMaxwell(key, [], shapeOf("random.maxwell", shape), floatDType("random.maxwell", options.dtype));
}

// --- by inversion --------------------------------------------------------------------------------------------------------

const zero = (): number => 0;
const drawExponential = standard("random.exponential", zero, (u, lax) => lax.neg(lax.log1p(lax.neg(u))));
/** Density exp(−x) on x ≥ 0. Source: jax.random.exponential. */
export const exponential = (key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray =>
  drawExponential(key, shape, options);

const drawLaplace = standard(
  "random.laplace",
  // Uniform in (−1, 1).
  (dtype) => finfo(dtype).epsneg - 1,
  (u, lax) => lax.mul(lax.sign(u), lax.log1p(lax.neg(lax.abs(u)))),
);
/** Density ½·exp(−|x|). Source: jax.random.laplace. */
export const laplace = (key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray =>
  drawLaplace(key, shape, options);

const eps = (dtype: DType): number => finfo(dtype).eps;
const drawCauchy = standard("random.cauchy", eps, (u, lax) =>
  lax.tan(lax.mul(literal(Math.PI, u.dtype), lax.sub(u, literal(0.5, u.dtype)))),
);
/** Density 1 / (π(1 + x²)). Source: jax.random.cauchy. */
export const cauchy = (key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray =>
  drawCauchy(key, shape, options);

const tiny = (dtype: DType): number => finfo(dtype).tiny;
const drawLogistic = standard("random.logistic", tiny, (u, lax) =>
  lax.sub(lax.log(u), lax.log1p(lax.neg(u))),
);
/** log(u / (1 − u)) of a uniform u. Source: jax.random.logistic. */
export const logistic = (key: KeyLike, shape?: Shape, options: DTypeOption = {}): NDArray =>
  drawLogistic(key, shape, options);

/** −log(−log u); "high" spends twice the bits for finer steps near 1. */
export function gumbelFloats(key: NDArray, shape: Shape, dtype: DType, mode: "high" | "low"): NDArray {
  const { lax } = context();
  const { tiny, nmant } = finfo(dtype);
  if (mode === "low") return lax.neg(lax.log(lax.neg(lax.log(uniformFloats(key, shape, dtype, tiny, 1)))));
  const both = uniformFloats(key, [2, ...shape], dtype);
  const half = (i: number): NDArray => lax.squeeze(lax.sliceInDim(both, i, i + 1), [0]);
  const [high, low] = [half(0), half(1)];
  const fine = lax.add(lax.add(high, lax.mul(literal(2 ** -nmant, dtype), low)), literal(tiny, dtype));
  const x = lax.select(lax.ge(high, literal(0.5, dtype)), high, fine);
  return lax.neg(lax.log(lax.neg(lax.log1p(lax.neg(x)))));
}
const drawGumbel = distribution(
  "random.gumbel",
  (key, _: readonly [], shape: Shape, dtype: DType, mode: "high" | "low") =>
    gumbelFloats(key, shape, dtype, mode),
);
/** Precision of draws near the ends. */
export interface ModeOption {
  /** "low" (default), or "high": twice the bits for finer steps. */
  readonly mode: "high" | "low" | null;
}
/** −log(−log u) of a uniform u. Source: jax.random.gumbel. */
export function gumbel(key: KeyLike, shape?: Shape, options: Options<"dtype", ModeOption> = {}): NDArray {
  const name = "random.gumbel";
  checkOptions(name, options, ["dtype", "mode"]);
  return drawGumbel(key, [], shapeOf(name, shape), floatDType(name, options.dtype), options.mode ?? "low");
}

// --- with parameters -----------------------------------------------------------------------------------------------------

type Parametric = (key: NDArray, parameters: readonly NDArray[], shape: Shape, dtype: DType) => NDArray;
/** A distribution with parameters, which arrive broadcast to the shape. */
function parametric(
  name: string,
  body: Parametric,
): (
  key: KeyLike,
  parameters: readonly ArrayLike[],
  shape: Shape | null | undefined,
  options: DTypeOption,
) => NDArray {
  const draw = distribution(name, (key, parameters: readonly NDArray[], shape: Shape, dtype: DType) =>
    body(
      key,
      parameters.map((p) => broadcastTo(name, p, shape)),
      shape,
      dtype,
    ),
  );
  return (key, parameters, shape, options) => {
    checkOptions(name, options, DTYPE);
    const dtype = floatDType(name, options.dtype);
    const ps = parameters.map((p) => parameter(name, p, dtype));
    return draw(key, ps, shapeFor(name, shape, ...ps), dtype);
  };
}
const exponentialFloats = (key: NDArray, shape: Shape, dtype: DType): NDArray => {
  const { lax } = context();
  return lax.neg(lax.log1p(lax.neg(uniformFloats(key, shape, dtype))));
};

const drawPareto = parametric("random.pareto", (key, [b], shape, dtype) => {
  const { lax } = context();
  return lax.exp(lax.div(exponentialFloats(key, shape, dtype), b as NDArray));
});
/** Density b / x^(b+1) on x ≥ 1. Source: jax.random.pareto. */
export const pareto = (
  key: KeyLike,
  b: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawPareto(key, [b], shape, options);

const drawRayleigh = parametric("random.rayleigh", (key, [scale], shape, dtype) => {
  const { lax } = context();
  const logU = lax.log(uniformFloats(key, shape, dtype));
  return lax.mul(scale as NDArray, lax.sqrt(lax.mul(logU, literal(-2, dtype))));
});
/** Length of a normal vector in the plane, times `scale`. Source: jax.random.rayleigh. */
export const rayleigh = (
  key: KeyLike,
  scale: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawRayleigh(key, [scale], shape, options);

const drawWeibull = parametric("random.weibullMin", (key, [scale, concentration], shape, dtype) => {
  const { lax } = context();
  const e = exponentialFloats(key, shape, dtype);
  return lax.mul(lax.pow(e, lax.div(literal(1, dtype), concentration as NDArray)), scale as NDArray);
});
/** Weibull's distribution of minima. Source: jax.random.weibull_min. */
export const weibullMin = (
  key: KeyLike,
  scale: ArrayLike,
  concentration: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawWeibull(key, [scale, concentration], shape, options);

const drawTriangular = parametric("random.triangular", (key, [left, mode, right], shape, dtype) => {
  const { lax } = context();
  const [l, m, r] = [left, mode, right] as [NDArray, NDArray, NDArray];
  const u = uniformFloats(key, shape, dtype);
  const [width, rise, fall] = [lax.sub(r, l), lax.sub(m, l), lax.sub(r, m)];
  const rising = lax.add(l, lax.sqrt(lax.mul(lax.mul(u, width), rise)));
  const falling = lax.sub(r, lax.sqrt(lax.mul(lax.mul(lax.sub(literal(1, dtype), u), width), fall)));
  return lax.select(lax.lt(u, lax.div(rise, width)), rising, falling);
});
/** Density rising from `left` to `mode` and falling to `right`. Source: jax.random.triangular. */
export const triangular = (
  key: KeyLike,
  left: ArrayLike,
  mode: ArrayLike,
  right: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawTriangular(key, [left, mode, right], shape, options);

/** Michael, Schucany & Haas 1976: a root of a quadratic in a normal's square, or the other one. */
const drawWald = parametric("random.wald", (key, [given], shape, dtype) => {
  const { lax } = context();
  const mean = given as NDArray;
  const [k1, k2] = keysFrom(key, 2) as [NDArray, NDArray];
  const y = lax.square(normalFloats(k1, shape, dtype));
  const z = uniformFloats(k2, shape, dtype);
  const two = literal(2, dtype);
  const mean2 = lax.square(mean);
  const root = lax.sqrt(lax.add(lax.mul(lax.mul(literal(4, dtype), mean), y), lax.mul(mean2, lax.square(y))));
  const x = lax.sub(lax.add(mean, lax.div(lax.mul(mean2, y), two)), lax.mul(lax.div(mean, two), root));
  return lax.select(lax.le(z, lax.div(mean, lax.add(mean, x))), x, lax.div(mean2, x));
});
/** Inverse Gaussian with scale 1. Source: jax.random.wald. */
export const wald = (
  key: KeyLike,
  mean: ArrayLike,
  shape?: Shape | null,
  options: DTypeOption = {},
): NDArray => drawWald(key, [mean], shape, options);
