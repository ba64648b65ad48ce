// Functions of floats that ONNX lacks, or that onnxruntime computes less well than StableHLO asks. Operands are carriers
// (f32, f64). What is ill-conditioned in f32 is computed in f64, which is exact enough by its width.
import type { DType } from "tenon-plugin-api";
import type { Graph } from "../graph.ts";
import type { Val } from "../writer.ts";

type F1 = (g: Graph, x: Val) => Val;

/** Computes in f64, and gives the result in the operand's dtype. */
const inDouble =
  (f: F1): F1 =>
  (g, x) =>
    g.cast(f(g, g.cast(x, "f64")), x.dtype);

/** A magnitude with the sign of `signed`, zero's included; by a product, since Where would lose −0. */
export function withSign(g: Graph, magnitude: Val, signed: Val): Val {
  const one = (n: number): Val => g.scalar(magnitude.dtype, n);
  return g.op("Mul", [magnitude, g.where(isNegative(g, signed), one(-1), one(1))]);
}
/** Is the sign bit set? A NaN counts as positive. */
export function isNegative(g: Graph, x: Val): Val {
  const [zero, one] = [g.scalar(x.dtype, 0), g.scalar(x.dtype, 1)];
  return g.or(g.less(x, zero), g.less(g.op("Div", [one, x]), zero)); // 1/−0 = −∞
}

/** 1/(1 + e^−x), relatively accurate on both sides: onnxruntime's Sigmoid is 0 below −18. */
export const logistic: F1 = (g, x) => {
  const e = g.op("Exp", [g.op("Neg", [g.op("Abs", [x])])]);
  const one = g.scalar(x.dtype, 1);
  const above = g.op("GreaterOrEqual", [x, g.scalar(x.dtype, 0)], "bool");
  return g.op("Div", [g.where(above, one, e), g.op("Add", [one, e])]);
};

/** e^x − 1. Kahan's correction: (u − 1)·x / log u with u = e^x rounded (Higham 2002, §1.14.1). */
export const expm1: F1 = inDouble((g, x) => {
  const one = g.scalar("f64", 1);
  const u = g.op("Exp", [x]);
  const v = g.op("Sub", [u, one]);
  const corrected = g.op("Mul", [v, g.op("Div", [x, g.op("Log", [u])])]);
  const large = g.less(one, g.op("Abs", [x])); // there u − 1 is good by itself, and u may be 0 or ∞
  return g.where(g.equal(u, one), x, g.where(large, v, corrected));
});

/** log(1 + x), by the same correction: log(u)·x / (u − 1) with u = 1 + x rounded. */
export const log1p: F1 = inDouble((g, x) => {
  const one = g.scalar("f64", 1);
  const u = g.op("Add", [x, one]);
  const log = g.op("Log", [u]);
  const corrected = g.op("Mul", [log, g.op("Div", [x, g.op("Sub", [u, one])])]);
  const large = g.less(one, g.op("Abs", [x]));
  return g.where(g.equal(u, one), x, g.where(large, log, corrected));
});

/** The cube root: a power, and one step of Newton's method; zeros, infinities and NaN as they are. */
export const cbrt: F1 = inDouble((g, x) => {
  const a = g.op("Abs", [x]);
  const y = g.op("Pow", [a, g.scalar("f64", 1 / 3)]);
  const square = g.op("Mul", [y, y]);
  // y − (y − a/y²)/3: a/y² stays in range where y³ would not.
  const step = g.op("Div", [g.op("Sub", [y, g.op("Div", [a, square])]), g.scalar("f64", 3)]);
  const root = g.op("Sub", [y, step]);
  const ordinary = g.and(g.less(g.scalar("f64", 0), a), g.less(a, g.scalar("f64", Infinity)));
  return withSign(g, g.where(ordinary, root, a), x);
});

/** −1, 1, or x itself where it is a zero or NaN. */
export const sign: F1 = (g, x) => withSign(g, g.op("Sign", [g.op("Abs", [x])]), x);

