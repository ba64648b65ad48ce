// A small algebra of float arithmetic that is written once and emitted twice: for one scalar, or for all lanes of a
// 128-bit vector. Every operation is IEEE's in both forms, so the scalar tail of a loop gives the bits of its lanes.
import {
  F32,
  F64,
  I32,
  I64,
  V128,
  f32Bits,
  f64Bits,
  get,
  simd,
  type Code,
  type ValType,
} from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";

/** A float value, the integer of equal width that holds its bits, or a truth value; each is code that has no effects. */
export type Float = Code;
/** Code of an integer with the bits of a float. */
export type Bits = Code;
/** Code of a truth value: 0 or 1, or a mask. */
export type Mask = Code;

/** Scalar instructions by name; integer ones of the same width begin with i. */
const SCALAR32 = {
  add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, sqrt: 0x91, abs: 0x8b, neg: 0x8c, min: 0x96, max: 0x97,
  floor: 0x8e, ceil: 0x8d, trunc: 0x8f, nearest: 0x90, eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60,
  iadd: 0x6a, isub: 0x6b, and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76,
  ieq: 0x46, ilt: 0x48, igt: 0x4a,
}; // prettier-ignore
type Opcodes = Readonly<typeof SCALAR32>;
const SCALAR64: Opcodes = {
  add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, sqrt: 0x9f, abs: 0x99, neg: 0x9a, min: 0xa4, max: 0xa5,
  floor: 0x9c, ceil: 0x9b, trunc: 0x9d, nearest: 0x9e, eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66,
  iadd: 0x7c, isub: 0x7d, and: 0x83, or: 0x84, xor: 0x85, shl: 0x86, shrS: 0x87, shrU: 0x88,
  ieq: 0x51, ilt: 0x53, igt: 0x55,
}; // prettier-ignore

/** Instructions of one instance: scalar ones, or SIMD. */
type Ops = { readonly [O in keyof Opcodes]: Code };
const vector = (numbers: Opcodes): Ops =>
  Object.fromEntries(Object.entries(numbers).map(([name, op]) => [name, simd(op)])) as Ops;
const VECTOR32 = vector({
  add: 228, sub: 229, mul: 230, div: 231, sqrt: 227, abs: 224, neg: 225, min: 232, max: 233,
  floor: 104, ceil: 103, trunc: 105, nearest: 106, eq: 65, ne: 66, lt: 67, gt: 68, le: 69, ge: 70,
  iadd: 174, isub: 177, and: 78, or: 80, xor: 81, shl: 171, shrS: 172, shrU: 173, ieq: 55, ilt: 57, igt: 59,
}); // prettier-ignore
const VECTOR64 = vector({
  add: 240, sub: 241, mul: 242, div: 243, sqrt: 239, abs: 236, neg: 237, min: 244, max: 245,
  floor: 117, ceil: 116, trunc: 122, nearest: 148, eq: 71, ne: 72, lt: 73, gt: 74, le: 75, ge: 76,
  iadd: 206, isub: 209, and: 78, or: 80, xor: 81, shl: 203, shrS: 204, shrU: 205, ieq: 214, ilt: 216, igt: 217,
}); // prettier-ignore

/** pmin(x, y) = y < x ? y : x, and pmax: one machine instruction, where V8's min and max are seven or eight in a row. */
const PSEUDO = { 32: [simd(234), simd(235)], 64: [simd(246), simd(247)] } as const;
const F32X4_MADD = simd(0x105);

/** Bits of the mantissa, the exponent's bias, and 1.5 · 2^mantissa, whose low bits count integers. */
interface Format { readonly mantissa: number; readonly bias: number; readonly magic: number } // prettier-ignore
const FORMAT32: Format = { mantissa: 23, bias: 127, magic: 12582912 };
const FORMAT64: Format = { mantissa: 52, bias: 1023, magic: 6755399441055744 };

