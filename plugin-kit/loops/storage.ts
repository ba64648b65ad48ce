// Elements in memory: for each Storage its bytes, its compute type, and how a scalar is read and written.
import { bf16Bits, bf16FromBits, f16Bits, f16FromBits, type DType } from "tenon-plugin-api";
import type { Compute, Storage } from "./loop-ir.ts";
import type { Scalar } from "./scalars.ts";

interface StorageRow {
  readonly bytes: 1 | 2 | 4 | 8;
  /** The type that scalars of it have in a kernel. */
  readonly compute: Compute;
  readonly get: (view: DataView, at: number) => Scalar;
  readonly set: (view: DataView, at: number, x: never) => void;
}
type Num = (view: DataView, at: number, x: number) => void;
type Big = (view: DataView, at: number, x: bigint) => void;
const u8: Num = (v, at, x) => {
  v.setUint8(at, x);
};
const u16: Num = (v, at, x) => {
  v.setUint16(at, x, true);
};
const u32: Num = (v, at, x) => {
  v.setUint32(at, x, true);
};
const u64: Big = (v, at, x) => {
  v.setBigUint64(at, BigInt.asUintN(64, x), true);
};

/** One row per element type in memory. */
export const STORAGE: { readonly [S in Storage]: StorageRow } = {
  bool: { bytes: 1, compute: "bool", get: (v, at) => (v.getUint8(at) === 0 ? 0 : 1), set: u8 },
  i8: { bytes: 1, compute: "i32", get: (v, at) => v.getInt8(at), set: u8 },
  u8: { bytes: 1, compute: "u32", get: (v, at) => v.getUint8(at), set: u8 },
  i16: { bytes: 2, compute: "i32", get: (v, at) => v.getInt16(at, true), set: u16 },
  u16: { bytes: 2, compute: "u32", get: (v, at) => v.getUint16(at, true), set: u16 },
  i32: { bytes: 4, compute: "i32", get: (v, at) => v.getInt32(at, true), set: u32 },
  u32: { bytes: 4, compute: "u32", get: (v, at) => v.getUint32(at, true), set: u32 },
  i64: { bytes: 8, compute: "i64", get: (v, at) => v.getBigInt64(at, true), set: u64 },
  u64: { bytes: 8, compute: "u64", get: (v, at) => v.getBigUint64(at, true), set: u64 },
  f16: {
    bytes: 2,
    compute: "f32",
    get: (v, at) => f16FromBits(v.getUint16(at, true)),
    set: (v, at, x: number) => {
      u16(v, at, f16Bits(x));
    },
  },
  bf16: {
    bytes: 2,
    compute: "f32",
    get: (v, at) => bf16FromBits(v.getUint16(at, true)),
    set: (v, at, x: number) => {
      u16(v, at, bf16Bits(x));
    },
  },
  f32: {
    bytes: 4,
    compute: "f32",
    get: (v, at) => v.getFloat32(at, true),
    set: (v, at, x: number) => {
      v.setFloat32(at, x, true);
    },
  },
  f64: {
    bytes: 8,
    compute: "f64",
    get: (v, at) => v.getFloat64(at, true),
    set: (v, at, x: number) => {
      v.setFloat64(at, x, true);
    },
  },
};

/** Element `index` of some bytes. */
export function readElement(storage: Storage, bytes: DataView, index: number): Scalar {
  const row = STORAGE[storage];
  return row.get(bytes, index * row.bytes);
}
/** Writes element `index`. */
export function writeElement(storage: Storage, bytes: DataView, index: number, x: Scalar): void {
  const row = STORAGE[storage];
  row.set(bytes, index * row.bytes, x as never);
}

/** How a wire dtype is stored; null for the storage-only 4- and 8-bit types. A complex array is its real one, twice as long. */
export function storageOf(dtype: DType): Storage | null {
  switch (dtype) {
    case "c64":
      return "f32";
    case "c128":
      return "f64";
    case "i4":
    case "u4":
    case "f8e4m3fn":
    case "f8e5m2":
      return null;
    default:
      return dtype;
  }
}
