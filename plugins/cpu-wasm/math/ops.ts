// What every scalar op of the loop IR becomes: one table for scalars and lanes, complete by type.
import type { Compute, ScalarOp } from "tenon-plugin-kit";
import { F32, F64, I32, I64, V128, get, type Code, type ValType } from "../codegen/assembler.ts";
import { Emitter } from "../codegen/emitter.ts";
import { bitcast, convertScalar, convertVector, isFloat, widthOf } from "./convert.ts";
import { exp, expm1, log, log1p, logistic, tanh } from "./exponential.ts";
import { bf16Bits, bf16FromBits, f16Bits, f16FromBits } from "./halves.ts";
import { Ints, type Comparison } from "./integers.ts";
import { inOneLane, Lanes } from "./lanes.ts";
import { cbrt, pow } from "./power.ts";
import { remainder } from "./remainder.ts";
import { atan2, cos, sin, tan } from "./trigonometric.ts";
import { viaF64 } from "./widen.ts";

/** What a row may ask: the result's type, the first operand's, and which operands are constants. */
interface Call {
  readonly f: Emitter;
  readonly dtype: Compute;
  readonly from: Compute;
  readonly isVector: boolean;
  readonly known: readonly (number | bigint | undefined)[];
}
type FloatRule = (L: Lanes, ...args: Code[]) => Code;
type IntRule = (I: Ints, args: readonly Code[], call: Call) => Code;
type BoolRule = (B: Bools, ...args: Code[]) => Code;
/** How an op is done on each kind of operand; a missing kind does not occur in kernels. */
interface Row {
  readonly float?: FloatRule;
  readonly int?: IntRule;
  readonly bool?: BoolRule;
  /** For ops between kinds; null where lanes differ in width. */
  readonly any?: (call: Call, args: readonly Code[]) => Code | null;
}

/** Truth values: 0 or 1, or masks. */
interface Bools {
  and(x: Code, y: Code): Code;
  or(x: Code, y: Code): Code;
  xor(x: Code, y: Code): Code;
  not(x: Code): Code;
}
const SCALAR_BOOLS: Bools = {
  and: (x, y) => [x, y, 0x71],
  or: (x, y) => [x, y, 0x72],
  xor: (x, y) => [x, y, 0x73],
  not: (x) => [x, 0x45],
};
const VECTOR_BOOLS: Bools = {
  and: (x, y) => [x, y, 0xfd, 78],
  or: (x, y) => [x, y, 0xfd, 80],
  xor: (x, y) => [x, y, 0xfd, 81],
  not: (x) => [x, 0xfd, 77],
};

const int2 =
  (rule: (I: Ints, x: Code, y: Code) => Code): IntRule =>
  (I, [x, y]) =>
    rule(I, x as Code, y as Code);
const int1 =
  (rule: (I: Ints, x: Code) => Code): IntRule =>
  (I, [x]) =>
    rule(I, x as Code);
const shift = (op: "shl" | "shr_s" | "shr_u"): Row => ({
  int: (I, [x, y], { known }) =>
    I.shiftBy(op, x as Code, y as Code, known[1] === undefined ? undefined : BigInt(known[1])),
});
/** Float functions that f32 computes in f64. */
const wide = (compute: (L: Lanes, args: readonly Code[], exact: boolean) => Code): Row => ({
  float: (L, ...args) =>
    L.width === 64 ? compute(L, args, true) : viaF64(L, args, (D, ...xs) => compute(D, xs, false)),
});
/** Float functions that use fused multiply-add. There is none for scalars: those take a lane where vectors have it. */
const fusing = (rule: FloatRule): Row => ({
  float: (L, ...args) =>
    L.width === 32 && !L.isVector && L.emitter.relaxed ? inOneLane(L.emitter, args, rule) : rule(L, ...args),
});
const comparison = (how: Comparison, bool: BoolRule): Row => ({
  float: (L, x, y) => L[how](x, y),
  int: (I, [x, y]) => I.compare(how, x as Code, y as Code),
  bool,
});
const extend = (bits: 8 | 16, signed: boolean): Row => ({ int: int1((I, x) => I.extend(bits, signed, x)) });
/** Ops on f32 and its bits. */
const bits32 = (rule: (L: Lanes, x: Code) => Code): Row => ({
  any: ({ f, isVector }, [x]) => rule(new Lanes(f, 32, isVector), x as Code),
});

