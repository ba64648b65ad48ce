// linalg: what follows from the decompositions: pseudo-inverses, powers, ranks, condition numbers, tensor systems.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkInteger, checkList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options, PrecisionLike } from "../keywords.ts";
import { customJvp, L, pick } from "../numpy/define.ts";
import { einsum } from "../numpy/einsum.ts";
import { any, max, sum } from "../numpy/reductions.ts";
import { moveaxis } from "../numpy/shape.ts";
import { norm, type NormOrder } from "./norms.ts";
import * as p from "./parts.ts";
import { inv, solve } from "./solve.ts";
import { svdNamed } from "./svd.ts";

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const pinvOf = (hermitian: boolean) => {
  const of = (a: NDArray, rtol: NDArray): NDArray => call(a, rtol)[0] as NDArray;
  const call = customJvp(
    "linalg.pinv",
    ([a, rtol]) => {
      const [u, s, vt] = svdNamed(
        "np.linalg.pinv",
        a as NDArray,
        { fullMatrices: false },
        hermitian,
      ) as NDArray[] as [NDArray, NDArray, NDArray];
      const cutoff = p.asColumn(rtol as NDArray).mul(L().sliceInDim(s, 0, 1, 1, s.ndim - 1));
      const kept = pick(s.gt(cutoff), s, Infinity);
      return [p.product(p.T(vt), p.T(u).div(p.asColumn(kept)))];
    },
    ([given, rtol], [t]) => {
      const q = of(given as NDArray, rtol as NDArray);
      const even = (x: NDArray): NDArray => (hermitian ? p.symmetrize(x) : x);
      const [a, da] = [even(given as NDArray), even(t as NDArray)];
      const s = p.product(q, p.product(p.T(q), p.T(da)));
      const r = p.product(p.T(da), p.product(p.T(q), q));
      const moved = s.sub(p.product(q, p.product(da, q))).sub(p.product(s, p.product(a, q)));
      return { outs: [q], tangents: [moved.add(r).sub(p.product(q, p.product(a, r)))] };
    },
  );
  return of;
};
const PINV = { general: pinvOf(false), symmetric: pinvOf(true) };
const runPinv = composite(
  "np.linalg.pinv",
  ([a, rtol]: readonly [NDArray, NDArray], how: keyof typeof PINV) => PINV[how](a, rtol),
);
/** Options of pinv. */
export type PinvOptions = Options<"rtol", { hermitian: boolean; rcond: ArrayLike | null }>;
/**
 * The Moore–Penrose pseudo-inverse; singular values up to `rtol` times the largest count as 0.
 * Source: jax.numpy.linalg.pinv
 */
export function pinv(a: ArrayLike, options: PinvOptions = {}): NDArray {
  const name = "np.linalg.pinv";
  checkOptions(name, options, ["rtol", "hermitian", "rcond"]);
  const x = p.matrixOf(name, a);
  p.checkDType(name, x);
  if (options.rcond != null && options.rtol != null)
    throw fail("E_ARGUMENT", `${name}: got both rtol and rcond, expected one of them`);
  const [m, n] = [p.rows(x), p.columns(x)];
  const lax = L();
  if (m === 0 || n === 0) return lax.fullLike(x, 0, { shape: [...p.lead(x), n, m] });
  const given = options.rtol ?? options.rcond ?? 10 * Math.max(m, n) * p.epsOf(x);
  const rtol = lax.convertElementType(toArray(name, given, "rtol"), x.dtype);
  return runPinv(
    [x, rtol.add(lax.fullLike(x, 0, { shape: p.lead(x) }))],
    options.hermitian ? "symmetric" : "general",
  );
}

/** The n-th power of square matrices; a negative one of the inverse. Source: jax.numpy.linalg.matrix_power. */
export function matrixPower(a: ArrayLike, n: number): NDArray {
  const name = "np.linalg.matrixPower";
  checkInteger(name, "n", n);
  const x = toArray(name, a, "a");
  p.checkSquare(name, x);
  if (n === 0) return p.eyeLike(x, p.rows(x));
  return powerOf([n < 0 ? inv(x) : x], Math.abs(n));
}
const powerOf = composite("np.linalg.matrixPower", ([a]: readonly [NDArray], n: number) => {
  let square = a;
  let out: NDArray | null = null;
  for (let k = n; ; square = square.matmul(square)) {
    if (k % 2 === 1) out = out === null ? square : out.matmul(square);
    k = Math.floor(k / 2);
    if (k === 0) return out as NDArray;
  }
});

/** Options of matrixRank. */
export type MatrixRankOptions = Options<"rtol", { hermitian: boolean; tol: ArrayLike | null }>;
/** How many singular values are larger than a tolerance, `rtol`. Source: jax.numpy.linalg.matrix_rank. */
export function matrixRank(M: ArrayLike, options: MatrixRankOptions = {}): NDArray {
  const name = "np.linalg.matrixRank";
  checkOptions(name, options, ["rtol", "hermitian", "tol"]);
  if (options.tol != null && options.rtol != null)
    throw fail("E_ARGUMENT", `${name}: got both rtol and tol, expected one of them`);
  const x = toArray(name, M, "M");
  if (x.ndim < 2) return L().convertElementType(any(x.ne(0)), "int32");
  const s = svdNamed(
    name,
    x,
    { fullMatrices: false, computeUv: false },
    options.hermitian ?? false,
  ) as NDArray;
  const given = options.rtol ?? options.tol;
  const size = Math.max(p.rows(x), p.columns(x));
  const limit = given == null ? max(s, { axis: -1 }).mul(size * p.epsOf(s)) : toArray(name, given, "rtol");
  return sum(s.gt(p.asColumn(limit)), { axis: -1 });
}

