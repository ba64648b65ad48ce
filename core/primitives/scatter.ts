// The scatters: windows of an operand replaced, or joined with updates by a monoid.
import type { BinaryOp } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { neg } from "./arithmetic.ts";
import { range, trailing, up } from "./dims.ts";
import type { GatherScatterMode, ScatterDimensionNumbers, ScatterOptions } from "./gather-scatter.ts";
import type { Lax } from "./lax.ts";
import { checkList, operandsAs, toArray, type Operand } from "./operand.ts";
import { monoidRegion } from "./reduce.ts";

interface ScatterParams extends Params {
  readonly dims: Required<ScatterDimensionNumbers>;
  readonly mode: GatherScatterMode;
  readonly indicesAreSorted: boolean;
  readonly uniqueIndices: boolean;
  /** Of scatterApply: the function of an element. */
  readonly jaxpr?: Jaxpr;
}
const scatterParams = (p: Params): ScatterParams => p as ScatterParams;

function scatterShape([x, indices, updates]: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const [a, idx, u] = [x as ShapedArray, indices as ShapedArray, updates as ShapedArray];
  const { dims } = scatterParams(params);
  if (a.dtype !== u.dtype)
    throw fail("E_DTYPE_MISMATCH", `lax.scatter: operand ${a} and updates ${u} differ in dtype`);
  if (
    idx.shape[idx.shape.length - 1] !== dims.scatterDimsToOperandDims.length ||
    u.shape.length !== idx.shape.length - 1 + dims.updateWindowDims.length
  )
    throw fail(
      "E_SHAPE",
      `lax.scatter: operand ${a}, indices ${idx} and updates ${u} don't fit the dimension numbers`,
    );
  return [a.with({ weak: a.weak && u.weak })];
}

/** The wire window sizes of a scatter: 1 where a dimension isn't in the update's window. */
function windowSizes(a: ShapedArray, u: ShapedArray, dims: Required<ScatterDimensionNumbers>): number[] {
  let k = 0;
  return a.shape.map((_, i) =>
    dims.insertedWindowDims.includes(i) || dims.operandBatchingDims.includes(i)
      ? 1
      : (u.shape[dims.updateWindowDims[k++] as number] as number),
  );
}

function clampIndices(
  lax: Lax,
  x: NDArray,
  indices: NDArray,
  updates: NDArray,
  dims: Required<ScatterDimensionNumbers>,
): NDArray {
  const sizes = windowSizes(x.aval, updates.aval, dims);
  const limits = dims.scatterDimsToOperandDims.map((d) => (x.shape[d] as number) - (sizes[d] as number));
  const last = indices.ndim - 1;
  return lax.concatenate(
    limits.map((n, k) => lax.clamp(0, lax.sliceInDim(indices, k, k + 1, 1, last), Math.max(n, 0))),
    last,
  );
}

/** The wire forms of the scatters, for the closed list. */
const wires: Primitive[] = [];
/** The wire forms, which skip windows out of range; the decompositions of scatters use them. */
export const scatterWires: readonly Primitive[] = wires;

interface ScatterSpec {
  readonly wire: BinaryOp | null;
  readonly jvp?: Primitive["jvp"];
  readonly transpose?: Primitive["transpose"];
  readonly linearIn?: Primitive["linearIn"];
}

