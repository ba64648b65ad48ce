// nn: activation functions. Each is one program when called eagerly; derivatives at the kinks are JAX's.
import { isInexact } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { fail } from "../../errors.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import * as a from "../numpy/arithmetic.ts";
import { customJvp, L, pick, type Unary } from "../numpy/define.ts";
import * as e from "../numpy/elementary.ts";
import { promoteOne, type Domain } from "../promotion.ts";

/** What an operand becomes: as in np's domains, or "beside floats", where integers meet constants like 6.0 and turn weak. */
type Taken = Domain | "beside floats";
function taken(name: string, x: ArrayLike, as: Taken): NDArray {
  if (as !== "beside floats") return promoteOne(`nn.${name}`, x, as);
  const v = toArray(`nn.${name}`, x, "x");
  if (isInexact(v.dtype)) return v;
  return L().convertElementType(v, canonicalDType("float64"), { weakType: true });
}
/** One function of elements as one program. */
function activation(name: string, as: Taken, body: (x: NDArray) => NDArray): Unary {
  const run = composite(`nn.${name}`, ([x]: readonly [NDArray]) => body(taken(name, x, as)));
  return (x) => run([toArray(`nn.${name}`, x, "x")]);
}
/** The same with a parameter by name. */
function withParameter<W extends string>(
  name: string,
  word: W,
  initial: number,
  as: Taken,
  body: (x: NDArray, parameter: NDArray) => NDArray,
): (x: ArrayLike, options?: { readonly [P in W]?: ArrayLike | undefined }) => NDArray {
  const run = composite(`nn.${name}`, ([x, p]: readonly [NDArray, NDArray]) => body(x, p));
  return (x, options = {}) => {
    checkOptions(`nn.${name}`, options, [word]);
    const v = taken(name, x, as);
    return run([v, toArray(`nn.${name}`, options[word] ?? literal(initial, v.dtype, true))]);
  };
}
/** A constant beside `x`, weak as x is. */
const real = (x: NDArray, value: number): NDArray => literal(value, x.dtype, x.weakType);
const positive = (x: NDArray): NDArray => L().gt(x, real(x, 0));

