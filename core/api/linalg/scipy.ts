// jax.scipy.linalg, camelCased: its solutions and decompositions, under SciPy's names and defaults.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { checkList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { customLinearSolve } from "../lax/solves.ts";
import { L } from "../numpy/define.ts";
import { broadcastShapes, broadcastTo, promoteDTypes } from "../promotion.ts";
import { choleskyNamed, choleskyOf } from "./cholesky.ts";
import { detNamed } from "./determinants.ts";
import { eighNamed } from "./eigh.ts";
import { luNamed, luPivotsToPermutation, luSolveOf } from "./lu.ts";
import * as p from "./parts.ts";
import { qrNamed } from "./qr.ts";
import { invNamed, solveNamed } from "./solve.ts";
import { svdNamed } from "./svd.ts";
import { solveLeft } from "./triangular.ts";

export { expm, type ExpmOptions } from "./expm.ts";
export { blockDiag, hadamard, hilbert, toeplitz } from "./special-matrices.ts";

/** Words that SciPy has and that change nothing here. */
interface Ignored {
  readonly overwriteA: boolean;
  readonly overwriteB: boolean;
  readonly checkFinite: boolean;
  readonly debug: boolean | null;
}
const IGNORED = ["overwriteA", "overwriteB", "checkFinite", "debug"];

/** A square matrix and what is solved for: columns, over the same leading axes; and how the result looks again. */
function system(
  name: string,
  a: ArrayLike,
  b: ArrayLike,
): readonly [m: NDArray, rhs: NDArray, isVector: boolean] {
  const lax = L();
  const [m, given] = promoteDTypes(name, [a, b], "inexact", ["a", "b"]).map((x) =>
    lax.convertElementType(x, x.dtype),
  ) as [NDArray, NDArray];
  p.checkSquare(name, m);
  p.checkDType(name, m, true);
  const rhs = given.ndim === 1 ? p.asColumn(given) : given;
  if (given.ndim === 0 || p.rows(rhs) !== p.rows(m))
    throw fail(
      "E_SHAPE",
      `${name}: a is ${m.aval} and b is ${given.aval}, expected b [n] or [..., n, k] for a [..., n, n]`,
    );
  const shape = broadcastShapes(name, p.lead(m), p.lead(rhs));
  const wide = (x: NDArray): NDArray => broadcastTo(name, x, [...shape, p.rows(x), p.columns(x)]);
  return [wide(m), wide(rhs), given.ndim === 1];
}
const shaped = (x: NDArray, isVector: boolean): NDArray => (isVector ? L().squeeze(x, [-1]) : x);

type Trans = 0 | 1 | 2 | "N" | "T" | "C";
function transOf(name: string, trans: Trans | undefined): 0 | 1 | 2 {
  const at = ["N", "T", "C"].indexOf(String(trans ?? 0));
  const n = at >= 0 ? at : Number(trans ?? 0);
  if (n === 0 || n === 1 || n === 2) return n;
  throw fail("E_ARGUMENT", `${name}: trans is ${String(trans)}, expected 0, 1, 2, "N", "T" or "C"`);
}
const triangularOf = composite(
  "scipy.linalg.solveTriangular",
  ([a, b]: readonly [NDArray, NDArray], trans: 0 | 1 | 2, lower: boolean, unit: boolean) => {
    const m = trans === 0 ? a : trans === 1 ? p.T(a) : p.H(a);
    return solveLeft(m, b, trans === 0 ? lower : !lower, unit);
  },
);
/** Options of solveTriangular. */
export type SolveTriangularOptions = Options<
  never,
  { trans: Trans; lower: boolean; unitDiagonal: boolean } & Omit<Ignored, "overwriteA">
>;
/**
 * x with a·x = b for triangular a (upper, or `lower`); `trans` 1 solves with aᵀ, 2 with aᴴ.
 * Source: jax.scipy.linalg.solve_triangular
 */
export function solveTriangular(a: ArrayLike, b: ArrayLike, options: SolveTriangularOptions = {}): NDArray {
  const name = "scipy.linalg.solveTriangular";
  checkOptions(name, options, ["trans", "lower", "unitDiagonal", "overwriteB", "debug", "checkFinite"]);
  const [m, rhs, isVector] = system(name, a, b);
  const { lower = false, unitDiagonal = false } = options;
  return shaped(triangularOf([m, rhs], transOf(name, options.trans), lower, unitDiagonal), isVector);
}

/** Options of cholesky and choFactor. */
export type CholeskyFactorOptions = Options<
  never,
  { lower: boolean } & Pick<Ignored, "overwriteA" | "checkFinite">
