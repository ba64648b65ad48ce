// Host bytes of values: little-endian elements of each dtype, and back.
import type { DType as WireDType } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import type { Complex } from "../ir/ndarray.ts";

const scratch = new DataView(new ArrayBuffer(16));
const FLOAT_BITS = new Uint32Array(1);
const FLOAT = new Float32Array(FLOAT_BITS.buffer);

/** bfloat16 bits of a number, rounded to nearest even. */
function toBfloat16(x: number): number {
  FLOAT[0] = x;
  const bits = FLOAT_BITS[0] as number;
  if (x !== x) return 0x7fc0 | ((bits >>> 16) & 0x8000);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
/** Number of bfloat16 bits. */
export function fromBfloat16(bits: number): number {
  FLOAT_BITS[0] = bits << 16;
  return FLOAT[0] as number;
}
/** float16 bits of a number, rounded to nearest even. */
export function toFloat16(x: number): number {
  if (x !== x) return 0x7e00;
  const sign = Object.is(x, -0) || x < 0 ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return sign | 0x7c00;
  if (a < 2 ** -14) return sign | roundEven(a * 2 ** 24);
  const e = Math.floor(Math.log2(a));
  const exact = 2 ** e > a ? e - 1 : e;
  const mantissa = roundEven((a / 2 ** exact - 1) * 1024);
  return sign | (((exact + 15) << 10) + mantissa);
}
/** Number of float16 bits. */
export function fromFloat16(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const e = (h >> 10) & 31;
  const m = h & 1023;
  if (e === 0) return sign * m * 2 ** -24;
  if (e === 31) return m === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + m / 1024) * 2 ** (e - 15);
}
function roundEven(x: number): number {
  const f = Math.floor(x);
  const d = x - f;
  return d < 0.5 || (d === 0.5 && f % 2 === 0) ? f : f + 1;
}

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
      scratch.setUint16(0, toFloat16(n), true);
      return bytes(2);
    case "bf16":
      scratch.setUint16(0, toBfloat16(n), true);
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
