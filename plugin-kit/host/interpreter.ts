// Runs a Program op by op with a table of kernels: control flow, functions and constants are the interpreter's own.
import {
  isTenonError,
  OPSET,
  tenonError,
  unimplemented,
  type Block,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type Func,
  type Op,
  type OpAttrs,
  type OpName,
  type OpOf,
  type Program,
  type ValueId,
} from "tenon-plugin-api";
import { authorLine } from "./author.ts";
import { mistakeIn } from "./results.ts";

/** As many as the op table says. Typed as if there were some: a verified program has those that an op needs. */
export type Listed<T> = readonly [T, T, T, ...T[]];
/** A region of the op that runs, as a function. */
export type Region<V> = (...args: V[]) => Listed<V>;
/** What a kernel knows of the op it runs. */
export interface Call<N extends OpName, V> {
  readonly op: OpOf<N>;
  readonly attrs: OpAttrs[N];
  /** Types of the results. */
  readonly types: Listed<ConcreteType>;
  readonly operandTypes: Listed<ConcreteType>;
  readonly region: (index: number) => Region<V>;
}
/** Computes an op: one value, or a list of as many as the op has results. Values are never written to again. */
export type Kernel<N extends OpName, V> = (operands: Listed<V>, call: Call<N, V>) => V | readonly V[];
/** Kernels by op. */
export type KernelTable<V> = { readonly [N in OpName]?: Kernel<N, V> };

/** Between values and the bytes the host sees (little-endian, row-major). Neither side may write to the other's memory. */
export interface HostForm<V> {
  fromBytes(type: ConcreteType, bytes: Uint8Array): V;
  toBytes(value: V): Uint8Array;
  /** What a kernel's result is instead of a value of the type; undefined if it is one. Without it: any object will do. */
  mistakeOf?(value: V, type: ConcreteType): string | undefined;
}
/** What a run is made with. */
export interface Machine<V> {
  readonly plugin: string;
  readonly kernels: KernelTable<V>;
  readonly form: HostForm<V>;
}

type Env<V> = (V | undefined)[];
type Step<V> = (env: Env<V>) => void;
interface Routine<V> {
  readonly params: readonly ValueId[];
  readonly steps: readonly Step<V>[];
  readonly results: readonly ValueId[];
}
type AnyKernel<V> = Kernel<OpName, V>;

/** Ops that need no kernel. */
export const OWN_OPS = [
  "constant",
  "reshape",
  "bitcast_convert",
  "while",
  "case",
  "call",
  "custom_call",
] as const;

/** One program, prepared: every block is a list of steps. */
export class Interpreter<V extends object> {
  private readonly machine: Machine<V>;
  private readonly program: Program;
  private readonly callbacks: NonNullable<CompileOptions["callbacks"]>;
  private readonly device: Device;
  private readonly functions = new Map<string, Routine<V>>();
  private readonly types = new Map<ValueId, ConcreteType>();
  constructor(machine: Machine<V>, program: Program, device: Device, options: CompileOptions) {
    this.machine = machine;
    this.program = program;
    this.device = device;
    this.callbacks = options.callbacks ?? {};
    for (const f of program.functions) this.functions.set(f.name, this.func(f));
  }

  /** Results of main. */
  run(args: readonly V[]): V[] {
    return this.enter(this.functions.get(this.program.main) as Routine<V>, args, []);
  }

  private func(f: Func): Routine<V> {
    this.types.clear();
    return this.block({ params: f.params, ops: f.ops, results: f.results.map((r) => r.value) });
  }

  private block(block: Block): Routine<V> {
    for (const p of block.params) this.types.set(p.id, p.type as ConcreteType);
    const dead = deaths(block);
    const steps = block.ops.map((op, i) => this.step(op, dead[i] as ValueId[]));
    return { params: block.params.map((p) => p.id), steps, results: block.results };
  }

  private enter(routine: Routine<V>, args: readonly V[], env: Env<V>): V[] {
    routine.params.forEach((id, i) => (env[id] = args[i]));
    for (const step of routine.steps) step(env);
    return routine.results.map((id) => env[id] as V);
  }

  private step(op: Op, dead: readonly ValueId[]): Step<V> {
    const { operands } = op;
    const operandTypes = operands.map((id) => this.types.get(id) as ConcreteType);
    for (const r of op.results) this.types.set(r.id, r.type as ConcreteType);
    const regions = (op.regions ?? []).map((r) => this.block(r));
    const types = op.results.map((r) => r.type as ConcreteType);
    const kernel = this.kernelOf(op);
    const given = this.machine.kernels[op.op] !== undefined;
    const fixed = { op, attrs: op.attrs, types, operandTypes } as unknown as Omit<Call<OpName, V>, "region">;
    return (env) => {
      const region =
        (i: number): Region<V> =>
        (...args) =>
          listed(this.enter(regions[i] as Routine<V>, args, env));
      const values = listed(operands.map((id) => env[id] as V));
      const made = this.blamed(op, () => kernel(values, { ...fixed, region }));
      const results = Array.isArray(made) ? (made as readonly V[]) : [made as V];
      if (given) this.checkResults(op, results, types);
      op.results.forEach((r, i) => (env[r.id] = results[i]));
      for (const id of dead) env[id] = undefined;
    };
  }

