// np: running sums and products.
import { fail } from "../../errors.ts";
import { isBool, isInexact, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { oneAxis } from "./axes.ts";
import { L, pick, toBool } from "./define.ts";
import { promotedInteger } from "./reductions.ts";

/** Words of cumsum and cumprod. */
export type CumulativeOptions = Options<"dtype", { axis: number | null }>;
interface Plan {
  readonly axis: number;
  readonly dtype: DType | null;
  /** Put before the first element. */
  readonly initial: boolean;
  /** Every integer becomes wide, not only bool. */
  readonly promoteIntegers: boolean;
}
/** `identity`: what NaN counts as under `fillNan`. */
function cumulative(name: string, op: "cumsum" | "cumprod", fillNan: boolean) {
  const identity = op === "cumsum" ? 0 : 1;
  return composite(`np.${name}`, ([a]: readonly [NDArray], plan: Plan) => {
    const lax = L();
    let x = fillNan && isInexact(a.dtype) ? pick(lax.ne(a, a), literal(identity, a.dtype), a) : a;
    const wide = plan.promoteIntegers || isBool(x.dtype) ? promotedInteger(x.dtype) : x.dtype;
    const result = plan.dtype ?? wide;
    if (isBool(result)) x = toBool(x);
    const work = isBool(result) ? promotedInteger(result) : result;
    const run = lax[op](lax.convertElementType(x, work), plan.axis);
    const out = isBool(result) ? toBool(run) : lax.convertElementType(run, result);
    if (!plan.initial) return out;
    const edge = out.shape.map((_, i) => (i === plan.axis ? ([1, 0, 0] as const) : ([0, 0, 0] as const)));
    return lax.pad(out, literal(identity, out.dtype), edge);
  });
}
const RUN = {
  cumsum: cumulative("cumsum", "cumsum", false),
  cumprod: cumulative("cumprod", "cumprod", false),
  nancumsum: cumulative("nancumsum", "cumsum", true),
  nancumprod: cumulative("nancumprod", "cumprod", true),
  cumulativeSum: cumulative("cumulativeSum", "cumsum", false),
  cumulativeProd: cumulative("cumulativeProd", "cumprod", false),
} as const;
function flatOrAlong(name: keyof typeof RUN, a: ArrayLike, options: CumulativeOptions): NDArray {
  checkOptions(`np.${name}`, options, ["axis", "dtype"]);
  const given = toArray(`np.${name}`, a, "a");
  const x = options.axis == null || given.ndim === 0 ? L().reshape(given, [given.size]) : given;
  return RUN[name]([x], {
    axis: oneAxis(`np.${name}`, options.axis ?? 0, x),
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
    initial: false,
    promoteIntegers: false,
  });
}
/** Running sum. Source: jax.numpy.cumsum. */
export function cumsum(a: ArrayLike, options: CumulativeOptions = {}): NDArray {
  return flatOrAlong("cumsum", a, options);
}
/** Running product. Source: jax.numpy.cumprod. */
export function cumprod(a: ArrayLike, options: CumulativeOptions = {}): NDArray {
  return flatOrAlong("cumprod", a, options);
}
/** Running sum, NaN as 0. Source: jax.numpy.nancumsum. */
export function nancumsum(a: ArrayLike, options: CumulativeOptions = {}): NDArray {
  return flatOrAlong("nancumsum", a, options);
}
/** Running product, NaN as 1. Source: jax.numpy.nancumprod. */
export function nancumprod(a: ArrayLike, options: CumulativeOptions = {}): NDArray {
  return flatOrAlong("nancumprod", a, options);
}

/** Words of cumulativeSum and cumulativeProd. */
export type CumulativeSumOptions = Options<"dtype" | "includeInitial", { axis: number | null }>;
function alongOne(
  name: "cumulativeSum" | "cumulativeProd",
  x: ArrayLike,
  options: CumulativeSumOptions,
): NDArray {
  checkOptions(`np.${name}`, options, ["axis", "dtype", "includeInitial"]);
  const v = toArray(`np.${name}`, x, "x");
  if (v.ndim === 0) throw fail("E_SHAPE", `np.${name}: got ${v.aval}, expected at least one axis`);
  if (options.axis == null && v.ndim > 1)
    throw fail("E_ARGUMENT", `np.${name}: ${v.aval} has several axes: name one, { axis: 0 }`);
  return RUN[name]([v], {
    axis: oneAxis(`np.${name}`, options.axis ?? 0, v),
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
    initial: options.includeInitial ?? false,
    promoteIntegers: name === "cumulativeSum",
  });
}
/** Running sum along an axis; small integers become wide. Source: jax.numpy.cumulative_sum. */
export function cumulativeSum(x: ArrayLike, options: CumulativeSumOptions = {}): NDArray {
  return alongOne("cumulativeSum", x, options);
}
/** Running product along an axis. Source: jax.numpy.cumulative_prod. */
export function cumulativeProd(x: ArrayLike, options: CumulativeSumOptions = {}): NDArray {
  return alongOne("cumulativeProd", x, options);
}