const ROWS = {
  add: { float: (L, x, y) => L.add(x, y), int: int2((I, x, y) => I.add(x, y)) },
  sub: { float: (L, x, y) => L.sub(x, y), int: int2((I, x, y) => I.sub(x, y)) },
  mul: {
    float: (L, x, y) => L.mul(x, y),
    int: int2((I, x, y) => I.mul(x, y)),
    bool: (B, x, y) => B.and(x, y),
  },
  div: { float: (L, x, y) => L.div(x, y), int: int2((I, x, y) => I.div(x, y)) },
  rem: { float: (L, x, y) => remainder(L, x, y), int: int2((I, x, y) => I.rem(x, y)) },
  neg: { float: (L, x) => L.neg(x), int: int1((I, x) => I.neg(x)) },
  abs: { float: (L, x) => L.abs(x), int: int1((I, x) => I.abs(x)) },
  sign: {
    float: (L, x) => L.sel(L.mor(L.lt(x, L.f(0)), L.gt(x, L.f(0))), L.copysign(L.f(1), x), x),
    int: int1((I, x) => I.sign(x)),
  },
  min: {
    float: (L, x, y) => L.min(x, y),
    int: int2((I, x, y) => I.min(x, y)),
    bool: (B, x, y) => B.and(x, y),
  },
  max: {
    float: (L, x, y) => L.max(x, y),
    int: int2((I, x, y) => I.max(x, y)),
    bool: (B, x, y) => B.or(x, y),
  },
  and: { int: int2((I, x, y) => I.and(x, y)), bool: (B, x, y) => B.and(x, y) },
  or: { int: int2((I, x, y) => I.or(x, y)), bool: (B, x, y) => B.or(x, y) },
  xor: { int: int2((I, x, y) => I.xor(x, y)), bool: (B, x, y) => B.xor(x, y) },
  not: { int: int1((I, x) => I.not(x)), bool: (B, x) => B.not(x) },
  shl: shift("shl"),
  shr_s: shift("shr_s"),
  shr_u: shift("shr_u"),
  popcnt: { int: int1((I, x) => I.popcnt(x)) },
  clz: { int: int1((I, x) => I.clz(x)) },
  floor: { float: (L, x) => L.floor(x) },
  ceil: { float: (L, x) => L.ceil(x) },
  round_even: { float: (L, x) => L.nearest(x) },
  // ½ less one ulp: ½ itself would lift 0.49999997 to 1.
  round_afz: {
    float: (L, x) =>
      L.copysign(L.trunc(L.add(L.abs(x), L.f(L.width === 32 ? 0.49999997 : 0.49999999999999994))), x),
  },
  sqrt: { float: (L, x) => L.sqrt(x) },
  rsqrt: { float: (L, x) => L.div(L.f(1), L.sqrt(x)) },
  cbrt: wide((L, [x]) => cbrt(L, x as Code)),
  exp: fusing(exp),
  expm1: fusing(expm1),
  log: fusing(log),
  log1p: fusing(log1p),
  logistic: fusing(logistic),
  tanh: fusing(tanh),
  sin: wide((L, [x], exact) => sin(L, x as Code, exact)),
  cos: wide((L, [x], exact) => cos(L, x as Code, exact)),
  tan: wide((L, [x], exact) => tan(L, x as Code, exact)),
  pow: wide((L, [x, y]) => pow(L, x as Code, y as Code)),
  atan2: wide((L, [y, x]) => atan2(L, y as Code, x as Code)),
  is_finite: { float: (L, x) => L.lt(L.abs(x), L.f(Infinity)) },
  eq: comparison("eq", (B, x, y) => B.not(B.xor(x, y))),
  ne: comparison("ne", (B, x, y) => B.xor(x, y)),
  lt: comparison("lt", (B, x, y) => B.and(B.not(x), y)),
  le: comparison("le", (B, x, y) => B.or(B.not(x), y)),
  gt: comparison("gt", (B, x, y) => B.and(x, B.not(y))),
  ge: comparison("ge", (B, x, y) => B.or(x, B.not(y))),
  select: {
    any: ({ isVector }, [m, x, y]) => [x as Code, y as Code, m as Code, ...(isVector ? [0xfd, 82] : [0x1b])],
  },
  convert: {
    any: ({ f, from, dtype, isVector }, [x]) =>
      isVector ? convertVector(f, from, dtype, x as Code) : convertScalar(f, from, dtype, x as Code),
  },
  bitcast: { any: ({ from, dtype, isVector }, [x]) => bitcast(from, dtype, x as Code, isVector) },
  extend8_s: extend(8, true),
  extend8_u: extend(8, false),
  extend16_s: extend(16, true),
  extend16_u: extend(16, false),
  round_f16: bits32((L, x) => f16FromBits(L, L.letBits(f16Bits(L, x)))),
  round_bf16: bits32((L, x) => bf16FromBits(L, bf16Bits(L, x))),
  f16_bits: bits32(f16Bits),
  f16_from_bits: bits32(f16FromBits),
  bf16_bits: bits32(bf16Bits),
  bf16_from_bits: bits32(bf16FromBits),
} satisfies Record<ScalarOp, Row>;