function scatterPrimitive(name: string, spec: ScatterSpec): Primitive {
  const base = {
    traits: { structural: true } as const,
    shape: scatterShape,
    batch: (lax: Lax, size: number, args: readonly NDArray[], bdims: readonly BatchDim[], params: Params) => {
      const [x, i, u] = args.map((v, k) => toAxis(size, v, bdims[k] ?? null, 0)) as [
        NDArray,
        NDArray,
        NDArray,
      ];
      const { dims } = scatterParams(params);
      const batched = {
        updateWindowDims: up(dims.updateWindowDims),
        insertedWindowDims: up(dims.insertedWindowDims),
        scatterDimsToOperandDims: up(dims.scatterDimsToOperandDims),
        operandBatchingDims: [0, ...up(dims.operandBatchingDims)],
        scatterIndicesBatchingDims: [0, ...up(dims.scatterIndicesBatchingDims)],
      };
      return {
        outs: [bind1(primitive, [x, i, u], { ...params, dims: batched })],
        bdims: [0] as BatchDim[],
      };
    },
  };
  const wire: Primitive = definePrimitive({
    ...base,
    name: `${name}_dropping`,
    lower: (b, xs, params, avals, outs) => {
      const [a, idx, u] = avals as [ShapedArray, ShapedArray, ShapedArray];
      const { dims, indicesAreSorted, uniqueIndices } = scatterParams(params);
      const scalar = shaped([], a.dtype === "key<fry>" ? "uint32" : a.dtype);
      const { jaxpr } = scatterParams(params);
      const region =
        jaxpr !== undefined
          ? b.closedRegion([scalar, scalar], (c, [x]) => c.inline(jaxpr, [x as WireValue]))
          : spec.wire === null
            ? b.closedRegion([scalar, scalar], (_c, [, y]) => [y as WireValue])
            : monoidRegion(b, spec.wire, scalar);
      return b.emit(
        "scatter",
        xs,
        {
          updateWindowDims: [...dims.updateWindowDims, ...trailing(a).map((_, k) => u.shape.length + k)],
          insertedWindowDims: dims.insertedWindowDims,
          inputBatchingDims: dims.operandBatchingDims,
          scatterIndicesBatchingDims: dims.scatterIndicesBatchingDims,
          scatterDimsToOperandDims: dims.scatterDimsToOperandDims,
          indexVectorDim: idx.shape.length - 1,
          indicesAreSorted,
          uniqueIndices,
        },
        outs,
        [region],
      );
    },
  });
  const primitive: Primitive = definePrimitive({
    ...base,
    name,
    ...(spec.jvp === undefined ? {} : { jvp: spec.jvp }),
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    ...(spec.linearIn === undefined ? {} : { linearIn: spec.linearIn }),
    decompose: (lax, [x, i, u], params) => {
      const p = scatterParams(params);
      const indices =
        p.mode === "clip"
          ? clampIndices(lax, x as NDArray, i as NDArray, u as NDArray, p.dims)
          : (i as NDArray);
      return [
        bind1(wire, [x as NDArray, indices, u as NDArray], {
          ...p,
          mode: "drop",
        }),
      ];
    },
  });
  wires.push(wire);
  return primitive;
}

/** Gathers back what a scatter wrote: the transpose of its updates operand. */
function gatherUpdates(
  lax: Lax,
  ct: NDArray,
  indices: NDArray,
  operand: ShapedArray,
  updates: ShapedArray,
  p: ScatterParams,
): NDArray {
  const d = p.dims;
  return lax.gather(
    ct,
    indices,
    {
      offsetDims: d.updateWindowDims,
      collapsedSliceDims: d.insertedWindowDims,
      startIndexMap: d.scatterDimsToOperandDims,
      operandBatchingDims: d.operandBatchingDims,
      startIndicesBatchingDims: d.scatterIndicesBatchingDims,
    },
    windowSizes(operand, updates, d),
    { mode: p.mode === "drop" ? "fill" : p.mode, fillValue: 0 },
  );
}

/** The primitive of `lax.scatterAdd`. */
export const scatter_add_p: Primitive = scatterPrimitive("scatter_add", {
  wire: "add",
  linearIn: (mask) => mask[1] === false,
  jvp: (lax, [x, i, u], [tx, , tu], params) => {
    const put = (a: NDArray, v: NDArray): NDArray => bind1(scatter_add_p, [a, i as NDArray, v], params);
    const tangent =
      tx == null && tu == null
        ? null
        : put(tx ?? lax.zerosLike(x as NDArray), tu ?? lax.zerosLike(u as NDArray));
    return { outs: [put(x as NDArray, u as NDArray)], tangents: [tangent] };
  },
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    accums[0]?.add(ct);
    accums[2]?.add(
      gatherUpdates(
        lax,
        ct,
        args[1] as NDArray,
        avals[0] as ShapedArray,
        avals[2] as ShapedArray,
        scatterParams(params),
      ),
    );
  },
});

