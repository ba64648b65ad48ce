// Rows of gather and scatter: dimension numbers that place index vectors and windows.
import { differ, exceeds, printType, shapesDiffer } from "../dims.ts";
import { DTYPES } from "../dtype.ts";
import type { ArrayType, Dim, GatherDims, OpName, ScatterDims } from "../program.ts";
import {
  array,
  arrays,
  dimsAt,
  EXACT,
  need,
  needRegion,
  scalar,
  show,
  sorted,
  typeOf,
  unique,
  within,
  without,
  type OpRow,
  type Site,
} from "./row.ts";

/** Size of an index vector; 1 where the indices have no axis for it. */
const vectorSize = (indices: ArrayType, indexVectorDim: number): Dim =>
  indexVectorDim < indices.shape.length ? (indices.shape[indexVectorDim] as Dim) : 1;

/** The dims of the result (updates): batch dims in order, window dims at `windowAxes`. */
function combine(batch: readonly Dim[], window: readonly Dim[], windowAxes: readonly number[]): Dim[] {
  const out: Dim[] = [];
  let [b, w] = [0, 0];
  for (let i = 0; i < batch.length + window.length; i++)
    out.push((windowAxes.includes(i) ? window[w++] : batch[b++]) as Dim);
  return out;
}

function needIndices(site: Site, at: number): ArrayType {
  const indices = array(site, at);
  need("iu".includes(DTYPES[indices.dtype].kind), site, "I2", `indices are ${printType(indices)}`);
  return indices;
}

function checkGather(site: Site<"gather">, x: ArrayType, indices: ArrayType): void {
  const a: GatherDims & { readonly sliceSizes: readonly number[] } = site.attrs;
  const [rank, indexRank] = [x.shape.length, indices.shape.length];
  const resultRank = indexRank - (a.indexVectorDim < indexRank ? 1 : 0) + a.offsetDims.length;
  const ok = (holds: boolean, id: string, what: unknown): void =>
    need(
      holds,
      site,
      id,
      `${typeof what === "string" ? what : show(what as number[])} of ${printType(x)} by ${printType(indices)}`,
    );
  const shares = a.offsetDims.length + a.collapsedSliceDims.length + a.operandBatchingDims.length;
  ok(rank === shares, "C1", `${shares} offset, collapsed and batching dims`);
  ok(within([a.indexVectorDim], indexRank + 1), "C2", `index_vector_dim ${a.indexVectorDim}`);
  ok(!differ(a.startIndexMap.length, vectorSize(indices, a.indexVectorDim)), "C3", a.startIndexMap);
  ok(unique(a.offsetDims) && sorted(a.offsetDims), "C4", a.offsetDims);
  ok(within(a.offsetDims, resultRank), "C5", a.offsetDims);
  ok(unique([...a.collapsedSliceDims, ...a.operandBatchingDims]), "C6", a.collapsedSliceDims);
  ok(sorted(a.collapsedSliceDims), "C7", a.collapsedSliceDims);
  ok(within(a.collapsedSliceDims, rank), "C8", a.collapsedSliceDims);
  ok(sorted(a.operandBatchingDims), "C10", a.operandBatchingDims);
  ok(within(a.operandBatchingDims, rank), "C11", a.operandBatchingDims);
  ok(unique(a.startIndicesBatchingDims), "C13", a.startIndicesBatchingDims);
  ok(within(a.startIndicesBatchingDims, indexRank), "C14", a.startIndicesBatchingDims);
  ok(!a.startIndicesBatchingDims.includes(a.indexVectorDim), "C15", a.startIndicesBatchingDims);
  ok(a.operandBatchingDims.length === a.startIndicesBatchingDims.length, "C16", a.operandBatchingDims);
  const batch = [dimsAt(x, a.operandBatchingDims), dimsAt(indices, a.startIndicesBatchingDims)] as const;
  ok(!shapesDiffer(batch[0], batch[1]), "C17", a.operandBatchingDims);
  ok(unique([...a.startIndexMap, ...a.operandBatchingDims]), "C18", a.startIndexMap);
  ok(within(a.startIndexMap, rank), "C19", a.startIndexMap);
  ok(a.sliceSizes.length === rank, "C20", a.sliceSizes);
  ok(
    a.sliceSizes.every((n, i) => n >= 0 && !exceeds(n, x.shape[i] as Dim)),
    "C21",
    a.sliceSizes,
  );
  ok(
    a.collapsedSliceDims.every((d) => (a.sliceSizes[d] as number) <= 1),
    "C9",
    a.sliceSizes,
  );
  ok(
    a.operandBatchingDims.every((d) => (a.sliceSizes[d] as number) <= 1),
    "C12",
    a.sliceSizes,
  );
}

