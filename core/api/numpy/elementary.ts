// np: exponentials, logarithms, circles and hyperbolas. Integers become the default float.
import { fail } from "../../errors.ts";
import { isComplex, isFloat, isInexact } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { checkOptions } from "../arrays.ts";
import {
  asStrong,
  strongArray,
  binary12,
  binaryComposite12,
  customJvp,
  L,
  parts,
  unary,
  unaryComposite,
  type Binary12,
  type Unary,
} from "./define.ts";

/** eˣ. Source: jax.numpy.exp. */
export const exp: Unary = unary("exp", "inexact", (x, lax) => lax.exp(x));
/** 2ˣ. Source: jax.numpy.exp2. */
export const exp2: Unary = unary("exp2", "inexact", (x, lax) => lax.exp2(x));
/** eˣ − 1, accurate near 0. Source: jax.numpy.expm1. */
export const expm1: Unary = unary("expm1", "inexact", (x, lax) => lax.expm1(x));
/** Natural logarithm. Source: jax.numpy.log. */
export const log: Unary = unary("log", "inexact", (x, lax) => lax.log(x));
/** log(1 + x), accurate near 0. Source: jax.numpy.log1p. */
export const log1p: Unary = unary("log1p", "inexact", (x, lax) => lax.log1p(x));
/** Square root. Source: jax.numpy.sqrt. */
export const sqrt: Unary = unary("sqrt", "inexact", (x, lax) => lax.sqrt(x));
/** Cube root. Source: jax.numpy.cbrt. */
export const cbrt: Unary = unary("cbrt", "inexact", (x, lax) => lax.cbrt(x));
/** Sine. Source: jax.numpy.sin. */
export const sin: Unary = unary("sin", "inexact", (x, lax) => lax.sin(x));
/** Cosine. Source: jax.numpy.cos. */
export const cos: Unary = unary("cos", "inexact", (x, lax) => lax.cos(x));
/** Tangent. Source: jax.numpy.tan. */
export const tan: Unary = unary("tan", "inexact", (x, lax) => lax.tan(x));
/** Inverse sine. Source: jax.numpy.arcsin. */
export const arcsin: Unary = unary("arcsin", "inexact", (x, lax) => lax.asin(x));
/** As arcsin. Source: jax.numpy.asin. */
export const asin: Unary = arcsin;
/** Inverse cosine. Source: jax.numpy.arccos. */
export const arccos: Unary = unary("arccos", "inexact", (x, lax) => lax.acos(x));
/** As arccos. Source: jax.numpy.acos. */
export const acos: Unary = arccos;
/** Inverse tangent. Source: jax.numpy.arctan. */
export const arctan: Unary = unary("arctan", "inexact", (x, lax) => lax.atan(x));
/** As arctan. Source: jax.numpy.atan. */
export const atan: Unary = arctan;
/** Hyperbolic sine. Source: jax.numpy.sinh. */
export const sinh: Unary = unary("sinh", "inexact", (x, lax) => lax.sinh(x));
/** Hyperbolic cosine. Source: jax.numpy.cosh. */
export const cosh: Unary = unary("cosh", "inexact", (x, lax) => lax.cosh(x));
/** Hyperbolic tangent. Source: jax.numpy.tanh. */
export const tanh: Unary = unary("tanh", "inexact", (x, lax) => lax.tanh(x));
/** Inverse hyperbolic sine. Source: jax.numpy.arcsinh. */
export const arcsinh: Unary = unary("arcsinh", "inexact", (x, lax) => lax.asinh(x));
/** As arcsinh. Source: jax.numpy.asinh. */
export const asinh: Unary = arcsinh;
/** Inverse hyperbolic cosine; of complex numbers the branch with a real part of at least 0. Source: jax.numpy.arccosh. */
export const arccosh: Unary = unary("arccosh", "inexact", (x, lax) => {
  const y = lax.acosh(x);
  return isComplex(y.dtype) ? lax.select(lax.lt(lax.real(y), 0), lax.neg(y), y) : y;
});
/** As arccosh. Source: jax.numpy.acosh. */
export const acosh: Unary = arccosh;
/** Inverse hyperbolic tangent. Source: jax.numpy.arctanh. */
export const arctanh: Unary = unary("arctanh", "inexact", (x, lax) => lax.atanh(x));
/** As arctanh. Source: jax.numpy.atanh. */
export const atanh: Unary = arctanh;

