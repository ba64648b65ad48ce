// Primitives that place the axes of an array: broadcastInDim reshape transpose rev, and what is made of them.
import { fail } from "../errors.ts";
import { sameShape, sizeOf, type Shape, type ShapedArray } from "../ir/aval.ts";
import { LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { markZero } from "../transforms/zeros.ts";
import { ints, MOVES, trailing } from "./dims.ts";
import { checkSizes, toArray, type Operand } from "./operand.ts";
import { linearJvp, transposeUnary } from "./rules.ts";

/** Permutation or axes list extended over the trailing physical dims. */
const withTrailingAxes = (axes: readonly number[], aval: ShapedArray, rank: number): number[] => [
  ...axes,
  ...trailing(aval).map((_, i) => rank + i),
];

/** A non-negative axis. @throws E_AXIS_RANGE */
export function canonicalAxis(name: string, axis: number, ndim: number): number {
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim)
    throw fail("E_AXIS_RANGE", `${name}: axis ${axis} is out of range for an array of ${ndim} dimensions`);
  return axis < 0 ? axis + ndim : axis;
}

/** The primitive of `lax.broadcastInDim`. */
export const broadcast_in_dim_p: Primitive = definePrimitive({
  name: "broadcast_in_dim",
  traits: MOVES,
  shape: ([a], params) => {
    const aval = a as ShapedArray;
    const [shape, dims] = [ints(params, "shape"), ints(params, "dims")];
    if (dims.length !== aval.shape.length)
      throw fail("E_SHAPE", `lax.broadcastInDim: ${dims.length} dimensions for ${aval}`);
    dims.forEach((d, i) => {
      const n = aval.shape[i] as number;
      if (
        d < 0 ||
        d >= shape.length ||
        (i > 0 && d <= (dims[i - 1] as number)) ||
        (n !== 1 && n !== shape[d])
      )
        throw fail(
          "E_BROADCAST",
          `lax.broadcastInDim: ${aval} doesn't broadcast to [${shape.join(",")}] along dimensions [${dims.join(",")}]`,
        );
    });
    return [aval.with({ shape })];
  },
  jvp: linearJvp(() => broadcast_in_dim_p),
  transpose: transposeUnary((lax, ct, aval, params) => {
    const [shape, dims] = [ints(params, "shape"), ints(params, "dims")];
    const summed = shape
      .map((_, i) => i)
      .filter((i) => !dims.includes(i) || (aval.shape[dims.indexOf(i)] === 1 && shape[i] !== 1));
    const sum = summed.length === 0 ? ct : lax.reduceSum(ct, summed);
    return sameShape(sum.shape, aval.shape) ? sum : lax.reshape(sum, aval.shape);
  }),
  batch: (_lax, size, [x], [d], params) => {
    const moved = toAxis(size, x as NDArray, d as number, 0);
    return {
      outs: [
        bind1(broadcast_in_dim_p, [moved], {
          shape: [size, ...ints(params, "shape")],
          dims: [0, ...ints(params, "dims").map((i) => i + 1)],
        }),
      ],
      bdims: [0],
    };
  },
  lower: (b, [x], params, [a], outs) =>
    b.emit(
      "broadcast_in_dim",
      [x as NonNullable<typeof x>],
      {
        dimensions: withTrailingAxes(ints(params, "dims"), a as ShapedArray, ints(params, "shape").length),
      },
      outs,
    ),
});

/** x with its axes placed at `broadcastDimensions` of `shape`; the rest, and axes of size 1, repeat. Source: jax.lax.broadcast_in_dim. */
export function broadcastInDim(operand: Operand, shape: Shape, broadcastDimensions: Shape): NDArray {
  const x = toArray("lax.broadcastInDim", operand, "operand");
  checkSizes("lax.broadcastInDim", "shape", shape);
  checkSizes("lax.broadcastInDim", "broadcastDimensions", broadcastDimensions);
  if (sameShape(x.shape, shape) && broadcastDimensions.every((d, i) => d === i)) return x;
  const out = bind1(broadcast_in_dim_p, [x], {
    shape: [...shape],
    dims: [...broadcastDimensions],
  });
  return x.kind === LITERAL && (x as Literal).value === 0 ? markZero(out) : out;
}

/** The primitive of `lax.reshape`. */
export const reshape_p: Primitive = definePrimitive({
  name: "reshape",
  traits: MOVES,
  shape: ([a], params) => {
    const aval = a as ShapedArray;
    if (sizeOf(ints(params, "newSizes")) !== aval.size || ints(params, "newSizes").some((d) => d < 0))
      throw fail(
        "E_SHAPE",
        `lax.reshape: ${aval} has ${aval.size} elements, which don't fit [${ints(params, "newSizes").join(",")}]`,
      );
    return [aval.with({ shape: ints(params, "newSizes") })];
  },
  jvp: linearJvp(() => reshape_p),
  transpose: transposeUnary((lax, ct, aval) => lax.reshape(ct, aval.shape)),
  batch: (_lax, size, [x], [d], params) => ({
    outs: [reshape(toAxis(size, x as NDArray, d as number, 0), [size, ...ints(params, "newSizes")])],
    bdims: [0],
  }),
  lower: (b, [x], _p, _a, outs) => b.emit("reshape", [x as NonNullable<typeof x>], {}, outs),
});
/** The same elements, row-major, in another shape; `dimensions` transposes first. Source: jax.lax.reshape. */
export function reshape(
  operand: Operand,
  newSizes: Shape,
  options: { dimensions?: Shape | null } = {},
): NDArray {
  let x = toArray("lax.reshape", operand, "operand");
  checkSizes("lax.reshape", "newSizes", newSizes);
  if (options.dimensions != null) x = transpose(x, options.dimensions);
  return sameShape(x.shape, newSizes) ? x : bind1(reshape_p, [x], { newSizes: [...newSizes] });
}

