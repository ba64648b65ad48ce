// How the functions of elements are made: operands promoted, then an operation of lax; several of them as one program.
import { fail, renamed } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool, isComplex, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import type { CustomJvp } from "../../ir/trace.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { Lax } from "../../primitives/lax.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { refuseMore } from "../arity.ts";
import { composite } from "../composite.ts";
import {
  arraysOf,
  broadcastTo,
  commonShape,
  promoteArgs,
  promoteDTypes,
  promoteOne,
  type Domain,
} from "../promotion.ts";

/** The operations of the current context. */
export const L = (): Lax => context().lax;

/** @throws E_DTYPE for complex numbers */
export function refuseComplex(name: string, x: NDArray): NDArray {
  if (isComplex(x.dtype)) throw fail("E_DTYPE", `np.${name}: got ${x.aval}, expected real numbers`);
  return x;
}
/** Applies a function to real and imaginary part. */
export const parts = (x: NDArray, f: (v: NDArray) => NDArray): NDArray =>
  isComplex(x.dtype) ? L().complex(f(L().real(x)), f(L().imag(x))) : f(x);
/** The dtype of indices and counts. */
export const indexDType = (): DType => canonicalDType("int64");

/** A function of one array. */
export type Unary = (x: ArrayLike) => NDArray;
/** A function of two arrays, named as JAX names them. */
export type Binary = (x: ArrayLike, y: ArrayLike) => NDArray;
/** As `Binary`, where JAX says x1 and x2. */
export type Binary12 = (x1: ArrayLike, x2: ArrayLike) => NDArray;

type Body1 = (x: NDArray, lax: Lax) => NDArray;
type Body2 = (x: NDArray, y: NDArray, lax: Lax) => NDArray;

const X = ["x"] as const;
const XY = ["x", "y"] as const;
const X12 = ["x1", "x2"] as const;

/** One operation of one operand. */
export const unary =
  (name: string, domain: Domain, op: Body1): Unary =>
  (x, ...more: readonly unknown[]) => {
    if (more.length > 0) refuseMore(`np.${name}`, X, [x, ...more]);
    const v = promoteOne(`np.${name}`, x, domain);
    try {
      return op(v, L());
    } catch (error) {
      throw renamed(error, `np.${name}`);
    }
  };

/** Several operations of one operand, as one program. */
export function unaryComposite(name: string, domain: Domain, op: Body1): Unary {
  const run = composite(`np.${name}`, ([x]: readonly [NDArray]) =>
    op(promoteOne(`np.${name}`, x, domain), L()),
  );
  return (x, ...more: readonly unknown[]) => {
    if (more.length > 0) refuseMore(`np.${name}`, X, [x, ...more]);
    const v = toArray(`np.${name}`, x, "x");
    try {
      return run([v]);
    } catch (error) {
      throw renamed(error, `np.${name}`);
    }
  };
}

/** One operation of two operands. */
export const binary =
  (name: string, domain: Domain, op: Body2, words?: readonly string[]): Binary =>
  (x, y, ...more: readonly unknown[]) => {
    if (more.length > 0) refuseMore(`np.${name}`, words ?? XY, [x, y, ...more]);
    const [a, b] = promoteArgs(`np.${name}`, [x, y], domain, words) as [NDArray, NDArray];
    try {
      return op(a, b, L());
    } catch (error) {
      throw renamed(error, `np.${name}`);
    }
  };
/** As `binary`, where JAX says x1 and x2. */
export const binary12 = (name: string, domain: Domain, op: Body2): Binary12 => binary(name, domain, op, X12);

/** Several operations of two operands, as one program; both get the common shape. */
export function binaryComposite(name: string, domain: Domain, op: Body2, words?: readonly string[]): Binary {
  const run = composite(`np.${name}`, (operands: readonly [NDArray, NDArray]) => {
    const [a, b] = broadcastAll(`np.${name}`, promoteDTypes(`np.${name}`, operands, domain));
    return op(a as NDArray, b as NDArray, L());
  });
  return (x, y, ...more: readonly unknown[]) => {
    if (more.length > 0) refuseMore(`np.${name}`, words ?? XY, [x, y, ...more]);
    const pair = arraysOf(`np.${name}`, [x, y], words) as [NDArray, NDArray];
    try {
      return run(pair);
    } catch (error) {
      throw renamed(error, `np.${name}`);
    }
  };
}
/** As `binaryComposite`, where JAX says x1 and x2. */
export const binaryComposite12 = (name: string, domain: Domain, op: Body2): Binary12 =>
  binaryComposite(name, domain, op, X12);

/** Arrays over their common shape. */
export function broadcastAll(name: string, xs: readonly NDArray[]): NDArray[] {
  const shape = commonShape(name, xs);
  return xs.map((x) => broadcastTo(name, x, shape));
}

/** What weak operands give is weak, bool too. */
export const asWeak = (x: NDArray, of: NDArray): NDArray =>
  of.weakType ? L().convertElementType(x, x.dtype, { weakType: true }) : x;
/** Strong. */
export const asStrong = (x: NDArray): NDArray => L().convertElementType(x, x.dtype);
/** Strong, unless it is a scalar: what JAX broadcasts beside a constant of its own. */
export const strongArray = (x: NDArray): NDArray => (x.ndim === 0 ? x : asStrong(x));

/** bool: is each element not zero? */
export function toBool(x: NDArray): NDArray {
  if (isBool(x.dtype)) return x;
  const out = L().ne(x, constant(x, 0));
  return x.ndim === 0 ? asWeak(out, x) : out;
}

/** A scalar in the dtype of `x`. */
export const constant = (x: NDArray, value: number | boolean): NDArray => literal(value, x.dtype);

/** `where` without promotion of the condition: elements of x or y, promoted together. */
export function pick(condition: NDArray, x: ArrayLike, y: ArrayLike): NDArray {
  const lax = L();
  const [a, b] = promoteDTypes("np.where", [x, y]) as [NDArray, NDArray];
  const shape = commonShape("np.where", [condition, a, b]);
  const full = (v: NDArray): NDArray => (v.ndim === 0 ? v : broadcastTo("np.where", v, shape));
  const pred = condition.ndim === 0 ? condition : broadcastTo("np.where", condition, shape);
  if (a.ndim === 0 && b.ndim === 0 && shape.length > 0)
    return lax.select(pred, lax.broadcastInDim(a, shape, []), b);
  return lax.select(pred, full(a), full(b));
}

/** A function with a derivative of its own: JAX's custom_jvp. */
export function customJvp(name: string, body: CustomJvp["body"], rule: CustomJvp["rule"]) {
  return (...args: readonly NDArray[]): readonly NDArray[] =>
    context().trace.customJvp({ name, body, rule, numClosed: 0, symbolicZeros: false }, args);
}

/** A public name for an array of another dtype: NumPy's conversion, in which complex → bool is ≠ 0. */
export const convert = (x: NDArray, dtype: DType): NDArray =>
  dtype === "bool" ? toBool(x) : L().convertElementType(x, dtype);
