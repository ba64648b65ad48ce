// Element types on both sides: their ONNX numbers, their bytes, and the types in which onnxruntime computes.
// A bf16 value lives as f32 in the graph (always rounded), because onnxruntime's interfaces carry no bf16.
import { DTYPES, type DType } from "tenon-plugin-api";
import { readElement, storageOf, type Storage } from "tenon-plugin-kit";
import { TensorProto_DataType as T } from "./proto/onnx_pb.ts";

/** Number of the element type of a value in the graph (`TensorProto.DataType`). */
export const ONNX_TYPE: { readonly [D in DType]?: T } = {
  bool: T.BOOL,
  i8: T.INT8,
  i16: T.INT16,
  i32: T.INT32,
  i64: T.INT64,
  u8: T.UINT8,
  u16: T.UINT16,
  u32: T.UINT32,
  u64: T.UINT64,
  f16: T.FLOAT16,
  bf16: T.FLOAT,
  f32: T.FLOAT,
  f64: T.DOUBLE,
};

/** Number of the element type in which constants are stored, and to which `Cast` rounds. */
export const STORED_TYPE: { readonly [D in DType]?: T } = { ...ONNX_TYPE, bf16: T.BFLOAT16 };

/** The dtypes a model may hold. */
export const SUPPORTED: readonly DType[] = Object.keys(ONNX_TYPE) as DType[];

/** Is it a real float? */
export const isFloat = (d: DType): boolean => DTYPES[d].kind === "f";
/** Is it an unsigned integer? */
export const isUnsigned = (d: DType): boolean => DTYPES[d].kind === "u";
/** Is it a signed integer? */
export const isSigned = (d: DType): boolean => DTYPES[d].kind === "i";
/** Is it an integer? */
export const isInteger = (d: DType): boolean => isSigned(d) || isUnsigned(d);
/** The unsigned integer of the same width. */
export const unsignedOf = (d: DType): DType => `u${DTYPES[d].bits}` as DType;
/** The signed integer of the same width. */
export const signedOf = (d: DType): DType => `i${DTYPES[d].bits}` as DType;

/** Smallest and largest value of an integer type. */
export function rangeOf(d: DType): readonly [bigint, bigint] {
  const bits = BigInt(DTYPES[d].bits);
  return isUnsigned(d) ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

/** The type in which floats are computed: f16 and bf16 in f32, rounded after every op. */
export const carrierOf = (d: DType): DType => (d === "f16" || d === "bf16" ? "f32" : d);

/** A type that holds all values of another (u64 in i64: the same bits). */
const WIDER: { readonly [D in DType]?: DType } = {
  bool: "u8",
  i8: "i32",
  i16: "i32",
  u8: "i32",
  u16: "i32",
  u32: "i64",
  u64: "i64",
  f16: "f32",
};
/** Where onnxruntime 1.30 has no kernel of an operator for a dtype, though ONNX allows it (probed type by type). */
const MISSING: { readonly [operator: string]: readonly DType[] } = {
  Where: ["bool", "i8", "i16", "u16", "u32", "u64"],
  Max: ["i16", "u16"],
  Min: ["i16", "u16"],
  Pad: ["i16", "u16"],
  ReduceMax: ["i16", "u16", "u32", "u64"],
  ReduceMin: ["i16", "u16", "u32", "u64"],
  BitShift: ["u16"],
};
/** The dtype in which an operator runs on values of `dtype`: itself, or the nearest that onnxruntime has. */
export function kernelType(operator: string, dtype: DType): DType {
  if (MISSING[operator]?.includes(dtype) !== true) return dtype;
  return operator === "BitShift" ? "u32" : (WIDER[dtype] as DType);
}

/** Elements as little-endian bytes; integers wrap. Not for f16 and bf16: the graph computes neither. */
export function encode(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const width = DTYPES[dtype].itemsize;
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, v] of values.entries()) put(view, i * width, dtype, v);
  return bytes;
}

function put(view: DataView, at: number, dtype: DType, v: number | bigint): void {
  if (dtype === "f32") return view.setFloat32(at, Number(v), true);
  if (dtype === "f64") return view.setFloat64(at, Number(v), true);
  const bits = BigInt.asUintN(64, BigInt(v));
  switch (DTYPES[dtype].itemsize) {
    case 8:
      return view.setBigUint64(at, bits, true);
    case 4:
      return view.setUint32(at, Number(bits & 0xffffffffn), true);
    case 2:
      return view.setUint16(at, Number(bits & 0xffffn), true);
    default:
      return view.setUint8(at, Number(bits & 0xffn));
  }
}

/** All elements of little-endian bytes as numbers, 64-bit integers rounded. */
export function numbersOf(dtype: DType, bytes: Uint8Array): number[] {
  const width = DTYPES[dtype].itemsize;
  const at = (i: number): number => Number(decode(dtype, bytes.subarray(i * width, (i + 1) * width)));
  return Array.from({ length: bytes.length / width }, (_, i) => at(i));
}

/** The element that little-endian bytes hold: an integer as bigint. */
export function decode(dtype: DType, bytes: Uint8Array): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = readElement(storageOf(dtype) as Storage, view, 0);
  return isFloat(dtype) ? value : BigInt(value);
}
