// np: means, variances, covariances.
import { fail } from "../../errors.ts";
import { isComplex, isInexact, isInteger, isUnsigned, realDType, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, broadcastTo, inexactDType, promoteDTypes, promoteOne } from "../promotion.ts";
import { multiply } from "./arithmetic.ts";
import { axesOf } from "./axes.ts";
import { L, pick } from "./define.ts";
import { diagonal } from "./diagonals.ts";
import { maskOf, sum, upcastHalf } from "./reductions.ts";

const sizeAlong = (x: NDArray, axes: readonly number[]): number =>
  axes.reduce((n, i) => n * (x.shape[i] as number), 1);
interface Over {
  readonly axes: readonly number[];
  readonly keepdims: boolean;
}
const over = (plan: Over, dtype?: DType): { axis: readonly number[]; keepdims: boolean; dtype?: DType } => ({
  axis: plan.axes,
  keepdims: plan.keepdims,
  ...(dtype === undefined ? {} : { dtype }),
});
/** How many elements each result is made of. */
function counted(x: NDArray, plan: Over, where: NDArray | null, dtype: DType): NDArray {
  if (where === null) return literal(sizeAlong(x, plan.axes), dtype);
  return sum(broadcastTo("np.mean", where, x.shape), over(plan, dtype));
}

interface MeanPlan extends Over {
  readonly dtype: DType | null;
}
const meanOf = composite("np.mean", ([x, where]: readonly [NDArray, NDArray | null], plan: MeanPlan) => {
  const lax = L();
  const result = plan.dtype ?? inexactDType(x.dtype);
  const work = plan.dtype === null ? upcastHalf(result) : result;
  const total = sum(x, { ...over(plan, work), where });
  return lax.convertElementType(lax.div(total, counted(x, plan, where, work)), result);
});
/** Mean; integers give floats, f16 is summed in f32. Source: jax.numpy.mean. */
export function mean(a: ArrayLike, options: Options<"axis" | "dtype" | "keepdims" | "where"> = {}): NDArray {
  checkOptions("np.mean", options, ["axis", "dtype", "keepdims", "where"]);
  const x = toArray("np.mean", a, "a");
  return meanOf([x, maskOf("np.mean", options.where)], {
    axes: axesOf("np.mean", options.axis, x),
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
    keepdims: options.keepdims ?? false,
  });
}

/** Words of var and std. */
export type VarOptions = Options<"axis" | "dtype" | "ddof" | "keepdims" | "where" | "mean" | "correction">;
const VAR = ["axis", "dtype", "ddof", "keepdims", "where", "mean", "correction"] as const;
interface VarPlan extends Over {
  readonly work: DType;
  readonly result: DType;
  readonly ddof: number;
}
/** The dtypes of computation and result (jnp's _var_promote_types). */
export function varTypes(
  name: string,
  x: NDArray,
  wanted: DType | null | undefined,
): { work: DType; result: DType } {
  if (wanted != null) {
    const result = canonicalDType(wanted);
    if (!isComplex(result) && isComplex(x.dtype))
      throw fail("E_DTYPE", `${name}: complex ${x.aval} has no variance in ${result}`);
    return { work: upcastHalf(result), result };
  }
  const natural = inexactDType(x.dtype);
  return { work: upcastHalf(natural), result: realDType(natural) };
}
/** |x|², real. */
export const squaredLength = (x: NDArray): NDArray =>
  isComplex(x.dtype) ? L().real(L().mul(x, L().conj(x))) : L().square(x);
const varOf = composite(
  "np.var",
  ([a, where, known]: readonly [NDArray, NDArray | null, NDArray | null], plan: VarPlan, root: boolean) => {
    const lax = L();
    const x = lax.convertElementType(a, plan.work);
    const centre =
      known === null
        ? mean(x, { axis: plan.axes, keepdims: true, where, dtype: plan.work })
        : lax.convertElementType(known, plan.work);
    const [v, c] = [x, broadcastTo("np.var", centre, x.shape)];
    const squares = squaredLength(lax.sub(v, c));
    const total = sum(squares, { ...over(plan, squares.dtype), where });
    const norm = lax.sub(counted(x, plan, where, squares.dtype), plan.ddof);
    const out = lax.convertElementType(lax.div(total, norm), plan.result);
    const variance = pick(lax.gt(norm, 0), out, Number.NaN);
    return root ? lax.sqrt(variance) : variance;
  },
);
function variance(name: string, a: ArrayLike, options: VarOptions, root: boolean): NDArray {
  checkOptions(name, options, VAR);
  if (options.correction != null && (options.ddof ?? 0) !== 0)
    throw fail("E_ARGUMENT", `${name}: ddof and correction are two names of one option`);
  const x = toArray(name, a, "a");
  if (root && options.dtype != null && !isInexact(options.dtype))
    throw fail("E_DTYPE", `${name}: the dtype ${options.dtype} is no float dtype`);
  const plan: VarPlan = {
    axes: axesOf(name, options.axis, x),
    keepdims: options.keepdims ?? false,
    ddof: options.correction ?? options.ddof ?? 0,
    ...varTypes(name, x, options.dtype),
  };
  const known = options.mean == null ? null : toArray(name, options.mean, "mean");
  return varOf([x, maskOf(name, options.where), known], plan, root);
}
/** Variance. Source: jax.numpy.var. */
function var_(a: ArrayLike, options: VarOptions = {}): NDArray {
  return variance("np.var", a, options, false);
}
export { var_ as var };
/** Standard deviation. Source: jax.numpy.std. */
export function std(a: ArrayLike, options: VarOptions = {}): NDArray {
  return variance("np.std", a, options, true);
}

