// What every distribution starts from: checked arguments, uniform bits, and uniform floats made of them.
import { fail } from "../../errors.ts";
import { sameShape, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { DTYPES, isComplex, isFloat, isInteger, type DType } from "../../ir/dtype.ts";
import { isForeignArray, NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkStatic, describe, early, literal, refuseOperand, toArray } from "../../primitives/operand.ts";
import { randomBits, randomSplit } from "../../primitives/random-keys.ts";
import { composite } from "../composite.ts";
import { finfo } from "../numpy/dtypes.ts";
import { broadcastShapes, broadcastTo } from "../promotion.ts";
import type { Key } from "../types.ts";

/** A key, or its raw words uint32[2]. */
export type KeyLike = Key | NDArray;

/** A key as the array that it is inside. @throws E_DTYPE for anything that is no key */
export function keyOf(name: string, key: KeyLike): NDArray {
  const k = keysOf(name, key);
  if (k.aval.dtype === "key<fry>" ? k.ndim === 0 : k.ndim === 1) return k;
  throw fail("E_DTYPE", `${name}: the key is ${k.aval}, expected one key`, {
    hint: k.aval.dtype === "key<fry>" ? "use vmap for arrays of keys" : "make one by random.key(seed)",
  });
}
/** Keys, or their raw words, of any shape. @throws E_DTYPE for anything else */
export function keysOf(name: string, keys: KeyLike): NDArray {
  const k = keys as unknown;
  if (isForeignArray(k)) throw refuseOperand(name, k, "a key");
  const isArray = k instanceof NDArray;
  if (isArray && (k.aval.dtype === "key<fry>" || k.aval.dtype === "uint32")) return k;
  throw fail("E_DTYPE", `${name}: the key is ${isArray ? k.aval : describe(k)}, expected one key`, {
    hint: "make one by random.key(seed)",
  });
}

/** A shape that was given, or []. @throws E_SHAPE */
export function shapeOf(name: string, shape: Shape | null | undefined): Shape {
  const s = shape ?? [];
  checkStatic(name, "shape", s);
  if (!Array.isArray(s) || s.some((n) => !Number.isInteger(n) || n < 0))
    throw fail(
      "E_SHAPE",
      `${name}: the shape is ${Array.isArray(s) ? `[${s.join(",")}]` : describe(s)}, expected a list of sizes`,
      early(name, "shape", s),
    );
  return s as Shape;
}
/** A shape that was given, checked to hold parameters of these shapes, or the shape of the parameters. @throws E_SHAPE */
export function shapeFor(
  name: string,
  shape: Shape | null | undefined,
  ...parameters: readonly NDArray[]
): Shape {
  const own = broadcastShapes(name, ...parameters.map((p) => p.shape));
  if (shape == null) return own;
  const s = shapeOf(name, shape);
  if (!sameShape(broadcastShapes(name, own, s), s))
    throw fail(
      "E_SHAPE",
      `${name}: parameters of shape [${own.join(",")}] don't fit the shape [${s.join(",")}]`,
    );
  return s;
}
/** A float dtype that was given, or the default one. @throws E_DTYPE */
export function floatDType(name: string, dtype: DType | null | undefined): DType {
  const to = canonicalDType(dtype ?? "float64");
  if (!isFloat(to)) throw fail("E_DTYPE", `${name}: dtype is ${to}, expected a float`);
  return to;
}
/** An integer dtype that was given, or the default one. @throws E_DTYPE */
export function integerDType(name: string, dtype: DType | null | undefined): DType {
  const to = canonicalDType(dtype ?? "int64");
  if (!isInteger(to)) throw fail("E_DTYPE", `${name}: dtype is ${to}, expected an integer`);
  return to;
}
/** A float or complex dtype that was given, or the default float. @throws E_DTYPE */
export function inexactDType(name: string, dtype: DType | null | undefined): DType {
  const to = canonicalDType(dtype ?? "float64");
  if (!isFloat(to) && !isComplex(to))
    throw fail("E_DTYPE", `${name}: dtype is ${to}, expected a float or complex one`);
  return to;
}
/** A parameter of a distribution in its dtype. */
export const parameter = (name: string, x: ArrayLike, dtype: DType, word?: string): NDArray =>
  context().lax.convertElementType(toArray(name, x, word), dtype);

/** New keys, one a name. */
export const keysFrom = (key: NDArray, num: number): NDArray[] => {
  const { lax } = context();
  const keys = randomSplit(key, [num]);
  return Array.from({ length: num }, (_, i) => lax.squeeze(lax.sliceInDim(keys, i, i + 1), [0]));
};

const ONE: Readonly<Partial<Record<DType, number | bigint>>> = {
  float16: 0x3c00,
  bfloat16: 0x3f80,
  float32: 0x3f800000,
  float64: 0x3ff0000000000000n,
};
/** Floats in [0, 1): random bits as the fraction of a number in [1, 2). */
function unitFloats(key: NDArray, shape: Shape, dtype: DType): NDArray {
  const { lax } = context();
  const { nmant } = finfo(dtype);
  const bits = DTYPES[dtype].itemsize * 8;
  const drawn = nmant < 8 ? 8 : bits;
  const word = `uint${bits}` as DType;
  const fraction = lax.shiftRightLogical(
    lax.convertElementType(randomBits(key, drawn as 8 | 16 | 32 | 64, shape), word),
    literal(drawn - nmant, word),
  );
  const one = literal(ONE[dtype] as number, word);
  const inOneToTwo = lax.bitcastConvertType(lax.bitwiseOr(fraction, one), dtype);
  return lax.sub(inOneToTwo, literal(1, dtype));
}

/** Veltkamp's splitting: the high half of a float's digits, and the rest. */
function halves(x: NDArray): readonly [NDArray, NDArray] {
  const { lax } = context();
  const wide = lax.mul(x, literal(x.dtype === "float64" ? 2 ** 27 + 1 : 2 ** 12 + 1, x.dtype));
  const high = lax.sub(wide, lax.sub(wide, x));
  return [high, lax.sub(x, high)];
}
/**
 * a·b + c, rounded once. XLA contracts the last step of `uniform` to a fused multiply-add on CPU, and its bits are the
 * ones to give; here it is made of plain operations (Dekker 1971 for the product, Knuth for the sum).
 */
function fused(a: NDArray, b: NDArray, c: NDArray): NDArray {
  const { lax } = context();
  const product = lax.mul(a, b);
  if (a.dtype !== "float32" && a.dtype !== "float64") return lax.add(product, c);
  const [[ah, al], [bh, bl]] = [halves(a), halves(b)];
  const productError = lax.add(
    lax.add(lax.add(lax.sub(lax.mul(ah, bh), product), lax.mul(ah, bl)), lax.mul(al, bh)),
    lax.mul(al, bl),
  );
  const sum = lax.add(product, c);
  const moved = lax.sub(sum, product);
  const sumError = lax.add(lax.sub(product, lax.sub(sum, moved)), lax.sub(c, moved));
  return lax.add(sum, lax.add(sumError, productError));
}

/** Floats in [lo, hi), by default [0, 1). Source: jax's _uniform. */
export function uniformFloats(
  key: NDArray,
  shape: Shape,
  dtype: DType,
  lo: ArrayLike = 0,
  hi: ArrayLike = 1,
): NDArray {
  const { lax } = context();
  const unit = unitFloats(key, shape, dtype);
  if (lo === 0 && hi === 1) return unit;
  const bound = (x: ArrayLike): NDArray => {
    const v = typeof x === "number" ? literal(x, dtype) : lax.convertElementType(x, dtype);
    return broadcastTo("random.uniform", v, shape);
  };
  const [low, high] = [bound(lo), bound(hi)];
  return lax.max(low, fused(unit, lax.sub(high, low), low));
}

type Statics = readonly unknown[];
/**
 * A distribution as one program when called eagerly: `body(key, parameters, ...settings)`, where settings are plain
 * data. The layout of the bits is one of them, unseen.
 */
export function distribution<P extends readonly NDArray[], S extends Statics>(
  name: string,
  body: (key: NDArray, parameters: P, ...settings: S) => NDArray,
): (key: KeyLike, parameters: P, ...settings: S) => NDArray {
  const run = composite(name, (operands: readonly [NDArray, ...NDArray[]], settings: S, _layout: boolean) =>
    body(operands[0], operands.slice(1) as unknown as P, ...settings),
  );
  return (key, parameters, ...settings) =>
    run([keyOf(name, key), ...parameters], settings, context().config.threefryPartitionable);
}
