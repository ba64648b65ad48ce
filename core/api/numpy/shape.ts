// np: functions that give the same elements another shape, or another order of axes.
import { fail } from "../../errors.ts";
import { sizeOf, type Shape } from "../../ir/aval.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkSizes, numberList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Axis, Options } from "../keywords.ts";
import { broadcastShapes as joined, broadcastTo as spread } from "../promotion.ts";
import { axesOf, oneAxis, range } from "./axes.ts";
import { broadcastAll, L } from "./define.ts";

/** Words of reshape and ravel. */
export type OrderOptions = Options<"order">;
function isFortran(name: string, options: OrderOptions): boolean {
  checkOptions(name, options, ["order"]);
  const order = options.order ?? "C";
  if (order === "F") return true;
  if (order === "C" || order === "A") return false;
  throw fail("E_ARGUMENT", `${name}: the order is "${String(order)}", expected "C" or "F"`);
}
const reversed = (x: NDArray): NDArray => L().transpose(x, range(x.ndim).reverse());
/** The sizes of a new shape, in which one size may be −1. */
function sizesFor(name: string, x: NDArray, shape: Shape | number): number[] {
  const wanted = numberList(name, "shape", shape);
  const sizes = [...wanted];
  const open = sizes.indexOf(-1);
  const rest = sizes.reduce((n, d, i) => (i === open ? n : n * d), 1);
  if (open >= 0) sizes[open] = rest === 0 ? 0 : x.size / rest;
  if (sizeOf(sizes) !== x.size || sizes.some((d) => d < 0 || !Number.isInteger(d)))
    throw fail("E_SHAPE", `${name}: can't reshape ${x.aval} (${x.size} elements) into [${wanted.join(",")}]`);
  return sizes;
}
/** The same elements, row-major, in another shape; one size may be −1. Source: jax.numpy.reshape. */
export function reshape(a: ArrayLike, shape: Shape | number, options: OrderOptions = {}): NDArray {
  const fortran = isFortran("np.reshape", options);
  const x = toArray("np.reshape", a, "a");
  const sizes = sizesFor("np.reshape", x, shape);
  if (!fortran) return L().reshape(x, sizes);
  return reversed(L().reshape(reversed(x), sizes.reverse()));
}
/** All elements along one axis, row-major. Source: jax.numpy.ravel. */
export function ravel(a: ArrayLike, options: OrderOptions = {}): NDArray {
  const x = toArray("np.ravel", a, "a");
  return L().reshape(isFortran("np.ravel", options) ? reversed(x) : x, [x.size]);
}
/** Axes permuted; reversed by default. Source: jax.numpy.transpose. */
export function transpose(a: ArrayLike, axes?: Shape | null): NDArray {
  const x = toArray("np.transpose", a, "a");
  if (axes == null) return reversed(x);
  checkSizes("np.transpose", "axes", axes);
  if (axes.length !== x.ndim)
    throw fail("E_AXIS_RANGE", `np.transpose: axes [${axes.join(",")}] don't fit ${x.aval}`);
  return L().transpose(x, axesOf("np.transpose", axes, x));
}
/** Axes permuted. Source: jax.numpy.permute_dims. */
export function permuteDims(a: ArrayLike, axes: Shape): NDArray {
  return transpose(a, axes);
}
/** The last two axes exchanged. Source: jax.numpy.matrix_transpose. */
export function matrixTranspose(x: ArrayLike): NDArray {
  const v = toArray("np.matrixTranspose", x, "x");
  if (v.ndim < 2) throw fail("E_SHAPE", `np.matrixTranspose: got ${v.aval}, expected at least two axes`);
  return swapaxes(v, -1, -2);
}
/** Two axes exchanged. Source: jax.numpy.swapaxes. */
export function swapaxes(a: ArrayLike, axis1: number, axis2: number): NDArray {
  const x = toArray("np.swapaxes", a, "a");
  const order = range(x.ndim);
  const [i, j] = [oneAxis("np.swapaxes", axis1, x), oneAxis("np.swapaxes", axis2, x)];
  [order[i], order[j]] = [j, i];
  return L().transpose(x, order);
}
/** Axes moved to other places; the others keep their order. Source: jax.numpy.moveaxis. */
export function moveaxis(
  a: ArrayLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): NDArray {
  const x = toArray("np.moveaxis", a, "a");
  const [from, to] = [axesOf("np.moveaxis", source, x), axesOf("np.moveaxis", destination, x)];
  if (from.length !== to.length)
    throw fail("E_AXIS_RANGE", `np.moveaxis: ${from.length} sources but ${to.length} destinations`);
  const order = range(x.ndim).filter((i) => !from.includes(i));
  const moves = to.map((d, i) => [d, from[i] as number] as const).sort((p, q) => p[0] - q[0]);
  for (const [d, s] of moves) order.splice(d, 0, s);
  return L().transpose(x, order);
}
/** One axis rolled back to before `start`. Source: jax.numpy.rollaxis. */
export function rollaxis(
  a: ArrayLike,
  axis: number,
  options: Options<never, { start: number }> = {},
): NDArray {
  checkOptions("np.rollaxis", options, ["start"]);
  const x = toArray("np.rollaxis", a, "a");
  const i = oneAxis("np.rollaxis", axis, x);
  const start = options.start ?? 0;
  if (!Number.isInteger(start) || start < -x.ndim || start > x.ndim)
    throw fail("E_AXIS_RANGE", `np.rollaxis: start ${start} is out of range for ${x.aval}`);
  const to = start < 0 ? start + x.ndim : start;
  return moveaxis(x, i, to > i ? to - 1 : to);
}
/** Axes of size 1 inserted, at these places of the result. Source: jax.numpy.expand_dims. */
export function expandDims(a: ArrayLike, axis: number | readonly number[]): NDArray {
  const x = toArray("np.expandDims", a, "a");
  const list = numberList("np.expandDims", "axis", axis);
  const places = list.map((i) => oneAxis("np.expandDims", i, x, x.ndim + list.length));
  if (new Set(places).size !== places.length)
    throw fail("E_AXIS_RANGE", `np.expandDims: an axis occurs twice in [${list.join(",")}]`, {
      hint: "name each axis once",
    });
  return L().expandDims(x, places);
}
/** Axes of size 1 removed: all, or these. Source: jax.numpy.squeeze. */
export function squeeze(a: ArrayLike, options: Options<"axis"> = {}): NDArray {
  checkOptions("np.squeeze", options, ["axis"]);
  const x = toArray("np.squeeze", a, "a");
  const axes =
    options.axis == null
      ? range(x.ndim).filter((i) => x.shape[i] === 1)
      : axesOf("np.squeeze", options.axis, x);
  const bad = axes.find((i) => x.shape[i] !== 1);
  if (bad !== undefined)
    throw fail("E_SHAPE", `np.squeeze: axis ${bad} of ${x.aval} has size ${x.shape[bad]}, expected 1`);
  return L().reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}
