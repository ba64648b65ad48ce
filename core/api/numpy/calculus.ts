// np: differences, gradients, integrals, convolutions and interpolation of sampled functions.
import { fail } from "../../errors.ts";
import { isBool, isComplex, isInteger, type DType } from "../../ir/dtype.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options, PrecisionLike } from "../keywords.ts";
import { arraysOf, broadcastTo, promoteDTypes, promoteOne } from "../promotion.ts";
import { absolute, add, conj, divide, floorDivide, multiply, remainder, subtract } from "./arithmetic.ts";
import { axesOf, oneAxis } from "./axes.ts";
import { finfo } from "./dtypes.ts";
import { L, pick } from "./define.ts";
import { concatenate } from "./joining.ts";
import { greater, less } from "./logic.ts";
import { sum } from "./reductions.ts";
import { searchsorted } from "./searching.ts";
import { moveaxis, ravel } from "./shape.ts";

/** Elements of an axis from `from` up to before `to`; negative ones count from the end. */
function cut(x: NDArray, axis: number, from: number, to: number | null = null): NDArray {
  const n = x.shape[axis] as number;
  const at = (i: number): number => Math.min(Math.max(i < 0 ? i + n : i, 0), n);
  return L().sliceInDim(x, at(from), Math.max(at(from), to === null ? n : at(to)), 1, axis);
}
/** Words of diff. */
export type DiffOptions = Options<
  never,
  { n: number; axis: number; prepend: ArrayLike | null; append: ArrayLike | null }
>;
const diffOf = composite("np.diff", (parts: readonly NDArray[], n: number, axis: number) => {
  const lax = L();
  let x = parts.length === 1 ? (parts[0] as NDArray) : concatenate(parts, { axis });
  for (let i = 0; i < n; i++) {
    const [a, b] = [cut(x, axis, 1), cut(x, axis, 0, -1)];
    x = isBool(x.dtype) ? lax.ne(a, b) : lax.sub(a, b);
  }
  return x;
});
/** n-th differences along an axis. Source: jax.numpy.diff. */
export function diff(a: ArrayLike, options: DiffOptions = {}): NDArray {
  checkOptions("np.diff", options, ["n", "axis", "prepend", "append"]);
  const { n = 1, prepend, append } = options;
  const x = toArray("np.diff", a, "a");
  if (!Number.isInteger(n) || n < 0) throw fail("E_ARGUMENT", `np.diff: n is ${String(n)}, expected a count`);
  if (n === 0) return x;
  if (x.ndim === 0) throw fail("E_SHAPE", `np.diff: got ${x.aval}, expected at least one axis`);
  const axis = oneAxis("np.diff", options.axis ?? -1, x);
  const one = x.shape.map((m, i) => (i === axis ? 1 : m));
  const edge = (v: ArrayLike | null | undefined): NDArray[] => {
    if (v == null) return [];
    const [e] = arraysOf("np.diff", [v, x], ["v", "x"]) as [NDArray];
    return [e.ndim === 0 ? broadcastTo("np.diff", e, one) : e];
  };
  return diffOf([...edge(prepend), x, ...edge(append)], n, axis);
}
/** Differences of the flattened array, with what to put at its ends. Source: jax.numpy.ediff1d. */
export function ediff1d(
  ary: ArrayLike,
  options: Options<never, { toEnd: ArrayLike | null; toBegin: ArrayLike | null }> = {},
): NDArray {
  checkOptions("np.ediff1d", options, ["toEnd", "toBegin"]);
  const lax = L();
  const x = ravel(toArray("np.ediff1d", ary, "ary"));
  const edge = (v: ArrayLike | null | undefined): NDArray[] =>
    v == null ? [] : [lax.convertElementType(ravel(v), x.dtype)];
  const parts = [...edge(options.toBegin), lax.sub(cut(x, 0, 1), cut(x, 0, 0, -1)), ...edge(options.toEnd)];
  return parts.length === 1 ? (parts[0] as NDArray) : lax.concatenate(parts, 0);
}

