// Reductions in registers: one accumulator a part, or along a row one vector a unit, combined at the end in a fixed
// order, so that the result is a function of the extents alone.
import { identityOf, type Compute, type KResult, type Monoid, type ValueId } from "tenon-plugin-kit";
import { VALUE_TYPE, extractLane, type Lanes } from "./access.ts";
import { V128, get, set, type Code } from "./assembler.ts";
import type { Nest } from "./nest.ts";
import { apply, combine, constantRep, scalarRep, vectorsOf, type Rep } from "./values.ts";

type Reduce = Extract<KResult, { to: "reduce" }>;

/** How the accumulators of a stage are laid out. */
export interface FoldSpec {
  /** More than 1: the reduction's innermost axis runs in lanes. */
  readonly rowLanes: Lanes;
  readonly units: number;
  /** Are partial sums moved to a second accumulator now and then, so that rounding errors grow more slowly? */
  readonly isBlocked: boolean;
}

/** The accumulators of one reduction. */
export class Fold {
  /** Final values, by part: set by `finish`. */
  readonly results: readonly Rep[];
  private readonly nest: Nest;
  private readonly reduce: Reduce;
  private readonly spec: FoldSpec;
  /** Along a row: partial results of the lanes, one vector a unit. */
  private readonly rows: Rep | null = null;
  /** Sum of the blocks before and what its additions lost, in the shape of `rows`, else of the result. */
  private readonly blocks: readonly [sum: Rep, lost: Rep] | null = null;