>;
/** The upper (default) or lower triangular factor of positive definite matrices. Source: jax.scipy.linalg.cholesky. */
export const cholesky = (a: ArrayLike, options: CholeskyFactorOptions = {}): NDArray =>
  factorNamed("scipy.linalg.cholesky", a, options);
function factorNamed(name: string, a: ArrayLike, options: CholeskyFactorOptions): NDArray {
  checkOptions(name, options, ["lower", "overwriteA", "checkFinite"]);
  const x = p.squareOf(name, a);
  const lower = options.lower ?? false;
  return choleskyNamed(name, lower ? x : p.H(x), false, !lower);
}
/** The Cholesky factor for choSolve, and whether it is the lower one. Source: jax.scipy.linalg.cho_factor. */
export const choFactor = (
  a: ArrayLike,
  options: CholeskyFactorOptions = {},
): [c: NDArray, lower: boolean] => [
  factorNamed("scipy.linalg.choFactor", a, options),
  options.lower ?? false,
];
const withFactor = (c: NDArray, b: NDArray, lower: boolean): NDArray => {
  const l = lower ? c : p.H(c);
  return solveLeft(p.H(l), solveLeft(l, b, true), false);
};
const choSolveOf = composite("scipy.linalg.choSolve", ([c, b]: readonly [NDArray, NDArray], lower: boolean) =>
  withFactor(c, b, lower),
);
/** x with a·x = b, from the Cholesky factor of a. Source: jax.scipy.linalg.cho_solve. */
export function choSolve(
  cAndLower: readonly [c: ArrayLike, lower: boolean],
  b: ArrayLike,
  options: Options<never, Pick<Ignored, "overwriteB" | "checkFinite">> = {},
): NDArray {
  const name = "scipy.linalg.choSolve";
  checkOptions(name, options, ["overwriteB", "checkFinite"]);
  checkList(name, "cAndLower", cAndLower);
  const [c, rhs, isVector] = system(name, cAndLower[0], b);
  return shaped(choSolveOf([c, rhs], cAndLower[1]), isVector);
}

const positive = composite("scipy.linalg.solve", ([a, b]: readonly [NDArray, NDArray], lower: boolean) => {
  const fixed = L().stopGradient(a);
  const c = choleskyOf(lower ? fixed : p.H(fixed));
  return customLinearSolve(
    (x: NDArray) => p.product(a, x),
    b,
    (_, y) => withFactor(c, y, true),
    { symmetric: true },
  );
});
/** Options of solve. */
export type SolveOptions = Options<
  never,
  { lower: boolean; assumeA: "gen" | "sym" | "her" | "pos" } & Ignored
>;
/** x with a·x = b; `assumeA: "pos"` says that a is positive definite, and reads one triangle. Source: jax.scipy.linalg.solve. */
export function solve(a: ArrayLike, b: ArrayLike, options: SolveOptions = {}): NDArray {
  const name = "scipy.linalg.solve";
  checkOptions(name, options, ["lower", "assumeA", ...IGNORED]);
  const { assumeA = "gen", lower = false } = options;
  if (!["gen", "sym", "her", "pos"].includes(assumeA))
    throw fail("E_ARGUMENT", `${name}: assumeA is "${String(assumeA)}", expected gen, sym, her or pos`);
  if (assumeA !== "pos") return solveNamed(name, a, b);
  const [m, rhs, isVector] = system(name, a, b);
  return shaped(positive([m, rhs], lower), isVector);
}
/** The inverses of square matrices. Source: jax.scipy.linalg.inv. */
export const inv = (a: ArrayLike): NDArray => invNamed("scipy.linalg.inv", a);
/** The determinants of square matrices. Source: jax.scipy.linalg.det. */
export const det = (a: ArrayLike): NDArray => detNamed("scipy.linalg.det", a);

