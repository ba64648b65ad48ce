// Floats by their bits: IEEE 754's total order, and rounding to a smaller format.
import type { DType } from "tenon-plugin-api";
import type { Tensor } from "tenon-plugin-kit";

/** Exponent and mantissa bits of a float type. */
const FORMAT: { readonly [D in DType]?: readonly [exponent: number, mantissa: number] } = {
  f16: [5, 10],
  bf16: [8, 7],
  f32: [8, 23],
  f64: [11, 52],
};

/** Elements as bigints in the total order of the floats: −NaN < −∞ < … < −0 < +0 < … < ∞ < NaN. */
export function totalOrder(x: Tensor): (i: number) => bigint {
  const [exponent, mantissa] = FORMAT[x.dtype] as readonly [number, number];
  const width = 1 + exponent + mantissa;
  const { buffer, byteOffset, byteLength } = x.data;
  const view = new DataView(buffer, byteOffset, byteLength);
  const bitsAt = (i: number): bigint => {
    if (width === 64) return view.getBigInt64(8 * i, true);
    return BigInt(width === 32 ? view.getInt32(4 * i, true) : view.getInt16(2 * i, true));
  };
  const all = (1n << BigInt(width - 1)) - 1n;
  return (i) => {
    const bits = bitsAt(i);
    return bits < 0n ? bits ^ all : bits; // of negative numbers the larger pattern is the smaller one
  };
}

/**
 * x rounded to a format of fewer bits and back: the mantissa to nearest even; then, if the exponent is narrower, too large
 * values become infinite and those below the smallest normal number zero (XLA's reduce_precision). NaN stays.
 */
export function reducedPrecision(
  x: number,
  dtype: DType,
  exponentBits: number,
  mantissaBits: number,
): number {
  const [exponent, mantissa] = FORMAT[dtype] as readonly [number, number];
  if (x === 0 || !Number.isFinite(x)) return x;
  const smallest = 2 - 2 ** (exponent - 1); // exponent of the smallest normal number of the type itself
  const e = Math.max(exponentOf(x), smallest);
  const step = 2 ** Math.max(e - Math.min(mantissaBits, mantissa), -1074);
  const rounded = roundEven(Math.abs(x) / step) * step;
  const reach = 2 ** (exponentBits - 1) - 1;
  const narrower = exponentBits < exponent;
  const tooLarge = rounded >= 2 ** (Math.min(reach, 2 ** (exponent - 1) - 1) + 1);
  const value = tooLarge ? Infinity : narrower && rounded < 2 ** (1 - reach) ? 0 : rounded;
  return x < 0 ? -value : value;
}
function exponentOf(x: number): number {
  let e = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** e > Math.abs(x)) e--; // log2 is rounded
  return e;
}
function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
