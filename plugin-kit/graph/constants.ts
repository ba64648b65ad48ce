// Elements of constants, from their wire bytes.
import type { DType } from "tenon-plugin-api";
import type { Scalar } from "../loops/scalars.ts";
import { readElement, STORAGE, storageOf, writeElement } from "../loops/storage.ts";

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Element `index` of a constant of a real dtype. @throws Error for storage-only dtypes */
export function decodeScalar(dtype: DType, bytes: Uint8Array, index = 0): Scalar {
  const storage = storageOf(dtype);
  if (storage === null) throw new Error(`internal: no scalar of ${dtype}`);
  return readElement(storage, viewOf(bytes), index);
}
/** Wire bytes of one element of a real dtype. */
export function encodeScalar(dtype: DType, x: Scalar): Uint8Array {
  const storage = storageOf(dtype);
  if (storage === null) throw new Error(`internal: no scalar of ${dtype}`);
  const bytes = new Uint8Array(STORAGE[storage].bytes);
  writeElement(storage, viewOf(bytes), 0, x);
  return bytes;
}
/** Are all elements of the same bytes? */
export function isSplat(bytes: Uint8Array, width: number): boolean {
  for (let i = width; i < bytes.length; i++) if (bytes[i] !== bytes[i - width]) return false;
  return bytes.length >= width;
}
