// np: reductions, with JAX's dtypes: small integers sum in the default integer type, f16 in f32; results are never weak.
import { fail } from "../../errors.ts";
import { DTYPES, isBool, isComplex, isInteger, isUnsigned, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { promoteOne } from "../promotion.ts";
import { axesOf, oneAxis } from "./axes.ts";
import { L, pick, toBool } from "./define.ts";

/** Words of sum and prod. */
export type SumOptions = Options<"axis" | "dtype" | "keepdims" | "initial" | "where" | "promoteIntegers">;
/** Words of max and min. */
export type ExtremumOptions = Options<"axis" | "keepdims" | "initial" | "where">;
/** Words of all and any. */
export type LogicOptions = Options<"axis" | "keepdims" | "where">;
const SUM = ["axis", "dtype", "keepdims", "initial", "where", "promoteIntegers"] as const;

/** Reduced axes put back with size 1. */
export const keepAxes = (
  x: NDArray,
  like: NDArray,
  axes: readonly number[],
  keepdims: boolean | undefined,
): NDArray =>
  keepdims === true
    ? L().reshape(
        x,
        like.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      )
    : x;
/** The dtype in which integers and bool are summed. */
export function promotedInteger(dtype: DType): DType {
  if (isBool(dtype)) return canonicalDType("int64");
  if (!isInteger(dtype)) return dtype;
  const wide = canonicalDType(isUnsigned(dtype) ? "uint64" : "int64");
  return DTYPES[dtype].itemsize < DTYPES[wide].itemsize ? wide : dtype;
}
/** f16 and bf16 are computed in f32. */
export const upcastHalf = (dtype: DType): DType =>
  dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype;
/** The mask of a reduction, which must be bool. */
export function maskOf(name: string, where: ArrayLike | null | undefined): NDArray | null {
  if (where == null) return null;
  const mask = toArray(name, where, "where");
  if (isBool(mask.dtype)) return mask;
  throw fail("E_DTYPE", `${name}: where is ${mask.aval}, expected bool`);
}

interface Spec {
  readonly name: string;
  /** What is left of no elements; null: an error. */
  readonly identity: ((dtype: DType) => number | bigint | boolean) | null;
  readonly reduce: (x: NDArray, axes: readonly number[]) => NDArray;
  readonly join: (x: NDArray, y: NDArray) => NDArray;
  readonly prepare?: (x: NDArray) => NDArray;
  /** What a masked element counts as. */
  readonly neutral: (dtype: DType) => number | bigint | boolean;
}
interface Plan {
  readonly axes: readonly number[];
  readonly dtype: DType | null;
  readonly keepdims: boolean;
  /** Sums and products: integers become wide, halves are computed in f32. */
  readonly widen: boolean;
  readonly promoteIntegers: boolean;
}
function reduction(spec: Spec) {
  const name = `np.${spec.name}`;
  type Given = readonly [NDArray, NDArray | null, NDArray | null];
  const body = ([a, where, initial]: Given, plan: Plan): NDArray => {
    const lax = L();
    const x = spec.prepare?.(a) ?? a;
    const result = plan.dtype ?? (plan.promoteIntegers ? promotedInteger(x.dtype) : x.dtype);
    const work = plan.widen && plan.dtype === null ? upcastHalf(result) : result;
    let y = lax.convertElementType(x, work);
    if (where !== null) y = pick(where, y, literal(spec.neutral(work), work));
    let out = spec.reduce(y, plan.axes);
    if (initial !== null) out = spec.join(lax.convertElementType(initial, work), out);
    return keepAxes(lax.convertElementType(out, result), x, plan.axes, plan.keepdims);
  };
  const together = composite(name, body);
  return (a: ArrayLike, options: SumOptions, widen: boolean): NDArray => {
    const x = toArray(name, a, "a");
    const where = maskOf(name, options.where);
    const axes = axesOf(name, options.axis, x);
    const initial = options.initial == null ? null : toArray(name, options.initial, "initial");
    if (initial !== null && initial.ndim > 0)
      throw fail("E_SHAPE", `${name}: the initial value is ${initial.aval}, expected a scalar`);
    if (spec.identity === null && initial === null) {
      if (axes.some((i) => x.shape[i] === 0))
        throw fail("E_SHAPE", `${name}: ${x.aval} has no element along axis ${axes.join(",")}`, {
          hint: "give an initial value",
        });
      if (where !== null) throw fail("E_ARGUMENT", `${name}: with where it needs an initial value`);
    }
    const dtype = options.dtype == null ? null : canonicalDType(options.dtype);
    const plan: Plan = {
      axes,
      dtype,
      keepdims: options.keepdims ?? false,
      widen,
      promoteIntegers: widen && (options.promoteIntegers ?? true),
    };
    // A plain reduction is one operation, which needs no program of its own.
    return where === null && initial === null
      ? body([x, null, null], plan)
      : together([x, where, initial], plan);
  };
}

const numeric = (x: NDArray): NDArray => promoteOne("np.sum", x, "numeric");
const sumOf = reduction({
  name: "sum",
  identity: () => 0,
  neutral: (dtype) => !isBool(dtype) && 0,
  prepare: numeric,
  reduce: (x, axes) => (isBool(x.dtype) ? L().reduceOr(x, axes) : L().reduceSum(x, axes)),
  join: (x, y) => (isBool(x.dtype) ? L().bitwiseOr(x, y) : L().add(x, y)),
});
/** Sum. Source: jax.numpy.sum. */
export function sum(a: ArrayLike, options: SumOptions = {}): NDArray {
  checkOptions("np.sum", options, SUM);
  return sumOf(a, options, true);
}
const prodOf = reduction({
  name: "prod",
  identity: () => 1,
  neutral: (dtype) => isBool(dtype) || 1,
  prepare: numeric,
  reduce: (x, axes) => (isBool(x.dtype) ? L().reduceAnd(x, axes) : L().reduceProd(x, axes)),
  join: (x, y) => (isBool(x.dtype) ? L().bitwiseAnd(x, y) : L().mul(x, y)),
});
/** Product. Source: jax.numpy.prod. */
export function prod(a: ArrayLike, options: SumOptions = {}): NDArray {
  checkOptions("np.prod", options, SUM);
  return prodOf(a, options, true);
}
/** The least or largest value of a dtype. */
function extremeOf(dtype: DType, sign: 1 | -1): number | bigint | boolean {
  if (isBool(dtype)) return sign > 0;
  if (!isInteger(dtype)) return sign * Infinity;
  const bits = BigInt(DTYPES[dtype].itemsize * 8);
  if (isUnsigned(dtype)) return sign > 0 ? (1n << bits) - 1n : 0n;
  return sign > 0 ? (1n << (bits - 1n)) - 1n : -(1n << (bits - 1n));
}
/** Complex numbers in order of real, then imaginary part: the last or first along axes. */
function extremeComplex(x: NDArray, axes: readonly number[], last: boolean): NDArray {
  const lax = L();
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const kept = rest.map((i) => x.shape[i] as number);
  const n = axes.reduce((m, i) => m * (x.shape[i] as number), 1);
  const flat = lax.reshape(lax.transpose(x, [...rest, ...axes]), [...kept, n]);
  const sorted = lax.sort(flat, { dimension: rest.length });
  const at = last ? n - 1 : 0;
  return lax.reshape(lax.sliceInDim(sorted, at, at + 1, 1, rest.length), kept);
}
const maxOf = reduction({
  name: "max",
  identity: null,
  neutral: (dtype) => extremeOf(dtype, -1),
  reduce: (x, axes) => (isComplex(x.dtype) ? extremeComplex(x, axes, true) : L().reduceMax(x, axes)),
  join: (x, y) => L().max(x, y),
});
/** Maximum; NaN if one is; its derivative is shared among ties. Source: jax.numpy.max. */
export function max(a: ArrayLike, options: ExtremumOptions = {}): NDArray {
  checkOptions("np.max", options, ["axis", "keepdims", "initial", "where"]);
  return maxOf(a, options, false);
}
const minOf = reduction({
  name: "min",
  identity: null,
  neutral: (dtype) => extremeOf(dtype, 1),
  reduce: (x, axes) => (isComplex(x.dtype) ? extremeComplex(x, axes, false) : L().reduceMin(x, axes)),
  join: (x, y) => L().min(x, y),
});
/** Minimum; NaN if one is; its derivative is shared among ties. Source: jax.numpy.min. */
export function min(a: ArrayLike, options: ExtremumOptions = {}): NDArray {
  checkOptions("np.min", options, ["axis", "keepdims", "initial", "where"]);
  return minOf(a, options, false);
}
/** As max. Source: jax.numpy.amax. */
export const amax: (a: ArrayLike, options?: ExtremumOptions) => NDArray = max;
/** As min. Source: jax.numpy.amin. */
export const amin: (a: ArrayLike, options?: ExtremumOptions) => NDArray = min;

/** jnp's _cast_to_bool: of complex numbers the real part counts. */
const truth = (x: NDArray): NDArray => toBool(isComplex(x.dtype) ? L().real(x) : x);
const allOf = reduction({
  name: "all",
  identity: () => true,
  neutral: () => true,
  prepare: truth,
  reduce: (x, axes) => L().reduceAnd(x, axes),
  join: (x, y) => L().bitwiseAnd(x, y),
});
/** Are all elements true? Source: jax.numpy.all. */
export function all(a: ArrayLike, options: LogicOptions = {}): NDArray {
  checkOptions("np.all", options, ["axis", "keepdims", "where"]);
  return allOf(a, options, false);
}
const anyOf = reduction({
  name: "any",
  identity: () => false,
  neutral: () => false,
  prepare: truth,
  reduce: (x, axes) => L().reduceOr(x, axes),
  join: (x, y) => L().bitwiseOr(x, y),
});
/** Is any element true? Source: jax.numpy.any. */
export function any(a: ArrayLike, options: LogicOptions = {}): NDArray {
  checkOptions("np.any", options, ["axis", "keepdims", "where"]);
  return anyOf(a, options, false);
}

/** Words of argmax and argmin. */
export type ArgOptions = Options<"keepdims", { axis: number | null }>;
function argOf(name: "argmax" | "argmin", a: ArrayLike, options: ArgOptions): NDArray {
  checkOptions(`np.${name}`, options, ["axis", "keepdims"]);
  const lax = L();
  const x = toArray(`np.${name}`, a, "a");
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
}
/** Index of the first maximum, or of the first NaN. Source: jax.numpy.argmax. */
export function argmax(a: ArrayLike, options: ArgOptions = {}): NDArray {
  return argOf("argmax", a, options);
}
/** Index of the first minimum, or of the first NaN. Source: jax.numpy.argmin. */
export function argmin(a: ArrayLike, options: ArgOptions = {}): NDArray {
  return argOf("argmin", a, options);
}

/** Maximum − minimum. Source: jax.numpy.ptp. */
export function ptp(a: ArrayLike, options: Options<"axis" | "keepdims"> = {}): NDArray {
  checkOptions("np.ptp", options, ["axis", "keepdims"]);
  const x = toArray("np.ptp", a, "a");
  return L().sub(max(x, options), min(x, options));
}
const nonzeros = composite(
  "np.countNonzero",
  ([x]: readonly [NDArray], axes: readonly number[], keepdims: boolean) =>
    sum(L().ne(x, isBool(x.dtype) ? false : 0), { axis: axes, keepdims, dtype: canonicalDType("int64") }),
);
/** How many elements aren't zero. Source: jax.numpy.count_nonzero. */
export function countNonzero(a: ArrayLike, options: Options<"axis" | "keepdims"> = {}): NDArray {
  checkOptions("np.countNonzero", options, ["axis", "keepdims"]);
  const x = toArray("np.countNonzero", a, "a");
  return nonzeros([x], axesOf("np.countNonzero", options.axis, x), options.keepdims ?? false);
}
