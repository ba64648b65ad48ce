// np: the parts of floats (sign, exponent, fraction), rounding, and tests for NaN and infinity.
import { fail } from "../../errors.ts";
import { checkCount } from "../arity.ts";
import { DTYPES, isBool, isComplex, isFloat, isInexact, isInteger, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, promoteOne } from "../promotion.ts";
import {
  asStrong,
  asWeak,
  binary,
  binaryComposite12,
  customJvp,
  L,
  parts,
  pick,
  refuseComplex,
  unary,
  unaryComposite,
  type Binary,
  type Binary12,
  type Unary,
} from "./define.ts";
import { finfo } from "./dtypes.ts";

const all = (x: NDArray, value: boolean): NDArray => L().fullLike(x, value, { dtype: "bool" });

/** Is it NaN? Source: jax.numpy.isnan. */
export const isnan: Unary = unary("isnan", "any", (x, lax) => asWeak(lax.ne(x, x), x));
/** Is it neither NaN nor infinite? Source: jax.numpy.isfinite. */
export const isfinite: Unary = unary("isfinite", "any", (x, lax) => {
  if (isComplex(x.dtype)) return lax.bitwiseAnd(lax.isFinite(lax.real(x)), lax.isFinite(lax.imag(x)));
  return isFloat(x.dtype) ? asWeak(lax.isFinite(x), x) : all(x, true);
});
const infinite = (x: NDArray): NDArray => L().eq(L().abs(x), Infinity);
/** Is it +∞ or −∞ (in either part)? Source: jax.numpy.isinf. */
export const isinf: Unary = unary("isinf", "any", (x, lax) => {
  if (isComplex(x.dtype)) return lax.bitwiseOr(infinite(lax.real(x)), infinite(lax.imag(x)));
  return isFloat(x.dtype) ? infinite(x) : all(x, false);
});
const isInfinity = (name: string, value: number): Unary =>
  unary(name, "any", (x, lax) => (isFloat(refuseComplex(name, x).dtype) ? lax.eq(x, value) : all(x, false)));
/** Is it +∞? Source: jax.numpy.isposinf. */
export const isposinf: Unary = isInfinity("isposinf", Infinity);
/** Is it −∞? Source: jax.numpy.isneginf. */
export const isneginf: Unary = isInfinity("isneginf", -Infinity);
/** Has it an imaginary part? Source: jax.numpy.iscomplex. */
export const iscomplex: Unary = unary("iscomplex", "any", (x, lax) =>
  isComplex(x.dtype) ? lax.ne(lax.imag(x), 0) : asWeak(all(x, false), x),
);
/** Has it no imaginary part? Source: jax.numpy.isreal. */
export const isreal: Unary = unary("isreal", "any", (x, lax) =>
  isComplex(x.dtype) ? lax.eq(lax.imag(x), 0) : asWeak(all(x, true), x),
);

const whole = (name: string, op: "floor" | "ceil"): Unary =>
  unary(name, "any", (x, lax) =>
    isInteger(x.dtype) || isBool(x.dtype) ? x : lax[op](refuseComplex(name, x)),
  );
/** Largest integer not above x. Source: jax.numpy.floor. */
export const floor: Unary = whole("floor", "floor");
/** Smallest integer not below x. Source: jax.numpy.ceil. */
export const ceil: Unary = whole("ceil", "ceil");
/** x without its fraction. Source: jax.numpy.trunc. */
export const trunc: Unary = unary("trunc", "any", (x, lax) =>
  isFloat(refuseComplex("trunc", x).dtype) ? lax.round(x, { roundingMethod: "TOWARD_ZERO" }) : x,
);
const even = (x: NDArray): NDArray => L().round(x, { roundingMethod: "TO_NEAREST_EVEN" });
/** Nearest integer as a float, ties to even. Source: jax.numpy.rint. */
export const rint: Unary = unary("rint", "any", (x, lax) =>
  isInexact(x.dtype) ? parts(x, even) : lax.convertElementType(x, canonicalDType("float64")),
);
const roundOf = composite("np.round", ([a]: readonly [NDArray], decimals: number) => {
  const lax = L();
  return parts(a, (v) => {
    const half = v.dtype === "float16";
    const x = half ? lax.convertElementType(v, "float32") : v;
    const factor = 10 ** decimals;
    const out = lax.div(even(lax.mul(x, factor)), factor);
    return half ? lax.convertElementType(out, "float16", { weakType: v.weakType }) : out;
  });
});
/**
 * Rounded to `decimals`, ties to even.
 * @throws E_UNIMPLEMENTED for integers and decimals < 0, as JAX. Source: jax.numpy.round.
 */
