// Elementary functions, rounding, and the special functions that decompose into them.
import type { UnaryOp } from "tenon-plugin-api";
import { isComplex, isFloat } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import {
  complexAcos,
  complexAcosh,
  complexAsin,
  complexAsinh,
  complexAtan,
  complexAtanh,
} from "./complex-inverse.ts";
import type { Lax } from "./lax.ts";
import { operands, type Operand } from "./operand.ts";
import { elementwise, FLOAT, inFloat32, INEXACT, toBool, type Partial1 } from "./rules.ts";

const unary = (name: string, wire: UnaryOp, jvp: Partial1, accepts = INEXACT): Primitive =>
  elementwise(name, { accepts, wire, jvp: [jvp] });
const derived = (
  name: string,
  decompose: (lax: Lax, x: NDArray) => NDArray,
  jvp: Partial1,
  accepts = INEXACT,
): Primitive =>
  elementwise(name, {
    accepts,
    decompose: (lax, [x]) => inFloat32(lax, x as NDArray, decompose),
    jvp: [jvp],
  });
const apply = (p: Primitive, x: Operand): NDArray => bind1(p, operands(`lax.${p.name}`, x));

/** The primitive of `lax.exp`. */
export const exp_p: Primitive = unary("exp", "exponential", (lax, t, out) => lax.mul(t, out));
/** eˣ. Source: jax.lax.exp. */
export const exp = (x: Operand): NDArray => apply(exp_p, x);
/** The primitive of `lax.exp2`. */
export const exp2_p: Primitive = derived(
  "exp2",
  (lax, x) => lax.pow(lax.fullLike(x, 2), x),
  (lax, t, out) => lax.mul(lax.mul(t, out), Math.LN2),
);
/** 2ˣ. Source: jax.lax.exp2. */
export const exp2 = (x: Operand): NDArray => apply(exp2_p, x);
/** The primitive of `lax.log`. */
export const log_p: Primitive = unary("log", "log", (lax, t, _o, x) => lax.div(t, x));
/** Natural logarithm. Source: jax.lax.log. */
export const log = (x: Operand): NDArray => apply(log_p, x);
/** The primitive of `lax.expm1`. */
export const expm1_p: Primitive = unary("expm1", "exponential_minus_one", (lax, t, out) =>
  lax.mul(t, lax.add(out, 1)),
);
/** eˣ − 1, accurate near 0. Source: jax.lax.expm1. */
export const expm1 = (x: Operand): NDArray => apply(expm1_p, x);
/** The primitive of `lax.log1p`. */
export const log1p_p: Primitive = unary("log1p", "log_plus_one", (lax, t, _o, x) =>
  lax.div(t, lax.add(x, 1)),
);
/** log(1 + x), accurate near 0. Source: jax.lax.log1p. */
export const log1p = (x: Operand): NDArray => apply(log1p_p, x);
/** The primitive of `lax.sin`. */
export const sin_p: Primitive = unary("sin", "sine", (lax, t, _o, x) => lax.mul(t, lax.cos(x)));
/** Sine of x in radians. Source: jax.lax.sin. */
export const sin = (x: Operand): NDArray => apply(sin_p, x);
/** The primitive of `lax.cos`. */
export const cos_p: Primitive = unary("cos", "cosine", (lax, t, _o, x) => lax.neg(lax.mul(t, lax.sin(x))));
/** Cosine of x in radians. Source: jax.lax.cos. */
export const cos = (x: Operand): NDArray => apply(cos_p, x);
/** The primitive of `lax.tan`. */
export const tan_p: Primitive = unary("tan", "tan", (lax, t, out) => lax.mul(t, lax.add(lax.square(out), 1)));
/** Tangent of x in radians. Source: jax.lax.tan. */
export const tan = (x: Operand): NDArray => apply(tan_p, x);
/** The primitive of `lax.tanh`. */
export const tanh_p: Primitive = unary("tanh", "tanh", (lax, t, out) =>
  lax.mul(lax.add(t, lax.mul(t, out)), lax.sub(1, out)),
);
/** Hyperbolic tangent. Derivative (t + t·y)(1 − y), as JAX composes it. Source: jax.lax.tanh. */
export const tanh = (x: Operand): NDArray => apply(tanh_p, x);
/** The primitive of `lax.logistic`. */
export const logistic_p: Primitive = unary("logistic", "logistic", (lax, t, out) =>
  lax.mul(lax.mul(t, out), lax.sub(1, out)),
);
/** 1 / (1 + e⁻ˣ). Source: jax.lax.logistic. */
export const logistic = (x: Operand): NDArray => apply(logistic_p, x);
/** The primitive of `lax.sqrt`. */
export const sqrt_p: Primitive = unary("sqrt", "sqrt", (lax, t, out) => lax.mul(t, lax.div(0.5, out)));
/** Square root. Source: jax.lax.sqrt. */
export const sqrt = (x: Operand): NDArray => apply(sqrt_p, x);
/** The primitive of `lax.rsqrt`. */
export const rsqrt_p: Primitive = unary("rsqrt", "rsqrt", (lax, t, out, x) =>
  lax.mul(t, lax.mul(lax.div(out, x), -0.5)),
);
/** 1 / √x. Source: jax.lax.rsqrt. */
export const rsqrt = (x: Operand): NDArray => apply(rsqrt_p, x);
/** The primitive of `lax.cbrt`. */
export const cbrt_p: Primitive = unary(
  "cbrt",
  "cbrt",
  (lax, t, out) => lax.mul(t, lax.mul(1 / 3, lax.integerPow(out, -2))),
  FLOAT,
);
/** Cube root. Source: jax.lax.cbrt. */
export const cbrt = (x: Operand): NDArray => apply(cbrt_p, x);

