// np: reductions, with JAX's dtypes (small integers sum in int32, f16 sums in f32) and its treatment of NaN.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import {
  isBool,
  isComplex,
  isFloat,
  isInexact,
  isInteger,
  isUnsigned,
  realDType,
  type DType,
} from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { Lax } from "../../primitives/lax.ts";
import { literal, toArray, type Operand } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { broadcastTo, promoteDTypes } from "../promotion.ts";
import { axesOf, oneAxis, range, type Axis } from "./axes.ts";
import * as u from "./ufuncs.ts";

const L = (): Lax => context().lax;
/** Words of the reductions. */
export interface ReduceOptions {
  readonly axis?: Axis;
  readonly dtype?: DType | null | undefined;
  readonly keepdims?: boolean | undefined;
  readonly initial?: Operand | null | undefined;
  readonly where?: Operand | null | undefined;
}
const WORDS = ["axis", "dtype", "keepdims", "initial", "where"] as const;
type Reduction = (a: Operand, options?: ReduceOptions) => NDArray;

/** Reduced axes put back with size 1. */
export function keep(
  x: NDArray,
  like: NDArray,
  axes: readonly number[],
  keepdims: boolean | undefined,
): NDArray {
  return keepdims === true
    ? L().reshape(
        x,
        like.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      )
    : x;
}
const atLeast32 = (dtype: DType): DType =>
  isBool(dtype)
    ? canonicalDType("int64")
    : isUnsigned(dtype)
      ? wider(dtype, "uint32")
      : isInteger(dtype)
        ? wider(dtype, "int32")
        : dtype;
const wider = (dtype: DType, base: "uint32" | "int32"): DType =>
  dtype === "int64" || dtype === "uint64"
    ? dtype
    : context().config.enableX64
      ? base === "int32"
        ? "int64"
        : "uint64"
      : base;
const isHalf = (d: DType): boolean => d === "float16" || d === "bfloat16";

interface Spec {
  readonly name: string;
  readonly identity: (dtype: DType) => number | bigint | boolean | null;
  readonly reduce: (lax: Lax, x: NDArray, axes: readonly number[]) => NDArray;
  readonly join: (x: Operand, y: Operand) => NDArray;
  readonly result: (x: NDArray, dtype: DType | null) => DType;
  readonly upcast?: true;
}
const reduction =
  (spec: Spec): Reduction =>
  (a, options = {}) => {
    const name = `np.${spec.name}`;
    checkOptions(name, options, WORDS);
    const lax = L();
    let x = toArray(name, a);
    const axes = axesOf(name, options.axis, x);
    const weak = x.weakType && options.dtype == null;
    const dtype = canonicalDType(spec.result(x, options.dtype ?? null));
    const work = spec.upcast === true && isHalf(dtype) ? "float32" : dtype;
    x = dtype === "bool" && x.dtype !== "bool" ? lax.ne(x, 0) : lax.convertElementType(x, work);
    const id = spec.identity(work);
    if (id === null && options.initial == null) {
      if (axes.some((i) => x.shape[i] === 0))
        throw fail("E_SHAPE", `${name}: ${x.aval} has no element along axis ${axes.join(",")}`, {
          hint: "give an initial value",
        });
      if (options.where != null) throw fail("E_ARGUMENT", `${name}: where needs an initial value`);
    }
    if (options.where != null)
      x = u.where(
        options.where,
        x,
        id === null
          ? u.add(literalLike(0, work), toArray(name, options.initial as Operand))
          : literalLike(id, work),
      );
    let out = axes.length === 0 && id === null ? x : spec.reduce(lax, x, axes);
    if (options.initial != null)
      out = spec.join(lax.convertElementType(toArray(name, options.initial), work), out);
    out = lax.convertElementType(out, dtype, { weakType: weak && dtype === x.dtype });
    return keep(out, x, axes, options.keepdims);
  };
const literalLike = (v: number | bigint | boolean, dtype: DType): NDArray => literal(v, dtype);

