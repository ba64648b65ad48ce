// linalg: determinants, and their signs and logarithms.
import { fail } from "../../errors.ts";
import { isComplex } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import { luOf, permuted } from "./lu.ts";
import * as p from "./parts.ts";
import { householder } from "./qr.ts";
import { solveWith } from "./solve.ts";
import { solveLeft } from "./triangular.ts";

/** Entries a[i][j] over the leading axes. */
function entry(a: NDArray, i: number, j: number): NDArray {
  return L().squeeze(p.columnsOf(p.rowsOf(a, i, i + 1), j, j + 1), [-2, -1]);
}
function small(a: NDArray): NDArray {
  const at = (i: number, j: number): NDArray => entry(a, i, j);
  if (p.rows(a) === 2)
    return at(0, 0)
      .mul(at(1, 1))
      .sub(at(0, 1).mul(at(1, 0)));
  const term = (i: number, j: number, k: number): NDArray => at(0, i).mul(at(1, j)).mul(at(2, k));
  const plus = term(0, 1, 2)
    .add(term(1, 2, 0))
    .add(term(2, 0, 1));
  return plus
    .sub(term(2, 1, 0))
    .sub(term(0, 2, 1))
    .sub(term(1, 0, 2));
}
/** int32: how many hold, along the last axis. */
const count = (test: NDArray): NDArray => p.sumOver(L().convertElementType(test, "int32"), -1);
/** 1 for an even number, −1 for an odd one. */
const parity = (n: NDArray, x: NDArray): NDArray => L().convertElementType(n.mod(2).mul(-2).add(1), x.dtype);
/** How many exchanges of rows. */
const exchanges = (pivots: NDArray): NDArray =>
  count(pivots.ne(L().broadcastedIota("int32", pivots.shape, pivots.ndim - 1)));
const isZero = (x: NDArray): NDArray => x.eq(0);
const any = (test: NDArray): NDArray => L().reduceOr(test, [test.ndim - 1]);

/** [sign, log|det|]. */
type SignAndLog = readonly [sign: NDArray, logabsdet: NDArray];
function fromLU(a: NDArray): SignAndLog {
  const lax = L();
  const [factors, pivots] = luOf(a);
  const diagonal = p.diagonalOf(factors);
  const singular = any(isZero(diagonal));
  const size = lax.abs(diagonal);
  const unit = isComplex(a.dtype)
    ? lax.reduceProd(diagonal.div(p.like(a, size)), [diagonal.ndim - 1])
    : parity(count(diagonal.lt(0)), a);
  const sign = unit.mul(parity(exchanges(pivots), a));
  const log = p.sumOver(lax.log(size), -1);
  return [pick(singular, 0, sign), pick(singular, -Infinity, log)];
}
function fromQR(a: NDArray): SignAndLog {
  const lax = L();
  const { r, taus } = householder(a);
  const diagonal = p.diagonalOf(r);
  const made = taus.ne(0);
  const sign = lax.reduceProd(lax.sign(diagonal), [diagonal.ndim - 1]);
  return [sign.mul(parity(count(made), a)), p.sumOver(lax.log(lax.abs(diagonal)), -1)];
}
const signAndLog = (name: string, from: (a: NDArray) => SignAndLog): ((a: NDArray) => SignAndLog) => {
  const of = (a: NDArray): SignAndLog => derived(a) as unknown as SignAndLog;
  const derived = customJvp(
    name,
    ([a]) => from(a as NDArray),
    ([a], [t]) => {
      const outs = of(a as NDArray);
      const change = p.sumOver(p.diagonalOf(solveWith(a as NDArray, t as NDArray)), -1);
      const real = p.realOf(change);
      const turn = isComplex(change.dtype)
        ? change.sub(p.like(change, real)).mul(outs[0])
        : L().zerosLike(outs[0]);
      return { outs, tangents: [turn, real] };
    },
  );
  return of;
};
/** Of 1×1 and 2×2 matrices: from the determinant itself. */
const fromSmall = (a: NDArray): SignAndLog => {
  const det = p.rows(a) === 1 ? entry(a, 0, 0) : small(a);
  return [L().sign(det), L().log(L().abs(det))];
};
const METHODS = {
  small: signAndLog("linalg.slogdet", fromSmall),
  lu: signAndLog("linalg.slogdet", fromLU),
  qr: signAndLog("linalg.slogdet", fromQR),
};
const slogdetOf = composite("np.linalg.slogdet", ([a]: readonly [NDArray], how: keyof typeof METHODS) =>
  METHODS[how](a),
);
/** Options of slogdet. */
export type SlogdetOptions = Options<never, { method: "lu" | "qr" | null }>;
/**
 * The sign of the determinant and the logarithm of its absolute value: [sign, logabsdet].
 * Source: jax.numpy.linalg.slogdet
 */
