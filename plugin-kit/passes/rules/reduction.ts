// Windows, contractions and convolutions in gathers, products and reduce: what a plugin gets for its first few kernels.
import type { Block, ConcreteType, DotDims, OpAttrs } from "tenon-plugin-api";
import type { Builder, Draft, Ref } from "../../builder.ts";
import { sizeOf } from "../../host/tensor.ts";
import type { Rule, Rules } from "./rule.ts";
import { take } from "./structure.ts";

const axes = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const dims = (x: Ref, list: readonly number[]): number[] => list.map((d) => x.type.shape[d] as number);
const rest = (rank: number, ...lists: readonly (readonly number[])[]): number[] =>
  axes(0, rank).filter((d) => !lists.some((l) => l.includes(d)));

/** One axis of a window op. */
interface Axis {
  readonly low: number;
  readonly high: number;
  readonly window: number;
  readonly stride: number;
  readonly base: number;
  readonly dilation: number;
  readonly reversed?: boolean;
}

/** x padded by `value`, its axes from `first` on split in two: where a window stands, and the places in it. */
function windows(b: Builder, x: Ref, value: Ref, first: number, list: readonly Axis[]): Ref {
  const padded = pad(b, x, value, first, list);
  return list.reduce<Ref>((y, a, i) => {
    const axis = first + 2 * i; // the axes before it are split already
    const span = a.window === 0 ? 0 : (a.window - 1) * a.dilation + 1;
    const size = y.type.shape[axis] as number;
    const steps = size === 0 || span > size ? 0 : Math.floor((size - span) / a.stride) + 1;
    const positions = axes(0, steps).flatMap((o) =>
      axes(0, a.window).map((k) => o * a.stride + (a.reversed === true ? a.window - 1 - k : k) * a.dilation),
    );
    const { shape } = y.type;
    const split = [...shape.slice(0, axis), steps, a.window, ...shape.slice(axis + 1)];
    return b.reshape(take(b, y, axis, positions), split);
  }, padded);
}
function pad(b: Builder, x: Ref, value: Ref, first: number, list: readonly Axis[]): Ref {
  const at = (of: (a: Axis) => number): number[] =>
    x.type.shape.map((_, d) => (list[d - first] === undefined ? 0 : of(list[d - first] as Axis)));
  const attrs = { low: at((a) => a.low), high: at((a) => a.high), interior: at((a) => a.base - 1) };
  const nothing = [...attrs.low, ...attrs.high, ...attrs.interior].every((n) => n === 0);
  return nothing ? x : b.one("pad", [x, value], attrs);
}

const reduceWindow: Rule<"reduce_window"> = {
  needs: ["pad", "gather", "reshape", "reduce"],
  build: (b, operands, draft) => {
    const a = draft.attrs;
    const n = operands.length / 2;
    const list = a.windowDimensions.map((window, d): Axis => {
      const [low, high] = a.padding[d] as readonly [number, number];
      const [stride, base] = [a.windowStrides[d] as number, a.baseDilations[d] as number];
      return { low, high, window, stride, base, dilation: a.windowDilations[d] as number };
    });
    const inits = operands.slice(n);
    const split = operands.slice(0, n).map((x, i) => windows(b, x, inits[i] as Ref, 0, list));
    const dimensions = list.map((_, i) => 2 * i + 1);
    return b.op("reduce", [...split, ...inits], { dimensions }, { regions: draft.regions as Block[] });
  },
};

/** (value, index) → the pair that `select` keeps; index −1 is padding, which any place beats. */
function selector(b: Builder, select: Block, index: ConcreteType): Block {
  const [v, w] = select.params as unknown as [Ref, Ref];
  const [i, j] = [b.value(index), b.value(index)];
  const inner = b.resume(select);
  const zero = inner.like(i, 0);
  const chosen: Ref = { id: select.results[0] as number, type: { dtype: "bool", shape: [] } };
  const held = inner.apply("and", inner.compare("GE", i, zero), chosen);
  const first = inner.apply("or", held, inner.compare("LT", j, zero));
  const results = [inner.apply("select", first, v, w), inner.apply("select", first, i, j)];
  return { params: [v, i, w, j], ops: inner.ops, results: results.map((r) => r.id) };
}

