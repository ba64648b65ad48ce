// np: reductions that leave NaN out.
import { isComplex, isInexact, isInteger, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { axesOf } from "./axes.ts";
import { L, pick } from "./define.ts";
import {
  all,
  argmax,
  argmin,
  maskOf,
  max,
  min,
  prod,
  sum,
  type ArgOptions,
  type ExtremumOptions,
} from "./reductions.ts";
import { mean, squaredLength, varTypes } from "./statistics.ts";

type Reduce = (a: ArrayLike, options: object) => NDArray;
interface Plan {
  readonly axis: readonly number[];
  readonly keepdims: boolean;
  readonly dtype?: DType | null;
}
const isNan = (x: NDArray): NDArray => L().ne(x, x);

/** A reduction in which NaN counts as `neutral`. `extremum`: without an initial value all NaN give NaN. */
function without(name: string, reduce: Reduce, neutral: number, extremum: boolean) {
  const run = composite(
    `np.${name}`,
    ([x, where, initial]: readonly [NDArray, NDArray | null, NDArray | null], plan: Plan) => {
      const options = { ...plan, where, initial };
      const out = reduce(pick(isNan(x), literal(neutral, x.dtype), x), options);
      if (!extremum || initial !== null) return out;
      return pick(
        all(isNan(x), { axis: plan.axis, keepdims: plan.keepdims }),
        literal(Number.NaN, x.dtype),
        out,
      );
    },
  );
  return (a: ArrayLike, options: SumOptions): NDArray => {
    checkOptions(
      `np.${name}`,
      options,
      extremum ? ["axis", "keepdims", "initial", "where"] : ["axis", "dtype", "keepdims", "initial", "where"],
    );
    const x = toArray(`np.${name}`, a, "a");
    if (!isInexact(x.dtype)) return reduce(x, options);
    const initial = options.initial == null ? null : toArray(`np.${name}`, options.initial, "initial");
    return run([x, maskOf(`np.${name}`, options.where), initial], {
      axis: axesOf(`np.${name}`, options.axis, x),
      keepdims: options.keepdims ?? false,
      ...(extremum ? {} : { dtype: options.dtype ?? null }),
    });
  };
}
type SumOptions = Options<"axis" | "dtype" | "keepdims" | "initial" | "where">;
const nansumOf = without("nansum", sum, 0, false);
const nanprodOf = without("nanprod", prod, 1, false);
const nanmaxOf = without("nanmax", max, -Infinity, true);
const nanminOf = without("nanmin", min, Infinity, true);
/** Sum of the elements that aren't NaN. Source: jax.numpy.nansum. */
export function nansum(a: ArrayLike, options: SumOptions = {}): NDArray {
  return nansumOf(a, options);
}
/** Product of the elements that aren't NaN. Source: jax.numpy.nanprod. */
export function nanprod(a: ArrayLike, options: SumOptions = {}): NDArray {
  return nanprodOf(a, options);
}
/** Maximum of the elements that aren't NaN. Source: jax.numpy.nanmax. */
export function nanmax(a: ArrayLike, options: ExtremumOptions = {}): NDArray {
  return nanmaxOf(a, options);
}
/** Minimum of the elements that aren't NaN. Source: jax.numpy.nanmin. */
export function nanmin(a: ArrayLike, options: ExtremumOptions = {}): NDArray {
  return nanminOf(a, options);
}

const nanmeanOf = composite("np.nanmean", ([x, where]: readonly [NDArray, NDArray | null], plan: Plan) => {
  const lax = L();
  const options = { ...plan, dtype: plan.dtype ?? x.dtype, where };
  const count = sum(lax.bitwiseNot(isNan(x)), options);
  return lax.div(nansum(x, options), count);
});
/** Mean of the elements that aren't NaN. Source: jax.numpy.nanmean. */
export function nanmean(
  a: ArrayLike,
  options: Options<"axis" | "dtype" | "keepdims" | "where"> = {},
): NDArray {
  checkOptions("np.nanmean", options, ["axis", "dtype", "keepdims", "where"]);
  const x = toArray("np.nanmean", a, "a");
  if (!isInexact(x.dtype)) return mean(x, options);
  return nanmeanOf([x, maskOf("np.nanmean", options.where)], {
    axis: axesOf("np.nanmean", options.axis, x),
    keepdims: options.keepdims ?? false,
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
  });
}

/** Words of nanvar and nanstd. */
export type NanVarOptions = Options<"axis" | "dtype" | "ddof" | "keepdims" | "where" | "mean">;
interface VarPlan extends Plan {
  readonly work: DType;
  readonly result: DType;
  readonly ddof: number;
}
const nanvarOf = composite(
  "np.nanvar",
  ([a, where, known]: readonly [NDArray, NDArray | null, NDArray | null], plan: VarPlan, root: boolean) => {
    const lax = L();
    const over = { axis: plan.axis, keepdims: plan.keepdims, where };
    const x = lax.convertElementType(a, plan.work);
    const centre =
      known === null
        ? nanmean(x, { axis: plan.axis, keepdims: true, where, dtype: plan.work })
        : lax.convertElementType(known, plan.work);
    const centred = pick(isNan(x), 0, pickSub(x, centre));
    const squares = squaredLength(centred);
    const count = lax.sub(sum(lax.bitwiseNot(isNan(x)), over), plan.ddof);
    const few = lax.le(count, 0);
    const total = pick(few, Number.NaN, sum(squares, over));
    const by = lax.select(few, lax.fullLike(count, 1), count);
    const out = lax.convertElementType(lax.div(total, lax.convertElementType(by, total.dtype)), plan.result);
    return root ? lax.sqrt(out) : out;
  },
);
const pickSub = (x: NDArray, y: NDArray): NDArray =>
  L().sub(
    x,
    y.ndim === 0
      ? y
      : L().broadcastInDim(
          y,
          x.shape,
          y.shape.map((_, i) => i + x.ndim - y.ndim),
        ),
  );
function nanVariance(name: string, a: ArrayLike, options: NanVarOptions, root: boolean): NDArray {
  checkOptions(name, options, ["axis", "dtype", "ddof", "keepdims", "where", "mean"]);
  const x = toArray(name, a, "a");
  const plan: VarPlan = {
    axis: axesOf(name, options.axis, x),
    keepdims: options.keepdims ?? false,
    ddof: options.ddof ?? 0,
    ...varTypes(name, x, options.dtype),
  };
  const known = options.mean == null ? null : toArray(name, options.mean, "mean");
  return nanvarOf([x, maskOf(name, options.where), known], plan, root);
}
/** Variance of the elements that aren't NaN. Source: jax.numpy.nanvar. */
export function nanvar(a: ArrayLike, options: NanVarOptions = {}): NDArray {
  return nanVariance("np.nanvar", a, options, false);
}
/** Standard deviation of the elements that aren't NaN. Source: jax.numpy.nanstd. */
export function nanstd(a: ArrayLike, options: NanVarOptions = {}): NDArray {
  return nanVariance("np.nanstd", a, options, true);
}

function nanArg(name: string, a: ArrayLike, options: ArgOptions): NDArray {
  const pickArg = name === "nanargmax" ? argmax : argmin;
  const x = toArray(`np.${name}`, a, "a");
  if (!isInexact(x.dtype) || isComplex(x.dtype) || isInteger(x.dtype)) return pickArg(x, options);
  checkOptions(`np.${name}`, options, ["axis", "keepdims"]);
  return nanArgOf([x], name === "nanargmax", options.axis ?? null, options.keepdims ?? false);
}
const nanArgOf = composite(
  "np.nanargmax",
  ([x]: readonly [NDArray], largest: boolean, axis: number | null, keepdims: boolean) => {
    const fill = literal(largest ? -Infinity : Infinity, x.dtype);
    const at = (largest ? argmax : argmin)(pick(isNan(x), fill, x), { axis, keepdims });
    return pick(all(isNan(x), { axis, keepdims }), literal(-1, at.dtype), at);
  },
);
/** Index of the first maximum that isn't NaN; −1 if all are. Source: jax.numpy.nanargmax. */
export function nanargmax(a: ArrayLike, options: ArgOptions = {}): NDArray {
  return nanArg("nanargmax", a, options);
}
/** Index of the first minimum that isn't NaN; −1 if all are. Source: jax.numpy.nanargmin. */
export function nanargmin(a: ArrayLike, options: ArgOptions = {}): NDArray {
  return nanArg("nanargmin", a, options);
}
