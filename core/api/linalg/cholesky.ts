// linalg: the Cholesky decomposition, column by column.
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import * as p from "./parts.ts";
import { solveLeft, solveRight } from "./triangular.ts";

/** l with l·lᴴ = x; NaN where x isn't positive definite. Reads the lower triangle. */
function factor(x: NDArray): NDArray {
  const lax = L();
  const n = p.rows(x);
  if (n === 0) return x;
  const row = lax.reshape(lax.iota("int32", n), [n, 1]);
  const [, ys] = scan(
    (rest: NDArray, j: NDArray) => {
      const column = lax.dynamicIndexInDim(rest, j, -1);
      const root = lax.sqrt(p.realOf(lax.dynamicIndexInDim(column, j, -2)));
      const below = pick(row.gt(j), column.div(p.like(x, root)), 0);
      const l = pick(row.eq(j), p.like(x, root), below);
      return [rest.sub(p.product(l, p.H(l))), lax.squeeze(l, [-1])] as const;
    },
    x,
    lax.iota("int32", n),
  );
  const l = lax.moveAxis(ys, 0, x.ndim - 1);
  const ok = lax.reduceAnd(p.realOf(p.diagonalOf(l)).gt(0), [x.ndim - 2]);
  return p.lower(p.orNaN(ok, l));
}

/** tril with its diagonal halved. Source: arXiv:1602.07527. */
const phi = (x: NDArray): NDArray => p.lower(x).div(p.eyeLike(x, p.rows(x)).add(1));

/** l with l·lᴴ = x, from the lower triangle of x. */
export const choleskyOf = (x: NDArray): NDArray => derived(x)[0] as NDArray;
const derived = customJvp(
  "linalg.cholesky",
  ([x]) => [factor(x as NDArray)],
  ([x], [dx]) => {
    const l = choleskyOf(x as NDArray);
    const right = solveRight(p.H(l), dx as NDArray, false);
    return { outs: [l], tangents: [p.product(l, phi(solveLeft(l, right, true)))] };
  },
);
const run = composite(
  "linalg.cholesky",
  ([a]: readonly [NDArray], symmetrizeInput: boolean, isUpper: boolean) => {
    const l = choleskyOf(symmetrizeInput ? p.symmetrize(a) : a);
    return isUpper ? p.H(l) : l;
  },
);
/** The factor of one of the public functions. */
export function choleskyNamed(name: string, x: NDArray, symmetrizeInput: boolean, isUpper: boolean): NDArray {
  p.checkSquare(name, x);
  p.checkDType(name, x, true);
  return run([x], symmetrizeInput, isUpper);
}

/** Options of lax.linalg.cholesky. */
export type LaxCholeskyOptions = Options<never, { symmetrizeInput: boolean }>;
/**
 * The lower triangular l with l·lᴴ = x; NaN where x isn't positive definite. Without `symmetrizeInput` only the lower
 * triangle of x is read. Source: jax.lax.linalg.cholesky
 */
export function cholesky(x: ArrayLike, options: LaxCholeskyOptions = {}): NDArray {
  const name = "lax.linalg.cholesky";
  checkOptions(name, options, ["symmetrizeInput"]);
  return choleskyNamed(name, toArray(name, x, "x"), options.symmetrizeInput ?? true, false);
}
