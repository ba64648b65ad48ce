// linalg: singular values and vectors, by Jacobi rotations of columns (Hestenes 1958), after a QR decomposition.
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { scan } from "../lax/scan.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import { whileLoop } from "../numpy/loop.ts";
import { fail } from "../../errors.ts";
import { eighNamed } from "./eigh.ts";
import * as j from "./jacobi.ts";
import * as p from "./parts.ts";
import { householder, reflectionsProduct } from "./qr.ts";

const SWEEPS = 30;
/** Columns in two halves, the same of V, and the largest cosine between columns that the sweep met: [..., 1]. */
type State = readonly [l: NDArray, r: NDArray, vl: NDArray, vr: NDArray, cosine: NDArray];

/** One round: columns that face each other become orthogonal, and move on. */
function round([l, r, vl, vr, most]: State, active: NDArray, tolerance: number): State {
  const lax = L();
  const [a, d] = [l, r].map((x) => p.sumOver(lax.square(x), -2)) as [NDArray, NDArray];
  const b = p.sumOver(l.mul(r), -2);
  const lengths = lax.sqrt(a).mul(lax.sqrt(d));
  const apart = lengths.gt(0);
  const cosine = pick(apart, lax.abs(b).div(pick(apart, lengths, 1)), 0);
  const on = active.and(cosine.gt(tolerance)).and(b.ne(0));
  const { s, h } = j.rotationOf(a, b, d, on);
  const turn = (pair: j.Halves): j.Halves => j.moved(j.rotated(pair, p.asRow(s), p.asRow(h)), -1);
  const worst = lax.max(most, lax.expandDims(lax.reduceMax(cosine, [cosine.ndim - 1]), [cosine.ndim - 1]));
  return [...turn([l, r]), ...turn([vl, vr]), worst];
}

/** [w, v]: x·v = w with orthogonal columns w, for square x. */
function orthogonalized(x: NDArray): readonly [w: NDArray, v: NDArray] {
  const lax = L();
  const n = p.columns(x);
  if (n === 1) return [x, p.eyeLike(x, 1)];
  const even = j.evened(x, false);
  const size = p.columns(even);
  const tolerance = 4 * p.epsOf(x) * Math.sqrt(n);
  const start = [...j.halves(even, -1), ...j.halves(p.eyeLike(x, size), -1)];
  const cosine = lax.fullLike(x, 1, { shape: [...p.lead(x), 1] });
  const isActive = (most: NDArray): NDArray => most.gt(tolerance);
  const [, ...end] = whileLoop(
    ([k, ...state]) => {
      const active = isActive(state[4] as NDArray);
      return lax.bitwiseAnd((k as NDArray).lt(SWEEPS), lax.reduceOr(active, [...active.shape.keys()]));
    },
    ([k, ...state]) => {
      const active = isActive(state[4] as NDArray);
      const from = [...state.slice(0, 4), lax.zerosLike(state[4] as NDArray)] as unknown as State;
      const sweep = (y: State): readonly [State, null] => [round(y, active, tolerance), null];
      const [next] = scan(sweep, from, null, { length: size - 1 });
      return [lax.add(k as NDArray, 1), ...next];
    },
    [lax.full([], 0, "int32"), ...start, cosine],
  );
  const [l, r, vl, vr] = end as unknown as State;
  const v = p.columnsOf(p.rowsOf(j.joined([vl, vr], -1), 0, n), 0, n);
  return [p.columnsOf(j.joined([l, r], -1), 0, n), v];
}

type SVD = readonly [u: NDArray, s: NDArray, vt: NDArray];
/** Of matrices with at least as many rows as columns. */
function tall(a: NDArray, full: boolean): SVD {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  const scale = j.scaleOf(a);
  const first = householder(a.div(scale));
  const [w, v] = orthogonalized(p.rowsOf(first.r, 0, n));
  const size = lax.sqrt(p.sumOver(lax.square(w), -2));
  const order = j.orderOf(size, true);
  const s = j.inOrder(size, order);
  // Orthogonal columns, of which some may be 0: their QR decomposition has ±s on the diagonal, and a whole Q.
  const second = householder(j.columnsInOrder(w, order));
  const sign = pick(p.diagonalOf(second.r).lt(0), -1, 1).astype(a.dtype);
  const inner = reflectionsProduct(second.vs, second.taus, n).mul(p.asRow(sign));
  const q = reflectionsProduct(first.vs, first.taus, full ? m : n);
  const left = p.product(p.columnsOf(q, 0, n), inner);
  const u = full ? lax.concatenate([left, p.columnsOf(q, n, m)], a.ndim - 1) : left;
  const ok = lax.isFinite(lax.squeeze(scale, [-2, -1]));
  const vt = p.T(j.columnsInOrder(v, order));
  return [p.orNaN(ok, u), p.orNaN(ok, s.mul(lax.squeeze(scale, [-1]))), p.orNaN(ok, vt)];
}
function factor(a: NDArray, full: boolean): SVD {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  const k = Math.min(m, n);
  if (a.size === 0)
    return [
      p.eyeLike(a, m, full ? m : k),
      lax.fullLike(a, 0, { shape: [...p.lead(a), k] }),
      p.eyeLike(a, full ? n : k, n),
    ];
  if (m >= n) return tall(a, full);
  const [u, s, vt] = tall(p.T(a), full);
  return [p.T(vt), s, p.T(u)];
}

