// np: sorting, order statistics, and sets. NaN sorts last.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool, isComplex, isFloat, isInexact, isUnsigned, type DType } from "../../ir/dtype.ts";
import { NDArray, TRACER } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { Lax } from "../../primitives/lax.ts";
import { literal, toArray, type Operand } from "../../primitives/operand.ts";
import { takeAlong } from "../../primitives/sort.ts";
import { checkOptions } from "../arrays.ts";
import { promoteDTypes } from "../promotion.ts";
import { axesOf, oneAxis, range, type Axis } from "./axes.ts";
import { concatenate, ravel } from "./manipulation.ts";
import { any, sum } from "./reductions.ts";
import * as u from "./ufuncs.ts";

const L = (): Lax => context().lax;
export interface SortOptions {
  readonly axis?: number | null | undefined;
  readonly descending?: boolean | undefined;
  readonly stable?: boolean | undefined;
}
const WORDS = ["axis", "stable", "descending", "kind"] as const;
const indexDType = (): DType => canonicalDType("int64");

/** Keys whose ascending order is the descending one of x. */
function prepared(name: string, a: Operand, options: SortOptions): { x: NDArray; axis: number } {
  checkOptions(name, options, WORDS);
  const raw = toArray(name, a);
  const x = options.axis === null ? L().reshape(raw, [raw.size]) : raw;
  return { x, axis: oneAxis(name, options.axis ?? -1, x) };
}
/** Sorted along an axis (the last by default). Source: jax.numpy.sort. */
export function sort(a: Operand, options: SortOptions = {}): NDArray {
  const { x, axis } = prepared("np.sort", a, options);
  const out = L().sort(x, { dimension: axis, isStable: options.stable ?? true });
  return options.descending === true ? L().rev(out, [axis]) : out;
}
/** Positions that sort. Source: jax.numpy.argsort. */
export function argsort(a: Operand, options: SortOptions = {}): NDArray {
  const { x, axis } = prepared("np.argsort", a, options);
  const lax = L();
  const iota = lax.broadcastedIota(indexDType(), x.shape, axis);
  const parts = options.descending === true ? [lax.rev(x, [axis]), lax.rev(iota, [axis])] : [x, iota];
  const order = lax.sortMany(parts, { dimension: axis, isStable: options.stable ?? true })[1] as NDArray;
  return options.descending === true ? lax.rev(order, [axis]) : order;
}
/** Positions that sort by the last key, then the one before, … Source: jax.numpy.lexsort. */
export function lexsort(
  keys: readonly Operand[] | NDArray,
  options: { readonly axis?: number | undefined } = {},
): NDArray {
  checkOptions("np.lexsort", options, ["axis"]);
  const lax = L();
  const list = (
    keys instanceof NDArray
      ? range(keys.shape[0] ?? 0).map((i) => lax.reshape(lax.sliceInDim(keys, i, i + 1), keys.shape.slice(1)))
      : keys.map((k) => toArray("np.lexsort", k))
  ) as NDArray[];
  const first = list[0];
  if (first === undefined) throw fail("E_ARGUMENT", "np.lexsort: needs at least one key");
  const axis = oneAxis("np.lexsort", options.axis ?? -1, first);
  const iota = lax.broadcastedIota(indexDType(), first.shape, axis);
  return lax.sortMany([...list.reverse(), iota], { dimension: axis, numKeys: list.length })[
    list.length
  ] as NDArray;
}
/** Sorted around position kth: smaller before, larger after. Source: jax.numpy.partition. */
export function partition(
  a: Operand,
  kth: number,
  options: { readonly axis?: number | undefined } = {},
): NDArray {
  const x = toArray("np.partition", a);
  return takeAlong(L(), x, argpartition(x, kth, options), oneAxis("np.partition", options.axis ?? -1, x));
}
/** Positions that partition. Source: jax.numpy.argpartition. */
export function argpartition(
  a: Operand,
  kth: number,
  options: { readonly axis?: number | undefined } = {},
): NDArray {
  checkOptions("np.argpartition", options, ["axis"]);
  const x = toArray("np.argpartition", a);
  const axis = oneAxis("np.argpartition", options.axis ?? -1, x);
  const n = x.shape[axis] as number;
  if (kth < -n || kth >= n)
    throw fail("E_INDEX", `np.argpartition: kth = ${kth} is out of range for ${x.aval}`);
  // As JAX: the k smallest by topK, in order; the rest by topK from the other end.
  const k = kth < 0 ? kth + n : kth;
  const lax = L();
  const moved = lax.moveAxis(x, axis, x.ndim - 1);
  const flipped = isUnsigned(x.dtype)
    ? lax.bitwiseNot(moved)
    : isBool(x.dtype)
      ? lax.bitwiseNot(moved)
      : lax.neg(moved);
  const low = lax.topK(flipped, k + 1)[1];
  const seen = lax.reduceOr(wideEq(lax, moved, low), [x.ndim]);
  const rest = lax.topK(lax.convertElementType(lax.bitwiseNot(seen), "int32"), n - k - 1)[1];
  return lax.moveAxis(
    lax.convertElementType(lax.concatenate([low, rest], x.ndim - 1), indexDType()),
    x.ndim - 1,
    axis,
  );
}
function wideEq(lax: Lax, x: NDArray, low: NDArray): NDArray {
  const shape = [...x.shape, low.shape[low.ndim - 1] as number];
  const at = lax.broadcastedIota("int32", shape, x.ndim - 1);
  return lax.eq(at, lax.broadcastInDim(low, shape, [...range(x.ndim - 1), x.ndim]));
}
/** Sorted complex numbers. Source: jax.numpy.sort_complex. */
export function sortComplex(a: Operand): NDArray {
  const x = toArray("np.sortComplex", a);
  const lax = L();
  if (!isComplex(x.dtype))
    return lax.complex(
      sort(lax.convertElementType(x, "float32")),
      lax.fullLike(lax.convertElementType(x, "float32"), 0),
    );
  const [re, im] = lax.sortMany([lax.real(x), lax.imag(x)], { numKeys: 2 }) as [NDArray, NDArray];
  return lax.complex(re, im);
}

