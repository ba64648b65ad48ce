// Communication along a named vmap axis: psum pmax pmin axisIndex allGather allToAll ppermute.
// The batching rule of the vmap with that name removes the axis; every other vmap passes the operation on.
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import { DTYPES } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type BatchDim, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import type { Lax } from "./lax.ts";
import { operands, type Operand } from "./operand.ts";
import { linearJvp, NUMERIC, ORDERED, transposeUnary, zeroJvp } from "./rules.ts";
import { canonicalAxis } from "./shape.ts";

const nameOf = (params: Params): string => params["axisName"] as string;
const sizeOf = (params: Params): number => params["axisSize"] as number;
const number = (params: Params, name: string): number => params[name] as number;
const usesAxis = (axisName: string, params: Params): boolean => nameOf(params) === axisName;

/** The size of a named axis in scope. @throws E_AXIS_NAME */
export function axisSizeOf(name: string, axisName: string): number {
  const axis = context().axisEnv.get(axisName);
  if (axis === undefined)
    throw fail(
      "E_AXIS_NAME",
      `${name}: no axis named "${axisName}" is in scope; known: ${[...context().axisEnv.keys()].join(", ") || "none"}`,
      { hint: `name it by vmap(f, { axisName: "${axisName}" })` },
    );
  return axis.size;
}
const apply = (p: Primitive, x: Operand, axisName: string, params: Params = {}): NDArray =>
  bind1(p, operands(`lax.${p.name}`, x), {
    axisName,
    axisSize: axisSizeOf(`lax.${p.name}`, axisName),
    ...params,
  });

interface CollectiveSpec {
  readonly shape: (aval: ShapedArray, params: Params) => ShapedArray;
  /** Own axis, and a value that is the same all along it; absent: it is spread first. */
  readonly unmapped?: (lax: Lax, x: NDArray, params: Params) => NDArray;
  /** Own axis: the whole value with the mapped axis in front; returns the result and its mapped axis. */
  readonly own: (lax: Lax, x: NDArray, params: Params) => readonly [NDArray, BatchDim];
  readonly jvp?: Primitive["jvp"];
  readonly transpose?: Primitive["transpose"];
  /** Names of params that count axes of the operand. */
  readonly axes?: readonly string[];
}
function collective(name: string, spec: CollectiveSpec): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: spec.transpose === undefined ? {} : { linear: true },
    usesAxis,
    shape: ([a], params) => [spec.shape(a as ShapedArray, params)],
    jvp: spec.jvp ?? linearJvp(() => primitive),
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    batch: (lax, size, [x], [d], params, axisName) => {
      const own = axisName === nameOf(params);
      if (own && d == null && spec.unmapped !== undefined)
        return { outs: [spec.unmapped(lax, x as NDArray, params)], bdims: [null] };
      const front = toAxis(size, x as NDArray, d ?? null, 0);
      if (own) {
        const [out, bdim] = spec.own(lax, front, params);
        return { outs: [out], bdims: [bdim] };
      }
      const moved = Object.fromEntries((spec.axes ?? []).map((k) => [k, number(params, k) + 1]));
      return {
        outs: [bind1(primitive, [front], { ...params, ...moved })],
        bdims: [0],
      };
    },
    lower: (_b, _xs, params) => {
      throw fail(
        "E_AXIS_NAME",
        `lax.${name}: the axis "${nameOf(params)}" isn't bound by a vmap around this function`,
      );
    },
  });
  return primitive;
}
function checked(name: string, kinds: readonly string[]): (aval: ShapedArray) => ShapedArray {
  return (aval) => {
    if (!kinds.includes(DTYPES[aval.dtype].kind))
      throw fail("E_DTYPE", `lax.${name}: got ${aval}, expected ${kinds.join(" or ")}`);
    return aval;
  };
}

