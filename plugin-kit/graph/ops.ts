// Wire ops as nodes and work: one function per op, complete by type. The only place of the compiler that names ops.
import {
  DTYPES,
  unimplemented,
  type Block,
  type ConcreteType,
  type DType,
  type Op,
  type OpName,
  type OpOf,
} from "tenon-plugin-api";
import type { Combine } from "../loops/loop-ir.ts";
import { computeOf, type ScalarWireOp } from "../loops/scalar-ops.ts";
import { identityOf } from "../loops/scalars.ts";
import type { GraphBuilder } from "./builder.ts";
import { decodeScalar, isSplat } from "./constants.ts";
import { dotGeneral } from "./contract.ts";
import { convolution } from "./convolution.ts";
import type { MemoryNode, Node, SubGraph } from "./node.ts";
import { combineOf, flagged, isClosed, regionOf, selector } from "./region.ts";
import * as views from "./views.ts";

type Ints = readonly number[];
/** What a rule may use: the graph, and graphs of regions. */
export interface BuildScope {
  readonly g: GraphBuilder;
  /** The graph of a region that captures; `params` stand for its parameters. */
  sub(block: Block, params: readonly MemoryNode[]): SubGraph;
}
type Build<N extends OpName> = (op: OpOf<N>, xs: readonly Node[], s: BuildScope) => readonly Node[];

/** Any op, by what all have. */
type Site = Pick<Op, "op" | "results">;
const at = (list: Ints, i: number): number => list[i] as number;
/** Type of a result. @throws UNIMPLEMENTED for tokens */
function typeOf(op: Site, s: BuildScope, i = 0): ConcreteType {
  const type = op.results[i]?.type;
  if (type === undefined || type.dtype === "token") throw unimplemented(op.op, "token", s.g.shared.plugin);
  return type as ConcreteType;
}
const isComplex = (d: DType): boolean => DTYPES[d].kind === "c";
const regionSite = (
  op: Site,
  s: BuildScope,
): { op: string; plugin: string; attachments: readonly Uint8Array[] } => ({
  op: op.op,
  plugin: s.g.shared.plugin,
  attachments: s.g.shared.attachments,
});
const region = (op: { readonly regions?: readonly Block[] }, i: number): Block => op.regions?.[i] as Block;

/** An elementwise op. */
const scalar: Build<ScalarWireOp> = (op, xs, s) => {
  const { dtype, shape } = typeOf(op, s);
  return [s.g.map(op.op, xs, dtype, shape, op.attrs)];
};
/** A complex array is its real one with a last axis of two: this part of it. */
const part =
  (index: 0 | 1): Build<"real" | "imag"> =>
  (op, xs, s) => {
    const [x] = xs as [Node];
    const { shape } = typeOf(op, s);
    if (x.shape.length === shape.length) return scalar(op, xs, s);
    const pair = s.g.slice(x, [...shape, 1], [...shape.map(() => 0), index], [...shape, 1].map(() => 1)); // prettier-ignore
    return [s.g.reshape(pair, shape)];
  };

const constant: Build<"constant"> = (op, _xs, s) => {
  const { dtype, shape } = typeOf(op, s);
  const { bytes, splat } = op.attrs.value;
  const data = s.g.shared.attachments[bytes] as Uint8Array;
  const width = DTYPES[dtype].itemsize;
  if (splat === true || isSplat(data, width)) return [s.g.constant(dtype, shape, decodeScalar(dtype, data))];
  if (data.length === 0) return [s.g.number(dtype, shape, 0)];
  return [s.g.memory(dtype, shape, s.g.buffer({ kind: "const", data, bytes: data.length }))];
};

/** Same width: elementwise. Another width: the same bytes with or without a last axis. */
const bitcast: Build<"bitcast_convert"> = (op, xs, s) => {
  const [x] = xs as [Node];
  const { dtype, shape } = typeOf(op, s);
  if (isComplex(dtype)) return [s.g.alias(x, dtype === "c64" ? "f32" : "f64", [...shape, 2])];
  if (DTYPES[x.dtype].bits === DTYPES[dtype].bits) return scalar(op, xs, s);
  return [s.g.alias(x, dtype, shape)];
};

