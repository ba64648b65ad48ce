// Elements as scalars: a number (bool as 0 or 1), or a bigint for 64-bit integers. Written with the rounding of the dtype:
// floats to nearest even, the half types through f32 as XLA computes them, integers wrapped.
import {
  bf16Bits,
  bf16FromBits,
  f16Bits,
  f16FromBits,
  roundBf16,
  roundF16,
  type DType,
} from "tenon-plugin-api";
import { partsOf, tensor, type Tensor } from "tenon-plugin-kit";

/** One real element, or one part of a complex one. */
export type Scalar = number | bigint;
/** A complex number. */
export type C = readonly [re: number, im: number];

/** Is it a complex dtype? */
export const isComplex = (d: DType): boolean => d === "c64" || d === "c128";
/** Is it a floating dtype? */
export const isFloat = (d: DType): boolean => d === "f16" || d === "bf16" || d === "f32" || d === "f64";
/** Is it a 64-bit integer dtype? */
export const isBig = (d: DType): boolean => d === "i64" || d === "u64";
/** Is it an unsigned dtype? */
export const isUnsigned = (d: DType): boolean => d.startsWith("u") || d === "bool";
/** Bits of an integer type. */
export const bitsOf = (d: DType): number => (d === "bool" ? 1 : Number(d.slice(1)));

/** Reads element i (of a complex tensor: part i). */
export function reader(x: Tensor): (i: number) => Scalar {
  const { data } = x;
  if (x.dtype === "f16") return (i) => f16FromBits(data[i] as number);
  if (x.dtype === "bf16") return (i) => bf16FromBits(data[i] as number);
  return (i) => data[i] as Scalar;
}
/** Writes element i, rounded or wrapped. */
export function writer(out: Tensor): (i: number, x: Scalar) => void {
  const { data } = out; // a typed array rounds to f32 and wraps integers by itself
  const round = rounder(out.dtype);
  if (out.dtype === "f16") return (i, x) => (data[i] = f16Bits(round(x as number)));
  if (out.dtype === "bf16") return (i, x) => (data[i] = bf16Bits(round(x as number)));
  return (i, x) => (data[i] = x as number);
}
/** The rounding of a float type, after every op. */
export function rounder(d: DType): (x: number) => number {
  switch (d) {
    case "f16":
      return (x) => roundF16(Math.fround(x));
    case "bf16":
      return (x) => roundBf16(Math.fround(x));
    case "f32":
    case "c64":
      return Math.fround;
    default:
      return (x) => x;
  }
}

/** Complex element i. */
export const complexAt = (x: Tensor, i: number): C => [x.data[2 * i] as number, x.data[2 * i + 1] as number];
/** Writes complex element i. */
export function setComplex(out: Tensor, i: number, [re, im]: C): void {
  out.data[2 * i] = re;
  out.data[2 * i + 1] = im;
}

/** Element i as a rank-0 tensor. */
export function elementOf(x: Tensor, i: number): Tensor {
  const out = tensor({ dtype: x.dtype, shape: [] });
  const parts = partsOf(x.dtype);
  for (let k = 0; k < parts; k++) out.data[k] = x.data[parts * i + k] as number;
  return out;
}
