// jax.ops: sums, products and extremes of the rows of each segment.
import { fail } from "../errors.ts";
import { DTYPES, isBool, isFloat, type DType } from "../ir/dtype.ts";
import type { ArrayLike, At, AtOptions, NDArray } from "../ir/ndarray.ts";
import { toArray } from "../primitives/operand.ts";
import { checkOptions } from "./arrays.ts";
import { composite } from "./composite.ts";
import type { Options } from "./keywords.ts";
import { full } from "./numpy/creation.ts";
import { iinfo } from "./numpy/dtypes.ts";
import { arange } from "./numpy/ranges.ts";
import { known } from "./numpy/searching.ts";
import { max as largest, min as smallest, prod, sum } from "./numpy/reductions.ts";
import { floorDivide } from "./numpy/arithmetic.ts";

/** Words of the segment functions. */
export type SegmentOptions = Options<
  "uniqueIndices" | "indicesAreSorted",
  {
    /** Rows of the result, which makes its shape static; by default the largest segment + 1. */
    numSegments: number | null;
    /** Reduce in buckets of this many rows first, for less rounding. */
    bucketSize: number | null;
    /** What happens to segments out of range; they are dropped by default. */
    mode: AtOptions["mode"];
  }
>;
const WORDS = ["numSegments", "indicesAreSorted", "uniqueIndices", "bucketSize", "mode"] as const;

/** How rows join a segment, and how buckets join. */
interface Joining {
  readonly into: (at: At, rows: NDArray, options: AtOptions) => NDArray;
  readonly buckets: (x: NDArray, options: { readonly axis: number }) => NDArray;
  readonly empty: (dtype: DType) => number | bigint | boolean;
}
/** The end of a dtype that no element lies beyond. */
const end =
  (side: "min" | "max") =>
  (dtype: DType): number | bigint | boolean => {
    if (isBool(dtype)) return side === "max";
    return isFloat(dtype) ? (side === "max" ? Infinity : -Infinity) : iinfo(dtype)[side];
  };

const segments = (name: string, { into, buckets, empty }: Joining) =>
  composite(
    name,
    ([data, ids]: readonly [NDArray, NDArray], count: number, size: number | null, options: AtOptions) => {
      const row = data.shape.slice(1);
      if (size === null) {
        const start = full([count, ...row], empty(data.dtype), { dtype: data.dtype });
        return into(start.at(ids), data, options);
      }
      const start = full([Math.ceil(ids.size / size), count, ...row], empty(data.dtype), {
        dtype: data.dtype,
      });
      const bucket = floorDivide(arange(ids.shape[0] as number), size);
      return buckets(into(start.at(bucket, ids), data, options), { axis: 0 }).astype(data.dtype);
    },
  );

function checked(name: string, data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions) {
  checkOptions(name, options, WORDS);
  const [x, ids] = [toArray(name, data, "data"), toArray(name, segmentIds, "segmentIds")] as const;
  if (x.ndim === 0) throw fail("E_SHAPE", `${name}: data is ${x.aval}, expected rows along an axis`);
  if (!["int", "uint"].includes(DTYPES[ids.dtype].kind))
    throw fail("E_DTYPE", `${name}: segmentIds is ${ids.aval}, expected integers`);
  const count = options.numSegments ?? Number(largest(known(name, ids, "numSegments")).item()) + 1;
  if (!Number.isInteger(count) || count < 0)
    throw fail("E_ARGUMENT", `${name}: numSegments is ${count}, expected an integer of at least 0`);
  const { mode = "drop", uniqueIndices = false, indicesAreSorted = false } = options;
  const how = { mode: mode ?? "drop", uniqueIndices, indicesAreSorted, wrapNegativeIndices: false } as const;
  return [[x, ids], count, options.bucketSize ?? null, how] as const;
}

const sums = segments("ops.segmentSum", {
  into: (at, rows, options) => at.add(rows, options),
  buckets: sum,
  empty: (dtype) => (isBool(dtype) ? false : 0),
});
/** The sum of the rows of each segment. Source: jax.ops.segment_sum. */
export function segmentSum(data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions = {}): NDArray {
  return sums(...checked("ops.segmentSum", data, segmentIds, options));
}
const products = segments("ops.segmentProd", {
  into: (at, rows, options) => at.mul(rows, options),
  buckets: prod,
  empty: (dtype) => (isBool(dtype) ? true : 1),
});
/** The product of the rows of each segment. Source: jax.ops.segment_prod. */
export function segmentProd(data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions = {}): NDArray {
  return products(...checked("ops.segmentProd", data, segmentIds, options));
}
const maxima = segments("ops.segmentMax", {
  into: (at, rows, options) => at.max(rows, options),
  buckets: largest,
  empty: end("min"),
});
/** The largest of the rows of each segment; the lowest value where there is none. Source: jax.ops.segment_max. */
export function segmentMax(data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions = {}): NDArray {
  return maxima(...checked("ops.segmentMax", data, segmentIds, options));
}
const minima = segments("ops.segmentMin", {
  into: (at, rows, options) => at.min(rows, options),
  buckets: smallest,
  empty: end("max"),
});
/** The smallest of the rows of each segment; the highest value where there is none. Source: jax.ops.segment_min. */
export function segmentMin(data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions = {}): NDArray {
  return minima(...checked("ops.segmentMin", data, segmentIds, options));
}
