// np: histograms.
import { fail } from "../../errors.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { checkList, literal, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { array, checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { inexactDType, promoteDTypes } from "../promotion.ts";
import { diff } from "./calculus.ts";
import { range as upTo } from "./axes.ts";
import { L, pick } from "./define.ts";
import { linspace } from "./ranges.ts";
import { max, min, sum } from "./reductions.ts";
import { bincount, searchsorted } from "./searching.ts";
import { ravelMultiIndex } from "./positions.ts";
import { ravel } from "./shape.ts";

/** The lower and upper end of the bins. */
export type Interval = readonly [ArrayLike, ArrayLike] | NDArray | null;
/** Words of histogramBinEdges. */
export type EdgesOptions = Options<"bins" | "weights", { range: Interval }>;
/** Words of histogram. */
export type HistogramOptions = Options<"bins" | "weights" | "density", { range: Interval }>;

/** How many bins, if their number was given. */
function binCount(name: string, bins: ArrayLike): number | null {
  if (typeof bins === "number" || typeof bins === "bigint") return Number(bins);
  const x = toArray(name, bins, "bins");
  if (x.ndim === 1) return null;
  if (x.ndim > 1) throw fail("E_SHAPE", `${name}: bins are ${x.aval}, expected a number or edges`);
  return Number(elementAt(valuesOf(x, name), x.dtype, 0));
}
const interval = (name: string, r: Interval | undefined, x: NDArray): [NDArray, NDArray] => {
  if (r == null) return [min(x), max(x)];
  if (!(r instanceof NDArray)) checkList(name, "the range", r);
  const pair = r instanceof NDArray ? [r.get(0), r.get(1)] : r.map((v) => toArray(name, v));
  if (pair.length !== 2) throw fail("E_ARGUMENT", `${name}: the range needs two ends`);
  return pair as [NDArray, NDArray];
};
const evenEdges = composite(
  "np.histogramBinEdges",
  ([low, high]: readonly [NDArray, NDArray], bins: number) => {
    const lax = L();
    const flat = lax.eq(low, high);
    const [lo, hi] = [pick(flat, lax.sub(low, 0.5), low), pick(flat, lax.add(high, 0.5), high)];
    return linspace(lo, hi, bins + 1, { dtype: low.dtype });
  },
);
/** Edges of equal bins from the least to the largest element, or of a range; given edges as they are. Source: jax.numpy.histogram_bin_edges. */
export function histogramBinEdges(a: ArrayLike, options: EdgesOptions = {}): NDArray {
  checkOptions("np.histogramBinEdges", options, ["bins", "range", "weights"]);
  const name = "np.histogramBinEdges";
  const lax = L();
  const x = toArray(name, a, "a");
  const dtype = inexactDType(x.dtype);
  const bins = options.bins ?? 10;
  const count = binCount(name, bins);
  if (count === null) return lax.convertElementType(toArray(name, bins, "bins"), dtype);
  const ends = interval(name, options.range, x).map((v) => lax.convertElementType(v, dtype));
  return evenEdges(ends as [NDArray, NDArray], count);
}
const countsOf = composite(
  "np.histogram",
  ([a, edges, w]: readonly [NDArray, NDArray, NDArray | null], density: boolean) => {
    const lax = L();
    const [x, weights] = promoteDTypes("np.histogram", w === null ? [a] : [a, w], "inexact", [
      "a",
      "weights",
    ]).map((v) => ravel(v)) as [NDArray, NDArray?];
    const n = edges.size;
    const last = lax.reshape(lax.sliceInDim(edges, n - 1, n), []);
    const bin = pick(lax.eq(x, last), literal(n - 1, "int32"), searchsorted(edges, x, { side: "right" }));
    const ones = weights ?? lax.fullLike(x, 1);
    const all = lax.scatterAdd(
      lax.full([n], literal(0, ones.dtype)),
      lax.reshape(bin, [bin.size, 1]),
      ones,
      { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
      { mode: "drop" },
    );
    const counts = lax.sliceInDim(all, 1, n);
    if (!density) return counts;
    const [per, widths] = promoteDTypes("np.histogram", [counts, diff(edges)]) as [NDArray, NDArray];
    return lax.div(lax.div(per, widths), sum(counts));
  },
);
/** How many elements (or how much weight) fall into each bin, and the edges of the bins. Source: jax.numpy.histogram. */
export function histogram(a: ArrayLike, options: HistogramOptions = {}): [NDArray, NDArray] {
  checkOptions("np.histogram", options, ["bins", "range", "weights", "density"]);
  const x = toArray("np.histogram", a, "a");
  const { weights, density, ...rest } = options;
  const w = weights == null ? null : toArray("np.histogram", weights, "weights");
  if (w !== null && w.shape.join() !== x.shape.join())
    throw fail("E_SHAPE", `np.histogram: weights ${w.aval} for ${x.aval}`);
  const edges = histogramBinEdges(
    w === null ? x : (promoteDTypes("np.histogram", [x, w], "inexact", ["x", "w"])[0] as NDArray),
    rest,
  );
  return [countsOf([x, edges, w], density ?? false), edges];
}
/** Bins of several axes: one number or edges for all, or one for each axis. */
export type Bins = ArrayLike | readonly ArrayLike[];
/** Words of histogramdd. */
export type HistogramddOptions = Options<
  "weights" | "density",
  { bins: Bins; range: readonly Interval[] | null }
>;
const gridOf = composite(
  "np.histogramdd",
  ([sample, w, ...edges]: readonly [NDArray, NDArray | null, ...NDArray[]], density: boolean) => {
    const lax = L();
    const column = (i: number): NDArray =>
      lax.reshape(lax.sliceInDim(sample, i, i + 1, 1, 1), [sample.shape[0] as number]);
    const at = edges.map((e, i) => {
      const last = lax.reshape(lax.sliceInDim(e, e.size - 1, e.size), []);
      const found = searchsorted(e, column(i), { side: "right" });
      return lax.select(lax.eq(column(i), last), lax.sub(found, 1), found);
    });
    const sizes = edges.map((e) => e.size + 1);
    const flat = ravelMultiIndex(at, sizes, { mode: "clip" });
    const total = sizes.reduce((p, q) => p * q, 1);
    const counts = lax.reshape(bincount(flat, { weights: w, length: total }), sizes);
    const inner = lax.slice(
      counts,
      sizes.map(() => 1),
      sizes.map((n) => n - 1),
    );
    if (!density) return inner;
    const float = lax.convertElementType(inner, sample.dtype);
    return edges.reduce(
      (h, e, i) => lax.div(h, lax.broadcastInDim(diff(e), h.shape, [i])),
      lax.div(float, sum(float)),
    );
  },
);
/** How many rows of the sample fall into each cell of a grid, and the edges along each axis. Source: jax.numpy.histogramdd. */
export function histogramdd(sample: ArrayLike, options: HistogramddOptions = {}): [NDArray, NDArray[]] {
  const name = "np.histogramdd";
  checkOptions(name, options, ["bins", "range", "weights", "density"]);
  const [x, w] = promoteDTypes(
    name,
    options.weights == null ? [sample] : [sample, options.weights],
    "inexact",
    ["sample", "weights"],
  ) as [NDArray, NDArray?];
  if (x.ndim !== 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected rows of samples`);
  const d = x.shape[1] as number;
  const bins = binsFor(name, options.bins ?? 10, d);
  const ranges = options.range ?? upTo(d).map(() => null);
  if (ranges.length !== d) throw fail("E_ARGUMENT", `${name}: ${ranges.length} ranges for ${d} axes`);
  const edges = upTo(d).map((i) => histogramBinEdges(x.get(":", i), { bins: bins[i], range: ranges[i] }));
  return [gridOf([x, w ?? null, ...edges], options.density ?? false), edges];
}
function binsFor(name: string, bins: Bins, d: number): readonly ArrayLike[] {
  if (Array.isArray(bins)) {
    const list = bins as readonly ArrayLike[];
    if (list.length !== d) throw fail("E_ARGUMENT", `${name}: bins for ${list.length} of ${d} axes`);
    return list;
  }
  const x = bins instanceof NDArray && bins.ndim > 0 ? bins : null;
  if (x === null) return upTo(d).map(() => bins as ArrayLike);
  if (x.shape[0] !== d) throw fail("E_ARGUMENT", `${name}: bins ${x.aval} for ${d} axes`);
  return upTo(d).map((i) => x.get(i));
}
/** Words of histogram2d. */
export type Histogram2dOptions = HistogramddOptions;
/** How many points fall into each cell of a grid, and the edges along both axes. Source: jax.numpy.histogram2d. */
export function histogram2d(
  x: ArrayLike,
  y: ArrayLike,
  options: Histogram2dOptions = {},
): [NDArray, NDArray, NDArray] {
  checkOptions("np.histogram2d", options, ["bins", "range", "weights", "density"]);
  const bins = options.bins ?? 10;
  // One vector of edges serves both axes.
  const shared =
    !Array.isArray(bins) &&
    binCount("np.histogram2d", bins as ArrayLike) === null &&
    toArray("np.histogram2d", bins as ArrayLike).size !== 2;
  const sample = L().transpose(array([x, y] as never), [1, 0]);
  const [hist, edges] = histogramdd(sample, {
    ...options,
    bins: shared ? [bins as ArrayLike, bins as ArrayLike] : bins,
  });
  return [hist, edges[0] as NDArray, edges[1] as NDArray];
}
