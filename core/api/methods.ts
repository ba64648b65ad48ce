// What the methods of arrays do: the same functions as np's.
import { fail } from "../errors.ts";
import { shaped } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import {
  LITERAL,
  NDArray,
  type ArrayMethods,
  type BinaryMethod,
  type Literal,
  type ReduceMethod,
  type UnaryMethod,
} from "../ir/ndarray.ts";
import type { Operand } from "../primitives/operand.ts";
import { isConcrete, itemOf, listOf, unreadable, valuesOf } from "../runtime/array.ts";
import { currentDevice } from "../runtime/registry.ts";
import { fromTyped } from "./arrays.ts";
import { atOf, getItem } from "./indexing.ts";
import { argsort, sort } from "./numpy/sorting.ts";
import { dot, matmul } from "./numpy/linear.ts";
import * as shape from "./numpy/manipulation.ts";
import * as reduce from "./numpy/reductions.ts";
import * as u from "./numpy/ufuncs.ts";
import { printArray } from "./printing.ts";

const BINARY: { readonly [N in BinaryMethod]: (x: Operand, y: Operand) => NDArray } = {
  add: u.add,
  sub: u.subtract,
  mul: u.multiply,
  div: u.divide,
  floordiv: u.floorDivide,
  mod: u.remainder,
  pow: u.power,
  matmul,
  dot,
  eq: u.equal,
  ne: u.notEqual,
  lt: u.less,
  le: u.lessEqual,
  gt: u.greater,
  ge: u.greaterEqual,
  and: u.bitwiseAnd,
  or: u.bitwiseOr,
  xor: u.bitwiseXor,
  lshift: u.leftShift,
  rshift: u.rightShift,
};
const UNARY: { readonly [N in UnaryMethod]: (x: Operand) => NDArray } = {
  neg: u.negative,
  abs: u.abs,
  invert: u.bitwiseNot,
  real: u.real,
  imag: u.imag,
  conj: u.conj,
  ravel: shape.ravel,
  round: (x) => u.rint(x),
};
const REDUCE: { readonly [N in ReduceMethod]: (x: Operand, options?: never) => NDArray } = {
  sum: reduce.sum,
  mean: reduce.mean,
  max: reduce.max,
  min: reduce.min,
  prod: reduce.prod,
  all: reduce.all,
  any: reduce.any,
  std: reduce.std,
  var: reduce.var,
  argmax: reduce.argmax,
  argmin: reduce.argmin,
  cumsum: reduce.cumsum,
  sort,
  argsort,
};

/** Checks a dtype that the caller named. */
function checkNamed(x: NDArray, dtype: string | undefined): void {
  if (dtype !== undefined && dtype !== x.dtype)
    throw fail("E_DTYPE", `x.data("${dtype}"): the array is ${x.aval}`);
}

/** The methods of arrays, for the root context. */
export const arrayMethods: ArrayMethods = {
  asArray: (x) => fromTyped(x),
  binary: (name, x, y) => BINARY[name](x, y),
  unary: (name, x) => UNARY[name](x),
  reduce: (name, x, options) => REDUCE[name](x, options as never),
  get: getItem,
  at: atOf,
  reshape: shape.reshape,
  transpose: (x, axes) => shape.transpose(x, axes),
  squeeze: (x, options) => shape.squeeze(x, options),
  astype: shape.astype,
  clip: (x, min, max) => u.clip(x, min, max),
  swapLast: shape.matrixTranspose,
  data: async (x, dtype) => {
    checkNamed(x, dtype);
    return isConcrete(x) ? x.read() : valuesOf(x, "x.data()");
  },
  dataSync: (x, dtype) => {
    checkNamed(x, dtype);
    return valuesOf(x, "x.dataSync()");
  },
  item: (x, dtype) =>
    x.aval.dtype === "key<fry>"
      ? refuseKey(x)
      : x.kind === LITERAL && dtype === undefined
        ? scalarOf(x as Literal)
        : itemOf(x, dtype),
  tolist: (x) => (x.aval.dtype === "key<fry>" ? refuseKey(x) : listOf(x)),
  ready: async (x) => {
    if (isConcrete(x)) await x.fetch();
    else if (x.kind !== LITERAL) throw unreadable(x, "x.ready");
    return x;
  },
  dispose: (x) => {
    if (isConcrete(x)) x.dispose();
  },
  device: (x) => (isConcrete(x) ? x.home : (context().device ?? currentDevice())),
  print: printArray,
};
function refuseKey(x: NDArray): never {
  throw fail("E_DTYPE", `x.item(): ${x.aval ?? shaped([], "key<fry>")} is a random key`, {
    hint: "read its words: random.keyData(key)",
  });
}
function scalarOf(x: Literal): number | bigint | boolean {
  return itemOf(x) as number;
}
