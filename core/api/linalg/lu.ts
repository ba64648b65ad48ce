// linalg: the LU decomposition with partial pivoting, and solutions from it.
import { fail } from "../../errors.ts";
import { isInteger } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkInteger, toArray } from "../../primitives/operand.ts";
import { takeAlong } from "../../primitives/sort.ts";
import { composite } from "../composite.ts";
import { scan } from "../lax/scan.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import * as p from "./parts.ts";
import { solveLeft, solveRight } from "./triangular.ts";

/** A decomposition: L below the diagonal and U, the row that each step took, and the rows in their new order. */
export type LU = readonly [lu: NDArray, pivots: NDArray, permutation: NDArray];

/** The row with the largest entry of column j, at or below the diagonal: int32 [..., 1, 1]. */
function pivotOf(a: NDArray, j: NDArray, row: NDArray): NDArray {
  const lax = L();
  const size = lax.abs(lax.dynamicIndexInDim(a, j, -1));
  const at = lax.argmax(pick(row.ge(j), size, -1), a.ndim - 2, "int32");
  return lax.expandDims(at, [a.ndim - 2]);
}
/** Rows j and `at` exchanged. */
function exchange(
  x: NDArray,
  j: NDArray,
  at: NDArray,
  row: NDArray,
): { swapped: NDArray; pivotRow: NDArray } {
  const lax = L();
  const chosen = row.eq(at);
  const pivotRow = lax.expandDims(p.sumOver(pick(chosen, x, 0), -2), [x.ndim - 2]);
  const old = pick(chosen, lax.dynamicIndexInDim(x, j, -2), x);
  return { swapped: pick(row.eq(j), pivotRow, old), pivotRow };
}

function factor(a: NDArray): LU {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  const k = Math.min(m, n);
  const order = lax.broadcastInDim(lax.iota("int32", m), [...p.lead(a), m, 1], [a.ndim - 2]);
  if (k === 0) return [a, lax.full([...p.lead(a), 0], 0, "int32"), lax.squeeze(order, [-1])];
  const row = lax.reshape(lax.iota("int32", m), [m, 1]);
  const column = lax.reshape(lax.iota("int32", n), [1, n]);
  const [[lu, permutation], pivots] = scan(
    ([x, perm]: readonly [NDArray, NDArray], j: NDArray) => {
      const at = pivotOf(x, j, row);
      const { swapped, pivotRow } = exchange(x, j, at, row);
      const next = lax.dynamicIndexInDim(swapped, j, -1);
      const pivot = lax.dynamicIndexInDim(next, j, -2);
      const l = pick(pivot.ne(0), next.div(pivot), next);
      const below = row.gt(j);
      const reduced = pick(below.and(column.gt(j)), swapped.sub(l.mul(pivotRow)), swapped);
      const done = pick(below.and(column.eq(j)), l, reduced);
      return [[done, exchange(perm, j, at, row).swapped], lax.squeeze(at, [-2, -1])] as const;
    },
    [a, order] as const,
    lax.iota("int32", k),
  );
  return [lu, lax.moveAxis(pivots, 0, a.ndim - 2), lax.squeeze(permutation, [-1])];
}

/** Rows of `x` in the order of a permutation. */
export function permuted(x: NDArray, permutation: NDArray): NDArray {
  if (x.size === 0) return x;
  const lax = L();
  const at = lax.broadcastInDim(permutation, x.shape, [...permutation.shape.keys()]);
  return takeAlong(lax, x, at, x.ndim - 2);
}

/** Differentiation of Matrix Functionals Using Triangular Factorization (de Hoog, Anderssen, Lukas). */
function tangent(lu: NDArray, da: NDArray, permutation: NDArray): NDArray {
  const lax = L();
  const [m, n] = [p.rows(lu), p.columns(lu)];
  const k = Math.min(m, n);
  const zero = lax.fullLike(lu, 0, { shape: [] });
  const padded = (x: NDArray, below: number, right: number): NDArray =>
    lax.pad(x, zero, [...p.lead(x).map(() => [0, 0, 0] as const), [0, below, 0], [0, right, 0]]);
  const l = padded(p.lower(p.columnsOf(lu, 0, k), -1), 0, m - k).add(p.eyeLike(lu, m));
  const top = p.upper(p.rowsOf(lu, 0, k));
  const beyond = pick(numberedRows(n).ge(k), p.eyeLike(lu, n), 0);
  const u = padded(top, n - k, 0).add(beyond);
  const la = solveLeft(l, permuted(da, permutation), true, true);
  const lau = solveRight(u, la, false);
  return p.product(l, p.lower(lau, -1)).add(p.product(p.upper(lau), u));
}
const numberedRows = (n: number): NDArray => p.numbered(n, n, 0);

