// Elementwise ops on complex numbers as ops on their parts. Formulas by W. Kahan, "Branch Cuts for Complex Elementary
// Functions" (1987), in the precision of the parts; infinities and NaN as XLA has them.
import type { BinaryOp, UnaryOp } from "tenon-plugin-api";
import type { Builder, Ref } from "../../builder.ts";

/** The parts of a complex value; a real one of a function with a real result. */
export interface Pair {
  readonly re: Ref;
  readonly im: Ref;
}

/** Arithmetic on parts. */
export class Parts {
  private readonly b: Builder;
  constructor(b: Builder) {
    this.b = b;
  }
  readonly add = (x: Ref, y: Ref): Ref => this.b.apply("add", x, y);
  readonly sub = (x: Ref, y: Ref): Ref => this.b.apply("subtract", x, y);
  readonly mul = (x: Ref, y: Ref): Ref => this.b.apply("multiply", x, y);
  readonly div = (x: Ref, y: Ref): Ref => this.b.apply("divide", x, y);
  readonly unary = (op: UnaryOp, x: Ref): Ref => this.b.apply(op, x);
  readonly abs = (x: Ref): Ref => this.b.apply("abs", x);
  readonly neg = (x: Ref): Ref => this.b.apply("negate", x);
  readonly exp = (x: Ref): Ref => this.b.apply("exponential", x);
  readonly sin = (x: Ref): Ref => this.b.apply("sine", x);
  readonly cos = (x: Ref): Ref => this.b.apply("cosine", x);
  readonly sqrt = (x: Ref): Ref => this.b.apply("sqrt", x);
  readonly max = (x: Ref, y: Ref): Ref => this.b.apply("maximum", x, y);
  readonly min = (x: Ref, y: Ref): Ref => this.b.apply("minimum", x, y);
  readonly atan2 = (y: Ref, x: Ref): Ref => this.b.apply("atan2", y, x);
  readonly num = (x: Ref, n: number): Ref => this.b.like(x, n);
  readonly eq = (x: Ref, y: Ref | number): Ref => this.b.compare("EQ", x, this.operand(x, y));
  readonly lt = (x: Ref, y: Ref | number): Ref => this.b.compare("LT", x, this.operand(x, y));
  readonly gt = (x: Ref, y: Ref | number): Ref => this.b.compare("GT", x, this.operand(x, y));
  readonly and = (x: Ref, y: Ref): Ref => this.b.apply("and", x, y);
  readonly or = (x: Ref, y: Ref): Ref => this.b.apply("or", x, y);
  readonly not = (x: Ref): Ref => this.b.apply("not", x);
  readonly isNaN = (x: Ref): Ref => this.b.compare("NE", x, x);
  readonly isInfinite = (x: Ref): Ref => this.eq(this.abs(x), Infinity);
  readonly select = (c: Ref, x: Ref, y: Ref): Ref => this.b.one("select", [c, x, y], {});
  private operand(x: Ref, y: Ref | number): Ref {
    return typeof y === "number" ? this.num(x, y) : y;
  }
  choose(c: Ref, z: Pair, w: Pair): Pair {
    return { re: this.select(c, z.re, w.re), im: this.select(c, z.im, w.im) };
  }
  /** |size| with the sign of x, zeros included. */
  withSign(size: Ref, x: Ref): Ref {
    // 1/−0 = −∞ tells the zeros apart.
    const negative = this.or(this.lt(x, 0), this.lt(this.div(this.num(x, 1), x), 0));
    const positive = this.abs(size);
    return this.select(negative, this.neg(positive), positive);
  }
  /** The exponent beyond which exp overflows, and the one beyond which 1 is lost beside exp. */
  limits(x: Ref): { readonly overflow: number; readonly lost: number } {
    return x.type.dtype === "f64" ? { overflow: 709, lost: 22 } : { overflow: 88, lost: 11 };
  }

