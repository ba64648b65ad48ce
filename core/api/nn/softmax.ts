// nn: normalisation along axes.
import { context } from "../../ir/context.ts";
import { isComplex, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkInteger, literal, toArray } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Axis, Options } from "../keywords.ts";
import * as a from "../numpy/arithmetic.ts";
import { customJvp, pick, toBool } from "../numpy/define.ts";
import * as r from "../numpy/reductions.ts";
import { mean as meanOf } from "../numpy/statistics.ts";
import { promoteDTypes, promoteOne } from "../promotion.ts";

type Operands = readonly [NDArray, NDArray | null];
const KEEP = { keepdims: true } as const;
const laxOf = (): ReturnType<typeof context>["lax"] => context().lax;
/** `x`, −∞ where the mask says no. */
const masked = (x: NDArray, where: NDArray | null): NDArray =>
  where === null ? x : pick(where, x, literal(-Infinity, x.dtype));
const maskOf = (name: string, where: ArrayLike | null | undefined): NDArray | null =>
  where == null ? null : toBool(toArray(name, where, "where"));

function softmaxValue([x, where]: Operands, axis: Axis): NDArray {
  const lax = laxOf();
  const safe = masked(x, where);
  const largest = r.max(safe, { axis, initial: literal(-Infinity, x.dtype), ...KEEP });
  const unnormalised = lax.exp(a.subtract(safe, largest));
  const total = r.sum(unnormalised, { axis, where, ...KEEP });
  const out = a.divide(unnormalised, total);
  return where === null ? out : pick(where, out, literal(0, out.dtype));
}
const softmaxOf = composite("nn.softmax", ([x, where]: Operands, axis: Axis) => {
  const rule = customJvp(
    "nn.softmax",
    ([v]) => [softmaxValue([v as NDArray, where], axis)],
    ([v], [t]) => {
      const y = softmaxValue([v as NDArray, where], axis);
      const weighted = laxOf().mul(y, t as NDArray);
      const total = r.sum(weighted, { axis, where, ...KEEP });
      return { outs: [y], tangents: [laxOf().mul(y, a.subtract(t as NDArray, total))] };
    },
  );
  return rule(x)[0] as NDArray;
});
/** eˣ / Σ eˣ along axes (default −1); elements outside `where` give 0. Source: jax.nn.softmax. */
export function softmax(x: ArrayLike, options: Options<"axis" | "where"> = {}): NDArray {
  const name = "nn.softmax";
  checkOptions(name, options, ["axis", "where"]);
  return softmaxOf([promoteOne(name, x, "inexact"), maskOf(name, options.where)], axisOf(options.axis));
}
const axisOf = (axis: Axis | undefined): Axis => (axis === undefined ? -1 : axis);

const logSoftmaxOf = composite("nn.logSoftmax", ([x, where]: Operands, axis: Axis) => {
  const lax = laxOf();
  const safe = masked(x, where);
  const largest = r.max(safe, { axis, initial: literal(-Infinity, x.dtype), ...KEEP });
  const shifted = a.subtract(safe, lax.stopGradient(largest));
  const total = lax.log(r.sum(lax.exp(shifted), { axis, where, ...KEEP }));
  return masked(a.subtract(shifted, total), where);
});
/** x − log Σ eˣ along axes (default −1); elements outside `where` give −∞. Source: jax.nn.log_softmax. */
export function logSoftmax(x: ArrayLike, options: Options<"axis" | "where"> = {}): NDArray {
  const name = "nn.logSoftmax";
  checkOptions(name, options, ["axis", "where"]);
  return logSoftmaxOf([promoteOne(name, x, "inexact"), maskOf(name, options.where)], axisOf(options.axis));
}

const logsumexpOf = composite(
  "nn.logsumexp",
  (
    [x, b, where]: readonly [NDArray, NDArray | null, NDArray | null],
    axis: Axis,
    keepdims: boolean,
    signed: boolean,
  ) => {
    const lax = laxOf();
    const v = b === null ? x : pick(lax.ne(b, literal(0, b.dtype)), x, literal(-Infinity, x.dtype));
    const magnitude = isComplex(v.dtype) ? lax.real(v) : v;
    const initial = literal(-Infinity, magnitude.dtype);
    const largest = r.max(magnitude, { axis, where, initial, ...KEEP });
    const finite = lax.stopGradient(lax.select(lax.isFinite(largest), largest, lax.zerosLike(largest)));
    const exp = lax.exp(a.subtract(v, lax.convertElementType(finite, v.dtype)));
    const sum = r.sum(b === null ? exp : a.multiply(exp, b), { axis, where, keepdims });
    const sign = lax.sign(sum);
    const size = signed || !isComplex(v.dtype) ? lax.abs(sum) : sum;
    const offset = keepdims ? finite : lax.reshape(finite, sum.shape);
    const out = lax.add(lax.log(size), lax.convertElementType(offset, size.dtype));
    if (signed) return [out, sign];
    if (b === null || isComplex(v.dtype)) return [out];
    return [pick(lax.lt(sign, literal(0, sign.dtype)), literal(NaN, out.dtype), out)];
  },
);
interface LogsumexpOwn {
  /** Factors of the exponentials. */
  readonly b: ArrayLike | null;
}
/**
 * log Σ b·eᵃ over axes (default: all), without overflow. With `returnSign` the result is [log |Σ|, sign of Σ].
 * Source: jax.nn.logsumexp.
 */
