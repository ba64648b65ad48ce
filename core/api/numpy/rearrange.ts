// np: elements reversed, shifted, repeated, inserted and removed.
import { fail } from "../../errors.ts";
import { sizeOf, type Shape } from "../../ir/aval.ts";
import { isBool, isInteger } from "../../ir/dtype.ts";
import { NDArray, TRACER, type ArrayLike, type Slice } from "../../ir/ndarray.ts";
import { checkInteger, literal, numberList, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { checkOptions, fromIntegers } from "../arrays.ts";
import { composite } from "../composite.ts";
import { isSliceLike, resolveSlice } from "../slices.ts";
import type { Options } from "../keywords.ts";
import { broadcastTo } from "../promotion.ts";
import { remainder } from "./arithmetic.ts";
import { axesOf, oneAxis, range } from "./axes.ts";
import { L } from "./define.ts";
import { concatenate } from "./joining.ts";
import { any } from "./reductions.ts";
import { moveaxis, ravel, swapaxes } from "./shape.ts";

/** Elements reversed along axes; along all by default. Source: jax.numpy.flip. */
export function flip(m: ArrayLike, options: Options<"axis"> = {}): NDArray {
  checkOptions("np.flip", options, ["axis"]);
  const x = toArray("np.flip", m, "m");
  return L().rev(x, axesOf("np.flip", options.axis, x));
}
/** Columns reversed. Source: jax.numpy.fliplr. */
export function fliplr(m: ArrayLike): NDArray {
  return flip(m, { axis: 1 });
}
/** Rows reversed. Source: jax.numpy.flipud. */
export function flipud(m: ArrayLike): NDArray {
  return flip(m, { axis: 0 });
}
/** Turned by 90 degrees, k times, from the first of two axes towards the second. Source: jax.numpy.rot90. */
export function rot90(
  m: ArrayLike,
  options: Options<never, { k: number; axes: readonly [number, number] }> = {},
): NDArray {
  checkOptions("np.rot90", options, ["k", "axes"]);
  const x = toArray("np.rot90", m, "m");
  checkInteger("np.rot90", "k", options.k ?? 1);
  if (x.ndim < 2) throw fail("E_SHAPE", `np.rot90: got ${x.aval}, expected at least two axes`);
  const [a, b] = axesOf("np.rot90", options.axes ?? [0, 1], x) as [number, number];
  switch ((((options.k ?? 1) % 4) + 4) % 4) {
    case 0:
      return x;
    case 2:
      return L().rev(x, [a, b]);
    case 1:
      return swapaxes(L().rev(x, [b]), a, b);
    default:
      return L().rev(swapaxes(x, a, b), [b]);
  }
}

function rollStatic(x: NDArray, shift: number, axis: number): NDArray {
  const n = x.shape[axis] as number;
  const k = n === 0 ? 0 : ((shift % n) + n) % n;
  if (k === 0) return x;
  return L().concatenate([L().sliceInDim(x, n - k, n, 1, axis), L().sliceInDim(x, 0, n - k, 1, axis)], axis);
}
/** A window of two copies side by side. */
const rollDynamic = composite("np.roll", ([x, shift]: readonly [NDArray, NDArray], axes: readonly number[]) =>
  axes.reduce((y, axis, i) => {
    const lax = L();
    const n = y.shape[axis] as number;
    if (n === 0) return y;
    const by = shift.ndim === 0 || shift.size === 1 ? 0 : i;
    const one = lax.reshape(lax.sliceInDim(lax.reshape(shift, [shift.size]), by, by + 1), []);
    const k = remainder(lax.convertElementType(one, "int32"), literal(n, "int32"));
    return lax.dynamicSliceInDim(lax.concatenate([y, y], axis), lax.sub(n, k), n, axis);
  }, x),
);
/** Elements shifted around the end of axes, of the flattened array without one. Source: jax.numpy.roll. */
export function roll(
  a: ArrayLike,
  shift: number | readonly number[] | NDArray,
  options: Options<"axis"> = {},
): NDArray {
  checkOptions("np.roll", options, ["axis"]);
  const x = toArray("np.roll", a, "a");
  const { axis } = options;
  if (axis == null) return L().reshape(roll(ravel(x), shift, { axis: 0 }), x.shape);
  const given = (typeof axis === "number" ? [axis] : axis).map((i) => oneAxis("np.roll", i, x));
  if (shift instanceof NDArray) return rollDynamic([x, shift], spreadOver(given, shift.size));
  const shifts = numberList("np.roll", "shift", shift);
  const axes = spreadOver(given, shifts.length);
  return axes.reduce((y, i, k) => rollStatic(y, shifts[shifts.length === 1 ? 0 : k] as number, i), x);
}
/** One axis for several shifts, or one each. */
function spreadOver(axes: readonly number[], shifts: number): readonly number[] {
  if (axes.length !== shifts && axes.length !== 1 && shifts !== 1)
    throw fail("E_SHAPE", `np.roll: ${shifts} shifts for ${axes.length} axes`);
  return axes.length === 1 ? range(shifts).map(() => axes[0] as number) : axes;
}

/** Copies side by side. Source: jax.numpy.tile. */
export function tile(A: ArrayLike, reps: number | readonly number[]): NDArray {
  const x = toArray("np.tile", A, "A");
  const counts = numberList("np.tile", "reps", reps);
  if (counts.some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_ARGUMENT", `np.tile: reps [${counts.join(",")}], expected counts`);
  const rank = Math.max(x.ndim, counts.length);
  const padTo = (l: readonly number[]): number[] => [...Array<number>(rank - l.length).fill(1), ...l];
  const [shape, times] = [padTo(x.shape), padTo(counts)];
  const wide = L().broadcastInDim(
    L().reshape(x, shape),
    shape.flatMap((n, i) => [times[i] as number, n]),
    shape.map((_, i) => 2 * i + 1),
  );
  return L().reshape(
    wide,
    shape.map((n, i) => n * (times[i] as number)),
  );
}
/** Elements repeated or dropped to fill a shape. Source: jax.numpy.resize. */
export function resize(a: ArrayLike, newShape: Shape | number): NDArray {
  const x = ravel(toArray("np.resize", a, "a"));
  const shape = numberList("np.resize", "newShape", newShape);
  if (shape.some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_SHAPE", `np.resize: got the shape [${shape.join(",")}]`);
  const n = sizeOf(shape);
  if (x.size === 0 || n === 0) return L().fullLike(x, 0, { shape });
  return L().reshape(L().sliceInDim(tile(x, Math.ceil(n / x.size)), 0, n), shape);
}

/** Elements of an axis at positions that are all in range. */
export function pickAlong(x: NDArray, at: NDArray, axis: number): NDArray {
  const lax = L();
  const rest = range(x.ndim).filter((i) => i !== axis);
  return lax.gather(
    x,
    lax.reshape(at, [at.size, 1]),
    { offsetDims: rest, collapsedSliceDims: [axis], startIndexMap: [axis] },
    x.shape.map((n, i) => (i === axis ? 1 : n)),
    { mode: "clip" },
  );
}
/** The integers of a list or of an array that is known. */
function integersOf(name: string, x: number | readonly number[] | NDArray): number[] {
  if (!(x instanceof NDArray)) return [...numberList(name, "what counts", x)];
  const data = valuesOf(x, name);
  return range(x.size).map((i) => Number(elementAt(data, x.dtype, i)));
}
/** Words of repeat. */
export type RepeatOptions = Options<"totalRepeatLength", { axis: number | null }>;
const repeatDynamic = composite(
  "np.repeat",
  ([x, repeats]: readonly [NDArray, NDArray], total: number, axis: number) => {
    const lax = L();
    const n = x.shape[axis] as number;
    const counts = broadcastTo(
      "np.repeat",
      lax.convertElementType(lax.reshape(repeats, [repeats.size]), "int32"),
      [n],
    );
    // Where each element's block begins, then the number of blocks begun so far.
    const before = lax.concatenate([lax.full([1], literal(0, "int32")), lax.sliceInDim(counts, 0, n - 1)], 0);
    const starts = lax.cumsum(before, 0);
    const marks = lax.scatterAdd(
      lax.full([total], literal(0, "int32")),
      lax.reshape(starts, [n, 1]),
      lax.full([n], literal(1, "int32")),
      { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
      { mode: "drop" },
    );
    return pickAlong(x, lax.sub(lax.cumsum(marks, 0), 1), axis);
  },
);
/**
 * Elements repeated. Counts per element must be known, or the total be given: the last element fills it up.
 * Source: jax.numpy.repeat.
 */
export function repeat(
  a: ArrayLike,
  repeats: number | readonly number[] | NDArray,
  options: RepeatOptions = {},
): NDArray {
  checkOptions("np.repeat", options, ["axis", "totalRepeatLength"]);
  const given = toArray("np.repeat", a, "a");
  const x = options.axis == null || given.ndim === 0 ? ravel(given) : given;
  const axis = oneAxis("np.repeat", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  const total = options.totalRepeatLength;
  const empty = (): NDArray => L().fullLike(x, 0, { shape: x.shape.map((m, i) => (i === axis ? 0 : m)) });
  if (total != null) {
    if (total === 0) return empty();
    if (n === 0) return x;
    return repeatDynamic(
      [x, repeats instanceof NDArray ? repeats : fromIntegers(integersOf("np.repeat", repeats))],
      total,
      axis,
    );
  }
  const counts = integersOf("np.repeat", repeats);
  if (counts.length === 1) return repeatEach(x, counts[0] as number, axis);
  if (counts.length !== n)
    throw fail("E_SHAPE", `np.repeat: ${counts.length} counts for ${n} elements of ${x.aval}`);
  const at = counts.flatMap((k, i) => Array<number>(k).fill(i));
  return at.length === 0 ? empty() : pickAlong(x, fromIntegers(at), axis);
}
function repeatEach(x: NDArray, times: number, axis: number): NDArray {
  const wide = L().broadcastInDim(
    x,
    [...x.shape.slice(0, axis + 1), times, ...x.shape.slice(axis + 1)],
    range(x.ndim).map((i) => (i <= axis ? i : i + 1)),
  );
  return L().reshape(
    wide,
    x.shape.map((m, i) => (i === axis ? m * times : m)),
  );
}

/** Positions to insert before or remove: a number, a list, a slice, or an array. */
export type Places = number | readonly number[] | Slice | NDArray;
/** Words of insert. */
export type InsertOptions = Options<never, { axis: number | null }>;
function placesOf(name: string, obj: Places, n: number): number[] {
  if (isSliceLike(obj)) {
    const { start, size, step } = resolveSlice(obj, n);
    return range(size).map((i) => start + i * step);
  }
  return integersOf(name, obj);
}
const countFromEnd = (n: number) => (i: number) => (i < 0 ? i + n : i);
/** Elements at known positions removed; a bool array removes where it is true. Source: jax.numpy.delete. */
function delete_(
  arr: ArrayLike,
  obj: Places,
  options: Options<never, { axis: number | null; assumeUniqueIndices: boolean }> = {},
): NDArray {
  checkOptions("np.delete", options, ["axis", "assumeUniqueIndices"]);
  const x = options.axis == null ? ravel(toArray("np.delete", arr, "arr")) : toArray("np.delete", arr, "arr");
  const axis = oneAxis("np.delete", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  if (obj instanceof NDArray && obj.kind === TRACER && options.assumeUniqueIndices === true)
    return deleteUnique([x, obj], axis);
  if (obj instanceof NDArray && !isBool(obj.dtype) && !isInteger(obj.dtype))
    throw fail("E_DTYPE", `np.delete: positions are ${obj.aval}, expected integers or bool`);
  const places = placesOf("np.delete", obj, n);
  const gone = new Set(
    obj instanceof NDArray && isBool(obj.dtype)
      ? places.flatMap((v, i) => (v === 0 ? [] : [i]))
      : places.map(countFromEnd(n)),
  );
  const one = typeof obj === "number" ? countFromEnd(n)(obj) : 0;
  if (one < 0 || one >= Math.max(n, 1))
    throw fail(
      "E_AXIS_RANGE",
      `np.delete: position ${String(obj)} is out of range for axis ${axis} of ${x.aval}`,
    );
  const kept = range(n).filter((i) => !gone.has(i));
  return kept.length === n ? x : pickAlong(x, fromIntegers(kept), axis);
}
export { delete_ as delete };
/** Distinct positions that aren't known: the result's size is. */
const deleteUnique = composite("np.delete", ([x, obj]: readonly [NDArray, NDArray], axis: number) => {
  const lax = L();
  const n = x.shape[axis] as number;
  const flat = lax.convertElementType(lax.reshape(obj, [obj.size]), "int32");
  const at = lax.clamp(0, lax.select(lax.lt(flat, 0), lax.add(flat, n), flat), n);
  const gaps = lax.sub(lax.sort(at, { dimension: 0 }), lax.iota("int32", at.size));
  const kept = n - at.size;
  const rows = lax.broadcastedIota("int32", [at.size, kept], 1);
  const passed = lax.ge(rows, lax.broadcastInDim(gaps, [at.size, kept], [0]));
  const shift = lax.reduceSum(lax.convertElementType(passed, "int32"), [0]);
  return pickAlong(x, lax.add(lax.iota("int32", kept), shift), axis);
});
/** Values put before known positions of an axis. Source: jax.numpy.insert. */
export function insert(arr: ArrayLike, obj: Places, values: ArrayLike, options: InsertOptions = {}): NDArray {
  checkOptions("np.insert", options, ["axis"]);
  const lax = L();
  const x = options.axis == null ? ravel(toArray("np.insert", arr, "arr")) : toArray("np.insert", arr, "arr");
  const axis = oneAxis("np.insert", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  const scalar = typeof obj === "number" || (obj instanceof NDArray && obj.ndim === 0);
  let v = lax.convertElementType(toArray("np.insert", values, "values"), x.dtype);
  if (v.ndim < x.ndim) v = lax.reshape(v, [...Array<number>(x.ndim - v.ndim).fill(1), ...v.shape]);
  let at = placesOf("np.insert", obj, n);
  if (at.length === 1) {
    if (scalar) v = moveaxis(v, 0, axis);
    at = range(v.shape[axis] as number).map(() => at[0] as number);
  }
  at = at.map(countFromEnd(n)).map((i) => Math.min(Math.max(i, 0), n));
  v = broadcastTo(
    "np.insert",
    v,
    x.shape.map((m, i) => (i === axis ? at.length : m)),
  );
  return pickAlong(concatenate([x, v], { axis }), fromIntegers(insertionOrder(at, n)), axis);
}
/** Where each element of the result comes from, in the n old and then the new elements. */
function insertionOrder(at: readonly number[], n: number): number[] {
  const order = range(at.length).sort((p, q) => (at[p] as number) - (at[q] as number) || p - q);
  const source: number[] = [];
  let k = 0;
  for (let i = 0; i <= n; i++) {
    while (k < order.length && at[order[k] as number] === i) source.push(n + (order[k++] as number));
    if (i < n) source.push(i);
  }
  return source;
}
/** Zeros at the ends of axes removed; the values must be known. Source: jax.numpy.trim_zeros. */
export function trimZeros(filt: ArrayLike, options: Options<"axis", { trim: string }> = {}): NDArray {
  checkOptions("np.trimZeros", options, ["trim", "axis"]);
  const x = toArray("np.trimZeros", filt, "filt");
  const how = String(options.trim ?? "fb").toLowerCase();
  if (!/^[fb]*$/.test(how))
    throw fail("E_ARGUMENT", `np.trimZeros: trim is "${how}", expected "f", "b" or "fb"`);
  return axesOf("np.trimZeros", options.axis, x).reduce((y, axis) => {
    const others = range(x.ndim).filter((i) => i !== axis);
    const used = [...valuesOf(any(x, { axis: others }), "np.trimZeros")].map((v) => Number(v) !== 0);
    const from = how.includes("f") ? (used.includes(true) ? used.indexOf(true) : used.length) : 0;
    const to = how.includes("b") ? used.lastIndexOf(true) + 1 : used.length;
    return used.includes(true) || how === ""
      ? L().sliceInDim(y, from, Math.max(from, to), 1, axis)
      : L().sliceInDim(y, 0, 0, 1, axis);
  }, x);
}
