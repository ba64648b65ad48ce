// Ops that look at bits: counts, the total order of floats, and rounding to fewer bits.
import type { DType, OpAttrs } from "tenon-plugin-api";
import type { Builder, Ref } from "../../builder.ts";
import { one, type Need, type Rule, type Rules } from "./rule.ts";

const where = (b: Builder, p: Ref, x: Ref, y: Ref): Ref => b.apply("select", p, x, y);

/** Bits set, counted in pairs, nibbles and bytes (Warren, Hacker's Delight, §5-1). */
function popcnt(b: Builder, x: Ref): Ref {
  const bits = Number(x.type.dtype.slice(1));
  const mask = (byte: number): Ref =>
    b.like(
      x,
      BigInt(
        `0x${byte
          .toString(16)
          .padStart(2, "0")
          .repeat(bits / 8)}`,
      ),
    );
  const shifted = (v: Ref, n: number): Ref => b.apply("shift_right_logical", v, b.like(x, n));
  const both = (v: Ref, n: number, byte: number): Ref =>
    b.apply("add", b.apply("and", v, mask(byte)), b.apply("and", shifted(v, n), mask(byte)));
  let sum = both(both(both(x, 1, 0x55), 2, 0x33), 4, 0x0f);
  for (let n = 8; n < bits; n *= 2) sum = b.apply("add", sum, shifted(sum, n));
  return b.apply("and", sum, b.like(x, 0x7f));
}
/** Every bit below the highest one set; then the zeros above it are the ones of the complement. */
function leadingZeros(b: Builder, x: Ref): Ref {
  const bits = Number(x.type.dtype.slice(1));
  let smeared = x;
  for (let n = 1; n < bits; n *= 2)
    smeared = b.apply("or", smeared, b.apply("shift_right_logical", smeared, b.like(x, n)));
  return b.apply("popcnt", b.apply("not", smeared));
}

/** The signed integers as wide as a float. */
const bitsType = (dtype: DType): DType => `i${dtype === "bf16" ? 16 : dtype.slice(1)}` as DType;
/** Integers in the total order of the floats they are the bits of: −NaN < −∞ … −0 < +0 … < ∞ < NaN. */
function totalOrder(b: Builder, x: Ref): Ref {
  const to = bitsType(x.type.dtype);
  const bits = b.bitcast(x, to);
  const flipped = b.apply("xor", bits, b.like(bits, (1n << BigInt(Number(to.slice(1)) - 1)) - 1n));
  return where(b, b.compare("LT", bits, b.like(bits, 0)), flipped, bits);
}
const compareTotally: Rule<"compare"> = {
  needs: (d) => {
    const i = bitsType(d);
    return ["bitcast_convert", `compare:${i}`, `xor:${i}`, `select:${i}`];
  },
  kinds: "f",
  build: (b, [x, y], draft) => {
    const { direction } = draft.attrs;
    const keys = [totalOrder(b, x as Ref), totalOrder(b, y as Ref)];
    return [b.one("compare", keys, { direction, compareType: "SIGNED" })];
  },
};

/** Bits of significand below the leading one, and of exponent. */
const FORMAT: { readonly [D in DType]?: readonly [mantissa: number, exponent: number] } = {
  f16: [10, 5],
  bf16: [7, 8],
  f32: [23, 8],
  f64: [52, 11],
};
/** Rounds the mantissa to nearest even on the bits, then sends exponents out of range to infinity or zero (as XLA does). */
function reducePrecision(b: Builder, x: Ref, a: OpAttrs["reduce_precision"]): Ref {
  const [mantissa, exponent] = FORMAT[x.type.dtype] as readonly [number, number];
  const bits = b.bitcast(x, bitsType(x.type.dtype));
  const mask = (n: bigint): Ref => b.like(bits, n);
  const field = ((1n << BigInt(exponent)) - 1n) << BigInt(mantissa);
  let rounded = bits;
  const drop = BigInt(mantissa - a.mantissaBits);
  if (drop > 0n) {
    const last = b.apply("shift_right_logical", b.apply("and", bits, mask(1n << drop)), mask(drop));
    const bias = b.apply("add", last, mask((1n << (drop - 1n)) - 1n));
    rounded = b.apply("and", b.apply("add", bits, bias), mask(-(1n << drop)));
  }
  if (a.exponentBits < exponent) {
    const [center, reach] = [2 ** (exponent - 1) - 1, 2 ** (a.exponentBits - 1) - 1];
    const at = b.apply("and", rounded, mask(field));
    const sign = b.apply("and", rounded, mask(-(1n << BigInt(mantissa + exponent))));
    const over = b.compare("GT", at, mask(BigInt(center + reach) << BigInt(mantissa)));
    const under = b.compare("LE", at, mask(BigInt(center - reach) << BigInt(mantissa)));
    rounded = where(b, over, b.apply("or", sign, mask(field)), where(b, under, sign, rounded));
  }
  return where(b, b.compare("NE", x, x), x, b.bitcast(rounded, x.type.dtype));
}
const reducePrecisionRule: Rule<"reduce_precision"> = {
  needs: (d) => {
    const i = bitsType(d);
    const ofBits = [
      "bitcast_convert",
      "and",
      "or",
      "add",
      "shift_right_logical",
      "compare",
      "select",
    ] as const;
    return ["bitcast_convert", "compare", "select", ...ofBits.map((op): Need => `${op}:${i}`)];
  },
  kinds: "f",
  build: (b, [x], draft) => [reducePrecision(b, x as Ref, draft.attrs)],
};

/** Rules of ops on bits. */
export const BITS: Rules = {
  popcnt: [one(["and", "shift_right_logical", "add"], "iu", popcnt)],
  count_leading_zeros: [one(["or", "shift_right_logical", "not", "popcnt"], "iu", leadingZeros)],
  compare: [compareTotally],
  reduce_precision: [reducePrecisionRule],
};
