// The elementwise wire ops as sequences of scalar operations, for every real dtype: complete by type. A narrow integer
// is extended and a half-width float rounded after each op, so that fused and separate runs give the same bits.
import {
  DTYPES,
  unimplemented,
  type BinaryOp,
  type DType,
  type OpAttrs,
  type UnaryOp,
} from "tenon-plugin-api";
import type { Body } from "./body.ts";
import type { Compute, ScalarOp, ValueId } from "./loop-ir.ts";
import { STORAGE, storageOf } from "./storage.ts";

/** Wire ops whose result element is a function of the operand elements at its place. */
export type ScalarWireOp =
  UnaryOp | BinaryOp | "compare" | "select" | "clamp" | "convert" | "bitcast_convert" | "reduce_precision";

/** What an emitter sees of one op: dtypes of the first operand and the result, attributes, and who refuses. */
export interface ScalarSite {
  readonly op: ScalarWireOp;
  readonly from: DType;
  readonly to: DType;
  readonly attrs: unknown;
  readonly plugin: string;
}
type Emit = (b: Body, x: readonly ValueId[], s: ScalarSite) => ValueId;

/** The type in which scalars of a wire dtype compute. @throws UNIMPLEMENTED for complex and storage-only types */
export function computeOf(dtype: DType, op: string, plugin: string): Compute {
  const storage = storageOf(dtype);
  if (storage === null || DTYPES[dtype].kind === "c") throw unimplemented(op, dtype, plugin);
  return STORAGE[storage].compute;
}
const typeOf = (s: ScalarSite, dtype: DType = s.to): Compute => computeOf(dtype, s.op, s.plugin);
const bits = (dtype: DType): number => DTYPES[dtype].bits;
const refuse = (s: ScalarSite): never => {
  throw unimplemented(s.op, s.from, s.plugin);
};

/** A scalar brought back into its dtype: narrow integers extended, half-width floats rounded. */
export function settle(b: Body, dtype: DType, x: ValueId): ValueId {
  switch (dtype) {
    case "i8":
      return b.op("extend8_s", "i32", x);
    case "u8":
      return b.op("extend8_u", "u32", x);
    case "i16":
      return b.op("extend16_s", "i32", x);
    case "u16":
      return b.op("extend16_u", "u32", x);
    case "f16":
      return b.op("round_f16", "f32", x);
    case "bf16":
      return b.op("round_bf16", "f32", x);
    default:
      return x;
  }
}
/** The bits of a narrow integer without its sign's copies. */
function zeroExtended(b: Body, dtype: DType, x: ValueId): ValueId {
  const t = b.dtype(x);
  return bits(dtype) === 8 ? b.op("extend8_u", t, x) : bits(dtype) === 16 ? b.op("extend16_u", t, x) : x;
}
function signExtended(b: Body, dtype: DType, x: ValueId): ValueId {
  const t = b.dtype(x);
  return bits(dtype) === 8 ? b.op("extend8_s", t, x) : bits(dtype) === 16 ? b.op("extend16_s", t, x) : x;
}

/** An integer of a compute type as a constant. */
function int(b: Body, t: Compute, n: number | bigint): ValueId {
  return b.constant(t, t === "i64" || t === "u64" ? BigInt(n) : Number(n));
}

/** One scalar op, whose result may leave the dtype. */
const settled =
  (op: ScalarOp): Emit =>
  (b, x, s) =>
    settle(b, s.to, b.op(op, typeOf(s), ...x));
/** One scalar op, whose result never leaves the dtype. */
const exact =
  (op: ScalarOp): Emit =>
  (b, x, s) =>
    b.op(op, typeOf(s), ...x);
/** On bool another op than on numbers. */
const orBool =
  (number: Emit, bool: ScalarOp): Emit =>
  (b, x, s) =>
    s.to === "bool" ? b.op(bool, "bool", ...x) : number(b, x, s);