/** Sum. Source: jax.numpy.sum. */
export const sum: Reduction = reduction({
  name: "sum",
  identity: () => 0,
  reduce: (lax, x, axes) => lax.reduceSum(x, axes),
  join: u.add,
  result: (x, d) => d ?? atLeast32(x.dtype),
  upcast: true,
});
/** Product. Source: jax.numpy.prod. */
export const prod: Reduction = reduction({
  name: "prod",
  identity: () => 1,
  reduce: (lax, x, axes) => lax.reduceProd(x, axes),
  join: u.multiply,
  result: (x, d) => d ?? atLeast32(x.dtype),
  upcast: true,
});
/** Maximum; NaN if any is. Source: jax.numpy.max. */
export const max: Reduction = reduction({
  name: "max",
  identity: () => null,
  reduce: (lax, x, axes) => lax.reduceMax(x, axes),
  join: u.maximum,
  result: (x) => x.dtype,
});
/** Minimum; NaN if any is. Source: jax.numpy.min. */
export const min: Reduction = reduction({
  name: "min",
  identity: () => null,
  reduce: (lax, x, axes) => lax.reduceMin(x, axes),
  join: u.minimum,
  result: (x) => x.dtype,
});
export const amax: Reduction = max;
export const amin: Reduction = min;
/** Are all elements true? Source: jax.numpy.all. */
export const all: Reduction = reduction({
  name: "all",
  identity: () => true,
  reduce: (lax, x, axes) => lax.reduceAnd(x, axes),
  join: u.logicalAnd,
  result: () => "bool",
});
/** Is any element true? Source: jax.numpy.any. */
export const any: Reduction = reduction({
  name: "any",
  identity: () => false,
  reduce: (lax, x, axes) => lax.reduceOr(x, axes),
  join: u.logicalOr,
  result: () => "bool",
});

/** How many elements each result is made of: a number, or an array under `where`. */
function counted(x: NDArray, axes: readonly number[], options: ReduceOptions): Operand {
  if (options.where == null) return axes.reduce((n, i) => n * (x.shape[i] as number), 1);
  const mask = broadcastTo("np.mean", toArray("np.mean", options.where), x.shape);
  return sum(mask, {
    axis: axes,
    dtype: isFloat(x.dtype) ? "float32" : "float32",
    keepdims: options.keepdims,
  });
}
/** Mean; integers give floats, f16 is summed in f32. Source: jax.numpy.mean. */
export const mean: Reduction = (a, options = {}) => {
  checkOptions("np.mean", options, ["axis", "dtype", "keepdims", "where"]);
  const x = toArray("np.mean", a);
  const axes = axesOf("np.mean", options.axis, x);
  const target = canonicalDType(options.dtype ?? (isInexact(x.dtype) ? x.dtype : "float64"));
  const work = isHalf(target) ? "float32" : target;
  const total = sum(x, { ...options, axis: axes, dtype: work });
  const n = counted(x, axes, options);
  const out = L().div(total, typeof n === "number" ? literal(n, work) : L().convertElementType(n, work));
  return L().convertElementType(out, target, {
    weakType: x.weakType && options.dtype == null && isInexact(x.dtype),
  });
};
interface VarOptions extends ReduceOptions {
  readonly ddof?: number | undefined;
  readonly correction?: number | null | undefined;
  readonly mean?: Operand | null | undefined;
}
/** Variance. Source: jax.numpy.var. */
function var_(a: Operand, options: VarOptions = {}): NDArray {
  checkOptions("np.var", options, ["axis", "dtype", "ddof", "correction", "keepdims", "where", "mean"]);
  const lax = L();
  const raw = toArray("np.var", a);
  const axes = axesOf("np.var", options.axis, raw);
  const natural = isInexact(raw.dtype) ? raw.dtype : canonicalDType("float64");
  const target = canonicalDType(options.dtype ?? realDType(natural));
  const work: DType = isHalf(natural) ? "float32" : natural;
  const x = lax.convertElementType(raw, work);
  const centre =
    options.mean == null
      ? mean(x, { axis: axes, keepdims: true, where: options.where })
      : toArray("np.var", options.mean);
  const d = u.subtract(x, centre);
  const squares = isComplex(d.dtype) ? lax.real(lax.mul(d, lax.conj(d))) : lax.square(d);
  const total = sum(squares, { axis: axes, keepdims: options.keepdims, where: options.where });
  const n = u.subtract(counted(x, axes, options), options.correction ?? options.ddof ?? 0);
  const norm = lax.convertElementType(n, realDType(work));
  const out = lax.div(total, norm.ndim === 0 ? norm : broadcastTo("np.var", norm, total.shape));
  return lax.convertElementType(u.where(u.greater(norm, 0), out, Number.NaN), target, {
    weakType: raw.weakType && options.dtype == null,
  });
}
export { var_ as var };
/** Standard deviation. Source: jax.numpy.std. */
export const std = (a: Operand, options: VarOptions = {}): NDArray => L().sqrt(var_(a, options));

