// Scalar functions of the elementwise ops on complex numbers, in double precision. Formulas by W. Kahan, "Branch Cuts for
// Complex Elementary Functions" (1987); branch cuts, infinities and NaN as XLA has them: less is defined than in C99.
import type { BinaryOp, UnaryOp } from "tenon-plugin-api";
import type { C } from "./elements.ts";

const { abs, hypot, sign } = Math;
const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const withSign = (size: number, x: number): number => (isNegative(x) ? -abs(size) : abs(size));
/** i·z and −i·z: functions of one axis from those of the other. */
const timesI = ([re, im]: C): C => [-im, re];
const overI = ([re, im]: C): C => [im, -re];

const add = (a: C, b: C): C => [a[0] + b[0], a[1] + b[1]];
const subtract = (a: C, b: C): C => [a[0] - b[0], a[1] - b[1]];
const multiply = (a: C, b: C): C => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];

/** Scaled so that |b|² neither overflows nor vanishes; infinities by C99 G.5.1. */
function divide(a: C, b: C): C {
  const e = exponent(Math.max(abs(b[0]), abs(b[1])));
  const [c, d] = [b[0] / 2 ** e, b[1] / 2 ** e];
  const n = c * c + d * d;
  const re = (a[0] * c + a[1] * d) / n / 2 ** e;
  const im = (a[1] * c - a[0] * d) / n / 2 ** e;
  if (re === re || im === im) return [re, im];
  const finite = (z: C): boolean => Number.isFinite(z[0]) && Number.isFinite(z[1]);
  const infinite = (z: C): boolean => abs(z[0]) === Infinity || abs(z[1]) === Infinity;
  if (n === 0 && (a[0] === a[0] || a[1] === a[1]))
    return [withSign(Infinity, b[0]) * a[0], withSign(Infinity, b[0]) * a[1]];
  if (infinite(a) && finite(b)) {
    const [p, q] = [boxed(a[0]), boxed(a[1])];
    return [Infinity * (p * b[0] + q * b[1]), Infinity * (q * b[0] - p * b[1])];
  }
  if (infinite(b) && finite(a)) {
    const [p, q] = [boxed(b[0]), boxed(b[1])];
    return [0 * (a[0] * p + a[1] * q), 0 * (a[1] * p - a[0] * q)];
  }
  return [re, im];
}
/** ±1 for an infinity, ±0 for the rest. */
const boxed = (x: number): number => withSign(abs(x) === Infinity ? 1 : 0, x);
const exponent = (x: number): number =>
  x > 0 && x < Infinity ? Math.max(Math.floor(Math.log2(x)), -1000) : 0;