/** One instance of the algebra, writing to one emitter. */
export class Lanes {
  readonly width: 32 | 64;
  readonly isVector: boolean;
  readonly emitter: Emitter;
  readonly format: Format;
  /** Do multiply and add round once? */
  readonly fuses: boolean;
  private readonly ops: Ops;
  private readonly float_: ValType;
  private readonly int_: ValType;
  constructor(emitter: Emitter, width: 32 | 64, isVector: boolean) {
    this.emitter = emitter;
    this.width = width;
    this.isVector = isVector;
    this.format = width === 32 ? FORMAT32 : FORMAT64;
    this.fuses = emitter.relaxed && isVector && width === 32;
    this.ops = isVector ? (width === 32 ? VECTOR32 : VECTOR64) : width === 32 ? SCALAR32 : SCALAR64;
    this.float_ = isVector ? V128 : width === 32 ? F32 : F64;
    this.int_ = isVector ? V128 : width === 32 ? I32 : I64;
  }
  /** A float constant. */
  f(x: number): Float {
    const kind = this.isVector ? (this.width === 32 ? "v32" : "v64") : this.width === 32 ? "f32" : "f64";
    return get(this.emitter.constant(kind, this.width === 32 ? f32Bits(x) : f64Bits(x)));
  }
  /** An integer constant of the lanes' width. */
  i(n: number | bigint): Bits {
    const kind = this.isVector ? (this.width === 32 ? "v32" : "v64") : this.width === 32 ? "i32" : "i64";
    return get(
      this.emitter.constant(kind, this.width === 32 ? Number(BigInt.asIntN(32, BigInt(n))) : BigInt(n)),
    );
  }
  /** The float kept in a local, so that it can be used more than once. */
  let(x: Float): Float {
    return get(this.emitter.value(this.float_, x));
  }
  letBits(x: Bits): Bits {
    return get(this.emitter.value(this.int_, x));
  }
  letMask(x: Mask): Mask {
    return get(this.emitter.value(this.isVector ? V128 : I32, x));
  }
  private two(op: Code, x: Code, y: Code): Code {
    return [x, y, op];
  }
  add(x: Float, y: Float): Float { return this.two(this.ops.add, x, y); } // prettier-ignore
  sub(x: Float, y: Float): Float { return this.two(this.ops.sub, x, y); } // prettier-ignore
  mul(x: Float, y: Float): Float { return this.two(this.ops.mul, x, y); } // prettier-ignore
  div(x: Float, y: Float): Float { return this.two(this.ops.div, x, y); } // prettier-ignore
  /** IEEE minimum: NaN if either is, −0 < +0. */
  min(x: Float, y: Float): Float {
    if (!this.isVector) return this.two(this.ops.min, x, y);
    // Both orders of pmin agree but for zeros, where a set sign wins, and a NaN, where the bits of one win.
    const [pmin] = PSEUDO[this.width];
    const [a, b] = [this.let(x), this.let(y)];
    return this.or([a, b, pmin], [b, a, pmin]);
  }
  max(x: Float, y: Float): Float {
    if (!this.isVector) return this.two(this.ops.max, x, y);
    return this.neg(this.min(this.neg(x), this.neg(y)));
  }
  /** x · y + z: rounded once in lanes of f32 where the engine can, else twice. Scalar code must not ask (see `fusing`). */
  fma(x: Float, y: Float, z: Float): Float {
    return this.fuses ? [x, y, z, F32X4_MADD] : this.add(this.mul(x, y), z);
  }
  /** x within [lo, hi]; a NaN stays one. */
  clamp(x: Float, lo: number, hi: number): Float {
    const [least, most] = [this.f(lo), this.f(hi)];
    const [min, max] = PSEUDO[this.width];
    if (this.isVector) return [[x, most, min], least, max];
    const low = this.let(this.sel(this.lt(most, x), most, x));
    return this.sel(this.lt(low, least), least, low);
  }
  sqrt(x: Float): Float { return [x, this.ops.sqrt]; } // prettier-ignore
  /** The sign's bit: V8's own lanewise abs and neg make it anew each time. */
  private sign(): Bits {
    return this.i(this.width === 32 ? -0x80000000 : -(1n << 63n));
  }
  abs(x: Float): Float {
    return this.isVector ? [x, this.sign(), simd(79)] : [x, this.ops.abs]; // v128.andnot
  }
  neg(x: Float): Float {
    return this.isVector ? this.xor(x, this.sign()) : [x, this.ops.neg];
  }
  floor(x: Float): Float { return [x, this.ops.floor]; } // prettier-ignore
  ceil(x: Float): Float { return [x, this.ops.ceil]; } // prettier-ignore
  trunc(x: Float): Float { return [x, this.ops.trunc]; } // prettier-ignore
  /** To the nearest integer, ties to even. */
  nearest(x: Float): Float { return [x, this.ops.nearest]; } // prettier-ignore
  eq(x: Float, y: Float): Mask { return this.two(this.ops.eq, x, y); } // prettier-ignore
  ne(x: Float, y: Float): Mask { return this.two(this.ops.ne, x, y); } // prettier-ignore
  lt(x: Float, y: Float): Mask { return this.two(this.ops.lt, x, y); } // prettier-ignore
  gt(x: Float, y: Float): Mask { return this.two(this.ops.gt, x, y); } // prettier-ignore
  le(x: Float, y: Float): Mask { return this.two(this.ops.le, x, y); } // prettier-ignore
  ge(x: Float, y: Float): Mask { return this.two(this.ops.ge, x, y); } // prettier-ignore
  iadd(x: Bits, y: Bits): Bits { return this.two(this.ops.iadd, x, y); } // prettier-ignore
  isub(x: Bits, y: Bits): Bits { return this.two(this.ops.isub, x, y); } // prettier-ignore
  and(x: Bits, y: Bits): Bits { return this.two(this.ops.and, x, y); } // prettier-ignore
  or(x: Bits, y: Bits): Bits { return this.two(this.ops.or, x, y); } // prettier-ignore
  xor(x: Bits, y: Bits): Bits { return this.two(this.ops.xor, x, y); } // prettier-ignore
  ieq(x: Bits, y: Bits): Mask { return this.two(this.ops.ieq, x, y); } // prettier-ignore
  /** Signed x < y. */
  ilt(x: Bits, y: Bits): Mask { return this.two(this.ops.ilt, x, y); } // prettier-ignore
  igt(x: Bits, y: Bits): Mask { return this.two(this.ops.igt, x, y); } // prettier-ignore
  private count(n: number): Code {
    return this.isVector || this.width === 32 ? [0x41, n] : [0x42, n]; // n < 64 is one byte of LEB128
  }
  /** Shifts by a constant below the width. */
  shl(x: Bits, n: number): Bits { return [x, this.count(n), this.ops.shl]; } // prettier-ignore
  shrS(x: Bits, n: number): Bits { return [x, this.count(n), this.ops.shrS]; } // prettier-ignore
  shrU(x: Bits, n: number): Bits { return [x, this.count(n), this.ops.shrU]; } // prettier-ignore

