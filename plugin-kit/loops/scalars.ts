// The meaning of each ScalarOp, on JavaScript values: numbers, and bigint for 64-bit integers. The interpreter and the
// folding of constants use it.
import { bf16Bits, bf16FromBits, f16Bits, f16FromBits, roundBf16, roundF16 } from "tenon-plugin-api";
import type { Compute, ScalarOp } from "./loop-ir.ts";

/** A scalar: a number (bool as 0 or 1), or a bigint for i64 and u64. */
export type Scalar = number | bigint;

const isBig = (d: Compute): boolean => d === "i64" || d === "u64";
const isFloat = (d: Compute): boolean => d === "f32" || d === "f64";
const isInteger = (d: Compute): boolean => !isFloat(d) && d !== "bool";

/** A result brought into its type: floats rounded, integers wrapped. */
export function wrapTo(dtype: Compute, x: Scalar): Scalar {
  switch (dtype) {
    case "bool":
      return x === 0 || x === 0n ? 0 : 1;
    case "i32":
      return typeof x === "bigint" ? Number(BigInt.asIntN(32, x)) : x | 0;
    case "u32":
      return typeof x === "bigint" ? Number(BigInt.asUintN(32, x)) : x >>> 0;
    case "i64":
      return BigInt.asIntN(64, BigInt(x));
    case "u64":
      return BigInt.asUintN(64, BigInt(x));
    case "f32":
      return Math.fround(Number(x));
    case "f64":
      return Number(x);
  }
}

/** The identity of a monoid. */
export function identityOf(monoid: "add" | "mul" | "min" | "max" | "and" | "or" | "xor", d: Compute): Scalar {
  switch (monoid) {
    case "add":
    case "or":
    case "xor":
      return isBig(d) ? 0n : 0;
    case "mul":
      return isBig(d) ? 1n : 1;
    case "and":
      return d === "bool" ? 1 : wrapTo(d, isBig(d) ? -1n : -1);
    case "min":
      return extreme(d, 1);
    case "max":
      return extreme(d, -1);
  }
}
function extreme(d: Compute, sign: 1 | -1): Scalar {
  switch (d) {
    case "bool":
      return sign > 0 ? 1 : 0;
    case "i32":
      return sign > 0 ? 2 ** 31 - 1 : -(2 ** 31);
    case "u32":
      return sign > 0 ? 2 ** 32 - 1 : 0;
    case "i64":
      return sign > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
    case "u64":
      return sign > 0 ? 2n ** 64n - 1n : 0n;
    case "f32":
    case "f64":
      return sign * Infinity;
  }
}

type Unary = (x: number) => number;
const FLOAT_UNARY: { readonly [O in ScalarOp]?: Unary } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round_even: roundEven,
  round_afz: (x) => (Number.isFinite(x) ? copySign(awayFromZero(Math.abs(x)), x) : x),
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  cbrt: Math.cbrt,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  logistic: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  round_f16: roundF16,
  round_bf16: roundBf16,
};
const copySign = (magnitude: number, x: number): number =>
  x < 0 || Object.is(x, -0) ? -magnitude : magnitude;
const awayFromZero = (a: number): number => {
  const low = Math.floor(a);
  return a - low >= 0.5 ? low + 1 : low;
};
function roundEven(x: number): number {
  if (!Number.isFinite(x)) return x;
  const low = Math.floor(x);
  const rest = x - low;
  return copySign(Math.abs(rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low), x);
}
function pow(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (x === -1 && (y === Infinity || y === -Infinity)) return 1;
  return x ** y;
}

const bitsOf = (d: Compute): 32n | 64n => (isBig(d) ? 64n : 32n);
const isSigned = (d: Compute): boolean => d === "i32" || d === "i64";

/** Integers as bigint of infinite width; the result is wrapped afterwards. */
function integer(op: ScalarOp, d: Compute, x: bigint, y: bigint): bigint | undefined {
  const bits = bitsOf(d);
  const unsigned = (v: bigint): bigint => BigInt.asUintN(Number(bits), v);
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return x * y;
    case "div":
      return y === 0n ? -1n : x / y;
    case "rem":
      return y === 0n ? x : x % y;
    case "neg":
      return -x;
    case "abs":
      return x < 0n ? -x : x;
    case "sign":
      return x > 0n ? 1n : x < 0n ? -1n : 0n;
    case "min":
      return x < y ? x : y;
    case "max":
      return x > y ? x : y;
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    case "not":
      return ~x;
    case "shl":
      return unsigned(y) >= bits ? 0n : x << y;
    case "shr_u":
      return unsigned(y) >= bits ? 0n : unsigned(x) >> y;
    case "shr_s":
      return BigInt.asIntN(Number(bits), x) >> (unsigned(y) >= bits ? bits - 1n : y);
    case "popcnt":
      return BigInt(unsigned(x).toString(2).replaceAll("0", "").length);
    case "clz":
      return x === 0n ? bits : bits - BigInt(unsigned(x).toString(2).length);
    case "extend8_s":
      return BigInt.asIntN(8, x);
    case "extend8_u":
      return BigInt.asUintN(8, x);
    case "extend16_s":
      return BigInt.asIntN(16, x);
    case "extend16_u":
      return BigInt.asUintN(16, x);
    default:
      return undefined;
  }
}

