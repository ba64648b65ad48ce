// Does a program hold only what a client claims? The host asks before compile, so that a plugin sees no op it didn't list.
import { byteLength } from "../dtype.ts";
import { tenonError, unimplemented } from "../errors.ts";
import type { Capabilities, OpSupport, TenonError } from "../plugin.ts";
import type { Block, ConcreteType, Op, Program, Type } from "../program.ts";

/** Types of values by id, within one function. */
type Types = Map<number, Type>;

class Checker {
  private readonly capabilities: Capabilities;
  private readonly plugin: string;
  private readonly types: Types;
  constructor(capabilities: Capabilities, plugin: string, types: Types) {
    this.capabilities = capabilities;
    this.plugin = plugin;
    this.types = types;
  }

  block(block: { readonly params: Block["params"]; readonly ops: readonly Op[] }): TenonError | undefined {
    for (const p of block.params) {
      this.types.set(p.id, p.type);
      const why = this.type(p.type, "a parameter");
      if (why !== undefined) return why;
    }
    for (const op of block.ops) {
      const why = this.op(op);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  private type(type: Type, op: string): TenonError | undefined {
    if (type.dtype === "token") return undefined;
    if (!this.capabilities.dtypes.includes(type.dtype)) return unimplemented(op, type.dtype, this.plugin);
    const { maxRank = Infinity, maxBufferBytes = Infinity } = this.capabilities.limits ?? {};
    if (type.shape.length > maxRank)
      return this.limit(op, `rank ${type.shape.length}, its limit is ${maxRank}`);
    const concrete = type.shape.every((d) => typeof d === "number");
    const nbytes = concrete ? byteLength(type as ConcreteType) : 0;
    return nbytes > maxBufferBytes
      ? this.limit(op, `${nbytes} bytes, its limit is ${maxBufferBytes}`)
      : undefined;
  }

  private limit(op: string, why: string): TenonError {
    return tenonError("UNIMPLEMENTED", `${this.plugin} does not implement ${op} of ${why}`, {
      reason: "E_UNIMPLEMENTED",
      op,
      plugin: this.plugin,
    });
  }

  private op(op: Op): TenonError | undefined {
    for (const r of op.results) {
      this.types.set(r.id, r.type);
      const why = this.type(r.type, op.op);
      if (why !== undefined) return why;
    }
    const why = this.claim(op);
    if (why !== undefined) return why;
    for (const region of op.regions ?? []) {
      const inner = this.block(region);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }

  /** Why this op itself isn't claimed, its regions aside. */
  claim(op: Op): TenonError | undefined {
    const { ops, composites, customCalls, callbacks } = this.capabilities;
    if (op.op === "composite" && composites?.includes(`${op.attrs.name}@${op.attrs.version}`) === true)
      return undefined;
    if (op.op === "custom_call") {
      const { target, version, fallback } = op.attrs;
      const taken =
        target === "tenon.callback" ? callbacks === true : customCalls?.includes(`${target}@${version}`);
      if (taken === true || fallback !== undefined) return undefined;
      return unimplemented(`custom_call ${target}@${version}`, undefined, this.plugin);
    }
    const support: OpSupport | undefined = ops[op.op];
    const types = op.operands.map((id) => this.types.get(id) as Type);
    const lead = types[0] ?? op.results[0]?.type;
    if (support === undefined) return unimplemented(op.op, lead?.dtype, this.plugin);
    return this.support(op, support, types, lead);
  }

  private support(
    op: Op,
    support: OpSupport,
    types: readonly Type[],
    lead: Type | undefined,
  ): TenonError | undefined {
    const takes = (dtypes: readonly string[] | undefined, type: Type | undefined): boolean =>
      dtypes === undefined || type === undefined || type.dtype === "token" || dtypes.includes(type.dtype);
    if (!takes(support.dtypes, lead)) return unimplemented(op.op, lead?.dtype, this.plugin);
    for (const [i, want] of (support.operands ?? []).entries()) {
      const type = types[i];
      if (!takes(want.dtypes, type)) return unimplemented(op.op, type?.dtype, this.plugin);
      const rank = type === undefined || type.dtype === "token" ? 0 : type.shape.length;
      const [min, max] = want.rank ?? [0, Infinity];
      if (rank < min || rank > max) return this.limit(op.op, `operand ${i} of rank ${rank}`);
    }
    for (const [name, want] of Object.entries(support.attrs ?? {})) {
      const value = (op.attrs as { readonly [attr: string]: unknown })[name];
      if (!allows(want, value)) return this.limit(op.op, `${name} = ${JSON.stringify(value)}`);
    }
    return undefined;
  }
}

/** Is an attribute's value among those listed, and within the bounds? Lists of numbers are bounded element by element. */
function allows(want: NonNullable<OpSupport["attrs"]>[string], value: unknown): boolean {
  const text = JSON.stringify(value);
  if (want.oneOf !== undefined && !want.oneOf.some((v) => JSON.stringify(v) === text)) return false;
  const { min = -Infinity, max = Infinity } = want;
  return [value].flat(2).every((v) => typeof v !== "number" || (v >= min && v <= max));
}

/** The first thing in a program that a client doesn't claim, as the error to throw; undefined when it claims all. */
export function unsupported(
  program: Program,
  capabilities: Capabilities,
  plugin: string,
): TenonError | undefined {
  const refuse = (what: string): TenonError => unimplemented(what, undefined, plugin);
  if ((program.symbols?.length ?? 0) > 0 && capabilities.symbolicDims !== true)
    return refuse("symbolic dimensions");
  if ((program.partitions ?? 1) > 1 && capabilities.partitioner !== true)
    return refuse("programs for many devices");
  const maxParams = capabilities.limits?.maxParams ?? Infinity;
  for (const f of program.functions) {
    if (f.name === program.main && f.params.length > maxParams)
      return refuse(`programs of ${f.params.length} parameters (its limit is ${maxParams})`);
    const why = new Checker(capabilities, plugin, new Map()).block(f);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The same for one op, its regions and result types aside; `types` holds those of its operands by id. */
export function unsupportedOp(
  op: Op,
  types: ReadonlyMap<number, Type>,
  capabilities: Capabilities,
  plugin: string,
): TenonError | undefined {
  return new Checker(capabilities, plugin, new Map(types)).claim(op);
}
