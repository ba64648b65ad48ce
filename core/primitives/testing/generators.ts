// Inputs for every primitive: what the laws in laws.test.ts are checked on.
import type { Shape } from "../../ir/aval.ts";
import type { DType } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { HostFunction, Params, Primitive } from "../../ir/primitive.ts";
import { bind, bind1 } from "../../ir/trace.ts";
import { valuesOf } from "../../runtime/array.ts";
import { debug_callback_p, io_callback_p, pure_callback_p } from "../callbacks.ts";
import type { Lax } from "../lax.ts";

/** An argument drawn uniformly: floats in [low, high), integers in [low, high], bools. */
export interface Draw {
  readonly kind: "float" | "int" | "bool";
  readonly shape: Shape;
  readonly low: number;
  readonly high: number;
  readonly dtype?: DType;
}
/** One application of a primitive to arguments drawn at random. */
export interface Case {
  readonly args: readonly Draw[];
  readonly f: (lax: Lax, ...xs: NDArray[]) => NDArray | readonly NDArray[];
  /** Is the function differentiable where it is drawn? Default: true. */
  readonly smooth?: false;
  /** Relative tolerance of the derivative against differences (default 1e-5). */
  readonly tolerance?: number;
  /** Runs under a vmap that binds the axis "i". */
  readonly axis?: true;
}

const f = (shape: Shape = [2, 3], low = -2, high = 2): Draw => ({
  kind: "float",
  shape,
  low,
  high,
});
const i = (shape: Shape = [2, 3], low = -5, high = 5, dtype: DType = "int32"): Draw => ({
  kind: "int",
  shape,
  low,
  high,
  dtype,
});
const u = (shape: Shape = [2, 3]): Draw => i(shape, 0, 0xffffffff, "uint32");
const b = (shape: Shape = [2, 3]): Draw => ({
  kind: "bool",
  shape,
  low: 0,
  high: 1,
});

type Unary = (x: NDArray) => NDArray;
const unary = (pick: (lax: Lax) => Unary, low = -2, high = 2, tolerance = 1e-5): Case[] => [
  {
    args: [f([2, 3], low, high)],
    f: (lax, x) => pick(lax)(x),
    tolerance,
  },
  {
    args: [f([], low, high)],
    f: (lax, x) => pick(lax)(x),
    tolerance,
  },
];
const flat = (pick: (lax: Lax) => Unary): Case[] => unary(pick, 0.1, 0.4);
type Binary = (x: NDArray, y: NDArray) => NDArray;
const binary = (pick: (lax: Lax) => Binary, low = -2, high = 2): Case[] => [
  {
    args: [f([2, 3], low, high), f([2, 3], low, high)],
    f: (lax, x, y) => pick(lax)(x, y),
  },
  {
    args: [f([], low, high), f([2, 3], low, high)],
    f: (lax, x, y) => pick(lax)(x, y),
  },
  {
    args: [f([3], low, high), f([], low, high)],
    f: (lax, x, y) => pick(lax)(x, y),
  },
];
const integers = (pick: (lax: Lax) => Binary, low = -5, high = 5): Case[] => [
  {
    args: [i([2, 3], low, high), i([2, 3], low, high)],
    f: (lax, x, y) => pick(lax)(x, y),
  },
];
const over = (pick: (lax: Lax) => (x: NDArray, axes: Shape) => NDArray, draw: Draw): Case[] =>
  [[0], [1], [0, 2]].map((axes) => ({
    args: [draw],
    f: (lax, x) => pick(lax)(x, axes),
  }));
