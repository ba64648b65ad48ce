// random: truth values, signs, counts and categories.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isFloat, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { topK } from "../../primitives/sort.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { whileLoop } from "../lax/loops.ts";
import { finfo, iinfo } from "../numpy/dtypes.ts";
import { broadcastTo, promoteOne } from "../promotion.ts";
import { gumbelFloats, type ModeOption } from "./continuous.ts";
import {
  distribution,
  integerDType,
  keysFrom,
  shapeFor,
  shapeOf,
  uniformFloats,
  type KeyLike,
} from "./draw.ts";

type Mode = "high" | "low";

/** Is a uniform float below p? "high" resolves twice the bits. Source: jax's _bernoulli. */
function trials(key: NDArray, p: NDArray, shape: Shape, mode: Mode): NDArray {
  const { lax } = context();
  const { dtype } = p;
  const wide = broadcastTo("random.bernoulli", p, shape);
  if (mode === "low") return lax.lt(uniformFloats(key, shape, dtype), wide);
  const both = uniformFloats(key, [2, ...shape], dtype);
  const half = (i: number): NDArray => lax.squeeze(lax.sliceInDim(both, i, i + 1), [0]);
  return lax.lt(lax.mul(half(1), literal(2 ** -finfo(dtype).nmant, dtype)), lax.sub(wide, half(0)));
}
const drawBernoulli = distribution(
  "random.bernoulli",
  (key, [p]: readonly [NDArray], shape: Shape, mode: Mode) => trials(key, p, shape, mode),
);
/** true with probability `p` (default 0.5). Source: jax.random.bernoulli. */
export function bernoulli(
  key: KeyLike,
  shape?: Shape | null,
  options: Options<never, ModeOption & { p: ArrayLike }> = {},
): NDArray {
  const name = "random.bernoulli";
  checkOptions(name, options, ["p", "mode"]);
  const given = toArray(name, options.p ?? 0.5);
  if (!isFloat(given.dtype)) throw fail("E_DTYPE", `${name}: p is ${given.aval}, expected floats`);
  const p = context().lax.convertElementType(given, given.dtype);
  return drawBernoulli(key, [p], shapeFor(name, shape, p), options.mode ?? "low");
}

const drawRademacher = distribution(
  "random.rademacher",
  (key, _: readonly [], shape: Shape, dtype: DType) => {
    const { lax } = context();
    const heads = trials(key, literal(0.5, canonicalDType("float64")), shape, "low");
    return lax.sub(lax.mul(lax.convertElementType(heads, dtype), literal(2, dtype)), literal(1, dtype));
  },
);
/** −1 or 1, equally likely. Source: jax.random.rademacher. */
export function rademacher(key: KeyLike, shape?: Shape, options: Options<"dtype"> = {}): NDArray {
  checkOptions("random.rademacher", options, ["dtype"]);
  const dtype = canonicalDType(options.dtype ?? "int64");
  return drawRademacher(key, [], shapeOf("random.rademacher", shape), dtype);
}

const drawGeometric = distribution(
  "random.geometric",
  (key, [p]: readonly [NDArray], shape: Shape, dtype: DType) => {
    const { lax } = context();
    const logU = lax.log(uniformFloats(key, shape, p.dtype));
    const logMiss = broadcastTo("random.geometric", lax.log1p(lax.neg(p)), shape);
    const tries = lax.add(lax.floor(lax.div(logU, logMiss)), literal(1, p.dtype));
    return lax.convertElementType(tries, dtype);
  },
);
/** Number of trials until the first success, each of probability `p`. Source: jax.random.geometric. */
export function geometric(
  key: KeyLike,
  p: ArrayLike,
  shape?: Shape | null,
  options: Options<"dtype"> = {},
): NDArray {
  const name = "random.geometric";
  checkOptions(name, options, ["dtype"]);
  const chance = promoteOne(name, p, "inexact", "p");
  return drawGeometric(key, [chance], shapeFor(name, shape, chance), integerDType(name, options.dtype));
}

// --- Poisson -------------------------------------------------------------------------------------------------------------

