// A stable merge sort of rows of any number of operands, with the comparator inlined. It sorts positions (32 bits
// each), bottom up from runs of one, between two halves of the workspace; the elements move once, at the end.
import { STORAGE, type KValue, type Region, type Sort, type Storage } from "tenon-plugin-kit";
import { loadScalar, type Address } from "../codegen/access.ts";
import {
  I32, add, and, block, brIf, get, i32c, i32load, i32store, ifThen, loop, ltS, mul, select, set, shl, sub, tee,
  type Code, type Fn,
} from "../codegen/assembler.ts"; // prettier-ignore
import { Emitter } from "../codegen/emitter.ts";
import { constantBits } from "../codegen/values.ts";
import { CONST_KIND } from "../codegen/access.ts";
import { emitScalar } from "../math/ops.ts";

/** The constant words of the argument block, after the addresses and the workspace. */
export const sortWords = (sort: Sort): readonly number[] => [sort.n, sort.inner];
/** Two arrays of positions. */
export const sortWorkspaceBytes = (sort: Sort): number => 8 * sort.n;

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
  const other = f.value(I32, add(get(work), shl(get(n), i32c(2))));
  const outer = f.value(I32, get(1));
  const column = f.local(I32);
  const base = f.local(I32);
  const rows = f.scoped(() => {
    const columns = f.scoped(() => {
      f.emit(set(base, add(mul(mul(get(outer), get(n)), get(inner)), get(column))));
      const sorted = sortPositions(f, sort, { from, base, inner, n, work, other });
      moveElements(f, dtypes, { from, to, base, inner, n, sorted });
    });
    f.emit(count(column, get(inner), columns));
  });
  f.emit(block([brIf(0, [get(outer), get(2), 0x4e]), loop([rows, step(outer, get(2))])]));
  return f.finish();
}
const step = (i: number, limit: Code): Code => brIf(0, ltS(tee(i, add(get(i), i32c(1))), limit));
/** for (i = 0; i < limit; i++) body */
const count = (i: number, limit: Code, body: Code): Code => [
  set(i, i32c(0)),
  block([brIf(0, [get(i), limit, 0x4e]), loop([body, step(i, limit)])]),
];

interface Row {
  readonly from: readonly number[];
  readonly base: number;
  readonly inner: number;
  readonly n: number;
}
/** Address of the element at a position of the row. */
function elementAt(pointer: number, storage: Storage, row: Row, position: Code): Address {
  const { bytes } = STORAGE[storage];
  const index = add(get(row.base), mul(position, get(row.inner)));
  return { base: add(get(pointer), mul(index, i32c(bytes))), offset: 0 };
}

/** Fills the workspace with the sorted positions; returns the local that points to them. */
function sortPositions(f: Emitter, sort: Pick<Sort, "dtypes" | "comparator">, row: Row & { work: number; other: number }): number {
  const { n } = row;
  const [source, target] = [f.value(I32, get(row.work)), f.value(I32, get(row.other))];
  const i = f.local(I32);
  const place = (pointer: number, at: Code): Code => add(get(pointer), shl(at, i32c(2)));
  f.emit(count(i, get(n), i32store(place(source, get(i)), get(i))));
  const width = f.value(I32, i32c(1));
  const pass = f.scoped(() => {
    const start = f.value(I32, i32c(0));
    const merge = f.scoped(() => mergeRuns(f, sort, row, { source, target, start, width }));
    f.emit(block([brIf(0, [get(start), get(n), 0x4e]), loop([merge, brIf(0, ltS(get(start), get(n)))])]));
    const swap = f.value(I32, get(source));
    f.emit([set(source, get(target)), set(target, get(swap)), set(width, shl(get(width), i32c(1)))]);
  });
  f.emit(block([brIf(0, [get(width), get(n), 0x4e]), loop([pass, brIf(0, ltS(get(width), get(n)))])]));
  return source;
} // prettier-ignore

