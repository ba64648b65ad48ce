// Element types of matrix products: sizes and instructions.
import type { Gemm } from "tenon-plugin-kit";
import { simd, type Code } from "../codegen/assembler.ts";

/** An element type: its size, and its instructions. */
export interface Element {
  readonly dtype: "f32" | "f64";
  readonly bytes: 4 | 8;
  readonly shift: 2 | 3;
  readonly loadSplat: Code;
  readonly splat: number;
  readonly load: number;
  readonly store: number;
  readonly vmul: Code;
  readonly vadd: Code;
  readonly add: number;
  readonly madd: Code;
}
/** One row per element type. */
export const ELEMENTS: { readonly [D in Gemm["dtype"]]: Element } = {
  f32: { dtype: "f32", bytes: 4, shift: 2, loadSplat: simd(9), splat: 19, load: 0x2a, store: 0x38, vmul: simd(230), vadd: simd(228), add: 0x92, madd: simd(0x105) },
  f64: { dtype: "f64", bytes: 8, shift: 3, loadSplat: simd(10), splat: 20, load: 0x2b, store: 0x39, vmul: simd(242), vadd: simd(240), add: 0xa0, madd: simd(0x107) },
}; // prettier-ignore
/** c + a · b of lanes; fused when the engine may. */
export const multiplyAdd = (e: Element, relaxed: boolean, a: Code, b: Code, c: Code): Code =>
  relaxed ? [a, b, c, e.madd] : [[a, b, e.vmul], c, e.vadd];
