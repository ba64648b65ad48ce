// np: distinct values and set operations. Their sizes depend on values: arrays must be known, or `size` be given.
import { fail } from "../../errors.ts";
import { isInexact } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, promoteDTypes } from "../promotion.ts";
import { oneAxis, range } from "./axes.ts";
import { indexDType, L, pick } from "./define.ts";
import { concatenate } from "./joining.ts";
import { pickAlong } from "./rearrange.ts";
import { max, min } from "./reductions.ts";
import { countTrue, firstTrue, known } from "./searching.ts";
import { ravel } from "./shape.ts";

/** Words of unique. */
export type UniqueOptions = Options<
  "size" | "fillValue" | "equalNan",
  {
    returnIndex: boolean;
    returnInverse: boolean;
    returnCounts: boolean;
    axis: number | null;
    sorted: boolean;
  }
>;
/** Sorted rows, where a new value begins, and the positions that sort. */
const sortedMask = composite("np.unique", ([x]: readonly [NDArray], equalNan: boolean) => {
  const lax = L();
  const [n, width] = x.shape as readonly [number, number];
  const columns = range(width).map((j) => lax.reshape(lax.sliceInDim(x, j, j + 1, 1, 1), [n]));
  const order = lax.sortMany([...columns, lax.iota(indexDType(), n)], { numKeys: width })[width] as NDArray;
  const rows = pickAlong(x, order, 0);
  const [a, b] = [lax.sliceInDim(rows, 1, n), lax.sliceInDim(rows, 0, n - 1)];
  let differ = lax.ne(a, b);
  if (equalNan && isInexact(x.dtype))
    differ = lax.bitwiseAnd(differ, lax.bitwiseNot(lax.bitwiseAnd(lax.ne(a, a), lax.ne(b, b))));
  const fresh = lax.concatenate([lax.full([1], literal(true, "bool")), lax.reduceOr(differ, [1])], 0);
  return [rows, fresh, order];
});
interface UniquePlan {
  readonly size: number;
  readonly index: boolean;
  readonly inverse: boolean;
  readonly counts: boolean;
}
type Sorted = readonly [NDArray, NDArray, NDArray, NDArray | null];
const FLAT = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
const uniqueOf = composite("np.unique", ([rows, fresh, order, fill]: Sorted, plan: UniquePlan) => {
  const lax = L();
  const n = fresh.size;
  const { size } = plan;
  const starts = firstTrue(fresh, size, 0);
  const found = pickAlong(rows, starts, 0);
  const total = lax.reduceSum(lax.convertElementType(fresh, indexDType()), [0]);
  const valid = lax.lt(lax.iota(indexDType(), size), total);
  const values =
    fill === null
      ? found
      : pick(lax.broadcastInDim(valid, found.shape, [0]), found, lax.convertElementType(fill, found.dtype));
  const group = lax.sub(lax.cumsum(lax.convertElementType(fresh, indexDType()), 0), 1);
  const out = [values];
  if (plan.index) out.push(pickAlong(order, starts, 0));
  if (plan.inverse)
    out.push(
      lax.scatter(lax.full([n], literal(0, indexDType())), lax.reshape(order, [n, 1]), group, FLAT, {
        uniqueIndices: true,
      }),
    );
  if (plan.counts) {
    const ones = lax.full([n], literal(1, indexDType()));
    out.push(
      lax.scatterAdd(lax.full([size], literal(0, indexDType())), lax.reshape(group, [n, 1]), ones, FLAT, {
        mode: "drop",
      }),
    );
  }
  return out;
});
const WORDS = [
  "returnIndex",
  "returnInverse",
  "returnCounts",
  "axis",
  "equalNan",
  "size",
  "fillValue",
  "sorted",
] as const;
/** Values, and what was asked for beside them, always as a list. */
function uniqueParts(name: string, ar: ArrayLike, options: UniqueOptions): NDArray[] {
  checkOptions(name, options, WORDS);
  const lax = L();
  const raw = toArray(name, ar, name === "np.unique" ? "ar" : "x");
  if (options.size == null) known(name, raw);
  const axis = options.axis == null ? null : oneAxis(name, options.axis, raw);
  const moved = axis === null ? lax.reshape(raw, [raw.size]) : lax.moveAxis(raw, axis, 0);
  const [n, rest] = [moved.shape[0] as number, moved.shape.slice(1)];
  const width = rest.reduce((p, m) => p * m, 1);
  const fill = options.fillValue == null ? null : toArray(name, options.fillValue, "fillValue");
  if (n === 0 || width === 0) return emptyParts(name, moved, axis, options, fill);
  const [rows, fresh, order] = sortedMask(
    [lax.reshape(moved, [n, width])],
    options.equalNan ?? true,
  ) as unknown as [NDArray, NDArray, NDArray];
  const plan: UniquePlan = {
    size: options.size ?? countTrue(name, fresh),
    index: options.returnIndex ?? false,
    inverse: options.returnInverse ?? false,
    counts: options.returnCounts ?? false,
  };
  const [values, ...extra] = uniqueOf([rows, fresh, order, fill], plan) as unknown as [NDArray, ...NDArray[]];
  const shaped = lax.reshape(values, [plan.size, ...rest]);
  const place = plan.index ? 1 : 0;
  return [
    axis === null ? shaped : lax.moveAxis(shaped, 0, axis),
    ...extra.map((x, i) => (plan.inverse && i === place && axis === null ? lax.reshape(x, raw.shape) : x)),
  ];
}
/** Of no elements there are no values; of rows without elements there is one. */
function emptyParts(
  name: string,
  x: NDArray,
  axis: number | null,
  options: UniqueOptions,
  fill: NDArray | null,
): NDArray[] {
  const lax = L();
  const n = x.shape[0] as number;
  const size = options.size ?? Math.min(n, 1);
  if (n === 0 && size > 0 && fill === null)
    throw fail("E_ARGUMENT", `${name}: an empty array with size ${size} needs a fillValue`);
  const values = lax.full(
    [size, ...x.shape.slice(1)],
    fill === null ? literal(0, x.dtype) : lax.convertElementType(fill, x.dtype),
  );
  const integers = (m: number, v: number): NDArray => lax.full([m], literal(v, indexDType()));
  return [
    axis === null ? values : lax.moveAxis(values, 0, axis),
    ...(options.returnIndex === true ? [integers(Math.min(n, 1), 0)] : []),
    ...(options.returnInverse === true ? [integers(n, 0)] : []),
    ...(options.returnCounts === true ? [integers(Math.min(n, 1), n)] : []),
  ];
}
/**
 * Distinct values in order; on demand the first positions, the inverse and the counts, in a list behind the values.
 * Source: jax.numpy.unique.
 */