/** A count of bits of the dtype's own width. */
const counted =
  (op: "clz" | "popcnt"): Emit =>
  (b, [x], s) => {
    const t = typeOf(s);
    const count = b.op(op, t, zeroExtended(b, s.to, x as ValueId));
    const spare = op === "clz" ? Math.max(32 - bits(s.to), 0) : 0;
    return spare === 0 ? count : b.op("sub", t, count, int(b, t, spare));
  };

const shiftRightLogical: Emit = (b, [x, y], s) =>
  settle(b, s.to, b.op("shr_u", typeOf(s), zeroExtended(b, s.to, x as ValueId), y as ValueId));
const shiftRightArithmetic: Emit = (b, [x, y], s) =>
  settle(b, s.to, b.op("shr_s", typeOf(s), signExtended(b, s.to, x as ValueId), y as ValueId));

/** xʸ on integers by squaring; a negative y gives 0 but for x = ±1. */
function integerPower(b: Body, x: ValueId, y: ValueId, s: ScalarSite): ValueId {
  const t = typeOf(s);
  const [zero, one] = [int(b, t, 0), int(b, t, 1)];
  const isOdd = b.op("ne", "bool", b.op("and", t, y, one), zero);
  let result = one;
  let square = x;
  const signed = DTYPES[s.to].kind === "i";
  const count = bits(s.to) - (signed ? 1 : 0);
  for (let i = 0; i < count; i++) {
    const bit = b.op("and", t, b.op("shr_u", t, y, int(b, t, i)), one);
    result = b.op("select", t, b.op("ne", "bool", bit, zero), b.op("mul", t, result, square), result);
    if (i + 1 < count) square = b.op("mul", t, square, square);
  }
  result = settle(b, s.to, result);
  if (!signed) return result;
  const minusOne = int(b, t, -1);
  const ofMinusOne = b.op("select", t, isOdd, minusOne, one);
  const inverse = b.op(
    "select", t, b.op("eq", "bool", x, one), one,
    b.op("select", t, b.op("eq", "bool", x, minusOne), ofMinusOne, zero),
  ); // prettier-ignore
  return b.op("select", t, b.op("lt", "bool", y, zero), inverse, result);
}

const DIRECTIONS = { EQ: "eq", NE: "ne", GE: "ge", GT: "gt", LE: "le", LT: "lt" } as const;
/** An integer in IEEE's total order of the float. */
function totalOrderKey(b: Body, x: ValueId): ValueId {
  const t = b.dtype(x) === "f64" ? "i64" : "i32";
  const raw = b.op("bitcast", t, x);
  const sign = b.op("shr_s", t, raw, int(b, t, t === "i64" ? 63 : 31));
  const mask = int(b, t, t === "i64" ? 0x7fffffffffffffffn : 0x7fffffff);
  return b.op("xor", t, raw, b.op("and", t, sign, mask));
}
const compare: Emit = (b, [x, y], s) => {
  const { direction, compareType } = s.attrs as OpAttrs["compare"];
  const total = compareType === "TOTALORDER" && DTYPES[s.from].kind === "f";
  const key = (v: ValueId): ValueId => (total ? totalOrderKey(b, v) : v);
  if (s.from !== "bool") return b.op(DIRECTIONS[direction], "bool", key(x as ValueId), key(y as ValueId));
  const wide = (v: ValueId): ValueId => b.op("convert", "u32", v);
  return b.op(DIRECTIONS[direction], "bool", wide(x as ValueId), wide(y as ValueId));
};