/** The primitive of `lax.transpose`. */
export const transpose_p: Primitive = definePrimitive({
  name: "transpose",
  traits: MOVES,
  shape: ([a], params) => {
    const aval = a as ShapedArray;
    const p = ints(params, "permutation");
    if ([...p].sort((i, j) => i - j).some((d, i) => d !== i) || p.length !== aval.shape.length)
      throw fail("E_SHAPE", `lax.transpose: [${p.join(",")}] is not a permutation of the axes of ${aval}`);
    return [aval.with({ shape: p.map((i) => aval.shape[i] as number) })];
  },
  jvp: linearJvp(() => transpose_p),
  transpose: transposeUnary((lax, ct, _a, params) => {
    const inverse: number[] = [];
    ints(params, "permutation").forEach((d, i) => (inverse[d] = i));
    return lax.transpose(ct, inverse);
  }),
  batch: (_lax, _n, [x], [d], params) => {
    const bdim = d as number;
    const rest = (x as NDArray).shape.map((_, i) => i).filter((i) => i !== bdim);
    return {
      outs: [transpose(x as NDArray, [bdim, ...ints(params, "permutation").map((i) => rest[i] as number)])],
      bdims: [0],
    };
  },
  lower: (b, [x], params, [a], outs) =>
    b.emit(
      "transpose",
      [x as NonNullable<typeof x>],
      {
        permutation: withTrailingAxes(
          ints(params, "permutation"),
          a as ShapedArray,
          (a as ShapedArray).shape.length,
        ),
      },
      outs,
    ),
});
/** Axes permuted. Source: jax.lax.transpose. */
export function transpose(operand: Operand, permutation: Shape): NDArray {
  const x = toArray("lax.transpose", operand, "operand");
  checkSizes("lax.transpose", "permutation", permutation);
  if (permutation.length === x.ndim && permutation.every((d, i) => d === i)) return x;
  return bind1(transpose_p, [x], { permutation: [...permutation] });
}
/** One axis moved. */
export function moveAxis(x: NDArray, from: number, to: number): NDArray {
  const order = x.shape.map((_, i) => i).filter((i) => i !== from);
  order.splice(to, 0, from);
  return transpose(x, order);
}
/** Axes of size 1 inserted. Source: jax.lax.expand_dims. */
export function expandDims(array: Operand, dimensions: Shape): NDArray {
  const x = toArray("lax.expandDims", array, "array");
  checkSizes("lax.expandDims", "dimensions", dimensions);
  const rank = x.ndim + dimensions.length;
  const at = new Set(dimensions.map((d) => canonicalAxis("lax.expandDims", d, rank)));
  let k = 0;
  const shape = Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : (x.shape[k++] as number)));
  return reshape(x, shape);
}
/** Axes of size 1 removed. Source: jax.lax.squeeze. */
export function squeeze(array: Operand, dimensions: Shape): NDArray {
  const x = toArray("lax.squeeze", array, "array");
  checkSizes("lax.squeeze", "dimensions", dimensions);
  const axes = dimensions.map((d) => canonicalAxis("lax.squeeze", d, x.ndim));
  for (const d of axes)
    if (x.shape[d] !== 1)
      throw fail("E_SHAPE", `lax.squeeze: axis ${d} of ${x.aval} has size ${x.shape[d]}, not 1`);
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** The primitive of `lax.rev`. */
export const rev_p: Primitive = definePrimitive({
  name: "rev",
  traits: MOVES,
  shape: ([a]) => [a as ShapedArray],
  jvp: linearJvp(() => rev_p),
  transpose: transposeUnary((lax, ct, _a, params) => lax.rev(ct, ints(params, "dimensions"))),
  batch: (_lax, _n, [x], [d], params) => ({
    outs: [
      rev(
        x as NDArray,
        ints(params, "dimensions").map((i) => (i >= (d as number) ? i + 1 : i)),
      ),
    ],
    bdims: [d as number],
  }),
  lower: (b, [x], params, _a, outs) =>
    b.emit("reverse", [x as NonNullable<typeof x>], { dimensions: ints(params, "dimensions") }, outs),
});
/** Elements reversed along axes. Source: jax.lax.rev. */
export function rev(operand: Operand, dimensions: Shape): NDArray {
  const x = toArray("lax.rev", operand, "operand");
  checkSizes("lax.rev", "dimensions", dimensions);
  const axes = dimensions.map((d) => canonicalAxis("lax.rev", d, x.ndim));
  return axes.length === 0 ? x : bind1(rev_p, [x], { dimensions: axes });
}
