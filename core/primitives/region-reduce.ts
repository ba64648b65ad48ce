// Reductions of axes and of windows by any associative function of scalars, over several operands at a time. The
// function is staged once and becomes a region. Operands: what the function captured, then arrays, then start values.
import { fail } from "../errors.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { makeJaxprOf, type Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type BatchResult,
  type JvpResult,
  type Lowering,
  type Params,
  type Primitive,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { batchFlat, toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { stage } from "../transforms/stage.ts";
import { add_p, max_p, min_p, mul_p } from "./arithmetic.ts";
import { and_p, or_p, xor_p } from "./bitwise.ts";
import { cut } from "./fixpoint.ts";
import { jit_p } from "./jit.ts";
import { scan_p } from "./scan.ts";
import { batchedWindow, windowAttributes, windowedShape, type WindowParams } from "./window.ts";

/** Params of both: the function takes (captured, left scalars, right scalars). */
interface RegionParams extends Params {
  readonly jaxpr: Jaxpr;
  readonly numConsts: number;
}
interface ReduceParams extends RegionParams {
  readonly axes: readonly number[];
}
type ReduceWindowParams = RegionParams & WindowParams;

type Pieces<T> = readonly [consts: readonly T[], xs: readonly T[], inits: readonly T[]];
function pieces<T>(operands: readonly T[], { numConsts }: RegionParams): Pieces<T> {
  const n = (operands.length - numConsts) / 2;
  return cut(operands, numConsts, n) as unknown as Pieces<T>;
}

// --- the function as a region, and on whole arrays ---------------------------------------------------------------------

/** Can a function of scalars stand in a region, where there are only operations on single elements? */
export function isScalarFunction(jaxpr: Jaxpr): boolean {
  return jaxpr.eqns.every(({ primitive, params, inputs }) => {
    if (primitive === jit_p) return isScalarFunction(params["jaxpr"] as Jaxpr);
    if (primitive.traits.elementwise !== true) return false;
    const { decompose } = primitive;
    if (decompose === undefined) return true;
    const avals = inputs.map((x) => x.aval);
    return isScalarFunction(stage((xs) => decompose(context().lax, xs, params), avals, primitive.name).jaxpr);
  });
}

/** The region of a function without captured values. */
const regionOf = (b: Lowering, jaxpr: Jaxpr): ReturnType<Lowering["closedRegion"]> =>
  b.closedRegion(
    jaxpr.inVars.map((v) => v.aval),
    (c, xs) => c.inline(jaxpr, xs),
  );

/** The function on arrays of one shape, element by element. */
function combined(
  jaxpr: Jaxpr,
  consts: readonly NDArray[],
  left: readonly NDArray[],
  right: readonly NDArray[],
): NDArray[] {
  const { lax } = context();
  const { shape, size } = left[0] as NDArray;
  const flat = [...left, ...right].map((x) => lax.reshape(x, [size]));
  const bdims: BatchDim[] = [...consts.map(() => null), ...flat.map(() => 0)];
  const r = batchFlat((xs) => evalJaxpr(jaxpr, xs), [...consts, ...flat], bdims, { size, label: "vmap" });
  return r.outs.map((x, i) => lax.reshape(toAxis(size, x, r.bdims[i] ?? null, 0), shape));
}

// --- rules that both share: derivatives and batches go through the composition --------------------------------------------

type Composition<P> = (operands: readonly NDArray[], params: P) => NDArray[];

const jvpThrough =
  <P extends RegionParams>(self: () => Primitive, compose: Composition<P>) =>
  (primals: readonly NDArray[], tangents: readonly Tangent[], params: Params): JvpResult => ({
    outs: bind(self(), primals, params),
    tangents: jvpFlat((xs) => compose(xs, params as P), primals, tangents, self().name).tangents,
  });

/** Arrays with one more leading axis; where start values or captured ones have it, too, the composition is batched. */
const batchThrough =
  <P extends RegionParams>(self: () => Primitive, compose: Composition<P>, widen: (params: P) => Params) =>
  (
    size: number,
    args: readonly NDArray[],
    bdims: readonly BatchDim[],
    params: Params,
    axisName: string | null,
  ): BatchResult => {
    const p = params as P;
    const [consts, xs, inits] = pieces(args, p);
    const isArray = args.map((_, i) => i >= consts.length && i < consts.length + xs.length);
    if (bdims.some((d, i) => d !== null && !isArray[i]))
      return batchFlat((ys) => compose(ys, p), args, bdims, { size, axisName, label: "vmap" });
    const moved = xs.map((x, i) => toAxis(size, x, bdims[consts.length + i] ?? null, 0));
    const outs = bind(self(), [...consts, ...moved, ...inits], widen(p));
    return { outs, bdims: outs.map(() => 0) };
  };

/** @throws E_DTYPE_MISMATCH, E_SHAPE unless arrays have one shape and start values are scalars of their dtypes */
function checkOperands(name: string, [, xs, inits]: Pieces<ShapedArray>, jaxpr: Jaxpr): void {
  xs.forEach((x, i) => {
    const [init, out] = [inits[i] as ShapedArray, (jaxpr.outs[i] as { aval: ShapedArray }).aval];
    if (String(x.shape) !== String((xs[0] as ShapedArray).shape))
      throw fail("E_SHAPE", `${name}: operands of different shapes: ${xs.join(", ")}`);
    if (init.shape.length !== 0 || init.dtype !== x.dtype)
      throw fail("E_DTYPE_MISMATCH", `${name}: the start value is ${init}, expected a scalar of ${x.dtype}`);
    if (out.shape.length !== 0 || out.dtype !== x.dtype)
      throw fail(
        "E_DTYPE_MISMATCH",
        `${name}: the function returns ${out} for operand ${x}, expected a scalar of it`,
      );
  });
}
const reducedTo = ([, xs, inits]: Pieces<ShapedArray>, shape: readonly number[]): ShapedArray[] =>
  xs.map((x, i) => x.with({ shape: [...shape], weak: x.weak && (inits[i] as ShapedArray).weak }));

// --- axes --------------------------------------------------------------------------------------------------------------

const reduceParams = (params: Params): ReduceParams => params as ReduceParams;

/**
 * Pairs combined until one is left: a composition with the derivatives of the function. Neighbours are paired, which keeps
 * the order; what commutes is paired by halves, as in JAX (_reduce_tree), which decides about the derivative of ties.
 */
const reduceByPairs: Composition<ReduceParams> = (operands, p) => {
  const { lax } = context();
  const [consts, xs, inits] = pieces(operands, p);
  const { shape } = xs[0] as NDArray;
  const rest = shape.map((_, i) => i).filter((i) => !p.axes.includes(i));
  const sizes = rest.map((i) => shape[i] as number);
  const starts = inits.map((x) => lax.broadcastInDim(x, sizes, []));
  let n = p.axes.reduce((k, i) => k * (shape[i] as number), 1);
  if (n === 0) return starts;
  const byHalves = commutes(p.jaxpr);
  let ys = xs.map((x) => lax.reshape(lax.transpose(x, [...p.axes, ...rest]), [n, ...sizes]));
  while (n > 1) {
    const half = n >> 1;
    const odd = n % 2;
    const cutOut = (from: number, to: number, step = 1): NDArray[] =>
      ys.map((y) => lax.sliceInDim(y, from, to, step));
    const pairs = byHalves
      ? combined(p.jaxpr, consts, cutOut(0, half), cutOut(half + odd, n))
      : combined(p.jaxpr, consts, cutOut(0, n - odd, 2), cutOut(1, n - odd, 2));
    const left = byHalves ? cutOut(half, half + odd) : cutOut(n - odd, n);
    ys = odd === 0 ? pairs : pairs.map((y, i) => lax.concatenate([y, left[i] as NDArray], 0));
    n = half + odd;
  }
  const last = ys.map((y) => lax.reshape(y, sizes));
  return combined(p.jaxpr, consts, starts, last);
};
const COMMUTATIVE: readonly Primitive[] = [add_p, mul_p, max_p, min_p, and_p, or_p, xor_p];
/** Is the function one commutative operation of its two arguments? */
function commutes({ eqns, inVars }: Jaxpr): boolean {
  const [eqn] = eqns;
  if (eqns.length !== 1 || eqn === undefined || inVars.length !== 2) return false;
  return COMMUTATIVE.includes(eqn.primitive) && inVars.every((v) => eqn.inputs.includes(v));
}

/** Several arrays reduced together along axes. Derivative: of the function, combined by pairs. Source: jax's reduce_p. */
export const reduce_p: Primitive = definePrimitive({
  name: "reduce",
  traits: { higherOrder: true },
  shape: (avals, params) => {
    const p = reduceParams(params);
    const parts = pieces(avals, p);
    checkOperands("lax.reduce", parts, p.jaxpr);
    return reducedTo(
      parts,
      (parts[1][0] as ShapedArray).shape.filter((_, i) => !p.axes.includes(i)),
    );
  },
  jvp: (_lax, primals, tangents, params) =>
    jvpThrough(() => reduce_p, reduceByPairs)(primals, tangents, params),
  batch: (_lax, size, args, bdims, params, axisName) =>
    batchThrough(
      () => reduce_p,
      reduceByPairs,
      (p) => ({ ...p, axes: p.axes.map((i) => i + 1) }),
    )(size, args, bdims, params, axisName),
  lower: (b, operands, params, avals, outs) => {
    const p = reduceParams(params);
    if (p.numConsts > 0 || !isScalarFunction(p.jaxpr)) return inlined(b, reduceByPairs, operands, p, avals);
    return b.emit("reduce", operands, { dimensions: [...p.axes] }, outs, [regionOf(b, p.jaxpr)]);
  },
});

/** What no region can hold, written out. */
function inlined<P extends RegionParams>(
  b: Lowering,
  compose: Composition<P>,
  operands: readonly WireValue[],
  params: P,
  avals: readonly ShapedArray[],
): readonly WireValue[] {
  return b.inline(stage((xs) => compose(xs, params), avals, "reduce").jaxpr, operands);
}

// --- windows -----------------------------------------------------------------------------------------------------------

const windowParams = (params: Params): ReduceWindowParams => params as ReduceWindowParams;

/** A loop over the places of a window, each a strided slice of the padded array: differentiable in both modes. */
const windowsByPlace: Composition<ReduceWindowParams> = (operands, p) => {
  const { lax } = context();
  const [consts, xs, inits] = pieces(operands, p);
  const counts = windowedShape("reduceWindow", (xs[0] as NDArray).aval, p);
  const starts = inits.map((x) => lax.broadcastInDim(x, counts, []));
  if (counts.includes(0)) return starts;
  const config = p.padding.map(([low, high], i) => [low, high, (p.baseDilation[i] as number) - 1] as const);
  const padded = xs.map((x, i) => lax.pad(x, inits[i] as NDArray, config));
  const spans = counts.map((n, i) => (n - 1) * (p.windowStrides[i] as number) + 1);
  const zeros = spans.map(() => 0);
  const part = (x: NDArray, at: readonly NDArray[]): NDArray =>
    lax.slice(lax.dynamicSlice(x, at, spans), zeros, spans, p.windowStrides);
  const total = p.windowDimensions.reduce((n, d) => n * d, 1);
  // Padding and holes are no elements.
  const isWhole = config.every((c) => c.every((n) => n <= 0));
  const real = isWhole ? null : lax.pad(lax.full((xs[0] as NDArray).shape, true, "bool"), false, config);
  const body = stage(
    ([k, ...sums]) => {
      const at = placeOf(k as NDArray, p);
      const values = padded.map((x) => part(x, at));
      if (real === null) return combined(p.jaxpr, consts, sums, values);
      const here = part(real, at);
      const safe = (x: NDArray): NDArray => lax.select(here, x, lax.stopGradient(x));
      const next = combined(p.jaxpr, consts, sums.map(safe), values.map(safe));
      return next.map((x, i) => lax.select(here, x, sums[i] as NDArray));
    },
    [shaped([], "int32"), ...starts.map((x) => x.aval)],
    "reduceWindow",
  );
  // scan takes the carry before the place.
  const [vc = [], vk = [], vs = []] = cut(body.jaxpr.inVars, body.consts.length, 1);
  const jaxpr = makeJaxprOf([...vc, ...vs, ...vk], body.jaxpr.eqns, body.jaxpr.outs);
  return [
    ...bind(scan_p, [...body.consts, ...starts, lax.iota("int32", total)], {
      jaxpr,
      numConsts: body.consts.length,
      numCarry: starts.length,
      length: total,
      reverse: false,
    }),
  ];
};
/** The k-th place of a window, last axis fastest, in elements of the padded array. */
function placeOf(k: NDArray, p: WindowParams): NDArray[] {
  const { lax } = context();
  let stride = p.windowDimensions.reduce((n, d) => n * d, 1);
  return p.windowDimensions.map((n, i) => {
    stride /= n;
    return lax.mul(lax.rem(lax.div(k, stride), n), p.windowDilation[i] as number);
  });
}

/** Windows of several arrays reduced together. Derivative: of the function, place by place. Source: jax's reduce_window_p. */
export const reduce_window_p: Primitive = definePrimitive({
  name: "reduce_window",
  traits: { higherOrder: true },
  shape: (avals, params) => {
    const p = windowParams(params);
    const parts = pieces(avals, p);
    checkOperands("lax.reduceWindow", parts, p.jaxpr);
    return reducedTo(parts, windowedShape("reduceWindow", parts[1][0] as ShapedArray, p));
  },
  jvp: (_lax, primals, tangents, params) =>
    jvpThrough(() => reduce_window_p, windowsByPlace)(primals, tangents, params),
  batch: (_lax, size, args, bdims, params, axisName) =>
    batchThrough(() => reduce_window_p, windowsByPlace, batchedWindow)(size, args, bdims, params, axisName),
  lower: (b, operands, params, avals, outs) => {
    const p = windowParams(params);
    if (p.numConsts > 0 || !isScalarFunction(p.jaxpr)) return inlined(b, windowsByPlace, operands, p, avals);
    return b.emit("reduce_window", operands, windowAttributes(p), outs, [regionOf(b, p.jaxpr)]);
  },
});
