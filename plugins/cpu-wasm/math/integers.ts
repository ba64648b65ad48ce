// Integer arithmetic of one width and signedness, for scalars and for lanes.
import { I32, I64, V128, get, simd, type Code, type ValType } from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";
import { lanewise } from "./lanewise.ts";

/** Scalar instructions by name. */
const SCALAR32 = {
  add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d, divU: 0x6e, remS: 0x6f, remU: 0x70,
  and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76,
  eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, gtS: 0x4a, gtU: 0x4b, leS: 0x4c, leU: 0x4d, geS: 0x4e, geU: 0x4f,
}; // prettier-ignore
type IntOp = keyof typeof SCALAR32;
const SCALAR64: Record<IntOp, number> = {
  add: 0x7c, sub: 0x7d, mul: 0x7e, divS: 0x7f, divU: 0x80, remS: 0x81, remU: 0x82,
  and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88,
  eq: 0x51, ne: 0x52, ltS: 0x53, ltU: 0x54, gtS: 0x55, gtU: 0x56, leS: 0x57, leU: 0x58, geS: 0x59, geU: 0x5a,
}; // prettier-ignore
/** SIMD instructions; what lanes can't do is absent. */
const VECTOR32: Partial<Record<IntOp, number>> = {
  add: 174, sub: 177, mul: 181, and: 78, or: 80, xor: 81, shl: 171, shrS: 172, shrU: 173,
  eq: 55, ne: 56, ltS: 57, ltU: 58, gtS: 59, gtU: 60, leS: 61, leU: 62, geS: 63, geU: 64,
}; // prettier-ignore
const VECTOR64: Partial<Record<IntOp, number>> = {
  add: 206, sub: 209, mul: 213, and: 78, or: 80, xor: 81, shl: 203, shrS: 204, shrU: 205,
  eq: 214, ne: 215, ltS: 216, gtS: 217, leS: 218, geS: 219,
}; // prettier-ignore

/** Comparisons by the name of the scalar op. */
export type Comparison = "eq" | "ne" | "lt" | "gt" | "le" | "ge";

