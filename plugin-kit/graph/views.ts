// The maps of the structural ops: from an index of the result to an index of the operand. Views are not work.
import { addIx, axisOf, constIx, plus, reshapeIx, scaleIx, divIx, type IxScope } from "../loops/index-map.ts";
import type { Guard, Ix } from "../loops/loop-ir.ts";
import type { Node, Position, Reader, Source } from "./node.ts";

type Ints = readonly number[];
type Map = (position: Position, reader: Reader) => Source;
const at = (list: Ints, i: number): number => list[i] as number;
const ix = (p: Position, i: number): Ix => p.at[i] as Ix;

/** Operand axis i stands at `dimensions[i]` of the result; axes of size 1 repeat. */
export const broadcastMap =
  (operand: Ints, dimensions: Ints): Map =>
  (p) => ({ at: operand.map((n, i) => (n === 1 ? constIx(0) : ix(p, at(dimensions, i)))) });

/** Result axis i is operand axis `permutation[i]`. */
export const transposeMap =
  (permutation: Ints): Map =>
  (p) => {
    const out: Ix[] = [];
    permutation.forEach((d, i) => (out[d] = ix(p, i)));
    return { at: out };
  };

/** From `start` in steps of `strides`. */
export const sliceMap =
  (start: Ints, strides: Ints): Map =>
  (p) => ({ at: p.at.map((x, i) => plus(scaleIx(x, at(strides, i)), at(start, i))) });

/** Some axes backwards. */
export const reverseMap =
  (shape: Ints, dimensions: Ints): Map =>
  (p) => ({
    at: p.at.map((x, i) => (dimensions.includes(i) ? plus(scaleIx(x, -1), at(shape, i) - 1) : x)),
  });

/** The same list of elements in another shape. */
export const reshapeMap =
  (to: Ints, from: Ints): Map =>
  (p, reader) => ({ at: reshapeIx(p.at, to, from, reader.scope) });

/** An axis read at stride · result axis + …: its operand axis seen through dilation, with what lies outside guarded. */
function dilated(x: Ix, low: number, size: number, every: number, scope: IxScope): { at: Ix; guard: Guard } {
  const guard: Guard = {
    x,
    lo: low,
    hi: low + (size === 0 ? 0 : (size - 1) * every + 1),
    ...(every === 1 ? {} : { every }),
  };
  return { at: divIx(plus(x, -low), every, scope), guard };
}

/** Edges before each axis, of `low` elements. */
export const padMap =
  (operand: Ints, low: Ints): Map =>
  (p, reader) => {
    const axes = p.at.map((x, i) => dilated(x, at(low, i), at(operand, i), 1, reader.scope));
    return { at: axes.map((a) => a.at), guards: axes.map((a) => a.guard) };
  };

/** An axis of the operand of a window op: read at stride (1) · outer + step · inner − low of its dilated self. */
export interface WindowAxis {
  readonly size: number;
  readonly outer: number | null;
  readonly inner: number | null;
  readonly stride?: number;
  readonly step: number;
  readonly low: number;
  readonly dilation: number;
}
/** The elements under a window: result axes are named by number in `axes`. */
export const windowMap =
  (axes: readonly WindowAxis[]): Map =>
  (p, reader) => {
    const guards: Guard[] = [];
    const out = axes.map((a) => {
      let x = a.outer === null ? constIx(0) : scaleIx(ix(p, a.outer), a.stride ?? 1);
      if (a.inner !== null) x = addIx(x, scaleIx(ix(p, a.inner), a.step));
      const { at: inner, guard } = dilated(x, a.low, a.size, a.dilation, reader.scope);
      guards.push(guard);
      return inner;
    });
    return { at: out, guards };
  };

const NOWHERE: readonly Guard[] = [];
/** A window at run-time starts, clamped so that it fits. */
export const dynamicSliceMap =
  (operand: Ints, sizes: Ints, starts: readonly Node[]): Map =>
  (p, reader) => ({
    at: p.at.map((x, i) => {
      const room = at(operand, i) - at(sizes, i);
      if (room === 0) return x;
      return addIx(reader.index(starts[i] as Node, { at: [], guards: NOWHERE }, [0, room]), x);
    }),
  });