/** The primitive of `lax.sinh`. */
export const sinh_p: Primitive = derived(
  "sinh",
  (lax, x) => {
    // chlo.sinh: exp(x + log ½) − exp(−x + log ½) for large |x|; through expm1 for small.
    const big = lax.sub(lax.exp(lax.add(x, Math.log(0.5))), lax.exp(lax.add(lax.neg(x), Math.log(0.5))));
    if (isComplex(x.dtype)) return big;
    const e = lax.expm1(x);
    const small = lax.mul(lax.add(e, lax.div(e, lax.add(e, 1))), 0.5);
    return lax.select(lax.lt(lax.abs(x), 1), small, big);
  },
  (lax, t, _o, x) => lax.mul(t, lax.cosh(x)),
);
/** Hyperbolic sine. Source: jax.lax.sinh. */
export const sinh = (x: Operand): NDArray => apply(sinh_p, x);
/** The primitive of `lax.cosh`. */
export const cosh_p: Primitive = derived(
  "cosh",
  (lax, x) => {
    return lax.add(lax.exp(lax.add(x, Math.log(0.5))), lax.exp(lax.add(lax.neg(x), Math.log(0.5))));
  },
  (lax, t, _o, x) => lax.mul(t, lax.sinh(x)),
);
/** Hyperbolic cosine. Source: jax.lax.cosh. */
export const cosh = (x: Operand): NDArray => apply(cosh_p, x);

/** The primitive of `lax.atan2`. */
export const atan2_p: Primitive = elementwise("atan2", {
  accepts: FLOAT,
  arity: 2,
  wire: "atan2",
  jvp: [
    (lax, t, _o, y, x) => lax.mul(t, lax.div(x, lax.add(lax.square(x), lax.square(y)))),
    (lax, t, _o, y, x) => lax.mul(t, lax.div(lax.neg(y), lax.add(lax.square(x), lax.square(y)))),
  ],
});
/** Angle of the point (y, x). Source: jax.lax.atan2. */
export const atan2 = (x: Operand, y: Operand): NDArray => bind1(atan2_p, operands("lax.atan2", x, y));
/** A function of floats, and what it is for complex numbers. */
const extended =
  (real: (lax: Lax, x: NDArray) => NDArray, complex: (lax: Lax, x: NDArray) => NDArray) =>
  (lax: Lax, x: NDArray): NDArray =>
    isComplex(x.dtype) ? complex(lax, x) : real(lax, x);
