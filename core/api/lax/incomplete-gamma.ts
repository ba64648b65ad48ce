// lax: the regularised incomplete gamma functions and their derivatives by the shape, as XLA computes them: a power
// series for small x, a continued fraction for large x (Cephes igam.c; the derivatives by the same recurrences).
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import type { Lax } from "../../primitives/lax.ts";
import { operandsAs } from "../../primitives/operand.ts";
import { composite } from "../composite.ts";
import { broadcastAll, customJvp } from "../numpy/define.ts";
import { whileLoop } from "../numpy/loop.ts";
import { finfo } from "../numpy/dtypes.ts";

/** What of the function is wanted: itself, its derivative by a, or that of a sample from Gamma(a, 1). */
type Mode = "value" | "derivative" | "sample derivative";
interface Parts {
  /** x^a·e^(−x)/Γ(a). */
  readonly ax: NDArray;
  readonly x: NDArray;
  readonly a: NDArray;
  /** Where the method is used at all. */
  readonly enabled: NDArray;
}
type Carry = readonly NDArray[];
const L = (): Lax => context().lax;
const anyOf = (x: NDArray): NDArray =>
  L().reduceOr(
    x,
    x.shape.map((_, i) => i),
  );
const filled = (x: NDArray, value: number): NDArray => L().fullLike(x, value);
const epsilon = (x: NDArray): number => finfo(x.dtype).eps;
/** The new carry where a place is still at work, the old one elsewhere. */
const kept = (enabled: NDArray, next: Carry, old: Carry): NDArray[] =>
  next.map((v, i) => L().select(enabled, v, old[i] as NDArray));

/** The series of γ(a, x): Σ xⁿ/((a+1)…(a+n)), with its derivative by a. */
function series({ ax, x, a, enabled }: Parts, mode: Mode): NDArray {
  const lax = L();
  const [, , , sum, , slope] = whileLoop(
    ([on]) => anyOf(on as NDArray),
    ([on, ...old]) => {
      const [r0, c0, sum0, dc0, slope0] = old as [NDArray, NDArray, NDArray, NDArray, NDArray];
      const r = lax.add(r0, 1);
      const ratio = lax.div(x, r);
      const dc = lax.sub(lax.mul(dc0, ratio), lax.div(lax.mul(c0, x), lax.mul(r, r)));
      const dsum = lax.add(slope0, dc);
      const c = lax.mul(c0, ratio);
      const total = lax.add(sum0, c);
      const last = mode === "value" ? lax.div(c, total) : lax.abs(lax.div(dc, dsum));
      const next = kept(on as NDArray, [r, c, total, dc, dsum], old);
      return [lax.bitwiseAnd(on as NDArray, lax.gt(last, epsilon(x))), ...next];
    },
    [enabled, a, filled(a, 1), filled(a, 1), filled(a, 0), filled(a, 0)],
  ) as unknown as [NDArray, NDArray, NDArray, NDArray, NDArray, NDArray];
  if (mode === "value") return lax.div(lax.mul(sum, ax), a);
  const dlog = lax.sub(lax.log(x), lax.digamma(lax.add(a, 1)));
  const derivative = lax.add(lax.mul(sum, dlog), slope);
  return mode === "derivative"
    ? lax.div(lax.mul(ax, derivative), a)
    : lax.div(lax.mul(lax.neg(derivative), x), a);
}

/** One more partial quotient p/q and its derivative by a; [z, yc, c] are the coefficients. */
function quotient(
  s: Carry,
  z: NDArray,
  yc: NDArray,
  c: NDArray,
): readonly [NDArray, NDArray, NDArray, NDArray] {
  const lax = L();
  const [pk1, qk1, pk2, qk2, dp2, dq2, dp1, dq1] = s;
  const step = (one: NDArray, two: NDArray): NDArray => lax.sub(lax.mul(one, z), lax.mul(two, yc));
  const slope = (d1: NDArray, one: NDArray, d2: NDArray, two: NDArray): NDArray =>
    lax.add(lax.sub(lax.sub(lax.mul(d1, z), one), lax.mul(d2, yc)), lax.mul(two, c));
  return [
    step(pk1 as NDArray, pk2 as NDArray),
    step(qk1 as NDArray, qk2 as NDArray),
    slope(dp1 as NDArray, pk1 as NDArray, dp2 as NDArray, pk2 as NDArray),
    slope(dq1 as NDArray, qk1 as NDArray, dq2 as NDArray, qk2 as NDArray),
  ];
}

