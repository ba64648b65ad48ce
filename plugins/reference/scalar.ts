// Scalar functions of the elementwise ops: StableHLO's semantics, XLA CPU's where the specification leaves it open.
import type { BinaryOp, DType, UnaryOp } from "tenon-plugin-api";
import { bitsOf, isBig, isFloat, isSigned, isUnsigned, rounder, type Scalar } from "./values.ts";

export type Fn1 = (x: never) => Scalar;
export type Fn2 = (x: never, y: never) => Scalar;
type N1 = (x: number) => number;
type N2 = (x: number, y: number) => number;

/** Wraps an integer to a dtype of at most 32 bits. */
function wrap(d: DType): N1 {
  switch (d) {
    case "i8":
      return (x) => (x << 24) >> 24;
    case "i16":
      return (x) => (x << 16) >> 16;
    case "i32":
      return (x) => x | 0;
    case "u8":
      return (x) => x & 0xff;
    case "u16":
      return (x) => x & 0xffff;
    case "u32":
      return (x) => x >>> 0;
    default:
      return (x) => x;
  }
}
const wrapBig = (d: DType): ((x: bigint) => bigint) =>
  d === "i64" ? (x) => BigInt.asIntN(64, x) : (x) => BigInt.asUintN(64, x);

function roundEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const r = Math.round(x);
  const even = Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
  return even === 0 ? (Object.is(x, -0) || x < 0 ? -0 : 0) : even;
}
const roundAway = (x: number): number =>
  Number.isFinite(x)
    ? Math.sign(x) * Math.floor(Math.abs(x) + 0.5) || (Object.is(x, -0) || x < 0 ? -0 : 0)
    : x;
const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
function ieeePow(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (x === -1 && !Number.isFinite(y) && y === y) return 1;
  return x ** y;
}

const FLOAT1: { readonly [N in UnaryOp]?: N1 } = {
  abs: Math.abs,
  cbrt: Math.cbrt,
  ceil: Math.ceil,
  cosine: Math.cos,
  exponential: Math.exp,
  exponential_minus_one: Math.expm1,
  floor: Math.floor,
  log: Math.log,
  log_plus_one: Math.log1p,
  logistic,
  negate: (x) => -x,
  round_nearest_afz: roundAway,
  round_nearest_even: roundEven,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sign: Math.sign,
  sine: Math.sin,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};
