// np: quantiles and medians.
import { fail } from "../../errors.ts";
import { isComplex, isInexact } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { broadcastTo, promoteDTypes, promoteOne } from "../promotion.ts";
import { axesOf, range } from "./axes.ts";
import { L, pick } from "./define.ts";
import { any, sum } from "./reductions.ts";

/** How to interpolate between two elements. */
export type QuantileMethod = "linear" | "lower" | "higher" | "midpoint" | "nearest" | "inverted_cdf";
/** Words of quantile. */
export type QuantileOptions = Options<
  "axis" | "keepdims" | "weights",
  { method: QuantileMethod; overwriteInput: false }
>;
/** Words of median. */
export type MedianOptions = Options<"axis" | "keepdims", { overwriteInput: false }>;
const METHODS: readonly string[] = ["linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf"];

interface Plan {
  readonly axes: readonly number[];
  readonly method: QuantileMethod;
  readonly keepdims: boolean;
  /** Leave NaN out. */
  readonly squash: boolean;
}
const isNan = (x: NDArray): NDArray => L().ne(x, x);
/** The reduced axes as one last axis. */
function gathered(x: NDArray, axes: readonly number[]): NDArray {
  const rest = range(x.ndim).filter((i) => !axes.includes(i));
  const count = axes.reduce((n, i) => n * (x.shape[i] as number), 1);
  return L().reshape(L().transpose(x, [...rest, ...axes]), [...rest.map((i) => x.shape[i] as number), count]);
}
/** Elements of the last axis at positions [..., Q]. */
function pickLast(v: NDArray, at: NDArray): NDArray {
  const lead = range(v.ndim - 1);
  return L().gather(
    v,
    L().reshape(at, [...at.shape, 1]),
    {
      offsetDims: [],
      collapsedSliceDims: [v.ndim - 1],
      startIndexMap: [v.ndim - 1],
      operandBatchingDims: lead,
      startIndicesBatchingDims: lead,
    },
    v.shape.map(() => 1),
    { mode: "clip" },
  );
}
/** Between the elements around q · (count − 1). */
function interpolated(v: NDArray, q: NDArray, counts: NDArray, method: QuantileMethod): NDArray {
  const lax = L();
  const position = lax.mul(q, lax.sub(counts, 1));
  const [low, high] = [lax.floor(position), lax.ceil(position)];
  const highWeight = lax.sub(position, low);
  const lowWeight = lax.sub(1, highWeight);
  const at = (i: NDArray): NDArray =>
    pickLast(v, lax.convertElementType(lax.max(0, lax.min(i, lax.sub(counts, 1))), "int32"));
  const [below, above] = [at(low), at(high)];
  switch (method) {
    case "lower":
      return below;
    case "higher":
      return above;
    case "nearest":
      return lax.select(lax.le(highWeight, 0.5), below, above);
    case "midpoint":
      return lax.mul(lax.add(below, above), 0.5);
    default: {
      const as = (x: NDArray): NDArray => lax.convertElementType(x, q.dtype);
      return lax.add(lax.mul(as(below), lowWeight), lax.mul(as(above), highWeight));
    }
  }
}
/** The first element whose cumulated weight reaches q times the total. */
function invertedCdf(v: NDArray, w: NDArray, q: NDArray, squash: boolean): NDArray {
  const lax = L();
  const last = v.ndim - 1;
  const n = v.shape[last] as number;
  const bad = lax.bitwiseOr(lax.lt(w, 0), isNan(w));
  const clean = lax.select(lax.bitwiseOr(bad, isNan(v)), lax.zerosLike(w), w);
  const cumulated = lax.cumsum(clean, last);
  const total = lax.sliceInDim(cumulated, n - 1, n, 1, last);
  const target = lax.mul(q, broadcastTo("np.quantile", total, q.shape));
  const wide = [...q.shape, n];
  const over = (x: NDArray, dims: readonly number[]): NDArray => lax.broadcastInDim(x, wide, dims);
  const before = lax.lt(over(cumulated, [...range(last), last + 1]), over(target, range(last + 1)));
  const index = sum(lax.convertElementType(before, "int32"), { axis: -1 });
  const valid = squash ? sum(lax.bitwiseNot(isNan(v)), { axis: -1, keepdims: true }) : literal(n, "int32");
  const limit = lax.sub(lax.convertElementType(valid, "int32"), 1);
  const top = limit.ndim === 0 ? limit : broadcastTo("np.quantile", limit, q.shape);
  const found = pickLast(v, lax.max(0, lax.min(lax.convertElementType(index, "int32"), top)));
  const none = squash
    ? lax.eq(lax.convertElementType(valid, "int32"), 0)
    : any(isNan(v), { axis: -1, keepdims: true });
  const broken = lax.bitwiseOr(any(bad, { axis: -1, keepdims: true }), none);
  return pick(broadcastTo("np.quantile", broken, q.shape), literal(Number.NaN, found.dtype), found);
}
const run = composite(
  "np.quantile",
  ([a, qs, weights]: readonly [NDArray, NDArray, NDArray | null], plan: Plan) => {
    const lax = L();
    const x = promoteOne("np.quantile", a, "inexact", "a");
    let v = gathered(x, plan.axes);
    const last = v.ndim - 1;
    const nan = isNan(v);
    if (plan.squash) v = pick(nan, literal(Number.NaN, v.dtype), v);
    else v = pick(any(nan, { axis: last, keepdims: true }), literal(Number.NaN, v.dtype), v);
    let w: NDArray | null = null;
    if (weights !== null)
      [v, w] = lax.sortMany([v, gathered(weights, plan.axes)], { dimension: last, numKeys: 1 }) as [
        NDArray,
        NDArray,
      ];
    else v = lax.sort(v, { dimension: last });
    const grid = [...v.shape.slice(0, -1), qs.size];
    const q = lax.broadcastInDim(lax.reshape(qs, [qs.size]), grid, [last]);
    const counts = plan.squash
      ? lax.broadcastInDim(
          sum(lax.bitwiseNot(isNan(v)), { axis: last, dtype: q.dtype, keepdims: true }),
          grid,
          range(v.ndim),
        )
      : lax.full(grid, literal(v.shape[last] as number, q.dtype));
    const out =
      plan.method === "inverted_cdf"
        ? invertedCdf(v, w ?? lax.fullLike(v, 1), q, plan.squash)
        : interpolated(v, q, counts, plan.method);
    const kept = plan.keepdims
      ? x.shape.map((m, i) => (plan.axes.includes(i) ? 1 : m))
      : x.shape.filter((_, i) => !plan.axes.includes(i));
    return lax.convertElementType(lax.reshape(lax.moveAxis(out, last, 0), [...qs.shape, ...kept]), x.dtype);
  },
);
function quantileOf(
  name: string,
  a: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions,
  squash: boolean,
): NDArray {
  checkOptions(name, options, ["axis", "method", "keepdims", "overwriteInput", "weights"]);
  let x = toArray(name, a, "a");
  const qs = promoteOne(name, q, "inexact", "q");
  const method = options.method ?? "linear";
  if (isComplex(x.dtype)) throw fail("E_DTYPE", `${name}: got ${x.aval}, expected real numbers`);
  if (qs.ndim > 1) throw fail("E_SHAPE", `${name}: q is ${qs.aval}, expected at most one axis`);
  if (!METHODS.includes(method))
    throw fail("E_ARGUMENT", `${name}: the method "${String(method)}" is none of ${METHODS.join(", ")}`);
  const axes = axesOf(name, options.axis, x);
  let weights: NDArray | null = null;
  if (options.weights != null) {
    if (method !== "inverted_cdf")
      throw fail("E_UNIMPLEMENTED", `${name}: weights with the method "${method}"`, {
        hint: 'use { method: "inverted_cdf" }',
      });
    [x, weights] = promoteDTypes(name, [x, options.weights], "inexact", ["x", "weights"]) as [
      NDArray,
      NDArray,
    ];
    weights = spreadWeights(name, x, weights, axes, options.axis == null);
  }
  if (x.size === 0) return emptyQuantile(x, qs, axes, options.keepdims ?? false);
  return run([x, qs, weights], { axes, method, keepdims: options.keepdims ?? false, squash });
}
function spreadWeights(
  name: string,
  x: NDArray,
  w: NDArray,
  axes: readonly number[],
  flat: boolean,
): NDArray {
  if (w.shape.join() === x.shape.join()) return w;
  if (flat || w.shape.join() !== axes.map((i) => x.shape[i]).join())
    throw fail("E_SHAPE", `${name}: weights ${w.aval} fit neither ${x.aval} nor its reduced axes`);
  return L().broadcastInDim(w, x.shape, axes);
}
/** Of no elements: NaN. */
function emptyQuantile(x: NDArray, q: NDArray, axes: readonly number[], keepdims: boolean): NDArray {
  const kept = x.shape.flatMap((n, i) => (axes.includes(i) ? (keepdims ? [1] : []) : [n]));
  const dtype = isInexact(x.dtype) ? x.dtype : promoteOne("np.quantile", x, "inexact").dtype;
  return L().full([...q.shape, ...kept], literal(Number.NaN, dtype));
}
/** Quantiles: the values below which a share q of the elements lies. Source: jax.numpy.quantile. */
export function quantile(a: ArrayLike, q: ArrayLike, options: QuantileOptions = {}): NDArray {
  return quantileOf("np.quantile", a, q, options, false);
}
/** Quantiles of the elements that aren't NaN. Source: jax.numpy.nanquantile. */
export function nanquantile(a: ArrayLike, q: ArrayLike, options: QuantileOptions = {}): NDArray {
  return quantileOf("np.nanquantile", a, q, options, true);
}
const hundredth = (q: ArrayLike): NDArray => L().div(promoteOne("np.percentile", q, "inexact", "q"), 100);
/** Percentiles. Source: jax.numpy.percentile. */
export function percentile(a: ArrayLike, q: ArrayLike, options: QuantileOptions = {}): NDArray {
  return quantileOf("np.percentile", a, hundredth(q), options, false);
}
/** Percentiles of the elements that aren't NaN. Source: jax.numpy.nanpercentile. */
export function nanpercentile(a: ArrayLike, q: ArrayLike, options: QuantileOptions = {}): NDArray {
  return quantileOf("np.nanpercentile", a, hundredth(q), options, true);
}
/** Median: the middle element, or the mean of the two. Source: jax.numpy.median. */
export function median(a: ArrayLike, options: MedianOptions = {}): NDArray {
  checkOptions("np.median", options, ["axis", "keepdims", "overwriteInput"]);
  return quantileOf("np.median", a, 0.5, { ...options, method: "midpoint" }, false);
}
/** Median of the elements that aren't NaN. Source: jax.numpy.nanmedian. */
export function nanmedian(a: ArrayLike, options: MedianOptions = {}): NDArray {
  checkOptions("np.nanmedian", options, ["axis", "keepdims", "overwriteInput"]);
  return quantileOf("np.nanmedian", a, 0.5, { ...options, method: "midpoint" }, true);
}
