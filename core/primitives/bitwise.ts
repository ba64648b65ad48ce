// Bit operations on integers; logic on bool.
import type { BinaryOp, UnaryOp } from "tenon-plugin-api";
import { DTYPES, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { literal, operands, type Operand } from "./operand.ts";
import { BITS, elementwise, FLOAT, INTEGER } from "./rules.ts";

const bit1 = (name: string, wire: UnaryOp, accepts = INTEGER): Primitive =>
  elementwise(name, { accepts, wire, jvp: [null] });
const bit2 = (name: string, wire: BinaryOp, accepts = INTEGER): Primitive =>
  elementwise(name, { accepts, arity: 2, wire, jvp: [null, null] });
const apply = (p: Primitive, ...xs: readonly Operand[]): NDArray =>
  bind1(p, operands(`lax.${p.name}`, ...xs));

/** The primitive of `lax.bitwiseNot`. */
export const not_p: Primitive = bit1("bitwiseNot", "not", BITS);
/** ~x, or logical not of bool. Source: jax.lax.bitwise_not. */
export const bitwiseNot = (x: Operand): NDArray => apply(not_p, x);
/** The primitive of `lax.bitwiseAnd`. */
export const and_p: Primitive = bit2("bitwiseAnd", "and", BITS);
/** x & y. Source: jax.lax.bitwise_and. */
export const bitwiseAnd = (x: Operand, y: Operand): NDArray => apply(and_p, x, y);
/** The primitive of `lax.bitwiseOr`. */
export const or_p: Primitive = bit2("bitwiseOr", "or", BITS);
/** x | y. Source: jax.lax.bitwise_or. */
export const bitwiseOr = (x: Operand, y: Operand): NDArray => apply(or_p, x, y);
/** The primitive of `lax.bitwiseXor`. */
export const xor_p: Primitive = bit2("bitwiseXor", "xor", BITS);
/** x ^ y. Source: jax.lax.bitwise_xor. */
export const bitwiseXor = (x: Operand, y: Operand): NDArray => apply(xor_p, x, y);
/** The primitive of `lax.populationCount`. */
export const population_count_p: Primitive = bit1("populationCount", "popcnt");
/** Number of one bits. Source: jax.lax.population_count. */
export const populationCount = (x: Operand): NDArray => apply(population_count_p, x);
/** The primitive of `lax.clz`. */
export const clz_p: Primitive = bit1("clz", "count_leading_zeros");
/** Number of leading zero bits. Source: jax.lax.clz. */
export const clz = (x: Operand): NDArray => apply(clz_p, x);
/** The primitive of `lax.shiftLeft`. */
export const shift_left_p: Primitive = bit2("shiftLeft", "shift_left");
/** x << y; 0 for counts out of range. Source: jax.lax.shift_left. */
export const shiftLeft = (x: Operand, y: Operand): NDArray => apply(shift_left_p, x, y);
/** The primitive of `lax.shiftRightArithmetic`. */
export const shift_right_arithmetic_p: Primitive = bit2("shiftRightArithmetic", "shift_right_arithmetic");
/** x >> y with sign extension. Source: jax.lax.shift_right_arithmetic. */
export const shiftRightArithmetic = (x: Operand, y: Operand): NDArray =>
  apply(shift_right_arithmetic_p, x, y);
/** The primitive of `lax.shiftRightLogical`. */
export const shift_right_logical_p: Primitive = bit2("shiftRightLogical", "shift_right_logical");
/** x >>> y. Source: jax.lax.shift_right_logical. */
export const shiftRightLogical = (x: Operand, y: Operand): NDArray => apply(shift_right_logical_p, x, y);

/** The neighbour by one step of the bit pattern, which orders floats of one sign. Source: xla math.cc, NextAfter. */
function neighbour(lax: Lax, x: NDArray, y: NDArray): NDArray {
  const bits: DType = `uint${8 * DTYPES[x.dtype].itemsize}` as DType;
  const shape = x.ndim > y.ndim ? x.shape : y.shape;
  const wide = (v: NDArray): NDArray => (v.ndim === shape.length ? v : lax.broadcastInDim(v, shape, []));
  const [from, to] = [wide(x), wide(y)];
  const word = lax.bitcastConvertType(from, bits);
  const one = literal(1, bits);
  const away = lax.eq(lax.gt(to, from), lax.gt(from, 0));
  const step = lax.select(away, lax.add(word, one), lax.sub(word, one));
  const smallest = lax.bitcastConvertType(lax.full(shape, one), from.dtype);
  const leavingZero = lax.select(lax.gt(to, 0), smallest, lax.neg(smallest));
  const moved = lax.select(lax.eq(from, 0), leavingZero, lax.bitcastConvertType(step, from.dtype));
  const isNan = lax.bitwiseOr(lax.ne(from, from), lax.ne(to, to));
  return lax.select(isNan, lax.add(from, to), lax.select(lax.eq(from, to), to, moved));
}
/** The primitive of `lax.nextafter`. */
export const nextafter_p: Primitive = elementwise("nextafter", {
  accepts: FLOAT,
  arity: 2,
  jvp: [null, null],
  decompose: (lax, [x, y]) => neighbour(lax, x as NDArray, y as NDArray),
});
/** The next float after x towards y. Derivative zero. Source: jax.lax.nextafter. */
export const nextafter = (x: Operand, y: Operand): NDArray => apply(nextafter_p, x, y);
