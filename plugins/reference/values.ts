// Host values: one element array per tensor. Numbers for up to 32 bits and floats, bigint for 64-bit integers,
// (re, im) pairs interleaved for complex; f16 and bf16 are numbers rounded to their format.
import type { ArrayType, ConcreteType, DType, Type } from "tenon-plugin-api";

export type Elements =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}
export type Scalar = number | bigint;

type ArrayClass = { new (n: number): Elements; new (b: ArrayBuffer): Elements };
const CLASSES: Readonly<Record<DType, unknown>> = {
  bool: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f16: Float32Array,
  bf16: Float32Array,
  f32: Float32Array,
  f64: Float64Array,
  c64: Float32Array,
  c128: Float64Array,
  i4: Int8Array,
  u4: Uint8Array,
  f8e4m3fn: Float32Array,
  f8e5m2: Float32Array,
};
export const isComplex = (d: DType): boolean => d === "c64" || d === "c128";
export const isFloat = (d: DType): boolean => d === "f16" || d === "bf16" || d === "f32" || d === "f64";
export const isBig = (d: DType): boolean => d === "i64" || d === "u64";
export const isSigned = (d: DType): boolean => d === "i8" || d === "i16" || d === "i32" || d === "i64";
export const isUnsigned = (d: DType): boolean => d === "u8" || d === "u16" || d === "u32" || d === "u64";
export const bitsOf = (d: DType): number =>
  d === "bool" ? 8 : Number(d.replace(/\D+/, "").replace(/e.*/, "")) || 32;
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
export const concrete = (t: Type): ConcreteType => t as ConcreteType;

export function make(type: ArrayType | { dtype: DType; shape: readonly number[] }): Tensor {
  const shape = type.shape as readonly number[];
  const n = sizeOf(shape) * (isComplex(type.dtype) ? 2 : 1);
  return { dtype: type.dtype, shape, data: new (CLASSES[type.dtype] as ArrayClass)(n) };
}

const F32 = new Float32Array(1);
const U32 = new Uint32Array(F32.buffer);
/** Rounded to bfloat16, to nearest even. */
export function roundBf16(x: number): number {
  F32[0] = x;
  if (x !== x) return x;
  const bits = U32[0] as number;
  U32[0] = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return F32[0] as number;
}
/** Rounded to float16, to nearest even. */
export function roundF16(x: number): number {
  if (x === 0 || x !== x || !Number.isFinite(x)) return x;
  const a = Math.abs(x);
  if (a >= 65520) return x < 0 ? -Infinity : Infinity;
  const ulp = a < 2 ** -14 ? 2 ** -24 : 2 ** (Math.floor(Math.log2(a)) - 10);
  const q = x / ulp;
  const f = Math.floor(q);
  const d = q - f;
  return (d < 0.5 || (d === 0.5 && f % 2 === 0) ? f : f + 1) * ulp;
}
/** The rounding of a dtype after every op. */
export function rounder(d: DType): (x: number) => number {
  switch (d) {
    case "f16":
      return roundF16;
    case "bf16":
      return roundBf16;
    case "f32":
    case "c64":
      return Math.fround;
    default:
      return (x) => x;
  }
}

const u16ToF16 = (h: number): number => {
  const [s, e, m] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
  return e === 0
    ? s * m * 2 ** -24
    : e === 31
      ? m === 0
        ? s * Infinity
        : Number.NaN
      : s * (1 + m / 1024) * 2 ** (e - 15);
};
const f16ToU16 = (x: number): number => {
  if (x !== x) return 0x7e00;
  const s = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a === Infinity) return s | 0x7c00;
  if (a < 2 ** -14) return s | Math.round(a * 2 ** 24);
  const e = Math.floor(Math.log2(a));
  return s | ((e + 15) << 10) | Math.round((a / 2 ** e - 1) * 1024);
};

/** A tensor of host bytes (little-endian, row-major). */
export function fromBytes(type: ConcreteType, bytes: Uint8Array): Tensor {
  const out = make(type);
  if (type.dtype === "f16" || type.dtype === "bf16") {
    const words = new Uint16Array(bytes.slice().buffer);
    words.forEach((w, i) => {
      U32[0] = w << 16;
      out.data[i] = type.dtype === "bf16" ? (F32[0] as number) : u16ToF16(w);
    });
  } else new Uint8Array(out.data.buffer).set(bytes);
  return out;
}
/** The host bytes of a tensor. */
export function toBytes(x: Tensor): Uint8Array {
  if (x.dtype !== "f16" && x.dtype !== "bf16")
    return new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength);
  const words = new Uint16Array(x.data.length);
  (x.data as Float32Array).forEach((v, i) => {
    F32[0] = v;
    words[i] = x.dtype === "bf16" ? (U32[0] as number) >>> 16 : f16ToU16(v);
  });
  return new Uint8Array(words.buffer);
}

/** Row-major strides. */
export function strides(shape: readonly number[]): number[] {
  const out: number[] = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) out[i] = (out[i + 1] as number) * (shape[i + 1] as number);
  return out;
}
/** Calls `visit` with each multi-index (reused) and flat position, row-major. */
export function each(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const n = sizeOf(shape);
  const index = Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < n; flat++) {
    visit(index, flat);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] as number) + 1;
      if ((index[d] as number) < (shape[d] as number)) break;
      index[d] = 0;
    }
  }
}
/** Copies element `from` of x to element `to` of out (both halves of a complex one). */
export function copyElement(out: Tensor, to: number, x: Tensor, from: number): void {
  if (isComplex(x.dtype)) {
    out.data[2 * to] = x.data[2 * from] as number;
    out.data[2 * to + 1] = x.data[2 * from + 1] as number;
  } else out.data[to] = x.data[from] as number;
}
/** A tensor whose element at each index is x's at `position(index)`. */
export function mapIndex(type: ConcreteType, x: Tensor, position: (index: number[]) => number): Tensor {
  const out = make(type);
  each(type.shape, (index, flat) => copyElement(out, flat, x, position(index)));
  return out;
}
export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((n, v, i) => n + v * (b[i] as number), 0);