const gather: OpRow<"gather"> = {
  arity: [2, 2],
  attrs: {
    offsetDims: { kind: "ints" },
    collapsedSliceDims: { kind: "ints" },
    operandBatchingDims: { kind: "ints" },
    startIndicesBatchingDims: { kind: "ints" },
    startIndexMap: { kind: "ints" },
    indexVectorDim: { kind: "int" },
    sliceSizes: { kind: "ints" },
    indicesAreSorted: { kind: "flag" },
  },
  types: (site) => {
    const [x, indices] = [array(site, 0), needIndices(site, 1)];
    checkGather(site, x, indices);
    const a = site.attrs;
    const batch = dimsAt(indices, without(indices.shape.length, [a.indexVectorDim]));
    const window = without(x.shape.length, a.collapsedSliceDims, a.operandBatchingDims).map(
      (d) => a.sliceSizes[d] as number,
    );
    return [typeOf(x.dtype, combine(batch, window, a.offsetDims))];
  },
  constraints: {
    I2: "indices are integers",
    C1: "rank(operand) = size(offset_dims) + size(collapsed_slice_dims) + size(operand_batching_dims)",
    C2: "0 <= index_vector_dim <= rank(start_indices)",
    C3: "size(start_index_map) is the size of an index vector",
    C4: "is_unique(offset_dims) and is_sorted(offset_dims)",
    C5: "0 <= offset_dims < rank(result)",
    C6: "is_unique(collapsed_slice_dims + operand_batching_dims)",
    C7: "is_sorted(collapsed_slice_dims)",
    C8: "0 <= collapsed_slice_dims < rank(operand)",
    C9: "slice_sizes[collapsed_slice_dims...] <= 1",
    C10: "is_sorted(operand_batching_dims)",
    C11: "0 <= operand_batching_dims < rank(operand)",
    C12: "slice_sizes[operand_batching_dims...] <= 1",
    C13: "is_unique(start_indices_batching_dims)",
    C14: "0 <= start_indices_batching_dims < rank(start_indices)",
    C15: "index_vector_dim not in start_indices_batching_dims",
    C16: "size(operand_batching_dims) = size(start_indices_batching_dims)",
    C17: "dim(operand, operand_batching_dims...) = dim(start_indices, start_indices_batching_dims...)",
    C18: "is_unique(start_index_map + operand_batching_dims)",
    C19: "0 <= start_index_map < rank(operand)",
    C20: "size(slice_sizes) = rank(operand)",
    C21: "0 <= slice_sizes <= shape(operand)",
    C22: "shape(result) combines the batch dims and the offset dims",
    C23: "element_type(operand) = element_type(result)",
  },
  result: ["C22", "C23"],
  ...EXACT,
  traits: { structural: true },
};

function checkScatter(
  site: Site<"scatter">,
  xs: readonly ArrayType[],
  indices: ArrayType,
  updates: readonly ArrayType[],
): void {
  const a: ScatterDims = site.attrs;
  const [x, update] = [xs[0] as ArrayType, updates[0] as ArrayType];
  const [rank, indexRank, updateRank] = [x.shape.length, indices.shape.length, update.shape.length];
  const ok = (holds: boolean, id: string, what: unknown): void =>
    need(
      holds,
      site,
      id,
      `${typeof what === "string" ? what : show(what as number[])} of ${printType(update)} into ${printType(x)} by ${printType(indices)}`,
    );
  const shares = a.updateWindowDims.length + a.insertedWindowDims.length + a.inputBatchingDims.length;
  ok(rank === shares, "C2", `${shares} window, inserted and batching dims`);
  ok(unique(a.updateWindowDims) && sorted(a.updateWindowDims), "C7", a.updateWindowDims);
  ok(within(a.updateWindowDims, updateRank), "C8", a.updateWindowDims);
  ok(unique([...a.insertedWindowDims, ...a.inputBatchingDims]), "C9", a.insertedWindowDims);
  ok(sorted(a.insertedWindowDims), "C10", a.insertedWindowDims);
  ok(within(a.insertedWindowDims, rank), "C11", a.insertedWindowDims);
  ok(sorted(a.inputBatchingDims), "C12", a.inputBatchingDims);
  ok(within(a.inputBatchingDims, rank), "C13", a.inputBatchingDims);
  ok(unique(a.scatterIndicesBatchingDims), "C14", a.scatterIndicesBatchingDims);
  ok(within(a.scatterIndicesBatchingDims, indexRank), "C15", a.scatterIndicesBatchingDims);
  ok(!a.scatterIndicesBatchingDims.includes(a.indexVectorDim), "C16", a.scatterIndicesBatchingDims);
  ok(a.inputBatchingDims.length === a.scatterIndicesBatchingDims.length, "C17", a.inputBatchingDims);
  const batch = [dimsAt(x, a.inputBatchingDims), dimsAt(indices, a.scatterIndicesBatchingDims)] as const;
  ok(!shapesDiffer(batch[0], batch[1]), "C18", a.inputBatchingDims);
  ok(within([a.indexVectorDim], indexRank + 1), "C22", `index_vector_dim ${a.indexVectorDim}`);
  ok(
    !differ(a.scatterDimsToOperandDims.length, vectorSize(indices, a.indexVectorDim)),
    "C19",
    a.scatterDimsToOperandDims,
  );
  ok(unique([...a.scatterDimsToOperandDims, ...a.inputBatchingDims]), "C20", a.scatterDimsToOperandDims);
  ok(within(a.scatterDimsToOperandDims, rank), "C21", a.scatterDimsToOperandDims);
  const batchDims = dimsAt(indices, without(indexRank, [a.indexVectorDim]));
  const window = dimsAt(update, a.updateWindowDims);
  const limits = dimsAt(x, without(rank, a.insertedWindowDims, a.inputBatchingDims));
  const placed = combine(batchDims, window, a.updateWindowDims);
  ok(
    !shapesDiffer(placed, update.shape) && !window.some((d, i) => exceeds(d, limits[i] as Dim)),
    "C4",
    "updates",
  );
}

