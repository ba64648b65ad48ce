// np: polynomials by their coefficients, the highest power first.
import { fail } from "../../errors.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { valuesOf } from "../../runtime/array.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes, promoteOne } from "../promotion.ts";
import { power } from "./arithmetic.ts";
import { range } from "./axes.ts";
import { convolve } from "./calculus.ts";
import { finfo } from "./dtypes.ts";
import { L } from "./define.ts";
import { trimZeros } from "./rearrange.ts";

/** A vector of coefficients. */
function vector(name: string, p: NDArray): NDArray {
  if (p.ndim === 1) return p;
  throw fail("E_SHAPE", `${name}: got ${p.aval}, expected a vector of coefficients`);
}
const at = (p: NDArray, k: number): NDArray => L().reshape(L().sliceInDim(p, k, k + 1), []);

const polyvalOf = composite("np.polyval", (operands: readonly [NDArray, NDArray]) => {
  const lax = L();
  const [p, x] = promoteDTypes("np.polyval", operands) as [NDArray, NDArray];
  const shape = broadcastShapes("np.polyval", p.shape.slice(1), x.shape);
  const v = broadcastTo("np.polyval", x, shape);
  return range(p.shape[0] as number).reduce(
    (y, k) => {
      const c = lax.reshape(lax.sliceInDim(p, k, k + 1), p.shape.slice(1));
      return lax.add(lax.mul(y, v), broadcastTo("np.polyval", c, shape));
    },
    lax.full(shape, literal(0, x.dtype)),
  );
});
/** The values of a polynomial, by Horner's rule. Source: jax.numpy.polyval. */
export function polyval(p: ArrayLike, x: ArrayLike, options: Options<"unroll"> = {}): NDArray {
  checkOptions("np.polyval", options, ["unroll"]);
  const [c, v] = arraysOf("np.polyval", [p, x], ["p", "x"]) as [NDArray, NDArray];
  if (c.ndim === 0)
    throw fail("E_SHAPE", `np.polyval: got ${c.aval}, expected coefficients along the first axis`);
  return polyvalOf([c, v]);
}
function sumOf(name: string, a1: ArrayLike, a2: ArrayLike, negate: boolean): NDArray {
  const lax = L();
  const [x, y] = promoteDTypes(name, [a1, a2], "any", ["a1", "a2"]).map((p) => vector(name, p)) as [
    NDArray,
    NDArray,
  ];
  const n = Math.max(x.size, y.size);
  const grow = (p: NDArray): NDArray => lax.pad(p, literal(0, p.dtype), [[n - p.size, 0, 0]]);
  return lax.add(grow(x), grow(negate ? lax.neg(y) : y));
}
/** Sum of two polynomials. Source: jax.numpy.polyadd. */
export function polyadd(a1: ArrayLike, a2: ArrayLike): NDArray {
  return sumOf("np.polyadd", a1, a2, false);
}
/** Difference of two polynomials. Source: jax.numpy.polysub. */
export function polysub(a1: ArrayLike, a2: ArrayLike): NDArray {
  return sumOf("np.polysub", a1, a2, true);
}
/** Product of two polynomials. Source: jax.numpy.polymul. */
export function polymul(a1: ArrayLike, a2: ArrayLike, options: Options<"trimLeadingZeros"> = {}): NDArray {
  checkOptions("np.polymul", options, ["trimLeadingZeros"]);
  let pair = promoteDTypes("np.polymul", [a1, a2], "inexact", ["a1", "a2"]).map((p) =>
    vector("np.polymul", p),
  );
  if (options.trimLeadingZeros === true && pair.some((p) => p.size > 1))
    pair = pair.map((p) => trimZeros(p, { trim: "f" }));
  const [x, y] = pair.map((p) => (p.size === 0 ? L().full([1], literal(0, p.dtype)) : p)) as [
    NDArray,
    NDArray,
  ];
  return convolve(x, y, { mode: "full" });
}
const polydivOf = composite("np.polydiv", ([u, v]: readonly [NDArray, NDArray]) => {
  const lax = L();
  const [m, n] = [u.size - 1, v.size - 1];
  const scale = lax.div(1, at(v, 0));
  let rest = u;
  const quotient: NDArray[] = [];
  for (let k = 0; k <= m - n; k++) {
    const d = lax.mul(scale, at(rest, k));
    quotient.push(lax.reshape(d, [1]));
    rest = lax.add(rest, lax.pad(lax.mul(lax.neg(d), v), literal(0, v.dtype), [[k, m - n - k, 0]]));
  }
  return [quotient.length === 0 ? lax.full([1], literal(0, u.dtype)) : lax.concatenate(quotient, 0), rest];
});
/** Quotient and remainder of polynomials. Source: jax.numpy.polydiv. */
export function polydiv(
  u: ArrayLike,
  v: ArrayLike,
  options: Options<"trimLeadingZeros"> = {},
): [NDArray, NDArray] {
  checkOptions("np.polydiv", options, ["trimLeadingZeros"]);
  const pair = promoteDTypes("np.polydiv", [u, v], "inexact", ["u", "v"]).map((p) =>
    vector("np.polydiv", p),
  ) as [NDArray, NDArray];
  const [q, r] = polydivOf(pair) as unknown as [NDArray, NDArray];
  return [q, options.trimLeadingZeros === true ? trimSmall(r) : r];
}
/** Without leading coefficients that are zero but for rounding. */
function trimSmall(r: NDArray): NDArray {
  const tolerance = Math.sqrt(finfo(r.dtype).eps);
  const small = valuesOf(L().lt(L().abs(r), tolerance), "np.polydiv");
  const first = [...small].findIndex((v) => Number(v) === 0);
  return L().sliceInDim(r, first < 0 ? r.size : first, r.size);
}
const polyderOf = composite("np.polyder", ([p]: readonly [NDArray], m: number) => {
  const lax = L();
  const n = p.size;
  if (n <= m) return lax.full([0], literal(0, p.dtype));
  const factor = (e: number): number => range(m).reduce((f, j) => f * (e - j), 1);
  const kept = lax.sliceInDim(p, 0, n - m);
  const factors = range(n - m).map((k) => lax.full([1], literal(factor(n - 1 - k), p.dtype)));
  return lax.mul(kept, lax.concatenate(factors, 0));
});
/** m-th derivative of a polynomial. Source: jax.numpy.polyder. */
export function polyder(p: ArrayLike, options: Options<never, { m: number }> = {}): NDArray {
  checkOptions("np.polyder", options, ["m"]);
  const c = vector("np.polyder", promoteOne("np.polyder", p, "inexact", "p"));
  const m = order("np.polyder", options.m ?? 1);
  return m === 0 ? c : polyderOf([c], m);
}
const order = (name: string, m: number): number => {
  if (Number.isInteger(m) && m >= 0) return m;
  throw fail("E_ARGUMENT", `${name}: m is ${String(m)}, expected an order of at least 0`);
};
const polyintOf = composite("np.polyint", (operands: readonly [NDArray, NDArray], m: number) => {
  const lax = L();
  const [p, k] = promoteDTypes("np.polyint", operands, "inexact") as [NDArray, NDArray];
  const n = p.size + m;
  const constants = broadcastTo("np.polyint", k, [m]);
  const divisor = (e: number): number => range(m).reduce((f, j) => f * Math.max(1, e - j), 1);
  const factors = range(n).map((i) => lax.full([1], literal(divisor(n - 1 - i), p.dtype)));
  return lax.div(lax.concatenate([p, constants], 0), lax.concatenate(factors, 0));
});
/** m-th integral of a polynomial; k: the constants of integration. Source: jax.numpy.polyint. */
export function polyint(
  p: ArrayLike,
  options: Options<never, { m: number; k: ArrayLike | null }> = {},
): NDArray {
  checkOptions("np.polyint", options, ["m", "k"]);
  const [c, k] = arraysOf("np.polyint", [p, options.k ?? 0], ["p", "k"]) as [NDArray, NDArray];
  const m = order("np.polyint", options.m ?? 1);
  if (k.ndim > 1 || (k.ndim === 1 && k.size !== 1 && k.size !== m))
    throw fail("E_SHAPE", `np.polyint: k is ${k.aval}, expected a scalar or ${m} constants`);
  return m === 0
    ? vector("np.polyint", promoteOne("np.polyint", c, "inexact", "c"))
    : polyintOf([vector("np.polyint", c), k], m);
}
const polyOf = composite("np.poly", ([roots]: readonly [NDArray]) => {
  const lax = L();
  const one = lax.full([1], literal(1, roots.dtype));
  return range(roots.size).reduce((p, k) => {
    const r = lax.sliceInDim(roots, k, k + 1);
    // p · (x − r): shifted, minus r times itself.
    const [high, low] = [
      lax.pad(p, literal(0, p.dtype), [[0, 1, 0]]),
      lax.pad(lax.mul(p, broadcastTo("np.poly", r, p.shape)), literal(0, p.dtype), [[1, 0, 0]]),
    ];
    return lax.sub(high, low);
  }, one);
});
/** The polynomial with these roots. Source: jax.numpy.poly. */
export function poly(seqOfZeros: ArrayLike): NDArray {
  const x = promoteOne("np.poly", seqOfZeros, "inexact", "seqOfZeros");
  if (x.ndim > 1)
    throw fail(
      "E_UNIMPLEMENTED",
      `np.poly: got ${x.aval}; characteristic polynomials of matrices need eigenvalues`,
    );
  if (x.size === 0) return L().full([], literal(1, x.dtype));
  return polyOf([L().reshape(x, [x.size])]);
}
const vanderOf = composite("np.vander", ([x]: readonly [NDArray], n: number, increasing: boolean) => {
  const lax = L();
  const up = lax.iota(x.dtype, n);
  const exponents = increasing ? up : lax.sub(n - 1, up);
  const shape = [x.size, n];
  return power(lax.broadcastInDim(x, shape, [0]), lax.broadcastInDim(exponents, shape, [1]));
});
/** Powers of a vector as columns, the highest first. Source: jax.numpy.vander. */
export function vander(
  x: ArrayLike,
  options: Options<never, { N: number | null; increasing: boolean }> = {},
): NDArray {
  checkOptions("np.vander", options, ["N", "increasing"]);
  const v = vector("np.vander", toArray("np.vander", x, "x"));
  return vanderOf([v], options.N ?? v.size, options.increasing ?? false);
}
/** Words of polyfit. */
export type PolyfitOptions = Options<
  never,
  { rcond: number | null; full: false; w: ArrayLike | null; cov: false }
