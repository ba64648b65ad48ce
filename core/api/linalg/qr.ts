// linalg: the QR decomposition by Householder reflections.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { operandsAs, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import { luOf, luSolveOf } from "./lu.ts";
import * as p from "./parts.ts";
import { solveRight } from "./triangular.ts";

/** Reflections I − τ·v·vᵀ as columns v [..., m, k] and τ [..., k], and the upper triangular R [..., m, n]. */
export interface Householder {
  readonly vs: NDArray;
  readonly taus: NDArray;
  readonly r: NDArray;
}
const reflected = (x: NDArray, v: NDArray, tau: NDArray): NDArray =>
  x.sub(v.mul(tau).mul(p.product(p.T(v), x)));

/** The reflection that makes zeros of what is below row j of a column [..., m, 1]. Source: LAPACK's larfg. */
function reflection(x: NDArray, j: NDArray, row: NDArray): { v: NDArray; tau: NDArray; beta: NDArray } {
  const lax = L();
  const alpha = lax.dynamicIndexInDim(x, j, -2);
  const below = pick(row.gt(j), x, 0);
  const keep = (y: NDArray): NDArray => lax.expandDims(y, [x.ndim - 2]);
  const size = (y: NDArray): NDArray => keep(lax.reduceMax(lax.abs(y), [x.ndim - 2]));
  const largest = size(pick(row.ge(j), x, 0));
  const isNull = largest.eq(0);
  const scale = pick(isNull, 1, largest);
  const squares = lax.square(pick(row.ge(j), x, 0).div(scale));
  const length = scale.mul(lax.sqrt(keep(p.sumOver(squares, -2))));
  const trivial = size(below).eq(0);
  const beta = pick(trivial, alpha, pick(alpha.lt(0), length, lax.neg(length)));
  const divisor = pick(trivial, 1, alpha.sub(beta));
  const tau = pick(trivial, 0, beta.sub(alpha).div(pick(trivial, 1, beta)));
  return { v: pick(row.eq(j), 1, below.div(divisor)), tau, beta };
}

/** The reflections of matrices [..., m, n], one for each of the first min(m, n) columns. */
export function householder(a: NDArray): Householder {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  const k = Math.min(m, n);
  if (k === 0)
    return { vs: p.columnsOf(a, 0, k), taus: lax.fullLike(a, 0, { shape: [...p.lead(a), 0] }), r: a };
  const row = lax.reshape(lax.iota("int32", m), [m, 1]);
  const column = lax.reshape(lax.iota("int32", n), [1, n]);
  const [r, ys] = scan(
    (x: NDArray, j: NDArray) => {
      const { v, tau, beta } = reflection(lax.dynamicIndexInDim(x, j, -1), j, row);
      const next = reflected(x, v, tau);
      const here = column.eq(j);
      const cleared = pick(here.and(row.gt(j)), 0, next);
      const done = pick(here.and(row.eq(j)), beta, cleared);
      return [done, { v: lax.squeeze(v, [-1]), tau: lax.squeeze(tau, [-2, -1]) }] as const;
    },
    a,
    lax.iota("int32", k),
  );
  return { vs: lax.moveAxis(ys.v, 0, a.ndim - 1), taus: lax.moveAxis(ys.tau, 0, a.ndim - 2), r };
}
/** The first `size` columns of the product of reflections. */
export function reflectionsProduct(vs: NDArray, taus: NDArray, size: number): NDArray {
  const lax = L();
  const q = p.eyeLike(vs, p.rows(vs), size);
  if (p.columns(vs) === 0 || size === 0) return q;
  const steps = { v: lax.moveAxis(vs, vs.ndim - 1, 0), tau: lax.moveAxis(taus, taus.ndim - 1, 0) };
  const [out] = scan(
    (x: NDArray, { v, tau }: typeof steps) =>
      [reflected(x, p.asColumn(v), p.asColumn(p.asColumn(tau))), null] as const,
    q,
    steps,
    { reverse: true },
  );
  return out;
}

type QR = readonly [q: NDArray, r: NDArray];
function factor(a: NDArray, full: boolean): QR {
  const [m, k] = [p.rows(a), Math.min(p.rows(a), p.columns(a))];
  const { vs, taus, r } = householder(a);
  return [reflectionsProduct(vs, taus, full ? m : k), full ? r : p.rowsOf(r, 0, k)];
}

