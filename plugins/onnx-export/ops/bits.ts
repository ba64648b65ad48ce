// Floats as bits and back, and roundings to narrower formats, by exact arithmetic in f64: ONNX has BitCast since opset 26
// only. Every power of two, and every product with one, is exact there.
import { DTYPES, type DType, type OpOf } from "tenon-plugin-api";
import { isFloat, unsignedOf } from "../elements.ts";
import type { Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { isNegative, withSign } from "./float.ts";
import { refuse, type Row } from "./row.ts";

/** A binary float format (IEEE 754-2019, §3.6): bits of fraction and of exponent. */
interface Format {
  readonly fraction: number;
  readonly exponent: number;
}
const FORMATS: { readonly [D in DType]?: Format } = {
  f16: { fraction: 10, exponent: 5 },
  bf16: { fraction: 7, exponent: 8 },
  f32: { fraction: 23, exponent: 8 },
  f64: { fraction: 52, exponent: 11 },
};
const formatOf = (d: DType): Format => FORMATS[d] as Format;
const biasOf = (f: Format): number => 2 ** (f.exponent - 1) - 1;

const f64 = (g: Graph, v: number): Val => g.scalar("f64", v);
const powerOfTwo = (g: Graph, e: Val): Val => g.op("Pow", [f64(g, 2), e]);

/** ⌊log2 a⌋ of a finite a > 0: the logarithm may be off by one next to a power of two. */
function exponentOf(g: Graph, a: Val): Val {
  const guess = g.op("Floor", [g.op("Mul", [g.op("Log", [a]), f64(g, Math.LOG2E)])]);
  const low = powerOfTwo(g, guess);
  const tooHigh = g.cast(g.less(a, low), "f64");
  const tooLow = g.cast(g.op("GreaterOrEqual", [a, g.op("Mul", [low, f64(g, 2)])], "bool"), "f64");
  return g.op("Add", [guess, g.op("Sub", [tooLow, tooHigh])]);
}
/** Finite and not zero. */
const isOrdinary = (g: Graph, a: Val): Val => g.and(g.less(f64(g, 0), a), g.less(a, f64(g, Infinity)));

/** A f64 rounded to a format, to nearest even. Below its smallest normal number: gradually, or to zero if `flush`. */
function roundTo(g: Graph, x: Val, format: Format, flush: boolean): Val {
  const a = g.op("Abs", [x]);
  const ordinary = isOrdinary(g, a);
  const [bias, emin] = [biasOf(format), 1 - biasOf(format)];
  const e = exponentOf(g, g.where(ordinary, a, f64(g, 1)));
  const kept = flush ? e : g.max(e, f64(g, emin));
  const ulp = powerOfTwo(g, g.op("Sub", [kept, f64(g, format.fraction)]));
  let r = g.op("Mul", [g.op("Round", [g.op("Div", [a, ulp])]), ulp]);
  const largest = 2 ** bias * (2 - 2 ** -format.fraction);
  r = g.where(g.less(f64(g, largest), r), f64(g, Infinity), r);
  if (flush) r = g.where(g.less(r, f64(g, 2 ** emin)), f64(g, 0), r);
  return withSign(g, g.where(ordinary, r, a), x);
}

/** A f64 as f16 or bf16, rounded once: Cast goes through f32, and would round twice. */
export const narrow = (g: Graph, x: Val, to: DType): Val => g.cast(roundTo(g, x, formatOf(to), false), to);

/** StableHLO reduce_precision. As in XLA, what is too small becomes zero where the exponent narrows, and only there. */
export function reducePrecision(g: Graph, [x]: readonly Val[], op: OpOf<"reduce_precision">): Val {
  const { exponentBits, mantissaBits } = op.attrs;
  if (x === undefined || !isFloat(x.dtype)) throw refuse("reduce_precision", x?.dtype);
  const own = formatOf(x.dtype);
  const exponent = Math.min(exponentBits, own.exponent);
  const fraction = Math.min(mantissaBits, own.fraction);
  const narrows = exponent < own.exponent;
  if (!narrows && fraction === own.fraction) return x;
  return g.cast(roundTo(g, g.cast(x, "f64"), { exponent, fraction }, narrows), x.dtype);
}

/** The bits of a float as i64, not sign-extended. Every NaN is the quiet one. */
function bitsOfFloat(g: Graph, x: Val): Val {
  const format = formatOf(x.dtype);
  const [bias, shift] = [biasOf(format), 2 ** format.fraction];
  const v = g.cast(x, "f64");
  const a = g.op("Abs", [v]);
  const ordinary = isOrdinary(g, a);
  const safe = g.where(ordinary, a, f64(g, 1));
  const e = g.max(exponentOf(g, safe), f64(g, 1 - bias));
  const significand = g.op("Mul", [g.op("Div", [safe, powerOfTwo(g, e)]), f64(g, shift)]);
  const exponentField = g.op("Mul", [
    g.op("Add", [g.cast(e, "i64"), g.scalar("i64", bias - 1)]),
    g.scalar("i64", BigInt(shift)), // the significand's leading one carries into the exponent
  ]);
  const i64 = (n: bigint): Val => g.scalar("i64", n);
  const infinity = BigInt(2 ** format.exponent - 1) * BigInt(shift);
  const special = g.where(
    g.equal(a, f64(g, 0)),
    i64(0n),
    g.where(g.isNaN(v), i64(infinity + BigInt(shift / 2)), i64(infinity)),
  );
  const magnitude = g.where(ordinary, g.op("Add", [exponentField, g.cast(significand, "i64")]), special);
  const signBit = i64(1n << BigInt(format.exponent + format.fraction));
  return g.where(isNegative(g, v), g.op("BitwiseOr", [magnitude, signBit]), magnitude);
}

/** The float of a format whose bits stand in an i64. */
function floatOfBits(g: Graph, bits: Val, to: DType): Val {
  const format = formatOf(to);
  const lanes = g.cast(bits, "u64");
  const field = (from: number, width: number): Val => {
    const moved = g.op("BitShift", [lanes, g.scalar("u64", from)], "u64", { direction: "RIGHT" });
    return g.cast(g.op("BitwiseAnd", [moved, g.scalar("u64", (1n << BigInt(width)) - 1n)]), "f64");
  };
  const [fraction, exponent] = [field(0, format.fraction), field(format.fraction, format.exponent)];
  const negative = g.cast(field(format.fraction + format.exponent, 1), "bool");
  const normal = g.cast(g.less(f64(g, 0), exponent), "f64");
  const significand = g.op("Add", [fraction, g.op("Mul", [normal, f64(g, 2 ** format.fraction)])]);
  const scale = powerOfTwo(
    g,
    g.op("Sub", [g.max(exponent, f64(g, 1)), f64(g, biasOf(format) + format.fraction)]),
  );
  const special = g.where(g.equal(fraction, f64(g, 0)), f64(g, Infinity), f64(g, Number.NaN));
  const isSpecial = g.equal(exponent, f64(g, 2 ** format.exponent - 1));
  const magnitude = g.where(isSpecial, special, g.op("Mul", [significand, scale]));
  const sign = g.where(negative, f64(g, -1), f64(g, 1));
  return g.cast(g.op("Mul", [magnitude, sign]), to);
}

/** The bits of any element as a u64. */
function toBits(g: Graph, x: Val): Val {
  return g.cast(isFloat(x.dtype) ? bitsOfFloat(g, x) : g.cast(x, unsignedOf(x.dtype)), "u64");
}
/** An element from its bits in a u64; higher bits are ignored. */
function fromBits(g: Graph, bits: Val, to: DType): Val {
  return isFloat(to) ? floatOfBits(g, g.cast(bits, "i64"), to) : g.cast(bits, to);
}

/** Dtypes for which onnxruntime has BitCast. */
const BITCAST: readonly DType[] = ["i32", "u32", "f32"];

/** StableHLO bitcast_convert: the last axis splits or joins elements where widths differ. */
export const bitcastConvert: Row<"bitcast_convert"> = (op, [x], { g }) => {
  const [from, to] = [(x as Val).dtype, op.results[0]?.type.dtype as DType];
  if (from === to) return [x as Val];
  if (from === "bool" || to === "bool") throw refuse("bitcast_convert", "bool");
  const [wide, thin] = [DTYPES[from].bits, DTYPES[to].bits];
  if (wide === thin) return [bitcast(g, x as Val, to)];
  return [wide > thin ? split(g, x as Val, to) : join(g, x as Val, to)];
};
function bitcast(g: Graph, x: Val, to: DType): Val {
  if (g.writer.opset >= 26 && BITCAST.includes(x.dtype) && BITCAST.includes(to))
    return g.writer.one("BitCast", [x], { dtype: to, shape: x.shape }, { to: g.typeNumber(to) });
  return fromBits(g, toBits(g, x), to);
}
/** Shift of each part: 0, width, 2·width … along the last axis. */
const offsets = (g: Graph, parts: number, width: number): Val =>
  g.op("Mul", [g.range(parts, "u64"), g.scalar("u64", width)]);

function split(g: Graph, x: Val, to: DType): Val {
  const width = DTYPES[to].bits;
  const bits = g.reshape(toBits(g, x), [...x.shape, 1]);
  const moved = g.op("BitShift", [bits, offsets(g, DTYPES[x.dtype].bits / width, width)], "u64", {
    direction: "RIGHT",
  });
  return fromBits(g, g.cast(g.cast(moved, `u${width}` as DType), "u64"), to);
}
function join(g: Graph, x: Val, to: DType): Val {
  const [parts, width, last] = [
    DTYPES[to].bits / DTYPES[x.dtype].bits,
    DTYPES[x.dtype].bits,
    x.shape.length - 1,
  ];
  const moved = g.op("BitShift", [toBits(g, x), offsets(g, parts, width)], "u64", { direction: "LEFT" });
  const part = (i: number): Val => g.reshape(g.take(moved, last, i, 1), x.shape.slice(0, -1));
  const bits = Array.from({ length: parts }, (_, i) => part(i)).reduce((a, b) => g.op("BitwiseOr", [a, b]));
  return fromBits(g, bits, to);
}