/** Knuth's algorithm: uniform factors until the product is below e^−λ. */
function poissonKnuth(
  key: NDArray,
  lam: NDArray,
  shape: Shape,
  dtype: DType,
  maxSteps: number | bigint,
): NDArray {
  const { lax } = context();
  const zeros = (d: DType): NDArray => lax.full(shape, literal(0, d));
  const goesOn = (logProduct: NDArray): NDArray => lax.gt(logProduct, lax.neg(lam));
  const axes = shape.map((_, i) => i);
  const [, k] = whileLoop(
    ([i, , , logProduct]) =>
      lax.bitwiseAnd(lax.reduceOr(goesOn(logProduct), axes), lax.lt(i, literal(maxSteps, dtype))),
    ([i, k, rng, logProduct]) => {
      const [next, sub] = keysFrom(rng, 2) as [NDArray, NDArray];
      const more = lax.select(goesOn(logProduct), lax.add(k, literal(1, dtype)), k);
      const u = uniformFloats(sub, shape, "float32");
      return [lax.add(i, literal(1, dtype)), more, next, lax.add(logProduct, lax.log(u))] as const;
    },
    [literal(0, dtype), zeros(dtype), key, zeros("float32")] as const,
  ) as unknown as readonly [NDArray, NDArray];
  return lax.sub(k, literal(1, dtype));
}
/** Hörmann 1993, transformed rejection with squeeze, for λ ≥ 10. */
function poissonRejection(
  key: NDArray,
  lam: NDArray,
  shape: Shape,
  dtype: DType,
  maxSteps: number | bigint,
): NDArray {
  const { lax } = context();
  const c = (v: number): NDArray => literal(v, "float32");
  const logLam = lax.log(lam);
  const b = lax.add(c(0.931), lax.mul(c(2.53), lax.sqrt(lam)));
  const a = lax.add(c(-0.059), lax.mul(c(0.02483), b));
  const invAlpha = lax.add(c(1.1239), lax.div(c(1.1328), lax.sub(b, c(3.4))));
  const vR = lax.sub(c(0.9277), lax.div(c(3.6224), lax.sub(b, c(2))));
  const axes = shape.map((_, i) => i);
  const propose = (ku: NDArray, kv: NDArray): { k: NDArray; accepted: NDArray } => {
    const u = lax.sub(uniformFloats(ku, shape, "float32"), c(0.5));
    const v = uniformFloats(kv, shape, "float32");
    const shifted = lax.sub(c(0.5), lax.abs(u));
    const slope = lax.add(lax.div(lax.mul(c(2), a), shifted), b);
    const k = lax.floor(lax.add(lax.add(lax.mul(slope, u), lam), c(0.43)));
    const s = lax.log(lax.div(lax.mul(v, invAlpha), lax.add(lax.div(a, lax.mul(shifted, shifted)), b)));
    const t = lax.sub(lax.add(lax.neg(lam), lax.mul(k, logLam)), lax.lgamma(lax.add(k, c(1))));
    const quick = lax.bitwiseAnd(lax.ge(shifted, c(0.07)), lax.le(v, vR));
    const far = lax.bitwiseAnd(lax.lt(shifted, c(0.013)), lax.gt(v, shifted));
    const rejected = lax.bitwiseOr(lax.lt(k, c(0)), far);
    const slow = lax.bitwiseAnd(lax.bitwiseNot(rejected), lax.le(s, t));
    return { k, accepted: lax.bitwiseOr(quick, slow) };
  };
  const [, found] = whileLoop(
    ([i, , done]) =>
      lax.bitwiseAnd(lax.reduceOr(lax.bitwiseNot(done), axes), lax.lt(i, literal(maxSteps, dtype))),
    ([i, out, done, rng]) => {
      const [next, ku, kv] = keysFrom(rng, 3) as [NDArray, NDArray, NDArray];
      const { k, accepted } = propose(ku, kv);
      const better = lax.select(accepted, k, out);
      return [lax.add(i, literal(1, dtype)), better, lax.bitwiseOr(done, accepted), next] as const;
    },
    [literal(0, dtype), lax.full(shape, c(-1)), lax.full(shape, literal(false, "bool")), key] as const,
  ) as unknown as readonly [NDArray, NDArray];
  return lax.convertElementType(found, dtype);
}
const drawPoisson = distribution(
  "random.poisson",
  (key, [given]: readonly [NDArray], shape: Shape, dtype: DType) => {
    const { lax } = context();
    const lam = broadcastTo("random.poisson", given, shape);
    const { max } = iinfo(dtype);
    const isSmall = lax.bitwiseOr(lax.ne(lam, lam), lax.lt(lam, literal(10, "float32")));
    // Each algorithm gets harmless rates where the other one is used.
    const small = poissonKnuth(key, lax.select(isSmall, lam, lax.zerosLike(lam)), shape, dtype, max);
    const large = poissonRejection(key, lax.select(isSmall, lax.fullLike(lam, 1e5), lam), shape, dtype, max);
    const k = lax.select(isSmall, small, large);
    return lax.select(lax.eq(lam, literal(0, "float32")), lax.zerosLike(k), k);
  },
);
/** Counts with mean `lam`. Source: jax.random.poisson. */
export function poisson(
  key: KeyLike,
  lam: ArrayLike,
  shape?: Shape | null,
  options: Options<"dtype"> = {},
): NDArray {
  const name = "random.poisson";
  checkOptions(name, options, ["dtype"]);
  const rate = context().lax.convertElementType(toArray(name, lam, "lam"), "float32");
  return drawPoisson(key, [rate], shapeFor(name, shape, rate), integerDType(name, options.dtype));
}

