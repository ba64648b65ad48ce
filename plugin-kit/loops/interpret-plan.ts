// The meaning of a Plan: its steps, run in JavaScript over plain byte arrays.
import { byteLength } from "tenon-plugin-api";
import { interpretKernel, interpretRegion } from "./interpret.ts";
import type { Gemm, Levels, MatrixStrides, Plan, Slot, SlotId, Sort, Step } from "./plan.ts";
import type { Scalar } from "./scalars.ts";
import { readElement, writeElement } from "./storage.ts";

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Result bytes of a Plan for argument bytes. Donated arguments are left as they are. */
export function interpretPlan(plan: Plan, args: readonly Uint8Array[]): Uint8Array[] {
  const results: Uint8Array[] = plan.results.map((t) => new Uint8Array(byteLength(t)));
  const inputs = args.map((a) => a.slice());
  for (const [arg, result] of plan.aliases) results[result] = inputs[arg] as Uint8Array;
  const frame = new Uint8Array(plan.frameBytes);
  const place = (slot: Slot): Uint8Array => {
    switch (slot.at) {
      case "arg":
        return inputs[slot.index] as Uint8Array;
      case "result":
        return results[slot.index] as Uint8Array;
      case "const":
        return slot.bytes;
      case "frame":
        return frame.subarray(slot.offset, slot.offset + slot.bytes);
    }
  };
  // Loops exchange the memory of their carries, so slots are looked up here at each use.
  const memory = plan.slots.map(place);
  runSteps(plan.steps, memory);
  return results;
}

function runSteps(steps: readonly Step[], memory: Uint8Array[]): void {
  const at = (slot: SlotId): Uint8Array => memory[slot] as Uint8Array;
  for (const step of steps) {
    switch (step.do) {
      case "kernel":
        interpretKernel(step.kernel, step.args.map(at), step.uniforms);
        break;
      case "gemm":
        gemm(step.gemm, viewOf(at(step.lhs)), viewOf(at(step.rhs)), viewOf(at(step.out)));
        break;
      case "sort":
        sort(
          step.sort,
          step.from.map((s) => viewOf(at(s))),
          step.to.map((s) => viewOf(at(s))),
        );
        break;
      case "copy":
        at(step.to).set(at(step.from).subarray(0, step.bytes));
        break;
      case "while":
        runWhile(step, memory);
        break;
      case "case": {
        const n = step.branches.length;
        const index = readElement("i32", viewOf(at(step.index)), 0) as number;
        runSteps(step.branches[index >= 0 && index < n ? index : n - 1] as readonly Step[], memory);
      }
    }
  }
}

function runWhile(step: Extract<Step, { do: "while" }>, memory: Uint8Array[]): void {
  for (;;) {
    runSteps(step.cond, memory);
    if (memory[step.pred]?.[0] === 0) return;
    runSteps(step.body, memory);
    for (const [a, b] of step.swap)
      [memory[a], memory[b]] = [memory[b] as Uint8Array, memory[a] as Uint8Array];
  }
}

/** The position of an index. */
export function along(levels: Levels, index: number): number {
  let [rest, position] = [index, 0];
  levels.forEach(([size, stride], i) => {
    const digit = i === levels.length - 1 ? rest : rest % size;
    position += digit * stride;
    rest = (rest - digit) / size;
  });
  return position;
}
/** Sums in double precision, rounded once. */
function gemm(g: Gemm, lhs: DataView, rhs: DataView, out: DataView): void {
  const at = (s: MatrixStrides, b: number, row: number, col: number): number =>
    s.offset + b * s.batch + along(s.row, row) + along(s.col, col);
  for (let b = 0; b < g.batch; b++)
    for (let i = 0; i < g.m; i++)
      for (let j = 0; j < g.n; j++) {
        let sum = 0;
        for (let k = 0; k < g.k; k++)
          sum +=
            (readElement(g.dtype, lhs, at(g.lhs, b, i, k)) as number) *
            (readElement(g.dtype, rhs, at(g.rhs, b, k, j)) as number);
        writeElement(g.dtype, out, (b * g.m + i) * g.n + j, sum);
      }
}

function sort(s: Sort, from: readonly DataView[], to: readonly DataView[]): void {
  for (let outer = 0; outer < s.outer; outer++)
    for (let inner = 0; inner < s.inner; inner++) {
      const at = (k: number): number => (outer * s.n + k) * s.inner + inner;
      const read = (k: number): Scalar[] =>
        s.dtypes.map((d, o) => readElement(d, from[o] as DataView, at(k)));
      const less = (i: number, j: number): boolean =>
        interpretRegion(s.comparator, [...read(i), ...read(j)])[0] !== 0;
      const order = Array.from({ length: s.n }, (_, k) => k);
      order.sort((i, j) => (less(i, j) ? -1 : less(j, i) ? 1 : i - j));
      order.forEach((k, place) =>
        read(k).forEach((x, o) => {
          const dtype = s.dtypes[o] as Sort["dtypes"][number];
          writeElement(dtype, to[o] as DataView, at(place), x);
        }),
      );
    }
}
