// Special functions, decomposed into the polynomials that XLA uses: those for float32 here, for float64 in
// special-double.ts; the Lanczos sums of lgamma and digamma hold in both. Accuracy: a few ulp.
import type { NDArray } from "../ir/ndarray.ts";
import type { Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { operands, type Operand } from "./operand.ts";
import { chebyshev, polynomial } from "./polynomials.ts";
import { elementwise, FLOAT, inFloat32, type Partial1 } from "./rules.ts";
import {
  erfcDouble,
  erfDouble,
  erfInvDouble,
  I0E_FAR_DOUBLE,
  I0E_NEAR_DOUBLE,
  I1E_FAR_DOUBLE,
  I1E_NEAR_DOUBLE,
} from "./special-double.ts";

type Body = (lax: Lax, x: NDArray) => NDArray;
/** A float function computed in at least float32; `double` is its body for float64 where that is another. */
const special = (name: string, body: Body, jvp: Partial1, double: Body = body): Primitive =>
  elementwise(name, {
    accepts: FLOAT,
    decompose: (lax, [v]) => {
      const x = v as NDArray;
      return x.dtype === "float64" ? double(lax, x) : inFloat32(lax, x, body);
    },
    jvp: [jvp],
  });
const apply = (p: Primitive, x: Operand): NDArray => bind1(p, operands(`lax.${p.name}`, x));

const ERF_P = [
  0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145, 1.128379143519084,
] as const;
const ERF_Q = [
  -1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667,
  0.11098505178285362, 0.49746925110067538, 1.0,
] as const;
/** x·P(x²)/Q(x²) on the interval where |erf| < 1 in float32. Source: xla/hlo/builder/lib/math.cc, ErfImpl32. */
function erfBody(lax: Lax, x: NDArray): NDArray {
  const bound = 3.7439211627767994;
  const v = lax.clamp(-bound, x, bound);
  const square = lax.mul(v, v);
  return lax.div(lax.mul(v, polynomial(lax, square, ERF_P)), polynomial(lax, square, ERF_Q));
}
const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
const gaussian = (lax: Lax, x: NDArray): NDArray => lax.exp(lax.neg(lax.square(x)));
/** The primitive of `lax.erf`. */
export const erf_p: Primitive = special(
  "erf",
  erfBody,
  (lax, t, _o, x) => lax.mul(TWO_OVER_ROOT_PI, lax.mul(t, gaussian(lax, x))),
  erfDouble,
);
/** Error function. Source: jax.lax.erf. */
export const erf = (x: Operand): NDArray => apply(erf_p, x);

const ERFC_P = [
  2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
  6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
  5.638259427386472e-1,
] as const;
const ERFC_R = [
  -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786, -1.0152652792027,
  4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1,
] as const;
/** Source: xla math.cc, ErfcImpl32 (Cephes). */
function erfcBody(lax: Lax, x: NDArray): NDArray {
  const magnitude = lax.abs(x);
  const q = lax.div(1, magnitude);
  const y = lax.mul(q, q);
  const series = lax.select(lax.lt(magnitude, 2), polynomial(lax, y, ERFC_P), polynomial(lax, y, ERFC_R));
  const minusSquare = lax.neg(lax.mul(x, x));
  const tail = lax.mul(lax.mul(lax.exp(minusSquare), q), series);
  // exp underflows below −log of the largest float.
  const clean = lax.select(lax.lt(minusSquare, -88.72283905206835), lax.fullLike(x, 0), tail);
  const far = lax.select(lax.lt(x, 0), lax.sub(2, clean), clean);
  return lax.select(lax.gt(magnitude, 1), far, lax.sub(1, erfBody(lax, x)));
}
/** The primitive of `lax.erfc`. */
export const erfc_p: Primitive = special(
  "erfc",
  erfcBody,
  (lax, t, _o, x) => lax.mul(-TWO_OVER_ROOT_PI, lax.mul(t, gaussian(lax, x))),
  erfcDouble,
);
/** 1 − erf(x), accurate in the tail. Source: jax.lax.erfc. */
export const erfc = (x: Operand): NDArray => apply(erfc_p, x);

const ERF_INV_CENTRAL = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
] as const;
const ERF_INV_TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
] as const;
/** Giles, "Approximating the erfinv function" (2011). Source: xla math.cc, ErfInv32. */
function erfInvBody(lax: Lax, x: NDArray): NDArray {
  const w = lax.neg(lax.log1p(lax.neg(lax.mul(x, x))));
  const central = polynomial(lax, lax.sub(w, 2.5), ERF_INV_CENTRAL);
  const tail = polynomial(lax, lax.sub(lax.sqrt(w), 3), ERF_INV_TAIL);
  const value = lax.mul(lax.select(lax.lt(w, 5), central, tail), x);
  return lax.select(lax.eq(lax.abs(x), 1), lax.mul(x, Infinity), value);
}
/** The primitive of `lax.erfInv`. */
export const erf_inv_p: Primitive = special(
  "erfInv",
  erfInvBody,
  (lax, t, out) => lax.mul(Math.sqrt(Math.PI) / 2, lax.mul(t, lax.exp(lax.square(out)))),
  erfInvDouble,
);
/** Inverse error function. Source: jax.lax.erf_inv. */
export const erfInv = (x: Operand): NDArray => apply(erf_inv_p, x);

