// Element types on both sides: their ONNX numbers, their bytes, and the type that carries their arithmetic.
// onnxruntime has full kernels for f32, f64, i32 and i64 only (registered kernels of 1.30, probed type by type),
// so everything else is computed in one of these four and cast back.
import type { DType } from "tenon-plugin-api";
import { TensorProto_DataType as T } from "./proto/onnx_pb.ts";

/** Number of the element type in ONNX (`TensorProto.DataType`). */
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
  bf16: T.BFLOAT16,
  f32: T.FLOAT,
  f64: T.DOUBLE,
};

/** The dtypes a model may hold, inputs and results included. */
export const DTYPES: readonly DType[] = Object.keys(ONNX_TYPE) as DType[];

/** Bytes of one element. */
export const WIDTH: { readonly [D in DType]?: number } = {
  bool: 1,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  f16: 2,
  bf16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  i64: 8,
  u64: 8,
  f64: 8,
};

/** The four element types in which onnxruntime computes everything. */
export type Carrier = "f32" | "f64" | "i32" | "i64";

const CARRIER: { readonly [D in DType]?: Carrier } = {
  bool: "i32",
  i8: "i32",
  i16: "i32",
  i32: "i32",
  u8: "i32",
  u16: "i32",
  u32: "i64",
  i64: "i64",
  u64: "i64", // as the same 64 bits: sums and products wrap alike; comparison and division look at the sign bit
  f16: "f32",
  bf16: "f32",
  f32: "f32",
  f64: "f64",
};

/** The element type that computes for `dtype`: holds every value of it exactly (u64: the same bits). */
export function carrierOf(dtype: DType): Carrier {
  const carrier = CARRIER[dtype];
  if (carrier === undefined) throw new Error(`internal: no carrier for ${dtype}`);
  return carrier;
}

export const isFloat = (d: DType): boolean => d === "f16" || d === "bf16" || d === "f32" || d === "f64";
export const isUnsigned = (d: DType): boolean => d === "u8" || d === "u16" || d === "u32" || d === "u64";
export const isInteger = (d: DType): boolean => isUnsigned(d) || /^i(8|16|32|64)$/.test(d);
/** Bits of an integer or float type. */
export const bitsOf = (d: DType): number => 8 * (WIDTH[d] ?? 0);

/** Smallest and largest value of an integer type. */
export function rangeOf(d: DType): readonly [bigint, bigint] {
  const bits = BigInt(bitsOf(d));
  return isUnsigned(d) ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

/** Elements as little-endian bytes. Not for f16 and bf16: the writer makes scalars in carriers only. */
export function encode(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const width = WIDTH[dtype] ?? 0;
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, v] of values.entries()) put(view, i * width, dtype, v);
  return bytes;
}

function put(view: DataView, at: number, dtype: DType, v: number | bigint): void {
  switch (dtype) {
    case "f32":
      return view.setFloat32(at, Number(v), true);
    case "f64":
      return view.setFloat64(at, Number(v), true);
    case "i64":
    case "u64":
      return view.setBigInt64(at, BigInt(v), true);
    case "i32":
    case "u32":
      return view.setInt32(at, Number(v) | 0, true);
    case "i16":
    case "u16":
      return view.setInt16(at, Number(v), true);
    case "i8":
    case "u8":
    case "bool":
      return view.setInt8(at, Number(v));
    default:
      throw new Error(`internal: cannot encode ${dtype}`);
  }
}
