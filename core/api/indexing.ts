// x.get(…) and x.at(…): one reading of index lists, for slices and gathers and for scatters. As JAX: static slices and
// scalars are windows, arrays of positions are gathers; reads clamp and updates drop what is out of bounds.
import { fail } from "../errors.ts";
import type { Shape } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { isBool, isInteger, isSigned } from "../ir/dtype.ts";
import { LITERAL, NDArray, TRACER, type At, type AtOptions, type Index, type Slice } from "../ir/ndarray.ts";
import type { Lax } from "../primitives/lax.ts";
import type { GatherDimensionNumbers, GatherScatterMode } from "../primitives/gather-scatter.ts";
import { describe, literal, toArray, type Operand } from "../primitives/operand.ts";
import { valuesOf } from "../runtime/array.ts";
import { checkOptions } from "./arrays.ts";
import { broadcastShapes, broadcastTo } from "./promotion.ts";
import * as u from "./numpy/ufuncs.ts";

const L = (): Lax => context().lax;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A slice of one axis: `slice(1, 3)`, `slice(null, null, -1)`. */
export function slice(start: number | null, stop?: number | null, step?: number | null): Slice {
  const [from, to] = stop === undefined ? [null, start] : [start, stop];
  for (const v of [from, to, step] as readonly unknown[])
    if (v instanceof NDArray)
      throw fail("E_INDEX", "slice: bounds are plain numbers, got an array", {
        hint: "use lax.dynamicSlice for positions known only at run time",
      });
  return { start: from, stop: to, step: step ?? null };
}
const TEXT = /^\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?$/;
const texts = new Map<string, Slice>();
function parseSlice(text: string): Slice {
  let found = texts.get(text);
  if (found !== undefined) return found;
  const match = TEXT.exec(text);
  if (match === null)
    throw fail("E_INDEX", `x.get: "${text}" is no slice`, {
      hint: 'write "1:3", "::-1" or "..."; use lax.dynamicSlice for traced bounds',
    });
  const part = (s: string | undefined): number | null => (s === undefined || s === "" ? null : Number(s));
  found = { start: part(match[1]), stop: part(match[2]), step: part(match[3]) };
  texts.set(text, found);
  return found;
}
/** Start, count and step of a slice over n elements (Python's rules). */
export function resolveSlice(s: Slice, n: number): { start: number; size: number; step: number } {
  const step = s.step ?? 1;
  if (step === 0) throw fail("E_INDEX", "x.get: the step of a slice is 0");
  const bound = (v: number | null, open: number): number => {
    if (v === null) return open;
    const i = v < 0 ? v + n : v;
    return step > 0 ? Math.min(Math.max(i, 0), n) : Math.min(Math.max(i, -1), n - 1);
  };
  const start = bound(s.start, step > 0 ? 0 : n - 1);
  const stop = bound(s.stop, step > 0 ? n : -1);
  return { start, size: Math.max(0, Math.ceil((stop - start) / step)), step };
}

type Item =
  | { readonly kind: "slice"; readonly slice: Slice }
  | { readonly kind: "new" }
  | { readonly kind: "dots" }
  | { readonly kind: "at"; readonly position: number | NDArray };

