// Ops that move elements, said in others that do. Positions known beforehand become index constants of a gather.
import type { OpAttrs } from "tenon-plugin-api";
import type { Builder, Ref } from "../../builder.ts";
import { dot, each, sizeOf, strides } from "../../host/tensor.ts";
import { one, type Rules } from "./rule.ts";

const axes = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);
const count = (n: number, of: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => of(i));

/** x at these positions along one axis. */
export function take(b: Builder, x: Ref, axis: number, positions: readonly number[]): Ref {
  const { shape } = x.type;
  if (positions.length === shape[axis] && positions.every((p, i) => p === i)) return x;
  const indices = b.constant({ dtype: "i32", shape: [positions.length] }, positions);
  return b.one("gather", [x, indices], {
    offsetDims: axes(shape.length).filter((d) => d !== axis),
    collapsedSliceDims: [axis],
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    startIndexMap: [axis],
    indexVectorDim: 1,
    sliceSizes: shape.map((n, d) => (d === axis ? 1 : n)),
    indicesAreSorted: false,
  });
}

/** The elements of x at flat positions, in a new shape. */
function rearranged(
  b: Builder,
  x: Ref,
  shape: readonly number[],
  position: (index: readonly number[]) => number,
): Ref {
  const positions: number[] = [];
  each(shape, (index) => positions.push(position(index)));
  return b.reshape(take(b, b.reshape(x, [sizeOf(x.type.shape)]), 0, positions), shape);
}

/** Starts of a dynamic slice as one index vector: each is put in its place. */
function indexVector(b: Builder, starts: readonly Ref[]): Ref {
  const shape = [starts.length];
  const [first, ...others] = starts.map((s) => b.broadcast(s, shape)) as [Ref, ...Ref[]];
  return others.reduce((vector, s, d) => {
    const place = b.constant(
      { dtype: "bool", shape },
      axes(starts.length).map((i) => Number(i === d + 1)),
    );
    return b.apply("select", place, s, vector);
  }, first);
}

/** Puts padding values between the elements of one axis: [n] → [n, 1] → [n, 1 + interior] → [n (1 + interior)], cut. */
function spread(b: Builder, x: Ref, value: Ref, axis: number, interior: number): Ref {
  const { shape } = x.type;
  const n = shape[axis] as number;
  if (interior === 0 || n < 2) return x;
  const split = (width: number): number[] => [...shape.slice(0, axis + 1), width, ...shape.slice(axis + 1)];
  const gaps = b.broadcast(value, split(interior));
  const joined = b.one("concatenate", [b.reshape(x, split(1)), gaps], { dimension: axis + 1 });
  const flat = b.reshape(
    joined,
    shape.map((d, i) => (i === axis ? n * (1 + interior) : d)),
  );
  return cut(b, flat, axis, 0, n * (1 + interior) - interior);
}
function cut(b: Builder, x: Ref, axis: number, from: number, to: number): Ref {
  const { shape } = x.type;
  if (from === 0 && to === shape[axis]) return x;
  return b.one("slice", [x], {
    start: shape.map((_, i) => (i === axis ? from : 0)),
    limit: shape.map((n, i) => (i === axis ? to : n)),
    strides: shape.map(() => 1),
  });
}
/** One axis of pad: spread, then bands of the value on both sides or cuts. */
function padAxis(b: Builder, x: Ref, value: Ref, axis: number, a: OpAttrs["pad"]): Ref {
  const [low, high] = [a.low[axis] as number, a.high[axis] as number];
  const wide = spread(b, x, value, axis, a.interior[axis] as number);
  const band = (n: number): Ref[] =>
    n <= 0
      ? []
      : [
          b.broadcast(
            value,
            wide.type.shape.map((d, i) => (i === axis ? n : d)),
          ),
        ];
  const parts = [...band(low), wide, ...band(high)];
  const padded = parts.length === 1 ? wide : b.one("concatenate", parts, { dimension: axis });
  const size = padded.type.shape[axis] as number;
  return cut(b, padded, axis, Math.max(-low, 0), size - Math.max(-high, 0));
}

