// sin, cos, tan, atan2 in f64 lanes (f32 goes through them, see widen.ts). After fdlibm (Sun Microsystems, 1993:
// e_rem_pio2.c, k_sin.c, k_cos.c, s_atan.c); large arguments are reduced after Payne & Hanek, "Radian reduction for
// trigonometric functions", SIGNUM Newsletter 18(1), 1983.
import {
  F64,
  I32,
  I64,
  V128,
  brIf,
  get,
  i32c,
  i64c,
  ifThen,
  load,
  loop,
  set,
  shuffle,
  simd,
  type Code,
} from "../codegen/assembler.ts";
import type { Emitter } from "../codegen/emitter.ts";
import { type Lanes, type Bits, type Float } from "./lanes.ts";
import { TWO_OVER_PI_ADDRESS } from "./tables.ts";

/** π/2 in parts of 33 bits; n < 2^20 times a part is exact. */
const PIO2 = [1.57079632673412561417, 6.0771005063039659766e-11, 2.0222662487111664558e-21] as const;
/** What each part leaves over. */
const PIO2_TAIL = [
  6.07710050650619224932e-11, 2.02226624879595063154e-21, 8.47842766036889956997e-32,
] as const;
/** Beyond it n has more than 20 bits. */
const LARGE = 1.5e6;
const SIN = [
  -1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4,
  2.75573137070700676789e-6, -2.50507602534068634195e-8, 1.58969099521155010221e-10,
] as const;
const COS = [
  4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5,
  -2.75573143513906633035e-7, 2.0875723212981748279e-9, -1.13596475577881948265e-11,
] as const;
const ATAN = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.1111110405462355788e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2,
  -5.83357013379057348645e-2, 4.97687799461593236017e-2, -3.6531572744216915527e-2, 1.62858201153657823623e-2,
] as const;

/** x = n · π/2 + r + tail, |r| ≤ π/4; `n` mod 4 in the low bits. */
interface Reduced {
  readonly r: Float;
  readonly tail: Float;
  readonly n: Bits;
}

/** `exact`: for results in f64; an f32's reduction needs two parts of π/2 only. */
function reduce(L: Lanes, x: Float, exact: boolean): Reduced {
  const magic = L.f(L.format.magic);
  const shifted = L.let(L.add(L.mul(x, L.f(2 / Math.PI)), magic));
  const n = L.let(L.sub(shifted, magic));
  let r = L.let(L.sub(x, L.mul(n, L.f(PIO2[0]))));
  let w = L.let(L.mul(n, L.f(PIO2_TAIL[0])));
  for (let part = 1; exact && part < 3; part++) {
    const t = r;
    const step = L.let(L.mul(n, L.f(PIO2[part] as number)));
    r = L.let(L.sub(t, step));
    const lost = L.sub(L.sub(t, r), step);
    w = L.let(L.sub(L.mul(n, L.f(PIO2_TAIL[part] as number)), lost));
  }
  const reduced = L.emitter.value(L.isVector ? V128 : F64, L.sub(r, w));
  const tail = L.emitter.value(L.isVector ? V128 : F64, L.sub(L.sub(r, get(reduced)), w));
  const quadrant = L.emitter.value(L.isVector ? V128 : I64, L.bits(shifted));
  reduceLarge(L, x, { r: reduced, tail, n: quadrant });
  return { r: get(reduced), tail: get(tail), n: get(quadrant) };
}

/** Locals that the reduction of large arguments overwrites. */
interface Places { readonly r: number; readonly tail: number; readonly n: number } // prettier-ignore

/** Replaces the reduction of finite lanes ≥ LARGE. A vector's lanes take turns in lane 0. */
function reduceLarge(L: Lanes, x: Float, to: Places): void {
  const f = L.emitter;
  const isLarge = (v: Code): Code => [
    [v, 0x99, get(f.constant("f64", bitsOf(LARGE))), 0x66],
    [v, 0x99, get(f.constant("f64", bitsOf(Infinity))), 0x63],
    0x71,
  ];
  if (!L.isVector) {
    f.emit(
      ifThen(
        isLarge(x),
        f.scoped(() =>
          payneHanek(f, x, (r, n) => [set(to.r, r), set(to.n, n), set(to.tail, get(f.constant("f64", 0n)))]),
        ),
      ),
    );
    return;
  }
  const any: Code = [L.mand(L.ge(L.abs(x), L.f(LARGE)), L.lt(L.abs(x), L.f(Infinity))), simd(83)];
  const body = f.scoped(() => {
    const lanes = f.value(V128, x);
    const turn = f.value(I32, i32c(2));
    const lane = f.local(F64);
    const inner = f.scoped(() => {
      f.emit(set(lane, [get(lanes), simd(33), 0]));
      const one = f.scoped(() =>
        payneHanek(f, get(lane), (r, n) => [
          set(to.r, [get(to.r), r, simd(34), 0]),
          set(to.n, [get(to.n), n, simd(30), 0]),
          set(to.tail, [get(to.tail), get(f.constant("f64", 0n)), simd(34), 0]),
        ]),
      );
      f.emit(ifThen(isLarge(get(lane)), one));
      const rotated = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
      for (const v of [lanes, to.r, to.n, to.tail]) f.emit(set(v, shuffle(rotated, get(v), get(v))));
      f.emit(set(turn, [get(turn), i32c(1), 0x6b]));
    });
    f.emit(loop([inner, brIf(0, get(turn))]));
  });
  f.emit(ifThen(any, body));
}
const scratch = new DataView(new ArrayBuffer(8));
function bitsOf(x: number): bigint {
  scratch.setFloat64(0, x);
  return scratch.getBigInt64(0);
}

