// reduce. A region of one known op becomes ONNX's reduction of it where that is exact; any other region is written on
// halves of the array, which takes log2(n) copies of it.
import {
  DTYPES,
  sizeOfDims,
  type BinaryOp,
  type Block,
  type Dim,
  type DType,
  type OpName,
} from "tenon-plugin-api";
import { isFloat, kernelType } from "../elements.ts";
import { axesOf, fixed, type Graph } from "../graph.ts";
import type { Val } from "../writer.ts";
import { regionOf, shapeOf, type Row } from "./row.ts";

const MONOIDS = ["add", "multiply", "maximum", "minimum", "and", "or", "xor"] as const;
/** A reducer of one op. */
export type Monoid = (typeof MONOIDS)[number];
/** Of bools, arithmetic is logic. */
const LOGIC: { readonly [O in BinaryOp]?: Monoid } = {
  add: "or",
  multiply: "and",
  maximum: "or",
  minimum: "and",
};

/** The one op that a reducer is, its two parameters in either order; null if it is more, or less. */
export function monoidOf(region: Block, dtype: DType): Monoid | null {
  const [op] = region.ops;
  const [x, y] = region.params.map((p) => p.id);
  if (region.ops.length !== 1 || op === undefined || region.params.length !== 2) return null;
  if (region.results[0] !== op.results[0]?.id || !MONOIDS.includes(op.op as Monoid)) return null;
  const [a, b] = op.operands;
  if (!((a === x && b === y) || (a === y && b === x))) return null;
  const name = op.op as Monoid;
  return dtype === "bool" ? (LOGIC[name] ?? name) : name;
}

const IDENTITY: { readonly [M in Monoid]?: number } = {
  add: 0,
  multiply: 1,
  maximum: -Infinity,
  minimum: Infinity,
  or: 0,
  xor: 0,
};
/** Is the value known to change nothing? Only where that is sure: extrema of integers are combined. */
export function isIdentity(g: Graph, monoid: Monoid, init: Val): boolean {
  const value = g.known(init);
  if (monoid === "and") return init.dtype === "bool" && value === 1n;
  return value !== undefined && Number(value) === IDENTITY[monoid];
}

/** Combines arrays element by element. */
export type Combine = (a: readonly Val[], b: readonly Val[]) => readonly Val[];

/** ONNX's reduction of a monoid along axes; null where it has none, or an inexact one. */
function native(g: Graph, x: Val, axes: readonly number[], monoid: Monoid): Val | null {
  const { dtype } = x;
  switch (monoid) {
    case "add":
      return isFloat(dtype) ? g.cast(g.reduce("ReduceSum", g.carry(x), axes), dtype) : integerSum(g, x, axes);
    case "multiply":
      // Of integers, as their sum below, it is computed in f64 and saturates.
      return isFloat(dtype) ? g.cast(g.reduce("ReduceProd", g.carry(x), axes), dtype) : null;
    case "maximum":
    case "minimum":
      return extremum(g, x, axes, monoid === "maximum" ? "ReduceMax" : "ReduceMin");
    case "or":
      return dtype === "bool" ? g.reduce("ReduceMax", x, axes) : null;
    case "and":
      return dtype === "bool" ? g.reduce("ReduceMin", x, axes) : null;
    default:
      return null;
  }
}

/** onnxruntime's ReduceSum of integers goes through f64 and saturates; its MatMul is exact and wraps. */
function integerSum(g: Graph, x: Val, axes: readonly number[]): Val {
  const lanes: DType = x.dtype === "i64" || x.dtype === "u64" ? "i64" : "i32";
  const kept = axesOf(x).filter((d) => !axes.includes(d));
  if (x.shape.includes(0))
    return g.zeros(
      x.dtype,
      kept.map((d) => x.shape[d] as Dim),
    );
  const [rows, n] = [kept, axes].map((list) => list.map((d) => x.shape[d] as Dim)) as [Dim[], Dim[]];
  const flat = g.reshape(g.transpose(g.cast(x, lanes), [...kept, ...axes]), [...rows, sizeOfDims(n)]);
  const ones = g.full(lanes, [sizeOfDims(n)], 1);
  return g.cast(g.writer.one("MatMul", [flat, ones], { dtype: lanes, shape: rows }), x.dtype);
}

/** onnxruntime's extrema compare 32 of 64 bits (see Graph.max), and lose NaN, depending on the axis. */
function extremum(g: Graph, x: Val, axes: readonly number[], operator: string): Val | null {
  const { dtype } = x;
  if (DTYPES[kernelType(operator, dtype)].bits === 64 && !isFloat(dtype)) return null;
  if (!isFloat(dtype)) return g.reduce(operator, x, axes);
  const carried = g.carry(x);
  const anyNaN = g.reduce("ReduceMax", g.isNaN(carried), axes);
  const best = g.reduce(operator, carried, axes);
  return g.cast(g.where(anyNaN, g.scalar(carried.dtype, Number.NaN), best), dtype);
}

/** Folds an axis by combining neighbours, again and again: operands stay in order. The axis disappears. */
function byHalves(g: Graph, xs: readonly Val[], axis: number, combine: Combine): readonly Val[] {
  let ys = xs;
  let n = (xs[0] as Val).shape[axis] as number;
  while (n > 1) {
    const half = n >> 1;
    const part = (from: number, size: number): Val[] => ys.map((y) => g.take(y, axis, from, size, 2));
    const folded = combine(part(0, half), part(1, half));
    const rest = n % 2 === 1 ? part(n - 1, 1) : null;
    ys = rest === null ? folded : folded.map((y, i) => g.concat([y, rest[i] as Val], axis));
    n = half + (n % 2);
  }
  return ys.map((y) =>
    g.reshape(
      y,
      y.shape.filter((_, d) => d !== axis),
    ),
  );
}

const reduce: Row<"reduce"> = (op, args, run) => {
  const { g } = run;
  const { dimensions } = op.attrs;
  const region = regionOf(op, 0);
  const n = args.length / 2;
  const [xs, inits] = [args.slice(0, n), args.slice(n)];
  const [x, init] = [xs[0] as Val, inits[0] as Val];
  const out = shapeOf(op);
  if (dimensions.length === 0 || dimensions.some((d) => x.shape[d] === 0))
    return dimensions.length === 0 ? fold(xs) : inits.map((v) => g.expand(v, out));
  const monoid = n === 1 ? monoidOf(region, x.dtype) : null;
  const whole = monoid === null ? null : native(g, x, dimensions, monoid);
  if (whole !== null && isIdentity(g, monoid as Monoid, init)) return [whole];
  return fold(whole === null ? generic() : [whole]);

  function fold(ys: readonly Val[]): readonly Val[] {
    return run.lift(region, [...inits, ...ys]).map((y) => g.expand(y, out));
  }
  function generic(): readonly Val[] {
    const kept = axesOf(x).filter((d) => !dimensions.includes(d));
    const count = dimensions.reduce((m, d) => m * (fixed(x, "reduce")[d] as number), 1);
    const flat = xs.map((y) => g.reshape(g.transpose(y, [...dimensions, ...kept]), [count, ...out]));
    const combine: Combine = (a, b) => {
      const shape = (a[0] as Val).shape;
      return run.lift(region, [...a, ...b]).map((y) => g.expand(y, shape));
    };
    return byHalves(g, flat, 0, combine);
  }
};

/** The rows of the op table. */
export const reduceRows = { reduce } satisfies { readonly [N in OpName]?: Row<N> };