export function round(a: ArrayLike, options: Options<"decimals"> = {}): NDArray {
  checkOptions("np.round", options, ["decimals"]);
  const x = toArray("np.round", a, "a");
  const decimals = options.decimals ?? 0;
  if (isBool(x.dtype)) throw fail("E_DTYPE", `np.round: got ${x.aval}, expected numbers`);
  if (isInteger(x.dtype)) {
    if (decimals < 0)
      throw fail("E_UNIMPLEMENTED", `np.round: integers ${x.aval} with decimals ${decimals}`, {
        hint: "convert to float",
      });
    return x;
  }
  if (decimals > Math.log10(finfo(x.dtype).max)) return x;
  return decimals === 0 ? parts(x, even) : roundOf([x], decimals);
}
/** As round. Source: jax.numpy.around. */
export const around: (a: ArrayLike, options?: Options<"decimals">) => NDArray = round;

const bitsOf = (x: NDArray): DType => `int${8 * DTYPES[x.dtype].itemsize}` as DType;
const signOf = (x: NDArray): NDArray => L().lt(L().bitcastConvertType(x, bitsOf(x)), 0);
/** Is the sign bit set (also of −0 and −NaN)? Source: jax.numpy.signbit. */
export const signbit: Unary = unary("signbit", "any", (x, lax) => {
  if (isFloat(refuseComplex("signbit", x).dtype)) return signOf(x);
  return isInteger(x.dtype) ? lax.lt(x, 0) : all(x, false);
});
/** |x1| with the sign of x2. Source: jax.numpy.copysign. */
export const copysign: Binary12 = binaryComposite12("copysign", "inexact", (x, y, lax) => {
  const magnitude = lax.abs(refuseComplex("copysign", x));
  return lax.select(signOf(y), lax.neg(magnitude), magnitude);
});
/** The next float from x towards y. Source: jax.numpy.nextafter. */
export const nextafter: Binary = binary("nextafter", "inexact", (x, y, lax) => lax.nextafter(x, y));
/** Distance to the next float away from zero. Source: jax.numpy.spacing. */
export const spacing: Unary = unaryComposite("spacing", "inexact", (x, lax) => {
  refuseComplex("spacing", x);
  if (x.dtype === "float16") return lax.sub(lax.nextafter(x, Infinity), x);
  const away = (value: number): NDArray =>
    lax.select(signOf(x), lax.fullLike(x, -value), lax.fullLike(x, value));
  const step = lax.sub(lax.nextafter(x, away(Infinity)), x);
  return asStrong(lax.select(lax.eq(step, 0), away(finfo(x.dtype).smallestSubnormal), step));
});
/** [fraction, integer part], both with the sign of x. Source: jax.numpy.modf. */
export function modf(x: ArrayLike): [NDArray, NDArray] {
  return modfOf([toArray("np.modf", x, "x")]) as [NDArray, NDArray];
}
const modfOf = composite("np.modf", ([v]: readonly [NDArray]) => {
  const lax = L();
  const x = refuseComplex("modf", promoteOne("np.modf", v, "inexact", "v"));
  const integral = lax.select(lax.ge(x, 0), lax.floor(x), lax.ceil(x));
  return [lax.sub(x, integral), integral];
});

