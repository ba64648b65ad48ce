// A stable sort of rows of any number of operands by any comparator. The columns of the comparator (sort-columns.ts) are
// evaluated once per element; positions are sorted by them; the elements move once, at the end. Long rows with one
// integer column are sorted by digits (sort-digits.ts), others by merging, bottom up from runs of one.
import { STORAGE, type Compute, type KValue, type Sort, type Storage } from "tenon-plugin-kit";
import { CONST_KIND, VALUE_TYPE, loadScalar, type Address } from "../codegen/access.ts";
import {
  I32,
  add,
  and,
  block,
  brIf,
  forLoop,
  geS,
  get,
  i32c,
  i32load,
  i32store,
  ifThen,
  loop,
  ltS,
  mul,
  select,
  set,
  shl,
  sub,
  tee,
  type Code,
  type Fn,
} from "../codegen/assembler.ts";
import { Emitter } from "../codegen/emitter.ts";
import { constantBits } from "../codegen/rep.ts";
import { emitScalar } from "../math/ops.ts";
import { cutComparator, type Columns } from "./sort-columns.ts";
import { HISTOGRAM_BYTES, sortByDigits } from "./sort-digits.ts";

/** The constant words of the argument block, after the addresses and the workspace. */
export const sortWords = (sort: Sort): readonly number[] => [sort.n, sort.inner];

const columnBytes = (dtype: Compute): number => (dtype === "bool" ? 4 : STORAGE[dtype].bytes);
/** Columns, positions twice; for sorting by digits also keys a second time, and histograms. */
export function sortWorkspaceBytes(sort: Sort): number {
  const { columns, digits } = cutComparator(sort.comparator, sort.dtypes.length);
  const element = columns.reduce((n, c) => n + columnBytes(c.dtype), 8);
  return sort.n * (element + (digits === null ? 0 : 4)) + (digits === null ? 0 : HISTOGRAM_BYTES);
}
/** Rows at least this long are sorted by digits where that can be: the histograms have 6,144 entries. */
const LONG = 600;

/** (args, begin, end): sorts the outer rows begin … end − 1. args: from…, to…, workspace, n, inner. */
export function sortFunction(sort: Pick<Sort, "dtypes" | "comparator">, relaxed: boolean): Fn {
  const f = new Emitter([I32, I32, I32], relaxed);
  const { dtypes } = sort;
  const word = (i: number): number => f.value(I32, i32load(get(0), 4 * i));
  const from = dtypes.map((_, i) => word(i));
  const to = dtypes.map((_, i) => word(dtypes.length + i));
  const work = word(2 * dtypes.length);
  const n = word(2 * dtypes.length + 1);
  const inner = word(2 * dtypes.length + 2);
  const s = new RowSorter(f, sort, { from, to, n, inner, base: f.local(I32) }, work);
  const outer = f.value(I32, get(1));
  const column = f.local(I32);
  const row = f.scoped(() => {
    f.emit(set(s.row.base, add(mul(mul(get(outer), get(n)), get(inner)), get(column))));
    s.write();
  });
  f.emit(
    block([
      brIf(0, geS(get(outer), get(2))),
      loop([forLoop(column, i32c(0), get(inner), 1, row), step(outer, get(2))]),
    ]),
  );
  return f.finish();
}

/** i++ and again while below the limit. */
const step = (i: number, limit: Code): Code => brIf(0, ltS(tee(i, add(get(i), i32c(1))), limit));
/** Locals of one row: addresses of the operands, its length, the distance of its elements, the first one's number. */
interface Row {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly n: number;
  readonly inner: number;
  readonly base: number;
}

const RAW: { readonly [bytes: number]: readonly [load: number, store: number] } = {
  1: [0x2d, 0x3a],
  2: [0x2f, 0x3b],
  4: [0x28, 0x36],
  8: [0x29, 0x37],
};
const FLOAT: { readonly [C in Compute]?: readonly [load: number, store: number] } = {
  f32: [0x2a, 0x38],
  f64: [0x2b, 0x39],
};