/** An array over a shape that it broadcasts to. Source: jax.numpy.broadcast_to. */
export function broadcastTo(array: ArrayLike, shape: Shape | number): NDArray {
  const sizes = typeof shape === "number" ? [shape] : shape;
  return spread("np.broadcastTo", toArray("np.broadcastTo", array, "array"), sizes);
}
/** The shape that shapes broadcast to. Source: jax.numpy.broadcast_shapes. */
export function broadcastShapes(...shapes: readonly (Shape | number)[]): number[] {
  return joined("np.broadcastShapes", ...shapes.map((s) => (typeof s === "number" ? [s] : s)));
}
/** Arrays over their common shape. Source: jax.numpy.broadcast_arrays. */
export function broadcastArrays(...args: readonly ArrayLike[]): NDArray[] {
  return broadcastAll(
    "np.broadcastArrays",
    args.map((a) => toArray("np.broadcastArrays", a)),
  );
}
function atLeast(n: 1 | 2 | 3, a: ArrayLike): NDArray {
  const x = toArray(`np.atleast${n}d`, a);
  if (x.ndim >= n) return x;
  if (n === 3 && x.ndim === 2) return L().reshape(x, [...x.shape, 1]);
  if (n === 3 && x.ndim === 1) return L().reshape(x, [1, x.size, 1]);
  return L().reshape(x, [...Array<number>(n - x.ndim).fill(1), ...x.shape]);
}
const oneOrList = (list: NDArray[]): NDArray | NDArray[] => (list.length === 1 ? (list[0] as NDArray) : list);
/** Rank at least 1; several arrays give a list. Source: jax.numpy.atleast_1d. */
export function atleast1d(arys: ArrayLike): NDArray;
export function atleast1d(...arys: readonly ArrayLike[]): NDArray | NDArray[];
export function atleast1d(...arys: readonly ArrayLike[]): NDArray | NDArray[] {
  return oneOrList(arys.map((a) => atLeast(1, a)));
}
/** Rank at least 2; several arrays give a list. Source: jax.numpy.atleast_2d. */
export function atleast2d(arys: ArrayLike): NDArray;
export function atleast2d(...arys: readonly ArrayLike[]): NDArray | NDArray[];
export function atleast2d(...arys: readonly ArrayLike[]): NDArray | NDArray[] {
  return oneOrList(arys.map((a) => atLeast(2, a)));
}
/** Rank at least 3; several arrays give a list. Source: jax.numpy.atleast_3d. */
export function atleast3d(arys: ArrayLike): NDArray;
export function atleast3d(...arys: readonly ArrayLike[]): NDArray | NDArray[];
export function atleast3d(...arys: readonly ArrayLike[]): NDArray | NDArray[] {
  return oneOrList(arys.map((a) => atLeast(3, a)));
}
/** Number of axes. Source: jax.numpy.ndim. */
export function ndim(a: ArrayLike): number {
  return toArray("np.ndim", a, "a").ndim;
}
/** Sizes of the axes. Source: jax.numpy.shape. */
function shapeOf(a: ArrayLike): Shape {
  return toArray("np.shape", a, "a").shape;
}
export { shapeOf as shape };
/** Number of elements, in all or along axes. Source: jax.numpy.size. */
export function size(a: ArrayLike, options: Options<never, { axis: Axis }> = {}): number {
  checkOptions("np.size", options, ["axis"]);
  const x = toArray("np.size", a, "a");
  return axesOf("np.size", options.axis, x).reduce((n, i) => n * (x.shape[i] as number), 1);
}
