// ONNX operators on values, as the rows of the op table write them: shapes broadcast, missing kernels go through a wider
// type, and a broadcast value is remembered in its small form, so that elementwise nodes take that.
import { dimOf, sameDim, sizeOfDims, unimplemented, type Dim, type DType } from "tenon-plugin-api";
import { carrierOf, decode, encode, isInteger, kernelType, ONNX_TYPE, STORED_TYPE } from "./elements.ts";
import { PLUGIN } from "./name.ts";
import { type Writer, type Attrs, type Nested, type Shaped, type Val } from "./writer.ts";

/** Stands for "to the end, whatever the size" in Slice. */
const END = 2n ** 63n - 1n;

/** Operators on values of one model. */
export class Graph {
  readonly writer: Writer;
  readonly #compact: Map<string, Val> = new Map();

  constructor(writer: Writer) {
    this.writer = writer;
  }

  // --- constants ----------------------------------------------------------------------------------------------------

  /** A rank-0 constant. */
  scalar(dtype: DType, value: number | bigint): Val {
    return this.writer.constant(dtype, [], encode(dtype, [value]));
  }
  /** Truth. */
  get true(): Val {
    return this.scalar("bool", 1);
  }
  /** The value of a constant with one element, broadcast or not; an integer as bigint. */
  known(x: Val): number | bigint | undefined {
    const small = this.compact(x);
    const bytes = this.writer.bytesOf(small);
    return bytes !== undefined && sizeOfDims(small.shape) === 1 ? decode(x.dtype, bytes) : undefined;
  }
  /** 0, 1, … n − 1. */
  range(n: Dim, dtype: DType = "i64"): Val {
    const limit = typeof n === "number" ? this.scalar("i64", n) : this.reshape(this.writer.dim(n), []);
    const ends = [this.scalar("i64", 0), limit, this.scalar("i64", 1)];
    return this.cast(this.writer.one("Range", ends, { dtype: "i64", shape: [n] }), dtype);
  }
  /** One number for every element of a shape. */
  full(dtype: DType, shape: readonly Dim[], value: number | bigint): Val {
    return this.expand(this.scalar(dtype, value), shape);
  }

  /** Zeros of any dtype. */
  zeros(dtype: DType, shape: readonly Dim[]): Val {
    return this.expand(this.cast(this.scalar(carrierOf(dtype), 0), dtype), shape);
  }

  // --- element types --------------------------------------------------------------------------------------------------

  /** Cast as onnxruntime does it: integers wrap; a float must be in the range of an integer; bf16 rounds. */
  cast(x: Val, to: DType): Val {
    if (x.dtype === to) return x;
    if (x.dtype === "bf16") return this.cast({ ...x, dtype: "f32" }, to);
    const constant = x.shape.length === 0 && isInteger(x.dtype) && isInteger(to) ? this.known(x) : undefined;
    if (constant !== undefined) return this.scalar(to, constant);
    const out: Shaped = { dtype: to, shape: x.shape };
    const y = this.writer.one("Cast", [x], out, { to: STORED_TYPE[to] as number });
    return to === "bf16" ? this.writer.one("Cast", [y], out, { to: ONNX_TYPE.f32 as number }) : y;
  }
  /** ONNX's number of an element type. */
  typeNumber(d: DType): number {
    return ONNX_TYPE[d] as number;
  }
  /** A float in the type that computes it. */
  carry(x: Val): Val {
    return this.cast(x, carrierOf(x.dtype));
  }

  // --- elementwise ------------------------------------------------------------------------------------------------------

