// What a program costs, from its ops alone: the default of the extension `cost`. Bodies of while count once (their trips
// aren't known), branches of case as the dearest one; bytes are those of an unfused run.
import { byteLength, DTYPES, elementCount } from "../dtype.ts";
import { rowOf } from "../opset.ts";
import type { Block, ConcreteType, Func, Op, Program, Type } from "../program.ts";
import { mainOf } from "../program.ts";

/** Floating-point (or integer) operations, transcendental functions evaluated, bytes read and written. */
export interface Cost {
  readonly flops: number;
  readonly transcendentals: number;
  readonly bytesAccessed: number;
  readonly estimated: true;
}
type Sum = { flops: number; transcendentals: number; bytesAccessed: number };

const array = (type: Type): ConcreteType => {
  if (type.dtype === "token") return { dtype: "bool", shape: [0] };
  if (type.shape.some((d) => typeof d !== "number"))
    throw new Error("cost: the program has symbolic dimensions: specialise it first");
  return type as ConcreteType;
};
const elements = (type: Type): number => elementCount(array(type).shape);
const nbytes = (type: Type): number => byteLength(array(type));
const add = (a: Sum, b: Sum): Sum => ({
  flops: a.flops + b.flops,
  transcendentals: a.transcendentals + b.transcendentals,
  bytesAccessed: a.bytesAccessed + b.bytesAccessed,
});
const ZERO: Sum = { flops: 0, transcendentals: 0, bytesAccessed: 0 };

class Estimator {
  private readonly functions = new Map<string, Sum>();

  of(f: Func): Sum {
    const block = { params: f.params, ops: f.ops, results: [] };
    const sum = this.block(block, new Map());
    this.functions.set(f.name, sum);
    return sum;
  }

  private block(block: Block, outer: ReadonlyMap<number, Type>): Sum {
    const types = new Map(outer);
    for (const p of block.params) types.set(p.id, p.type);
    let sum = ZERO;
    for (const op of block.ops) {
      for (const r of op.results) types.set(r.id, r.type);
      sum = add(
        sum,
        this.op(
          op,
          op.operands.map((id) => types.get(id) as Type),
          types,
        ),
      );
    }
    return sum;
  }

  private op(op: Op, operands: readonly Type[], types: ReadonlyMap<number, Type>): Sum {
    const { traits } = rowOf(op.op);
    const regions = (op.regions ?? []).map((r) => this.block(r, types));
    if (op.op === "call") return this.functions.get(op.attrs.callee) ?? ZERO;
    if (op.op === "composite") return this.functions.get(op.attrs.decomposition) ?? ZERO;
    if (op.op === "case")
      return regions.reduce((a, b) => (b.flops + b.bytesAccessed > a.flops + a.bytesAccessed ? b : a), ZERO);
    if (traits.control === true) return regions.reduce(add, ZERO);
    const bytesAccessed = accessed(op, operands);
    const work = regions[regions.length - 1];
    if (work !== undefined) {
      const times = foldCount(op, operands);
      return { flops: work.flops * times, transcendentals: work.transcendentals * times, bytesAccessed };
    }
    const flops = flopsOf(op, operands);
    const { accuracy } = rowOf(op.op);
    const transcendental = typeof accuracy === "object" && accuracy.ulp > 2;
    return transcendental
      ? { flops: 0, transcendentals: flops, bytesAccessed }
      : { flops, transcendentals: 0, bytesAccessed };
  }
}

/** How often a fold calls its region. */
function foldCount(op: Op, operands: readonly Type[]): number {
  const out = op.results[0]?.type as Type;
  switch (op.op) {
    case "reduce_window":
      return elements(out) * elementCount(op.attrs.windowDimensions);
    case "scatter":
      return elements(operands[operands.length - 1] as Type);
    case "sort": {
      const n = elements(out);
      return n < 2 ? 0 : n * Math.ceil(Math.log2(n));
    }
    default:
      return elements(operands[0] as Type);
  }
}

function flopsOf(op: Op, operands: readonly Type[]): number {
  const out = op.results[0]?.type as Type;
  if (op.op === "dot_general") {
    const lhs = array(operands[0] as Type).shape;
    return (
      2 *
      elements(out) *
      op.attrs.lhsContracting.reduce((n, d) => n * (lhs[d] as number), 1) *
      complexFactor(out)
    );
  }
  if (op.op === "convolution") {
    const kernel = array(operands[1] as Type).shape;
    const perOutput = elementCount(kernel) / Math.max(kernel[op.attrs.kernelOutputFeature] as number, 1);
    return 2 * elements(out) * perOutput * complexFactor(out);
  }
  return rowOf(op.op).traits.elementwise === true ? elements(out) * complexFactor(out) : 0;
}
const complexFactor = (type: Type): number => (DTYPES[array(type).dtype].kind === "c" ? 4 : 1);

/** Bytes read and written; what only touches a part of an operand counts that part. */
function accessed(op: Op, operands: readonly Type[]): number {
  const written = op.results.reduce((n, r) => n + nbytes(r.type), 0);
  const read = (from: number): number => operands.slice(from).reduce((n, t) => n + nbytes(t), 0);
  switch (op.op) {
    case "slice":
    case "dynamic_slice":
    case "gather":
      return 2 * written + read(1);
    case "dynamic_update_slice":
    case "scatter":
      return 2 * read(1);
    default:
      return written + read(0);
  }
}

/** An estimate of what running `main` costs. @throws Error for symbolic dimensions */
export function cost(program: Program): Cost {
  const estimator = new Estimator();
  const main = mainOf(program);
  for (const f of program.functions) if (f !== main) estimator.of(f);
  return { ...estimator.of(main), estimated: true };
}
