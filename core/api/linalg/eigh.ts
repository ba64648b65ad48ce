// linalg: eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import { whileLoop } from "../numpy/loop.ts";
import * as j from "./jacobi.ts";
import * as p from "./parts.ts";

/** Four quarters of the matrix, and two halves of the eigenvectors. */
type State = readonly [tl: NDArray, tr: NDArray, bl: NDArray, br: NDArray, left: NDArray, right: NDArray];
const SWEEPS = 30;

/** One round: facing rows and columns are rotated, and move on. `at`: does the matrix still need it? [..., 1] */
function round(state: State, active: NDArray): State {
  const [tl, tr, bl, br, left, right] = state;
  const [a, b, d] = [tl, tr, br].map(p.diagonalOf) as [NDArray, NDArray, NDArray];
  const on = active.and(b.ne(0));
  const { s, h, t } = j.rotationOf(a, b, d, on);
  const [tl1, bl1] = j.rotated([tl, bl], p.asColumn(s), p.asColumn(h));
  const [tr1, br1] = j.rotated([tr, br], p.asColumn(s), p.asColumn(h));
  const top = j.rotated([tl1, tr1], p.asRow(s), p.asRow(h));
  const bottom = j.rotated([bl1, br1], p.asRow(s), p.asRow(h));
  const shift = t.mul(b);
  const n = p.rows(tl);
  const diagonal = p.numbered(n, n, 0).eq(p.numbered(n, n, 1));
  const withDiagonal = (x: NDArray, v: NDArray): NDArray => pick(diagonal, p.asColumn(v), x);
  const off = pick(on, 0, b);
  const [x, y] = j.moved([withDiagonal(top[0], a.sub(shift)), withDiagonal(top[1], off)], -1);
  const [z, w] = j.moved([withDiagonal(bottom[0], off), withDiagonal(bottom[1], d.add(shift))], -1);
  const [ntl, nbl] = j.moved([x, z], -2);
  const [ntr, nbr] = j.moved([y, w], -2);
  return [ntl, ntr, nbl, nbr, ...j.moved(j.rotated([left, right], p.asRow(s), p.asRow(h)), -1)];
}
/** Is what stands beside the diagonal still felt? [..., 1] */
function unfinished([tl, tr, bl, br]: State): NDArray {
  const lax = L();
  const sum = (x: NDArray): NDArray => lax.reduceSum(lax.square(x), [x.ndim - 2, x.ndim - 1]);
  const beside = (x: NDArray): NDArray => pick(p.eyeLike(x, p.rows(x)).eq(1), 0, x);
  const off = sum(beside(tl))
    .add(sum(beside(br)))
    .add(sum(tr))
    .add(sum(bl));
  const all = [tl, tr, bl, br].map(sum).reduce((x, y) => x.add(y));
  return p.asColumn(off.gt(all.mul(p.epsOf(tl) ** 2)));
}

/** [vectors, values] of symmetric matrices. */
function factor(a: NDArray): readonly [v: NDArray, w: NDArray] {
  const lax = L();
  const n = p.rows(a);
  const eye = p.eyeLike(a, n);
  if (a.size === 0) return [a, lax.fullLike(a, 0, { shape: a.shape.slice(0, -1) })];
  if (n === 1) return [eye, p.diagonalOf(a)];
  const scale = j.scaleOf(a);
  const even = j.evened(a.div(scale), true);
  const size = p.rows(even);
  const quarters = j.halves(even, -2).flatMap((x) => j.halves(x, -1)) as [NDArray, NDArray, NDArray, NDArray];
  const start: State = [...quarters, ...j.halves(p.eyeLike(a, size), -1)];
  const [, ...end] = whileLoop(
    ([k, ...state]) => {
      const active = unfinished(state as unknown as State);
      return lax.bitwiseAnd((k as NDArray).lt(SWEEPS), lax.reduceOr(active, [...active.shape.keys()]));
    },
    ([k, ...state]) => {
      const active = unfinished(state as unknown as State);
      const sweep = (x: State): readonly [State, null] => [round(x, active), null];
      const [next] = scan(sweep, state as unknown as State, null, { length: size - 1 });
      return [lax.add(k as NDArray, 1), ...next];
    },
    [lax.full([], 0, "int32"), ...start],
  );
  const [tl, , , br, left, right] = end as unknown as State;
  const values = lax.concatenate([p.diagonalOf(tl), p.diagonalOf(br)], a.ndim - 2);
  const w = lax.sliceInDim(values, 0, n, 1, a.ndim - 2);
  const v = p.rowsOf(p.columnsOf(j.joined([left, right], -1), 0, n), 0, n);
  const order = j.orderOf(w, false);
  const ok = lax.isFinite(lax.squeeze(scale, [-2, -1]));
  const real = j.inOrder(w, order).mul(lax.squeeze(scale, [-1]));
  return [p.orNaN(ok, j.columnsInOrder(v, order)), p.orNaN(ok, real)];
}

