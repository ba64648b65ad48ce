// lax: matrix products and convolutions.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import * as c from "../../primitives/conv.ts";
import type { ConvDimensionNumbers } from "../../primitives/conv.ts";
import * as d from "../../primitives/dot-general.ts";
import type { DotDimensionNumbers, Precision } from "../../primitives/dot-general.ts";
import { checkSizes, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options, PrecisionLike } from "../keywords.ts";

export type { ConvDimensionNumbers, DotDimensionNumbers };

type Ints = readonly number[];
/** Padding of each spatial axis: by name, or pairs of low and high. */
export type Padding = string | readonly (readonly [low: number, high: number])[];
/** Axes by role: letters as ["NCHW", "OIHW", "NCHW"], or places. */
export type ConvDimensions = readonly [lhs: string, rhs: string, out: string] | ConvDimensionNumbers | null;
/** Products' options. */
export type DotOptions = Options<"precision" | "preferredElementType">;

/** One precision for both operands: the finer of the two; null is the configured default. */
export function precisionOf(given: PrecisionLike | null | undefined): Precision {
  if (given == null) return context().config.defaultMatmulPrecision;
  if (typeof given === "string") return given;
  const order = ["default", "high", "highest"] as const;
  return order[Math.max(...given.map((p) => order.indexOf(p)))] as Precision;
}
const DOT = ["precision", "preferredElementType"];
const settings = (options: DotOptions): { precision: Precision; preferredElementType: DType | null } => ({
  precision: precisionOf(options.precision),
  preferredElementType: options.preferredElementType ?? null,
});

/** Matrix or vector product of rank 1 or 2 operands, or a contraction by `dimensionNumbers`. Source: jax.lax.dot. */
export function dot(
  lhs: ArrayLike,
  rhs: ArrayLike,
  options: Options<
    "precision" | "preferredElementType",
    { dimensionNumbers: DotDimensionNumbers | null }
  > = {},
): NDArray {
  checkOptions("lax.dot", options, ["dimensionNumbers", ...DOT]);
  if (options.dimensionNumbers != null)
    return d.dotGeneral(lhs, rhs, options.dimensionNumbers, settings(options));
  return d.dot(lhs, rhs, settings(options));
}
/** Contraction and batching of any axes; the result has batch, lhs free, rhs free axes. Source: jax.lax.dot_general. */
export function dotGeneral(
  lhs: ArrayLike,
  rhs: ArrayLike,
  dimensionNumbers: DotDimensionNumbers,
  options: DotOptions = {},
): NDArray {
  checkOptions("lax.dotGeneral", options, DOT);
  return d.dotGeneral(lhs, rhs, dimensionNumbers, settings(options));
}
/** Products of matrices over leading batch axes. Source: jax.lax.batch_matmul. */
export function batchMatmul(lhs: ArrayLike, rhs: ArrayLike, options: Options<"precision"> = {}): NDArray {
  checkOptions("lax.batchMatmul", options, ["precision"]);
  return d.batchMatmul(lhs, rhs, settings(options));
}

/**
 * Rows of `lhs` [m, k] in consecutive groups, each times its own matrix of `rhs` [g, k, n].
 * Rows beyond the groups give zeros. Source: jax.lax.ragged_dot.
 */
export function raggedDot(
  lhs: ArrayLike,
  rhs: ArrayLike,
  groupSizes: ArrayLike,
  options: DotOptions = {},
): NDArray {
  checkOptions("lax.raggedDot", options, DOT);
  const { lax } = context();
  const [x, w, sizes] = Object.entries({ lhs, rhs, groupSizes }).map(([word, v]) =>
    toArray("lax.raggedDot", v, word),
  ) as [NDArray, NDArray, NDArray];
  if (x.ndim !== 2 || w.ndim !== 3 || sizes.ndim !== 1 || sizes.shape[0] !== w.shape[0])
    throw fail(
      "E_SHAPE",
      `lax.raggedDot: got ${x.aval}, ${w.aval}, ${sizes.aval}, expected [m,k], [g,k,n], [g]`,
    );
  const [m, k] = x.shape as readonly [number, number];
  const g = w.shape[0] as number;
  const ends = lax.broadcastInDim(lax.cumsum(sizes, 0), [g, m], [0]);
  const starts = lax.sub(ends, lax.broadcastInDim(sizes, [g, m], [0]));
  const row = lax.convertElementType(lax.broadcastedIota("int32", [g, m], 1), ends.dtype);
  const inGroup = lax.bitwiseAnd(lax.ge(row, starts), lax.lt(row, ends));
  const spread = lax.broadcastInDim(x, [g, m, k], [1, 2]);
  const rows = lax.select(lax.broadcastInDim(inGroup, [g, m, k], [0, 1]), spread, lax.zerosLike(spread));
  const contracted = [
    [0, 2],
    [0, 1],
  ] as const;
  return d.dotGeneral(rows, w, [contracted, [[], []]], settings(options));
}