/** The wasm type of a scalar in a kernel. */
export function valTypeOf(dtype: Compute): ValType {
  return dtype === "f32" ? F32 : dtype === "f64" ? F64 : widthOf(dtype) === 64 ? I64 : I32;
}

function apply(op: ScalarOp, call: Call, args: readonly Code[]): Code | null {
  const row: Row = ROWS[op];
  if (row.any !== undefined) return row.any(call, args);
  const { f, from, isVector } = call;
  if (from === "bool") return row.bool?.(isVector ? VECTOR_BOOLS : SCALAR_BOOLS, ...args) ?? null;
  if (isFloat(from)) return row.float?.(new Lanes(f, widthOf(from), isVector), ...args) ?? null;
  const signed = from === "i32" || from === "i64";
  return row.int?.(new Ints(f, widthOf(from), signed, isVector), args, call) ?? null;
}
function emit(op: ScalarOp, call: Call, args: readonly number[]): number {
  const code = apply(op, call, args.map(get));
  if (code === null)
    throw new Error(
      `internal: no ${call.isVector ? "lanes" : "code"} for ${op} of ${call.from} to ${call.dtype}`,
    );
  return call.f.value(call.isVector ? V128 : valTypeOf(call.dtype), code);
}

/**
 * Emits one op on scalars: operands and result are locals; a bool is an i32, 0 or 1. `known[i]` is the value of an
 * operand that is a constant (shifts by one need no comparison).
 */
export function emitScalar(
  f: Emitter, op: ScalarOp, dtype: Compute, argDtypes: readonly Compute[], args: readonly number[],
  known: readonly (number | bigint | undefined)[] = [],
): number {
  return emit(op, { f, dtype, from: operandType(op, argDtypes), isVector: false, known }, args);
} // prettier-ignore
/** The same on 128-bit vectors: 4 lanes of 32 bits or 2 of 64; a bool is a mask of the lanes' width. */
export function emitVector(
  f: Emitter, op: ScalarOp, dtype: Compute, argDtypes: readonly Compute[], args: readonly number[],
  known: readonly (number | bigint | undefined)[] = [],
): number {
  return emit(op, { f, dtype, from: operandType(op, argDtypes), isVector: true, known }, args);
} // prettier-ignore
const operandType = (op: ScalarOp, argDtypes: readonly Compute[]): Compute =>
  argDtypes[op === "select" ? 1 : 0] as Compute;

const vectorisable = new Map<string, boolean>();
/** Is there a vector form? There is none between widths. */
export function hasVector(op: ScalarOp, dtype: Compute, argDtypes: readonly Compute[]): boolean {
  const from = operandType(op, argDtypes);
  const key = `${op} ${from} ${dtype}`;
  let known = vectorisable.get(key);
  if (known === undefined) {
    const f = new Emitter([], false);
    const zero = get(f.constant("v32", 0));
    known =
      apply(
        op,
        { f, dtype, from, isVector: true, known: [] },
        argDtypes.map(() => zero),
      ) !== null;
    vectorisable.set(key, known);
  }
  return known;
}
