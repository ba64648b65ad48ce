// Convolution as a contraction: over the windows of the padded input (which a matrix product reads where they lie),
// or, for a dilated input, of every input element with the whole kernel, so that inserted zeros are never multiplied.
import type { DType, OpAttrs } from "tenon-plugin-api";
import { plus, rowMajor, scaleIx } from "../loops/index-map.ts";
import type { Ix } from "../loops/loop-ir.ts";
import type { GraphBuilder } from "./builder.ts";
import { contract, type Labelled } from "./contract.ts";
import type { Node } from "./node.ts";
import { windowMap, type WindowAxis } from "./views.ts";

type Ints = readonly number[];
const at = (list: Ints, i: number): number => list[i] as number;
const pick = (list: Ints, axes: Ints): number[] => axes.map((i) => at(list, i));

/** One convolution: its attributes, and sizes by role. */
interface Conv {
  readonly a: OpAttrs["convolution"];
  /** Groups of features, or of the batch: the kernel's output features are split by them. */
  readonly groups: number;
  readonly byBatch: boolean;
  readonly out: Ints;
  readonly window: Ints;
  readonly dtype: DType;
}

/** StableHLO convolution. */
export function convolution(
  g: GraphBuilder,
  a: OpAttrs["convolution"],
  x: Node,
  w: Node,
  dtype: DType,
  shape: Ints,
): Node {
  const byBatch = a.batchGroupCount > 1;
  const conv: Conv = {
    a,
    byBatch,
    groups: byBatch ? a.batchGroupCount : a.featureGroupCount,
    out: pick(shape, a.outputSpatial),
    window: pick(w.shape, a.kernelSpatial),
    dtype,
  };
  const kernel = kernelOf(g, conv, w);
  const dilated = a.lhsDilation.some((d) => d > 1);
  return g.reshape(dilated ? spread(g, conv, x, kernel) : windowed(g, conv, x, kernel), shape);
}

/** Axis `axis` as [groups, rest]; as it is where there is one group. */
function split(g: GraphBuilder, x: Node, axis: number, groups: number): Node {
  if (groups === 1) return x;
  const rest = at(x.shape, axis) / groups;
  return g.reshape(x, [...x.shape.slice(0, axis), groups, rest, ...x.shape.slice(axis + 1)]);
}
/** Labels of an array by the axis that holds each; the grouped axis has two. */
function labelled(rank: number, names: ReadonlyMap<number, readonly string[]>): string[] {
  return Array.from({ length: rank }, (_, d) => names.get(d) ?? []).flat();
}

/** Labels of an axis that is split by group. */
const byGroup = (groups: number, label: string): string[] => (groups === 1 ? [label] : ["g", label]);

/** The kernel with its output features split by group. */
function kernelOf(g: GraphBuilder, { a, groups }: Conv, w: Node): Labelled {
  const flipped = a.kernelSpatial.filter((_, i) => a.windowReversal[i] === true);
  const turned = g.reverse(w, flipped);
  const names = new Map<number, readonly string[]>([
    [a.kernelInputFeature, ["c"]],
    [a.kernelOutputFeature, byGroup(groups, "f")],
  ]);
  a.kernelSpatial.forEach((d, i) => names.set(d, [`k${i}`]));
  return {
    node: split(g, turned, a.kernelOutputFeature, groups),
    labels: labelled(w.shape.length, names),
  };
}
/** Labels of the result, in its order. */
function outLabels({ a, groups }: Conv): string[] {
  const names = new Map<number, readonly string[]>([
    [a.outputBatch, ["b"]],
    [a.outputFeature, byGroup(groups, "f")],
  ]);
  a.outputSpatial.forEach((d, i) => names.set(d, [`o${i}`]));
  return labelled(a.outputSpatial.length + 2, names);
}

// --- by windows -------------------------------------------------------------------------------------------------------

/** The input padded so that no window reaches over an edge, and where position 0 of a window lies in it. */
function padded(g: GraphBuilder, { a, out, window }: Conv, x: Node): { node: Node; low: Ints } {
  const [edges, low] = [x.shape.map(() => 0), a.inputSpatial.map(() => 0)];
  const shape = [...x.shape];
  a.inputSpatial.forEach((d, i) => {
    const before = a.padding[i]?.[0] ?? 0;
    const reach = (at(out, i) - 1) * at(a.windowStrides, i) + (at(window, i) - 1) * at(a.rhsDilation, i) + 1;
    edges[d] = Math.max(before, 0);
    low[i] = Math.min(before, 0);
    shape[d] = Math.max(reach - at(low, i), at(x.shape, d) + at(edges, d));
  });
  if (shape.every((n, d) => n === x.shape[d])) return { node: x, low };
  const strides = rowMajor(shape);
  const offset = edges.reduce((n, edge, d) => n + edge * at(strides, d), 0);
  const node = g.once(`pad:${x.id}:${offset}:${shape.join(",")}`, () =>
    g.assemble(x.dtype, shape, g.number(x.dtype, shape, 0), [{ node: x, strides, offset }]),
  );
  return { node, low };
}

