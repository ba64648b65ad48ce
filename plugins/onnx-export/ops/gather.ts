// gather and scatter. Both address an operand seen as rows: the axes that indices or windows run over, joined to one, and
// the axes taken whole, joined to another. Indices become row numbers; gather takes rows, scatter combines rows.
import { sizeOfDims, type Block, type GatherDims, type OpName, type ScatterDims } from "tenon-plugin-api";
import { isFloat } from "../elements.ts";
import { fixed, type Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { monoidOf, type Monoid } from "./reduce.ts";
import { regionOf, shapeOf, type Row, type Run } from "./row.ts";
import { clampIndex, indexOf } from "./shape.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** gather's and scatter's dimension numbers in one vocabulary. */
interface Dims {
  /** Operand axes without a place in a window: indexed one by one, or batched with the indices. */
  readonly collapsed: readonly number[];
  readonly batching: readonly number[];
  readonly indicesBatching: readonly number[];
  /** Operand axis of each component of an index vector. */
  readonly startIndexMap: readonly number[];
  readonly indexVectorDim: number;
  /** Extent of the window along each operand axis. */
  readonly window: readonly number[];
}

/** Where the windows lie. */
interface Places {
  /** Row number of each window element: [batch…, partial window axes…], i64. */
  readonly rows: Val;
  /** Does the window lie within the operand? [batch…]; for scatter only. */
  readonly valid: Val | null;
  /** Operand axes of the rows (first those without a window), and those taken whole. */
  readonly indexed: readonly number[];
  readonly partial: readonly number[];
  readonly whole: readonly number[];
  readonly batch: readonly number[];
}

/** The components of the index vectors, each [batch…]. */
function components(g: Graph, indices: Val, dims: Dims): { starts: Val[]; batch: number[] } {
  const shape = fixed(indices, "gather");
  const batch = shape.filter((_, d) => d !== dims.indexVectorDim);
  const column = (k: number): Val =>
    dims.indexVectorDim < shape.length
      ? g.reshape(g.take(indices, dims.indexVectorDim, k, 1), batch)
      : indices;
  return { starts: dims.startIndexMap.map((_, k) => column(k)), batch };
}

function placesOf(
  g: Graph,
  shape: readonly number[],
  indices: Val,
  dims: Dims,
  mode: "clamp" | "skip",
): Places {
  const axes = numbers(shape.length);
  const isPartial = (d: number): boolean => at(dims.window, d) < at(shape, d);
  const single = axes.filter((d) => dims.collapsed.includes(d) || dims.batching.includes(d));
  const kept = axes.filter((d) => !single.includes(d));
  const [partial, whole] = [kept.filter(isPartial), kept.filter((d) => !isPartial(d))];
  const indexed = [...single, ...partial];
  const { starts, batch } = components(g, indices, dims);
  const rank = batch.length + partial.length;
  const int = (n: number): Val => g.scalar("i64", n);
  const stride = (d: number): number =>
    indexed.slice(indexed.indexOf(d) + 1).reduce((n, e) => n * at(shape, e), 1);
  const term = (x: Val, d: number): Val => (stride(d) === 1 ? x : g.op("Mul", [x, int(stride(d))]));
  const wide = (x: Val): Val => g.reshape(x, [...batch, ...partial.map(() => 1)]);
  const along = (n: number, axis: number): Val =>
    g.reshape(
      g.range(n),
      numbers(rank).map((i) => (i === axis ? n : 1)),
    );

  const terms: Val[] = [];
  let valid: Val | null = null;
  dims.startIndexMap.forEach((d, k) => {
    const last = at(shape, d) - at(dims.window, d);
    let start = starts[k] as Val;
    if (mode === "clamp") start = clampIndex(g, start, last);
    else {
      start = indexOf(g, start);
      const fits = g.and(
        g.op("GreaterOrEqual", [start, int(0)], "bool"),
        g.op("LessOrEqual", [start, int(last)], "bool"),
      );
      valid = valid === null ? fits : g.and(valid, fits);
    }
    if (indexed.includes(d)) terms.push(term(wide(start), d));
  });
  dims.batching.forEach((d, k) => {
    const dim = at(dims.indicesBatching, k);
    terms.push(term(along(at(shape, d), dim < dims.indexVectorDim ? dim : dim - 1), d));
  });
  partial.forEach((d, i) => terms.push(term(along(at(dims.window, d), batch.length + i), d)));
  const sum = terms.length === 0 ? int(0) : terms.reduce((a, b) => g.op("Add", [a, b]));
  const rows = g.expand(sum, [...batch, ...partial.map((d) => at(dims.window, d))]);
  return { rows, valid, indexed, partial, whole, batch };
}

/** The operand as [rows, elements taken whole]. */
function asRows(g: Graph, x: Val, { indexed, whole }: Places): Val {
  const sizes = (axes: readonly number[]): number => axes.reduce((n, d) => n * (x.shape[d] as number), 1);
  return g.reshape(g.transpose(x, [...indexed, ...whole]), [sizes(indexed), sizes(whole)]);
}
/** The permutation that undoes another. */
const inverse = (perm: readonly number[]): number[] => numbers(perm.length).map((i) => perm.indexOf(i));

/** Axes of a windowed array [batch…, partial…, whole…] in the order of the op's: window axes at `windowAxes`. */
function layout(places: Places, kept: readonly number[], windowAxes: readonly number[]): number[] {
  const { batch, partial, whole } = places;
  const rank = batch.length + kept.length;
  const mine = [...numbers(rank).filter((d) => !windowAxes.includes(d))];
  for (const d of [...partial, ...whole]) mine.push(at(windowAxes, kept.indexOf(d)));
  return mine; // axis mine[i] of the op's array is axis i of ours
}

const gatherDims = (a: GatherDims, window: readonly number[]): Dims => ({
  collapsed: a.collapsedSliceDims,
  batching: a.operandBatchingDims,
  indicesBatching: a.startIndicesBatchingDims,
  startIndexMap: a.startIndexMap,
  indexVectorDim: a.indexVectorDim,
  window,
});

const gather: Row<"gather"> = (op, [x, indices], { g }) => {
  const source = x as Val;
  const shape = fixed(source, "gather");
  const out = shapeOf(op);
  if (sizeOfDims(out) === 0) return [g.zeros(source.dtype, out)];
  const dims = gatherDims(op.attrs, op.attrs.sliceSizes);
  const places = placesOf(g, shape, indices as Val, dims, "clamp");
  const { rows, batch, partial, whole } = places;
  const taken = g.gather(asRows(g, source, places), rows, 0);
  const window = [...partial, ...whole].map((d) => at(op.attrs.sliceSizes, d));
  const kept = numbers(shape.length).filter((d) => !dims.collapsed.includes(d) && !dims.batching.includes(d));
  const mine = layout(places, kept, op.attrs.offsetDims);
  return [g.transpose(g.reshape(taken, [...batch, ...window]), inverse(mine))];
};

// --- scatter ----------------------------------------------------------------------------------------------------------------

const REDUCTION: { readonly [M in Monoid]?: string } = {
  add: "add",
  multiply: "mul",
  maximum: "max",
  minimum: "min",
};
const LOGICAL: { readonly [M in Monoid]?: string } = { or: "max", and: "min" };

/** How rows are combined with those that lie there. */
interface Combine {
  readonly region: Block;
  readonly isUnique: boolean;
}

/**
 * Rows of `updates` [u, r] put into `data` [m, r] at `rows` [u], in order. ScatterND with a reduction runs in order;
 * without one it runs in parallel, so that repeated rows need ScatterElements.
 */
export function scatterRows(
  run: Run,
  data: readonly Val[],
  rows: Val,
  updates: readonly Val[],
  { region, isUnique }: Combine,
): readonly Val[] {
  const { g } = run;
  const places = g.reshape(rows, [...rows.shape, 1]);
  const put = (x: Val, u: Val, reduction?: string): Val =>
    g.writer.one("ScatterND", [x, places, u], x, reduction === undefined ? {} : { reduction });
  const [x, u] = [data[0] as Val, updates[0] as Val];
  if (data.length === 1 && replaces(region)) {
    if (isUnique) return [put(x, u)];
    return [g.writer.one("ScatterElements", [x, g.expand(places, u.shape), u], x, { axis: 0 })];
  }
  const monoid = data.length === 1 ? monoidOf(region, x.dtype) : null;
  const reduction = monoid === null ? undefined : (x.dtype === "bool" ? LOGICAL : REDUCTION)[monoid];
  if (reduction === undefined) return oneByOne(run, data, rows, updates, region);
  const carried = (v: Val): Val => (v.dtype === "bool" ? g.cast(v, "u8") : g.carry(v));
  const combined = put(carried(x), carried(u), reduction);
  if (!isFloat(x.dtype) || reduction === "add" || reduction === "mul") return [g.cast(combined, x.dtype)];
  // max and min of onnxruntime lose NaN: they are carried as flags.
  const flag = (v: Val): Val => g.cast(g.isNaN(g.carry(v)), "i32");
  const isNaN = g.cast(put(flag(x), flag(u), "max"), "bool");
  return [g.cast(g.where(isNaN, g.scalar(combined.dtype, Number.NaN), combined), x.dtype)];
}
/** Does the region give back the update? */
const replaces = (region: Block): boolean =>
  region.ops.length === 0 && region.results[0] === region.params[1]?.id;

/** Any combination, one row after another. */
function oneByOne(
  run: Run,
  data: readonly Val[],
  rows: Val,
  updates: readonly Val[],
  region: Block,
): readonly Val[] {
  const { g } = run;
  return g.loop("scatter", g.scalar("i64", sizeOfDims(rows.shape) as number), g.true, data, (i, state) => {
    const row = g.reshape(g.gather(rows, i, 0), [1]);
    const mine = updates.map((u) => g.reshape(g.gather(u, i, 0), [1, ...u.shape.slice(1)]));
    const combined = run.lift(region, [...state.map((x) => g.gather(x, row, 0)), ...mine]);
    const next = state.map((x, k) => {
      const y = g.expand(combined[k] as Val, (mine[k] as Val).shape);
      return g.writer.one("ScatterND", [x, g.reshape(row, [1, 1]), y], x);
    });
    return [g.true, ...next];
  });
}

const scatterDims = (a: ScatterDims, rank: number, updates: readonly number[]): Dims => {
  const single = [...a.insertedWindowDims, ...a.inputBatchingDims];
  const kept = numbers(rank).filter((d) => !single.includes(d));
  const window = numbers(rank).map((d) =>
    single.includes(d) ? 1 : at(updates, at(a.updateWindowDims, kept.indexOf(d))),
  );
  return {
    collapsed: a.insertedWindowDims,
    batching: a.inputBatchingDims,
    indicesBatching: a.scatterIndicesBatchingDims,
    startIndexMap: a.scatterDimsToOperandDims,
    indexVectorDim: a.indexVectorDim,
    window,
  };
};

const scatter: Row<"scatter"> = (op, xs, run) => {
  const { g } = run;
  const n = (xs.length - 1) / 2;
  const [inputs, indices, updates] = [xs.slice(0, n), xs[n] as Val, xs.slice(n + 1)];
  const shape = fixed(inputs[0] as Val, "scatter");
  const updateShape = fixed(updates[0] as Val, "scatter");
  if (sizeOfDims(updateShape) === 0 || sizeOfDims(shape) === 0) return inputs;
  const dims = scatterDims(op.attrs, shape.length, updateShape);
  const places = placesOf(g, shape, indices, dims, "skip");
  const kept = numbers(shape.length).filter((d) => !dims.collapsed.includes(d) && !dims.batching.includes(d));
  const mine = layout(places, kept, op.attrs.updateWindowDims);
  const data = inputs.map((x) => asRows(g, x, places));
  const [m, r] = data[0]?.shape as [number, number];
  const u = sizeOfDims(places.rows.shape) as number;
  // What doesn't fit goes to a row of its own behind the last.
  const fits =
    places.valid === null ? null : g.reshape(places.valid, [...places.batch, ...places.partial.map(() => 1)]);
  const rows = g.reshape(fits === null ? places.rows : g.where(fits, places.rows, g.scalar("i64", m)), [u]);
  const extended = fits === null ? data : data.map((x) => g.concat([x, g.take(x, 0, 0, 1)], 0));
  const combine: Combine = { region: regionOf(op, 0), isUnique: op.attrs.uniqueIndices };
  const ours = updates.map((v) => g.reshape(g.transpose(v, mine), [u, r]));
  const order = [...places.indexed, ...places.whole];
  return scatterRows(run, extended, rows, ours, combine).map((y) =>
    g.transpose(
      g.reshape(
        g.take(y, 0, 0, m),
        order.map((d) => at(shape, d)),
      ),
      inverse(order),
    ),
  );
};

/** The rows of the op table. */
export const gatherRows = { gather, scatter } satisfies { readonly [N in OpName]?: Row<N> };
