// Primitives that move elements: broadcastInDim reshape transpose rev slice pad concatenate iota full.
// All accept any dtype; keys have a trailing physical dimension, appended in the lower rules by `trailing`.
import { fail } from "../errors.ts";
import { sameShape, shaped, sizeOf, type Shape, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isInteger, type DType } from "../ir/dtype.ts";
import { LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { markZero } from "../transforms/zeros.ts";
import { checkInteger, checkList, checkSizes, literal, toArray, type Operand } from "./operand.ts";
import { linearJvp, transposeUnary, zeroJvp } from "./rules.ts";

const MOVES = { structural: true, linear: true } as const;
const ints = (params: Params, name: string): readonly number[] => params[name] as readonly number[];
/** Physical dims of an extended dtype. */
export const trailing = (aval: ShapedArray): readonly number[] => DTYPES[aval.dtype].physicalShape;
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

/** The primitive of `lax.slice`. */
export const slice_p: Primitive = definePrimitive({
  name: "slice",
  traits: MOVES,
  shape: ([a], params) => {
    const aval = a as ShapedArray;
    const [start, limit, strides] = [ints(params, "start"), ints(params, "limit"), ints(params, "strides")];
    const bad = aval.shape.findIndex(
      (n, i) =>
        !(
          (start[i] as number) >= 0 &&
          (start[i] as number) <= (limit[i] as number) &&
          (limit[i] as number) <= n &&
          (strides[i] as number) >= 1
        ),
    );
    if (bad >= 0 || start.length !== aval.shape.length)
      throw fail(
        "E_SHAPE",
        `lax.slice: [${start.join(",")}] to [${limit.join(",")}] by [${strides.join(",")}] is out of range for ${aval}`,
      );
    return [
      aval.with({
        shape: start.map((s, i) => Math.ceil(((limit[i] as number) - s) / (strides[i] as number))),
      }),
    ];
  },
  jvp: linearJvp(() => slice_p),
  transpose: (lax, cts, _args, accums, params, [a]) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const aval = a as ShapedArray;
    const [accum] = accums;
    const [start, strides] = [ints(params, "start"), ints(params, "strides")];
    // One slice of many is added in its place: to pad each would cost the whole operand every time.
    if (accum != null && !accum.isEmpty && 2 * ct.size <= accum.aval.size && strides.every((d) => d === 1)) {
      const put = (sum: NDArray): NDArray =>
        lax.dynamicUpdateSlice(sum, lax.addAny(lax.dynamicSlice(sum, start, ct.shape), ct), start);
      accum.update(put);
      return;
    }
    const padding = start.map((s, i) => {
      const stride = strides[i] as number;
      const n = ct.shape[i] as number;
      const used = n === 0 ? s : s + (n - 1) * stride + 1;
      return [s, (aval.shape[i] as number) - used, stride - 1] as const;
    });
    accum?.add(lax.pad(ct, literal(0, ct.dtype), padding));
  },
  batch: (_lax, _n, [x], [d], params) => {
    const at = d as number;
    const insert = (list: readonly number[], v: number): number[] => [
      ...list.slice(0, at),
      v,
      ...list.slice(at),
    ];
    const size = (x as NDArray).shape[at] as number;
    return {
      outs: [
        slice(
          x as NDArray,
          insert(ints(params, "start"), 0),
          insert(ints(params, "limit"), size),
          insert(ints(params, "strides"), 1),
        ),
      ],
      bdims: [at],
    };
  },
  lower: (b, [x], params, [a], outs) => {
    const extra = trailing(a as ShapedArray);
    return b.emit(
      "slice",
      [x as NonNullable<typeof x>],
      {
        start: [...ints(params, "start"), ...extra.map(() => 0)],
        limit: [...ints(params, "limit"), ...extra],
        strides: [...ints(params, "strides"), ...extra.map(() => 1)],
      },
      outs,
    );
  },
});
/** A static strided window. Source: jax.lax.slice. */
export function slice(
  operand: Operand,
  startIndices: Shape,
  limitIndices: Shape,
  strides: Shape | null = null,
): NDArray {
  const x = toArray("lax.slice", operand, "operand");
  checkSizes("lax.slice", "startIndices", startIndices);
  checkSizes("lax.slice", "limitIndices", limitIndices);
  const steps = strides ?? startIndices.map(() => 1);
  checkSizes("lax.slice", "strides", steps);
  const whole = x.shape.every((n, i) => startIndices[i] === 0 && limitIndices[i] === n && steps[i] === 1);
  return whole && startIndices.length === x.ndim
    ? x
    : bind1(slice_p, [x], {
        start: [...startIndices],
        limit: [...limitIndices],
        strides: [...steps],
      });
}
/** `slice` along one axis. Source: jax.lax.slice_in_dim. */
export function sliceInDim(
  operand: Operand,
  startIndex: number | null,
  limitIndex: number | null,
  stride = 1,
  axis = 0,
): NDArray {
  const x = toArray("lax.sliceInDim", operand, "operand");
  const d = canonicalAxis("lax.sliceInDim", axis, x.ndim);
  checkInteger("lax.sliceInDim", "stride", stride);
  const n = x.shape[d] as number;
  const wrap = (i: number): number => (i < 0 ? i + n : i);
  const start = x.shape.map(() => 0);
  const limit = [...x.shape];
  start[d] = wrap(startIndex ?? 0);
  limit[d] = wrap(limitIndex ?? n);
  return slice(
    x,
    start,
    limit,
    x.shape.map((_, i) => (i === d ? stride : 1)),
  );
}