const selectAndScatter: Rule<"select_and_scatter"> = {
  needs: [
    ...(["pad", "gather", "reshape", "reduce", "select", "broadcast_in_dim", "scatter"] as const),
    ...(["pad:i32", "gather:i32", "iota:i32", "compare:i32", "select:i32", "and:bool", "or:bool"] as const),
  ],
  build: (b, [operand, source, init], draft) => {
    const [x, s, start] = [operand as Ref, source as Ref, init as Ref];
    const a = draft.attrs;
    const list = a.windowDimensions.map((window, d): Axis => {
      const [low, high] = a.padding[d] as readonly [number, number];
      return { low, high, window, stride: a.windowStrides[d] as number, base: 1, dilation: 1 };
    });
    const total = sizeOf(x.type.shape);
    const place = b.reshape(b.iota({ dtype: "i32", shape: [total] }, 0), x.type.shape);
    const none = b.constant({ dtype: "i32", shape: [] }, -1);
    const pairs = [windows(b, x, start, 0, list), windows(b, place, none, 0, list)];
    const region = selector(b, draft.regions?.[0] as Block, none.type);
    const dimensions = list.map((_, i) => 2 * i + 1);
    const chosen = b.op("reduce", [...pairs, start, none], { dimensions }, { regions: [region] })[1] as Ref;
    const count = sizeOf(s.type.shape);
    const out = b.op(
      "scatter",
      [b.broadcast(start, [total]), b.reshape(chosen, [count]), b.reshape(s, [count])],
      {
        updateWindowDims: [],
        insertedWindowDims: [0],
        inputBatchingDims: [],
        scatterIndicesBatchingDims: [],
        scatterDimsToOperandDims: [0],
        indexVectorDim: 1,
        indicesAreSorted: false,
        uniqueIndices: false,
      },
      { regions: [draft.regions?.[1] as Block] },
    );
    return [b.reshape(out[0] as Ref, x.type.shape)];
  },
};

const PLAIN = { lhsContracting: [1], rhsContracting: [0], lhsBatching: [], rhsBatching: [] };
const BATCHED = { lhsContracting: [2], rhsContracting: [1], lhsBatching: [0], rhsBatching: [0] };
/** x as [batch, free, contracted] (or with the last two swapped), each one axis. */
function grouped(
  b: Builder,
  x: Ref,
  batch: readonly number[],
  free: readonly number[],
  sum: readonly number[],
): Ref {
  const moved = b.transpose(x, [...batch, ...free, ...sum]);
  return b.reshape(
    moved,
    [batch, free, sum].map((list) => sizeOf(dims(x, list))),
  );
}

/** One matrix product where the plugin has it in a plain form; else products, summed. */
const dotGeneral: Rule<"dot_general"> = {
  needs: ["transpose", "reshape", "broadcast_in_dim", "multiply", "add", "reduce"],
  build: (b, [lhs, rhs], draft) => {
    const { lhsContracting, rhsContracting, lhsBatching, rhsBatching, precision } = draft.attrs;
    const to = draft.results[0] as ConcreteType;
    const [x, y] = [lhs as Ref, rhs as Ref];
    const xFree = rest(x.type.shape.length, lhsBatching, lhsContracting);
    const yFree = rest(y.type.shape.length, rhsBatching, rhsContracting);
    const left = grouped(b, x, lhsBatching, xFree, lhsContracting); // [B, M, K]
    const right = grouped(b, y, rhsBatching, rhsContracting, yFree); // [B, K, N]
    const [batch, m, k] = left.type.shape as [number, number, number];
    const n = right.type.shape[2] as number;
    const product = (shape: number[], operands: Ref[], numbers: DotDims): Draft | undefined => {
      const results = [{ dtype: to.dtype, shape }];
      const candidate = { op: "dot_general", operands, attrs: { ...numbers, precision }, results } as Draft;
      return b.isNative(candidate) ? candidate : undefined;
    };
    const plain = (): Draft | undefined => {
      if (batch !== 1) return undefined;
      return product([m, n], [b.reshape(left, [m, k]), b.reshape(right, [k, n])], PLAIN);
    };
    const native = product([batch, m, n], [left, right], BATCHED) ?? plain();
    const out =
      native === undefined ? productsSummed(b, left, right, to.dtype) : (b.append(native)[0] as Ref);
    return [b.reshape(out, to.shape)];
  },
};
function productsSummed(b: Builder, left: Ref, right: Ref, dtype: ConcreteType["dtype"]): Ref {
  const [batch, m, k] = left.type.shape as [number, number, number];
  const n = right.type.shape[2] as number;
  const all = [batch, m, k, n];
  const x = b.broadcast(b.convert(left, dtype), all, [0, 1, 2]);
  const y = b.broadcast(b.convert(right, dtype), all, [0, 2, 3]);
  const element = { dtype, shape: [] };
  const sum = b.block([element, element], (inner, p, q) => [inner.apply("add", p, q)]);
  const zero = b.constant(element, 0);
  return b.one("reduce", [b.apply("multiply", x, y), zero], { dimensions: [2] }, { regions: [sum] });
}

