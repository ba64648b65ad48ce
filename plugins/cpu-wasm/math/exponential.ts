// exp, log and what follows from them, for f32 and f64. Range reductions after fdlibm (Sun Microsystems, 1993: e_exp.c,
// e_log.c, s_expm1.c, s_log1p.c); the remaining intervals are short enough for a Taylor series (exp) or fdlibm's
// minimax coefficients (log).
import type { Bits, Float, Lanes } from "./lanes.ts";

/** e^r ≈ 1 + r + Σ c[k] r^(k+2): f32 minimax, 3e-9 relative on |r| ≤ ln 2 / 2; f64: Taylor to degree 13 leaves 4e-18. */
const EXP_TAIL = {
  32: [0.4999999403953552, 0.1666651964187622, 0.041668400168418884, 0.00836885068565607, 0.0013814320554956794],
  64: inverseFactorials(13),
} as const; // prettier-ignore
function inverseFactorials(degree: number): readonly number[] {
  const out: number[] = [];
  for (let k = 2, f = 1; k <= degree; k++) out.push(1 / (f *= k));
  return out;
}
/** ln 2 in two parts: the first is short, so that n · hi is exact. */
const LN2 = {
  32: { hi: 0.693145751953125, lo: 1.428606765330187e-6 },
  64: { hi: 6.9314718036912381649e-1, lo: 1.90821492927058770002e-10 },
} as const;
/** fdlibm's log coefficients: log(1+f) = f − (f²/2 − s (f²/2 + R)), s = f / (2 + f), R = Σ c[k] s^(2k+2). */
const LOG = {
  32: [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841],
  64: [
    6.666666666666735130e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
    1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
  ],
} as const; // prettier-ignore
/** Where exp surely overflows and surely gives 0. */
const EXP_RANGE = { 32: { hi: 89, lo: -104.5 }, 64: { hi: 710, lo: -746 } } as const;

/** x = n · ln 2 + r with integral n and |r| ≤ ln 2 / 2. The low bits of `count` are n + 2 · bias. */
function reduce(L: Lanes, x: Float): { count: Bits; r: Float } {
  const { hi, lo } = LN2[L.width];
  const { magic, bias } = L.format;
  // Adding 1.5 · 2^mantissa rounds to an integer.
  const count = L.let(L.fma(x, L.f(Math.LOG2E), L.f(magic + 2 * bias)));
  const n = L.let(L.sub(count, L.f(magic + 2 * bias)));
  return { count: L.bits(count), r: L.let(L.fma(n, L.f(-lo), L.fma(n, L.f(-hi), x))) };
}
/** e^r − 1 on the reduced interval. */
const fraction = (L: Lanes, r: Float): Float => L.fma(L.mul(r, r), L.poly(r, EXP_TAIL[L.width]), r);

/** e^(x + extra) for a small extra. ≤ 1 ulp. */
export function exp(L: Lanes, x: Float, extra?: Float): Float {
  const { hi, lo } = EXP_RANGE[L.width];
  const { count, r } = reduce(L, L.let(L.clamp(x, lo, hi)));
  const m = L.add(L.f(1), fraction(L, extra === undefined ? r : L.let(L.add(r, extra))));
  // 2^n in two factors, ⌊n/2⌋ and ⌈n/2⌉: n may lie beyond the exponents of normal numbers.
  const half = L.letBits(L.shrU(count, 1));
  return L.mul(L.mul(m, L.pow2(half)), L.pow2(L.isub(count, half)));
}

/** (e^x − 1) / 2 without cancellation, where e^x is neither 0 nor infinite: the half of e^x has an exponent. */
function halfExpm1(L: Lanes, x: Float): Float {
  const { count, r } = reduce(L, x);
  const scale = L.let(L.pow2(L.isub(count, L.i(L.format.bias + 1))));
  return L.fma(scale, fraction(L, r), L.sub(scale, L.f(0.5)));
}
/** e^x − 1 without cancellation. ≤ 2 ulp. */
export function expm1(L: Lanes, x: Float): Float {
  const { hi } = EXP_RANGE[L.width];
  const half = halfExpm1(L, L.let(L.clamp(x, L.width === 32 ? -87 : -708, hi)));
  return L.copysign(L.mul(half, L.f(2)), x); // −0 stays
}

