// Host bytes of values: little-endian elements of each dtype, and back.
import { bf16Bits, f16Bits, roundBf16, roundF16, type DType as WireDType } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import type { Complex } from "../ir/ndarray.ts";

const scratch = new DataView(new ArrayBuffer(16));

/** One element as the host holds it. */
export type ScalarValue = number | bigint | boolean | Complex;

/** A text that is equal for equal elements of one dtype; −0 and 0 differ. */
export function scalarKey(value: ScalarValue): string {
  if (typeof value === "object") return `${scalarKey(value.re)},${scalarKey(value.im)}`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The bytes of one element. */
export function encodeScalar(value: ScalarValue, dtype: WireDType): Uint8Array {
  if (typeof value === "object") {
    const part = dtype === "c128" ? "f64" : "f32";
    return Uint8Array.of(...encodeScalar(value.re, part), ...encodeScalar(value.im, part));
  }
  const n = Number(value);
  const int = (): bigint => (typeof value === "bigint" ? value : BigInt(Math.trunc(n)));
  const bytes = (count: number): Uint8Array => new Uint8Array(scratch.buffer.slice(0, count));
  switch (dtype) {
    case "bool":
      scratch.setUint8(0, n === 0 ? 0 : 1);
      return bytes(1);
    case "i8":
    case "u8":
      scratch.setUint8(0, Number(BigInt.asUintN(8, int())));
      return bytes(1);
    case "i16":
    case "u16":
      scratch.setUint16(0, Number(BigInt.asUintN(16, int())), true);
      return bytes(2);
    case "i32":
    case "u32":
      scratch.setUint32(0, Number(BigInt.asUintN(32, int())), true);
      return bytes(4);
    case "i64":
    case "u64":
      scratch.setBigUint64(0, BigInt.asUintN(64, int()), true);
      return bytes(8);
    case "f16":
      scratch.setUint16(0, f16Bits(roundF16(n)), true);
      return bytes(2);
    case "bf16":
      scratch.setUint16(0, bf16Bits(roundBf16(n)), true);
      return bytes(2);
    case "f32":
      scratch.setFloat32(0, n, true);
      return bytes(4);
    case "f64":
      scratch.setFloat64(0, n, true);
      return bytes(8);
    case "c64":
      return Uint8Array.of(...encodeScalar(n, "f32"), 0, 0, 0, 0);
    case "c128":
      return Uint8Array.of(...encodeScalar(n, "f64"), 0, 0, 0, 0, 0, 0, 0, 0);
    default:
      throw fail("E_INTERNAL", `internal: no host scalar of ${dtype}`);
  }
}
