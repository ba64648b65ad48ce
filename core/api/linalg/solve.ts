// linalg: solutions of linear systems, and inverses.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { composite } from "../composite.ts";
import { customLinearSolve } from "../lax/solves.ts";
import { L } from "../numpy/define.ts";
import { broadcastShapes, broadcastTo, promoteDTypes } from "../promotion.ts";
import { luOf, luSolveOf } from "./lu.ts";
import * as p from "./parts.ts";

/** x with a·x = b, for a [..., n, n] and b [..., n, k]. The derivatives solve with the same factors. */
export function solveWith(a: NDArray, b: NDArray): NDArray {
  const [factors, , permutation] = luOf(L().stopGradient(a));
  return customLinearSolve(
    (x: NDArray) => p.product(a, x),
    b,
    (_, y) => luSolveOf(factors, permutation, y, 0),
    {
      transposeSolve: (_, y) => luSolveOf(factors, permutation, y, 1),
    },
  );
}
const run = composite("np.linalg.solve", ([a, b]: readonly [NDArray, NDArray]) => solveWith(a, b));

/** Of one of the public functions: b a vector, or matrices; leading axes broadcast. @throws E_SHAPE */
export function solveNamed(name: string, a: ArrayLike, b: ArrayLike): NDArray {
  const lax = L();
  const [m, given] = promoteDTypes(name, [a, b], "inexact", ["a", "b"]).map((x) =>
    lax.convertElementType(x, x.dtype),
  ) as [NDArray, NDArray];
  p.checkSquare(name, m);
  p.checkDType(name, m, true);
  const isVector = given.ndim === 1;
  const rhs = isVector ? p.asColumn(given) : given;
  if (given.ndim === 0 || p.rows(rhs) !== p.rows(m))
    throw fail(
      "E_SHAPE",
      `${name}: a is ${m.aval} and b is ${given.aval}, expected b [n] or [..., n, k] for a [..., n, n]`,
      given.ndim === m.ndim - 1
        ? { hint: "for vectors beside a stack of matrices write b as [..., n, 1]" }
        : {},
    );
  const shape = broadcastShapes(name, p.lead(m), p.lead(rhs));
  const wide = (x: NDArray): NDArray => broadcastTo(name, x, [...shape, p.rows(x), p.columns(x)]);
  const x = run([wide(m), wide(rhs)]);
  return isVector ? lax.squeeze(x, [-1]) : x;
}
/**
 * x with a·x = b, for square matrices a; b is a vector, or matrices of columns.
 * @throws E_SHAPE. Source: jax.numpy.linalg.solve
 */
export const solve = (a: ArrayLike, b: ArrayLike): NDArray => solveNamed("np.linalg.solve", a, b);

const invert = composite("np.linalg.inv", ([a]: readonly [NDArray]) => solveWith(a, p.eyeLike(a, p.rows(a))));
/** The inverse, for one of the public functions. */
export function invNamed(name: string, a: ArrayLike): NDArray {
  const x = p.squareOf(name, a);
  p.checkDType(name, x, true);
  return invert([x]);
}
/** The inverses of square matrices. Source: jax.numpy.linalg.inv. */
export const inv = (a: ArrayLike): NDArray => invNamed("np.linalg.inv", a);
