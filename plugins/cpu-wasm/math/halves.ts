// f16 and bf16 as bits in 32-bit lanes.
import type { Bits, Float, Lanes } from "./lanes.ts";

/** Bits of the nearest f16 (ties to even) of an f32. */
export function f16Bits(L: Lanes, x: Float): Bits {
  const bits = L.letBits(L.bits(x));
  const sign = L.letBits(L.and(bits, L.i(0x80000000)));
  const u = L.letBits(L.xor(bits, sign));
  const nonFinite = L.sel(L.igt(u, L.i(0x7f800000)), L.i(0x7e00), L.i(0x7c00));
  // Below 2^−14: adding ½ leaves the subnormal's bits at the mantissa's end, rounded.
  const half = L.f(0.5);
  const subnormal = L.isub(L.bits(L.add(L.float(u), half)), L.i(0x3f000000));
  const odd = L.and(L.shrU(u, 13), L.i(1));
  const rebased = L.iadd(L.iadd(u, L.i(((15 - 127) << 23) + 0xfff)), odd);
  const normal = L.shrU(rebased, 13);
  const small = L.sel(L.ilt(u, L.i(0x38800000)), subnormal, normal);
  const h = L.sel(L.ilt(u, L.i(0x47800000)), small, nonFinite);
  return L.or(h, L.shrU(sign, 16));
}
/** Value of f16 bits. */
export function f16FromBits(L: Lanes, h: Bits): Float {
  const u = L.letBits(L.shl(L.and(h, L.i(0x7fff)), 13));
  const scaled = L.bits(L.mul(L.float(u), L.f(2 ** 112)));
  const special = L.or(u, L.i(0x7f800000));
  const magnitude = L.sel(L.ilt(u, L.i(0x7c00 << 13)), scaled, special);
  return L.float(L.or(magnitude, L.shl(L.and(h, L.i(0x8000)), 16)));
}
/** Bits of the nearest bf16 (ties to even) of an f32. */
export function bf16Bits(L: Lanes, x: Float): Bits {
  const u = L.letBits(L.bits(x));
  const odd = L.and(L.shrU(u, 16), L.i(1));
  const rounded = L.shrU(L.iadd(L.iadd(u, L.i(0x7fff)), odd), 16);
  const quiet = L.or(L.shrU(u, 16), L.i(0x40));
  return L.sel(L.igt(L.and(u, L.i(0x7fffffff)), L.i(0x7f800000)), quiet, rounded);
}
/** Value of bf16 bits. */
export function bf16FromBits(L: Lanes, h: Bits): Float {
  return L.float(L.shl(h, 16));
}