const pad: Build<"pad"> = (op, [x, value], s) => {
  const { low, interior } = op.attrs;
  return [s.g.pad(x as Node, value as Node, low, interior, typeOf(op, s).shape)];
};
const dynamicSlice: Build<"dynamic_slice"> = (op, [x, ...starts], s) => {
  const { shape } = typeOf(op, s);
  const arg = x as Node;
  return [
    s.g.view(arg, shape, views.dynamicSliceMap(arg.shape, shape, starts), "dynamic", { indices: starts }),
  ];
};
const dynamicUpdateSlice: Build<"dynamic_update_slice"> = (_op, [x, u, ...starts], s) => {
  const [target, value] = [x as Node, u as Node];
  const map = views.dynamicSliceMap(target.shape, value.shape, starts);
  if (value.size === target.size) return [value];
  return s.g.update({
    targets: [target],
    values: [value],
    over: value.shape,
    indices: starts,
    map,
    combine: null,
  });
};
const gather: Build<"gather"> = (op, [x, indices], s) => {
  const { shape } = typeOf(op, s);
  const [arg, idx] = [x as Node, indices as Node];
  const a = op.attrs;
  const spec: views.GatherSpec = {
    windowDims: a.offsetDims,
    collapsed: a.collapsedSliceDims,
    operandBatching: a.operandBatchingDims,
    indicesBatching: a.startIndicesBatchingDims,
    indexMap: a.startIndexMap,
    indexVectorDim: a.indexVectorDim,
  };
  const map = views.gatherMap(arg.shape, a.sliceSizes, shape.length, spec, idx);
  return [s.g.view(arg, shape, map, `gather ${JSON.stringify(a)}`, { indices: [idx] })];
};
const scatter: Build<"scatter"> = (op, xs, s) => {
  const n = (xs.length - 1) / 2;
  const [targets, idx, values] = [xs.slice(0, n), xs[n] as Node, xs.slice(n + 1)];
  const a = op.attrs;
  const spec: views.GatherSpec = {
    windowDims: a.updateWindowDims,
    collapsed: a.insertedWindowDims,
    operandBatching: a.inputBatchingDims,
    indicesBatching: a.scatterIndicesBatchingDims,
    indexMap: a.scatterDimsToOperandDims,
    indexVectorDim: a.indexVectorDim,
  };
  const [target, value] = [targets[0] as Node, values[0] as Node];
  const combine = combineInMemory(op, region(op, 0), targets, s);
  const map = views.scatterMap(target.shape, value.shape, spec, idx);
  const unique = combine === "replace" && a.uniqueIndices;
  return s.g.update({
    targets,
    values,
    over: value.shape,
    indices: [idx],
    map,
    combine: unique ? null : combine === "replace" ? { region: LAST(target, s) } : combine,
  });
};
/** How elements in memory are combined. They are always of their dtype, so what must be settled is left to the region. */
function combineInMemory(
  op: Site,
  block: Block,
  targets: readonly Node[],
  s: BuildScope,
): Combine | "replace" {
  const combine = combineOf(block, targets.map((t) => t.dtype), regionSite(op, s)); // prettier-ignore
  if (combine === "replace" || "region" in combine || isClosed((targets[0] as Node).dtype)) return combine;
  return { region: regionOf(block, regionSite(op, s)) };
}
/** The region that gives the right operand: replacing, in the order of the updates. */
const LAST = (x: Node, s: BuildScope): Extract<Combine, { region: unknown }>["region"] => {
  const dtype = computeOf(x.dtype, "scatter", s.g.shared.plugin);
  return { body: [{ op: "arg", dtype, index: 1 }], results: [0] };
};

/** Operands with the folded axes last, in the order of the op. */
const reduce: Build<"reduce"> = (op, xs, s) => {
  const n = xs.length / 2;
  const { dimensions } = op.attrs;
  const [operands, inits] = [xs.slice(0, n), xs.slice(n)];
  const { shape } = operands[0] as Node;
  const kept = shape.map((_, i) => i).filter((i) => !dimensions.includes(i));
  const order = [...kept, ...[...dimensions].sort((i, j) => i - j)];
  const combine = reducer(op, operands, s);
  const moved = operands.map((x) => s.g.transpose(x, order));
  return s.g.reduce(moved, inits, kept.map((d) => at(shape, d)), combine); // prettier-ignore
};
function reducer(op: OpOf<"reduce" | "reduce_window">, operands: readonly Node[], s: BuildScope): Combine {
  const site = regionSite(op, s);
  const combine = combineOf(region(op, 0), operands.map((x) => x.dtype), site); // prettier-ignore
  return combine === "replace" ? { region: regionOf(region(op, 0), site) } : combine;
}

