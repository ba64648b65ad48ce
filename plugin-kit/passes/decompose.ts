// Program → Program: each op that a plugin doesn't do by itself is said in those it does. Composites and custom calls that
// it doesn't take become calls of their decomposition or fallback.
import {
  deepFreeze,
  unimplemented,
  unsupportedOp,
  type Block,
  type Capabilities,
  type ConcreteType,
  type DType,
  type Func,
  type Op,
  type OpAttrs,
  type Program,
  type Type,
  type Value,
  type ValueId,
} from "tenon-plugin-api";
import { Builder, type Draft, type Ref, type Rewriter } from "../builder.ts";
import { leadDType, type Closure } from "./closure.ts";

/** What the pass is told of a plugin. */
export interface DecomposeOptions {
  readonly native: Capabilities;
  readonly closure: Closure;
  readonly plugin: string;
}

/** Maps ids of the function read to values of the one written. */
type Env = Map<ValueId, Ref>;

class Decomposer implements Rewriter {
  private readonly options: DecomposeOptions;
  private changed = false;
  constructor(options: DecomposeOptions) {
    this.options = options;
  }

  program(program: Program): Program {
    const attachments = [...program.attachments];
    const functions = program.functions.map((f) => this.func(f, attachments));
    return this.changed ? deepFreeze({ ...program, functions, attachments }) : program;
  }

  private func(f: Func, attachments: Uint8Array[]): Func {
    const b = Builder.of(attachments, this);
    const env: Env = new Map();
    const params = f.params.map((p) => {
      const ref = b.value(concrete(p.type, this.options.plugin));
      env.set(p.id, ref);
      return { ...p, id: ref.id };
    });
    this.ops(f.ops, b, env);
    const results = f.results.map((r) => ({ ...r, value: (env.get(r.value) as Ref).id }));
    return renumbered({ ...f, params, ops: b.ops, results });
  }

  private ops(ops: readonly Op[], b: Builder, env: Env): void {
    for (const op of ops) {
      const regions = op.regions?.map((r) => this.region(r, b, env));
      const draft = {
        op: op.op,
        operands: op.operands.map((id) => env.get(id) as Ref),
        attrs: op.attrs,
        results: op.results.map((r) => concrete(r.type, this.options.plugin)),
        ...(regions === undefined ? {} : { regions }),
        ...(op.loc === undefined ? {} : { loc: op.loc }),
      } as Draft;
      const results = b.emit(draft);
      op.results.forEach((r, i) => env.set(r.id, results[i] as Ref));
    }
  }
  private region(block: Block, b: Builder, outer: Env): Block {
    const env = new Map(outer);
    return b.block(
      block.params.map((p) => concrete(p.type, this.options.plugin)),
      (inner, ...params) => {
        block.params.forEach((p, i) => env.set(p.id, params[i] as Ref));
        this.ops(block.ops, inner, env);
        return block.results.map((id) => env.get(id) as Ref);
      },
    );
  }

  isNative(draft: Draft): boolean {
    if (draft.op === "call") return true;
    const types = new Map<ValueId, Type>(draft.operands.map((r) => [r.id, r.type]));
    const op = {
      op: draft.op,
      operands: draft.operands.map((r) => r.id),
      results: draft.results.map((type, i): Value => ({ id: -1 - i, type })),
      attrs: draft.attrs,
    } as unknown as Op;
    // A fallback is always a way; here the question is whether the plugin takes the call itself.
    const asked = op.op === "custom_call" ? withoutFallback(op) : op;
    return unsupportedOp(asked, types, this.options.native, this.options.plugin) === undefined;
  }

  expand(draft: Draft, b: Builder): readonly Ref[] {
    this.changed = true;
    const callee = calleeOf(draft);
    if (callee !== undefined)
      return b.append({ ...draft, op: "call", attrs: { callee } } as unknown as Draft);
    const dtypes = (types: readonly ConcreteType[]): DType[] => types.map((t) => t.dtype);
    const dtype = leadDType(draft.op, dtypes(draft.operands.map((r) => r.type)), dtypes(draft.results));
    const rule = this.options.closure.ruleOf(draft.op, dtype);
    if (rule === undefined) throw unimplemented(draft.op, dtype, this.options.plugin);
    return rule.build(b, draft.operands, draft);
  }
}

function withoutFallback(op: Op): Op {
  const { fallback: _fallback, ...attrs } = op.attrs as OpAttrs["custom_call"];
  return { ...op, attrs } as Op;
}
function calleeOf(draft: Draft): string | undefined {
  if (draft.op === "composite") return (draft.attrs as OpAttrs["composite"]).decomposition;
  return draft.op === "custom_call" ? (draft.attrs as OpAttrs["custom_call"]).fallback : undefined;
}

/** The type with its dims as numbers. @throws UNIMPLEMENTED on symbolic ones: the host puts numbers in first */
function concrete(type: Type, plugin: string): ConcreteType {
  if (type.dtype !== "token" && type.shape.every((d) => typeof d === "number")) return type as ConcreteType;
  throw unimplemented(type.dtype === "token" ? "tokens" : "symbolic dimensions", undefined, plugin);
}

/** Ids dense from 0 in the order of definition: a region that was dropped leaves gaps. */
export function renumbered(f: Func): Func {
  const ids = new Map<ValueId, ValueId>();
  const define = <V extends Value>(v: V): V => {
    ids.set(v.id, ids.size);
    return { ...v, id: ids.size - 1 };
  };
  const use = (id: ValueId): ValueId => ids.get(id) as ValueId;
  const ops = (list: readonly Op[]): Op[] =>
    list.map((op) => {
      const operands = op.operands.map(use);
      const regions = op.regions?.map((r): Block => {
        const params = r.params.map(define);
        return { params, ops: ops(r.ops), results: r.results.map(use) };
      });
      const results = op.results.map(define);
      return { ...op, operands, results, ...(regions === undefined ? {} : { regions }) };
    });
  const params = f.params.map(define);
  const body = ops(f.ops);
  return { ...f, params, ops: body, results: f.results.map((r) => ({ ...r, value: use(r.value) })) };
}

/** The program in ops that `native` claims. @throws UNIMPLEMENTED naming an op that no rule reaches */
export function decompose(program: Program, options: DecomposeOptions): Program {
  return new Decomposer(options).program(program);
}
