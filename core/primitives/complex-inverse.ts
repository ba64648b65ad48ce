// Inverse circular and hyperbolic functions of complex numbers, without cancellation near the branch cuts.
// Source: W. Kahan, "Branch Cuts for Complex Elementary Functions" (1987).
import type { NDArray } from "../ir/ndarray.ts";
import type { Lax } from "./lax.ts";

/** Real and imaginary part of √(re + i·im) with the imaginary part's sign at least +0. */
function upperRoot(lax: Lax, re: NDArray, im: NDArray): [NDArray, NDArray] {
  const root = lax.sqrt(lax.complex(re, lax.abs(im)));
  return [lax.real(root), lax.imag(root)];
}
/** `value` with the sign of `im`, where no sign of a zero counts. */
const signedAs = (lax: Lax, im: NDArray, value: NDArray): NDArray =>
  lax.select(lax.lt(im, 0), lax.neg(value), value);
/** √(1 + z) and √(1 − z): real and imaginary parts. */
function roots(lax: Lax, re: NDArray, im: NDArray): [NDArray, NDArray, NDArray, NDArray] {
  const [a, b] = upperRoot(lax, lax.add(1, re), im);
  const [c, d] = upperRoot(lax, lax.sub(1, re), im);
  return [a, signedAs(lax, im, b), c, signedAs(lax, im, lax.neg(d))];
}
/** Real and imaginary part of asin(re + i·im). */
function asinParts(lax: Lax, re: NDArray, im: NDArray): [NDArray, NDArray] {
  const [a, b, c, d] = roots(lax, re, im);
  const product = lax.sub(lax.mul(a, c), lax.mul(b, d));
  return [lax.atan2(re, product), lax.asinh(lax.sub(lax.mul(c, b), lax.mul(d, a)))];
}
/** asin of a complex number. */
export function complexAsin(lax: Lax, z: NDArray): NDArray {
  return lax.complex(...asinParts(lax, lax.real(z), lax.imag(z)));
}
/** acos of a complex number. */
export function complexAcos(lax: Lax, z: NDArray): NDArray {
  const [a, b, c, d] = roots(lax, lax.real(z), lax.imag(z));
  return lax.complex(lax.mul(2, lax.atan2(c, a)), lax.asinh(lax.sub(lax.mul(a, d), lax.mul(b, c))));
}
/** asinh z = −i·asin(iz). */
export function complexAsinh(lax: Lax, z: NDArray): NDArray {
  const [re, im] = asinParts(lax, lax.neg(lax.imag(z)), lax.real(z));
  return lax.complex(im, lax.neg(re));
}
/** acosh of a complex number: the branch with a real part of at least 0. */
export function complexAcosh(lax: Lax, z: NDArray): NDArray {
  const [re, im] = [lax.real(z), lax.imag(z)];
  const [a, b] = upperRoot(lax, lax.add(re, 1), im);
  const [c, d] = upperRoot(lax, lax.sub(re, 1), im);
  const real = lax.asinh(lax.add(lax.mul(c, a), lax.mul(d, b)));
  return lax.complex(real, signedAs(lax, im, lax.mul(2, lax.atan2(d, a))));
}
/** Real and imaginary part of atanh(x + i·y). */
function atanhParts(lax: Lax, x: NDArray, y: NDArray): [NDArray, NDArray] {
  const away = lax.sub(1, x);
  const y2 = lax.square(y);
  const re = lax.mul(0.25, lax.log1p(lax.div(lax.mul(4, x), lax.add(lax.square(away), y2))));
  const im = lax.mul(0.5, lax.atan2(lax.mul(2, y), lax.sub(lax.mul(away, lax.add(1, x)), y2)));
  return [re, im];
}
/** atanh of a complex number. */
export function complexAtanh(lax: Lax, z: NDArray): NDArray {
  return lax.complex(...atanhParts(lax, lax.real(z), lax.imag(z)));
}
/** atan z = −i·atanh(iz). */
export function complexAtan(lax: Lax, z: NDArray): NDArray {
  const [re, im] = atanhParts(lax, lax.neg(lax.imag(z)), lax.real(z));
  return lax.complex(im, lax.neg(re));
}
