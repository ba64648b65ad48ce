// Ops that compute each element from the elements at its place: for each kind of dtype the operator that does it.
// Operands come in their small forms and broadcast; the row around them expands the result.
import { DTYPES, type BinaryOp, type DTypeKind, type Op, type OpName, type UnaryOp } from "tenon-plugin-api";
import type { Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { reducePrecision } from "./bits.ts";
import { compare, convert } from "./convert.ts";
import {
  atan2,
  cbrt,
  expm1,
  isFinite,
  log1p,
  logistic,
  roundAway,
  sign as signOfFloat,
  tan,
} from "./float.ts";
import {
  divide,
  leadingZeros,
  negate,
  popcnt,
  power,
  remainder,
  shift,
  shiftArithmetic,
  sign as signOfInteger,
} from "./integer.ts";
import { dtypeOf, refuse, shapeOf, type Elementwise, type Row } from "./row.ts";

type F1 = (g: Graph, x: Val) => Val;
type F2 = (g: Graph, x: Val, y: Val) => Val;
/** What computes an op, per kind: bool, signed, unsigned, float in its carrier. A kind that is not there is refused. */
type Kinds<F> = { readonly [K in DTypeKind]?: F };

const same: F1 = (_g, x) => x;
const onnx1 =
  (operator: string): F1 =>
  (g, x) =>
    g.op(operator, [x]);
const onnx2 =
  (operator: string): F2 =>
  (g, x, y) =>
    g.op(operator, [x, y]);
const integers = <F>(f: F): Kinds<F> => ({ i: f, u: f });
const all = (operator: string, bool?: string): Kinds<F2> => ({
  ...integers(onnx2(operator)),
  f: onnx2(operator),
  ...(bool === undefined ? {} : { b: onnx2(bool) }),
});
const bitwise = (operator: string): Kinds<F2> => ({
  ...integers(onnx2(`Bitwise${operator}`)),
  b: onnx2(operator),
});

const larger: F2 = (g, x, y) => g.max(x, y);
const smaller: F2 = (g, x, y) => g.min(x, y);

const UNARY: { readonly [N in UnaryOp]: Kinds<F1> } = {
  abs: { i: onnx1("Abs"), u: same, f: onnx1("Abs") },
  cbrt: { f: cbrt },
  ceil: { f: onnx1("Ceil") },
  cosine: { f: onnx1("Cos") },
  count_leading_zeros: integers(leadingZeros),
  exponential: { f: onnx1("Exp") },
  exponential_minus_one: { f: expm1 },
  floor: { f: onnx1("Floor") },
  imag: { f: (g, x) => g.scalar(x.dtype, 0) },
  is_finite: { f: isFinite },
  log: { f: onnx1("Log") },
  log_plus_one: { f: log1p },
  logistic: { f: logistic },
  negate: { ...integers(negate), f: onnx1("Neg") },
  not: { ...integers(onnx1("BitwiseNot")), b: onnx1("Not") },
  popcnt: integers(popcnt),
  real: { f: same },
  round_nearest_afz: { f: roundAway },
  round_nearest_even: { f: onnx1("Round") },
  rsqrt: { f: (g, x) => g.op("Reciprocal", [g.op("Sqrt", [x])]) },
  sign: { ...integers(signOfInteger), f: signOfFloat },
  sine: { f: onnx1("Sin") },
  sqrt: { f: onnx1("Sqrt") },
  tan: { f: tan },
  tanh: { f: onnx1("Tanh") },
};

const BINARY: { readonly [N in BinaryOp]: Kinds<F2> } = {
  add: all("Add", "Or"),
  and: bitwise("And"),
  atan2: { f: atan2 },
  complex: {},
  divide: { ...integers(divide), f: onnx2("Div") },
  maximum: { ...integers(larger), f: larger, b: onnx2("Or") },
  minimum: { ...integers(smaller), f: smaller, b: onnx2("And") },
  multiply: all("Mul", "And"),
  or: bitwise("Or"),
  power: { ...integers(power), f: onnx2("Pow") },
  remainder: { ...integers(remainder), f: (g, x, y) => g.op("Mod", [x, y], x.dtype, { fmod: 1 }) },
  shift_left: integers((g, x, y) => shift(g, x, y, "LEFT")),
  shift_right_arithmetic: integers(shiftArithmetic),
  shift_right_logical: integers((g, x, y) => shift(g, x, y, "RIGHT")),
  subtract: all("Sub"),
  xor: bitwise("Xor"),
};

/** An op whose operands have one dtype: floats are computed in their carrier and rounded. */
function typed(name: OpName, kinds: Kinds<(g: Graph, ...xs: Val[]) => Val>): Elementwise {
  return (g, xs, op) => {
    const { dtype } = xs[0] as Val;
    const f = kinds[DTYPES[dtype].kind];
    if (f === undefined) throw refuse(name, dtype);
    return g.cast(f(g, ...xs.map((x) => g.carry(x))), dtypeOf(op));
  };
}
const table = <N extends OpName>(rows: { readonly [M in N]: Kinds<(g: Graph, ...xs: Val[]) => Val> }): {
  readonly [M in N]: Elementwise;
} =>
  Object.fromEntries(
    Object.entries(rows).map(([name, kinds]) => [name, typed(name as N, kinds as Kinds<F1>)]),
  ) as unknown as { readonly [M in N]: Elementwise };

const [maximum, minimum] = [typed("maximum", BINARY.maximum), typed("minimum", BINARY.minimum)];

/** The elementwise ops. */
export const ELEMENTWISE = {
  ...table(UNARY),
  ...table(BINARY),
  compare: compare as Elementwise,
  select: (g, [condition, x, y]) => g.where(condition as Val, x as Val, y as Val),
  clamp: (g, [low, x, high], op) => minimum(g, [maximum(g, [x as Val, low as Val], op), high as Val], op),
  convert: (g, [x], op) => convert(g, x as Val, dtypeOf(op)),
  reduce_precision: reducePrecision as Elementwise,
} satisfies { readonly [N in OpName]?: Elementwise };

/** Names of the elementwise ops. */
type ElementwiseOp = keyof typeof ELEMENTWISE;
/** Is it one of the elementwise ops? */
export const isElementwise = (op: Op): boolean => Object.hasOwn(ELEMENTWISE, op.op);
/** Writes an elementwise op on operands in their small forms. */
export function elementwise(g: Graph, op: Op, xs: readonly Val[]): Val {
  return (ELEMENTWISE as { readonly [name: string]: Elementwise })[op.op]?.(
    g,
    xs.map((x) => g.compact(x)),
    op,
  ) as Val;
}
/** The rows of the op table. */
export const elementwiseRows = Object.fromEntries(
  Object.keys(ELEMENTWISE).map((name) => [
    name,
    ((op, xs, { g }) => [g.expand(elementwise(g, op as Op, xs), shapeOf(op))]) satisfies Row<ElementwiseOp>,
  ]),
) as unknown as { readonly [N in ElementwiseOp]: Row<N> };