class RowSorter {
  readonly row: Row;
  private readonly f: Emitter;
  private readonly dtypes: readonly Storage[];
  private readonly body: readonly KValue[];
  private readonly result: number;
  private readonly cut: Columns;
  /** Locals: address of each column; of two arrays of positions; of what is behind them. */
  private readonly columns: readonly number[];
  private readonly positions: readonly [number, number];
  private readonly rest: number;

  constructor(f: Emitter, sort: Pick<Sort, "dtypes" | "comparator">, row: Row, work: number) {
    this.f = f;
    this.row = row;
    this.dtypes = sort.dtypes;
    this.body = sort.comparator.body;
    this.result = sort.comparator.results[0] as number;
    this.cut = cutComparator(sort.comparator, sort.dtypes.length);
    let end = work;
    const take = (bytes: number): number => {
      const start = end;
      end = f.value(I32, add(get(start), mul(get(row.n), i32c(bytes))));
      return start;
    };
    this.columns = this.cut.columns.map((c) => take(columnBytes(c.dtype)));
    this.positions = [take(4), take(4)];
    this.rest = end;
  }
  /** Code for one row. */
  write(): void {
    const { f, cut, row, positions, rest } = this;
    this.fillColumns();
    const sorted = f.value(I32, get(positions[0]));
    if (cut.digits === null) this.merge(sorted);
    else {
      const long = f.scoped(() =>
        sortByDigits(f, {
          n: row.n,
          keys: [this.columns[0] as number, rest],
          positions,
          sorted,
          ...cut.digits!,
        }),
      );
      const short = f.scoped(() => this.merge(sorted));
      f.emit(ifThen(geS(get(row.n), i32c(LONG)), long, short));
    }
    this.moveElements(sorted);
  }

  /** Address of the element at a position of the row. */
  private elementAt(pointer: number, storage: Storage, position: Code): Address {
    const index = add(get(this.row.base), mul(position, get(this.row.inner)));
    return { base: add(get(pointer), mul(index, i32c(STORAGE[storage].bytes))), offset: 0 };
  }
  private columnAt(c: number, position: Code): Code {
    const { dtype } = this.cut.columns[c] as Columns["columns"][number];
    return add(get(this.columns[c] as number), mul(position, i32c(columnBytes(dtype))));
  }
  private columnOps(c: number): readonly [load: number, store: number] {
    const { dtype } = this.cut.columns[c] as Columns["columns"][number];
    return FLOAT[dtype] ?? (RAW[columnBytes(dtype)] as readonly [number, number]);
  }

  /** Local of a value of the comparator; `known` gives those it starts from. */
  private evaluate(id: number, known: (id: number) => number | undefined, memo: Map<number, number>): number {
    let local = memo.get(id) ?? known(id);
    if (local === undefined) {
      const v = this.body[id] as KValue;
      if (v.op === "const") local = this.f.constant(CONST_KIND[v.dtype], constantBits(v.dtype, v.value));
      else if (!("args" in v)) throw new Error(`internal: ${v.op} in a comparator`);
      else {
        const types = v.args.map((a) => (this.body[a] as KValue).dtype);
        const args = v.args.map((a) => this.evaluate(a, known, memo));
        local = emitScalar(this.f, v.op, v.dtype, types, args);
      }
    }
    memo.set(id, local);
    return local;
  }

  /** Evaluates the columns of every element, and numbers the positions. */
  private fillColumns(): void {
    const { f, dtypes, row, cut } = this;
    const k = f.local(I32);
    const body = f.scoped(() => {
      const elements: number[] = [];
      const known = (id: number): number | undefined => {
        const v = this.body[id] as KValue;
        if (v.op !== "arg") return undefined;
        const operand = v.index % dtypes.length;
        const storage = dtypes[operand] as Storage;
        return (elements[operand] ??= loadScalar(
          f,
          storage,
          this.elementAt(row.from[operand] as number, storage, get(k)),
        ));
      };
      const memo = new Map<number, number>();
      cut.columns.forEach(({ value }, c) => {
        const local = this.evaluate(value, known, memo);
        f.emit([this.columnAt(c, get(k)), get(local), this.columnOps(c)[1], 0, 0]);
      });
      f.emit(i32store(add(get(this.positions[0]), shl(get(k), i32c(2))), get(k)));
    });
    f.emit(forLoop(k, i32c(0), get(row.n), 1, body));
  }