/** Consecutive parts of these sizes along one axis. Source: jax.lax.split. */
export function split(operand: Operand, sizes: readonly number[], axis = 0): NDArray[] {
  const x = toArray("lax.split", operand, "operand");
  checkSizes("lax.split", "sizes", sizes);
  const d = canonicalAxis("lax.split", axis, x.ndim);
  const total = sizes.reduce((n, size) => n + size, 0);
  if (total !== x.shape[d] || sizes.some((size) => size < 0))
    throw fail("E_SHAPE", `lax.split: the sizes [${sizes.join(",")}] don't add up to axis ${d} of ${x.aval}`);
  let start = 0;
  return sizes.map((size) => sliceInDim(x, start, (start += size), 1, d));
}
/** Per axis: elements before, after (negative ones cut) and between. */
export type PaddingConfig = readonly (readonly [low: number, high: number, interior: number])[];
const config = (params: Params): PaddingConfig => params["config"] as PaddingConfig;
/** The primitive of `lax.pad`. */
export const pad_p: Primitive = definePrimitive({
  name: "pad",
  traits: MOVES,
  linearIn: () => true,
  shape: ([a, v], params) => {
    const aval = a as ShapedArray;
    if ((v as ShapedArray).dtype !== aval.dtype)
      throw fail("E_DTYPE_MISMATCH", `lax.pad: ${aval} with a padding value ${v}`);
    const shape = aval.shape.map((n, i) => {
      const [low, high, interior] = config(params)[i] ?? [0, 0, 0];
      return low + n + Math.max(n - 1, 0) * interior + high;
    });
    if (
      config(params).length !== aval.shape.length ||
      shape.some((n) => n < 0) ||
      config(params).some((c) => c[2] < 0)
    )
      throw fail("E_SHAPE", `lax.pad: padding ${JSON.stringify(config(params))} doesn't fit ${aval}`);
    return [aval.with({ shape, weak: aval.weak && (v as ShapedArray).weak })];
  },
  jvp: (lax, [x, v], [tx, tv], params) => {
    const out = bind1(pad_p, [x as NDArray, v as NDArray], params);
    if (tx == null && tv == null) return { outs: [out], tangents: [null] };
    return {
      outs: [out],
      tangents: [bind1(pad_p, [tx ?? lax.zerosLike(x as NDArray), tv ?? literal(0, out.dtype)], params)],
    };
  },
  transpose: (lax, cts, _args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const negative = config(params).map(([l, h]) => [-l, -h, 0] as const);
    const cropped = lax.pad(ct, literal(0, ct.dtype), negative);
    const inner = lax.slice(
      cropped,
      cropped.shape.map(() => 0),
      cropped.shape,
      config(params).map((c) => c[2] + 1),
    );
    accums[0]?.add(inner);
    if (accums[1] != null) {
      const all = (y: NDArray): NDArray =>
        lax.reduceSum(
          y,
          y.shape.map((_, i) => i),
        );
      accums[1].add(lax.sub(all(ct), all(inner)));
    }
  },
  batch: (lax, size, [x, v], [dx, dv], params) => {
    const c = [[0, 0, 0] as const, ...config(params)];
    const moved = toAxis(size, x as NDArray, dx ?? null, 0);
    if (dv === null)
      return {
        outs: [bind1(pad_p, [moved, v as NDArray], { config: c })],
        bdims: [0],
      };
    const zero = literal(0, (x as NDArray).dtype);
    const padded = bind1(pad_p, [moved, zero], { config: c });
    const mask = bind1(pad_p, [lax.full(moved.shape, true, "bool"), literal(false, "bool")], { config: c });
    return {
      outs: [lax.select(mask, padded, lax.broadcastInDim(v as NDArray, padded.shape, [0]))],
      bdims: [0],
    };
  },
  lower: (b, [x, v], params, [a], outs) => {
    const c = [...config(params), ...trailing(a as ShapedArray).map(() => [0, 0, 0] as const)];
    return b.emit(
      "pad",
      [x as NonNullable<typeof x>, v as NonNullable<typeof v>],
      {
        low: c.map((p) => p[0]),
        high: c.map((p) => p[1]),
        interior: c.map((p) => p[2]),
      },
      outs,
    );
  },
});
/** Padding at the edges (negative crops) and between elements. Source: jax.lax.pad. */
export function pad(operand: Operand, paddingValue: Operand, paddingConfig: PaddingConfig): NDArray {
  checkList("lax.pad", "paddingConfig", paddingConfig);
  for (const p of paddingConfig) checkList("lax.pad", "an entry of paddingConfig", p);
  const x = toArray("lax.pad", operand, "operand");
  const v =
    typeof paddingValue === "number" || typeof paddingValue === "bigint" || typeof paddingValue === "boolean"
      ? literal(paddingValue, x.dtype, x.weakType)
      : toArray("lax.pad", paddingValue, "paddingValue");
  return paddingConfig.every((c) => c.every((n) => n === 0)) && paddingConfig.length === x.ndim
    ? x
    : bind1(pad_p, [x, v], { config: paddingConfig.map((c) => [...c]) });
}

