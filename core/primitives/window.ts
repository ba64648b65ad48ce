// Sliding windows: reduceWindow of the monoids, and the scatter and gather that differentiate max pooling.
import type { BinaryOp } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { sameShape, shaped, type ShapedArray } from "../ir/aval.ts";
import { DTYPES, isFloat, isUnsigned, type DType, type DTypeKind } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Lowering,
  type Params,
  type Primitive,
  type WireValue,
} from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { checkPadding, padtypeToPads, type Pads } from "./conv.ts";
import type { Lax } from "./lax.ts";
import { operandsAs, type Operand } from "./operand.ts";
import { linearJvp, NUMERIC, ORDERED, transposeUnary } from "./rules.ts";
import { identityOfMonoid, monoidRegion } from "./reduce.ts";

type Ints = readonly number[];
/** Where windows lie. */
export interface WindowParams {
  readonly windowDimensions: Ints;
  readonly windowStrides: Ints;
  readonly padding: Pads;
  readonly baseDilation: Ints;
  readonly windowDilation: Ints;
}
const paramsOf = (params: Params): WindowParams => params as unknown as WindowParams;
const at = (list: Ints, i: number): number => list[i] as number;
const dilated = (n: number, d: number): number => (n === 0 ? 0 : (n - 1) * d + 1);

/** Sizes of the result: how many windows fit. */
export function windowedShape(name: string, aval: ShapedArray, p: WindowParams): number[] {
  for (const list of [p.windowDimensions, p.windowStrides, p.padding, p.baseDilation, p.windowDilation])
    if (list.length !== aval.ndim)
      throw fail(
        "E_SHAPE",
        `lax.${name}: a window setting has ${list.length} entries, expected one per axis of ${aval}`,
      );
  if ([...p.windowDimensions, ...p.windowStrides, ...p.baseDilation, ...p.windowDilation].some((n) => n < 1))
    throw fail("E_SHAPE", `lax.${name}: window sizes, strides and dilations must be at least 1`);
  return aval.shape.map((n, i) => {
    const [low, high] = p.padding[i] as readonly [number, number];
    const span = low + dilated(n, at(p.baseDilation, i)) + high;
    const window = dilated(at(p.windowDimensions, i), at(p.windowDilation, i));
    return span < window ? 0 : Math.floor((span - window) / at(p.windowStrides, i)) + 1;
  });
}

/** The same window under one more leading axis. */
export const batchedWindow = (params: Params): WindowParams & Params => {
  const p = paramsOf(params);
  return {
    ...params,
    windowDimensions: [1, ...p.windowDimensions],
    windowStrides: [1, ...p.windowStrides],
    padding: [[0, 0], ...p.padding],
    baseDilation: [1, ...p.baseDilation],
    windowDilation: [1, ...p.windowDilation],
  };
};

function windowReducer(
  name: string,
  wire: BinaryOp,
  accepts: readonly DTypeKind[],
  rules: Pick<Primitive, "jvp" | "transpose" | "traits">,
): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    ...rules,
    shape: ([a], params) => {
      const aval = a as ShapedArray;
      if (!accepts.includes(DTYPES[aval.dtype].kind))
        throw fail("E_DTYPE", `lax.${name}: got ${aval}, expected ${accepts.join(" or ")}`);
      return [aval.with({ shape: windowedShape(name, aval, paramsOf(params)) })];
    },
    batch: (_lax, size, [x], [d], params) => ({
      outs: [bind1(primitive, [toAxis(size, x as NDArray, d ?? null, 0)], batchedWindow(params))],
      bdims: [0],
    }),
    lower: (b, [x], params, [a], outs) => {
      const scalar = shaped([], (a as ShapedArray).dtype);
      const init = b.constant(identityOfMonoid(wire, scalar.dtype as DType), scalar);
      return b.emit("reduce_window", [x as WireValue, init], windowAttributes(params), outs, [
        monoidRegion(b, wire, scalar),
      ]);
    },
  });
  return primitive;
}
/** The wire attributes of a window. */
export function windowAttributes(params: Params): {
  windowDimensions: Ints;
  windowStrides: Ints;
  padding: Pads;
  baseDilations: Ints;
  windowDilations: Ints;
} {
  const p = paramsOf(params);
  return {
    windowDimensions: p.windowDimensions,
    windowStrides: p.windowStrides,
    padding: p.padding,
    baseDilations: p.baseDilation,
    windowDilations: p.windowDilation,
  };
}

/** The primitive of `lax.reduceWindowSum`. */
export const reduce_window_sum_p: Primitive = windowReducer("reduceWindowSum", "add", NUMERIC, {
  traits: { linear: true },
  jvp: linearJvp(() => reduce_window_sum_p),
  // The gradient of a sum over windows is a sum over windows of the strided cotangent.
  transpose: transposeUnary((lax, ct, aval, params) => {
    const p = paramsOf(params);
    const config = aval.shape.map((n, i) => {
      const window = dilated(at(p.windowDimensions, i), at(p.windowDilation, i));
      const low = window - 1 - (p.padding[i] as readonly [number, number])[0];
      const high =
        dilated(n, at(p.baseDilation, i)) +
        window -
        1 -
        dilated(at(ct.shape, i), at(p.windowStrides, i)) -
        low;
      return [low, high, at(p.windowStrides, i) - 1] as const;
    });
    const ones = aval.shape.map(() => 1);
    return bind1(reduce_window_sum_p, [lax.pad(ct, 0, config)], {
      windowDimensions: p.windowDimensions,
      windowStrides: p.baseDilation,
      padding: ones.map(() => [0, 0]),
      baseDilation: ones,
      windowDilation: p.windowDilation,
    });
  }),
});