  /** The float's bits as an integer, and back. */
  bits(x: Float): Bits {
    return this.isVector ? x : [x, this.width === 32 ? 0xbc : 0xbd];
  }
  float(x: Bits): Float {
    return this.isVector ? x : [x, this.width === 32 ? 0xbe : 0xbf];
  }
  /** mask ? x : y, for floats or bits. */
  sel(mask: Mask, x: Code, y: Code): Code {
    return this.isVector ? [x, y, mask, simd(82)] : [x, y, mask, 0x1b];
  }
  mand(x: Mask, y: Mask): Mask { return this.isVector ? [x, y, simd(78)] : [x, y, 0x71]; } // prettier-ignore
  mor(x: Mask, y: Mask): Mask { return this.isVector ? [x, y, simd(80)] : [x, y, 0x72]; } // prettier-ignore
  mnot(x: Mask): Mask { return this.isVector ? [x, simd(77)] : [x, 0x45]; } // prettier-ignore

  /** |x| with the sign bit of y. */
  copysign(x: Float, y: Float): Float {
    if (!this.isVector) return [x, y, this.width === 32 ? 0x98 : 0xa6];
    return [y, x, this.sign(), simd(82)];
  }
  /** 2^n, where the low bits of the integer are n plus the exponent's bias. */
  pow2(n: Bits): Float {
    return this.float(this.shl(n, this.format.mantissa));
  }
  /** A small integer (|n| < 2^20) as a float. */
  fromInt(n: Bits): Float {
    const { magic } = this.format;
    const bits = this.width === 32 ? f32Bits(magic) : f64Bits(magic);
    return this.sub(this.float(this.iadd(n, this.i(bits))), this.f(magic));
  }
  /** Σ c[k] · x^k by Horner's rule. */
  poly(x: Float, c: readonly number[]): Float {
    let sum = this.f(c[c.length - 1] as number);
    for (let k = c.length - 2; k >= 0; k--) sum = this.fma(sum, x, this.f(c[k] as number));
    return sum;
  }
}

/** A function of f32 scalars in one lane of vectors, so that it rounds as those do. */
export function inOneLane(
  f: Emitter,
  args: readonly Float[],
  rule: (L: Lanes, ...args: Float[]) => Float,
): Float {
  const L = new Lanes(f, 32, true);
  return [rule(L, ...args.map((x) => L.let([x, simd(19)]))), simd(31), 0]; // f32x4.splat, extract_lane 0
}
