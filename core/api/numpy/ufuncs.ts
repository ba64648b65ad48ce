// np: functions of elements. Each is JAX's composition of lax operations.
import { context } from "../../ir/context.ts";
import { isBool, isComplex, isFloat, isInexact, isInteger, isUnsigned } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { Lax } from "../../primitives/lax.ts";
import { toArray, type Operand } from "../../primitives/operand.ts";
import { fail } from "../../errors.ts";
import { broadcastShapes, broadcastTo, promoteArgs, promoteDTypes } from "../promotion.ts";

const L = (): Lax => context().lax;
type Unary = (x: Operand) => NDArray;
type Binary = (x: Operand, y: Operand) => NDArray;

/** A float function: integers become the default float. */
const inexact =
  (name: string, op: (lax: Lax, x: NDArray) => NDArray): Unary =>
  (x) =>
    op(L(), promoteDTypes(`np.${name}`, [x], true)[0] as NDArray);
/** A function of any number. */
const same =
  (name: string, op: (lax: Lax, x: NDArray) => NDArray): Unary =>
  (x) =>
    op(L(), toArray(`np.${name}`, x));
const pair =
  (name: string, op: (lax: Lax, x: NDArray, y: NDArray) => NDArray, toInexact = false): Binary =>
  (x, y) => {
    const [a, b] = promoteArgs(`np.${name}`, [x, y], toInexact) as [NDArray, NDArray];
    return op(L(), a, b);
  };
const asNumbers = (lax: Lax, x: NDArray): NDArray =>
  isBool(x.dtype) ? lax.convertElementType(x, "int32") : x;

export const add: Binary = pair("add", (lax, x, y) =>
  isBool(x.dtype) ? lax.bitwiseOr(x, y) : lax.add(x, y),
);
export const subtract: Binary = pair("subtract", (lax, x, y) => {
  if (isBool(x.dtype))
    throw fail("E_DTYPE", `np.subtract: got bool operands ${x.aval}, ${y.aval}`, {
      hint: "use np.logicalXor, or convert with astype",
    });
  return lax.sub(x, y);
});
export const multiply: Binary = pair("multiply", (lax, x, y) =>
  isBool(x.dtype) ? lax.bitwiseAnd(x, y) : lax.mul(x, y),
);
export const divide: Binary = pair("divide", (lax, x, y) => lax.div(x, y), true);
export const trueDivide: Binary = divide;
export const maximum: Binary = pair("maximum", (lax, x, y) => lax.max(x, y));
export const minimum: Binary = pair("minimum", (lax, x, y) => lax.min(x, y));
export const arctan2: Binary = pair("arctan2", (lax, x, y) => lax.atan2(x, y), true);

export const floorDivide: Binary = pair("floorDivide", (lax, a, b) => {
  const [x, y] = [asNumbers(lax, a), asNumbers(lax, b)];
  if (isUnsigned(x.dtype)) return lax.div(x, y);
  if (isInteger(x.dtype)) {
    const q = lax.div(x, y);
    const uneven = lax.bitwiseAnd(lax.ne(lax.sign(x), lax.sign(y)), lax.ne(lax.rem(x, y), 0));
    return lax.select(uneven, lax.sub(q, 1), q);
  }
  // jnp._float_divmod
  const m = lax.rem(x, y);
  const q = lax.div(lax.sub(x, m), y);
  const wrong = lax.bitwiseAnd(lax.ne(m, 0), lax.ne(lax.sign(full(lax, y, m)), lax.sign(m)));
  return lax.round(lax.select(wrong, lax.sub(q, 1), q));
});
const full = (lax: Lax, x: NDArray, like: NDArray): NDArray =>
  x.ndim === like.ndim ? x : lax.broadcastInDim(x, like.shape, []);
export const remainder: Binary = pair("remainder", (lax, a, b) => {
  const [x, y] = [asNumbers(lax, a), asNumbers(lax, b)];
  const m = lax.rem(x, y);
  const flip = lax.bitwiseAnd(lax.ne(m, 0), lax.ne(lax.lt(m, 0), lax.lt(full(lax, y, m), 0)));
  return lax.select(flip, lax.add(m, y), m);
});
export const mod: Binary = remainder;
export const fmod: Binary = pair("fmod", (lax, x, y) => lax.rem(asNumbers(lax, x), asNumbers(lax, y)));
export const divmod = (x: Operand, y: Operand): [NDArray, NDArray] => [floorDivide(x, y), remainder(x, y)];