/** A float64 as float32 by rounding to odd: rounding that to fewer bits is as if it had been done once. */
function roundToOdd(b: Body, x: ValueId): ValueId {
  const y = b.op("convert", "f32", x);
  const back = b.op("convert", "f64", y);
  const raw = b.op("bitcast", "u32", y);
  const one = b.constant("u32", 1);
  const below = b.op("lt", "bool", b.op("abs", "f64", back), b.op("abs", "f64", x));
  const stepped = b.op("select", "u32", below, b.op("add", "u32", raw, one), b.op("sub", "u32", raw, one));
  const even = b.op("eq", "bool", b.op("and", "u32", raw, one), b.constant("u32", 0));
  // An exact y, and a NaN, stay.
  const differs = b.op(
    "or", "bool",
    b.op("lt", "bool", back, x),
    b.op("gt", "bool", back, x),
  ); // prettier-ignore
  const odd = b.op("select", "u32", b.op("and", "bool", differs, even), stepped, raw);
  return b.op("bitcast", "f32", odd);
}

const RANGES: { readonly [D in DType]?: readonly [number, number] } = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
};

/** A scalar converted between real dtypes. */
export function convertDType(b: Body, x: ValueId, from: DType, to: DType, plugin: string): ValueId {
  if (from === to) return x;
  const [f, t] = [computeOf(from, "convert", plugin), computeOf(to, "convert", plugin)];
  if (to === "bool") return b.op("convert", "bool", x);
  const [kf, kt] = [DTYPES[from].kind, DTYPES[to].kind];
  if (kt === "f") {
    if (to !== "f16" && to !== "bf16") return f === t ? x : b.op("convert", t, x);
    if (f === "f32") return settle(b, to, x);
    return settle(b, to, roundToOdd(b, f === "f64" ? x : b.op("convert", "f64", x)));
  }
  const wide = f === t ? x : b.op("convert", t, x);
  const range = RANGES[to];
  if (kf !== "f" || range === undefined) return settle(b, to, wide);
  return b.op("min", t, b.op("max", t, wide, int(b, t, range[0])), int(b, t, range[1]));
}

/** The bits of a scalar as another dtype of its width. */
const bitcast: Emit = (b, [x], s) => {
  const [f, t] = [typeOf(s, s.from), typeOf(s)];
  if (bits(s.from) !== bits(s.to) || (s.from === "bool") !== (s.to === "bool")) return refuse(s);
  if (bits(s.from) !== 16)
    return settle(b, s.to, f === t ? (x as ValueId) : b.op("bitcast", t, x as ValueId));
  const asBits = (v: ValueId): ValueId =>
    s.from === "f16" ? b.op("f16_bits", "u32", v) : s.from === "bf16" ? b.op("bf16_bits", "u32", v)
      : zeroExtended(b, s.from, f === "u32" ? v : b.op("bitcast", "u32", v)); // prettier-ignore
  const raw = asBits(x as ValueId);
  if (s.to === "f16") return b.op("f16_from_bits", "f32", raw);
  if (s.to === "bf16") return b.op("bf16_from_bits", "f32", raw);
  return settle(b, s.to, t === "u32" ? raw : b.op("bitcast", t, raw));
};

/** Rounded to a float format of fewer bits: to nearest even, overflow to infinity, underflow to zero. As XLA does it. */
const reducePrecision: Emit = (b, [x], s) => {
  const { exponentBits, mantissaBits } = s.attrs as OpAttrs["reduce_precision"];
  const t = typeOf(s);
  const [u, mantissa, exponents, bias] =
    t === "f64" ? (["u64", 52, 11, 1023] as const) : (["u32", 23, 8, 127] as const);
  const big = (n: bigint): ValueId => b.constant(u, u === "u64" ? n : Number(n));
  const raw = b.op("bitcast", u, x as ValueId);
  let y = raw;
  if (mantissaBits < mantissa) {
    const shift = BigInt(mantissa - mantissaBits);
    const last = b.op("and", u, b.op("shr_u", u, y, big(shift)), big(1n));
    y = b.op("add", u, y, b.op("add", u, last, big((1n << (shift - 1n)) - 1n)));
    y = b.op("and", u, y, big(((1n << (u === "u64" ? 64n : 32n)) - 1n) ^ ((1n << shift) - 1n)));
  }
  if (exponentBits < exponents) {
    const field = ((1n << BigInt(exponents)) - 1n) << BigInt(mantissa);
    const sign = b.op("and", u, y, big(1n << BigInt(exponents + mantissa)));
    const exponent = b.op("and", u, y, big(field));
    const reduced = 2 ** (exponentBits - 1) - 1;
    const above = b.op("gt", "bool", exponent, big(BigInt(bias + reduced) << BigInt(mantissa)));
    const below = b.op("le", "bool", exponent, big(BigInt(bias - reduced) << BigInt(mantissa)));
    y = b.op("select", u, above, b.op("or", u, sign, big(field)), b.op("select", u, below, sign, y));
  }
  const isNaN = b.op("ne", "bool", x as ValueId, x as ValueId);
  return settle(b, s.to, b.op("select", t, isNaN, x as ValueId, b.op("bitcast", t, y)));
};