/** The primitive of `lax.psum`. */
export const psum_p: Primitive = collective("psum", {
  shape: checked("psum", NUMERIC),
  unmapped: (lax, x, params) => lax.mul(x, sizeOf(params)),
  own: (lax, x) => [lax.reduceSum(x, [0]), null],
  transpose: transposeUnary((_lax, ct, _a, params) => bind1(psum_p, [ct], params)),
});
/** Sum over a named axis; the same on all of it. Source: jax.lax.psum. */
export const psum = (x: Operand, axisName: string): NDArray => apply(psum_p, x, axisName);
/** Shared among ties, as the reduction's: ct · (x == m) / count. */
const extremumJvp =
  (self: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (lax, [x], [t], params) => {
    const out = bind1(self(), [x as NDArray], params);
    if (t == null) return { outs: [out], tangents: [null] };
    const hits = lax.convertElementType(lax.eq(x as NDArray, out), t.dtype);
    const total = (v: NDArray): NDArray => bind1(psum_p, [v], params);
    return {
      outs: [out],
      tangents: [lax.div(total(lax.mul(t, hits)), total(hits))],
    };
  };
/** The primitive of `lax.pmax`. */
export const pmax_p: Primitive = collective("pmax", {
  shape: checked("pmax", ORDERED),
  unmapped: (_lax, x) => x,
  own: (lax, x) => [lax.reduceMax(x, [0]), null],
  jvp: extremumJvp(() => pmax_p),
});
/** Maximum over a named axis. Source: jax.lax.pmax. */
export const pmax = (x: Operand, axisName: string): NDArray => apply(pmax_p, x, axisName);
/** The primitive of `lax.pmin`. */
export const pmin_p: Primitive = collective("pmin", {
  shape: checked("pmin", ORDERED),
  unmapped: (_lax, x) => x,
  own: (lax, x) => [lax.reduceMin(x, [0]), null],
  jvp: extremumJvp(() => pmin_p),
});
/** Minimum over a named axis. Source: jax.lax.pmin. */
export const pmin = (x: Operand, axisName: string): NDArray => apply(pmin_p, x, axisName);

/** The primitive of `lax.axisIndex`. */
export const axis_index_p: Primitive = definePrimitive({
  name: "axisIndex",
  traits: {},
  usesAxis,
  shape: () => [shaped([], "int32")],
  jvp: zeroJvp(() => axis_index_p),
  batch: (lax, size) => ({ outs: [lax.iota("int32", size)], bdims: [0] }),
  lower: (_b, _xs, params) => {
    throw fail(
      "E_AXIS_NAME",
      `lax.axisIndex: the axis "${nameOf(params)}" isn't bound by a vmap around this function`,
    );
  },
});
/** This element's place along a named axis, int32. Source: jax.lax.axis_index. */
export const axisIndex = (axisName: string): NDArray =>
  bind1(axis_index_p, [], {
    axisName,
    axisSize: axisSizeOf("lax.axisIndex", axisName),
  });

/** The primitive of `lax.allGather`. */
export const all_gather_p: Primitive = collective("allGather", {
  shape: (aval, params) => {
    const axis = number(params, "axis");
    return aval.with({
      shape: [...aval.shape.slice(0, axis), sizeOf(params), ...aval.shape.slice(axis)],
    });
  },
  own: (lax, x, params) => [lax.moveAxis(x, 0, number(params, "axis")), null],
  axes: ["axis"],
  // Each place keeps its own part of the summed cotangents.
  transpose: transposeUnary((lax, ct, _a, params) => {
    const sum = bind1(psum_p, [ct], {
      axisName: nameOf(params),
      axisSize: sizeOf(params),
    });
    const index = bind1(axis_index_p, [], {
      axisName: nameOf(params),
      axisSize: sizeOf(params),
    });
    return lax.dynamicIndexInDim(sum, index, number(params, "axis"), false);
  }),
});
/** The values of a whole named axis, stacked in front. Source: jax.lax.all_gather, untiled. */
export const allGather = (x: Operand, axisName: string): NDArray =>
  apply(all_gather_p, x, axisName, { axis: 0 });

/** The primitive of `lax.allToAll`. */
export const all_to_all_p: Primitive = collective("allToAll", {
  shape: (aval, params) => {
    const split = number(params, "splitAxis");
    const rest = aval.shape.filter((_, i) => i !== split);
    return aval.with({
      shape: [
        ...rest.slice(0, number(params, "concatAxis")),
        sizeOf(params),
        ...rest.slice(number(params, "concatAxis")),
      ],
    });
  },
  // The named axis and the split one change places; then the received one moves to concatAxis.
  own: (lax, x, params) => {
    const split = number(params, "splitAxis") + 1;
    const swapped = lax.transpose(
      x,
      x.shape.map((_, i) => (i === 0 ? split : i === split ? 0 : i)),
    );
    return [lax.moveAxis(swapped, split, number(params, "concatAxis") + 1), 0];
  },
  axes: ["splitAxis", "concatAxis"],
  transpose: transposeUnary((_lax, ct, _a, params) =>
    bind1(all_to_all_p, [ct], {
      ...params,
      splitAxis: params["concatAxis"],
      concatAxis: params["splitAxis"],
    }),
  ),
});
/** Distributes `splitAxis` over the named axis and gathers the named axis at `concatAxis`. Source: jax.lax.all_to_all, untiled. */
export function allToAll(x: Operand, axisName: string, splitAxis: number, concatAxis: number): NDArray {
  const [v] = operands("lax.allToAll", x) as [NDArray];
  const axis = (d: number): number => canonicalAxis("lax.allToAll", d, v.ndim);
  const params = { splitAxis: axis(splitAxis), concatAxis: axis(concatAxis) };
  const size = axisSizeOf("lax.allToAll", axisName);
  if (v.shape[params.splitAxis] !== size)
    throw fail(
      "E_SHAPE",
      `lax.allToAll: axis ${params.splitAxis} of ${v.aval} must have the size of "${axisName}", ${size}`,
    );
  return apply(all_to_all_p, v, axisName, params);
}

type Pairs = readonly (readonly [source: number, target: number])[];
/** The primitive of `lax.ppermute`. */
export const ppermute_p: Primitive = collective("ppermute", {
  shape: (aval) => aval,
  own: (lax, x, params) => {
    const sources = new Map((params["perm"] as Pairs).map(([s, t]) => [t, s]));
    const parts = Array.from({ length: sizeOf(params) }, (_, target) => {
      const source = sources.get(target);
      const part = lax.sliceInDim(x, source ?? 0, (source ?? 0) + 1, 1, 0);
      return source === undefined ? lax.zerosLike(part) : part;
    });
    return [lax.concatenate(parts, 0), 0];
  },
  transpose: transposeUnary((_lax, ct, _a, params) =>
    bind1(ppermute_p, [ct], {
      ...params,
      perm: (params["perm"] as Pairs).map(([s, t]) => [t, s]),
    }),
  ),
});
/** Sends values along a named axis by (source, target) pairs; places without a source get zeros. Source: jax.lax.ppermute. */
export function ppermute(x: Operand, axisName: string, perm: Pairs): NDArray {
  checkPermutation(perm, axisSizeOf("lax.ppermute", axisName));
  return apply(ppermute_p, x, axisName, { perm: perm.map(([s, t]) => [s, t]) });
}
/** @throws E_ARGUMENT unless sources and targets are each distinct places of an axis of this size */
export function checkPermutation(perm: Pairs, size: number): void {
  const valid = (list: readonly number[]): boolean =>
    new Set(list).size === list.length && list.every((i) => Number.isInteger(i) && i >= 0 && i < size);
  if (!valid(perm.map(([s]) => s)) || !valid(perm.map(([, t]) => t)))
    throw fail(
      "E_ARGUMENT",
      `lax.ppermute: sources and targets must each be distinct places of an axis of ${size}, got ${JSON.stringify(perm)}`,
    );
}