// --- convolutions ----------------------------------------------------------------------------------------------------

interface ConvOwn {
  /** Zeros put between the elements of the input (default 1: none). */
  readonly lhsDilation: Ints | null;
  /** Gaps between the elements of the kernel (default 1: none). */
  readonly rhsDilation: Ints | null;
  /** Axes by role; default: batch, feature, then space. */
  readonly dimensionNumbers: ConvDimensions;
  /** Features convolved in so many separate groups. */
  readonly featureGroupCount: number;
  /** Batches convolved in so many separate groups. */
  readonly batchGroupCount: number;
}
/** Options of a general convolution. */
export type ConvOptions = Options<"precision" | "preferredElementType", ConvOwn>;
const CONV = [
  "lhsDilation",
  "rhsDilation",
  "dimensionNumbers",
  "featureGroupCount",
  "batchGroupCount",
  "precision",
  "preferredElementType",
];

/** n-dimensional convolution (cross-correlation) with strides, dilations and groups. Source: jax.lax.conv_general_dilated. */
export function convGeneralDilated(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: Ints,
  padding: Padding,
  options: ConvOptions = {},
): NDArray {
  checkOptions("lax.convGeneralDilated", options, CONV);
  return c.convGeneralDilated(lhs, rhs, windowStrides, padding, { ...options, ...settings(options) });
}
/** Convolution of NCHW input with an OIHW kernel. Source: jax.lax.conv. */
export function conv(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: Ints,
  padding: string,
  options: DotOptions = {},
): NDArray {
  checkOptions("lax.conv", options, DOT);
  return c.convGeneralDilated(lhs, rhs, windowStrides, padding, settings(options));
}
/** `conv` with explicit padding and dilations. Source: jax.lax.conv_with_general_padding. */
export function convWithGeneralPadding(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: Ints,
  padding: Padding,
  lhsDilation: Ints | null,
  rhsDilation: Ints | null,
  options: DotOptions = {},
): NDArray {
  checkOptions("lax.convWithGeneralPadding", options, DOT);
  return c.convGeneralDilated(lhs, rhs, windowStrides, padding, {
    lhsDilation,
    rhsDilation,
    ...settings(options),
  });
}

const CHANNELS_LAST: Readonly<Record<number, readonly [string, string, string]>> = {
  2: ["NC", "IO", "NC"],
  3: ["NHC", "HIO", "NHC"],
  4: ["NHWC", "HWIO", "NHWC"],
  5: ["NHWDC", "HWDIO", "NHWDC"],
};
/** Padding that undoes a strided convolution's. Source: jax's _conv_transpose_padding. */
function transposedPads(kernel: number, stride: number, padding: string): readonly [number, number] {
  if (padding !== "SAME" && padding !== "VALID")
    throw fail("E_CONV", `lax.convTranspose: padding "${padding}" is unknown: use "SAME", "VALID" or pairs`);
  const total = kernel + stride - 2 + (padding === "VALID" ? Math.max(kernel - stride, 0) : 0);
  const low = padding === "VALID" || stride > kernel - 1 ? kernel - 1 : Math.ceil(total / 2);
  return [low, total - low];
}
/**
 * Convolution with fractional strides ("deconvolution"), channels last by default.
 * Source: jax.lax.conv_transpose; differs: no use_consistent_padding.
 */