interface ArgOptions {
  readonly axis?: number | null | undefined;
  readonly keepdims?: boolean | undefined;
}
const argOf =
  (name: "argmax" | "argmin") =>
  (a: Operand, options: ArgOptions = {}): NDArray => {
    checkOptions(`np.${name}`, options, ["axis", "keepdims"]);
    const lax = L();
    const x = toArray(`np.${name}`, a);
    const flat = options.axis == null ? lax.reshape(x, [x.size]) : x;
    const axis = oneAxis(`np.${name}`, options.axis ?? 0, flat);
    if (flat.shape[axis] === 0)
      throw fail("E_SHAPE", `np.${name}: ${x.aval} has no element along axis ${axis}`);
    const out = lax[name](flat, axis, canonicalDType("int64"));
    if (options.keepdims !== true) return out;
    return lax.reshape(
      out,
      x.shape.map((n, i) => (options.axis == null || i === axis ? 1 : n)),
    );
  };
type ArgReduction = (a: Operand, options?: ArgOptions) => NDArray;
/** Index of the first maximum (or NaN). Source: jax.numpy.argmax. */
export const argmax: ArgReduction = argOf("argmax");
/** Index of the first minimum (or NaN). Source: jax.numpy.argmin. */
export const argmin: ArgReduction = argOf("argmin");

const nanless =
  (reduce: Reduction, fill: (dtype: DType) => number, allNan = false): Reduction =>
  (a, options = {}) => {
    const x = toArray("np.nan…", a);
    if (!isInexact(x.dtype)) return reduce(x, options);
    const isNan = u.isnan(x);
    const out = reduce(u.where(isNan, fill(x.dtype), x), options);
    return allNan
      ? u.where(all(isNan, { axis: options.axis, keepdims: options.keepdims }), Number.NaN, out)
      : out;
  };