type Chooser = "ge" | "le";
/** Tangent of a window's extremum: the tangent at the element chosen (jax's _reduce_window_chooser_jvp_rule). */
const chooserJvp =
  (self: () => Primitive, choose: Chooser): NonNullable<Primitive["jvp"]> =>
  (_lax, [x], [t], params) => {
    const outs = [bind1(self(), [x as NDArray], params)];
    return {
      outs,
      tangents: [
        t == null
          ? null
          : bind1(select_and_gather_add_p, [t, x as NDArray], {
              ...params,
              choose,
            }),
      ],
    };
  };
/** The primitive of `lax.reduceWindowMax`. */
export const reduce_window_max_p: Primitive = windowReducer("reduceWindowMax", "maximum", ORDERED, {
  traits: {},
  jvp: chooserJvp(() => reduce_window_max_p, "ge"),
});
/** The primitive of `lax.reduceWindowMin`. */
export const reduce_window_min_p: Primitive = windowReducer("reduceWindowMin", "minimum", ORDERED, {
  traits: {},
  jvp: chooserJvp(() => reduce_window_min_p, "le"),
});

/** `x >= y` (or <=) on scalars. */
function chooses(b: Lowering, choose: Chooser, x: WireValue, y: WireValue, dtype: DType): WireValue {
  const compareType = isFloat(dtype)
    ? "FLOAT"
    : isUnsigned(dtype) || dtype === "bool"
      ? "UNSIGNED"
      : "SIGNED";
  return b.emit("compare", [x, y], { direction: choose === "ge" ? "GE" : "LE", compareType }, [
    shaped([], "bool"),
  ])[0] as WireValue;
}
const chooserOf = (params: Params): Chooser => params["choose"] as Chooser;
const batchPair =
  (self: () => Primitive): NonNullable<Primitive["batch"]> =>
  (_lax, size, args, bdims, params) => ({
    outs: [
      bind1(
        self(),
        args.map((x, i) => toAxis(size, x, bdims[i] ?? null, 0)),
        batchedWindow(params),
      ),
    ],
    bdims: [0],
  });
