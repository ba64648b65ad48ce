// Reductions over axes by a monoid, and argmax/argmin.
import type { BinaryOp, Block } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { shaped, type Shape, type ShapedArray } from "../ir/aval.ts";
import { DTYPES, isFloat, type DType, type DTypeKind } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Lowering,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { canonicalDType } from "./convert.ts";
import type { Lax } from "./lax.ts";
import { checkSizes, operandsAs, type Operand } from "./operand.ts";
import { BITS, linearJvp, NUMERIC, ORDERED, transposeUnary, zeroJvp } from "./rules.ts";
import { canonicalAxis } from "./shape.ts";

const axesOf = (params: Params): readonly number[] => params["axes"] as readonly number[];
const isReduced = (params: Params, i: number): boolean => axesOf(params).includes(i);

/** The identity of a monoid over a dtype. */
export function identityOfMonoid(op: BinaryOp, dtype: DType): number | bigint | boolean {
  const { kind, itemsize } = DTYPES[dtype];
  const bits = BigInt(itemsize * 8);
  const lowest = kind === "int" ? -(1n << (bits - 1n)) : 0n;
  const highest = kind === "int" ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const narrow = (v: bigint): number | bigint => (itemsize === 8 ? v : Number(v));
  switch (op) {
    case "multiply":
      return 1;
    case "maximum":
      return kind === "bool" ? false : isFloat(dtype) ? -Infinity : narrow(lowest);
    case "minimum":
      return kind === "bool" ? true : isFloat(dtype) ? Infinity : narrow(highest);
    case "and":
      return kind === "bool" ? true : narrow(kind === "int" ? -1n : highest);
    default:
      return kind === "bool" ? false : 0;
  }
}

/** A closed region of one binary op. */
export function monoidRegion(b: Lowering, op: BinaryOp, scalar: ShapedArray): Block {
  return b.closedRegion([scalar, scalar], (c, [x, y]) =>
    c.emit(op, [x as WireValue, y as WireValue], {}, [scalar]),
  );
}

interface ReducerSpec {
  readonly wire: BinaryOp;
  readonly accepts: readonly DTypeKind[];
  readonly linear?: true;
  readonly jvp?: Primitive["jvp"];
  readonly transpose?: Primitive["transpose"];
}

function reducer(name: string, spec: ReducerSpec): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: spec.linear === true ? { linear: true } : {},
    shape: ([a], params) => {
      const aval = a as ShapedArray;
      if (!spec.accepts.includes(DTYPES[aval.dtype].kind))
        throw fail("E_DTYPE", `lax.${name}: got ${aval}, expected ${spec.accepts.join(" or ")}`);
      return [
        aval.with({
          shape: aval.shape.filter((_, i) => !isReduced(params, i)),
        }),
      ];
    },
    jvp: spec.jvp ?? zeroJvp(() => primitive),
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    batch: (_lax, _n, [x], [d], params) => {
      const at = d as number;
      const axes = axesOf(params).map((i) => (i >= at ? i + 1 : i));
      return {
        outs: [bind1(primitive, [x as NDArray], { axes })],
        bdims: [at - axes.filter((i) => i < at).length],
      };
    },
    lower: (b, [x], params, [a], outs) => {
      const scalar = shaped([], (a as ShapedArray).dtype);
      const init = b.constant(identityOfMonoid(spec.wire, scalar.dtype as DType), scalar);
      return b.emit("reduce", [x as WireValue, init], { dimensions: axesOf(params) }, outs, [
        monoidRegion(b, spec.wire, scalar),
      ]);
    },
  });
  return primitive;
}

function reduceWith(p: Primitive, operand: Operand, axes: Shape): NDArray {
  const [x] = operandsAs(`lax.${p.name}`, ["operand"], [operand]) as [NDArray];
  checkSizes(`lax.${p.name}`, "axes", axes);
  const canonical = axes.map((d) => canonicalAxis(`lax.${p.name}`, d, x.ndim)).sort((i, j) => i - j);
  if (new Set(canonical).size !== canonical.length)
    throw fail("E_AXIS_RANGE", `lax.${p.name}: an axis occurs twice in [${axes.join(",")}]`, {
      hint: "name each axis once",
    });
  return canonical.length === 0 ? x : bind1(p, [x], { axes: canonical });
}

