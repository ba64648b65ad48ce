// Values of every dtype as JavaScript numbers and as wire bytes, written independently of the reference plugin:
// an oracle that shared the subject's conversions would share their mistakes.
import type { ConcreteType, DType } from "tenon-plugin-api";

/** One element: bool as 0/1, 64-bit integers as bigint. Complex arrays interleave real and imaginary parts. */
export type Element = number | bigint;
/** Row-major elements of one array. */
export type Elements = readonly Element[];

/** Bits of significand (hidden one included), smallest and largest exponent of a floating format. */
export interface FloatFormat {
  readonly digits: number;
  readonly minExponent: number;
  readonly maxExponent: number;
}

const FLOATS: { readonly [dtype in DType]?: FloatFormat } = {
  f16: { digits: 11, minExponent: -14, maxExponent: 15 },
  bf16: { digits: 8, minExponent: -126, maxExponent: 127 },
  f32: { digits: 24, minExponent: -126, maxExponent: 127 },
  f64: { digits: 53, minExponent: -1022, maxExponent: 1023 },
  c64: { digits: 24, minExponent: -126, maxExponent: 127 },
  c128: { digits: 53, minExponent: -1022, maxExponent: 1023 },
  f8e5m2: { digits: 3, minExponent: -14, maxExponent: 15 },
  f8e4m3fn: { digits: 4, minExponent: -6, maxExponent: 8 },
};

/** The format of a float's or complex's parts, or undefined. */
export function formatOf(dtype: DType): FloatFormat | undefined {
  return FLOATS[dtype];
}

/** Number of bytes of one element on the wire. */
export function bytesPerElement(dtype: DType): number {
  switch (dtype) {
    case "c128":
      return 16;
    case "i64":
    case "u64":
    case "f64":
    case "c64":
      return 8;
    case "i32":
    case "u32":
    case "f32":
      return 4;
    case "i16":
    case "u16":
    case "f16":
    case "bf16":
      return 2;
    default:
      return 1;
  }
}

/** Whether elements are (re, im) pairs. */
export function isComplex(dtype: DType): boolean {
  return dtype === "c64" || dtype === "c128";
}

/** Whether elements are floating or complex. */
export function isInexact(dtype: DType): boolean {
  return FLOATS[dtype] !== undefined;
}

