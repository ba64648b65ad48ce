// Cuts a Program at ops that its device can't do, also inside of while and case: what stands between them become programs of
// their own, and the loops and branches around them become steps of the host.
import {
  inline,
  mainOf,
  unimplemented,
  type Block,
  type Func,
  type Op,
  type OpOf,
  type Param,
  type Program,
  type Type,
  type ValueId,
} from "tenon-plugin-api";
import { hasEffect } from "../passes/dce.ts";
import { renumbered } from "../passes/decompose.ts";

/** What runs on the device: a program, from values to values. */
export interface Segment {
  readonly do: "segment";
  readonly program: Program;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}
/** An op that the program was cut at. */
export interface HostStep {
  readonly do: "host";
  readonly op: Op;
  readonly operandTypes: readonly Type[];
}
/** A loop or a branch with such ops inside. */
export interface ControlStep {
  readonly do: "while" | "case";
  readonly op: OpOf<"while"> | OpOf<"case">;
  readonly blocks: readonly CutBlock[];
}
/** A step of a cut program. */
export type CutStep = Segment | HostStep | ControlStep;
/** A block in steps. */
export interface CutBlock {
  readonly params: readonly ValueId[];
  readonly steps: readonly CutStep[];
  readonly results: readonly ValueId[];
  /** For each step the values of this block that nothing needs after it. */
  readonly dead: readonly (readonly ValueId[])[];
  /** Values of this block that are its results: what holds them takes them over. */
  readonly kept: readonly ValueId[];
}
/** A program in steps; `types` of all its values. */
export interface CutProgram {
  readonly program: Program;
  readonly main: CutBlock;
  readonly types: ReadonlyMap<ValueId, Type>;
}

/** Is the program to be cut at this op? */
export type IsCut = (op: Op) => boolean;

const hasCut = (ops: readonly Op[], isCut: IsCut): boolean =>
  ops.some((op) => isCut(op) || (op.regions ?? []).some((r) => hasCut(r.ops, isCut)));
/** Does a program hold an op that it would be cut at? */
export const needsCut = (program: Program, isCut: IsCut): boolean =>
  program.functions.some((f) => hasCut(f.ops, isCut));

/** Values that ops read and don't make, in order. */
function freeOf(ops: readonly Op[], results: readonly ValueId[] = []): Set<ValueId> {
  const made = new Set<ValueId>();
  const free = new Set<ValueId>();
  const read = (id: ValueId): void => {
    if (!made.has(id)) free.add(id);
  };
  const visit = (list: readonly Op[]): void => {
    for (const op of list) {
      op.operands.forEach(read);
      for (const r of op.regions ?? []) {
        for (const p of r.params) made.add(p.id);
        visit(r.ops);
        r.results.forEach(read);
      }
      for (const r of op.results) made.add(r.id);
    }
  };
  visit(ops);
  results.forEach(read);
  return free;
}

/** Those that what is live after them needs, and those with effects. */
function neededOps(ops: readonly Op[], live: ReadonlySet<ValueId>): Op[] {
  const needed = new Set(live);
  const kept: Op[] = [];
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i] as Op;
    if (!hasEffect(op) && !op.results.some((r) => needed.has(r.id))) continue;
    for (const id of freeOf([op])) needed.add(id);
    kept.push(op);
  }
  return kept.reverse();
}

type Constants = ReadonlyMap<ValueId, Op>;
interface Plain {
  readonly do: "ops";
  readonly ops: Op[];
}
type Draft = Plain | HostStep | ControlStep;

class Cutter {
  private readonly program: Program;
  private readonly main: Func;
  private readonly isCut: IsCut;
  private readonly plugin: string;
  readonly types = new Map<ValueId, Type>();
  private count = 0;
  constructor(program: Program, isCut: IsCut, plugin: string) {
    this.program = program;
    this.main = mainOf(program);
    this.isCut = isCut;
    this.plugin = plugin;
  }

  run(): CutBlock {
    const { params, ops, results } = this.main;
    return this.block({ params, ops, results: results.map((r) => r.value) }, new Map());
  }

