// The steps of a graph over buffers: kernels of its groups, and its work.
import type { Shared } from "../graph/builder.ts";
import { addressOf, levelsOf } from "../graph/address.ts";
import { finishGraph } from "../graph/finish.ts";
import type { BufferId, CaseWork, DotWork, MatrixOperand, Node, PartNode, SortWork, SubGraph, WhileWork } from "../graph/node.ts"; // prettier-ignore
import { MAX_LEVELS, type Levels, type MatrixStrides } from "../loops/plan.ts";
import { STORAGE } from "../loops/storage.ts";
import { emitGroup, emitUpdate, placeOf } from "./emit.ts";
import { fuse, ownPlace, type StepWork } from "./fuse.ts";
import type { RawStep } from "./steps.ts";

/** The steps of a graph; afterwards its results have places. */
export function lowerGraph(graph: SubGraph, shared: Shared): RawStep[] {
  finishGraph(graph);
  const { items, exposed } = fuse(graph, shared);
  const steps: RawStep[] = [];
  for (const item of items) {
    if ("step" in item) steps.push(...lowerWork(item.step, shared));
    else steps.push(...emitGroup(item.group, exposed, shared));
  }
  return steps;
}

function lowerWork(work: StepWork, shared: Shared): RawStep[] {
  switch (work.kind) {
    case "dot":
      return dot(work, shared);
    case "sort":
      return sort(work, shared);
    case "update":
      return emitUpdate(work, shared);
    case "while":
      return loop(work, shared);
    case "case":
      return choose(work, shared);
  }
}

/** Where a matrix lies: its buffer, and how each group of axes leads through it. */
function matrix(x: MatrixOperand): { buffer: BufferId; strides: MatrixStrides } {
  const address = addressOf(x.node);
  if (address === null) throw new Error(`internal: an operand of a matrix product isn't in memory`);
  const group = (axes: MatrixOperand["rows"]): Levels => levelsOf(axes, address.strides);
  const [[[, batch], more], row, col] = [
    group(x.batch) as [Levels[0], Levels[0]?],
    group(x.rows),
    group(x.cols),
  ];
  if (more !== undefined || Math.max(row.length, col.length) > MAX_LEVELS)
    throw new Error(`internal: an operand of a matrix product lies in too many levels`);
  return { buffer: placeOf(address.base).buffer, strides: { offset: address.offset, batch, row, col } };
}
function dot(work: DotWork, shared: Shared): RawStep[] {
  const [part] = work.parts as [PartNode];
  part.place = ownPlace(part, shared);
  const [lhs, rhs] = [matrix(work.lhs), matrix(work.rhs)];
  const { dtype, batch, m, n, k } = work;
  const gemm = { dtype, batch, m, n, k, lhs: lhs.strides, rhs: rhs.strides };
  return part.size === 0
    ? []
    : [{ do: "gemm", gemm, lhs: lhs.buffer, rhs: rhs.buffer, out: part.place.buffer }];
}

function sort(work: SortWork, shared: Shared): RawStep[] {
  const [first] = work.operands as [Node];
  const { shape } = first;
  const count = (list: readonly number[]): number => list.reduce((n, d) => n * d, 1);
  const places = work.parts.map((part) => (part.place = ownPlace(part, shared)));
  if (first.size === 0) return [];
  return [
    {
      do: "sort",
      sort: {
        dtypes: places.map((p) => p.storage),
        outer: count(shape.slice(0, work.dimension)),
        n: shape[work.dimension] as number,
        inner: count(shape.slice(work.dimension + 1)),
        comparator: work.comparator,
      },
      from: work.operands.map((x) => placeOf(x).buffer),
      to: places.map((p) => p.buffer),
    },
  ];
}

/** A buffer of its own with a copy of a node. */
function copied(node: Node, shared: Shared, steps: RawStep[]): BufferId {
  const bytes = node.size * STORAGE[placeOf(node).storage].bytes;
  const to = shared.buffers.push({ kind: "temp", bytes }) - 1;
  steps.push({ do: "copy", from: placeOf(node).buffer, to });
  return to;
}

function loop(work: WhileWork, shared: Shared): RawStep[] {
  const steps = work.inits.map((init, i): RawStep => {
    return { do: "copy", from: placeOf(init).buffer, to: placeOf(work.carries[i] as Node).buffer };
  });
  const cond = lowerGraph(work.cond, shared);
  const body = lowerGraph(work.body, shared);
  const before = new Set(work.carries.map((c) => placeOf(c).buffer));
  const carries: [BufferId, BufferId][] = [];
  const made = new Set<BufferId>();
  for (const step of body) writes(step, made);
  const next = new Set<BufferId>();
  work.body.results.forEach((node, i) => {
    const carry = placeOf(work.carries[i] as Node).buffer;
    let to = placeOf(node).buffer;
    if (to === carry) return;
    // A next value that isn't this iteration's own, or is another carry's too, is copied.
    if (before.has(to) || next.has(to) || !made.has(to)) to = copied(node, shared, body);
    next.add(to);
    carries.push([carry, to]);
  });
  work.parts.forEach((part, i) => (part.place = placeOf(work.carries[i] as Node)));
  steps.push({ do: "while", cond, pred: placeOf(work.cond.results[0] as Node).buffer, body, carries });
  return steps;
}
/** Buffers that a step writes. */
function writes(step: RawStep, into: Set<BufferId>): void {
  switch (step.do) {
    case "kernel":
      step.buffers.forEach((b, i) => {
        if (step.kernel.params[i]?.access !== "read") into.add(b);
      });
      return;
    case "gemm":
      into.add(step.out);
      return;
    case "sort":
      for (const b of step.to) into.add(b);
      return;
    case "copy":
      into.add(step.to);
      return;
    case "while":
      for (const s of [...step.cond, ...step.body]) writes(s, into);
      return;
    case "case":
      for (const branch of step.branches) for (const s of branch) writes(s, into);
  }
}

function choose(work: CaseWork, shared: Shared): RawStep[] {
  const places = work.parts.map((part) => (part.place = ownPlace(part, shared)));
  const branches = work.branches.map((branch) => {
    const steps = lowerGraph(branch, shared);
    branch.results.forEach((node, i) => {
      if (node.size > 0)
        steps.push({ do: "copy", from: placeOf(node).buffer, to: places[i]?.buffer as number });
    });
    return steps;
  });
  return [{ do: "case", index: placeOf(work.index).buffer, branches }];
}