/** Bits of an integer dtype; bool counts as 1. */
export function bitsOf(dtype: DType): number {
  return dtype === "bool" ? 1 : Number(dtype.slice(1));
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Number of wire bytes of a type. */
export function nbytesOf(type: ConcreteType): number {
  return sizeOf(type.shape) * bytesPerElement(type.dtype);
}

/** Nearest value of the format, ties to even; beyond the largest: infinity (f8e4m3fn has none: NaN). */
export function roundTo(dtype: DType, x: number): number {
  const format = FLOATS[dtype];
  if (format === undefined || format.digits === 53 || !Number.isFinite(x) || x === 0)
    return fnInfinity(dtype, x);
  if (format.digits === 24) return Math.fround(x);
  const quantum = 2 ** (exponentOf(x, format) - format.digits + 1);
  const rounded = roundHalfEven(x / quantum) * quantum;
  const limit = dtype === "f8e4m3fn" ? 448 : 2 ** format.maxExponent * (2 - 2 ** (1 - format.digits));
  return Math.abs(rounded) > limit ? fnInfinity(dtype, rounded * Infinity) : rounded;
}

function fnInfinity(dtype: DType, x: number): number {
  return dtype === "f8e4m3fn" && !Number.isFinite(x) ? NaN : x;
}

/** Exponent of `x` in a format, not below its smallest normal one. */
function exponentOf(x: number, format: FloatFormat): number {
  let e = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** e > Math.abs(x))
    e--; // log2 rounds
  else if (2 ** (e + 1) <= Math.abs(x)) e++;
  return Math.max(e, format.minExponent);
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

/** Distance between neighbouring values of the dtype around `x`. */
export function ulpOf(dtype: DType, x: number): number {
  const format = FLOATS[dtype];
  if (format === undefined) return 1;
  if (!Number.isFinite(x)) return 0;
  const e = x === 0 ? format.minExponent : exponentOf(x, format);
  return 2 ** Math.max(e - format.digits + 1, -1074);
}

/** Wraps an integer into the dtype, as two's complement arithmetic does. */
export function wrapInt(dtype: DType, x: bigint): Element {
  const bits = bitsOf(dtype);
  const wrapped = dtype.startsWith("i") ? BigInt.asIntN(bits, x) : BigInt.asUintN(bits, x);
  return bits === 64 ? wrapped : Number(wrapped);
}

/** The element of the dtype nearest to a given value: rounds floats, wraps integers, bool is `≠ 0`. */
export function toElement(dtype: DType, x: Element | boolean): Element {
  if (dtype === "bool") return Number(x) !== 0 ? 1 : 0;
  if (isInexact(dtype)) return roundTo(dtype, Number(x));
  return wrapInt(dtype, typeof x === "bigint" ? x : BigInt(Math.trunc(Number(x))));
}

function encodeSmallFloat(dtype: DType, value: number): number {
  const format = FLOATS[dtype] as FloatFormat;
  const mantissaBits = format.digits - 1;
  const exponentBits = (dtype === "f16" ? 16 : dtype === "bf16" ? 16 : 8) - 1 - mantissaBits;
  const sign = value < 0 || Object.is(value, -0) ? 1 << (exponentBits + mantissaBits) : 0;
  const ones = ((1 << exponentBits) - 1) << mantissaBits;
  if (Number.isNaN(value))
    return dtype === "f8e4m3fn" ? sign | 0x7f : sign | ones | (1 << (mantissaBits - 1));
  if (!Number.isFinite(value)) return sign | ones;
  const a = Math.abs(value);
  if (a < 2 ** format.minExponent) return sign | Math.round(a / 2 ** (format.minExponent - mantissaBits));
  const e = exponentOf(a, format);
  const fraction = Math.round((a / 2 ** e - 1) * 2 ** mantissaBits);
  return sign | ((e - format.minExponent + 1) << mantissaBits) | fraction;
}

function decodeSmallFloat(dtype: DType, bits: number): number {
  const format = FLOATS[dtype] as FloatFormat;
  const mantissaBits = format.digits - 1;
  const exponentBits = (dtype === "f16" || dtype === "bf16" ? 16 : 8) - 1 - mantissaBits;
  const sign = (bits >> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  const exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
  const fraction = bits & ((1 << mantissaBits) - 1);
  if (exponent === 0) return sign * fraction * 2 ** (format.minExponent - mantissaBits);
  if (dtype === "f8e4m3fn") {
    if (exponent === 15 && fraction === 7) return NaN;
  } else if (exponent === (1 << exponentBits) - 1) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction * 2 ** -mantissaBits) * 2 ** (exponent + format.minExponent - 1);
}

/** Wire bytes (little-endian, row-major) of elements. Floats are rounded, integers wrapped. */
export function encode(dtype: DType, elements: readonly (Element | boolean)[]): Uint8Array {
  const part = isComplex(dtype) ? bytesPerElement(dtype) / 2 : bytesPerElement(dtype);
  const bytes = new Uint8Array(elements.length * part);
  const view = new DataView(bytes.buffer);
  elements.forEach((raw, i) => {
    const x = toElement(dtype, raw);
    const at = i * part;
    if (dtype === "f32" || dtype === "c64") view.setFloat32(at, Number(x), true);
    else if (dtype === "f64" || dtype === "c128") view.setFloat64(at, Number(x), true);
    else if (dtype === "f16" || dtype === "bf16")
      view.setUint16(at, encodeSmallFloat(dtype, Number(x)), true);
    else if (isInexact(dtype)) view.setUint8(at, encodeSmallFloat(dtype, Number(x)));
    else if (part === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(x)), true);
    else if (part === 4) view.setUint32(at, Number(x) >>> 0, true);
    else if (part === 2) view.setUint16(at, Number(x) & 0xffff, true);
    else view.setUint8(at, Number(x) & 0xff);
  });
  return bytes;
}

/** Elements of wire bytes. */
export function decode(dtype: DType, bytes: Uint8Array): Element[] {
  const part = isComplex(dtype) ? bytesPerElement(dtype) / 2 : bytesPerElement(dtype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / part }, (_, i) => decodeAt(dtype, view, i * part));
}

function decodeAt(dtype: DType, view: DataView, at: number): Element {
  switch (dtype) {
    case "f32":
    case "c64":
      return view.getFloat32(at, true);
    case "f64":
    case "c128":
      return view.getFloat64(at, true);
    case "f16":
    case "bf16":
      return decodeSmallFloat(dtype, view.getUint16(at, true));
    case "f8e4m3fn":
    case "f8e5m2":
      return decodeSmallFloat(dtype, view.getUint8(at));
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i16":
      return view.getInt16(at, true);
    case "u16":
      return view.getUint16(at, true);
    case "i8":
    case "i4":
      return view.getInt8(at);
    default:
      return view.getUint8(at);
  }
}