/** Words of gradient. */
export type GradientOptions = Options<"axis">;
/** Central differences; one-sided ones at the ends. */
function slope(a: NDArray, h: NDArray | null, axis: number): NDArray {
  const lax = L();
  const n = a.shape[axis] as number;
  const [first, last] = [
    lax.sub(cut(a, axis, 1, 2), cut(a, axis, 0, 1)),
    lax.sub(cut(a, axis, n - 1), cut(a, axis, n - 2, n - 1)),
  ];
  if (h === null || h.ndim === 0) {
    const inner = lax.mul(lax.sub(cut(a, axis, 2), cut(a, axis, 0, n - 2)), 0.5);
    const per = (x: NDArray): NDArray => (h === null ? x : divide(x, h));
    return lax.concatenate([per(first), per(inner), per(last)], axis);
  }
  const x = lax.broadcastInDim(h, a.shape, [axis]);
  const d1 = lax.sub(cut(x, axis, 1, n - 1), cut(x, axis, 0, n - 2));
  const d2 = lax.sub(cut(x, axis, 2), cut(x, axis, 1, n - 1));
  const both = lax.add(d1, d2);
  const before = lax.div(lax.neg(d2), lax.mul(d1, both));
  const here = lax.div(lax.sub(d2, d1), lax.mul(d1, d2));
  const after = lax.div(d1, lax.mul(d2, both));
  const inner = lax.add(
    lax.add(lax.mul(before, cut(a, axis, 0, n - 2)), lax.mul(here, cut(a, axis, 1, n - 1))),
    lax.mul(after, cut(a, axis, 2)),
  );
  const start = lax.div(first, lax.sub(cut(x, axis, 1, 2), cut(x, axis, 0, 1)));
  const end = lax.div(last, lax.sub(cut(x, axis, n - 1), cut(x, axis, n - 2, n - 1)));
  return lax.concatenate([start, inner, end], axis);
}
const gradientOf = composite("np.gradient", (operands: readonly NDArray[], axes: readonly number[]) => {
  const [a, ...spacing] = promoteDTypes("np.gradient", operands, "inexact", ["f"]) as [NDArray, ...NDArray[]];
  return axes.map((axis, i) => slope(a, spacing[spacing.length === 1 ? 0 : i] ?? null, axis));
});
const isWords = (v: unknown): v is GradientOptions =>
  typeof v === "object" && v !== null && !(v instanceof NDArray) && !ArrayBuffer.isView(v);
/**
 * Slopes by central differences, along all axes (a list for several). `varargs`: one spacing, or one for each axis,
 * each a distance or coordinates; options go last. Source: jax.numpy.gradient.
 */
export function gradient(
  f: ArrayLike,
  ...varargs: readonly (ArrayLike | GradientOptions)[]
): NDArray | NDArray[] {
  const last = varargs[varargs.length - 1];
  const options = isWords(last) ? last : {};
  checkOptions("np.gradient", options, ["axis"]);
  const spacing = (isWords(last) ? varargs.slice(0, -1) : varargs) as readonly ArrayLike[];
  const [a, ...hs] = arraysOf("np.gradient", [f, ...spacing], ["f"]) as [NDArray, ...NDArray[]];
  const axes = axesOf("np.gradient", options.axis, a);
  if (hs.length > 1 && hs.length !== axes.length)
    throw fail("E_ARGUMENT", `np.gradient: ${hs.length} spacings for ${axes.length} axes`);
  axes.forEach((axis, i) => {
    const h = hs[hs.length === 1 ? 0 : i];
    if ((a.shape[axis] as number) < 2)
      throw fail("E_SHAPE", `np.gradient: axis ${axis} of ${a.aval} has fewer than 2 elements`);
    if (h !== undefined && (h.ndim > 1 || (h.ndim === 1 && h.size !== a.shape[axis])))
      throw fail("E_SHAPE", `np.gradient: the spacing ${h.aval} doesn't fit axis ${axis} of ${a.aval}`);
  });
  if (axes.length === 0) return [];
  const out = gradientOf([a, ...hs], axes);
  return out.length === 1 ? (out[0] as NDArray) : out;
}

