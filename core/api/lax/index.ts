// jax.lax, camelCased: the functions of lax.
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
export { conv, convGeneralDilated } from "../../primitives/conv.ts";
export {
  bitcastConvertType,
  complex,
  conj,
  convertElementType,
  imag,
  real,
  reducePrecision,
} from "../../primitives/convert.ts";
export { cumlogsumexp, cummax, cummin, cumprod, cumsum } from "../../primitives/cumulative.ts";
export { batchMatmul, dot, dotGeneral } from "../../primitives/dot-general.ts";
export {
  dynamicIndexInDim,
  dynamicSlice,
  dynamicSliceInDim,
  dynamicUpdateSlice,
  dynamicUpdateSliceInDim,
} from "../../primitives/dynamic-slice.ts";
export { gather } from "../../primitives/gather-scatter.ts";
export { optimizationBarrier, stopGradient } from "../../primitives/identity.ts";
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
export {
  scatter,
  scatterAdd,
  scatterMax,
  scatterMin,
  scatterMul,
  scatterSub,
} from "../../primitives/scatter.ts";
export {
  broadcastInDim,
  broadcastedIota,
  concatenate,
  expandDims,
  full,
  fullLike,
  iota,
  pad,
  reshape,
  rev,
  slice,
  sliceInDim,
  split,
  squeeze,
  transpose,
} from "../../primitives/shape.ts";
export { sort, sortKeyVal, topK } from "../../primitives/sort.ts";
export { besselI0e, besselI1e, digamma, erf, erfInv, erfc, lgamma } from "../../primitives/special.ts";
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
  round,
  rsqrt,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} from "../../primitives/transcendental.ts";
export { reduceWindowMax, reduceWindowMin, reduceWindowSum } from "../../primitives/window.ts";
export {
  allGather,
  allToAll,
  axisIndex,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
} from "../../primitives/collectives.ts";
