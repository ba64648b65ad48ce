// Complex functions by their definitions in terms of real ones: textbook formulas, good at moderate arguments, unlike those of
// any plugin.
import type { BinaryOp, UnaryOp } from "tenon-plugin-api";

/** A complex number, or for functions of a real value a real one. */
type Point = readonly [number, number];
const { exp, cos, sin, hypot, atan2, cosh, sinh, log } = Math;
const mul = (a: Point, b: Point): Point => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
const inverse = (a: Point): Point => {
  const n = a[0] * a[0] + a[1] * a[1];
  return [a[0] / n, -a[1] / n];
};
const polar = (size: number, angle: number): Point => [size * cos(angle), size * sin(angle)];
const expOf = ([x, y]: Point): Point => polar(exp(x), y);
const logOf = ([x, y]: Point): Point => [log(hypot(x, y)), atan2(y, x)];
const rootOf = ([x, y]: Point, power: number): Point => polar(hypot(x, y) ** power, atan2(y, x) * power);
const sinOf = ([x, y]: Point): Point => [sin(x) * cosh(y), cos(x) * sinh(y)];
const cosOf = ([x, y]: Point): Point => [cos(x) * cosh(y), -sin(x) * sinh(y)];
const quotient = (a: Point, b: Point): Point => mul(a, inverse(b));

const FORMULAS: { readonly [N in UnaryOp]?: (z: Point) => Point } = {
  abs: (z) => [hypot(...z), 0],
  real: (z) => [z[0], 0],
  imag: (z) => [z[1], 0],
  negate: (z) => [-z[0], -z[1]],
  exponential: expOf,
  exponential_minus_one: (z) => [expOf(z)[0] - 1, expOf(z)[1]],
  log: logOf,
  log_plus_one: (z) => logOf([1 + z[0], z[1]]),
  logistic: (z) => quotient([1, 0], [1 + expOf([-z[0], -z[1]])[0], expOf([-z[0], -z[1]])[1]]),
  sqrt: (z) => rootOf(z, 0.5),
  rsqrt: (z) => rootOf(z, -0.5),
  sine: sinOf,
  cosine: cosOf,
  tan: (z) => quotient(sinOf(z), cosOf(z)),
  tanh: (z) =>
    quotient(
      [sinh(z[0]) * cos(z[1]), cosh(z[0]) * sin(z[1])],
      [cosh(z[0]) * cos(z[1]), sinh(z[0]) * sin(z[1])],
    ),
  sign: (z) => [z[0] / hypot(...z), z[1] / hypot(...z)],
};
const FORMULAS2: { readonly [N in BinaryOp]?: (a: Point, b: Point) => Point } = {
  add: (a, b) => [a[0] + b[0], a[1] + b[1]],
  subtract: (a, b) => [a[0] - b[0], a[1] - b[1]],
  multiply: mul,
  divide: quotient,
  power: (a, b) => expOf(mul(b, logOf(a))),
};

/** The definition of a unary op. */
export const complexUnary = (op: UnaryOp): ((z: Point) => Point) => FORMULAS[op] as (z: Point) => Point;
/** The definition of a binary op. */
export const complexBinary = (op: BinaryOp): ((a: Point, b: Point) => Point) =>
  FORMULAS2[op] as (a: Point, b: Point) => Point;
