// np: positions of elements: where they aren't zero, where they belong in an order, how many fall into each bin.
import { fail } from "../../errors.ts";
import { isBool, isFloat, isInteger } from "../../ir/dtype.ts";
import { TRACER, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, promoteDTypes } from "../promotion.ts";
import { range } from "./axes.ts";
import { indexDType, L, pick, toBool } from "./define.ts";
import { ravel } from "./shape.ts";

/** Refuses values that aren't known, for results whose shape depends on them. */
export function known(name: string, x: NDArray, word = "size"): NDArray {
  if (x.kind !== TRACER) return x;
  throw fail("E_CONCRETIZATION", `${name}: the result's shape depends on the values of a traced ${x.aval}`, {
    hint: `pass { ${word} }, or call it outside jit`,
  });
}
/** How many elements of a known mask are true. */
export function countTrue(name: string, mask: NDArray): number {
  let n = 0;
  for (const v of valuesOf(known(name, mask), name)) n += Number(v);
  return n;
}

/** Positions of the first `count` true elements of a vector; `none` where there are fewer. */
export function firstTrue(mask: NDArray, count: number, none: number): NDArray {
  const lax = L();
  const n = mask.size;
  const order = lax.cumsum(lax.convertElementType(mask, "int32"), 0);
  const slot = lax.select(mask, lax.sub(order, 1), lax.full([n], literal(count, "int32")));
  return lax.scatter(
    lax.full([count], literal(none, indexDType())),
    lax.reshape(slot, [n, 1]),
    lax.iota(indexDType(), n),
    { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
    { mode: "drop" },
  );
}
/** Words of nonzero. */
export type SizeOptions = Options<"size", { fillValue: ArrayLike | readonly ArrayLike[] | null }>;
const nonzeroOf = composite(
  "np.nonzero",
  ([mask, ...fills]: readonly [NDArray, ...NDArray[]], size: number) => {
    const lax = L();
    const flat = firstTrue(lax.reshape(mask, [mask.size]), size, 0);
    const total = lax.reduceSum(lax.convertElementType(lax.reshape(mask, [mask.size]), indexDType()), [0]);
    const missing = lax.ge(lax.iota(indexDType(), size), total);
    return mask.shape.map((n, d) => {
      const stride = mask.shape.slice(d + 1).reduce((p, q) => p * q, 1);
      const at = lax.rem(lax.div(flat, literal(stride, flat.dtype)), literal(n, flat.dtype));
      const fill = fills[d];
      return fill === undefined ? at : pick(missing, fill, at);
    });
  },
);
/**
 * Positions of the elements that aren't zero, one index array for each axis.
 * With `size` the shape is static: extra places hold 0 or `fillValue`. Source: jax.numpy.nonzero.
 */
export function nonzero(a: ArrayLike, options: SizeOptions = {}): NDArray[] {
  checkOptions("np.nonzero", options, ["size", "fillValue"]);
  const x = toArray("np.nonzero", a, "a");
  if (x.ndim === 0)
    throw fail("E_SHAPE", `np.nonzero: got ${x.aval}, expected at least one axis`, {
      hint: "use np.atleast1d",
    });
  const mask = toBool(x);
  const size = options.size ?? countTrue("np.nonzero", mask);
  if (x.size === 0 || size === 0) return x.shape.map(() => L().full([size], literal(0, indexDType())));
  const { fillValue } = options;
  const given =
    fillValue == null
      ? []
      : Array.isArray(fillValue)
        ? (fillValue as readonly ArrayLike[])
        : x.shape.map(() => fillValue as ArrayLike);
  if (given.length !== 0 && given.length !== x.ndim)
    throw fail("E_SHAPE", `np.nonzero: ${given.length} fill values for ${x.ndim} axes`);
  // A fill value counts as a position: integers stay integers.
  const fills = given.map(
    (v) => arraysOf("np.nonzero", [v, L().full([], literal(0, indexDType()))])[0] as NDArray,
  );
  return nonzeroOf([mask, ...fills], size);
}
/** Positions in the flattened array of the elements that aren't zero. Source: jax.numpy.flatnonzero. */
export function flatnonzero(a: ArrayLike, options: SizeOptions = {}): NDArray {
  checkOptions("np.flatnonzero", options, ["size", "fillValue"]);
  return nonzero(ravel(a), options)[0] as NDArray;
}
/** Positions of the elements that aren't zero, as rows. Source: jax.numpy.argwhere. */
export function argwhere(a: ArrayLike, options: SizeOptions = {}): NDArray {
  checkOptions("np.argwhere", options, ["size", "fillValue"]);
  const lax = L();
  const x = toArray("np.argwhere", a, "a");
  if (x.ndim === 0) {
    const found = nonzero(lax.reshape(x, [1]), options)[0] as NDArray;
    return lax.full([found.size, 0], literal(0, indexDType()));
  }
  const columns = nonzero(x, options);
  return lax.concatenate(
    columns.map((c) => lax.reshape(c, [c.size, 1])),
    1,
  );
}

/** How searchsorted searches; all give the same result. */
export type SearchMethod = "scan" | "scan_unrolled" | "sort" | "compare_all";
/** Words of searchsorted. */
export type SearchOptions = Options<
  never,
  { side: "left" | "right"; sorter: ArrayLike | null; method: SearchMethod }
>;
/** x < y in the order of sorting: NaN last, −0 equal to 0. */
function isBefore(x: NDArray, y: NDArray, orEqual: boolean): NDArray {
  const lax = L();
  const plain = orEqual ? lax.le(x, y) : lax.lt(x, y);
  if (!isFloat(x.dtype)) return plain;
  const [nx, ny] = [lax.ne(x, x), lax.ne(y, y)];
  return lax.bitwiseOr(plain, orEqual ? ny : lax.bitwiseAnd(ny, lax.bitwiseNot(nx)));
}
const searchOf = composite(
  "np.searchsorted",
  ([a, v, sorter]: readonly [NDArray, NDArray, NDArray | null], right: boolean) => {
    const lax = L();
    const [x, q] = promoteDTypes("np.searchsorted", [a, v], "any", ["a", "v"]) as [NDArray, NDArray];
    const sorted = sorter === null ? x : takeFlat(x, sorter);
    const n = sorted.size;
    const splat = (k: number): NDArray => lax.full(q.shape, literal(k, "int32"));
    let [low, high] = [splat(0), splat(n)];
    for (let level = Math.ceil(Math.log2(n + 1)); level > 0; level--) {
      const mid = lax.add(low, lax.div(lax.sub(high, low), 2));
      const goLeft = isBefore(q, takeFlat(sorted, mid), !right);
      [low, high] = [lax.select(goLeft, low, mid), lax.select(goLeft, mid, high)];
    }
    return n === 0 ? low : high;
  },
);
/** Elements of a vector at positions of any shape. */
function takeFlat(x: NDArray, at: NDArray): NDArray {
  return L().gather(
    x,
    L().reshape(at, [...at.shape, 1]),
    { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] },
    [1],
    { mode: "clip" },
  );
}
/** Positions before which values keep a sorted vector sorted. Source: jax.numpy.searchsorted. */
export function searchsorted(a: ArrayLike, v: ArrayLike, options: SearchOptions = {}): NDArray {
  checkOptions("np.searchsorted", options, ["side", "sorter", "method"]);
  const { side = "left", sorter, method = "scan" } = options;
  if (side !== "left" && side !== "right")
    throw fail("E_ARGUMENT", `np.searchsorted: side is "${String(side)}", expected "left" or "right"`);
  if (!["scan", "scan_unrolled", "sort", "compare_all"].includes(method))
    throw fail(
      "E_ARGUMENT",
      `np.searchsorted: the method "${String(method)}" is none of scan, scan_unrolled, sort, compare_all`,
    );
  const [x, q] = arraysOf("np.searchsorted", [a, v], ["a", "v"]) as [NDArray, NDArray];
  if (x.ndim !== 1) throw fail("E_SHAPE", `np.searchsorted: got ${x.aval}, expected one axis`);
  return searchOf(
    [x, q, sorter == null ? null : toArray("np.searchsorted", sorter, "sorter")],
    side === "right",
  );
}
/** Words of digitize. */
export type DigitizeOptions = Options<never, { right: boolean; method: SearchMethod }>;
/** The bin of each value, between ascending or descending edges. Source: jax.numpy.digitize. */
export function digitize(x: ArrayLike, bins: ArrayLike, options: DigitizeOptions = {}): NDArray {
  checkOptions("np.digitize", options, ["right", "method"]);
  const lax = L();
  const [v, edges] = arraysOf("np.digitize", [x, bins], ["x", "bins"]) as [NDArray, NDArray];
  if (edges.ndim !== 1) throw fail("E_SHAPE", `np.digitize: bins are ${edges.aval}, expected one axis`);
  const n = edges.size;
  if (n === 0) return lax.full(v.shape, literal(0, "int32"));
  return digitizeOf([v, edges], options.right === true ? "left" : "right");
}
const digitizeOf = composite(
  "np.digitize",
  ([v, edges]: readonly [NDArray, NDArray], side: "left" | "right") => {
    const lax = L();
    const n = edges.size;
    const at = (i: number): NDArray => lax.reshape(lax.sliceInDim(edges, i, i + 1), []);
    const up = searchsorted(edges, v, { side });
    const down = lax.sub(n, searchsorted(lax.rev(edges, [0]), v, { side }));
    return lax.select(lax.ge(at(n - 1), at(0)), up, down);
  },
);

