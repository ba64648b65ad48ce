// lax: reductions of axes and windows, and updates of elements, by a function of scalars that is traced once.
import { fail } from "../../errors.ts";
import { shaped, type Shape, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isComplex } from "../../ir/dtype.ts";
import { isVar } from "../../ir/jaxpr.ts";
import { LITERAL, Literal, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { flatten, listOf, printTree, type TreeDef } from "../../ir/tree.ts";
import { max, min } from "../../primitives/arithmetic.ts";
import { checkPadding, padtypeToPads } from "../../primitives/conv.ts";
import { checkSizes, literal, toArray } from "../../primitives/operand.ts";
import * as r from "../../primitives/reduce.ts";
import { isScalarFunction, reduce_p, reduce_window_p } from "../../primitives/region-reduce.ts";
import { scatterApply as applyAt } from "../../primitives/scatter.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import * as w from "../../primitives/window.ts";
import { isConcrete, itemOf } from "../../runtime/array.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage, type Staged } from "../../transforms/stage.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { finish, labelOf, leafOf } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Lift, MapTree } from "../types.ts";
import type { Padding } from "./contractions.ts";
import type { ScatterDimensionNumbers, ScatterOptions } from "./gather.ts";
import { avalsOf, stageTree } from "./staged.ts";

/** A function of two scalars, or of two trees of them; associative. */
export type Computation<T = NDArray> = (a: T, b: T) => T;

// --- functions of scalars ----------------------------------------------------------------------------------------------

/** A function traced for scalars; scalars that it captured stand in it as literals where their values can be read. */
function scalarFunction(name: string, f: AnyFn, def: TreeDef, avals: readonly ShapedArray[]): Staged {
  const staged = stageTree(name, f, def, avals);
  const [result] = def.children;
  if (staged.outDef !== result)
    throw fail(
      "E_TREE_MISMATCH",
      `${name}: the function returns ${printTree(staged.outDef)}, expected ${printTree(result as TreeDef)} as the operands`,
    );
  if (staged.jaxpr.effects.length > 0)
    throw fail("E_ARGUMENT", `${name}: the function has effects, and how often it runs isn't defined`);
  const read = staged.consts.map((x) =>
    x.ndim === 0 && isConcrete(x) && x.home.capabilities.readSync && !isComplex(x.dtype)
      ? new Literal(itemOf(x, x.dtype) as number, x.dtype, x.weakType)
      : null,
  );
  if (!read.some((x) => x !== null)) return staged;
  const open = staged.consts.filter((_, i) => read[i] === null);
  const { jaxpr } = stage(
    (xs) => {
      let k = 0;
      const consts = read.map((x) => x ?? (xs[k++] as NDArray));
      return evalJaxpr(staged.jaxpr, [...consts, ...xs.slice(open.length)]);
    },
    [...avalsOf(open), ...avals],
    name,
  );
  return { jaxpr, consts: open };
}

type Monoid = "add" | "mul" | "max" | "min" | "bitwiseAnd" | "bitwiseOr" | "bitwiseXor";
const WIRE: { readonly [M in Monoid]: Parameters<typeof r.identityOfMonoid>[0] } = {
  add: "add",
  mul: "multiply",
  max: "maximum",
  min: "minimum",
  bitwiseAnd: "and",
  bitwiseOr: "or",
  bitwiseXor: "xor",
};
/**
 * The monoid that a function of two scalars and its start value are: one operation of its arguments, and its neutral
 * element. Maximum and minimum must be lax's own: only these share derivatives among ties. null for anything else.
 */
function monoidOf(computation: unknown, { jaxpr }: Staged, init: NDArray): Monoid | null {
  const [eqn] = jaxpr.eqns;
  const [out] = jaxpr.outs;
  if (jaxpr.eqns.length !== 1 || eqn === undefined || out !== eqn.outVars[0] || !(eqn.primitive.name in WIRE))
    return null;
  const name = eqn.primitive.name as Monoid;
  const isOwn = name === "max" ? computation === max : name !== "min" || computation === min;
  const isOfBoth = new Set(eqn.inputs.filter(isVar)).size === 2;
  return isOwn && isOfBoth && isNeutral(name, init) ? name : null;
}
const isNeutral = (monoid: Monoid, init: NDArray): boolean => {
  const isKnown = init.kind === LITERAL || (isConcrete(init) && init.home.capabilities.readSync);
  if (!isKnown || isComplex(init.dtype)) return false;
  const value = init.kind === LITERAL ? (init as Literal).value : itemOf(init, init.dtype);
  return Number(value) === Number(r.identityOfMonoid(WIRE[monoid], init.dtype));
};

