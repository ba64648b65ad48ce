// np: sorting and positions that sort. NaN sorts last; complex numbers by real, then by imaginary part.
import { fail } from "../../errors.ts";
import { complexDType, isComplex, isUnsigned, type DType } from "../../ir/dtype.ts";
import { type NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { inexactDType } from "../promotion.ts";
import { oneAxis, range } from "./axes.ts";
import { indexDType, L } from "./define.ts";
import { listed, type Arrays } from "./joining.ts";
import { swapaxes } from "./shape.ts";

/** Words of sort. */
export type SortOptions = Options<"stable" | "descending", { axis: number | null }>;
/** The array, flattened for `axis: null`, and the axis. */
function prepared(name: string, a: ArrayLike, axis: number | null | undefined): { x: NDArray; axis: number } {
  const raw = toArray(name, a, "a");
  const x = axis === null ? L().reshape(raw, [raw.size]) : raw;
  return { x, axis: oneAxis(name, axis ?? (axis === null ? 0 : -1), x) };
}
/** Sorted along an axis, the last by default. Source: jax.numpy.sort. */
export function sort(a: ArrayLike, options: SortOptions = {}): NDArray {
  checkOptions("np.sort", options, ["axis", "stable", "descending"]);
  const { x, axis } = prepared("np.sort", a, options.axis);
  const out = L().sort(x, { dimension: axis, isStable: options.stable ?? true });
  return options.descending === true ? L().rev(out, [axis]) : out;
}
const argsortOf = composite(
  "np.argsort",
  ([x]: readonly [NDArray], axis: number, stable: boolean, descending: boolean, dtype: DType) => {
    const lax = L();
    const iota = lax.broadcastedIota(dtype, x.shape, axis);
    const flip = descending && stable;
    const parts = flip ? [lax.rev(x, [axis]), lax.rev(iota, [axis])] : [x, iota];
    const order = lax.sortMany(parts, { dimension: axis, isStable: stable })[1] as NDArray;
    return descending ? lax.rev(order, [axis]) : order;
  },
);
/** Positions that sort. Source: jax.numpy.argsort. */
export function argsort(
  a: ArrayLike,
  options: Options<"stable" | "descending" | "dtype", { axis: number | null }> = {},
): NDArray {
  checkOptions("np.argsort", options, ["axis", "stable", "descending", "dtype"]);
  const { x, axis } = prepared("np.argsort", a, options.axis);
  const dtype = options.dtype == null ? indexDType() : canonicalDType(options.dtype);
  return argsortOf([x], axis, options.stable ?? true, options.descending ?? false, dtype);
}
const lexsortOf = composite("np.lexsort", (keys: readonly NDArray[], axis: number) => {
  const lax = L();
  const iota = lax.broadcastedIota(indexDType(), (keys[0] as NDArray).shape, axis);
  const sorted = lax.sortMany([...keys, iota], { dimension: axis, numKeys: keys.length });
  return sorted[keys.length] as NDArray;
});
/** Positions that sort by the last key; equal ones by the key before it, … Source: jax.numpy.lexsort. */
export function lexsort(keys: Arrays, options: Options<never, { axis: number }> = {}): NDArray {
  checkOptions("np.lexsort", options, ["axis"]);
  const list = listed("np.lexsort", keys).map((k) => toArray("np.lexsort", k));
  const first = list[0] as NDArray;
  for (const k of list)
    if (k.shape.join() !== first.shape.join())
      throw fail("E_SHAPE", `np.lexsort: keys have different shapes: ${first.aval}, ${k.aval}`);
  if (first.ndim === 0) return L().full([], literal(0, indexDType()));
  return lexsortOf(list.reverse(), oneAxis("np.lexsort", options.axis ?? -1, first));
}
/** Sorted complex numbers. Source: jax.numpy.sort_complex. */
export function sortComplex(a: ArrayLike): NDArray {
  const sorted = sort(toArray("np.sortComplex", a, "a"));
  return L().convertElementType(sorted, complexDType(inexactDType(sorted.dtype)));
}

/** Words of partition. */
export type PartitionOptions = Options<never, { axis: number }>;
function partitioned(
  name: string,
  a: ArrayLike,
  kth: number,
  options: PartitionOptions,
): { x: NDArray; k: number; axis: number } {
  checkOptions(name, options, ["axis"]);
  const given = toArray(name, a, "a");
  if (isComplex(given.dtype)) throw fail("E_DTYPE", `${name}: got ${given.aval}, expected real numbers`);
  const axis = oneAxis(name, options.axis ?? -1, given);
  const n = given.shape[axis] as number;
  if (!Number.isInteger(kth) || kth < -n || kth >= n)
    throw fail("E_AXIS_RANGE", `${name}: kth = ${kth} is out of range for ${given.aval}`);
  return { x: swapaxes(given, axis, -1), k: kth < 0 ? kth + n : kth, axis };
}
/** −x, or an order-reversing map of unsigned integers; its own inverse. */
const mirrored = (x: NDArray): NDArray =>
  isUnsigned(x.dtype) || x.dtype === "bool" ? L().bitwiseNot(x) : L().neg(x);
const partitionOf = composite("np.partition", ([x]: readonly [NDArray], k: number) => {
  const n = x.shape[x.ndim - 1] as number;
  const low = mirrored(L().topK(mirrored(x), k + 1)[0]);
  return L().concatenate([low, L().topK(x, n - k - 1)[0]], x.ndim - 1);
});
/** Around position kth of the sorted order: smaller elements before, larger ones after. Source: jax.numpy.partition. */
export function partition(a: ArrayLike, kth: number, options: PartitionOptions = {}): NDArray {
  const { x, k, axis } = partitioned("np.partition", a, kth, options);
  return swapaxes(partitionOf([x], k), -1, axis);
}
const argpartitionOf = composite("np.argpartition", ([x]: readonly [NDArray], k: number) => {
  const lax = L();
  const last = x.ndim - 1;
  const n = x.shape[last] as number;
  const low = lax.topK(mirrored(x), k + 1)[1];
  // The rest: ones where the lowest positions don't stand, taken by topK, too.
  const lead = range(last);
  const rest = lax.scatter(
    lax.full(x.shape, literal(1, "float32")),
    lax.reshape(low, [...low.shape, 1]),
    lax.full(low.shape, literal(0, "float32")),
    {
      updateWindowDims: [],
      insertedWindowDims: [last],
      scatterDimsToOperandDims: [last],
      operandBatchingDims: lead,
      scatterIndicesBatchingDims: lead,
    },
  );
  return lax.concatenate([low, lax.topK(rest, n - k - 1)[1]], last);
});
/** Positions that partition. Source: jax.numpy.argpartition. */
export function argpartition(a: ArrayLike, kth: number, options: PartitionOptions = {}): NDArray {
  const { x, k, axis } = partitioned("np.argpartition", a, kth, options);
  return swapaxes(argpartitionOf([x], k), -1, axis);
}