/** The derivatives of distinct singular values and their vectors. Source: jax's _svd_jvp_rule. */
function tangents(a: NDArray, da: NDArray, [u, s, vt]: SVD): SVD {
  const lax = L();
  const [m, n] = [p.rows(a), p.columns(a)];
  const [ut, v, row] = [p.T(u), p.T(vt), p.asRow(s)];
  const ds = p.product(ut, da, v);
  const eye = p.eyeLike(a, Math.min(m, n));
  const gaps = row.add(p.T(row)).mul(row.sub(p.T(row)));
  const f = lax.integerPow(gaps.add(eye), -1).sub(eye);
  const [right, left] = [row.mul(ds), p.T(row).mul(ds)];
  const none = s.eq(0).astype(s.dtype);
  const inverse = p.asRow(lax.integerPow(s.add(none), -1).sub(none)).mul(eye);
  const skew = ds.sub(p.T(ds)).mul(0.5).mul(inverse);
  const du = p.product(u, f.mul(right.add(p.T(right))).add(skew));
  const dv = p.product(v, f.mul(left.add(p.T(left))));
  const beyond = (x: NDArray, q: NDArray): NDArray => x.sub(p.product(q, p.T(q), x)).div(row);
  return [
    m > n ? du.add(beyond(p.product(da, v), u)) : du,
    p.diagonalOf(ds),
    p.T(n > m ? dv.add(beyond(p.product(p.T(da), u), v)) : dv),
  ];
}
const thin = (a: NDArray): SVD => thinCall(a) as unknown as SVD;
const thinCall = customJvp(
  "linalg.svd",
  ([a]) => factor(a as NDArray, false),
  ([a], [da]) => {
    const outs = thin(a as NDArray);
    return { outs, tangents: tangents(a as NDArray, da as NDArray, outs) };
  },
);
const full = (a: NDArray): SVD => fullCall(a) as unknown as SVD;
const fullCall = customJvp(
  "linalg.svd",
  ([a]) => factor(a as NDArray, true),
  ([a]) => {
    throw fail(
      "E_UNIMPLEMENTED",
      `linalg.svd: there is no derivative of ${String(a?.aval)} with fullMatrices`,
      {
        hint: "pass fullMatrices: false",
      },
    );
  },
);
/** [u, s, vt]; only `s` has a derivative where only it is wanted. */
export const svdOf = (a: NDArray, fullMatrices: boolean): SVD =>
  fullMatrices && p.rows(a) !== p.columns(a) ? full(a) : thin(a);
const run = composite("linalg.svd", ([a]: readonly [NDArray], fullMatrices: boolean, valuesOnly: boolean) =>
  valuesOnly ? [svdOf(a, false)[1]] : svdOf(a, fullMatrices),
);
const symmetric = composite("np.linalg.svd", ([v, w]: readonly [NDArray, NDArray]) => {
  const lax = L();
  const size = lax.abs(w);
  const order = j.orderOf(size, true);
  const u = j.columnsInOrder(v, order);
  return [u, j.inOrder(size, order), p.T(u.mul(p.asRow(lax.sign(j.inOrder(w, order)))))];
});

/** Words of svd. */
interface SvdOwn {
  /** Square U and Vᴴ (default), or with min(m, n) columns and rows. */
  readonly fullMatrices: boolean;
  /** false: only the singular values. */
  readonly computeUv: boolean;
}
/** The decomposition for one of the public functions. */
export function svdNamed(
  name: string,
  a: ArrayLike,
  options: { readonly fullMatrices?: boolean | undefined; readonly computeUv?: boolean | undefined },
  hermitian = false,
  word = "a",
): NDArray | [u: NDArray, s: NDArray, vh: NDArray] {
  const x = p.matrixOf(name, a, word);
  p.checkDType(name, x);
  const { fullMatrices = true, computeUv = true } = options;
  if (hermitian) {
    const [u, s, vt] = symmetric(eighNamed(name, x, true, true)) as [NDArray, NDArray, NDArray];
    return computeUv ? [u, s, vt] : s;
  }
  const outs = run([x], fullMatrices, !computeUv);
  return computeUv ? (outs as [NDArray, NDArray, NDArray]) : outs[0];
}
/** Options of svd. */
export type SvdOptions = Options<never, SvdOwn & { hermitian: boolean }>;
/**
 * The singular value decomposition u·diag(s)·vh of matrices; s descends. `computeUv: false` gives s alone; `hermitian`
 * says that the matrices are symmetric. Source: jax.numpy.linalg.svd
 */
export function svd(a: ArrayLike, options: SvdOptions & { readonly computeUv: false }): NDArray;
export function svd(a: ArrayLike, options?: SvdOptions): [u: NDArray, s: NDArray, vh: NDArray];
export function svd(a: ArrayLike, options: SvdOptions = {}): NDArray | [NDArray, NDArray, NDArray] {
  checkOptions("np.linalg.svd", options, ["fullMatrices", "computeUv", "hermitian"]);
  return svdNamed("np.linalg.svd", a, options, options.hermitian ?? false);
}
/** Singular values, descending. Source: jax.numpy.linalg.svdvals. */
export const svdvals = (x: ArrayLike): NDArray =>
  svdNamed("np.linalg.svdvals", x, { computeUv: false }, false, "x") as NDArray;

/** Options of lax.linalg.svd. */
export type LaxSvdOptions = Options<never, SvdOwn>;
/** As `np.linalg.svd`. Source: jax.lax.linalg.svd. */
export function laxSvd(x: ArrayLike, options: LaxSvdOptions & { readonly computeUv: false }): NDArray;
export function laxSvd(x: ArrayLike, options?: LaxSvdOptions): [u: NDArray, s: NDArray, vh: NDArray];
export function laxSvd(x: ArrayLike, options: LaxSvdOptions = {}): NDArray | [NDArray, NDArray, NDArray] {
  checkOptions("lax.linalg.svd", options, ["fullMatrices", "computeUv"]);
  return svdNamed("lax.linalg.svd", x, options, false, "x");
}