/** Jvp along operand 0, in which both are linear; operand 1 only chooses. */
const firstJvp =
  (self: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (_lax, [x, y], [t], params) => ({
    outs: [bind1(self(), [x as NDArray, y as NDArray], params)],
    tangents: [t == null ? null : bind1(self(), [t, y as NDArray], params)],
  });
const firstOnly = (mask: readonly boolean[]): boolean => mask[0] === true && mask[1] === false;

/** (source, operand) → for each window of `operand` the element of `source` at the chosen place. */
export const select_and_gather_add_p: Primitive = definePrimitive({
  name: "select_and_gather_add",
  traits: {},
  linearIn: firstOnly,
  shape: ([t, x], params) => {
    const [source, operand] = [t as ShapedArray, x as ShapedArray];
    if (!sameShape(source.shape, operand.shape))
      throw fail("E_SHAPE", `lax.selectAndGatherAdd: shapes differ: ${source}, ${operand}`);
    return [
      source.with({
        shape: windowedShape("selectAndGatherAdd", operand, paramsOf(params)),
      }),
    ];
  },
  jvp: firstJvp(() => select_and_gather_add_p),
  transpose: (lax, cts, args, accums, params) => {
    const [ct, accum, x] = [cts[0] ?? null, accums[0] ?? null, args[1] as NDArray];
    if (ct !== null && accum !== null) accum.add(scatterBack(lax, ct, x, params));
  },
  batch: batchPair(() => select_and_gather_add_p),
  lower: (b, [t, x], params, avals, outs) => {
    const choose = chooserOf(params);
    const [source, operand] = avals.map((a) => shaped([], a.dtype)) as [ShapedArray, ShapedArray];
    const init = b.constant(
      identityOfMonoid(choose === "ge" ? "maximum" : "minimum", operand.dtype as DType),
      operand,
    );
    const region = b.closedRegion([operand, source, operand, source], (c, [kx, vx, ky, vy]) => {
      const left = chooses(c, choose, kx as WireValue, ky as WireValue, operand.dtype as DType);
      const pick = (p: unknown, q: unknown, type: ShapedArray): WireValue =>
        c.emit("select", [left, p as WireValue, q as WireValue], {}, [type])[0] as WireValue;
      return [pick(kx, ky, operand), pick(vx, vy, source)];
    });
    const out = outs[0] as ShapedArray;
    const results = b.emit(
      "reduce_window",
      [x as WireValue, t as WireValue, init, b.constant(0, source)],
      windowAttributes(params),
      [out.with({ dtype: operand.dtype, weak: false }), out],
      [region],
    );
    return [results[1] as WireValue];
  },
});

/** Cotangents of windows added at the chosen places; with dilations on a dilated copy of the operand. */
function scatterBack(lax: Lax, ct: NDArray, x: NDArray, params: Params): NDArray {
  const p = paramsOf(params);
  if (p.windowDilation.some((d) => d !== 1))
    throw fail("E_NO_RULE", "lax.reduceWindowMax: no reverse derivative with windowDilation");
  const isDilated = p.baseDilation.some((d) => d !== 1);
  const lowest = identityOfMonoid(chooserOf(params) === "ge" ? "maximum" : "minimum", x.dtype);
  const interior = p.baseDilation.map((d) => [0, 0, d - 1] as const);
  const operand = isDilated ? lax.pad(x, lowest, interior) : x;
  const full = bind1(select_and_scatter_add_p, [ct, operand], {
    ...params,
    baseDilation: operand.shape.map(() => 1),
  });
  return isDilated
    ? lax.slice(
        full,
        full.shape.map(() => 0),
        full.shape,
        p.baseDilation,
      )
    : full;
}

/** (source, operand) → each element of `source` added where its window of `operand` has the extremum. Source: jax's select_and_scatter_add_p. */
export const select_and_scatter_add_p: Primitive = definePrimitive({
  name: "select_and_scatter_add",
  traits: {},
  linearIn: firstOnly,
  shape: ([t, x], params) => {
    const [source, operand] = [t as ShapedArray, x as ShapedArray];
    const windows = windowedShape("selectAndScatterAdd", operand, paramsOf(params));
    if (!sameShape(source.shape, windows))
      throw fail("E_SHAPE", `lax.selectAndScatterAdd: ${source} for windows of [${windows.join(",")}]`);
    return [source.with({ shape: operand.shape })];
  },
  jvp: firstJvp(() => select_and_scatter_add_p),
  transpose: (_lax, cts, args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct !== null) accums[0]?.add(bind1(select_and_gather_add_p, [ct, args[1] as NDArray], params));
  },
  batch: batchPair(() => select_and_scatter_add_p),
  lower: (b, [t, x], params, avals, outs) => {
    const [source, operand] = avals.map((a) => shaped([], a.dtype)) as [ShapedArray, ShapedArray];
    const { windowDimensions, windowStrides, padding } = paramsOf(params);
    const select = b.closedRegion([operand, operand], (c, [p, q]) => [
      chooses(c, chooserOf(params), p as WireValue, q as WireValue, operand.dtype as DType),
    ]);
    return b.emit(
      "select_and_scatter",
      [x as WireValue, t as WireValue, b.constant(0, source)],
      { windowDimensions, windowStrides, padding },
      outs,
      [select, monoidRegion(b, "add", source)],
    );
  },
});

/** Dilations of a window reduction; 1 by default. */
export interface WindowOptions {
  readonly baseDilation?: Ints;
  readonly windowDilation?: Ints;
}
function windowed(
  p: Primitive,
  operand: Operand,
  window: Ints,
  strides: Ints,
  padding: string | Pads,
  options: WindowOptions,
): NDArray {
  const [x] = operandsAs(`lax.${p.name}`, ["operand"], [operand]) as [NDArray];
  checkPadding(`lax.${p.name}`, padding);
  const ones = x.shape.map(() => 1);
  const [baseDilation, windowDilation] = [options.baseDilation ?? ones, options.windowDilation ?? ones];
  const pads =
    typeof padding !== "string"
      ? padding
      : padtypeToPads(
          x.shape.map((n, i) => dilated(n, baseDilation[i] ?? 1)),
          window.map((n, i) => dilated(n, windowDilation[i] ?? 1)),
          strides,
          padding,
        );
  return bind1(p, [x], {
    windowDimensions: [...window],
    windowStrides: [...strides],
    padding: pads.map((q) => [...q]),
    baseDilation: [...baseDilation],
    windowDilation: [...windowDilation],
  });
}
/** A reduction of sliding windows by a monoid. */
export type ReduceWindowFn = (
  operand: Operand,
  windowDimensions: Ints,
  windowStrides: Ints,
  padding: string | Pads,
  options?: WindowOptions,
) => NDArray;
/** Sums of windows; unlike a reduction, windows may overlap. Source: jax.lax.reduce_window with add. */
export const reduceWindowSum: ReduceWindowFn = (x, w, s, p, o = {}) =>
  windowed(reduce_window_sum_p, x, w, s, p, o);
/** Maxima of windows; padding counts as the least value. Source: jax.lax.reduce_window with max. */
export const reduceWindowMax: ReduceWindowFn = (x, w, s, p, o = {}) =>
  windowed(reduce_window_max_p, x, w, s, p, o);
/** Minima of windows. Source: jax.lax.reduce_window with min. */
export const reduceWindowMin: ReduceWindowFn = (x, w, s, p, o = {}) =>
  windowed(reduce_window_min_p, x, w, s, p, o);