const running = (pick: (lax: Lax) => (x: NDArray, axis: number, reverse: boolean) => NDArray): Case[] => [
  { args: [f([5, 2])], f: (lax, x) => pick(lax)(x, 0, false) },
  { args: [f([2, 4])], f: (lax, x) => pick(lax)(x, 1, true) },
];
const named = (use: (lax: Lax, x: NDArray) => NDArray): Case[] => [
  { args: [f([4, 3])], f: (lax, x) => use(lax, x), axis: true },
];
const scatters = (pick: (lax: Lax) => Lax["scatterAdd"], low = -2, unique = false): Case[] => [
  {
    args: [f([4, 3], low), unique ? i([1, 1], 0, 3) : i([3, 1], 0, 3), f(unique ? [1, 3] : [3, 3], low)],
    f: (lax, x, at, y) =>
      pick(lax)(
        x,
        at,
        y,
        {
          updateWindowDims: [1],
          insertedWindowDims: [0],
          scatterDimsToOperandDims: [0],
        },
        { uniqueIndices: unique },
      ),
  },
  // Windows of two: disjoint ones if they must be unique, else overlapping and partly out of range.
  {
    args: [f([5], low), i([2, 1], 1, unique ? 1 : 6), f([2, 2], low)],
    f: (lax, x, at, y) =>
      pick(lax)(
        x,
        unique ? lax.add(at, lax.mul(lax.broadcastedIota("int32", [2, 1], 0), 2)) : at,
        y,
        {
          updateWindowDims: [1],
          insertedWindowDims: [],
          scatterDimsToOperandDims: [0],
        },
        { mode: "drop", uniqueIndices: unique },
      ),
  },
];
const windows = (pick: (lax: Lax) => Lax["reduceWindowSum"]): Case[] => [
  { args: [f([6])], f: (lax, x) => pick(lax)(x, [3], [2], "SAME") },
  {
    args: [f([5, 4])],
    f: (lax, x) =>
      pick(lax)(
        x,
        [2, 2],
        [1, 2],
        [
          [1, 0],
          [0, 1],
        ],
      ),
  },
];
const window1 = {
  windowDimensions: [3],
  windowStrides: [2],
  padding: [[1, 1]],
  baseDilation: [1],
  windowDilation: [1],
  choose: "ge",
} as const;
const primitive = (
  lax: Lax,
  name: "select_and_gather_add_p" | "select_and_scatter_add_p",
  x: NDArray,
  y: NDArray,
): NDArray => bind1(lax[name], [x, y], window1);

/** The bytes of what it is given, each number doubled. */
const doubling: HostFunction = {
  name: "doubling",
  call: (xs) =>
    xs.map((x) => {
      const data = valuesOf(x, "test").slice() as Float64Array;
      data.forEach((v, k) => (data[k] = 2 * v));
      return new Uint8Array(data.buffer);
    }),
};
const ignoring: HostFunction = { name: "ignoring", call: () => [] };
const calling =
  (p: Primitive, settings: Params = {}) =>
  (_lax: Lax, ...xs: NDArray[]): readonly NDArray[] =>
    bind(p, xs, { fn: doubling, outs: xs.map((x) => x.aval), ordered: false, vmapMethod: null, ...settings });
const callbacks: Readonly<Record<string, readonly Case[]>> = {
  debug_callback: [
    {
      args: [f(), f([])],
      f: (lax, x, y) => {
        bind(debug_callback_p, [x, y], { fn: ignoring, outs: [], ordered: true, vmapMethod: null });
        return lax.mul(x, y);
      },
    },
  ],
  pure_callback: ["sequential", "sequential_unrolled", "broadcast_all"].map((vmapMethod) => ({
    args: [f(), f([])],
    f: calling(pure_callback_p, { vmapMethod }),
    smooth: false,
  })),
  io_callback: [{ args: [f(), f([])], f: calling(io_callback_p), smooth: false }],
};

