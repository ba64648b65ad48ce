// x.get(…) and x.at(…): one reading of index lists, for windows and gathers and for scatters. As JAX: static slices and
// scalars are windows, arrays of positions are gathers; reads clamp and updates drop what is out of bounds.
import { fail } from "../errors.ts";
import type { Shape } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isBool, isInteger, isSigned } from "../ir/dtype.ts";
import { LITERAL, NDArray, TRACER, type At, type AtOptions, type Index, type Slice } from "../ir/ndarray.ts";
import type { GatherDimensionNumbers, GatherScatterMode } from "../primitives/gather-scatter.ts";
import type { Lax } from "../primitives/lax.ts";
import { describe, literal, type Operand } from "../primitives/operand.ts";
import { elementAt, valuesOf } from "../runtime/array.ts";
import { checkOptions, fromIntegers } from "./arrays.ts";
import { composite } from "./composite.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes } from "./promotion.ts";
import { isSliceLike, parseSlice, resolveSlice } from "./slices.ts";
import { divide, power } from "./numpy/arithmetic.ts";

const L = (): Lax => context().lax;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

type Item =
  | { readonly kind: "slice"; readonly slice: Slice }
  | { readonly kind: "new" }
  | { readonly kind: "dots" }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "at"; readonly position: number | NDArray };

const ALL: Item = { kind: "slice", slice: { start: null, stop: null, step: null } };
/** How many axes an index speaks of. */
const axesOf = (i: Index): number =>
  i === null || i === "..." || typeof i === "boolean"
    ? 0
    : i instanceof NDArray && isBool(i.dtype)
      ? i.ndim
      : 1;

/** Items of an index list; masks become position arrays. */
function itemsOf(x: NDArray, index: readonly Index[]): Item[] {
  const spent = index.reduce<number>((n, i) => n + axesOf(i), 0);
  if (spent > x.ndim) throw fail("E_INDEX", `x.get: ${spent} indices for ${x.aval}`);
  if (index.filter((i) => i === "...").length > 1) throw fail("E_INDEX", 'x.get: more than one "..."');
  let axis = 0;
  return index.flatMap((i): Item[] => {
    const at = axis;
    axis += i === "..." ? x.ndim - spent : axesOf(i);
    if (i === null) return [{ kind: "new" }];
    if (i === "...") return [{ kind: "dots" }];
    if (typeof i === "boolean") return [{ kind: "flag", value: i }];
    if (typeof i === "string") return [{ kind: "slice", slice: parseSlice(i) }];
    if (typeof i === "number" || typeof i === "bigint") {
      if (!Number.isInteger(Number(i))) throw fail("E_INDEX", `x.get: ${i} is no position`);
      return [{ kind: "at", position: Number(i) }];
    }
    if (isSliceLike(i)) return [{ kind: "slice", slice: i }];
    const array = asIndex(i);
    if (!isBool(array.dtype)) return [{ kind: "at", position: integers(array) }];
    if (array.ndim === 0) return [{ kind: "flag", value: flagOf(array) }];
    return maskPositions(x, array, at).map((position) => ({ kind: "at", position }));
  });
}
function integers(array: NDArray): NDArray {
  if (isInteger(array.dtype)) return array;
  throw fail("E_INDEX", `x.get: an index ${array.aval} is neither integer nor bool`, {
    hint: 'convert it: i.astype("int32")',
  });
}
function asIndex(i: Index): NDArray {
  if (i instanceof NDArray) return i;
  if (ArrayBuffer.isView(i)) return context().methods.asArray(i);
  if (!Array.isArray(i)) throw fail("E_INDEX", `x.get: ${describe(i)} can't index`);
  const list = i as readonly (number | bigint | boolean)[];
  if (list.some((v) => typeof v === "boolean"))
    return L().convertElementType(context().methods.asArray(Uint8Array.from(list, Number)), "bool");
  if (list.some((v) => !Number.isInteger(Number(v))))
    throw fail("E_INDEX", `x.get: the list [${String(list)}] isn't one of positions`);
  return fromIntegers(list.map(Number));
}
const flagOf = (mask: NDArray): boolean => {
  if (mask.kind === TRACER) throw fail("E_INDEX_TRACED_MASK", `x.get: a traced mask ${mask.aval}`);
  return valuesOf(mask, "x.get(mask)")[0] !== 0;
};
/** Where a mask is true, one position array per axis of it. @throws E_INDEX_TRACED_MASK while tracing */
function maskPositions(x: NDArray, mask: NDArray, from: number): NDArray[] {
  mask.shape.forEach((n, i) => {
    if (n !== 0 && n !== x.shape[from + i])
      throw fail("E_INDEX", `x.get: a mask ${mask.aval} doesn't fit axis ${from + i} of ${x.aval}`);
  });
  if (mask.kind === TRACER) throw fail("E_INDEX_TRACED_MASK", `x.get: a traced mask ${mask.aval}`);
  const hits = [...valuesOf(mask, "x.get(mask)")].flatMap((v, i) => (v ? [i] : []));
  return mask.shape.map((n, d) => {
    const step = mask.shape.slice(d + 1).reduce((p, q) => p * q, 1);
    return fromIntegers(hits.map((h) => Math.floor(h / step) % n));
  });
}