  /** Takes locals in the current block of code. */
  constructor(nest: Nest, reduce: Reduce, dtypes: readonly Compute[], spec: FoldSpec) {
    this.nest = nest;
    this.reduce = reduce;
    this.spec = spec;
    const { f, lanes } = nest;
    const level = nest.innermost;
    const dtype = dtypes[0] as Compute;
    const vectors = (n: number): number[] => Array.from({ length: n }, () => f.local(V128));
    const result = (d: Compute): Rep =>
      lanes === 1
        ? scalarRep(d, f.local(VALUE_TYPE[d]), level)
        : { dtype: d, isVector: true, locals: vectors(nest.units), level };
    const row = (): Rep => ({ dtype, isVector: true, locals: vectors(spec.units), level });
    this.results = dtypes.map(result);
    if (spec.rowLanes > 1) this.rows = row();
    const block = this.rows === null ? (): Rep => result(dtype) : row;
    if (spec.isBlocked && isRounded(reduce, dtype)) this.blocks = [block(), block()];
  }
  /** Sets the accumulators to the initial values. */
  start(value: (id: ValueId) => Rep): void {
    const { nest, rows, blocks, results } = this;
    const init = this.reduce.init.map(value);
    if (blocks === null || rows !== null) assign(nest, results, init);
    else {
      assign(nest, [blocks[0]], init);
      this.clear(results[0] as Rep);
    }
    if (rows !== null) this.clear(rows);
    if (rows !== null && blocks !== null) this.clear(blocks[0]);
    if (blocks !== null) this.clear(blocks[1]);
  }
  private clear(acc: Rep): void {
    const { nest } = this;
    const { monoid } = this.reduce.combine as { monoid: Monoid };
    // −0 is the identity of a float sum: 0 would turn a sum of −0 into 0.
    const isFloat = acc.dtype === "f32" || acc.dtype === "f64";
    const neutral = monoid === "add" && isFloat ? -0 : identityOf(monoid, acc.dtype);
    this.inRow(acc.locals.length, () => assign(nest, [acc], [constantRep(nest.f, acc.dtype, neutral)]));
  }
  /** Runs `body` in the lanes of the row, if the reduction runs along one. */
  private inRow(units: number, body: () => void): void {
    const { nest, spec } = this;
    if (this.rows === null) body();
    else nest.withLanes(nest.laneAxis, spec.rowLanes, units, body);
  }
  /** The sum with what was lost; an infinite sum has lost nothing that means anything. */
  private corrected([sum, lost]: readonly [Rep, Rep]): Rep {
    const { nest } = this;
    const level = nest.innermost;
    const isFinite = apply(nest, "is_finite", "bool", [sum], level);
    const rest = apply(
      nest,
      "select",
      sum.dtype,
      [isFinite, lost, constantRep(nest.f, sum.dtype, -0)],
      level,
    );
    return this.join(sum, rest);
  }
  private join(left: Rep, right: Rep): Rep {
    return combine(this.nest, this.reduce.combine, [left], [right])[0] as Rep;
  }
  /** Folds the values of one iteration in. */
  step(values: readonly Rep[]): void {
    const { nest, rows, results } = this;
    const isRow = rows !== null && nest.lanes > 1;
    const into = isRow ? [{ ...rows, locals: rows.locals.slice(0, nest.units) }] : results;
    assign(nest, into, combine(nest, this.reduce.combine, into, values));
  }
  /** Ends a block: moves what was summed since the last one, keeping what the addition loses (Knuth's two-sum). */
  flush(): void {
    const { nest, blocks } = this;
    if (blocks === null) return;
    const acc = this.rows ?? (this.results[0] as Rep);
    const [sum, lost] = blocks;
    this.inRow(acc.locals.length, () => {
      const op = (name: "add" | "sub", x: Rep, y: Rep): Rep =>
        apply(nest, name, acc.dtype, [x, y], nest.innermost);
      const next = op("add", sum, acc);
      const added = op("sub", next, sum);
      const error = op("add", op("sub", sum, op("sub", next, added)), op("sub", acc, added));
      assign(nest, [sum, lost], [next, op("add", lost, error)]);
    });
    this.clear(acc);
  }
  /** Combines blocks, and the lanes of a row. */
  finish(): void {
    const { nest, blocks, results } = this;
    const { rowLanes } = this.spec;
    const acc = this.rows ?? (results[0] as Rep);
    if (blocks !== null) {
      this.flush();
      this.inRow(acc.locals.length, () => assign(nest, [acc], [this.corrected(blocks)]));
    }
    if (this.rows === null) return;
    const units = this.rows.locals.map((local): Rep => ({ ...acc, locals: [local] }));
    let total = units[0] as Rep;
    this.inRow(1, () => {
      total = tree(units, (x, y) => this.join(x, y));
    });
    const lanes = Array.from({ length: rowLanes }, (_, l) => {
      const local = extractLane(nest.f, acc.dtype, rowLanes, total.locals[0] as number, l);
      return scalarRep(acc.dtype, local, nest.innermost);
    });
    const sum = tree(lanes, (x, y) => this.join(x, y));
    assign(nest, results, combine(nest, this.reduce.combine, results, [sum]));
  }
}
/** Is it a sum of floats? */
const isRounded = (reduce: Reduce, dtype: Compute): boolean =>
  "monoid" in reduce.combine && reduce.combine.monoid === "add" && (dtype === "f32" || dtype === "f64");

/** Pairs the halves until one is left: ((0, 2), (1, 3)). */
function tree<T>(items: readonly T[], join: (x: T, y: T) => T): T {
  if (items.length === 1) return items[0] as T;
  const half = items.length / 2;
  const joined = items.slice(0, half).map((x, i) => join(x, items[i + half] as T));
  return tree(joined, join);
}
/** Sets all of `to` at once: a value may be one of the locals that are being set. */
function assign(nest: Nest, to: readonly Rep[], values: readonly Rep[]): void {
  const reads: Code[] = [];
  const writes: Code[] = [];
  to.forEach((target, i) => {
    const value = values[i] as Rep;
    const from = target.isVector ? vectorsOf(nest, value) : value.locals;
    target.locals.forEach((local, u) => {
      reads.push(get(from[u] as number));
      writes.unshift(set(local));
    });
  });
  nest.f.emit([reads, writes]);
}