function float(op: ScalarOp, x: number, y: number): number | undefined {
  switch (op) {
    case "add":
      return x + y;
    case "sub":
      return x - y;
    case "mul":
      return x * y;
    case "div":
      return x / y;
    case "rem":
      return x % y;
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
    case "pow":
      return pow(x, y);
    case "atan2":
      return Math.atan2(x, y);
    default:
      return FLOAT_UNARY[op]?.(x);
  }
}

function logical(op: ScalarOp, x: number, y: number): number | undefined {
  switch (op) {
    case "and":
    case "min":
      return x & y;
    case "or":
    case "max":
      return x | y;
    case "xor":
      return x ^ y;
    case "not":
      return x === 0 ? 1 : 0;
    default:
      return undefined;
  }
}

function compare(op: ScalarOp, x: Scalar, y: Scalar): boolean | undefined {
  switch (op) {
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "lt":
      return x < y;
    case "le":
      return x <= y;
    case "gt":
      return x > y;
    case "ge":
      return x >= y;
    default:
      return undefined;
  }
}

/** A scalar converted between types. */
export function convertScalar(to: Compute, from: Compute, x: Scalar): Scalar {
  if (to === "bool") return x === 0 || x === 0n ? 0 : 1;
  if (typeof x === "bigint" || isFloat(to))
    return wrapTo(to, typeof x === "bigint" && isFloat(to) ? narrowBig(to, x) : x);
  if (!isFloat(from)) return wrapTo(to, x);
  if (x !== x) return wrapTo(to, isBig(to) ? 0n : 0);
  const [low, high] = [extreme(to, -1), extreme(to, 1)];
  if (x <= Number(low)) return low;
  if (x >= Number(high)) return high;
  return wrapTo(to, isBig(to) ? BigInt(Math.trunc(x)) : Math.trunc(x));
}
/** A 64-bit integer to the nearest float, rounded once. */
function narrowBig(to: Compute, x: bigint): number {
  if (to === "f64") return Number(x);
  // Keep a sticky bit, so that rounding through float64 is exact.
  const a = x < 0n ? -x : x;
  if (a < 1n << 53n) return Number(x);
  const sticky = (a & 0xfffn) === 0n ? 0n : 1n;
  const reduced = Number((a >> 12n) | sticky) * 4096;
  return x < 0n ? -reduced : reduced;
}

const VIEW = new DataView(new ArrayBuffer(8));
/** The bits of a scalar as another type of the same width. */
export function bitcastScalar(to: Compute, from: Compute, x: Scalar): Scalar {
  if (from === "f32") VIEW.setFloat32(0, x as number);
  else if (from === "f64") VIEW.setFloat64(0, x as number);
  else if (isBig(from)) VIEW.setBigUint64(0, BigInt.asUintN(64, x as bigint));
  else VIEW.setUint32(0, (x as number) >>> 0);
  switch (to) {
    case "f32":
      return VIEW.getFloat32(0);
    case "f64":
      return VIEW.getFloat64(0);
    case "i64":
      return VIEW.getBigInt64(0);
    case "u64":
      return VIEW.getBigUint64(0);
    case "i32":
      return VIEW.getInt32(0);
    default:
      return VIEW.getUint32(0);
  }
}

/** `op` of `args`; `dtype` is the result's type, `from` the first operand's. @throws Error if the op has no such types */
export function evalScalar(op: ScalarOp, dtype: Compute, from: Compute, args: readonly Scalar[]): Scalar {
  const [x, y] = [args[0] as Scalar, args[1] as Scalar];
  switch (op) {
    case "select":
      return (x !== 0 ? y : args[2]) as Scalar;
    case "convert":
      return convertScalar(dtype, from, x);
    case "bitcast":
      return bitcastScalar(dtype, from, x);
    case "is_finite":
      return Number.isFinite(x) ? 1 : 0;
    case "f16_bits":
      return f16Bits(x as number);
    case "f16_from_bits":
      return f16FromBits((x as number) & 0xffff);
    case "bf16_bits":
      return bf16Bits(x as number);
    case "bf16_from_bits":
      return bf16FromBits((x as number) & 0xffff);
    default:
  }
  const compared = compare(op, x, y);
  if (compared !== undefined) return compared ? 1 : 0;
  const result = isInteger(dtype)
    ? integer(op, dtype, BigInt(x), y === undefined ? 0n : BigInt(y))
    : dtype === "bool"
      ? logical(op, x as number, y as number)
      : float(op, x as number, y as number);
  if (result === undefined) throw new Error(`internal: scalar op ${op} has no meaning on ${dtype}`);
  return typeof result === "bigint" && !isBig(dtype) ? Number(wrapBig(dtype, result)) : wrapTo(dtype, result);
}
const wrapBig = (d: Compute, x: bigint): bigint =>
  isSigned(d) ? BigInt.asIntN(32, x) : BigInt.asUintN(32, x);
