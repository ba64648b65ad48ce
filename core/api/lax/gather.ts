// lax: gather and the scatters. The index vector is the last axis of the indices.
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import * as g from "../../primitives/gather-scatter.ts";
import type {
  GatherDimensionNumbers,
  GatherScatterMode,
  ScatterDimensionNumbers,
} from "../../primitives/gather-scatter.ts";
import { checkList, literal, toArray } from "../../primitives/operand.ts";
import * as s from "../../primitives/scatter.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";

export type { GatherDimensionNumbers, GatherScatterMode, ScatterDimensionNumbers };

interface Mode {
  /** Windows out of range: "clip" moves them in, "fill" and "drop" skip them, "promise_in_bounds" rules them out. */
  readonly mode: GatherScatterMode | null;
}
/** Options of the scatters. */
export type ScatterOptions = Options<"indicesAreSorted" | "uniqueIndices", Mode>;
const PROMISES = ["indicesAreSorted", "uniqueIndices", "mode"];

/** Windows of `operand` at the index vectors of `startIndices`. Source: jax.lax.gather. */
export function gather(
  operand: ArrayLike,
  startIndices: ArrayLike,
  dimensionNumbers: GatherDimensionNumbers,
  sliceSizes: Shape,
  options: Options<
    "indicesAreSorted" | "uniqueIndices",
    Mode & { fillValue: number | bigint | boolean | null }
  > = {},
): NDArray {
  checkOptions("lax.gather", options, [...PROMISES, "fillValue"]);
  return g.gather(operand, startIndices, dimensionNumbers, sliceSizes, options);
}
/** A copy with windows replaced. Source: jax.lax.scatter. */
export function scatter(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatter", options, PROMISES);
  return s.scatter(operand, scatterIndices, updates, dimensionNumbers, options);
}
/** A copy with windows added. Source: jax.lax.scatter_add. */
export function scatterAdd(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatterAdd", options, PROMISES);
  return s.scatterAdd(operand, scatterIndices, updates, dimensionNumbers, options);
}
/** A copy with windows subtracted. Source: jax.lax.scatter_sub. */
export function scatterSub(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatterSub", options, PROMISES);
  return s.scatterSub(operand, scatterIndices, updates, dimensionNumbers, options);
}
/** A copy with windows multiplied. Source: jax.lax.scatter_mul. */
export function scatterMul(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatterMul", options, PROMISES);
  return s.scatterMul(operand, scatterIndices, updates, dimensionNumbers, options);
}
/** A copy with windows combined by minimum. Source: jax.lax.scatter_min. */
export function scatterMin(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatterMin", options, PROMISES);
  return s.scatterMin(operand, scatterIndices, updates, dimensionNumbers, options);
}
/** A copy with windows combined by maximum. Source: jax.lax.scatter_max. */
export function scatterMax(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NDArray {
  checkOptions("lax.scatterMax", options, PROMISES);
  return s.scatterMax(operand, scatterIndices, updates, dimensionNumbers, options);
}

/**
 * Elements at index vectors, one per axis of `axes`; the rest of `src` follows. Indices count modulo the sizes.
 * Source: jax.lax.index_take.
 */
export function indexTake(src: ArrayLike, idxs: readonly ArrayLike[], axes: Shape): NDArray {
  const { lax } = context();
  const x = toArray("lax.indexTake", src, "src");
  checkList("lax.indexTake", "idxs", idxs);
  checkList("lax.indexTake", "axes", axes);
  const columns = idxs.map((index, k) => {
    const i = toArray("lax.indexTake", index, "index");
    const size = literal(x.shape[axes[k] as number] as number, i.dtype);
    const rest = lax.rem(i, size);
    return lax.expandDims(lax.select(lax.lt(rest, literal(0, i.dtype)), lax.add(rest, size), rest), [1]);
  });
  return g.gather(
    x,
    lax.concatenate(columns, 1),
    {
      offsetDims: Array.from({ length: x.ndim - axes.length }, (_, i) => i + 1),
      collapsedSliceDims: axes,
      startIndexMap: axes,
    },
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );
}
