// vmap: a function over a mapped axis, without a loop.
import { fail } from "../../errors.ts";
import { Literal, type NDArray } from "../../ir/ndarray.ts";
import type { BatchDim } from "../../ir/primitive.ts";
import { broadcastPrefix, pathsOf, printPath, type TreeDef } from "../../ir/tree.ts";
import { batchFlat, toAxis } from "../../transforms/batch.ts";
import { describe } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Args } from "../types.ts";
import { argumentPath, finish, flatFunction, leafOf, labelOf, rawArgs, transformed } from "./flat.ts";
import type { Annotate, AnyFn, ArrayFn, AxisTree, NumberFn } from "./types.ts";

/** Options of vmap. */
export interface VmapOptions<A extends readonly unknown[], R> {
  /** Mapped axis of each argument (default 0): one for all, or a list with a tree for each; null: not mapped. */
  readonly inAxes?: number | null | { readonly [I in keyof A]: AxisTree<A[I]> } | undefined;
  /** Where the mapped axis goes in the result (default 0): one for all, or a tree; null: the result isn't mapped. */
  readonly outAxes?: AxisTree<R> | undefined;
  /** A name for collectives: lax.psum(x, name). */
  readonly axisName?: string | undefined;
  /** Size of the axis, where no argument says it. */
  readonly axisSize?: number | undefined;
  /** Mesh axes that the mapped axis shall be spread over; without a mesh it changes nothing. */
  readonly spmdAxisName?: string | readonly string[] | undefined;
}
interface Settings {
  readonly inAxes?: unknown;
  readonly outAxes?: unknown;
  readonly axisName?: string | undefined;
  readonly axisSize?: number | undefined;
  readonly spmdAxisName?: string | readonly string[] | undefined;
}
const isAxis = (x: unknown): boolean => x === null || typeof x === "number";

/**
 * `fun` over a mapped axis of its arguments: what a loop over the axis gives, stacked, without the loop.
 * @throws E_VMAP naming the arguments whose sizes differ, or an axis out of range. Source: jax.vmap
 * @example vmap((x, y) => x.dot(y), { inAxes: [0, null] })(np.eye(2), np.array([1, 2]))  // [1, 2]
 */
export function vmap<F extends ArrayFn>(
  fun: F,
  options?: VmapOptions<Parameters<F>, ReturnType<F>>,
): (...args: Args<Parameters<F>>) => ReturnType<F>;
export function vmap(fun: NumberFn): Annotate;
export function vmap<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  options?: VmapOptions<A, R>,
): (...args: Args<A>) => R;
export function vmap(fun: AnyFn, options: Settings = {}): unknown {
  checkOptions("vmap", options, ["inAxes", "outAxes", "axisName", "axisSize", "spmdAxisName"]);
  const name = labelOf("vmap", fun);
  const { inAxes = 0, outAxes = 0, axisName = null } = options;
  const spmdAxisName = checkedNames(name, options);
  const mapped = (...args: unknown[]): unknown => {
    const { leaves: raw, treedef } = rawArgs(name, fun, args);
    const leaves = raw.map((x) => (typeof x === "number" ? new Literal(x, "number", true) : leafOf(name, x)));
    const bdims = mappedAxes(name, fun, inAxes, treedef, leaves);
    const size = mappedSize(name, fun, treedef, leaves, bdims, options.axisSize);
    const { fn, out } = flatFunction(name, fun, treedef);
    const r = batchFlat(fn, leaves, bdims, { size, axisName, spmdAxisName, label: name });
    return finish(out(), placeResults(name, size, outAxes, out(), r));
  };
  return transformed(mapped, fun, name);
}

/** The mesh axes, as a list. @throws E_ARGUMENT for a name that is none, or a size that is none */
function checkedNames(name: string, options: Settings): readonly string[] | null {
  const refuse = (word: string, value: unknown, expected: string): never => {
    throw fail("E_ARGUMENT", `${name}: ${word} is ${describe(value)}, expected ${expected}`);
  };
  const { axisName, axisSize, spmdAxisName } = options;
  if (axisName != null && typeof axisName !== "string") refuse("axisName", axisName, "a text");
  if (axisSize !== undefined && !(Number.isInteger(axisSize) && axisSize >= 0))
    refuse("axisSize", axisSize, "a count");
  if (spmdAxisName == null) return null;
  const list: readonly unknown[] = Array.isArray(spmdAxisName) ? spmdAxisName : [spmdAxisName];
  const isNames = (names: readonly unknown[]): names is readonly string[] =>
    names.every((n) => typeof n === "string");
  return isNames(list)
    ? list
    : refuse("spmdAxisName", spmdAxisName, "a name of a mesh axis, or a list of them");
}

