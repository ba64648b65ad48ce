// Vector forms of what only scalars can do: every lane is taken out, computed, and put into the result.
import { F32, F64, I32, I64, V128, get, set, simd, type Code, type ValType } from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";

/** Lanes of 32 or 64 bits as numbers. */
export type Lane = "i32" | "i64" | "f32" | "f64";
interface LaneRow {
  readonly type: ValType;
  readonly count: number;
  /** SIMD instructions that take one lane out, and put one in. */
  readonly extract: number;
  readonly replace: number;
}
const LANES: Record<Lane, LaneRow> = {
  i32: { type: I32, count: 4, extract: 27, replace: 28 },
  i64: { type: I64, count: 2, extract: 29, replace: 30 },
  f32: { type: F32, count: 4, extract: 31, replace: 32 },
  f64: { type: F64, count: 2, extract: 33, replace: 34 },
};

/** `scalar` of each lane. Operands have lanes `from`, the result has lanes `to` of the same width. */
export function lanewise(
  f: Emitter, from: Lane, to: Lane, args: readonly Code[], scalar: (...args: Code[]) => Code,
): Code {
  const source = LANES[from];
  const result = f.local(V128);
  const zero = get(f.constant("v32", 0));
  f.emit(set(result, zero));
  for (let lane = 0; lane < source.count; lane++) {
    const body = f.scoped(() => {
      const xs = args.map((x) => get(f.value(source.type, [x, simd(source.extract), lane])));
      const y = scalar(...xs);
      f.emit(set(result, [get(result), y, simd(LANES[to].replace), lane]));
    });
    f.emit(body);
  }
  return get(result);
} // prettier-ignore
