// lax: communication along named axes, of trees of arrays. Axes are named by vmap's axisName.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool, isInexact } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten } from "../../ir/tree.ts";
import * as c from "../../primitives/collectives.ts";
import { checkList, describe } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { finish, leafOf } from "../transforms/flat.ts";

/** A named axis, or several: together one axis, the first one the slowest. */
export type AxisName = string | readonly string[];
/** Named axes, and numbers of the array's own axes. */
export type ReducedAxes = string | readonly (string | number)[];
/** Options that JAX has and vmap's axes don't. */
interface Groups {
  /** Refused: the groups of an axis come with meshes. */
  readonly axisIndexGroups?: null | undefined;
}

function namesOf(name: string, axisName: unknown): readonly string[] {
  const names: unknown = typeof axisName === "string" ? [axisName] : axisName;
  checkList(name, "axisName", names);
  const wrong = (names as unknown[]).find((n) => typeof n !== "string");
  if (wrong !== undefined)
    throw fail("E_ARGUMENT", `${name}: axisName has ${describe(wrong)}, expected names of axes`);
  return names as readonly string[];
}
const sizeOf = (name: string, axisName: AxisName): number =>
  namesOf(name, axisName).reduce((n, a) => n * c.axisSizeOf(name, a), 1);

function checked(name: string, options: object, words: readonly string[]): void {
  checkOptions(name, options, [...words, "axisIndexGroups"]);
  if ((options as Groups).axisIndexGroups != null)
    throw fail("E_UNIMPLEMENTED", `${name}: axisIndexGroups isn't there for the axes of vmap`, {
      hint: "split the axis: reshape, and nest two vmaps with a name each",
    });
}
function eachLeaf<T>(name: string, x: T, f: (leaf: NDArray) => NDArray): T {
  const { leaves, treedef } = flatten(x, name);
  return finish(
    treedef,
    leaves.map((leaf) => f(leafOf(name, leaf))),
  ) as T;
}

// --- reductions --------------------------------------------------------------------------------------------------------

/** Over the array's own axes first, then over each name. */
function reduced<T>(
  name: string,
  x: T,
  axes: ReducedAxes,
  options: Groups,
  own: (x: NDArray, axes: readonly number[]) => NDArray,
  named: (x: NDArray, axisName: string) => NDArray,
): T {
  checked(name, options, []);
  const list = typeof axes === "string" ? [axes] : axes;
  checkList(name, "axisName", list);
  const numbers = list.filter((a) => typeof a === "number");
  const names = namesOf(
    name,
    list.filter((a) => typeof a !== "number"),
  );
  return eachLeaf(name, x, (leaf) => {
    const positional = numbers.map((a) => canonicalAxis(name, a, leaf.ndim));
    return names.reduce(named, positional.length === 0 ? leaf : own(leaf, positional));
  });
}

const counted = (x: NDArray): NDArray => (isBool(x.dtype) ? context().lax.convertElementType(x, "int32") : x);
/**
 * Sum over a named axis, the same for all of it; booleans count. A number among the names is an axis of the array.
 * Source: jax.lax.psum
 * @example vmap((x) => x.div(lax.psum(x, "i")), { axisName: "i" })(np.array([1, 3]))  // [0.25, 0.75]
 */
export const psum = <T>(x: T, axisName: ReducedAxes, options: Groups = {}): T =>
  reduced(
    "lax.psum",
    x,
    axisName,
    options,
    (leaf, axes) => context().lax.reduceSum(counted(leaf), axes),
    (leaf, name) => c.psum(counted(leaf), name),
  );
/** Mean over a named axis; of integers a float. Source: jax.lax.pmean. */
export function pmean<T>(x: T, axisName: ReducedAxes, options: Groups = {}): T {
  const { lax, config } = context();
  const float = config.enableX64 ? "float64" : "float32";
  const inexact = (v: NDArray): NDArray => (isInexact(v.dtype) ? v : lax.convertElementType(v, float));
  return reduced(
    "lax.pmean",
    x,
    axisName,
    options,
    (leaf, axes) => {
      const n = axes.reduce((p, a) => p * (leaf.shape[a] as number), 1);
      return lax.div(inexact(lax.reduceSum(counted(leaf), axes)), n);
    },
    (leaf, name) => lax.div(inexact(c.psum(counted(leaf), name)), c.axisSizeOf("lax.pmean", name)),
  );
}
/** Maximum over a named axis. Source: jax.lax.pmax. */
export const pmax = <T>(x: T, axisName: ReducedAxes, options: Groups = {}): T =>
  reduced("lax.pmax", x, axisName, options, (leaf, axes) => context().lax.reduceMax(leaf, axes), c.pmax);
