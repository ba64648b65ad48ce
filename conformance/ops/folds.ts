// Folds that have an identity, which a device may split and reorder; computed here without rounding on the way.
import type { DType } from "tenon-plugin-api";
import { edges, kindOf, randomElements, seedOf } from "../inputs.ts";
import { EXACT, sumTolerance, type Tolerance } from "../tolerance.ts";
import { isComplex, toElement, type Element, type Elements } from "../values.ts";

/** Folds with an identity, on real elements: what a reduction may be split and reordered by. */
export type Monoid = "add" | "multiply" | "maximum" | "minimum" | "and" | "or" | "xor";
const ofBits = (f: (a: bigint, b: bigint) => bigint) => (a: Element, b: Element) => f(BigInt(a), BigInt(b));
const FOLD: { readonly [M in Monoid]: (a: Element, b: Element) => Element } = {
  add: (a, b) => (typeof a === "bigint" ? a + (b as bigint) : a + (b as number)),
  multiply: (a, b) => (typeof a === "bigint" ? a * (b as bigint) : a * (b as number)),
  maximum: (a, b) => (a !== a || b !== b ? NaN : a > b ? a : b),
  minimum: (a, b) => (a !== a || b !== b ? NaN : a < b ? a : b),
  and: ofBits((a, b) => a & b),
  or: ofBits((a, b) => a | b),
  xor: ofBits((a, b) => a ^ b),
};
/** The folds of a dtype. */
export function monoidsOf(dtype: DType): readonly Monoid[] {
  switch (kindOf(dtype)) {
    case "b":
      return ["and", "or", "xor"];
    case "c":
      return ["add"];
    case "f":
      return ["add", "multiply", "maximum", "minimum"];
    default:
      return ["add", "multiply", "maximum", "minimum", "and", "or", "xor"];
  }
}
/** The element that changes nothing. */
export function identity(monoid: Monoid, dtype: DType): Element {
  const extremes = [...edges(dtype, "finite"), ...edges(dtype, "inf")].map((x) => x as number);
  switch (monoid) {
    case "multiply":
      return toElement(dtype, 1);
    case "and":
      return dtype === "bool" ? 1 : toElement(dtype, -1n);
    case "maximum":
      return extremes.reduce((a, b) => (a < b ? a : b));
    case "minimum":
      return extremes.reduce((a, b) => (a > b ? a : b));
    default:
      return toElement(dtype, 0);
  }
}
/** Exact where the fold is; a sum of n terms may be rounded n times, a product n times relative to itself. */
export function foldTolerance(monoid: Monoid, dtype: DType, terms: number, bound: number): Tolerance {
  if (kindOf(dtype) !== "f" && kindOf(dtype) !== "c") return EXACT;
  if (monoid === "add") return sumTolerance(dtype, terms, bound);
  return monoid === "multiply" ? { ulp: terms } : EXACT;
}

/** Σ, Π … of positions, without rounding on the way (integers are wrapped at the end). */
export function folded(
  monoid: Monoid,
  dtype: DType,
  init: Element,
  x: Elements,
  positions: readonly number[],
): Elements {
  if (isComplex(dtype))
    return [0, 1].map((k) => positions.reduce((sum, p) => sum + Number(x[2 * p + k]), Number(init)));
  const exact = kindOf(dtype) === "f" ? (v: Element) => v : (v: Element) => BigInt(v);
  const all = positions.reduce((acc, p) => FOLD[monoid](acc, exact(x[p] as Element)), exact(init));
  return [toElement(dtype, all)];
}
/** Random elements of both signs, away from zero. */
export function inputOf(dtype: DType, n: number, key: string): Elements {
  const domain = kindOf(dtype) === "f" || isComplex(dtype) ? ([0.5, 2] as const) : undefined;
  return randomElements(dtype, n, seedOf(key), domain).map((x, i) =>
    typeof x === "number" && domain !== undefined && i % 3 === 0 ? -x : x,
  );
}
/** Σ|x| */
export const boundOf = (x: Elements): number => x.reduce((sum: number, v) => sum + Math.abs(Number(v)), 0);
/** An initial value as elements. */
export const initOf = (dtype: DType, init: Element): Elements => (isComplex(dtype) ? [init, 0] : [init]);
