// Plan → the function that runs its steps: `while` and `case` are control flow in wasm, kernels are called through the
// table. The function's one argument points to the slot table: an address a slot, then the workspace's, then the
// argument blocks of the steps. Loops exchange carries by exchanging two words.
import { STORAGE, type Plan, type SlotId, type Step } from "tenon-plugin-kit";
import { GEMM_SLOTS, gemmWords, gemmWorkspaceBytes } from "../kernels/gemm.ts";
import { sortWords, sortWorkspaceBytes } from "../kernels/sort.ts";
import {
  I32,
  add,
  block,
  br,
  brIf,
  brTable,
  callIndirect,
  eqz,
  fn,
  get,
  i32c,
  i32load,
  i32store,
  local,
  loop,
  memoryCopy,
  set,
  type Code,
  type Fn,
} from "./assembler.ts";
import { typeIndex, type TypeTable } from "./module.ts";

/** A step that calls a function. */
export type CallStep = Extract<Step, { do: "kernel" | "gemm" | "sort" }>;

/** Where the argument blocks lie. */
export interface Layout {
  /** Words of the whole area. */
  readonly words: number;
  /** Word that holds the workspace's address. */
  readonly workspace: number;
  readonly workspaceBytes: number;
  /** First word of each call's argument block. */
  readonly blocks: ReadonlyMap<CallStep, number>;
  /** Words that never change: [word, value]. */
  readonly constants: readonly (readonly [number, number])[];
}

/** All steps of a plan that call functions, in order of code. */
export function callsOf(steps: readonly Step[]): CallStep[] {
  return steps.flatMap((step): CallStep[] => {
    switch (step.do) {
      case "copy":
        return [];
      case "while":
        return [...callsOf(step.cond), ...callsOf(step.body)];
      case "case":
        return step.branches.flatMap(callsOf);
      default:
        return [step];
    }
  });
}

/** Lays out the slot table and the argument blocks. */
export function layOut(plan: Plan): Layout {
  let words = plan.slots.length + 1;
  let workspaceBytes = 0;
  const blocks = new Map<CallStep, number>();
  const constants: [number, number][] = [];
  for (const step of callsOf(plan.steps)) {
    blocks.set(step, words);
    const { slots, tail } = blockOf(step);
    tail.forEach((value, i) => constants.push([words + slots + i, value]));
    words += slots + tail.length;
    if (step.do === "gemm") workspaceBytes = Math.max(workspaceBytes, gemmWorkspaceBytes(step.gemm));
    if (step.do === "sort") workspaceBytes = Math.max(workspaceBytes, sortWorkspaceBytes(step.sort));
  }
  return { words, workspace: plan.slots.length, workspaceBytes, blocks, constants };
}
/** Number of addresses in a step's argument block, and the constant words after them. */
function blockOf(step: CallStep): { slots: number; tail: readonly number[] } {
  switch (step.do) {
    case "kernel":
      return { slots: step.args.length, tail: step.uniforms };
    case "gemm":
      return { slots: GEMM_SLOTS, tail: gemmWords(step.gemm) };
    case "sort":
      return { slots: step.from.length + step.to.length + 1, tail: sortWords(step.sort) };
  }
}

/** The plan's function, (slots: i32, i32, i32) → (). `tableSlot`: where a call's function stands. */
export function mainFunction(
  plan: Plan,
  layout: Layout,
  tableSlot: (step: CallStep) => number,
  types: TypeTable,
): Fn {
  const f = fn([I32, I32, I32]);
  const scratch = local(f, I32);
  const kernelType = typeIndex(types, [I32, I32, I32], []);
  const gemmType = typeIndex(types, [I32], []);
  const slot = (id: SlotId): Code => i32load(get(0), 4 * id);

  const callStep = (step: CallStep): Code => {
    const first = layout.blocks.get(step) as number;
    const write = (i: number, value: Code): Code => i32store(get(0), value, 4 * (first + i));
    const at = add(get(0), i32c(4 * first));
    const index = i32c(tableSlot(step));
    const workspace = i32load(get(0), 4 * layout.workspace);
    switch (step.do) {
      case "kernel":
        return [
          step.args.map((id, i) => write(i, slot(id))),
          callIndirect(kernelType, index, at, i32c(0), i32c(step.chunks)),
        ];
      case "gemm": {
        const { dtype, lhs, rhs } = step.gemm;
        const element = (id: SlotId, n: number): Code => add(slot(id), i32c(n * STORAGE[dtype].bytes));
        return [
          write(0, element(step.lhs, lhs.offset)),
          write(1, element(step.rhs, rhs.offset)),
          write(2, slot(step.out)),
          write(3, workspace),
          callIndirect(gemmType, index, at),
        ];
      }
      case "sort": {
        const ids = [...step.from, ...step.to];
        return [
          ids.map((id, i) => write(i, slot(id))),
          write(ids.length, workspace),
          callIndirect(kernelType, index, at, i32c(0), i32c(step.sort.outer)),
        ];
      }
    }
  };
  const writeStep = (step: Step): Code => {
    switch (step.do) {
      case "copy":
        return memoryCopy(slot(step.to), slot(step.from), i32c(step.bytes));
      case "while":
        return block(
          loop([
            step.cond.map(writeStep),
            brIf(1, eqz([slot(step.pred), 0x2d, 0, 0])),
            step.body.map(writeStep),
            step.swap.map(([a, b]) => exchange(a, b)),
            br(0),
          ]),
        );
      case "case":
        return writeCase(step);
      default:
        return callStep(step);
    }
  };
  const exchange = (a: SlotId, b: SlotId): Code => [
    set(scratch, slot(a)),
    i32store(get(0), slot(b), 4 * a),
    i32store(get(0), get(scratch), 4 * b),
  ];
  // Nested blocks: the innermost one holds the jump, branch i stands behind block i.
  const writeCase = (step: Extract<Step, { do: "case" }>): Code => {
    const last = step.branches.length - 1;
    const depths = step.branches.map((_, i) => i);
    let code: Code = brTable(i32load(slot(step.index)), depths.slice(0, last), last);
    step.branches.forEach((branch, i) => {
      code = [block(code), branch.map(writeStep), br(last - i)];
    });
    return block(code);
  };
  f.body = plan.steps.map(writeStep);
  return f;
}