// --- categories ------------------------------------------------------------------------------------------------------------

/** By the Gumbel trick: the place of the largest of logits and noise, or of the k largest without replacement. */
const drawCategorical = distribution(
  "random.categorical",
  (key, [logits]: readonly [NDArray], axis: number, shape: Shape, replace: boolean, mode: Mode) => {
    const { lax } = context();
    const batch = logits.shape.filter((_, i) => i !== axis);
    const prefix = shape.slice(0, shape.length - batch.length);
    const size = logits.shape[axis] as number;
    if (replace) {
      const rows = shape.slice(prefix.length);
      const full = [...prefix, ...rows.slice(0, axis), size, ...rows.slice(axis)];
      const noise = gumbelFloats(key, full, logits.dtype, mode);
      const scores = lax.add(noise, broadcastTo("random.categorical", logits, full));
      return lax.argmax(scores, prefix.length + axis, canonicalDType("int64"));
    }
    const scores = lax.add(logits, gumbelFloats(key, logits.shape, logits.dtype, mode));
    const k = prefix.reduce((n, d) => n * d, 1);
    const [, places] = topK(lax.moveAxis(scores, axis, logits.ndim - 1), k);
    return lax.reshape(lax.moveAxis(places, batch.length, 0), shape);
  },
);
/** Categories along `axis` (default −1) with probabilities proportional to exp(logits). Source: jax.random.categorical. */
export function categorical(
  key: KeyLike,
  logits: ArrayLike,
  shape?: Shape | null,
  options: Options<never, ModeOption & { axis: number; replace: boolean }> = {},
): NDArray {
  const name = "random.categorical";
  checkOptions(name, options, ["axis", "replace", "mode"]);
  const x = promoteOne(name, logits, "inexact", "logits");
  const axis = canonicalAxis(name, options.axis ?? -1, x.ndim);
  const batch = x.shape.filter((_, i) => i !== axis);
  const wanted = shape == null ? batch : shapeOf(name, shape);
  const rows = wanted.slice(wanted.length - batch.length);
  const replace = options.replace ?? true;
  const fits =
    rows.length === batch.length && rows.every((n, i) => n === batch[i] || (replace && batch[i] === 1));
  const draws = wanted.slice(0, wanted.length - batch.length).reduce((n, d) => n * d, 1);
  if (!fits || (!replace && draws > (x.shape[axis] as number)))
    throw fail(
      "E_SHAPE",
      `${name}: the shape [${wanted.join(",")}] doesn't fit logits ${x.aval}: expected […, ${batch.join(",")}]${replace ? "" : `, and at most ${x.shape[axis]} draws without replacement`}`,
    );
  return drawCategorical(key, [x], axis, wanted, replace, options.mode ?? "low");
}
