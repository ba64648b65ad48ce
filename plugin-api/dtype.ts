// Dtypes of the wire, one row each: kind, width, and bytes of one element in host memory.
import type { DType } from "./program.ts";

/** b bool · i signed · u unsigned · f float · c complex. */
export type DTypeKind = "b" | "i" | "u" | "f" | "c";
/** What is known about a dtype. */
export interface DTypeRow {
  readonly kind: DTypeKind;
  /** Width in bits; 1 for bool. */
  readonly bits: number;
  /** Bytes of one element in host memory: 4-bit types take a whole byte. */
  readonly itemsize: number;
}
const row = (kind: DTypeKind, bits: number, itemsize: number = Math.ceil(bits / 8)): DTypeRow =>
  Object.freeze({ kind, bits, itemsize });

/** The rows. */
export const DTYPES: { readonly [D in DType]: DTypeRow } = Object.freeze({
  bool: row("b", 1),
  i4: row("i", 4),
  i8: row("i", 8),
  i16: row("i", 16),
  i32: row("i", 32),
  i64: row("i", 64),
  u4: row("u", 4),
  u8: row("u", 8),
  u16: row("u", 16),
  u32: row("u", 32),
  u64: row("u", 64),
  f8e4m3fn: row("f", 8),
  f8e5m2: row("f", 8),
  bf16: row("f", 16),
  f16: row("f", 16),
  f32: row("f", 32),
  f64: row("f", 64),
  c64: row("c", 64),
  c128: row("c", 128),
});

/** Is this a dtype of the wire? Open vocabularies are filtered by it. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(DTYPES, name);
}

/** Number of elements. */
export function elementCount(shape: readonly number[]): number {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i] as number;
  return n;
}

/** Bytes of an array in host memory. */
export function byteLength(type: { readonly dtype: DType; readonly shape: readonly number[] }): number {
  return elementCount(type.shape) * DTYPES[type.dtype].itemsize;
}

/** c64 → f32, c128 → f64; others are their own part. */
export function partOf(dtype: DType): DType {
  return dtype === "c64" ? "f32" : dtype === "c128" ? "f64" : dtype;
}
