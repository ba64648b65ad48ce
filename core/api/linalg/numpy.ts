// jax.numpy.linalg, camelCased.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import * as np from "../numpy/diagonals.ts";
import * as products from "../numpy/products.ts";
import { choleskyNamed } from "./cholesky.ts";
import { matrixOf } from "./parts.ts";

export { cond, matrixPower, matrixRank, multiDot, pinv, tensorinv, tensorsolve } from "./derived.ts";
export type { CondOptions, MatrixRankOptions, PinvOptions } from "./derived.ts";
export { det, slogdet, type SlogdetOptions } from "./determinants.ts";
export { eigh, eigvalsh, type EighOptions } from "./eigh.ts";
export { matrixNorm, norm, vectorNorm } from "./norms.ts";
export type { MatrixNormOptions, NormOptions, NormOrder, VectorNormOptions } from "./norms.ts";
export { qr, type QrOptions } from "./qr.ts";
export { inv, solve } from "./solve.ts";
export { svd, svdvals, type SvdOptions } from "./svd.ts";
export { matmul, tensordot, vecdot } from "../numpy/products.ts";
export { matrixTranspose } from "../numpy/shape.ts";

/** Options of cholesky. */
export type CholeskyOptions = Options<never, { upper: boolean; symmetrizeInput: boolean }>;
/**
 * The lower triangular l with l·lᴴ = a (or, with `upper`, lᴴ); NaN where a isn't positive definite.
 * Source: jax.numpy.linalg.cholesky
 * @example np.linalg.cholesky(np.array([[4, 2], [2, 5]]))  // [[2, 0], [1, 2]]
 */
export function cholesky(a: ArrayLike, options: CholeskyOptions = {}): NDArray {
  const name = "np.linalg.cholesky";
  checkOptions(name, options, ["upper", "symmetrizeInput"]);
  return choleskyNamed(name, matrixOf(name, a), options.symmetrizeInput ?? true, options.upper ?? false);
}
/** A diagonal of matrices, the last two axes. Source: jax.numpy.linalg.diagonal. */
export function diagonal(x: ArrayLike, options: Options<"offset"> = {}): NDArray {
  checkOptions("np.linalg.diagonal", options, ["offset"]);
  return np.diagonal(toArray("np.linalg.diagonal", x, "x"), { ...options, axis1: -2, axis2: -1 });
}
/** The sum of a diagonal of matrices, the last two axes. Source: jax.numpy.linalg.trace. */
export function trace(x: ArrayLike, options: Options<"offset" | "dtype"> = {}): NDArray {
  checkOptions("np.linalg.trace", options, ["offset", "dtype"]);
  return np.trace(toArray("np.linalg.trace", x, "x"), { ...options, axis1: -2, axis2: -1 });
}
/** Vector product of 3-vectors along an axis. Source: jax.numpy.linalg.cross. */
export function cross(x1: ArrayLike, x2: ArrayLike, options: Options<never, { axis: number }> = {}): NDArray {
  const name = "np.linalg.cross";
  checkOptions(name, options, ["axis"]);
  const { axis = -1 } = options;
  for (const x of [toArray(name, x1, "x1"), toArray(name, x2, "x2")])
    if (x.shape.at(axis) !== 3)
      throw fail("E_SHAPE", `${name}: got ${x.aval}, expected 3-vectors along axis ${axis}`);
  return products.cross(x1, x2, { axis });
}
/** All products of elements of two vectors. Source: jax.numpy.linalg.outer. */
export function outer(x1: ArrayLike, x2: ArrayLike): NDArray {
  for (const x of [toArray("np.linalg.outer", x1, "x1"), toArray("np.linalg.outer", x2, "x2")])
    if (x.ndim !== 1) throw fail("E_SHAPE", `np.linalg.outer: got ${x.aval}, expected a vector`);
  return products.outer(x1, x2);
}
