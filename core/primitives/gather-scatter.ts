// gather and the scatters. The index vector is the last axis of `indices`, as in JAX.
import type { BinaryOp } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { shaped, type Shape, type ShapedArray } from "../ir/aval.ts";
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
import type { Lax } from "./lax.ts";
import { operands, toArray, type Operand } from "./operand.ts";
import { monoidRegion } from "./reduce.ts";
import { trailing } from "./shape.ts";

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
interface ScatterParams extends Params {
  readonly dims: Required<ScatterDimensionNumbers>;
  readonly mode: GatherScatterMode;
  readonly indicesAreSorted: boolean;
  readonly uniqueIndices: boolean;
}
const gatherParams = (p: Params): GatherParams => p as GatherParams;
const scatterParams = (p: Params): ScatterParams => p as ScatterParams;
const up = (l: Ints): number[] => l.map((i) => i + 1);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

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
  const x = toArray("lax.gather", operand);
  const mode = options.mode ?? "fill";
  const dims = {
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    ...dimensionNumbers,
  };
  const params: GatherParams = {
    dims,
    sliceSizes: [...sliceSizes],
    mode: mode === "drop" ? "fill" : mode,
    fillValue: options.fillValue ?? defaultFill(x.dtype),
    indicesAreSorted: options.indicesAreSorted ?? false,
    uniqueIndices: options.uniqueIndices ?? false,
  };
  return bind1(gather_p, [x, toArray("lax.gather", startIndices)], params);
}
/** NaN for floats, the lowest integer, the highest unsigned, true for bool (as JAX). */
function defaultFill(dtype: DType): number | bigint | boolean {
  if (isFloat(dtype) || dtype.startsWith("complex")) return Number.NaN;
  if (dtype === "bool") return true;
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const value = dtype.startsWith("uint") ? (1n << bits) - 1n : -(1n << (bits - 1n));
  return bits === 64n ? value : Number(value);
}

// --- scatter -----------------------------------------------------------------------------------------------------------

function scatterShape([x, indices, updates]: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const [a, idx, u] = [x as ShapedArray, indices as ShapedArray, updates as ShapedArray];
  const { dims } = scatterParams(params);
  if (a.dtype !== u.dtype)
    throw fail("E_DTYPE_MISMATCH", `lax.scatter: operand ${a} and updates ${u} differ in dtype`);
  if (
    idx.shape[idx.shape.length - 1] !== dims.scatterDimsToOperandDims.length ||
    u.shape.length !== idx.shape.length - 1 + dims.updateWindowDims.length
  )
    throw fail(
      "E_SHAPE",
      `lax.scatter: operand ${a}, indices ${idx} and updates ${u} don't fit the dimension numbers`,
    );
  return [a.with({ weak: a.weak && u.weak })];
}

/** The wire window sizes of a scatter: 1 where a dimension isn't in the update's window. */
function windowSizes(a: ShapedArray, u: ShapedArray, dims: Required<ScatterDimensionNumbers>): number[] {
  let k = 0;
  return a.shape.map((_, i) =>
    dims.insertedWindowDims.includes(i) || dims.operandBatchingDims.includes(i)
      ? 1
      : (u.shape[dims.updateWindowDims[k++] as number] as number),
  );
}

function clampIndices(
  lax: Lax,
  x: NDArray,
  indices: NDArray,
  updates: NDArray,
  dims: Required<ScatterDimensionNumbers>,
): NDArray {
  const sizes = windowSizes(x.aval, updates.aval, dims);
  const limits = dims.scatterDimsToOperandDims.map((d) => (x.shape[d] as number) - (sizes[d] as number));
  const last = indices.ndim - 1;
  return lax.concatenate(
    limits.map((n, k) => lax.clamp(0, lax.sliceInDim(indices, k, k + 1, 1, last), Math.max(n, 0))),
    last,
  );
}

/** The wire forms of the scatters, for the closed list. */
const wires: Primitive[] = [];
/** The wire forms, which skip windows out of range; the decompositions of scatters use them. */
export const scatterWires: readonly Primitive[] = wires;

