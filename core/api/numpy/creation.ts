// np: arrays from nothing, from shapes and from other arrays.
import { fail } from "../../errors.ts";
import { sizeOf, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isComplex, isFloat, isInexact, type DType } from "../../ir/dtype.ts";
import { NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { Lax } from "../../primitives/lax.ts";
import { literal, toArray, type Operand } from "../../primitives/operand.ts";
import { array, checkOptions, materialise, type Nested } from "../arrays.ts";
import { broadcastShapes, broadcastTo, promoteDTypes, resultOf } from "../promotion.ts";

const L = (): Lax => context().lax;
type MaybeDType = DType | null | undefined;
interface DTypeOption {
  readonly dtype?: MaybeDType;
}
const DTYPE = ["dtype"] as const;
const asShape = (shape: Shape | number): Shape => (typeof shape === "number" ? [shape] : shape);
const defaultFloat = (): DType => canonicalDType("float64");
const defaultInt = (): DType => canonicalDType("int64");

function filled(name: string, shape: Shape | number, value: Operand, dtype: DType): NDArray {
  const dims = asShape(shape);
  if (dims.some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_SHAPE", `${name}: got the shape [${dims.join(",")}], expected sizes of at least 0`);
  const v = L().convertElementType(value, canonicalDType(dtype));
  return materialise(dims.length === 0 ? v : broadcastTo(name, v, dims));
}
/** Zeros. Source: jax.numpy.zeros. */
export function zeros(shape: Shape | number, options: DTypeOption = {}): NDArray {
  checkOptions("np.zeros", options, DTYPE);
  return filled("np.zeros", shape, 0, options.dtype ?? defaultFloat());
}
/** Ones. Source: jax.numpy.ones. */
export function ones(shape: Shape | number, options: DTypeOption = {}): NDArray {
  checkOptions("np.ones", options, DTYPE);
  return filled("np.ones", shape, 1, options.dtype ?? defaultFloat());
}
/** Zeros: there is no uninitialised memory. Source: jax.numpy.empty. */
export const empty = (shape: Shape | number, options: DTypeOption = {}): NDArray => zeros(shape, options);
/** `shape` filled with a value. Source: jax.numpy.full. */
export function full(shape: Shape | number, fillValue: Operand, options: DTypeOption = {}): NDArray {
  checkOptions("np.full", options, DTYPE);
  const v = toArray("np.full", fillValue);
  const x = filled("np.full", shape, v, options.dtype ?? v.dtype);
  return options.dtype == null && v.weakType ? L().convertElementType(x, x.dtype, { weakType: true }) : x;
}
interface LikeOptions extends DTypeOption {
  readonly shape?: Shape | number | null | undefined;
}
const LIKE = ["dtype", "shape"] as const;
function like(name: string, a: Operand, value: Operand, options: LikeOptions): NDArray {
  checkOptions(name, options, LIKE);
  const x = toArray(name, a);
  const out = filled(name, options.shape ?? x.shape, value, options.dtype ?? x.dtype);
  return options.dtype == null && x.weakType
    ? L().convertElementType(out, out.dtype, { weakType: true })
    : out;
}
/** Zeros of the shape and dtype of `a`. Source: jax.numpy.zeros_like. */
export const zerosLike = (a: Operand, options: LikeOptions = {}): NDArray =>
  like("np.zerosLike", a, 0, options);
/** Ones of the shape and dtype of `a`. Source: jax.numpy.ones_like. */
export const onesLike = (a: Operand, options: LikeOptions = {}): NDArray =>
  like("np.onesLike", a, 1, options);
/** As zerosLike. Source: jax.numpy.empty_like. */
export const emptyLike = (a: Operand, options: LikeOptions = {}): NDArray =>
  like("np.emptyLike", a, 0, options);
/** A value in the shape and dtype of `a`. Source: jax.numpy.full_like. */
export const fullLike = (a: Operand, fillValue: Operand, options: LikeOptions = {}): NDArray =>
  like("np.fullLike", a, fillValue, options);
/** `array` without a copy. Source: jax.numpy.asarray. */
export const asarray = (a: Nested, options: DTypeOption = {}): NDArray => array(a, options);
/** A copy. Source: jax.numpy.copy. */
export const copy = (a: Operand): NDArray =>
  L().mul(L().convertElementType(toArray("np.copy", a), toArray("np.copy", a).dtype), 1);

/** start, start + step, … before stop. One number is the stop. Source: jax.numpy.arange. */
export function arange(
  start: Operand,
  stop?: Operand | null,
  step?: Operand | null,
  options: DTypeOption = {},
): NDArray {
  checkOptions("np.arange", options, DTYPE);
  const given = [start, stop, step].filter((v) => v != null) as Operand[];
  const value = (v: Operand): number => Number(v instanceof NDArray ? v.item(v.dtype) : (v as number));
  const numbers = given.map(value);
  const fraction = given.some((v) =>
    v instanceof NDArray ? isFloat(v.dtype) : typeof v === "number" && !Number.isInteger(v),
  );
  const dtype = canonicalDType(options.dtype ?? (fraction ? "float64" : "int64"));
  const [from, to, by] =
    stop == null
      ? [0, numbers[0] as number, step == null ? 1 : (numbers[1] as number)]
      : [numbers[0] as number, numbers[1] as number, step == null ? 1 : (numbers[2] as number)];
  if (by === 0) throw fail("E_ARGUMENT", "np.arange: the step is 0");
  const n = Math.max(0, Math.ceil((to - from) / by));
  const lax = L();
  const i = lax.iota(isComplex(dtype) ? "float32" : dtype === "bool" ? "int32" : dtype, n);
  const scaled = by === 1 ? i : lax.mul(i, literal(by, i.dtype));
  const moved = from === 0 ? scaled : lax.add(scaled, literal(from, i.dtype));
  return lax.convertElementType(moved, dtype);
}

interface LinspaceOptions extends DTypeOption {
  readonly endpoint?: boolean | undefined;
  readonly retstep?: boolean | undefined;
  readonly axis?: number | undefined;
}
function spaced(
  name: string,
  start: Operand,
  stop: Operand,
  num: number,
  options: LinspaceOptions,
): [NDArray, NDArray] {
  checkOptions(name, options, ["dtype", "endpoint", "retstep", "axis", "base"]);
  if (num < 0) throw fail("E_ARGUMENT", `${name}: num is ${num}, expected at least 0`);
  const lax = L();
  const endpoint = options.endpoint ?? true;
  const natural = resultOf(name, [start, stop]).dtype;
  const work = isInexact(natural) ? natural : defaultFloat();
  const target = canonicalDType(options.dtype ?? work);
  const [a, b] = [start, stop].map((v) => lax.convertElementType(toArray(name, v), work)) as [
    NDArray,
    NDArray,
  ];
  const shape = broadcastShapes(name, a.shape, b.shape);
  const [lo, hi] = [broadcastTo(name, a, shape), broadcastTo(name, b, shape)];
  const div = endpoint ? num - 1 : num;
  const delta =
    div > 0 ? lax.div(lax.sub(hi, lo), literal(div, work)) : lax.full(shape, literal(Number.NaN, work));
  const rows = [num, ...shape];
  const over = (x: NDArray): NDArray =>
    lax.broadcastInDim(
      x,
      rows,
      shape.map((_, i) => i + 1),
    );
  let out: NDArray;
  if (num === 0) out = lax.full(rows, literal(0, work));
  else if (num === 1) out = over(lo);
  else {
    // jnp.linspace interpolates from both ends: lo·(1−t) + hi·t.
    const t = lax.div(
      lax.broadcastedIota(isComplex(work) ? "float32" : work, rows, 0),
      literal(div, isComplex(work) ? "float32" : work),
    );
    const f = isComplex(work) ? lax.convertElementType(t, work) : t;
    const body = lax.add(lax.mul(over(lo), lax.sub(1, f)), lax.mul(over(hi), f));
    out = endpoint
      ? lax.concatenate([lax.sliceInDim(body, 0, num - 1), lax.reshape(hi, [1, ...shape])], 0)
      : body;
  }
  if (!isInexact(target) && target !== "bool") out = lax.floor(out);
  const axis = options.axis ?? 0;
  const moved = lax.moveAxis(out, 0, axis < 0 ? axis + rows.length : axis);
  return [lax.convertElementType(moved, target), delta];
}
/** `num` evenly spaced values from start to stop. Source: jax.numpy.linspace. */
export function linspace(
  start: Operand,
  stop: Operand,
  num: number,
  options: LinspaceOptions & { readonly retstep: true },
): [NDArray, NDArray];
export function linspace(start: Operand, stop: Operand, num?: number, options?: LinspaceOptions): NDArray;
export function linspace(
  start: Operand,
  stop: Operand,
  num = 50,
  options: LinspaceOptions = {},
): NDArray | [NDArray, NDArray] {
  const [x, step] = spaced("np.linspace", start, stop, num, options);
  return options.retstep === true ? [x, step] : x;
}
/** Powers of `base` at evenly spaced exponents. Source: jax.numpy.logspace. */
export function logspace(
  start: Operand,
  stop: Operand,
  num = 50,
  options: LinspaceOptions & { readonly base?: Operand | undefined } = {},
): NDArray {
  const { dtype, ...rest } = options;
  const [x] = spaced("np.logspace", start, stop, num, {
    ...rest,
    dtype: dtype == null || isInexact(dtype) ? (dtype ?? null) : null,
  });
  const [b, e] = promoteDTypes("np.logspace", [options.base ?? 10, x], true) as [NDArray, NDArray];
  return L().convertElementType(L().pow(b, e), canonicalDType(dtype ?? x.dtype));
}
/** Values evenly spaced on a logarithmic scale. Source: jax.numpy.geomspace. */
export function geomspace(start: Operand, stop: Operand, num = 50, options: LinspaceOptions = {}): NDArray {
  const lax = L();
  const [a, b] = promoteDTypes("np.geomspace", [start, stop], true) as [NDArray, NDArray];
  const [la, lb] = [a, b].map((v) => lax.div(lax.log(lax.abs(v)), literal(Math.LN10, v.dtype))) as [
    NDArray,
    NDArray,
  ];
  const [x] = spaced("np.geomspace", la, lb, num, { ...options, dtype: null });
  const powers = lax.pow(lax.fullLike(x, 10), x);
  const signed = lax.mul(powers, broadcastTo("np.geomspace", lax.sign(a), powers.shape));
  return lax.convertElementType(signed, canonicalDType(options.dtype ?? x.dtype));
}
/** Ones on the k-th diagonal. Source: jax.numpy.eye. */
export function eye(
  N: number,
  M?: number | null,
  options: DTypeOption & { readonly k?: number | undefined } = {},
): NDArray {
  checkOptions("np.eye", options, ["k", "dtype"]);
  return L().convertElementType(
    diagonalMask(N, M ?? N, options.k ?? 0, "eq"),
    canonicalDType(options.dtype ?? "float64"),
  );
}
/** The n×n identity. Source: jax.numpy.identity. */
export const identity = (n: number, options: DTypeOption = {}): NDArray => eye(n, n, options);
/** bool [N, M]: column − k equal to, or at most, row. */
export function diagonalMask(N: number, M: number, k: number, how: "eq" | "ge"): NDArray {
  const lax = L();
  const [row, column] = [
    lax.add(lax.broadcastedIota("int32", [N, M], 0), k),
    lax.broadcastedIota("int32", [N, M], 1),
  ];
  return how === "eq" ? lax.eq(row, column) : lax.ge(row, column);
}
/** Ones at and below the k-th diagonal. Source: jax.numpy.tri. */
export function tri(
  N: number,
  M?: number | null,
  options: DTypeOption & { readonly k?: number | undefined } = {},
): NDArray {
  checkOptions("np.tri", options, ["k", "dtype"]);
  return L().convertElementType(
    diagonalMask(N, M ?? N, options.k ?? 0, "ge"),
    canonicalDType(options.dtype ?? "float64"),
  );
}
function triangle(name: string, m: Operand, k: number, lower: boolean): NDArray {
  const lax = L();
  const x = toArray(name, m);
  if (x.ndim < 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected at least two axes`);
  const [n, c] = x.shape.slice(-2) as [number, number];
  const mask = broadcastTo(name, diagonalMask(n, c, lower ? k : k - 1, "ge"), x.shape);
  const zero = lax.zerosLike(x);
  return lower ? lax.select(mask, x, zero) : lax.select(mask, zero, x);
}
/** The lower triangle. Source: jax.numpy.tril. */
export function tril(m: Operand, options: { readonly k?: number | undefined } = {}): NDArray {
  checkOptions("np.tril", options, ["k"]);
  return triangle("np.tril", m, options.k ?? 0, true);
}
/** The upper triangle. Source: jax.numpy.triu. */
export function triu(m: Operand, options: { readonly k?: number | undefined } = {}): NDArray {
  checkOptions("np.triu", options, ["k"]);
  return triangle("np.triu", m, options.k ?? 0, false);
}
/** Grids of coordinates. Source: jax.numpy.meshgrid. */
export function meshgrid(
  ...args: readonly (
    Operand | { readonly indexing?: "xy" | "ij"; readonly sparse?: boolean; readonly copy?: boolean }
  )[]
): NDArray[] {
  const last = args[args.length - 1];
  const isOptions = typeof last === "object" && !(last instanceof NDArray) && !ArrayBuffer.isView(last);
  const options = isOptions ? (last as { indexing?: "xy" | "ij"; sparse?: boolean }) : {};
  checkOptions("np.meshgrid", options, ["indexing", "sparse", "copy"]);
  const lax = L();
  const xs = (isOptions ? args.slice(0, -1) : args).map((v) =>
    lax.reshape(toArray("np.meshgrid", v as Operand), [toArray("np.meshgrid", v as Operand).size]),
  );
  const order = xs.map((_, i) => i);
  if ((options.indexing ?? "xy") === "xy" && xs.length >= 2) [order[0], order[1]] = [1, 0];
  const shape = order.map((i) => (xs[i] as NDArray).size);
  return xs.map((x, i) => {
    const axis = order.indexOf(i);
    if (options.sparse === true)
      return lax.reshape(
        x,
        shape.map((n, a) => (a === axis ? n : 1)),
      );
    return lax.broadcastInDim(x, shape, [axis]);
  });
}
/** Indices of a grid. Source: jax.numpy.indices. */
export function indices(dimensions: Shape, options: DTypeOption = {}): NDArray {
  const dtype = canonicalDType(options.dtype ?? defaultInt());
  const lax = L();
  if (dimensions.length === 0) return zeros([0], { dtype });
  return lax.concatenate(
    dimensions.map((_, i) => lax.reshape(lax.broadcastedIota(dtype, dimensions, i), [1, ...dimensions])),
    0,
  );
}
/** An array of f over the grid of indices. Source: jax.numpy.fromfunction. */
export const fromfunction = (
  f: (...index: NDArray[]) => NDArray,
  shape: Shape,
  options: DTypeOption = {},
): NDArray =>
  f(...shape.map((_, i) => L().broadcastedIota(canonicalDType(options.dtype ?? "float64"), shape, i)));
/** Number of elements of a shape. */
export const elements = (shape: Shape): number => sizeOf(shape);
