// Trees of arrays: map, flatten, reduce, and the registration of classes. Source: jax.tree.
import { fail } from "../errors.ts";
import { NDArray } from "../ir/ndarray.ts";
import {
  broadcastPrefix,
  flatten as flattenTree,
  flattenUpTo,
  pathsOf,
  printTree,
  unflatten as unflattenTree,
  type PathKey,
  type TreeDef,
} from "../ir/tree.ts";
import { checkOptions } from "./arrays.ts";
import { checkFunction } from "./transforms/flat.ts";
import type { MapTree } from "./types.ts";

export { registerDataclass, registerPytreeNode, type PathKey, type TreeDef } from "../ir/tree.ts";

/** Options of the functions of trees. Leaves may be of any kind here: what is no container is one. */
export interface TreeOptions {
  /** What counts as a leaf although it is a container. */
  readonly isLeaf?: ((x: unknown) => boolean) | null | undefined;
}

function flat(name: string, tree: unknown, options: TreeOptions): { leaves: unknown[]; treedef: TreeDef } {
  checkOptions(name, options, ["isLeaf"]);
  return flattenTree(
    tree,
    name,
    options.isLeaf == null ? { any: true } : { isLeaf: options.isLeaf, any: true },
  );
}

/** The leaves in order: list items in turn, object keys sorted; null is no leaf. Source: jax.tree.leaves. */
export const leaves = (tree: unknown, options: TreeOptions = {}): NDArray[] =>
  flat("tree.leaves", tree, options).leaves as NDArray[];

/** The leaves with their paths: keys of objects and places in lists. Source: jax.tree.leaves_with_path. */
export function leavesWithPath(tree: unknown, options: TreeOptions = {}): [path: PathKey[], leaf: NDArray][] {
  const { leaves: xs, treedef } = flat("tree.leavesWithPath", tree, options);
  return pathsOf(treedef).map((path, i) => [path, xs[i] as NDArray]);
}

/** Leaves and structure. Source: jax.tree.flatten. */
export function flatten(tree: unknown, options: TreeOptions = {}): [leaves: NDArray[], treedef: TreeDef] {
  const { leaves: xs, treedef } = flat("tree.flatten", tree, options);
  return [xs as NDArray[], treedef];
}

/** Leaves with their paths, and the structure. Source: jax.tree.flatten_with_path. */
export function flattenWithPath(
  tree: unknown,
  options: TreeOptions = {},
): [leaves: [path: PathKey[], leaf: NDArray][], treedef: TreeDef] {
  const { treedef } = flat("tree.flattenWithPath", tree, options);
  return [leavesWithPath(tree, options), treedef];
}

/** The structure of a tree; equal structures are the same object. Source: jax.tree.structure. */
export const structure = (tree: unknown, options: TreeOptions = {}): TreeDef =>
  flat("tree.structure", tree, options).treedef;

/** The tree of a structure with these leaves. @throws E_TREE_MISMATCH for a wrong number. Source: jax.tree.unflatten */
export const unflatten = (treedef: TreeDef, leaves: readonly unknown[]): unknown =>
  unflattenTree(treedef, leaves);

type Visit = (...leaves: never[]) => unknown;
function mapWith(
  name: string,
  options: TreeOptions,
  f: Visit,
  tree: unknown,
  rest: readonly unknown[],
): unknown {
  checkFunction(name, f);
  const first = flat(name, tree, options);
  const others = rest.map((t) => flattenUpTo(first.treedef, t, name));
  const results = first.leaves.map((x, i) => f(...([x, ...others.map((o) => o[i])] as never[])));
  return unflattenTree(first.treedef, results);
}

/**
 * A tree of the results of `f` on the leaves; further trees, of which the first is a prefix, give further arguments.
 * `tree.map.with({ isLeaf })(f, tree, ...rest)` takes options.
 * @throws E_TREE_MISMATCH with the place where trees differ. Source: jax.tree.map
 * @example tree.map((p, g) => p.sub(g.mul(0.1)), params, grads)
 */