/** Items of an index list; masks become position arrays. */
function itemsOf(x: NDArray, index: readonly Index[]): Item[] {
  let axis = 0;
  const spent = index.reduce<number>(
    (n, i) =>
      n +
      (i === null || i === "..." || typeof i === "boolean"
        ? 0
        : i instanceof NDArray && isBool(i.dtype)
          ? i.ndim
          : 1),
    0,
  );
  return index.flatMap((i): Item[] => {
    if (i === null) return [{ kind: "new" }];
    if (i === "...") {
      axis += Math.max(0, x.ndim - spent);
      return [{ kind: "dots" }];
    }
    if (typeof i === "string") return (axis++, [{ kind: "slice", slice: parseSlice(i) }]);
    if (typeof i === "number" || typeof i === "bigint") {
      if (!Number.isInteger(Number(i))) throw fail("E_INDEX", `x.get: ${i} is no position`);
      return (axis++, [{ kind: "at", position: Number(i) }]);
    }
    if (typeof i === "boolean") return [{ kind: "new" }];
    const array = asIndex(i);
    if (array === null) return (axis++, [{ kind: "slice", slice: i as Slice }]);
    if (isBool(array.dtype)) {
      const from = axis;
      axis += array.ndim;
      return maskPositions(x, array, from).map((position) => ({ kind: "at", position }));
    }
    if (!isInteger(array.dtype))
      throw fail("E_INDEX", `x.get: an index ${array.aval} is neither integer nor bool`, {
        hint: 'convert it: i.astype("int32")',
      });
    return (axis++, [{ kind: "at", position: array }]);
  });
}
function asIndex(i: Index): NDArray | null {
  if (i instanceof NDArray) return i;
  if (ArrayBuffer.isView(i)) return context().methods.asArray(i);
  if (Array.isArray(i)) {
    const list = i as readonly (number | bigint | boolean)[];
    if (list.some((v) => typeof v === "boolean"))
      return context().methods.asArray(Uint8Array.from(list, Number)).astype("bool");
    if (list.some((v) => !Number.isInteger(Number(v))))
      throw fail("E_INDEX", `x.get: the list [${String(list)}] isn't one of positions`);
    return context().methods.asArray(Int32Array.from(list, Number));
  }
  if (typeof i === "object" && i !== null && "start" in i) return null;
  throw fail("E_INDEX", `x.get: ${describe(i)} can't index`);
}
/** Where a mask is true, one position array per axis of it. @throws E_INDEX_TRACED_MASK while tracing */
export function maskPositions(x: NDArray, mask: NDArray, from: number): NDArray[] {
  mask.shape.forEach((n, i) => {
    if (n !== x.shape[from + i])
      throw fail("E_INDEX", `x.get: a mask ${mask.aval} doesn't fit axis ${from + i} of ${x.aval}`);
  });
  if (mask.kind === TRACER) throw fail("E_INDEX_TRACED_MASK", `x.get: a traced mask ${mask.aval}`);
  const hits = [...valuesOf(mask, "x.get(mask)")].flatMap((v, i) => (v ? [i] : []));
  const { shape } = mask;
  return shape.map((n, d) => {
    const step = shape.slice(d + 1).reduce((p, q) => p * q, 1);
    return context().methods.asArray(Int32Array.from(hits, (h) => Math.floor(h / step) % n));
  });
}

/** One result axis: the broadcast position arrays, an axis of x, or a new one. */
type Entry =
  { readonly of: "arrays" } | { readonly of: "axis"; readonly axis: number } | { readonly of: "new" };
interface Plan {
  /** Per axis of x. */
  readonly axes: readonly (
    | { readonly kind: "slice"; readonly start: number; readonly size: number; readonly step: number }
    | { readonly kind: "at"; readonly position: number | NDArray }
  )[];
  readonly layout: readonly Entry[];
  readonly arrays: boolean;
}
function plan(x: NDArray, index: readonly Index[]): Plan {
  const items = itemsOf(x, index);
  const used = items.filter((i) => i.kind === "slice" || i.kind === "at").length;
  if (used > x.ndim) throw fail("E_INDEX", `x.get: ${used} indices for ${x.aval}`);
  if (items.filter((i) => i.kind === "dots").length > 1) throw fail("E_INDEX", 'x.get: more than one "..."');
  const all: Item = { kind: "slice", slice: { start: null, stop: null, step: null } };
  const fill = range(x.ndim - used).map(() => all);
  const full = items.some((i) => i.kind === "dots")
    ? items.flatMap((i) => (i.kind === "dots" ? fill : [i]))
    : [...items, ...fill];
  const axes: Plan["axes"][number][] = [];
  const layout: Entry[] = [];
  const arrays = full.some(
    (i) =>
      i.kind === "at" &&
      i.position instanceof NDArray &&
      (i.position.ndim > 0 ||
        full.some((j) => j.kind === "at" && j.position instanceof NDArray && j.position.ndim > 0)),
  );
  let [firstAt, lastAt, ats] = [-1, -1, 0];
  full.forEach((item, place) => {
    if (item.kind === "new") layout.push({ of: "new" });
    else if (item.kind === "slice") {
      layout.push({ of: "axis", axis: axes.length });
      axes.push({ kind: "slice", ...resolveSlice(item.slice, x.shape[axes.length] as number) });
    } else if (item.kind === "at") {
      if (firstAt < 0) {
        firstAt = place;
        if (arrays) layout.push({ of: "arrays" });
      }
      [lastAt, ats] = [place, ats + 1];
      axes.push({ kind: "at", position: item.position });
    }
  });
  // Position arrays with something between them put their axes first (NumPy).
  if (arrays && lastAt - firstAt + 1 !== ats)
    layout.sort((a, b) => Number(b.of === "arrays") - Number(a.of === "arrays"));
  return { axes, layout, arrays };
}