/** Words of average. */
export type AverageOptions = Options<"axis" | "weights" | "keepdims", { returned: boolean }>;
const averageOf = composite("np.average", ([a, w]: readonly [NDArray, NDArray | null], plan: Over) => {
  const lax = L();
  const name = "np.average";
  if (w === null) {
    const out = mean(promoteOne(name, a, "inexact", "a"), over(plan));
    return [out, lax.full(out.shape, literal(sizeAlong(a, plan.axes), out.dtype))];
  }
  const [x, weights] = promoteDTypes(name, [a, w], "inexact", ["a", "w"]) as [NDArray, NDArray];
  const wide = broadcastTo(name, alignWeights(x, weights, plan.axes), x.shape);
  const total = sum(wide, over(plan));
  return [lax.div(sum(lax.mul(x, wide), over(plan)), total), total];
});
/** Weights of chosen axes beside the whole array. */
function alignWeights(x: NDArray, w: NDArray, axes: readonly number[]): NDArray {
  if (w.ndim === x.ndim && w.shape.every((n, i) => n === x.shape[i])) return w;
  if (w.ndim !== axes.length || w.shape.some((n, i) => n !== x.shape[axes[i] as number]))
    throw fail(
      "E_SHAPE",
      `np.average: weights ${w.aval} fit neither ${x.aval} nor its axes ${axes.join(",")}`,
    );
  const order = axes.map((_, i) => i).sort((p, q) => (axes[p] as number) - (axes[q] as number));
  return L().reshape(
    L().transpose(w, order),
    x.shape.map((n, i) => (axes.includes(i) ? n : 1)),
  );
}
/** Weighted mean; with `returned` also the sum of the weights. Source: jax.numpy.average. */
export function average(
  a: ArrayLike,
  options: AverageOptions & { readonly returned: true },
): [NDArray, NDArray];
export function average(a: ArrayLike, options?: AverageOptions): NDArray;
export function average(a: ArrayLike, options: AverageOptions = {}): NDArray | [NDArray, NDArray] {
  checkOptions("np.average", options, ["axis", "weights", "returned", "keepdims"]);
  const x = toArray("np.average", a, "a");
  const weights = options.weights == null ? null : toArray("np.average", options.weights, "weights");
  if (weights !== null && options.axis == null && weights.shape.join() !== x.shape.join())
    throw fail("E_SHAPE", `np.average: weights ${weights.aval} of another shape than ${x.aval} need an axis`);
  const plan = { axes: axesOf("np.average", options.axis, x), keepdims: options.keepdims ?? false };
  const [out, total] = averageOf([x, weights], plan) as unknown as [NDArray, NDArray];
  return options.returned === true ? [out, total] : out;
}

/** Words of cov. */
export type CovOptions = Options<
  "rowvar" | "dtype",
  {
    y: ArrayLike | null;
    bias: boolean;
    ddof: number | null;
    fweights: ArrayLike | null;
    aweights: ArrayLike | null;
  }