/** The kernel as [groups, outputs, inputs · window] and the windows of x as [groups, batch · places, inputs · window]. */
const convolution: Rule<"convolution"> = {
  needs: ["transpose", "reshape", "pad", "gather", "dot_general"],
  build: (b, [lhs, rhs], draft) => {
    const [x, w, a] = [lhs as Ref, rhs as Ref, draft.attrs];
    const to = draft.results[0] as ConcreteType;
    const spatial = a.inputSpatial.length;
    const list = a.kernelSpatial.map((axis, i) => convolvedAxis(a, i, w.type.shape[axis] as number));
    const ordered = b.transpose(x, [a.inputBatch, a.inputFeature, ...a.inputSpatial]);
    const zero = b.constant({ dtype: x.type.dtype, shape: [] }, 0);
    const patches = windows(b, ordered, zero, 2, list); // [N, C, O₁, K₁, O₂, K₂ …]
    const places = axes(0, spatial).map((i) => 2 + 2 * i);
    const sizes = dims(patches, places);
    const inside = places.map((d) => d + 1);
    const byBatch = a.batchGroupCount > 1;
    const groups = byBatch ? a.batchGroupCount : a.featureGroupCount;
    const [batch, features] = patches.type.shape as [number, number];
    const split = byBatch ? [groups, batch / groups, features] : [batch, groups, features / groups];
    const shape = [...split, ...patches.type.shape.slice(2)];
    const parts = b.reshape(patches, shape); // one axis more: all of the above move by one
    const [g, n, c] = byBatch ? [0, 1, 2] : [1, 0, 2];
    const kernel = b.transpose(w, [a.kernelOutputFeature, a.kernelInputFeature, ...a.kernelSpatial]);
    const [outputs, ...window] = kernel.type.shape as [number, ...number[]];
    const weights = b.reshape(kernel, [groups, outputs / groups, ...window]);
    const sums = b.one(
      "dot_general",
      [parts, weights],
      {
        lhsBatching: [g],
        rhsBatching: [0],
        lhsContracting: [c, ...inside.map((d) => d + 1)],
        rhsContracting: axes(2, 3 + spatial),
        precision: a.precision,
      },
      { to: { dtype: to.dtype, shape: [] } },
    ); // [groups, N, O₁, O₂ …, outputs of a group]
    const turned = b.transpose(sums, [1, 0, 2 + spatial, ...axes(2, 2 + spatial)]);
    const whole = b.reshape(turned, [parts.type.shape[n] as number, outputs, ...sizes]);
    const from = [a.outputBatch, a.outputFeature, ...a.outputSpatial];
    return [
      b.transpose(
        whole,
        axes(0, from.length).map((d) => from.indexOf(d)),
      ),
    ];
  },
};
function convolvedAxis(a: OpAttrs["convolution"], i: number, window: number): Axis {
  const [low, high] = a.padding[i] as readonly [number, number];
  const [stride, base] = [a.windowStrides[i] as number, a.lhsDilation[i] as number];
  const dilation = a.rhsDilation[i] as number;
  return { low, high, window, stride, base, dilation, reversed: a.windowReversal[i] === true };
}

/** A contraction of half floats: their products are exact in f32, and the sum is rounded once. */
const inF32 = (op: "dot_general" | "convolution"): Rule => ({
  needs: ["convert", "convert:f32", `${op}:f32`],
  dtypes: ["f16", "bf16"],
  build: (b, operands, draft) => {
    const { dtype, shape } = draft.results[0] as ConcreteType;
    const wide = operands.map((x) => b.convert(x, "f32"));
    const sum = b.one(draft.op, wide, draft.attrs, { to: { dtype: "f32", shape } });
    return [b.convert(sum, dtype)];
  },
});

/** Rules of reductions and contractions. */
export const REDUCTION: Rules = {
  reduce_window: [reduceWindow],
  select_and_scatter: [selectAndScatter],
  dot_general: [inF32("dot_general"), dotGeneral],
  convolution: [inF32("convolution"), convolution],
};
