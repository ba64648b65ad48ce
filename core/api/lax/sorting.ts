// lax: sorting, and the largest elements.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import * as s from "../../primitives/sort.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";

interface SortOwn {
  /** The axis to sort along (default −1). */
  readonly dimension: number;
  /** Equal elements keep their order (default true). */
  readonly isStable: boolean;
  /** How many of the arrays are compared, the first first (default 1). */
  readonly numKeys: number;
}

/** Elements in ascending order along an axis, NaN last; several arrays are sorted together by the first. Source: jax.lax.sort. */
export function sort(operand: ArrayLike, options?: Options<never, SortOwn>): NDArray;
export function sort(operand: readonly ArrayLike[], options?: Options<never, SortOwn>): NDArray[];
export function sort(
  operand: ArrayLike | readonly ArrayLike[],
  options: Options<never, SortOwn> = {},
): NDArray | NDArray[] {
  checkOptions("lax.sort", options, ["dimension", "isStable", "numKeys"]);
  const list = Array.isArray(operand) ? (operand as readonly ArrayLike[]) : [operand as ArrayLike];
  const { dimension = -1, isStable = true, numKeys = 1 } = options;
  if (list.length === 0) throw fail("E_ARGUMENT", "lax.sort: needs at least one array");
  if (!Number.isInteger(numKeys) || numKeys < 1 || numKeys > list.length)
    throw fail("E_ARGUMENT", `lax.sort: numKeys is ${String(numKeys)}, expected 1 to ${list.length}`);
  const sorted = s.sortMany(list, { dimension, isStable: Boolean(isStable), numKeys });
  return Array.isArray(operand) ? [...sorted] : (sorted[0] as NDArray);
}
/** Keys sorted, values carried along. Source: jax.lax.sort_key_val. */
export function sortKeyVal(
  keys: ArrayLike,
  values: ArrayLike,
  options: Options<never, Omit<SortOwn, "numKeys">> = {},
): [keys: NDArray, values: NDArray] {
  checkOptions("lax.sortKeyVal", options, ["dimension", "isStable"]);
  return sort([keys, values], options) as [NDArray, NDArray];
}
/** The k largest along an axis (default −1), descending, and their int32 places. Source: jax.lax.top_k. */
export function topK(
  operand: ArrayLike,
  k: number,
  options: Options<never, { axis: number }> = {},
): [values: NDArray, indices: NDArray] {
  checkOptions("lax.topK", options, ["axis"]);
  const x = toArray("lax.topK", operand, "operand");
  const last = x.ndim - 1;
  const axis = canonicalAxis("lax.topK", options.axis ?? -1, x.ndim);
  if (axis === last) return [...s.topK(x, k)] as [NDArray, NDArray];
  const { lax } = context();
  const [values, indices] = s.topK(lax.moveAxis(x, axis, last), k);
  return [lax.moveAxis(values, last, axis), lax.moveAxis(indices, last, axis)];
}