/** One instance, writing to one emitter. Operands are code without effects. */
export class Ints {
  readonly emitter: Emitter;
  readonly width: 32 | 64;
  readonly signed: boolean;
  readonly isVector: boolean;
  constructor(emitter: Emitter, width: 32 | 64, signed: boolean, isVector: boolean) {
    this.emitter = emitter;
    this.width = width;
    this.signed = signed;
    this.isVector = isVector;
  }
  private get type(): ValType {
    return this.isVector ? V128 : this.width === 32 ? I32 : I64;
  }
  let(x: Code): Code {
    return get(this.emitter.value(this.type, x));
  }
  i(n: number | bigint): Code {
    const kind = this.isVector ? (this.width === 32 ? "v32" : "v64") : this.width === 32 ? "i32" : "i64";
    return get(
      this.emitter.constant(kind, this.width === 32 ? Number(BigInt.asIntN(32, BigInt(n))) : BigInt(n)),
    );
  }
  private op(name: IntOp, x: Code, y: Code): Code {
    const scalar = this.width === 32 ? SCALAR32 : SCALAR64;
    if (!this.isVector) return [x, y, scalar[name]];
    const code = (this.width === 32 ? VECTOR32 : VECTOR64)[name];
    if (code === undefined) throw new Error(`internal: no lanes for ${name} of ${this.width} bits`);
    return [x, y, simd(code)];
  }
  add(x: Code, y: Code): Code { return this.op("add", x, y); } // prettier-ignore
  sub(x: Code, y: Code): Code { return this.op("sub", x, y); } // prettier-ignore
  mul(x: Code, y: Code): Code { return this.op("mul", x, y); } // prettier-ignore
  and(x: Code, y: Code): Code { return this.op("and", x, y); } // prettier-ignore
  or(x: Code, y: Code): Code { return this.op("or", x, y); } // prettier-ignore
  xor(x: Code, y: Code): Code { return this.op("xor", x, y); } // prettier-ignore
  not(x: Code): Code { return this.op("xor", x, this.i(-1)); } // prettier-ignore
  neg(x: Code): Code { return this.op("sub", this.i(0), x); } // prettier-ignore
  /** The same computation of scalars, lane by lane. */
  private each(args: readonly Code[], scalar: (S: Ints, ...args: Code[]) => Code): Code {
    const S = new Ints(this.emitter, this.width, this.signed, false);
    const lane = this.width === 32 ? "i32" : "i64";
    return lanewise(this.emitter, lane, lane, args, (...xs) => scalar(S, ...xs));
  }
  /** Truncated quotient; x / 0 is all ones, MIN / −1 is MIN. */
  div(x: Code, y: Code): Code {
    if (this.isVector) return this.each([x, y], (S, a, b) => S.div(a, b));
    const zero: Code = this.op("eq", y, this.i(0));
    if (!this.signed) return [this.i(-1), this.op("divU", x, [this.i(1), y, zero, 0x1b]), zero, 0x1b];
    const minus: Code = this.op("eq", y, this.i(-1));
    const safe: Code = [this.i(1), y, [zero, minus, 0x72], 0x1b];
    return [this.i(-1), [this.neg(x), this.op("divS", x, safe), minus, 0x1b], zero, 0x1b];
  }
  /** Remainder with the sign of x; x % 0 is x. */
  rem(x: Code, y: Code): Code {
    if (this.isVector) return this.each([x, y], (S, a, b) => S.rem(a, b));
    const zero: Code = this.op("eq", y, this.i(0));
    const unsafe: Code = this.signed ? [zero, this.op("eq", y, this.i(-1)), 0x72] : zero;
    return [x, this.op(this.signed ? "remS" : "remU", x, [this.i(1), y, unsafe, 0x1b]), zero, 0x1b];
  }
  abs(x: Code): Code {
    if (!this.signed) return x;
    if (this.isVector) return [x, simd(this.width === 32 ? 160 : 192)];
    return [this.neg(x), x, this.op("ltS", x, this.i(0)), 0x1b];
  }
  sign(x: Code): Code {
    const last = this.width - 1;
    if (!this.signed) return this.shift("shr_u", this.or(x, this.neg(x)), last);
    return this.or(this.shift("shr_s", x, last), this.shift("shr_u", this.neg(x), last));
  }
  /** Shift by a constant below the width. */
  private shift(op: "shl" | "shr_s" | "shr_u", x: Code, n: number): Code {
    const name = op === "shl" ? "shl" : op === "shr_s" ? "shrS" : "shrU";
    return this.op(name, x, this.isVector || this.width === 32 ? [0x41, n] : [0x42, n]);
  }
  /** Shift by any unsigned amount: from the width on 0, or the sign. `known`: the amount, when it is a constant. */
  shiftBy(op: "shl" | "shr_s" | "shr_u", x: Code, y: Code, known?: bigint): Code {
    if (known !== undefined) {
      const n = BigInt.asUintN(this.width, known);
      if (n < BigInt(this.width)) return this.shift(op, x, Number(n));
      return op === "shr_s" ? this.shift(op, x, this.width - 1) : this.i(0);
    }
    if (this.isVector) return this.each([x, y], (S, a, b) => S.shiftBy(op, a, b));
    const inside = this.op("ltU", y, this.i(this.width));
    if (op === "shr_s") return this.op("shrS", x, [y, this.i(this.width - 1), inside, 0x1b]);
    return [this.op(op === "shl" ? "shl" : "shrU", x, y), this.i(0), inside, 0x1b];
  }
  popcnt(x: Code): Code {
    if (!this.isVector) return [x, this.width === 32 ? 0x69 : 0x7b];
    const words: Code = [x, simd(98), simd(125), simd(127)]; // bytes, then sums of pairs twice
    if (this.width === 32) return words;
    const w = this.let(words);
    return this.and(this.add(w, this.shift("shr_u", w, 32)), this.i(0xffffffffn));
  }
  clz(x: Code): Code {
    if (this.isVector) return this.each([x], (S, a) => S.clz(a));
    return [x, this.width === 32 ? 0x67 : 0x79];
  }
  compare(how: Comparison, x: Code, y: Code): Code {
    if (how === "eq" || how === "ne") return this.op(how, x, y);
    if (this.signed) return this.op(`${how}S`, x, y);
    if (!this.isVector || this.width === 32) return this.op(`${how}U`, x, y);
    const top = this.i(-(1n << 63n)); // lanes of 64 bits compare as signed numbers only
    return this.op(`${how}S`, this.xor(x, top), this.xor(y, top));
  }
  min(x: Code, y: Code): Code { return this.extreme("lt", x, y); } // prettier-ignore
  max(x: Code, y: Code): Code { return this.extreme("gt", x, y); } // prettier-ignore
  private extreme(how: "lt" | "gt", x: Code, y: Code): Code {
    const mask = this.compare(how, x, y);
    if (!this.isVector) return [x, y, mask, 0x1b];
    if (this.width === 64) return [x, y, mask, simd(82)];
    return [x, y, simd(how === "lt" ? (this.signed ? 182 : 183) : this.signed ? 184 : 185)];
  }
  /** The low 8 or 16 bits of a 32-bit integer, extended by sign or zeros. */
  extend(bits: 8 | 16, signed: boolean, x: Code): Code {
    if (!signed) return this.and(x, this.i((1 << bits) - 1));
    if (!this.isVector) return [x, bits === 8 ? 0xc0 : 0xc1];
    return this.shift("shr_s", this.shift("shl", x, 32 - bits), 32 - bits);
  }
}
