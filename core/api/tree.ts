// Trees of arrays: map, flatten, reduce, and the registration of classes. Source: jax.tree.
import { fail } from "../errors.ts";
import { NDArray } from "../ir/ndarray.ts";
import {
  broadcastPrefix,
  checkTreeDef,
  flatten as flattenTree,
  flattenUpTo,
  pathsOf,
  placeOfUndefined,
  printTree,
  unflatten as unflattenTree,
  type Flattened,
  type PathKey,
  type TreeDef,
} from "../ir/tree.ts";
import { itemsOf } from "../primitives/operand.ts";
import { checkOptions } from "./arrays.ts";
import { checkFunction } from "./transforms/flat.ts";
import type { MapTree } from "./types.ts";

export type { PathKey, TreeDef } from "../ir/tree.ts";
export {
  registerDataclass,
  registerPytreeNode,
  registerPytreeNodeClass,
  registerPytreeWithKeys,
  registerPytreeWithKeysClass,
  registerStatic,
  type DataclassFields,
  type NodeSpec,
} from "../ir/tree-registry.ts";
export { Partial } from "./partial.ts";

/** Options of the functions of trees. Leaves may be of any kind here, except undefined: what is no container is one. */
export interface TreeOptions {
  /** What counts as a leaf although it is a container. */
  readonly isLeaf?: ((x: unknown) => boolean) | null | undefined;
}
/** Options of the functions that give paths. */
export interface PathOptions {
  /** What counts as a leaf although it is a container; it gets the path first if `isLeafTakesPath`. */
  readonly isLeaf?: ((...args: never[]) => boolean) | null | undefined;
  readonly isLeafTakesPath?: boolean | undefined;
}

function flat(name: string, tree: unknown, options: PathOptions, words = ["isLeaf"]): Flattened {
  checkOptions(name, options, words);
  const { isLeaf, isLeafTakesPath } = options;
  if (isLeaf != null) checkFunction(name, isLeaf);
  const judge = isLeaf as ((...args: unknown[]) => boolean) | null | undefined;
  const found = flattenTree(tree, name, {
    any: true,
    ...(judge == null
      ? {}
      : isLeafTakesPath === true
        ? { isLeafAt: (path: readonly PathKey[], x: unknown) => judge(path, x) }
        : { isLeaf: (x: unknown) => judge(x) }),
  });
  const place = placeOfUndefined(found);
  if (place !== null && judge == null)
    throw fail("E_TREE", `${name}: undefined at ${place}; use null for "nothing here"`);
  return found;
}
const flatWithPath = (name: string, tree: unknown, options: PathOptions): Flattened =>
  flat(name, tree, options, ["isLeaf", "isLeafTakesPath"]);
const withPaths = ({ leaves, treedef }: Flattened): [path: PathKey[], leaf: NDArray][] =>
  pathsOf(treedef).map((path, i) => [path, leaves[i] as NDArray]);

/** The leaves in order: list items in turn, object keys sorted; null is no leaf. Source: jax.tree.leaves. */
export const leaves = (tree: unknown, options: TreeOptions = {}): NDArray[] =>
  flat("tree.leaves", tree, options).leaves as NDArray[];

/** The leaves with their paths: keys of objects and places in lists. Source: jax.tree.leaves_with_path. */
export const leavesWithPath = (
  tree: unknown,
  options: PathOptions = {},
): [path: PathKey[], leaf: NDArray][] => withPaths(flatWithPath("tree.leavesWithPath", tree, options));

/** Leaves and structure. Source: jax.tree.flatten. */
export function flatten(tree: unknown, options: TreeOptions = {}): [leaves: NDArray[], treedef: TreeDef] {
  const { leaves: xs, treedef } = flat("tree.flatten", tree, options);
  return [xs as NDArray[], treedef];
}

/** Leaves with their paths, and the structure. Source: jax.tree.flatten_with_path. */
export function flattenWithPath(
  tree: unknown,
  options: PathOptions = {},
): [leaves: [path: PathKey[], leaf: NDArray][], treedef: TreeDef] {
  const found = flatWithPath("tree.flattenWithPath", tree, options);
  return [withPaths(found), found.treedef];
}

