// sort with any comparator: Batcher's bitonic network, whose stages are one Loop. All pairs of a stage are compared at once,
// by the comparator written on whole arrays. The position of an element decides among equals, so the order is stable.
import { sizeOfDims, type OpName } from "tenon-plugin-api";
import { axesOf, fixed } from "../graph.ts";
import type { Val } from "../writer.ts";
import { regionOf, type Row } from "./row.ts";

/** Block length k and distance j of every stage (Knuth, TAOCP 3, §5.2.2). */
function stages(n: number): { readonly blocks: number[]; readonly distances: number[] } {
  const [blocks, distances]: [number[], number[]] = [[], []];
  for (let k = 2; k <= n; k *= 2)
    for (let j = k / 2; j >= 1; j /= 2) {
      blocks.push(k);
      distances.push(j);
    }
  return { blocks, distances };
}

const sort: Row<"sort"> = (op, xs, run) => {
  const { g } = run;
  const first = xs[0] as Val;
  const { dimension } = op.attrs;
  const axis = dimension < 0 ? dimension + first.shape.length : dimension;
  const n = fixed(first, "sort")[axis] as number;
  if (n <= 1 || sizeOfDims(first.shape) === 0) return xs;
  const last = first.shape.length - 1;
  const perm = [...axesOf(first).filter((d) => d !== axis), axis];
  const size = 2 ** Math.ceil(Math.log2(n));
  const extra = axesOf(first).map((d) => (d === last ? size - n : 0));
  const none = extra.map(() => 0);
  const padded = xs.map((x) => g.pad(g.transpose(x, perm), none, extra, g.zeros(x.dtype, [])));
  const { shape } = padded[0] as Val;
  const here = g.range(size);
  const { blocks, distances } = stages(size);
  const int = (v: number): Val => g.scalar("i64", v);

  // Only positions move; the elements at them are gathered for each comparison.
  const elementsAt = (position: Val): Val[] =>
    padded.map((x) => g.writer.one("GatherElements", [x, position], x, { axis: last }));
  const [order] = g.loop("sort", int(blocks.length), g.true, [g.expand(here, shape)], (i, [position]) => {
    const [block, distance] = [blocks, distances].map((list) => g.gather(g.writer.ints(list), i, 0)) as [
      Val,
      Val,
    ];
    const partner = g.op("BitwiseXor", [here, distance]);
    const rises = g.equal(g.op("BitwiseAnd", [here, block]), int(0));
    const takesLess = g.equal(g.less(here, partner), rises);
    const mine = position as Val;
    const other = g.gather(mine, partner, last);
    const less = (a: readonly Val[], b: readonly Val[]): Val =>
      run.lift(
        regionOf(op, 0),
        a.flatMap((x, k) => [x, b[k] as Val]),
      )[0] as Val;
    const [xs, ys] = [elementsAt(mine), elementsAt(other)];
    const earlier = g.less(other, mine);
    const isFirst = g.or(less(ys, xs), g.and(g.not(less(xs, ys)), earlier));
    // Padding comes last, in its own order.
    const isPadding = (p: Val): Val => g.op("GreaterOrEqual", [p, int(n)], "bool");
    const either = g.or(isPadding(mine), isPadding(other));
    const swaps = g.equal(g.or(g.and(either, earlier), g.and(g.not(either), isFirst)), takesLess);
    return [g.true, g.where(swaps, other, mine)];
  }) as [Val];
  const back = axesOf(first).map((d) => perm.indexOf(d));
  return elementsAt(order).map((y) => g.transpose(g.take(y, last, 0, n), back));
};

/** The rows of the op table. */
export const sortRows = { sort } satisfies { readonly [N in OpName]?: Row<N> };
