// lax: reductions of axes and windows by a function of two scalars, and cumulative ones.
import { fail } from "../../errors.ts";
import { shaped, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isComplex } from "../../ir/dtype.ts";
import { isVar } from "../../ir/jaxpr.ts";
import { LITERAL, type ArrayLike, type Literal, type NDArray } from "../../ir/ndarray.ts";
import { padtypeToPads } from "../../primitives/conv.ts";
import * as cumulative from "../../primitives/cumulative.ts";
import { checkSizes, literal, toArray } from "../../primitives/operand.ts";
import * as r from "../../primitives/reduce.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import * as w from "../../primitives/window.ts";
import { stage } from "../../transforms/stage.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import type { Padding } from "./contractions.ts";

/** A function of two arrays of one shape, element by element, associative. */
export type Computation = (a: NDArray, b: NDArray) => NDArray;

// --- which monoid a computation is -----------------------------------------------------------------------------------

type Monoid = "add" | "mul" | "max" | "min" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor";
const MONOIDS: readonly string[] = ["add", "mul", "max", "min", "bitwiseAnd", "bitwiseOr", "bitwiseXor"];

/** The monoid that a computation is: it applies one operation to its two arguments. null for anything else. */
function monoidOf(name: string, computation: Computation, like: NDArray): Monoid | null {
  const scalar = shaped([], like.aval.dtype);
  const { jaxpr } = stage(
    ([a, b]) => [toArray(name, computation(a as NDArray, b as NDArray))],
    [scalar, scalar],
    name,
  );
  const [eqn] = jaxpr.eqns;
  const [out] = jaxpr.outs;
  if (jaxpr.eqns.length !== 1 || eqn === undefined || out === undefined || out !== eqn.outVars[0])
    return null;
  const vars = new Set(eqn.inputs.filter(isVar));
  return vars.size === 2 && MONOIDS.includes(eqn.primitive.name) ? (eqn.primitive.name as Monoid) : null;
}

const WIRE: { readonly [M in Monoid]: Parameters<typeof r.identityOfMonoid>[0] } = {
  add: "add",
  mul: "multiply",
  max: "maximum",
  min: "minimum",
  bitwiseAnd: "and",
  bitwiseOr: "or",
  bitwiseXor: "xor",
};
/** Is the start value the one that the monoid starts with anyway? */
const isNeutral = (monoid: Monoid, init: NDArray): boolean =>
  init.kind === LITERAL &&
  !isComplex(init.dtype) &&
  Object.is(Number((init as Literal).value), Number(r.identityOfMonoid(WIRE[monoid], init.dtype)));

const REDUCERS: Readonly<Record<Monoid, (x: NDArray, axes: Shape) => NDArray>> = {
  add: r.reduceSum,
  mul: r.reduceProd,
  max: r.reduceMax,
  min: r.reduceMin,
  bitwiseAnd: r.reduceAnd,
  bitwiseOr: r.reduceOr,
  bitwiseXor: r.reduceXor,
};

/**
 * Axes reduced by an associative computation, starting from `initValues`, its neutral element.
 * Source: jax.lax.reduce for one operand.
 */
export function reduce(
  operands: ArrayLike,
  initValues: ArrayLike,
  computation: Computation,
  dimensions: Shape,
): NDArray {
  const x = toArray("lax.reduce", operands);
  checkSizes("lax.reduce", "dimensions", dimensions);
  const axes = dimensions.map((d) => canonicalAxis("lax.reduce", d, x.ndim));
  const init = startOf("lax.reduce", x, initValues);
  const monoid = monoidOf("lax.reduce", computation, x);
  const reduced = monoid === null ? folded(x, axes, computation) : REDUCERS[monoid](x, axes);
  if (monoid !== null && isNeutral(monoid, init)) return reduced as NDArray;
  return reduced === null
    ? context().lax.broadcastInDim(init, withoutAxes(x.shape, axes), [])
    : computation(init, reduced);
}
function startOf(name: string, x: NDArray, value: ArrayLike): NDArray {
  const v = typeof value === "object" ? toArray(name, value) : literal(value, x.dtype);
  if (v.ndim !== 0 || v.dtype !== x.dtype)
    throw fail("E_DTYPE_MISMATCH", `${name}: the start value is ${v.aval}, expected a scalar of ${x.dtype}`);
  return v;
}
const withoutAxes = (shape: Shape, axes: Shape): number[] => shape.filter((_, i) => !axes.includes(i));

/** Pairs combined until one is left; null when there is nothing. */
function folded(x: NDArray, axes: Shape, computation: Computation): NDArray | null {
  const { lax } = context();
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const shape = rest.map((i) => x.shape[i] as number);
  let n = axes.reduce((k, i) => k * (x.shape[i] as number), 1);
  if (n === 0) return null;
  let y = lax.reshape(lax.transpose(x, [...axes, ...rest]), [n, ...shape]);
  while (n > 1) {
    const half = n >> 1;
    const pairs = computation(lax.sliceInDim(y, 0, half), lax.sliceInDim(y, half, 2 * half));
    y = n % 2 === 0 ? pairs : lax.concatenate([pairs, lax.sliceInDim(y, 2 * half, n)], 0);
    n = half + (n % 2);
  }
  return lax.reshape(y, shape);
}

// --- windows -----------------------------------------------------------------------------------------------------------

