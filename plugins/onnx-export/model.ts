// Program → ONNX model. Functions are written in place; a computation that occurs twice is written once (see Writer).
import {
  isTenonError,
  mainOf,
  tenonError,
  type Block,
  type Func,
  type Op,
  type Program,
  type Type,
  type ValueId,
} from "tenon-plugin-api";
import { ONNX_TYPE } from "./elements.ts";
import { Graph } from "./graph.ts";
import { ROWS } from "./ops.ts";
import { elementwise, isElementwise } from "./ops/elementwise.ts";
import { refuse, type Row, type Run } from "./ops/row.ts";
import { checkOpset, Writer, type ModelReport, type Val } from "./writer.ts";

/** The opset written by default. */
export const DEFAULT_OPSET = 21;

/** How to write a model. */
export interface ModelOptions {
  /** Which opset, 21 to 26; default 21. */
  readonly opset?: number;
  /** Wire bytes of parameters that become initialisers, by parameter index. */
  readonly bound?: ReadonlyMap<number, Uint8Array>;
}
/** An ONNX model. */
export interface Model {
  /** The file. */
  readonly bytes: Uint8Array;
  /** Names of the inputs, in the order of the parameters that are not bound. */
  readonly inputs: readonly string[];
  /** Names of the results, in order. */
  readonly outputs: readonly string[];
  readonly report: ModelReport;
}

type Env = Map<ValueId, Val>;

class Emitter {
  readonly g: Graph;
  readonly program: Program;
  constructor(g: Graph, program: Program) {
    this.g = g;
    this.program = program;
  }

  call(name: string, args: readonly Val[]): readonly Val[] {
    const f = this.program.functions.find((h) => h.name === name);
    if (f === undefined) throw new Error(`internal: program ${this.program.name} has no function ${name}`);
    return this.body(f, args);
  }
  body(f: Func, args: readonly Val[]): readonly Val[] {
    return this.block({ ...f, results: f.results.map((r) => r.value) }, args, new Map());
  }

  private block(block: Block, args: readonly Val[], env: Env): readonly Val[] {
    block.params.forEach((p, i) => env.set(p.id, args[i] as Val));
    const run = this.runIn(env);
    for (const op of block.ops) {
      const xs = op.operands.map((id) => env.get(id) as Val);
      const results = this.located(op, () => (ROWS[op.op] as Row<never>)(op as never, xs, run));
      op.results.forEach((r, i) => env.set(r.id, results[i] as Val));
    }
    return block.results.map((id) => env.get(id) as Val);
  }

  private runIn(env: Env): Run {
    return {
      g: this.g,
      program: this.program,
      block: (b, xs) => this.block(b, xs, env),
      lift: (b, xs) => this.lift(b, xs),
      call: (name, xs) => this.call(name, xs),
    };
  }

  /** Scalar ops on arrays that broadcast: what a reducer computes for one element, for all of them. */
  private lift(block: Block, args: readonly Val[]): readonly Val[] {
    const env: Env = new Map(block.params.map((p, i) => [p.id, args[i] as Val]));
    const run = this.runIn(env);
    for (const op of block.ops) {
      const xs = op.operands.map((id) => env.get(id) as Val);
      const results = this.located(op, () => this.scalarOp(op, xs, run));
      op.results.forEach((r, i) => env.set(r.id, results[i] as Val));
    }
    return block.results.map((id) => env.get(id) as Val);
  }
  private scalarOp(op: Op, xs: readonly Val[], run: Run): readonly Val[] {
    if (isElementwise(op)) return [elementwise(this.g, op, xs)];
    switch (op.op) {
      case "constant":
        return ROWS.constant(op, xs, run);
      case "reshape":
      case "broadcast_in_dim":
      case "transpose":
      case "optimization_barrier":
        return xs; // of rank 0
      default:
        throw refuse(`${op.op} in the region of another op`, xs[0]?.dtype);
    }
  }

  /** Checks the dtypes of an op, and adds its place in the user's source to a refusal. */
  private located<R>(op: Op, write: () => R): R {
    try {
      for (const r of op.results) check(op.op, r.type);
      return write();
    } catch (error) {
      const location = op.loc === undefined ? undefined : this.program.locations?.[op.loc];
      if (!isTenonError(error) || error.location !== undefined || location === undefined) throw error;
      const { code, message, ...fields } = error.toJSON();
      throw tenonError(code, message, { ...fields, location });
    }
  }
}

/** Refuses a dtype that a model cannot hold: complex numbers, and storage types. */
function check(what: string, type: Type): void {
  if (type.dtype !== "token" && ONNX_TYPE[type.dtype] === undefined) throw refuse(what, type.dtype);
}

/** The ONNX model of a program. @throws UNIMPLEMENTED naming the op and the dtype, INVALID_ARGUMENT for an unknown opset */
export function buildModel(program: Program, options: ModelOptions = {}): Model {
  const opset = options.opset ?? DEFAULT_OPSET;
  checkOpset(opset);
  const writer = new Writer(opset);
  const main = mainOf(program);
  const inputs: Val[] = [];
  const args = main.params.map((p, i): Val => {
    check("parameter", p.type);
    const type = p.type as Exclude<Type, { dtype: "token" }>;
    const bytes = options.bound?.get(i);
    if (bytes !== undefined)
      return writer.constant(type.dtype, type.shape as number[], bytes, p.name ?? `constant${i}`);
    const input: Val = {
      name: writer.name(p.name ?? `arg${inputs.length}`),
      dtype: type.dtype,
      shape: type.shape,
    };
    inputs.push(input);
    return input;
  });
  for (const x of inputs)
    x.shape.forEach((d, axis) => typeof d === "string" && writer.bindSymbol(d, x, axis));
  const wishes = main.results.map((r, i) => r.name ?? `result${i}`);
  const results = new Emitter(new Graph(writer), program).body(main, args);
  const outputs = results.map((v, i) => writer.identity(v, wishes[i] as string));
  const { bytes, report } = writer.model(program.name, inputs, outputs);
  return { bytes, report, inputs: inputs.map((v) => v.name), outputs: outputs.map((v) => v.name) };
}
