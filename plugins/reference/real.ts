// Scalar functions of the elementwise ops on floats and integers: StableHLO's meaning, and XLA's where the specification
// leaves it open (division by zero, shifts beyond the width, conversions out of range).
import type { BinaryOp, DType, UnaryOp } from "tenon-plugin-api";
import { bitsOf, isBig, isFloat, isUnsigned, rounder, type Scalar } from "./elements.ts";

type F1 = (x: number) => number;
type F2 = (x: number, y: number) => number;
type B1 = (x: bigint) => bigint;
type B2 = (x: bigint, y: bigint) => bigint;

/** |x| rounded to an integer, halves away from zero or to even; floor(|x| + ½) would round the largest double below ½ up. */
function nearest(x: number, onTie: (low: number) => number): number {
  const size = Math.abs(x);
  if (!(size < 2 ** 52)) return x; // an integer, infinite or NaN already
  const low = Math.floor(size);
  const rest = size - low;
  const rounded = rest > 0.5 ? low + 1 : rest < 0.5 ? low : onTie(low);
  return x < 0 || Object.is(x, -0) ? -rounded : rounded;
}
function logistic(x: number): number {
  const e = Math.exp(-Math.abs(x)); // never overflows
  return (x < 0 ? e : 1) / (1 + e);
}
/** IEEE 754 pow: 1 for x = 1 and for y = 0 whatever the other is; JavaScript gives NaN for 1 ** NaN and (±1) ** ±∞. */
function power(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  return x === -1 && Math.abs(y) === Infinity ? 1 : x ** y;
}

const FLOAT1: { readonly [N in UnaryOp]?: F1 } = {
  abs: Math.abs,
  cbrt: Math.cbrt,
  ceil: Math.ceil,
  cosine: Math.cos,
  exponential: Math.exp,
  exponential_minus_one: Math.expm1,
  floor: Math.floor,
  imag: () => 0,
  is_finite: (x) => (Number.isFinite(x) ? 1 : 0),
  log: Math.log,
  log_plus_one: Math.log1p,
  logistic,
  negate: (x) => -x,
  real: (x) => x,
  round_nearest_afz: (x) => nearest(x, (low) => low + 1),
  round_nearest_even: (x) => nearest(x, (low) => (low % 2 === 0 ? low : low + 1)),
  rsqrt: (x) => 1 / Math.sqrt(x),
  sign: Math.sign,
  sine: Math.sin,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};
// Math.max and Math.min propagate NaN and order −0 before +0, as IEEE 754-2019 maximum and minimum.
const FLOAT2: { readonly [N in BinaryOp]?: F2 } = {
  add: (x, y) => x + y,
  atan2: Math.atan2,
  divide: (x, y) => x / y,
  maximum: Math.max,
  minimum: Math.min,
  multiply: (x, y) => x * y,
  power,
  remainder: (x, y) => x % y,
  subtract: (x, y) => x - y,
};

const INT1: { readonly [N in UnaryOp]?: (d: DType) => F1 } = {
  abs: () => Math.abs,
  count_leading_zeros: (d) => (x) => leadingZeros(pattern(x, d), bitsOf(d)),
  negate: () => (x) => -x,
  not: () => (x) => ~x,
  popcnt: (d) => (x) => ones(pattern(x, d)),
  sign: () => Math.sign,
};
/** Bits of an integer as a non-negative number. */
const pattern = (x: number, d: DType): bigint => BigInt.asUintN(bitsOf(d), BigInt(x));
const ones = (x: bigint): number => x.toString(2).replaceAll("0", "").length;
const leadingZeros = (x: bigint, bits: number): number => bits - (x === 0n ? 0 : x.toString(2).length);