  hypot(x: Ref, y: Ref): Ref {
    const [a, b] = [this.abs(x), this.abs(y)];
    const [big, small] = [this.max(a, b), this.min(a, b)];
    const r = this.div(small, big);
    const size = this.mul(big, this.sqrt(this.add(this.num(r, 1), this.mul(r, r))));
    const infinite = this.or(this.eq(a, Infinity), this.eq(b, Infinity));
    const edge = this.select(infinite, this.num(big, Infinity), big);
    return this.select(this.or(infinite, this.eq(big, 0)), edge, size);
  }
  /** sinh of a real number, not overflowing before the result does. */
  sinh(x: Ref): Ref {
    const { lost } = this.limits(x);
    const a = this.abs(x);
    const e = this.unary("exponential_minus_one", a);
    const near = this.mul(this.num(x, 0.5), this.add(e, this.div(e, this.add(e, this.num(x, 1)))));
    return this.withSign(this.select(this.gt(a, lost), this.half(a), near), x);
  }
  /** cosh of a real number. */
  cosh(x: Ref): Ref {
    const { lost } = this.limits(x);
    const a = this.abs(x);
    const e = this.exp(a);
    const near = this.mul(this.num(x, 0.5), this.add(e, this.div(this.num(x, 1), e)));
    return this.select(this.gt(a, lost), this.half(a), near);
  }
  private half(a: Ref): Ref {
    return this.exp(this.sub(a, this.num(a, Math.LN2)));
  }
}

type Unary = (p: Parts, z: Pair) => Pair;
type Binary = (p: Parts, a: Pair, b: Pair) => Pair;

const timesI: Unary = (p, z) => ({ re: p.neg(z.im), im: z.re });
const overI: Unary = (p, z) => ({ re: z.im, im: p.neg(z.re) });
const one = (p: Parts, z: Pair): Pair => ({ re: p.num(z.re, 1), im: p.num(z.re, 0) });
const isZero = (p: Parts, z: Pair): Ref => p.and(p.eq(z.re, 0), p.eq(z.im, 0));

const add: Binary = (p, a, b) => ({ re: p.add(a.re, b.re), im: p.add(a.im, b.im) });
const subtract: Binary = (p, a, b) => ({ re: p.sub(a.re, b.re), im: p.sub(a.im, b.im) });
const multiply: Binary = (p, a, b) => ({
  re: p.sub(p.mul(a.re, b.re), p.mul(a.im, b.im)),
  im: p.add(p.mul(a.re, b.im), p.mul(a.im, b.re)),
});
/** Scaled by the larger part, so that |b|² neither overflows nor vanishes; infinities by C99 G.5.1. */
const divide: Binary = (p, a, b) => {
  const scale = p.max(p.abs(b.re), p.abs(b.im));
  const [c, d] = [p.div(b.re, scale), p.div(b.im, scale)];
  const n = p.add(p.mul(c, c), p.mul(d, d));
  const plain: Pair = {
    re: p.div(p.div(p.add(p.mul(a.re, c), p.mul(a.im, d)), n), scale),
    im: p.div(p.div(p.sub(p.mul(a.im, c), p.mul(a.re, d)), n), scale),
  };
  const lost = p.and(p.isNaN(plain.re), p.isNaN(plain.im));
  const infinite = (z: Pair): Ref => p.or(p.isInfinite(z.re), p.isInfinite(z.im));
  const finite = (z: Pair): Ref => p.not(p.or(infinite(z), p.or(p.isNaN(z.re), p.isNaN(z.im))));
  const boxed = (x: Ref): Ref => p.withSign(p.select(p.isInfinite(x), p.num(x, 1), p.num(x, 0)), x);
  const infinity = p.withSign(p.num(b.re, Infinity), b.re);
  const byZero: Pair = { re: p.mul(infinity, a.re), im: p.mul(infinity, a.im) };
  const [s, t] = [boxed(a.re), boxed(a.im)];
  const grown: Pair = {
    re: p.mul(p.num(s, Infinity), p.add(p.mul(s, b.re), p.mul(t, b.im))),
    im: p.mul(p.num(s, Infinity), p.sub(p.mul(t, b.re), p.mul(s, b.im))),
  };
  const [u, v] = [boxed(b.re), boxed(b.im)];
  const vanished: Pair = {
    re: p.mul(p.num(u, 0), p.add(p.mul(a.re, u), p.mul(a.im, v))),
    im: p.mul(p.num(u, 0), p.sub(p.mul(a.im, u), p.mul(a.re, v))),
  };
  const known = p.not(p.and(p.isNaN(a.re), p.isNaN(a.im)));
  const special = p.choose(
    p.and(isZero(p, b), known),
    byZero,
    p.choose(p.and(infinite(a), finite(b)), grown, p.choose(p.and(infinite(b), finite(a)), vanished, plain)),
  );
  return p.choose(lost, special, plain);
};

