// reduce_window and select_and_scatter. A window's axes are folded one after another; along one axis, windows of 2, 4, 8 …
// elements are combined to the length wanted, so that the model grows with the logarithm of the window.
import { sizeOfDims, type Block, type OpName, type OpOf } from "tenon-plugin-api";
import { axesOf, fixed, type Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { scatterRows } from "./gather.ts";
import { isIdentity, monoidOf, type Combine } from "./reduce.ts";
import { regionOf, shapeOf, type Row, type Run } from "./row.ts";
import { border, dilate } from "./shape.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

/** Up to this length a window is folded element by element, which needs no arrays in between. */
const SHORT = 4;

/** Windows along one axis. */
interface Line {
  readonly axis: number;
  readonly size: number;
  readonly dilation: number;
  readonly stride: number;
  readonly count: number;
}

function foldLine(g: Graph, xs: readonly Val[], line: Line, combine: Combine): readonly Val[] {
  const { axis, size, dilation, stride, count } = line;
  /** Elements of a window: arrays that hold them, and how far into the window they begin. */
  const pieces: { readonly ys: readonly Val[]; readonly offset: number }[] = [];
  if (size <= SHORT) for (let k = 0; k < size; k++) pieces.push({ ys: xs, offset: k * dilation });
  else {
    let [ys, length, offset] = [xs, 1, 0];
    for (let left = size; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) {
        pieces.push({ ys, offset: offset * dilation });
        offset += length;
      }
      if (left === 1) break;
      const n = ((ys[0] as Val).shape[axis] as number) - length * dilation;
      const shifted = (from: number): Val[] => ys.map((y) => g.take(y, axis, from, n));
      ys = combine(shifted(0), shifted(length * dilation));
      length *= 2;
    }
  }
  return pieces
    .map(({ ys, offset }) => ys.map((y) => g.take(y, axis, offset, count, stride)))
    .reduce((a, b) => [...combine(a, b)]);
}

type WindowAttrs = Pick<
  OpOf<"reduce_window">["attrs"],
  "windowDimensions" | "windowStrides" | "padding" | "baseDilations" | "windowDilations"
>;

/** Every window folded; `fill` stands where a window leaves the array. */
function foldWindows(
  g: Graph,
  xs: readonly Val[],
  fill: readonly Val[],
  a: WindowAttrs,
  out: readonly number[],
  combine: Combine,
): readonly Val[] {
  const sides = [0, 1].map((side) => a.padding.map((p) => p[side] as number)) as [number[], number[]];
  const gaps = a.baseDilations.map((n) => n - 1);
  let ys: readonly Val[] = xs.map((x, i) => {
    const value = fill[i] as Val;
    return border(g, dilate(g, x, gaps, value, "reduce_window"), ...sides, value);
  });
  // From the last axis to the first: elements of a window are combined in row-major order.
  for (const axis of axesOf(xs[0] as Val).reverse()) {
    const [size, dilation] = [at(a.windowDimensions, axis), at(a.windowDilations, axis)];
    const line: Line = { axis, size, dilation, stride: at(a.windowStrides, axis), count: at(out, axis) };
    ys = foldLine(g, ys, line, combine);
  }
  return ys;
}

/** A region on arrays of one shape. */
const lifted =
  (run: Run, region: Block): Combine =>
  (a, b) => {
    const { shape } = a[0] as Val;
    return run.lift(region, [...a, ...b]).map((y) => run.g.expand(y, shape));
  };

const reduceWindow: Row<"reduce_window"> = (op, args, run) => {
  const { g } = run;
  const n = args.length / 2;
  const [xs, inits] = [args.slice(0, n), args.slice(n)];
  const x = xs[0] as Val;
  fixed(x, "reduce_window");
  const out = shapeOf(op) as readonly number[];
  if (sizeOfDims(out) === 0 || op.attrs.windowDimensions.includes(0))
    return inits.map((v) => g.expand(v, out));
  const region = regionOf(op, 0);
  const ys = foldWindows(g, xs, inits, op.attrs, out, lifted(run, region));
  const monoid = n === 1 ? monoidOf(region, x.dtype) : null;
  if (monoid !== null && isIdentity(g, monoid, inits[0] as Val)) return ys;
  return run.lift(region, [...inits, ...ys]).map((y) => g.expand(y, out));
};

/**
 * The element that each window selects is found as a fold of (value, position) pairs; then sources are scattered to the
 * positions. Positions outside the array are −1 and never selected.
 */
const selectAndScatter: Row<"select_and_scatter"> = (op, [x, source, init], run) => {
  const { g } = run;
  const [array, updates] = [x as Val, source as Val];
  const shape = fixed(array, "select_and_scatter");
  const windows = fixed(updates, "select_and_scatter");
  const total = sizeOfDims(shape) as number;
  const start = g.expand(init as Val, [total + 1, 1]);
  const finish = (y: Val): Val[] => [g.reshape(g.take(y, 0, 0, total), shape)];
  if (sizeOfDims(windows) === 0) return finish(start);
  const select: Combine = ([av, ai], [bv, bi]) => {
    const [a, b] = [av as Val, bv as Val];
    const [keeps] = run.lift(regionOf(op, 0), [a, b]) as [Val];
    const isOutside = (i: Val | undefined): Val => g.less(i as Val, g.scalar("i64", 0));
    const left = g.or(isOutside(bi), g.and(g.not(isOutside(ai)), keeps));
    return [g.where(left, a, b), g.where(left, ai as Val, bi as Val)];
  };
  const ones = axesOf(array).map(() => 1);
  const attrs: WindowAttrs = { ...op.attrs, baseDilations: ones, windowDilations: ones };
  const positions = g.reshape(g.range(total), shape);
  const fill = [g.zeros(array.dtype, []), g.scalar("i64", -1)];
  const [, chosen] = foldWindows(g, [array, positions], fill, attrs, windows, select) as [Val, Val];
  const flat = g.reshape(chosen, [sizeOfDims(windows)]);
  const rows = g.where(g.less(flat, g.scalar("i64", 0)), g.scalar("i64", total), flat);
  const ours = g.reshape(updates, [sizeOfDims(windows), 1]);
  const combine = { region: regionOf(op, 1), isUnique: false };
  return finish(scatterRows(run, [start], rows, [ours], combine)[0] as Val);
};

/** The rows of the op table. */
export const windowRows = {
  reduce_window: reduceWindow,
  select_and_scatter: selectAndScatter,
} satisfies { readonly [N in OpName]?: Row<N> };