/** Words of bincount. */
export type BincountOptions = Options<"weights", { minlength: number; length: number | null }>;
const bincountOf = composite(
  "np.bincount",
  ([x, weights]: readonly [NDArray, NDArray | null], length: number) => {
    const lax = L();
    const dtype = weights === null ? indexDType() : weights.dtype;
    return lax.scatterAdd(
      lax.full([length], literal(0, dtype)),
      lax.reshape(lax.max(x, 0), [x.size, 1]),
      weights ?? lax.full([x.size], literal(1, dtype)),
      { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
      { mode: "drop" },
    );
  },
);
/** How often each integer occurs, or the sum of its weights; `length` makes the shape static. Source: jax.numpy.bincount. */
export function bincount(x: ArrayLike, options: BincountOptions = {}): NDArray {
  checkOptions("np.bincount", options, ["weights", "minlength", "length"]);
  const given = toArray("np.bincount", x, "x");
  const v = isBool(given.dtype) ? L().convertElementType(given, "int32") : given;
  if (!isInteger(v.dtype) || v.ndim !== 1)
    throw fail(
      isInteger(v.dtype) ? "E_SHAPE" : "E_DTYPE",
      `np.bincount: got ${given.aval}, expected a vector of integers`,
    );
  const weights = options.weights == null ? null : toArray("np.bincount", options.weights, "weights");
  if (weights !== null && weights.shape.join() !== v.shape.join())
    throw fail("E_SHAPE", `np.bincount: weights ${weights.aval} for ${v.aval}`);
  return bincountOf([v, weights], options.length ?? countFor(v, options.minlength ?? 0));
}
function countFor(x: NDArray, minlength: number): number {
  const data = valuesOf(known("np.bincount", x, "length"), "np.bincount");
  const largest = range(x.size).reduce((m, i) => Math.max(m, Number(elementAt(data, x.dtype, i))), -1);
  return Math.max(minlength, x.size === 0 ? 0 : Math.max(0, largest) + 1);
}