/** Merges the runs [start, start + width) and [start + width, start + 2 width); start moves behind them. */
function mergeRuns(f: Emitter, sort: Pick<Sort, "dtypes" | "comparator">, row: Row, run: { source: number; target: number; start: number; width: number }): void {
  const { source, target, start, width } = run;
  const limited = (x: Code): number => {
    const end = f.value(I32, x);
    return f.value(I32, select(ltS(get(end), get(row.n)), get(end), get(row.n)));
  };
  const middle = limited(add(get(start), get(width)));
  const end = limited(add(get(middle), get(width)));
  const [left, right, out] = [f.value(I32, get(start)), f.value(I32, get(middle)), f.value(I32, get(start))];
  const position = (i: number): Code => i32load(add(get(source), shl(get(i), i32c(2))));
  const [l, r] = [f.value(I32, i32c(0)), f.value(I32, i32c(0))];
  const body = f.scoped(() => {
    const takeRight = f.value(I32, i32c(0));
    const compare = f.scoped(() => {
      f.emit([set(l, position(left)), set(r, position(right))]);
      f.emit(set(takeRight, get(isBefore(f, sort, row, r, l))));
    });
    // The left run goes first unless the right element is before it: equal elements keep their order.
    const hasLeft = ltS(get(left), get(middle));
    const hasRight = ltS(get(right), get(end));
    f.emit(ifThen(and(hasLeft, hasRight), compare, [
      ifThen(hasLeft, set(l, position(left)), [set(r, position(right)), set(takeRight, i32c(1))]),
    ])); // prettier-ignore
    f.emit(i32store(add(get(target), shl(get(out), i32c(2))), select(get(takeRight), get(r), get(l))));
    f.emit([set(right, add(get(right), get(takeRight))), set(left, add(get(left), sub(i32c(1), get(takeRight))))]);
  });
  f.emit(loop([body, step(out, get(end))]));
  f.emit(set(start, get(end)));
} // prettier-ignore

/** Local of: is the element at position x before the one at y? */
function isBefore(
  f: Emitter,
  sort: Pick<Sort, "dtypes" | "comparator">,
  row: Row,
  x: number,
  y: number,
): number {
  const loaded = new Map<number, number>();
  const argument = (index: number): number => {
    let local = loaded.get(index);
    if (local === undefined) {
      const operand = index % sort.dtypes.length;
      const storage = sort.dtypes[operand] as Storage;
      const position = index < sort.dtypes.length ? x : y;
      local = loadScalar(f, storage, elementAt(row.from[operand] as number, storage, row, get(position)));
      loaded.set(index, local);
    }
    return local;
  };
  return scalarRegion(f, sort.comparator, argument)[0] as number;
}
/** The results of a region on scalars. */
function scalarRegion(f: Emitter, region: Region, argument: (index: number) => number): number[] {
  const locals: number[] = [];
  region.body.forEach((v: KValue) => {
    if (v.op === "const") locals.push(f.constant(CONST_KIND[v.dtype], constantBits(v.dtype, v.value)));
    else if (v.op === "arg") locals.push(argument(v.index));
    else if ("args" in v) {
      const types = v.args.map((a) => (region.body[a] as KValue).dtype);
      locals.push(emitScalar(f, v.op, v.dtype, types, v.args.map((a) => locals[a] as number))); // prettier-ignore
    } else throw new Error(`internal: ${v.op} in a region`);
  });
  return region.results.map((r) => locals[r] as number);
}

const RAW: { readonly [bytes: number]: readonly [load: number, store: number] } = {
  1: [0x2d, 0x3a],
  2: [0x2f, 0x3b],
  4: [0x28, 0x36],
  8: [0x29, 0x37],
};
/** to[k] := from[sorted[k]], for every operand. */
function moveElements(f: Emitter, dtypes: readonly Storage[], row: Row & { to: readonly number[]; sorted: number }): void {
  const k = f.local(I32);
  const body = f.scoped(() => {
    const position = f.value(I32, i32load(add(get(row.sorted), shl(get(k), i32c(2)))));
    dtypes.forEach((storage, i) => {
      const { bytes } = STORAGE[storage];
      const [load, store] = RAW[bytes] as readonly [number, number];
      const source = elementAt(row.from[i] as number, storage, row, get(position));
      const target = elementAt(row.to[i] as number, storage, row, get(k));
      f.emit([target.base, source.base, load, 0, 0, store, 0, 0]);
    });
  });
  f.emit(count(k, get(row.n), body));
} // prettier-ignore