function windowed(g: GraphBuilder, conv: Conv, x: Node, kernel: Labelled): Node {
  return contract(g, windowsOf(g, conv, x), kernel, outLabels(conv), conv.dtype);
}

/**
 * The windows of the input: its axes in order, a spatial one as the two that move in it. The one with the longer step
 * comes first: the windows of a forward pass and of its weight gradient are then the same array, and made once.
 */
function windowsOf(g: GraphBuilder, conv: Conv, x: Node): Labelled {
  const { a, groups, byBatch } = conv;
  const { node, low } = padded(g, conv, x);
  const grouped = byBatch ? a.inputBatch : a.inputFeature;
  const [shape, labels]: [number[], string[]] = [[], []];
  const push = (label: string, size: number): number => {
    labels.push(label);
    return shape.push(size) - 1;
  };
  const axes = node.shape.map((size, d): WindowAxis => {
    const whole = { size, low: 0, dilation: 1, step: 1 };
    const i = a.inputSpatial.indexOf(d);
    if (i < 0) {
      const label = d === a.inputBatch ? "b" : "c";
      if (d !== grouped || groups === 1) return { ...whole, outer: null, inner: push(label, size) };
      return { ...whole, stride: size / groups, outer: push("g", groups), inner: push(label, size / groups) };
    }
    const moves = [
      { label: `o${i}`, step: at(a.windowStrides, i), size: at(conv.out, i) },
      { label: `k${i}`, step: at(a.rhsDilation, i), size: at(conv.window, i) },
    ].sort((p, q) => q.step - p.step || q.size - p.size) as [Move, Move];
    const [first, second] = moves;
    return {
      size,
      outer: push(first.label, first.size),
      inner: push(second.label, second.size),
      stride: first.step,
      step: second.step,
      low: at(low, i),
      dilation: 1,
    };
  });
  const key = `windows ${axes.map((w) => `${w.stride}/${w.step}/${w.low}`).join(",")}`;
  const otherwise = g.number(node.dtype, [], 0);
  return { node: g.view(node, shape, windowMap(axes), key, { otherwise }), labels };
}
type Move = { readonly label: string; readonly step: number; readonly size: number };

// --- by spreading -----------------------------------------------------------------------------------------------------

/** Products of every input element with the kernel, then for each output the sum of those that fall on it. */
function spread(g: GraphBuilder, conv: Conv, x: Node, kernel: Labelled): Node {
  const { a, groups, byBatch, dtype } = conv;
  const grouped = byBatch ? a.inputBatch : a.inputFeature;
  const names = new Map<number, readonly string[]>([
    [a.inputBatch, byBatch ? byGroup(groups, "b") : ["b"]],
    [a.inputFeature, byBatch ? ["c"] : byGroup(groups, "c")],
  ]);
  a.inputSpatial.forEach((d, i) => names.set(d, [`i${i}`]));
  const input: Labelled = { node: split(g, x, grouped, groups), labels: labelled(x.shape.length, names) };
  const space = a.inputSpatial.map((_, i) => i);
  const [inputs, taps] = [space.map((i) => `i${i}`), space.map((i) => `k${i}`)];
  // Next to each other in memory is what is next to each other in the result.
  const featureLast = a.outputSpatial.every((d) => d < a.outputFeature);
  const group = groups === 1 ? [] : ["g"];
  const products = featureLast
    ? [...group, "b", ...inputs, ...taps, "f"]
    : ["b", ...group, ...taps, "f", ...inputs];
  const wide = dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
  const product = contract(g, input, kernel, products, wide);
  const labels = { node: product, labels: products };
  const phases =
    a.windowStrides.every((n) => n === 1) && a.lhsDilation.reduce((n, d) => n * d, 1) <= MAX_PHASES;
  const sum = phases ? summedByPhase(g, conv, labels) : summed(g, conv, labels);
  return wide === dtype ? sum : g.map("convert", [sum], dtype, sum.shape);
}

/** More phases than this would be many small kernels. */
const MAX_PHASES = 16;
/** Outputs o = dilation · q + phase of one axis: the taps that fall on them, and the input that the first one reads. */
interface Phase {
  readonly phase: number;
  readonly count: number;
  readonly first: number;
  readonly taps: number;
  readonly every: number;
  readonly base: number;
}
function phasesOf({ a, out, window }: Conv, i: number): Phase[] {
  const [dilation, step, low] = [at(a.lhsDilation, i), at(a.rhsDilation, i), a.padding[i]?.[0] ?? 0];
  return Array.from({ length: Math.min(dilation, at(out, i)) }, (_, phase): Phase => {
    const hits = Array.from({ length: at(window, i) }, (_, k) => k).filter(
      (k) => (phase + k * step - low) % dilation === 0,
    );
    const first = hits[0] ?? 0;
    return {
      phase,
      count: Math.ceil((at(out, i) - phase) / dilation),
      first,
      taps: hits.length,
      every: (hits[1] ?? first + 1) - first,
      base: (phase + first * step - low) / dilation,
    };
  });
}
/** All combinations of one phase of each axis. */
const combinations = (lists: readonly (readonly Phase[])[]): Phase[][] =>
  lists.reduce<Phase[][]>((all, list) => all.flatMap((c) => list.map((p) => [...c, p])), [[]]);

