// Conversions between compute types, and the rounding ops of f16 and bf16.
import type { Compute } from "tenon-plugin-kit";
import { simd, type Code } from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";
import { lanewise } from "./lanewise.ts";
import { Lanes } from "./lanes.ts";

const sat = (n: number): Code => [0xfc, n];
const NOTHING: Code = [];
type Number_ = Exclude<Compute, "bool">;

/** Scalar instruction from row to column; saturating where StableHLO's result is out of range. */
const SCALAR: Record<Number_, Record<Number_, Code>> = {
  i32: { i32: NOTHING, u32: NOTHING, i64: 0xac, u64: 0xac, f32: 0xb2, f64: 0xb7 },
  u32: { i32: NOTHING, u32: NOTHING, i64: 0xad, u64: 0xad, f32: 0xb3, f64: 0xb8 },
  i64: { i32: 0xa7, u32: 0xa7, i64: NOTHING, u64: NOTHING, f32: 0xb4, f64: 0xb9 },
  u64: { i32: 0xa7, u32: 0xa7, i64: NOTHING, u64: NOTHING, f32: 0xb5, f64: 0xba },
  f32: { i32: sat(0), u32: sat(1), i64: sat(4), u64: sat(5), f32: NOTHING, f64: 0xbb },
  f64: { i32: sat(2), u32: sat(3), i64: sat(6), u64: sat(7), f32: 0xb6, f64: NOTHING },
};
/** Vector instruction, where there is one; lanes of equal width only. */
const VECTOR: Partial<Record<Number_, Partial<Record<Number_, Code>>>> = {
  i32: { i32: NOTHING, u32: NOTHING, f32: simd(250) },
  u32: { i32: NOTHING, u32: NOTHING, f32: simd(251) },
  i64: { i64: NOTHING, u64: NOTHING },
  u64: { i64: NOTHING, u64: NOTHING },
  f32: { i32: simd(248), u32: simd(249), f32: NOTHING },
  f64: { f64: NOTHING },
};

/** Bits of a lane of this type; a bool has the width of what it is compared with. */
export const widthOf = (dtype: Compute): 32 | 64 =>
  dtype === "i64" || dtype === "u64" || dtype === "f64" ? 64 : 32;
/** Is it a floating type? */
export const isFloat = (dtype: Compute): boolean => dtype === "f32" || dtype === "f64";
/** The lane that holds a type's bits as a number. */
const laneOf = (d: Number_): "i32" | "i64" | "f32" | "f64" => (d === "u32" ? "i32" : d === "u64" ? "i64" : d);

/** Scalar conversion. bool is 0 or 1. */
export function convertScalar(f: Emitter, from: Compute, to: Compute, x: Code): Code {
  if (from === to) return x;
  if (from === "bool") return [x, SCALAR.u32[to as Number_]];
  if (to !== "bool") return [x, SCALAR[from][to]];
  if (isFloat(from)) {
    const L = new Lanes(f, widthOf(from), false);
    return L.ne(x, L.f(0));
  }
  return widthOf(from) === 32 ? [x, 0x45, 0x45] : [x, 0x50, 0x45];
}

/** Conversion of lanes, or null where the widths differ. A bool is a mask of the other type's width. */
export function convertVector(f: Emitter, from: Compute, to: Compute, x: Code): Code | null {
  if (from === to) return x;
  if (from === "bool") return maskToNumber(f, to as Number_, x);
  const L = new Lanes(f, widthOf(from), true);
  if (to === "bool") return isFloat(from) ? L.ne(x, L.f(0)) : L.mnot(L.ieq(x, L.i(0)));
  if (widthOf(from) !== widthOf(to)) return null;
  const code = VECTOR[from]?.[to];
  if (code !== undefined) return [x, code];
  return lanewise(f, laneOf(from), laneOf(to), [x], (v) => [v, SCALAR[from][to]]);
}
function maskToNumber(f: Emitter, to: Number_, x: Code): Code {
  const L = new Lanes(f, widthOf(to), true);
  return L.and(x, isFloat(to) ? L.f(1) : L.i(1));
}

/** The same bits as another type of the same width, or null. */
export function bitcast(from: Compute, to: Compute, x: Code, isVector: boolean): Code | null {
  if (from === "bool" || to === "bool" || widthOf(from) !== widthOf(to)) return null;
  if (isVector || isFloat(from) === isFloat(to)) return x;
  const wide = widthOf(from) === 64;
  return isFloat(to) ? [x, wide ? 0xbf : 0xbe] : [x, wide ? 0xbd : 0xbc];
}
