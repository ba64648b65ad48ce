// For every op a case that the verifier accepts, and for each numbered constraint the change that breaks it alone.
import type { ArrayType, DType, OpName, Type } from "../program.ts";
import { comparator, reducer, t, type RegionSketch, type Sketch } from "./sketch.ts";

/** What to change of a case. */
export type Patch = Partial<Sketch>;
/** A control case, and how each constraint is broken beside it. */
export interface Case extends Sketch {
  /** Constraint → what to change of the control case so that it alone is broken. */
  readonly breaks: { readonly [id: string]: Patch };
  /** The declared result decides its type: it isn't mutated. */
  readonly declares?: true;
}
const f = (...shape: number[]): ArrayType => t("f32", ...shape);
const i = (...shape: number[]): ArrayType => t("i32", ...shape);
const attrs = (control: object, change: object): Patch => ({ attrs: { ...control, ...change } });

const unary = (op: OpName, dtype: DType, result: DType = dtype, wrong: DType = "bool"): Case => ({
  op,
  operands: [t(dtype, 3)],
  results: [t(result, 3)],
  breaks: { I1: { operands: [t(wrong, 3)], results: [t(wrong, 3)] } },
});
const binary = (op: OpName, dtype: DType, wrong: DType | null): Case => ({
  op,
  operands: [t(dtype, 3), t(dtype, 3)],
  results: [t(dtype, 3)],
  breaks: {
    C1: { operands: [t(dtype, 3), t(dtype, 4)] },
    ...(wrong === null ? {} : { I1: { operands: [t(wrong, 3), t(wrong, 3)], results: [t(wrong, 3)] } }),
  },
});

const UNARY: readonly Case[] = [
  ...(
    ["cbrt", "cosine", "exponential", "exponential_minus_one", "log", "log_plus_one", "logistic"] as const
  ).map((op) => unary(op, "f32")),
  ...(["ceil", "floor", "round_nearest_afz", "round_nearest_even"] as const).map((op) =>
    unary(op, "f32", "f32", "c64"),
  ),
  ...(["rsqrt", "sine", "sqrt", "tan", "tanh", "negate", "sign"] as const).map((op) => unary(op, "c64")),
  ...(["count_leading_zeros", "popcnt"] as const).map((op) => unary(op, "u32")),
  unary("not", "bool", "bool", "f32"),
  unary("abs", "c64", "f32"),
  unary("real", "c128", "f64"),
  unary("imag", "f32", "f32"),
  unary("is_finite", "f32", "bool", "i32"),
];
const BINARY: readonly Case[] = [
  ...(["add", "maximum", "minimum", "multiply"] as const).map((op) => binary(op, "bool", null)),
  ...(["and", "or", "xor"] as const).map((op) => binary(op, "bool", "f32")),
  ...(["shift_left", "shift_right_arithmetic", "shift_right_logical"] as const).map((op) =>
    binary(op, "i32", "bool"),
  ),
  ...(["divide", "power", "remainder", "subtract"] as const).map((op) => binary(op, "f32", "bool")),
  binary("atan2", "f32", "i32"),
];