/** The primitive of `lax.concatenate`. */
export const concatenate_p: Primitive = definePrimitive({
  name: "concatenate",
  traits: MOVES,
  linearIn: () => true,
  shape: (avals, params) => {
    const first = avals[0] as ShapedArray;
    const d = params["dimension"] as number;
    for (const a of avals) {
      if (a.dtype !== first.dtype)
        throw fail("E_DTYPE_MISMATCH", `lax.concatenate: dtypes differ: ${avals.join(", ")}`);
      if (a.shape.length !== first.shape.length || a.shape.some((n, i) => i !== d && n !== first.shape[i]))
        throw fail("E_SHAPE", `lax.concatenate: shapes differ beyond axis ${d}: ${avals.join(", ")}`);
    }
    const total = avals.reduce((n, a) => n + (a.shape[d] as number), 0);
    return [
      first.with({
        shape: first.shape.map((n, i) => (i === d ? total : n)),
        weak: avals.every((a) => a.weak),
      }),
    ];
  },
  jvp: (lax, primals, tangents, params) => ({
    outs: [bind1(concatenate_p, primals, params)],
    tangents: [
      tangents.every((t) => t === null)
        ? null
        : bind1(
            concatenate_p,
            tangents.map((t, i) => t ?? lax.zerosLike(primals[i] as NDArray)),
            params,
          ),
    ],
  }),
  transpose: (lax, cts, _args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const d = params["dimension"] as number;
    let at = 0;
    avals.forEach((a, i) => {
      const n = a.shape[d] as number;
      accums[i]?.add(lax.sliceInDim(ct, at, at + n, 1, d));
      at += n;
    });
  },
  batch: (_lax, size, args, bdims, params) => ({
    outs: [
      bind1(
        concatenate_p,
        args.map((x, i) => toAxis(size, x, bdims[i] ?? null, 0)),
        { dimension: (params["dimension"] as number) + 1 },
      ),
    ],
    bdims: [0],
  }),
  lower: (b, xs, params, _a, outs) =>
    b.emit("concatenate", xs, { dimension: params["dimension"] as number }, outs),
});
/** Arrays joined along an existing axis. Source: jax.lax.concatenate. */
export function concatenate(operands: readonly Operand[], dimension: number): NDArray {
  checkList("lax.concatenate", "operands", operands);
  const xs = operands.map((x) => toArray("lax.concatenate", x));
  if (xs.length === 0) throw fail("E_ARGUMENT", "lax.concatenate: needs at least one array");
  return xs.length === 1
    ? (xs[0] as NDArray)
    : bind1(concatenate_p, xs, {
        dimension: canonicalAxis("lax.concatenate", dimension, (xs[0] as NDArray).ndim),
      });
}

