// lax: loops that work on many elements at a time: map in batches, and scans by an associative function.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten, unflatten, type TreeDef } from "../../ir/tree.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { checkFunction, finish, leafOf } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import { vmap } from "../transforms/vmap.ts";
import { scan } from "./scan.ts";

/** `f` over the leading axis of `xs`, `size` elements at a time (0: all) by vmap, and the remainder by another. */
export function batchedMap(f: AnyFn, xs: unknown, size: number): unknown {
  const { lax } = context();
  if (!Number.isInteger(size) || size < 0)
    throw fail("E_ARGUMENT", `lax.map: batchSize is ${size}, expected a number of elements`);
  const { leaves, treedef } = flatten(xs, "lax.map");
  const arrays = leaves.map((x) => leafOf("lax.map", x));
  const n = arrays[0]?.shape[0];
  if (n === undefined || arrays.some((x) => x.shape[0] !== n))
    throw fail(
      "E_SHAPE",
      `lax.map: xs need a common leading axis, got ${arrays.map((x) => x.aval).join(", ")}`,
    );
  const mapped = vmap(f as never) as unknown as (x: unknown) => unknown;
  if (size === 0 || size >= n) return mapped(unflatten(treedef, arrays));
  const blocks = Math.floor(n / size);
  const part = (from: number, to: number): NDArray[] => arrays.map((x) => lax.sliceInDim(x, from, to));
  const whole = part(0, blocks * size).map((x) => lax.reshape(x, [blocks, size, ...x.shape.slice(1)]));
  const body = (_: null, x: unknown): readonly [null, unknown] => [null, mapped(x)];
  const [, ys] = scan(body as never, null, unflatten(treedef, whole)) as [unknown, unknown];
  const flat = flatten(ys, "lax.map");
  const joined = (flat.leaves as NDArray[]).map((y) => lax.reshape(y, [blocks * size, ...y.shape.slice(2)]));
  if (blocks * size === n) return finish(flat.treedef, joined);
  const rest = flatten(mapped(unflatten(treedef, part(blocks * size, n))), "lax.map").leaves as NDArray[];
  const all = joined.map((y, i) => lax.concatenate([y, rest[i] as NDArray], 0));
  return finish(flat.treedef, all);
}

/**
 * All prefixes of the leading axis combined by an associative function of trees, in about 2·log n steps.
 * Source: jax.lax.associative_scan (Blelloch 1990).
 * @example lax.associativeScan((a, b) => a.mul(b), np.array([1, 2, 3]))  // [1, 2, 6]
 */
export function associativeScan<T>(
  fn: (a: T, b: T) => T,
  elems: T,
  options: Options<"reverse", { axis: number }> = {},
): T {
  const name = "lax.associativeScan";
  checkOptions(name, options, ["reverse", "axis"]);
  checkFunction(name, fn);
  const { lax } = context();
  const { leaves, treedef } = flatten(elems, name);
  let arrays = leaves.map((x) => leafOf(name, x));
  const [first] = arrays;
  if (first === undefined) throw fail("E_ARGUMENT", `${name}: elems has no arrays`);
  const axis = canonicalAxis(name, options.axis ?? 0, first.ndim);
  const n = first.shape[axis] as number;
  if (arrays.some((x) => x.shape[axis] !== n))
    throw fail(
      "E_SHAPE",
      `${name}: axis ${axis} has different sizes: ${arrays.map((x) => x.aval).join(", ")}`,
    );
  if (options.reverse === true) arrays = arrays.map((x) => lax.rev(x, [axis]));
  const combine = combiner(name, fn, treedef);
  let out = n === 0 ? arrays : prefixes(arrays, axis, combine);
  if (options.reverse === true) out = out.map((x) => lax.rev(x, [axis]));
  return finish(treedef, out) as T;
}

type Combine = (a: readonly NDArray[], b: readonly NDArray[]) => NDArray[];
/** `fn` over leaves. */
function combiner(name: string, fn: AnyFn, treedef: TreeDef): Combine {
  return (a, b) => {
    const args = [unflatten(treedef, a), unflatten(treedef, b)];
    const r = flatten(fn(...(args as never[])), name);
    if (r.treedef !== treedef)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: the function returns another structure than its arguments have`,
      );
    return r.leaves.map((x) => leafOf(name, x));
  };
}

function prefixes(xs: readonly NDArray[], axis: number, combine: Combine): NDArray[] {
  const { lax } = context();
  const n = (xs[0] as NDArray).shape[axis] as number;
  if (n < 2) return [...xs];
  const cut = (list: readonly NDArray[], from: number, to: number | null, step = 1): NDArray[] =>
    list.map((x) => lax.sliceInDim(x, from, to, step, axis));
  // Pairs, their prefixes by recursion, and from these the even places.
  const pairs = combine(cut(xs, 0, n - 1, 2), cut(xs, 1, null, 2));
  const odd = prefixes(pairs, axis, combine);
  const evens = cut(xs, 2, null, 2);
  const before = n % 2 === 0 ? cut(odd, 0, n / 2 - 1) : odd;
  const even = combine(before, evens);
  return xs.map((x, i) => {
    const firstEven = lax.concatenate([lax.sliceInDim(x, 0, 1, 1, axis), even[i] as NDArray], axis);
    return interleaved(firstEven, odd[i] as NDArray, axis);
  });
}

/** a₀ b₀ a₁ b₁ …; `a` may have one more. */
function interleaved(a: NDArray, b: NDArray, axis: number): NDArray {
  const { lax } = context();
  const [n, m] = [a.shape[axis] as number, b.shape[axis] as number];
  const widened = (x: NDArray, low: number, high: number): NDArray =>
    lax.pad(
      x,
      zeroOf(x),
      x.shape.map((_, i) => (i === axis ? ([low, high, 1] as const) : ([0, 0, 0] as const))),
    );
  const op = a.dtype === "bool" ? lax.bitwiseOr : lax.add;
  return op(widened(a, 0, n === m ? 1 : 0), widened(b, 1, n === m ? 0 : 1));
}
const zeroOf = (x: NDArray): NDArray =>
  context().lax.fullLike(x, x.dtype === "bool" ? false : 0, { shape: [] });
