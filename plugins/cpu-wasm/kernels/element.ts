// Element types of matrix products: sizes and instructions.
import type { Gemm } from "tenon-plugin-kit";
import { F32, F64, simd, type Code, type ValType } from "../codegen/assembler.ts";

/** An element type: its size, and its instructions. */
export interface Element {
  readonly type: ValType;
  readonly bytes: 4 | 8;
  readonly shift: 2 | 3;
  readonly loadSplat: Code;
  readonly load: number;
  readonly store: number;
  readonly vmul: Code;
  readonly vadd: Code;
  readonly add: number;
  readonly mul: number;
  readonly zero: Code;
  readonly madd: Code;
}
/** One row per element type. */
export const ELEMENTS: { readonly [D in Gemm["dtype"]]: Element } = {
  f32: {
    type: F32,
    bytes: 4,
    shift: 2,
    loadSplat: simd(9),
    load: 0x2a,
    store: 0x38,
    vmul: simd(230),
    vadd: simd(228),
    add: 0x92,
    mul: 0x94,
    zero: [0x43, 0, 0, 0, 0],
    madd: simd(0x105),
  },
  f64: {
    type: F64,
    bytes: 8,
    shift: 3,
    loadSplat: simd(10),
    load: 0x2b,
    store: 0x39,
    vmul: simd(242),
    vadd: simd(240),
    add: 0xa0,
    mul: 0xa2,
    zero: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
    madd: simd(0x107),
  },
};
/** c + a · b of lanes; fused when the engine may. */
export const multiplyAdd = (e: Element, relaxed: boolean, a: Code, b: Code, c: Code): Code =>
  relaxed ? [a, b, c, e.madd] : [[a, b, e.vmul], c, e.vadd];