const FLOAT2: { readonly [N in BinaryOp]?: N2 } = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  remainder: (x, y) => x % y,
  power: ieeePow,
  atan2: Math.atan2,
  maximum: (x, y) => (x !== x ? x : y !== y ? y : Math.max(x, y)),
  minimum: (x, y) => (x !== x ? x : y !== y ? y : Math.min(x, y)),
};
const INT1: { readonly [N in UnaryOp]?: (d: DType) => N1 } = {
  abs: () => Math.abs,
  negate: () => (x) => -x,
  sign: () => Math.sign,
  not: (d) => (d === "bool" ? (x) => (x === 0 ? 1 : 0) : (x) => ~x),
  popcnt: (d) => (x) => popcount(BigInt.asUintN(bitsOf(d), BigInt(x))),
  count_leading_zeros: (d) => (x) => leadingZeros(BigInt.asUintN(bitsOf(d), BigInt(x)), bitsOf(d)),
};
function popcount(x: bigint): number {
  let n = 0;
  for (let v = x; v > 0n; v >>= 1n) n += Number(v & 1n);
  return n;
}
const leadingZeros = (x: bigint, bits: number): number => bits - (x === 0n ? 0 : x.toString(2).length);
const INT2: { readonly [N in BinaryOp]?: (d: DType) => N2 } = {
  add: (d) => (d === "bool" ? (x, y) => x | y : (x, y) => x + y),
  subtract: () => (x, y) => x - y,
  multiply: (d) => (d === "bool" ? (x, y) => x & y : Math.imul),
  // Division by zero: −1 (all ones when unsigned), remainder the dividend, as XLA.
  divide: (d) => (x, y) => (y === 0 ? (isUnsigned(d) ? 2 ** bitsOf(d) - 1 : -1) : Math.trunc(x / y)),
  remainder: () => (x, y) => (y === 0 ? x : x % y),
  maximum: () => Math.max,
  minimum: () => Math.min,
  and: () => (x, y) => x & y,
  or: () => (x, y) => x | y,
  xor: () => (x, y) => x ^ y,
  shift_left: (d) => (x, y) => (y < 0 || y >= bitsOf(d) ? 0 : x << y),
  shift_right_logical: (d) => (x, y) =>
    y < 0 || y >= bitsOf(d) ? 0 : (x & (bitsOf(d) === 32 ? -1 : 2 ** bitsOf(d) - 1)) >>> y,
  shift_right_arithmetic: (d) => (x, y) =>
    isUnsigned(d)
      ? y >= bitsOf(d)
        ? x >= 2 ** (bitsOf(d) - 1)
          ? -1
          : 0
        : wrapSigned(x, bitsOf(d)) >> y
      : y < 0 || y >= bitsOf(d)
        ? x < 0
          ? -1
          : 0
        : x >> y,
  power: () => intPower,
};
const wrapSigned = (x: number, bits: number): number => (x << (32 - bits)) >> (32 - bits);
function intPower(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let [r, b] = [1, x];
  for (let n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) r = Math.imul(r, b);
    b = Math.imul(b, b);
  }
  return r;
}
const abs64 = (x: bigint): bigint => (x < 0n ? -x : x);
const BIG1: { readonly [N in UnaryOp]?: (d: DType) => (x: bigint) => bigint } = {
  abs: () => abs64,
  negate: () => (x) => -x,
  sign: () => (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  not: () => (x) => ~x,
  popcnt: () => (x) => BigInt(popcount(BigInt.asUintN(64, x))),
  count_leading_zeros: () => (x) => BigInt(leadingZeros(BigInt.asUintN(64, x), 64)),
};
const out64 = (y: bigint): boolean => y < 0n || y >= 64n;
const BIG2: { readonly [N in BinaryOp]?: (d: DType) => (x: bigint, y: bigint) => bigint } = {
  add: () => (x, y) => x + y,
  subtract: () => (x, y) => x - y,
  multiply: () => (x, y) => x * y,
  divide: () => (x, y) => (y === 0n ? -1n : x / y),
  remainder: () => (x, y) => (y === 0n ? x : x % y),
  maximum: () => (x, y) => (x > y ? x : y),
  minimum: () => (x, y) => (x < y ? x : y),
  and: () => (x, y) => x & y,
  or: () => (x, y) => x | y,
  xor: () => (x, y) => x ^ y,
  shift_left: () => (x, y) => (out64(y) ? 0n : x << y),
  shift_right_logical: () => (x, y) => (out64(y) ? 0n : BigInt.asUintN(64, x) >> y),
  shift_right_arithmetic: () => (x, y) => BigInt.asIntN(64, x) >> (out64(y) ? 63n : y),
  power: () => (x, y) =>
    y < 0n
      ? x === 1n
        ? 1n
        : x === -1n
          ? y % 2n === 0n
            ? 1n
            : -1n
          : 0n
      : BigInt.asUintN(64, powerBig(x, y)),
};
function powerBig(x: bigint, y: bigint): bigint {
  let [r, b] = [1n, x];
  for (let n = y; n > 0n; n >>= 1n) {
    if (n & 1n) r = BigInt.asUintN(64, r * b);
    b = BigInt.asUintN(64, b * b);
  }
  return r;
}

/** The function of a unary op on a real dtype, or null where StableHLO has none. */
export function unary(op: UnaryOp, d: DType): Fn1 | null {
  if (isFloat(d)) {
    const f = FLOAT1[op];
    const round = rounder(d);
    return f === undefined ? null : (((x: number) => round(f(x))) as Fn1);
  }
  if (isBig(d)) {
    const f = BIG1[op]?.(d);
    const w = wrapBig(d);
    return f === undefined ? null : (((x: bigint) => w(f(x))) as Fn1);
  }
  const f = INT1[op]?.(d);
  const w = wrap(d);
  return f === undefined || (d === "bool" && op !== "not") ? null : (((x: number) => w(f(x))) as Fn1);
}

/** The function of a binary op on a real dtype, or null where StableHLO has none. */
export function binary(op: BinaryOp, d: DType): Fn2 | null {
  if (isFloat(d)) {
    const f = FLOAT2[op];
    const round = rounder(d);
    return f === undefined ? null : (((x: number, y: number) => round(f(x, y))) as Fn2);
  }
  if (isBig(d)) {
    const f = BIG2[op]?.(d);
    const w = wrapBig(d);
    return f === undefined ? null : (((x: bigint, y: bigint) => w(f(x, y))) as Fn2);
  }
  const f = INT2[op]?.(d);
  const w = wrap(d);
  return f === undefined ? null : (((x: number, y: number) => w(f(x, y))) as Fn2);
}

// --- complex --------------------------------------------------------------------------------------------------------------

export type C = readonly [re: number, im: number];
const mul = (a: C, b: C): C => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
function div(a: C, b: C): C {
  const n = b[0] * b[0] + b[1] * b[1];
  return [(a[0] * b[0] + a[1] * b[1]) / n, (a[1] * b[0] - a[0] * b[1]) / n];
}
const exp = (a: C): C => [Math.exp(a[0]) * Math.cos(a[1]), Math.exp(a[0]) * Math.sin(a[1])];
const log = (a: C): C => [Math.log(Math.hypot(a[0], a[1])), Math.atan2(a[1], a[0])];
function sqrt(a: C): C {
  const r = Math.hypot(a[0], a[1]);
  const re = Math.sqrt((r + a[0]) / 2);
  const im = Math.sqrt((r - a[0]) / 2);
  return [re, a[1] < 0 || Object.is(a[1], -0) ? -im : im];
}
function tanh(a: C): C {
  const d = Math.cosh(2 * a[0]) + Math.cos(2 * a[1]);
  return [Math.sinh(2 * a[0]) / d, Math.sin(2 * a[1]) / d];
}
const sin = (a: C): C => [Math.sin(a[0]) * Math.cosh(a[1]), Math.cos(a[0]) * Math.sinh(a[1])];
const cos = (a: C): C => [Math.cos(a[0]) * Math.cosh(a[1]), -Math.sin(a[0]) * Math.sinh(a[1])];
/** Unary ops on complex numbers. */
export const COMPLEX1: { readonly [N in UnaryOp]?: (a: C) => C } = {
  negate: (a) => [-a[0], -a[1]],
  exponential: exp,
  log,
  sqrt,
  rsqrt: (a) => div([1, 0], sqrt(a)),
  tanh,
  sine: sin,
  cosine: cos,
  tan: (a) => div(sin(a), cos(a)),
  exponential_minus_one: (a) => [
    Math.expm1(a[0]) * Math.cos(a[1]) - 2 * Math.sin(a[1] / 2) ** 2,
    Math.exp(a[0]) * Math.sin(a[1]),
  ],
  log_plus_one: (a) => log([a[0] + 1, a[1]]),
  logistic: (a) => div([1, 0], [1 + exp([-a[0], -a[1]])[0], exp([-a[0], -a[1]])[1]]),
  sign: (a) =>
    a[0] === 0 && a[1] === 0 ? [0, 0] : [a[0] / Math.hypot(a[0], a[1]), a[1] / Math.hypot(a[0], a[1])],
};
/** Binary ops on complex numbers. */
export const COMPLEX2: { readonly [N in BinaryOp]?: (a: C, b: C) => C } = {
  add: (a, b) => [a[0] + b[0], a[1] + b[1]],
  subtract: (a, b) => [a[0] - b[0], a[1] - b[1]],
  multiply: mul,
  divide: div,
  power: (a, b) =>
    b[0] === 0 && b[1] === 0 ? [1, 0] : a[0] === 0 && a[1] === 0 ? [0, 0] : exp(mul(b, log(a))),
};

/** A value converted between real dtypes: saturating float → int, NaN → 0; x ≠ 0 for bool. */
export function converter(from: DType, to: DType): (x: Scalar) => Scalar {
  if (to === "bool") return (x) => (x !== 0 && x !== 0n ? 1 : 0);
  if (isFloat(to)) {
    const round = rounder(to);
    return (x) => round(Number(x));
  }
  const bits = BigInt(bitsOf(to));
  const wrapTo = (x: bigint): Scalar => {
    const w = isSigned(to) ? BigInt.asIntN(Number(bits), x) : BigInt.asUintN(Number(bits), x);
    return isBig(to) ? w : Number(w);
  };
  if (!isFloat(from)) return (x) => wrapTo(BigInt(x));
  const low = isSigned(to) ? -(1n << (bits - 1n)) : 0n;
  const high = isSigned(to) ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  return (x) => {
    const n = Number(x);
    const big = n !== n ? 0n : n <= Number(low) ? low : n >= Number(high) ? high : BigInt(Math.trunc(n));
    return isBig(to) ? big : Number(big);
  };
}
