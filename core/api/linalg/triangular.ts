// linalg: systems with triangular matrices, by substitution.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { operandsAs } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { customLinearSolve } from "../lax/solves.ts";
import { L } from "../numpy/define.ts";
import * as p from "./parts.ts";

interface TriangularOwn {
  /** Solve op(a)·x = b; else x·op(a) = b (default). */
  readonly leftSide: boolean;
  /** `a` is lower triangular; else upper (default). The other triangle isn't read. */
  readonly lower: boolean;
  /** op transposes. */
  readonly transposeA: boolean;
  /** op conjugates. */
  readonly conjugateA: boolean;
  /** Ones stand on the diagonal, whatever `a` says. */
  readonly unitDiagonal: boolean;
}
/** Options of triangularSolve. */
export type TriangularOptions = Options<never, TriangularOwn>;

/** x with m·x = b, for triangular m: each unknown found is subtracted from what remains. */
function substitute(m: NDArray, b: NDArray, isLower: boolean, unit: boolean): NDArray {
  const lax = L();
  const n = p.rows(m);
  if (n === 0 || p.columns(b) === 0) return b;
  const strict = isLower ? p.lower(m, -1) : p.upper(m, 1);
  const steps = {
    column: lax.moveAxis(strict, m.ndim - 1, 0),
    pivot: lax.moveAxis(p.diagonalOf(m), m.ndim - 2, 0),
    j: lax.iota("int32", n),
  };
  const [, xs] = scan(
    (rest: NDArray, { column, pivot, j }: typeof steps) => {
      const row = lax.dynamicIndexInDim(rest, j, -2);
      const x = unit ? row : row.div(p.asColumn(p.asColumn(pivot)));
      return [rest.sub(p.asColumn(column).mul(x)), lax.squeeze(x, [-2])] as const;
    },
    b,
    steps,
    { reverse: !isLower },
  );
  return lax.moveAxis(xs, 0, b.ndim - 2);
}

/** x with m·x = b; only one triangle of m is read. Linear in b; its derivatives solve with m again. */
export function solveLeft(m: NDArray, b: NDArray, isLower: boolean, unit = false): NDArray {
  const triangle = isLower ? p.lower : p.upper;
  const read = (x: NDArray): NDArray =>
    unit ? triangle(x, isLower ? -1 : 1).add(p.eyeLike(x, p.rows(x))) : triangle(x);
  return customLinearSolve(
    (x: NDArray) => p.product(read(m), x),
    b,
    (_, y) => substitute(m, y, isLower, unit),
    {
      transposeSolve: (_, y) => substitute(p.T(m), y, !isLower, unit),
    },
  );
}
/** x with x·m = b. */
export const solveRight = (m: NDArray, b: NDArray, isLower: boolean, unit = false): NDArray =>
  p.T(solveLeft(p.T(m), p.T(b), !isLower, unit));

interface Settings {
  readonly leftSide: boolean;
  readonly lower: boolean;
  readonly transposeA: boolean;
  readonly conjugateA: boolean;
  readonly unitDiagonal: boolean;
}
const solveOf = composite(
  "lax.linalg.triangularSolve",
  ([a, b]: readonly [NDArray, NDArray], s: Settings) => {
    const v = s.conjugateA ? p.conjOf(a) : a;
    const m = s.transposeA ? p.T(v) : v;
    return (s.leftSide ? solveLeft : solveRight)(m, b, s.lower !== s.transposeA, s.unitDiagonal);
  },
);

/**
 * The solution of a triangular system: x with x·op(a) = b, or op(a)·x = b with `leftSide`.
 * @throws E_SHAPE, E_DTYPE_MISMATCH. Source: jax.lax.linalg.triangular_solve
 * @example lax.linalg.triangularSolve(a, b, { leftSide: true, lower: true })
 */
export function triangularSolve(a: ArrayLike, b: ArrayLike, options: TriangularOptions = {}): NDArray {
  const name = "lax.linalg.triangularSolve";
  checkOptions(name, options, ["leftSide", "lower", "transposeA", "conjugateA", "unitDiagonal"]);
  const { leftSide = false, lower = false, transposeA = false } = options;
  const { conjugateA = false, unitDiagonal = false } = options;
  const [m, given] = operandsAs(name, ["a", "b"], [a, b]) as [NDArray, NDArray];
  p.checkSquare(name, m);
  p.checkDType(name, m, true);
  const single = given.ndim === m.ndim - 1;
  const rhs = single ? (leftSide ? p.asColumn(given) : p.asRow(given)) : given;
  const inner = leftSide ? rhs.ndim - 2 : rhs.ndim - 1;
  if (rhs.ndim !== m.ndim || rhs.shape[inner] !== p.rows(m) || p.lead(rhs).join() !== p.lead(m).join())
    throw fail(
      "E_SHAPE",
      `${name}: a is ${m.aval} and b is ${given.aval}, expected b ` +
        (leftSide ? "[..., n, k]" : "[..., k, n]") +
        " for a [..., n, n], with the same leading axes",
    );
  const x = solveOf([m, rhs], { leftSide, lower, transposeA, conjugateA, unitDiagonal });
  return single ? L().squeeze(x, [inner === rhs.ndim - 2 ? -1 : -2]) : x;
}
