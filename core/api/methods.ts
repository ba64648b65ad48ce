// What the methods of arrays do: the same functions as np's, and reading.
import { fail } from "../errors.ts";
import type { ArrayMethods, MethodName } from "../ir/array-methods.ts";
import { context } from "../ir/context.ts";
import { LITERAL, type ArrayLike, type NDArray } from "../ir/ndarray.ts";
import { isConcrete, itemOf, listOf, unreadable, valuesOf } from "../runtime/array.ts";
import { currentDevice } from "../runtime/registry.ts";
import { fromTyped } from "./arrays.ts";
import { checkCount } from "./arity.ts";
import { atOf, getItem } from "./indexing.ts";
import * as arithmetic from "./numpy/arithmetic.ts";
import { astype, copy, view } from "./numpy/creation.ts";
import { cumprod, cumsum } from "./numpy/cumulative.ts";
import { diagonal } from "./numpy/diagonals.ts";
import { round } from "./numpy/floats.ts";
import * as logic from "./numpy/logic.ts";
import { dot, matmul } from "./numpy/products.ts";
import { repeat } from "./numpy/rearrange.ts";
import * as reductions from "./numpy/reductions.ts";
import { nonzero, searchsorted } from "./numpy/searching.ts";
import { take } from "./numpy/positions.ts";
import { choose, clip, compress } from "./numpy/selecting.ts";
import * as shape from "./numpy/shape.ts";
import { argpartition, argsort, sort } from "./numpy/sorting.ts";
import * as statistics from "./numpy/statistics.ts";
import { displayArray, printArray } from "./printing.ts";

type Method = (x: NDArray, ...args: never[]) => unknown;
const CALLS: { readonly [N in MethodName]: Method } = {
  add: arithmetic.add,
  sub: arithmetic.subtract,
  mul: arithmetic.multiply,
  div: arithmetic.trueDivide,
  floordiv: arithmetic.floorDivide,
  mod: arithmetic.remainder,
  pow: arithmetic.power,
  matmul,
  dot,
  eq: logic.equal,
  ne: logic.notEqual,
  lt: logic.less,
  le: logic.lessEqual,
  gt: logic.greater,
  ge: logic.greaterEqual,
  and: logic.bitwiseAnd,
  or: logic.bitwiseOr,
  xor: logic.bitwiseXor,
  lshift: logic.leftShift,
  rshift: logic.rightShift,
  neg: arithmetic.negative,
  abs: arithmetic.absolute,
  invert: logic.invert,
  conj: arithmetic.conjugate,
  conjugate: arithmetic.conjugate,
  real: arithmetic.real,
  imag: arithmetic.imag,
  round,
  clip,
  sum: reductions.sum,
  prod: reductions.prod,
  mean: statistics.mean,
  std: statistics.std,
  var: statistics.var,
  max: reductions.max,
  min: reductions.min,
  ptp: reductions.ptp,
  all: reductions.all,
  any: reductions.any,
  argmax: reductions.argmax,
  argmin: reductions.argmin,
  cumsum,
  cumprod,
  sort,
  argsort,
  argpartition,
  searchsorted,
  nonzero,
  diagonal,
  reshape: shape.reshape,
  ravel: shape.ravel,
  flatten: shape.ravel,
  transpose: shape.transpose,
  matrixTranspose: shape.matrixTranspose,
  swapaxes: shape.swapaxes,
  squeeze: shape.squeeze,
  astype,
  view,
  copy,
  repeat,
  take,
  choose,
  compress: (x, condition: ArrayLike, options?: object) => compress(condition, x, options),
};

/** Checks a dtype that the caller named. */
function checkNamed(x: NDArray, dtype: string | undefined): void {
  if (dtype !== undefined && dtype !== x.dtype)
    throw fail("E_DTYPE", `x.data("${dtype}"): the array is ${x.aval}`);
}
/** Refuses to read a random key as numbers. */
function numbers(what: string, x: NDArray): NDArray {
  if (x.aval.dtype !== "key<fry>") return x;
  throw fail("E_DTYPE", `${what}: ${x.aval} is a random key`, {
    hint: "read its words: random.keyData(key)",
  });
}

/** The methods of arrays, for the root context. */
export const arrayMethods: ArrayMethods = {
  asArray: (x) => fromTyped(x),
  call: (name, args, given = 0) => {
    if (given >= args.length) checkCount(`x.${name}`, args.length - 1, given);
    return (CALLS[name] as (...args: readonly unknown[]) => NDArray)(...args);
  },
  get: getItem,
  at: atOf,
  data: async (x, dtype) => {
    checkNamed(x, dtype);
    return isConcrete(x) ? x.read() : valuesOf(x, "x.data()", "E_TRACER_ARRAY");
  },
  dataSync: (x, dtype) => {
    checkNamed(x, dtype);
    return valuesOf(x, "x.dataSync()", "E_TRACER_ARRAY");
  },
  item: (x, dtype) => itemOf(numbers("x.item()", x), dtype),
  tolist: (x) => listOf(numbers("x.tolist()", x)),
  ready: async (x) => {
    if (isConcrete(x)) await x.live("x.ready").whenReady();
    else if (x.kind !== LITERAL) throw unreadable(x, "x.ready");
    return x;
  },
  dispose: (x) => {
    if (isConcrete(x)) x.dispose();
  },
  device: (x) => (isConcrete(x) ? x.home : (context().device ?? currentDevice())),
  print: printArray,
  display: displayArray,
};