/** A static position, from the start, clamped as JAX clamps reads. */
const settle = (i: number, n: number): number => Math.min(Math.max(i < 0 ? i + n : i, 0), Math.max(0, n - 1));
/** Negative positions count from the end. */
function wrapNegative(i: NDArray, n: number): NDArray {
  const lax = L();
  return isSigned(i.dtype) ? lax.select(lax.lt(i, 0), lax.add(i, literal(n, i.dtype)), i) : i;
}

/** Elements by a list of indices. */
export function getItem(x: NDArray, index: readonly Index[]): NDArray {
  const p = plan(x, index);
  const out = p.arrays ? gatherPlan(x, p, "promise_in_bounds") : windowPlan(x, p);
  const f = index.findIndex((i) => i === false);
  return f < 0
    ? out
    : L().sliceInDim(
        out,
        0,
        0,
        1,
        p.layout.findIndex((e) => e.of === "new"),
      );
}

/** Slices and single positions: one window, then strides and reversals. */
function windowPlan(x: NDArray, p: Plan): NDArray {
  const lax = L();
  const { axes } = p;
  const low: Operand[] = [];
  const sizes = axes.map((a, d) => {
    const n = x.shape[d] as number;
    if (a.kind === "at") {
      if (n === 0) throw fail("E_INDEX", `x.get: a position on axis ${d} of ${x.aval}, which is empty`);
      low.push(typeof a.position === "number" ? settle(a.position, n) : wrapNegative(a.position, n));
      return 1;
    }
    const span = a.size === 0 ? 0 : (a.size - 1) * Math.abs(a.step) + 1;
    low.push(a.size === 0 ? 0 : a.step > 0 ? a.start : a.start - span + 1);
    return span;
  });
  let y = x;
  if (sizes.some((n, d) => n !== x.shape[d])) {
    const fixed = low.every((s) => typeof s === "number");
    // Outside jit the starts are immediates of one program, so that each position doesn't cost a compilation.
    if (fixed && (context().trace.kind === "stage" || axes.some((a) => a.kind === "slice" && a.step !== 1))) {
      const starts = low as number[];
      y = lax.slice(
        x,
        starts,
        starts.map((s, d) => s + (sizes[d] as number)),
      );
    } else y = lax.dynamicSlice(x, low, sizes);
  }
  const strides = axes.map((a) => (a.kind === "slice" ? Math.abs(a.step) : 1));
  if (strides.some((s) => s !== 1)) {
    const flipped = axes.flatMap((a, d) => (a.kind === "slice" && a.step < 0 ? [d] : []));
    if (flipped.length > 0) y = lax.rev(y, flipped);
    y = lax.slice(
      y,
      y.shape.map(() => 0),
      y.shape,
      strides,
    );
  } else {
    const flipped = axes.flatMap((a, d) => (a.kind === "slice" && a.step < 0 ? [d] : []));
    if (flipped.length > 0) y = lax.rev(y, flipped);
  }
  return lax.reshape(y, layoutShape(p, [], y.shape));
}
const layoutShape = (p: Plan, batch: Shape, sizes: Shape): number[] =>
  p.layout.flatMap((e) => (e.of === "new" ? [1] : e.of === "arrays" ? batch : [sizes[e.axis] as number]));

