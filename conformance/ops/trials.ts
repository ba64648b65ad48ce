// Words that the cases of ops are written in.
import type { ConcreteType, DType, OpAttrs, OpName } from "tenon-plugin-api";
import { single, type } from "../builder.ts";
import type { Trial } from "../case.ts";
import { distinct, edges } from "../inputs.ts";
import type { Tolerance } from "../tolerance.ts";
import { isComplex, sizeOf, toElement, type Element, type Elements } from "../values.ts";

/** Each element, or for complex arrays each pair, of the same place in several arrays. */
export function mapElements<T>(
  dtype: DType,
  arrays: readonly Elements[],
  f: (...parts: readonly (readonly Element[])[]) => T,
): T[] {
  const width = isComplex(dtype) ? 2 : 1;
  const n = (arrays[0]?.length ?? 0) / width;
  return Array.from({ length: n }, (_, i) => f(...arrays.map((a) => a.slice(width * i, width * (i + 1)))));
}

/** All pairs of two lists, as two lists. */
export function pairsOf(a: Elements, b: Elements): [Elements, Elements] {
  return [a.flatMap((x) => b.map(() => x)), a.flatMap(() => [...b])];
}

/** Rank-0 type. */
export const scalar = (dtype: DType): ConcreteType => type(dtype);

/** A program of one op on whole inputs, with what must come out. */
export function oneOp<N extends OpName>(
  op: N,
  operands: readonly (readonly [ConcreteType, Elements])[],
  attrs: OpAttrs[N],
  result: ConcreteType,
  want?: Elements,
  tolerance?: Tolerance,
): Trial {
  return {
    program: single(
      op,
      operands.map(([t]) => t),
      attrs,
      [result],
    ),
    inputs: operands.map(([, x]) => x),
    want: [want?.map((x) => toElement(result.dtype, x))],
    ...(tolerance === undefined ? {} : { tolerance }),
  };
}

/** Multi-indices of a shape, row-major. */
export function indicesOf(shape: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (const d of [...shape].reverse()) {
      index.unshift(rest % d);
      rest = Math.floor(rest / d);
    }
    return index;
  });
}
/** Row-major position of an index. */
export const flatOf = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((at, d, i) => at * d + (index[i] as number), 0);

/** The element (or pair) at a position. */
export function elementAt(dtype: DType, x: Elements, position: number): Elements {
  return isComplex(dtype) ? x.slice(2 * position, 2 * position + 2) : x.slice(position, position + 1);
}
/** An array whose element at each index of a shape is an element of x. */
export function picked(
  dtype: DType,
  x: Elements,
  shape: readonly number[],
  position: (index: readonly number[]) => number,
): Elements {
  return indicesOf(shape).flatMap((index) => elementAt(dtype, x, position(index)));
}

/** A typed array of different elements, for ops that only move them. */
export function filledWith(dtype: DType, ...shape: number[]): [ConcreteType, Elements] {
  return [type(dtype, ...shape), distinct(dtype, sizeOf(shape))];
}
/** Every edge of a dtype that all devices keep, infinities and NaN included. */
export const allEdges = (dtype: DType): Elements =>
  (["finite", "signedZero", "inf", "nan"] as const).flatMap((about) => edges(dtype, about));

const VIEW = new DataView(new ArrayBuffer(8));
/** The place of a double in the total order: −0 before +0, NaN (here of positive sign) last. */
export function totalRank(x: number): bigint {
  VIEW.setFloat64(0, x);
  const bits = VIEW.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fff_ffff_ffff_ffffn) - 1n : bits;
}
