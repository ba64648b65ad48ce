// ClosedJaxpr → Program. Primitives write wire ops through `Lowering`; composite ones are staged into smaller ones.
import {
  IR,
  type Block,
  type DType as WireDType,
  type Func,
  type Op,
  type OpAttrs,
  type OpName,
  type Program,
  type Type,
  type Value,
} from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { ShapedArray } from "../ir/aval.ts";
import { DTYPES, isFloat } from "../ir/dtype.ts";
import { isVar, type Jaxpr, type JaxprEqn, type Var } from "../ir/jaxpr.ts";
import type { Literal } from "../ir/ndarray.ts";
import {
  identityOf,
  paramsKey,
  type HostCall,
  type Lowering,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { context } from "../ir/context.ts";
import { stage } from "../transforms/stage.ts";
import { encodeScalar, scalarKey, type ScalarValue } from "./host-values.ts";

const types = new Map<number, Type>();
/** The physical wire type of an aval, interned. */
export function wireType(aval: ShapedArray): Type {
  let type = types.get(aval.id);
  if (type === undefined) {
    const row = DTYPES[aval.dtype];
    types.set(
      aval.id,
      (type = Object.freeze({
        dtype: row.wire,
        shape: Object.freeze([...aval.shape, ...row.physicalShape]),
      })),
    );
  }
  return type;
}

/** What one Program shares among its blocks. */
class ProgramState {
  nextId = 0;
  readonly attachments: Uint8Array[] = [];
  /** Scopes of ops, each once. */
  readonly scopes: string[] = [];
  /** Where the equation that is being written stands. */
  scope: readonly string[] = [];
  /** Calls of the host by their names in the program. */
  readonly hostCalls = new Map<string, LoweredHostCall>();
  private readonly known = new Map<string, number>();
  /** Literals of the outermost level that became parameters, so that a changed number is no new program. */
  readonly hoisted: { literal: Literal; value: WireValue }[] | null;
  constructor(hoist: boolean) {
    this.hoisted = hoist ? [] : null;
  }
  /** The location of an op: the scope around it. */
  location(): { readonly loc?: number } {
    if (this.scope.length === 0) return {};
    const text = this.scope.join("/");
    const at = this.scopes.indexOf(text);
    return { loc: at < 0 ? this.scopes.push(text) - 1 : at };
  }
  attach(bytes: Uint8Array): number {
    const key = bytes.join(",");
    let at = this.known.get(key);
    if (at === undefined) this.known.set(key, (at = this.attachments.push(bytes) - 1));
    return at;
  }
}

/** A call of the host, and the avals that its operands have there. */
export interface LoweredHostCall extends HostCall {
  readonly avals: readonly ShapedArray[];
}

class BlockBuilder implements Lowering {
  readonly ops: Op[] = [];
  private readonly state: ProgramState;
  private readonly constants: Map<string, WireValue>;
  private readonly depth: number;
  constructor(state: ProgramState, constants: ReadonlyMap<string, WireValue>, depth: number) {
    this.state = state;
    this.constants = new Map(constants);
    this.depth = depth;
  }

  typeOf(aval: ShapedArray): Type {
    return wireType(aval);
  }

  value(type: ShapedArray | Type): Value {
    return { id: this.state.nextId++, type: type instanceof ShapedArray ? wireType(type) : type };
  }

  emit<N extends OpName>(
    op: N,
    operands: readonly WireValue[],
    attrs: OpAttrs[N],
    results: readonly (ShapedArray | Type)[],
    regions?: readonly Block[],
  ): readonly WireValue[] {
    const values = results.map((r) => this.value(r));
    this.ops.push({
      op,
      operands: operands.map((v) => v.id),
      results: values,
      attrs,
      ...(regions === undefined ? {} : { regions }),
      ...this.state.location(),
    } as unknown as Op);
    return values;
  }

  constant(value: ScalarValue, aval: ShapedArray): WireValue {
    const scalar = aval.shape.length === 0 ? aval : aval.with({ shape: [] });
    const type = wireType(scalar);
    const key = `${type.dtype}:${scalarKey(value)}`;
    let made = this.constants.get(key);
    if (made === undefined) {
      const bytes = this.state.attach(encodeScalar(value, type.dtype as WireDType));
      [made] = this.emit("constant", [], { value: { type: type as never, bytes } }, [type]);
      this.constants.set(key, made as WireValue);
    }
    return this.splat(made as WireValue, aval);
  }

  splat(value: WireValue, aval: ShapedArray): WireValue {
    const want = wireType(aval) as { shape: readonly number[] };
    if ((value.type as { shape: readonly number[] }).shape.length === want.shape.length) return value;
    return this.emit("broadcast_in_dim", [value], { dimensions: [] }, [
      { ...want, dtype: value.type.dtype } as Type,
    ])[0] as WireValue;
  }

  hostCall(
    call: HostCall,
    operands: readonly WireValue[],
    avals: readonly ShapedArray[],
    isBound: boolean,
  ): readonly WireValue[] {
    // The name is part of the program's key: the function by identity, and what it takes and gives.
    const name = `${call.fn.name}#${identityOf(call.fn)}(${avals.join()})->(${call.outs.join()})`;
    this.state.hostCalls.set(name, { ...call, avals });
    const attributes = { name };
    const sideEffect = isBound ? "ordered" : "none";
    return this.emit(
      "custom_call",
      operands,
      { target: "tenon.callback", version: 1, attributes, sideEffect },
      call.outs,
    );
  }

  closedRegion(
    params: readonly ShapedArray[],
    body: (b: Lowering, params: readonly WireValue[]) => readonly WireValue[],
  ): Block {
    return this.block(params, body, new Map());
  }

  region(
    params: readonly (ShapedArray | Type)[],
    body: (b: Lowering, params: readonly WireValue[]) => readonly WireValue[],
  ): Block {
    return this.block(params, body, this.constants);
  }

  private block(
    params: readonly (ShapedArray | Type)[],
    body: (b: Lowering, params: readonly WireValue[]) => readonly WireValue[],
    constants: ReadonlyMap<string, WireValue>,
  ): Block {
    const inner = new BlockBuilder(this.state, constants, this.depth + 1);
    const values = params.map((p) => this.value(p));
    const results = body(inner, values);
    return { params: values, ops: inner.ops, results: results.map((v) => v.id) };
  }

  inline(jaxpr: Jaxpr, args: readonly WireValue[]): readonly WireValue[] {
    const env = new Map<Var, WireValue>();
    jaxpr.inVars.forEach((v, i) => env.set(v, args[i] as WireValue));
    for (const eqn of jaxpr.eqns) {
      const outer = this.state.scope;
      if (eqn.scope !== undefined) this.state.scope = [...outer, eqn.scope];
      const outs = this.equation(
        eqn,
        eqn.inputs.map((a) => (isVar(a) ? (env.get(a) as WireValue) : this.literal(a, eqn))),
      );
      this.state.scope = outer;
      eqn.outVars.forEach((v, i) => env.set(v, outs[i] as WireValue));
    }
    return jaxpr.outs.map((a) => (isVar(a) ? (env.get(a) as WireValue) : this.constant(a.value, a.aval)));
  }

  private literal(x: Literal, eqn: JaxprEqn): WireValue {
    const { hoisted } = this.state;
    if (hoisted === null || this.depth > 0 || eqn.primitive.traits.elementwise !== true || isSpecial(x))
      return this.constant(x.value, x.aval);
    const known = hoisted.find((h) => h.literal.aval === x.aval && Object.is(h.literal.value, x.value));
    if (known !== undefined) return known.value;
    const value = this.value(x.aval);
    hoisted.push({ literal: x, value });
    return value;
  }

  equation(eqn: JaxprEqn, operands: readonly WireValue[]): readonly WireValue[] {
    const { primitive, params } = eqn;
    const avals = eqn.inputs.map((a) => a.aval);
    const outs = eqn.outVars.map((v) => v.aval);
    if (primitive.lower !== undefined) return primitive.lower(this, operands, params, avals, outs);
    const deeper = new BlockBuilder(this.state, this.constants, this.depth + 1);
    const result = deeper.inline(decomposition(primitive, avals, params), operands);
    this.ops.push(...deeper.ops);
    return result;
  }
}

/** Numbers that kernels are specialised for stay constants. */
const isSpecial = (x: Literal): boolean =>
  !isFloat(x.dtype) ||
  typeof x.value !== "number" ||
  [0, 1, -1, 0.5, 2].includes(x.value) ||
  !Number.isFinite(x.value);

const decompositions = new Map<string, Jaxpr>();
/** A composite primitive as a jaxpr of smaller ones; cached per avals and params. */
function decomposition(primitive: Primitive, avals: readonly ShapedArray[], params: Params): Jaxpr {
  const { config } = context();
  const key = `${primitive.id}|${avals.map((a) => a.id).join(",")}|${paramsKey(params)}|${config.enableX64 ? 1 : 0}`;
  let jaxpr = decompositions.get(key);
  if (jaxpr === undefined) {
    const { decompose } = primitive;
    if (decompose === undefined)
      throw fail("E_INTERNAL", `internal: ${primitive.name} has neither a lowering nor a decomposition`);
    const staged = stage((args) => decompose(context().lax, args, params), avals, primitive.name);
    if (staged.consts.length > 0)
      throw fail("E_INTERNAL", `internal: the decomposition of ${primitive.name} holds values`);
    decompositions.set(key, (jaxpr = staged.jaxpr));
  }
  return jaxpr;
}

/** A program, and the numbers that it takes as parameters. */
export interface Lowered {
  readonly program: Program;
  /** Literals that are parameters after the jaxpr's inputs. */
  readonly literals: readonly Literal[];
  /** Functions of the host that it calls, by name. */
  readonly hostCalls: ReadonlyMap<string, LoweredHostCall>;
}
/** How a jaxpr becomes a program. */
interface LowerOptions {
  readonly name: string;
  readonly donate?: readonly boolean[];
  readonly paramNames?: readonly (string | undefined)[];
  readonly resultNames?: readonly (string | undefined)[];
  /** Make ordinary float literals parameters (default true; false for export). */
  readonly hoistLiterals?: boolean;
}

/** The Program of a jaxpr: one function, main. */
export function lower(jaxpr: Jaxpr, options: LowerOptions): Lowered {
  const state = new ProgramState(options.hoistLiterals ?? true);
  const b = new BlockBuilder(state, new Map(), 0);
  const inputs = jaxpr.inVars.map((v) => b.value(v.aval));
  const outs = b.inline(jaxpr, inputs);
  const hoisted = state.hoisted ?? [];
  const donated = donations(jaxpr, options.donate ?? []);
  const params = [
    ...inputs.map((v, i) => ({
      ...v,
      ...(options.paramNames?.[i] === undefined ? {} : { name: options.paramNames[i] }),
      ...(donated[i] === undefined ? {} : { donate: { alias: donated[i] } }),
    })),
    ...hoisted.map((h) => h.value),
  ];
  const results = outs.map((v, i) => ({
    value: v.id,
    ...(options.resultNames?.[i] === undefined ? {} : { name: options.resultNames[i] }),
  }));
  const main: Func = { name: "main", params, ops: b.ops, results };
  return {
    program: renumber({
      ir: IR,
      name: options.name,
      main: "main",
      functions: [main],
      attachments: state.attachments,
      ...(state.scopes.length === 0
        ? {}
        : { locations: state.scopes.map((scope) => ({ file: "", line: 0, scope })) }),
    }),
    literals: hoisted.map((h) => h.literal),
    hostCalls: state.hostCalls,
  };
}

/** Ids dense from 0 in order of definition: two equal computations give equal programs. */
function renumber(program: Program): Program {
  const ids = new Map<number, number>();
  const id = (old: number): number => {
    let n = ids.get(old);
    if (n === undefined) ids.set(old, (n = ids.size));
    return n;
  };
  const value = <V extends Value>(v: V): V => ({ ...v, id: id(v.id) });
  const block = (b: Block): Block => {
    const params = b.params.map(value);
    const ops = b.ops.map(op);
    return { params, ops, results: b.results.map(id) };
  };
  const op = (o: Op): Op => {
    const operands = o.operands.map(id);
    const regions = o.regions?.map(block);
    return {
      ...o,
      operands,
      ...(regions === undefined ? {} : { regions }),
      results: o.results.map(value),
    };
  };
  const functions = program.functions.map((f) => {
    const params = f.params.map(value);
    const ops = f.ops.map(op);
    return { ...f, params, ops, results: f.results.map((r) => ({ ...r, value: id(r.value) })) };
  });
  return { ...program, functions };
}

/** For each donated input the result that takes its memory; undefined when none has its type. */
export function donations(jaxpr: Jaxpr, donate: readonly boolean[]): (number | undefined)[] {
  const taken = new Set<number>();
  return jaxpr.inVars.map((v, i) => {
    if (donate[i] !== true) return undefined;
    const alias = jaxpr.outs.findIndex(
      (o, k) => !taken.has(k) && isVar(o) && o.aval.with({ weak: false }) === v.aval.with({ weak: false }),
    );
    if (alias < 0) return undefined;
    taken.add(alias);
    return alias;
  });
}