const exp: Unary = (p, { re, im }) => {
  const { overflow } = p.limits(re);
  const [c, s] = [p.cos(im), p.sin(im)];
  const size = p.exp(re);
  // e^re overflows where its product with a cosine need not.
  const half = p.exp(p.mul(re, p.num(re, 0.5)));
  const great = p.and(p.gt(re, overflow), p.lt(re, 1e4));
  const product = (x: Ref): Ref => p.select(great, p.mul(p.mul(half, x), half), p.mul(size, x));
  return p.choose(p.eq(im, 0), { re: size, im }, { re: product(c), im: product(s) });
};
const logSize = (p: Parts, { re, im }: Pair): Ref => {
  const [a, b] = [p.abs(re), p.abs(im)];
  const [big, small] = [p.max(a, b), p.min(a, b)];
  const size = p.hypot(re, im);
  // Near the unit circle log|z| is small: ½ log1p(|z|² − 1), written without the cancellation.
  const near = p.and(p.gt(size, 0.5), p.lt(size, 2));
  const excess = p.add(p.mul(p.sub(big, p.num(big, 1)), p.add(big, p.num(big, 1))), p.mul(small, small));
  const inner = p.mul(p.num(re, 0.5), p.unary("log_plus_one", excess));
  const value = p.select(near, inner, p.unary("log", size));
  return p.select(p.or(p.isNaN(re), p.isNaN(im)), p.num(re, NaN), value);
};
const log: Unary = (p, z) => ({ re: logSize(p, z), im: p.atan2(z.im, z.re) });
const log1p: Unary = (p, { re, im }) => {
  const shifted = p.add(re, p.num(re, 1));
  const near = p.and(p.lt(p.abs(re), 0.5), p.lt(p.abs(im), 0.5));
  const excess = p.add(p.mul(re, p.add(re, p.num(re, 2))), p.mul(im, im));
  const inner = p.mul(p.num(re, 0.5), p.unary("log_plus_one", excess));
  return { re: p.select(near, inner, logSize(p, { re: shifted, im })), im: p.atan2(im, shifted) };
};
const expm1: Unary = (p, z) => {
  const e = exp(p, z);
  const em = p.unary("exponential_minus_one", z.re);
  const half = p.sin(p.mul(z.im, p.num(z.im, 0.5)));
  const near = p.sub(p.mul(em, p.cos(z.im)), p.mul(p.num(half, 2), p.mul(half, half)));
  const finite = p.unary("is_finite", z.re);
  const re = p.select(finite, near, p.sub(e.re, p.num(e.re, 1)));
  return p.choose(p.eq(z.im, 0), { re: em, im: z.im }, { re, im: e.im });
};
/** On the negative real axis +i√|re|, whatever the sign of the zero. */
const sqrt: Unary = (p, { re, im }) => {
  const half = (x: Ref): Ref => p.mul(x, p.num(x, 0.5));
  const t = p.sqrt(p.add(half(p.abs(re)), half(p.hypot(re, im))));
  const twice = p.add(t, t);
  const right: Pair = { re: t, im: p.div(im, twice) };
  const left: Pair = { re: p.div(p.abs(im), twice), im: p.select(p.lt(im, 0), p.neg(t), t) };
  const [zero, infinity, nan] = [p.num(re, 0), p.num(re, Infinity), p.num(re, NaN)];
  const signed = p.select(p.lt(im, 0), p.neg(infinity), infinity);
  const atInfinity = p.choose(p.gt(re, 0), { re, im: p.withSign(zero, im) }, { re: zero, im: signed });
  let out = p.choose(p.lt(re, 0), left, right);
  out = p.choose(p.isInfinite(re), atInfinity, out);
  out = p.choose(p.and(p.eq(re, 0), p.eq(im, 0)), { re: zero, im }, out);
  out = p.choose(p.isInfinite(im), { re: infinity, im }, out);
  return p.choose(p.or(p.isNaN(re), p.isNaN(im)), { re: nan, im: nan }, out);
};
const tanh: Unary = (p, { re, im }) => {
  const { lost } = p.limits(re);
  const t = p.unary("tan", im);
  const beta = p.add(p.num(t, 1), p.mul(t, t));
  const s = p.sinh(re);
  const rho = p.sqrt(p.add(p.num(s, 1), p.mul(s, s)));
  const d = p.add(p.num(s, 1), p.mul(beta, p.mul(s, s)));
  const near: Pair = { re: p.div(p.mul(p.mul(beta, rho), s), d), im: p.div(t, d) };
  const tail = p.exp(p.mul(p.num(re, -2), p.abs(re)));
  const sign = p.unary("sign", re);
  const far: Pair = { re: sign, im: p.mul(p.mul(p.num(im, 4), p.mul(p.sin(im), p.cos(im))), tail) };
  const nan = p.num(re, NaN);
  const wild = p.choose(p.isInfinite(re), { re: sign, im: p.num(im, 0) }, { re: nan, im: nan });
  let out = p.choose(p.gt(p.abs(re), lost), far, near);
  out = p.choose(p.unary("is_finite", im), out, wild);
  return p.choose(p.eq(im, 0), { re: p.unary("tanh", re), im }, out);
};
const sinh: Unary = (p, { re, im }) => {
  const [s, c] = [p.sinh(re), p.cosh(re)];
  return p.choose(p.eq(im, 0), { re: s, im }, { re: p.mul(s, p.cos(im)), im: p.mul(c, p.sin(im)) });
};
const cosh: Unary = (p, { re, im }) => {
  const [s, c] = [p.sinh(re), p.cosh(re)];
  const zero = p.num(im, 0);
  const signed = p.mul(p.withSign(zero, re), p.withSign(p.num(im, 1), im));
  return p.choose(p.eq(im, 0), { re: c, im: signed }, { re: p.mul(c, p.cos(im)), im: p.mul(s, p.sin(im)) });
};
const logistic: Unary = (p, z) => {
  // By e^z where e^−z would overflow.
  const left = p.lt(z.re, 0);
  const e = exp(p, p.choose(left, z, { re: p.neg(z.re), im: p.neg(z.im) }));
  return divide(p, p.choose(left, e, one(p, z)), { re: p.add(e.re, p.num(e.re, 1)), im: e.im });
};
const power: Binary = (p, a, b) => {
  const general = exp(p, multiply(p, b, log(p, a)));
  const [zero, nan] = [p.num(a.re, 0), p.num(a.re, NaN)];
  const positive = p.and(p.eq(b.im, 0), p.gt(b.re, 0));
  const ofZero = p.choose(positive, { re: zero, im: zero }, { re: nan, im: nan });
  return p.choose(isZero(p, b), one(p, a), p.choose(isZero(p, a), ofZero, general));
};
/** −i log((x + iy) / √(x² + y²)). */
const atan2: Binary = (p, y, x) => {
  const size = sqrt(p, add(p, multiply(p, x, x), multiply(p, y, y)));
  return overI(p, log(p, divide(p, add(p, x, timesI(p, y)), size)));
};
const sign: Unary = (p, z) => {
  const size = p.hypot(z.re, z.im);
  return p.choose(isZero(p, z), z, { re: p.div(z.re, size), im: p.div(z.im, size) });
};
const cbrt: Unary = (p, z) => {
  const l = log(p, z);
  const third = (x: Ref): Ref => p.div(x, p.num(x, 3));
  return p.choose(isZero(p, z), z, exp(p, { re: third(l.re), im: third(l.im) }));
};
/** The NaN of two, else the later in lexicographic order (StableHLO maximum), or the earlier. */
const extreme =
  (later: boolean): Binary =>
  (p, a, b) => {
    const [x, y] = later ? [b, a] : [a, b];
    const before = p.or(p.lt(x.re, y.re), p.and(p.eq(x.re, y.re), p.lt(x.im, y.im)));
    const nan = (z: Pair): Ref => p.or(p.isNaN(z.re), p.isNaN(z.im));
    return p.choose(p.or(nan(a), p.and(before, p.not(nan(b)))), a, b);
  };