function exp([re, im]: C): C {
  if (im === 0) return [Math.exp(re), im];
  if (re > 709 && re < 1e4) {
    // e^re overflows where its product with a cosine need not
    const half = Math.exp(re / 2);
    return [half * Math.cos(im) * half, half * Math.sin(im) * half];
  }
  const size = Math.exp(re);
  return [size * Math.cos(im), size * Math.sin(im)];
}
function log([re, im]: C): C {
  const size = re === re && im === im ? hypot(re, im) : NaN; // hypot(∞, NaN) = ∞
  // Near the unit circle log|z| is small: ½ log1p(|z|² − 1), written without the cancellation.
  const [big, small] = abs(re) > abs(im) ? [abs(re), abs(im)] : [abs(im), abs(re)];
  const near = size > 0.5 && size < 2;
  return [near ? Math.log1p((big - 1) * (big + 1) + small * small) / 2 : Math.log(size), Math.atan2(im, re)];
}
function log1p([re, im]: C): C {
  const near = abs(re) < 0.5 && abs(im) < 0.5;
  const size = near ? Math.log1p(re * (2 + re) + im * im) / 2 : log([1 + re, im])[0];
  return [size, Math.atan2(im, 1 + re)];
}
function expm1([re, im]: C): C {
  if (im === 0) return [Math.expm1(re), im];
  const [, sine] = exp([re, im]);
  const half = Math.sin(im / 2);
  const cosine = Number.isFinite(re) ? Math.expm1(re) * Math.cos(im) - 2 * half * half : exp([re, im])[0] - 1;
  return [cosine, sine];
}
/** On the negative real axis +i√|re|, whatever the sign of the zero. */
function sqrt([re, im]: C): C {
  if (re !== re || im !== im) return [NaN, NaN];
  if (abs(im) === Infinity) return [Infinity, im];
  if (re === 0 && im === 0) return [0, im];
  if (abs(re) === Infinity) return re > 0 ? [re, withSign(0, im)] : [0, im < 0 ? -Infinity : Infinity];
  const size = hypot(re, im);
  const scale = size > 1e300 ? 4 : size < 1e-300 ? 2 ** -104 : 1;
  const [a, b] = [re / scale, im / scale];
  const t = Math.sqrt((abs(a) + hypot(a, b)) / 2);
  const r = Math.sqrt(scale);
  return a >= 0 ? [t * r, (b / (2 * t)) * r] : [(abs(b) / (2 * t)) * r, b < 0 ? -t * r : t * r];
}
function tanh([re, im]: C): C {
  if (im === 0) return [Math.tanh(re), im];
  if (!Number.isFinite(im)) return abs(re) === Infinity ? [sign(re), 0] : [NaN, NaN];
  if (abs(re) > 22) return [sign(re), 4 * Math.sin(im) * Math.cos(im) * Math.exp(-2 * abs(re))]; // e^(−2|re|) is lost beside 1
  const t = Math.tan(im);
  const beta = 1 + t * t;
  const s = Math.sinh(re);
  const rho = Math.sqrt(1 + s * s);
  if (abs(t) === Infinity) return [rho / s, 1 / t];
  const d = 1 + beta * s * s;
  return [(beta * rho * s) / d, t / d];
}
/** sinh and cosh of the real part with sine and cosine of the other, not overflowing before the product does. */
function sinh([re, im]: C): C {
  if (im === 0) return [Math.sinh(re), im];
  if (abs(re) > 709) {
    const [c, s] = exp([abs(re) - Math.LN2, im]);
    return [withSign(1, re) * c, s];
  }
  return [Math.sinh(re) * Math.cos(im), Math.cosh(re) * Math.sin(im)];
}
function cosh([re, im]: C): C {
  if (im === 0) return [Math.cosh(re), withSign(0, re) * withSign(1, im)];
  if (abs(re) > 709) {
    const [c, s] = exp([abs(re) - Math.LN2, im]);
    return [c, withSign(1, re) * s];
  }
  return [Math.cosh(re) * Math.cos(im), Math.sinh(re) * Math.sin(im)];
}
function logistic(z: C): C {
  // by e^z where e^−z would overflow
  const e = exp(z[0] < 0 ? z : [-z[0], -z[1]]);
  return divide(z[0] < 0 ? e : [1, 0], [1 + e[0], e[1]]);
}
function power(a: C, b: C): C {
  if (b[0] === 0 && b[1] === 0) return [1, 0];
  if (a[0] === 0 && a[1] === 0) return b[1] === 0 && b[0] > 0 ? [0, 0] : [NaN, NaN];
  return exp(multiply(b, log(a)));
}
/** −i log((x + iy) / √(x² + y²)). */
function atan2(y: C, x: C): C {
  const size = sqrt(add(multiply(x, x), multiply(y, y)));
  return overI(log(divide(add(x, timesI(y)), size)));
}
const precedes = (a: C, b: C): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const hasNaN = (a: C): boolean => a[0] !== a[0] || a[1] !== a[1];
/** The NaN of two, else the later in lexicographic order (StableHLO maximum). */
const pick =
  (first: (a: C, b: C) => boolean) =>
  (a: C, b: C): C =>
    hasNaN(a) ? a : hasNaN(b) || !first(a, b) ? b : a;

/** Unary ops of a complex result. */
export const COMPLEX1: { readonly [N in UnaryOp]?: (z: C) => C } = {
  cbrt: (z) => (z[0] === 0 && z[1] === 0 ? z : exp(log(z).map((x) => x / 3) as unknown as C)),
  cosine: (z) => cosh(timesI(z)),
  exponential: exp,
  exponential_minus_one: expm1,
  log,
  log_plus_one: log1p,
  logistic,
  negate: (z) => [-z[0], -z[1]],
  rsqrt: (z) => divide([1, 0], sqrt(z)),
  sign: (z) => {
    const size = hypot(z[0], z[1]);
    return size === 0 ? z : [z[0] / size, z[1] / size];
  },
  sine: (z) => overI(sinh(timesI(z))),
  sqrt,
  tan: (z) => overI(tanh(timesI(z))),
  tanh,
};
/** Unary ops of a real result. */
export const COMPLEX_TO_REAL: { readonly [N in UnaryOp]?: (z: C) => number } = {
  abs: (z) => hypot(z[0], z[1]),
  real: (z) => z[0],
  imag: (z) => z[1],
};
/** Binary ops. */
export const COMPLEX2: { readonly [N in BinaryOp]?: (a: C, b: C) => C } = {
  add,
  atan2,
  divide,
  maximum: pick((a, b) => precedes(b, a)),
  minimum: pick(precedes),
  multiply,
  power,
  subtract,
};
