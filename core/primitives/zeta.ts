// Hurwitz's zeta function, and the derivatives of digamma by it. Accuracy: a few ulp of float32, 1e-14 in float64.
import type { NDArray } from "../ir/ndarray.ts";
import type { Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { operandsAs, type Operand } from "./operand.ts";
import { elementwise, FLOAT } from "./rules.ts";

type Body2 = (lax: Lax, x: NDArray, y: NDArray) => NDArray;
/** `body` in at least float32. */
const wide =
  (body: Body2) =>
  (lax: Lax, args: readonly NDArray[]): NDArray => {
    const [x, y] = args as [NDArray, NDArray];
    if (x.dtype !== "float16" && x.dtype !== "bfloat16") return body(lax, x, y);
    const out = body(lax, lax.convertElementType(x, "float32"), lax.convertElementType(y, "float32"));
    return lax.convertElementType(out, x.dtype, { weakType: x.weakType && y.weakType });
  };
const apply2 = (p: Primitive, words: readonly string[], ...xs: readonly Operand[]): NDArray =>
  bind1(p, operandsAs(`lax.${p.name}`, words, xs));

/** (2k)! / B₂ₖ, k = 1, 2, …: the terms of Euler and Maclaurin. Source: Cephes zeta.c. */
// prettier-ignore
const EULER_MACLAURIN = [
  12, -720, 30240, -1209600, 47900160, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
  1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
] as const;

/** Ten terms of the sum, the integral of the rest, and its Euler–Maclaurin series. Source: xla math.cc, Zeta. */
function zetaBody(lax: Lax, s: NDArray, q: NDArray): NDArray {
  const minus = lax.neg(s);
  let sum = lax.pow(q, minus);
  for (let n = 1; n < 10; n++) sum = lax.add(sum, lax.pow(lax.add(q, n), minus));
  const a = lax.add(q, 10);
  const power = lax.pow(a, minus);
  const rest = lax.mul(power, lax.add(lax.div(a, lax.sub(s, 1)), 0.5));
  const inverse = lax.div(1, lax.mul(a, a));
  let series = lax.fullLike(s, 0);
  for (let k = EULER_MACLAURIN.length; k > 0; k--) {
    const next = lax.mul(lax.mul(lax.add(s, 2 * k - 1), lax.add(s, 2 * k)), lax.mul(inverse, series));
    series = lax.add(next, 1 / (EULER_MACLAURIN[k - 1] as number));
  }
  const value = lax.add(lax.add(sum, rest), lax.mul(lax.mul(power, lax.div(s, a)), series));
  return atPoles(lax, s, q, value);
}
/** NaN where there is no sum, ±∞ as the limit at poles. */
function atPoles(lax: Lax, s: NDArray, q: NDArray, value: NDArray): NDArray {
  const whole = (x: NDArray): NDArray => lax.eq(x, lax.floor(x));
  const filled = (x: number): NDArray => lax.fullLike(value, x);
  const even = lax.eq(lax.rem(s, 2), 0);
  const pole = lax.select(even, filled(Infinity), filled(NaN));
  const left = lax.select(whole(q), pole, lax.select(whole(s), value, filled(NaN)));
  const inside = lax.select(lax.le(q, 0), left, value);
  return lax.select(lax.lt(s, 1), filled(NaN), lax.select(lax.eq(s, 1), filled(Infinity), inside));
}
/** The primitive of `lax.zeta`. */
export const zeta_p: Primitive = elementwise("zeta", { accepts: FLOAT, arity: 2, decompose: wide(zetaBody) });
/** Σ (q + n)^−x over n ≥ 0, Hurwitz's zeta function. It has no derivative. Source: jax.lax.zeta. */
export const zeta = (x: Operand, q: Operand): NDArray => apply2(zeta_p, ["x", "q"], x, q);

function polygammaBody(lax: Lax, m: NDArray, x: NDArray): NDArray {
  const order = lax.add(m, 1);
  const sign = lax.select(lax.eq(lax.rem(m, 2), 0), lax.fullLike(m, -1), lax.fullLike(m, 1));
  const value = lax.mul(lax.mul(sign, lax.exp(lax.lgamma(order))), lax.zeta(order, x));
  const known = lax.bitwiseAnd(lax.ge(m, 0), lax.eq(m, lax.floor(m)));
  const higher = lax.select(known, value, lax.fullLike(value, NaN));
  return lax.select(lax.eq(m, 0), lax.digamma(x), higher);
}
/** The primitive of `lax.polygamma`. */
export const polygamma_p: Primitive = elementwise("polygamma", {
  accepts: FLOAT,
  arity: 2,
  decompose: wide(polygammaBody),
  jvp: [null, (lax, t, _o, m, x) => lax.mul(t, lax.polygamma(lax.add(m, 1), x))],
});
/** The m-th derivative of digamma at x; constant in m. Source: jax.lax.polygamma. */
export const polygamma = (m: Operand, x: Operand): NDArray => apply2(polygamma_p, ["m", "x"], m, x);