/** A piecewise linear function whose derivative at its kinks is 0: that of x where `rises`, else 0. */
function ramp(
  name: string,
  value: (x: NDArray) => NDArray,
  rises: (x: NDArray) => NDArray,
): (x: NDArray) => NDArray {
  const rule = customJvp(
    `nn.${name}`,
    ([x]) => [value(x as NDArray)],
    ([x], [t]) => {
      const [v, tangent] = [x as NDArray, t as NDArray];
      return { outs: rule(v), tangents: [L().select(rises(v), tangent, L().zerosLike(tangent))] };
    },
  );
  return (x) => (isInexact(x.dtype) ? (rule(x)[0] as NDArray) : value(x));
}
/** max(x, 0); derivative 0 at 0. Source: jax.nn.relu. */
export const relu: Unary = activation(
  "relu",
  "any",
  ramp("relu", (x) => L().max(x, real(x, 0)), positive),
);
/** x limited to [0, 6]; derivative 0 at the bounds. Source: jax.nn.relu6. */
export const relu6: Unary = activation(
  "relu6",
  "beside floats",
  ramp(
    "relu6",
    (x) => L().min(L().max(x, real(x, 0)), real(x, 6)),
    (x) => L().bitwiseAnd(positive(x), L().lt(x, real(x, 6))),
  ),
);
/** 1 / (1 + e⁻ˣ). Source: jax.nn.sigmoid. */
export const sigmoid: Unary = activation("sigmoid", "inexact", (x) => L().logistic(x));
/** log(1 + eˣ). Source: jax.nn.softplus. */
export const softplus: Unary = activation("softplus", "inexact", (x) => e.logaddexp(x, real(x, 0)));
/** x / (1 + |x|). Source: jax.nn.soft_sign. */
export const softSign: Unary = activation("softSign", "inexact", (x) =>
  L().div(x, L().add(L().abs(x), real(x, 1))),
);
/** x · sigmoid(x). Source: jax.nn.silu. */
export const silu: Unary = activation("silu", "inexact", (x) => L().mul(x, L().logistic(x)));
/** As `silu`. Source: jax.nn.swish. */
export const swish: Unary = silu;
/** log sigmoid(x) = −softplus(−x). Source: jax.nn.log_sigmoid. */
export const logSigmoid: Unary = activation("logSigmoid", "inexact", (x) => L().neg(softplus(L().neg(x))));
/** x · tanh(softplus(x)). Source: jax.nn.mish. */
export const mish: Unary = activation("mish", "inexact", (x) => L().mul(x, L().tanh(softplus(x))));
/** relu6(x + 3) / 6. Source: jax.nn.hard_sigmoid. */
export const hardSigmoid: Unary = activation("hardSigmoid", "beside floats", (x) =>
  L().div(relu6(L().add(x, real(x, 3))), real(x, 6)),
);
/** x · hardSigmoid(x). Source: jax.nn.hard_silu. */
export const hardSilu: Unary = activation("hardSilu", "beside floats", (x) => L().mul(x, hardSigmoid(x)));
/** As `hardSilu`. Source: jax.nn.hard_swish. */
export const hardSwish: Unary = hardSilu;
/** x limited to [−1, 1]; derivative 1 at the bounds. Source: jax.nn.hard_tanh. */
export const hardTanh: Unary = activation("hardTanh", "any", (x) =>
  pick(L().gt(x, real(x, 1)), real(x, 1), pick(L().lt(x, real(x, -1)), real(x, -1), x)),
);
/** 0 below −1, x above 1, (x + 1)² / 4 between. Source: jax.nn.sparse_plus. */
export const sparsePlus: Unary = activation("sparsePlus", "beside floats", (x) => {
  const middle = L().div(L().integerPow(L().add(x, real(x, 1)), 2), real(x, 4));
  const above = pick(L().ge(x, real(x, 1)), x, middle);
  return pick(L().le(x, real(x, -1)), real(x, 0), above);
});
/** (x + 1) / 2 limited to [0, 1]. Source: jax.nn.sparse_sigmoid. */
export const sparseSigmoid: Unary = activation("sparseSigmoid", "beside floats", (x) => {
  const shifted = L().add(x, real(x, 1));
  return L().mul(real(x, 0.5), a.minimum(a.maximum(shifted, real(x, 0)), real(x, 2)));
});
/** tanh x. Source: jax.nn.tanh. */
export const tanh: Unary = activation("tanh", "inexact", (x) => L().tanh(x));
/** x. Source: jax.nn.identity. */
export const identity = (x: ArrayLike): NDArray => toArray("nn.identity", x, "x");

const expm1Below = (x: NDArray): NDArray => L().expm1(pick(positive(x), real(x, 0), x));
/** x above 0, α·(eˣ − 1) below; α is 1 by default. Source: jax.nn.elu. */
export const elu: (x: ArrayLike, options?: Options<never, { alpha: ArrayLike }>) => NDArray = withParameter(
  "elu",
  "alpha",
  1,
  "beside floats",
  (x, alpha) => pick(positive(x), x, a.multiply(alpha, expm1Below(x))),
);
/** max(x, 0) + α·(e^(min(x, 0)/α) − 1); α is 1 by default. Source: jax.nn.celu. */
export const celu: (x: ArrayLike, options?: Options<never, { alpha: ArrayLike }>) => NDArray = withParameter(
  "celu",
  "alpha",
  1,
  "beside floats",
  (x, alpha) =>
    a.add(a.maximum(x, real(x, 0)), a.multiply(alpha, e.expm1(a.divide(a.minimum(x, real(x, 0)), alpha)))),
);
/** x above 0, slope·x below; the slope is 0.01 by default. Source: jax.nn.leaky_relu. */
export const leakyRelu: (x: ArrayLike, options?: Options<never, { negativeSlope: ArrayLike }>) => NDArray =
  withParameter("leakyRelu", "negativeSlope", 0.01, "beside floats", (x, slope) =>
    pick(L().ge(x, real(x, 0)), x, a.multiply(slope, x)),
  );