/**
 * |x| = m · 2^e with a 53-bit integer m. Of m · 2^e · 2/π only the part below 4 matters: the product of m with the 192
 * bits of 2/π that start at bit e − 2, modulo 2^192. Its top two bits are the quadrant, the rest the fraction.
 */
function payneHanek(f: Emitter, x: Code, done: (r: Code, n: Code) => Code): void {
  const i64 = (code: Code): Code => get(f.value(I64, code));
  const bits = i64([x, 0xbd]);
  const m = i64([bits, i64c((1n << 52n) - 1n), 0x83, i64c(1n << 52n), 0x84]);
  // Bit e − 2 of 2/π, counted behind the table's zero word: biased exponent − 1075 − 2 + 64.
  const at = get(f.value(I32, [bits, i64c(52n), 0x88, 0xa7, i32c(0x7ff), 0x71, i32c(1013), 0x6b]));
  const address = get(f.value(I32, [at, i32c(6), 0x76, i32c(3), 0x74]));
  const shift = i64([at, i32c(63), 0x71, 0xad]);
  const word = (k: number): Code => load(0x29, 3, address, TWO_OVER_PI_ADDRESS + 8 * k);
  const window = (k: number): Code =>
    i64([word(k), shift, 0x86, word(k + 1), i64c(1n), 0x88, i64c(63n), shift, 0x7d, 0x88, 0x84]);
  const [w0, w1, w2] = [window(0), window(1), window(2)];
  const low1 = i64([m, w1, 0x7e]);
  const middle = i64([low1, mulHigh(f, m, w2), 0x7c]);
  const carry: Code = [middle, low1, 0x54, 0xad];
  const high = i64([[m, w0, 0x7e], mulHigh(f, m, w1), 0x7c, carry, 0x7c]);
  const n = i64([high, i64c(1n << 61n), 0x7c, i64c(62n), 0x88]);
  const fraction = i64([high, n, i64c(62n), 0x86, 0x7d]);
  const quarter: Code = [
    [fraction, 0xb9, get(f.constant("f64", bitsOf(2 ** -62))), 0xa2],
    [middle, 0xba, get(f.constant("f64", bitsOf(2 ** -126))), 0xa2], 0xa0,
  ]; // prettier-ignore
  const r = get(f.value(F64, [quarter, get(f.constant("f64", bitsOf(Math.PI / 2))), 0xa2]));
  const negative = get(f.value(I32, [bits, i64c(0n), 0x53]));
  f.emit(done([[r, 0x9a], r, negative, 0x1b], [[i64c(0n), n, 0x7d], n, negative, 0x1b]));
}
/** High 64 bits of the product of m < 2^53 and w. */
function mulHigh(f: Emitter, m: Code, w: Code): Code {
  const i64 = (code: Code): Code => get(f.value(I64, code));
  const mask = i64c(0xffffffffn);
  const [ml, mh] = [i64([m, mask, 0x83]), i64([m, i64c(32n), 0x88])];
  const [wl, wh] = [i64([w, mask, 0x83]), i64([w, i64c(32n), 0x88])];
  const t = i64([[mh, wl, 0x7e], [ml, wl, 0x7e, i64c(32n), 0x88], 0x7c]);
  const u = i64([[ml, wh, 0x7e], [t, mask, 0x83], 0x7c]);
  return i64([[mh, wh, 0x7e], [t, i64c(32n), 0x88], 0x7c, [u, i64c(32n), 0x88], 0x7c]);
}

