// Reductions in registers: one accumulator a part, or along a row one vector a unit, combined at the end in a fixed
// order, so that the result is a function of the extents alone.
import { identityOf, type Compute, type KResult, type Monoid, type ValueId } from "tenon-plugin-kit";
import { VALUE_TYPE, extractLane, type Lanes } from "./access.ts";
import { V128, get, set, type Code } from "./assembler.ts";
import type { Nest } from "./nest.ts";
import { apply, combine, constantRep, scalarRep, vectorsOf, type Rep } from "./rep.ts";

type Reduce = Extract<KResult, { to: "reduce" }>;

/** How the accumulators of a stage are laid out. */
export interface FoldSpec {
  /** More than 1: the reduction's innermost axis runs in lanes. */
  readonly rowLanes: Lanes;
  readonly units: number;
  /** Are partial sums moved to a second accumulator now and then, so that rounding errors grow more slowly? */
  readonly isBlocked: boolean;
}

/** Where partial results gather; of a sum in blocks, also the sum of the blocks before and what its additions lost. */
interface Accumulator {
  readonly now: Rep;
  readonly blocks: readonly [sum: Rep, lost: Rep] | null;
}

/** The accumulators of one reduction. */
export class Fold {
  /** Final values, by part: set by `finish`. */
  readonly results: readonly Rep[];
  private readonly nest: Nest;
  private readonly reduce: Reduce;
  private readonly spec: FoldSpec;
  /** Of all that is not in `row`; its `now` is the first result. */
  private readonly rest: Accumulator;
  /** Along a row: of its lanes, one vector a unit. */
  private readonly row: Accumulator | null;

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
    const inRow = (): Rep => ({ dtype, isVector: true, locals: vectors(spec.units), level });
    const isBlocked = spec.isBlocked && isRounded(reduce, dtype);
    const blocks = (make: () => Rep): Accumulator["blocks"] => (isBlocked ? [make(), make()] : null);
    this.results = dtypes.map(result);
    this.rest = { now: this.results[0] as Rep, blocks: blocks(() => result(dtype)) };
    this.row = spec.rowLanes > 1 ? { now: inRow(), blocks: blocks(inRow) } : null;
  }
  private accumulators(): Accumulator[] {
    return this.row === null ? [this.rest] : [this.row, this.rest];
  }
  /** Sets the accumulators to the initial values. */
  start(value: (id: ValueId) => Rep): void {
    const { nest, results, rest } = this;
    for (const acc of this.accumulators())
      if (acc !== rest || acc.blocks !== null)
        for (const rep of [acc.now, ...(acc.blocks ?? [])]) this.clear(rep);
    const init = this.reduce.init.map(value);
    assign(nest, rest.blocks === null ? results : [rest.blocks[0]], init);
  }
  private clear(rep: Rep): void {
    const { nest } = this;
    const { monoid } = this.reduce.combine as { monoid: Monoid };
    // −0 is the identity of a float sum: 0 would turn a sum of −0 into 0.
    const isFloat = rep.dtype === "f32" || rep.dtype === "f64";
    const neutral = monoid === "add" && isFloat ? -0 : identityOf(monoid, rep.dtype);
    this.inLanes(rep, () => assign(nest, [rep], [constantRep(nest.f, rep.dtype, neutral)]));
  }
  /** Runs `body` in the lanes of the row, if the value belongs to one. */
  private inLanes(rep: Rep, body: () => void): void {
    const { nest, spec } = this;
    if (this.row === null || !rep.isVector) body();
    else nest.withLanes(nest.laneAxis, spec.rowLanes, rep.locals.length, body);
  }
  private join(left: Rep, right: Rep): Rep {
    return combine(this.nest, this.reduce.combine, [left], [right])[0] as Rep;
  }
  /** Folds the values of one iteration in. */
  step(values: readonly Rep[]): void {
    const { nest, row, results } = this;
    const isRow = row !== null && nest.lanes > 1;
    const into = isRow ? [{ ...row.now, locals: row.now.locals.slice(0, nest.units) }] : results;
    assign(nest, into, combine(nest, this.reduce.combine, into, values));
  }
  /** Ends a block: moves what was summed since the last one, keeping what the addition loses (Knuth's two-sum). */
  flush(): void {
    const { nest } = this;
    for (const { now, blocks } of this.accumulators()) {
      if (blocks === null) continue;
      const [sum, lost] = blocks;
      this.inLanes(now, () => {
        const op = (name: "add" | "sub", x: Rep, y: Rep): Rep =>
          apply(nest, name, now.dtype, [x, y], nest.innermost);
        const next = op("add", sum, now);
        const added = op("sub", next, sum);
        const error = op("add", op("sub", sum, op("sub", next, added)), op("sub", now, added));
        assign(nest, [sum, lost], [next, op("add", lost, error)]);
      });
      this.clear(now);
    }
  }
  /** Combines blocks, and the lanes of a row. */
  finish(): void {
    const { nest, row, results } = this;
    this.flush();
    for (const { now, blocks } of this.accumulators())
      if (blocks !== null) this.inLanes(now, () => assign(nest, [now], [this.corrected(blocks)]));
    if (row !== null)
      assign(nest, results, combine(nest, this.reduce.combine, results, [this.across(row.now)]));
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
  /** All lanes of all units in one scalar. */
  private across(row: Rep): Rep {
    const { nest } = this;
    const { rowLanes } = this.spec;
    const units = row.locals.map((local): Rep => ({ ...row, locals: [local] }));
    let total = units[0] as Rep;
    this.inLanes(total, () => {
      total = tree(units, (x, y) => this.join(x, y));
    });
    const lanes = Array.from({ length: rowLanes }, (_, l) => {
      const local = extractLane(nest.f, row.dtype, rowLanes, total.locals[0] as number, l);
      return scalarRep(row.dtype, local, nest.innermost);
    });
    return tree(lanes, (x, y) => this.join(x, y));
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
