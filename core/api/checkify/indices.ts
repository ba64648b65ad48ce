// Which indices of slices, gathers and scatters are out of bounds, and the first of them: [index, axis, size of the axis].
import type { ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { Params } from "../../ir/primitive.ts";
import { fromIntegers } from "../arrays.ts";

/** Is any index out of bounds, and which? */
export type OutOfBounds = (
  args: readonly NDArray[],
  params: Params,
  outs: readonly ShapedArray[],
) => { readonly found: NDArray; readonly payload: NDArray };

const int32 = (x: NDArray): NDArray => context().lax.convertElementType(x, "int32", { weakType: false });

/** Starts of a window, one scalar for each axis of operand 0; the window's sizes are those of the result, or of operand 1. */
export const sliceOutOfBounds =
  (firstStart: 1 | 2): OutOfBounds =>
  (args, _params, outs) => {
    const { lax } = context();
    const [x] = args as [NDArray];
    const sizes = firstStart === 2 ? (args[1] as NDArray).shape : (outs[0] as ShapedArray).shape;
    const starts = args.slice(firstStart);
    let found = lax.convertElementType(false, "bool", { weakType: false });
    let payload = lax.broadcastInDim(lax.convertElementType(0, "int32", { weakType: false }), [3], []);
    for (let axis = starts.length - 1; axis >= 0; axis--) {
      const start = starts[axis] as NDArray;
      const limit = (x.shape[axis] as number) - (sizes[axis] as number);
      const out = lax.bitwiseOr(lax.lt(start, 0), lax.gt(start, limit));
      const mine = triple(int32(start), axis, x.shape[axis] as number);
      payload = lax.select(lax.broadcastInDim(out, [3], []), mine, payload);
      found = lax.bitwiseOr(found, out);
    }
    return { found, payload };
  };
function triple(index: NDArray, axis: number, size: number): NDArray {
  const { lax } = context();
  const rest = fromIntegers([axis, size]);
  return lax.concatenate([lax.reshape(index, [1]), rest], 0);
}

/** Index vectors along the last axis of `indices`; component k starts at axis `axes[k]`, and may reach `limits[k]`. */
function vectorsOutOfBounds(
  x: NDArray,
  indices: NDArray,
  axes: readonly number[],
  limits: readonly number[],
): { found: NDArray; payload: NDArray } {
  const { lax } = context();
  const n = axes.length;
  const flat = lax.reshape(indices, [indices.size]);
  if (indices.size === 0)
    return {
      found: lax.convertElementType(false, "bool", { weakType: false }),
      payload: fromIntegers([0, 0, 0]),
    };
  const upper = lax.broadcastInDim(fromIntegers(limits), indices.shape, [indices.ndim - 1]);
  const high = lax.convertElementType(lax.reshape(upper, [indices.size]), indices.dtype, { weakType: false });
  const mask = lax.bitwiseOr(lax.lt(flat, 0), lax.gt(flat, high));
  const at = lax.argmax(int32(mask), 0, "int32");
  const component = lax.rem(at, n);
  const axis = lax.dynamicIndexInDim(fromIntegers(axes), component, 0);
  const size = lax.dynamicIndexInDim(fromIntegers(axes.map((a) => x.shape[a] as number)), component, 0);
  const index = int32(lax.dynamicIndexInDim(flat, at, 0));
  return { found: lax.reduceOr(mask, [0]), payload: lax.concatenate([index, axis, size], 0) };
}

interface GatherDims {
  readonly startIndexMap: readonly number[];
}
/** The indices of a gather, whatever its mode. */
export const gatherOutOfBounds: OutOfBounds = ([x, indices], params) => {
  const { startIndexMap } = params["dims"] as GatherDims;
  const sizes = params["sliceSizes"] as readonly number[];
  const { shape } = x as NDArray;
  const limits = startIndexMap.map((a) => (shape[a] as number) - (sizes[a] as number));
  return vectorsOutOfBounds(x as NDArray, indices as NDArray, startIndexMap, limits);
};

interface ScatterDims {
  readonly updateWindowDims: readonly number[];
  readonly insertedWindowDims: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly scatterDimsToOperandDims: readonly number[];
}
/** The indices of a scatter, whatever its mode. */
export const scatterOutOfBounds: OutOfBounds = ([x, indices, updates], params) => {
  const dims = params["dims"] as ScatterDims;
  const { shape } = x as NDArray;
  let k = 0;
  const sizes = shape.map((_, i) =>
    dims.insertedWindowDims.includes(i) || dims.operandBatchingDims.includes(i)
      ? 1
      : ((updates as NDArray).shape[dims.updateWindowDims[k++] as number] as number),
  );
  const axes = dims.scatterDimsToOperandDims;
  const limits = axes.map((a) => (shape[a] as number) - (sizes[a] as number));
  return vectorsOutOfBounds(x as NDArray, indices as NDArray, axes, limits);
};
