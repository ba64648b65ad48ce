// A small encoder of WebAssembly's binary format: what the generated kernels need and no more.
// Specification: https://webassembly.github.io/spec/core/binary/ ; relaxed SIMD: proposal phase 5.

/** Bytes of instructions; nested, so that composing an expression copies nothing. */
export type Code = number | readonly Code[];
/** Value types. */
export type ValType = 0x7f | 0x7e | 0x7d | 0x7c | 0x7b;
/** 32-bit integers. */
export const I32: ValType = 0x7f;
/** 64-bit integers. */
export const I64: ValType = 0x7e;
/** Single precision. */
export const F32: ValType = 0x7d;
/** Double precision. */
export const F64: ValType = 0x7c;
/** Vectors. */
export const V128: ValType = 0x7b;

/** Unsigned LEB128 of an integer below 2^32. */
export function uleb(value: number): number[] {
  const out: number[] = [];
  let n = value >>> 0;
  do {
    const byte = n & 0x7f;
    n >>>= 7;
    out.push(n === 0 ? byte : byte | 0x80);
  } while (n !== 0);
  return out;
}
/** Signed LEB128 of a 32-bit integer. */
export function sleb(value: number): number[] {
  const out: number[] = [];
  for (let n = value | 0; ;) {
    const byte = n & 0x7f;
    n >>= 7;
    if ((n === 0 && (byte & 0x40) === 0) || (n === -1 && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}
/** Signed LEB128 of a 64-bit integer. */
export function sleb64(value: bigint): number[] {
  const out: number[] = [];
  for (let n = BigInt.asIntN(64, value); ;) {
    const byte = Number(n & 0x7fn);
    n >>= 7n;
    if ((n === 0n && (byte & 0x40) === 0) || (n === -1n && (byte & 0x40) !== 0)) return [...out, byte];
    out.push(byte | 0x80);
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const SIMD = 0xfd;
/** A SIMD instruction by its number. */
export const simd = (op: number): Code => [SIMD, uleb(op)];

// --- instructions ---------------------------------------------------------------------------------------------------

/** By far the most frequent instruction: kept. */
const gets: Code[] = [];
/** local.get. */
export const get = (local: number): Code => (gets[local] ??= [0x20, ...uleb(local)]);
/** local.set of a value, or of the top of the stack. */
export const set = (local: number, value: Code = []): Code => [value, 0x21, uleb(local)];
/** local.tee. */
export const tee = (local: number, value: Code = []): Code => [value, 0x22, uleb(local)];
/** i32.const. */
export const i32c = (n: number): Code => [0x41, sleb(n)];
/** i64.const. */
export const i64c = (n: bigint): Code => [0x42, sleb64(n)];
/** Bits of a float as an unsigned word. */
export function f32Bits(x: number): number {
  scratch.setFloat32(0, x, true);
  return scratch.getUint32(0, true);
}
/** Bits of a double. */
export function f64Bits(x: number): bigint {
  scratch.setFloat64(0, x, true);
  return scratch.getBigInt64(0, true);
}

/** A memory access: opcode (a number, or a SIMD instruction), log2 of the alignment, address, constant offset. */
export const load = (op: Code, align: number, address: Code, offset = 0): Code => [
  address,
  op,
  align,
  uleb(offset),
];
/** A memory write; see `load`. */
export const store = (op: Code, align: number, address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  op,
  align,
  uleb(offset),
];
/** i32.load. */
export const i32load = (address: Code, offset = 0): Code => load(0x28, 2, address, offset);
/** i32.store. */
export const i32store = (address: Code, value: Code, offset = 0): Code =>
  store(0x36, 2, address, value, offset);
/** v128.load. */
export const v128load = (address: Code, offset = 0): Code => load(simd(0), 2, address, offset);
/** v128.store. */
export const v128store = (address: Code, value: Code, offset = 0): Code =>
  store(simd(11), 2, address, value, offset);

/** i32.add. */
export const add = (x: Code, y: Code): Code => [x, y, 0x6a];
/** i32.sub. */
export const sub = (x: Code, y: Code): Code => [x, y, 0x6b];
/** i32.mul. */
export const mul = (x: Code, y: Code): Code => [x, y, 0x6c];
/** i32.shl. */
export const shl = (x: Code, y: Code): Code => [x, y, 0x74];
/** i32.div_s. */
export const divS = (x: Code, y: Code): Code => [x, y, 0x6d];
/** i32.div_u. */
export const divU = (x: Code, y: Code): Code => [x, y, 0x6e];
/** i32.rem_s. */
export const remS = (x: Code, y: Code): Code => [x, y, 0x6f];
/** i32.rem_u. */
export const remU = (x: Code, y: Code): Code => [x, y, 0x70];
/** i32.shr_s. */
export const shrS = (x: Code, y: Code): Code => [x, y, 0x75];
/** i32.shr_u. */
export const shrU = (x: Code, y: Code): Code => [x, y, 0x76];
/** i32.or. */
export const or = (x: Code, y: Code): Code => [x, y, 0x72];
/** i32.xor. */
export const xor = (x: Code, y: Code): Code => [x, y, 0x73];
/** x = y. */
export const eq = (x: Code, y: Code): Code => [x, y, 0x46];
/** x ≠ y. */
export const ne = (x: Code, y: Code): Code => [x, y, 0x47];
/** i32.and. */
export const and = (x: Code, y: Code): Code => [x, y, 0x71];
/** Signed x < y. */
export const ltS = (x: Code, y: Code): Code => [x, y, 0x48];
/** Unsigned x < y. */
export const ltU = (x: Code, y: Code): Code => [x, y, 0x49];
/** Signed x > y. */
export const gtS = (x: Code, y: Code): Code => [x, y, 0x4a];
/** Signed x ≤ y. */
export const leS = (x: Code, y: Code): Code => [x, y, 0x4c];
/** Signed x ≥ y. */
export const geS = (x: Code, y: Code): Code => [x, y, 0x4e];
/** x = 0. */
export const eqz = (x: Code): Code => [x, 0x45];
/** `condition ? x : y` without a branch. */
export const select = (condition: Code, x: Code, y: Code): Code => [x, y, condition, 0x1b];

const VOID = 0x40;
/** A block to leave by `br`. */
export const block = (body: Code): Code => [0x02, VOID, body, 0x0b];
/** A block to repeat by `br`. */
export const loop = (body: Code): Code => [0x03, VOID, body, 0x0b];
/** Leaves or repeats the block `depth` levels out. */
export const br = (depth: number): Code => [0x0c, uleb(depth)];
/** `br` if the condition holds. */
export const brIf = (depth: number, condition: Code): Code => [condition, 0x0d, uleb(depth)];
/** `br` by index. */
export const brTable = (index: Code, depths: readonly number[], otherwise: number): Code => [
  index,
  0x0e,
  uleb(depths.length),
  depths.map(uleb),
  uleb(otherwise),
];
/** if … else … without a result. */
export const ifThen = (condition: Code, then: Code, otherwise?: Code): Code => [
  condition,
  0x04,
  VOID,
  then,
  otherwise === undefined ? [] : [0x05, otherwise],
  0x0b,
];
/** `if` with a result of one type. */
export const ifValue = (type: ValType, condition: Code, then: Code, otherwise: Code): Code => [
  condition,
  0x04,
  type,
  then,
  0x05,
  otherwise,
  0x0b,
];
/** Calls a function of the module. */
export const call = (fn: number, ...args: Code[]): Code => [args, 0x10, uleb(fn)];
/** Calls a table entry. */
export const callIndirect = (type: number, index: Code, ...args: Code[]): Code => [
  args,
  index,
  0x11,
  uleb(type),
  0,
];
/** memory.copy. */
export const memoryCopy = (to: Code, from: Code, bytes: Code): Code => [to, from, bytes, 0xfc, 10, 0, 0];
/** memory.fill. */
export const memoryFill = (to: Code, byte: Code, bytes: Code): Code => [to, byte, bytes, 0xfc, 11, 0];
/** i8x16.shuffle of 16 lane numbers. */
export const shuffle = (lanes: readonly number[], x: Code, y: Code): Code => [x, y, simd(13), lanes];
/** A counted loop: `local` from `from` while < `to`, stepping by `step`; zero trips are allowed. */
export const forLoop = (local: number, from: Code, to: Code, step: number, body: Code): Code => [
  set(local, from),
  block([
    brIf(0, geS(get(local), to)),
    loop([body, brIf(0, ltS(tee(local, add(get(local), i32c(step))), to))]),
  ]),
];

// --- functions ------------------------------------------------------------------------------------------------------

/** A function under construction: numbers its locals. */
export interface Fn {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  readonly locals: ValType[];
  body: Code;
}
/** An empty function. */
export const fn = (params: readonly ValType[], results: readonly ValType[] = []): Fn => ({
  params,
  results,
  locals: [],
  body: [],
});
/** A new local's index. */
export function local(f: Fn, type: ValType): number {
  f.locals.push(type);
  return f.params.length + f.locals.length - 1;
}
