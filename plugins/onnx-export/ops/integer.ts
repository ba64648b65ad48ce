// Integer arithmetic where C++'s differs from StableHLO's: division by zero, shifts beyond the width, powers, bit counts.
// The native operators of onnxruntime wrap, as they should.
import { DTYPES, type DType } from "tenon-plugin-api";
import { isSigned, isUnsigned, kernelType, signedOf, unsignedOf } from "../elements.ts";
import type { Graph } from "../graph.ts";
import type { Val } from "../writer.ts";

const bitsOf = (d: DType): number => DTYPES[d].bits;
/** The type that divides: wide enough that only i32 and i64 can overflow, and that has a kernel for Where. */
const divider = (d: DType): DType => (bitsOf(d) < 32 ? "i32" : d === "u32" ? "i64" : d);

/** x/y towards zero where y ≠ 0, with the divisor that was used: 1 for those that would trap. */
function safeQuotient(g: Graph, x: Val, y: Val): { q: Val; divisor: Val; isZero: Val | null } {
  const d = x.dtype;
  const constant = g.known(y);
  if (constant !== undefined && constant !== 0n && constant !== -1n)
    return { q: g.op("Div", [x, y]), divisor: y, isZero: null };
  const isZero = g.equal(y, g.scalar(d, 0));
  // The lowest integer over −1 overflows, and traps as a division by zero does.
  const traps = isSigned(d) ? g.or(isZero, g.equal(y, g.scalar(d, -1))) : isZero;
  const divisor = g.where(traps, g.scalar(d, 1), y);
  return { q: g.op("Div", [x, divisor]), divisor, isZero };
}

/** x/y towards zero; by zero −1, all ones if unsigned (XLA's choice, and RISC-V's). */
export function divide(g: Graph, x: Val, y: Val): Val {
  const wide = divider(x.dtype);
  const [a, b] = [g.cast(x, wide), g.cast(y, wide)];
  const { q, isZero } = safeQuotient(g, a, b);
  if (isZero === null) return g.cast(q, x.dtype);
  const signed = isSigned(wide) ? g.where(g.equal(b, g.scalar(wide, -1)), g.op("Neg", [a]), q) : q;
  return g.cast(g.where(isZero, g.scalar(wide, -1), signed), x.dtype);
}

/** x − y·(x/y), with the sign of x; by zero x. */
export function remainder(g: Graph, x: Val, y: Val): Val {
  const wide = divider(x.dtype);
  const a = g.cast(x, wide);
  const { q, divisor, isZero } = safeQuotient(g, a, g.cast(y, wide));
  const rest = g.op("Sub", [a, g.op("Mul", [q, divisor])]);
  return g.cast(isZero === null ? rest : g.where(isZero, a, rest), x.dtype);
}

/** −1, 0 or 1; onnxruntime's Sign of i64 looks at 32 bits. */
export function sign(g: Graph, x: Val): Val {
  if (bitsOf(x.dtype) < 64) return g.op("Sign", [x]);
  const zero = g.scalar(x.dtype, 0);
  const is = (condition: Val): Val => g.cast(condition, x.dtype);
  return isUnsigned(x.dtype) ? is(g.less(zero, x)) : g.op("Sub", [is(g.less(zero, x)), is(g.less(x, zero))]);
}

/** 0 − x: unsigned types have no Neg. */
export const negate = (g: Graph, x: Val): Val =>
  isUnsigned(x.dtype) ? g.op("Sub", [g.scalar(x.dtype, 0), x]) : g.op("Neg", [x]);

/** The count of a shift, limited to [0, bits − 1], and whether it was within: null if that is known. */
function shiftCount(g: Graph, y: Val, lanes: DType): { count: Val; within: Val | null } {
  const bits = bitsOf(y.dtype);
  const count = g.cast(g.cast(y, unsignedOf(y.dtype)), lanes);
  const constant = g.known(y);
  if (constant !== undefined && constant >= 0 && constant < bits) return { count, within: null };
  const last = g.scalar(lanes, bits - 1);
  return { count: g.min(count, last), within: g.op("LessOrEqual", [count, last], "bool") };
}
/** The unsigned type whose lanes BitShift has. */
const lanesOf = (d: DType): DType => kernelType("BitShift", bitsOf(d) === 64 ? "u64" : "u32");

