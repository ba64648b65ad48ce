// linalg: what the decompositions share. Matrices are the last two axes; all of a stack advance together, step by step.
import { fail } from "../../errors.ts";
import { DTYPES, isComplex, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { promoteOne } from "../promotion.ts";
import { asStrong, L, pick } from "../numpy/define.ts";

/** A matrix, or a stack of them, as floats. @throws E_SHAPE for fewer than two axes */
export function matrixOf(name: string, a: ArrayLike, word = "a"): NDArray {
  const x = promoteOne(name, a, "inexact", word);
  if (x.ndim < 2)
    throw fail(
      "E_SHAPE",
      `${name}: ${word} is ${toArray(name, a, word).aval}, expected a matrix, or several`,
    );
  return asStrong(x);
}
/** A square matrix, or a stack of them. @throws E_SHAPE */
export function squareOf(name: string, a: ArrayLike, word = "a"): NDArray {
  const x = matrixOf(name, a, word);
  checkSquare(name, x, word);
  return x;
}
/** @throws E_SHAPE unless the last two axes have one size */
export function checkSquare(name: string, x: NDArray, word = "a"): void {
  if (x.ndim < 2 || rows(x) !== columns(x))
    throw fail("E_SHAPE", `${name}: ${word} is ${x.aval}, expected square matrices [..., n, n]`);
}
const FLOATS: readonly DType[] = ["float32", "float64"];
const COMPLEX: readonly DType[] = [...FLOATS, "complex64", "complex128"];
/** @throws E_UNIMPLEMENTED for a dtype in which there is no decomposition */
export function checkDType(name: string, x: NDArray, complex = false): void {
  const known = complex ? COMPLEX : FLOATS;
  if (known.includes(x.dtype)) return;
  throw fail("E_UNIMPLEMENTED", `${name}: there is no ${name} of ${x.dtype}, only of ${known.join(", ")}`, {
    hint: isComplex(x.dtype) ? "split it into real and imaginary parts" : "convert with astype(np.float32)",
  });
}

/** Number of rows. */
export const rows = (x: NDArray): number => x.shape[x.ndim - 2] as number;
/** Number of columns. */
export const columns = (x: NDArray): number => x.shape[x.ndim - 1] as number;
/** The leading axes. */
export const lead = (x: NDArray): number[] => x.shape.slice(0, -2);

/** Matrices transposed. */
export function T(x: NDArray): NDArray {
  const n = x.ndim;
  return L().transpose(x, [...x.shape.keys()].slice(0, n - 2).concat(n - 1, n - 2));
}
/** Matrices transposed and conjugated. */
export const H = (x: NDArray): NDArray => conjOf(T(x));
/** Conjugate; real values as they are. */
export const conjOf = (x: NDArray): NDArray => (isComplex(x.dtype) ? L().conj(x) : x);
/** Real part; real values as they are. */
export const realOf = (x: NDArray): NDArray => (isComplex(x.dtype) ? L().real(x) : x);
/** Real values in the dtype of `x`. */
export const like = (x: NDArray, real: NDArray): NDArray => L().convertElementType(real, x.dtype);
/** (x + xᴴ)/2. */
export const symmetrize = (x: NDArray): NDArray => x.add(H(x)).div(2);

/** Products of matrices, exactly as fine as the dtype. */
export const product = (...xs: readonly [NDArray, ...NDArray[]]): NDArray =>
  xs.reduce((x, y) => L().batchMatmul(x, y, { precision: "highest" }));

/** int32 [m, n]: the number of the row, or the column, of each place. */
export const numbered = (m: number, n: number, axis: 0 | 1): NDArray =>
  L().broadcastedIota("int32", [m, n], axis);
/** `x` where the place is at or below the k-th diagonal, else 0. */
export const lower = (x: NDArray, k = 0): NDArray => triangle(x, (row, column) => row.add(k).ge(column));
/** `x` where the place is at or above the k-th diagonal, else 0. */
export const upper = (x: NDArray, k = 0): NDArray => triangle(x, (row, column) => row.add(k).le(column));
function triangle(x: NDArray, test: (row: NDArray, column: NDArray) => NDArray): NDArray {
  const at = ([0, 1] as const).map((axis) => numbered(rows(x), columns(x), axis)) as [NDArray, NDArray];
  return pick(test(...at), x, 0);
}
/** Ones on the diagonal, in the dtype and over the leading axes of `x`. */
export function eyeLike(x: NDArray, m: number, n = m): NDArray {
  const lax = L();
  const one = lax.convertElementType(numbered(m, n, 0).eq(numbered(m, n, 1)), x.dtype);
  return lax.broadcastInDim(one, [...lead(x), m, n], [x.ndim - 2, x.ndim - 1]);
}
/** The main diagonal, as the last axis. */
export function diagonalOf(x: NDArray): NDArray {
  const lax = L();
  const [m, n] = [rows(x), columns(x)];
  const k = Math.min(m, n);
  if (k === 0) return lax.fullLike(x, 0, { shape: [...lead(x), 0] });
  const flat = lax.reshape(x, [...lead(x), m * n]);
  return lax.sliceInDim(flat, 0, (k - 1) * (n + 1) + 1, n + 1, flat.ndim - 1);
}
/** Vectors as matrices of one column. */
export const asColumn = (v: NDArray): NDArray => L().expandDims(v, [v.ndim]);
/** Vectors as matrices of one row. */
export const asRow = (v: NDArray): NDArray => L().expandDims(v, [v.ndim - 1]);
/** Sum over the last axis or, from matrices of one column, over the rows. */
export const sumOver = (x: NDArray, axis: -1 | -2): NDArray => L().reduceSum(x, [x.ndim + axis]);
/** Columns from `from` up to before `to`. */
export const columnsOf = (x: NDArray, from: number, to: number): NDArray =>
  L().sliceInDim(x, from, to, 1, x.ndim - 1);
/** Rows from `from` up to before `to`. */
export const rowsOf = (x: NDArray, from: number, to: number): NDArray =>
  L().sliceInDim(x, from, to, 1, x.ndim - 2);
/** NaN everywhere in the matrices for which `ok` (over the leading axes) doesn't hold. */
export const orNaN = (ok: NDArray, x: NDArray): NDArray => {
  const lax = L();
  const wide = lax.broadcastInDim(ok, x.shape, [...ok.shape.keys()]);
  return lax.select(wide, x, lax.fullLike(x, NaN));
};
/** The spacing of the dtype at 1. */
export const epsOf = (x: NDArray): number => (DTYPES[realOf(x).dtype].itemsize === 8 ? 2 ** -52 : 2 ** -23);