/** Logarithm to base 2. Source: jax.numpy.log2. */
export const log2: Unary = unary("log2", "inexact", (x, lax) =>
  asStrong(parts(lax.log(x), (v) => lax.div(v, lax.log(lax.fullLike(v, 2))))),
);
/** Logarithm to base 10. Source: jax.numpy.log10. */
export const log10: Unary = unary("log10", "inexact", (x, lax) =>
  asStrong(parts(lax.log(x), (v) => lax.mul(v, 0.4342944819032518))),
);
/** Angle of the point (x2, x1). Source: jax.numpy.arctan2. */
export const arctan2: Binary12 = binary12("arctan2", "inexact", (x, y, lax) => {
  if (!isComplex(x.dtype)) return lax.atan2(x, y);
  // −i · log((x2 + i·x1) / √(x1² + x2²))
  const turned = lax.add(y, lax.mul(x, literal({ re: 0, im: 1 }, x.dtype, x.weakType)));
  const length = lax.sqrt(lax.add(lax.square(x), lax.square(y)));
  return lax.mul(lax.log(lax.div(turned, length)), literal({ re: 0, im: -1 }, x.dtype, x.weakType));
});
/** As arctan2. Source: jax.numpy.atan2. */
export const atan2: Binary12 = arctan2;
/** Radians of degrees. Source: jax.numpy.deg2rad. */
export const deg2rad: Unary = unary("deg2rad", "inexact", (x, lax) => lax.mul(x, Math.PI / 180));
/** As deg2rad. Source: jax.numpy.radians. */
export const radians: Unary = deg2rad;
/** Degrees of radians. Source: jax.numpy.rad2deg. */
export const rad2deg: Unary = unary("rad2deg", "inexact", (x, lax) => lax.mul(x, 180 / Math.PI));
/** As rad2deg. Source: jax.numpy.degrees. */
export const degrees: Unary = rad2deg;

const angleOf = composite("np.angle", ([z]: readonly [NDArray], deg: boolean) => {
  const lax = L();
  if (!isInexact(z.dtype) || (isFloat(z.dtype) && z.ndim === 0))
    z = lax.convertElementType(z, canonicalDType("float64"));
  const real = isComplex(z.dtype) ? lax.real(z) : z;
  const imag = isComplex(z.dtype) ? lax.imag(z) : lax.fullLike(z, 0);
  const out = lax.atan2(imag, real);
  return asStrong(deg ? lax.mul(out, 180 / Math.PI) : out);
});
/** Angle of complex numbers, in radians or degrees. Source: jax.numpy.angle. */
export function angle(z: ArrayLike, options: Options<never, { deg: boolean }> = {}): NDArray {
  checkOptions("np.angle", options, ["deg"]);
  return angleOf([toArray("np.angle", z, "z")], options.deg ?? false);
}