/** Words of trapezoid. */
export type TrapezoidOptions = Options<never, { x: ArrayLike | null; dx: ArrayLike; axis: number }>;
const trapezoidOf = composite(
  "np.trapezoid",
  ([y, x, dx]: readonly [NDArray, NDArray | null, NDArray], axis: number) => {
    const lax = L();
    const [ys, xs] = promoteDTypes("np.trapezoid", x === null ? [y] : [y, x], "inexact", ["y", "x"]) as [
      NDArray,
      NDArray?,
    ];
    const v = moveaxis(ys, axis, -1);
    const last = v.ndim - 1;
    const width = widths(xs, dx, axis, v.ndim);
    const one = (from: number): NDArray =>
      lax.squeeze(cut(v, last, from, from === -1 ? null : from + 1), [last]);
    if (width.ndim === 0 || width.shape[width.ndim - 1] === 1) {
      const by = width.ndim === 0 ? width : lax.squeeze(cut(width, width.ndim - 1, 0, 1), [width.ndim - 1]);
      return multiply(by, lax.sub(sum(v, { axis: -1 }), lax.mul(0.5, lax.add(one(0), one(-1)))));
    }
    const heights = lax.add(cut(v, last, 1), cut(v, last, 0, -1));
    return lax.mul(0.5, sum(multiply(width, heights), { axis: -1 }));
  },
);
function widths(x: NDArray | undefined, dx: NDArray, axis: number, rank: number): NDArray {
  if (x === undefined) {
    if (dx.ndim === 0) return dx;
    return moveaxis(L().reshape(dx, [...Array<number>(rank - dx.ndim).fill(1), ...dx.shape]), axis, -1);
  }
  return x.ndim === 1 ? diff(x) : moveaxis(diff(x, { axis }), axis, -1);
}
/** Integral of samples by trapezoids. Source: jax.numpy.trapezoid. */
export function trapezoid(y: ArrayLike, options: TrapezoidOptions = {}): NDArray {
  checkOptions("np.trapezoid", options, ["x", "dx", "axis"]);
  const [v, x] = arraysOf("np.trapezoid", options.x == null ? [y] : [y, options.x], ["y", "x"]) as [
    NDArray,
    NDArray?,
  ];
  const axis = oneAxis("np.trapezoid", options.axis ?? -1, v);
  return trapezoidOf([v, x ?? null, toArray("np.trapezoid", options.dx ?? 1)], axis);
}