/** Options of cond. */
export type CondOptions = Options<never, { p: NormOrder }>;
/** The condition number: the norm, of order `p` (default 2), times that of the inverse. Source: jax.numpy.linalg.cond. */
export function cond(x: ArrayLike, options: CondOptions = {}): NDArray {
  const name = "np.linalg.cond";
  checkOptions(name, options, ["p"]);
  const a = p.matrixOf(name, x, "x");
  if (p.rows(a) === 0 || p.columns(a) === 0)
    throw fail("E_SHAPE", `${name}: x is ${a.aval}, expected no empty matrix`);
  const order = options.p ?? 2;
  const lax = L();
  if (order === 2 || order === -2) {
    const s = svdNamed(name, a, { computeUv: false }) as NDArray;
    const at = (i: number): NDArray => lax.squeeze(lax.sliceInDim(s, i, i + 1, 1, s.ndim - 1), [-1]);
    const [most, least] = [at(0), at((s.shape[s.ndim - 1] as number) - 1)];
    return order === 2 ? most.div(least) : orInfinity(least.div(most), a);
  }
  p.checkSquare(name, a, "x");
  const size = (m: NDArray): NDArray => norm(m, { ord: order, axis: [-2, -1] });
  return orInfinity(size(a).mul(size(inv(a))), a);
}
/** Infinity for NaN, where the matrix has none. */
const orInfinity = (r: NDArray, a: NDArray): NDArray =>
  pick(r.ne(r).and(any(a.ne(a), { axis: [-2, -1] }).invert()), Infinity, r);

/** The product of several matrices, in the best order; the first and last may be vectors. Source: jax.numpy.linalg.multi_dot. */
export function multiDot(
  arrays: readonly ArrayLike[],
  options: Options<never, { precision: PrecisionLike | null }> = {},
): NDArray {
  const name = "np.linalg.multiDot";
  checkOptions(name, options, ["precision"]);
  checkList(name, "arrays", arrays);
  const xs = arrays.map((x) => toArray(name, x, "arrays"));
  const isInner = (i: number): boolean => i > 0 && i < xs.length - 1;
  if (xs.length < 2 || xs.some((x, i) => x.ndim !== 2 && (isInner(i) || x.ndim !== 1)))
    throw fail(
      "E_SHAPE",
      `${name}: got ${xs.map((x) => String(x.aval)).join(", ")}, expected two or more matrices`,
    );
  const axes = xs.map((x, i) => (x.ndim === 2 ? [i, i + 1] : i === 0 ? [1] : [i]));
  const letters = (list: readonly number[]): string => list.map((k) => String.fromCharCode(97 + k)).join("");
  const first = (xs[0] as NDArray).ndim === 2 ? [0] : [];
  const last = (xs[xs.length - 1] as NDArray).ndim === 2 ? [xs.length] : [];
  return einsum(`${axes.map(letters).join(",")}->${letters([...first, ...last])}`, ...xs, {
    optimize: "auto",
    ...options,
  } as never);
}

/** The inverse of a tensor, seen as a matrix of its first `ind` axes by the others. Source: jax.numpy.linalg.tensorinv. */
export function tensorinv(a: ArrayLike, options: Options<never, { ind: number }> = {}): NDArray {
  const name = "np.linalg.tensorinv";
  checkOptions(name, options, ["ind"]);
  const { ind = 2 } = options;
  checkInteger(name, "ind", ind);
  const x = toArray(name, a, "a");
  const [left, right] = [x.shape.slice(0, ind), x.shape.slice(ind)];
  if (ind <= 0 || count(left) !== count(right))
    throw fail(
      "E_SHAPE",
      `${name}: a is ${x.aval}, expected as many elements in the first ${ind} axes as in the others`,
    );
  return inv(x.reshape([count(left), count(right)])).reshape([...right, ...left]);
}
/** x with tensordot(a, x, x.ndim) = b. Source: jax.numpy.linalg.tensorsolve. */
export function tensorsolve(
  a: ArrayLike,
  b: ArrayLike,
  options: Options<never, { axes: readonly number[] | null }> = {},
): NDArray {
  const name = "np.linalg.tensorsolve";
  checkOptions(name, options, ["axes"]);
  const [given, y] = [toArray(name, a, "a"), toArray(name, b, "b")];
  const axes = options.axes ?? [];
  checkList(name, "axes", axes);
  // One axis after the other goes to the end, as in NumPy.
  const order = [...given.shape.keys()].filter((k) => !axes.includes(k));
  const x = axes.length === 0 ? given : moveaxis(given, [...order, ...axes], [...given.shape.keys()]);
  const shape = x.shape.slice(y.ndim);
  if (x.shape.slice(0, y.ndim).join() !== y.shape.join() || count(shape) !== y.size)
    throw fail(
      "E_SHAPE",
      `${name}: a is ${x.aval} and b is ${y.aval}, expected a [...b.shape, ...] with b.size elements in the rest`,
    );
  return solve(x.reshape([y.size, y.size]), y.reshape([y.size])).reshape(shape);
}