// Lanczos approximation, g = 7, n = 9.
const LANCZOS_G = 7;
const LANCZOS_BASE = 0.9999999999998099;
const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
] as const;
/** log(g + ½ + z) by log1p, for accuracy. */
const logOfT = (lax: Lax, z: NDArray): NDArray =>
  lax.add(Math.log(LANCZOS_G + 0.5), lax.log1p(lax.div(z, LANCZOS_G + 0.5)));

/** Lanczos sum; Euler's reflection below ½. Source: xla math.cc, Lgamma. */
function lgammaBody(lax: Lax, x: NDArray): NDArray {
  const reflects = lax.lt(x, 0.5);
  const z = lax.select(reflects, lax.neg(x), lax.sub(x, 1));
  let sum = lax.fullLike(z, LANCZOS_BASE);
  LANCZOS.forEach((c, i) => {
    sum = lax.add(sum, lax.div(c, lax.add(z, i + 1)));
  });
  const t = lax.add(z, LANCZOS_G + 0.5);
  const logT = logOfT(lax, z);
  const exponent = lax.sub(lax.add(z, 0.5), lax.div(t, logT));
  const value = lax.add(
    lax.add((Math.log(2) + Math.log(Math.PI)) / 2, lax.mul(exponent, logT)),
    lax.log(sum),
  );
  const magnitude = lax.abs(x);
  const part = lax.sub(magnitude, lax.floor(magnitude));
  const reduced = lax.select(lax.gt(part, 0.5), lax.sub(1, part), part);
  const denominator = lax.log(lax.sin(lax.mul(Math.PI, reduced)));
  const reflected = lax.select(
    lax.isFinite(denominator),
    lax.sub(lax.sub(Math.log(Math.PI), denominator), value),
    lax.neg(denominator),
  );
  const result = lax.select(reflects, reflected, value);
  return lax.select(lax.eq(magnitude, Infinity), lax.fullLike(x, Infinity), result);
}
/** The primitive of `lax.lgamma`. */
export const lgamma_p: Primitive = special("lgamma", lgammaBody, (lax, t, _o, x) =>
  lax.mul(t, lax.digamma(x)),
);
/** log |Γ(x)|. Source: jax.lax.lgamma. */
export const lgamma = (x: Operand): NDArray => apply(lgamma_p, x);

/** Derivative of the Lanczos sum; Euler's reflection below ½. Source: xla math.cc, Digamma. */
function digammaBody(lax: Lax, x: NDArray): NDArray {
  const reflects = lax.lt(x, 0.5);
  const z = lax.select(reflects, lax.neg(x), lax.sub(x, 1));
  let [num, denom] = [lax.fullLike(z, 0), lax.fullLike(z, LANCZOS_BASE)];
  LANCZOS.forEach((c, i) => {
    const at = lax.add(z, i + 1);
    num = lax.sub(num, lax.div(c, lax.mul(at, at)));
    denom = lax.add(denom, lax.div(c, at));
  });
  const t = lax.add(z, LANCZOS_G + 0.5);
  const value = lax.sub(lax.add(logOfT(lax, z), lax.div(num, denom)), lax.div(LANCZOS_G, t));
  // The nearest integer is taken out before the cotangent, which has a pole at each.
  const near = lax.add(x, lax.abs(lax.floor(lax.add(x, 0.5))));
  const angle = lax.mul(Math.PI, near);
  const reflected = lax.sub(value, lax.div(lax.mul(Math.PI, lax.cos(angle)), lax.sin(angle)));
  const result = lax.select(reflects, reflected, value);
  const pole = lax.bitwiseAnd(lax.le(x, 0), lax.eq(x, lax.floor(x)));
  return lax.select(pole, lax.fullLike(x, Number.NaN), result);
}
/** The primitive of `lax.digamma`. */
export const digamma_p: Primitive = special("digamma", digammaBody, (lax, t, _o, x) =>
  lax.mul(t, lax.polygamma(lax.fullLike(x, 1), x)),
);
/** Derivative of log Γ. Source: jax.lax.digamma. */
export const digamma = (x: Operand): NDArray => apply(digamma_p, x);

