// Slices at positions known only at run time. Start indices are clamped so that the window fits (StableHLO).
import { fail } from "../errors.ts";
import type { Shape, ShapedArray } from "../ir/aval.ts";
import { isInteger, type DType } from "../ir/dtype.ts";
import { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type Lowering,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import type { Lax } from "./lax.ts";
import { trailing } from "./dims.ts";
import { checkSizes, literal, toArray, type Operand } from "./operand.ts";
import { canonicalAxis, reshape } from "./shape.ts";
import { slice } from "./slice.ts";

const sizesOf = (params: Params): readonly number[] => params["sliceSizes"] as readonly number[];

function checkStarts(name: string, operand: ShapedArray, starts: readonly ShapedArray[]): void {
  const good =
    starts.length === operand.shape.length && starts.every((s) => s.shape.length === 0 && isInteger(s.dtype));
  if (!good)
    throw fail(
      "E_SHAPE",
      `${name}: start indices are ${starts.join(", ") || "none"}, expected ${operand.shape.length} integer scalars for ${operand}`,
    );
}

/** Starts in one common dtype for the wire op, and zeros for a key's trailing dims. */
function wireStarts(
  b: Lowering,
  starts: readonly WireValue[],
  avals: readonly ShapedArray[],
  operand: ShapedArray,
): WireValue[] {
  const dtype = (avals[0]?.dtype ?? "int32") as DType;
  const scalar = operand.with({ shape: [], dtype, weak: false });
  const same = starts.map((s, i) =>
    avals[i]?.dtype === dtype ? s : (b.emit("convert", [s], {}, [scalar])[0] as WireValue),
  );
  return [...same, ...trailing(operand).map(() => b.constant(0, scalar))];
}

/** The primitive of `lax.dynamicSlice`. */
export const dynamic_slice_p: Primitive = definePrimitive({
  name: "dynamic_slice",
  traits: { structural: true },
  linearIn: (mask) => mask[0] === true && mask.slice(1).every((m) => !m),
  shape: ([a, ...starts], params) => {
    const aval = a as ShapedArray;
    checkStarts("lax.dynamicSlice", aval, starts);
    if (sizesOf(params).some((n, i) => n < 0 || n > (aval.shape[i] as number)))
      throw fail("E_SHAPE", `lax.dynamicSlice: slice sizes [${sizesOf(params).join(",")}] don't fit ${aval}`);
    return [aval.with({ shape: sizesOf(params) })];
  },
  jvp: (_lax, [x, ...starts], [t], params) => ({
    outs: [bind1(dynamic_slice_p, [x as NDArray, ...starts], params)],
    tangents: [t == null ? null : bind1(dynamic_slice_p, [t, ...starts], params)],
  }),
  transpose: (lax, cts, args, accums) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const starts = args.slice(1) as NDArray[];
    const sizes = ct.shape;
    accums[0]?.update((sum) =>
      lax.dynamicUpdateSlice(sum, lax.addAny(lax.dynamicSlice(sum, starts, sizes), ct), starts),
    );
  },
  batch: (lax, size, [x, ...starts], [d, ...ds], params) => {
    const sizes = sizesOf(params);
    if (ds.every((i) => i === null)) {
      const moved = toAxis(size, x as NDArray, d as number, 0);
      return {
        outs: [
          bind1(dynamic_slice_p, [moved, zeroLike(starts[0]), ...starts], {
            sliceSizes: [size, ...sizes],
          }),
        ],
        bdims: [0],
      };
    }
    return {
      outs: [gatherWindows(lax, size, x as NDArray, d ?? null, starts, ds, sizes)],
      bdims: [0],
    };
  },
  lower: (b, [x, ...starts], params, [a, ...avals], outs) =>
    b.emit(
      "dynamic_slice",
      [x as WireValue, ...wireStarts(b, starts, avals, a as ShapedArray)],
      { sliceSizes: [...sizesOf(params), ...trailing(a as ShapedArray)] },
      outs,
    ),
});

const zeroLike = (x: NDArray | undefined): NDArray => literal(0, x?.dtype ?? "int32");