export function unique(ar: ArrayLike, options: UniqueOptions = {}): NDArray | NDArray[] {
  const parts = uniqueParts("np.unique", ar, options);
  return parts.length === 1 ? (parts[0] as NDArray) : parts;
}
/** Words of uniqueValues and its kin. */
export type SizedOptions = Options<"size" | "fillValue">;
/** Distinct values; NaN are distinct. Source: jax.numpy.unique_values. */
export function uniqueValues(x: ArrayLike, options: SizedOptions = {}): NDArray {
  return uniqueParts("np.uniqueValues", x, { ...options, equalNan: false })[0] as NDArray;
}
/** Distinct values and how often they occur. Source: jax.numpy.unique_counts. */
export function uniqueCounts(x: ArrayLike, options: SizedOptions = {}): [values: NDArray, counts: NDArray] {
  const all = { ...options, equalNan: false, returnCounts: true };
  return uniqueParts("np.uniqueCounts", x, all) as [NDArray, NDArray];
}
/** Distinct values and where each element stands among them. Source: jax.numpy.unique_inverse. */
export function uniqueInverse(
  x: ArrayLike,
  options: SizedOptions = {},
): [values: NDArray, inverseIndices: NDArray] {
  const all = { ...options, equalNan: false, returnInverse: true };
  return uniqueParts("np.uniqueInverse", x, all) as [NDArray, NDArray];
}
/** Distinct values with positions, inverse and counts. Source: jax.numpy.unique_all. */
export function uniqueAll(
  x: ArrayLike,
  options: SizedOptions = {},
): [values: NDArray, indices: NDArray, inverseIndices: NDArray, counts: NDArray] {
  const all = { ...options, equalNan: false, returnIndex: true, returnInverse: true, returnCounts: true };
  return uniqueParts("np.uniqueAll", x, all) as [NDArray, NDArray, NDArray, NDArray];
}

/** Words of isin. */
export type IsinOptions = Options<
  "assumeUnique",
  { invert: boolean; method: "auto" | "compare_all" | "binary_search" | "sort" }