const WINDOWS: { readonly [M in Monoid]?: w.ReduceWindowFn } = {
  add: w.reduceWindowSum,
  max: w.reduceWindowMax,
  min: w.reduceWindowMin,
};

/**
 * Sliding windows reduced by an associative computation. Padding counts as `initValue`, its neutral element.
 * Source: jax.lax.reduce_window for one operand.
 */
export function reduceWindow(
  operand: ArrayLike,
  initValue: ArrayLike,
  computation: Computation,
  windowDimensions: Shape,
  windowStrides?: Shape | null,
  padding: Padding = "VALID",
  options: Options<never, { baseDilation: Shape | null; windowDilation: Shape | null }> = {},
): NDArray {
  checkOptions("lax.reduceWindow", options, ["baseDilation", "windowDilation"]);
  const { lax } = context();
  const x = toArray("lax.reduceWindow", operand);
  const init = startOf("lax.reduceWindow", x, initValue);
  const ones = x.shape.map(() => 1);
  const strides = windowStrides ?? ones;
  const [base, dilation] = [options.baseDilation ?? ones, options.windowDilation ?? ones];
  for (const [what, list] of Object.entries({ windowDimensions, strides, base, dilation }))
    if (list.length !== x.ndim)
      throw fail(
        "E_SHAPE",
        `lax.reduceWindow: ${what} has ${list.length} entries, expected one per axis of ${x.aval}`,
      );
  const extents = windowDimensions.map((n, i) => (n - 1) * (dilation[i] as number) + 1);
  const spread = x.shape.map((n, i) => (n === 0 ? 0 : (n - 1) * (base[i] as number) + 1));
  const pads =
    typeof padding === "string" ? padtypeToPads(spread, extents, strides, padding.toUpperCase()) : padding;
  const monoid = monoidOf("lax.reduceWindow", computation, x);
  const named = monoid === null || x.dtype === "bool" ? undefined : WINDOWS[monoid];
  if (named !== undefined && isNeutral(monoid as Monoid, init))
    return named(x, windowDimensions, strides, pads, { baseDilation: base, windowDilation: dilation });
  // Padding and holes hold the start value; what is left is a plain reduction of windows that fit.
  const whole = lax.pad(
    x,
    init,
    pads.map(([low, high], i) => [low, high, (base[i] as number) - 1] as const),
  );
  const reduced =
    named !== undefined
      ? named(whole, windowDimensions, strides, "VALID", { windowDilation: dilation })
      : shifted(whole, windowDimensions, strides, dilation, computation);
  return reduced === null ? emptyWindows(whole, init, extents, strides) : computation(init, reduced);
}
/** Windows as strided slices of the whole, one a place of the window, folded in order. */
function shifted(
  x: NDArray,
  window: Shape,
  strides: Shape,
  dilation: Shape,
  computation: Computation,
): NDArray | null {
  const { lax } = context();
  const counts = windowCounts(
    x.shape,
    window.map((n, i) => (n - 1) * (dilation[i] as number) + 1),
    strides,
  );
  const total = window.reduce((n, d) => n * d, 1);
  let sum: NDArray | null = null;
  for (let k = 0; k < total; k++) {
    const start = placeOf(k, window).map((p, i) => p * (dilation[i] as number));
    const limit = start.map(
      (s, i) =>
        s + Math.max((counts[i] as number) - 1, 0) * (strides[i] as number) + (counts[i] === 0 ? 0 : 1),
    );
    const part = lax.slice(x, start, limit, strides);
    sum = sum === null ? part : computation(sum, part);
  }
  return sum;
}
const windowCounts = (shape: Shape, extents: Shape, strides: Shape): number[] =>
  shape.map((n, i) =>
    n < (extents[i] as number) ? 0 : Math.floor((n - (extents[i] as number)) / (strides[i] as number)) + 1,
  );
function placeOf(k: number, shape: Shape): number[] {
  const place: number[] = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    place.unshift(k % (shape[i] as number));
    k = Math.floor(k / (shape[i] as number));
  }
  return place;
}
const emptyWindows = (x: NDArray, init: NDArray, extents: Shape, strides: Shape): NDArray =>
  context().lax.broadcastInDim(init, windowCounts(x.shape, extents, strides), []);

// --- cumulative --------------------------------------------------------------------------------------------------------

/** Options of the cumulative reductions. */
export type CumulativeOptions = Options<"reverse", { axis: number }>;
const CUMULATIVE = ["axis", "reverse"];

/** Sums of all prefixes along an axis (default 0), of all suffixes if `reverse`. Source: jax.lax.cumsum. */
export function cumsum(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumsum", options, CUMULATIVE);
  return cumulative.cumsum(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Products of all prefixes along an axis. Source: jax.lax.cumprod. */
export function cumprod(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumprod", options, CUMULATIVE);
  return cumulative.cumprod(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Maxima of all prefixes along an axis. Source: jax.lax.cummax. */
export function cummax(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cummax", options, CUMULATIVE);
  return cumulative.cummax(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Minima of all prefixes along an axis. Source: jax.lax.cummin. */
export function cummin(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cummin", options, CUMULATIVE);
  return cumulative.cummin(operand, options.axis ?? 0, options.reverse ?? false);
}
/** log Σ exp of all prefixes along an axis. Source: jax.lax.cumlogsumexp. */
export function cumlogsumexp(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumlogsumexp", options, CUMULATIVE);
  return cumulative.cumlogsumexp(operand, options.axis ?? 0, options.reverse ?? false);
}