/** Unary ops with a complex result. */
export const COMPLEX_UNARY: { readonly [N in UnaryOp]?: Unary } = {
  cbrt,
  cosine: (p, z) => cosh(p, timesI(p, z)),
  exponential: exp,
  exponential_minus_one: expm1,
  log,
  log_plus_one: log1p,
  logistic,
  negate: (p, z) => ({ re: p.neg(z.re), im: p.neg(z.im) }),
  rsqrt: (p, z) => divide(p, one(p, z), sqrt(p, z)),
  sign,
  sine: (p, z) => overI(p, sinh(p, timesI(p, z))),
  sqrt,
  tan: (p, z) => overI(p, tanh(p, timesI(p, z))),
  tanh,
};
/** Unary ops with a real result. */
export const COMPLEX_TO_REAL: { readonly [N in UnaryOp]?: (p: Parts, z: Pair) => Ref } = {
  abs: (p, z) => p.hypot(z.re, z.im),
  real: (_p, z) => z.re,
  imag: (_p, z) => z.im,
};
/** Binary ops. */
export const COMPLEX_BINARY: { readonly [N in BinaryOp]?: Binary } = {
  add,
  atan2,
  divide,
  maximum: extreme(true),
  minimum: extreme(false),
  multiply,
  power,
  subtract,
};