/** (x + √(x² + b)) / 2; b is 4 by default. Source: jax.nn.squareplus. */
export const squareplus: (x: ArrayLike, options?: Options<never, { b: ArrayLike }>) => NDArray =
  withParameter("squareplus", "b", 4, "inexact", (x, b) => {
    const y = a.add(x, e.sqrt(a.add(L().square(x), b)));
    return L().div(y, real(y, 2));
  });

const SELU_ALPHA = 1.6732632423543772848170429916717;
const SELU_SCALE = 1.0507009873554804934193349852946;
/** Klambauer et al. 2017: elu with the α and scale that keep mean 0 and variance 1. Source: jax.nn.selu. */
export const selu: Unary = activation("selu", "beside floats", (x) =>
  L().mul(real(x, SELU_SCALE), pick(positive(x), x, L().mul(real(x, SELU_ALPHA), expm1Below(x)))),
);

const geluOf = composite("nn.gelu", ([x]: readonly [NDArray], approximate: boolean) => {
  const lax = L();
  const half = lax.mul(real(x, 0.5), x);
  if (!approximate) return lax.mul(half, lax.erfc(lax.mul(lax.neg(x), literal(Math.SQRT1_2, x.dtype))));
  const cubic = lax.add(x, lax.mul(real(x, 0.044715), lax.integerPow(x, 3)));
  const cdf = lax.mul(
    real(x, 0.5),
    lax.add(real(x, 1), lax.tanh(lax.mul(literal(Math.sqrt(2 / Math.PI), x.dtype), cubic))),
  );
  return lax.mul(x, cdf);
});
/** x · Φ(x), Φ by tanh unless `approximate` is false. Source: jax.nn.gelu (Hendrycks & Gimpel 2016). */
export function gelu(x: ArrayLike, options: Options<never, { approximate: boolean }> = {}): NDArray {
  checkOptions("nn.gelu", options, ["approximate"]);
  return geluOf([promoteOne("nn.gelu", x, "inexact")], options.approximate ?? true);
}

const gluOf = composite("nn.glu", ([x]: readonly [NDArray], axis: number) => {
  const half = (x.shape[axis] as number) / 2;
  const [value, gate] = L().split(x, [half, half], axis) as [NDArray, NDArray];
  return L().mul(value, L().logistic(gate));
});
/** First half of an axis (default −1) times the sigmoid of the second. Source: jax.nn.glu. */
export function glu(x: ArrayLike, options: Options<never, { axis: number }> = {}): NDArray {
  checkOptions("nn.glu", options, ["axis"]);
  const v = promoteOne("nn.glu", x, "inexact");
  const axis = canonicalAxis("nn.glu", options.axis ?? -1, v.ndim);
  if ((v.shape[axis] as number) % 2 !== 0)
    throw fail("E_SHAPE", `nn.glu: axis ${axis} of ${v.aval} has an odd size`);
  return gluOf([v], axis);
}

const log1mexpRule = customJvp(
  "nn.log1mexp",
  ([x]) => [log1mexpValue(x as NDArray)],
  ([x], [t]) => ({
    outs: [log1mexpValue(x as NDArray)],
    tangents: [L().div(t as NDArray, L().expm1(x as NDArray))],
  }),
);
function log1mexpValue(x: NDArray): NDArray {
  const lax = L();
  const small = lax.log(lax.neg(lax.expm1(lax.neg(x))));
  const large = lax.log1p(lax.neg(lax.exp(lax.neg(x))));
  return pick(lax.lt(x, real(x, Math.LN2)), small, large);
}
/** log(1 − e⁻ˣ) for x > 0, exact near 0. Source: jax.nn.log1mexp. */
export const log1mexp: Unary = activation("log1mexp", "inexact", (x) => log1mexpRule(x)[0] as NDArray);
