// random: bits, and numbers that are equally likely.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { DTYPES, isInteger, isUnsigned, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { randomBits } from "../../primitives/random-keys.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { iinfo } from "../numpy/dtypes.ts";
import { broadcastTo } from "../promotion.ts";
import {
  distribution,
  floatDType,
  integerDType,
  keysFrom,
  parameter,
  shapeFor,
  shapeOf,
  uniformFloats,
  type KeyLike,
} from "./draw.ts";

const drawBits = distribution("random.bits", (key, _: readonly [], shape: Shape, width: 8 | 16 | 32 | 64) =>
  randomBits(key, width, shape),
);
/** Random bits as unsigned integers (default uint32; uint64 with x64). Source: jax.random.bits. */
export function bits(key: KeyLike, shape?: Shape, options: Options<"dtype"> = {}): NDArray {
  checkOptions("random.bits", options, ["dtype"]);
  const dtype = canonicalDType(options.dtype ?? "uint64");
  if (!isUnsigned(dtype))
    throw fail("E_DTYPE", `random.bits: dtype is ${dtype}, expected an unsigned integer`);
  const width = (DTYPES[dtype].itemsize * 8) as 8 | 16 | 32 | 64;
  return drawBits(key, [], shapeOf("random.bits", shape), width);
}

const drawUnit = distribution("random.uniform", (key, _: readonly [], shape: Shape, dtype: DType) =>
  uniformFloats(key, shape, dtype),
);
const drawUniform = distribution(
  "random.uniform",
  (key, [lo, hi]: readonly [NDArray, NDArray], shape: Shape, dtype: DType) =>
    uniformFloats(key, shape, dtype, lo, hi),
);
interface Bounds {
  /** Least value (default 0). */
  readonly minval: ArrayLike;
  /** Bound above, exclusive (default 1). */
  readonly maxval: ArrayLike;
}
/** Floats in [minval, maxval), by default [0, 1). Source: jax.random.uniform. */
export function uniform(key: KeyLike, shape?: Shape, options: Options<"dtype", Bounds> = {}): NDArray {
  const name = "random.uniform";
  checkOptions(name, options, ["dtype", "minval", "maxval"]);
  const dtype = floatDType(name, options.dtype);
  const wanted = shapeOf(name, shape);
  const { minval = 0, maxval = 1 } = options;
  if (minval === 0 && maxval === 1) return drawUnit(key, [], wanted, dtype);
  const bounds = [
    parameter(name, minval, dtype, "minval"),
    parameter(name, maxval, dtype, "maxval"),
  ] as const;
  return drawUniform(key, bounds, shapeFor(name, wanted, ...bounds), dtype);
}

/** `x` in an integer dtype, its ends where it lies beyond. */
function clipped(x: NDArray, dtype: DType): NDArray {
  const { lax } = context();
  const [to, own] = [iinfo(dtype), iinfo(x.dtype)];
  const low = literal(to.min > own.min ? to.min : own.min, x.dtype);
  const high = literal(to.max < own.max ? to.max : own.max, x.dtype);
  return lax.convertElementType(lax.min(lax.max(x, low), high), dtype);
}
/** Twice the bits of the dtype, reduced modulo the span, so that the bias is small. Source: jax's _randint. */
function integersBetween(
  key: NDArray,
  [minval, maxval]: readonly [NDArray, NDArray],
  shape: Shape,
  dtype: DType,
): NDArray {
  const { lax } = context();
  const full = (x: NDArray): NDArray => broadcastTo("random.randint", x, shape);
  const beyond = full(lax.gt(maxval, clipped(literal(iinfo(dtype).max, dtype), maxval.dtype)));
  const [low, high] = [full(clipped(minval, dtype)), full(clipped(maxval, dtype))];
  // Narrow dtypes draw 32 bits, too (jax_safer_randint).
  const width = dtype === "int64" || dtype === "uint64" ? 64 : 32;
  const word: DType = `uint${width}`;
  const [k1, k2] = keysFrom(key, 2) as [NDArray, NDArray];
  const [higher, lower] = [randomBits(k1, width, shape), randomBits(k2, width, shape)];
  const one = lax.fullLike(higher, 1);
  const isEmpty = lax.le(high, low);
  let span = lax.select(
    isEmpty,
    one,
    lax.sub(lax.convertElementType(high, word), lax.convertElementType(low, word)),
  );
  // A maxval beyond the dtype means one more value; a span that wraps to 0 leaves the remainders as they are.
  span = lax.select(lax.bitwiseAnd(beyond, lax.bitwiseNot(isEmpty)), lax.add(span, one), span);
  const half = lax.fullLike(span, width === 64 ? 2n ** 32n : 2 ** (width / 2));
  const root = lax.rem(half, span);
  const multiplier = lax.rem(lax.mul(root, root), span);
  const offset = lax.rem(lax.add(lax.mul(lax.rem(higher, span), multiplier), lax.rem(lower, span)), span);
  return lax.add(low, lax.convertElementType(offset, dtype));
}
const drawRandint = distribution("random.randint", integersBetween);
/** Integers in [minval, maxval); minval where there is none. Source: jax.random.randint. */
export function randint(
  key: KeyLike,
  shape: Shape,
  minval: ArrayLike,
  maxval: ArrayLike,
  options: Options<"dtype"> = {},
): NDArray {
  const name = "random.randint";
  checkOptions(name, options, ["dtype"]);
  const dtype = integerDType(name, options.dtype);
  const bounds = [bound(name, minval), bound(name, maxval)] as const;
  return drawRandint(key, bounds, shapeOf(name, shape), dtype);
}
/** A bound: an integer; a number without a fraction is one. */
function bound(name: string, x: ArrayLike): NDArray {
  const v = toArray(name, typeof x === "number" && Number.isInteger(x) ? BigInt(x) : x);
  if (!isInteger(v.dtype)) throw fail("E_DTYPE", `${name}: a bound is ${v.aval}, expected an integer`);
  return v;
}
