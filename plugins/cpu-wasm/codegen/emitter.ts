// Collects the code of one function: values live in locals, constants are hoisted to the function's entry.
import {
  F32,
  F64,
  I32,
  I64,
  V128,
  fn,
  i32c,
  i64c,
  set,
  simd,
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

/** An open block: its code so far, and the locals that belong to it. */
interface Frame {
  readonly code: Code[];
  readonly taken: [ValType, number][];
}

/** A function under construction. Code goes into the current block; `scoped` opens another. */
export class Emitter {
  /** May relaxed SIMD (fused multiply-add) be used? */
  readonly relaxed: boolean;
  private readonly fn: Fn;
  private readonly entry: Code[] = [];
  private readonly constants = new Map<string, number>();
  private readonly frames: Frame[] = [{ code: [], taken: [] }];
  private current: Frame;
  /** Locals whose block has ended, by type. */
  private readonly idle = new Map<ValType, number[]>();

  constructor(params: readonly ValType[], relaxed: boolean) {
    this.fn = fn(params);
    this.relaxed = relaxed;
    this.current = this.frames[0] as Frame;
  }
  /** A local of the current block. Its content is undefined: a block that has ended may have used it. */
  local(type: ValType): number {
    // A block further out must not take an idle local: code between here and there, already emitted, may write it.
    const outer = this.current !== this.frames[this.frames.length - 1];
    const index = (outer ? undefined : this.idle.get(type)?.pop()) ?? this.fresh(type);
    this.current.taken.push([type, index]);
    return index;
  }
  private fresh(type: ValType): number {
    this.fn.locals.push(type);
    return this.fn.params.length + this.fn.locals.length - 1;
  }
  /** Appends instructions that leave the stack as it was. */
  emit(code: Code): void {
    this.current.code.push(code);
  }
  /** Evaluates `code` into a new local and returns the local. */
  value(type: ValType, code: Code): number {
    const index = this.local(type);
    this.current.code.push(set(index, code));
    return index;
  }
  /**
   * The local that holds a constant, given by its bits (i64, f64, v64: a bigint). Set once at the function's entry.
   * Vectors are splats of scalars, not v128.const: V8 12+ would rebuild those inside every loop.
   */
  constant(kind: ConstKind, bits: number | bigint): number {
    const [type, code] = constantCode(kind, bits);
    return this.once(`${kind}${bits}`, type, code);
  }
  /** A local set once at the function's entry; equal keys share it. */
  once(key: string, type: ValType, code: Code): number {
    let index = this.constants.get(key);
    if (index === undefined) {
      index = this.fresh(type);
      this.entry.push(set(index, code));
      this.constants.set(key, index);
    }
    return index;
  }
  /** Runs `body` with a new current block and returns that block's code; its locals are reused afterwards. */
  scoped(body: () => void): Code {
    const before = this.current;
    const frame: Frame = { code: [], taken: [] };
    this.frames.push(frame);
    this.current = frame;
    body();
    this.frames.pop();
    this.current = before;
    for (const [type, index] of frame.taken.reverse()) {
      const list = this.idle.get(type);
      if (list === undefined) this.idle.set(type, [index]);
      else list.push(index);
    }
    return frame.code;
  }
  /** How many blocks are open around the current one. */
  get depth(): number {
    return this.frames.length - 1;
  }
  /** Runs `body` with an open block further out as the current one: what it emits stands before the loop we are in. */
  at<T>(depth: number, body: () => T): T {
    const before = this.current;
    this.current = this.frames[depth] as Frame;
    const result = body();
    this.current = before;
    return result;
  }
  /** The function with all its code. */
  finish(): Fn {
    this.fn.body = [this.entry, (this.frames[0] as Frame).code];
    return this.fn;
  }
}

function constantCode(kind: ConstKind, bits: number | bigint): [ValType, Code] {
  switch (kind) {
    case "i32":
      return [I32, i32c(Number(bits))];
    case "i64":
      return [I64, i64c(BigInt(bits))];
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