/** Rules of structural ops. */
export const STRUCTURE: Rules = {
  // The table of positions, converted by being written as constants.
  iota: [
    {
      needs: ["broadcast_in_dim"],
      kinds: "iuf",
      build: (b, _none, { attrs, results }) => {
        const type = results[0] as Ref["type"];
        const n = type.shape[attrs.dimension] as number;
        const line = b.constant(
          { dtype: type.dtype, shape: [n] },
          count(n, (i) => i),
        );
        return [b.broadcast(line, type.shape, [attrs.dimension])];
      },
    },
  ],
  broadcast_in_dim: [
    {
      needs: ["gather", "reshape"],
      build: (b, [x], { attrs, results }) => {
        const { shape } = (x as Ref).type;
        const step = strides(shape).map((n, i) => (shape[i] === 1 ? 0 : n));
        const to = (results[0] as Ref["type"]).shape;
        return [
          rearranged(b, x as Ref, to, (i) =>
            dot(
              attrs.dimensions.map((d) => i[d] as number),
              step,
            ),
          ),
        ];
      },
    },
  ],
  transpose: [
    {
      needs: ["gather", "reshape"],
      build: (b, [x], { attrs, results }) => {
        const step = strides((x as Ref).type.shape);
        const moved = attrs.permutation.map((d) => step[d] as number);
        return [rearranged(b, x as Ref, (results[0] as Ref["type"]).shape, (i) => dot(i, moved))];
      },
    },
  ],
  slice: [
    {
      needs: ["gather"],
      build: (b, [x], { attrs, results }) => [
        (results[0] as Ref["type"]).shape.reduce<Ref>((y, n, axis) => {
          const [start, stride] = [attrs.start[axis] as number, attrs.strides[axis] as number];
          return take(
            b,
            y,
            axis,
            count(n, (i) => start + i * stride),
          );
        }, x as Ref),
      ],
    },
  ],
  reverse: [
    {
      needs: ["gather"],
      build: (b, [x], { attrs }) => [
        attrs.dimensions.reduce<Ref>((y, axis) => {
          const n = y.type.shape[axis] as number;
          return take(
            b,
            y,
            axis,
            count(n, (i) => n - 1 - i),
          );
        }, x as Ref),
      ],
    },
  ],
  pad: [
    {
      needs: ["concatenate", "broadcast_in_dim", "reshape", "slice"],
      build: (b, [x, value], { attrs }) => [
        attrs.low.reduce<Ref>((y, _, axis) => padAxis(b, y, value as Ref, axis, attrs), x as Ref),
      ],
    },
  ],
  concatenate: [
    {
      needs: ["dynamic_update_slice"],
      build: (b, parts, { attrs, results }) => {
        const { dtype, shape } = results[0] as Ref["type"];
        const zero = b.constant({ dtype: "i32", shape: [] }, 0);
        let offset = 0;
        return [
          parts.reduce<Ref>(
            (y, part) => {
              const at = b.constant({ dtype: "i32", shape: [] }, offset);
              offset += part.type.shape[attrs.dimension] as number;
              return b.apply(
                "dynamic_update_slice",
                y,
                part,
                ...shape.map((_, d) => (d === attrs.dimension ? at : zero)),
              );
            },
            b.constant({ dtype, shape }, 0),
          ),
        ];
      },
    },
  ],
  dynamic_slice: [
    {
      needs: ["gather", "select:i32", "broadcast_in_dim:i32"],
      build: (b, [x, ...starts], { attrs }) => {
        const all = axes(starts.length);
        if (starts.length === 0) return [x as Ref];
        return [
          b.one("gather", [x as Ref, indexVector(b, starts)], {
            offsetDims: all,
            collapsedSliceDims: [],
            operandBatchingDims: [],
            startIndicesBatchingDims: [],
            startIndexMap: all,
            indexVectorDim: 0,
            sliceSizes: attrs.sliceSizes,
            indicesAreSorted: false,
          }),
        ];
      },
    },
  ],
  dynamic_update_slice: [
    {
      // A scatter skips what doesn't fit; an update is moved inside instead, so its starts are clamped here.
      needs: ["scatter", "clamp:i32", "select:i32", "broadcast_in_dim:i32"],
      build: (b, [x, update, ...starts]) => {
        const [to, part] = [x as Ref, update as Ref];
        if (starts.length === 0) return [part];
        const room = to.type.shape.map((n, d) => n - (part.type.shape[d] as number));
        const clamped = starts.map((s, d) => b.apply("clamp", b.like(s, 0), s, b.like(s, room[d] as number)));
        const element = { dtype: to.type.dtype, shape: [] };
        const all = axes(starts.length);
        const replace = b.block([element, element], (_inner, _old, replacement) => [replacement]);
        return b.op(
          "scatter",
          [to, indexVector(b, clamped), part],
          {
            updateWindowDims: all,
            insertedWindowDims: [],
            inputBatchingDims: [],
            scatterIndicesBatchingDims: [],
            scatterDimsToOperandDims: all,
            indexVectorDim: 0,
            indicesAreSorted: true,
            uniqueIndices: true,
          },
          { regions: [replace] },
        );
      },
    },
  ],
  optimization_barrier: [{ needs: [], build: (_b, operands) => operands }],
  real: [one([], "f", (_b, x) => x)],
  imag: [one([], "f", (b, x) => b.like(x, 0))],
};
