// Steps before their memory is planned: like those of a Plan, over buffers instead of slots.
import type { BufferId } from "../graph/node.ts";
import type { Kernel, Schedule } from "../loops/loop-ir.ts";
import type { Gemm, Sort } from "../loops/plan.ts";

/** One step over buffers. */
export type RawStep =
  | { readonly do: "kernel"; readonly kernel: Kernel; readonly schedule: Schedule; readonly buffers: readonly BufferId[] }
  | { readonly do: "gemm"; readonly gemm: Gemm; readonly lhs: BufferId; readonly rhs: BufferId; readonly out: BufferId }
  | { readonly do: "sort"; readonly sort: Sort; readonly from: readonly BufferId[]; readonly to: readonly BufferId[] }
  | { readonly do: "copy"; readonly from: BufferId; readonly to: BufferId }
  | {
      readonly do: "while";
      readonly cond: readonly RawStep[];
      readonly pred: BufferId;
      readonly body: readonly RawStep[];
      /** Each carry, and the buffer of its next value. */
      readonly carries: readonly (readonly [carry: BufferId, next: BufferId])[];
    }
  | { readonly do: "case"; readonly index: BufferId; readonly branches: readonly (readonly RawStep[])[] }; // prettier-ignore
