// np: diagonals and triangles of matrices, and their indices.
import { fail } from "../../errors.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkInteger, checkStatic, describe, early, literal, toArray } from "../../primitives/operand.ts";
import { checkOptions, fromIntegers, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { axesOf, range } from "./axes.ts";
import { onDevice } from "./creation.ts";
import { L, pick } from "./define.ts";
import { tile } from "./rearrange.ts";
import { sum } from "./reductions.ts";
import { moveaxis, ravel } from "./shape.ts";

const size = (name: string, n: number): number => {
  checkStatic(name, "a size", n);
  if (!Number.isInteger(n) || n < 0)
    throw fail(
      "E_SHAPE",
      `${name}: got the size ${typeof n === "object" ? describe(n) : String(n)}`,
      early(name, "M", n),
    );
  return n;
};
/** Which diagonal. */
function diagonalOf(name: string, options: Options<"k">): number {
  checkInteger(name, "k", options.k ?? 0);
  return options.k ?? 0;
}
const maskOf = composite(
  "np.tri",
  (_: readonly [], N: number, M: number, k: number, how: "eq" | "ge", dtype: DType) => {
    const lax = L();
    const row = lax.add(lax.broadcastedIota("int32", [N, M], 0), literal(k, "int32"));
    return lax.convertElementType(lax[how](row, lax.broadcastedIota("int32", [N, M], 1)), dtype);
  },
);
const within = (k: number): number => Math.min(Math.max(k, -(2 ** 30)), 2 ** 30);
/** bool [N, M]: on the k-th diagonal, or at and below it. */
const diagonalMask = (N: number, M: number, k: number, how: "eq" | "ge", dtype: DType = "bool"): NDArray =>
  maskOf([], N, M, within(k), how, dtype);

/** Ones on the k-th diagonal. Source: jax.numpy.eye. */
export function eye(N: number, M?: number | null, options: Options<"k" | "dtype" | "device"> = {}): NDArray {
  checkOptions("np.eye", options, ["k", "dtype", "device"]);
  const [rows, columns] = [size("np.eye", N), size("np.eye", M ?? N)];
  const dtype = canonicalDType(options.dtype ?? "float64");
  return onDevice(options.device, () =>
    diagonalMask(rows, columns, diagonalOf("np.eye", options), "eq", dtype),
  );
}
/** The n×n identity. Source: jax.numpy.identity. */
export function identity(n: number, options: Options<"dtype"> = {}): NDArray {
  checkOptions("np.identity", options, ["dtype"]);
  return eye(n, n, options);
}
/** Ones at and below the k-th diagonal. Source: jax.numpy.tri. */
export function tri(N: number, M?: number | null, options: Options<"k" | "dtype"> = {}): NDArray {
  checkOptions("np.tri", options, ["k", "dtype"]);
  const dtype = canonicalDType(options.dtype ?? "float32");
  return diagonalMask(size("np.tri", N), size("np.tri", M ?? N), diagonalOf("np.tri", options), "ge", dtype);
}
const triangle = composite("np.tril", ([x]: readonly [NDArray], k: number, lower: boolean) => {
  const lax = L();
  const [n, m] = x.shape.slice(-2) as [number, number];
  const mask = lax.broadcastInDim(diagonalMask(n, m, lower ? k : k - 1, "ge"), x.shape, [
    x.ndim - 2,
    x.ndim - 1,
  ]);
  const zero = lax.zerosLike(x);
  return lower ? lax.select(mask, x, zero) : lax.select(mask, zero, x);
});
function triangleOf(name: string, m: ArrayLike, options: Options<"k">, lower: boolean): NDArray {
  checkOptions(name, options, ["k"]);
  const x = toArray(name, m, "m");
  if (x.ndim < 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected at least two axes`);
  return triangle([x], diagonalOf(name, options), lower);
}
/** Zeros above the k-th diagonal. Source: jax.numpy.tril. */
export function tril(m: ArrayLike, options: Options<"k"> = {}): NDArray {
  return triangleOf("np.tril", m, options, true);
}
/** Zeros below the k-th diagonal. Source: jax.numpy.triu. */
export function triu(m: ArrayLike, options: Options<"k"> = {}): NDArray {
  return triangleOf("np.triu", m, options, false);
}

/** Words of diagonal. */
export type DiagonalOptions = Options<"offset" | "axis1" | "axis2">;
function lastTwo(name: string, a: ArrayLike, options: DiagonalOptions): NDArray {
  const x = toArray(name, a, "a");
  if (x.ndim < 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected at least two axes`);
  const axes = axesOf(name, [options.axis1 ?? 0, options.axis2 ?? 1], x);
  return moveaxis(x, axes, [-2, -1]);
}
/** A diagonal of two axes, as the last axis. Source: jax.numpy.diagonal. */
export function diagonal(a: ArrayLike, options: DiagonalOptions = {}): NDArray {
  checkOptions("np.diagonal", options, ["offset", "axis1", "axis2"]);
  const lax = L();
  const x = lastTwo("np.diagonal", a, options);
  const offset = options.offset ?? 0;
  const [n, m] = x.shape.slice(-2) as [number, number];
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(n - row, m - column));
  const lead = x.shape.slice(0, -2);
  if (length === 0) return lax.fullLike(x, 0, { shape: [...lead, 0] });
  // The diagonal of a row-major matrix is every (m + 1)-th element.
  const flat = lax.reshape(x, [...lead, n * m]);
  const start = row * m + column;
  return lax.sliceInDim(flat, start, start + (length - 1) * (m + 1) + 1, m + 1, flat.ndim - 1);
}
const traceOf = composite("np.trace", ([x]: readonly [NDArray], offset: number, dtype: DType | null) => {
  const lax = L();
  const [n, m] = x.shape.slice(-2) as [number, number];
  const mask = lax.broadcastInDim(diagonalMask(n, m, offset, "eq"), x.shape, [x.ndim - 2, x.ndim - 1]);
  return sum(lax.select(mask, x, lax.zerosLike(x)), { axis: [-2, -1], dtype });
});
/** Sum of a diagonal. Source: jax.numpy.trace. */
export function trace(a: ArrayLike, options: Options<"offset" | "axis1" | "axis2" | "dtype"> = {}): NDArray {
  checkOptions("np.trace", options, ["offset", "axis1", "axis2", "dtype"]);
  return traceOf([lastTwo("np.trace", a, options)], options.offset ?? 0, options.dtype ?? null);
}
const diagOf = composite("np.diag", ([v]: readonly [NDArray], k: number) => {
  const lax = L();
  const n = v.size + Math.abs(k);
  const zero = lax.fullLike(v, 0, { shape: [] });
  const row = lax.pad(v, zero, [[Math.max(0, -k), Math.max(0, k), 0]]);
  return pick(diagonalMask(n, n, k, "eq"), lax.broadcastInDim(row, [n, n], [0]), zero);
});
/** A diagonal of a matrix, or a matrix with this k-th diagonal. Source: jax.numpy.diag. */
export function diag(v: ArrayLike, options: Options<"k"> = {}): NDArray {
  checkOptions("np.diag", options, ["k"]);
  const [x, k] = [toArray("np.diag", v, "v"), diagonalOf("np.diag", options)];
  if (x.ndim === 2) return diagonal(x, { offset: k });
  if (x.ndim !== 1) throw fail("E_SHAPE", `np.diag: got ${x.aval}, expected one or two axes`);
  return diagOf([x], k);
}
/** A matrix with the flattened input as k-th diagonal. Source: jax.numpy.diagflat. */
export function diagflat(v: ArrayLike, options: Options<"k"> = {}): NDArray {
  checkOptions("np.diagflat", options, ["k"]);
  return diagOf([ravel(toArray("np.diagflat", v, "v"))], diagonalOf("np.diagflat", options));
}
const fillOf = composite("np.fillDiagonal", ([a, val]: readonly [NDArray, NDArray]) => {
  const lax = L();
  const n = Math.min(...a.shape);
  const wide =
    val.ndim === 0
      ? lax.broadcastInDim(val, [n], [])
      : lax.sliceInDim(tile(ravel(val), Math.ceil(n / val.size)), 0, n);
  const column = lax.broadcastInDim(lax.iota("int32", n), [n, a.ndim], [0]);
  const dims = range(a.ndim);
  return lax.scatter(a, column, lax.convertElementType(wide, a.dtype, { weakType: a.weakType }), {
    updateWindowDims: [],
    insertedWindowDims: dims,
    scatterDimsToOperandDims: dims,
  });
});
/** `a` with its main diagonal replaced. Source: jax.numpy.fill_diagonal. */
export function fillDiagonal(
  a: ArrayLike,
  val: ArrayLike,
  options: Options<never, { wrap: false; inplace: false }> = {},
): NDArray {
  checkOptions("np.fillDiagonal", options, ["wrap", "inplace"]);
  const x = materialise(toArray("np.fillDiagonal", a, "a"));
  if (x.ndim < 2 || (x.ndim > 2 && new Set(x.shape).size !== 1))
    throw fail("E_SHAPE", `np.fillDiagonal: got ${x.aval}, expected two axes, or several of one size`);
  const v = toArray("np.fillDiagonal", val, "val");
  return x.size === 0 ? x : fillOf([x, v]);
}

