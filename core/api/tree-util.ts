// treeUtil: the functions of `tree` under the names of jax.tree_util, and what only stands there.
import { fail } from "../errors.ts";
import {
  checkTreeDef,
  flatten,
  levelOf,
  listOf as listTree,
  pathKeyAt,
  printPath,
  type Level,
  type PathKey,
  type TreeDef,
} from "../ir/tree.ts";
import { isRegistered, type Constructor } from "../ir/tree-registry.ts";
import { checkList, describe, itemsOf } from "../primitives/operand.ts";
import { checkOptions } from "./arrays.ts";
import { checkFunction } from "./transforms/flat.ts";
import type { TreeOptions } from "./tree.ts";

export {
  all as treeAll,
  broadcast as treeBroadcast,
  flatten as treeFlatten,
  flattenWithPath as treeFlattenWithPath,
  leaves as treeLeaves,
  leavesWithPath as treeLeavesWithPath,
  map as treeMap,
  mapWithPath as treeMapWithPath,
  Partial,
  reduce as treeReduce,
  reduceAssociative as treeReduceAssociative,
  registerDataclass,
  registerPytreeNode,
  registerPytreeNodeClass,
  registerPytreeWithKeys,
  registerPytreeWithKeysClass,
  registerStatic,
  structure as treeStructure,
  transpose as treeTranspose,
  unflatten as treeUnflatten,
} from "./tree.ts";

export { ravelPytree } from "./ravel.ts";

/** The structure of a tree. Source: jax.tree_util.PyTreeDef. */
export type PyTreeDef = TreeDef;
/** A step of a path. Source: jax.tree_util.KeyEntry. */
export type KeyEntry = PathKey;
/** A path to a leaf. Source: jax.tree_util.KeyPath. */
export type KeyPath = readonly PathKey[];

/** The step to a place in a list: paths are plain numbers and strings. Source: jax.tree_util.SequenceKey. */
export const SequenceKey = (idx: number): PathKey => idx;
/** The step to a key of an object or Map. Source: jax.tree_util.DictKey. */
export const DictKey = (key: PathKey): PathKey => key;
/** The step to a field of a class. Source: jax.tree_util.GetAttrKey. */
export const GetAttrKey = (name: string): PathKey => name;
/** The step to a child that has no name but its place. Source: jax.tree_util.FlattenedIndexKey. */
export const FlattenedIndexKey = (key: number): PathKey => key;

/**
 * A path as one writes it in JavaScript; with `simple` its keys alone, joined by `separator`. Source: jax.tree_util.keystr.
 * @example keystr(["layers", 2, "w"])  // "layers[2].w"
 * @example keystr(["layers", 2, "w"], { simple: true, separator: "/" })  // "layers/2/w"
 */
export function keystr(
  keys: KeyPath,
  options: { readonly simple?: boolean | undefined; readonly separator?: string | undefined } = {},
): string {
  const name = "treeUtil.keystr";
  checkOptions(name, options, ["simple", "separator"]);
  checkList(name, "keys", keys);
  const wrong = keys.find((k) => typeof k !== "string" && typeof k !== "number");
  if (wrong !== undefined)
    throw fail("E_ARGUMENT", `${name}: a key is ${describe(wrong)}, expected texts and numbers`);
  const { simple = false, separator = "" } = options;
  if (simple) return keys.join(separator);
  return separator === "" ? printPath(keys) : keys.map((k) => printPath([k])).join(separator);
}

/** Is each of these a leaf, no container? Source: jax.tree_util.all_leaves. */
export function allLeaves(iterable: Iterable<unknown>, options: TreeOptions = {}): boolean {
  const name = "treeUtil.allLeaves";
  checkOptions(name, options, ["isLeaf"]);
  if (options.isLeaf != null) checkFunction(name, options.isLeaf);
  return itemsOf(name, "iterable", iterable).every(
    (x) => options.isLeaf?.(x) === true || levelOf(x) === null,
  );
}

function oneLevel(name: string, tree: unknown): Level {
  const level = levelOf(tree);
  if (level === null)
    throw fail(
      "E_TREE",
      `${name}: ${describe(tree)} is a leaf, expected a list, object, Map or registered class`,
    );
  return level;
}
const metaOf = (level: Level): unknown => {
  if (level.kind === "class") return level.meta;
  return level.kind === "object" || level.kind === "map" ? level.keys : null;
};
/** The children of a container, and its metadata: the keys of an object. @throws E_TREE for a leaf. Source: jax.tree_util.flatten_one_level */
export function flattenOneLevel(tree: unknown): [children: unknown[], meta: unknown] {
  const level = oneLevel("treeUtil.flattenOneLevel", tree);
  return [[...level.children], metaOf(level)];
}
/** The same with the key of each child. Source: jax.tree_util.flatten_one_level_with_keys. */
export function flattenOneLevelWithKeys(
  tree: unknown,
): [children: [key: PathKey, child: unknown][], meta: unknown] {
  const level = oneLevel("treeUtil.flattenOneLevelWithKeys", tree);
  return [level.children.map((c, i) => [pathKeyAt(level, i), c]), metaOf(level)];
}

/** Are objects of this class nodes of trees? Source: jax.tree_util.is_tree_node. */
export const isTreeNode = (type: Constructor): boolean =>
  type === Object || type === Array || type === Map || isRegistered(type);

/** Structures of the children. Source: jax.tree_util.treedef_children. */
export function treedefChildren(treedef: TreeDef): TreeDef[] {
  checkTreeDef("treeUtil.treedefChildren", treedef);
  return [...treedef.children];
}
/** Is it the structure of a single leaf? Source: jax.tree_util.treedef_is_leaf. */
export function treedefIsLeaf(treedef: TreeDef): boolean {
  checkTreeDef("treeUtil.treedefIsLeaf", treedef);
  return treedef.kind === "leaf";
}
/** The structure of a list of trees of these structures. Source: jax.tree_util.treedef_tuple. */
export function treedefTuple(treedefs: Iterable<TreeDef>): TreeDef {
  const list = itemsOf("treeUtil.treedefTuple", "treedefs", treedefs);
  for (const def of list) checkTreeDef("treeUtil.treedefTuple", def);
  return listTree(list as TreeDef[]);
}

/** What is registered: the one table there is. Source: jax.tree_util.default_registry. */
export const defaultRegistry = Object.freeze({
  flatten: (tree: unknown): readonly [leaves: unknown[], treedef: TreeDef] => {
    const { leaves, treedef } = flatten(tree, "treeUtil.defaultRegistry.flatten", { any: true });
    return [leaves, treedef];
  },
  flattenOneLevel,
});
