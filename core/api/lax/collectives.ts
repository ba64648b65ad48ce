// lax: communication along named axes, of trees of arrays. Axes are named by vmap's axisName.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten } from "../../ir/tree.ts";
import * as c from "../../primitives/collectives.ts";
import { checkList } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { finish, leafOf } from "../transforms/flat.ts";

/** A named axis, or several. */
export type AxisName = string | readonly string[];
function namesOf(axisName: AxisName): readonly string[] {
  const names: unknown = typeof axisName === "string" ? [axisName] : axisName;
  checkList("lax", "axisName", names);
  return names as readonly string[];
}

function eachLeaf<T>(name: string, x: T, f: (leaf: NDArray) => NDArray): T {
  const { leaves, treedef } = flatten(x, name);
  return finish(
    treedef,
    leaves.map((leaf) => f(leafOf(name, leaf))),
  ) as T;
}
const overNames = (axisName: AxisName, x: NDArray, f: (x: NDArray, name: string) => NDArray): NDArray =>
  namesOf(axisName).reduce((y, name) => f(y, name), x);

/** Sum over a named axis, the same for all of it; booleans count. Source: jax.lax.psum. */
export const psum = <T>(x: T, axisName: AxisName): T =>
  eachLeaf("lax.psum", x, (leaf) => {
    const number = isBool(leaf.dtype) ? context().lax.convertElementType(leaf, "int32") : leaf;
    return overNames(axisName, number, c.psum);
  });
/** Mean over a named axis. Source: jax.lax.pmean. */
export const pmean = <T>(x: T, axisName: AxisName): T =>
  eachLeaf("lax.pmean", x, (leaf) => overNames(axisName, leaf, c.pmean));
/** Maximum over a named axis. Source: jax.lax.pmax. */
export const pmax = <T>(x: T, axisName: AxisName): T =>
  eachLeaf("lax.pmax", x, (leaf) => overNames(axisName, leaf, c.pmax));
/** Minimum over a named axis. Source: jax.lax.pmin. */
export const pmin = <T>(x: T, axisName: AxisName): T =>
  eachLeaf("lax.pmin", x, (leaf) => overNames(axisName, leaf, c.pmin));

/** This element's place along a named axis, int32. Source: jax.lax.axis_index. */
export const axisIndex = (axisName: string): NDArray => c.axisIndex(axisName);
/** The size of a named axis. Source: jax.lax.axis_size. */
export const axisSize = (axisName: AxisName): number =>
  namesOf(axisName).reduce((n, name) => n * c.axisSizeOf("lax.axisSize", name), 1);

/** The values of a whole named axis, stacked at `axis` (joined there, if `tiled`). Source: jax.lax.all_gather. */
export function allGather<T>(
  x: T,
  axisName: string,
  options: Options<never, { axis: number; tiled: boolean }> = {},
): T {
  checkOptions("lax.allGather", options, ["axis", "tiled"]);
  const settings = { axis: options.axis ?? 0, tiled: options.tiled ?? false };
  return eachLeaf("lax.allGather", x, (leaf) => c.allGather(leaf, axisName, settings));
}
/**
 * Distributes `splitAxis` over a named axis and gathers the named axis at `concatAxis`. Untiled, the split axis has
 * the size of the named one and goes away; tiled, it is cut and the pieces are joined. Source: jax.lax.all_to_all.
 */
export function allToAll<T>(
  x: T,
  axisName: string,
  splitAxis: number,
  concatAxis: number,
  options: Options<never, { tiled: boolean }> = {},
): T {
  checkOptions("lax.allToAll", options, ["tiled"]);
  return eachLeaf("lax.allToAll", x, (leaf) => {
    if (options.tiled !== true) return c.allToAll(leaf, axisName, splitAxis, concatAxis);
    return tiledAllToAll(leaf, axisName, splitAxis, concatAxis);
  });
}
function tiledAllToAll(x: NDArray, axisName: string, splitAxis: number, concatAxis: number): NDArray {
  const { lax } = context();
  const n = c.axisSizeOf("lax.allToAll", axisName);
  const split = canonicalAxis("lax.allToAll", splitAxis, x.ndim);
  const concat = canonicalAxis("lax.allToAll", concatAxis, x.ndim);
  const size = x.shape[split] as number;
  if (size % n !== 0)
    throw fail("E_SHAPE", `lax.allToAll: axis ${split} of ${x.aval} isn't a multiple of "${axisName}", ${n}`);
  const cut = lax.reshape(x, [...x.shape.slice(0, split), n, size / n, ...x.shape.slice(split + 1)]);
  // The received axis goes before the pieces' concat axis, then both become one.
  const out = c.allToAll(cut, axisName, split, concat);
  const { shape } = out;
  return lax.reshape(out, [
    ...shape.slice(0, concat),
    (shape[concat] as number) * (shape[concat + 1] as number),
    ...shape.slice(concat + 2),
  ]);
}
/** Sends values by (source, target) pairs; places without a source get zeros. Source: jax.lax.ppermute. */
export const ppermute = <T>(
  x: T,
  axisName: string,
  perm: readonly (readonly [source: number, target: number])[],
): T => eachLeaf("lax.ppermute", x, (leaf) => c.ppermute(leaf, axisName, perm));
/** Values permuted along a named axis: place i gets that of `perm[i]`. Source: jax.lax.pshuffle. */
export function pshuffle<T>(x: T, axisName: string, perm: readonly number[]): T {
  checkList("lax.pshuffle", "perm", perm);
  return ppermute(
    x,
    axisName,
    perm.map((source, target) => [source, target] as const),
  );
}
/** `psum` of which each place keeps its part of an axis. Source: jax.lax.psum_scatter. */
export function psumScatter<T>(
  x: T,
  axisName: string,
  options: Options<never, { scatterDimension: number; tiled: boolean }> = {},
): T {
  checkOptions("lax.psumScatter", options, ["scatterDimension", "tiled"]);
  const { lax } = context();
  const n = c.axisSizeOf("lax.psumScatter", axisName);
  return eachLeaf("lax.psumScatter", x, (leaf) => {
    const axis = canonicalAxis("lax.psumScatter", options.scatterDimension ?? 0, leaf.ndim);
    const size = leaf.shape[axis] as number;
    if (options.tiled === true ? size % n !== 0 : size !== n)
      throw fail("E_SHAPE", `lax.psumScatter: axis ${axis} of ${leaf.aval} doesn't fit "${axisName}", ${n}`);
    const each = size / n;
    const sum = c.psum(leaf, axisName);
    const start = lax.mul(c.axisIndex(axisName), each);
    const part = lax.dynamicSliceInDim(sum, start, each, axis);
    return options.tiled === true ? part : lax.squeeze(part, [axis]);
  });
}