type AxisPlan =
  | { readonly kind: "slice"; readonly start: number; readonly size: number; readonly step: number }
  | { readonly kind: "at"; readonly position: number | NDArray };
/** One result axis: the broadcast position arrays, an axis of x, or a new one. */
type Entry =
  { readonly of: "arrays" } | { readonly of: "axis"; readonly axis: number } | { readonly of: "new" };
interface Plan {
  /** x, with an axis of size 1 for each single bool in the list. */
  readonly x: NDArray;
  /** Places of those axes. */
  readonly flags: readonly number[];
  /** Per axis of x. */
  readonly axes: readonly AxisPlan[];
  readonly layout: readonly Entry[];
  /** Is there an array of positions (else it's a window)? */
  readonly arrays: boolean;
}
const isAdvanced = (i: Item): boolean =>
  i.kind === "flag" || (i.kind === "at" && i.position instanceof NDArray && i.position.ndim > 0);
function planOf(given: NDArray, index: readonly Index[]): Plan {
  const items = itemsOf(given, index);
  const used = items.filter((i) => i.kind === "slice" || i.kind === "at").length;
  const fill = range(given.ndim - used).map(() => ALL);
  const full = items.some((i) => i.kind === "dots")
    ? items.flatMap((i) => (i.kind === "dots" ? fill : [i]))
    : [...items, ...fill];
  // Position arrays (and scalars beside them) with something between them put their axes first (NumPy).
  const places = items.flatMap((i, place) => (i.kind === "at" ? [place] : []));
  const together = places.every((p, i) => i === 0 || p === (places[i - 1] as number) + 1);
  const arrays = full.some(isAdvanced);
  const flags: number[] = [];
  const axes: AxisPlan[] = [];
  const layout: Entry[] = arrays && !together ? [{ of: "arrays" }] : [];
  const sizes = [...given.shape];
  for (const item of full) {
    if (item.kind === "new") layout.push({ of: "new" });
    else if (item.kind === "slice") {
      layout.push({ of: "axis", axis: axes.length });
      axes.push({ kind: "slice", ...resolveSlice(item.slice, sizes[axes.length] as number) });
    } else {
      if (arrays && !layout.some((e) => e.of === "arrays")) layout.push({ of: "arrays" });
      if (item.kind === "flag") {
        flags.push(axes.length);
        sizes.splice(axes.length, 0, 1);
        axes.push({ kind: "at", position: fromIntegers(item.value ? [0] : []) });
      } else if (item.kind === "at") axes.push(item);
    }
  }
  const x = flags.length === 0 ? given : L().reshape(given, sizes);
  return { x, flags, axes, layout, arrays };
}

