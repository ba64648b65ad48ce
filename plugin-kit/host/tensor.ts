// Arrays in JavaScript memory: what kernels written as plain loops work on. One typed array a tensor; 64-bit integers are
// bigint, a complex array interleaves (re, im), f16, bf16 and the 8-bit floats stand as their bits.
import type { ConcreteType, DType } from "tenon-plugin-api";

/** Elements of a tensor in memory. */
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
type ElementsClass = { new (n: number): Elements; new (bytes: ArrayBuffer): Elements; readonly name: string };

/** An array: its dtype, its shape, its elements in row-major order. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

const CLASSES: { readonly [D in DType]: ElementsClass } = {
  bool: Uint8Array,
  i4: Int8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u4: Uint8Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f8e4m3fn: Uint8Array,
  f8e5m2: Uint8Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  c64: Float32Array,
  c128: Float64Array,
};

/** The typed array that holds elements of a dtype. */
export const elementsOf = (dtype: DType): ElementsClass => CLASSES[dtype];
/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
/** Numbers that one element takes in `data`: 2 for complex, else 1. */
export const partsOf = (dtype: DType): 1 | 2 => (dtype === "c64" || dtype === "c128" ? 2 : 1);

/** A tensor of zeros. */
export function tensor(type: ConcreteType): Tensor {
  const { dtype, shape } = type;
  return { dtype, shape, data: new CLASSES[dtype](sizeOf(shape) * partsOf(dtype)) };
}

/** A tensor of host bytes (little-endian, row-major), which are copied. */
export function fromBytes(type: ConcreteType, bytes: Uint8Array): Tensor {
  const { dtype, shape } = type;
  const own = new ArrayBuffer(bytes.byteLength); // aligned, ours
  new Uint8Array(own).set(bytes);
  return { dtype, shape, data: new CLASSES[dtype](own) };
}

/** The host bytes of a tensor; a view, not a copy. */
export function toBytes(x: Tensor): Uint8Array {
  return new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength);
}

/** Row-major strides. */
export function strides(shape: readonly number[]): number[] {
  const out = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) out[i] = (out[i + 1] as number) * (shape[i + 1] as number);
  return out;
}

/** Position of an index under strides. */
export function dot(index: readonly number[], step: readonly number[]): number {
  let at = 0;
  for (let i = 0; i < index.length; i++) at += (index[i] as number) * (step[i] as number);
  return at;
}

/** Calls `visit` with each index (the same array each time) and its position, row-major. */
export function each(shape: readonly number[], visit: (index: number[], position: number) => void): void {
  const n = sizeOf(shape);
  const index = Array<number>(shape.length).fill(0);
  for (let position = 0; position < n; position++) {
    visit(index, position);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] as number) + 1;
      if ((index[d] as number) < (shape[d] as number)) break;
      index[d] = 0;
    }
  }
}

/** Element i as a number; not for 64-bit integers, which are bigint. */
export const numberAt = (x: Tensor, i: number): number => x.data[i] as number;

/** Copies one element, bits unchanged (both parts of a complex one). */
export function copyElement(out: Tensor, to: number, x: Tensor, from: number): void {
  const parts = partsOf(x.dtype);
  for (let k = 0; k < parts; k++) out.data[parts * to + k] = x.data[parts * from + k] as number;
}

/** A tensor whose element at each index is x's at `position(index)`. */
export function rearranged(
  type: ConcreteType,
  x: Tensor,
  position: (index: readonly number[]) => number,
): Tensor {
  const out = tensor(type);
  each(type.shape, (index, at) => {
    copyElement(out, at, x, position(index));
  });
  return out;
}
