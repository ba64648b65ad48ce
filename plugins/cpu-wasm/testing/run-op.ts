// Runs one scalar op over arrays in wasm, as scalars and as lanes: for the tests of the tables.
import { STORAGE, type Compute, type ScalarOp } from "tenon-plugin-kit";
import {
  add,
  forLoop,
  get,
  i32c,
  I32,
  load,
  mul,
  shuffle,
  simd,
  store,
  type Code,
} from "../codegen/assembler.ts";
import { Emitter } from "../codegen/emitter.ts";
import { encodeModule, typeTable } from "../codegen/module.ts";
import { emitScalar, emitVector, valTypeOf } from "../math/ops.ts";
import { writeTables } from "../math/tables.ts";

/** Host arrays by compute type; a bool has one 32-bit word. */
export const HOST = {
  bool: Int32Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
export type HostArray = InstanceType<(typeof HOST)[Compute]>;

const LOAD: Record<Compute, number> = {
  bool: 0x28,
  i32: 0x28,
  u32: 0x28,
  i64: 0x29,
  u64: 0x29,
  f32: 0x2a,
  f64: 0x2b,
};
const STORE: Record<Compute, number> = {
  bool: 0x36,
  i32: 0x36,
  u32: 0x36,
  i64: 0x37,
  u64: 0x37,
  f32: 0x38,
  f64: 0x39,
};
const wide = (d: Compute): boolean => STORAGE[d].bytes === 8;
const AT = 4096;

/** The module's bytes: f0(n) runs the op on n elements (lanes: n is a multiple of the lane count). */
export function opModule(
  op: ScalarOp,
  dtype: Compute,
  from: readonly Compute[],
  isVector: boolean,
  n: number,
  relaxed: boolean,
): Uint8Array<ArrayBuffer> {
  const f = new Emitter([I32], relaxed);
  const lanes = [...from, dtype].some(wide) ? 2 : 4;
  const i = f.local(I32);
  const size = (d: Compute): number => (wide(d) ? 8 : 4);
  const address = (slot: number, d: Compute): Code =>
    add(i32c(AT + slot * 8 * n), mul(get(i), i32c(size(d))));
  const align = (d: Compute): number => (wide(d) ? 3 : 2);
  const body = f.scoped(() => {
    const args = from.map((d, k) => {
      const at = address(k, d);
      if (!isVector) return f.value(valTypeOf(d), load(LOAD[d], align(d), at));
      const v = f.value(0x7b, load(simd(0), 2, at));
      if (d !== "bool") return v;
      // A bool comes as words 0 or 1; lanes want masks of their width.
      const mask = f.value(0x7b, [get(f.constant("v32", 0)), get(v), simd(177)]);
      return lanes === 4 ? mask : f.value(0x7b, [get(mask), simd(199)]);
    });
    const y = (isVector ? emitVector : emitScalar)(f, op, dtype, from, args);
    const at = address(from.length, dtype);
    if (!isVector) f.emit(store(STORE[dtype], align(dtype), at, get(y)));
    else f.emit(store(simd(11), 2, at, dtype === "bool" ? words(f, y, lanes) : get(y)));
  });
  f.emit(forLoop(i, i32c(0), get(0), isVector ? lanes : 1, body));
  return encodeModule({ functions: [f.finish()], exports: [0], types: typeTable() }, 65536);
}

/** A mask as words 0 or 1 in its first lanes. */
function words(f: Emitter, mask: number, lanes: number): Code {
  const one = f.value(0x7b, [get(mask), get(f.constant("v32", 1)), simd(78)]);
  return lanes === 4
    ? get(one)
    : shuffle([0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15], get(one), get(one));
}

/** Results of the op on every element. */
export function runOp(
  op: ScalarOp,
  dtype: Compute,
  from: readonly Compute[],
  args: readonly HostArray[],
  { isVector, relaxed }: { readonly isVector: boolean; readonly relaxed: boolean },
): HostArray {
  const n = Math.ceil((args[0] as HostArray).length / 4) * 4;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((AT + 8 * n * (from.length + 1)) / 65536),
    maximum: 65536,
  });
  writeTables(new DataView(memory.buffer));
  args.forEach((x, k) =>
    new HOST[from[k] as Compute](memory.buffer, AT + k * 8 * n, x.length).set(x as never),
  );
  const module = new WebAssembly.Module(opModule(op, dtype, from, isVector, n, relaxed));
  const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" });
  const { f0 } = new WebAssembly.Instance(module, { e: { m: memory, t: table } }).exports as {
    f0: (n: number) => void;
  };
  f0(n);
  const out = AT + from.length * 8 * n;
  const length = (args[0] as HostArray).length;
  return new HOST[dtype](memory.buffer.slice(out, out + length * (wide(dtype) ? 8 : 4)));
}