/** Arrays, their start values, and the function over them. */
interface Fold {
  readonly xs: readonly NDArray[];
  readonly inits: readonly NDArray[];
  readonly treedef: TreeDef;
  readonly body: Staged;
}
function foldOf(api: string, operands: unknown, initValues: unknown, computation: AnyFn): Fold {
  const name = labelOf(api, computation);
  const { leaves, treedef } = flatten(operands, api);
  const inits = flatten(initValues, `${api}: initValues`);
  if (treedef !== inits.treedef)
    throw fail(
      "E_TREE_MISMATCH",
      `${api}: operands ${printTree(treedef)} and start values ${printTree(inits.treedef)} differ in structure`,
    );
  if (leaves.length === 0) throw fail("E_ARGUMENT", `${api}: needs at least one array`);
  const xs = leaves.map((x) => leafOf(api, x));
  const scalars = xs.map((x) => shaped([], x.dtype));
  return {
    xs,
    inits: inits.leaves.map((v, i) => startOf(api, xs[i] as NDArray, v as ArrayLike)),
    treedef,
    body: scalarFunction(name, computation, listOf([treedef, treedef]), [...scalars, ...scalars]),
  };
}
function startOf(name: string, x: NDArray, value: ArrayLike): NDArray {
  const v = typeof value === "object" ? toArray(name, value, "value") : literal(value, x.dtype);
  if (v.ndim !== 0 || v.dtype !== x.dtype)
    throw fail("E_DTYPE_MISMATCH", `${name}: the start value is ${v.aval}, expected a scalar of ${x.dtype}`);
  return v;
}

// --- axes --------------------------------------------------------------------------------------------------------------

const REDUCERS: Readonly<Record<Monoid, (x: NDArray, axes: Shape) => NDArray>> = {
  add: r.reduceSum,
  mul: r.reduceProd,
  max: r.reduceMax,
  min: r.reduceMin,
  bitwiseAnd: r.reduceAnd,
  bitwiseOr: r.reduceOr,
  bitwiseXor: r.reduceXor,
};

/**
 * Axes reduced by an associative computation, starting from `initValues`, its neutral element; several arrays together,
 * as a tree, by a computation of two trees.
 *
 * Can be differentiated in both modes. Source: jax.lax.reduce.
 * @example lax.reduce(np.array([1, 2, 4]), 1, (a, b) => a.mul(b), [0])  // 8
 */
export function reduce(
  operands: ArrayLike,
  initValues: ArrayLike,
  computation: Computation,
  dimensions: Shape,
): NDArray;
export function reduce<T>(
  operands: T,
  initValues: Lift<T>,
  computation: Computation<MapTree<T, NDArray>>,
  dimensions: Shape,
): MapTree<T, NDArray>;
export function reduce(
  operands: unknown,
  initValues: unknown,
  computation: AnyFn,
  dimensions: Shape,
): unknown {
  const { xs, inits, treedef, body } = foldOf("lax.reduce", operands, initValues, computation);
  const [x, init] = [xs[0] as NDArray, inits[0] as NDArray];
  checkSizes("lax.reduce", "dimensions", dimensions);
  const axes = dimensions.map((d) => canonicalAxis("lax.reduce", d, x.ndim));
  const monoid = xs.length === 1 ? monoidOf(computation, body, init) : null;
  if (monoid !== null) {
    const out = REDUCERS[monoid](x, axes);
    const weakType = x.weakType && init.weakType;
    const as = (y: NDArray): NDArray => context().lax.convertElementType(y, y.dtype, { weakType });
    return finish(treedef, [out.weakType === weakType ? out : as(out)]);
  }
  const outs = bind(reduce_p, [...body.consts, ...xs, ...inits], {
    jaxpr: body.jaxpr,
    numConsts: body.consts.length,
    axes,
  });
  return finish(treedef, outs);
}

// --- windows -----------------------------------------------------------------------------------------------------------

const WINDOWS: { readonly [M in Monoid]?: w.ReduceWindowFn } = {
  add: w.reduceWindowSum,
  max: w.reduceWindowMax,
  min: w.reduceWindowMin,
};
type WindowOptions = Options<never, { baseDilation: Shape | null; windowDilation: Shape | null }>;

/**
 * Sliding windows reduced by an associative computation; padding counts as `initValue`, its neutral element. Several
 * arrays are reduced together, as a tree, by a computation of two trees.
 *
 * Can be differentiated in both modes. Source: jax.lax.reduce_window.
 * @example lax.reduceWindow(np.array([1, 2, 3]), 0, lax.add, [2])  // [3, 5]
 */