interface ScatterSpec {
  readonly wire: BinaryOp | null;
  readonly jvp?: Primitive["jvp"];
  readonly transpose?: Primitive["transpose"];
  readonly linearIn?: Primitive["linearIn"];
}

function scatterPrimitive(name: string, spec: ScatterSpec): Primitive {
  const base = {
    traits: { structural: true } as const,
    shape: scatterShape,
    batch: (lax: Lax, size: number, args: readonly NDArray[], bdims: readonly BatchDim[], params: Params) => {
      const [x, i, u] = args.map((v, k) => toAxis(size, v, bdims[k] ?? null, 0)) as [
        NDArray,
        NDArray,
        NDArray,
      ];
      const { dims } = scatterParams(params);
      const batched = {
        updateWindowDims: up(dims.updateWindowDims),
        insertedWindowDims: up(dims.insertedWindowDims),
        scatterDimsToOperandDims: up(dims.scatterDimsToOperandDims),
        operandBatchingDims: [0, ...up(dims.operandBatchingDims)],
        scatterIndicesBatchingDims: [0, ...up(dims.scatterIndicesBatchingDims)],
      };
      return {
        outs: [bind1(primitive, [x, i, u], { ...params, dims: batched })],
        bdims: [0] as BatchDim[],
      };
    },
  };
  const wire: Primitive = definePrimitive({
    ...base,
    name: `${name}_dropping`,
    lower: (b, xs, params, avals, outs) => {
      const [a, idx, u] = avals as [ShapedArray, ShapedArray, ShapedArray];
      const { dims, indicesAreSorted, uniqueIndices } = scatterParams(params);
      const scalar = shaped([], a.dtype === "key<fry>" ? "uint32" : a.dtype);
      const region =
        spec.wire === null
          ? b.closedRegion([scalar, scalar], (_c, [, y]) => [y as WireValue])
          : monoidRegion(b, spec.wire, scalar);
      return b.emit(
        "scatter",
        xs,
        {
          updateWindowDims: [...dims.updateWindowDims, ...trailing(a).map((_, k) => u.shape.length + k)],
          insertedWindowDims: dims.insertedWindowDims,
          inputBatchingDims: dims.operandBatchingDims,
          scatterIndicesBatchingDims: dims.scatterIndicesBatchingDims,
          scatterDimsToOperandDims: dims.scatterDimsToOperandDims,
          indexVectorDim: idx.shape.length - 1,
          indicesAreSorted,
          uniqueIndices,
        },
        outs,
        [region],
      );
    },
  });
  const primitive: Primitive = definePrimitive({
    ...base,
    name,
    ...(spec.jvp === undefined ? {} : { jvp: spec.jvp }),
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    ...(spec.linearIn === undefined ? {} : { linearIn: spec.linearIn }),
    decompose: (lax, [x, i, u], params) => {
      const p = scatterParams(params);
      const indices =
        p.mode === "clip"
          ? clampIndices(lax, x as NDArray, i as NDArray, u as NDArray, p.dims)
          : (i as NDArray);
      return [
        bind1(wire, [x as NDArray, indices, u as NDArray], {
          ...p,
          mode: "drop",
        }),
      ];
    },
  });
  wires.push(wire);
  return primitive;
}

/** Gathers back what a scatter wrote: the transpose of its updates operand. */
function gatherUpdates(
  lax: Lax,
  ct: NDArray,
  indices: NDArray,
  operand: ShapedArray,
  updates: ShapedArray,
  p: ScatterParams,
): NDArray {
  const d = p.dims;
  return lax.gather(
    ct,
    indices,
    {
      offsetDims: d.updateWindowDims,
      collapsedSliceDims: d.insertedWindowDims,
      startIndexMap: d.scatterDimsToOperandDims,
      operandBatchingDims: d.operandBatchingDims,
      startIndicesBatchingDims: d.scatterIndicesBatchingDims,
    },
    windowSizes(operand, updates, d),
    { mode: p.mode === "drop" ? "fill" : p.mode, fillValue: 0 },
  );
}