interface Gather {
  readonly indices: NDArray;
  readonly dims: Required<GatherDimensionNumbers>;
  readonly sliceSizes: number[];
  readonly resultShape: number[];
  readonly gatherShape: number[];
}
/** The gather that reads what a plan names; a scatter with the same numbers writes it. */
function gatherOf(x: NDArray, p: Plan, clampStatic: boolean): Gather {
  const lax = L();
  const { axes } = p;
  const positions = axes.map((a, d) => {
    const n = x.shape[d] as number;
    if (a.kind === "slice") return null;
    if (typeof a.position === "number")
      return literal(
        clampStatic ? settle(a.position, n) : a.position < 0 ? a.position + n : a.position,
        "int32",
      );
    return lax.convertElementType(
      wrapNegative(a.position, n),
      a.position.dtype === "int64" || a.position.dtype === "uint64"
        ? "int64"
        : a.position.dtype === "uint32"
          ? "uint32"
          : "int32",
    );
  });
  const common = positions.some((v) => v !== null && v.dtype !== "int32") ? "int64" : "int32";
  const arrays = positions.filter((v): v is NDArray => v !== null);
  const batch = p.arrays ? broadcastShapes("x.get", ...arrays.map((v) => v.shape)) : [];
  const stepped = (d: number): boolean =>
    axes[d]?.kind === "slice" && (axes[d] as { step: number }).step !== 1;
  const sizeAt = (d: number): number => (axes[d] as { size: number }).size;
  // Axes of the index array in the order in which they appear in the result.
  const batchShape: number[] = [];
  const whereStep = new Map<number, number>();
  let batchAt = 0;
  const offsetDims: number[] = [];
  const gatherShape: number[] = [];
  for (const e of p.layout) {
    if (e.of === "new") continue;
    if (e.of === "arrays") {
      batchAt = batchShape.length;
      batchShape.push(...batch);
      gatherShape.push(...batch);
    } else {
      if (stepped(e.axis)) {
        whereStep.set(e.axis, batchShape.length);
        batchShape.push(sizeAt(e.axis));
      } else offsetDims.push(gatherShape.length);
      gatherShape.push(sizeAt(e.axis));
    }
  }
  const startIndexMap: number[] = [];
  const columns: NDArray[] = [];
  const column = (v: NDArray, dims: readonly number[]): void => {
    columns.push(lax.broadcastInDim(lax.convertElementType(v, common), [...batchShape, 1], dims));
  };
  axes.forEach((a, d) => {
    if (a.kind === "at") {
      startIndexMap.push(d);
      const v = positions[d] as NDArray;
      column(
        v.ndim === 0 ? v : broadcastTo("x.get", v, batch),
        v.ndim === 0 ? [] : batch.map((_, i) => batchAt + i),
      );
    } else if (a.step !== 1) {
      startIndexMap.push(d);
      const steps = lax.add(
        lax.mul(lax.iota("int32", a.size), literal(a.step, "int32")),
        literal(a.start, "int32"),
      );
      column(steps, [whereStep.get(d) as number]);
    } else if (a.size !== x.shape[d]) {
      startIndexMap.push(d);
      column(literal(a.start, "int32"), []);
    }
  });
  const indices =
    columns.length === 0
      ? lax.full([...batchShape, 0], literal(0, "int32"))
      : lax.concatenate(columns, batchShape.length);
  const collapsedSliceDims = range(x.ndim).filter(
    (d) => (axes[d] as { kind: string }).kind === "at" || stepped(d),
  );
  const sliceSizes = range(x.ndim).map((d) => (collapsedSliceDims.includes(d) ? 1 : sizeAt(d)));
  return {
    indices,
    sliceSizes,
    gatherShape,
    resultShape: layoutShape(
      p,
      batch,
      axes.map((a) => (a.kind === "slice" ? a.size : 1)),
    ),
    dims: {
      offsetDims,
      collapsedSliceDims,
      startIndexMap,
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
    },
  };
}
function gatherPlan(x: NDArray, p: Plan, mode: GatherScatterMode, options: AtOptions = {}): NDArray {
  const lax = L();
  const g = gatherOf(x, p, mode !== "fill");
  if (g.gatherShape.includes(0) || x.size === 0) return lax.full(g.resultShape, literal(0, x.dtype));
  const out = lax.gather(x, g.indices, g.dims, g.sliceSizes, {
    mode,
    fillValue: options.fillValue ?? null,
    indicesAreSorted: options.indicesAreSorted,
    uniqueIndices: options.uniqueIndices,
  });
  return lax.reshape(out, g.resultShape);
}