>;
const isinOf = composite("np.isin", (operands: readonly [NDArray, NDArray], invert: boolean) => {
  const lax = L();
  const [x, t] = promoteDTypes("np.isin", operands) as [NDArray, NDArray];
  const shape = [...x.shape, t.size];
  const tests = lax.broadcastInDim(lax.reshape(t, [t.size]), shape, [x.ndim]);
  const hit = lax.reduceOr(lax.eq(lax.broadcastInDim(x, shape, range(x.ndim)), tests), [x.ndim]);
  return invert ? lax.bitwiseNot(hit) : hit;
});
/** Is each element one of the test elements? Source: jax.numpy.isin. */
export function isin(element: ArrayLike, testElements: ArrayLike, options: IsinOptions = {}): NDArray {
  checkOptions("np.isin", options, ["assumeUnique", "invert", "method"]);
  return isinOf(
    arraysOf("np.isin", [element, testElements], ["element", "testElements"]) as [NDArray, NDArray],
    options.invert ?? false,
  );
}

/** Words of the set operations. */
export type SetOptions = Options<"assumeUnique" | "size" | "fillValue">;
const SET = ["assumeUnique", "size", "fillValue"] as const;
/** A vector of values of which some are chosen; the rest is padding. */
interface Chosen {
  readonly x: NDArray;
  readonly mask: NDArray;
}
/** The chosen values: all of them, or `size`, filled up. */
function chosen(
  name: string,
  { x, mask }: Chosen,
  options: SetOptions,
  fill: (v: NDArray, count: NDArray) => NDArray,
): NDArray {
  const lax = L();
  if (options.size == null) return pickAlong(x, firstTrue(mask, countTrue(name, mask), 0), 0);
  if (x.size === 0)
    return lax.full([options.size], lax.convertElementType(toArray(name, options.fillValue ?? 0), x.dtype));
  const count = lax.reduceSum(lax.convertElementType(mask, indexDType()), [0]);
  return fill(pickAlong(x, firstTrue(mask, options.size, 0), 0), count);
}
const filledWith =
  (name: string, value: ArrayLike) =>
  (v: NDArray, count: NDArray): NDArray =>
    pick(
      L().lt(L().iota(indexDType(), v.size), count),
      v,
      L().convertElementType(toArray(name, value, "value"), v.dtype),
    );
/** Without a fill value the least of the chosen values fills up. */
const filledWithLeast = (v: NDArray, count: NDArray): NDArray => {
  const valid = L().lt(L().iota(indexDType(), v.size), count);
  const top = pick(valid, v, max(v));
  return pick(valid, top, min(top));
};
const fillFor = (name: string, options: SetOptions): ((v: NDArray, count: NDArray) => NDArray) =>
  options.fillValue == null ? filledWithLeast : filledWith(name, options.fillValue);
