// The Plan: what a compiled Program does, step by step, over slots of memory. Pure data; the plugin emits and runs it.
import type { ConcreteType } from "tenon-plugin-api";
import type { Kernel, Region, Schedule, Storage } from "./loop-ir.ts";

/** Index into `Plan.slots`. */
export type SlotId = number;

/** Where a value lives. Frame offsets are relative to a frame that each execution takes from the pool. */
export type Slot =
  | { readonly at: "arg"; readonly index: number }
  | { readonly at: "result"; readonly index: number }
  /** Bytes of a constant (already expanded if it is a splat that a kernel could not bake in). */
  | { readonly at: "const"; readonly bytes: Uint8Array }
  | { readonly at: "frame"; readonly offset: number; readonly bytes: number };

/**
 * Where an index leads, in elements: its digits times their strides, the inner level first; the last level takes what is
 * left. [[n, s]] is i · s; the windows of an image are two or three levels. Strides may be 0 or negative.
 */
export type Levels = readonly (readonly [size: number, stride: number])[];
/** More levels than this are copied first. */
export const MAX_LEVELS = 3;
/** Where the elements of one operand of a batched matrix product lie, in elements. */
export interface MatrixStrides {
  /** Position of element [0, 0, 0] in the slot. */
  readonly offset: number;
  readonly batch: number;
  readonly row: Levels;
  readonly col: Levels;
}
/** out[b, i, j] = Σ_k lhs[b, i, k] · rhs[b, k, j]; out is row-major and contiguous. */
export interface Gemm {
  readonly dtype: "f32" | "f64";
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** row = i, col = k. */
  readonly lhs: MatrixStrides;
  /** row = k, col = j. */
  readonly rhs: MatrixStrides;
}
/** A stable sort of several operands together along one axis, seen as [outer, n, inner], row-major, out of place. */
export interface Sort {
  readonly dtypes: readonly Storage[];
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  /** "is left before right": args 0 … k−1 left elements, k … 2k−1 right ones; one bool result. */
  readonly comparator: Region;
}

/** One thing that a plan does. */
export type Step =
  | {
      readonly do: "kernel";
      readonly kernel: Kernel;
      readonly schedule: Schedule;
      /** One slot per kernel param. */
      readonly args: readonly SlotId[];
      readonly uniforms: readonly number[];
      /** Extent of `schedule.chunk` (1 without). */
      readonly chunks: number;
    }
  | {
      readonly do: "gemm";
      readonly gemm: Gemm;
      readonly lhs: SlotId;
      readonly rhs: SlotId;
      readonly out: SlotId;
    }
  | {
      readonly do: "sort";
      readonly sort: Sort;
      readonly from: readonly SlotId[];
      readonly to: readonly SlotId[];
    }
  | { readonly do: "copy"; readonly from: SlotId; readonly to: SlotId; readonly bytes: number }
  /**
   * while (cond; slot pred ≠ 0) body. After each body the pairs of `swap` exchange their memory (double-buffered
   * carries); a carry that the body updates in place needs none.
   */
  | {
      readonly do: "while";
      readonly cond: readonly Step[];
      readonly pred: SlotId;
      readonly body: readonly Step[];
      readonly swap: readonly (readonly [SlotId, SlotId])[];
    }
  /** Runs branch `index` (an i32; out of range: the last). */
  | { readonly do: "case"; readonly index: SlotId; readonly branches: readonly (readonly Step[])[] };

/** A compiled Program. */
export interface Plan {
  readonly name: string;
  readonly params: readonly ConcreteType[];
  readonly results: readonly ConcreteType[];
  readonly slots: readonly Slot[];
  readonly steps: readonly Step[];
  readonly frameBytes: number;
  /** Donated arguments whose memory a result takes: slot {at: "result"} then names the same bytes as {at: "arg"}. */
  readonly aliases: readonly (readonly [arg: number, result: number])[];
  /** Bytes live at the worst step: frame + results. */
  readonly peakBytes: number;
  /** What was fused, and what was not and why: for `explain`. */
  readonly notes: readonly string[];
}
