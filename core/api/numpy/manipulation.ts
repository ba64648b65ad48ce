// np: functions that move, join and repeat elements without changing them.
import { fail } from "../../errors.ts";
import { sizeOf, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import { NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { Lax } from "../../primitives/lax.ts";
import { toArray, type Operand } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { broadcastShapes as joined, broadcastTo as spread, promoteDTypes } from "../promotion.ts";
import { axesOf, oneAxis, range, type Axis } from "./axes.ts";

const L = (): Lax => context().lax;
interface AxisOption {
  readonly axis?: number | null | undefined;
}
const AXIS = ["axis"] as const;

/** The same elements, row-major, in another shape; one size may be −1. Source: jax.numpy.reshape. */
export function reshape(a: Operand, shape: Shape | number): NDArray {
  const x = toArray("np.reshape", a);
  const dims = typeof shape === "number" ? [shape] : [...shape];
  const open = dims.indexOf(-1);
  if (open >= 0) {
    const rest = dims.reduce((n, d, i) => (i === open ? n : n * d), 1);
    dims[open] = rest === 0 ? 0 : x.size / rest;
  }
  if (sizeOf(dims) !== x.size || dims.some((d) => d < 0 || !Number.isInteger(d)))
    throw fail(
      "E_SHAPE",
      `np.reshape: can't reshape ${x.aval} (${x.size} elements) into [${(typeof shape === "number" ? [shape] : shape).join(",")}]`,
    );
  return L().reshape(x, dims);
}
/** One axis, row-major. Source: jax.numpy.ravel. */
export const ravel = (a: Operand): NDArray =>
  L().reshape(toArray("np.ravel", a), [toArray("np.ravel", a).size]);
/** Axes permuted; reversed by default. Source: jax.numpy.transpose. */
export function transpose(a: Operand, axes?: Shape | null): NDArray {
  const x = toArray("np.transpose", a);
  if (axes != null && axes.length !== x.ndim)
    throw fail("E_AXIS_RANGE", `np.transpose: axes [${axes.join(",")}] don't fit ${x.aval}`);
  return L().transpose(x, axes == null ? range(x.ndim).reverse() : axesOf("np.transpose", axes, x));
}
export const permuteDims = (a: Operand, axes: Shape): NDArray => transpose(a, axes);
/** The last two axes exchanged. Source: jax.numpy.matrix_transpose. */
export function matrixTranspose(a: Operand): NDArray {
  const x = toArray("np.matrixTranspose", a);
  if (x.ndim < 2) throw fail("E_SHAPE", `np.matrixTranspose: got ${x.aval}, expected at least two axes`);
  return swapaxes(x, -1, -2);
}
/** Two axes exchanged. Source: jax.numpy.swapaxes. */
export function swapaxes(a: Operand, axis1: number, axis2: number): NDArray {
  const x = toArray("np.swapaxes", a);
  const order = range(x.ndim);
  const [i, j] = [oneAxis("np.swapaxes", axis1, x), oneAxis("np.swapaxes", axis2, x)];
  [order[i], order[j]] = [j, i];
  return L().transpose(x, order);
}
/** Axes moved to other places. Source: jax.numpy.moveaxis. */
export function moveaxis(
  a: Operand,
  source: number | readonly number[],
  destination: number | readonly number[],
): NDArray {
  const x = toArray("np.moveaxis", a);
  const [from, to] = [axesOf("np.moveaxis", source, x), axesOf("np.moveaxis", destination, x)];
  if (from.length !== to.length)
    throw fail("E_AXIS_RANGE", `np.moveaxis: ${from.length} sources but ${to.length} destinations`);
  const order = range(x.ndim).filter((i) => !from.includes(i));
  for (const [d, s] of to.map((d, i) => [d, from[i] as number] as const).sort((p, q) => p[0] - q[0]))
    order.splice(d, 0, s);
  return L().transpose(x, order);
}
/** One axis rolled back to before `start`. Source: jax.numpy.rollaxis. */
export function rollaxis(
  a: Operand,
  axis: number,
  options: { readonly start?: number | undefined } = {},
): NDArray {
  const x = toArray("np.rollaxis", a);
  const i = oneAxis("np.rollaxis", axis, x);
  let to = options.start ?? 0;
  if (to < 0) to += x.ndim;
  return moveaxis(x, i, to > i ? to - 1 : to);
}
/** Axes of size 1 inserted. Source: jax.numpy.expand_dims. */
export const expandDims = (a: Operand, axis: number | readonly number[]): NDArray =>
  L().expandDims(toArray("np.expandDims", a), typeof axis === "number" ? [axis] : axis);
/** Axes of size 1 removed. Source: jax.numpy.squeeze. */
export function squeeze(a: Operand, options: { readonly axis?: Axis } = {}): NDArray {
  checkOptions("np.squeeze", options, AXIS);
  const x = toArray("np.squeeze", a);
  const axes =
    options.axis == null
      ? range(x.ndim).filter((i) => x.shape[i] === 1)
      : axesOf("np.squeeze", options.axis, x);
  const bad = axes.find((i) => x.shape[i] !== 1);
  if (bad !== undefined)
    throw fail("E_SHAPE", `np.squeeze: axis ${bad} of ${x.aval} has size ${x.shape[bad]}, expected 1`);
  return L().reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}
/** `a` over a shape. Source: jax.numpy.broadcast_to. */
export const broadcastTo = (a: Operand, shape: Shape | number): NDArray =>
  spread("np.broadcastTo", toArray("np.broadcastTo", a), typeof shape === "number" ? [shape] : shape);
/** The common shape. Source: jax.numpy.broadcast_shapes. */
export const broadcastShapes = (...shapes: readonly (Shape | number)[]): number[] =>
  joined("np.broadcastShapes", ...shapes.map((s) => (typeof s === "number" ? [s] : s)));
/** Arrays over their common shape. Source: jax.numpy.broadcast_arrays. */
export function broadcastArrays(...args: readonly Operand[]): NDArray[] {
  const xs = args.map((a) => toArray("np.broadcastArrays", a));
  const shape = joined("np.broadcastArrays", ...xs.map((x) => x.shape));
  return xs.map((x) => spread("np.broadcastArrays", x, shape));
}
const atleast =
  (n: number) =>
  (...arys: readonly Operand[]): NDArray | NDArray[] => {
    const out = arys.map((a) => {
      const x = toArray(`np.atleast${n}d`, a);
      if (x.ndim >= n) return x;
      if (n === 3 && x.ndim === 2) return L().reshape(x, [...x.shape, 1]);
      if (n === 3 && x.ndim === 1) return L().reshape(x, [1, x.size, 1]);
      return L().reshape(x, [...Array<number>(n - x.ndim).fill(1), ...x.shape]);
    });
    return out.length === 1 ? (out[0] as NDArray) : out;
  };
type AtLeast = (...arys: readonly Operand[]) => NDArray | NDArray[];
/** Rank at least 1. Source: jax.numpy.atleast_1d. */
export const atleast1d: AtLeast = atleast(1);
/** Rank at least 2. Source: jax.numpy.atleast_2d. */
export const atleast2d: AtLeast = atleast(2);
/** Rank at least 3. Source: jax.numpy.atleast_3d. */
export const atleast3d: AtLeast = atleast(3);

/** Rows of an array, or the list itself. */
const listOf = (arrays: readonly Operand[] | NDArray): readonly Operand[] =>
  arrays instanceof NDArray ? unstack(arrays) : arrays;
/** Arrays joined along an axis; null flattens them. Source: jax.numpy.concatenate. */
export function concatenate(
  arrays: readonly Operand[] | NDArray,
  options: { readonly axis?: number | null | undefined; readonly dtype?: DType | null | undefined } = {},
): NDArray {
  checkOptions("np.concatenate", options, ["axis", "dtype"]);
  const list = listOf(arrays);
  if (list.length === 0) throw fail("E_ARGUMENT", "np.concatenate: needs at least one array");
  const lax = L();
  let xs =
    options.dtype == null
      ? promoteDTypes("np.concatenate", list)
      : list.map((x) => lax.convertElementType(toArray("np.concatenate", x), options.dtype as DType));
  if (options.axis === null) xs = xs.map((x) => lax.reshape(x, [x.size]));
  const first = xs[0] as NDArray;
  if (first.ndim === 0)
    throw fail("E_SHAPE", "np.concatenate: arrays of rank 0 have no axis to join", { hint: "use np.stack" });
  const axis = oneAxis("np.concatenate", options.axis ?? 0, first);
  for (const x of xs)
    if (x.ndim !== first.ndim || x.shape.some((n, i) => i !== axis && n !== first.shape[i]))
      throw fail("E_SHAPE", `np.concatenate: ${first.aval} and ${x.aval} differ beyond axis ${axis}`);
  return lax.concatenate(xs, axis);
}
export const concat = (arrays: readonly Operand[] | NDArray, options: AxisOption = {}): NDArray =>
  concatenate(arrays, options);
/** Arrays joined along a new axis. Source: jax.numpy.stack. */
export function stack(
  arrays: readonly Operand[] | NDArray,
  options: { readonly axis?: number | undefined; readonly dtype?: DType | null | undefined } = {},
): NDArray {
  checkOptions("np.stack", options, ["axis", "dtype"]);
  const xs = listOf(arrays).map((a) => toArray("np.stack", a));
  const first = xs[0];
  if (first === undefined) throw fail("E_ARGUMENT", "np.stack: needs at least one array");
  for (const x of xs)
    if (x.shape.join() !== first.shape.join())
      throw fail("E_SHAPE", `np.stack: shapes differ: ${first.aval}, ${x.aval}`);
  const axis = oneAxis("np.stack", options.axis ?? 0, first, first.ndim + 1);
  return concatenate(
    xs.map((x) => L().expandDims(x, [axis])),
    { axis, dtype: options.dtype },
  );
}
const each = (f: AtLeast, arrays: readonly Operand[] | NDArray): NDArray[] =>
  listOf(arrays).map((a) => f(a) as NDArray);
/** Rows stacked. Source: jax.numpy.vstack. */
export const vstack = (tup: readonly Operand[] | NDArray): NDArray =>
  concatenate(each(atleast2d, tup), { axis: 0 });
/** Joined along the second axis, rank 1 along the first. Source: jax.numpy.hstack. */
export function hstack(tup: readonly Operand[] | NDArray): NDArray {
  const xs = each(atleast1d, tup);
  return concatenate(xs, { axis: xs[0]?.ndim === 1 ? 0 : 1 });
}
/** Joined along the third axis. Source: jax.numpy.dstack. */
export const dstack = (tup: readonly Operand[] | NDArray): NDArray =>
  concatenate(each(atleast3d, tup), { axis: 2 });
/** Rank-1 arrays as columns. Source: jax.numpy.column_stack. */
export const columnStack = (tup: readonly Operand[] | NDArray): NDArray =>
  concatenate(
    listOf(tup)
      .map((a) => toArray("np.columnStack", a))
      .map((x) => (x.ndim < 2 ? L().reshape(x, [x.size, 1]) : x)),
    { axis: 1 },
  );
/** An array of nested lists of blocks. Source: jax.numpy.block. */
export function block(arrays: Blocks): NDArray {
  const depth = (b: Blocks): number =>
    Array.isArray(b) ? 1 + Math.max(...(b as readonly Blocks[]).map(depth)) : 0;
  const rank = (b: Blocks): number =>
    Array.isArray(b)
      ? Math.max(...(b as readonly Blocks[]).map(rank))
      : toArray("np.block", b as Operand).ndim;
  const levels = depth(arrays);
  const dims = Math.max(levels, rank(arrays));
  const build = (b: Blocks, level: number): NDArray => {
    if (Array.isArray(b))
      return concatenate(
        (b as readonly Blocks[]).map((c) => build(c, level + 1)),
        { axis: dims - levels + level },
      );
    const x = toArray("np.block", b as Operand);
    return L().reshape(x, [...Array<number>(dims - x.ndim).fill(1), ...x.shape]);
  };
  return build(arrays, 0);
}
export type Blocks = Operand | readonly Blocks[];
/** The sections of an axis as arrays without it. Source: jax.numpy.unstack. */
export function unstack(a: Operand, options: AxisOption = {}): NDArray[] {
  checkOptions("np.unstack", options, AXIS);
  const x = toArray("np.unstack", a);
  const axis = oneAxis("np.unstack", options.axis ?? 0, x);
  const rest = x.shape.filter((_, i) => i !== axis);
  return range(x.shape[axis] as number).map((i) => L().reshape(L().sliceInDim(x, i, i + 1, 1, axis), rest));
}
function cuts(name: string, n: number, sections: number | readonly number[], uneven: boolean): number[] {
  if (typeof sections !== "number")
    return [0, ...sections.map((i) => Math.min(n, i < 0 ? Math.max(0, i + n) : i)), n];
  if (sections <= 0) throw fail("E_ARGUMENT", `${name}: ${sections} sections, expected at least one`);
  if (!uneven && n % sections !== 0)
    throw fail("E_SHAPE", `${name}: an axis of ${n} doesn't divide into ${sections} equal parts`, {
      hint: "use np.arraySplit",
    });
  const [base, extra] = [Math.floor(n / sections), n % sections];
  return range(sections + 1).map((i) => i * base + Math.min(i, extra));
}
function splitter(name: string, uneven: boolean, fixed?: (x: NDArray) => number) {
  return (
    ary: Operand,
    indicesOrSections: number | readonly number[],
    options: AxisOption = {},
  ): NDArray[] => {
    checkOptions(name, options, fixed === undefined ? AXIS : []);
    const x = toArray(name, ary);
    const axis = oneAxis(name, fixed?.(x) ?? options.axis ?? 0, x);
    const at = cuts(name, x.shape[axis] as number, indicesOrSections, uneven);
    return range(at.length - 1).map((i) =>
      L().sliceInDim(x, at[i] as number, Math.max(at[i] as number, at[i + 1] as number), 1, axis),
    );
  };
}
type Split = (ary: Operand, indicesOrSections: number | readonly number[], options?: AxisOption) => NDArray[];
/** Equal parts, or parts between indices. Source: jax.numpy.split. */
export const split: Split = splitter("np.split", false);
/** Nearly equal parts. Source: jax.numpy.array_split. */
export const arraySplit: Split = splitter("np.arraySplit", true);
/** split along the first axis. Source: jax.numpy.vsplit. */
export const vsplit: Split = splitter("np.vsplit", false, () => 0);
/** split along the second axis. Source: jax.numpy.hsplit. */
export const hsplit: Split = splitter("np.hsplit", false, (x) => (x.ndim === 1 ? 0 : 1));
/** split along the third axis. Source: jax.numpy.dsplit. */
export const dsplit: Split = splitter("np.dsplit", false, () => 2);
/** Reversed along axes. Source: jax.numpy.flip. */
export function flip(m: Operand, options: { readonly axis?: Axis } = {}): NDArray {
  checkOptions("np.flip", options, AXIS);
  const x = toArray("np.flip", m);
  return L().rev(x, axesOf("np.flip", options.axis, x));
}
export const fliplr = (m: Operand): NDArray => flip(m, { axis: 1 });
export const flipud = (m: Operand): NDArray => flip(m, { axis: 0 });
/** Turned by 90 degrees k times. Source: jax.numpy.rot90. */
export function rot90(
  m: Operand,
  options: { readonly k?: number | undefined; readonly axes?: readonly [number, number] | undefined } = {},
): NDArray {
  checkOptions("np.rot90", options, ["k", "axes"]);
  const x = toArray("np.rot90", m);
  const [a, b] = (options.axes ?? [0, 1]).map((i) => oneAxis("np.rot90", i, x)) as [number, number];
  switch ((((options.k ?? 1) % 4) + 4) % 4) {
    case 0:
      return x;
    case 2:
      return L().rev(x, [a, b]);
    case 1:
      return swapaxes(L().rev(x, [b]), a, b);
    default:
      return L().rev(swapaxes(x, a, b), [b]);
  }
}
/** Elements shifted around the end of an axis. Source: jax.numpy.roll. */
export function roll(
  a: Operand,
  shift: number | readonly number[],
  options: { readonly axis?: Axis } = {},
): NDArray {
  checkOptions("np.roll", options, AXIS);
  const x = toArray("np.roll", a);
  if (options.axis == null)
    return L().reshape(
      rollOne(ravel(x), typeof shift === "number" ? shift : shift.reduce((s, n) => s + n, 0), 0),
      x.shape,
    );
  const axes = typeof options.axis === "number" ? [options.axis] : options.axis;
  const shifts = typeof shift === "number" ? [shift] : shift;
  const count = Math.max(axes.length, shifts.length);
  const pick = (l: readonly number[], i: number): number => l[l.length === 1 ? 0 : i] as number;
  return range(count).reduce((y, i) => rollOne(y, pick(shifts, i), oneAxis("np.roll", pick(axes, i), x)), x);
}
function rollOne(x: NDArray, shift: number, axis: number): NDArray {
  const n = x.shape[axis] as number;
  if (n === 0) return x;
  const k = ((shift % n) + n) % n;
  return k === 0
    ? x
    : L().concatenate([L().sliceInDim(x, n - k, n, 1, axis), L().sliceInDim(x, 0, n - k, 1, axis)], axis);
}
/** Copies side by side. Source: jax.numpy.tile. */
export function tile(A: Operand, reps: number | readonly number[]): NDArray {
  const x = toArray("np.tile", A);
  const counts = typeof reps === "number" ? [reps] : reps;
  const rank = Math.max(x.ndim, counts.length);
  const padTo = (l: readonly number[]): number[] => [...Array<number>(rank - l.length).fill(1), ...l];
  const [shape, times] = [padTo(x.shape), padTo(counts)];
  const wide = L().broadcastInDim(
    L().reshape(x, shape),
    shape.flatMap((n, i) => [times[i] as number, n]),
    shape.map((_, i) => 2 * i + 1),
  );
  return L().reshape(
    wide,
    shape.map((n, i) => n * (times[i] as number)),
  );
}
/** Elements repeated; counts per element must be known. Source: jax.numpy.repeat. */
export function repeat(
  a: Operand,
  repeats: number | readonly number[] | NDArray,
  options: AxisOption & { readonly totalRepeatLength?: number | null | undefined } = {},
): NDArray {
  checkOptions("np.repeat", options, ["axis", "totalRepeatLength"]);
  const x = options.axis == null ? ravel(a) : toArray("np.repeat", a);
  const axis = oneAxis("np.repeat", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  const list =
    typeof repeats === "number"
      ? [repeats]
      : repeats instanceof NDArray
        ? repeats.ndim === 0
          ? [Number(repeats.tolist())]
          : (repeats.tolist() as number[]).map(Number)
        : repeats;
  const counts = list.length === 1 ? range(n).map(() => list[0] as number) : list;
  if (counts.length !== n)
    throw fail("E_SHAPE", `np.repeat: ${counts.length} counts for ${n} elements of ${x.aval}`);
  if (list.length === 1 && options.totalRepeatLength == null) {
    const k = list[0] as number;
    const wide = L().broadcastInDim(
      x,
      [...x.shape.slice(0, axis + 1), k, ...x.shape.slice(axis + 1)],
      range(x.ndim).map((i) => (i <= axis ? i : i + 1)),
    );
    return L().reshape(
      wide,
      x.shape.map((m, i) => (i === axis ? m * k : m)),
    );
  }
  let at = counts.flatMap((k, i) => Array<number>(k).fill(i));
  const total = options.totalRepeatLength;
  if (total != null) at = range(total).map((i) => at[i] ?? at[at.length - 1] ?? 0);
  return pickStatic(x, at, axis);
}
/** Elements of an axis at known positions. */
export function pickStatic(x: NDArray, at: readonly number[], axis: number): NDArray {
  const lax = L();
  const indices = context().methods.asArray(Int32Array.from(at));
  const offset = range(x.ndim).filter((i) => i !== axis);
  return lax.gather(
    x,
    lax.reshape(indices, [at.length, 1]),
    { offsetDims: offset, collapsedSliceDims: [axis], startIndexMap: [axis] },
    x.shape.map((n, i) => (i === axis ? 1 : n)),
    { mode: "clip" },
  );
}
/** Values appended. Source: jax.numpy.append. */
export function append(arr: Operand, values: Operand, options: AxisOption = {}): NDArray {
  checkOptions("np.append", options, AXIS);
  return options.axis == null
    ? concatenate([ravel(arr), ravel(values)])
    : concatenate([arr, values], { axis: options.axis });
}
/** Elements at known positions removed. Source: jax.numpy.delete. */
function delete_(arr: Operand, obj: number | readonly number[] | NDArray, options: AxisOption = {}): NDArray {
  checkOptions("np.delete", options, ["axis", "assumeUniqueIndices"]);
  const x = options.axis == null ? ravel(arr) : toArray("np.delete", arr);
  const axis = oneAxis("np.delete", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  const raw = typeof obj === "number" ? [obj] : obj instanceof NDArray ? [obj.tolist()].flat(9) : obj;
  const gone =
    obj instanceof NDArray && obj.dtype === "bool"
      ? new Set(raw.flatMap((v, i) => (v ? [i] : [])))
      : new Set(raw.map((v) => (Number(v) < 0 ? Number(v) + n : Number(v))));
  return pickStatic(
    x,
    range(n).filter((i) => !gone.has(i)),
    axis,
  );
}
export { delete_ as delete };
/** Values put before known positions. Source: jax.numpy.insert. */
export function insert(
  arr: Operand,
  obj: number | readonly number[] | NDArray,
  values: Operand,
  options: AxisOption = {},
): NDArray {
  checkOptions("np.insert", options, AXIS);
  const x = options.axis == null ? ravel(arr) : toArray("np.insert", arr);
  const axis = oneAxis("np.insert", options.axis ?? 0, x);
  const n = x.shape[axis] as number;
  const list = (
    typeof obj === "number" ? [obj] : obj instanceof NDArray ? ([obj.tolist()].flat(9) as number[]) : [...obj]
  ).map((i) => (Number(i) < 0 ? Number(i) + n : Number(i)));
  let v = L().convertElementType(toArray("np.insert", values), x.dtype);
  const scalar = typeof obj === "number" || (obj instanceof NDArray && obj.ndim === 0);
  if (v.ndim < x.ndim) v = L().reshape(v, [...Array<number>(x.ndim - v.ndim).fill(1), ...v.shape]);
  if (scalar && v.ndim === x.ndim && x.ndim > 1 && toArray("np.insert", values).ndim > 0)
    v = moveaxis(v, 0, axis);
  const count = list.length === 1 && scalar ? (v.shape[axis] as number) : list.length;
  const at = scalar ? range(count).map(() => list[0] as number) : list;
  v = spread(
    "np.insert",
    v,
    x.shape.map((m, i) => (i === axis ? count : m)),
  );
  const order = range(count).sort((p, q) => (at[p] as number) - (at[q] as number) || p - q);
  const source: number[] = [];
  let k = 0;
  for (let i = 0; i <= n; i++) {
    while (k < count && at[order[k] as number] === i) source.push(n + (order[k++] as number));
    if (i < n) source.push(i);
  }
  return pickStatic(concatenate([x, v], { axis }), source, axis);
}
/** Elements repeated or dropped to fill a shape. Source: jax.numpy.resize. */
export function resize(a: Operand, newShape: Shape | number): NDArray {
  const x = ravel(a);
  const shape = typeof newShape === "number" ? [newShape] : newShape;
  const n = sizeOf(shape);
  if (x.size === 0) return L().full(shape, 0, x.dtype);
  return L().reshape(L().sliceInDim(tile(x, Math.ceil(n / x.size)), 0, n), shape);
}
/** Zeros at both ends removed; the values must be known. Source: jax.numpy.trim_zeros. */
export function trimZeros(filt: Operand, options: { readonly trim?: string | undefined } = {}): NDArray {
  const x = toArray("np.trimZeros", filt);
  const list = (x.tolist() as number[]).map((v) => Number(v) !== 0);
  const how = (options.trim ?? "fb").toLowerCase();
  const from = how.includes("f") ? (list.includes(true) ? list.indexOf(true) : list.length) : 0;
  const to = how.includes("b") ? list.lastIndexOf(true) + 1 : list.length;
  return L().sliceInDim(x, from, Math.max(from, to));
}
/** Another dtype. Source: jax.numpy.astype. */
export const astype = (x: Operand, dtype: DType): NDArray => convert("np.astype", x, dtype);
/** NumPy's conversion: to bool is ≠ 0. */
export function convert(name: string, x: Operand, dtype: DType): NDArray {
  const v = toArray(name, x);
  return dtype === "bool" && v.dtype !== "bool"
    ? L().ne(v, 0)
    : L().convertElementType(v, canonicalDType(dtype));
}
export const ndim = (a: Operand): number => toArray("np.ndim", a).ndim;
export const shape = (a: Operand): Shape => toArray("np.shape", a).shape;
export const size = (a: Operand, options: { readonly axis?: Axis } = {}): number => {
  const x = toArray("np.size", a);
  return axesOf("np.size", options.axis, x).reduce((n, i) => n * (x.shape[i] as number), 1);
};
