// x.get(…) and x.at(…): one reading of index lists, for windows and gathers and for scatters. As JAX: static slices and
// scalars are windows, arrays of positions are gathers; reads clamp and updates drop what is out of bounds.
import { fail } from "../errors.ts";
import type { Shape } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isSigned } from "../ir/dtype.ts";
import { LITERAL, NDArray, type At, type AtOptions, type Index } from "../ir/ndarray.ts";
import { range } from "../primitives/dims.ts";
import type { GatherDimensionNumbers, GatherScatterMode } from "../primitives/gather-scatter.ts";
import type { Lax } from "../primitives/lax.ts";
import { literal, refuseOperand, type Operand } from "../primitives/operand.ts";
import { elementAt, valuesOf } from "../runtime/array.ts";
import { checkOptions } from "./arrays.ts";
import { composite } from "./composite.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes } from "./promotion.ts";
import { planOf, type IndexPlan as Plan } from "./index-plan.ts";
import { divide, power } from "./numpy/arithmetic.ts";

const L = (): Lax => context().lax;

/** A static position counted from the start. */
const counted = (i: number, n: number): number => (i < 0 ? i + n : i);
/** A static position from the start, clamped as JAX clamps reads. */
const settle = (i: number, n: number): number => Math.min(Math.max(i, 0), Math.max(0, n - 1));
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
  x.assertLive("x.get");
  const p = planOf(x, index);
  return p.arrays ? gatherPlan(p, "promise_in_bounds") : windowPlan(p);
}

/** Slices and single positions: one window, then strides and reversals. */
function windowPlan(p: Plan): NDArray {
  const lax = L();
  const { axes, x } = p;
  const low: Operand[] = [];
  // A position out of bounds stays one, for checkify to see: the dynamic slice clamps it.
  let outside = false;
  const sizes = axes.map((a, d) => {
    const n = x.shape[d] as number;
    if (a.kind === "at") {
      if (n === 0) throw fail("E_INDEX", `x.get: a position on axis ${d} of ${x.aval}, which is empty`);
      if (typeof a.position !== "number") low.push(normal(a.position, n, true));
      else {
        const at = counted(a.position, n);
        outside ||= at !== settle(at, n);
        low.push(at < 0 ? at - n : at); // the dynamic slice counts negative starts from the end
      }
      return 1;
    }
    const span = a.size === 0 ? 0 : (a.size - 1) * Math.abs(a.step) + 1;
    low.push(a.size === 0 ? 0 : a.step > 0 ? a.start : a.start - span + 1);
    return span;
  });
  let y = x;
  if (outside || sizes.some((n, d) => n !== x.shape[d])) {
    const fixed = !outside && low.every((s) => typeof s === "number");
    // Outside jit the starts are immediates of one program, so that each position doesn't cost a compilation.
    if (fixed && (context().trace.kind === "stage" || axes.some((a) => a.kind === "slice" && a.step !== 1))) {
      const starts = low;
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
                ? settle(counted(a.position, n), n)
                : wrapNegative
                  ? counted(a.position, n)
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
    indicesAreSorted: options.indicesAreSorted === true || !p.arrays,
    uniqueIndices: options.uniqueIndices === true || !p.arrays,
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
    // A window meets each element once.
    uniqueIndices: options.uniqueIndices === true || !p.arrays,
    indicesAreSorted: options.indicesAreSorted === true || !p.arrays,
  });
  return lax.convertElementType(lax.reshape(out, given.shape), given.dtype, { weakType: given.weakType });
}

/** Reads and functional updates of part of x. */
export function atOf(x: NDArray, index: readonly Index[]): At {
  x.assertLive("x.at");
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
    if (typeof f !== "function") throw refuseOperand("x.at(…).apply", f, "a function");
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