export function logsumexp(
  a: ArrayLike,
  options?: Options<"axis" | "keepdims" | "where", LogsumexpOwn & { returnSign: false }>,
): NDArray;
export function logsumexp(
  a: ArrayLike,
  options: Options<"axis" | "keepdims" | "where", LogsumexpOwn> & { readonly returnSign: true },
): [NDArray, NDArray];
export function logsumexp(
  a: ArrayLike,
  options: Options<"axis" | "keepdims" | "where", LogsumexpOwn & { returnSign: boolean }> = {},
): NDArray | [NDArray, NDArray] {
  const name = "nn.logsumexp";
  checkOptions(name, options, ["axis", "b", "keepdims", "returnSign", "where"]);
  const [x, b] =
    options.b == null
      ? [promoteOne(name, a, "inexact", "a"), null]
      : (promoteDTypes(name, [a, options.b], "inexact", ["a", "b"]) as [NDArray, NDArray]);
  const signed = options.returnSign ?? false;
  const outs = logsumexpOf(
    [x, b, maskOf(name, options.where)],
    options.axis ?? null,
    options.keepdims ?? false,
    signed,
  );
  return signed ? (outs as [NDArray, NDArray]) : (outs[0] as NDArray);
}

/** log of the mean of eˣ over axes (default: all). Source: jax.nn.logmeanexp. */
export function logmeanexp(x: ArrayLike, options: Options<"axis" | "keepdims" | "where"> = {}): NDArray {
  const name = "nn.logmeanexp";
  checkOptions(name, options, ["axis", "keepdims", "where"]);
  const v = promoteOne(name, x, "inexact");
  const total = logsumexp(v, options);
  const { axis, keepdims } = options;
  const counted = options.where == null ? laxOf().fullLike(v, 1) : maskOf(name, options.where);
  const ones = a.multiply(
    laxOf().convertElementType(counted as NDArray, total.dtype),
    laxOf().fullLike(v, 1),
  );
  return a.subtract(total, laxOf().log(r.sum(ones, { axis, keepdims })));
}

interface StandardizeOwn {
  /** A variance that is known already. */
  readonly variance: ArrayLike | null;
  /** Added to the variance (default 1e-5). */
  readonly epsilon: ArrayLike;
}
const standardizeOf = composite(
  "nn.standardize",
  (
    [x, mean, variance, epsilon, where]: readonly [
      NDArray,
      NDArray | null,
      NDArray | null,
      NDArray,
      NDArray | null,
    ],
    axis: Axis,
  ) => {
    const lax = laxOf();
    const m = mean ?? meanOf(x, { axis, where, ...KEEP });
    // The mean of squares less the square of the mean: less exact than var's, and as JAX has it.
    const v = variance ?? a.subtract(meanOf(lax.square(x), { axis, where, ...KEEP }), lax.square(m));
    return a.multiply(a.subtract(x, m), lax.rsqrt(a.add(v, epsilon)));
  },
);
/** (x − mean) / √(variance + ε) along axes (default −1). Source: jax.nn.standardize. */
export function standardize(
  x: ArrayLike,
  options: Options<"axis" | "mean" | "where", StandardizeOwn> = {},
): NDArray {
  const name = "nn.standardize";
  checkOptions(name, options, ["axis", "mean", "variance", "epsilon", "where"]);
  const v = promoteOne(name, x, "inexact");
  const optional = (given: ArrayLike | null | undefined): NDArray | null =>
    given == null ? null : toArray(name, given);
  const epsilon = toArray(name, options.epsilon ?? 1e-5);
  return standardizeOf(
    [v, optional(options.mean), optional(options.variance), epsilon, maskOf(name, options.where)],
    axisOf(options.axis),
  );
}

const oneHotOf = composite(
  "nn.oneHot",
  ([x]: readonly [NDArray], numClasses: number, axis: number, dtype: DType) => {
    const lax = laxOf();
    const shape = [...x.shape.slice(0, axis), numClasses, ...x.shape.slice(axis)];
    const wide = lax.broadcastInDim(
      x,
      shape,
      x.shape.map((_, i) => (i < axis ? i : i + 1)),
    );
    const classes = lax.broadcastedIota("int32", shape, axis);
    return lax.convertElementType(lax.eq(wide, lax.convertElementType(classes, x.dtype)), dtype);
  },
);
/** 1 at the place of the class along a new axis (default: last), 0 elsewhere; all 0 out of range. Source: jax.nn.one_hot. */
export function oneHot(
  x: ArrayLike,
  numClasses: number,
  options: Options<"dtype", { axis: number }> = {},
): NDArray {
  const name = "nn.oneHot";
  checkOptions(name, options, ["dtype", "axis"]);
  checkInteger(name, "numClasses", numClasses);
  const v = toArray(name, typeof x === "number" && Number.isInteger(x) ? BigInt(x) : x, "x");
  const axis = canonicalAxis(name, options.axis ?? -1, v.ndim + 1);
  return oneHotOf([v], numClasses, axis, canonicalDType(options.dtype ?? "float64"));
}