const reduceWindow: Build<"reduce_window"> = (op, xs, s) => {
  const n = xs.length / 2;
  const [operands, inits] = [xs.slice(0, n), xs.slice(n)];
  const { shape } = typeOf(op, s);
  const a = op.attrs;
  const first = operands[0] as Node;
  const axes = first.shape.map((size, d): views.WindowAxis => ({
    size,
    outer: d,
    inner: shape.length + d,
    stride: at(a.windowStrides, d),
    step: at(a.windowDilations, d),
    low: a.padding[d]?.[0] ?? 0,
    dilation: at(a.baseDilations, d),
  }));
  const over = [...shape, ...a.windowDimensions];
  const window = (x: Node, otherwise: Node): Node =>
    s.g.view(x, over, views.windowMap(axes), `windows ${JSON.stringify(a)}`, { otherwise });
  const combine = reducer(op, operands, s);
  if ("monoid" in combine) {
    const identity = identityOf(combine.monoid, computeOf(first.dtype, op.op, s.g.shared.plugin));
    return s.g.reduce([window(first, s.g.constant(first.dtype, [], identity))], inits, shape, combine);
  }
  // A region has no identity: a flag tells what lies outside.
  const dtypes = operands.map((x) => x.dtype);
  const exists = window(s.g.number("bool", first.shape, 1), s.g.number("bool", [], 0));
  const values = operands.map((x) => window(x, s.g.number(x.dtype, [], 0)));
  const all: Combine = { region: flagged(combine, dtypes, s.g.shared.plugin) };
  return s.g.reduce([...values, exists], [...inits, s.g.number("bool", [], 0)], shape, all).slice(0, n);
};

/** First the place that each window selects, by a reduction of (value, place); then a scatter to those places. */
const selectAndScatter: Build<"select_and_scatter"> = (op, [x, source, init], s) => {
  const [operand, values, start] = [x as Node, source as Node, init as Node];
  const a = op.attrs;
  const over = [...values.shape, ...a.windowDimensions];
  const axes = operand.shape.map((size, d): views.WindowAxis => ({
    size,
    outer: d,
    inner: values.shape.length + d,
    stride: at(a.windowStrides, d),
    step: 1,
    low: a.padding[d]?.[0] ?? 0,
    dilation: 1,
  }));
  const window = (y: Node, otherwise: Node): Node =>
    s.g.view(y, over, views.windowMap(axes), `windows ${JSON.stringify(a)}`, { otherwise });
  const none = s.g.number("i32", [], -1);
  const place = s.g.reshape(s.g.iota("i32", [operand.size], 0), operand.shape);
  const zero = s.g.number(operand.dtype, [], 0);
  const choose = { region: selector(region(op, 0), regionSite(op, s)) };
  const [, chosen] = s.g.reduce(
    [window(operand, zero), window(place, none)],
    [zero, none],
    values.shape,
    choose,
  );
  const target = s.g.broadcast(start, [operand.size], []);
  const combine = combineInMemory(op, region(op, 1), [target], s);
  const [out] = s.g.update({
    targets: [target],
    values: [values],
    over: values.shape,
    indices: [chosen as Node],
    map: (p, reader) => {
      const index = reader.index(chosen as Node, p, [-1, operand.size]);
      return { at: [index], guards: [{ x: index, lo: 0, hi: operand.size }] };
    },
    combine: combine === "replace" ? { region: LAST(target, s) } : combine,
  });
  return [s.g.reshape(out as Node, operand.shape)];
};

const sort: Build<"sort"> = (op, xs, s) => {
  const k = xs.length;
  // The wire's comparator takes (left, right) by operand, the plan's all left ones first.
  const comparator = regionOf(region(op, 0), regionSite(op, s), (i) => (i % 2) * k + Math.floor(i / 2));
  const { dimension } = op.attrs;
  return s.g.sort(xs, dimension < 0 ? dimension + (xs[0] as Node).shape.length : dimension, comparator);
};

