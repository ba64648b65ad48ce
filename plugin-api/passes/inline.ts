// Calls, composites and fallbacks written out: a program of one function.
import { tenonError } from "../errors.ts";
import type { Block, Func, Op, OpOf, Program, Value, ValueId } from "../program.ts";
import { mainOf } from "../program.ts";

/** What stays a call. Everything else that names a function is replaced by its body. */
export interface InlineOptions {
  readonly keepComposite?: (op: OpOf<"composite">) => boolean;
  readonly keepCustomCall?: (op: OpOf<"custom_call">) => boolean;
}
/** Calls nest, so a small program may stand for a huge one. */
const MAX_OPS = 1_000_000;

class Inliner {
  private nextId = 0;
  private count = 0;
  private readonly functions: ReadonlyMap<string, Func>;
  private readonly options: InlineOptions;
  private readonly kept = new Set<string>();
  constructor(program: Program, options: InlineOptions) {
    this.functions = new Map(program.functions.map((f) => [f.name, f]));
    this.options = options;
  }

  main(f: Func): { main: Func; kept: readonly Func[] } {
    const env = new Map<ValueId, ValueId>();
    const params = f.params.map((p) => this.define(p, env));
    const ops = this.ops(f.ops, env);
    const results = f.results.map((r) => ({ ...r, value: env.get(r.value) as ValueId }));
    return { main: { ...f, params, ops, results }, kept: this.callees() };
  }

  /** Functions that kept ops still name, and those that these name, in their old order. */
  private callees(): Func[] {
    const all = [...this.functions.values()];
    for (const f of all.reverse()) if (this.kept.has(f.name)) eachOp(f.ops, (op) => this.keep(calleeOf(op)));
    return all.reverse().filter((f) => this.kept.has(f.name));
  }
  private keep(name: string | undefined): void {
    if (name !== undefined) this.kept.add(name);
  }

  private define<V extends Value>(v: V, env: Map<ValueId, ValueId>): V {
    env.set(v.id, this.nextId);
    return { ...v, id: this.nextId++ };
  }

  private ops(ops: readonly Op[], env: Map<ValueId, ValueId>): Op[] {
    const out: Op[] = [];
    for (const op of ops) {
      const callee = this.inlined(op);
      if (callee === undefined) out.push(this.copy(op, env));
      else {
        const inner = new Map(
          callee.params.map((p, i) => [p.id, env.get(op.operands[i] as ValueId) as ValueId]),
        );
        for (const o of this.ops(callee.ops, inner)) out.push(o);
        op.results.forEach((r, i) =>
          env.set(r.id, inner.get(callee.results[i]?.value as ValueId) as ValueId),
        );
      }
    }
    return out;
  }

  private copy(op: Op, env: Map<ValueId, ValueId>): Op {
    if (++this.count > MAX_OPS)
      throw tenonError("RESOURCE_EXHAUSTED", `inlining gives more than ${MAX_OPS} ops`, {
        reason: "E_INLINE",
      });
    this.keep(calleeOf(op));
    const operands = op.operands.map((id) => env.get(id) as ValueId);
    const regions = op.regions?.map((r) => this.block(r, env));
    const results = op.results.map((r) => this.define(r, env));
    return { ...op, operands, results, ...(regions === undefined ? {} : { regions }) };
  }

  /** Ids are unique within a function, regions included: one map serves both. */
  private block(block: Block, env: Map<ValueId, ValueId>): Block {
    const params = block.params.map((p) => this.define(p, env));
    const ops = this.ops(block.ops, env);
    return { params, ops, results: block.results.map((id) => env.get(id) as ValueId) };
  }

  private inlined(op: Op): Func | undefined {
    if (op.op === "composite" && this.options.keepComposite?.(op) === true) return undefined;
    if (op.op === "custom_call" && this.options.keepCustomCall?.(op) === true) return undefined;
    const name = calleeOf(op);
    return name === undefined ? undefined : this.functions.get(name);
  }
}

/** The function that an op names. */
function calleeOf(op: Op): string | undefined {
  if (op.op === "call") return op.attrs.callee;
  if (op.op === "composite") return op.attrs.decomposition;
  return op.op === "custom_call" ? op.attrs.fallback : undefined;
}
function eachOp(ops: readonly Op[], visit: (op: Op) => void): void {
  for (const op of ops) {
    visit(op);
    for (const region of op.regions ?? []) eachOp(region.ops, visit);
  }
}

/** The program with functions written out where they are called. @throws RESOURCE_EXHAUSTED beyond a million ops */
export function inline(program: Program, options: InlineOptions = {}): Program {
  const { main, kept } = new Inliner(program, options).main(mainOf(program));
  return { ...program, functions: [...kept, main] };
}