export function convTranspose(
  lhs: ArrayLike,
  rhs: ArrayLike,
  strides: Ints,
  padding: Padding,
  options: Options<
    "precision" | "preferredElementType",
    { rhsDilation: Ints | null; dimensionNumbers: ConvDimensions; transposeKernel: boolean }
  > = {},
): NDArray {
  checkOptions("lax.convTranspose", options, ["rhsDilation", "dimensionNumbers", "transposeKernel", ...DOT]);
  const { lax } = context();
  const [x, kernel] = [toArray("lax.convTranspose", lhs, "lhs"), toArray("lax.convTranspose", rhs, "rhs")];
  const numbers = options.dimensionNumbers ?? CHANNELS_LAST[x.ndim];
  if (numbers === undefined)
    throw fail("E_CONV", `lax.convTranspose: give dimensionNumbers for rank ${x.ndim}`);
  const dims = c.convDimensionNumbers(x.ndim, numbers);
  const space = dims.rhsSpec.slice(2);
  const dilation = options.rhsDilation ?? space.map(() => 1);
  const extents = space.map((axis, i) => ((kernel.shape[axis] as number) - 1) * (dilation[i] as number) + 1);
  const pads =
    typeof padding === "string"
      ? extents.map((n, i) => transposedPads(n, strides[i] as number, padding))
      : padding;
  let w = kernel;
  if (options.transposeKernel === true) {
    const [o, i] = dims.rhsSpec as readonly [number, number];
    const swap = kernel.shape.map((_, axis) => (axis === o ? i : axis === i ? o : axis));
    w = lax.transpose(lax.rev(kernel, space), swap);
  }
  return c.convGeneralDilated(
    x,
    w,
    space.map(() => 1),
    pads,
    { lhsDilation: strides, rhsDilation: dilation, dimensionNumbers: dims, ...settings(options) },
  );
}

type LocalOptions = Options<
  "precision" | "preferredElementType",
  { lhsDilation: Ints | null; rhsDilation: Ints | null; dimensionNumbers: ConvDimensions }
>;
const LOCAL = ["lhsDilation", "rhsDilation", "dimensionNumbers", ...DOT];

/** The patches that a convolution would see, as channels. Source: jax.lax.conv_general_dilated_patches. */
export function convGeneralDilatedPatches(
  lhs: ArrayLike,
  filterShape: Ints,
  windowStrides: Ints,
  padding: Padding,
  options: LocalOptions = {},
): NDArray {
  checkOptions("lax.convGeneralDilatedPatches", options, LOCAL);
  const { lax } = context();
  const x = toArray("lax.convGeneralDilatedPatches", lhs, "lhs");
  const dims = c.convDimensionNumbers(x.ndim, options.dimensionNumbers);
  checkSizes("lax.convGeneralDilatedPatches", "filterShape", filterShape);
  const size = filterShape.reduce((n, k) => n * k, 1);
  const channels = x.shape[dims.lhsSpec[1] as number] as number;
  // One kernel a place of the window, each 1 at its place: a row-major identity, for every channel.
  const row = lax.broadcastedIota("int32", [channels, size, size], 1);
  const column = lax.broadcastedIota("int32", [channels, size, size], 2);
  const one = lax.convertElementType(lax.eq(row, column), x.dtype);
  const kernels = lax.reshape(one, [channels * size, 1, ...filterShape]);
  const order = Array<number>(x.ndim).fill(0);
  dims.rhsSpec.forEach((axis, role) => {
    order[axis] = role;
  });
  return c.convGeneralDilated(x, lax.transpose(kernels, order), windowStrides, padding, {
    ...options,
    ...settings(options),
    dimensionNumbers: dims,
    featureGroupCount: channels,
  });
}
/** A convolution with a kernel of its own at every place of the result. Source: jax.lax.conv_general_dilated_local. */
export function convGeneralDilatedLocal(
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: Ints,
  padding: Padding,
  filterShape: Ints,
  options: Omit<LocalOptions, "preferredElementType"> = {},
): NDArray {
  checkOptions("lax.convGeneralDilatedLocal", options, [
    "lhsDilation",
    "rhsDilation",
    "dimensionNumbers",
    "precision",
  ]);
  const x = toArray("lax.convGeneralDilatedLocal", lhs, "lhs");
  const patches = convGeneralDilatedPatches(x, filterShape, windowStrides, padding, options);
  const { rhsSpec, outSpec } = c.convDimensionNumbers(x.ndim, options.dimensionNumbers);
  const pairs = outSpec
    .slice(2)
    .map((axis, i) => [axis, rhsSpec[i + 2] as number] as const)
    .sort((a, b) => a[0] - b[0]);
  const out = d.dotGeneral(
    patches,
    rhs,
    [
      [[outSpec[1] as number], [rhsSpec[1] as number]],
      [pairs.map(([l]) => l), pairs.map(([, r]) => r)],
    ],
    settings(options),
  );
  // [...space, batch, feature] → the axes of the result.
  const [batch, feature] = outSpec as readonly [number, number];
  const moves = [
    [out.ndim - 2, batch],
    [out.ndim - 1, feature],
  ] as const;
  const rest = out.shape.map((_, i) => i).slice(0, -2);
  const order = [...rest];
  for (const [from, to] of [...moves].sort((a, b) => a[1] - b[1])) order.splice(to, 0, from);
  return context().lax.transpose(out, order);
}