/** The continued fraction of Γ(a, x), with its derivative by a. */
function fraction({ ax, x, a, enabled }: Parts, mode: Mode): NDArray {
  const lax = L();
  const eps = epsilon(x);
  const y0 = lax.sub(1, a);
  const z0 = lax.add(lax.add(x, y0), 1);
  const [p, q] = [lax.add(x, 1), lax.mul(z0, x)];
  const first = lax.div(p, q);
  const slope0 = lax.div(lax.mul(first, x), q);
  const zero = filled(x, 0);
  const out = whileLoop(
    ([on, count]) => lax.bitwiseAnd(lax.lt(count as NDArray, 2000), anyOf(on as NDArray)),
    ([on, count, ...old]) => {
      const [ans0, , y1, z1, slope1] = old as [NDArray, NDArray, NDArray, NDArray, NDArray];
      const c = lax.add(count as NDArray, 1);
      const [y, z] = [lax.add(y1, 1), lax.add(z1, 2)];
      const yc = lax.mul(y, c);
      const s = old.slice(5);
      const [pk, qk, dpk, dqk] = quotient(s, z, yc, lax.broadcastInDim(c, x.shape, []));
      const known = lax.ne(qk, 0);
      const r = lax.div(pk, qk);
      const t = lax.select(known, lax.abs(lax.div(lax.sub(ans0, r), r)), filled(r, 1));
      const ans = lax.select(known, r, ans0);
      const slope = lax.select(known, lax.div(lax.sub(dpk, lax.mul(ans, dqk)), qk), slope1);
      const moved = lax.select(known, lax.abs(lax.sub(slope, slope1)), filled(x, 1));
      // Large numerators and denominators are scaled together.
      const large = lax.gt(lax.abs(pk), 1 / eps);
      const [pk1, qk1, , , , , dp1, dq1] = s;
      const shifted = [pk, qk, pk1, qk1, dp1, dq1, dpk, dqk].map((v) =>
        lax.select(large, lax.mul(v as NDArray, eps), v as NDArray),
      );
      const going = lax.gt(mode === "value" ? t : moved, eps);
      const next = kept(on as NDArray, [ans, t, y, z, slope, ...shifted], old);
      return [lax.bitwiseAnd(on as NDArray, going), c, ...next];
    },
    // prettier-ignore
    [enabled, lax.full([], 0, x.dtype), first, filled(x, 1), y0, z0, slope0,
     p, q, filled(x, 1), x, zero, zero, zero, lax.neg(x)],
  );
  const [ans, slope] = [out[2], out[6]] as [NDArray, NDArray];
  if (mode === "value") return lax.mul(ans, ax);
  const dlog = lax.sub(lax.log(x), lax.digamma(a));
  const derivative = lax.add(lax.mul(ans, dlog), slope);
  return mode === "derivative" ? lax.mul(ax, derivative) : lax.neg(lax.mul(derivative, x));
}

/** Half floats are computed in float32; both operands get the common shape. */
function inSingle(name: string, body: (a: NDArray, x: NDArray) => NDArray) {
  return composite(name, (given: readonly [NDArray, NDArray]) => {
    const lax = L();
    const [a, x] = broadcastAll(name, given) as [NDArray, NDArray];
    if (a.dtype !== "float16" && a.dtype !== "bfloat16") return body(a, x);
    const wide = body(lax.convertElementType(a, "float32"), lax.convertElementType(x, "float32"));
    return lax.convertElementType(wide, a.dtype);
  });
}
const allOf = (...xs: NDArray[]): NDArray => xs.reduce((p, q) => L().bitwiseAnd(p, q));
const someOf = (...xs: NDArray[]): NDArray => xs.reduce((p, q) => L().bitwiseOr(p, q));
const isNan = (x: NDArray): NDArray => L().ne(x, x);
/** x^a·e^(−x)/Γ(a), and where it doesn't underflow. */
function density(a: NDArray, x: NDArray): { ax: NDArray; present: NDArray } {
  const lax = L();
  const log = lax.sub(lax.sub(lax.mul(a, lax.log(x)), x), lax.lgamma(a));
  const limit = -Math.log(finfo(x.dtype).max);
  return { ax: lax.exp(log), present: lax.bitwiseNot(lax.lt(log, limit)) };
}