/** [vectors, values] of symmetric matrices, with the derivative for distinct values. Source: jax's _eigh_jvp_rule. */
export const eighOf = (a: NDArray): readonly [v: NDArray, w: NDArray] =>
  derived(a) as unknown as readonly [NDArray, NDArray];
const derived = customJvp(
  "linalg.eigh",
  ([a]) => factor(a as NDArray),
  ([a], [da]) => {
    const [v, w] = eighOf(p.symmetrize(a as NDArray));
    const eye = p.eyeLike(v, p.rows(v));
    const f = L()
      .integerPow(eye.add(p.asRow(w)).sub(p.asColumn(w)), -1)
      .sub(eye);
    const turned = p.product(p.T(v), da as NDArray, v);
    return { outs: [v, w], tangents: [p.product(v, f.mul(turned)), p.diagonalOf(turned)] };
  },
);
const run = composite(
  "linalg.eigh",
  ([a]: readonly [NDArray], isLower: boolean, symmetrizeInput: boolean) => {
    if (symmetrizeInput) return eighOf(p.symmetrize(a));
    const half = isLower ? p.lower(a) : p.upper(a);
    return eighOf(half.add(p.T(isLower ? p.lower(a, -1) : p.upper(a, 1))));
  },
);
/** [vectors, values] for one of the public functions. */
export function eighNamed(
  name: string,
  a: ArrayLike,
  isLower: boolean,
  symmetrizeInput: boolean,
  word = "a",
): readonly [v: NDArray, w: NDArray] {
  const x = p.squareOf(name, a, word);
  p.checkDType(name, x);
  return run([x], isLower, symmetrizeInput);
}

/** Options of eigh and eigvalsh. */
export type EighOptions = Options<never, { UPLO: "L" | "U" | null; symmetrizeInput: boolean }>;
function named(name: string, a: ArrayLike, options: EighOptions): readonly [NDArray, NDArray] {
  checkOptions(name, options, ["UPLO", "symmetrizeInput"]);
  const uplo = options.UPLO ?? "L";
  if (uplo !== "L" && (uplo as string) !== "U")
    throw fail("E_ARGUMENT", `${name}: UPLO is "${String(uplo)}", expected "L" or "U"`);
  return eighNamed(name, a, uplo === "L", options.symmetrizeInput ?? true);
}
/**
 * Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices: [eigenvalues, eigenvectors]. Without
 * `symmetrizeInput` only the triangle `UPLO` is read. Source: jax.numpy.linalg.eigh
 */
export function eigh(a: ArrayLike, options: EighOptions = {}): [eigenvalues: NDArray, eigenvectors: NDArray] {
  const [v, w] = named("np.linalg.eigh", a, options);
  return [w, v];
}
/** Eigenvalues of symmetric matrices, ascending. Source: jax.numpy.linalg.eigvalsh. */
export const eigvalsh = (a: ArrayLike, options: EighOptions = {}): NDArray =>
  named("np.linalg.eigvalsh", a, options)[1];

/** Options of lax.linalg.eigh. */
export type LaxEighOptions = Options<
  never,
  { lower: boolean; symmetrizeInput: boolean; sortEigenvalues: boolean }
>;
/** [eigenvectors, eigenvalues] of symmetric matrices; the values ascend. Source: jax.lax.linalg.eigh. */
export function laxEigh(x: ArrayLike, options: LaxEighOptions = {}): [v: NDArray, w: NDArray] {
  checkOptions("lax.linalg.eigh", options, ["lower", "symmetrizeInput", "sortEigenvalues"]);
  const [v, w] = eighNamed("lax.linalg.eigh", x, options.lower ?? true, options.symmetrizeInput ?? true, "x");
  return [v, w];
}