// Cephes i0f.c and i1f.c: near (|x| ≤ 8) and far coefficients.
const I0E_NEAR = [
  -1.30002500998624804212e-8, 6.04699502254191894932e-8, -2.67079385394061173391e-7,
  1.11738753912010371815e-6, -4.41673835845875056359e-6, 1.64484480707288970893e-5,
  -5.75419501008210370398e-5, 1.88502885095841655729e-4, -5.76375574538582365885e-4,
  1.63947561694133579842e-3, -4.3243099950505759443e-3, 1.05464603945949983183e-2, -2.37374148058994688156e-2,
  4.93052842396707084878e-2, -9.4901097048047644421e-2, 1.71620901522208775349e-1, -3.04682672343198398683e-1,
  6.76795274409476084995e-1,
] as const;
const I0E_FAR = [
  3.39623202570838634515e-9, 2.26666899049817806459e-8, 2.04891858946906374183e-7, 2.89137052083475648297e-6,
  6.88975834691682398426e-5, 3.3691164782556940899e-3, 8.04490411014108831608e-1,
] as const;
const I1E_NEAR = [
  9.38153738649577178388e-9, -4.44505912879632808065e-8, 2.00329475355213526229e-7,
  -8.56872026469545474066e-7, 3.47025130813767847674e-6, -1.32731636560394358279e-5,
  4.78156510755005422638e-5, -1.61760815825896745588e-4, 5.12285956168575772895e-4,
  -1.51357245063125314899e-3, 4.15642294431288815669e-3, -1.05640848946261981558e-2,
  2.47264490306265168283e-2, -5.29459812080949914269e-2, 1.02643658689847095384e-1,
  -1.76416518357834055153e-1, 2.52587186443633654823e-1,
] as const;
const I1E_FAR = [
  -3.83538038596423702205e-9, -2.63146884688951950684e-8, -2.51223623787020892529e-7,
  -3.88256480887769039346e-6, -1.10588938762623716291e-4, -9.76109749136146840777e-3,
  7.78576235018280120474e-1,
] as const;
type Series = readonly number[];
const far = (lax: Lax, a: NDArray, series: Series): NDArray =>
  lax.mul(chebyshev(lax, lax.sub(lax.div(32, a), 2), series), lax.rsqrt(a));
const near = (lax: Lax, a: NDArray, series: Series): NDArray =>
  chebyshev(lax, lax.sub(lax.mul(0.5, a), 2), series);
const i0eBody =
  (nearby: Series, faraway: Series): Body =>
  (lax, x) => {
    const a = lax.abs(x);
    return lax.select(lax.le(a, 8), near(lax, a, nearby), far(lax, a, faraway));
  };
const i1eBody =
  (nearby: Series, faraway: Series): Body =>
  (lax, x) => {
    const a = lax.abs(x);
    const value = lax.select(lax.le(a, 8), lax.mul(near(lax, a, nearby), a), far(lax, a, faraway));
    return lax.select(lax.lt(x, 0), lax.neg(value), value);
  };

/** The primitive of `lax.besselI0e`. */
export const bessel_i0e_p: Primitive = special(
  "besselI0e",
  i0eBody(I0E_NEAR, I0E_FAR),
  (lax, t, out, x) => lax.mul(t, lax.sub(lax.besselI1e(x), lax.mul(lax.sign(x), out))),
  i0eBody(I0E_NEAR_DOUBLE, I0E_FAR_DOUBLE),
);
/** e^−|x| · I₀(x). Source: jax.lax.bessel_i0e. */
export const besselI0e = (x: Operand): NDArray => apply(bessel_i0e_p, x);
/** The primitive of `lax.besselI1e`. */
export const bessel_i1e_p: Primitive = special(
  "besselI1e",
  i1eBody(I1E_NEAR, I1E_FAR),
  (lax, t, out, x) => {
    // At 0 the slope is ½; a safe operand keeps 0/0 out of the other branch.
    const epsilon = x.dtype === "float64" ? Number.EPSILON : 1.1920929e-7;
    const nonzero = lax.gt(lax.abs(x), epsilon);
    const safe = lax.select(nonzero, x, lax.fullLike(x, epsilon));
    const slope = lax.sub(lax.besselI0e(safe), lax.mul(out, lax.add(lax.sign(safe), lax.div(1, safe))));
    return lax.mul(t, lax.select(nonzero, slope, lax.fullLike(x, 0.5)));
  },
  i1eBody(I1E_NEAR_DOUBLE, I1E_FAR_DOUBLE),
);
/** e^−|x| · I₁(x). Source: jax.lax.bessel_i1e. */
export const besselI1e = (x: Operand): NDArray => apply(bessel_i1e_p, x);
