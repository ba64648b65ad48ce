// Elements between memory and locals: every storage type, one element or the lanes of a vector.
// In a vector, a bool is a mask as wide as the lanes; with two lanes every other value is 64 bits wide.
import type { Compute, Storage } from "tenon-plugin-kit";
import {
  I32,
  I64,
  F32,
  F64,
  V128,
  simd,
  get,
  i32c,
  sub,
  shuffle,
  type Code,
  type ValType,
} from "./assembler.ts";
import { emitScalar, emitVector } from "../math/ops.ts";
import type { ConstKind, Emitter } from "./emitter.ts";

/** Lanes of a vector; 1 means scalar code. */
export type Lanes = 1 | 2 | 4;

/** Type of the local that holds one scalar. */
export const VALUE_TYPE: { readonly [C in Compute]: ValType } = {
  bool: I32, i32: I32, u32: I32, i64: I64, u64: I64, f32: F32, f64: F64,
}; // prettier-ignore
/** Kinds of constants by compute type: scalar, and splat (bools: see `maskBits`). */
export const CONST_KIND: { readonly [C in Compute]: ConstKind } = {
  bool: "i32", i32: "i32", u32: "i32", i64: "i64", u64: "i64", f32: "f32", f64: "f64",
}; // prettier-ignore

/** How one storage type is moved. Opcodes: scalar numbers, or SIMD instruction numbers where said. */
interface Row {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly load: number;
  readonly store: number;
  /** Widening SIMD load of four elements (storage of 2 bytes), or of the low bytes (storage of 1). */
  readonly signed: boolean;
}
const ROWS: { readonly [S in Storage]: Row } = {
  bool: { bytes: 1, load: 0x2d, store: 0x3a, signed: false },
  i8: { bytes: 1, load: 0x2c, store: 0x3a, signed: true },
  u8: { bytes: 1, load: 0x2d, store: 0x3a, signed: false },
  i16: { bytes: 2, load: 0x2e, store: 0x3b, signed: true },
  u16: { bytes: 2, load: 0x2f, store: 0x3b, signed: false },
  f16: { bytes: 2, load: 0x2f, store: 0x3b, signed: false },
  bf16: { bytes: 2, load: 0x2f, store: 0x3b, signed: false },
  i32: { bytes: 4, load: 0x28, store: 0x36, signed: true },
  u32: { bytes: 4, load: 0x28, store: 0x36, signed: false },
  f32: { bytes: 4, load: 0x2a, store: 0x38, signed: true },
  i64: { bytes: 8, load: 0x29, store: 0x37, signed: true },
  u64: { bytes: 8, load: 0x29, store: 0x37, signed: false },
  f64: { bytes: 8, load: 0x2b, store: 0x39, signed: true },
};
/** Bytes of one element. */
export const storageBytes = (storage: Storage): 1 | 2 | 4 | 8 => ROWS[storage].bytes;
const log2 = (bytes: number): number => 31 - Math.clz32(bytes);

/** An address: code for the base, and a constant added by the instruction. */
export interface Address {
  readonly base: Code;
  readonly offset: number;
}
const memarg = (row: Row, offset: number): Code => [log2(row.bytes), unsigned(offset)];
function unsigned(value: number): number[] {
  const out: number[] = [];
  let n = value;
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return [...out, n];
}

/** Loads one element, widened to its compute type. */
export function loadScalar(f: Emitter, storage: Storage, from: Address): number {
  const row = ROWS[storage];
  const type = row.bytes < 4 ? I32 : VALUE_TYPE[storage as Compute];
  const raw = f.value(type, [from.base, row.load, memarg(row, from.offset)]);
  if (storage === "f16") return emitScalar(f, "f16_from_bits", "f32", ["u32"], [raw]);
  if (storage === "bf16") return emitScalar(f, "bf16_from_bits", "f32", ["u32"], [raw]);
  return raw;
}
/** Stores one element: the low bits of an integer, the bits of an f16 or bf16. */
export function storeScalar(f: Emitter, storage: Storage, to: Address, value: number): void {
  const row = ROWS[storage];
  let raw = value;
  if (storage === "f16") raw = emitScalar(f, "f16_bits", "u32", ["f32"], [value]);
  if (storage === "bf16") raw = emitScalar(f, "bf16_bits", "u32", ["f32"], [value]);
  f.emit([to.base, get(raw), row.store, memarg(row, to.offset)]);
}

const EXTEND_8 = { s: 135, u: 137 }; // i16x8.extend_low_i8x16
const EXTEND_16 = { s: 167, u: 169 }; // i32x4.extend_low_i16x8
const EXTEND_32 = { s: 199, u: 201 }; // i64x2.extend_low_i32x4

