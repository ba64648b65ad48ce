// linalg: norms of vectors and matrices.
import { fail } from "../../errors.ts";
import { isComplex } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { axesOf, range } from "../numpy/axes.ts";
import { L } from "../numpy/define.ts";
import { max, min, sum } from "../numpy/reductions.ts";
import { moveaxis } from "../numpy/shape.ts";
import { promoteOne } from "../promotion.ts";
import { svdNamed } from "./svd.ts";

/** The order of a norm: a number, or a name. */
export type NormOrder = number | "fro" | "f" | "nuc" | null;
interface Where {
  readonly axis: readonly number[];
  readonly keepdims: boolean;
}
/** √Σ|x|². */
function euclidean(x: NDArray, where: Where): NDArray {
  const squares = isComplex(x.dtype) ? L().real(x.mul(x.conj())) : x.mul(x);
  return L().sqrt(sum(squares, where));
}
const vector = composite(
  "np.linalg.vectorNorm",
  ([x]: readonly [NDArray], ord: number, axis: readonly number[], keepdims: boolean) => {
    const where = { axis, keepdims };
    if (ord === 2) return euclidean(x, where);
    const size = x.abs();
    if (ord === Infinity) return max(size, { ...where, initial: 0 });
    if (ord === -Infinity) return min(size, where);
    if (ord === 0) return sum(x.ne(0), { ...where, dtype: size.dtype });
    return ord === 1 ? sum(size, where) : sum(size.pow(ord), where).pow(1 / ord);
  },
);
const matrix = composite(
  "np.linalg.matrixNorm",
  ([x]: readonly [NDArray], ord: NormOrder, axis: readonly number[], keepdims: boolean) => {
    if (ord === null || ord === "f" || ord === "fro") return euclidean(x, { axis, keepdims });
    const m = moveaxis(x, axis, [-2, -1]);
    const out = ofLastTwo(m, ord);
    return keepdims
      ? L().expandDims(
          out,
          [...axis].sort((p, q) => p - q),
        )
      : out;
  },
);
function ofLastTwo(m: NDArray, ord: number | string): NDArray {
  if (ord === 1 || ord === -1 || ord === Infinity || ord === -Infinity) {
    const sums = sum(m.abs(), { axis: Math.abs(ord) === 1 ? -2 : -1 });
    return ord > 0 ? max(sums, { axis: -1, initial: 0 }) : min(sums, { axis: -1 });
  }
  const s = svdNamed("np.linalg.norm", m, { computeUv: false }) as NDArray;
  if (ord === "nuc") return sum(s, { axis: -1 });
  return ord === 2 ? max(s, { axis: -1, initial: 0 }) : min(s, { axis: -1 });
}
const MATRIX_ORDERS: readonly unknown[] = [null, "f", "fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity];

/** Options of norm. */
export type NormOptions = Options<"axis" | "keepdims", { ord: NormOrder }>;
/**
 * The norm of vectors (one axis) or matrices (two axes); without axis that of the whole array. `ord`: for vectors a
 * number, default 2; for matrices "fro" (default), "nuc", ±1, ±2 or ±Infinity. Source: jax.numpy.linalg.norm
 * @example np.linalg.norm(np.array([3, 4]))  // 5
 */
export const norm = (x: ArrayLike, options: NormOptions = {}): NDArray =>
  normNamed("np.linalg.norm", x, options);
function normNamed(name: string, x: ArrayLike, options: NormOptions): NDArray {
  checkOptions(name, options, ["ord", "axis", "keepdims"]);
  const v = promoteOne(name, x, "inexact");
  const { ord = null, keepdims = false } = options;
  const all = options.axis == null;
  const axis = all ? range(v.ndim) : axesOf(name, options.axis, v);
  if (all && ord === null) return vector([v], 2, axis, keepdims);
  if (axis.length === 1) return vectorNamed(name, v, ord ?? 2, axis, keepdims);
  if (axis.length !== 2)
    throw fail("E_AXIS_RANGE", `${name}: got ${axis.length} axes of ${v.aval}, expected one or two`, {
      hint: "one axis for norms of vectors, two for norms of matrices",
    });
  if (!MATRIX_ORDERS.includes(ord))
    throw fail(
      "E_ARGUMENT",
      `${name}: ord is ${String(ord)}, expected "fro", "nuc", ±1, ±2 or ±Infinity for matrices`,
    );
  return matrix([v], ord, axis, keepdims);
}
function vectorNamed(
  name: string,
  x: NDArray,
  ord: NormOrder,
  axis: readonly number[],
  keepdims: boolean,
): NDArray {
  if (typeof ord !== "number")
    throw fail("E_ARGUMENT", `${name}: ord is ${String(ord)}, expected a number for vectors`);
  return vector([x], ord, axis, keepdims);
}

/** Options of vectorNorm. */
export type VectorNormOptions = Options<"axis" | "keepdims", { ord: number | null }>;
/** The norm of vectors; without axis that of the flattened array. Source: jax.numpy.linalg.vector_norm. */
export function vectorNorm(x: ArrayLike, options: VectorNormOptions = {}): NDArray {
  const name = "np.linalg.vectorNorm";
  checkOptions(name, options, ["ord", "axis", "keepdims"]);
  const v = promoteOne(name, x, "inexact");
  return vectorNamed(name, v, options.ord ?? 2, axesOf(name, options.axis, v), options.keepdims ?? false);
}
/** Options of matrixNorm. */
export type MatrixNormOptions = Options<"keepdims", { ord: NormOrder }>;
/** The norm of matrices, the last two axes. Source: jax.numpy.linalg.matrix_norm. */
export function matrixNorm(x: ArrayLike, options: MatrixNormOptions = {}): NDArray {
  checkOptions("np.linalg.matrixNorm", options, ["ord", "keepdims"]);
  return normNamed("np.linalg.matrixNorm", x, { ord: "fro", ...options, axis: [-2, -1] });
}