/** One row per elementwise wire op. */
const SCALAR_OPS: { readonly [N in ScalarWireOp]: Emit } = {
  abs: settled("abs"),
  add: orBool(settled("add"), "or"),
  and: exact("and"),
  atan2: settled("atan2"),
  bitcast_convert: bitcast,
  cbrt: settled("cbrt"),
  ceil: exact("ceil"),
  clamp: (b, [lo, x, hi], s) => {
    const raised = maximum(b, [x as ValueId, lo as ValueId], s);
    return minimum(b, [raised, hi as ValueId], s);
  },
  compare,
  complex: (_b, _x, s) => refuse(s),
  convert: (b, [x], s) => convertDType(b, x as ValueId, s.from, s.to, s.plugin),
  cosine: settled("cos"),
  count_leading_zeros: counted("clz"),
  divide: settled("div"),
  exponential: settled("exp"),
  exponential_minus_one: settled("expm1"),
  floor: exact("floor"),
  imag: (b, _x, s) => b.constant(typeOf(s), 0),
  is_finite: exact("is_finite"),
  log: settled("log"),
  log_plus_one: settled("log1p"),
  logistic: settled("logistic"),
  maximum: (b, x, s) => maximum(b, x, s),
  minimum: (b, x, s) => minimum(b, x, s),
  multiply: orBool(settled("mul"), "and"),
  negate: settled("neg"),
  not: (b, x, s) =>
    s.to === "bool" ? b.op("not", "bool", ...x) : settle(b, s.to, b.op("not", typeOf(s), ...x)),
  or: exact("or"),
  popcnt: counted("popcnt"),
  power: (b, x, s) =>
    DTYPES[s.to].kind === "f"
      ? settle(b, s.to, b.op("pow", typeOf(s), ...x))
      : integerPower(b, x[0] as ValueId, x[1] as ValueId, s),
  real: (_b, x) => x[0] as ValueId,
  reduce_precision: reducePrecision,
  remainder: settled("rem"),
  round_nearest_afz: exact("round_afz"),
  round_nearest_even: exact("round_even"),
  rsqrt: settled("rsqrt"),
  select: (b, x, s) => b.op("select", typeOf(s), ...x),
  shift_left: settled("shl"),
  shift_right_arithmetic: shiftRightArithmetic,
  shift_right_logical: shiftRightLogical,
  sign: exact("sign"),
  sine: settled("sin"),
  sqrt: settled("sqrt"),
  subtract: settled("sub"),
  tan: settled("tan"),
  tanh: settled("tanh"),
  xor: exact("xor"),
};
const maximum: Emit = orBool(exact("max"), "or");
const minimum: Emit = orBool(exact("min"), "and");

/** Is this wire op elementwise on scalars? */
export const isScalarOp = (op: string): op is ScalarWireOp => Object.hasOwn(SCALAR_OPS, op);

/** Emits one elementwise op on scalars. @throws UNIMPLEMENTED for dtypes without scalars */
export function emitScalarOp(b: Body, args: readonly ValueId[], site: ScalarSite): ValueId {
  return SCALAR_OPS[site.op](b, args, site);
}