const dot = {
  lhsContracting: [2],
  rhsContracting: [1],
  lhsBatching: [0],
  rhsBatching: [0],
  precision: "DEFAULT",
};
const conv = {
  inputBatch: 0,
  inputFeature: 3,
  inputSpatial: [1, 2],
  kernelInputFeature: 2,
  kernelOutputFeature: 3,
  kernelSpatial: [0, 1],
  outputBatch: 0,
  outputFeature: 3,
  outputSpatial: [1, 2],
  windowStrides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  lhsDilation: [1, 1],
  rhsDilation: [1, 1],
  windowReversal: [false, false],
  featureGroupCount: 1,
  batchGroupCount: 1,
  precision: "DEFAULT",
};
const gather = {
  offsetDims: [2],
  collapsedSliceDims: [1],
  operandBatchingDims: [0],
  startIndicesBatchingDims: [0],
  startIndexMap: [1, 2],
  indexVectorDim: 2,
  sliceSizes: [1, 1, 3],
  indicesAreSorted: false,
};
const scatter = {
  updateWindowDims: [2],
  insertedWindowDims: [1],
  inputBatchingDims: [0],
  scatterIndicesBatchingDims: [0],
  scatterDimsToOperandDims: [1, 2],
  indexVectorDim: 2,
  indicesAreSorted: false,
  uniqueIndices: false,
};
const window = {
  windowDimensions: [2, 2],
  windowStrides: [2, 2],
  padding: [
    [0, 0],
    [0, 0],
  ],
  baseDilations: [1, 1],
  windowDilations: [1, 1],
};
const selectScatter = {
  windowDimensions: window.windowDimensions,
  windowStrides: window.windowStrides,
  padding: window.padding,
};
const slice = { start: [1, 0], limit: [3, 4], strides: [1, 2] };
const pad = { low: [1, 0], high: [0, -1], interior: [0, 1] };
const lists = (
  control: object,
  names: { readonly [id: string]: string },
  value: number,
): { [id: string]: Patch } =>
  Object.fromEntries(
    Object.entries(names).map(([id, name], k) => [
      id,
      attrs(control, { [name]: k % 2 === 0 ? [1] : [1, value] }),
    ]),
  );
const pass = (params: readonly Type[], give: readonly number[]): RegionSketch => ({ params, give });