/** Distinct values of a vector, padded to its size; which of them are real. */
function distinct(name: string, x: NDArray, options: SetOptions): Chosen {
  const lax = L();
  if (options.assumeUnique === true || x.size === 0)
    return { x, mask: lax.full([x.size], literal(true, "bool")) };
  const [, fresh] = sortedMask([lax.reshape(x, [x.size, 1])], true) as unknown as [NDArray, NDArray, NDArray];
  if (options.size == null) {
    const values = uniqueParts(name, x, {})[0] as NDArray;
    return { x: values, mask: lax.full([values.size], literal(true, "bool")) };
  }
  const count = lax.reduceSum(lax.convertElementType(fresh, indexDType()), [0]);
  const values = uniqueParts(name, x, { size: x.size })[0] as NDArray;
  return { x: values, mask: lax.lt(lax.iota(indexDType(), x.size), count) };
}
function vectors(name: string, ar1: ArrayLike, ar2: ArrayLike, options: SetOptions): [NDArray, NDArray] {
  checkOptions(name, options, SET);
  const pair = promoteDTypes(name, [ar1, ar2], "any", ["ar1", "ar2"]).map((x) => ravel(x)) as [
    NDArray,
    NDArray,
  ];
  if (options.size == null) for (const x of pair) known(name, x);
  return pair;
}
/** Values of both, sorted together: which are equal to the next one? */
function paired(
  name: string,
  a: Chosen,
  b: Chosen,
): { x: NDArray; real: NDArray; same: NDArray; order: NDArray } {
  const lax = L();
  const x = concatenate([a.x, b.x]);
  const absent = lax.bitwiseNot(concatenate([a.mask, b.mask]));
  const [hidden, sorted, order] = lax.sortMany([absent, x, lax.iota(indexDType(), x.size)], {
    numKeys: 2,
  }) as [NDArray, NDArray, NDArray];
  const n = x.size;
  const real = lax.bitwiseNot(hidden);
  const next = lax.eq(lax.sliceInDim(sorted, 1, n), lax.sliceInDim(sorted, 0, n - 1));
  const same = lax.bitwiseAnd(
    next,
    lax.bitwiseAnd(lax.sliceInDim(real, 1, n), lax.sliceInDim(real, 0, n - 1)),
  );
  return { x: sorted, real, same, order };
}
/** Values in both. With `returnIndices` also their first positions in either. Source: jax.numpy.intersect1d. */
export function intersect1d(
  ar1: ArrayLike,
  ar2: ArrayLike,
  options: Options<"assumeUnique" | "size" | "fillValue", { returnIndices: boolean }> = {},
): NDArray | [NDArray, NDArray, NDArray] {
  const name = "np.intersect1d";
  const { returnIndices, ...rest } = options;
  const lax = L();
  const [x, y] = vectors(name, ar1, ar2, rest);
  const [a, b] = [distinct(name, x, rest), distinct(name, y, rest)];
  if (a.x.size + b.x.size < 2) return lax.full([options.size ?? 0], literal(0, x.dtype));
  const { x: sorted, same, order } = paired(name, a, b);
  const first = { x: lax.sliceInDim(sorted, 0, same.size), mask: same };
  const values = chosen(name, first, rest, fillFor(name, rest));
  if (returnIndices !== true) return values;
  const at = (from: number): NDArray => lax.sliceInDim(order, from, from + same.size);
  const positions = (p: NDArray, offset: number, source: NDArray): NDArray => {
    const own = chosen(name, { x: p, mask: same }, rest, filledWith(name, BigInt(source.size + offset)));
    const i = lax.sub(own, offset);
    if (rest.assumeUnique !== true) return firstPositions(name, source, i);
    return rest.size == null ? lax.convertElementType(i, "int32") : i;
  };
  return [values, positions(at(0), 0, x), positions(at(1), a.x.size, y)];
}
/** Positions among distinct values as positions in the array that they came from. */
function firstPositions(name: string, source: NDArray, at: NDArray): NDArray {
  const index = uniqueParts(name, source, { size: source.size, returnIndex: true })[1] as NDArray;
  const inside = L().lt(at, source.size);
  return pick(inside, pickAlong(index, at, 0), literal(source.size, index.dtype));
}
/** Values in either. Source: jax.numpy.union1d. */
export function union1d(ar1: ArrayLike, ar2: ArrayLike, options: SizedOptions = {}): NDArray {
  checkOptions("np.union1d", options, ["size", "fillValue"]);
  return uniqueParts(
    "np.union1d",
    concatenate([toArray("np.union1d", ar1, "ar1"), toArray("np.union1d", ar2, "ar2")], { axis: null }),
    options,
  )[0] as NDArray;
}
/** Values of the first that aren't in the second. Source: jax.numpy.setdiff1d. */
export function setdiff1d(ar1: ArrayLike, ar2: ArrayLike, options: SetOptions = {}): NDArray {
  const name = "np.setdiff1d";
  checkOptions(name, options, SET);
  const [given, other] = arraysOf(name, [ar1, ar2], ["ar1", "ar2"]) as [NDArray, NDArray];
  const x = ravel(given);
  if (options.size == null) known(name, x);
  if (x.size === 0)
    return L().full(
      [options.size ?? 0],
      L().convertElementType(toArray(name, options.fillValue ?? 0), x.dtype),
    );
  const own = distinct(name, x, options);
  const mask = L().bitwiseAnd(own.mask, isin(own.x, other, { invert: true }));
  return chosen(name, { x: own.x, mask }, options, filledWith(name, options.fillValue ?? 0));
}
/** Values in exactly one. Source: jax.numpy.setxor1d. */
export function setxor1d(ar1: ArrayLike, ar2: ArrayLike, options: SetOptions = {}): NDArray {
  const name = "np.setxor1d";
  const lax = L();
  const [x, y] = vectors(name, ar1, ar2, options);
  const [a, b] = [distinct(name, x, options), distinct(name, y, options)];
  if (a.x.size + b.x.size === 0) return lax.full([options.size ?? 0], literal(0, x.dtype));
  const { x: sorted, real, same } = paired(name, a, b);
  const edge = lax.full([1], literal(false, "bool"));
  const twin = lax.bitwiseOr(lax.concatenate([same, edge], 0), lax.concatenate([edge, same], 0));
  return chosen(
    name,
    { x: sorted, mask: lax.bitwiseAnd(real, lax.bitwiseNot(twin)) },
    options,
    fillFor(name, options),
  );
}