const asIndices = (values: readonly number[]): NDArray =>
  L().convertElementType(fromIntegers(values), canonicalDType("int64"));
/** Row and column of the elements of a matrix that satisfy a condition. */
function positions(n: number, m: number, keep: (i: number, j: number) => boolean): [NDArray, NDArray] {
  const [rows, columns]: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++)
      if (keep(i, j)) {
        rows.push(i);
        columns.push(j);
      }
  return [asIndices(rows), asIndices(columns)];
}
/** Words of trilIndices and triuIndices. */
export type TriangleOptions = Options<"k", { m: number | null }>;
/** Rows and columns of the lower triangle of an n×m matrix. Source: jax.numpy.tril_indices. */
export function trilIndices(n: number, options: TriangleOptions = {}): [NDArray, NDArray] {
  checkOptions("np.trilIndices", options, ["k", "m"]);
  const k = diagonalOf("np.trilIndices", options);
  return positions(size("np.trilIndices", n), size("np.trilIndices", options.m ?? n), (i, j) => j - i <= k);
}
/** Rows and columns of the upper triangle of an n×m matrix. Source: jax.numpy.triu_indices. */
export function triuIndices(n: number, options: TriangleOptions = {}): [NDArray, NDArray] {
  checkOptions("np.triuIndices", options, ["k", "m"]);
  const k = diagonalOf("np.triuIndices", options);
  return positions(size("np.triuIndices", n), size("np.triuIndices", options.m ?? n), (i, j) => j - i >= k);
}
function matrixShape(name: string, arr: ArrayLike): readonly [number, number] {
  const x = toArray(name, arr, "arr");
  if (x.ndim !== 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected two axes`);
  return x.shape as readonly [number, number];
}
/** trilIndices of an array's shape. Source: jax.numpy.tril_indices_from. */
export function trilIndicesFrom(arr: ArrayLike, options: Options<"k"> = {}): [NDArray, NDArray] {
  const [n, m] = matrixShape("np.trilIndicesFrom", arr);
  return trilIndices(n, { ...options, m });
}
/** triuIndices of an array's shape. Source: jax.numpy.triu_indices_from. */
export function triuIndicesFrom(arr: ArrayLike, options: Options<"k"> = {}): [NDArray, NDArray] {
  const [n, m] = matrixShape("np.triuIndicesFrom", arr);
  return triuIndices(n, { ...options, m });
}
/** The indices of the main diagonal, once for each axis. Source: jax.numpy.diag_indices. */
export function diagIndices(n: number, options: Options<never, { ndim: number }> = {}): NDArray[] {
  checkOptions("np.diagIndices", options, ["ndim"]);
  const at = L().iota(canonicalDType("int64"), size("np.diagIndices", n));
  return range(size("np.diagIndices", options.ndim ?? 2)).map(() => at);
}
/** diagIndices of an array's shape. Source: jax.numpy.diag_indices_from. */
export function diagIndicesFrom(arr: ArrayLike): NDArray[] {
  const x = toArray("np.diagIndicesFrom", arr, "arr");
  if (x.ndim < 2 || new Set(x.shape).size !== 1)
    throw fail("E_SHAPE", `np.diagIndicesFrom: got ${x.aval}, expected several axes of one size`);
  return diagIndices(x.shape[0] as number, { ndim: x.ndim });
}
