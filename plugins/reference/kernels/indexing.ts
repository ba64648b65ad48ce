// Ops whose positions are data: dynamic slices and gather clamp them, scatter skips windows that don't fit.
import {
  copyElement,
  dot,
  each,
  rearranged,
  strides,
  type HostKernel,
  type Kernels,
  type Tensor,
} from "tenon-plugin-kit";
import { reader } from "../elements.ts";
import { folder } from "./fold.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
const copy = (x: Tensor): Tensor => ({ ...x, data: x.data.slice() });

/** Starts of a slice of these sizes, moved inside. */
const clampedStarts = (
  starts: readonly Tensor[],
  shape: readonly number[],
  sizes: readonly number[],
): number[] => starts.map((s, i) => Math.min(Math.max(Number(reader(s)(0)), 0), at(shape, i) - at(sizes, i)));

const dynamicSlice: HostKernel<"dynamic_slice", Tensor> = ([x, ...starts], { attrs, types }) => {
  const step = strides(x.shape);
  const first = dot(clampedStarts(starts, x.shape, attrs.sliceSizes), step);
  return rearranged(types[0], x, (index) => first + dot(index, step));
};

const dynamicUpdateSlice: HostKernel<"dynamic_update_slice", Tensor> = ([x, update, ...starts]) => {
  const out = copy(x);
  const step = strides(x.shape);
  const first = dot(clampedStarts(starts, x.shape, update.shape), step);
  each(update.shape, (index, from) => {
    copyElement(out, first + dot(index, step), update, from);
  });
  return out;
};

/** Where index vectors stand: gather's and scatter's names for the same four. */
interface IndexDims {
  readonly batchAxes: readonly number[];
  readonly map: readonly number[];
  readonly operandBatching: readonly number[];
  readonly indicesBatching: readonly number[];
  readonly vectorDim: number;
}
/** Start of a window in the operand, by the index of a result (update) element. */
function starts(indices: Tensor, rank: number, dims: IndexDims): (index: readonly number[]) => number[] {
  const step = strides(indices.shape);
  const get = reader(indices);
  const hasVectors = dims.vectorDim < indices.shape.length;
  return (index) => {
    const batch = dims.batchAxes.map((d) => at(index, d));
    const where = [...batch];
    if (hasVectors) where.splice(dims.vectorDim, 0, 0);
    const start = Array<number>(rank).fill(0);
    dims.map.forEach((d, k) => {
      if (hasVectors) where[dims.vectorDim] = k;
      start[d] = Number(get(dot(where, step)));
    });
    dims.operandBatching.forEach((d, k) => {
      const axis = at(dims.indicesBatching, k);
      start[d] = at(batch, axis < dims.vectorDim ? axis : axis - 1);
    });
    return start;
  };
}
const others = (rank: number, ...lists: readonly (readonly number[])[]): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));

const gather: HostKernel<"gather", Tensor> = ([x, indices], { attrs: a, types }) => {
  const rank = x.shape.length;
  const startOf = starts(indices, rank, {
    batchAxes: others(types[0].shape.length, a.offsetDims),
    map: a.startIndexMap,
    operandBatching: a.operandBatchingDims,
    indicesBatching: a.startIndicesBatchingDims,
    vectorDim: a.indexVectorDim,
  });
  const windowAxes = others(rank, a.collapsedSliceDims, a.operandBatchingDims);
  const step = strides(x.shape);
  return rearranged(types[0], x, (index) => {
    const from = startOf(index).map((s, d) => Math.min(Math.max(s, 0), at(x.shape, d) - at(a.sliceSizes, d)));
    a.offsetDims.forEach((d, k) => (from[at(windowAxes, k)] = at(from, at(windowAxes, k)) + at(index, d)));
    return dot(from, step);
  });
};

const scatter: HostKernel<"scatter", Tensor> = (args, call) => {
  const { attrs: a } = call;
  const n = (args.length - 1) / 2;
  const [indices, updates] = [args[n] as Tensor, args.slice(n + 1)];
  const outs = args.slice(0, n).map(copy);
  const { shape } = outs[0] as Tensor;
  const update = (updates[0] as Tensor).shape;
  const startOf = starts(indices, shape.length, {
    batchAxes: others(update.length, a.updateWindowDims),
    map: a.scatterDimsToOperandDims,
    operandBatching: a.inputBatchingDims,
    indicesBatching: a.scatterIndicesBatchingDims,
    vectorDim: a.indexVectorDim,
  });
  const windowAxes = others(shape.length, a.insertedWindowDims, a.inputBatchingDims);
  const sizes = shape.map((_, d) => {
    const k = windowAxes.indexOf(d);
    return k < 0 ? 1 : at(update, at(a.updateWindowDims, k));
  });
  const step = strides(shape);
  const fold = folder(call, 0, outs, updates);
  each(update, (index, from) => {
    const to = startOf(index);
    if (!to.every((s, d) => s >= 0 && s + at(sizes, d) <= at(shape, d))) return; // skipped whole
    a.updateWindowDims.forEach((d, k) => (to[at(windowAxes, k)] = at(to, at(windowAxes, k)) + at(index, d)));
    fold(dot(to, step), from);
  });
  return outs;
};

/** Kernels of ops with positions in data. */
export const INDEXING = {
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
  gather,
  scatter,
} satisfies Kernels<Tensor>;