/** The primitive of `lax.scatterAdd`. */
export const scatter_add_p: Primitive = scatterPrimitive("scatter_add", {
  wire: "add",
  linearIn: (mask) => mask[1] === false,
  jvp: (lax, [x, i, u], [tx, , tu], params) => {
    const put = (a: NDArray, v: NDArray): NDArray => bind1(scatter_add_p, [a, i as NDArray, v], params);
    const tangent =
      tx == null && tu == null
        ? null
        : put(tx ?? lax.zerosLike(x as NDArray), tu ?? lax.zerosLike(u as NDArray));
    return { outs: [put(x as NDArray, u as NDArray)], tangents: [tangent] };
  },
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    accums[0]?.add(ct);
    accums[2]?.add(
      gatherUpdates(
        lax,
        ct,
        args[1] as NDArray,
        avals[0] as ShapedArray,
        avals[2] as ShapedArray,
        scatterParams(params),
      ),
    );
  },
});

/** Which updates win: scatter their numbers, then compare (jax's _scatter_jvp for repeated indices). */
const scatterJvp: NonNullable<Primitive["jvp"]> = (lax, [x, i, u], [tx, , tu], params) => {
  const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
  const out = bind1(scatter_p, [operand, indices, updates], params);
  if (tx == null && tu == null) return { outs: [out], tangents: [null] };
  const [top, tup] = [tx ?? lax.zerosLike(operand), tu ?? lax.zerosLike(updates)];
  const p = scatterParams(params);
  if (p.uniqueIndices)
    return {
      outs: [out],
      tangents: [bind1(scatter_p, [top, indices, tup], params)],
    };
  // Number each index vector from 1, scatter the numbers, and keep only the tangents of the winners.
  const idsShape = indices.shape.slice(0, -1);
  const count = idsShape.reduce((n, d) => n * d, 1);
  const ids = lax.add(lax.reshape(lax.iota("int32", count), idsShape), 1);
  const batchDims = range(updates.ndim).filter((d) => !p.dims.updateWindowDims.includes(d));
  const wideIds = lax.broadcastInDim(ids, updates.shape, batchDims);
  const winners = bind1(scatter_p, [lax.full(operand.shape, 0, "int32"), indices, wideIds], params);
  const kept = lax.select(lax.eq(winners, 0), top, lax.zerosLike(top));
  const mine = gatherUpdates(lax, winners, indices, operand.aval, updates.aval, p);
  const masked = lax.select(lax.eq(mine, wideIds), tup, lax.zerosLike(tup));
  return {
    outs: [out],
    tangents: [bind1(scatter_add_p, [kept, indices, masked], params)],
  };
};
/** The primitive of `lax.scatter`. */
export const scatter_p: Primitive = scatterPrimitive("scatter", {
  wire: null,
  jvp: scatterJvp,
  linearIn: (mask, params) => mask[1] === false && scatterParams(params).uniqueIndices,
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const [operand, updates] = [avals[0] as ShapedArray, avals[2] as ShapedArray];
    if (accums[0] != null)
      accums[0].add(bind1(scatter_p, [ct, args[1] as NDArray, lax.zeros(updates)], params));
    if (accums[2] != null)
      accums[2].add(gatherUpdates(lax, ct, args[1] as NDArray, operand, updates, scatterParams(params)));
  },
});
/** The primitive of `lax.scatterMul`. */
export const scatter_mul_p: Primitive = scatterPrimitive("scatter_mul", {
  wire: "multiply",
  linearIn: (mask) => mask[0] === true && mask[1] === false && mask[2] === false,
  jvp: (lax, [x, i, u], [tx, , tu], params) => {
    const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
    const p = scatterParams(params);
    const put = (a: NDArray): NDArray => bind1(scatter_mul_p, [a, indices, updates], params);
    if (tu != null && !p.uniqueIndices)
      throw fail("E_NO_RULE", "scatterMul: the derivative by the updates needs uniqueIndices: true");
    const byUpdates =
      tu == null
        ? null
        : bind1(
            scatter_add_p,
            [
              lax.zerosLike(operand),
              indices,
              lax.mul(tu, gatherUpdates(lax, operand, indices, operand.aval, updates.aval, p)),
            ],
            params,
          );
    const byOperand = tx == null ? null : put(tx);
    const tangent =
      byUpdates === null ? byOperand : byOperand === null ? byUpdates : lax.addAny(byOperand, byUpdates);
    return { outs: [put(operand)], tangents: [tangent] };
  },
  transpose: (_lax, cts, args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct !== null)
      accums[0]?.add(bind1(scatter_mul_p, [ct, args[1] as NDArray, args[2] as NDArray], params));
  },
});