/** A reduced value back over the operand's shape. */
function spreadBack(lax: Lax, y: NDArray, shape: Shape, axes: readonly number[]): NDArray {
  return lax.broadcastInDim(
    y,
    shape,
    shape.map((_, i) => i).filter((i) => !axes.includes(i)),
  );
}

/** The primitive of `lax.reduceSum`. */
export const reduce_sum_p: Primitive = reducer("reduceSum", {
  wire: "add",
  accepts: NUMERIC,
  linear: true,
  jvp: linearJvp(() => reduce_sum_p),
  transpose: transposeUnary((lax, ct, aval, params) => spreadBack(lax, ct, aval.shape, axesOf(params))),
});
/** Sum over axes. Source: jax.lax.reduce_sum. */
export const reduceSum = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_sum_p, operand, axes);

/** ct · (x == m) / count, over the places that attain the extremum (jax's _reduce_chooser_jvp_rule). */
const chooserJvp =
  (self: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (lax, [x], [t], params) => {
    const out = bind1(self(), [x as NDArray], params);
    if (t == null) return { outs: [out], tangents: [null] };
    const v = x as NDArray;
    const hits = lax.convertElementType(lax.eq(v, spreadBack(lax, out, v.shape, axesOf(params))), t.dtype);
    const count = lax.reduceSum(hits, axesOf(params));
    return {
      outs: [out],
      tangents: [lax.div(lax.reduceSum(lax.mul(t, hits), axesOf(params)), count)],
    };
  };
/** The primitive of `lax.reduceMax`. */
export const reduce_max_p: Primitive = reducer("reduceMax", {
  wire: "maximum",
  accepts: ORDERED,
  jvp: chooserJvp(() => reduce_max_p),
});
/** Maximum over axes; NaN if one is. Derivative shared among ties. Source: jax.lax.reduce_max. */
export const reduceMax = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_max_p, operand, axes);
/** The primitive of `lax.reduceMin`. */
export const reduce_min_p: Primitive = reducer("reduceMin", {
  wire: "minimum",
  accepts: ORDERED,
  jvp: chooserJvp(() => reduce_min_p),
});
/** Minimum over axes. Source: jax.lax.reduce_min. */
export const reduceMin = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_min_p, operand, axes);

/** A product by a tree of halves, which has derivatives through zeros (jax's _reduce_prod_tree). */
function prodTree(lax: Lax, x: NDArray, axes: readonly number[]): NDArray {
  const [first] = [...axes].sort((a, b) => b - a);
  if (first === undefined) return x;
  let y = x;
  while ((y.shape[first] as number) > 1) {
    const n = y.shape[first] as number;
    const half = (n + 1) >> 1;
    const low = lax.sliceInDim(y, 0, half, 1, first);
    const high = lax.pad(
      lax.sliceInDim(y, half, n, 1, first),
      1,
      y.shape.map((_, i) => [0, i === first ? half - (n - half) : 0, 0] as const),
    );
    y = lax.mul(low, high);
  }
  const flat =
    (y.shape[first] as number) === 0
      ? lax.full(
          y.shape.filter((_, i) => i !== first),
          1,
          y.dtype,
        )
      : lax.squeeze(y, [first]);
  return prodTree(
    lax,
    flat,
    axes.filter((i) => i !== first),
  );
}
/** The primitive of `lax.reduceProd`. */
export const reduce_prod_p: Primitive = reducer("reduceProd", {
  wire: "multiply",
  accepts: NUMERIC,
  jvp: (lax, [x], [t], params) => {
    const out = bind1(reduce_prod_p, [x as NDArray], params);
    if (t == null) return { outs: [out], tangents: [null] };
    return {
      outs: [out],
      tangents: [lax.tangentOf((v) => prodTree(lax, v, axesOf(params)), x as NDArray, t)],
    };
  },
});
/** Product over axes. Source: jax.lax.reduce_prod. */
export const reduceProd = (operand: Operand, axes: Shape): NDArray =>
  reduceWith(reduce_prod_p, operand, axes);