/** The structure of a tree; equal structures are the same object. Source: jax.tree.structure. */
export const structure = (tree: unknown, options: TreeOptions = {}): TreeDef =>
  flat("tree.structure", tree, options).treedef;

/** The tree of a structure with these leaves. @throws E_TREE_MISMATCH for a wrong number. Source: jax.tree.unflatten */
export function unflatten(treedef: TreeDef, leaves: Iterable<unknown>): unknown {
  checkTreeDef("tree.unflatten", treedef);
  return unflattenTree(treedef, itemsOf("tree.unflatten", "leaves", leaves));
}

type Visit = (...leaves: never[]) => unknown;
function mapFlat(name: string, f: Visit, first: Flattened, rest: readonly unknown[]): unknown {
  checkFunction(name, f);
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
  return mapFlat("tree.map", f, flat("tree.map", tree, {}), rest);
}
map.with =
  (options: TreeOptions) =>
  <R>(f: (...leaves: never[]) => R, tree: unknown, ...rest: unknown[]): unknown =>
    mapFlat("tree.map", f, flat("tree.map", tree, options), rest);

/**
 * `map` whose function gets the path of the leaf first; `tree.mapWithPath.with({ isLeaf })` takes options.
 * Source: jax.tree.map_with_path
 * @example tree.mapWithPath((path, x) => (keystr(path).endsWith("bias") ? x : x.mul(0.9)), params)
 */
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
  return mapPaths(f, flatWithPath("tree.mapWithPath", tree, {}), rest);
}
mapWithPath.with =
  (options: PathOptions) =>
  <R>(f: (path: PathKey[], ...leaves: never[]) => R, tree: unknown, ...rest: unknown[]): unknown =>
    mapPaths(f, flatWithPath("tree.mapWithPath", tree, options), rest);
function mapPaths(f: Visit, first: Flattened, rest: readonly unknown[]): unknown {
  checkFunction("tree.mapWithPath", f);
  const paths = pathsOf(first.treedef);
  let i = 0;
  const withPath = (...xs: never[]): unknown => f(...([paths[i++], ...xs] as never[]));
  return mapFlat("tree.mapWithPath", withPath, first, rest);
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
  checkFunction("tree.reduce", f);
  const xs = flat("tree.reduce", tree, options).leaves as NDArray[];
  if (rest.length === 0 && xs.length === 0)
    throw fail("E_TREE", "tree.reduce: the tree has no leaves and there is no initializer");
  const start = rest.length === 0 ? xs.shift() : initializer;
  return xs.reduce((sum: unknown, x) => f(sum as never, x), start);
}

/**
 * Leaves combined by an associative operation, in a tree of logarithmic depth; `identity` is the result for no leaves.
 * Source: jax.tree.reduce_associative
 * @example tree.reduceAssociative((a, b) => a.add(b), params)
 */
export function reduceAssociative(
  operation: (a: NDArray, b: NDArray) => NDArray,
  tree: unknown,
  options: TreeOptions & { readonly identity?: unknown } = {},
): NDArray {
  const name = "tree.reduceAssociative";
  checkFunction(name, operation);
  const xs = flat(name, tree, options, ["identity", "isLeaf"]).leaves as NDArray[];
  if (xs.length === 0 && !("identity" in options))
    throw fail("E_TREE", `${name}: the tree has no leaves and there is no identity`);
  const combine = (from: number, to: number): NDArray => {
    if (to - from === 1) return xs[from] as NDArray;
    const middle = from + Math.floor((to - from) / 2);
    return operation(combine(from, middle), combine(middle, to));
  };
  return xs.length === 0 ? (options.identity as NDArray) : combine(0, xs.length);
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
  checkTreeDef(name, outerTreedef);
  if (innerTreedef !== null) checkTreeDef(name, innerTreedef);
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
