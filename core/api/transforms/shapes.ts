// Tracing without running: shapes and dtypes of results, and jaxprs.
import { shownAsText } from "../../ir/inspect.ts";
import { fail } from "../../errors.ts";
import { shaped, type Shape, type ShapedArray } from "../../ir/aval.ts";
import { DTYPES, nearDType, type DType } from "../../ir/dtype.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { printJaxpr } from "../../ir/print.ts";
import { flatten, unflatten, type TreeDef } from "../../ir/tree.ts";
import { describe } from "../../primitives/operand.ts";
import { stage } from "../../transforms/stage.ts";
import type { Key, Lift, MapTree } from "../types.ts";
import { checkCount } from "../arity.ts";
import { flatFunction, leafOf, labelOf } from "./flat.ts";

/** Shape and dtype of an array that isn't there. Source: jax.ShapeDtypeStruct. */
export class ShapeDtypeStruct {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly weakType: boolean;
  constructor(shape: Shape, dtype: DType, options: { readonly weakType?: boolean | undefined } = {}) {
    if (!Array.isArray(shape))
      throw fail("E_SHAPE", `ShapeDtypeStruct: the shape is ${describe(shape)}, expected a list of sizes`);
    this.shape = Object.freeze([...(shape as Shape)]);
    this.dtype = dtype;
    this.weakType = options.weakType ?? false;
    avalOf("ShapeDtypeStruct", this);
  }
  get ndim(): number {
    return this.shape.length;
  }
  get size(): number {
    return this.shape.reduce((n, d) => n * d, 1);
  }
  toString(): string {
    return `ShapeDtypeStruct(${String(shaped(this.shape, this.dtype, this.weakType))})`;
  }
}
/** What stands for an array where only its shape and dtype count. */
export type Spec = { readonly shape: Shape; readonly dtype: DType };
/** Arguments, or shapes and dtypes in their place. */
export type Specs<A extends readonly unknown[]> = { [I in keyof A]: SpecOf<A[I]> };
/** A tree, or one with shapes and dtypes for arrays. */
export type SpecOf<T> = T extends NDArray
  ? ArrayLike | Spec
  : T extends Key
    ? Key | Spec
    : Lift<T> extends T
      ? T | { [K in keyof T]: SpecOf<T[K]> }
      : { [K in keyof T]: SpecOf<T[K]> };

/** Is it a shape and dtype in the place of an array? */
export const isSpec = (x: unknown): x is Spec & { readonly weakType?: boolean } =>
  x instanceof ShapeDtypeStruct ||
  (typeof x === "object" &&
    x !== null &&
    !(x instanceof NDArray) &&
    Array.isArray((x as { shape?: unknown }).shape) &&
    typeof (x as { dtype?: unknown }).dtype === "string");

/** Is it a shape that was given without its dtype? */
const lacksDType = (x: unknown): x is { readonly shape: Shape } =>
  typeof x === "object" &&
  x !== null &&
  Object.keys(x).join() === "shape" &&
  Array.isArray((x as { shape: unknown }).shape);

/** What stands for an array among arguments: a shape and dtype, or a wrong one, told of later. */
export const isSpecLeaf = (x: unknown): boolean => isSpec(x) || lacksDType(x);

/** Avals and structure of arguments that may be shapes and dtypes. @throws E_ARGUMENT, E_DTYPE, E_SHAPE for wrong ones */
export function specArgs(
  name: string,
  args: readonly unknown[],
): { readonly avals: ShapedArray[]; readonly treedef: TreeDef } {
  if (!Array.isArray(args))
    throw fail("E_ARGUMENT", `${name}: the arguments are ${describe(args)}, expected a list`, {
      hint: "give one entry for each argument: [x], [params, x, y]",
    });
  const { leaves, treedef } = flatten(args, name, { isLeaf: isSpecLeaf });
  return { treedef, avals: leaves.map((x) => specAval(name, x)) };
}
/** The aval of an argument that may be a shape and dtype. */
export function specAval(name: string, x: unknown): ShapedArray {
  if (lacksDType(x))
    throw fail("E_DTYPE", `${name}: a shape [${x.shape.join(",")}] without a dtype`, {
      hint: `write { shape: [${x.shape.join(",")}], dtype: "float32" }`,
    });
  return isSpec(x) ? avalOf(name, x) : argumentAval(name, x);
}
/** The aval of an argument: a JavaScript number has the dtype `number` (docs: scalars). */
export const argumentAval = (name: string, x: unknown): ShapedArray =>
  typeof x === "number" ? NUMBER : leafOf(name, x).aval;
const NUMBER: ShapedArray = shaped([], "number", true);

function avalOf(
  name: string,
  { shape, dtype, weakType }: Spec & { readonly weakType?: boolean },
): ShapedArray {
  if (!Object.hasOwn(DTYPES, dtype))
    throw fail("E_DTYPE", `${name}: "${dtype}" is no dtype`, nearDType(dtype));
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw fail("E_SHAPE", `${name}: [${shape.join(",")}] is no shape`, {
      ...(shape.some((d) => typeof d === "string")
        ? {
            hint: "shapes are fixed, there are no symbolic sizes: give a number for each axis",
          }
        : {}),
    });
  return shaped(shape, dtype, weakType ?? false);
}

/**
 * Shapes and dtypes of the result of `fun`, which isn't run. Arguments are arrays, or shapes and dtypes in their place.
 * Source: jax.eval_shape.
 * @example evalShape((x) => x.matmul(x), { shape: [3, 3], dtype: "float32" }).shape  // [3, 3]
 */
export function evalShape<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...args: Specs<A>
): MapTree<R, ShapeDtypeStruct> {
  const name = labelOf("evalShape", fun);
  const p = specArgs(name, args);
  const { fn, out } = flatFunction(name, fun, p.treedef);
  const { jaxpr } = stage(fn, p.avals, name);
  return unflatten(
    out(),
    jaxpr.outs.map(
      ({ aval }) => new ShapeDtypeStruct(aval.shape, aval.dtype as DType, { weakType: aval.weak }),
    ),
  ) as MapTree<R, ShapeDtypeStruct>;
}

/** A jaxpr, and the arrays that the function captured: its leading inputs. */
export interface ClosedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  /** Inputs, captured arrays left out. */
  readonly inAvals: readonly ShapedArray[];
  readonly outAvals: readonly ShapedArray[];
  toString(): string;
}

/** The jaxpr of `fun` for these arguments, or shapes and dtypes. Source: jax.make_jaxpr. */
export function makeJaxpr<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
): (...args: Specs<A>) => ClosedJaxpr {
  const name = labelOf("makeJaxpr", fun);
  checkCount(name, 1, arguments.length);
  return (...args) => {
    const p = specArgs(name, args);
    const { fn } = flatFunction(name, fun, p.treedef);
    const { jaxpr, consts } = stage(fn, p.avals, name);
    const closed: ClosedJaxpr = {
      jaxpr,
      consts,
      inAvals: p.avals,
      outAvals: jaxpr.outs.map((o) => o.aval),
      toString: () => printJaxpr(jaxpr),
    };
    return Object.freeze(shownAsText(closed));
  };
}