/** Loads as many neighbouring elements as there are lanes. */
export function loadVector(f: Emitter, storage: Storage, lanes: Lanes, from: Address): number {
  const row = ROWS[storage];
  const sign = row.signed ? "s" : "u";
  const width = 16 / lanes;
  const read = (op: number): Code => [from.base, simd(op), memarg(row, from.offset)];
  if (row.bytes === width) return f.value(V128, [from.base, simd(0), memarg(row, from.offset)]);
  // The bytes of the elements into the low end, then widened step by step.
  const total = row.bytes * lanes;
  let code =
    total === 8 ? read(93) : total === 4 ? read(92) : [from.base, 0x2f, [0, unsigned(from.offset)], simd(16)];
  for (let bytes = row.bytes as number; bytes < width; bytes *= 2)
    code = [code, simd((bytes === 1 ? EXTEND_8 : bytes === 2 ? EXTEND_16 : EXTEND_32)[sign])];
  return decodeVector(f, storage, lanes, f.value(V128, code));
}
/** Widened bits to values: masks of bools, floats of half floats. */
function decodeVector(f: Emitter, storage: Storage, lanes: Lanes, raw: number): number {
  if (storage === "bool") return f.value(V128, [get(raw), simd(lanes === 4 ? 161 : 193)]); // 0 − x
  if (storage === "f16") return emitVector(f, "f16_from_bits", "f32", ["u32"], [raw]);
  if (storage === "bf16") return emitVector(f, "bf16_from_bits", "f32", ["u32"], [raw]);
  return raw;
}

/** Loads one element per lane from addresses of its own. */
export function loadLanes(f: Emitter, storage: Storage, dtype: Compute, from: readonly Address[]): number {
  const lanes = from.length as Lanes;
  const row = ROWS[storage];
  if (row.bytes * lanes === 16) {
    const [zero, lane] = lanes === 4 ? [92, 86] : [93, 87];
    let code: Code = [];
    from.forEach((a, i) => {
      code =
        i === 0
          ? [a.base, simd(zero), memarg(row, a.offset)]
          : [a.base, code, simd(lane), memarg(row, a.offset), i];
    });
    return f.value(V128, code);
  }
  return packLanes(
    f,
    dtype,
    from.map((a) => loadScalar(f, storage, a)),
  );
}
const REPLACE = { 4: { int: 28, float: 32 }, 2: { int: 30, float: 34 } } as const;
/** A vector of scalars. */
export function packLanes(f: Emitter, dtype: Compute, scalars: readonly number[]): number {
  const lanes = scalars.length as 2 | 4;
  let code: Code = get(splat(f, dtype, lanes, scalars[0] as number));
  const float = dtype === "f32" || dtype === "f64";
  for (let i = 1; i < lanes; i++)
    code = [
      code,
      dtype === "bool" ? boolWord(lanes, scalars[i] as number) : get(scalars[i] as number),
      simd(REPLACE[lanes][float ? "float" : "int"]),
      i,
    ];
  return f.value(V128, code);
}
/** 0 or −1 as wide as a lane, of a scalar bool. */
function boolWord(lanes: 2 | 4, scalar: number): Code {
  const word = sub(i32c(0), get(scalar));
  return lanes === 4 ? word : [word, 0xac]; // i64.extend_i32_s
}
const SPLAT: { readonly [C in Compute]: number } = {
  bool: 17, i32: 17, u32: 17, i64: 18, u64: 18, f32: 19, f64: 20,
}; // prettier-ignore
/** All lanes equal to one scalar. */
export function splat(f: Emitter, dtype: Compute, lanes: Lanes, scalar: number): number {
  if (dtype !== "bool") return f.value(V128, [get(scalar), simd(SPLAT[dtype])]);
  return f.value(V128, [boolWord(lanes as 2 | 4, scalar), simd(lanes === 4 ? 17 : 18)]);
}
const EXTRACT: { readonly [C in Compute]: number } = {
  bool: 27, i32: 27, u32: 27, i64: 29, u64: 29, f32: 31, f64: 33,
}; // prettier-ignore
/** One lane as a scalar. */
export function extractLane(f: Emitter, dtype: Compute, lanes: Lanes, vector: number, lane: number): number {
  if (dtype === "bool")
    return f.value(I32, [get(vector), simd(27), lanes === 2 ? 2 * lane : lane, i32c(1), 0x71]);
  return f.value(VALUE_TYPE[dtype], [get(vector), simd(EXTRACT[dtype]), lane]);
}

/** Lanes in opposite order. */
export function reverseLanes(f: Emitter, lanes: Lanes, vector: number): number {
  const width = 16 / lanes;
  const order = Array.from({ length: 16 }, (_, i) => 16 - width - i + 2 * (i % width));
  return f.value(V128, shuffle(order, get(vector), get(vector)));
}

/** Stores the lanes to neighbouring elements. */
export function storeVector(f: Emitter, storage: Storage, lanes: Lanes, to: Address, vector: number): void {
  const row = ROWS[storage];
  const width = 16 / lanes;
  if (row.bytes === width) {
    f.emit([to.base, get(vector), simd(11), memarg(row, to.offset)]);
    return;
  }
  // The low bytes of each lane, side by side, then one store of them.
  const raw = encodeVector(f, storage, vector);
  const order = Array.from({ length: 16 }, (_, i) =>
    i < lanes * row.bytes ? Math.floor(i / row.bytes) * width + (i % row.bytes) : 0,
  );
  const packed = shuffle(order, get(raw), get(raw));
  const op = { 2: 89, 4: 90, 8: 91 }[row.bytes * lanes] as number;
  f.emit([to.base, packed, simd(op), [0, unsigned(to.offset)], 0]);
}
function encodeVector(f: Emitter, storage: Storage, vector: number): number {
  if (storage === "bool") return f.value(V128, [get(vector), get(f.constant("v32", 0x01010101)), simd(78)]);
  if (storage === "f16") return emitVector(f, "f16_bits", "u32", ["f32"], [vector]);
  if (storage === "bf16") return emitVector(f, "bf16_bits", "u32", ["f32"], [vector]);
  return vector;
}