/** P(a, x), or Q = 1 − P where `upper`; each by the method that loses nothing. */
const regularized = (name: string, upper: boolean): ((given: readonly [NDArray, NDArray]) => NDArray) =>
  inSingle(name, (a, x) => {
    const lax = L();
    const [none, infinite, shapeless] = [lax.eq(x, 0), lax.eq(x, Infinity), lax.eq(a, 0)];
    const wrong = someOf(lax.lt(x, 0), lax.lt(a, 0), lax.bitwiseAnd(shapeless, none), isNan(a), isNan(x));
    const byFraction = lax.bitwiseAnd(lax.ge(x, 1), upper ? lax.ge(x, a) : lax.gt(x, a));
    const { ax, present } = density(a, x);
    const enabled = allOf(present, lax.bitwiseNot(someOf(wrong, infinite, upper ? shapeless : none)));
    const q = fraction({ ax, x, a, enabled: lax.bitwiseAnd(enabled, byFraction) }, "value");
    const p = series({ ax, x, a, enabled: lax.bitwiseAnd(enabled, lax.bitwiseNot(byFraction)) }, "value");
    const value = upper ? lax.select(byFraction, q, lax.sub(1, p)) : lax.select(byFraction, lax.sub(1, q), p);
    const bounded = upper
      ? lax.select(lax.bitwiseOr(infinite, shapeless), filled(x, 0), value)
      : lax.select(infinite, filled(x, 1), lax.select(none, filled(x, 0), value));
    return lax.select(wrong, filled(x, Number.NaN), bounded);
  });
/** ∂P/∂a, or the derivative by a of a sample x from Gamma(a, 1). */
const byShape = (name: string, mode: Mode): ((given: readonly [NDArray, NDArray]) => NDArray) =>
  inSingle(name, (a, x) => {
    const lax = L();
    const none = lax.eq(x, 0);
    const wrong = someOf(lax.lt(x, 0), lax.le(a, 0), isNan(a), isNan(x));
    const byFraction = lax.bitwiseAnd(lax.gt(x, 1), lax.gt(x, a));
    const { ax, present } = density(a, x);
    const enabled = allOf(present, lax.bitwiseNot(lax.bitwiseOr(wrong, none)));
    const q = fraction({ ax, x, a, enabled: lax.bitwiseAnd(enabled, byFraction) }, mode);
    const p = series({ ax, x, a, enabled: lax.bitwiseAnd(enabled, lax.bitwiseNot(byFraction)) }, mode);
    const value = lax.select(none, filled(x, 0), lax.select(byFraction, lax.neg(q), p));
    return lax.select(wrong, filled(x, Number.NaN), value);
  });
const gradA = byShape("lax.igammaGradA", "derivative");
const sampleGrad = byShape("lax.randomGammaGrad", "sample derivative");

/** P or Q with its derivatives: by x the density, by a igammaGradA, both negative for Q. */
function differentiable(name: string, upper: boolean): (a: ArrayLike, x: ArrayLike) => NDArray {
  const value = regularized(name, upper);
  const rule = customJvp(
    name,
    ([a, x]) => [value([a as NDArray, x as NDArray])],
    ([p, q], [ta, tx]) => {
      const lax = L();
      const [a, x] = [p as NDArray, q as NDArray];
      const exponent = lax.sub(lax.mul(lax.sub(a, 1), lax.log(x)), lax.add(x, lax.lgamma(a)));
      const byX = lax.mul(tx ?? lax.zerosLike(x), lax.exp(exponent));
      const byA = lax.mul(ta ?? lax.zerosLike(a), gradA([a, x]));
      const tangent = lax.add(byA, byX);
      return { outs: [value([a, x])], tangents: [upper ? lax.neg(tangent) : tangent] };
    },
  );
  return (a, x) => rule(...broadcastAll(name, operandsAs(name, ["a", "x"], [a, x])))[0] as NDArray;
}
/** The regularised lower incomplete gamma function P(a, x). Source: jax.lax.igamma. */
export const igamma: (a: ArrayLike, x: ArrayLike) => NDArray = differentiable("lax.igamma", false);
/** The regularised upper incomplete gamma function Q(a, x) = 1 − P(a, x). Source: jax.lax.igammac. */
export const igammac: (a: ArrayLike, x: ArrayLike) => NDArray = differentiable("lax.igammac", true);
/** The derivative of P(a, x) by a. Source: jax.lax.igamma_grad_a. */
export const igammaGradA = (a: ArrayLike, x: ArrayLike): NDArray =>
  gradA(operandsAs("lax.igammaGradA", ["a", "x"], [a, x]) as [NDArray, NDArray]);
/** The derivative by a of a sample x from Gamma(a, 1) (implicit reparametrisation). Source: jax.lax.random_gamma_grad. */
export const randomGammaGrad = (a: ArrayLike, x: ArrayLike): NDArray =>
  sampleGrad(operandsAs("lax.randomGammaGrad", ["a", "x"], [a, x]) as [NDArray, NDArray]);