>;
interface CovPlan {
  readonly rowvar: boolean;
  readonly ddof: number;
  readonly dtype: DType | null;
}
type CovOperands = readonly [NDArray, NDArray | null, NDArray | null, NDArray | null];
/** Variables as rows; one variable may lie either way. */
function variables(x: NDArray, rowvar: boolean): NDArray {
  const rows = x.ndim < 2 ? L().reshape(x, [1, x.size]) : x;
  return rowvar || x.ndim < 2 ? rows : L().transpose(rows, [1, 0]);
}
const covOf = composite("np.cov", ([m, y, fweights, aweights]: CovOperands, plan: CovPlan) => {
  const lax = L();
  const parts = promoteDTypes("np.cov", y === null ? [m] : [m, y], "inexact", ["m", "y"]);
  const rows = parts.map((v, i) =>
    variables(v, plan.rowvar || (i === 1 && v.ndim === 2 && v.shape[0] === 1)),
  );
  const joined = rows.length === 1 ? (rows[0] as NDArray) : lax.concatenate(rows, 0);
  const x = plan.dtype === null ? joined : lax.convertElementType(joined, plan.dtype);
  const [vars, n] = x.shape as readonly [number, number];
  const shape = vars === 1 ? [] : [vars, vars];
  if (vars === 0) return lax.full([0, 0], 0, "float32");
  if (n === 0) return lax.full(shape, Number.NaN, x.dtype);
  const weights = sampleWeights(fweights, aweights, n);
  const row =
    weights === null ? null : lax.broadcastInDim(lax.convertElementType(weights, x.dtype), x.shape, [1]);
  const count = row === null ? literal(n, x.dtype) : lax.convertElementType(sum(weights as NDArray), x.dtype);
  const centre = lax.div(sum(row === null ? x : lax.mul(x, row), { axis: 1 }), count);
  const c = lax.sub(x, lax.broadcastInDim(centre, x.shape, [0]));
  const right = row === null ? c : lax.mul(c, row);
  const products = lax.dotGeneral(c, isComplex(right.dtype) ? lax.conj(right) : right, [
    [[1], [1]],
    [[], []],
  ]);
  return lax.reshape(lax.div(products, degrees(weights, aweights, count, plan.ddof)), shape);
});
function sampleWeights(f: NDArray | null, a: NDArray | null, n: number): NDArray | null {
  for (const w of [f, a])
    if (w !== null && (w.ndim !== 1 || w.size !== n))
      throw fail("E_SHAPE", `np.cov: weights ${w.aval} for ${n} samples`);
  const [x, y] = [f, a].map((w) => (w === null || isUnsigned(w.dtype) ? w : L().abs(w)));
  return x == null || y == null ? (x ?? y ?? null) : multiply(x, y);
}
/** What the products are divided by. */
function degrees(w: NDArray | null, aweights: NDArray | null, count: NDArray, ddof: number): NDArray {
  const lax = L();
  if (w === null || aweights === null || ddof === 0) return ddof === 0 ? count : lax.sub(count, ddof);
  const weighted = lax.convertElementType(sum(multiply(w, lax.abs(aweights))), count.dtype);
  return lax.sub(count, lax.div(lax.mul(weighted, ddof), count));
}
/** Covariance matrix of the variables (rows) of m, and of y. Source: jax.numpy.cov. */
export function cov(m: ArrayLike, options: CovOptions = {}): NDArray {
  checkOptions("np.cov", options, ["y", "rowvar", "bias", "ddof", "fweights", "aweights", "dtype"]);
  const optional = (v: ArrayLike | null | undefined): NDArray | null =>
    v == null ? null : toArray("np.cov", v);
  const { y, fweights, aweights } = options;
  const [a, b] = arraysOf("np.cov", y == null ? [m] : [m, y], ["m", "y"]);
  for (const v of [a, b])
    if (v !== undefined && v.ndim > 2)
      throw fail("E_SHAPE", `np.cov: got ${v.aval}, expected at most two axes`);
  const f = optional(fweights);
  if (f !== null && !isInteger(f.dtype))
    throw fail("E_DTYPE", `np.cov: fweights are ${f.aval}, expected integers`);
  return covOf([a as NDArray, b ?? null, f, optional(aweights)], {
    rowvar: options.rowvar ?? true,
    ddof: options.ddof ?? (options.bias === true ? 0 : 1),
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
  });
}
/** Words of corrcoef. */
export type CorrcoefOptions = Options<"rowvar" | "dtype", { y: ArrayLike | null }>;
const normalised = composite("np.corrcoef", ([c]: readonly [NDArray]) => {
  const lax = L();
  if (c.ndim === 0) return lax.div(c, c);
  const n = c.shape[0] as number;
  const variances = diagonal(c);
  const dev = lax.convertElementType(
    lax.sqrt(isComplex(variances.dtype) ? lax.real(variances) : variances),
    c.dtype,
  );
  const scaled = lax.div(
    lax.div(c, lax.broadcastInDim(dev, [n, n], [0])),
    lax.broadcastInDim(dev, [n, n], [1]),
  );
  const within = (v: NDArray): NDArray => lax.min(1, lax.max(-1, v));
  return isComplex(c.dtype)
    ? lax.complex(within(lax.real(scaled)), within(lax.imag(scaled)))
    : within(scaled);
});
/** Correlation matrix: the covariances over both deviations. Source: jax.numpy.corrcoef. */
export function corrcoef(x: ArrayLike, options: CorrcoefOptions = {}): NDArray {
  checkOptions("np.corrcoef", options, ["y", "rowvar", "dtype"]);
  return normalised([cov(toArray("np.corrcoef", x, "x"), options)]);
}
