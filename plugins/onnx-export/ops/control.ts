// Loops, branches and calls. ONNX's graphs see the values around them, as the regions of while and case do.
import type { OpName } from "tenon-plugin-api";
import type { Shaped, Val } from "../writer.ts";
import { indexOf } from "./shape.ts";
import { refuse, regionOf, type Row } from "./row.ts";

/** ONNX's Loop decides about the next iteration at the end of one: the condition is written before it and in it. */
const whileRow: Row<"while"> = (op, xs, run) => {
  const { g } = run;
  const holds = (state: readonly Val[]): Val => run.block(regionOf(op, 0), state)[0] as Val;
  return g.loop("while", null, holds(xs), xs, (_i, state) => {
    const next = run.block(regionOf(op, 1), state);
    return [holds(next), ...next];
  });
};

/** Nested Ifs; what is out of range runs the last branch. */
const caseRow: Row<"case"> = (op, [index], run) => {
  const { g } = run;
  const branches = op.regions ?? [];
  const outs = op.results.map((r) => r.type as Shaped);
  const i = indexOf(g, index as Val);
  const from = (k: number): readonly Val[] => {
    const own = (): readonly Val[] => run.block(regionOf(op, k), []);
    return k === branches.length - 1
      ? own()
      : g.branch(g.equal(i, g.scalar("i64", k)), outs, own, () => from(k + 1));
  };
  return from(0);
};

const customCall: Row<"custom_call"> = (op, xs, run) => {
  const { target, fallback } = op.attrs;
  if (fallback === undefined) throw refuse(`custom_call ${target}`, xs[0]?.dtype, "give the call a fallback");
  return run.call(fallback, xs);
};

/** The rows of the op table. */
export const controlRows = {
  while: whileRow,
  case: caseRow,
  call: (op, xs, run) => run.call(op.attrs.callee, xs),
  composite: (op, xs, run) => run.call(op.attrs.decomposition, xs),
  custom_call: customCall,
  // Identities, which the writer never shares: what reads them isn't merged with what reads their operands.
  optimization_barrier: (_op, xs, { g }) => xs.map((x) => g.writer.identity(x, "barrier")),
} satisfies { readonly [N in OpName]?: Row<N> };