/** Bits moved, zeros follow; 0 where the count is not below the width. */
export function shift(g: Graph, x: Val, y: Val, direction: "LEFT" | "RIGHT"): Val {
  const lanes = lanesOf(x.dtype);
  const { count, within } = shiftCount(g, y, lanes);
  const moved = g.op("BitShift", [g.cast(g.cast(x, unsignedOf(x.dtype)), lanes), count], lanes, {
    direction,
  });
  return g.cast(within === null ? moved : g.op("Mul", [moved, g.cast(within, lanes)]), x.dtype);
}

/** Bits moved right, the sign bit follows: a negative number is shifted as its complement. */
export function shiftArithmetic(g: Graph, x: Val, y: Val): Val {
  const lanes = lanesOf(x.dtype);
  const signed = signedOf(lanes);
  const { count } = shiftCount(g, y, lanes);
  const v = g.cast(g.cast(x, signedOf(x.dtype)), signed);
  const mask = g.op("Neg", [g.cast(g.less(v, g.scalar(signed, 0)), signed)]);
  const positive = g.cast(g.op("BitwiseXor", [v, mask]), lanes);
  const moved = g.op("BitShift", [positive, count], lanes, { direction: "RIGHT" });
  return g.cast(g.op("BitwiseXor", [g.cast(moved, signed), mask]), x.dtype);
}

const right = (g: Graph, x: Val, by: number): Val =>
  g.op("BitShift", [x, g.scalar("u64", by)], "u64", { direction: "RIGHT" });
const masked = (g: Graph, x: Val, mask: bigint): Val => g.op("BitwiseAnd", [x, g.scalar("u64", mask)]);

/** Set bits of a u64, counted in parallel (Warren 2013, §5-1). */
function countBits(g: Graph, x: Val): Val {
  const pairs = g.op("Sub", [x, masked(g, right(g, x, 1), 0x5555555555555555n)]);
  const fours = g.op("Add", [
    masked(g, pairs, 0x3333333333333333n),
    masked(g, right(g, pairs, 2), 0x3333333333333333n),
  ]);
  const bytes = masked(g, g.op("Add", [fours, right(g, fours, 4)]), 0x0f0f0f0f0f0f0f0fn);
  return right(g, g.op("Mul", [bytes, g.scalar("u64", 0x0101010101010101n)]), 56);
}
const widened = (g: Graph, x: Val): Val => g.cast(g.cast(x, unsignedOf(x.dtype)), "u64");

/** How many bits are set. */
export const popcnt = (g: Graph, x: Val): Val => g.cast(countBits(g, widened(g, x)), x.dtype);

/** How many bits are clear above the highest set one. */
export function leadingZeros(g: Graph, x: Val): Val {
  let v = widened(g, x);
  for (const by of [1, 2, 4, 8, 16, 32]) v = g.op("BitwiseOr", [v, right(g, v, by)]);
  return g.cast(g.op("Sub", [g.scalar("u64", bitsOf(x.dtype)), countBits(g, v)]), x.dtype);
}

/** x^y by squaring; a negative y gives 1/x^|y| towards zero, which is 0 unless |x| = 1. */
export function power(g: Graph, x: Val, y: Val): Val {
  const d = x.dtype;
  const [zero, one, two] = [g.scalar(d, 0), g.scalar(d, 1), g.scalar(d, 2)];
  const shape = g.op("Add", [x, y]).shape;
  const odd = (n: Val): Val => g.equal(remainder(g, n, two), one);
  const state = [g.expand(one, shape), g.expand(x, shape), g.expand(y, shape)];
  const trips = g.scalar("i64", BigInt(bitsOf(d)));
  const [result] = g.loop("power", trips, g.true, state, (_i, [r, base, n]) => [
    g.true,
    g.where(odd(n as Val), g.op("Mul", [r as Val, base as Val]), r as Val),
    g.op("Mul", [base as Val, base as Val]),
    divide(g, n as Val, two),
  ]) as [Val];
  if (!isSigned(d)) return result;
  const minus = g.scalar(d, -1);
  const ofMinus = g.where(g.equal(remainder(g, y, two), zero), one, minus);
  const inverse = g.where(g.equal(x, one), one, g.where(g.equal(x, minus), ofMinus, zero));
  return g.where(g.less(y, zero), inverse, result);
}
