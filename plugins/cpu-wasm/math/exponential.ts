// exp, log and what follows from them, for f32 and f64. Range reductions after fdlibm (Sun Microsystems, 1993: e_exp.c,
// e_log.c, s_expm1.c, s_log1p.c); the remaining intervals are short enough for a Taylor series (exp) or fdlibm's
// minimax coefficients (log).
import type { Float, Lanes } from "./lanes.ts";

/** 1/k!, from k = 2. f32: degree 7 leaves 5e-9 on |r| ≤ ln 2 / 2; f64: degree 13 leaves 4e-18. */
const EXP_TAIL = { 32: inverseFactorials(7), 64: inverseFactorials(13) } as const;
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

/** x = n · ln 2 + r with integral n and |r| ≤ ln 2 / 2. */
function reduce(L: Lanes, x: Float): { n: Float; r: Float } {
  const { hi, lo } = LN2[L.width];
  const n = L.let(L.nearest(L.mul(x, L.f(Math.LOG2E))));
  const r = L.let(L.sub(L.sub(x, L.mul(n, L.f(hi))), L.mul(n, L.f(lo))));
  return { n, r };
}
/** e^r − 1 − r on the reduced interval. */
const tail = (L: Lanes, r: Float): Float => L.mul(L.mul(r, r), L.poly(r, EXP_TAIL[L.width]));

/** e^(x + extra) for a small extra. ≤ 1 ulp. */
export function exp(L: Lanes, x: Float, extra?: Float): Float {
  const { hi, lo } = EXP_RANGE[L.width];
  const reduced = reduce(L, L.let(L.max(L.min(x, L.f(hi)), L.f(lo))));
  const { n } = reduced;
  const r = extra === undefined ? reduced.r : L.let(L.add(reduced.r, extra));
  const m = L.let(L.add(L.f(1), L.add(r, tail(L, r))));
  // 2^n in two factors: n may lie beyond the exponents of normal numbers.
  const half = L.let(L.floor(L.mul(n, L.f(0.5))));
  return L.mul(L.mul(m, L.pow2(half)), L.pow2(L.sub(n, half)));
}

/** e^x − 1 without cancellation. ≤ 2 ulp. */
export function expm1(L: Lanes, x: Float): Float {
  const { hi } = EXP_RANGE[L.width];
  const { n, r } = reduce(L, L.let(L.max(L.min(x, L.f(hi)), L.f(L.width === 32 ? -87 : -708))));
  // 2 (2^(n−1) (e^r − 1) + 2^(n−1) − ½): n itself may be one too large for an exponent.
  const scale = L.let(L.pow2(L.sub(n, L.f(1))));
  const em1 = L.add(r, tail(L, r));
  const y = L.mul(L.add(L.mul(scale, em1), L.sub(scale, L.f(0.5))), L.f(2));
  return L.sel(L.eq(x, L.f(0)), x, y);
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
  const R = L.mul(z, L.poly(z, LOG[L.width]));
  const low = c === null ? L.mul(k, L.f(lo)) : L.add(L.mul(k, L.f(lo)), c);
  const t = L.add(L.sub(L.add(L.mul(s, L.add(half, R)), low), half), f);
  return L.add(t, L.mul(k, L.f(hi)));
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
  const t = L.let(expm1(L, L.let(L.mul(L.abs(x), L.f(-2)))));
  const y = L.copysign(L.div(t, L.add(t, L.f(2))), x);
  return L.sel(L.eq(x, L.f(0)), x, y);
}

/** 1 / (1 + e^−x), by the exponential of −|x|: nothing overflows. ≤ 3 ulp. */
export function logistic(L: Lanes, x: Float): Float {
  const e = L.let(exp(L, L.let(L.neg(L.abs(x)))));
  return L.div(L.sel(L.lt(x, L.f(0)), e, L.f(1)), L.add(L.f(1), e));
}