/** Of matrices with at least as many rows as columns. Source: j-towns.github.io/papers/qr-derivative.pdf. */
function thinTangent(q: NDArray, r: NDArray, da: NDArray): QR {
  const right = solveRight(r, da, false);
  const turned = p.product(p.T(q), right);
  const below = p.lower(turned, -1);
  const skew = below.sub(p.T(below));
  return [p.product(q, skew.sub(turned)).add(right), p.product(turned.sub(skew), r)];
}
/** The missing columns of dq, where q is square and a is tall. Source: arXiv:2409.13374. */
function fullTangent(q: NDArray, dq: NDArray, n: number): NDArray {
  const m = p.rows(q);
  const cut = (x: NDArray): readonly [NDArray, NDArray] => [p.rowsOf(x, 0, n), p.rowsOf(x, n, m)];
  const thin = p.columnsOf(q, 0, n);
  const [top, bottom] = cut(thin);
  const [dTop, dBottom] = cut(dq);
  const [lu, , permutation] = luOf(top.sub(p.eyeLike(top, n)));
  const zT = luSolveOf(lu, permutation, p.T(bottom), 1);
  const z = p.T(zT);
  const rest = thin.add(p.product(p.columnsOf(q, n, m), z));
  return p.product(dq, zT).sub(p.product(rest, p.T(dBottom.sub(p.product(z, dTop)))));
}
function tangents(a: NDArray, da: NDArray, [q, r]: QR, full: boolean): QR {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  if (m < n) {
    const [dq, left] = thinTangent(q, p.columnsOf(r, 0, m), p.columnsOf(da, 0, m));
    const x2 = p.product(p.T(dq), p.columnsOf(a, m, n));
    const right = x2.add(p.product(p.T(q), p.columnsOf(da, m, n)));
    return [dq, lax.concatenate([left, right], a.ndim - 1)];
  }
  const [thin, dr] = thinTangent(p.columnsOf(q, 0, n), p.rowsOf(r, 0, n), da);
  if (!full || m === n) return [thin, dr];
  const dq = lax.concatenate([thin, fullTangent(q, thin, n)], a.ndim - 1);
  const zeros = lax.fullLike(dr, 0, { shape: [...p.lead(dr), m - n, n] });
  return [dq, lax.concatenate([dr, zeros], a.ndim - 2)];
}
const derived = (full: boolean): ((a: NDArray) => QR) => {
  const of = (a: NDArray): QR => call(a) as unknown as QR;
  const call = customJvp(
    "linalg.qr",
    ([a]) => factor(a as NDArray, full),
    ([a], [da]) => {
      const outs = of(a as NDArray);
      return { outs, tangents: tangents(a as NDArray, da as NDArray, outs, full) };
    },
  );
  return of;
};
const thinQR = derived(false);
const fullQR = derived(true);
const qrOf = composite("linalg.qr", ([a]: readonly [NDArray], full: boolean) => (full ? fullQR : thinQR)(a));
/** The decomposition for one of the public functions. */
export function qrNamed(name: string, a: ArrayLike, full: boolean): [q: NDArray, r: NDArray] {
  const x = p.matrixOf(name, a);
  p.checkDType(name, x);
  const [q, r] = qrOf([x], full);
  return [q, r];
}
const rawOf = composite("np.linalg.qr", ([a]: readonly [NDArray]) => {
  const { vs, taus, r } = householder(a);
  const below = p.lower(vs, -1);
  const [n, k] = [p.columns(a), p.columns(vs)];
  const zeros = L().fullLike(a, 0, { shape: [...p.lead(a), p.rows(a), n - k] });
  return [p.T(p.upper(r).add(L().concatenate([below, zeros], a.ndim - 1))), taus];
});

/** Options of qr. */
export type QrOptions = Options<never, { mode: "reduced" | "complete" | "r" | "raw" | "full" }>;
/**
 * Matrices [..., m, n] as the product of an orthonormal Q and an upper triangular R: [q, r]. "reduced" (default) gives
 * min(m, n) columns of Q, "complete" m; "r" only R; "raw" the reflections as LAPACK keeps them, [hᵀ, taus].
 * Source: jax.numpy.linalg.qr
 */
export function qr(a: ArrayLike, options: QrOptions & { readonly mode: "r" }): NDArray;
export function qr(a: ArrayLike, options?: QrOptions): [q: NDArray, r: NDArray];
export function qr(a: ArrayLike, options: QrOptions = {}): NDArray | [NDArray, NDArray] {
  const name = "np.linalg.qr";
  checkOptions(name, options, ["mode"]);
  const { mode = "reduced" } = options;
  if (!["reduced", "complete", "r", "raw", "full"].includes(mode))
    throw fail("E_ARGUMENT", `${name}: mode is "${String(mode)}", expected reduced, complete, r or raw`);
  if (mode === "raw") {
    const x = p.matrixOf(name, a);
    p.checkDType(name, x);
    return rawOf([x]) as [NDArray, NDArray];
  }
  const [q, r] = qrNamed(name, a, mode === "complete");
  return mode === "r" ? r : [q, r];
}

/** Options of lax.linalg.qr. */
export type LaxQrOptions = Options<never, { fullMatrices: boolean }>;
/** As `np.linalg.qr`: [q, r] with a square Q (default), or with min(m, n) columns. Source: jax.lax.linalg.qr. */
export function laxQr(x: ArrayLike, options: LaxQrOptions = {}): [q: NDArray, r: NDArray] {
  checkOptions("lax.linalg.qr", options, ["fullMatrices"]);
  return qrNamed("lax.linalg.qr", toArray("lax.linalg.qr", x, "x"), options.fullMatrices ?? true);
}
const productOf = composite("lax.linalg.householderProduct", ([a, taus]: readonly [NDArray, NDArray]) => {
  const k = taus.shape[taus.ndim - 1] as number;
  const vs = p.lower(p.columnsOf(a, 0, k), -1).add(p.eyeLike(a, p.rows(a), k));
  return reflectionsProduct(vs, taus, p.columns(a));
});
/**
 * The columns of Q from reflections as `np.linalg.qr` with mode "raw" keeps them (transposed): a [..., m, n] and taus
 * [..., k]. Source: jax.lax.linalg.householder_product
 */
export function householderProduct(a: ArrayLike, taus: ArrayLike): NDArray {
  const name = "lax.linalg.householderProduct";
  const [x, t] = operandsAs(name, ["a", "taus"], [a, taus]) as [NDArray, NDArray];
  p.checkDType(name, x);
  if (
    x.ndim < 2 ||
    t.ndim !== x.ndim - 1 ||
    p.columns(x) > p.rows(x) ||
    (t.shape[t.ndim - 1] as number) > p.columns(x)
  )
    throw fail(
      "E_SHAPE",
      `${name}: got ${x.aval} and ${t.aval}, expected [..., m, n] with m ≥ n and [..., k] with n ≥ k`,
    );
  return productOf([x, t]);
}