/** Per-lane starts as one index matrix [size, rank]. */
function indexMatrix(lax: Lax, size: number, starts: readonly NDArray[], ds: readonly BatchDim[]): NDArray {
  const columns = starts.map((s, i) =>
    lax.reshape(toAxis(size, lax.convertElementType(s, "int32"), ds[i] ?? null, 0), [size, 1]),
  );
  return columns.length === 0 ? lax.full([size, 0], 0, "int32") : lax.concatenate(columns, 1);
}

/** A window per lane: a gather with clamped starts. */
function gatherWindows(
  lax: Lax,
  size: number,
  x: NDArray,
  d: BatchDim,
  starts: readonly NDArray[],
  ds: readonly BatchDim[],
  sizes: readonly number[],
): NDArray {
  const indices = indexMatrix(lax, size, starts, ds);
  const operand = d === null ? x : toAxis(size, x, d, 0);
  const lead = d === null ? 0 : 1;
  return lax.gather(
    operand,
    indices,
    {
      offsetDims: sizes.map((_, i) => i + 1),
      collapsedSliceDims: [],
      startIndexMap: sizes.map((_, i) => i + lead),
      operandBatchingDims: d === null ? [] : [0],
      startIndicesBatchingDims: d === null ? [] : [0],
    },
    d === null ? sizes : [1, ...sizes],
    { mode: "clip" },
  );
}

/** A window of `sliceSizes` at run-time starts, which are clamped to fit. Source: jax.lax.dynamic_slice. */
export function dynamicSlice(
  operand: Operand,
  startIndices: readonly Operand[] | NDArray,
  sliceSizes: Shape,
): NDArray {
  const x = toArray("lax.dynamicSlice", operand, "operand");
  checkSizes("lax.dynamicSlice", "sliceSizes", sliceSizes);
  return bind1(dynamic_slice_p, [x, ...scalarStarts("lax.dynamicSlice", startIndices, x.shape)], {
    sliceSizes: [...sliceSizes],
  });
}

/** Starts as integer scalars: numbers are int32 literals, negative static ones count from the end, an index array is unpacked. */
function scalarStarts(name: string, starts: readonly Operand[] | NDArray, shape: Shape): NDArray[] {
  const list = starts instanceof NDArray ? unpack(starts) : starts;
  return list.map((s, i) => {
    if (typeof s === "number" || typeof s === "bigint") {
      const n = Number(s);
      return literal(n < 0 ? n + (shape[i] ?? 0) : n, "int32");
    }
    return toArray(name, s, "a start index");
  });
}
const unpack = (x: NDArray): NDArray[] => Array.from({ length: x.shape[0] ?? 0 }, (_, i) => lax1(x, i));
const lax1 = (x: NDArray, i: number): NDArray => reshape(slice(x, [i], [i + 1]), []);