  /** A foreign exception becomes INTERNAL with the names of plugin and op. */
  private blamed<R>(op: Op, compute: () => R): R {
    try {
      return compute();
    } catch (error) {
      if (isTenonError(error)) throw error;
      const at = authorLine(error);
      const what = error instanceof Error ? error.message : String(error);
      throw this.kernelError(op, `threw: ${what}${at === undefined ? "" : ` (${at})`}`, error);
    }
  }
  private checkResults(op: Op, results: readonly V[], types: readonly ConcreteType[]): void {
    const mistake = mistakeIn(results, types, this.machine.form.mistakeOf);
    if (mistake !== undefined) throw this.kernelError(op, mistake);
  }
  private kernelError(op: Op, what: string, cause?: unknown): Error {
    const { plugin } = this.machine;
    const location = op.loc === undefined ? undefined : this.program.locations?.[op.loc];
    return tenonError("INTERNAL", `${plugin}: ${op.op} ${what}`, {
      plugin,
      op: op.op,
      reason: "E_KERNEL",
      cause,
      ...(location === undefined ? {} : { location }),
    });
  }

  private kernelOf(op: Op): AnyKernel<V> {
    const given = this.machine.kernels[op.op] as AnyKernel<V> | undefined;
    if (given !== undefined) return given;
    const { form, plugin } = this.machine;
    switch (op.op) {
      case "constant":
        return constantKernel(form, this.program.attachments[op.attrs.value.bytes] as Uint8Array);
      case "reshape":
      case "bitcast_convert":
        return ([x], { types }) => form.fromBytes(types[0], form.toBytes(x));
      case "while":
        return (state, { region }) => this.loop(state, region(0), region(1));
      case "case":
        return ([index], { region }) => region(this.branch(index, op.regions?.length ?? 0))();
      case "call":
        return (args) => this.enter(this.functions.get(op.attrs.callee) as Routine<V>, args, []);
      case "custom_call":
        return (args, { operandTypes }) => this.callback(op, args, operandTypes);
      default:
        throw unimplemented(op.op, undefined, plugin);
    }
  }

  private loop(state: readonly V[], cond: Region<V>, body: Region<V>): readonly V[] {
    let current = state;
    while (this.machine.form.toBytes(cond(...current)[0])[0] !== 0) current = body(...current);
    return current;
  }
  /** Out of range: the last branch. */
  private branch(index: V, n: number): number {
    const bytes = this.machine.form.toBytes(index);
    const i = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    return i < 0 || i >= n ? n - 1 : i;
  }
  private callback(
    op: OpOf<"custom_call">,
    args: readonly V[],
    types: readonly ConcreteType[],
  ): readonly V[] {
    const { target, attributes } = op.attrs;
    const { form, plugin } = this.machine;
    const name = String(attributes["name"]);
    const f = target === "tenon.callback" ? this.callbacks[name] : undefined;
    if (f === undefined) throw unimplemented(`custom_call ${target} ${name}`, undefined, plugin);
    const host = args.map((x, i) => ({ type: types[i] as ConcreteType, bytes: form.toBytes(x).slice() }));
    return f(host, this.device).map((r) => form.fromBytes(r.type, r.bytes));
  }
}

function constantKernel<V>(form: HostForm<V>, bytes: Uint8Array): AnyKernel<V> {
  let made: V | undefined;
  return (_none, { types, attrs }) => {
    const [type] = types;
    const { splat } = (attrs as OpAttrs["constant"]).value;
    return (made ??= form.fromBytes(type, splat === true ? repeated(bytes, type.shape) : bytes));
  };
}
function repeated(bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes.length * shape.reduce((n, d) => n * d, 1));
  for (let at = 0; at < out.length; at += bytes.length) out.set(bytes, at);
  return out;
}

const listed = <T>(list: readonly T[]): Listed<T> => list as unknown as Listed<T>;

/** For each op of a block the values defined in it that nothing needs afterwards. */
function deaths(block: Block): ValueId[][] {
  const defined = new Set(block.params.map((p) => p.id));
  for (const op of block.ops) for (const r of op.results) defined.add(r.id);
  const needed = new Set(block.results);
  const out = block.ops.map((): ValueId[] => []);
  for (let i = block.ops.length - 1; i >= 0; i--) {
    const op = block.ops[i] as Op;
    for (const id of [...usesOf(op), ...op.results.map((r) => r.id)]) {
      if (needed.has(id) || !defined.has(id)) continue;
      needed.add(id);
      (out[i] as ValueId[]).push(id);
    }
  }
  return out;
}
/** Operands of an op and whatever its regions mention. */
function usesOf(op: Op): ValueId[] {
  if (OPSET[op.op].regions?.scope !== "capturing") return [...op.operands];
  const inside = (op.regions ?? []).flatMap((r) => [...r.results, ...r.ops.flatMap(usesOf)]);
  return [...op.operands, ...inside];
}