/** Sum of the elements that aren't NaN. Source: jax.numpy.nansum. */
export const nansum: Reduction = nanless(sum, () => 0);
/** Product of the elements that aren't NaN. Source: jax.numpy.nanprod. */
export const nanprod: Reduction = nanless(prod, () => 1);
/** Maximum of the elements that aren't NaN. Source: jax.numpy.nanmax. */
export const nanmax: Reduction = nanless(max, () => -Infinity, true);
/** Minimum of the elements that aren't NaN. Source: jax.numpy.nanmin. */
export const nanmin: Reduction = nanless(min, () => Infinity, true);
const notNan = (x: NDArray, where: Operand | null | undefined): NDArray => {
  const ok = u.logicalNot(u.isnan(x));
  return where == null ? ok : u.logicalAnd(ok, where);
};
/** Mean of the elements that aren't NaN. Source: jax.numpy.nanmean. */
export const nanmean: Reduction = (a, options = {}) => {
  const x = toArray("np.nanmean", a);
  if (!isInexact(x.dtype)) return mean(x, options);
  const n = sum(notNan(x, options.where), {
    axis: options.axis,
    keepdims: options.keepdims,
    dtype: options.dtype ?? x.dtype,
  });
  return u.divide(nansum(x, options), n);
};
/** Variance of the elements that aren't NaN. Source: jax.numpy.nanvar. */
export function nanvar(a: Operand, options: VarOptions = {}): NDArray {
  const x = toArray("np.nanvar", a);
  if (!isInexact(x.dtype)) return var_(x, options);
  const { ddof = 0, ...rest } = options;
  const where = notNan(x, options.where);
  const centred = u.where(
    where,
    u.subtract(x, nanmean(x, { axis: options.axis, keepdims: true, where: options.where })),
    0,
  );
  const squares = isComplex(x.dtype) ? u.real(u.multiply(centred, u.conj(centred))) : u.square(centred);
  const n = sum(where, { axis: options.axis, keepdims: options.keepdims, dtype: realDType(x.dtype) });
  const left = u.subtract(n, ddof);
  const out = u.divide(sum(squares, { axis: rest.axis, keepdims: rest.keepdims }), left);
  return L().convertElementType(
    u.where(u.lessEqual(left, 0), Number.NaN, out),
    canonicalDType(options.dtype ?? realDType(x.dtype)),
  );
}
/** Standard deviation of the elements that aren't NaN. Source: jax.numpy.nanstd. */
export const nanstd = (a: Operand, options: VarOptions = {}): NDArray => L().sqrt(nanvar(a, options));
const nanArg =
  (pick: ArgReduction, fill: number): ArgReduction =>
  (a, options = {}) => {
    const x = toArray("np.nanarg…", a);
    if (!isInexact(x.dtype)) return pick(x, options);
    const isNan = u.isnan(x);
    return u.where(
      all(isNan, { axis: options.axis, keepdims: options.keepdims }),
      -1n,
      pick(u.where(isNan, fill, x), options),
    );
  };
/** Index of the first maximum that isn't NaN; −1 if all are. Source: jax.numpy.nanargmax. */
export const nanargmax: ArgReduction = nanArg(argmax, -Infinity);
/** Index of the first minimum that isn't NaN; −1 if all are. Source: jax.numpy.nanargmin. */
export const nanargmin: ArgReduction = nanArg(argmin, Infinity);

/** Maximum − minimum. Source: jax.numpy.ptp. */
export const ptp = (a: Operand, options: ReduceOptions = {}): NDArray =>
  u.subtract(max(a, options), min(a, options));
/** How many elements aren't zero. Source: jax.numpy.count_nonzero. */
export const countNonzero = (
  a: Operand,
  options: { readonly axis?: Axis; readonly keepdims?: boolean | undefined } = {},
): NDArray => sum(L().ne(toArray("np.countNonzero", a), 0), { ...options, dtype: canonicalDType("int64") });
/** Weighted mean. Source: jax.numpy.average. */
export function average(
  a: Operand,
  options: {
    readonly axis?: Axis;
    readonly weights?: Operand | null | undefined;
    readonly returned?: boolean | undefined;
    readonly keepdims?: boolean | undefined;
  } = {},
): NDArray | [NDArray, NDArray] {
  checkOptions("np.average", options, ["axis", "weights", "returned", "keepdims"]);
  const { axis, keepdims } = options;
  if (options.weights == null) {
    const out = mean(a, { axis, keepdims });
    const x = toArray("np.average", a);
    return options.returned === true
      ? [
          out,
          L().fullLike(
            out,
            axesOf("np.average", axis, x).reduce((n, i) => n * (x.shape[i] as number), 1),
          ),
        ]
      : out;
  }
  const [x, w] = promoteDTypes("np.average", [a, options.weights], true) as [NDArray, NDArray];
  const at =
    axis == null || x.ndim === w.ndim ? w : L().broadcastInDim(w, x.shape, axesOf("np.average", axis, x));
  const total = sum(broadcastTo("np.average", at, x.shape), { axis, keepdims });
  const out = L().div(sum(L().mul(x, broadcastTo("np.average", at, x.shape)), { axis, keepdims }), total);
  return options.returned === true ? [out, total] : out;
}