/** How much of a convolution to keep. */
export type ConvolveMode = "full" | "same" | "valid";
/** Words of convolve and correlate. */
export type ConvolveOptions = Options<"precision" | "preferredElementType", { mode: ConvolveMode }>;
interface ConvolvePlan {
  readonly mode: ConvolveMode;
  readonly correlate: boolean;
  readonly precision: PrecisionLike | null;
  readonly preferred: DType | null;
}
const convolveOf = composite("np.convolve", (operands: readonly [NDArray, NDArray], plan: ConvolvePlan) => {
  const lax = L();
  const domain = plan.preferred === null ? "inexact" : "any";
  let [x, y] = promoteDTypes("np.convolve", operands, domain) as [NDArray, NDArray];
  if (plan.correlate) y = conj(y);
  const swapped = x.size < y.size;
  if (swapped) [x, y] = [y, x];
  if (!plan.correlate) y = lax.rev(y, [0]);
  const n = y.size;
  const pads = { valid: [0, 0], same: [Math.floor(n / 2), n - Math.floor(n / 2) - 1], full: [n - 1, n - 1] }[
    plan.mode
  ];
  const line = (v: NDArray): NDArray => lax.reshape(v, [1, 1, v.size]);
  const out = lax.convGeneralDilated(line(x), line(y), [1], [pads as [number, number]], {
    precision: plan.precision,
    preferredElementType: plan.preferred,
  } as never);
  const flat = lax.reshape(out, [out.size]);
  return plan.correlate && swapped ? lax.rev(flat, [0]) : flat;
});
function convolution(
  name: string,
  a: ArrayLike,
  v: ArrayLike,
  options: ConvolveOptions,
  mode: ConvolveMode,
): NDArray {
  checkOptions(name, options, ["mode", "precision", "preferredElementType"]);
  const pair = arraysOf(name, [a, v], ["a", "v"]) as [NDArray, NDArray];
  for (const x of pair)
    if (x.ndim !== 1 || x.size === 0)
      throw fail("E_SHAPE", `${name}: got ${x.aval}, expected vectors with elements`);
  const how = options.mode ?? mode;
  if (!["full", "same", "valid"].includes(how))
    throw fail("E_ARGUMENT", `${name}: the mode "${String(how)}" is none of full, same, valid`);
  return convolveOf(pair, {
    mode: how,
    correlate: name === "np.correlate",
    precision: options.precision ?? null,
    preferred: options.preferredElementType == null ? null : canonicalDType(options.preferredElementType),
  });
}
/** Convolution of two vectors. Source: jax.numpy.convolve. */
export function convolve(a: ArrayLike, v: ArrayLike, options: ConvolveOptions = {}): NDArray {
  return convolution("np.convolve", a, v, options, "full");
}
/** Correlation of two vectors, the second conjugated. Source: jax.numpy.correlate. */
export function correlate(a: ArrayLike, v: ArrayLike, options: ConvolveOptions = {}): NDArray {
  return convolution("np.correlate", a, v, options, "valid");
}

/** Words of unwrap. */
export type UnwrapOptions = Options<never, { discont: ArrayLike | null; axis: number; period: ArrayLike }>;
const unwrapOf = composite(
  "np.unwrap",
  ([p, period, discont]: readonly [NDArray, NDArray, NDArray | null], axis: number) => {
    const lax = L();
    const [x, full] = promoteDTypes("np.unwrap", [p, period], "any", ["p", "period"]) as [NDArray, NDArray];
    const half = isInteger(x.dtype) ? floorDivide(full, 2) : divide(full, 2);
    const dd = diff(x, { axis });
    const low = lax.neg(half);
    const wrapped = subtract(remainder(add(dd, half), full), half);
    const up = lax.bitwiseAnd(lax.eq(wrapped, low), lax.gt(dd, 0));
    const step = subtract(pick(up, half, wrapped), dd);
    const jump = pick(less(absolute(dd), discont ?? divide(full, 2)), literal(0, step.dtype), step);
    const moved = add(cut(x, axis, 1), lax.cumsum(jump, axis));
    return concatenate([cut(x, axis, 0, 1), moved], { axis });
  },
);
/** Angles without jumps of more than half a period. Source: jax.numpy.unwrap. */
export function unwrap(p: ArrayLike, options: UnwrapOptions = {}): NDArray {
  checkOptions("np.unwrap", options, ["discont", "axis", "period"]);
  const period = options.period ?? 2 * Math.PI;
  const [x, full] = arraysOf("np.unwrap", [p, period], ["p", "period"]) as [NDArray, NDArray];
  if (isComplex(x.dtype)) throw fail("E_DTYPE", `np.unwrap: got ${x.aval}, expected real numbers`);
  const axis = oneAxis("np.unwrap", options.axis ?? -1, x);
  if (x.shape[axis] === 0) return promoteDTypes("np.unwrap", [x, full], "any", ["x", "full"])[0] as NDArray;
  return unwrapOf(
    [x, full, options.discont == null ? null : toArray("np.unwrap", options.discont, "discont")],
    axis,
  );
}

