// Bytes and dtypes at the border of the runner: JAX's dtype names to wire names, base64 to bytes.
import type { DType } from "tenon-plugin-api";

const WIRE: Readonly<Record<string, DType>> = {
  bool: "bool",
  int4: "i4",
  int8: "i8",
  int16: "i16",
  int32: "i32",
  int64: "i64",
  uint8: "u8",
  uint16: "u16",
  uint32: "u32",
  uint64: "u64",
  float8_e4m3fn: "f8e4m3fn",
  float8_e5m2: "f8e5m2",
  float16: "f16",
  bfloat16: "bf16",
  float32: "f32",
  float64: "f64",
  complex64: "c64",
  complex128: "c128",
};

/** The wire name of a dtype. @throws Error for one that no wire value has */
export function wireDType(name: string): DType {
  const wire = WIRE[name];
  if (wire === undefined) throw new Error(`unknown dtype ${name}`);
  return wire;
}

/** Bytes of base64 text. */
export function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