/** Is a shift count out of range? The count's bits are read as unsigned. */
const beyond = (y: number, d: DType): boolean => y < 0 || y >= bitsOf(d);
const INT2: { readonly [N in BinaryOp]?: (d: DType) => F2 } = {
  add: () => (x, y) => x + y,
  and: () => (x, y) => x & y,
  divide: () => (x, y) => (y === 0 ? -1 : Math.trunc(x / y)), // −1: all bits set
  maximum: () => Math.max,
  minimum: () => Math.min,
  multiply: () => Math.imul,
  or: () => (x, y) => x | y,
  power: () => intPower,
  remainder: () => (x, y) => (y === 0 ? x : x % y),
  shift_left: (d) => (x, y) => (beyond(y, d) ? 0 : x << y),
  shift_right_arithmetic: (d) => (x, y) => signed(x, d) >> (beyond(y, d) ? bitsOf(d) - 1 : y),
  shift_right_logical: (d) => (x, y) => (beyond(y, d) ? 0 : Number(pattern(x, d)) >>> y),
  subtract: () => (x, y) => x - y,
  xor: () => (x, y) => x ^ y,
};
const signed = (x: number, d: DType): number => (x << (32 - bitsOf(d))) >> (32 - bitsOf(d));
/** Repeated squaring, wrapped; a negative power is the reciprocal, truncated. */
function intPower(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let [result, square] = [1, x];
  for (let n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

const BIG1: { readonly [N in UnaryOp]?: B1 } = {
  abs: (x) => (x < 0n ? -x : x),
  count_leading_zeros: (x) => BigInt(leadingZeros(BigInt.asUintN(64, x), 64)),
  negate: (x) => -x,
  not: (x) => ~x,
  popcnt: (x) => BigInt(ones(BigInt.asUintN(64, x))),
  sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
};
const beyond64 = (y: bigint): boolean => y < 0n || y >= 64n;
const BIG2: { readonly [N in BinaryOp]?: B2 } = {
  add: (x, y) => x + y,
  and: (x, y) => x & y,
  divide: (x, y) => (y === 0n ? -1n : x / y),
  maximum: (x, y) => (x > y ? x : y),
  minimum: (x, y) => (x < y ? x : y),
  multiply: (x, y) => x * y,
  or: (x, y) => x | y,
  power: bigPower,
  remainder: (x, y) => (y === 0n ? x : x % y),
  shift_left: (x, y) => (beyond64(y) ? 0n : x << y),
  shift_right_arithmetic: (x, y) => BigInt.asIntN(64, x) >> (beyond64(y) ? 63n : y),
  shift_right_logical: (x, y) => (beyond64(y) ? 0n : BigInt.asUintN(64, x) >> y),
  subtract: (x, y) => x - y,
  xor: (x, y) => x ^ y,
};
function bigPower(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let [result, square] = [1n, x];
  for (let n = y; n > 0n; n >>= 1n) {
    if (n % 2n === 1n) result = BigInt.asUintN(64, result * square);
    square = BigInt.asUintN(64, square * square);
  }
  return result;
}

const BOOL1: { readonly [N in UnaryOp]?: F1 } = { not: (x) => 1 - x };
const or: F2 = (x, y) => x | y;
const and: F2 = (x, y) => x & y;
const BOOL2: { readonly [N in BinaryOp]?: F2 } = {
  add: or,
  and,
  maximum: or,
  minimum: and,
  multiply: and,
  or,
  xor: (x, y) => x ^ y,
};

/** The function of a unary op on a real dtype, before it is rounded or wrapped; undefined where StableHLO has none. */
export function unary(op: UnaryOp, d: DType): ((x: Scalar) => Scalar) | undefined {
  const f = d === "bool" ? BOOL1[op] : isFloat(d) ? FLOAT1[op] : isBig(d) ? BIG1[op] : INT1[op]?.(d);
  return f as ((x: Scalar) => Scalar) | undefined;
}
/** The function of a binary op on a real dtype. */
export function binary(op: BinaryOp, d: DType): ((x: Scalar, y: Scalar) => Scalar) | undefined {
  const f = d === "bool" ? BOOL2[op] : isFloat(d) ? FLOAT2[op] : isBig(d) ? BIG2[op] : INT2[op]?.(d);
  return f as ((x: Scalar, y: Scalar) => Scalar) | undefined;
}

/** A value converted between real dtypes: ≠ 0 for bool; floats to integers truncated and clamped, NaN to 0; integers wrapped. */
export function converter(from: DType, to: DType): (x: Scalar) => Scalar {
  if (to === "bool") return (x) => (x !== 0 && x !== 0n ? 1 : 0);
  if (isFloat(to)) return isBig(from) ? (x) => bigToFloat(x as bigint, to) : (x) => x;
  if (isFloat(from)) return clampedInteger(to);
  const wrap = isUnsigned(to) ? BigInt.asUintN : BigInt.asIntN;
  return (x) => {
    const wrapped = wrap(bitsOf(to), BigInt(x));
    return isBig(to) ? wrapped : Number(wrapped);
  };
}
function clampedInteger(to: DType): (x: Scalar) => Scalar {
  const bits = BigInt(bitsOf(to));
  const [low, high] = isUnsigned(to)
    ? [0n, (1n << bits) - 1n]
    : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  return (x) => {
    const n = Number(x);
    const clamped = n !== n ? 0n : n <= Number(low) ? low : n >= Number(high) ? high : BigInt(Math.trunc(n));
    return isBig(to) ? clamped : Number(clamped);
  };
}
/** Rounded once: a 64-bit integer that is first made a double may be rounded twice. */
function bigToFloat(x: bigint, to: DType): number {
  if (to === "f64") return Number(x);
  const size = x < 0n ? -x : x;
  const extra = BigInt(Math.max(size.toString(2).length - 40, 0)); // 40 bits are more than f32 has; the rest is sticky
  const kept = size >> extra;
  const odd = kept << extra === size ? kept : kept | 1n;
  const rounded = rounder("f32")(Number(odd)) * 2 ** Number(extra);
  return x < 0n ? -rounded : rounded;
}