const SHAPES: readonly Case[] = [
  {
    op: "complex",
    operands: [f(3), f(3)],
    results: [t("c64", 3)],
    breaks: {
      I1: { operands: [i(3), i(3)] },
      C1: { operands: [f(3), f(4)] },
    },
  },
  {
    op: "compare",
    operands: [f(3), f(3)],
    attrs: { direction: "LT", compareType: "FLOAT" },
    results: [t("bool", 3)],
    breaks: {
      C1: { operands: [f(3), i(3)] },
      C2: { operands: [f(3), f(4)] },
      C3: { operands: [i(3), i(3)] },
      X1: { operands: [t("c64", 3), t("c64", 3)] },
    },
  },
  {
    op: "select",
    operands: [t("bool", 3), f(3), f(3)],
    results: [f(3)],
    breaks: {
      I1: { operands: [i(3), f(3), f(3)] },
      C1: { operands: [t("bool", 2), f(3), f(3)] },
      C2: { operands: [t("bool", 3), f(3), i(3)] },
    },
  },
  {
    op: "clamp",
    operands: [f(), f(3), f(3)],
    results: [f(3)],
    breaks: {
      C1: { operands: [f(2), f(3), f(3)] },
      C2: { operands: [f(), f(3), f(1, 3)] },
      C3: { operands: [i(), f(3), f(3)] },
    },
  },
  { op: "convert", operands: [f(3)], results: [i(3)], declares: true, breaks: { C1: { results: [i(4)] } } },
  {
    op: "bitcast_convert",
    operands: [f(3)],
    results: [t("u8", 3, 4)],
    declares: true,
    breaks: { C1: { results: [t("u8", 3, 2)] }, C2: { operands: [t("c64", 3)] } },
  },
  {
    op: "bitcast_convert",
    operands: [t("u16", 3, 2)],
    results: [f(3)],
    declares: true,
    breaks: { C1: { operands: [t("u16", 3, 4)] } },
  },
  {
    op: "reduce_precision",
    operands: [f(3)],
    attrs: { exponentBits: 5, mantissaBits: 10 },
    results: [f(3)],
    breaks: {
      I1: { operands: [i(3)], results: [i(3)] },
      C2: { attrs: { exponentBits: 0, mantissaBits: 10 } },
      C3: { attrs: { exponentBits: 5, mantissaBits: -1 } },
    },
  },
  {
    op: "iota",
    operands: [],
    attrs: { dimension: 1 },
    results: [i(2, 3)],
    declares: true,
    breaks: { C1: { attrs: { dimension: 2 } }, X1: { results: [t("bool", 2, 3)] } },
  },
  {
    op: "broadcast_in_dim",
    operands: [f(1, 3)],
    attrs: { dimensions: [0, 2] },
    results: [f(4, 2, 3)],
    declares: true,
    breaks: {
      C1: { results: [i(4, 2, 3)] },
      C2: { attrs: { dimensions: [0] } },
      C3: { attrs: { dimensions: [0, 3] } },
      C4: { attrs: { dimensions: [2, 2] } },
      C5: { results: [f(4, 2, 4)] },
    },
  },
  {
    op: "reshape",
    operands: [f(2, 3)],
    results: [f(6)],
    declares: true,
    breaks: { C1: { results: [i(6)] }, C2: { results: [f(5)] } },
  },
  {
    op: "transpose",
    operands: [f(2, 3)],
    attrs: { permutation: [1, 0] },
    results: [f(3, 2)],
    breaks: { C2: { attrs: { permutation: [1, 1] } } },
  },
  {
    op: "slice",
    operands: [f(4, 5)],
    attrs: slice,
    results: [f(2, 2)],
    breaks: {
      C2: attrs(slice, { start: [1] }),
      C3: attrs(slice, { limit: [3, 6] }),
      C4: attrs(slice, { strides: [1, 0] }),
    },
  },
  {
    op: "reverse",
    operands: [f(4, 5)],
    attrs: { dimensions: [1] },
    results: [f(4, 5)],
    breaks: { C2: { attrs: { dimensions: [1, 1] } }, C3: { attrs: { dimensions: [2] } } },
  },
  {
    op: "pad",
    operands: [f(2, 3), f()],
    attrs: pad,
    results: [f(3, 4)],
    breaks: {
      I2: { operands: [f(2, 3), f(1)] },
      C1: { operands: [f(2, 3), i()] },
      C2: attrs(pad, { low: [1] }),
      C3: attrs(pad, { interior: [0, -1] }),
      C4: attrs(pad, { high: [0, -9] }),
    },
  },
  {
    op: "concatenate",
    operands: [f(2, 3), f(2, 1)],
    attrs: { dimension: 1 },
    results: [f(2, 4)],
    breaks: {
      C1: { operands: [f(2, 3), i(2, 1)] },
      C2: { operands: [f(2, 3), f(3, 1)] },
      C3: { operands: [] },
      C4: { attrs: { dimension: 2 } },
    },
  },
  {
    op: "dynamic_slice",
    operands: [f(4, 5), i(), i()],
    attrs: { sliceSizes: [2, 5] },
    results: [f(2, 5)],
    breaks: {
      I2: { operands: [f(4, 5), f(), f()] },
      C2: { operands: [f(4, 5), i()] },
      C3: { operands: [f(4, 5), i(), t("u8")] },
      C4: { attrs: { sliceSizes: [2, 6] } },
    },
  },
  {
    op: "dynamic_update_slice",
    operands: [f(4, 5), f(2, 5), i(), i()],
    results: [f(4, 5)],
    breaks: {
      I3: { operands: [f(4, 5), f(2, 5), f(), f()] },
      C2: { operands: [f(4, 5), i(2, 5), i(), i()] },
      C3: { operands: [f(4, 5), f(2), i(), i()] },
      C4: { operands: [f(4, 5), f(2, 5), i()] },
      C5: { operands: [f(4, 5), f(2, 5), i(), t("u8")] },
      C6: { operands: [f(4, 5), f(2, 6), i(), i()] },
    },
  },
];