/** Minimum over a named axis. Source: jax.lax.pmin. */
export const pmin = <T>(x: T, axisName: ReducedAxes, options: Groups = {}): T =>
  reduced("lax.pmin", x, axisName, options, (leaf, axes) => context().lax.reduceMin(leaf, axes), c.pmin);

// --- places ------------------------------------------------------------------------------------------------------------

/** This element's place along a named axis, int32; along several as one axis. Source: jax.lax.axis_index. */
export function axisIndex(axisName: AxisName): NDArray {
  const { lax } = context();
  const [first, ...rest] = namesOf("lax.axisIndex", axisName).map(
    (name) => [c.axisIndex(name), c.axisSizeOf("lax.axisIndex", name)] as const,
  );
  if (first === undefined) return lax.full([], 0, "int32");
  return rest.reduce((index, [i, n]) => lax.add(lax.mul(index, n), i), first[0]);
}
/** The size of a named axis, or of several together. Source: jax.lax.axis_size. */
export const axisSize = (axisName: AxisName): number => sizeOf("lax.axisSize", axisName);

// --- exchange ----------------------------------------------------------------------------------------------------------

/** The values of all places, stacked at an axis in front of the others. */
const gathered = (name: string, x: NDArray, axisName: AxisName): NDArray => {
  const names = namesOf(name, axisName);
  const all = [...names].reverse().reduce((y, n) => c.allGather(y, n), x);
  return names.length === 1 ? all : context().lax.reshape(all, [sizeOf(name, names), ...x.shape]);
};

/** The values of a whole named axis, stacked at `axis` (joined there, if `tiled`). Source: jax.lax.all_gather. */
export function allGather<T>(
  x: T,
  axisName: AxisName,
  options: Options<never, { axis: number; tiled: boolean }> & Groups = {},
): T {
  const name = "lax.allGather";
  checked(name, options, ["axis", "tiled"]);
  const { lax } = context();
  const { tiled = false } = options;
  return eachLeaf(name, x, (leaf) => {
    const axis = canonicalAxis(name, options.axis ?? 0, leaf.ndim + (tiled ? 0 : 1));
    const stacked = lax.moveAxis(gathered(name, leaf, axisName), 0, axis);
    if (!tiled) return stacked;
    const size = sizeOf(name, axisName);
    return lax.reshape(
      stacked,
      leaf.shape.map((n, i) => (i === axis ? n * size : n)),
    );
  });
}
/** `x` with axis `d` cut in two. */
const cut = (x: NDArray, d: number, sizes: readonly number[]): NDArray =>
  context().lax.reshape(x, [...x.shape.slice(0, d), ...sizes, ...x.shape.slice(d + 1)]);
/** `x` with axes d and d + 1 made one. */
const joined = (x: NDArray, d: number): NDArray =>
  context().lax.reshape(x, [
    ...x.shape.slice(0, d),
    (x.shape[d] as number) * (x.shape[d + 1] as number),
    ...x.shape.slice(d + 2),
  ]);

/** Untiled, over several names: the split axis is cut into one for each, and what arrives becomes one axis again. */
function exchange(x: NDArray, names: readonly string[], split: number, concat: number): NDArray {
  const [first, ...rest] = names as [string, ...string[]];
  if (rest.length === 0) return c.allToAll(x, first, split, concat);
  const n = c.axisSizeOf("lax.allToAll", first);
  const inner = exchange(cut(x, split, [n, (x.shape[split] as number) / n]), rest, split + 1, split + 1);
  const swapped = joined(c.allToAll(inner, first, split, split), split);
  return context().lax.moveAxis(swapped, split, concat);
}
/**
 * Distributes `splitAxis` over a named axis and gathers the named axis at `concatAxis`. Untiled, the split axis has
 * the size of the named one and goes away; tiled, it is cut and the pieces are joined. Source: jax.lax.all_to_all.
 */
