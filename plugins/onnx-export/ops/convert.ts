// Conversions and comparisons: ONNX leaves a float out of an integer's range undefined, and knows no total order.
import { DTYPES, type DType, type OpOf } from "tenon-plugin-api";
import { isFloat, isInteger, rangeOf } from "../elements.ts";
import type { Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { narrow } from "./bits.ts";
import { refuse } from "./row.ts";

/** StableHLO convert: float to integer saturates and takes NaN to 0, integers wrap, to bool is ≠ 0. */
export function convert(g: Graph, x: Val, to: DType): Val {
  if (isFloat(x.dtype) && isInteger(to)) return saturate(g, x, to);
  // f32 holds integers of up to 16 bits, so there Cast rounds once.
  const roundsTwice = x.dtype === "f64" || (to === "bf16" && isInteger(x.dtype) && DTYPES[x.dtype].bits > 16);
  if (roundsTwice && (to === "f16" || to === "bf16")) return narrow(g, g.cast(x, "f64"), to);
  // An integer beyond f32 is infinite in f16, so rounding twice does no harm.
  return to === "f16" && isInteger(x.dtype) ? g.cast(g.cast(x, "f32"), to) : g.cast(x, to);
}

function saturate(g: Graph, x: Val, to: DType): Val {
  const [low, high] = rangeOf(to);
  const v = g.cast(x, "f64");
  const f64 = (n: number): Val => g.scalar("f64", n);
  // 2^63 − 1 and 2^64 − 1 are no f64: what reaches the next power of two is replaced after the Cast.
  const isExact = BigInt(Number(high)) === high;
  const above = g.op("GreaterOrEqual", [v, f64(Number(high))], "bool");
  const number = g.where(isExact ? g.isNaN(v) : g.or(g.isNaN(v), above), f64(0), v);
  const floor = g.max(number, f64(Number(low)));
  if (isExact) return g.cast(g.cast(g.min(floor, f64(Number(high))), "i64"), to);
  return g.where(above, g.scalar(to, high), g.cast(floor, to));
}

type Direction = OpOf<"compare">["attrs"]["direction"];
const OPERATOR: { readonly [D in Direction]: string } = {
  EQ: "Equal",
  NE: "Equal",
  LT: "Less",
  LE: "LessOrEqual",
  GT: "Greater",
  GE: "GreaterOrEqual",
};

/** StableHLO compare. */
export function compare(g: Graph, [x, y]: readonly Val[], op: OpOf<"compare">): Val {
  const { direction, compareType } = op.attrs;
  if (x === undefined || y === undefined) throw refuse("compare", x?.dtype);
  if (compareType === "TOTALORDER" && isFloat(x.dtype))
    return totalOrder(g, g.carry(x), g.carry(y), direction);
  const [a, b] = x.dtype === "bool" ? [g.cast(x, "u8"), g.cast(y, "u8")] : [g.carry(x), g.carry(y)];
  const holds = g.op(OPERATOR[direction], [a, b], "bool");
  return direction === "NE" ? g.not(holds) : holds;
}

/** −∞ < … < −0 < +0 < … < ∞ < NaN; the sign of a NaN is not seen. */
function totalOrder(g: Graph, x: Val, y: Val, direction: Direction): Val {
  const one = g.scalar(x.dtype, 1);
  const inverse = (v: Val): Val => g.op("Div", [one, v]); // tells −0 from +0, and agrees where values agree
  const same = g.equal(x, y);
  const [nanX, nanY] = [g.isNaN(x), g.isNaN(y)];
  const before = (a: Val, b: Val, nanA: Val, nanB: Val): Val =>
    g.or(g.less(a, b), g.or(g.and(same, g.less(inverse(a), inverse(b))), g.and(g.not(nanA), nanB)));
  switch (direction) {
    case "LT":
      return before(x, y, nanX, nanY);
    case "GT":
      return before(y, x, nanY, nanX);
    case "LE":
      return g.not(before(y, x, nanY, nanX));
    case "GE":
      return g.not(before(x, y, nanX, nanY));
    default: {
      const equal = g.or(g.and(same, g.equal(inverse(x), inverse(y))), g.and(nanX, nanY));
      return direction === "EQ" ? equal : g.not(equal);
    }
  }
}
