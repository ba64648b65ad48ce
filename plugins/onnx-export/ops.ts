// One row per wire op, complete by type: what a Program's op becomes in ONNX.
import type { OpName } from "tenon-plugin-api";
import { bitcastConvert } from "./ops/bits.ts";
import { contractRows } from "./ops/contract.ts";
import { controlRows } from "./ops/control.ts";
import { elementwiseRows } from "./ops/elementwise.ts";
import { gatherRows } from "./ops/gather.ts";
import { reduceRows } from "./ops/reduce.ts";
import type { Row } from "./ops/row.ts";
import { shapeRows } from "./ops/shape.ts";
import { sortRows } from "./ops/sort.ts";
import { windowRows } from "./ops/window.ts";

/** The op table. */
export const ROWS: { readonly [N in OpName]: Row<N> } = {
  ...elementwiseRows,
  ...shapeRows,
  ...reduceRows,
  ...windowRows,
  ...gatherRows,
  ...sortRows,
  ...contractRows,
  ...controlRows,
  bitcast_convert: bitcastConvert,
};
