// Sums of polynomials with known coefficients, highest power first.
import type { NDArray } from "../ir/ndarray.ts";
import type { Lax } from "./lax.ts";

/** Horner's rule, highest power first. */
export function polynomial(lax: Lax, x: NDArray, coefficients: readonly number[]): NDArray {
  let p = lax.fullLike(x, coefficients[0] as number);
  for (const c of coefficients.slice(1)) p = lax.add(lax.mul(p, x), c);
  return p;
}
/** Clenshaw's sum of a Chebyshev series. */
export function chebyshev(lax: Lax, x: NDArray, coefficients: readonly number[]): NDArray {
  let [b0, b1, b2] = [lax.fullLike(x, 0), lax.fullLike(x, 0), lax.fullLike(x, 0)];
  for (const c of coefficients) [b2, b1, b0] = [b1, b0, lax.add(lax.sub(lax.mul(x, b0), b1), c)];
  return lax.mul(0.5, lax.sub(b0, b2));
}
