// Sorting of several arrays by the first `numKeys` of them. NaN sorts last, −0 equals 0 (JAX's total order).
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import { sameShape, shaped, type ShapedArray } from "../ir/aval.ts";
import { isComplex, isFloat, isUnsigned, realDType, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Lowering,
  type Params,
  type Primitive,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import type { Lax } from "./lax.ts";
import { toArray, type Operand } from "./operand.ts";
import { canonicalAxis } from "./shape.ts";

interface SortParams extends Params {
  readonly dimension: number;
  readonly isStable: boolean;
  readonly numKeys: number /** −0 before 0. */;
  readonly signedZeros: boolean;
}
const paramsOf = (p: Params): SortParams => p as SortParams;

/** x in a form whose order is the wanted one: every NaN the same and, unless zeros keep their signs, −0 → 0. */
function canonical(b: Lowering, x: WireValue, aval: ShapedArray, signedZeros: boolean): WireValue {
  const scalar = aval.with({ shape: [] });
  const replaced = (v: WireValue, direction: "EQ" | "NE", other: WireValue, by: number): WireValue => {
    const hit = b.emit("compare", [v, other], { direction, compareType: "FLOAT" }, [
      shaped([], "bool"),
    ])[0] as WireValue;
    return b.emit("select", [hit, b.constant(by, scalar), v], {}, [scalar])[0] as WireValue;
  };
  const y = signedZeros ? x : replaced(x, "EQ", b.constant(0, scalar), 0);
  return replaced(y, "NE", y, Number.NaN);
}

/** A pair of real elements to compare. */
interface Key {
  readonly x: WireValue;
  readonly y: WireValue;
  readonly aval: ShapedArray;
}
/** The pairs that decide, the first one first: complex elements compare by real, then by imaginary part. */
function keysOf(
  b: Lowering,
  params: readonly WireValue[],
  avals: readonly ShapedArray[],
  { numKeys, signedZeros }: SortParams,
): Key[] {
  return avals.slice(0, numKeys).flatMap((aval, k): Key[] => {
    const [x, y] = [params[2 * k], params[2 * k + 1]] as [WireValue, WireValue];
    const key = (p: WireValue, q: WireValue, real: ShapedArray): Key => ({
      x: isFloat(real.dtype) ? canonical(b, p, real, signedZeros) : p,
      y: isFloat(real.dtype) ? canonical(b, q, real, signedZeros) : q,
      aval: real,
    });
    if (!isComplex(aval.dtype)) return [key(x, y, aval)];
    const real = aval.with({ dtype: realDType(aval.dtype as DType), shape: [] });
    const part = (op: "real" | "imag", v: WireValue): WireValue =>
      b.emit(op, [v], {}, [real])[0] as WireValue;
    return (["real", "imag"] as const).map((op) => key(part(op, x), part(op, y), real));
  });
}
/** Lexicographic "less than" over the keys. */
function comparator(
  b: Lowering,
  params: readonly WireValue[],
  avals: readonly ShapedArray[],
  settings: SortParams,
): WireValue {
  const bool = shaped([], "bool");
  const compare = ({ x, y, aval }: Key, direction: "LT" | "EQ"): WireValue => {
    const compareType = isFloat(aval.dtype)
      ? "TOTALORDER"
      : isUnsigned(aval.dtype) || aval.dtype === "bool"
        ? "UNSIGNED"
        : "SIGNED";
    return b.emit("compare", [x, y], { direction, compareType }, [bool])[0] as WireValue;
  };
  return keysOf(b, params, avals, settings).reduceRight<WireValue | null>((later, key) => {
    const less = compare(key, "LT");
    if (later === null) return less;
    const tied = b.emit("and", [compare(key, "EQ"), later], {}, [bool])[0] as WireValue;
    return b.emit("or", [less, tied], {}, [bool])[0] as WireValue;
  }, null) as WireValue;
}

/** Values taken along an axis at an index array of the same shape. */
export function takeAlong(lax: Lax, x: NDArray, indices: NDArray, axis: number): NDArray {
  const last = x.ndim - 1;
  const [v, idx] = [lax.moveAxis(x, axis, last), lax.moveAxis(indices, axis, last)];
  const batch = Array.from({ length: last }, (_, i) => i);
  const out = lax.gather(
    v,
    lax.reshape(idx, [...idx.shape, 1]),
    {
      offsetDims: [],
      collapsedSliceDims: [last],
      startIndexMap: [last],
      operandBatchingDims: batch,
      startIndicesBatchingDims: batch,
    },
    x.shape.map(() => 1),
    { mode: "promise_in_bounds" },
  );
  return lax.moveAxis(out, last, axis);
}

/** The primitive of `lax.sort`. */
export const sort_p: Primitive = definePrimitive({
  name: "sort",
  traits: {},
  shape: (avals) => {
    const first = avals[0] as ShapedArray;
    for (const a of avals)
      if (!sameShape(a.shape, first.shape))
        throw fail("E_SHAPE", `lax.sort: shapes differ: ${avals.join(", ")}`);
    return avals;
  },
  jvp: (lax, primals, tangents, params) => {
    const p = paramsOf(params);
    const first = primals[0] as NDArray;
    const iota = lax.broadcastedIota("int32", first.shape, p.dimension);
    const outs = bind(sort_p, [...primals, iota], params);
    const order = outs[primals.length] as NDArray;
    const moved = tangents.map((t: Tangent) => (t === null ? null : takeAlong(lax, t, order, p.dimension)));
    return { outs: outs.slice(0, primals.length), tangents: moved };
  },
  batch: (_lax, size, args, bdims, params) => {
    const p = paramsOf(params);
    const outs = bind(
      sort_p,
      args.map((x, i) => toAxis(size, x, bdims[i] ?? null, 0)),
      { ...p, dimension: p.dimension + 1 },
    );
    return { outs, bdims: outs.map(() => 0) };
  },
  lower: (b, xs, params, avals, outs) => {
    const { dimension, isStable } = paramsOf(params);
    const scalars = avals.flatMap((a) => [
      a.with({ shape: [], weak: false }),
      a.with({ shape: [], weak: false }),
    ]);
    const region = b.closedRegion(scalars, (c, values) => [comparator(c, values, avals, paramsOf(params))]);
    return b.emit("sort", xs, { dimension, isStable }, outs, [region]);
  },
});

/** Arrays sorted along `dimension` by the first `numKeys` of them. Source: jax.lax.sort. */
export function sort(operand: Operand, options: { dimension?: number; isStable?: boolean } = {}): NDArray {
  return sortMany([operand], { ...options, numKeys: 1 })[0] as NDArray;
}
/** `sort` of several arrays together. */
export function sortMany(
  list: readonly Operand[],
  options: {
    dimension?: number;
    isStable?: boolean;
    numKeys?: number;
    signedZeros?: boolean;
  } = {},
): readonly NDArray[] {
  const xs = list.map((x) => toArray("lax.sort", x));
  const dimension = canonicalAxis("lax.sort", options.dimension ?? -1, (xs[0] as NDArray).ndim);
  return bind(sort_p, xs, {
    dimension,
    isStable: options.isStable ?? true,
    numKeys: options.numKeys ?? 1,
    signedZeros: options.signedZeros ?? false,
  });
}
/** Keys sorted, values carried along. Source: jax.lax.sort_key_val. */
export function sortKeyVal(
  keys: Operand,
  values: Operand,
  options: { dimension?: number; isStable?: boolean } = {},
): readonly NDArray[] {
  return sortMany([keys, values], { ...options, numKeys: 1 });
}
/** The k largest of the last axis, with their int32 indices; equal elements in order, −0 below 0. Source: jax.lax.top_k. */
export function topK(operand: Operand, k: number): readonly [NDArray, NDArray] {
  const x = toArray("lax.topK", operand, "operand");
  const n = x.shape[x.ndim - 1];
  if (n === undefined || k < 0 || k > n)
    throw fail("E_SHAPE", `lax.topK: k = ${k} is out of range for ${x.aval}`);
  const lax = laxOf();
  const iota = lax.broadcastedIota("int32", x.shape, x.ndim - 1);
  // Descending and stable: sort by the reversed order of the reversed array.
  const flipped = [lax.rev(x, [x.ndim - 1]), lax.rev(iota, [x.ndim - 1])] as const;
  const [v, i] = sortMany(flipped, { numKeys: 1, signedZeros: true }) as [NDArray, NDArray];
  const top = (y: NDArray): NDArray => lax.sliceInDim(lax.rev(y, [x.ndim - 1]), 0, k, 1, x.ndim - 1);
  return [top(v), top(i)];
}
const laxOf = (): Lax => context().lax;
