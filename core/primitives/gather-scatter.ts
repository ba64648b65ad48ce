// gather, and what it shares with the scatters. The index vector is the last axis of `indices`, as in JAX.
import { fail } from "../errors.ts";
import type { Shape, ShapedArray } from "../ir/aval.ts";
import { isFloat, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { range, trailing, up } from "./dims.ts";
import type { Lax } from "./lax.ts";
import { checkList, checkSizes, toArray, type Operand } from "./operand.ts";

type Ints = readonly number[];
/** What to do with windows out of bounds. */
export type GatherScatterMode = "clip" | "fill" | "drop" | "promise_in_bounds";
/** What each axis of operand, indices and result means. Source: jax.lax.GatherDimensionNumbers. */
export interface GatherDimensionNumbers {
  readonly offsetDims: Ints;
  readonly collapsedSliceDims: Ints;
  readonly startIndexMap: Ints;
  readonly operandBatchingDims?: Ints;
  readonly startIndicesBatchingDims?: Ints;
}
/** What each axis of operand, indices and updates means. Source: jax.lax.ScatterDimensionNumbers. */
export interface ScatterDimensionNumbers {
  readonly updateWindowDims: Ints;
  readonly insertedWindowDims: Ints;
  readonly scatterDimsToOperandDims: Ints;
  readonly operandBatchingDims?: Ints;
  readonly scatterIndicesBatchingDims?: Ints;
}
/** What happens out of range, and promises about the indices. */
export interface GatherOptions {
  readonly mode?: GatherScatterMode | null | undefined;
  readonly fillValue?: number | bigint | boolean | null | undefined;
  readonly indicesAreSorted?: boolean | undefined;
  readonly uniqueIndices?: boolean | undefined;
}
/** `GatherOptions` without a fill value. */
export type ScatterOptions = Omit<GatherOptions, "fillValue">;
interface GatherParams extends Params {
  readonly dims: Required<GatherDimensionNumbers>;
  readonly sliceSizes: Ints;
  readonly mode: GatherScatterMode;
  readonly fillValue: number | bigint | boolean;
  readonly indicesAreSorted: boolean;
  readonly uniqueIndices: boolean;
}
const gatherParams = (p: Params): GatherParams => p as GatherParams;

function gatherShape([x, indices]: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const [a, idx] = [x as ShapedArray, indices as ShapedArray];
  const { dims, sliceSizes } = gatherParams(params);
  if (sliceSizes.length !== a.shape.length || sliceSizes.some((n, i) => n < 0 || n > (a.shape[i] as number)))
    throw fail("E_SHAPE", `lax.gather: slice sizes [${sliceSizes.join(",")}] don't fit ${a}`);
  if (idx.shape[idx.shape.length - 1] !== dims.startIndexMap.length)
    throw fail("E_SHAPE", `lax.gather: indices ${idx} need a last axis of ${dims.startIndexMap.length}`);
  const window = sliceSizes.filter(
    (_, i) => !dims.collapsedSliceDims.includes(i) && !dims.operandBatchingDims.includes(i),
  );
  const batch = idx.shape.slice(0, -1);
  let [w, k] = [0, 0];
  const shape = range(window.length + batch.length).map(
    (i) => (dims.offsetDims.includes(i) ? window[w++] : batch[k++]) as number,
  );
  return [a.with({ shape })];
}

/** In-bounds mask over the gathered shape: every index component inside its range. */
function inBounds(lax: Lax, indices: NDArray, limits: Ints): NDArray {
  const last = indices.ndim - 1;
  const high = lax.reshape(
    lax.concatenate(
      limits.map((n) => lax.full([1], n, indices.dtype)),
      0,
    ),
    [...indices.shape.slice(0, -1).map(() => 1), limits.length],
  );
  const wide = lax.broadcastInDim(high, indices.shape, range(indices.ndim));
  return lax.reduceAnd(lax.bitwiseAnd(lax.ge(indices, 0), lax.le(indices, wide)), [last]);
}

/** The primitive of `lax.gather`. */
export const gather_p: Primitive = definePrimitive({
  name: "gather",
  traits: { structural: true },
  linearIn: (mask) => mask[0] === true && mask[1] === false,
  shape: gatherShape,
  jvp: (_lax, [x, i], [t], params) => ({
    outs: [bind1(gather_p, [x as NDArray, i as NDArray], params)],
    tangents: [
      t == null
        ? null
        : bind1(
            gather_p,
            [t, i as NDArray],
            gatherParams(params).mode === "fill" ? { ...params, fillValue: 0 } : params,
          ),
    ],
  }),
  transpose: (lax, cts, args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const { dims, mode, indicesAreSorted, uniqueIndices } = gatherParams(params);
    const numbers: ScatterDimensionNumbers = {
      updateWindowDims: dims.offsetDims,
      insertedWindowDims: dims.collapsedSliceDims,
      scatterDimsToOperandDims: dims.startIndexMap,
      operandBatchingDims: dims.operandBatchingDims,
      scatterIndicesBatchingDims: dims.startIndicesBatchingDims,
    };
    accums[0]?.update((sum) =>
      lax.scatterAdd(sum, args[1] as NDArray, ct, numbers, {
        mode: mode === "fill" ? "drop" : mode,
        indicesAreSorted,
        uniqueIndices,
      }),
    );
  },
  batch: (lax, size, [x, i], [dx, di], params) =>
    gatherBatch(lax, size, x as NDArray, i as NDArray, dx ?? null, di ?? null, gatherParams(params)),
  decompose: (lax, [x, i], params) => {
    const p = gatherParams(params);
    if (p.mode !== "fill") return [bind1(gather_clamped_p, [x as NDArray, i as NDArray], params)];
    const [v, idx] = [x as NDArray, i as NDArray];
    const mask = inBounds(
      lax,
      idx,
      p.dims.startIndexMap.map((d) => (v.shape[d] as number) - (p.sliceSizes[d] as number)),
    );
    const out = bind1(gather_clamped_p, [v, idx], { ...p, mode: "clip" });
    const batchDims = range(out.ndim).filter((d) => !p.dims.offsetDims.includes(d));
    return [lax.select(lax.broadcastInDim(mask, out.shape, batchDims), out, lax.fullLike(out, p.fillValue))];
  },
});

/** The wire op: StableHLO's gather clamps its starts. Only `gather`'s decomposition uses it. */
export const gather_clamped_p: Primitive = definePrimitive({
  name: "gather_clamped",
  traits: { structural: true },
  shape: gatherShape,
  lower: (b, [x, i], params, [a, idx], outs) => {
    const { dims, sliceSizes, indicesAreSorted } = gatherParams(params);
    const extra = trailing(a as ShapedArray);
    const out = outs[0] as ShapedArray;
    return b.emit(
      "gather",
      [x as WireValue, i as WireValue],
      {
        offsetDims: [...dims.offsetDims, ...extra.map((_, k) => out.shape.length + k)],
        collapsedSliceDims: dims.collapsedSliceDims,
        operandBatchingDims: dims.operandBatchingDims,
        startIndicesBatchingDims: dims.startIndicesBatchingDims,
        startIndexMap: dims.startIndexMap,
        indexVectorDim: (idx as ShapedArray).shape.length - 1,
        sliceSizes: [...sliceSizes, ...extra],
        indicesAreSorted,
      },
      outs,
    );
  },
});

function gatherBatch(
  lax: Lax,
  size: number,
  x: NDArray,
  i: NDArray,
  dx: BatchDim,
  di: BatchDim,
  p: GatherParams,
): { outs: NDArray[]; bdims: BatchDim[] } {
  const d = p.dims;
  const bind = (
    operand: NDArray,
    indices: NDArray,
    dims: Required<GatherDimensionNumbers>,
    sliceSizes: Ints,
  ): NDArray => bind1(gather_p, [operand, indices], { ...p, dims, sliceSizes });
  if (dx !== null && di === null) {
    const dims = {
      ...d,
      offsetDims: [0, ...up(d.offsetDims)],
      collapsedSliceDims: up(d.collapsedSliceDims),
      startIndexMap: up(d.startIndexMap),
      operandBatchingDims: up(d.operandBatchingDims),
    };
    return {
      outs: [bind(toAxis(size, x, dx, 0), i, dims, [size, ...p.sliceSizes])],
      bdims: [0],
    };
  }
  const indices = toAxis(size, i, di, 0);
  if (dx === null)
    return {
      outs: [
        bind(
          x,
          indices,
          {
            ...d,
            offsetDims: up(d.offsetDims),
            startIndicesBatchingDims: up(d.startIndicesBatchingDims),
          },
          p.sliceSizes,
        ),
      ],
      bdims: [0],
    };
  const dims = {
    offsetDims: up(d.offsetDims),
    collapsedSliceDims: up(d.collapsedSliceDims),
    startIndexMap: up(d.startIndexMap),
    operandBatchingDims: [0, ...up(d.operandBatchingDims)],
    startIndicesBatchingDims: [0, ...up(d.startIndicesBatchingDims)],
  };
  return {
    outs: [bind(toAxis(size, x, dx, 0), indices, dims, [1, ...p.sliceSizes])],
    bdims: [0],
  };
}

/** Windows of `operand` at the index vectors of `startIndices`. Source: jax.lax.gather. */
export function gather(
  operand: Operand,
  startIndices: Operand,
  dimensionNumbers: GatherDimensionNumbers,
  sliceSizes: Shape,
  options: GatherOptions = {},
): NDArray {
  const x = toArray("lax.gather", operand, "operand");
  const mode = options.mode ?? "fill";
  const dims = {
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    ...dimensionNumbers,
  };
  for (const word of ["offsetDims", "collapsedSliceDims", "startIndexMap"] as const)
    checkList("lax.gather", `dimensionNumbers.${word}`, dims[word]);
  checkSizes("lax.gather", "sliceSizes", sliceSizes);
  const params: GatherParams = {
    dims,
    sliceSizes: [...sliceSizes],
    mode: mode === "drop" ? "fill" : mode,
    fillValue: options.fillValue ?? defaultFill(x.dtype),
    indicesAreSorted: options.indicesAreSorted ?? false,
    uniqueIndices: options.uniqueIndices ?? false,
  };
  return bind1(gather_p, [x, toArray("lax.gather", startIndices, "startIndices")], params);
}
/** NaN for floats, the lowest integer, the highest unsigned, true for bool (as JAX). */
function defaultFill(dtype: DType): number | bigint | boolean {
  if (isFloat(dtype) || dtype.startsWith("complex")) return Number.NaN;
  if (dtype === "bool") return true;
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const value = dtype.startsWith("uint") ? (1n << bits) - 1n : -(1n << (bits - 1n));
  return bits === 64n ? value : Number(value);
}
