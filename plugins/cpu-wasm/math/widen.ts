// f32 functions computed in f64 lanes: one half of a vector after the other.
import { shuffle, simd } from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";
import { Lanes, type Float } from "./lanes.ts";

const PROMOTE_LOW = simd(95);
const DEMOTE_ZERO = simd(94);
const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0];
const JOIN = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** `compute` of f32 operands in f64, rounded once at the end. */
export function viaF64(
  L32: Lanes,
  args: readonly Float[],
  compute: (L: Lanes, ...args: Float[]) => Float,
): Float {
  const f: Emitter = L32.emitter;
  const L = new Lanes(f, 64, L32.isVector);
  if (!L32.isVector) return [compute(L, ...args.map((x) => L.let([x, 0xbb]))), 0xb6];
  const low = L.let([compute(L, ...args.map((x) => L.let([x, PROMOTE_LOW]))), DEMOTE_ZERO]);
  const high = args.map((x) => L.let([shuffle(HIGH_HALF, x, x), PROMOTE_LOW]));
  return shuffle(JOIN, low, L.let([compute(L, ...high), DEMOTE_ZERO]));
}
