// Ops that move elements: ONNX has nearly all of them under other names.
import { DTYPES, type Dim, type OpName } from "tenon-plugin-api";
import { addDims, axesOf, fixed, type Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { convert } from "./convert.ts";
import { dtypeOf, shapeOf, type Row } from "./row.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

const constant: Row<"constant"> = (op, _xs, { g, program }) => {
  const { type, bytes, splat } = op.attrs.value;
  const data = program.attachments[bytes] as Uint8Array;
  const shape = type.shape as readonly number[];
  const stored = g.writer.constant(type.dtype, splat === true ? [] : shape, data);
  return [g.expand(stored, shape)];
};

const iota: Row<"iota"> = (op, _xs, { g }) => {
  const { dimension } = op.attrs;
  const shape = shapeOf(op);
  const line = convert(g, g.range(shape[dimension] as Dim), dtypeOf(op));
  const column = shape.slice(dimension).map((n, i) => (i === 0 ? n : 1));
  return [g.expand(g.reshape(line, column), shape)];
};

const broadcastInDim: Row<"broadcast_in_dim"> = (op, [x], { g }) => {
  const shape = shapeOf(op);
  const small = g.compact(x as Val);
  // An expanded operand goes on in its small form, its axes aligned at those of the operand.
  const missing = (x as Val).shape.length - small.shape.length;
  const own = [...Array<Dim>(missing).fill(1), ...small.shape];
  const spread = shape.map((): Dim => 1);
  op.attrs.dimensions.forEach((d, i) => (spread[d] = own[i] as Dim));
  const first = spread.findIndex((n) => n !== 1);
  const axes = op.attrs.dimensions;
  const ordered = axes.every((d, i) => i === 0 || at(axes, i - 1) < d);
  const perm = axesOf(x as Val).sort((i, j) => at(axes, i) - at(axes, j));
  const source = ordered ? small : g.transpose(g.reshape(small, own), perm);
  return [g.expand(g.reshape(source, first < 0 ? [] : spread.slice(first)), shape)];
};

const slice: Row<"slice"> = (op, [x], { g }) => [
  g.slice(x as Val, op.attrs.start, op.attrs.limit, op.attrs.strides),
];

/** Zero, one or more copies of `value` between neighbours: each element becomes a row that is padded. */
export function dilate(g: Graph, x: Val, interior: readonly number[], value: Val, op: string): Val {
  if (interior.every((n, d) => n === 0 || x.shape[d] === 0)) return x;
  const shape = fixed(x, op);
  const gaps = interior.map((n, d) => (at(shape, d) === 0 ? 0 : n));
  const none = shape.flatMap(() => [0, 0]);
  const rows = g.reshape(
    x,
    shape.flatMap((n, d) => (at(gaps, d) === 0 ? [n] : [n, 1])),
  );
  const widths = gaps.flatMap((n) => (n === 0 ? [0] : [0, n]));
  const padded = g.pad(rows, none.slice(0, widths.length), widths, value);
  const joined = g.reshape(
    padded,
    shape.map((n, d) => n * (at(gaps, d) + 1)),
  );
  const limit = joined.shape.map((n, d) => (n as number) - at(gaps, d));
  return g.slice(
    joined,
    shape.map(() => 0),
    limit,
    shape.map(() => 1),
  );
}

/** `low` and `high` elements of `value` around each axis; negative counts take elements away. */
export function border(g: Graph, x: Val, low: readonly number[], high: readonly number[], value: Val): Val {
  const less = (n: number): number => Math.max(-n, 0);
  const more = (n: number): number => Math.max(n, 0);
  const isCropped = low.some((n) => n < 0) || high.some((n) => n < 0);
  // What is taken away on one side may be padding of the other, so padding comes first.
  const padded = g.pad(x, low.map(more), high.map(more), value);
  if (!isCropped) return padded;
  const limit = padded.shape.map((n, d) => addDims(n, -less(at(high, d))));
  return g.slice(
    padded,
    low.map(less),
    limit,
    low.map(() => 1),
  );
}

const pad: Row<"pad"> = (op, [x, value], { g }) => {
  const { low, high, interior } = op.attrs;
  return [border(g, dilate(g, x as Val, interior, value as Val, "pad"), low, high, value as Val)];
};

/** An index between 0 and `last`, as i64; clamped in 32 bits where it has no more, which onnxruntime does in two nodes. */
export function clampIndex(g: Graph, index: Val, last: Dim): Val {
  const isShort = DTYPES[index.dtype].bits <= 32 && index.dtype !== "u32" && typeof last === "number";
  const x = g.cast(isShort ? index : indexOf(g, index), isShort ? "i32" : "i64");
  const limit = typeof last === "number" ? g.scalar(x.dtype, last) : g.reshape(g.writer.dim(last), []);
  return g.cast(g.max(g.min(x, limit), g.scalar(x.dtype, 0)), "i64");
}
/** An index as i64; an u64 beyond that stays large. */
export function indexOf(g: Graph, x: Val): Val {
  return g.cast(x.dtype === "u64" ? g.min(x, g.scalar("u64", 2n ** 63n - 1n)) : x, "i64");
}
/** The last position at which `size` of `n` elements begin. */
const lastStart = (n: Dim, size: Dim): Dim =>
  addDims(n, typeof size === "number" ? -size : ["mul", -1, size]);

const dynamicSlice: Row<"dynamic_slice"> = (op, [x, ...starts], { g }) => {
  const source = x as Val;
  return [
    op.attrs.sliceSizes.reduce((y, size, d) => {
      if (source.shape[d] === size) return y;
      const start = clampIndex(g, starts[d] as Val, lastStart(source.shape[d] as Dim, size));
      return g.sliceAt(y, d, start, g.op("Add", [start, g.scalar("i64", size)]), size);
    }, source),
  ];
};

/** A size that depends on data, between two nodes; never written. */
const UNKNOWN: Dim = "?";
/**
 * Whole rows are put in place by ScatterND, which may overwrite its input: a loop that fills an array row by row stays
 * linear. Any other block is what stands before it, the block, and what stands after: for each axis, from the outermost.
 */
const dynamicUpdateSlice: Row<"dynamic_update_slice"> = (_op, [x, u, ...starts], { g }) => {
  const [operand, update] = [x as Val, u as Val];
  const partial = axesOf(operand).filter((d) => operand.shape[d] !== update.shape[d]);
  const [n, rows] = [operand.shape[0] as Dim, update.shape[0] as Dim];
  if (partial.length === 1 && partial[0] === 0 && rows !== 0) {
    const start = clampIndex(g, starts[0] as Val, lastStart(n, rows));
    const places = g.op("Add", [g.range(rows), start]);
    return [g.writer.one("ScatterND", [operand, g.reshape(places, [rows, 1]), update], operand)];
  }
  const place = (y: Val, d: number): Val => {
    if (d === y.shape.length) return update;
    const [whole, size] = [y.shape[d] as Dim, update.shape[d] as Dim];
    if (whole === size) return place(y, d + 1);
    if (size === 0) return y;
    const start = clampIndex(g, starts[d] as Val, lastStart(whole, size));
    const end = g.op("Add", [start, g.reshape(g.writer.dim(size), [])]);
    const within = place(g.sliceAt(y, d, start, end, size), d + 1);
    const around = [g.sliceAt(y, d, null, start, UNKNOWN), within, g.sliceAt(y, d, end, null, UNKNOWN)];
    return { ...g.concat(around, d), shape: y.shape };
  };
  return [place(operand, 0)];
};

/** The rows of the op table. */
export const shapeRows = {
  constant,
  iota,
  broadcast_in_dim: broadcastInDim,
  reshape: (op, [x], { g }) => [g.reshape(x as Val, shapeOf(op))],
  transpose: (op, [x], { g }) => [g.transpose(x as Val, op.attrs.permutation)],
  slice,
  reverse: (op, [x], { g }) => [g.reverse(x as Val, op.attrs.dimensions)],
  pad,
  concatenate: (op, xs, { g }) => [g.concat(xs, op.attrs.dimension)],
  dynamic_slice: dynamicSlice,
  dynamic_update_slice: dynamicUpdateSlice,
} satisfies { readonly [N in OpName]?: Row<N> };