const FOLDS: readonly Case[] = [
  {
    op: "reduce",
    operands: [f(2, 3), f()],
    attrs: { dimensions: [1] },
    regions: [reducer("f32")],
    results: [f(2)],
    breaks: {
      I2: { operands: [f(2, 3), f(1)] },
      C1: { operands: [f(2, 3), f(3, 2), f(), f()] },
      C2: { operands: [f(2, 3), i()] },
      C3: { operands: [f(2, 3)] },
      C4: { attrs: { dimensions: [2] } },
      C5: { attrs: { dimensions: [1, 1] } },
      C6: { regions: [reducer("i32")] },
    },
  },
  {
    op: "reduce_window",
    operands: [f(4, 6), f()],
    attrs: window,
    regions: [reducer("f32", "maximum")],
    results: [f(2, 3)],
    breaks: {
      I2: { operands: [f(4, 6), f(1)] },
      C1: { operands: [f(4, 6)] },
      C2: { operands: [f(4, 6), f(6, 4), f(), f()] },
      C3: { operands: [f(4, 6), i()] },
      ...lists(
        window,
        { C4: "windowDimensions", C5: "windowDimensions", C6: "windowStrides", C7: "windowStrides" },
        0,
      ),
      ...lists(
        window,
        { C8: "baseDilations", C9: "baseDilations", C10: "windowDilations", C11: "windowDilations" },
        0,
      ),
      C12: attrs(window, { padding: [[0, 0]] }),
      C13: { regions: [comparator("f32", "FLOAT")] },
    },
  },
  {
    op: "select_and_scatter",
    operands: [f(4, 6), f(2, 3), f()],
    attrs: selectScatter,
    regions: [comparator("f32", "FLOAT"), reducer("f32")],
    results: [f(4, 6)],
    breaks: {
      I3: { operands: [f(4, 6), f(2, 3), f(1)] },
      C1: { operands: [f(4, 6), i(2, 3), f()] },
      C2: { operands: [f(4, 6), f(2, 2), f()] },
      C3: { operands: [f(4, 6), f(2, 3), i()] },
      ...lists(
        selectScatter,
        { C4: "windowDimensions", C5: "windowDimensions", C6: "windowStrides", C7: "windowStrides" },
        0,
      ),
      C8: attrs(selectScatter, { padding: [[0, 0]] }),
      C9: { regions: [reducer("f32"), reducer("f32")] },
      C10: { regions: [comparator("f32", "FLOAT"), comparator("f32", "FLOAT")] },
    },
  },
  {
    op: "sort",
    operands: [f(4, 6), f(4, 6)],
    attrs: { dimension: 1, isStable: true },
    regions: [comparator("f32", "FLOAT", 2)],
    results: [f(4, 6), f(4, 6)],
    breaks: {
      C1: { operands: [], results: [] },
      C3: { operands: [f(4, 6), f(6, 4)] },
      C4: { attrs: { dimension: 2, isStable: true } },
      C5: { regions: [comparator("f32", "FLOAT", 1)] },
    },
  },
  {
    op: "gather",
    operands: [f(2, 5, 4), i(2, 3, 2)],
    attrs: gather,
    results: [f(2, 3, 3)],
    breaks: {
      I2: { operands: [f(2, 5, 4), f(2, 3, 2)] },
      C1: attrs(gather, { collapsedSliceDims: [] }),
      C2: attrs(gather, { indexVectorDim: 4 }),
      C3: attrs(gather, { startIndexMap: [1] }),
      C4: attrs(gather, { offsetDims: [2, 1], collapsedSliceDims: [] }),
      C5: attrs(gather, { offsetDims: [3] }),
      C6: attrs(gather, { collapsedSliceDims: [0] }),
      C7: attrs(gather, { offsetDims: [], collapsedSliceDims: [2, 1] }),
      C8: attrs(gather, { collapsedSliceDims: [3] }),
      C9: attrs(gather, { sliceSizes: [1, 2, 3] }),
      C10: attrs(gather, { operandBatchingDims: [1, 0], collapsedSliceDims: [] }),
      C11: attrs(gather, { operandBatchingDims: [3] }),
      C12: attrs(gather, { sliceSizes: [2, 1, 3] }),
      C13: attrs(gather, {
        operandBatchingDims: [0, 1],
        collapsedSliceDims: [],
        startIndicesBatchingDims: [0, 0],
      }),
      C14: attrs(gather, { startIndicesBatchingDims: [3] }),
      C15: attrs(gather, { startIndicesBatchingDims: [2] }),
      C16: attrs(gather, { startIndicesBatchingDims: [] }),
      C17: attrs(gather, { startIndicesBatchingDims: [1] }),
      C18: attrs(gather, { startIndexMap: [1, 0] }),
      C19: attrs(gather, { startIndexMap: [1, 3] }),
      C20: attrs(gather, { sliceSizes: [1, 1] }),
      C21: attrs(gather, { sliceSizes: [1, 1, 5] }),
    },
  },
  {
    op: "scatter",
    operands: [f(2, 5, 4), i(2, 3, 2), f(2, 3, 3)],
    attrs: scatter,
    regions: [reducer("f32")],
    results: [f(2, 5, 4)],
    breaks: {
      I2: { operands: [f(2, 5, 4), f(2, 3, 2), f(2, 3, 3)] },
      C1: { operands: [f(2, 5, 4), f(2, 5, 3), i(2, 3, 2), f(2, 3, 3), f(2, 3, 3)] },
      C2: attrs(scatter, { insertedWindowDims: [] }),
      C3: { operands: [f(2, 5, 4), f(2, 5, 4), i(2, 3, 2), f(2, 3, 3), f(2, 3, 2)] },
      C4: { operands: [f(2, 5, 4), i(2, 3, 2), f(2, 3, 5)] },
      C5: { operands: [f(2, 5, 4), i(2, 3, 2)] },
      C6: { operands: [f(2, 5, 4), i(2, 3, 2), i(2, 3, 3)] },
      C7: attrs(scatter, { updateWindowDims: [2, 1], insertedWindowDims: [] }),
      C8: attrs(scatter, { updateWindowDims: [3] }),
      C9: attrs(scatter, { insertedWindowDims: [0] }),
      C10: attrs(scatter, { updateWindowDims: [], insertedWindowDims: [2, 1] }),
      C11: attrs(scatter, { insertedWindowDims: [3] }),
      C12: attrs(scatter, { inputBatchingDims: [1, 0], insertedWindowDims: [] }),
      C13: attrs(scatter, { inputBatchingDims: [3] }),
      C14: attrs(scatter, {
        inputBatchingDims: [0, 1],
        insertedWindowDims: [],
        scatterIndicesBatchingDims: [0, 0],
      }),
      C15: attrs(scatter, { scatterIndicesBatchingDims: [3] }),
      C16: attrs(scatter, { scatterIndicesBatchingDims: [2] }),
      C17: attrs(scatter, { scatterIndicesBatchingDims: [] }),
      C18: attrs(scatter, { scatterIndicesBatchingDims: [1] }),
      C19: attrs(scatter, { scatterDimsToOperandDims: [1] }),
      C20: attrs(scatter, { scatterDimsToOperandDims: [1, 0] }),
      C21: attrs(scatter, { scatterDimsToOperandDims: [1, 3] }),
      C22: attrs(scatter, { indexVectorDim: 4 }),
      C23: { regions: [reducer("i32")] },
    },
  },
  {
    op: "dot_general",
    operands: [f(5, 2, 3), f(5, 3, 4)],
    attrs: dot,
    results: [f(5, 2, 4)],
    declares: true,
    breaks: {
      C1: attrs(dot, { lhsBatching: [] }),
      C2: attrs(dot, { lhsContracting: [] }),
      C3: attrs(dot, { lhsContracting: [0] }),
      C4: attrs(dot, { rhsContracting: [0] }),
      C5: attrs(dot, { lhsBatching: [3] }),
      C6: attrs(dot, { lhsContracting: [3] }),
      C7: attrs(dot, { rhsBatching: [3] }),
      C8: attrs(dot, { rhsContracting: [3] }),
      C9: { operands: [f(6, 2, 3), f(5, 3, 4)] },
      C10: { operands: [f(5, 2, 4), f(5, 3, 4)] },
      C12: { results: [f(5, 4, 2)] },
      C13: { operands: [f(5, 2, 3), i(5, 3, 4)] },
    },
  },
  {
    op: "convolution",
    operands: [f(4, 8, 8, 6), f(3, 3, 6, 10)],
    attrs: conv,
    results: [f(4, 6, 6, 10)],
    declares: true,
    breaks: {
      C1: { operands: [f(4, 8, 8, 6), f(3, 6, 10)] },
      ...lists(conv, { C2: "windowStrides", C3: "windowStrides", C5: "lhsDilation", C6: "lhsDilation" }, 0),
      ...lists(conv, { C7: "rhsDilation", C8: "rhsDilation" }, 0),
      C4: attrs(conv, { padding: [[0, 0]] }),
      C9: attrs(conv, { windowReversal: [false] }),
      C10: attrs(conv, { batchGroupCount: 5 }),
      C11: attrs(conv, { featureGroupCount: 4 }),
      C12: attrs(conv, { inputSpatial: [1] }),
      C13: attrs(conv, { inputBatch: 1 }),
      C14: attrs(conv, { featureGroupCount: 2 }),
      C15: { ...attrs(conv, { batchGroupCount: 4 }), operands: [f(4, 8, 8, 6), f(3, 3, 6, 10)] },
      C16: { ...attrs(conv, { featureGroupCount: 3 }), operands: [f(4, 8, 8, 6), f(3, 3, 2, 10)] },
      C17: attrs(conv, { kernelSpatial: [0] }),
      C18: attrs(conv, { kernelInputFeature: 3 }),
      C19: attrs(conv, { outputSpatial: [1] }),
      C20: attrs(conv, { outputBatch: 4 }),
      C21: attrs(conv, { featureGroupCount: 0 }),
      C22: attrs(conv, { batchGroupCount: 0 }),
      C23: attrs(conv, { featureGroupCount: 2, batchGroupCount: 2 }),
      C25: { results: [f(4, 6, 5, 10)] },
      C27: { operands: [f(4, 8, 8, 6), i(3, 3, 6, 10)] },
    },
  },
];

