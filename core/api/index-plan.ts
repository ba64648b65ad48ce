// The index lists of x.get(…) and x.at(…), read once: what is asked of each axis, and where it stands in the result.
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import { isBool, isInteger } from "../ir/dtype.ts";
import { isForeignArray, NDArray, TRACER, type Index, type Slice } from "../ir/ndarray.ts";
import { range } from "../primitives/dims.ts";
import type { Lax } from "../primitives/lax.ts";
import { describe, refuseOperand } from "../primitives/operand.ts";
import { valuesOf } from "../runtime/array.ts";
import { fromIntegers } from "./arrays.ts";
import { isSliceLike, parseSlice, resolveSlice } from "./slices.ts";

const L = (): Lax => context().lax;

type Item =
  | { readonly kind: "slice"; readonly slice: Slice }
  | { readonly kind: "new" }
  | { readonly kind: "dots" }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "at"; readonly position: number | NDArray };

const ALL: Item = { kind: "slice", slice: { start: null, stop: null, step: null } };
/** How many axes an index speaks of. */
const axesOf = (i: Index): number =>
  i === null || i === "..." || typeof i === "boolean"
    ? 0
    : i instanceof NDArray && isBool(i.dtype)
      ? i.ndim
      : 1;

/** Items of an index list; masks become position arrays. */
function itemsOf(x: NDArray, index: readonly Index[]): Item[] {
  const spent = index.reduce<number>((n, i) => n + axesOf(i), 0);
  if (spent > x.ndim) throw fail("E_INDEX", `x.get: ${spent} indices for ${x.aval}`);
  if (index.filter((i) => i === "...").length > 1) throw fail("E_INDEX", 'x.get: more than one "..."');
  let axis = 0;
  return index.flatMap((i): Item[] => {
    const at = axis;
    axis += i === "..." ? x.ndim - spent : axesOf(i);
    if (i === null) return [{ kind: "new" }];
    if (i === "...") return [{ kind: "dots" }];
    if (typeof i === "boolean") return [{ kind: "flag", value: i }];
    if (typeof i === "string") return [{ kind: "slice", slice: parseSlice(i) }];
    if (typeof i === "number" || typeof i === "bigint") {
      if (!Number.isInteger(Number(i))) throw fail("E_INDEX", `x.get: ${i} is no position`);
      return [{ kind: "at", position: Number(i) }];
    }
    if (isSliceLike(i)) return [{ kind: "slice", slice: i }];
    const array = asIndex(i);
    if (!isBool(array.dtype)) return [{ kind: "at", position: integers(array) }];
    if (array.ndim === 0) return [{ kind: "flag", value: flagOf(array) }];
    return maskPositions(x, array, at).map((position) => ({ kind: "at", position }));
  });
}
function integers(array: NDArray): NDArray {
  if (isInteger(array.dtype)) return array;
  throw fail("E_INDEX", `x.get: an index ${array.aval} is neither integer nor bool`, {
    hint: 'convert it: i.astype("int32")',
  });
}
function asIndex(i: Index): NDArray {
  if (i instanceof NDArray) return i;
  if (ArrayBuffer.isView(i)) return context().methods.asArray(i);
  if (isForeignArray(i)) throw refuseOperand("x.get", i, "an index");
  if (!Array.isArray(i)) throw fail("E_INDEX", `x.get: ${describe(i)} can't index`);
  const list = i as readonly (number | bigint | boolean)[];
  if (list.some((v) => typeof v === "boolean"))
    return L().convertElementType(context().methods.asArray(Uint8Array.from(list, Number)), "bool");
  if (list.some((v) => !Number.isInteger(Number(v))))
    throw fail("E_INDEX", `x.get: the list [${String(list)}] isn't one of positions`);
  return fromIntegers(list.map(Number));
}
const flagOf = (mask: NDArray): boolean => {
  if (mask.kind === TRACER) throw fail("E_INDEX_TRACED_MASK", `x.get: a traced mask ${mask.aval}`);
  return valuesOf(mask, "x.get(mask)")[0] !== 0;
};
/** Where a mask is true, one position array per axis of it. @throws E_INDEX_TRACED_MASK while tracing */
function maskPositions(x: NDArray, mask: NDArray, from: number): NDArray[] {
  mask.shape.forEach((n, i) => {
    if (n !== 0 && n !== x.shape[from + i])
      throw fail("E_INDEX", `x.get: a mask ${mask.aval} doesn't fit axis ${from + i} of ${x.aval}`);
  });
  if (mask.kind === TRACER) throw fail("E_INDEX_TRACED_MASK", `x.get: a traced mask ${mask.aval}`);
  const hits = [...valuesOf(mask, "x.get(mask)")].flatMap((v, i) => (v ? [i] : []));
  return mask.shape.map((n, d) => {
    const step = mask.shape.slice(d + 1).reduce((p, q) => p * q, 1);
    return fromIntegers(hits.map((h) => Math.floor(h / step) % n));
  });
}