/** Which updates win: scatter their numbers, then compare (jax's _scatter_jvp for repeated indices). */
const scatterJvp: NonNullable<Primitive["jvp"]> = (lax, [x, i, u], [tx, , tu], params) => {
  const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
  const out = bind1(scatter_p, [operand, indices, updates], params);
  if (tx == null && tu == null) return { outs: [out], tangents: [null] };
  const [top, tup] = [tx ?? lax.zerosLike(operand), tu ?? lax.zerosLike(updates)];
  const p = scatterParams(params);
  if (p.uniqueIndices)
    return {
      outs: [out],
      tangents: [bind1(scatter_p, [top, indices, tup], params)],
    };
  // Number each index vector from 1, scatter the numbers, and keep only the tangents of the winners.
  const idsShape = indices.shape.slice(0, -1);
  const count = idsShape.reduce((n, d) => n * d, 1);
  const ids = lax.add(lax.reshape(lax.iota("int32", count), idsShape), 1);
  const batchDims = range(updates.ndim).filter((d) => !p.dims.updateWindowDims.includes(d));
  const wideIds = lax.broadcastInDim(ids, updates.shape, batchDims);
  const winners = bind1(scatter_p, [lax.full(operand.shape, 0, "int32"), indices, wideIds], params);
  const kept = lax.select(lax.eq(winners, 0), top, lax.zerosLike(top));
  const mine = gatherUpdates(lax, winners, indices, operand.aval, updates.aval, p);
  const masked = lax.select(lax.eq(mine, wideIds), tup, lax.zerosLike(tup));
  return {
    outs: [out],
    tangents: [bind1(scatter_add_p, [kept, indices, masked], params)],
  };
};
/** The primitive of `lax.scatter`. */
export const scatter_p: Primitive = scatterPrimitive("scatter", {
  wire: null,
  jvp: scatterJvp,
  linearIn: (mask, params) => mask[1] === false && scatterParams(params).uniqueIndices,
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const [operand, updates] = [avals[0] as ShapedArray, avals[2] as ShapedArray];
    if (accums[0] != null)
      accums[0].add(bind1(scatter_p, [ct, args[1] as NDArray, lax.zeros(updates)], params));
    if (accums[2] != null)
      accums[2].add(gatherUpdates(lax, ct, args[1] as NDArray, operand, updates, scatterParams(params)));
  },
});
/** The primitive of `lax.scatterMul`. */
export const scatter_mul_p: Primitive = scatterPrimitive("scatter_mul", {
  wire: "multiply",
  linearIn: (mask) => mask[0] === true && mask[1] === false && mask[2] === false,
  jvp: (lax, [x, i, u], [tx, , tu], params) => {
    const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
    const p = scatterParams(params);
    const put = (a: NDArray): NDArray => bind1(scatter_mul_p, [a, indices, updates], params);
    if (tu != null && !p.uniqueIndices)
      throw fail("E_NO_RULE", "scatterMul: the derivative by the updates needs uniqueIndices: true");
    const byUpdates =
      tu == null
        ? null
        : bind1(
            scatter_add_p,
            [
              lax.zerosLike(operand),
              indices,
              lax.mul(tu, gatherUpdates(lax, operand, indices, operand.aval, updates.aval, p)),
            ],
            params,
          );
    const byOperand = tx == null ? null : put(tx);
    const tangent =
      byUpdates === null ? byOperand : byOperand === null ? byUpdates : lax.addAny(byOperand, byUpdates);
    return { outs: [put(operand)], tangents: [tangent] };
  },
  transpose: (_lax, cts, args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct !== null)
      accums[0]?.add(bind1(scatter_mul_p, [ct, args[1] as NDArray, args[2] as NDArray], params));
  },
});