const loop: Build<"while"> = (op, xs, s) => {
  const carries = xs.map((x) => s.g.carry(x.dtype, x.shape));
  return s.g.loop(xs, carries, s.sub(region(op, 0), carries), s.sub(region(op, 1), carries));
};
const choose: Build<"case"> = (op, [index], s) =>
  s.g.choose(index as Node, (op.regions ?? []).map((b) => s.sub(b, []))); // prettier-ignore

const refuse = (op: Op, _xs: readonly Node[], s: BuildScope): never => {
  const name = op.op === "custom_call" ? op.attrs.target : op.op;
  throw unimplemented(name, op.results[0]?.type.dtype, s.g.shared.plugin);
};

/** One row per wire op. */
const BUILD: { readonly [N in OpName]: Build<N> } = {
  abs: scalar, add: scalar, and: scalar, atan2: scalar, cbrt: scalar, ceil: scalar, clamp: scalar, compare: scalar,
  convert: scalar, cosine: scalar, count_leading_zeros: scalar, divide: scalar, exponential: scalar,
  exponential_minus_one: scalar, floor: scalar, is_finite: scalar, log: scalar, log_plus_one: scalar, logistic: scalar,
  maximum: scalar, minimum: scalar, multiply: scalar, negate: scalar, not: scalar, or: scalar, popcnt: scalar,
  power: scalar, reduce_precision: scalar, remainder: scalar, round_nearest_afz: scalar, round_nearest_even: scalar,
  rsqrt: scalar, select: scalar, shift_left: scalar, shift_right_arithmetic: scalar, shift_right_logical: scalar,
  sign: scalar, sine: scalar, sqrt: scalar, subtract: scalar, tan: scalar, tanh: scalar, xor: scalar,
  bitcast_convert: bitcast,
  real: part(0),
  imag: part(1),
  complex: (op, [re, im], s) => {
    const { shape } = typeOf(op, s);
    const whole = [...shape, 2];
    const strides = rowMajorOf(whole).slice(0, -1);
    const pieces = [re, im].map((node, offset) => ({ node: node as Node, strides, offset }));
    return [s.g.assemble((re as Node).dtype, whole, null, pieces)];
  },
  constant,
  iota: (op, _xs, s) => {
    const { dtype, shape } = typeOf(op, s);
    return [s.g.iota(dtype, shape, op.attrs.dimension)];
  },
  broadcast_in_dim: (op, [x], s) => [s.g.broadcast(x as Node, typeOf(op, s).shape, op.attrs.dimensions)],
  reshape: (op, [x], s) => [s.g.reshape(x as Node, typeOf(op, s).shape)],
  transpose: (op, [x], s) => [s.g.transpose(x as Node, op.attrs.permutation)],
  slice: (op, [x], s) => {
    const { shape } = typeOf(op, s);
    return [s.g.slice(x as Node, shape, op.attrs.start as Ints, op.attrs.strides)];
  },
  reverse: (op, [x], s) => [s.g.reverse(x as Node, op.attrs.dimensions)],
  pad,
  concatenate: (op, xs, s) => [s.g.concat(xs, op.attrs.dimension, typeOf(op, s).shape)],
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
  gather,
  scatter,
  reduce,
  reduce_window: reduceWindow,
  select_and_scatter: selectAndScatter,
  sort,
  dot_general: (op, [x, y], s) => [dotGeneral(s.g, op, x as Node, y as Node, typeOf(op, s).dtype)],
  convolution: (op, [x, w], s) => {
    const { dtype, shape } = typeOf(op, s);
    return [convolution(s.g, op.attrs, x as Node, w as Node, dtype, shape)];
  },
  while: loop,
  case: choose,
  optimization_barrier: (_op, xs, s) => s.g.barrier(xs),
  call: refuse,
  composite: refuse,
  custom_call: refuse,
}; // prettier-ignore
function rowMajorOf(shape: Ints): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce((n, d) => n * d, 1));
}

/** Nodes of an op's results. @throws UNIMPLEMENTED naming op and dtype */
export function buildOp(op: Op, xs: readonly Node[], s: BuildScope): readonly Node[] {
  return (BUILD[op.op] as Build<OpName>)(op, xs, s);
}
