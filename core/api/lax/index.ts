// jax.lax, camelCased: operations that neither promote dtypes nor broadcast, loops, branches, collectives.
export * as linalg from "../linalg/lax.ts";
export {
  abs,
  add,
  div,
  integerPow,
  max,
  min,
  mul,
  neg,
  pow,
  rem,
  sign,
  square,
  sub,
} from "../../primitives/arithmetic.ts";
export {
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  clz,
  nextafter,
  populationCount,
  shiftLeft,
  shiftRightArithmetic,
  shiftRightLogical,
} from "../../primitives/bitwise.ts";
export { clamp, eq, ge, gt, le, lt, ne, select } from "../../primitives/compare.ts";
export { bitcastConvertType, complex, conj, imag, real, reducePrecision } from "../../primitives/convert.ts";
export {
  argmax,
  argmin,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
  reduceSum,
  reduceXor,
} from "../../primitives/reduce.ts";
export { concatenate, pad, type PaddingConfig } from "../../primitives/concatenate.ts";
export { broadcastInDim, expandDims, rev, squeeze, transpose } from "../../primitives/shape.ts";
export { besselI0e, besselI1e, digamma, erf, erfInv, erfc, lgamma } from "../../primitives/special.ts";
export { polygamma, zeta } from "../../primitives/zeta.ts";
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  ceil,
  cos,
  cosh,
  exp,
  exp2,
  expm1,
  floor,
  isFinite,
  log,
  log1p,
  logistic,
  rsqrt,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} from "../../primitives/transcendental.ts";
export { associativeScan } from "./batched.ts";
export { cond, optimizationBarrier, stopGradient, switch } from "./branches.ts";
export {
  allGather,
  allToAll,
  axisIndex,
  axisSize,
  pbroadcast,
  pmax,
  pmean,
  pmin,
  ppermute,
  pshuffle,
  psum,
  psumScatter,
  pswapaxes,
  type AxisName,
  type ReducedAxes,
} from "./collectives.ts";
export {
  batchMatmul,
  conv,
  convGeneralDilated,
  convGeneralDilatedLocal,
  convGeneralDilatedPatches,
  convTranspose,
  convWithGeneralPadding,
  dot,
  dotGeneral,
  raggedDot,
  type ConvDimensionNumbers,
  type ConvDimensions,
  type ConvOptions,
  type DotDimensionNumbers,
  type DotOptions,
  type Padding,
} from "./contractions.ts";
export {
  dynamicIndexInDim,
  dynamicSlice,
  dynamicSliceInDim,
  dynamicUpdateIndexInDim,
  dynamicUpdateSlice,
  dynamicUpdateSliceInDim,
} from "./dynamic.ts";
export { fft, type FftType } from "../fft/lax.ts";
export { foriLoop } from "./counted.ts";
export { convertElementType, mulhi, reciprocal, round, selectN, type RoundingMethod } from "./elementwise.ts";
export {
  gather,
  indexTake,
  scatter,
  scatterAdd,
  scatterMax,
  scatterMin,
  scatterMul,
  scatterSub,
  type GatherDimensionNumbers,
  type GatherScatterMode,
  type ScatterDimensionNumbers,
  type ScatterOptions,
} from "./gather.ts";
export { igamma, igammac, igammaGradA, randomGammaGrad } from "./incomplete-gamma.ts";
export { map, whileLoop } from "./loops.ts";
export { cumlogsumexp, cummax, cummin, cumprod, cumsum, type CumulativeOptions } from "./cumulative.ts";
export { reduce, reduceWindow, reduceWindowShapeTuple, scatterApply, type Computation } from "./regions.ts";
export { scan, type ScanOptions } from "./scan.ts";
export {
  broadcast,
  broadcastLike,
  broadcastShapes,
  broadcastToRank,
  broadcastedIota,
  collapse,
  dtype,
  empty,
  full,
  fullLike,
  indexInDim,
  iota,
  reshape,
  slice,
  sliceInDim,
  split,
  stack,
  tile,
  unstack,
} from "./shapes.ts";
export { customLinearSolve, customRoot, type LinearSolveOptions } from "./solves.ts";
export { sort, sortKeyVal, topK } from "./sorting.ts";