type Method = "linear" | "lower" | "higher" | "midpoint" | "nearest";
export interface QuantileOptions {
  readonly axis?: Axis;
  readonly method?: Method | undefined;
  readonly keepdims?: boolean | undefined;
}
function quantileOf(
  name: string,
  a: Operand,
  q: Operand,
  options: QuantileOptions,
  squash: boolean,
): NDArray {
  checkOptions(name, options, ["axis", "method", "keepdims", "overwriteInput", "interpolation"]);
  const lax = L();
  const [x, p] = promoteDTypes(name, [a, q], true) as [NDArray, NDArray];
  const axes = axesOf(name, options.axis, x);
  const rest = range(x.ndim).filter((i) => !axes.includes(i));
  // Reduced axes become one last axis.
  const count = axes.reduce((n, i) => n * (x.shape[i] as number), 1);
  let v = lax.reshape(lax.transpose(x, [...rest, ...axes]), [
    ...rest.map((i) => x.shape[i] as number),
    count,
  ]);
  const last = v.ndim - 1;
  const isNan = u.isnan(v);
  let n: NDArray;
  if (squash) {
    v = sort(v, { axis: last });
    n = sum(lax.bitwiseNot(isNan), { axis: last, dtype: v.dtype, keepdims: true });
  } else {
    v = u.where(any(isNan, { axis: last, keepdims: true }), Number.NaN, v);
    v = sort(v, { axis: last });
    n = lax.full([...v.shape.slice(0, -1), 1], literal(count, v.dtype));
  }
  const qs = lax.reshape(p, [p.size]);
  const grid = [...v.shape.slice(0, -1), p.size];
  const position = lax.mul(
    lax.broadcastInDim(qs, grid, [last]),
    lax.sub(lax.broadcastInDim(n, grid, range(n.ndim)), 1),
  );
  const [low, high] = [lax.floor(position), lax.ceil(position)];
  const top = lax.broadcastInDim(lax.max(lax.sub(n, 1), 0), grid, range(n.ndim));
  const index = (i: NDArray): NDArray => lax.convertElementType(lax.clamp(lax.zerosLike(i), i, top), "int32");
  const at = (i: NDArray): NDArray => takeAlongWide(lax, v, index(i), last);
  const weight = lax.sub(position, low);
  const out = ((): NDArray => {
    switch (options.method ?? "linear") {
      case "lower":
        return at(low);
      case "higher":
        return at(high);
      case "nearest":
        return lax.select(lax.le(weight, 0.5), at(low), at(high));
      case "midpoint":
        return lax.mul(lax.add(at(low), at(high)), 0.5);
      case "linear":
        return lax.add(lax.mul(at(low), lax.sub(1, weight)), lax.mul(at(high), weight));
      default:
        throw fail(
          "E_ARGUMENT",
          `${name}: the method "${String(options.method)}" is none of linear, lower, higher, midpoint, nearest`,
        );
    }
  })();
  const front = lax.reshape(lax.moveAxis(out, last, 0), [
    ...p.shape,
    ...rest.map((i) => x.shape[i] as number),
  ]);
  const kept =
    options.keepdims === true
      ? lax.reshape(front, [...p.shape, ...x.shape.map((m, i) => (axes.includes(i) ? 1 : m))])
      : front;
  return lax.convertElementType(kept, kept.dtype, { weakType: false });
}
/** takeAlong for another number of positions than elements. */
function takeAlongWide(lax: Lax, x: NDArray, indices: NDArray, last: number): NDArray {
  const batch = range(last);
  return lax.gather(
    x,
    lax.reshape(indices, [...indices.shape, 1]),
    {
      offsetDims: [],
      collapsedSliceDims: [last],
      startIndexMap: [last],
      operandBatchingDims: batch,
      startIndicesBatchingDims: batch,
    },
    x.shape.map(() => 1),
    { mode: "clip" },
  );
}
type Quantile = (a: Operand, q: Operand, options?: QuantileOptions) => NDArray;
/** Quantiles. Source: jax.numpy.quantile. */
export const quantile: Quantile = (a, q, options = {}) => quantileOf("np.quantile", a, q, options, false);
/** Quantiles without NaN. Source: jax.numpy.nanquantile. */
export const nanquantile: Quantile = (a, q, options = {}) =>
  quantileOf("np.nanquantile", a, q, options, true);