/** [lu, pivots] for luSolve. Source: jax.scipy.linalg.lu_factor. */
export function luFactor(a: ArrayLike): [lu: NDArray, pivots: NDArray] {
  const [lu, pivots] = luNamed("scipy.linalg.luFactor", p.matrixOf("scipy.linalg.luFactor", a));
  return [lu, pivots];
}
const luSolved = composite(
  "scipy.linalg.luSolve",
  ([lu, permutation, b]: readonly [NDArray, NDArray, NDArray], trans: 0 | 1 | 2) =>
    luSolveOf(lu, permutation, b, trans),
);
/** x with a·x = b, from the decomposition of a; `trans` 1 solves with aᵀ, 2 with aᴴ. Source: jax.scipy.linalg.lu_solve. */
export function luSolve(
  luAndPiv: readonly [lu: ArrayLike, pivots: ArrayLike],
  b: ArrayLike,
  options: Options<never, { trans: Trans } & Pick<Ignored, "overwriteB" | "checkFinite">> = {},
): NDArray {
  const name = "scipy.linalg.luSolve";
  checkOptions(name, options, ["trans", "overwriteB", "checkFinite"]);
  checkList(name, "luAndPiv", luAndPiv);
  const [lu, rhs, isVector] = system(name, luAndPiv[0], b);
  const permutation = luPivotsToPermutation(toArray(name, luAndPiv[1], "pivots"), p.rows(lu));
  const wide = broadcastTo(name, permutation, [...p.lead(lu), p.rows(lu)]);
  return shaped(luSolved([lu, wide, rhs], transOf(name, options.trans)), isVector);
}
const luParts = composite("scipy.linalg.lu", ([a]: readonly [NDArray], permuteL: boolean) => {
  const lax = L();
  const [lu, , permutation] = luNamed("scipy.linalg.lu", a);
  const [m, k] = [p.rows(a), Math.min(p.rows(a), p.columns(a))];
  const row = lax.reshape(lax.iota("int32", m), [m, 1]);
  const order = lax.convertElementType(p.asRow(permutation).eq(row), a.dtype);
  const l = p.lower(p.columnsOf(lu, 0, k), -1).add(p.eyeLike(lu, m, k));
  const u = p.upper(p.rowsOf(lu, 0, k));
  return permuteL ? [p.product(order, l), u] : [p.realOf(order), l, u];
});
/** Options of lu. */
export type LuOptions = Options<never, { permuteL: boolean } & Pick<Ignored, "overwriteA" | "checkFinite">>;
/** [p, l, u] with a = p·l·u, or [p·l, u] with `permuteL`. Source: jax.scipy.linalg.lu. */
export function lu(a: ArrayLike, options: LuOptions = {}): NDArray[] {
  checkOptions("scipy.linalg.lu", options, ["permuteL", "overwriteA", "checkFinite"]);
  return [...luParts([p.matrixOf("scipy.linalg.lu", a)], options.permuteL ?? false)];
}

/** Options of qr. */
export type ScipyQrOptions = Options<
  never,
  { mode: "full" | "r" | "economic" } & Pick<Ignored, "overwriteA" | "checkFinite">
>;
/** [q, r] with a square q, with min(m, n) columns ("economic"), or [r] alone ("r"). Source: jax.scipy.linalg.qr. */
export function qr(a: ArrayLike, options: ScipyQrOptions = {}): NDArray[] {
  const name = "scipy.linalg.qr";
  checkOptions(name, options, ["mode", "overwriteA", "checkFinite"]);
  const { mode = "full" } = options;
  if (!["full", "r", "economic"].includes(mode))
    throw fail("E_ARGUMENT", `${name}: mode is "${String(mode)}", expected full, r or economic`);
  const [q, r] = qrNamed(name, a, mode !== "economic");
  return mode === "r" ? [r] : [q, r];
}
/** Options of eigh. */
export type ScipyEighOptions = Options<
  never,
  { lower: boolean; eigvalsOnly: boolean } & Pick<Ignored, "overwriteA" | "checkFinite">
>;
/** [eigenvalues, eigenvectors] of symmetric matrices, or the values alone. Source: jax.scipy.linalg.eigh. */
export function eigh(a: ArrayLike, options: ScipyEighOptions & { readonly eigvalsOnly: true }): NDArray;
export function eigh(a: ArrayLike, options?: ScipyEighOptions): [w: NDArray, v: NDArray];
export function eigh(a: ArrayLike, options: ScipyEighOptions = {}): NDArray | [NDArray, NDArray] {
  const name = "scipy.linalg.eigh";
  checkOptions(name, options, ["lower", "eigvalsOnly", "overwriteA", "checkFinite"]);
  const [v, w] = eighNamed(name, a, options.lower ?? true, true);
  return options.eigvalsOnly ? w : [w, v];
}
/** Options of svd. */
export type ScipySvdOptions = Options<
  never,
  { fullMatrices: boolean; computeUv: boolean } & Pick<Ignored, "overwriteA" | "checkFinite">
>;
/** u·diag(s)·vh, or s alone. Source: jax.scipy.linalg.svd. */
export function svd(a: ArrayLike, options: ScipySvdOptions & { readonly computeUv: false }): NDArray;
export function svd(a: ArrayLike, options?: ScipySvdOptions): [u: NDArray, s: NDArray, vh: NDArray];
export function svd(a: ArrayLike, options: ScipySvdOptions = {}): NDArray | [NDArray, NDArray, NDArray] {
  checkOptions("scipy.linalg.svd", options, ["fullMatrices", "computeUv", "overwriteA", "checkFinite"]);
  return svdNamed("scipy.linalg.svd", a, options);
}