/** The decomposition, with its derivative. */
export const luOf = (a: NDArray): LU => derived(a) as unknown as LU;
const derived = customJvp(
  "linalg.lu",
  ([a]) => factor(a as NDArray),
  ([a], [da]) => {
    const outs = luOf(a as NDArray);
    return { outs, tangents: [tangent(outs[0], da as NDArray, outs[2]), null, null] };
  },
);
const run = composite("lax.linalg.lu", ([a]: readonly [NDArray]) => luOf(a));
/** The decomposition for one of the public functions. */
export function luNamed(name: string, x: NDArray): LU {
  if (x.ndim < 2) throw fail("E_SHAPE", `${name}: got ${x.aval}, expected a matrix, or several`);
  p.checkDType(name, x, true);
  return run([x]);
}
/**
 * [lu, pivots, permutation] of matrices [..., m, n]: rows taken in the order of the permutation are L·U, with ones on
 * the diagonal of L. Source: jax.lax.linalg.lu
 */
export const lu = (x: ArrayLike): LU => luNamed("lax.linalg.lu", toArray("lax.linalg.lu", x, "x"));

/** x with a·x = b (trans 0), aᵀ·x = b (1) or aᴴ·x = b (2), from the decomposition of a. */
export function luSolveOf(lu: NDArray, permutation: NDArray, b: NDArray, trans: 0 | 1 | 2): NDArray {
  if (trans === 0) return solveLeft(lu, solveLeft(lu, permuted(b, permutation), true, true), false);
  const m = trans === 2 ? p.H(lu) : p.T(lu);
  const x = solveLeft(m, solveLeft(m, b, true), false, true);
  return permuted(x, inverse(permutation));
}
/** The permutation that undoes one. */
function inverse(permutation: NDArray): NDArray {
  const lax = L();
  const n = permutation.shape[permutation.ndim - 1] as number;
  if (n === 0) return permutation;
  const hit = lax.reshape(lax.iota("int32", n), [n, 1]).eq(p.asRow(permutation));
  return lax.argmax(lax.convertElementType(hit, "int32"), permutation.ndim, "int32");
}

const permutationOf = composite(
  "lax.linalg.luPivotsToPermutation",
  ([pivots]: readonly [NDArray], size: number) => {
    const lax = L();
    const [batch, k] = [pivots.shape.slice(0, -1), pivots.shape[pivots.ndim - 1] as number];
    const order = lax.broadcastInDim(lax.iota("int32", size), [...batch, size, 1], [batch.length]);
    if (k === 0) return lax.squeeze(order, [-1]);
    const row = lax.reshape(lax.iota("int32", size), [size, 1]);
    const steps = { at: lax.moveAxis(pivots, batch.length, 0), j: lax.iota("int32", k) };
    const [out] = scan(
      (perm: NDArray, { at, j }: typeof steps) =>
        [exchange(perm, j, p.asColumn(p.asColumn(at)), row).swapped, null] as const,
      order,
      steps,
    );
    return lax.squeeze(out, [-1]);
  },
);
/** The permutation that exchanging row j with row pivots[j], one after the other, gives. Source: jax.lax.linalg.lu_pivots_to_permutation. */
export function luPivotsToPermutation(pivots: ArrayLike, permutationSize: number): NDArray {
  const name = "lax.linalg.luPivotsToPermutation";
  checkInteger(name, "permutationSize", permutationSize);
  const x = toArray(name, pivots, "pivots");
  if (x.ndim < 1 || !isInteger(x.dtype) || (x.shape[x.ndim - 1] as number) > permutationSize)
    throw fail(
      "E_SHAPE",
      `${name}: pivots are ${x.aval}, expected integers [..., k] with k up to ${permutationSize}`,
    );
  return permutationOf([L().convertElementType(x, "int32")], permutationSize);
}
