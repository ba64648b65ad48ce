// Trees of arrays: map, flatten, reduce, and the registration of classes. Source: jax.tree.
import { fail } from "../errors.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  flatten as flattenTree,
  flattenUpTo,
  printTree,
  registerDataclass,
  registerPytreeNode,
  unflatten as unflattenTree,
  type TreeDef,
} from "../ir/tree.ts";
import type { MapTree } from "./types.ts";

export { registerDataclass, registerPytreeNode };

/** Leaves of any kind: strings and objects of unregistered classes, too, are leaves. */
export interface TreeOptions {
  /** What counts as a leaf although it is a container. */
  readonly isLeaf?: ((x: unknown) => boolean) | null | undefined;
}
const settings = (options: TreeOptions): { isLeaf?: (x: unknown) => boolean; any: true } =>
  options.isLeaf == null ? { any: true } : { isLeaf: options.isLeaf, any: true };

/** The structure of a tree: equal structures are the same object. */
export interface PyTreeDef {
  readonly numLeaves: number;
  toString(): string;
}

/** The leaves in order. Source: jax.tree.leaves. */
export const leaves = (tree: unknown, options: TreeOptions = {}): NDArray[] =>
  flattenTree(tree, "tree.leaves", settings(options)).leaves as NDArray[];

/** Leaves and structure. Source: jax.tree.flatten. */
export function flatten(tree: unknown, options: TreeOptions = {}): [leaves: NDArray[], treedef: TreeDef] {
  const { leaves: xs, treedef } = flattenTree(tree, "tree.flatten", settings(options));
  return [xs as NDArray[], treedef];
}

/** The structure of a tree. Source: jax.tree.structure. */
export const structure = (tree: unknown, options: TreeOptions = {}): TreeDef =>
  flattenTree(tree, "tree.structure", settings(options)).treedef;

/** The tree of a structure with these leaves. Source: jax.tree.unflatten. */
export const unflatten = (treedef: TreeDef, xs: readonly unknown[]): unknown => unflattenTree(treedef, xs);

function mapWith(
  options: TreeOptions,
  f: (...leaves: never[]) => unknown,
  tree: unknown,
  rest: readonly unknown[],
): unknown {
  const first = flattenTree(tree, "tree.map", settings(options));
  const others = rest.map((t, i) => {
    const other = flattenTree(t, "tree.map", settings(options));
    if (other.treedef !== first.treedef)
      throw fail(
        "E_TREE_MISMATCH",
        `tree.map: tree ${i + 1} is ${printTree(other.treedef)}, expected ${printTree(first.treedef)}`,
      );
    return other.leaves;
  });
  return unflattenTree(
    first.treedef,
    first.leaves.map((x, i) => f(...([x, ...others.map((o) => o[i])] as never[]))),
  );
}

/** A tree of the results of `f` on the leaves, side by side for several trees of one structure. Source: jax.tree.map. */
export function map<T>(f: (x: NDArray, ...rest: NDArray[]) => NDArray, tree: T, ...rest: T[]): T;
export function map<T, R>(f: (x: NDArray, ...rest: NDArray[]) => R, tree: T, ...rest: T[]): MapTree<T, R>;
export function map(f: (...leaves: never[]) => unknown, tree: unknown, ...rest: unknown[]): unknown {
  return mapWith({}, f, tree, rest);
}

/** The leaves combined from left to right, from a start value if one is given. Source: jax.tree.reduce. */
export function reduce<R>(
  f: (accumulator: R, leaf: NDArray) => R,
  tree: unknown,
  ...initializer: [] | [R]
): R {
  const xs = leaves(tree);
  if (initializer.length === 1) return xs.reduce(f, initializer[0]);
  if (xs.length === 0)
    throw fail("E_TREE", "tree.reduce: the tree has no leaf", { hint: "give a start value" });
  return xs.slice(1).reduce(f, xs[0] as R);
}

/** Are all leaves true, as JavaScript sees them? For arrays read them first. Source: jax.tree.all. */
export const all = (tree: unknown, options: TreeOptions = {}): boolean =>
  (leaves(tree, options) as unknown[]).every(Boolean);

/**
 * A tree of trees turned inside out: `[{ x, y }, …]` becomes `{ x: […], y: […] }`. `outerTreedef` and `innerTreedef` are
 * the structures of the outer and the inner trees. @throws E_TREE_MISMATCH. Source: jax.tree.transpose
 */
export function transpose(outerTreedef: TreeDef, innerTreedef: TreeDef, pytreeToTranspose: unknown): unknown {
  const rows = flattenUpTo(outerTreedef, pytreeToTranspose, "tree.transpose").map((inner) =>
    flattenUpTo(innerTreedef, inner, "tree.transpose"),
  );
  const columns = Array.from({ length: innerTreedef.numLeaves }, (_, i) => rows.map((row) => row[i]));
  return unflattenTree(
    innerTreedef,
    columns.map((column) => unflattenTree(outerTreedef, column)),
  );
}