/** x to the power y. An integral number as exponent multiplies repeatedly. Source: jax.numpy.power. */
export function power(x: Operand, y: Operand): NDArray {
  const lax = L();
  if (
    (typeof y === "number" || typeof y === "bigint") &&
    Number.isInteger(Number(y)) &&
    Math.abs(Number(y)) < 1024
  ) {
    const base = asNumbers(lax, typeof x === "number" ? toArray("np.power", x) : toArray("np.power", x));
    if (!isInteger(base.dtype) || Number(y) >= 0) return lax.integerPow(base, Number(y));
    throw fail("E_ARGUMENT", `np.power: integers ${base.aval} to a negative power ${String(y)}`, {
      hint: "convert the base to float",
    });
  }
  const [a, b] = promoteArgs("np.power", [x, y]) as [NDArray, NDArray];
  if (isFloat(a.dtype) || isComplex(a.dtype)) return lax.pow(a, b);
  return integerPower(lax, asNumbers(lax, a), asNumbers(lax, b));
}
/** Square and multiply over the bits of the exponent (jnp._pow_int_int). */
function integerPower(lax: Lax, x: NDArray, y: NDArray): NDArray {
  const shape = broadcastShapes("np.power", x.shape, y.shape);
  let [base, bits] = [broadcastTo("np.power", x, shape), broadcastTo("np.power", y, shape)];
  let acc = lax.fullLike(base, 1);
  if (acc.ndim !== shape.length) acc = lax.broadcastInDim(acc, shape, []);
  const count = Number(x.dtype.replace(/\D/g, "")) === 64 ? 6 : 6;
  for (let i = 0; i < count; i++) {
    const odd = lax.eq(lax.bitwiseAnd(bits, 1), 1);
    acc = lax.select(odd, lax.mul(acc, base), acc);
    base = lax.mul(base, base);
    bits = lax.shiftRightLogical(bits, 1);
  }
  return acc;
}
export const floatPower: Binary = pair("floatPower", (lax, x, y) => lax.pow(x, y), true);

export const negative: Unary = same("negative", (lax, x) => lax.neg(x));
export const positive: Unary = same("positive", (_l, x) => x);
export const abs: Unary = same("abs", (lax, x) => (isBool(x.dtype) ? x : lax.abs(x)));
export const absolute: Unary = abs;
export const fabs: Unary = inexact("fabs", (lax, x) => lax.abs(x));
export const sign: Unary = same("sign", (lax, x) => lax.sign(x));
export const square: Unary = same("square", (lax, x) => lax.integerPow(asNumbers(lax, x), 2));
export const reciprocal: Unary = inexact("reciprocal", (lax, x) => lax.integerPow(x, -1));
export const exp: Unary = inexact("exp", (lax, x) => lax.exp(x));
export const exp2: Unary = inexact("exp2", (lax, x) => lax.exp2(x));
export const expm1: Unary = inexact("expm1", (lax, x) => lax.expm1(x));
export const log: Unary = inexact("log", (lax, x) => lax.log(x));
export const log1p: Unary = inexact("log1p", (lax, x) => lax.log1p(x));
export const log2: Unary = inexact("log2", (lax, x) => lax.div(lax.log(x), lax.log(lax.fullLike(x, 2))));
export const log10: Unary = inexact("log10", (lax, x) => lax.div(lax.log(x), lax.log(lax.fullLike(x, 10))));
export const sqrt: Unary = inexact("sqrt", (lax, x) => lax.sqrt(x));
export const cbrt: Unary = inexact("cbrt", (lax, x) => lax.cbrt(x));
export const sin: Unary = inexact("sin", (lax, x) => lax.sin(x));
export const cos: Unary = inexact("cos", (lax, x) => lax.cos(x));
export const tan: Unary = inexact("tan", (lax, x) => lax.tan(x));
export const arcsin: Unary = inexact("arcsin", (lax, x) => lax.asin(x));
export const arccos: Unary = inexact("arccos", (lax, x) => lax.acos(x));
export const arctan: Unary = inexact("arctan", (lax, x) => lax.atan(x));
export const sinh: Unary = inexact("sinh", (lax, x) => lax.sinh(x));
export const cosh: Unary = inexact("cosh", (lax, x) => lax.cosh(x));
export const tanh: Unary = inexact("tanh", (lax, x) => lax.tanh(x));
export const arcsinh: Unary = inexact("arcsinh", (lax, x) => lax.asinh(x));
export const arccosh: Unary = inexact("arccosh", (lax, x) => lax.acosh(x));
export const arctanh: Unary = inexact("arctanh", (lax, x) => lax.atanh(x));
export const floor: Unary = same("floor", (lax, x) =>
  isInteger(x.dtype) || isBool(x.dtype) ? x : lax.floor(x),
);
export const ceil: Unary = same("ceil", (lax, x) =>
  isInteger(x.dtype) || isBool(x.dtype) ? x : lax.ceil(x),
);
export const trunc: Unary = same("trunc", (lax, x) =>
  isFloat(x.dtype) ? lax.round(x, { roundingMethod: "TOWARD_ZERO" }) : x,
);
export const rint: Unary = inexact("rint", (lax, x) => lax.round(x, { roundingMethod: "TO_NEAREST_EVEN" }));
export const deg2rad: Unary = inexact("deg2rad", (lax, x) => lax.mul(x, Math.PI / 180));
export const rad2deg: Unary = inexact("rad2deg", (lax, x) => lax.mul(x, 180 / Math.PI));
export const radians: Unary = deg2rad;
export const degrees: Unary = rad2deg;
export const sinc: Unary = inexact("sinc", (lax, x) => {
  // The value at 0 by where; the derivative of the quotient there is 0/0, so the safe operand is taken first.
  const isZero = lax.eq(x, 0);
  const px = lax.mul(lax.select(isZero, lax.fullLike(x, 1), x), Math.PI);
  return lax.select(isZero, lax.fullLike(x, 1), lax.div(lax.sin(px), px));
});
/** Rounded to `decimals`, ties to even. Source: jax.numpy.round. */
export function round(a: Operand, options: { decimals?: number } = {}): NDArray {
  const lax = L();
  const x = toArray("np.round", a);
  const decimals = options.decimals ?? 0;
  if (!isInexact(x.dtype)) {
    if (decimals < 0) throw fail("E_UNIMPLEMENTED", "np.round: integers with decimals < 0");
    return x;
  }
  if (decimals === 0) return lax.round(x, { roundingMethod: "TO_NEAREST_EVEN" });
  const factor = 10 ** decimals;
  return lax.div(lax.round(lax.mul(x, factor), { roundingMethod: "TO_NEAREST_EVEN" }), factor);
}

