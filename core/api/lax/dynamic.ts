// lax: windows at run-time starts. Starts are clamped so that windows fit; negative ones count from the end.
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { checkList, literal, toArray } from "../../primitives/operand.ts";
import * as p from "../../primitives/dynamic-slice.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import type { Shape } from "../../ir/aval.ts";
import { isUnsigned } from "../../ir/dtype.ts";
import { context } from "../../ir/context.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";

interface Negative {
  /** Negative starts count from the end (default); else they're clamped to 0. */
  readonly allowNegativeIndices: boolean;
}
type Starts = NDArray | readonly ArrayLike[];

/** Run-time starts that count from the end where they're negative. Source: jax's _dynamic_slice_indices. */
function starts(name: string, x: NDArray, given: Starts, allowNegative: boolean | undefined): ArrayLike[] {
  const { lax } = context();
  const list =
    given instanceof NDArray
      ? Array.from({ length: given.shape[0] ?? 0 }, (_, i) =>
          lax.squeeze(lax.sliceInDim(given, i, i + 1), [0]),
        )
      : given;
  checkList(name, "startIndices", list);
  return list.map((start, i) => {
    const size = x.shape[i] ?? 0;
    if (typeof start === "number" || typeof start === "bigint") {
      const n = Number(start);
      return literal(n < 0 && allowNegative !== false ? n + size : n, "int32");
    }
    const v = toArray(name, start, "a start index");
    if (allowNegative === false || isUnsigned(v.dtype)) return v;
    const wrapped = lax.add(v, literal(size, v.dtype));
    return lax.select(lax.lt(v, 0), wrapped, v);
  });
}
const along = (x: NDArray, axis: number, index: ArrayLike): ArrayLike[] =>
  x.shape.map((_, i) => (i === axis ? index : 0));

/** A window of static size at run-time starts. Source: jax.lax.dynamic_slice. */
export function dynamicSlice(
  operand: ArrayLike,
  startIndices: NDArray | readonly ArrayLike[],
  sliceSizes: Shape,
  options: Options<never, Negative> = {},
): NDArray {
  checkOptions("lax.dynamicSlice", options, ["allowNegativeIndices"]);
  const x = toArray("lax.dynamicSlice", operand, "operand");
  return p.dynamicSlice(
    x,
    starts("lax.dynamicSlice", x, startIndices, options.allowNegativeIndices),
    sliceSizes,
  );
}
/** `dynamicSlice` along one axis. Source: jax.lax.dynamic_slice_in_dim. */
export function dynamicSliceInDim(
  operand: ArrayLike,
  startIndex: ArrayLike,
  sliceSize: number,
  options: Options<never, Negative & { axis: number }> = {},
): NDArray {
  checkOptions("lax.dynamicSliceInDim", options, ["axis", "allowNegativeIndices"]);
  const x = toArray("lax.dynamicSliceInDim", operand, "operand");
  const axis = canonicalAxis("lax.dynamicSliceInDim", options.axis ?? 0, x.ndim);
  const sizes = x.shape.map((n, i) => (i === axis ? sliceSize : n));
  const { allowNegativeIndices } = options;
  return dynamicSlice(x, along(x, axis, startIndex), sizes, { allowNegativeIndices });
}
/** One place of an axis, which is kept with size 1 or dropped. Source: jax.lax.dynamic_index_in_dim. */
export function dynamicIndexInDim(
  operand: ArrayLike,
  index: ArrayLike,
  options: Options<"keepdims", Negative & { axis: number }> = {},
): NDArray {
  checkOptions("lax.dynamicIndexInDim", options, ["axis", "keepdims", "allowNegativeIndices"]);
  const x = toArray("lax.dynamicIndexInDim", operand, "operand");
  const axis = canonicalAxis("lax.dynamicIndexInDim", options.axis ?? 0, x.ndim);
  const { allowNegativeIndices } = options;
  const piece = dynamicSliceInDim(x, index, 1, { axis, allowNegativeIndices });
  return options.keepdims === false ? context().lax.squeeze(piece, [axis]) : piece;
}
/** A copy with a window replaced at run-time starts. Source: jax.lax.dynamic_update_slice. */
export function dynamicUpdateSlice(
  operand: ArrayLike,
  update: ArrayLike,
  startIndices: NDArray | readonly ArrayLike[],
  options: Options<never, Negative> = {},
): NDArray {
  checkOptions("lax.dynamicUpdateSlice", options, ["allowNegativeIndices"]);
  const x = toArray("lax.dynamicUpdateSlice", operand, "operand");
  const at = starts("lax.dynamicUpdateSlice", x, startIndices, options.allowNegativeIndices);
  return p.dynamicUpdateSlice(x, update, at);
}
/** `dynamicUpdateSlice` along one axis. Source: jax.lax.dynamic_update_slice_in_dim. */
export function dynamicUpdateSliceInDim(
  operand: ArrayLike,
  update: ArrayLike,
  startIndex: ArrayLike,
  axis: number,
  options: Options<never, Negative> = {},
): NDArray {
  checkOptions("lax.dynamicUpdateSliceInDim", options, ["allowNegativeIndices"]);
  const x = toArray("lax.dynamicUpdateSliceInDim", operand, "operand");
  const d = canonicalAxis("lax.dynamicUpdateSliceInDim", axis, x.ndim);
  return dynamicUpdateSlice(x, update, along(x, d, startIndex), options);
}
/** One place of an axis replaced. Source: jax.lax.dynamic_update_index_in_dim. */
export function dynamicUpdateIndexInDim(
  operand: ArrayLike,
  update: ArrayLike,
  index: ArrayLike,
  axis: number,
  options: Options<never, Negative> = {},
): NDArray {
  checkOptions("lax.dynamicUpdateIndexInDim", options, ["allowNegativeIndices"]);
  const x = toArray("lax.dynamicUpdateIndexInDim", operand, "operand");
  const d = canonicalAxis("lax.dynamicUpdateIndexInDim", axis, x.ndim);
  const u = toArray("lax.dynamicUpdateIndexInDim", update, "update");
  const wide = u.ndim === x.ndim ? u : context().lax.expandDims(u, [d]);
  return dynamicUpdateSliceInDim(x, wide, index, d, options);
}
