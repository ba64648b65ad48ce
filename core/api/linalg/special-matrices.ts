// scipy.linalg: matrices with a structure.
import { fail } from "../../errors.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkInteger, literal, toArray } from "../../primitives/operand.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { conj } from "../numpy/arithmetic.ts";
import { L } from "../numpy/define.ts";
import { atleast1d, atleast2d } from "../numpy/shape.ts";
import { promoteDTypes } from "../promotion.ts";
import * as p from "./parts.ts";

const diagonalOf = composite("scipy.linalg.blockDiag", (blocks: readonly NDArray[]) => {
  const lax = L();
  const total = blocks.reduce((n, x) => n + p.columns(x), 0);
  let at = 0;
  const strips = blocks.map((x) => {
    const from = at;
    at += p.columns(x);
    return lax.pad(x, literal(0, x.dtype), [
      [0, 0, 0],
      [from, total - at, 0],
    ]);
  });
  return lax.concatenate(strips, 0);
});
/** Matrices along the diagonal of one. Source: jax.scipy.linalg.block_diag. */
export function blockDiag(...arrs: readonly ArrayLike[]): NDArray {
  const name = "scipy.linalg.blockDiag";
  const given = arrs.length === 0 ? [L().full([1, 0], 0, "float32")] : arrs;
  const xs = promoteDTypes(name, given, "any").map((x) => {
    if (x.ndim > 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected at most two axes`);
    return atleast2d(x);
  });
  return diagonalOf(xs);
}

const toeplitzOf = composite("scipy.linalg.toeplitz", ([c, r]: readonly [NDArray, NDArray]) => {
  const lax = L();
  const [m, n] = [c.size, r.size];
  // Place (i, j) is c[i − j] at or below the diagonal, r[j − i] above it: one gather from both, end to end.
  const both = lax.concatenate([lax.rev(c, [0]), lax.sliceInDim(r, Math.min(1, n), n)], 0);
  const at = p
    .numbered(m, n, 1)
    .sub(p.numbered(m, n, 0))
    .add(m - 1);
  return both.take(at);
});
/** The matrix whose diagonals are constant, from its first column and row (default: conjugate of c). Source: jax.scipy.linalg.toeplitz. */
export function toeplitz(c: ArrayLike, r?: ArrayLike | null): NDArray {
  const name = "scipy.linalg.toeplitz";
  const x = toArray(name, c, "c");
  const [column, row] = promoteDTypes(name, [x, r ?? conj(x)], "any", ["c", "r"]).map((v) =>
    atleast1d(v),
  ) as [NDArray, NDArray];
  if (column.ndim !== 1 || row.ndim !== 1)
    throw fail("E_SHAPE", `${name}: got ${column.aval} and ${row.aval}, expected vectors`);
  return column.size === 0 || row.size === 0
    ? L().fullLike(column, 0, { shape: [column.size, row.size] })
    : toeplitzOf([column, row]);
}

const hilbertOf = composite("scipy.linalg.hilbert", (_: readonly [], n: number, dtype: DType) => {
  const sum = p
    .numbered(n, n, 0)
    .add(p.numbered(n, n, 1))
    .add(1);
  return L().integerPow(L().convertElementType(sum, dtype), -1);
});
/** The n×n matrix of 1/(i + j + 1). Source: jax.scipy.linalg.hilbert. */
export function hilbert(n: number): NDArray {
  checkInteger("scipy.linalg.hilbert", "n", n);
  return hilbertOf([], n, canonicalDType("float64"));
}
const hadamardOf = composite("scipy.linalg.hadamard", (_: readonly [], n: number, dtype: DType) => {
  const common = L().populationCount(L().bitwiseAnd(p.numbered(n, n, 0), p.numbered(n, n, 1)));
  return L().convertElementType(common.mod(2).mul(-2).add(1), dtype);
});
/** The n×n Hadamard matrix, for n a power of two. Source: jax.scipy.linalg.hadamard. */
export function hadamard(n: number, options: Options<"dtype"> = {}): NDArray {
  const name = "scipy.linalg.hadamard";
  checkOptions(name, options, ["dtype"]);
  checkInteger(name, "n", n);
  if (n < 1 || !Number.isInteger(Math.log2(n)))
    throw fail("E_ARGUMENT", `${name}: n is ${n}, expected a power of 2`);
  return hadamardOf([], n, canonicalDType(options.dtype ?? "int64"));
}
