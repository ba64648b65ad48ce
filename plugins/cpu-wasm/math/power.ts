// pow and cbrt in f64 lanes. The logarithm is carried in two parts (as in fdlibm's e_pow.c), because y · log x
// multiplies its error by up to 710.
import { exp, normalised, splitExponent } from "./exponential.ts";
import type { Float, Lanes } from "./lanes.ts";

const LOW_HALF = -(1n << 27n);
/** The leading 26 bits of x: their products are exact. */
const head = (L: Lanes, x: Float): Float => L.let(L.float(L.and(L.bits(x), L.i(LOW_HALF))));

/** log x = hi + lo of a positive x, 2^−60 relative. log(1+f) = 2 s + 2/3 s³ + …, s = f / (2 + f). */
function logParts(L: Lanes, x: Float): { hi: Float; lo: Float } {
  const normal = normalised(L, x);
  const split = splitExponent(L, normal.x);
  const k = L.let(L.add(split.k, normal.k));
  const { f } = split;
  const u = L.let(L.add(f, L.f(2)));
  const lost = L.sub(f, L.sub(u, L.f(2)));
  const uh = head(L, u);
  const ul = L.let(L.add(L.sub(u, uh), lost));
  const s = L.let(L.div(f, u));
  const sh = head(L, s);
  const sl = L.let(L.div(L.sub(L.sub(f, L.mul(sh, uh)), L.mul(sh, ul)), u));
  const z = L.let(L.mul(s, s));
  // 2 s³ (1/3 + z/5 + …) to 2^−60: z ≤ 0.0295, so eleven more terms.
  const series = L.poly(
    z,
    Array.from({ length: 12 }, (_, i) => 2 / (2 * i + 3)),
  );
  const cube = L.mul(L.mul(s, z), series);
  // k ln 2 + 2 sh is exact but for one rounding, whose error is kept.
  const big = L.let(L.mul(k, L.f(6.9314718036912381649e-1)));
  const main = L.let(L.add(big, L.add(sh, sh)));
  // |big| ≥ |2 sh| or big = 0: the two-sum of Dekker.
  const error = L.sub(L.add(sh, sh), L.sub(main, big));
  const small = L.let(
    L.add(L.add(error, L.add(sl, sl)), L.add(L.mul(k, L.f(1.90821492927058770002e-10)), cube)),
  );
  const hi = L.let(L.add(main, small));
  return { hi, lo: L.let(L.sub(small, L.sub(hi, main))) };
}

/** x^y with C99's special values (Annex F.9.4.4). ≤ 12 ulp in f64. */
export function pow(L: Lanes, x: Float, y: Float): Float {
  const a = L.let(L.abs(x));
  const { hi, lo } = logParts(L, a);
  const [yh, lh] = [head(L, y), head(L, hi)];
  // y · (hi + lo), the product's leading part exact.
  const product = L.let(L.mul(y, hi));
  const exactError = L.add(
    L.sub(L.mul(yh, lh), product),
    L.add(L.mul(yh, L.sub(hi, lh)), L.mul(L.sub(y, yh), hi)),
  );
  const rest = L.let(L.add(exactError, L.mul(y, lo)));
  const settled = L.letMask(L.lt(L.abs(product), L.f(1000)));
  const magnitude = exp(L, product, L.sel(settled, rest, L.f(0)));
  return powSpecials(L, { x, y, a, magnitude: L.let(edges(L, a, y, magnitude)) });
}
/** |x| = 0 or ∞: the logarithm is infinite; its parts are no numbers. */
function edges(L: Lanes, a: Float, y: Float, finite: Float): Float {
  const inverse = L.sel(L.lt(y, L.f(0)), L.div(L.f(1), a), a);
  const atEdge = L.mor(L.eq(a, L.f(0)), L.eq(a, L.f(Infinity)));
  const grows = L.ieq(L.shrS(L.xor(L.bits(L.sub(a, L.f(1))), L.bits(y)), L.width - 1), L.i(0));
  const infinitePower = L.sel(grows, L.f(Infinity), L.f(0));
  const isInfinite = L.mand(L.eq(L.abs(y), L.f(Infinity)), L.eq(a, a));
  const y1 = L.sel(isInfinite, infinitePower, L.sel(atEdge, L.sel(L.eq(y, y), inverse, y), finite));
  return L.sel(L.eq(a, a), y1, a);
}
interface Power { readonly x: Float; readonly y: Float; readonly a: Float; readonly magnitude: Float } // prettier-ignore
function powSpecials(L: Lanes, { x, y, a, magnitude }: Power): Float {
  const half = L.let(L.mul(y, L.f(0.5)));
  const integral = L.letMask(L.eq(L.trunc(y), y));
  const odd = L.mand(integral, L.ne(L.trunc(half), half));
  const sign = L.and(L.bits(x), L.i(-(1n << 63n)));
  const signed = L.let(L.sel(odd, L.float(L.or(L.bits(magnitude), sign)), magnitude));
  const undefinedPower = L.mand(L.mand(L.lt(x, L.f(0)), L.gt(x, L.f(-Infinity))), L.mnot(integral));
  const inf = L.mand(L.eq(a, L.f(1)), L.eq(L.abs(y), L.f(Infinity)));
  const one = L.mor(L.mor(L.eq(y, L.f(0)), L.eq(x, L.f(1))), inf);
  // y NaN: `integral` is false, and a negative x gives NaN as every other x does.
  return L.sel(one, L.f(1), L.sel(undefinedPower, L.f(NaN), signed));
}

/** Cube root: e^(log|x| / 3), then one step of Newton's method. ≤ 1 ulp. */
export function cbrt(L: Lanes, x: Float): Float {
  const small = L.letMask(L.lt(L.abs(x), L.f(2 ** -900)));
  const a = L.let(L.sel(small, L.mul(L.abs(x), L.f(2 ** 180)), L.abs(x)));
  const { hi } = logParts(L, a);
  const t = L.let(exp(L, L.let(L.mul(hi, L.f(1 / 3)))));
  const t2 = L.let(L.mul(t, t));
  const better = L.sub(t, L.div(L.sub(L.mul(t2, t), a), L.mul(L.f(3), t2)));
  const y = L.let(L.sel(small, L.mul(better, L.f(2 ** -60)), better));
  const special = L.mor(L.eq(x, L.f(0)), L.mnot(L.lt(L.abs(x), L.f(Infinity))));
  return L.sel(special, x, L.copysign(y, x));
}