/** Ties share the derivative between the operand and the updates that attain the extremum (jax's _scatter_extremal_jvp). */
const extremalJvp =
  (self: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (lax, [x, i, u], [tx, , tu], params) => {
    const [operand, indices, updates] = [x as NDArray, i as NDArray, u as NDArray];
    const p = scatterParams(params);
    const out = bind1(self(), [operand, indices, updates], params);
    if (tx == null && tu == null) return { outs: [out], tangents: [null] };
    const as = (mask: NDArray): NDArray => lax.convertElementType(mask, out.dtype);
    const operandHit = as(lax.eq(operand, out));
    const updateHit = as(lax.eq(updates, gatherUpdates(lax, out, indices, operand.aval, updates.aval, p)));
    const counts = bind1(scatter_add_p, [operandHit, indices, updateHit], params);
    const shares = lax.select(lax.eq(counts, 0), lax.fullLike(counts, 1), counts);
    const total = bind1(
      scatter_add_p,
      [
        lax.mul(tx ?? lax.zerosLike(operand), operandHit),
        indices,
        lax.mul(tu ?? lax.zerosLike(updates), updateHit),
      ],
      params,
    );
    return { outs: [out], tangents: [lax.div(total, shares)] };
  };
/** The primitive of `lax.scatterMin`. */
export const scatter_min_p: Primitive = scatterPrimitive("scatter_min", {
  wire: "minimum",
  jvp: extremalJvp(() => scatter_min_p),
});
/** The primitive of `lax.scatterMax`. */
export const scatter_max_p: Primitive = scatterPrimitive("scatter_max", {
  wire: "maximum",
  jvp: extremalJvp(() => scatter_max_p),
});

/** The primitive of `lax.scatterApply`; the updates only say how many elements a window has. */
export const scatter_apply_p: Primitive = scatterPrimitive("scatter_apply", {
  wire: null,
  jvp: () => {
    throw fail("E_NO_RULE", "lax.scatterApply has no derivative", {
      hint: "x.at(…).apply(f) has one",
    });
  },
});

function scatterWith(
  p: Primitive,
  operand: Operand,
  indices: Operand,
  updates: Operand,
  dims: ScatterDimensionNumbers,
  options: ScatterOptions,
  jaxpr?: Jaxpr,
): NDArray {
  const name = `lax.${p.name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase())}`;
  const [x, u] = operandsAs(name, ["operand", "updates"], [operand, updates]) as [NDArray, NDArray];
  const mode = options.mode ?? "drop";
  for (const word of ["updateWindowDims", "insertedWindowDims", "scatterDimsToOperandDims"] as const)
    checkList(name, `dimensionNumbers.${word}`, (dims as ScatterDimensionNumbers | null)?.[word]);
  const params: ScatterParams = {
    dims: { operandBatchingDims: [], scatterIndicesBatchingDims: [], ...dims },
    mode: mode === "fill" ? "drop" : mode,
    indicesAreSorted: options.indicesAreSorted ?? false,
    uniqueIndices: options.uniqueIndices ?? false,
    ...(jaxpr === undefined ? {} : { jaxpr }),
  };
  return bind1(p, [x, toArray(name, indices, "indices"), u], params);
}
type ScatterFn = (
  operand: Operand,
  scatterIndices: Operand,
  updates: Operand,
  dimensionNumbers: ScatterDimensionNumbers,
  options?: ScatterOptions,
) => NDArray;
/** Windows replaced. Source: jax.lax.scatter. */
export const scatter: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_p, x, i, u, d, o);
/** Windows added. Source: jax.lax.scatter_add. */
export const scatterAdd: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_add_p, x, i, u, d, o);
/** Windows multiplied. Source: jax.lax.scatter_mul. */
export const scatterMul: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_mul_p, x, i, u, d, o);
/** Windows combined by minimum. Source: jax.lax.scatter_min. */
export const scatterMin: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_min_p, x, i, u, d, o);
/** Windows combined by maximum. Source: jax.lax.scatter_max. */
export const scatterMax: ScatterFn = (x, i, u, d, o = {}) => scatterWith(scatter_max_p, x, i, u, d, o);
/** Windows subtracted. Source: jax.lax.scatter_sub. */
export const scatterSub: ScatterFn = (x, i, u, d, o = {}) => {
  const [operand, updates] = operandsAs("lax.scatterSub", ["operand", "updates"], [x, u]) as [
    NDArray,
    NDArray,
  ];
  return scatterWith(scatter_add_p, operand, i, neg(updates), d, o);
};
/** Elements replaced by a function of theirs, given as a jaxpr of scalars; `updateShape` is that of updates. Source: jax.lax.scatter_apply. */
export const scatterApply = (
  operand: NDArray,
  indices: Operand,
  jaxpr: Jaxpr,
  dims: ScatterDimensionNumbers,
  updates: NDArray,
  options: ScatterOptions = {},
): NDArray => scatterWith(scatter_apply_p, operand, indices, updates, dims, options, jaxpr);