/** A static position, from the start, clamped as JAX clamps reads. */
const settle = (i: number, n: number): number => Math.min(Math.max(i < 0 ? i + n : i, 0), Math.max(0, n - 1));
/** Positions as int32; negative ones count from the end. */
function normal(i: NDArray, n: number, wrap: boolean): NDArray {
  const lax = L();
  const v = DTYPES[i.dtype].itemsize < 4 ? lax.convertElementType(i, "int32") : i;
  const fromStart =
    wrap && isSigned(v.dtype) ? lax.select(lax.lt(v, 0), lax.add(v, literal(n, v.dtype)), v) : v;
  return lax.convertElementType(fromStart, "int32");
}

/** Elements by a list of indices. */
export function getItem(x: NDArray, index: readonly Index[]): NDArray {
  const p = planOf(x, index);
  return p.arrays ? gatherPlan(p, "promise_in_bounds") : windowPlan(p);
}

/** Slices and single positions: one window, then strides and reversals. */
function windowPlan(p: Plan): NDArray {
  const lax = L();
  const { axes, x } = p;
  const low: Operand[] = [];
  const sizes = axes.map((a, d) => {
    const n = x.shape[d] as number;
    if (a.kind === "at") {
      if (n === 0) throw fail("E_INDEX", `x.get: a position on axis ${d} of ${x.aval}, which is empty`);
      low.push(typeof a.position === "number" ? settle(a.position, n) : normal(a.position, n, true));
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
  const flipped = axes.flatMap((a, d) => (a.kind === "slice" && a.step < 0 ? [d] : []));
  if (flipped.length > 0) y = lax.rev(y, flipped);
  const strides = axes.map((a) => (a.kind === "slice" ? Math.abs(a.step) : 1));
  if (strides.some((s) => s !== 1))
    y = lax.slice(
      y,
      y.shape.map(() => 0),
      y.shape,
      strides,
    );
  return lax.reshape(y, layoutShape(p, [], y.shape));
}
const layoutShape = (p: Plan, batch: Shape, sizes: Shape): number[] =>
  p.layout.flatMap((e) => (e.of === "new" ? [1] : e.of === "arrays" ? batch : [sizes[e.axis] as number]));

/** One coordinate of the index array: positions of an axis, and where their dims stand among its axes. */
interface Column {
  readonly value: NDArray;
  readonly axis: number;
  /** Size of that axis, if negative positions are to be counted from its end. */
  readonly wrap: number | null;
  readonly dims: readonly number[];
}
interface Gather {
  readonly indices: NDArray;
  readonly dims: Required<GatherDimensionNumbers>;
  readonly sliceSizes: number[];
  /** With new axes; and without them, as the gather gives it. */
  readonly resultShape: number[];
  readonly gatherShape: number[];
}
interface ColumnPlan {
  readonly dims: readonly number[];
  readonly wrap: number | null;
}
const indexArray = composite(
  "x.get",
  (values: readonly NDArray[], columns: readonly ColumnPlan[], batchShape: Shape) => {
    const lax = L();
    const full = values.map((v, i) => {
      const { dims, wrap } = columns[i] as ColumnPlan;
      const at = wrap === null ? lax.convertElementType(v, "int32") : normal(v, wrap, true);
      const own = dims.map((d) => batchShape[d] as number);
      return lax.broadcastInDim(broadcastTo("x.get", at, own), [...batchShape, 1], dims);
    });
    return full.length === 1 ? (full[0] as NDArray) : lax.concatenate(full, batchShape.length);
  },
);
/** The gather that reads what a plan names; a scatter with the same numbers writes it. */
function gatherOf(p: Plan, clampStatic: boolean, wrapNegative = true): Gather {
  const lax = L();
  const { axes, x } = p;
  const positions = axes.flatMap((a) =>
    a.kind === "at" && a.position instanceof NDArray ? [a.position.shape] : [],
  );
  const batch = p.arrays ? broadcastShapes("x.get", ...positions) : [];
  const stepped = (d: number): boolean =>
    axes[d]?.kind === "slice" && (axes[d] as { step: number }).step !== 1;
  const sizeAt = (d: number): number => (axes[d] as { size: number }).size;
  // Axes of the index array in the order in which they appear in the result.
  const [batchShape, offsetDims, gatherShape]: [number[], number[], number[]] = [[], [], []];
  const stepDim = new Map<number, number>();
  let batchAt = 0;
  for (const e of p.layout) {
    if (e.of === "new") continue;
    if (e.of === "arrays") {
      batchAt = batchShape.length;
      batchShape.push(...batch);
      gatherShape.push(...batch);
    } else {
      if (stepped(e.axis)) {
        stepDim.set(e.axis, batchShape.length);
        batchShape.push(sizeAt(e.axis));
      } else offsetDims.push(gatherShape.length);
      gatherShape.push(sizeAt(e.axis));
    }
  }
  const columns = axes.flatMap((a, axis): Column[] => {
    const n = x.shape[axis] as number;
    if (a.kind === "at") {
      if (typeof a.position === "number")
        return [
          {
            axis,
            value: literal(
              clampStatic
                ? settle(a.position, n)
                : a.position < 0 && wrapNegative
                  ? a.position + n
                  : a.position,
              "int32",
            ),
            wrap: null,
            dims: [],
          },
        ];
      const dims = a.position.ndim === 0 ? [] : batch.map((_, i) => batchAt + i);
      return [{ axis, value: a.position, wrap: wrapNegative ? n : null, dims }];
    }
    if (a.step !== 1) {
      const steps = lax.add(
        lax.mul(lax.iota("int32", a.size), literal(a.step, "int32")),
        literal(a.start, "int32"),
      );
      return [{ axis, value: steps, wrap: null, dims: [stepDim.get(axis) as number] }];
    }
    return a.size === n ? [] : [{ axis, value: literal(a.start, "int32"), wrap: null, dims: [] }];
  });
  const indices =
    columns.length === 0
      ? lax.full([...batchShape, 0], literal(0, "int32"))
      : indexArray(
          columns.map((c) => c.value),
          columns.map(({ dims, wrap }) => ({ dims, wrap })),
          batchShape,
        );
  const collapsedSliceDims = range(x.ndim).filter((d) => axes[d]?.kind === "at" || stepped(d));
  return {
    indices,
    gatherShape,
    sliceSizes: range(x.ndim).map((d) => (collapsedSliceDims.includes(d) ? 1 : sizeAt(d))),
    resultShape: layoutShape(
      p,
      batch,
      axes.map((a) => (a.kind === "slice" ? a.size : 1)),
    ),
    dims: {
      offsetDims,
      collapsedSliceDims,
      startIndexMap: columns.map((c) => c.axis),
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
    },
  };
}
function gatherPlan(p: Plan, mode: GatherScatterMode, options: AtOptions = {}): NDArray {
  const lax = L();
  const g = gatherOf(p, mode !== "fill", options.wrapNegativeIndices ?? true);
  if (g.gatherShape.includes(0) || p.x.size === 0) return lax.fullLike(p.x, 0, { shape: g.resultShape });
  const out = lax.gather(p.x, g.indices, g.dims, g.sliceSizes, {
    mode,
    fillValue: fillOf(options.fillValue),
    indicesAreSorted: options.indicesAreSorted,
    uniqueIndices: options.uniqueIndices,
  });
  return lax.reshape(out, g.resultShape);
}
/** The fill value is part of the program: it must be known. */
export function fillOf(value: Operand | null | undefined): number | bigint | boolean | null {
  if (value == null) return null;
  if (!(value instanceof NDArray)) return value as number;
  if (value.ndim !== 0)
    throw fail("E_SHAPE", `x.at().get: the fillValue is ${value.aval}, expected a scalar`);
  return elementAt(valuesOf(value, "fillValue"), value.dtype, 0) as number;
}

const MODES: readonly unknown[] = [undefined, null, "clip", "drop", "fill", "promise_in_bounds"];
function checkAt(name: string, options: AtOptions): void {
  checkOptions(`x.at().${name}`, options, [
    "mode",
    "uniqueIndices",
    "indicesAreSorted",
    "fillValue",
    "wrapNegativeIndices",
  ]);
  if (!MODES.includes(options.mode))
    throw fail(
      "E_ARGUMENT",
      `x.at().${name}: the mode "${String(options.mode)}" is none of clip, drop, fill, promise_in_bounds`,
    );
}
type Scatter = "scatter" | "scatterAdd" | "scatterSub" | "scatterMul" | "scatterMin" | "scatterMax";
function update(
  name: string,
  how: Scatter,
  given: NDArray,
  index: readonly Index[],
  y: Operand,
  options: AtOptions,
): NDArray {
  checkAt(name, options);
  const lax = L();
  const [x, v] = promoteDTypes(`x.at().${name}`, arraysOf(`x.at().${name}`, [given, y])) as [
    NDArray,
    NDArray,
  ];
  const p = planOf(x, index);
  const g = gatherOf(p, false, options.wrapNegativeIndices ?? true);
  const wide = broadcastTo(`x.at().${name}`, v, g.resultShape);
  if (wide.size === 0) return given;
  const dims = {
    updateWindowDims: g.dims.offsetDims,
    insertedWindowDims: g.dims.collapsedSliceDims,
    scatterDimsToOperandDims: g.dims.startIndexMap,
  };
  const base = p.x.kind === LITERAL ? lax.broadcastInDim(p.x, [], []) : p.x;
  const out = lax[how](base, g.indices, lax.reshape(wide, g.gatherShape), dims, {
    mode: options.mode ?? "drop",
    uniqueIndices: options.uniqueIndices,
    indicesAreSorted: options.indicesAreSorted,
  });
  return lax.convertElementType(lax.reshape(out, given.shape), given.dtype, { weakType: given.weakType });
}

/** Reads and functional updates of part of x. */
export function atOf(x: NDArray, index: readonly Index[]): At {
  const get = (options: AtOptions = {}): NDArray => {
    checkAt("get", options);
    const mode = options.mode ?? (options.fillValue === undefined ? null : "fill");
    const p = planOf(x, index);
    if (mode === null && !p.arrays) return windowPlan(p);
    return gatherPlan(p, mode === "drop" ? "fill" : (mode ?? "promise_in_bounds"), options);
  };
  const factors = (name: string, y: Operand, options: AtOptions): NDArray =>
    update(name, "scatterMul", L().fullLike(x, 1), index, y, options);
  const apply = (f: (x: NDArray) => NDArray, options: AtOptions = {}): NDArray => {
    const old = get({ ...options, mode: options.mode ?? null });
    return update("apply", "scatter", x, index, f(old), options);
  };
  return {
    get,
    apply,
    set: (y, o = {}) => update("set", "scatter", x, index, y, o),
    add: (y, o = {}) => update("add", "scatterAdd", x, index, y, o),
    sub: (y, o = {}) => update("sub", "scatterSub", x, index, y, o),
    mul: (y, o = {}) => update("mul", "scatterMul", x, index, y, o),
    div: (y, o = {}) => divide(x, factors("div", y, o)),
    pow: (y, o = {}) => power(x, factors("pow", y, o)),
    min: (y, o = {}) => update("min", "scatterMin", x, index, y, o),
    max: (y, o = {}) => update("max", "scatterMax", x, index, y, o),
  };
}
