// dot_general and convolution. MatMul and Conv do the work where onnxruntime has them; a convolution of another dtype is
// the product of its gathered windows.
import { sizeOfDims, type Dim, type DType, type OpName, type OpOf } from "tenon-plugin-api";
import { carrierOf, isFloat } from "../elements.ts";
import { axesOf, fixed, type Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { convert } from "./convert.ts";
import { dtypeOf, shapeOf, type Row } from "./row.ts";
import { border, dilate } from "./shape.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
const dimsAt = (x: Val, axes: readonly number[]): Dim[] => axes.map((d) => x.shape[d] as Dim);
const without = (x: Val, ...lists: readonly (readonly number[])[]): number[] =>
  axesOf(x).filter((d) => !lists.some((l) => l.includes(d)));

/** The type that multiplies and sums for a result dtype: i32 and i64 wrap as narrower and unsigned ones must. */
function lanesOf(dtype: DType): DType {
  if (isFloat(dtype)) return carrierOf(dtype);
  return dtype === "i64" || dtype === "u64" ? "i64" : "i32";
}
/** A sum of products as the result's dtype: of bools it says whether there was one. */
const finish = (g: Graph, x: Val, dtype: DType): Val =>
  dtype === "bool" ? g.less(g.scalar(x.dtype, 0), x) : g.cast(x, dtype);

const dotGeneral: Row<"dot_general"> = (op, [x, y], { g }) => {
  const { lhsContracting, rhsContracting, lhsBatching, rhsBatching } = op.attrs;
  const dtype = dtypeOf(op);
  const lanes = lanesOf(dtype);
  if (shapeOf(op).includes(0)) return [g.zeros(dtype, shapeOf(op))];
  const [lhs, rhs] = [x, y].map((v) => g.cast(convert(g, v as Val, dtype), lanes)) as [Val, Val];
  const rows = without(lhs, lhsContracting, lhsBatching);
  const columns = without(rhs, rhsContracting, rhsBatching);
  const [batch, m, n, k] = [
    dimsAt(lhs, lhsBatching),
    sizeOfDims(dimsAt(lhs, rows)),
    sizeOfDims(dimsAt(rhs, columns)),
    sizeOfDims(dimsAt(lhs, lhsContracting)),
  ];
  const joined = batch.length === 0 ? [] : [sizeOfDims(batch)];
  const left = g.reshape(g.transpose(lhs, [...lhsBatching, ...rows, ...lhsContracting]), [...joined, m, k]);
  const right = g.reshape(g.transpose(rhs, [...rhsBatching, ...rhsContracting, ...columns]), [
    ...joined,
    k,
    n,
  ]);
  const product = g.writer.one("MatMul", [left, right], { dtype: lanes, shape: [...joined, m, n] });
  return [finish(g, g.reshape(product, shapeOf(op)), dtype)];
};

type ConvAttrs = OpOf<"convolution">["attrs"];

/** The input as [batch, feature, spatial…], dilated, padded as far as asked; batch groups become feature groups. */
function inputOf(g: Graph, x: Val, a: ConvAttrs, isPadded: boolean): Val {
  const zero = g.scalar(x.dtype, 0);
  const ordered = g.transpose(x, [a.inputBatch, a.inputFeature, ...a.inputSpatial]);
  const dilated = dilate(g, ordered, [0, 0, ...a.lhsDilation.map((n) => n - 1)], zero, "convolution");
  const side = (i: 0 | 1): number[] => [0, 0, ...a.padding.map((p) => p[i])];
  const whole = isPadded ? border(g, dilated, side(0), side(1), zero) : dilated;
  if (a.batchGroupCount === 1) return whole;
  const [n, c, ...spatial] = fixed(whole, "convolution") as readonly [number, number, ...number[]];
  const [groups, rest] = [a.batchGroupCount, n / a.batchGroupCount];
  const split = g.reshape(whole, [groups, rest, c, ...spatial]);
  const swapped = g.transpose(split, [1, 0, ...axesOf(split).slice(2)]);
  return g.reshape(swapped, [rest, groups * c, ...spatial]);
}

const convolution: Row<"convolution"> = (op, [x, w], { g }) => {
  const a = op.attrs;
  const [dtype, out] = [dtypeOf(op), shapeOf(op)];
  const lanes = lanesOf(dtype);
  const [lhs, rhs] = [x, w].map((v) => g.cast(convert(g, v as Val, dtype), lanes)) as [Val, Val];
  if (out.includes(0) || lhs.shape.includes(0) || rhs.shape.includes(0)) return [g.zeros(dtype, out)];
  const reversed = a.kernelSpatial.filter((_, i) => a.windowReversal[i] === true);
  const order = [a.kernelOutputFeature, a.kernelInputFeature, ...a.kernelSpatial];
  const kernel = g.transpose(g.reverse(rhs, reversed), order);
  // onnxruntime has Conv of f32 only; it pads for itself, but takes no negative counts.
  const isConv = lanes === "f32";
  const isPadded = !isConv || a.padding.some((p) => p[0] < 0 || p[1] < 0);
  const axes = [a.outputBatch, a.outputFeature, ...a.outputSpatial];
  const shape = axes.map((d) => out[d] as Dim);
  const input = inputOf(g, lhs, a, isPadded);
  const result = isConv
    ? byConv(g, input, kernel, isPadded ? { ...a, padding: [] } : a, shape)
    : byWindows(g, input, kernel, a, shape);
  return [
    finish(
      g,
      g.transpose(
        result,
        axesOf(result).map((d) => axes.indexOf(d)),
      ),
      dtype,
    ),
  ];
};

const groupsOf = (a: ConvAttrs): number => a.featureGroupCount * a.batchGroupCount;

/** ONNX Conv; without spatial axes, along one of size 1. */
function byConv(g: Graph, input: Val, kernel: Val, a: ConvAttrs, out: readonly Dim[]): Val {
  const spatial = fixed(kernel, "convolution").slice(2);
  const isFlat = spatial.length === 0;
  const wide = (shape: readonly Dim[]): readonly Dim[] => (isFlat ? [...shape, 1] : shape);
  const attrs = {
    kernel_shape: isFlat ? [1] : spatial,
    ...(isFlat ? {} : { strides: a.windowStrides, dilations: a.rhsDilation }),
    ...(a.padding.length === 0
      ? {}
      : { pads: [...a.padding.map((p) => p[0]), ...a.padding.map((p) => p[1])] }),
    group: groupsOf(a),
  };
  const operands = [input, kernel].map((v) => g.reshape(v, wide(v.shape)));
  return g.reshape(g.writer.one("Conv", operands, { dtype: "f32", shape: wide(out) }, attrs), out);
}

/** The windows of each spatial axis gathered, then one matrix product a group. */
function byWindows(g: Graph, input: Val, kernel: Val, a: ConvAttrs, out: readonly Dim[]): Val {
  const [features, depth, ...window] = fixed(kernel, "convolution") as readonly [number, number, ...number[]];
  const [n, , ...places] = out as readonly [number, number, ...number[]];
  const groups = groupsOf(a);
  const product = (list: readonly number[]): number => list.reduce((m, v) => m * v, 1);
  const times = (count: number, by: number): Val => g.op("Mul", [g.range(count), g.scalar("i64", by)]);
  let windows = input;
  window.forEach((k, i) => {
    const starts = g.reshape(times(at(places, i), at(a.windowStrides, i)), [at(places, i), 1]);
    windows = g.gather(windows, g.op("Add", [starts, times(k, at(a.rhsDilation, i))]), 2 + 2 * i);
  });
  // [n, groups, depth, place, window, place, window …] → [groups, n, places…, depth, windows…]
  const split = g.reshape(windows, [n, groups, depth, ...window.flatMap((k, i) => [at(places, i), k])]);
  const ordered = g.transpose(split, [
    1,
    0,
    ...places.map((_, i) => 3 + 2 * i),
    2,
    ...window.map((_, i) => 4 + 2 * i),
  ]);
  const [rows, inner, columns] = [n * product(places), depth * product(window), features / groups];
  const right = g.transpose(g.reshape(kernel, [groups, columns, inner]), [0, 2, 1]);
  const shape = [groups, rows, columns];
  const result = g.writer.one("MatMul", [g.reshape(ordered, [groups, rows, inner]), right], {
    dtype: input.dtype,
    shape,
  });
  const apart = g.reshape(result, [groups, n, ...places, columns]);
  const last = places.length + 2;
  return g.reshape(g.transpose(apart, [1, 0, last, ...places.map((_, i) => 2 + i)]), out);
}

/** The rows of the op table. */
export const contractRows = {
  dot_general: dotGeneral,
  convolution,
} satisfies { readonly [N in OpName]?: Row<N> };