/** Ties share the derivative between the operand and the updates that attain the extremum (jax's _scatter_extremal_jvp). */
const extremalJvp =
  (self: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (lax, [x, i, u], [tx, , tu], params) => {
    const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
    const p = scatterParams(params);
    const out = bind1(self(), [operand, indices, updates], params);
    if (tx == null && tu == null) return { outs: [out], tangents: [null] };
    const as = (mask: NDArray): NDArray => lax.convertElementType(mask, out.dtype);
    const operandHit = as(lax.eq(operand, out));
    const updateHit = as(lax.eq(updates, gatherUpdates(lax, out, indices, operand.aval, updates.aval, p)));
    const counts = bind1(scatter_add_p, [operandHit, indices, updateHit], params);
    const shares = lax.select(lax.eq(counts, 0), lax.fullLike(counts, 1), counts);
    const total = bind1(
      scatter_add_p,
      [
        lax.mul(tx ?? lax.zerosLike(operand), operandHit),
        indices,
        lax.mul(tu ?? lax.zerosLike(updates), updateHit),
      ],
      params,
    );
    return { outs: [out], tangents: [lax.div(total, shares)] };
  };
/** The primitive of `lax.scatterMin`. */
export const scatter_min_p: Primitive = scatterPrimitive("scatter_min", {
  wire: "minimum",
  jvp: extremalJvp(() => scatter_min_p),
});
/** The primitive of `lax.scatterMax`. */
export const scatter_max_p: Primitive = scatterPrimitive("scatter_max", {
  wire: "maximum",
  jvp: extremalJvp(() => scatter_max_p),
});

function scatterWith(
  p: Primitive,
  operand: Operand,
  indices: Operand,
  updates: Operand,
  dims: ScatterDimensionNumbers,
  options: ScatterOptions,
): NDArray {
  const [x, u] = operands(`lax.${p.name}`, operand, updates) as [NDArray, NDArray];
  const mode = options.mode ?? "drop";
  const params: ScatterParams = {
    dims: { operandBatchingDims: [], scatterIndicesBatchingDims: [], ...dims },
    mode: mode === "fill" ? "drop" : mode,
    indicesAreSorted: options.indicesAreSorted ?? false,
    uniqueIndices: options.uniqueIndices ?? false,
  };
  return bind1(p, [x, toArray(`lax.${p.name}`, indices), u], params);
}
type ScatterFn = (
  operand: Operand,
  scatterIndices: Operand,
  updates: Operand,
  dimensionNumbers: ScatterDimensionNumbers,
  options?: ScatterOptions,
) => NDArray;
/** Windows replaced. Source: jax.lax.scatter. */
export const scatter: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_p, x, i, u, d, o);
/** Windows added. Source: jax.lax.scatter_add. */
export const scatterAdd: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_add_p, x, i, u, d, o);
/** Windows multiplied. Source: jax.lax.scatter_mul. */
export const scatterMul: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_mul_p, x, i, u, d, o);
/** Windows combined by minimum. Source: jax.lax.scatter_min. */
export const scatterMin: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_min_p, x, i, u, d, o);
/** Windows combined by maximum. Source: jax.lax.scatter_max. */
export const scatterMax: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_max_p, x, i, u, d, o);