/** To the nearest integer, halves away from zero. */
export const roundAway: F1 = (g, x) => {
  const a = g.op("Abs", [x]);
  const low = g.op("Floor", [a]);
  const half = g.op("GreaterOrEqual", [g.op("Sub", [a, low]), g.scalar(x.dtype, 0.5)], "bool");
  return withSign(g, g.op("Add", [low, g.cast(half, x.dtype)]), x);
};

/** π/2 in three parts of 33 bits, so that small multiples of them are exact (fdlibm, e_rem_pio2.c). */
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;
/** Up to here a multiple has at most 20 bits. */
const REDUCIBLE = 2 ** 20;

/** The tangent. onnxruntime has Tan of f32 only, and its Cos of f64 is no better than absolutely exact near its zeros. */
export function tan(g: Graph, x: Val): Val {
  if (x.dtype === "f32") return g.op("Tan", [x]);
  const f64 = (n: number): Val => g.scalar("f64", n);
  const k = g.op("Round", [g.op("Mul", [x, f64(2 / Math.PI)])]);
  const small = g.less(g.op("Abs", [x]), f64(REDUCIBLE));
  const multiple = g.where(small, k, f64(0));
  const rest = HALF_PI.reduce((r, part) => g.op("Sub", [r, g.op("Mul", [multiple, f64(part)])]), x);
  const t = g.op("Div", [g.op("Sin", [rest]), g.op("Cos", [rest])]);
  const isOdd = g.equal(g.op("Abs", [g.op("Mod", [multiple, f64(2)], "f64", { fmod: 1 })]), f64(1));
  return g.where(isOdd, g.op("Neg", [g.op("Reciprocal", [t])]), t);
}

/** |x| < ∞, false for NaN. */
export const isFinite: F1 = (g, x) => g.less(g.op("Abs", [x]), g.scalar(x.dtype, Infinity));

/**
 * The angle of (x, y). onnxruntime has Atan of f32 only; one rotation by that first angle leaves one of ~1e−7, whose
 * tangent is the rest to double precision.
 */
export function atan2(g: Graph, y: Val, x: Val): Val {
  const d: DType = "f64";
  const [zero, one, infinity] = [g.scalar(d, 0), g.scalar(d, 1), g.scalar(d, Infinity)];
  const sides = [y, x].map((v) => g.op("Abs", [g.cast(v, d)])) as [Val, Val];
  const atInfinity = sides.map((s) => g.equal(s, infinity)) as [Val, Val];
  const anyInfinite = g.or(...atInfinity);
  // A side is 0 or 1 where one is infinite; scaled so that the larger is 1.
  const [a, b] = sides.map((s, i) =>
    g.where(g.and(anyInfinite, g.equal(s, s)), g.cast(atInfinity[i] as Val, d), s),
  ) as [Val, Val];
  const larger = g.max(a, b);
  const scale = g.where(g.equal(larger, zero), one, larger);
  const [opposite, adjacent] = [a, b].map((s) => g.op("Div", [s, scale])) as [Val, Val];
  const flat = g.equal(larger, zero); // atan2(±0, x): the angle of (1, 0)
  const cosine = g.where(flat, one, adjacent);
  const first = g.cast(g.op("Atan", [g.cast(g.op("Div", [opposite, cosine]), "f32")]), d);
  const [s, c] = [g.op("Sin", [first]), g.op("Cos", [first])];
  const mul = (p: Val, q: Val): Val => g.op("Mul", [p, q]);
  const rest = g.op("Div", [
    g.op("Sub", [mul(opposite, c), mul(cosine, s)]),
    g.op("Add", [mul(cosine, c), mul(opposite, s)]),
  ]);
  const acute = g.op("Add", [first, rest]);
  const left = isNegative(g, g.cast(x, d));
  const angle = g.where(left, g.op("Sub", [g.scalar(d, Math.PI), acute]), acute);
  return g.cast(withSign(g, angle, g.cast(y, d)), y.dtype);
}