/** What interp gives beyond the samples: a value, or a straight line on. */
export type Beyond = ArrayLike | "extrapolate" | null;
/** Words of interp. */
export type InterpOptions = Options<never, { left: Beyond; right: Beyond; period: ArrayLike | null }>;
type InterpOperands = readonly [NDArray, NDArray, NDArray, NDArray | null, NDArray | null, NDArray | null];
const interpOf = composite(
  "np.interp",
  ([x, xp, fp, left, right, period]: InterpOperands, extendLeft: boolean, extendRight: boolean) => {
    const lax = L();
    let [at, xs] = promoteDTypes("np.interp", [x, xp], "inexact", ["x", "xp"]) as [NDArray, NDArray];
    let fs = promoteOne("np.interp", fp, "inexact", "fp");
    if (period !== null) {
      const p = absolute(period);
      [at, xs] = [remainder(at, p), remainder(xs, p)];
      [xs, fs] = lax.sortMany([xs, fs], { dimension: 0, numKeys: 1 }) as [NDArray, NDArray];
      xs = concatenate([subtract(cut(xs, 0, -1), p), xs, add(cut(xs, 0, 0, 1), p)]);
      fs = concatenate([cut(fs, 0, -1), fs, cut(fs, 0, 0, 1)]);
    }
    const n = xs.size;
    const i = lax.clamp(1, searchsorted(xs, at, { side: "right" }), Math.max(1, n - 1));
    const before = lax.sub(i, 1);
    const [f0, x0] = [takeAt(fs, before), takeAt(xs, before)];
    const [df, dx] = [lax.sub(takeAt(fs, i), f0), lax.sub(takeAt(xs, i), x0)];
    const flat = lax.le(lax.abs(dx), spacingOfEps(xs.dtype));
    const slope = divide(subtract(at, x0), pick(flat, literal(1, dx.dtype), dx));
    let f = pick(flat, f0, add(f0, multiply(slope, df)));
    const end = (v: NDArray, k: number): NDArray => lax.reshape(cut(v, 0, k, k === -1 ? null : k + 1), []);
    if (!extendLeft && period === null) f = pick(less(at, end(xs, 0)), left ?? end(fs, 0), f);
    if (!extendRight && period === null) f = pick(greater(at, end(xs, -1)), right ?? end(fs, -1), f);
    return f;
  },
);
/** The distance between two floats at the size of eps: below it two abscissae are one. */
const spacingOfEps = (dtype: DType): number => finfo(dtype).eps ** 2;
const takeAt = (x: NDArray, at: NDArray): NDArray =>
  L().gather(
    x,
    L().reshape(at, [...at.shape, 1]),
    { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] },
    [1],
    { mode: "promise_in_bounds" },
  );
/** Values between samples (xp, fp) by straight lines; xp ascends. Source: jax.numpy.interp. */
export function interp(x: ArrayLike, xp: ArrayLike, fp: ArrayLike, options: InterpOptions = {}): NDArray {
  checkOptions("np.interp", options, ["left", "right", "period"]);
  const name = "np.interp";
  const [at, xs] = arraysOf(name, [x, xp], ["x", "xp"]) as [NDArray, NDArray];
  const fs = toArray(name, fp, "fp");
  if (xs.ndim !== 1 || xs.shape.join() !== fs.shape.join())
    throw fail("E_SHAPE", `${name}: xp ${xs.aval} and fp ${fs.aval}, expected vectors of one length`);
  if (isComplex(at.dtype) || isComplex(xs.dtype)) throw fail("E_DTYPE", `${name}: x is complex`);
  const optional = (v: Beyond | undefined): NDArray | null => {
    if (typeof v === "string") {
      if (v !== "extrapolate")
        throw fail("E_ARGUMENT", `${name}: "${String(v)}", expected a value or "extrapolate"`);
      return null;
    }
    return v == null ? null : toArray(name, v, "v");
  };
  const { left, right, period } = options;
  return interpOf(
    [at, xs, fs, optional(left), optional(right), period == null ? null : toArray(name, period, "period")],
    left === "extrapolate",
    right === "extrapolate",
  );
}
