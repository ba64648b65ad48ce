// Arithmetic on dimensions that may be symbolic. Numbers fold; what symbols leave open stays an expression and
// compares as "may be equal", so that a rule refuses only what is surely wrong.
import type { Dim, DimExpr } from "./program.ts";

type DimOp = DimExpr[0];
const FOLD: { readonly [O in DimOp]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => Math.floor(a / b),
  mod: (a, b) => a - b * Math.floor(a / b),
  max: Math.max,
  min: Math.min,
};
/** What an expression is when one side is this number. */
const NEUTRAL: { readonly [O in DimOp]?: number } = { add: 0, mul: 1 };

/** `a op b`, folded where both are numbers or one is neutral. */
export function dimOf(op: DimOp, a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return FOLD[op](a, b);
  if (a === NEUTRAL[op]) return b;
  if (b === NEUTRAL[op] || (op === "floordiv" && b === 1)) return a;
  return [op, a, b];
}

/** Structurally equal. */
export function sameDim(a: Dim, b: Dim): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  const [x, y] = [a, b];
  return x[0] === y[0] && sameDim(x[1], y[1]) && sameDim(x[2], y[2]);
}

/** Surely different: both are numbers and differ. */
export const differ = (a: Dim, b: Dim): boolean => typeof a === "number" && typeof b === "number" && a !== b;
/** Surely a > b. */
export const exceeds = (a: Dim, b: Dim): boolean => typeof a === "number" && typeof b === "number" && a > b;
/** Shapes that surely differ, in rank or in some dimension. */
export const shapesDiffer = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length !== b.length || a.some((d, i) => differ(d, b[i] as Dim));

/** Product of the dimensions. */
export const sizeOfDims = (shape: readonly Dim[]): Dim =>
  shape.reduce((n, d) => dimOf("mul", n, d), 1 as Dim);

/** Symbols that an expression mentions, added to `found`. */
export function symbolsOf(dim: Dim, found: Set<string>): void {
  if (typeof dim === "string") found.add(dim);
  else if (typeof dim !== "number") {
    symbolsOf(dim[1], found);
    symbolsOf(dim[2], found);
  }
}

/** `f32[8,128]`, `token`. */
export function printType(type: { readonly dtype: string; readonly shape?: readonly Dim[] }): string {
  return type.shape === undefined ? type.dtype : `${type.dtype}[${type.shape.map(printDim).join(",")}]`;
}
function printDim(dim: Dim): string {
  return typeof dim === "object" ? `${dim[0]}(${printDim(dim[1])},${printDim(dim[2])})` : String(dim);
}