const hundredth = (q: Operand): NDArray => u.divide(q, 100);
/** Percentiles. Source: jax.numpy.percentile. */
export const percentile: Quantile = (a, q, options = {}) =>
  quantileOf("np.percentile", a, hundredth(q), options, false);
/** Percentiles without NaN. Source: jax.numpy.nanpercentile. */
export const nanpercentile: Quantile = (a, q, options = {}) =>
  quantileOf("np.nanpercentile", a, hundredth(q), options, true);
/** Median. Source: jax.numpy.median. */
export const median = (a: Operand, options: QuantileOptions = {}): NDArray =>
  quantileOf("np.median", a, 0.5, { ...options, method: "midpoint" }, false);
/** Median without NaN. Source: jax.numpy.nanmedian. */
export const nanmedian = (a: Operand, options: QuantileOptions = {}): NDArray =>
  quantileOf("np.nanmedian", a, 0.5, { ...options, method: "midpoint" }, true);

// --- sets: results depend on values, so arrays must be concrete unless `size` says how many -----------------------------

/** Reads concrete values, for results whose shape depends on them. */
export function concrete(name: string, x: NDArray): NDArray {
  if (x.kind === TRACER)
    throw fail(
      "E_CONCRETIZATION",
      `${name}: the result's shape depends on the values of a traced ${x.aval}`,
      { hint: "pass { size }, or call it outside jit" },
    );
  return x;
}
interface UniqueOptions {
  readonly returnIndex?: boolean | undefined;
  readonly returnInverse?: boolean | undefined;
  readonly returnCounts?: boolean | undefined;
  readonly axis?: number | null | undefined;
  readonly size?: number | null | undefined;
  readonly fillValue?: Operand | null | undefined;
  readonly equalNan?: boolean | undefined;
}
/** Distinct values in order, with positions, inverse and counts on demand. Source: jax.numpy.unique. */
export function unique(ar: Operand, options: UniqueOptions = {}): NDArray | NDArray[] {
  checkOptions("np.unique", options, [
    "returnIndex",
    "returnInverse",
    "returnCounts",
    "axis",
    "equalNan",
    "size",
    "fillValue",
    "sorted",
  ]);
  const lax = L();
  const raw = toArray("np.unique", ar);
  const axis = options.axis == null ? null : oneAxis("np.unique", options.axis, raw);
  const moved = axis === null ? lax.reshape(raw, [raw.size, 1]) : lax.moveAxis(raw, axis, 0);
  const n = moved.shape[0] as number;
  const width = moved.shape.slice(1).reduce((p, m) => p * m, 1);
  const x = lax.reshape(moved, [n, width]);
  const columns = range(width).map((j) => lax.reshape(lax.sliceInDim(x, j, j + 1, 1, 1), [n]));
  const order = lax.sortMany([...columns, lax.iota(indexDType(), n)], { numKeys: width })[width] as NDArray;
  const rows = takeRows(lax, x, order);
  const fresh =
    n === 0
      ? lax.full([0], literal(false, "bool"))
      : lax.concatenate(
          [lax.full([1], literal(true, "bool")), differ(lax, rows, options.equalNan ?? true)],
          0,
        );
  const group = lax.sub(cumulativeCount(lax, fresh), literal(1, indexDType()));
  const size = options.size ?? sum(concrete("np.unique", fresh)).item(indexDType());
  const count = Number(size);
  const starts = firstTrue(lax, fresh, count);
  const found =
    count === 0 || n === 0 ? lax.full([count, width], literal(0, x.dtype)) : takeRows(lax, rows, starts);
  const total = sum(fresh);
  const fill =
    options.fillValue == null
      ? takeRows(lax, found, lax.full([count], literal(0, "int32")))
      : lax.full([count, width], lax.convertElementType(toArray("np.unique", options.fillValue), x.dtype));
  const valid = lax.lt(lax.iota(indexDType(), count), lax.broadcastInDim(total, [count], []));
  const values =
    count === 0 ? found : lax.select(lax.broadcastInDim(valid, [count, width], [0]), found, fill);
  const shape = axis === null ? [count] : [count, ...moved.shape.slice(1)];
  const shaped =
    axis === null ? lax.reshape(values, shape) : lax.moveAxis(lax.reshape(values, shape), 0, axis);
  const out = [shaped];
  if (options.returnIndex === true)
    out.push(
      count === 0
        ? lax.full([0], literal(0, indexDType()))
        : u.where(
            valid,
            takeRows(lax, lax.reshape(order, [n, 1]), starts).reshape([count]),
            takeRows(lax, lax.reshape(order, [n, 1]), lax.full([count], literal(0, "int32"))).reshape([
              count,
            ]),
          ),
    );
  if (options.returnInverse === true) {
    const inverse = lax.scatter(
      lax.full([n], literal(0, indexDType())),
      lax.reshape(order, [n, 1]),
      group,
      { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
      { uniqueIndices: true },
    );
    out.push(axis === null ? lax.reshape(inverse, raw.shape) : inverse);
  }
  if (options.returnCounts === true) {
    const ones = lax.full([n], literal(1, indexDType()));
    out.push(
      lax.scatterAdd(lax.full([count], literal(0, indexDType())), lax.reshape(group, [n, 1]), ones, {
        updateWindowDims: [],
        insertedWindowDims: [0],
        scatterDimsToOperandDims: [0],
      }),
    );
  }
  return out.length === 1 ? shaped : out;
}
function takeRows(lax: Lax, x: NDArray, at: NDArray): NDArray {
  return lax.gather(
    x,
    lax.reshape(at, [at.size, 1]),
    { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] },
    [1, x.shape[1] as number],
    { mode: "clip" },
  );
}
/** Does each row differ from the one before it? */
function differ(lax: Lax, rows: NDArray, equalNan: boolean): NDArray {
  const n = rows.shape[0] as number;
  const [a, b] = [lax.sliceInDim(rows, 1, n), lax.sliceInDim(rows, 0, n - 1)];
  let ne = lax.ne(a, b);
  if (equalNan && isInexact(rows.dtype))
    ne = lax.bitwiseAnd(ne, lax.bitwiseNot(lax.bitwiseAnd(lax.ne(a, a), lax.ne(b, b))));
  return lax.reduceOr(ne, [1]);
}
function cumulativeCount(lax: Lax, mask: NDArray): NDArray {
  let y = lax.convertElementType(mask, indexDType());
  for (let step = 1; step < mask.size; step *= 2)
    y = lax.add(lax.pad(y, literal(0, y.dtype), [[step, -step, 0]]), y);
  return y;
}
/** Positions of the first `count` true elements, n where there are fewer. */
export function firstTrue(lax: Lax, mask: NDArray, count: number): NDArray {
  const at = lax.select(mask, cumulativeCount(lax, mask), lax.full(mask.shape, literal(0, indexDType())));
  const slot = lax.sub(at, literal(1, at.dtype));
  const safe = lax.select(mask, slot, lax.full(mask.shape, literal(count, slot.dtype)));
  return lax.scatter(
    lax.full([count], literal(mask.size, indexDType())),
    lax.reshape(safe, [mask.size, 1]),
    lax.iota(indexDType(), mask.size),
    { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
    { mode: "drop" },
  );
}
/** Is each element in the test elements? Source: jax.numpy.isin. */
export function isin(
  element: Operand,
  testElements: Operand,
  options: { readonly invert?: boolean | undefined } = {},
): NDArray {
  checkOptions("np.isin", options, ["invert", "assumeUnique", "method"]);
  const lax = L();
  const [x, t] = promoteDTypes("np.isin", [element, testElements]) as [NDArray, NDArray];
  const tests = ravel(t);
  const shape = [...x.shape, tests.size];
  const hit = lax.reduceOr(
    lax.eq(lax.broadcastInDim(x, shape, range(x.ndim)), lax.broadcastInDim(tests, shape, [x.ndim])),
    [x.ndim],
  );
  return options.invert === true ? lax.bitwiseNot(hit) : hit;
}
const distinct = (x: Operand): NDArray => unique(x) as NDArray;
const only = (x: NDArray, mask: NDArray): NDArray => x.get(mask);
/** Values in both. Source: jax.numpy.intersect1d. */
export function intersect1d(ar1: Operand, ar2: Operand): NDArray {
  const [a, b] = promoteDTypes("np.intersect1d", [distinct(ar1), distinct(ar2)]) as [NDArray, NDArray];
  return only(a, isin(a, b));
}
/** Values in either. Source: jax.numpy.union1d. */
export const union1d = (
  ar1: Operand,
  ar2: Operand,
  options: {
    readonly size?: number | null | undefined;
    readonly fillValue?: Operand | null | undefined;
  } = {},
): NDArray => unique(concatenate([ravel(ar1), ravel(ar2)]), options) as NDArray;
/** Values of the first that aren't in the second. Source: jax.numpy.setdiff1d. */
export function setdiff1d(ar1: Operand, ar2: Operand): NDArray {
  const a = distinct(ar1);
  return only(a, isin(a, ar2, { invert: true }));
}
/** Values in exactly one. Source: jax.numpy.setxor1d. */
export function setxor1d(ar1: Operand, ar2: Operand): NDArray {
  const [a, b] = promoteDTypes("np.setxor1d", [distinct(ar1), distinct(ar2)]) as [NDArray, NDArray];
  return sort(concatenate([only(a, isin(a, b, { invert: true })), only(b, isin(b, a, { invert: true }))]));
}
const part = (ar: Operand, options: UniqueOptions): NDArray[] =>
  unique(ar, { equalNan: false, ...options }) as NDArray[];
export const uniqueValues = (x: Operand): NDArray => unique(x, { equalNan: false }) as NDArray;
export const uniqueCounts = (x: Operand): NDArray[] => part(x, { returnCounts: true });
export const uniqueInverse = (x: Operand): NDArray[] => part(x, { returnInverse: true });
export const uniqueAll = (x: Operand): NDArray[] =>
  part(x, { returnIndex: true, returnInverse: true, returnCounts: true });

/** Positions where values keep the order. Source: jax.numpy.searchsorted. */
export function searchsorted(
  a: Operand,
  v: Operand,
  options: {
    readonly side?: "left" | "right" | undefined;
    readonly sorter?: Operand | null | undefined;
    readonly method?: string | undefined;
  } = {},
): NDArray {
  checkOptions("np.searchsorted", options, ["side", "sorter", "method"]);
  const lax = L();
  let [x, q] = promoteDTypes("np.searchsorted", [a, v]) as [NDArray, NDArray];
  if (x.ndim !== 1) throw fail("E_SHAPE", `np.searchsorted: got ${x.aval}, expected one axis`);
  if (options.sorter != null) x = takeAlong(lax, x, toArray("np.searchsorted", options.sorter), 0);
  // How many elements stand before each value.
  const shape = [...q.shape, x.size];
  const [element, value] = [
    lax.broadcastInDim(x, shape, [q.ndim]),
    lax.broadcastInDim(q, shape, range(q.ndim)),
  ];
  const right = options.side === "right";
  let before = right ? lax.le(element, value) : lax.lt(element, value);
  if (isFloat(x.dtype)) {
    const [en, vn] = [lax.ne(element, element), lax.ne(value, value)];
    before = lax.bitwiseOr(before, right ? vn : lax.bitwiseAnd(vn, lax.bitwiseNot(en)));
  }
  return lax.reduceSum(lax.convertElementType(before, indexDType()), [q.ndim]);
}
/** The bin of each value. Source: jax.numpy.digitize. */
export function digitize(
  x: Operand,
  bins: Operand,
  options: { readonly right?: boolean | undefined } = {},
): NDArray {
  checkOptions("np.digitize", options, ["right", "method"]);
  const edges = toArray("np.digitize", bins);
  if (edges.size === 0)
    return u.multiply(L().convertElementType(toArray("np.digitize", x), indexDType()), 0n);
  const side = options.right === true ? "left" : "right";
  const up = searchsorted(edges, x, { side });
  const down = u.subtract(
    BigInt(edges.size),
    searchsorted(L().rev(edges, [0]), x, { side: options.right === true ? "right" : "left" }),
  );
  const [first, last] = [edges.get(0), edges.get(-1)];
  return u.where(u.greaterEqual(last, first), up, L().convertElementType(down, up.dtype));
}