/** The primitive of `lax.reduceAnd`. */
export const reduce_and_p: Primitive = reducer("reduceAnd", {
  wire: "and",
  accepts: BITS,
});
/** Bitwise (or logical) and over axes. Source: jax.lax.reduce_and. */
export const reduceAnd = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_and_p, operand, axes);
/** The primitive of `lax.reduceOr`. */
export const reduce_or_p: Primitive = reducer("reduceOr", {
  wire: "or",
  accepts: BITS,
});
/** Bitwise (or logical) or over axes. Source: jax.lax.reduce_or. */
export const reduceOr = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_or_p, operand, axes);
/** The primitive of `lax.reduceXor`. */
export const reduce_xor_p: Primitive = reducer("reduceXor", {
  wire: "xor",
  accepts: BITS,
});
/** Bitwise xor over axes. Source: jax.lax.reduce_xor. */
export const reduceXor = (operand: Operand, axes: Shape): NDArray => reduceWith(reduce_xor_p, operand, axes);

/** The index of the extremum along one axis: the first of equals; a NaN counts as the extremum. */
function argReducer(name: "argmax" | "argmin"): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: {},
    shape: ([a], params) => {
      const aval = a as ShapedArray;
      const axis = params["axis"] as number;
      if (!ORDERED.includes(DTYPES[aval.dtype].kind))
        throw fail("E_DTYPE", `lax.${name}: got ${aval}, expected ${ORDERED.join(" or ")}`);
      if (aval.shape[axis] === 0) throw fail("E_SHAPE", `lax.${name}: axis ${axis} of ${aval} is empty`);
      return [
        aval.with({
          shape: aval.shape.filter((_, i) => i !== axis),
          dtype: params["indexDtype"] as DType,
          weak: false,
        }),
      ];
    },
    jvp: zeroJvp(() => primitive),
    batch: (_lax, _n, [x], [d], params) => {
      const [at, axis] = [d as number, params["axis"] as number];
      const moved = axis >= at ? axis + 1 : axis;
      return {
        outs: [bind1(primitive, [x as NDArray], { ...params, axis: moved })],
        bdims: [moved < at ? at - 1 : at],
      };
    },
    decompose: (lax, [x], params) => {
      // The extremum, then the least index that attains it (or is NaN): two monoid reductions that fuse anywhere.
      const v = x as NDArray;
      const [axis, dtype] = [params["axis"] as number, params["indexDtype"] as DType];
      const n = v.shape[axis] as number;
      const best = name === "argmax" ? lax.reduceMax(v, [axis]) : lax.reduceMin(v, [axis]);
      const hit = lax.eq(v, spreadBack(lax, best, v.shape, [axis]));
      const found = isFloat(v.dtype) ? lax.bitwiseOr(hit, lax.ne(v, v)) : hit;
      const at = lax.select(
        found,
        lax.broadcastedIota(dtype, v.shape, axis),
        lax.full(v.shape, n - 1, dtype),
      );
      return [lax.reduceMin(at, [axis])];
    },
  });
  return primitive;
}
/** The primitive of `lax.argmax`. */
export const argmax_p: Primitive = argReducer("argmax");
/** Index of the first maximum along an axis. Source: jax.lax.argmax. */
export const argmax = (operand: Operand, axis: number, indexDtype: DType): NDArray =>
  argWith(argmax_p, operand, axis, indexDtype);
/** The primitive of `lax.argmin`. */
export const argmin_p: Primitive = argReducer("argmin");
/** Index of the first minimum along an axis. Source: jax.lax.argmin. */
export const argmin = (operand: Operand, axis: number, indexDtype: DType): NDArray =>
  argWith(argmin_p, operand, axis, indexDtype);
function argWith(p: Primitive, operand: Operand, axis: number, indexDtype: DType): NDArray {
  const [x] = operandsAs(`lax.${p.name}`, ["operand"], [operand]) as [NDArray];
  return bind1(p, [x], {
    axis: canonicalAxis(`lax.${p.name}`, axis, x.ndim),
    indexDtype: canonicalDType(indexDtype),
  });
}