/** x mod 2a, moved into [−a, a). */
function wrapBetween(x: NDArray, a: number): NDArray {
  const lax = L();
  const rest = lax.rem(lax.add(x, a), 2 * a);
  return lax.sub(lax.select(lax.lt(rest, 0), lax.add(rest, 2 * a), rest), a);
}
/** log(baseˣ + baseʸ): `scale` is 1/ln(base), `raise` is base to a power. */
function addLogs(x: NDArray, y: NDArray, scale: number, raise: (v: NDArray) => NDArray): NDArray {
  const lax = L();
  const max = isComplex(x.dtype) ? lax.select(lax.ge(lax.real(x), lax.real(y)), x, y) : lax.max(x, y);
  const scaled = (v: NDArray): NDArray => (scale === 1 ? v : lax.mul(v, scale));
  if (isComplex(x.dtype)) {
    const delta = lax.sub(lax.add(x, y), lax.mul(max, 2));
    const out = lax.add(max, scaled(lax.log1p(raise(delta))));
    return lax.complex(lax.real(out), wrapBetween(lax.imag(out), Math.PI * scale));
  }
  const delta = lax.sub(x, y);
  const smooth = lax.add(max, scaled(lax.log1p(raise(lax.neg(lax.abs(delta))))));
  return lax.select(lax.ne(delta, delta), lax.add(x, y), smooth);
}
/** Infinities out of a difference of equal infinities. */
function finite(x: NDArray): NDArray {
  const lax = L();
  const real = isComplex(x.dtype) ? lax.real(x) : x;
  return lax.select(lax.eq(real, Infinity), lax.zerosLike(x), x);
}
const logAdd = (name: string, scale: number, raise: (v: NDArray) => NDArray): Binary12 => {
  const body = (xs: readonly NDArray[]): readonly NDArray[] => [
    addLogs(xs[0] as NDArray, xs[1] as NDArray, scale, raise),
  ];
  const share = (t: NDArray, x: NDArray, out: NDArray): NDArray =>
    L().mul(t, raise(L().sub(finite(x), finite(out))));
  const call = customJvp(name, body, (primals, tangents) => {
    const outs = call(...primals);
    const [out, [x, y], [s, t]] = [outs[0], primals, tangents] as [NDArray, NDArray[], NDArray[]];
    return {
      outs,
      tangents: [L().add(share(s as NDArray, x as NDArray, out), share(t as NDArray, y as NDArray, out))],
    };
  });
  return binaryComposite12(name, "inexact", (x, y) => {
    const out = call(x, y)[0] as NDArray;
    return scale === 1 ? out : strongArray(out);
  });
};
/** log(e^x1 + e^x2) without overflow. Source: jax.numpy.logaddexp. */
export const logaddexp: Binary12 = logAdd("logaddexp", 1, (v) => L().exp(v));
/** log₂(2^x1 + 2^x2) without overflow. Source: jax.numpy.logaddexp2. */
export const logaddexp2: Binary12 = logAdd("logaddexp2", 1 / Math.LN2, (v) => L().exp2(v));

/** The value and all derivatives of sin(πx)/(πx) at 0 (jnp's _sinc_maclaurin). */
function sincAtZero(k: number): (...xs: readonly NDArray[]) => readonly NDArray[] {
  return customJvp(
    "sinc",
    ([x]) => {
      const none = L().mul(x as NDArray, 0);
      return [k % 2 === 1 ? none : L().add(none, (-1) ** (k / 2) / (k + 1))];
    },
    ([x], [t]) => ({
      outs: sincAtZero(k)(x as NDArray),
      tangents: [L().mul(sincAtZero(k + 1)(x as NDArray)[0] as NDArray, t as NDArray)],
    }),
  );
}
/** sin(πx)/(πx), smooth at 0. Source: jax.numpy.sinc. */
export const sinc: Unary = unaryComposite("sinc", "inexact", (x, lax) => {
  const none = lax.eq(x, 0);
  const px = lax.mul(x, Math.PI);
  const safe = lax.select(none, lax.fullLike(px, 1), px);
  return lax.select(none, sincAtZero(0)(px)[0] as NDArray, lax.div(lax.sin(safe), safe));
});
const i0Of = customJvp(
  "i0",
  ([x]) => {
    const magnitude = L().abs(x as NDArray);
    return [L().mul(L().exp(magnitude), L().besselI0e(magnitude))];
  },
  ([x], [t]) => {
    const magnitude = L().abs(x as NDArray);
    const slope = L().mul(L().exp(magnitude), L().mul(L().sign(x as NDArray), L().besselI1e(magnitude)));
    return { outs: i0Of(x as NDArray), tangents: [L().mul(t as NDArray, slope)] };
  },
);
/** Modified Bessel function of order 0. Source: jax.numpy.i0. */
export const i0: Unary = unaryComposite("i0", "inexact", (x) => {
  if (isComplex(x.dtype)) throw fail("E_DTYPE", `np.i0: got ${x.aval}, expected real numbers`);
  return i0Of(x)[0] as NDArray;
});
