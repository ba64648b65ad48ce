// lax: shapes, static slices and constants. Axes and sizes are static, nothing broadcasts by itself.
import { fail } from "../../errors.ts";
import { sameShape, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { concatenate } from "../../primitives/concatenate.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { range } from "../../primitives/dims.ts";
import * as fill from "../../primitives/fill.ts";
import { checkList, checkSizes, toArray } from "../../primitives/operand.ts";
import * as p from "../../primitives/shape.ts";
import * as windows from "../../primitives/slice.ts";
import { checkOptions, materialise } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { broadcastShapes as joinShapes, broadcastTo } from "../promotion.ts";

/** `shape` filled with a scalar. Source: jax.lax.full. */
export function full(shape: Shape, fillValue: ArrayLike, options: Options<"dtype"> = {}): NDArray {
  checkOptions("lax.full", options, ["dtype"]);
  const v = fill.fillOperand("lax.full", fillValue, options.dtype);
  if (v.ndim !== 0) throw fail("E_SHAPE", `lax.full: the fill value is ${v.aval}, expected a scalar`);
  const dtype = options.dtype == null ? undefined : canonicalDType(options.dtype);
  return materialise(fill.full(shape, v, dtype));
}

/** The shape and dtype of `x`, filled with a scalar. Source: jax.lax.full_like. */
export function fullLike(
  x: ArrayLike,
  fillValue: ArrayLike,
  options: Options<"dtype", { shape: Shape | null }> = {},
): NDArray {
  checkOptions("lax.fullLike", options, ["dtype", "shape"]);
  const like = toArray("lax.fullLike", x, "x");
  const v = fill.fillOperand("lax.fullLike", fillValue, options.dtype ?? like.dtype);
  const weakType = options.dtype == null && like.weakType;
  const out = fill.full(options.shape ?? like.shape, v, options.dtype ?? like.dtype);
  return materialise(context().lax.convertElementType(out, out.dtype, { weakType }));
}

/** An array whose elements don't matter: zeros. Source: jax.lax.empty. */
export const empty = (shape: Shape | number, dtype: DType): NDArray =>
  full(typeof shape === "number" ? [shape] : shape, 0n, { dtype });
/** `arr` broadcast to the shape of `likeArr`. @throws E_BROADCAST. Source: jax.lax.broadcast_like */
export function broadcastLike(arr: ArrayLike, likeArr: ArrayLike): NDArray {
  const name = "lax.broadcastLike";
  return broadcastTo(name, toArray(name, arr, "arr"), toArray(name, likeArr, "likeArr").shape);
}
/** The dtype of an operand. Source: jax.lax.dtype. */
export const dtype = (x: ArrayLike): DType => toArray("lax.dtype", x, "x").dtype;

/** `x` repeated along new leading axes of these sizes. Source: jax.lax.broadcast. */
export function broadcast(operand: ArrayLike, sizes: Shape): NDArray {
  const x = toArray("lax.broadcast", operand, "operand");
  checkSizes("lax.broadcast", "sizes", sizes);
  return p.broadcastInDim(
    x,
    [...sizes, ...x.shape],
    x.shape.map((_, i) => i + sizes.length),
  );
}
/** The shape that these broadcast to. @throws E_BROADCAST. Source: jax.lax.broadcast_shapes */
export const broadcastShapes = (...shapes: readonly Shape[]): Shape =>
  joinShapes("lax.broadcastShapes", ...shapes);
/** `x` with leading axes of size 1 up to a rank. Source: jax.lax.broadcast_to_rank. */
export function broadcastToRank(x: ArrayLike, rank: number): NDArray {
  const v = toArray("lax.broadcastToRank", x, "x");
  if (!Number.isInteger(rank) || rank < v.ndim)
    throw fail("E_SHAPE", `lax.broadcastToRank: ${v.aval} has rank ${v.ndim}, expected ${rank}`);
  return p.expandDims(v, range(rank - v.ndim));
}
/** 0, 1, 2, … along one axis of `shape`. Source: jax.lax.broadcasted_iota. */
export const broadcastedIota = (dtype: DType, shape: Shape, dimension: number): NDArray =>
  fill.broadcastedIota(canonicalDType(dtype), shape, dimension);
/** 0 … size − 1. Source: jax.lax.iota. */
export const iota = (dtype: DType, size: number): NDArray => fill.iota(canonicalDType(dtype), size);

/** The same elements, row-major, in another shape; `dimensions` transposes first. Source: jax.lax.reshape. */
export function reshape(
  operand: ArrayLike,
  newSizes: Shape,
  options: Options<never, { dimensions: Shape | null }> = {},
): NDArray {
  checkOptions("lax.reshape", options, ["dimensions"]);
  return p.reshape(operand, newSizes, { dimensions: options.dimensions ?? null });
}
/** Axes from start up to (not including) stop merged into one. Source: jax.lax.collapse. */
export function collapse(
  operand: ArrayLike,
  startDimension: number,
  options: Options<never, { stopDimension: number | null }> = {},
): NDArray {
  checkOptions("lax.collapse", options, ["stopDimension"]);
  const x = toArray("lax.collapse", operand, "operand");
  const at = (d: number): number => (d < 0 ? d + x.ndim : d);
  const [start, stop] = [at(startDimension), at(options.stopDimension ?? x.ndim)];
  if (!(start >= 0 && start <= stop && stop <= x.ndim))
    throw fail("E_AXIS_RANGE", `lax.collapse: axes ${start} to ${stop} of ${x.aval}`);
  const merged = x.shape.slice(start, stop).reduce((n, d) => n * d, 1);
  return p.reshape(x, [...x.shape.slice(0, start), merged, ...x.shape.slice(stop)]);
}
/** A static strided window. Source: jax.lax.slice. */
export function slice(
  operand: ArrayLike,
  startIndices: Shape,
  limitIndices: Shape,
  options: Options<never, { strides: Shape | null }> = {},
): NDArray {
  checkOptions("lax.slice", options, ["strides"]);
  return windows.slice(operand, startIndices, limitIndices, options.strides ?? null);
}
/** `slice` along one axis. Source: jax.lax.slice_in_dim. */
export function sliceInDim(
  operand: ArrayLike,
  startIndex: number | null,
  limitIndex: number | null,
  options: Options<never, { stride: number; axis: number }> = {},
): NDArray {
  checkOptions("lax.sliceInDim", options, ["stride", "axis"]);
  return windows.sliceInDim(operand, startIndex, limitIndex, options.stride ?? 1, options.axis ?? 0);
}
/** One place of an axis, which is kept with size 1 or dropped. Source: jax.lax.index_in_dim. */
export function indexInDim(
  operand: ArrayLike,
  index: number,
  options: Options<"keepdims", { axis: number }> = {},
): NDArray {
  checkOptions("lax.indexInDim", options, ["axis", "keepdims"]);
  const x = toArray("lax.indexInDim", operand, "operand");
  const axis = p.canonicalAxis("lax.indexInDim", options.axis ?? 0, x.ndim);
  const size = x.shape[axis] as number;
  if (!(Number.isInteger(index) && index >= -size && index < size))
    throw fail("E_INDEX", `lax.indexInDim: index ${index} is out of range for axis ${axis} of ${x.aval}`);
  const start = index < 0 ? index + size : index;
  const piece = windows.sliceInDim(x, start, start + 1, 1, axis);
  return options.keepdims === false ? p.squeeze(piece, [axis]) : piece;
}
/** Consecutive parts of these sizes along one axis. Source: jax.lax.split. */
export function split(
  operand: ArrayLike,
  sizes: Shape,
  options: Options<never, { axis: number }> = {},
): NDArray[] {
  checkOptions("lax.split", options, ["axis"]);
  return windows.split(operand, sizes, options.axis ?? 0);
}
/** Each axis repeated as often as `reps` says; missing ones lead. Source: jax.lax.tile. */
export function tile(operand: ArrayLike, reps: Shape): NDArray {
  const given = toArray("lax.tile", operand, "operand");
  checkSizes("lax.tile", "reps", reps);
  const rank = Math.max(given.ndim, reps.length);
  const x = broadcastToRank(given, rank);
  const times = [...Array<number>(rank - reps.length).fill(1), ...reps];
  const wide = x.shape.flatMap((n, i) => [times[i] as number, n]);
  const spread = p.broadcastInDim(
    x,
    wide,
    range(rank).map((i) => 2 * i + 1),
  );
  return p.reshape(
    spread,
    x.shape.map((n, i) => n * (times[i] as number)),
  );
}
/** Arrays of one shape joined along a new axis. Source: jax.lax.stack. */
export function stack(
  operands: readonly ArrayLike[],
  options: Options<never, { axis: number }> = {},
): NDArray {
  checkOptions("lax.stack", options, ["axis"]);
  checkList("lax.stack", "operands", operands);
  const xs = operands.map((x) => toArray("lax.stack", x));
  const [first] = xs;
  if (first === undefined) throw fail("E_ARGUMENT", "lax.stack: needs at least one array");
  if (xs.some((x) => !sameShape(x.shape, first.shape)))
    throw fail("E_SHAPE", `lax.stack: shapes differ: ${xs.map((x) => x.aval).join(", ")}`);
  const axis = p.canonicalAxis("lax.stack", options.axis ?? 0, first.ndim + 1);
  return concatenate(
    xs.map((x) => p.expandDims(x, [axis])),
    axis,
  );
}
/** The parts of an axis, one array each. Source: jax.lax.unstack. */
export function unstack(x: ArrayLike, options: Options<never, { axis: number }> = {}): NDArray[] {
  checkOptions("lax.unstack", options, ["axis"]);
  const v = toArray("lax.unstack", x, "x");
  const axis = p.canonicalAxis("lax.unstack", options.axis ?? 0, v.ndim);
  return range(v.shape[axis] as number).map((i) => indexInDim(v, i, { axis, keepdims: false }));
}