/** Fraction in [½, 1) and exponent by the bits of the float; subnormals are scaled up first (jnp's _frexp). */
function frexpBits(x: NDArray): [NDArray, NDArray] {
  const lax = L();
  const info = finfo(x.dtype);
  const mask = 2 ** info.nexp - 1;
  const bias = 1 - info.minexp;
  const int = bitsOf(x);
  const k = (v: number): NDArray => literal(BigInt(v), int);
  const small = lax.lt(lax.abs(x), info.tiny);
  const scaled = lax.select(small, lax.mul(x, 2 ** info.nmant), x);
  const bits = lax.bitcastConvertType(scaled, int);
  const shift = lax.select(small, lax.fullLike(bits, -info.nmant), lax.fullLike(bits, 0));
  const field = lax.bitwiseAnd(lax.shiftRightArithmetic(bits, k(info.nmant)), k(mask));
  const exponent = lax.add(shift, lax.add(field, k(1 - bias)));
  const cleared = lax.bitwiseAnd(bits, literal(~(BigInt(mask) << BigInt(info.nmant)), int));
  const fraction = lax.bitcastConvertType(
    lax.bitwiseOr(cleared, literal(BigInt(bias - 1) << BigInt(info.nmant), int)),
    x.dtype,
  );
  const special = lax.bitwiseOr(lax.bitwiseNot(lax.isFinite(x)), lax.eq(x, 0));
  const exact = lax.select(special, lax.fullLike(exponent, 0), exponent);
  return [lax.select(special, x, fraction), lax.convertElementType(exact, "int32")];
}
const frexpCall = customJvp(
  "frexp",
  ([x]) => frexpBits(x as NDArray),
  ([x], [t]) => {
    const lax = L();
    const [m, e] = frexpCall(x as NDArray) as [NDArray, NDArray];
    const scale = lax.exp2(lax.neg(lax.convertElementType(e, (t as NDArray).dtype)));
    return { outs: [m, e], tangents: [lax.mul(t as NDArray, scale), null] };
  },
);
const frexpOf = composite("np.frexp", ([v]: readonly [NDArray]) =>
  frexpCall(refuseComplex("frexp", promoteOne("np.frexp", v, "inexact", "v"))),
);
/** [m, e] with x = m · 2ᵉ and ½ ≤ |m| < 1. Source: jax.numpy.frexp. */
export function frexp(x: ArrayLike): [NDArray, NDArray] {
  return frexpOf([toArray("np.frexp", x, "x")]) as unknown as [NDArray, NDArray];
}
const ldexpOf = composite("np.ldexp", ([a, b]: readonly [NDArray, NDArray]) => {
  const lax = L();
  if (isComplex(a.dtype) || isInexact(b.dtype))
    throw fail("E_DTYPE", `np.ldexp: got ${a.aval} and ${b.aval}, expected real numbers and integers`);
  const x = promoteOne("np.ldexp", a, "inexact", "a");
  const [m, e] = frexpCall(x) as [NDArray, NDArray];
  const sum = pick2(lax.convertElementType(e, x.dtype), lax.convertElementType(b, x.dtype));
  const positive = lax.gt(sum, 0);
  const fraction = pick(positive, lax.mul(m, 2), m);
  const exponent = lax.select(positive, lax.sub(sum, 1), sum);
  const value = pick3(fraction, lax.pow(lax.fullLike(exponent, 2), exponent));
  return pick(lax.bitwiseOr(infinite(x), lax.eq(x, 0)), x, value);
});
const pick2 = (x: NDArray, y: NDArray): NDArray => addOf(x, y);
const pick3 = (x: NDArray, y: NDArray): NDArray => mulOf(x, y);
const addOf = binary("ldexp", "any", (x, y, lax) => lax.add(x, y));
const mulOf = binary("ldexp", "any", (x, y, lax) => lax.mul(x, y));
/** x1 · 2^x2. Source: jax.numpy.ldexp. */
export function ldexp(x1: ArrayLike, x2: ArrayLike): NDArray {
  checkCount("np.ldexp", 2, arguments.length);
  return ldexpOf(arraysOf("np.ldexp", [x1, x2], ["x1", "x2"]) as [NDArray, NDArray]);
}

const nanToNumOf = composite(
  "np.nanToNum",
  ([x, nan, posinf, neginf]: readonly [NDArray, NDArray, NDArray, NDArray]) => {
    const lax = L();
    return parts(x, (v) => {
      const as = (y: NDArray): NDArray => lax.convertElementType(y, v.dtype);
      const a = pick(lax.ne(v, v), as(nan), v);
      const b = pick(lax.eq(a, Infinity), as(posinf), a);
      return pick(lax.eq(b, -Infinity), as(neginf), b);
    });
  },
);
/** NaN and infinities replaced: by 0 and the largest floats, unless told otherwise. Source: jax.numpy.nan_to_num. */
export function nanToNum(
  x: ArrayLike,
  options: Options<
    never,
    { copy: boolean; nan: ArrayLike; posinf: ArrayLike | null; neginf: ArrayLike | null }
  > = {},
): NDArray {
  checkOptions("np.nanToNum", options, ["copy", "nan", "posinf", "neginf"]);
  const v = toArray("np.nanToNum", x, "x");
  if (!isInexact(v.dtype)) return v;
  const { max, min } = finfo(v.dtype);
  const given = [options.nan ?? 0, options.posinf ?? max, options.neginf ?? min];
  return nanToNumOf([v, ...given.map((y) => toArray("np.nanToNum", y))] as never);
}