/** The primitive of `lax.asin`. */
export const asin_p: Primitive = derived(
  "asin",
  extended(
    (lax, x) => lax.mul(lax.atan2(x, lax.add(lax.sqrt(lax.mul(lax.sub(1, x), lax.add(1, x))), 1)), 2),
    complexAsin,
  ),
  (lax, t, _o, x) => lax.mul(t, lax.rsqrt(lax.sub(1, lax.square(x)))),
);
/** Inverse sine. Source: jax.lax.asin. */
export const asin = (x: Operand): NDArray => apply(asin_p, x);
/** The primitive of `lax.acos`. */
export const acos_p: Primitive = derived(
  "acos",
  extended((lax, x) => {
    const inner = lax.mul(lax.atan2(lax.sqrt(lax.mul(lax.sub(1, x), lax.add(1, x))), lax.add(x, 1)), 2);
    return lax.select(lax.ne(x, -1), inner, lax.fullLike(x, Math.PI));
  }, complexAcos),
  (lax, t, _o, x) => lax.mul(t, lax.neg(lax.rsqrt(lax.sub(1, lax.square(x))))),
);
/** Inverse cosine. Source: jax.lax.acos. */
export const acos = (x: Operand): NDArray => apply(acos_p, x);
/** The primitive of `lax.atan`. */
export const atan_p: Primitive = derived(
  "atan",
  extended((lax, x) => lax.atan2(x, lax.fullLike(x, 1)), complexAtan),
  (lax, t, _o, x) => lax.div(t, lax.add(lax.square(x), 1)),
);
/** Inverse tangent. Source: jax.lax.atan. */
export const atan = (x: Operand): NDArray => apply(atan_p, x);
/** The primitive of `lax.asinh`. */
export const asinh_p: Primitive = derived(
  "asinh",
  extended((lax, x) => {
    // chlo.asinh: three ranges, sign restored at the end.
    const a = lax.abs(x);
    const large = lax.add(lax.log(a), Math.LN2);
    const root = lax.sqrt(lax.add(lax.square(a), 1));
    const middle = lax.log(lax.add(lax.mul(a, 2), lax.div(1, lax.add(root, a))));
    const small = lax.log1p(lax.add(a, lax.div(lax.square(a), lax.add(root, 1))));
    const value = lax.select(lax.ge(a, 1e8), large, lax.select(lax.le(a, 1), small, middle));
    return lax.select(lax.eq(x, 0), x, lax.mul(lax.sign(x), value));
  }, complexAsinh),
  (lax, t, _o, x) => lax.mul(t, lax.rsqrt(lax.add(lax.square(x), 1))),
);
/** Inverse hyperbolic sine. Source: jax.lax.asinh. */
export const asinh = (x: Operand): NDArray => apply(asinh_p, x);
/** The primitive of `lax.acosh`. */
export const acosh_p: Primitive = derived(
  "acosh",
  extended((lax, x) => {
    const big = lax.add(lax.log(x), Math.LN2);
    const root = lax.log(lax.add(x, lax.sqrt(lax.mul(lax.add(x, 1), lax.sub(x, 1)))));
    return lax.select(lax.lt(x, -1), lax.fullLike(x, Number.NaN), lax.select(lax.ge(x, 1e18), big, root));
  }, complexAcosh),
  (lax, t, _o, x) => lax.mul(t, lax.rsqrt(lax.sub(lax.square(x), 1))),
);
/** Inverse hyperbolic cosine. Source: jax.lax.acosh. */
export const acosh = (x: Operand): NDArray => apply(acosh_p, x);
/** The primitive of `lax.atanh`. */
export const atanh_p: Primitive = derived(
  "atanh",
  extended((lax, x) => {
    const value = lax.mul(lax.sub(lax.log1p(x), lax.log1p(lax.neg(x))), 0.5);
    return lax.select(lax.gt(lax.abs(x), 1), lax.fullLike(x, Number.NaN), value);
  }, complexAtanh),
  (lax, t, _o, x) => lax.mul(lax.div(1, lax.add(1, x)), lax.div(t, lax.sub(1, x))),
);
/** Inverse hyperbolic tangent. Source: jax.lax.atanh. */
export const atanh = (x: Operand): NDArray => apply(atanh_p, x);

const flat = (name: string, wire: UnaryOp): Primitive => unary(name, wire, null, FLOAT);
/** The primitive of `lax.floor`. */
export const floor_p: Primitive = flat("floor", "floor");
/** Largest integer not above x. Derivative zero. Source: jax.lax.floor. */
export const floor = (x: Operand): NDArray => apply(floor_p, x);
/** The primitive of `lax.ceil`. */
export const ceil_p: Primitive = flat("ceil", "ceil");
/** Smallest integer not below x. Source: jax.lax.ceil. */
export const ceil = (x: Operand): NDArray => apply(ceil_p, x);
/** The primitive of `lax.round`. */
export const round_p: Primitive = elementwise("round", {
  accepts: FLOAT,
  jvp: [null],
  lower: (b, [x], params, _a, out) =>
    b.emit(params["even"] === true ? "round_nearest_even" : "round_nearest_afz", [x as never], {}, [
      out,
    ])[0] as never,
});
/** Nearest integer; ties away from zero, to even, or truncation. Source: jax.lax.round. */
export function round(
  x: Operand,
  options: {
    roundingMethod?: "AWAY_FROM_ZERO" | "TO_NEAREST_EVEN" | "TOWARD_ZERO";
  } = {},
): NDArray {
  const [v] = operands("lax.round", x) as [NDArray];
  if (options.roundingMethod === "TOWARD_ZERO") return truncate(v);
  return bind1(round_p, [v], {
    even: options.roundingMethod === "TO_NEAREST_EVEN",
  });
}
/** Rounding towards zero, of `lax.round`. */
export const trunc_p: Primitive = derived(
  "trunc",
  (lax, x) => lax.select(lax.lt(x, 0), lax.ceil(x), lax.floor(x)),
  null,
  FLOAT,
);
const truncate = (x: NDArray): NDArray => (isFloat(x.dtype) ? bind1(trunc_p, [x]) : x);
/** The primitive of `lax.isFinite`. */
export const is_finite_p: Primitive = elementwise("isFinite", {
  accepts: FLOAT,
  wire: "is_finite",
  result: toBool,
  jvp: [null],
});
/** Neither infinite nor NaN. Source: jax.lax.is_finite. */
export const isFinite = (x: Operand): NDArray => apply(is_finite_p, x);