const scatter: OpRow<"scatter"> = {
  arity: [0, Infinity],
  attrs: {
    updateWindowDims: { kind: "ints" },
    insertedWindowDims: { kind: "ints" },
    inputBatchingDims: { kind: "ints" },
    scatterIndicesBatchingDims: { kind: "ints" },
    scatterDimsToOperandDims: { kind: "ints" },
    indexVectorDim: { kind: "int" },
    indicesAreSorted: { kind: "flag" },
    uniqueIndices: { kind: "flag" },
  },
  types: (site) => {
    const n = (site.operands.length - 1) / 2;
    need(n > 0 && Number.isInteger(n), site, "C5", `${site.operands.length} operands`);
    const [xs, updates] = [arrays(site, 0, n), arrays(site, n + 1)];
    const indices = needIndices(site, n);
    const [x, update] = [xs[0] as ArrayType, updates[0] as ArrayType];
    for (let i = 0; i < n; i++) {
      const [xi, ui] = [xs[i] as ArrayType, updates[i] as ArrayType];
      need(!shapesDiffer(xi.shape, x.shape), site, "C1", `${printType(xi)} and ${printType(x)}`);
      need(!shapesDiffer(ui.shape, update.shape), site, "C3", `${printType(ui)} and ${printType(update)}`);
      need(xi.dtype === ui.dtype, site, "C6", `${printType(ui)} into ${printType(xi)}`);
    }
    checkScatter(site, xs, indices, updates);
    const elements = xs.map((t) => scalar(t.dtype));
    needRegion(site, 0, "C23", [...elements, ...elements], elements);
    return xs;
  },
  constraints: {
    I2: "indices are integers",
    C1: "same(shape(inputs...))",
    C2: "rank(inputs[0]) = size(update_window_dims) + size(inserted_window_dims) + size(input_batching_dims)",
    C3: "same(shape(updates...))",
    C4: "shape(updates[0]) combines the indices' dims and windows that fit the inputs",
    C5: "0 < size(inputs) = size(updates) = N",
    C6: "element_type(updates...) = element_type(inputs...)",
    C7: "is_unique(update_window_dims) and is_sorted(update_window_dims)",
    C8: "0 <= update_window_dims < rank(updates[0])",
    C9: "is_unique(inserted_window_dims + input_batching_dims)",
    C10: "is_sorted(inserted_window_dims)",
    C11: "0 <= inserted_window_dims < rank(inputs[0])",
    C12: "is_sorted(input_batching_dims)",
    C13: "0 <= input_batching_dims < rank(inputs[0])",
    C14: "is_unique(scatter_indices_batching_dims)",
    C15: "0 <= scatter_indices_batching_dims < rank(scatter_indices)",
    C16: "index_vector_dim not in scatter_indices_batching_dims",
    C17: "size(input_batching_dims) = size(scatter_indices_batching_dims)",
    C18: "dim(inputs[0], input_batching_dims...) = dim(scatter_indices, scatter_indices_batching_dims...)",
    C19: "size(scatter_dims_to_operand_dims) is the size of an index vector",
    C20: "is_unique(scatter_dims_to_operand_dims + input_batching_dims)",
    C21: "0 <= scatter_dims_to_operand_dims < rank(inputs[0])",
    C22: "0 <= index_vector_dim <= rank(scatter_indices)",
    C23: "update_computation is (E..., E...) -> (E...)",
    C24: "shape(inputs...) = shape(results...)",
    C25: "element_type(results[i]) = Ei",
  },
  result: ["C24", "C25"],
  regions: { count: [1, 1], scope: "closed" },
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "region",
  traits: { reduction: true },
};

/** Rows of gather and scatter. */
export const GATHER_SCATTER = { gather, scatter } satisfies { readonly [N in OpName]?: OpRow<N> };