/** @throws E_TREE_MISMATCH where a list of axes has not one entry for each argument */
function checkAxesCount(name: string, inAxes: unknown, given: number): void {
  if (!Array.isArray(inAxes) || inAxes.length === given) return;
  const shown = inAxes.map((a) => (isAxis(a) ? String(a) : "…"));
  const fitting = Array.from(
    { length: given },
    (_, i) => shown[i] ?? (shown.includes("null") ? "null" : "0"),
  );
  throw fail(
    "E_TREE_MISMATCH",
    `${name}: inAxes [${shown.join(", ")}] is for ${counted(shown.length)}, and the function got ${counted(given)}`,
    {
      hint: `inAxes has one entry for each argument, as in [${fitting.join(", ")}], or is one number for all`,
    },
  );
}
const counted = (n: number): string => `${n} argument${n === 1 ? "" : "s"}`;

function mappedAxes(
  name: string,
  fun: AnyFn,
  inAxes: unknown,
  treedef: TreeDef,
  leaves: readonly NDArray[],
): BatchDim[] {
  checkAxesCount(name, inAxes, treedef.children.length);
  const axes = broadcastPrefix(inAxes, treedef, `${name}: inAxes`, isAxis) as BatchDim[];
  return leaves.map((x, i) => {
    const axis = axes[i] as BatchDim;
    if (axis === null) return null;
    if (!Number.isInteger(axis) || axis < -x.ndim || axis >= x.ndim)
      throw fail(
        "E_VMAP",
        `${name}: inAxes gives axis ${axis} for ${argumentPath(fun, treedef, i)}, which is ${x.aval}`,
        x.ndim === 0
          ? {
              hint: "a scalar has no axis to map: give it null in inAxes; a list of numbers becomes an array by np.array",
            }
          : {},
      );
    return axis < 0 ? axis + x.ndim : axis;
  });
}

function mappedSize(
  name: string,
  fun: AnyFn,
  treedef: TreeDef,
  leaves: readonly NDArray[],
  bdims: readonly BatchDim[],
  axisSize: number | undefined,
): number {
  const sizes = bdims.flatMap((d, i) =>
    d === null ? [] : [{ n: (leaves[i] as NDArray).shape[d] as number, i }],
  );
  const size = axisSize ?? sizes[0]?.n;
  if (size === undefined)
    throw fail("E_VMAP", `${name}: no argument is mapped`, {
      hint: "give inAxes a number, or pass axisSize",
    });
  if (sizes.some((s) => s.n !== size)) {
    const list = sizes.map((s) => {
      const x = leaves[s.i] as NDArray;
      return `${argumentPath(fun, treedef, s.i)} ${x.aval} has ${s.n} along axis ${bdims[s.i]}`;
    });
    throw fail(
      "E_VMAP",
      `${name}: mapped axes have different sizes: ${list.join("; ")}${axisSize === undefined ? "" : `; axisSize is ${axisSize}`}`,
    );
  }
  return size;
}

/** Moves the mapped axis of each result to where outAxes wants it. */
function placeResults(
  name: string,
  size: number,
  outAxes: unknown,
  out: TreeDef,
  r: { readonly outs: readonly NDArray[]; readonly bdims: readonly BatchDim[] },
): NDArray[] {
  const wanted = broadcastPrefix(outAxes, out, `${name}: outAxes`, isAxis) as BatchDim[];
  return r.outs.map((x, i) => {
    const [bdim, want] = [r.bdims[i] ?? null, wanted[i] as BatchDim];
    const where = (): string => printPath(["result", ...(pathsOf(out)[i] ?? [])]);
    if (want === null) {
      if (bdim === null) return x;
      throw fail("E_VMAP", `${name}: outAxes is null for ${where()}, which is mapped (${x.aval})`);
    }
    const rank = x.ndim + (bdim === null ? 1 : 0);
    if (!Number.isInteger(want) || want < -rank || want >= rank)
      throw fail("E_VMAP", `${name}: outAxes gives axis ${want} for ${where()} of rank ${rank}`);
    return toAxis(size, x, bdim, want < 0 ? want + rank : want);
  });
}
