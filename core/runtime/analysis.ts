// What a Program costs, counted from its ops, and the memory that its values need, where the plugin doesn't say it.
import {
  byteLength,
  cost,
  mainOf,
  type Block,
  type ConcreteType,
  type Func,
  type Op,
  type Program,
  type Type,
  type ValueId,
} from "tenon-plugin-api";

/** Work and traffic of some ops. */
export interface CostFigures {
  /** Arithmetic operations, on floats or integers. */
  readonly flops: number;
  /** Evaluations of functions like exp. */
  readonly transcendentals: number;
  /** Bytes read and written by an unfused run. */
  readonly bytes: number;
}
/** What a program costs. */
export interface CostAnalysis extends CostFigures {
  /** By op, the dearest first; bodies of loops count once, since their trips aren't known. */
  readonly ops: readonly ({ readonly op: string; readonly count: number } & CostFigures)[];
  /** False where the plugin says it of its executable. */
  readonly estimated: boolean;
}

const idsIn = (ops: readonly Op[], found: Set<ValueId>): Set<ValueId> => {
  for (const op of ops) {
    for (const id of op.operands) found.add(id);
    for (const r of op.regions ?? []) {
      for (const id of r.results) found.add(id);
      idsIn(r.ops, found);
    }
  }
  return found;
};

/** Counts the ops of `main`, those of regions with the op that holds them. */
export function costOf(program: Program): CostAnalysis {
  const main = mainOf(program);
  const types = new Map(main.params.map((p) => [p.id, p] as const));
  for (const op of main.ops) for (const r of op.results) types.set(r.id, { ...r });
  const byOp = new Map<string, { count: number; flops: number; transcendentals: number; bytes: number }>();
  const total = { flops: 0, transcendentals: 0, bytes: 0 };
  for (const op of main.ops) {
    const params = [...idsIn([op], new Set())].flatMap((id) => types.get(id) ?? []);
    const alone: Func = {
      ...main,
      params: params.map(({ id, type }) => ({ id, type })),
      ops: [op],
      results: [],
    };
    const functions = program.functions.map((f) => (f === main ? alone : f));
    const c = cost({ ...program, functions });
    const row = byOp.get(op.op) ?? { count: 0, flops: 0, transcendentals: 0, bytes: 0 };
    byOp.set(op.op, row);
    row.count++;
    for (const sum of [row, total]) {
      sum.flops += c.flops;
      sum.transcendentals += c.transcendentals;
      sum.bytes += c.bytesAccessed;
    }
  }
  const weight = (c: CostFigures): number => c.flops + c.transcendentals + c.bytes;
  const ops = [...byOp].map(([op, c]) => ({ op, ...c })).sort((a, b) => weight(b) - weight(a));
  return Object.freeze({ ...total, ops, estimated: true });
}

/** Bytes of one run. */
export interface MemoryAnalysis {
  readonly argumentBytes: number;
  readonly outputBytes: number;
  /** Outputs that take the memory of donated arguments. */
  readonly aliasBytes: number;
  readonly tempBytes: number;
  /** The most that is in use at one time, arguments and outputs included. */
  readonly peakBytes: number;
  /** False where the plugin says what it has planned. */
  readonly estimated: boolean;
}
const bytesOf = (type: Type): number => (type.dtype === "token" ? 0 : byteLength(type as ConcreteType));

/** Live values of an unfused run that frees each after its last use. */
export function memoryOf(program: Program): MemoryAnalysis {
  const main = mainOf(program);
  const types = new Map<ValueId, Type>();
  for (const p of main.params) types.set(p.id, p.type);
  const { peak } = peakOf({ ...main, results: main.results.map((r) => r.value) }, types);
  const sum = (list: readonly Type[]): number => list.reduce((n, t) => n + bytesOf(t), 0);
  const argumentBytes = sum(main.params.map((p) => p.type));
  const outputBytes = sum(main.results.map((r) => types.get(r.value) as Type));
  const aliasBytes = sum(main.params.filter((p) => p.donate !== undefined).map((p) => p.type));
  const most = Math.max(peak, outputBytes) - aliasBytes;
  return Object.freeze({
    argumentBytes,
    outputBytes,
    aliasBytes,
    tempBytes: Math.max(0, most - (outputBytes - aliasBytes)),
    peakBytes: argumentBytes + Math.max(most, 0),
    estimated: true,
  });
}
/** The most bytes that the values made in a block hold at one time. */
function peakOf(block: Block, types: Map<ValueId, Type>): { readonly peak: number } {
  const lastUse = new Map<ValueId, number>();
  block.ops.forEach((op, i) => {
    for (const id of idsIn([op], new Set())) lastUse.set(id, i);
  });
  for (const id of block.results) lastUse.set(id, Infinity);
  let live = 0;
  let peak = 0;
  const made: { readonly id: ValueId; readonly bytes: number }[][] = [];
  block.ops.forEach((op, i) => {
    const inner = Math.max(
      0,
      ...(op.regions ?? []).map((r) => {
        for (const p of r.params) types.set(p.id, p.type);
        return peakOf(r, types).peak;
      }),
    );
    for (const r of op.results) {
      types.set(r.id, r.type);
      const bytes = bytesOf(r.type);
      live += bytes;
      const until = lastUse.get(r.id) ?? i;
      if (Number.isFinite(until)) (made[until] ??= []).push({ id: r.id, bytes });
    }
    peak = Math.max(peak, live + inner);
    for (const v of made[i] ?? []) live -= v.bytes;
  });
  return { peak };
}
