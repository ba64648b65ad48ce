// Where two trees of traced values differ, told by their key paths: carries that change, branches that disagree.
import { fail } from "../errors.ts";
import { sameType, type ShapedArray } from "../ir/aval.ts";
import { pathKeyAt, pathsOf, printPath, printTree, type PathKey, type TreeDef } from "../ir/tree.ts";

/** A place where two trees differ, and what stands there in each. */
export interface Difference {
  readonly place: string;
  readonly one: string;
  readonly other: string;
}
/** A leaf of two types. */
export interface TypeDifference extends Difference {
  readonly avals: readonly [one: ShapedArray, other: ShapedArray];
}

/** A node in words. */
function describe(def: TreeDef): string {
  switch (def.kind) {
    case "leaf":
      return "an array";
    case "null":
      return "null";
    case "list":
      return `a list of ${def.children.length}`;
    case "class":
      return `a ${def.node?.name ?? "class"}`;
    default:
      return `${def.kind === "map" ? "a Map" : "an object"} with ${def.keys.length === 0 ? "nothing in it" : def.keys.map(String).join(", ")}`;
  }
}
const isKeyed = (def: TreeDef): boolean => def.kind === "object" || def.kind === "map";

/** Differences of structure: containers of other kinds or sizes, fields that only one has. */
export function structureDifferences(
  root: string,
  one: TreeDef,
  other: TreeDef,
  path: readonly PathKey[] = [],
): Difference[] {
  if (one === other) return [];
  const place = printPath([root, ...path]);
  if (isKeyed(one) && one.kind === other.kind) return fieldDifferences(root, one, other, path);
  const sameNode =
    one.kind === other.kind && one.node === other.node && one.children.length === other.children.length;
  if (!sameNode) return [{ place, one: describe(one), other: describe(other) }];
  const inside = one.children.flatMap((child, i) =>
    structureDifferences(root, child, other.children[i] as TreeDef, [...path, pathKeyAt(one, i)]),
  );
  return inside.length > 0
    ? inside
    : [{ place, one: describe(one), other: `${describe(other)} with other metadata` }];
}

function fieldDifferences(
  root: string,
  one: TreeDef,
  other: TreeDef,
  path: readonly PathKey[],
): Difference[] {
  return [...new Set([...one.keys, ...other.keys])].flatMap((key) => {
    const [a, b] = [one, other].map((def) => def.children[def.keys.indexOf(key)]);
    const below = [...path, key as PathKey];
    if (a !== undefined && b !== undefined) return structureDifferences(root, a, b, below);
    const [first, second] = [a, b].map((def) => (def === undefined ? "absent" : describe(def)));
    return [{ place: printPath([root, ...below]), one: first as string, other: second as string }];
  });
}

/** Leaves whose shape or dtype differs; weak types don't count. */
export function typeDifferences(
  root: string,
  treedef: TreeDef,
  ones: readonly ShapedArray[],
  others: readonly ShapedArray[],
): TypeDifference[] {
  const paths = pathsOf(treedef);
  return ones.flatMap((a, i) => {
    const b = others[i] as ShapedArray;
    if (sameType(a, b)) return [];
    const place = printPath([root, ...(paths[i] ?? [])]);
    return [{ place, one: String(a), other: String(b), avals: [a, b] as const }];
  });
}

/** What a function's result must be like: `word` names it. */
export interface Like {
  readonly word: string;
  readonly treedef: TreeDef;
  readonly avals: readonly ShapedArray[];
}
/** @throws E_TREE_MISMATCH, E_SHAPE where the result of a function isn't like `like` */
export function checkLike(
  name: string,
  word: string,
  got: TreeDef,
  outs: readonly { readonly aval: ShapedArray }[],
  like: Like,
): void {
  if (got !== like.treedef)
    throw fail(
      "E_TREE_MISMATCH",
      `${name}: ${word} returns ${printTree(got)}, expected ${printTree(like.treedef)} as ${like.word}`,
    );
  const paths = pathsOf(got);
  like.avals.forEach((aval, i) => {
    const out = (outs[i] as { aval: ShapedArray }).aval;
    if (sameType(aval, out)) return;
    const where = printPath(["result", ...(paths[i] ?? [])]);
    throw fail("E_SHAPE", `${name}: ${word} returns ${out} at ${where}, expected ${aval} as ${like.word}`);
  });
}
