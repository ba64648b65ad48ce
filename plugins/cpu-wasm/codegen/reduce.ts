// Reductions in registers: one accumulator a part, or along a row one vector a unit, combined at the end in a fixed
// order, so that the result is a function of the extents alone.
import { identityOf, type Compute, type KResult, type Monoid, type ValueId } from "tenon-plugin-kit";
import { VALUE_TYPE, extractLane, type Lanes } from "./access.ts";
import { V128, get, set, type Code } from "./assembler.ts";
import type { Nest } from "./nest.ts";
import { combine, constantRep, scalarRep, vectorsOf, type Rep } from "./values.ts";

type Reduce = Extract<KResult, { to: "reduce" }>;

/** The accumulators of one reduction. */
export class Fold {
  /** Final values, by part: set by `finish`. */
  readonly results: readonly Rep[];
  private readonly nest: Nest;
  private readonly reduce: Reduce;
  /** Along a row: partial results of the lanes, one vector a unit. */
  private readonly rows: Rep | null = null;
  private readonly rowLanes: Lanes;

  /** Takes locals in the current block. `rowLanes` > 1: the reduction's innermost axis runs in lanes. */
  constructor(nest: Nest, reduce: Reduce, dtypes: readonly Compute[], rowLanes: Lanes, units: number) {
    this.nest = nest;
    this.reduce = reduce;
    this.rowLanes = rowLanes;
    const { f, lanes } = nest;
    const level = nest.innermost;
    const vectors = (n: number): number[] => Array.from({ length: n }, () => f.local(V128));
    this.results = dtypes.map((dtype) =>
      lanes === 1
        ? scalarRep(dtype, f.local(VALUE_TYPE[dtype]), level)
        : { dtype, isVector: true, locals: vectors(nest.units), level },
    );
    if (rowLanes > 1)
      this.rows = { dtype: dtypes[0] as Compute, isVector: true, locals: vectors(units), level };
  }
  /** Sets the accumulators to the initial values. */
  start(value: (id: ValueId) => Rep): void {
    const { nest, rows } = this;
    this.results.forEach((acc, i) => assign(nest, [acc], [value(this.reduce.init[i] as ValueId)]));
    if (rows === null) return;
    const { monoid } = this.reduce.combine as { monoid: Monoid };
    // −0 is the identity of a float sum: 0 would turn a sum of −0 into 0.
    const isFloat = rows.dtype === "f32" || rows.dtype === "f64";
    const neutral = constantRep(
      nest.f,
      rows.dtype,
      monoid === "add" && isFloat ? -0 : identityOf(monoid, rows.dtype),
    );
    nest.withLanes(nest.laneAxis, this.rowLanes, rows.locals.length, () => assign(nest, [rows], [neutral]));
  }
  /** Folds the values of one iteration in. */
  step(values: readonly Rep[]): void {
    const { nest, rows, results } = this;
    const isRow = rows !== null && nest.lanes > 1;
    const into = isRow ? [{ ...rows, locals: rows.locals.slice(0, nest.units) }] : results;
    assign(nest, into, combine(nest, this.reduce.combine, into, values));
  }
  /** Combines the lanes of a row. */
  finish(): void {
    const { nest, rows, rowLanes, results } = this;
    if (rows === null) return;
    const how = this.reduce.combine;
    const one = (local: number): Rep => ({ ...rows, locals: [local] });
    let total: Rep | undefined;
    nest.withLanes(nest.laneAxis, rowLanes, 1, () => {
      total = tree(rows.locals.map(one), (x, y) => combine(nest, how, [x], [y])[0] as Rep);
    });
    const lanes = Array.from(
      { length: rowLanes },
      (_, l) =>
      scalarRep(rows.dtype, extractLane(nest.f, rows.dtype, rowLanes, (total as Rep).locals[0] as number, l), nest.innermost), // prettier-ignore
    );
    const sum = tree(lanes, (x, y) => combine(nest, how, [x], [y])[0] as Rep);
    assign(nest, results, combine(nest, how, results, [sum]));
  }
}

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