/** The primitive of `lax.dynamicUpdateSlice`. */
export const dynamic_update_slice_p: Primitive = definePrimitive({
  name: "dynamic_update_slice",
  traits: { structural: true },
  linearIn: (mask) => mask.slice(2).every((m) => !m),
  shape: ([a, u, ...starts]) => {
    const [aval, update] = [a as ShapedArray, u as ShapedArray];
    checkStarts("lax.dynamicUpdateSlice", aval, starts);
    if (
      update.dtype !== aval.dtype ||
      update.shape.length !== aval.shape.length ||
      update.shape.some((n, i) => n > (aval.shape[i] as number))
    )
      throw fail("E_SHAPE", `lax.dynamicUpdateSlice: an update ${update} doesn't fit ${aval}`);
    return [aval];
  },
  jvp: (lax, [x, u, ...starts], [tx, tu]) => {
    const put = (a: NDArray, v: NDArray): NDArray => bind1(dynamic_update_slice_p, [a, v, ...starts]);
    const [v, w] = [x as NDArray, u as NDArray];
    const tangent = tx == null && tu == null ? null : put(tx ?? lax.zerosLike(v), tu ?? lax.zerosLike(w));
    return { outs: [put(v, w)], tangents: [tangent] };
  },
  transpose: (lax, cts, args, accums, _p, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const starts = args.slice(2) as NDArray[];
    const update = avals[1] as ShapedArray;
    accums[0]?.add(
      lax.dynamicUpdateSlice(ct, lax.broadcastInDim(literal(0, ct.dtype), update.shape, []), starts),
    );
    accums[1]?.add(lax.dynamicSlice(ct, starts, update.shape));
  },
  batch: (lax, size, [x, u, ...starts], [dx, du, ...ds]) => {
    const operand = toAxis(size, x as NDArray, dx ?? null, 0);
    const update = toAxis(size, u as NDArray, du ?? null, 0);
    if (ds.every((i) => i === null))
      return {
        outs: [bind1(dynamic_update_slice_p, [operand, update, zeroLike(starts[0]), ...starts])],
        bdims: [0],
      };
    const rank = operand.ndim - 1;
    const axes = Array.from({ length: rank }, (_, i) => i + 1);
    const out = lax.scatter(
      operand,
      indexMatrix(lax, size, starts, ds),
      update,
      {
        updateWindowDims: axes,
        insertedWindowDims: [],
        scatterDimsToOperandDims: axes,
        operandBatchingDims: [0],
        scatterIndicesBatchingDims: [0],
      },
      { mode: "clip", uniqueIndices: true },
    );
    return { outs: [out], bdims: [0] };
  },
  lower: (b, [x, u, ...starts], _params, [a, , ...avals], outs) =>
    b.emit(
      "dynamic_update_slice",
      [x as WireValue, u as WireValue, ...wireStarts(b, starts, avals, a as ShapedArray)],
      {},
      outs,
    ),
});
/** A copy with a window replaced at run-time starts, which are clamped to fit. Source: jax.lax.dynamic_update_slice. */
export function dynamicUpdateSlice(
  operand: Operand,
  update: Operand,
  startIndices: readonly Operand[] | NDArray,
): NDArray {
  const x = toArray("lax.dynamicUpdateSlice", operand, "operand");
  return bind1(dynamic_update_slice_p, [
    x,
    toArray("lax.dynamicUpdateSlice", update, "update"),
    ...scalarStarts("lax.dynamicUpdateSlice", startIndices, x.shape),
  ]);
}

const startsAt = (x: NDArray, axis: number, index: Operand): Operand[] =>
  x.shape.map((_, i) => (i === axis ? index : 0));
/** `dynamicSlice` along one axis. Source: jax.lax.dynamic_slice_in_dim. */
export function dynamicSliceInDim(
  operand: Operand,
  startIndex: Operand,
  sliceSize: number,
  axis = 0,
): NDArray {
  const x = toArray("lax.dynamicSliceInDim", operand, "operand");
  const d = canonicalAxis("lax.dynamicSliceInDim", axis, x.ndim);
  return dynamicSlice(
    x,
    startsAt(x, d, startIndex),
    x.shape.map((n, i) => (i === d ? sliceSize : n)),
  );
}
/** One element of an axis, which is kept with size 1 or dropped. Source: jax.lax.dynamic_index_in_dim. */
export function dynamicIndexInDim(operand: Operand, index: Operand, axis = 0, keepdims = true): NDArray {
  const x = toArray("lax.dynamicIndexInDim", operand, "operand");
  const d = canonicalAxis("lax.dynamicIndexInDim", axis, x.ndim);
  const piece = dynamicSliceInDim(x, index, 1, d);
  return keepdims
    ? piece
    : reshape(
        piece,
        x.shape.filter((_, i) => i !== d),
      );
}
/** `dynamicUpdateSlice` along one axis. Source: jax.lax.dynamic_update_slice_in_dim. */
export function dynamicUpdateSliceInDim(
  operand: Operand,
  update: Operand,
  startIndex: Operand,
  axis: number,
): NDArray {
  const x = toArray("lax.dynamicUpdateSliceInDim", operand, "operand");
  return dynamicUpdateSlice(
    x,
    update,
    startsAt(x, canonicalAxis("lax.dynamicUpdateSliceInDim", axis, x.ndim), startIndex),
  );
}
