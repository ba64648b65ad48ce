// How far a result may be from the wanted value: a function of the op's accuracy class and of the dtype, in ulp.
import { rowOf, type DType, type OpName } from "tenon-plugin-api";
import { formatOf, ulpOf, type Element } from "./values.ts";

/** `ulp` units in the last place of the wanted value, plus `atol` (one number, or one per element). */
export interface Tolerance {
  readonly ulp: number;
  readonly atol?: number | readonly number[];
}

/** Equal bits (every NaN is one). */
export const EXACT: Tolerance = { ulp: 0 };

/** Tolerance of an elementwise op by its accuracy class. `abs`, `divide` and `sqrt` are exact for f32 and f64. */
export function toleranceOf(op: OpName, dtype: DType): Tolerance {
  const { accuracy } = rowOf(op);
  const ulp = typeof accuracy === "object" ? accuracy.ulp : 0;
  if (formatOf(dtype) === undefined) return EXACT;
  if (dtype === "c64" || dtype === "c128") return { ulp: Math.max(ulp * 2, 4) };
  if (op === "abs" || ((op === "divide" || op === "sqrt") && (dtype === "f32" || dtype === "f64")))
    return EXACT;
  // The range reduction of sine and cosine is absolute: near a zero of the function the relative error grows.
  const periodic = op === "sine" || op === "cosine" || op === "tan";
  const atol = periodic ? 2 * ulpOf(dtype, 1) : 0;
  return { ulp: dtype === "f16" || dtype === "bf16" ? Math.min(ulp, 2) : ulp, atol };
}

/** Tolerance of a sum of n terms: n roundings of partial sums that never exceed `bound` = Σ|term| (Higham 2002, §4.2). */
export function sumTolerance(dtype: DType, terms: number, bound: number): Tolerance {
  return formatOf(dtype) === undefined ? EXACT : { ulp: 1, atol: terms * ulpOf(dtype, bound) };
}

/** Where two arrays differ, or undefined: `{ index, got, want, error }`. */
export interface Difference {
  readonly index: number;
  readonly got: Element;
  readonly want: Element;
}

/** The first element beyond the tolerance. NaN equals NaN; infinities and, for exact ops, signs of zero must match. */
export function firstDifference(
  dtype: DType,
  got: readonly Element[],
  want: readonly Element[],
  tolerance: Tolerance,
): Difference | undefined {
  for (let index = 0; index < want.length; index++) {
    const g = got[index] as Element;
    const w = want[index] as Element;
    const atol = typeof tolerance.atol === "object" ? (tolerance.atol[index] ?? 0) : (tolerance.atol ?? 0);
    if (!close(dtype, g, w, tolerance.ulp, atol)) return { index, got: g, want: w };
  }
  return undefined;
}

function close(dtype: DType, got: Element, want: Element, ulp: number, atol: number): boolean {
  if (Object.is(got, want)) return true;
  if (typeof got === "bigint" || typeof want === "bigint" || formatOf(dtype) === undefined)
    return got === want;
  if (Number.isNaN(want) || Number.isNaN(got)) return Number.isNaN(want) && Number.isNaN(got);
  const allowed = ulp * ulpOf(dtype, want) + atol;
  if (!Number.isFinite(want) || !Number.isFinite(got)) return allowed > 0 && overflowEdge(dtype, got, want);
  return allowed > 0 && Math.abs(got - want) <= allowed;
}

/** An inexact op may round to infinity what lies within some ulp of the largest finite value, and the other way round. */
function overflowEdge(dtype: DType, got: number, want: number): boolean {
  const format = formatOf(dtype);
  if (format === undefined || Math.sign(got) !== Math.sign(want)) return false;
  const finite = Number.isFinite(got) ? got : want;
  return Math.abs(finite) >= 2 ** format.maxExponent * (2 - 2 ** (6 - format.digits));
}
