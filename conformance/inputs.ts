// Inputs where ops bend: seeded random values, edges of each dtype, and elements that are all different.
import type { DType } from "tenon-plugin-api";
import type { Deviation } from "./case.ts";
import {
  bitsOf,
  formatOf,
  isComplex,
  isInexact,
  toElement,
  ulpOf,
  type Element,
  type Elements,
} from "./values.ts";

/** All dtypes that cases are made for, in the order of the support table. */
export const DTYPES: readonly DType[] = [
  ...(["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"] as const),
  ...(["f16", "bf16", "f32", "f64", "c64", "c128"] as const),
];
/** Letters of dtype kinds: b bool · i signed · u unsigned · f float · c complex. */
export function kindOf(dtype: DType): "b" | "i" | "u" | "f" | "c" {
  if (dtype === "bool") return "b";
  return dtype === "bf16" ? "f" : (dtype[0] as "i" | "u" | "f" | "c");
}
/** The dtypes of some kinds: `dtypesOf("iu")`. */
export const dtypesOf = (kinds: string): readonly DType[] => DTYPES.filter((d) => kinds.includes(kindOf(d)));

/** Numbers in [0, 1) from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
/** A seed from a text, so that each case has inputs of its own. */
export const seedOf = (text: string): number =>
  [...text].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 0x01000193), 0x811c9dc5) >>> 0;

/** n elements (complex: n pairs) in [low, high), spread evenly; integers anywhere in their range if no bounds are given. */
export function randomElements(
  dtype: DType,
  n: number,
  seed: number,
  [low, high]: readonly [number, number] = kindOf(dtype) === "f" || isComplex(dtype) ? [-4, 4] : [NaN, NaN],
): Elements {
  const next = random(seed);
  const one = (): Element => {
    if (dtype === "bool") return next() < 0.5 ? 0 : 1;
    if (!isInexact(dtype) && Number.isNaN(low)) return toElement(dtype, wide(next));
    return toElement(dtype, low + (high - low) * next());
  };
  return Array.from({ length: isComplex(dtype) ? 2 * n : n }, one);
}
const wide = (next: () => number): bigint =>
  (BigInt(Math.floor(next() * 2 ** 32)) << 32n) | BigInt(Math.floor(next() * 2 ** 32));

/** n different elements, for ops that only move them; floats begin with NaN, −0 and the infinities. */
export function distinct(dtype: DType, n: number): Elements {
  if (dtype === "bool") return Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 0));
  if (!isInexact(dtype)) return Array.from({ length: n }, (_, i) => toElement(dtype, BigInt(i + 1)));
  const specials = [NaN, -0, Infinity, -Infinity];
  const length = isComplex(dtype) ? 2 * n : n;
  return Array.from({ length }, (_, i) => specials[i] ?? toElement(dtype, i - length / 2));
}

/** Edge values of a real dtype: what every device keeps, or the values of one deviation. */
export function edges(dtype: DType, about: Deviation | "finite"): Elements {
  if (dtype === "bool") return about === "finite" ? [0, 1] : [];
  const format = formatOf(dtype);
  if (format === undefined) return about === "finite" ? integerEdges(dtype) : [];
  const smallest = 2 ** format.minExponent;
  switch (about) {
    case "finite": {
      const largest = 2 ** format.maxExponent * (2 - 2 ** (1 - format.digits));
      const next = 1 + ulpOf(dtype, 1);
      const both = [1, next, 0.5, 1.5, 2, 2.5, 3, largest, smallest, 2 ** (format.digits - 1)];
      return [0, ...both.flatMap((x) => [x, -x])];
    }
    case "signedZero":
      return [-0, 0];
    case "inf":
      return [Infinity, -Infinity];
    case "nan":
      return [NaN];
    case "denormal":
      return [smallest / 2, -smallest / 2, smallest * 2 ** (1 - format.digits)];
  }
}
function integerEdges(dtype: DType): Elements {
  const bits = BigInt(bitsOf(dtype));
  const signed = dtype.startsWith("i");
  const top = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const bottom = signed ? -top - 1n : 0n;
  const list = [0n, 1n, 2n, 3n, bits - 1n, bits, bits + 1n, top, top - 1n, bottom, bottom + 1n];
  return [...list, ...(signed ? [-1n, -2n, -7n] : [])].map((x) => toElement(dtype, x));
}