  private block(block: Block, outer: Constants): CutBlock {
    for (const p of block.params) this.types.set(p.id, p.type);
    const constants = new Map(outer);
    const drafts = this.drafts(block, constants);
    const params = block.params.map((p) => p.id);
    const own = new Set(params);
    for (const d of drafts)
      for (const op of d.do === "ops" ? d.ops : [d.op]) for (const r of op.results) own.add(r.id);
    const live = new Set(block.results);
    const steps: CutStep[] = [];
    const dead: ValueId[][] = [];
    for (let i = drafts.length - 1; i >= 0; i--) {
      const d = drafts[i] as Draft;
      const step = d.do === "ops" ? this.segment(d.ops, live, constants) : d;
      if (step === null) continue;
      const used = step.do === "segment" ? step.inputs : [...freeOf([step.op])];
      const made = step.do === "segment" ? step.outputs : step.op.results.map((r) => r.id);
      const ends = [...used, ...made].filter((id) => own.has(id) && !live.has(id));
      for (const id of made) live.delete(id);
      for (const id of used) live.add(id);
      steps.push(step);
      dead.push([...new Set(ends)]);
    }
    const kept = [...new Set(block.results)].filter((id) => own.has(id));
    return { params, steps: steps.reverse(), results: block.results, dead: dead.reverse(), kept };
  }

  /** Ops in groups; constants aren't in any, but where a step of the host needs one. */
  private drafts(block: Block, constants: Map<ValueId, Op>): Draft[] {
    const drafts: Draft[] = [];
    let group: Op[] = [];
    const flush = (needed: Iterable<ValueId>): void => {
      const given = new Set(group.flatMap((op) => op.results.map((r) => r.id)));
      for (const id of new Set(needed)) {
        const constant = constants.get(id);
        if (constant !== undefined && !given.has(id)) group.unshift(constant);
      }
      if (group.length > 0) drafts.push({ do: "ops", ops: group });
      group = [];
    };
    for (const op of block.ops) {
      for (const r of op.results) this.types.set(r.id, r.type);
      if (op.op === "constant") constants.set((op.results[0] as { id: ValueId }).id, op);
      else if (!hasCut([op], this.isCut)) {
        this.noteTypes(op);
        group.push(op);
      } else {
        const step = this.hostStep(op, constants);
        flush(op.operands);
        drafts.push(step);
      }
    }
    flush(block.results);
    return drafts;
  }
  private noteTypes(op: Op): void {
    for (const region of op.regions ?? []) {
      for (const p of region.params) this.types.set(p.id, p.type);
      for (const inner of region.ops) {
        for (const r of inner.results) this.types.set(r.id, r.type);
        this.noteTypes(inner);
      }
    }
  }

  private hostStep(op: Op, constants: Constants): HostStep | ControlStep {
    if (this.isCut(op))
      return { do: "host", op, operandTypes: op.operands.map((id) => this.types.get(id) as Type) };
    if (op.op !== "while" && op.op !== "case")
      throw unimplemented(`a call of the host inside of ${op.op}`, undefined, this.plugin);
    return { do: op.op, op, blocks: (op.regions ?? []).map((r) => this.block(r, constants)) };
  }

  /** The program of a group; null if nothing needs it. */
  private segment(all: readonly Op[], live: ReadonlySet<ValueId>, constants: Constants): Segment | null {
    const ops = neededOps(all, live);
    const outputs = ops.flatMap((op) => op.results.map((r) => r.id)).filter((id) => live.has(id));
    if (ops.length === 0) return null;
    const made = new Set(ops.flatMap((op) => op.results.map((r) => r.id)));
    const free = [...freeOf(ops)];
    const copied = free.flatMap((id) => {
      const constant = constants.get(id);
      return constant === undefined || made.has(id) ? [] : [constant];
    });
    const inputs = free.filter((id) => !constants.has(id));
    const params = inputs.map((id): Param => ({ id, type: this.types.get(id) as Type }));
    const func = {
      name: "main",
      params,
      ops: [...copied, ...ops],
      results: outputs.map((value) => ({ value })),
    };
    const kept = this.program.functions.filter((f) => f !== this.main);
    return {
      do: "segment",
      program: {
        ...this.program,
        name: `${this.program.name}.${this.count++}`,
        main: "main",
        functions: [...kept, renumbered(func)],
      },
      inputs,
      outputs,
    };
  }
}

/**
 * The program in steps: what is between the ops that `isCut` names, as programs, and those ops for the host.
 * @throws UNIMPLEMENTED where such an op stands in a region that isn't a loop's or a branch's
 */
export function cutProgram(program: Program, isCut: IsCut, plugin: string): CutProgram {
  const cut = new Set(program.functions.filter((f) => hasCut(f.ops, isCut)).map((f) => f.name));
  const whole = inline(program, { keepComposite: (op) => !cut.has(op.attrs.decomposition) });
  const cutter = new Cutter(whole, isCut, plugin);
  return { program: whole, main: cutter.run(), types: cutter.types };
}