  /** Local of: is the element at position x before the one at y? */
  private isBefore(x: number, y: number): number {
    const known = (id: number): number | undefined => {
      const at = this.cut.cut.get(id);
      if (at === undefined) return undefined;
      const { dtype } = this.cut.columns[at.column] as Columns["columns"][number];
      const address = this.columnAt(at.column, get(at.side === "left" ? x : y));
      return this.f.value(VALUE_TYPE[dtype], [address, this.columnOps(at.column)[0], 0, 0]);
    };
    return this.evaluate(this.result, known, new Map());
  }

  /** Sorts the positions by merging; `sorted` ends as the address of the array that holds them. */
  private merge(sorted: number): void {
    const { f, positions } = this;
    const { n } = this.row;
    const target = f.value(I32, get(positions[1]));
    const width = f.value(I32, i32c(1));
    const pass = f.scoped(() => {
      const start = f.value(I32, i32c(0));
      const merge = f.scoped(() => this.mergeRuns(sorted, target, start, width));
      f.emit(loop([merge, brIf(0, ltS(get(start), get(n)))]));
      const swap = f.value(I32, get(sorted));
      f.emit([set(sorted, get(target)), set(target, get(swap)), set(width, shl(get(width), i32c(1)))]);
    });
    f.emit(block([brIf(0, geS(get(width), get(n))), loop([pass, brIf(0, ltS(get(width), get(n)))])]));
  }
  /** Merges the runs [start, start + width) and [start + width, start + 2 width); start moves behind them. */
  private mergeRuns(source: number, target: number, start: number, width: number): void {
    const { f } = this;
    const limited = (x: Code): number => {
      const end = f.value(I32, x);
      return f.value(I32, select(ltS(get(end), get(this.row.n)), get(end), get(this.row.n)));
    };
    const middle = limited(add(get(start), get(width)));
    const end = limited(add(get(middle), get(width)));
    const [left, right, out] = [
      f.value(I32, get(start)),
      f.value(I32, get(middle)),
      f.value(I32, get(start)),
    ];
    const place = (pointer: number, i: number): Code => add(get(pointer), shl(get(i), i32c(2)));
    const [l, r] = [f.value(I32, i32c(0)), f.value(I32, i32c(0))];
    const body = f.scoped(() => {
      const takeRight = f.value(I32, i32c(0));
      const compare = f.scoped(() => {
        f.emit([set(l, i32load(place(source, left))), set(r, i32load(place(source, right)))]);
        f.emit(set(takeRight, get(this.isBefore(r, l))));
      });
      // The left run goes first unless the right element is before it: equal elements keep their order.
      const hasLeft = ltS(get(left), get(middle));
      const takeRest = ifThen(hasLeft, set(l, i32load(place(source, left))), [
        set(r, i32load(place(source, right))),
        set(takeRight, i32c(1)),
      ]);
      f.emit(ifThen(and(hasLeft, ltS(get(right), get(end))), compare, takeRest));
      f.emit(i32store(place(target, out), select(get(takeRight), get(r), get(l))));
      f.emit([
        set(right, add(get(right), get(takeRight))),
        set(left, add(get(left), sub(i32c(1), get(takeRight)))),
      ]);
    });
    f.emit(loop([body, step(out, get(end))]));
    f.emit(set(start, get(end)));
  }

  /** to[k] := from[sorted[k]], for every operand. */
  private moveElements(sorted: number): void {
    const { f, row } = this;
    const k = f.local(I32);
    const body = f.scoped(() => {
      const position = f.value(I32, i32load(add(get(sorted), shl(get(k), i32c(2)))));
      this.dtypes.forEach((storage, i) => {
        const [load, store] = RAW[STORAGE[storage].bytes] as readonly [number, number];
        const source = this.elementAt(row.from[i] as number, storage, get(position));
        const target = this.elementAt(row.to[i] as number, storage, get(k));
        f.emit([target.base, source.base, load, 0, 0, store, 0, 0]);
      });
    });
    f.emit(forLoop(k, i32c(0), get(row.n), 1, body));
  }
}