export function map<T>(f: (x: NDArray) => NDArray, tree: T): T;
export function map<T, R>(f: (x: NDArray) => R, tree: T): MapTree<T, R>;
export function map<T>(f: (x: NDArray, ...rest: NDArray[]) => NDArray, tree: T, ...rest: T[]): T;
export function map<T, R>(f: (x: NDArray, ...rest: NDArray[]) => R, tree: T, ...rest: T[]): MapTree<T, R>;
export function map(f: Visit, tree: unknown, ...rest: unknown[]): unknown {
  return mapWith("tree.map", {}, f, tree, rest);
}
map.with =
  (options: TreeOptions) =>
  <R>(f: (...leaves: never[]) => R, tree: unknown, ...rest: unknown[]): unknown =>
    mapWith("tree.map", options, f, tree, rest);

/** `map` whose function gets the path of the leaf first. Source: jax.tree.map_with_path. */
export function mapWithPath<T>(
  f: (path: PathKey[], x: NDArray, ...rest: NDArray[]) => NDArray,
  tree: T,
  ...rest: T[]
): T;
export function mapWithPath<T, R>(
  f: (path: PathKey[], x: NDArray, ...rest: NDArray[]) => R,
  tree: T,
  ...rest: T[]
): MapTree<T, R>;
export function mapWithPath(f: Visit, tree: unknown, ...rest: unknown[]): unknown {
  const paths = pathsOf(structure(tree));
  let i = 0;
  const withPath = (...xs: never[]): unknown => f(...([paths[i++], ...xs] as never[]));
  return mapWith("tree.mapWithPath", {}, withPath, tree, rest);
}

/** Leaves combined from left to right; without `initializer` the first one starts. Source: jax.tree.reduce. */
export function reduce<R>(
  f: (accumulated: R, leaf: NDArray) => R,
  tree: unknown,
  initializer: R,
  options?: TreeOptions,
): R;
export function reduce(f: (accumulated: NDArray, leaf: NDArray) => NDArray, tree: unknown): NDArray;
export function reduce(
  f: (accumulated: never, leaf: NDArray) => unknown,
  tree: unknown,
  ...rest: [initializer?: unknown, options?: TreeOptions]
): unknown {
  const [initializer, options = {}] = rest;
  const xs = flat("tree.reduce", tree, options).leaves as NDArray[];
  if (rest.length === 0 && xs.length === 0)
    throw fail("E_TREE", "tree.reduce: the tree has no leaves and there is no initializer");
  const start = rest.length === 0 ? xs.shift() : initializer;
  return xs.reduce((sum: unknown, x) => f(sum as never, x), start);
}

/** Are all leaves true? Arrays are read. Source: jax.tree.all. */
export const all = (tree: unknown, options: TreeOptions = {}): boolean =>
  flat("tree.all", tree, options).leaves.every((x) => (x instanceof NDArray ? x.item("bool") : Boolean(x)));

/** Leaves of a prefix tree spread over the leaves below them. Source: jax.tree.broadcast. */
export function broadcast(prefixTree: unknown, fullTree: unknown, options: TreeOptions = {}): unknown {
  const { treedef } = flat("tree.broadcast", fullTree, options);
  const isLeaf = (x: unknown): boolean => {
    if (options.isLeaf?.(x) === true) return true;
    return flattenTree(x, "tree.broadcast", { any: true }).treedef.kind === "leaf";
  };
  return unflattenTree(treedef, broadcastPrefix(prefixTree, treedef, "tree.broadcast", isLeaf));
}

/** A tree of trees turned inside out: from outer(inner) to inner(outer). Source: jax.tree.transpose. */
export function transpose(
  outerTreedef: TreeDef,
  innerTreedef: TreeDef | null,
  pytreeToTranspose: unknown,
): unknown {
  const name = "tree.transpose";
  const subtrees = flattenUpTo(outerTreedef, pytreeToTranspose, name);
  const inner = innerTreedef ?? flattenTree(subtrees[0], name, { any: true }).treedef;
  const rows = subtrees.map((t) => flattenUpTo(inner, t, name));
  if (rows.length === 0)
    throw fail("E_TREE", `${name}: the outer structure ${printTree(outerTreedef)} has no leaves`);
  const columns = Array.from({ length: inner.numLeaves }, (_, i) =>
    unflattenTree(
      outerTreedef,
      rows.map((row) => row[i]),
    ),
  );
  return unflattenTree(inner, columns);
}