/** A positive normal x = 2^k (1 + f) with 1 + f in [√½, √2). */
export function splitExponent(L: Lanes, x: Float): { k: Float; f: Float } {
  const { mantissa, bias } = L.format;
  const one = BigInt(bias) << BigInt(mantissa);
  const sqrtHalf = L.width === 32 ? 0x3f3504f3n : 0x3fe6a09e00000000n;
  const u = L.letBits(L.iadd(L.bits(x), L.i(one - sqrtHalf)));
  const k = L.let(L.fromInt(L.isub(L.shrS(u, mantissa), L.i(bias))));
  const low = L.and(u, L.i((1n << BigInt(mantissa)) - 1n));
  return { k, f: L.let(L.sub(L.float(L.iadd(low, L.i(sqrtHalf))), L.f(1))) };
}
/** Subnormals are scaled into the normal range first; `k` corrects the exponent. */
export function normalised(L: Lanes, x: Float): { x: Float; k: Float } {
  const small = L.letMask(L.lt(x, L.f(L.width === 32 ? 2 ** -126 : 2 ** -1022)));
  const lift = L.width === 32 ? 25 : 54;
  return { x: L.let(L.sel(small, L.mul(x, L.f(2 ** lift)), x)), k: L.sel(small, L.f(-lift), L.f(0)) };
}
/** k · ln 2 + log(1 + f) + c. */
function assemble(L: Lanes, k: Float, f: Float, c: Float | null): Float {
  const { hi, lo } = LN2[L.width];
  const s = L.let(L.div(f, L.add(f, L.f(2))));
  const z = L.let(L.mul(s, s));
  const half = L.let(L.mul(L.f(0.5), L.mul(f, f)));
  const R = L.fma(z, L.poly(z, LOG[L.width]), half);
  const low = c === null ? L.mul(k, L.f(lo)) : L.fma(k, L.f(lo), c);
  const t = L.add(L.sub(L.fma(s, R, low), half), f);
  return L.fma(k, L.f(hi), t);
}
/** NaN below `zero`, −∞ at it, +∞ and NaN as they are. */
function logSpecials(L: Lanes, x: Float, zero: number, y: Float): Float {
  const finite = L.sel(L.lt(x, L.f(Infinity)), y, x);
  const edge = L.sel(L.eq(x, L.f(zero)), L.f(-Infinity), finite);
  return L.sel(L.lt(x, L.f(zero)), L.f(NaN), edge);
}

/** Natural logarithm. ≤ 1 ulp. */
export function log(L: Lanes, x: Float): Float {
  const normal = normalised(L, x);
  const { k, f } = splitExponent(L, normal.x);
  return logSpecials(L, x, 0, assemble(L, L.let(L.add(k, normal.k)), f, null));
}

/** log(1 + x), accurate near 0. ≤ 2 ulp. */
export function log1p(L: Lanes, x: Float): Float {
  const u = L.let(L.add(L.f(1), x));
  // What the sum lost, relative to u.
  const lost = L.sel(L.ge(u, L.f(2)), L.sub(L.f(1), L.sub(u, x)), L.sub(x, L.sub(u, L.f(1))));
  const c = L.let(L.div(lost, u));
  const { k, f } = splitExponent(L, u);
  const y = logSpecials(L, x, -1, assemble(L, k, f, c));
  return L.sel(L.eq(x, L.f(0)), x, y);
}

/** tanh by e^(−2|x|) − 1. ≤ 3 ulp. */
export function tanh(L: Lanes, x: Float): Float {
  const a = L.clamp(L.abs(x), 0, 20); // from there on it is 1
  const half = L.let(halfExpm1(L, L.let(L.mul(a, L.f(-2)))));
  return L.copysign(L.div(half, L.add(half, L.f(1))), x);
}

/** 1 / (1 + e^−x), by the exponential of −|x|: nothing overflows. ≤ 3 ulp. */
export function logistic(L: Lanes, x: Float): Float {
  const e = L.let(exp(L, L.let(L.neg(L.abs(x)))));
  return L.div(L.sel(L.lt(x, L.f(0)), e, L.f(1)), L.add(L.f(1), e));
}