const MODES: readonly unknown[] = [undefined, null, "clip", "drop", "fill", "promise_in_bounds"];
function checkAt(name: string, options: AtOptions): void {
  checkOptions(`x.at().${name}`, options, ["mode", "uniqueIndices", "indicesAreSorted", "fillValue"]);
  if (!MODES.includes(options.mode))
    throw fail(
      "E_ARGUMENT",
      `x.at().${name}: the mode "${String(options.mode)}" is none of clip, drop, fill, promise_in_bounds`,
    );
}
type Scatter = "scatter" | "scatterAdd" | "scatterMul" | "scatterMin" | "scatterMax";
function update(
  name: string,
  how: Scatter,
  x: NDArray,
  index: readonly Index[],
  y: Operand,
  options: AtOptions,
): NDArray {
  checkAt(name, options);
  const lax = L();
  const mask = index.length === 1 && index[0] instanceof NDArray && isBool(index[0].dtype) ? index[0] : null;
  const raw = toArray(`x.at().${name}`, y);
  const v =
    isBool(x.dtype) && !isBool(raw.dtype)
      ? lax.ne(raw, 0)
      : lax.convertElementType(raw, x.dtype, { weakType: x.weakType });
  if (mask !== null && mask.kind === TRACER && v.ndim === 0) return maskedUpdate(how, x, mask, v);
  const p = plan(x, index);
  const g = gatherOf(x, p, false);
  const wide = broadcastTo(`x.at().${name}`, dropLeadingOnes(v, g.resultShape.length), g.resultShape);
  if (wide.size === 0) return x;
  const updates = lax.reshape(wide, g.gatherShape);
  const dims = {
    updateWindowDims: g.dims.offsetDims,
    insertedWindowDims: g.dims.collapsedSliceDims,
    scatterDimsToOperandDims: g.dims.startIndexMap,
  };
  const base = x.kind === LITERAL ? lax.add(x, lax.zerosLike(x)) : x;
  return lax[how](base, g.indices, updates, dims, {
    mode: options.mode ?? "drop",
    uniqueIndices: options.uniqueIndices,
    indicesAreSorted: options.indicesAreSorted,
  });
}
/** NumPy allows extra leading axes of size 1 in an assigned value. */
function dropLeadingOnes(v: NDArray, rank: number): NDArray {
  const extra = v.ndim - rank;
  return extra > 0 && v.shape.slice(0, extra).every((n) => n === 1)
    ? L().reshape(v, v.shape.slice(extra))
    : v;
}
function maskedUpdate(how: Scatter, x: NDArray, mask: NDArray, v: NDArray): NDArray {
  const m = L().broadcastInDim(mask, x.shape, range(mask.ndim));
  const next = {
    scatter: () => v,
    scatterAdd: () => u.add(x, v),
    scatterMul: () => u.multiply(x, v),
    scatterMin: () => u.minimum(x, v),
    scatterMax: () => u.maximum(x, v),
  }[how]();
  return u.where(m, next, x);
}

/** Reads and functional updates of part of x. */
export function atOf(x: NDArray, index: readonly Index[]): At {
  const get = (options: AtOptions = {}): NDArray => {
    checkAt("get", options);
    const mode = options.mode ?? (options.fillValue === undefined ? null : "fill");
    const p = plan(x, index);
    return mode === null && !p.arrays
      ? windowPlan(x, p)
      : gatherPlan(x, p, mode === "drop" ? "fill" : (mode ?? "promise_in_bounds"), options);
  };
  const factors = (y: Operand, options: AtOptions): NDArray =>
    update("div", "scatterMul", L().fullLike(x, 1), index, y, options);
  return {
    get,
    set: (y, o = {}) => update("set", "scatter", x, index, y, o),
    add: (y, o = {}) => update("add", "scatterAdd", x, index, y, o),
    sub: (y, o = {}) =>
      update(
        "sub",
        "scatterAdd",
        x,
        index,
        u.negative(L().convertElementType(toArray("x.at().sub", y), x.dtype)),
        o,
      ),
    mul: (y, o = {}) => update("mul", "scatterMul", x, index, y, o),
    div: (y, o = {}) => u.divide(x, factors(y, o)),
    pow: (y, o = {}) => u.power(x, factors(y, o)),
    min: (y, o = {}) => update("min", "scatterMin", x, index, y, o),
    max: (y, o = {}) => update("max", "scatterMax", x, index, y, o),
    apply: (f, o = {}) => update("apply", "scatter", x, index, f(get()), o),
  };
}