const condition = comparator("f32", "FLOAT");
const callee = (operands: readonly Type[], results: readonly Type[]): Patch => ({ operands, results });
const CONTROL: readonly Case[] = [
  {
    op: "while",
    operands: [f(), f()],
    regions: [condition, pass([f(), f()], [1, 0])],
    results: [f(), f()],
    breaks: {
      C1: { regions: [pass([f(), f()], [0]), pass([f(), f()], [1, 0])] },
      C2: { regions: [condition, pass([f(), f()], [1])] },
    },
  },
  {
    op: "case",
    operands: [i()],
    regions: [pass([], []), pass([], [])],
    results: [],
    breaks: {
      I1: { operands: [f()] },
      C1: { regions: [] },
      C2: { regions: [pass([], []), pass([f()], [])] },
      C4: { results: [f()] },
    },
  },
  {
    op: "optimization_barrier",
    operands: [f(), i(2)],
    results: [f(), i(2)],
    breaks: {},
  },
  {
    op: "call",
    operands: [f(3)],
    attrs: { callee: "double" },
    results: [f(3)],
    breaks: { X1: { attrs: { callee: "triple" } }, X2: { operands: [f(4)] } },
  },
  {
    op: "composite",
    operands: [f(3)],
    attrs: { name: "tenon.double", version: 1, attributes: {}, decomposition: "double" },
    results: [f(3)],
    breaks: {
      C1: { attrs: { name: "double", version: 1, attributes: {}, decomposition: "double" } },
      C2: { attrs: { name: "tenon.double", version: 1, attributes: {}, decomposition: "triple" } },
      C3: callee([f(3), f(3)], [f(3)]),
    },
  },
  {
    op: "custom_call",
    operands: [f(3)],
    attrs: {
      target: "x",
      version: 1,
      attributes: {},
      sideEffect: "none",
      fallback: "double",
      aliases: [{ result: 0, operand: 0 }],
    },
    results: [f(3)],
    breaks: {
      X1: {
        attrs: {
          target: "x",
          version: 1,
          attributes: {},
          sideEffect: "none",
          aliases: [{ result: 1, operand: 0 }],
        },
      },
      X2: { attrs: { target: "x", version: 1, attributes: {}, sideEffect: "none", fallback: "triple" } },
      X3: {
        operands: [f(4)],
        attrs: { target: "x", version: 1, attributes: {}, sideEffect: "none", fallback: "double" },
      },
      X4: {
        results: [i(3)],
        attrs: { target: "x", version: 1, attributes: {}, sideEffect: "none", fallback: "double" },
      },
    },
  },
];
/** One case or more for every op. */
export const CASES: readonly Case[] = [...UNARY, ...BINARY, ...SHAPES, ...FOLDS, ...CONTROL];