>;
const polyfitOf = composite(
  "np.polyfit",
  ([x, y, w]: readonly [NDArray, NDArray, NDArray | null], deg: number) => {
    const lax = L();
    const weighted = (m: NDArray): NDArray =>
      w === null ? m : lax.mul(m, lax.broadcastInDim(lax.convertElementType(w, m.dtype), m.shape, [0]));
    const columns = weighted(vander(x, { N: deg + 1 }));
    const [n, k] = columns.shape as readonly [number, number];
    const lengths = lax.sqrt(lax.reduceSum(lax.square(columns), [0]));
    const scaled = lax.div(columns, lax.broadcastInDim(lengths, [n, k], [1]));
    const rhs = lax.reshape(weighted(y), [n, y.size / n]);
    const c = leastSquares(
      range(k).map((j) => lax.sliceInDim(scaled, j, j + 1, 1, 1)),
      rhs,
    );
    const out = lax.div(c, lax.broadcastInDim(lengths, c.shape, [0]));
    return lax.reshape(out, [k, ...y.shape.slice(1)]);
  },
);
/** min |A·c − b|² by Gram–Schmidt, orthogonalised twice; A by columns [n, 1]. */
function leastSquares(columns: readonly NDArray[], b: NDArray): NDArray {
  const lax = L();
  const dot = (u: NDArray, v: NDArray): NDArray =>
    lax.dotGeneral(
      u,
      v,
      [
        [[0], [0]],
        [[], []],
      ],
      { precision: "highest" },
    );
  const basis: NDArray[] = [];
  const upper: NDArray[][] = [];
  for (const column of columns) {
    let v = column;
    const row = basis.map(() => lax.full([1, 1], literal(0, v.dtype)));
    for (let pass = 0; pass < 2; pass++)
      basis.forEach((q, i) => {
        const share = dot(q, v);
        row[i] = lax.add(row[i] as NDArray, share);
        v = lax.sub(v, lax.mul(q, broadcastTo("np.polyfit", share, q.shape)));
      });
    const length = lax.sqrt(dot(v, v));
    upper.push([...row, length]);
    basis.push(lax.div(v, broadcastTo("np.polyfit", length, v.shape)));
  }
  const rows = basis.map((q) => dot(q, b));
  const c: NDArray[] = [];
  for (let i = columns.length - 1; i >= 0; i--) {
    let r = rows[i] as NDArray;
    for (let j = i + 1; j < columns.length; j++)
      r = lax.sub(r, lax.mul(broadcastTo("np.polyfit", upper[j]?.[i] as NDArray, r.shape), c[j] as NDArray));
    c[i] = lax.div(r, broadcastTo("np.polyfit", upper[i]?.[i] as NDArray, r.shape));
  }
  return lax.concatenate(c, 0);
}
/** The polynomial of a degree that fits samples best, in squares. Source: jax.numpy.polyfit. */
export function polyfit(x: ArrayLike, y: ArrayLike, deg: number, options: PolyfitOptions = {}): NDArray {
  checkOptions("np.polyfit", options, ["rcond", "full", "w", "cov"]);
  const name = "np.polyfit";
  if ((options.full as boolean | undefined) === true || (options.cov as boolean | undefined) === true)
    throw fail("E_UNIMPLEMENTED", `${name}: full and cov need a singular value decomposition`);
  const [a, b] = promoteDTypes(name, [x, y], "inexact") as [NDArray, NDArray];
  const w = options.w == null ? null : promoteOne(name, options.w, "inexact", "w");
  if (a.ndim !== 1 || a.size === 0 || b.ndim < 1 || b.ndim > 2 || b.shape[0] !== a.size)
    throw fail(
      "E_SHAPE",
      `${name}: x ${a.aval} and y ${b.aval}, expected a vector and one or more columns of its length`,
    );
  if (w !== null && (w.ndim !== 1 || w.size !== a.size))
    throw fail("E_SHAPE", `${name}: weights ${w.aval} for ${a.size} samples`);
  return polyfitOf([a, b, w], order(name, deg));
}