/** Cases by the primitive's name. A test proves that none is missing. */
export const GENERATORS: Readonly<Record<string, readonly Case[]>> = {
  ...callbacks,
  neg: unary((l) => l.neg),
  abs: unary((l) => l.abs, 0.1),
  sign: flat((l) => l.sign),
  add: binary((l) => l.add),
  sub: binary((l) => l.sub),
  mul: binary((l) => l.mul),
  div: binary((l) => l.div, 0.5),
  rem: [
    {
      args: [f([3], 2.1, 2.9), f([3], 0.8, 0.95)],
      f: (l, x, y) => l.rem(x, y),
    },
    ...integers((l) => l.rem, 1),
  ],
  pow: [...binary((l) => l.pow, 0.5), { args: [f(), i()], f: (l, x, y) => l.pow(x, y) }],
  integer_pow: [2, 3, -2, 0].map((n) => ({
    args: [f([3], 0.5)],
    f: (l, x) => l.integerPow(x, n),
  })),
  nextafter: [
    {
      args: [f(), f()],
      f: (l, x, y) => l.nextafter(x, y),
      smooth: false,
    },
  ],
  max: binary((l) => l.max),
  min: binary((l) => l.min),
  addAny: [{ args: [f(), f()], f: (l, x, y) => l.addAny(x, y) }],
  bitwiseAnd: integers((l) => l.bitwiseAnd),
  bitwiseOr: integers((l) => l.bitwiseOr),
  bitwiseXor: integers((l) => l.bitwiseXor),
  bitwiseNot: [
    { args: [i()], f: (l, x) => l.bitwiseNot(x) },
    { args: [b()], f: (l, x) => l.bitwiseNot(x) },
  ],
  clz: [{ args: [u()], f: (l, x) => l.clz(x) }],
  populationCount: [{ args: [u()], f: (l, x) => l.populationCount(x) }],
  shiftLeft: integers((l) => l.shiftLeft, 0, 40),
  shiftRightArithmetic: integers((l) => l.shiftRightArithmetic, -5, 40),
  shiftRightLogical: integers((l) => l.shiftRightLogical, 0, 40),
  eq: integers((l) => l.eq, 0, 2),
  ne: integers((l) => l.ne, 0, 2),
  ge: integers((l) => l.ge, 0, 2),
  gt: integers((l) => l.gt, 0, 2),
  le: integers((l) => l.le, 0, 2),
  lt: binary((l) => l.lt),
  select: [
    {
      args: [b(), f(), f()],
      f: (l, p, x, y) => l.select(p, x, y),
    },
    {
      args: [b([]), f(), f()],
      f: (l, p, x, y) => l.select(p, x, y),
    },
  ],
  clamp: [
    {
      args: [f([2, 3], -2, -1), f(), f([2, 3], 1, 2)],
      f: (l, lo, x, hi) => l.clamp(lo, x, hi),
    },
    {
      args: [f([], -2, -1), f(), f([], 1, 2)],
      f: (l, lo, x, hi) => l.clamp(lo, x, hi),
    },
  ],
  conv_general_dilated: [
    {
      args: [f([2, 2, 5, 4]), f([3, 2, 2, 2])],
      f: (l, x, k) => l.convGeneralDilated(x, k, [2, 1], "SAME"),
    },
    {
      args: [f([1, 4, 6]), f([4, 2, 2])],
      f: (l, x, k) =>
        l.convGeneralDilated(x, k, [1], [[1, 2]], {
          featureGroupCount: 2,
          rhsDilation: [2],
          lhsDilation: [2],
        }),
    },
    {
      args: [f([4, 2, 5]), f([2, 2, 3])],
      f: (l, x, k) =>
        l.convGeneralDilated(x, k, [1], "VALID", {
          batchGroupCount: 2,
        }),
    },
  ],
  bitcast_convert_type: [
    { args: [u()], f: (l, x) => l.bitcastConvertType(x, "int32") },
    {
      args: [u([2, 2])],
      f: (l, x) => l.bitcastConvertType(x, "uint16"),
    },
    {
      args: [u([2, 2])],
      f: (l, x) => l.bitcastConvertType(x, "uint64"),
    },
  ],
  complex: [
    {
      args: [f(), f()],
      f: (l, x, y) => l.real(l.mul(l.complex(x, y), l.complex(y, x))),
    },
  ],
  real: [
    {
      args: [f()],
      f: (l, x) => l.real(l.exp(l.complex(x, l.mul(x, 2)))),
    },
  ],
  imag: [
    {
      args: [f()],
      f: (l, x) => l.imag(l.sin(l.complex(x, l.mul(x, 2)))),
    },
  ],
  convert_element_type: [
    { args: [i()], f: (l, x) => l.convertElementType(x, "float32") },
    {
      args: [f()],
      f: (l, x) => l.convertElementType(l.convertElementType(x, "complex128"), "float64"),
    },
    { args: [f()], f: (l, x) => l.convertElementType(x, "int32") },
  ],
  reduce_precision: [
    {
      args: [f()],
      f: (l, x) => l.reducePrecision(x, 5, 10),
      smooth: false,
    },
  ],
  dot_general: [
    {
      args: [f([2, 3]), f([3, 4])],
      f: (l, x, y) =>
        l.dotGeneral(x, y, [
          [[1], [0]],
          [[], []],
        ]),
    },
    {
      args: [f([2, 3, 4]), f([4, 5, 2])],
      f: (l, x, y) =>
        l.dotGeneral(x, y, [
          [[2], [0]],
          [[0], [2]],
        ]),
    },
  ],
  dynamic_slice: [
    {
      args: [f([4, 5]), i([], 0, 3), i([], -1, 4)],
      f: (l, x, p, q) => l.dynamicSlice(x, [p, q], [2, 3]),
    },
  ],
  dynamic_update_slice: [
    {
      args: [f([4, 5]), f([2, 3]), i([], 0, 3), i([], -1, 4)],
      f: (l, x, y, p, q) => l.dynamicUpdateSlice(x, y, [p, q]),
    },
  ],
  gather: [
    {
      args: [f([4, 3]), i([5, 1], 0, 3)],
      f: (l, x, at) =>
        l.gather(x, at, { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0] }, [1, 3]),
    },
    {
      args: [f([4, 3]), i([5, 2], -1, 5)],
      f: (l, x, at) =>
        l.gather(x, at, { offsetDims: [1], collapsedSliceDims: [0], startIndexMap: [0, 1] }, [1, 2], {
          mode: "fill",
          fillValue: 7,
        }),
    },
    {
      args: [f([3, 4]), i([3, 2, 1], 0, 5)],
      f: (l, x, at) =>
        l.gather(
          x,
          at,
          {
            offsetDims: [],
            collapsedSliceDims: [1],
            startIndexMap: [1],
            operandBatchingDims: [0],
            startIndicesBatchingDims: [0],
          },
          [1, 1],
          { mode: "clip" },
        ),
    },
  ],
  scatter: [...scatters((l) => l.scatter, -2, true), ...scatters((l) => l.scatter)],
  scatter_add: scatters((l) => l.scatterAdd),
  scatter_mul: scatters((l) => l.scatterMul, 0.5, true),
  scatter_min: scatters((l) => l.scatterMin),
  scatter_max: scatters((l) => l.scatterMax),
  optimization_barrier: [
    {
      args: [f(), i()],
      f: (l, x, y) => l.optimizationBarrier([x, y]),
    },
  ],
  name: [
    { args: [f()], f: (l, x) => l.named(x, "x") },
    { args: [i()], f: (l, x) => l.named(x, "x") },
  ],
  stop_gradient: [{ args: [f()], f: (l, x) => l.stopGradient(x), smooth: false }],
  random_wrap: [
    {
      args: [u([3, 2])],
      f: (l, x) => l.keyData(l.rev(l.wrapKeyData(x), [0])),
    },
  ],
  random_unwrap: [
    {
      args: [u([3, 2])],
      f: (l, x) => l.keyData(l.slice(l.wrapKeyData(x), [1], [3])),
    },
  ],
  threefry2x32: [
    {
      args: [u([]), u([]), u([4]), u([4])],
      f: (l, k, m, x, y) => l.threefry2x32(k, m, x, y),
    },
  ],
  argmax: [{ args: [f([3, 4])], f: (l, x) => l.argmax(x, 1, "int32") }],
  argmin: [{ args: [f([3, 4])], f: (l, x) => l.argmin(x, 0, "int32") }],
  reduceSum: over((l) => l.reduceSum, f([2, 3, 2])),
  reduceProd: over((l) => l.reduceProd, f([2, 3, 2])),
  reduceMax: over((l) => l.reduceMax, f([2, 3, 2])),
  reduceMin: over((l) => l.reduceMin, f([2, 3, 2])),
  reduceAnd: over((l) => l.reduceAnd, b([2, 3, 2])),
  reduceOr: over((l) => l.reduceOr, i([2, 3, 2])),
  reduceXor: over((l) => l.reduceXor, i([2, 3, 2])),
  broadcast_in_dim: [
    {
      args: [f([3, 1])],
      f: (l, x) => l.broadcastInDim(x, [2, 3, 4], [1, 2]),
    },
    { args: [f([])], f: (l, x) => l.broadcastInDim(x, [2], []) },
  ],
  concatenate: [
    {
      args: [f([2, 3]), f([2, 1])],
      f: (l, x, y) => l.concatenate([x, y], 1),
    },
  ],
  iota: [{ args: [i([3])], f: (l, x) => l.add(x, l.iota("int32", 3)) }],
  pad: [
    {
      args: [f([3, 2]), f([])],
      f: (l, x, v) =>
        l.pad(x, v, [
          [1, 0, 2],
          [0, 2, 0],
        ]),
    },
    {
      args: [f([4]), f([])],
      f: (l, x, v) => l.pad(x, v, [[-1, 2, 1]]),
    },
  ],
  reshape: [{ args: [f([2, 6])], f: (l, x) => l.reshape(x, [3, 4]) }],
  rev: [{ args: [f([2, 3])], f: (l, x) => l.rev(x, [1]) }],
  slice: [
    {
      args: [f([5, 4])],
      f: (l, x) => l.slice(x, [1, 0], [5, 3], [2, 1]),
    },
  ],
  transpose: [{ args: [f([2, 3, 4])], f: (l, x) => l.transpose(x, [2, 0, 1]) }],
  sort: [
    { args: [f([2, 5])], f: (l, x) => l.sort(x) },
    {
      args: [i([4], 0, 2), f([4])],
      f: (l, k, x) => l.sortMany([k, x], { dimension: 0 }),
    },
  ],
  exp: unary((l) => l.exp),
  exp2: unary((l) => l.exp2),
  log: unary((l) => l.log, 0.2),
  expm1: unary((l) => l.expm1),
  log1p: unary((l) => l.log1p, -0.5),
  sin: unary((l) => l.sin),
  cos: unary((l) => l.cos),
  tan: unary((l) => l.tan, -1, 1),
  tanh: unary((l) => l.tanh),
  sinh: unary((l) => l.sinh),
  cosh: unary((l) => l.cosh),
  asin: unary((l) => l.asin, -0.9, 0.9),
  acos: unary((l) => l.acos, -0.9, 0.9),
  atan: unary((l) => l.atan),
  asinh: unary((l) => l.asinh),
  acosh: unary((l) => l.acosh, 1.2, 3),
  atanh: unary((l) => l.atanh, -0.9, 0.9),
  atan2: binary((l) => l.atan2, 0.3),
  cbrt: unary((l) => l.cbrt, 0.2),
  logistic: unary((l) => l.logistic),
  sqrt: unary((l) => l.sqrt, 0.2),
  rsqrt: unary((l) => l.rsqrt, 0.2),
  ceil: flat((l) => l.ceil),
  floor: flat((l) => l.floor),
  round: flat((l) => l.round),
  trunc: flat((l) => (x) => l.round(x, { roundingMethod: "TOWARD_ZERO" })),
  isFinite: [{ args: [f()], f: (l, x) => l.isFinite(l.div(x, 0)) }],
  allGather: named((l, x) => l.mul(l.allGather(x, "i"), l.broadcastInDim(l.sin(x), [4, 4, 3], [1, 2]))),
  allToAll: named((l, x) => l.sin(l.allToAll(x, "i", 0, 1))),
  axisIndex: named((l, x) => l.mul(x, l.convertElementType(l.axisIndex("i"), x.dtype))),
  pmax: named((l, x) => l.pmax(x, "i")),
  pmin: named((l, x) => l.pmin(x, "i")),
  ppermute: named((l, x) =>
    l.sin(
      l.ppermute(x, "i", [
        [0, 2],
        [2, 1],
        [3, 0],
      ]),
    ),
  ),
  psum: named((l, x) => l.mul(x, l.psum(l.sin(x), "i"))),
  cumsum: running((l) => l.cumsum),
  cumprod: running((l) => l.cumprod),
  cummax: running((l) => l.cummax),
  cummin: running((l) => l.cummin),
  cumlogsumexp: running((l) => l.cumlogsumexp),
  logaddexp: binary((l) => l.logaddexp),
  erf: unary((l) => l.erf, -2, 2, 1e-4),
  erfc: unary((l) => l.erfc, -2, 2, 1e-4),
  erfInv: unary((l) => l.erfInv, -0.8, 0.8, 1e-4),
  lgamma: unary((l) => l.lgamma, 0.6, 4),
  digamma: unary((l) => l.digamma, 0.6, 4),
  polygamma: [{ args: [f([5], 0.6, 4)], f: (l, x) => l.polygamma(l.fullLike(x, 2), x) }],
  zeta: [{ args: [f([5], 0.6, 4)], f: (l, x) => l.zeta(l.fullLike(x, 3), x), smooth: false }],
  besselI0e: unary((l) => l.besselI0e, -6, 6, 1e-4),
  besselI1e: unary((l) => l.besselI1e, -6, 6, 1e-4),
  reduceWindowSum: [
    ...windows((l) => l.reduceWindowSum),
    {
      args: [f([5])],
      f: (l, x) =>
        l.reduceWindowSum(x, [2], [2], [[1, 3]], {
          baseDilation: [2],
          windowDilation: [3],
        }),
    },
  ],
  reduceWindowMax: windows((l) => l.reduceWindowMax),
  reduceWindowMin: windows((l) => l.reduceWindowMin),
  select_and_gather_add: [
    {
      args: [f([6]), f([6])],
      f: (l, t, x) => primitive(l, "select_and_gather_add_p", t, l.stopGradient(x)),
      smooth: false,
    },
  ],
  select_and_scatter_add: [
    {
      args: [f([3]), f([6])],
      f: (l, t, x) => primitive(l, "select_and_scatter_add_p", t, l.stopGradient(x)),
      smooth: false,
    },
  ],
};

/** Primitives that need a traced function; the tests of the transformations cover them. */
export const HIGHER_ORDER: readonly string[] = [
  "jit",
  "scan",
  "while",
  "cond",
  "reduce",
  "reduce_window",
  "scatter_apply",
  "checkpoint",
  "custom_lin",
  "check",
];
/** Wire forms that only a decomposition of the primitive named here uses. */
export const PARTS: Readonly<Record<string, string>> = {
  gather_clamped: "gather",
  scatter_dropping: "scatter",
  scatter_add_dropping: "scatter_add",
  scatter_apply_dropping: "scatter_apply",
  scatter_mul_dropping: "scatter_mul",
  scatter_min_dropping: "scatter_min",
  scatter_max_dropping: "scatter_max",
};