export function slogdet(a: ArrayLike, options: SlogdetOptions = {}): [sign: NDArray, logabsdet: NDArray] {
  const name = "np.linalg.slogdet";
  checkOptions(name, options, ["method"]);
  const x = p.squareOf(name, a);
  const method = options.method ?? "lu";
  if (!["lu", "qr"].includes(method))
    throw fail("E_ARGUMENT", `${name}: method is "${String(method)}", expected "lu" or "qr"`);
  p.checkDType(name, x, method === "lu");
  const isSmall = p.rows(x) === 1 || p.rows(x) === 2;
  const [sign, logabsdet] = slogdetOf([x], method === "lu" && isSmall ? "small" : method);
  return [sign, logabsdet];
}

/**
 * det(a), and the adjugate of a times b, which exists for singular a, too: det(a)·a⁻¹·b from the factors, without the
 * last pivot. Where more than one pivot is 0, zeros. Source: jax.numpy.linalg._cofactor_solve
 */
function cofactorSolve(a: NDArray, b: NDArray): readonly [det: NDArray, x: NDArray] {
  const lax = L();
  const n = p.rows(a);
  if (n === 1) return [entry(a, 0, 0), b];
  const [factors, pivots, permutation] = luOf(a);
  const sign = p.asColumn(parity(exchanges(pivots), a));
  const diagonal = p.diagonalOf(factors);
  const partial = lax.cumprod(diagonal, diagonal.ndim - 1).mul(sign);
  const at = (i: number): NDArray => lax.sliceInDim(partial, i, i + 1, 1, partial.ndim - 1);
  const corner = p
    .numbered(n, n, 0)
    .add(p.numbered(n, n, 1))
    .eq(2 * n - 2);
  const u = pick(corner, p.asColumn(lax.integerPow(at(n - 2), -1)), factors);
  const ones = lax.fullLike(b, 1, { shape: [...p.lead(b), n, 1] });
  const probe = lax.squeeze(solveLeft(u, ones, false), [-1]);
  const bad = p.asColumn(p.asColumn(any(lax.bitwiseNot(lax.isFinite(lax.abs(probe))))));
  const full = lax.broadcastInDim(bad, b.shape, [...b.shape.keys()]);
  const filtered = (x: NDArray): NDArray => pick(full, 0, x);
  const y = solveLeft(factors, permuted(filtered(b), permutation), true, true);
  const det = at(n - 1);
  const scaled = lax.concatenate(
    [p.rowsOf(y, 0, n - 1).mul(p.asColumn(det)), p.rowsOf(y, n - 1, n)],
    y.ndim - 2,
  );
  return [lax.squeeze(det, [-1]), filtered(solveLeft(u, scaled, false))];
}
const general = (a: NDArray): NDArray => derivedDet(a)[0] as NDArray;
const derivedDet = customJvp(
  "linalg.det",
  ([a]) => {
    const [sign, log] = METHODS[p.rows(a as NDArray) === 1 ? "small" : "lu"](a as NDArray);
    return [sign.mul(p.like(sign, L().exp(log)))];
  },
  ([a], [da]) => {
    const [det, x] = cofactorSolve(a as NDArray, da as NDArray);
    return { outs: [det], tangents: [p.sumOver(p.diagonalOf(x), -1)] };
  },
);
const detOf = composite("np.linalg.det", ([a]: readonly [NDArray]) =>
  p.rows(a) === 2 || p.rows(a) === 3 ? small(a) : general(a),
);
/** The determinant, for one of the public functions. */
export function detNamed(name: string, a: ArrayLike): NDArray {
  const x = p.squareOf(name, a);
  p.checkDType(name, x, true);
  return detOf([x]);
}
/** The determinants of square matrices. Source: jax.numpy.linalg.det. */
export const det = (a: ArrayLike): NDArray => detNamed("np.linalg.det", a);
