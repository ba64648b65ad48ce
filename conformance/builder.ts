// Builds Programs by hand: the suite's own words, so that it doesn't depend on how core lowers or the kit rewrites.
import {
  deepFreeze,
  IR,
  type Block,
  type ConcreteType,
  type DType,
  type Func,
  type Op,
  type OpAttrs,
  type OpName,
  type Param,
  type Program,
  type Value,
} from "tenon-plugin-api";

/** A value while building: its id and its type. */
export interface Ref {
  readonly id: number;
  readonly type: ConcreteType;
}

/** `type("f32", 2, 3)`. */
export function type(dtype: DType, ...shape: number[]): ConcreteType {
  return { dtype, shape };
}

/** Where ops are added: a function's body or a region. */
export interface Scope {
  /** Adds an op and returns its results. */
  op<N extends OpName>(
    name: N,
    operands: readonly Ref[],
    attrs: OpAttrs[N],
    results: readonly ConcreteType[],
    regions?: readonly Block[],
  ): Ref[];
  /** The same for an op with one result. */
  one<N extends OpName>(
    name: N,
    operands: readonly Ref[],
    attrs: OpAttrs[N],
    result: ConcreteType,
    regions?: readonly Block[],
  ): Ref;
  /** A region; its ids continue those of the function. */
  block(params: readonly ConcreteType[], body: (scope: Scope, ...params: Ref[]) => readonly Ref[]): Block;
  /** A constant from wire bytes. */
  constant(type: ConcreteType, bytes: Uint8Array): Ref;
}

interface Counter {
  next: number;
}

class Body implements Scope {
  readonly ops: Op[] = [];
  private readonly ids: Counter;
  private readonly attachments: Uint8Array[];
  constructor(ids: Counter, attachments: Uint8Array[]) {
    this.ids = ids;
    this.attachments = attachments;
  }
  op<N extends OpName>(
    name: N,
    operands: readonly Ref[],
    attrs: OpAttrs[N],
    results: readonly ConcreteType[],
    regions?: readonly Block[],
  ): Ref[] {
    const values = results.map((t): Value & Ref => ({ id: this.ids.next++, type: t }));
    const op = {
      op: name,
      operands: operands.map((r) => r.id),
      results: values,
      attrs,
      ...(regions ? { regions } : {}),
    };
    this.ops.push(op as unknown as Op);
    return values;
  }
  one<N extends OpName>(
    name: N,
    operands: readonly Ref[],
    attrs: OpAttrs[N],
    result: ConcreteType,
    regions?: readonly Block[],
  ): Ref {
    return this.op(name, operands, attrs, [result], regions)[0] as Ref;
  }
  block(params: readonly ConcreteType[], body: (scope: Scope, ...params: Ref[]) => readonly Ref[]): Block {
    const refs = params.map((t): Ref => ({ id: this.ids.next++, type: t }));
    const inner = new Body(this.ids, this.attachments);
    const results = body(inner, ...refs);
    return { params: refs, ops: inner.ops, results: results.map((r) => r.id) };
  }
  constant(t: ConcreteType, bytes: Uint8Array): Ref {
    const index = this.attachments.push(bytes) - 1;
    return this.one("constant", [], { value: { type: t, bytes: index } }, t);
  }
}

type FunctionBody = (scope: Scope, ...params: Ref[]) => readonly Ref[];

/** A further function of a program, for `call` and `composite`. */
export interface Callee {
  readonly name: string;
  readonly params: readonly ConcreteType[];
  readonly body: FunctionBody;
}

/** Options of `program`: functions called by main, params whose buffers are given away. */
export interface ProgramOptions {
  readonly callees?: readonly Callee[];
  readonly donate?: readonly number[];
}

/** A Program with the given parameters; `body` returns its results. */
export function program(
  name: string,
  params: readonly ConcreteType[],
  body: FunctionBody,
  options: ProgramOptions = {},
): Program {
  const attachments: Uint8Array[] = [];
  const build = (
    fn: string,
    types: readonly ConcreteType[],
    make: FunctionBody,
    donate: readonly number[],
  ): Func => {
    const ids = { next: 0 };
    const refs = types.map((t, i): Param & Ref => ({
      id: ids.next++,
      type: t,
      ...(donate.includes(i) ? { donate: {} } : {}),
    }));
    const scope = new Body(ids, attachments);
    const results = make(scope, ...refs).map((r) => ({ value: r.id }));
    return { name: fn, params: refs, ops: scope.ops, results };
  };
  const callees = (options.callees ?? []).map((c) => build(c.name, c.params, c.body, []));
  const main = build("main", params, body, options.donate ?? []);
  return deepFreeze({ ir: IR, name, main: "main", functions: [...callees, main], attachments });
}

/** A one-op program: params are the operands, in order. */
export function single<N extends OpName>(
  name: N,
  operands: readonly ConcreteType[],
  attrs: OpAttrs[N],
  results: readonly ConcreteType[],
  regions?: (scope: Scope) => readonly Block[],
): Program {
  return program(name, operands, (s, ...refs) => s.op(name, refs, attrs, results, regions?.(s)));
}