export function allToAll<T>(
  x: T,
  axisName: AxisName,
  splitAxis: number,
  concatAxis: number,
  options: Options<never, { tiled: boolean }> & Groups = {},
): T {
  const name = "lax.allToAll";
  checked(name, options, ["tiled"]);
  const names = namesOf(name, axisName);
  const n = sizeOf(name, names);
  return eachLeaf(name, x, (leaf) => {
    const split = canonicalAxis(name, splitAxis, leaf.ndim);
    const concat = canonicalAxis(name, concatAxis, leaf.ndim);
    const size = leaf.shape[split] as number;
    if (options.tiled === true ? size % n !== 0 : size !== n)
      throw fail(
        "E_SHAPE",
        `${name}: axis ${split} of ${leaf.aval} must ${options.tiled === true ? "be a multiple of" : "have"} the size of "${names.join()}", ${n}`,
      );
    if (options.tiled !== true) return exchange(leaf, names, split, concat);
    // The received axis goes before the pieces' concat axis, then both become one.
    return joined(exchange(cut(leaf, split, [n, size / n]), names, split, concat), concat);
  });
}
/** Changes a named axis for one of the array's. Source: jax.lax.pswapaxes. */
export const pswapaxes = <T>(x: T, axisName: AxisName, axis: number, options: Groups = {}): T =>
  allToAll(x, axisName, axis, axis, options);

/** The value of place `source`, for all of a named axis. Source: jax.lax.pbroadcast. */
export function pbroadcast<T>(x: T, axisName: AxisName, source: number): T {
  const name = "lax.pbroadcast";
  const n = sizeOf(name, axisName);
  if (!Number.isInteger(source) || source < 0 || source >= n)
    throw fail("E_ARGUMENT", `${name}: source is ${source}, and "${String(axisName)}" has ${n} places`);
  const { lax } = context();
  return eachLeaf(name, x, (leaf) =>
    lax.squeeze(lax.sliceInDim(gathered(name, leaf, axisName), source, source + 1, 1, 0), [0]),
  );
}

/**
 * Sends values by (source, target) pairs; places without a source get zeros. Over several names, places count along all
 * of them. Source: jax.lax.ppermute
 */
export function ppermute<T>(
  x: T,
  axisName: AxisName,
  perm: readonly (readonly [source: number, target: number])[],
): T {
  const name = "lax.ppermute";
  checkList(name, "perm", perm);
  const [first, ...rest] = namesOf(name, axisName) as [string, ...string[]];
  if (rest.length === 0) return eachLeaf(name, x, (leaf) => c.ppermute(leaf, first, perm));
  const n = sizeOf(name, axisName);
  c.checkPermutation(perm, n);
  const { lax } = context();
  const sources = Array.from({ length: n }, (_, target) => perm.find(([, t]) => t === target)?.[0] ?? n);
  return eachLeaf(name, x, (leaf) => {
    const all = gathered(name, leaf, axisName);
    const padded = lax.concatenate([all, lax.zerosLike(lax.sliceInDim(all, 0, 1, 1, 0))], 0);
    const here = lax.dynamicIndexInDim(leafOf(name, Int32Array.from(sources)), axisIndex(axisName), 0, false);
    return lax.dynamicIndexInDim(padded, here, 0, false);
  });
}
/** Values permuted along a named axis: place i gets that of `perm[i]`. Source: jax.lax.pshuffle. */
export function pshuffle<T>(x: T, axisName: AxisName, perm: readonly number[]): T {
  checkList("lax.pshuffle", "perm", perm);
  const n = sizeOf("lax.pshuffle", axisName);
  if (perm.length !== n)
    throw fail(
      "E_ARGUMENT",
      `lax.pshuffle: perm is [${perm.join(", ")}], expected a permutation of the ${n} places of "${String(axisName)}"`,
    );
  return ppermute(
    x,
    axisName,
    perm.map((source, target) => [source, target] as const),
  );
}
/** `psum` of which each place keeps its part of an axis. Source: jax.lax.psum_scatter. */
export function psumScatter<T>(
  x: T,
  axisName: AxisName,
  options: Options<never, { scatterDimension: number; tiled: boolean }> & Groups = {},
): T {
  const name = "lax.psumScatter";
  checked(name, options, ["scatterDimension", "tiled"]);
  const { lax } = context();
  const n = sizeOf(name, axisName);
  return eachLeaf(name, x, (leaf) => {
    const axis = canonicalAxis(name, options.scatterDimension ?? 0, leaf.ndim);
    const size = leaf.shape[axis] as number;
    if (options.tiled === true ? size % n !== 0 : size !== n)
      throw fail("E_SHAPE", `${name}: axis ${axis} of ${leaf.aval} doesn't fit "${String(axisName)}", ${n}`);
    const each = size / n;
    const sum = namesOf(name, axisName).reduce((y, a) => c.psum(y, a), leaf);
    const part = lax.dynamicSliceInDim(sum, lax.mul(axisIndex(axisName), each), each, axis);
    return options.tiled === true ? part : lax.squeeze(part, [axis]);
  });
}