/** Which axes of gather's result, or of scatter's updates, are batch axes. */
export const batchAxes = (rank: number, windowDims: Ints): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !windowDims.includes(i));

/** Position of component k of the index vector of a batch point. */
export function indexPosition(
  p: Position,
  batch: Ints,
  indices: Node,
  indexVectorDim: number,
  k: number,
): Position {
  const where = batch.map((d) => ix(p, d));
  if (indexVectorDim < indices.shape.length) where.splice(indexVectorDim, 0, constIx(k));
  return { at: where, guards: p.guards };
}

/** gather's dimension numbers under common names with scatter's. */
export interface GatherSpec {
  readonly windowDims: Ints;
  readonly collapsed: Ints;
  readonly operandBatching: Ints;
  readonly indicesBatching: Ints;
  readonly indexMap: Ints;
  readonly indexVectorDim: number;
}
/** Operand axes that the window spans. */
export const windowAxesOf = (rank: number, s: GatherSpec): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter(
    (i) => !s.collapsed.includes(i) && !s.operandBatching.includes(i),
  );

/**
 * Where each point of gather's result (scatter's updates) lies in the operand: window start + offset. `start` gives the
 * index expression of one component, clamped or not.
 */
export function gatherAt(
  p: Position,
  operand: Ints,
  s: GatherSpec,
  rank: number,
  start: (axis: number, component: number, batch: Ints) => Ix,
): { starts: Ix[]; at: Ix[] } {
  const batch = batchAxes(rank, s.windowDims);
  const starts = operand.map(() => constIx(0));
  s.indexMap.forEach((axis, k) => (starts[axis] = start(axis, k, batch)));
  s.operandBatching.forEach((axis, k) => {
    const d = at(s.indicesBatching, k);
    starts[axis] = ix(p, at(batch, d < s.indexVectorDim ? d : d - 1));
  });
  const out = [...starts];
  const kept = windowAxesOf(operand.length, s);
  s.windowDims.forEach((d, k) => {
    const axis = at(kept, k);
    out[axis] = addIx(out[axis] as Ix, ix(p, d));
  });
  return { starts, at: out };
}

/** Elements at indices that are clamped so that each slice fits. */
export const gatherMap =
  (operand: Ints, sizes: Ints, rank: number, s: GatherSpec, indices: Node): Map =>
  (p, reader) => ({
    at: gatherAt(p, operand, s, rank, (axis, k, batch) =>
      reader.index(indices, indexPosition(p, batch, indices, s.indexVectorDim, k), [
        0,
        Math.max(at(operand, axis) - at(sizes, axis), 0),
      ]),
    ).at,
  });

/** Where scatter writes: unclamped, and guarded so that a window that doesn't fit whole is skipped whole. */
export const scatterMap =
  (operand: Ints, updates: Ints, s: GatherSpec, indices: Node): Map =>
  (p, reader) => {
    const kept = windowAxesOf(operand.length, s);
    const size = operand.map(() => 1);
    s.windowDims.forEach((d, k) => (size[at(kept, k)] = at(updates, d)));
    const { starts, at: to } = gatherAt(p, operand, s, updates.length, (axis, k, batch) =>
      // One step beyond either end is still outside.
      reader.index(indices, indexPosition(p, batch, indices, s.indexVectorDim, k), [-1, at(operand, axis)]),
    );
    const guards = starts.map((x, i) => ({ x, lo: 0, hi: Math.max(at(operand, i) - at(size, i) + 1, 0) }));
    return { at: to, guards };
  };

/** The whole array where it is. */
export const identityMap: Map = (p) => ({ at: p.at });
/** Does a view's map keep every axis in place? */
export const isIdentity = (source: Source): boolean =>
  source.guards === undefined && source.at.every((x, i) => axisOf(x) === i);