const compare = (name: string, op: (lax: Lax, x: NDArray, y: NDArray) => NDArray): Binary => pair(name, op);
export const equal: Binary = compare("equal", (lax, x, y) => lax.eq(x, y));
export const notEqual: Binary = compare("notEqual", (lax, x, y) => lax.ne(x, y));
export const less: Binary = compare("less", (lax, x, y) => lax.lt(x, y));
export const lessEqual: Binary = compare("lessEqual", (lax, x, y) => lax.le(x, y));
export const greater: Binary = compare("greater", (lax, x, y) => lax.gt(x, y));
export const greaterEqual: Binary = compare("greaterEqual", (lax, x, y) => lax.ge(x, y));
const asBool = (lax: Lax, x: NDArray): NDArray => (isBool(x.dtype) ? x : lax.ne(x, 0));
const logical = (name: string, op: (lax: Lax, x: NDArray, y: NDArray) => NDArray): Binary =>
  pair(name, (lax, x, y) => op(lax, asBool(lax, x), asBool(lax, y)));
export const logicalAnd: Binary = logical("logicalAnd", (lax, x, y) => lax.bitwiseAnd(x, y));
export const logicalOr: Binary = logical("logicalOr", (lax, x, y) => lax.bitwiseOr(x, y));
export const logicalXor: Binary = logical("logicalXor", (lax, x, y) => lax.bitwiseXor(x, y));
export const logicalNot: Unary = same("logicalNot", (lax, x) => lax.bitwiseNot(asBool(lax, x)));
export const bitwiseAnd: Binary = pair("bitwiseAnd", (lax, x, y) => lax.bitwiseAnd(x, y));
export const bitwiseOr: Binary = pair("bitwiseOr", (lax, x, y) => lax.bitwiseOr(x, y));
export const bitwiseXor: Binary = pair("bitwiseXor", (lax, x, y) => lax.bitwiseXor(x, y));
export const bitwiseNot: Unary = same("bitwiseNot", (lax, x) => lax.bitwiseNot(x));
export const invert: Unary = bitwiseNot;
export const bitwiseCount: Unary = same("bitwiseCount", (lax, x) =>
  lax.convertElementType(lax.populationCount(lax.abs(x)), "uint8"),
);
export const leftShift: Binary = pair("leftShift", (lax, x, y) => lax.shiftLeft(x, y));
export const rightShift: Binary = pair("rightShift", (lax, x, y) =>
  isUnsigned(x.dtype) ? lax.shiftRightLogical(x, y) : lax.shiftRightArithmetic(x, y),
);
export const isnan: Unary = same("isnan", (lax, x) => lax.ne(x, x));
export const isfinite: Unary = same("isfinite", (lax, x) =>
  isFloat(x.dtype) ? lax.isFinite(x) : lax.fullLike(x, true, { dtype: "bool" }),
);
export const isinf: Unary = same("isinf", (lax, x) =>
  isFloat(x.dtype) ? lax.eq(lax.abs(x), Infinity) : lax.fullLike(x, false, { dtype: "bool" }),
);
export const isposinf: Unary = inexact("isposinf", (lax, x) => lax.eq(x, Infinity));
export const isneginf: Unary = inexact("isneginf", (lax, x) => lax.eq(x, -Infinity));
export const real: Unary = same("real", (lax, x) => (isComplex(x.dtype) ? lax.real(x) : x));
export const imag: Unary = same("imag", (lax, x) => (isComplex(x.dtype) ? lax.imag(x) : lax.fullLike(x, 0)));
export const conj: Unary = same("conj", (lax, x) => (isComplex(x.dtype) ? lax.conj(x) : x));
export const conjugate: Unary = conj;
export const hypot: Binary = pair(
  "hypot",
  (lax, a, b) => {
    const [x, y] = [lax.abs(a), lax.abs(b)];
    const [hi, lo] = [lax.max(x, y), lax.min(x, y)];
    const safe = lax.select(lax.eq(hi, 0), lax.fullLike(hi, 1), hi);
    return lax.select(lax.eq(hi, 0), hi, lax.mul(hi, lax.sqrt(lax.add(lax.square(lax.div(lo, safe)), 1))));
  },
  true,
);
export const logaddexp: Binary = pair(
  "logaddexp",
  (lax, x, y) => {
    const m = lax.max(x, y);
    const d = lax.sub(x, y);
    return lax.select(lax.ne(d, d), lax.add(x, y), lax.add(m, lax.log1p(lax.exp(lax.neg(lax.abs(d))))));
  },
  true,
);
export const fmax: Binary = pair("fmax", (lax, x, y) => nanPick(lax, x, y, lax.max(x, y)));
export const fmin: Binary = pair("fmin", (lax, x, y) => nanPick(lax, x, y, lax.min(x, y)));
function nanPick(lax: Lax, x: NDArray, y: NDArray, best: NDArray): NDArray {
  const [a, b] = [full(lax, x, best), full(lax, y, best)];
  return lax.select(lax.ne(a, a), b, lax.select(lax.ne(b, b), a, best));
}
/** Elements of x where the condition holds, else of y. Source: jax.numpy.where. */
export function where(condition: Operand, x: Operand, y: Operand): NDArray {
  const lax = L();
  const c = asBool(lax, toArray("np.where", condition));
  const [a, b] = promoteDTypes("np.where", [x, y]) as [NDArray, NDArray];
  const shape = broadcastShapes("np.where", c.shape, a.shape, b.shape);
  const to = (v: NDArray): NDArray => (v.ndim === 0 ? v : broadcastTo("np.where", v, shape));
  if (a.ndim === 0 && b.ndim === 0 && shape.length > 0)
    return lax.select(broadcastTo("np.where", c, shape), lax.broadcastInDim(a, shape, []), b);
  return lax.select(c.ndim === 0 ? c : broadcastTo("np.where", c, shape), to(a), to(b));
}
/** Limited to [min, max]; derivative ½ at the bounds. Source: jax.numpy.clip. */
export function clip(arr: Operand, min?: Operand | null, max?: Operand | null): NDArray {
  let x = toArray("np.clip", arr);
  if (min != null) x = maximum(min, x);
  if (max != null) x = minimum(max, x);
  return x;
}
/** NaN and infinities replaced. Source: jax.numpy.nan_to_num. */
export function nanToNum(
  x: Operand,
  options: { nan?: number; posinf?: number; neginf?: number } = {},
): NDArray {
  const v = toArray("np.nanToNum", x);
  if (!isFloat(v.dtype)) return v;
  const max =
    v.dtype === "float64" ? Number.MAX_VALUE : v.dtype === "float16" ? 65504 : 3.4028234663852886e38;
  const a = where(isnan(v), options.nan ?? 0, v);
  return where(isneginf(a), options.neginf ?? -max, where(isposinf(a), options.posinf ?? max, a));
}