  /** An operator that broadcasts; the result is of the operands' dtype unless said otherwise. */
  op(operator: string, xs: readonly Val[], dtype?: DType, attrs?: Attrs): Val {
    const own = (xs[0] as Val).dtype;
    const kernel = kernelType(operator, own);
    const shape = xs.map((x) => x.shape).reduce(broadcast);
    const wide = xs.map((x) => this.cast(x, kernel));
    const y = this.writer.one(operator, wide, { dtype: dtype ?? kernel, shape }, attrs);
    return this.cast(y, dtype ?? own);
  }
  /** x where the condition holds, else y. onnxruntime's Where makes 0 of −0. */
  where(condition: Val, x: Val, y: Val): Val {
    const kernel = kernelType("Where", x.dtype);
    const [a, b] = [this.cast(x, kernel), this.cast(y, kernel)];
    const shape = [condition.shape, x.shape, y.shape].reduce(broadcast);
    return this.cast(this.writer.one("Where", [condition, a, b], { dtype: kernel, shape }), x.dtype);
  }
  /** The larger. onnxruntime's Max of 64-bit integers compares 32 of them only, in some positions. */
  max(x: Val, y: Val): Val {
    return is64(x) ? this.where(this.less(x, y), y, x) : this.op("Max", [x, y]);
  }
  /** The smaller. */
  min(x: Val, y: Val): Val {
    return is64(x) ? this.where(this.less(x, y), x, y) : this.op("Min", [x, y]);
  }
  /** x = y. */
  equal(x: Val, y: Val): Val {
    return this.op("Equal", [x, y], "bool");
  }
  /** x < y. */
  less(x: Val, y: Val): Val {
    return this.op("Less", [x, y], "bool");
  }
  /** Both. */
  and(x: Val, y: Val): Val {
    return this.op("And", [x, y]);
  }
  /** Either. */
  or(x: Val, y: Val): Val {
    return this.op("Or", [x, y]);
  }
  /** Not. */
  not(x: Val): Val {
    return this.op("Not", [x]);
  }
  /** Is a float in its carrier not a number? */
  isNaN(x: Val): Val {
    return this.op("IsNaN", [x], "bool");
  }

  // --- shape ------------------------------------------------------------------------------------------------------------

  /** The small form of a broadcast value: it has fewer or size-1 axes and broadcasts to the same. */
  compact(x: Val): Val {
    const small = this.#compact.get(x.name);
    return small === undefined ? x : { ...small, dtype: x.dtype };
  }
  /** Broadcast to a shape, axes aligned at the last. */
  expand(x: Val, shape: readonly Dim[]): Val {
    if (sameShape(x.shape, shape)) return x;
    const y = this.writer.one("Expand", [x, this.writer.dims(shape)], { dtype: x.dtype, shape });
    this.#compact.set(y.name, this.compact(x));
    return y;
  }
  /** The same elements in another shape. */
  reshape(x: Val, shape: readonly Dim[]): Val {
    if (sameShape(x.shape, shape)) return x;
    const attrs = shape.includes(0) ? { allowzero: 1 } : {};
    return this.writer.one("Reshape", [x, this.writer.dims(shape)], { dtype: x.dtype, shape }, attrs);
  }
  /** Axis i of the result is axis perm[i] of x. */
  transpose(x: Val, perm: readonly number[]): Val {
    if (perm.every((p, i) => p === i)) return x;
    const shape = perm.map((p) => x.shape[p] as Dim);
    return this.writer.one("Transpose", [x], { dtype: x.dtype, shape }, { perm });
  }
  /** From `start` to `limit` by `strides`, along all axes. */
  slice(x: Val, start: readonly Dim[], limit: readonly Dim[], strides: readonly number[]): Val {
    const axes = axesOf(x).filter(
      (d) => start[d] !== 0 || !sameDim(limit[d] as Dim, x.shape[d] as Dim) || strides[d] !== 1,
    );
    if (axes.length === 0) return x;
    const shape = x.shape.map((n, d) =>
      axes.includes(d) ? spanned(start[d] as Dim, limit[d] as Dim, strides[d] as number) : n,
    );
    const { writer } = this;
    const ends = [start, limit].map((list) => writer.dims(axes.map((d) => list[d] as Dim)));
    const steps = writer.ints(axes.map((d) => strides[d] as number));
    return writer.one("Slice", [x, ...ends, writer.ints(axes), steps], { dtype: x.dtype, shape });
  }
  /** n elements along one axis, `stride` apart. */
  take(x: Val, axis: number, start: number, n: number, stride = 1): Val {
    const limit = n === 0 ? start : start + (n - 1) * stride + 1;
    const at = <T>(mine: T, others: (d: number) => T): T[] =>
      axesOf(x).map((d) => (d === axis ? mine : others(d)));
    return this.slice(
      x,
      at<Dim>(start, () => 0),
      at<Dim>(limit, (d) => x.shape[d] as Dim),
      at(stride, () => 1),
    );
  }
  /** From a position known at run time (i64 of rank 0), `size` elements; without a size to the end. */
  sliceAt(x: Val, axis: number, start: Val | null, limit: Val | null, size: Dim): Val {
    const vector = (v: Val | null, or: bigint): Val =>
      v === null ? this.writer.ints([or]) : this.reshape(v, [1]);
    const shape = x.shape.map((n, d) => (d === axis ? size : n));
    const ends = [vector(start, 0n), vector(limit, END), this.writer.ints([axis])];
    return this.writer.one("Slice", [x, ...ends], { dtype: x.dtype, shape });
  }
  /** In the opposite order along some axes. */
  reverse(x: Val, axes: readonly number[]): Val {
    if (axes.length === 0) return x;
    const all = (n: number | bigint): Val => this.writer.ints(axes.map(() => n));
    return this.writer.one("Slice", [x, all(-1), all(-END), this.writer.ints(axes), all(-1)], x);
  }
  /** One after another along an axis. */
  concat(xs: readonly Val[], axis: number): Val {
    const [first] = xs as [Val];
    if (xs.length === 1) return first;
    const total = xs.map((x) => x.shape[axis] as Dim).reduce(addDims);
    const shape = first.shape.map((n, d) => (d === axis ? total : n));
    return this.writer.one("Concat", xs, { dtype: first.dtype, shape }, { axis });
  }
  /** Elements of `value` (rank 0) before and after each axis; counts are not negative. */
  pad(x: Val, low: readonly number[], high: readonly number[], value: Val): Val {
    if ([...low, ...high].every((n) => n === 0)) return x;
    const kernel = kernelType("Pad", x.dtype);
    const shape = x.shape.map((n, d) => addDims(n, (low[d] as number) + (high[d] as number)));
    const inputs = [this.cast(x, kernel), this.writer.ints([...low, ...high]), this.cast(value, kernel)];
    return this.cast(this.writer.one("Pad", inputs, { dtype: kernel, shape }), x.dtype);
  }
  /** Elements of axis `axis` at `indices` (i64, within range), which take its place. */
  gather(x: Val, indices: Val, axis: number): Val {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return this.writer.one("Gather", [x, indices], { dtype: x.dtype, shape }, { axis });
  }
  /** A reduction operator along axes, which disappear. */
  reduce(operator: string, x: Val, axes: readonly number[]): Val {
    const kernel = kernelType(operator, x.dtype);
    const shape = x.shape.filter((_, d) => !axes.includes(d));
    const inputs = [this.cast(x, kernel), this.writer.ints(axes)];
    return this.cast(this.writer.one(operator, inputs, { dtype: kernel, shape }, { keepdims: 0 }), x.dtype);
  }

