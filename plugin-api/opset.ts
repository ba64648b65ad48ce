// The op table: one row for every wire op, complete by type. A new op is a type in program.ts and a row here.
import { CONTROL } from "./ops/control.ts";
import { BINARY, ELEMENTWISE, UNARY } from "./ops/elementwise.ts";
import { GATHER_SCATTER } from "./ops/gather-scatter.ts";
import { REDUCE } from "./ops/reduce.ts";
import type { OpRow } from "./ops/row.ts";
import { SHAPE } from "./ops/shape.ts";
import type { Op, OpName } from "./program.ts";

export type { Accuracy, AttrForm, AttrKind, AttrRow, OpRow, OpTraits, RegionType, Site } from "./ops/row.ts";

const ROWS = {
  ...UNARY,
  ...BINARY,
  ...ELEMENTWISE,
  ...SHAPE,
  ...GATHER_SCATTER,
  ...REDUCE,
  ...CONTROL,
} satisfies { readonly [N in OpName]: OpRow<N> };

/** Every wire op by name. */
export const OPSET: { readonly [N in OpName]: OpRow<N> } = Object.freeze(ROWS);
/** Names of all wire ops. */
export const OP_NAMES: readonly OpName[] = Object.freeze(Object.keys(ROWS) as OpName[]);

/** Is this a wire op of this IR version? */
export function isOpName(name: unknown): name is OpName {
  return typeof name === "string" && Object.hasOwn(OPSET, name);
}
/** The row of an op, for code that asks traits of any op. */
export function rowOf(name: OpName): OpRow {
  return OPSET[name] as unknown as OpRow;
}
/** The effect of one op, its regions aside. */
export function effectOf(op: Op): OpRow["effect"] {
  return op.op === "custom_call" ? op.attrs.sideEffect : rowOf(op.op).effect;
}
