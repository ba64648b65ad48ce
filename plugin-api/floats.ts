// Half-width floats as bits: decoding, encoding and rounding to nearest even, exact in every case.

const F32 = new Float32Array(1);
const U32 = new Uint32Array(F32.buffer);

/** Bits of a float32. */
export function f32Bits(x: number): number {
  F32[0] = x;
  return U32[0] as number;
}
/** The float32 of these bits. */
export function f32FromBits(bits: number): number {
  U32[0] = bits;
  return F32[0] as number;
}

/** To the nearest bfloat16, ties to even. */
export function roundBf16(x: number): number {
  const bits = f32Bits(x);
  if (x !== x) return x;
  return f32FromBits(((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0);
}

/** To the nearest float16, ties to even. */
export function roundF16(x: number): number {
  if (x === 0 || x !== x || !Number.isFinite(x)) return x;
  const a = Math.abs(x);
  if (a >= 65520) return x < 0 ? -Infinity : Infinity;
  // The exponent of the float32 (or of float16's subnormals) gives the distance of neighbours.
  const exponent = Math.max((f32Bits(a) >>> 23) - 127, -14);
  const ulp = 2 ** (exponent - 10);
  const q = a / ulp;
  const low = Math.floor(q);
  const rest = q - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return Math.sign(x) * rounded * ulp || (x < 0 ? -0 : 0);
}

/** Bits of a value that is a bfloat16. */
export const bf16Bits = (x: number): number => f32Bits(x) >>> 16;
/** The bfloat16 of these bits. */
export const bf16FromBits = (bits: number): number => f32FromBits((bits << 16) >>> 0);

/** Bits of a value that is a float16. */
export function f16Bits(x: number): number {
  if (x !== x) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a === Infinity) return sign | 0x7c00;
  if (a < 2 ** -14) return sign | (a * 2 ** 24);
  const bits = f32Bits(a);
  return sign | (((bits >>> 23) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}
/** The float16 of these bits. */
export function f16FromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