/** The primitive of `lax.broadcastedIota`. */
export const iota_p: Primitive = definePrimitive({
  name: "iota",
  traits: {},
  shape: (_a, params) => [shaped(ints(params, "shape"), params["dtype"] as DType)],
  jvp: zeroJvp(() => iota_p),
  lower: (b, _x, params, _a, outs) => b.emit("iota", [], { dimension: params["dimension"] as number }, outs),
});
/** 0, 1, 2, … along one axis of `shape`. Source: jax.lax.broadcasted_iota. */
export function broadcastedIota(dtype: DType, shape: Shape, dimension: number): NDArray {
  checkSizes("lax.broadcastedIota", "shape", shape);
  canonicalAxis("lax.broadcastedIota", dimension, shape.length);
  return bind1(iota_p, [], { dtype, shape: [...shape], dimension });
}
/** 0 … size − 1. Source: jax.lax.iota. */
export function iota(dtype: DType, size: number): NDArray {
  checkInteger("lax.iota", "size", size);
  return broadcastedIota(dtype, [size], 0);
}

/** What fills an array: an operand, integers wrapped to the dtype (the default one if there's none), as in JAX. */
export function fillOperand(name: string, value: Operand, dtype?: DType | null): NDArray {
  const integral =
    typeof value === "bigint" || (Number.isInteger(value) && dtype != null && isInteger(dtype));
  if (!integral) return toArray(name, value, "fillValue");
  return context().lax.convertElementType(BigInt(value as number | bigint), dtype ?? "int64", {
    weakType: dtype == null,
  });
}
/** `shape` filled with a scalar. Source: jax.lax.full. */
export function full(shape: Shape, fillValue: Operand, dtype?: DType): NDArray {
  const v = fillOperand("lax.full", fillValue, dtype);
  return broadcastInDim(dtype === undefined ? v : context().lax.convertElementType(v, dtype), shape, []);
}
/** Like `x` in shape and dtype (and weakness), filled with a scalar. A rank-0 `x` gives a literal. Source: jax.lax.full_like. */
export function fullLike(
  x: NDArray,
  fillValue: number | bigint | boolean,
  options: { dtype?: DType; shape?: Shape } = {},
): NDArray {
  const dtype = options.dtype ?? x.dtype;
  const value = literal(fillValue, dtype, options.dtype === undefined && x.weakType);
  const shape = options.shape ?? x.shape;
  return shape.length === 0 ? value : broadcastInDim(value, shape, []);
}
/** Zeros of an aval; keys and float0 have none to store. */
export function zeros(aval: ShapedArray): NDArray {
  if (aval.dtype === "key<fry>")
    return context().lax.wrapKeyData(broadcastInDim(literal(0, "uint32"), [...aval.shape, 2], []));
  return broadcastInDim(
    literal(0, (aval.dtype === "float0" ? "bool" : aval.dtype) as DType, aval.weak),
    aval.shape,
    [],
  );
}
/** Zeros like `x`. Source: jax.lax.zeros_like. */
export const zerosLike = (x: NDArray): NDArray => zeros(x.aval);
