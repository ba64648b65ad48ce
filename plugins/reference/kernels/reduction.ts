// Ops that fold elements by a region, and sort.
import {
  copyElement,
  dot,
  each,
  rearranged,
  sizeOf,
  strides,
  tensor,
  type HostKernel,
  type Kernels,
  type Tensor,
} from "tenon-plugin-kit";
import { elementOf } from "../elements.ts";
import { folder } from "./fold.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

/** Elements in row-major order, one after another: the order that a reduction leaves open. */
const reduce: HostKernel<"reduce", Tensor> = (args, call) => {
  const { attrs, types } = call;
  const n = args.length / 2;
  const outs = types.map((t, i) => rearranged(t, args[n + i] as Tensor, () => 0));
  const { shape } = args[0];
  const step = strides(types[0].shape);
  const kept = shape.map((_, d) => d).filter((d) => !attrs.dimensions.includes(d));
  const fold = folder(call, 0, outs, args.slice(0, n));
  each(shape, (index, from) => {
    fold(
      dot(
        kept.map((d) => at(index, d)),
        step,
      ),
      from,
    );
  });
  return outs;
};

/** The numbers of a window along each axis. */
interface WindowAxes {
  readonly windowDimensions: readonly number[];
  readonly windowStrides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly baseDilations: readonly number[];
  readonly windowDilations: readonly number[];
}
/** Calls `visit` for each window with the positions of x in it, row-major; padding is skipped. */
function eachWindow(
  windows: readonly number[],
  shape: readonly number[],
  a: WindowAxes,
  visit: (window: number, from: number) => void,
): void {
  const step = strides(shape);
  each(windows, (index, window) => {
    each(a.windowDimensions, (offset) => {
      let from = 0;
      for (let d = 0; d < shape.length; d++) {
        const [low] = a.padding[d] as readonly [number, number];
        const padded = at(index, d) * at(a.windowStrides, d) + at(offset, d) * at(a.windowDilations, d) - low;
        const i = padded / at(a.baseDilations, d);
        if (i < 0 || i >= at(shape, d) || !Number.isInteger(i)) return;
        from += i * at(step, d);
      }
      visit(window, from);
    });
  });
}

const reduceWindow: HostKernel<"reduce_window", Tensor> = (args, call) => {
  const { attrs, types } = call;
  const n = args.length / 2;
  const outs = types.map((t, i) => rearranged(t, args[n + i] as Tensor, () => 0));
  const fold = folder(call, 0, outs, args.slice(0, n));
  eachWindow(types[0].shape, args[0].shape, attrs, fold);
  return outs;
};

/** In each window `select` keeps one element, the earlier where it says so; there the source is folded in. */
const selectAndScatter: HostKernel<"select_and_scatter", Tensor> = ([x, source, init], call) => {
  const { attrs, types } = call;
  const out = rearranged(types[0], init, () => 0);
  const ones = x.shape.map(() => 1);
  const kept = Array<number>(sizeOf(source.shape)).fill(-1);
  const select = call.region(0);
  eachWindow(source.shape, x.shape, { ...attrs, baseDilations: ones, windowDilations: ones }, (window, i) => {
    const best = at(kept, window);
    const keeps = best >= 0 && select(elementOf(x, best), elementOf(x, i))[0].data[0] !== 0;
    if (!keeps) kept[window] = i;
  });
  const fold = folder(call, 1, [out], [source]);
  kept.forEach((i, window) => {
    if (i >= 0) fold(i, window);
  });
  return out;
};

/** Stable in any case: isStable = false only allows more. */
const sort: HostKernel<"sort", Tensor> = (args, { attrs, region }) => {
  const { shape } = args[0];
  const axis = attrs.dimension < 0 ? attrs.dimension + shape.length : attrs.dimension;
  const step = strides(shape);
  const comparator = region(0);
  const precedes = (i: number, j: number): boolean =>
    comparator(...args.flatMap((x) => [elementOf(x, i), elementOf(x, j)]))[0].data[0] !== 0;
  const outs = args.map((x) => tensor({ dtype: x.dtype, shape: x.shape }));
  const lines = shape.map((n, d) => (d === axis ? Math.min(n, 1) : n));
  each(lines, (index) => {
    const first = dot(index, step);
    const places = Array.from({ length: at(shape, axis) }, (_, k) => first + k * at(step, axis));
    const sorted = [...places].sort((i, j) => (precedes(i, j) ? -1 : precedes(j, i) ? 1 : 0));
    places.forEach((to, k) => {
      outs.forEach((o, operand) => {
        copyElement(o, to, args[operand] as Tensor, at(sorted, k));
      });
    });
  });
  return outs;
};

/** Kernels of reductions and sort. */
export const REDUCTION = {
  reduce,
  reduce_window: reduceWindow,
  select_and_scatter: selectAndScatter,
  sort,
} satisfies Kernels<Tensor>;