type Combine = (lax: Lax, x: NDArray, y: NDArray) => NDArray;
/** Inclusive scan along an axis by doubling: log₂ n operations, differentiable by composition. */
export function scanAlong(
  x: NDArray,
  axis: number,
  identity: number | bigint | boolean,
  combine: Combine,
): NDArray {
  const lax = L();
  const n = x.shape[axis] as number;
  let y = x;
  for (let step = 1; step < n; step *= 2) {
    const config = x.shape.map(
      (_, i) => (i === axis ? [step, -step, 0] : [0, 0, 0]) as [number, number, number],
    );
    y = combine(lax, lax.pad(y, literal(identity, y.dtype), config), y);
  }
  return y;
}
interface CumulativeOptions {
  readonly axis?: number | null | undefined;
  readonly dtype?: DType | null | undefined;
}
const cumulative =
  (name: string, identity: number, combine: Combine, ignoreNan = false) =>
  (a: Operand, options: CumulativeOptions = {}): NDArray => {
    checkOptions(`np.${name}`, options, ["axis", "dtype"]);
    const lax = L();
    let x = toArray(`np.${name}`, a);
    const weak = x.weakType && options.dtype == null;
    if (options.axis == null) x = lax.reshape(x, [x.size]);
    const axis = oneAxis(`np.${name}`, options.axis ?? 0, x);
    if (ignoreNan && isInexact(x.dtype)) x = u.where(u.isnan(x), identity, x);
    const dtype = canonicalDType(options.dtype ?? (isBool(x.dtype) ? "int64" : x.dtype));
    const out = scanAlong(lax.convertElementType(x, dtype), axis, identity, combine);
    return lax.convertElementType(out, dtype, { weakType: weak && dtype === x.dtype });
  };
type Cumulative = (a: Operand, options?: CumulativeOptions) => NDArray;
/** Running sum. Source: jax.numpy.cumsum. */
export const cumsum: Cumulative = cumulative("cumsum", 0, (lax, x, y) => lax.add(x, y));
/** Running product. Source: jax.numpy.cumprod. */
export const cumprod: Cumulative = cumulative("cumprod", 1, (lax, x, y) => lax.mul(x, y));
/** Running sum, NaN as 0. Source: jax.numpy.nancumsum. */
export const nancumsum: Cumulative = cumulative("nancumsum", 0, (lax, x, y) => lax.add(x, y), true);
/** Running product, NaN as 1. Source: jax.numpy.nancumprod. */
export const nancumprod: Cumulative = cumulative("nancumprod", 1, (lax, x, y) => lax.mul(x, y), true);
const withInitial =
  (cum: Cumulative, initial: number) =>
  (
    a: Operand,
    options: CumulativeOptions & { readonly includeInitial?: boolean | undefined } = {},
  ): NDArray => {
    const { includeInitial, ...rest } = options;
    const x = toArray("np.cumulative…", a);
    const axis = oneAxis("np.cumulative…", options.axis ?? 0, x);
    const out = cum(x, { ...rest, axis });
    if (includeInitial !== true) return out;
    return L().pad(
      out,
      literal(initial, out.dtype),
      range(x.ndim).map((i) => [i === axis ? 1 : 0, 0, 0] as const),
    );
  };
/** Running sum along an axis. Source: jax.numpy.cumulative_sum. */
export const cumulativeSum: (
  a: Operand,
  options?: CumulativeOptions & { readonly includeInitial?: boolean | undefined },
) => NDArray = withInitial(cumsum, 0);
/** Running product along an axis. Source: jax.numpy.cumulative_prod. */
export const cumulativeProd: (
  a: Operand,
  options?: CumulativeOptions & { readonly includeInitial?: boolean | undefined },
) => NDArray = withInitial(cumprod, 1);
