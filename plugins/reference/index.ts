// The reference plugin: the living definition of the wire ops, and the oracle that others are judged by. Its kernels are
// plain loops, one an op; the client around them is the kit's.
import type { DType, OpName, Plugin } from "tenon-plugin-api";
import { definePlugin, type Kernels, type Tensor } from "tenon-plugin-kit";
import { CONTRACTION } from "./kernels/contraction.ts";
import { ELEMENTWISE } from "./kernels/elementwise.ts";
import { INDEXING } from "./kernels/indexing.ts";
import { REDUCTION } from "./kernels/reduction.ts";
import { STRUCTURE } from "./kernels/structure.ts";

const DTYPES: readonly DType[] = [
  ...(["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"] as const),
  ...(["f16", "bf16", "f32", "f64", "c64", "c128"] as const),
];

/** Ops that the kit's interpreter runs itself: they say what is computed when, not what. */
type Control = "constant" | "reshape" | "while" | "case" | "call" | "composite" | "custom_call";
const KERNELS = {
  ...ELEMENTWISE,
  ...STRUCTURE,
  ...INDEXING,
  ...REDUCTION,
  ...CONTRACTION,
} satisfies Kernels<Tensor> & { readonly [N in Exclude<OpName, Control>]: unknown };

/** What the factory may be told. */
export interface ReferenceOptions {
  /** Virtual devices; 1. */
  readonly devices?: number;
  /** Run after the call, in order, as a device with a queue does; then there is no readSync. */
  readonly deferred?: boolean;
  /** Use these kernels alone, so that the kit decomposes the other ops: how its rules are tested. */
  readonly only?: readonly OpName[];
}

/** Plain loops over every wire op and dtype. */
export function reference({ only, ...options }: ReferenceOptions = {}): Plugin {
  const all: Kernels<Tensor> = KERNELS;
  const kernels: Kernels<Tensor> =
    only === undefined ? all : Object.fromEntries(only.map((op) => [op, all[op]] as const));
  return definePlugin({ name: "reference", version: "0.9.0", dtypes: DTYPES, kernels, ...options });
}
export default reference;