/** What an index says of one axis. */
export type AxisPlan =
  | { readonly kind: "slice"; readonly start: number; readonly size: number; readonly step: number }
  | { readonly kind: "at"; readonly position: number | NDArray };
/** One result axis: the broadcast position arrays, an axis of x, or a new one. */
export type Entry =
  { readonly of: "arrays" } | { readonly of: "axis"; readonly axis: number } | { readonly of: "new" };
/** An index list, axis by axis. */
export interface IndexPlan {
  /** x, with an axis of size 1 for each single bool in the list. */
  readonly x: NDArray;
  /** Places of those axes. */
  readonly flags: readonly number[];
  /** Per axis of x. */
  readonly axes: readonly AxisPlan[];
  readonly layout: readonly Entry[];
  /** Is there an array of positions (else it's a window)? */
  readonly arrays: boolean;
}
const isAdvanced = (i: Item): boolean =>
  i.kind === "flag" || (i.kind === "at" && i.position instanceof NDArray && i.position.ndim > 0);
/** Reads an index list. @throws E_INDEX */
export function planOf(given: NDArray, index: readonly Index[]): IndexPlan {
  const items = itemsOf(given, index);
  const used = items.filter((i) => i.kind === "slice" || i.kind === "at").length;
  const fill = range(given.ndim - used).map(() => ALL);
  const full = items.some((i) => i.kind === "dots")
    ? items.flatMap((i) => (i.kind === "dots" ? fill : [i]))
    : [...items, ...fill];
  // Position arrays (and scalars beside them) with something between them put their axes first (NumPy).
  const places = items.flatMap((i, place) => (i.kind === "at" ? [place] : []));
  const together = places.every((p, i) => i === 0 || p === (places[i - 1] as number) + 1);
  const arrays = full.some(isAdvanced);
  const flags: number[] = [];
  const axes: AxisPlan[] = [];
  const layout: Entry[] = arrays && !together ? [{ of: "arrays" }] : [];
  const sizes = [...given.shape];
  for (const item of full) {
    if (item.kind === "new") layout.push({ of: "new" });
    else if (item.kind === "slice") {
      layout.push({ of: "axis", axis: axes.length });
      axes.push({ kind: "slice", ...resolveSlice(item.slice, sizes[axes.length] as number) });
    } else {
      if (arrays && !layout.some((e) => e.of === "arrays")) layout.push({ of: "arrays" });
      if (item.kind === "flag") {
        flags.push(axes.length);
        sizes.splice(axes.length, 0, 1);
        axes.push({ kind: "at", position: fromIntegers(item.value ? [0] : []) });
      } else if (item.kind === "at") axes.push(item);
    }
  }
  const x = flags.length === 0 ? given : L().reshape(given, sizes);
  return { x, flags, axes, layout, arrays };
}