/** sin and cos of r + tail on |r| ≤ π/4. */
function kernels(L: Lanes, { r, tail }: Reduced): { sin: Float; cos: Float } {
  const z = L.let(L.mul(r, r));
  const v = L.let(L.mul(z, r));
  const p = L.poly(z, SIN.slice(1));
  const inner = L.sub(L.mul(z, L.sub(L.mul(L.f(0.5), tail), L.mul(v, p))), tail);
  const sin = L.let(L.sub(r, L.sub(inner, L.mul(v, L.f(SIN[0])))));
  const half = L.let(L.mul(L.f(0.5), z));
  const w = L.let(L.sub(L.f(1), half));
  const q = L.mul(z, L.poly(z, COS));
  const cos = L.let(L.add(w, L.add(L.sub(L.sub(L.f(1), w), half), L.sub(L.mul(z, q), L.mul(r, tail)))));
  return { sin, cos };
}
/** Bit `k` of the quadrant decides. */
const bit = (L: Lanes, n: Bits, k: number): Code => L.ieq(L.and(n, L.i(1 << k)), L.i(1 << k));
/** The sign bit where bit 1 of n is set. */
const flip = (L: Lanes, n: Bits, y: Float): Float => L.float(L.xor(L.bits(y), L.shl(L.and(n, L.i(2)), 62)));

/** Sine of radians. ≤ 2 ulp. */
export function sin(L: Lanes, x: Float, exact = true): Float {
  const reduced = reduce(L, x, exact);
  const k = kernels(L, reduced);
  const y = flip(L, reduced.n, L.let(L.sel(bit(L, reduced.n, 0), k.cos, k.sin)));
  return L.sel(L.eq(x, L.f(0)), x, y);
}
/** Cosine of radians. ≤ 2 ulp. */
export function cos(L: Lanes, x: Float, exact = true): Float {
  const reduced = reduce(L, x, exact);
  const k = kernels(L, reduced);
  const n = L.letBits(L.iadd(reduced.n, L.i(1)));
  return flip(L, n, L.let(L.sel(bit(L, n, 0), k.cos, k.sin)));
}
/** Tangent of radians. ≤ 3 ulp. */
export function tan(L: Lanes, x: Float, exact = true): Float {
  const reduced = reduce(L, x, exact);
  const k = kernels(L, reduced);
  const odd = L.letMask(bit(L, reduced.n, 0));
  const y = L.div(L.sel(odd, L.neg(k.cos), k.sin), L.sel(odd, k.sin, k.cos));
  return L.sel(L.eq(x, L.f(0)), x, y);
}

/** atan of t ≥ 0 (+∞ included): reduced to one of five points by the addition theorem. ≤ 1 ulp. */
function atanPositive(L: Lanes, t: Float): Float {
  const [high, low] = [
    [0.463647609000806093515, 0.785398163397448278999, 0.98279372324732905408, 1.570796326794896558],
    [
      2.26987774529616870924e-17, 3.06161699786838301793e-17, 1.39033110312309984516e-17,
      6.12323399573676603587e-17,
    ],
  ] as const;
  const bounds = [7 / 16, 11 / 16, 19 / 16, 39 / 16].map((b) => L.letMask(L.ge(t, L.f(b))));
  /** The value for the highest bound that t reaches. */
  const pick = (below: Float, values: readonly Float[]): Float =>
    values.reduce((y, v, i) => L.sel(bounds[i] as Code, v, y), below);
  const two = L.add(t, t);
  const numerator = pick(t, [L.sub(two, L.f(1)), L.sub(t, L.f(1)), L.sub(t, L.f(1.5)), L.f(-1)]);
  const denominator = pick(L.f(1), [
    L.add(t, L.f(2)),
    L.add(t, L.f(1)),
    L.add(L.mul(t, L.f(1.5)), L.f(1)),
    t,
  ]);
  const x = L.let(L.div(numerator, denominator));
  const z = L.let(L.mul(x, x));
  const correction = L.mul(x, L.mul(z, L.poly(z, ATAN)));
  const [hi, lo] = [
    pick(
      L.f(0),
      high.map((v) => L.f(v)),
    ),
    pick(
      L.f(0),
      low.map((v) => L.f(v)),
    ),
  ];
  return L.sub(hi, L.sub(L.sub(correction, lo), x));
}

/** Angle of the point (x, y) in (−π, π]. ≤ 2 ulp. */
export function atan2(L: Lanes, y: Float, x: Float): Float {
  const [a, b] = [L.let(L.abs(y)), L.let(L.abs(x))];
  const bothInfinite = L.mand(L.eq(a, L.f(Infinity)), L.eq(b, L.f(Infinity)));
  const bothZero = L.mand(L.eq(a, L.f(0)), L.eq(b, L.f(0)));
  const ratio = L.let(L.sel(bothZero, L.f(0), L.sel(bothInfinite, L.f(1), L.div(a, b))));
  const angle = L.let(atanPositive(L, ratio));
  const left = L.sub(L.f(Math.PI), L.sub(angle, L.f(1.2246467991473531772e-16)));
  const isLeft = L.ieq(L.shrS(L.bits(x), L.width - 1), L.i(-1));
  // NaN operands: the ratio is NaN, and so is the angle, whatever its sign.
  return L.copysign(L.sel(isLeft, left, angle), y);
}
