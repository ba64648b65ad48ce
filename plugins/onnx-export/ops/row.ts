// What a row of the op table is.
import {
  unimplemented,
  type Block,
  type Dim,
  type DType,
  type Op,
  type OpName,
  type OpOf,
  type Program,
} from "tenon-plugin-api";
import type { Graph } from "../graph.ts";
import { PLUGIN } from "../name.ts";
import type { Val } from "../writer.ts";

/** What a row may use of the program around it. */
export interface Run {
  readonly g: Graph;
  readonly program: Program;
  /** Writes a block that may capture; results of its parameters' values. */
  block(block: Block, args: readonly Val[]): readonly Val[];
  /** Writes a closed block of scalar ops on whole arrays, element by element. */
  lift(block: Block, args: readonly Val[]): readonly Val[];
  /** Writes a function in place. */
  call(name: string, args: readonly Val[]): readonly Val[];
}
/** Writes the nodes of one wire op. */
export type Row<N extends OpName> = (op: OpOf<N>, xs: readonly Val[], run: Run) => readonly Val[];
/** Writes the nodes of an elementwise op; operands broadcast, so a result may be smaller than the wire op says. */
export type Elementwise<N extends OpName = OpName> = (g: Graph, xs: readonly Val[], op: OpOf<N>) => Val;

/** The refusal of an op for a dtype. */
export const refuse = (op: string, dtype: DType | undefined, hint?: string): Error =>
  unimplemented(
    op,
    dtype,
    PLUGIN,
    hint ?? "compute it in another dtype, or outside of the exported function",
  );

interface Typed {
  readonly results: Op["results"];
}
/** Shape of a result, as the wire op says it. */
export function shapeOf(op: Typed, i = 0): readonly Dim[] {
  const type = op.results[i]?.type;
  return type === undefined || type.dtype === "token" ? [] : type.shape;
}
/** Dtype of a result, as the wire op says it. */
export const dtypeOf = (op: Typed, i = 0): DType =>
  (op.results[i] as Op["results"][number]).type.dtype as DType;
/** A region that the op table promises. */
export const regionOf = (op: { readonly regions?: readonly Block[] }, i: number): Block =>
  op.regions?.[i] as Block;
