// Tangents and cotangents beside the trees they belong to. null stands for the zeros of a leaf, or of a whole subtree.
import { fail } from "../../errors.ts";
import { sameShape, tangentAval, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import {
  flatten,
  pathKeyAt,
  printPath,
  printTree,
  unflatten,
  type PathKey,
  type TreeDef,
} from "../../ir/tree.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { materialise } from "../arrays.ts";
import { leafOf } from "./flat.ts";

/** One leaf as a tangent or cotangent beside a value of `aval`: null for zero. @throws E_SHAPE, E_DTYPE naming the place */
export function vectorLeaf(name: string, x: unknown, aval: ShapedArray, where: string): NDArray | null {
  if (x === null) return null;
  const v = leafOf(name, x);
  if (!hasTangent(aval))
    throw fail("E_DTYPE", `${name}: ${v.aval} at ${where}, where ${aval} has no derivative`, {
      hint: "give null for integers, booleans and keys",
    });
  if (!sameShape(v.shape, aval.shape))
    throw fail("E_SHAPE", `${name}: ${v.aval} at ${where} doesn't fit ${aval}, expected the same shape`);
  const dtype = tangentAval(aval).dtype as DType;
  if (v.dtype === dtype) return v;
  if (!v.weakType)
    throw fail("E_DTYPE", `${name}: ${v.aval} at ${where} doesn't fit ${aval}, expected ${dtype}`);
  return context().lax.convertElementType(v, dtype);
}

/** Leaves of a tree of tangents or cotangents beside `treedef`. @throws E_TREE_MISMATCH */
export function vectorLeaves(name: string, what: string, tree: unknown, treedef: TreeDef): unknown[] {
  const t = flatten(tree, name, { isLeaf: (x) => x === null });
  const out: unknown[] = [];
  let k = 0;
  /** Where the two part; null if they don't. */
  const parting = (want: TreeDef, got: TreeDef, path: readonly PathKey[]): readonly PathKey[] | null => {
    if (got.kind === "leaf") {
      const x = t.leaves[k++];
      if (x === null) for (let i = 0; i < want.numLeaves; i++) out.push(null);
      else out.push(x);
      return x === null || want.kind === "leaf" ? null : path;
    }
    const alike =
      want.kind === got.kind &&
      want.node === got.node &&
      want.children.length === got.children.length &&
      want.keys.length === got.keys.length &&
      want.keys.every((key, i) => Object.is(key, got.keys[i]));
    if (!alike) return path;
    for (const [i, c] of want.children.entries()) {
      const below = parting(c, got.children[i] as TreeDef, [...path, pathKeyAt(want, i)]);
      if (below !== null) return below;
    }
    return null;
  };
  const where = parting(treedef, t.treedef, []);
  if (where === null) return out;
  throw fail(
    "E_TREE_MISMATCH",
    `${name}: ${what} ${printTree(t.treedef)} differ in structure from ${printTree(treedef)}, at ${printPath(where) || "the root"}`,
  );
}

/** Leaves back in their structure, arrays made real, null at integer leaves. */
export const vectors = (treedef: TreeDef, leaves: readonly (NDArray | null)[]): unknown =>
  unflatten(
    treedef,
    leaves.map((x) => (x === null ? null : materialise(x))),
  );