  // --- control ------------------------------------------------------------------------------------------------------------

  /** A Loop over `state`: at most `trips` times (null: no limit) and while the body's first result, or `go`, holds. */
  loop(
    wish: string,
    trips: Val | null,
    go: Val,
    state: readonly Val[],
    body: (iteration: Val, state: readonly Val[]) => readonly [go: Val, ...state: Val[]],
  ): readonly Val[] {
    const params: Shaped[] = [{ dtype: "i64", shape: [] }, { dtype: "bool", shape: [] }, ...state];
    const graph = this.writer.nested(wish, params, ([i, , ...inner]) => body(i as Val, inner));
    return this.writer.node("Loop", [trips ?? undefined, go, ...state], state, { body: graph });
  }
  /** One of two graphs of the same results. */
  branch(
    condition: Val,
    outs: readonly Shaped[],
    yes: () => readonly Val[],
    no: () => readonly Val[],
  ): readonly Val[] {
    const nested = (wish: string, build: () => readonly Val[]): Nested => this.writer.nested(wish, [], build);
    return this.writer.node("If", [condition], outs, {
      then_branch: nested("then", yes),
      else_branch: nested("else", no),
    });
  }
}

const is64 = ({ dtype }: Shaped): boolean => dtype === "i64" || dtype === "u64";

// --- shapes -----------------------------------------------------------------------------------------------------------------

/** 0 … rank − 1. */
export const axesOf = (x: Shaped): number[] => x.shape.map((_, d) => d);

/** Equal in every dimension, as far as it is known. */
export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((d, i) => sameDim(d, b[i] as Dim));

/** a + b, folded where both are numbers. */
export const addDims = (a: Dim, b: Dim): Dim => dimOf("add", a, b);

/** ONNX's broadcasting, which is numpy's. */
export function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    return x === 1 ? y : x;
  });
}

function spanned(start: Dim, limit: Dim, stride: number): Dim {
  if (typeof start === "number" && typeof limit === "number") return Math.ceil((limit - start) / stride);
  const span = addDims(limit, typeof start === "number" ? -start : ["mul", -1, start]);
  return stride === 1 ? span : ["floordiv", addDims(span, stride - 1), stride];
}

/** The shape as numbers. @throws UNIMPLEMENTED where the op has no form for a size known at run time only. */
export function fixed(x: Shaped, op: string): readonly number[] {
  if (x.shape.every((d) => typeof d === "number")) return x.shape;
  throw unimplemented(`${op} with a symbolic dimension`, x.dtype, PLUGIN, "give the dimension a number");
}