/**
 * The sums of the outputs of each phase by themselves: for those it is the same taps that fall on them, at neighbouring
 * inputs, so that nothing is asked for an element.
 */
function summedByPhase(g: GraphBuilder, conv: Conv, products: Labelled): Node {
  const { a } = conv;
  const { node } = products;
  const kept = outLabels(conv);
  const sizeOf = (label: string): number => at(node.shape, products.labels.indexOf(label));
  const shape = kept.map((l) => (l.startsWith("o") ? at(conv.out, axisOf(l)) : sizeOf(l)));
  const strides = rowMajor(shape);
  const all = combinations(a.inputSpatial.map((_, i) => phasesOf(conv, i)));
  const hit = all.filter((c) => c.every((p) => p.taps > 0));
  const pieces = hit.map((c) => ({
    node: phaseSum(g, conv, products, kept, c),
    strides: strides.map((n, d) =>
      kept[d]?.startsWith("o") === true ? n * at(a.lhsDilation, axisOf(kept[d])) : n,
    ),
    offset: c.reduce((n, p, i) => n + p.phase * at(strides, kept.indexOf(`o${i}`)), 0),
  }));
  const background = hit.length === all.length ? null : g.number(node.dtype, shape, 0);
  return g.assemble(node.dtype, shape, background, pieces);
}
const axisOf = (label: string): number => Number(label.slice(1));

/** The outputs of one phase. */
function phaseSum(
  g: GraphBuilder,
  conv: Conv,
  products: Labelled,
  kept: readonly string[],
  c: readonly Phase[],
): Node {
  const { a } = conv;
  const sizeOf = (label: string): number => at(products.node.shape, products.labels.indexOf(label));
  const all = [...kept, ...c.map((_, i) => `k${i}`)];
  const shape = all.map((l) => {
    const p = c[axisOf(l)] as Phase;
    return l.startsWith("o") ? p.count : l.startsWith("k") ? p.taps : sizeOf(l);
  });
  const inputs = windowMap(
    c.map((p, i) => ({
      size: sizeOf(`i${i}`),
      outer: all.indexOf(`o${i}`),
      inner: all.indexOf(`k${i}`),
      step: (p.every * at(a.rhsDilation, i)) / at(a.lhsDilation, i),
      low: -p.base,
      dilation: 1,
    })),
  );
  const fallen = g.view(
    products.node,
    shape,
    (position, reader) => {
      const input = inputs(position, reader);
      const at_ = (l: string): Ix => position.at[all.indexOf(l)] as Ix;
      const where = (l: string): Ix => {
        if (l.startsWith("i")) return input.at[axisOf(l)] as Ix;
        if (!l.startsWith("k")) return at_(l);
        const p = c[axisOf(l)] as Phase;
        return plus(scaleIx(at_(l), p.every), p.first);
      };
      return { at: products.labels.map(where), guards: input.guards ?? [] };
    },
    `phase ${JSON.stringify([a, c])}`,
    { otherwise: g.number(products.node.dtype, [], 0) },
  );
  return g.sum(fallen, shape.slice(0, kept.length));
}

/** Sums of the products that fall on each output. */
function summed(g: GraphBuilder, conv: Conv, products: Labelled): Node {
  const { a } = conv;
  const space = a.inputSpatial.map((_, i) => i);
  const kept = outLabels(conv);
  const all = [...kept, ...space.map((i) => `k${i}`)];
  const sizeOf = (label: string): number =>
    label.startsWith("o")
      ? at(conv.out, Number(label.slice(1)))
      : at(products.node.shape, products.labels.indexOf(label));
  const shape = all.map(sizeOf);
  const hits = windowMap(
    space.map((i) => ({
      size: sizeOf(`i${i}`),
      outer: all.indexOf(`o${i}`),
      inner: all.indexOf(`k${i}`),
      stride: at(a.windowStrides, i),
      step: at(a.rhsDilation, i),
      low: a.padding[i]?.[0] ?? 0,
      dilation: at(a.lhsDilation, i),
    })),
  );
  const fallen = g.view(
    products.node,
    shape,
    (p, reader) => {
      const input = hits(p, reader);
      const where = (label: string): Ix =>
        label.startsWith("i") ? (input.at[Number(label.slice(1))] as Ix) : (p.at[all.indexOf(label)] as Ix);
      return { at: products.labels.map(where), guards: input.guards ?? [] };
    },
    `fallen ${JSON.stringify(a)}`,
    { otherwise: g.number(products.node.dtype, [], 0) },
  );
  return g.sum(fallen, shape.slice(0, kept.length));
}