export function reduceWindow(
  operand: ArrayLike,
  initValue: ArrayLike,
  computation: Computation,
  windowDimensions: Shape,
  windowStrides?: Shape | null,
  padding?: Padding,
  options?: WindowOptions,
): NDArray;
export function reduceWindow<T>(
  operand: T,
  initValue: Lift<T>,
  computation: Computation<MapTree<T, NDArray>>,
  windowDimensions: Shape,
  windowStrides?: Shape | null,
  padding?: Padding,
  options?: WindowOptions,
): MapTree<T, NDArray>;
export function reduceWindow(
  operand: unknown,
  initValue: unknown,
  computation: AnyFn,
  windowDimensions: Shape,
  windowStrides?: Shape | null,
  padding: Padding = "VALID",
  options: WindowOptions = {},
): unknown {
  checkOptions("lax.reduceWindow", options, ["baseDilation", "windowDilation"]);
  const { xs, inits, treedef, body } = foldOf("lax.reduceWindow", operand, initValue, computation);
  const [x, init] = [xs[0] as NDArray, inits[0] as NDArray];
  const settings = windowOf("lax.reduceWindow", x, windowDimensions, windowStrides, padding, options);
  const monoid = xs.length === 1 && x.dtype !== "bool" ? monoidOf(computation, body, init) : null;
  const named = monoid === null ? undefined : WINDOWS[monoid];
  if (named !== undefined) {
    const { padding: pads, baseDilation, windowDilation, windowStrides: strides } = settings;
    return finish(treedef, [named(x, windowDimensions, strides, pads, { baseDilation, windowDilation })]);
  }
  const outs = bind(reduce_window_p, [...body.consts, ...xs, ...inits], {
    ...settings,
    jaxpr: body.jaxpr,
    numConsts: body.consts.length,
  });
  return finish(treedef, outs);
}

/** The settings of a window with defaults, padding in numbers. @throws E_SHAPE unless there is one per axis */
function windowOf(
  name: string,
  { shape }: { readonly shape: Shape },
  windowDimensions: Shape,
  windowStrides: Shape | null | undefined,
  padding: Padding,
  options: WindowOptions,
): w.WindowParams {
  const ones = shape.map(() => 1);
  const windowDilation = options.windowDilation ?? ones;
  const lists = {
    windowDimensions,
    windowStrides: windowStrides ?? ones,
    baseDilation: options.baseDilation ?? ones,
    windowDilation,
  };
  for (const [what, list] of Object.entries(lists)) {
    checkSizes(name, what, list);
    if (list.length !== shape.length)
      throw fail(
        "E_SHAPE",
        `${name}: ${what} has ${list.length} entries, expected ${shape.length}, one per axis`,
      );
  }
  checkPadding(name, padding);
  const extents = windowDimensions.map((n, i) => (n - 1) * (windowDilation[i] as number) + 1);
  const pads =
    typeof padding === "string"
      ? padtypeToPads(shape, extents, lists.windowStrides, padding.toUpperCase())
      : padding;
  return { ...lists, padding: pads.map(([low, high]) => [low, high] as const) };
}

/**
 * The shape that reduceWindow gives for an operand of `operandShape`.
 * Source: jax.lax.reduce_window_shape_tuple.
 */
export function reduceWindowShapeTuple(
  operandShape: Shape,
  windowDimensions: Shape,
  windowStrides: Shape,
  padding: Padding,
  options: WindowOptions = {},
): number[] {
  checkOptions("lax.reduceWindowShapeTuple", options, ["baseDilation", "windowDilation"]);
  const name = "lax.reduceWindowShapeTuple";
  checkSizes(name, "operandShape", operandShape);
  const settings = windowOf(name, { shape: operandShape }, windowDimensions, windowStrides, padding, options);
  return w.windowedShape("reduceWindowShapeTuple", shaped(operandShape, "float32"), settings);
}

// --- elements at indices -----------------------------------------------------------------------------------------------

/**
 * A copy with `func` applied to the elements at the indices, as often as they occur. Has no derivative, as in JAX:
 * `x.at(…).apply(f)` does.
 * Source: jax.lax.scatter_apply.
 */
export function scatterApply(
  operand: ArrayLike,
  scatterIndices: ArrayLike,
  func: (x: NDArray) => ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions & Options<never, { updateShape: Shape }> = {},
): NDArray {
  const { updateShape = [], ...rest } = options;
  checkOptions("lax.scatterApply", options, ["indicesAreSorted", "uniqueIndices", "mode", "updateShape"]);
  const x = toArray("lax.scatterApply", operand);
  const name = labelOf("lax.scatterApply", func);
  const def = flatten([x], name).treedef;
  const { jaxpr, consts } = scalarFunction(name, func, def, [shaped([], x.dtype)]);
  if (consts.length > 0 || !isScalarFunction(jaxpr))
    throw fail("E_ARGUMENT", `${name}: the function needs more than operations on one element`, {
      hint: "x.at(…).apply(f) takes any function",
    });
  const out = jaxpr.outs[0] as { aval: ShapedArray };
  if (out.aval.dtype !== x.dtype || out.aval.shape.length !== 0)
    throw fail(
      "E_DTYPE_MISMATCH",
      `${name}: the function returns ${out.aval}, expected a scalar of ${x.dtype}`,
    );
  checkSizes("lax.scatterApply", "updateShape", updateShape);
  return applyAt(
    x,
    scatterIndices,
    jaxpr,
    dimensionNumbers,
    context().lax.full(updateShape, 0, x.dtype),
    rest,
  );
}
