// Collects the code of one function: values live in locals, constants are hoisted to the function's entry.
import {
  F32,
  F64,
  I32,
  I64,
  V128,
  fn,
  set,
  simd,
  sleb,
  sleb64,
  type Code,
  type Fn,
  type ValType,
} from "./assembler.ts";

/** Kinds of constants: scalars, and vectors whose 32-bit or 64-bit lanes are all equal. */
export type ConstKind = "i32" | "i64" | "f32" | "f64" | "v32" | "v64";

const bytes = new DataView(new ArrayBuffer(8));
const wordBytes = (bits: number): number[] => {
  bytes.setUint32(0, bits >>> 0, true);
  return [0, 1, 2, 3].map((i) => bytes.getUint8(i));
};
const longBytes = (bits: bigint): number[] => {
  bytes.setBigUint64(0, BigInt.asUintN(64, bits), true);
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => bytes.getUint8(i));
};
const I32X4_SPLAT = 17;
const I64X2_SPLAT = 18;

/** A function under construction. Code goes into the current block; `scoped` opens another. */
export class Emitter {
  /** May relaxed SIMD (fused multiply-add) be used? */
  readonly relaxed: boolean;
  private readonly fn: Fn;
  private code: Code[] = [];
  private readonly entry: Code[] = [];
  private readonly constants = new Map<string, number>();
  /** Locals whose scope has ended, by type; and those that the current scope took. */
  private readonly idle = new Map<ValType, number[]>();
  private taken: [ValType, number][] = [];

  constructor(params: readonly ValType[], relaxed: boolean) {
    this.fn = fn(params);
    this.relaxed = relaxed;
  }
  /** A local of the current scope. Its content is undefined: a scope that has ended may have used it. */
  local(type: ValType): number {
    const index = this.idle.get(type)?.pop() ?? this.fresh(type);
    this.taken.push([type, index]);
    return index;
  }
  private fresh(type: ValType): number {
    this.fn.locals.push(type);
    return this.fn.params.length + this.fn.locals.length - 1;
  }
  /** Appends instructions that leave the stack as it was. */
  emit(code: Code): void {
    this.code.push(code);
  }
  /** Evaluates `code` into a new local and returns the local. */
  value(type: ValType, code: Code): number {
    const index = this.local(type);
    this.code.push(set(index, code));
    return index;
  }
  /**
   * The local that holds a constant, given by its bits (i64, f64, v64: a bigint). Set once at the function's entry.
   * Vectors are splats of scalars, not v128.const: V8 12+ would rebuild those inside every loop.
   */
  constant(kind: ConstKind, bits: number | bigint): number {
    const key = `${kind}${bits}`;
    let index = this.constants.get(key);
    if (index === undefined) {
      const [type, code] = constantCode(kind, bits);
      index = this.fresh(type);
      this.entry.push(set(index, code));
      this.constants.set(key, index);
    }
    return index;
  }
  /** Runs `body` with a new current block and returns that block's code; its locals are reused afterwards. */
  scoped(body: () => void): Code {
    const [code, taken] = [this.code, this.taken];
    this.code = [];
    this.taken = [];
    body();
    const inner = this.code;
    for (const [type, index] of this.taken.reverse()) {
      const list = this.idle.get(type);
      if (list === undefined) this.idle.set(type, [index]);
      else list.push(index);
    }
    this.code = code;
    this.taken = taken;
    return inner;
  }
  /** The function with all its code. */
  finish(): Fn {
    this.fn.body = [this.entry, this.code];
    return this.fn;
  }
}

function constantCode(kind: ConstKind, bits: number | bigint): [ValType, Code] {
  switch (kind) {
    case "i32":
      return [I32, [0x41, sleb(Number(bits))]];
    case "i64":
      return [I64, [0x42, sleb64(BigInt(bits))]];
    case "f32":
      return [F32, [0x43, wordBytes(Number(bits))]];
    case "f64":
      return [F64, [0x44, longBytes(BigInt(bits))]];
    case "v32":
      return [V128, [constantCode("i32", bits)[1], simd(I32X4_SPLAT)]];
    case "v64":
      return [V128, [constantCode("i64", bits)[1], simd(I64X2_SPLAT)]];
  }
}
