// What the loops and branches of lax share: operands and bodies as flat, staged functions, and the checks of carries.
import { fail } from "../../errors.ts";
import { sameType, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten, pathsOf, printPath, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { stage } from "../../transforms/stage.ts";
import { latticeResult } from "../promotion.ts";
import { flattenResult, leafOf, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";

/** Leaves and structure of operands of a loop; numbers are weak float32 from here on. */
export function operandsOf(name: string, tree: unknown): FlatCall {
  const { leaves, treedef } = flatten(tree, name);
  return { leaves: leaves.map((x) => leafOf(name, x)), treedef };
}

/** A function staged over flat operands, and the structure of its result. */
export interface StagedTree {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly outDef: TreeDef;
}
/** Stages `f` for operands of these avals. */
export function stageTree(
  name: string,
  f: AnyFn,
  treedef: TreeDef,
  avals: readonly ShapedArray[],
): StagedTree {
  let outDef: TreeDef | null = null;
  const staged = stage(
    (xs) => {
      const r = flattenResult(name, f(...(unflatten(treedef, xs) as never[])));
      outDef = r.treedef;
      return r.leaves;
    },
    avals,
    name,
  );
  return { ...staged, outDef: outDef as unknown as TreeDef };
}

/** Their avals. */
export const avalsOf = (xs: readonly NDArray[]): ShapedArray[] => xs.map((x) => x.aval);

/**
 * Weak carries that the body makes another dtype start in that one; null where all fit already.
 * Source: jax's _promote_weak_typed_inputs.
 */
export function promotedCarry(init: readonly NDArray[], outs: readonly ShapedArray[]): NDArray[] | null {
  const misfit = init.map((x, i) => x.weakType && !sameType(x.aval, outs[i] as ShapedArray));
  if (!misfit.includes(true)) return null;
  return init.map((x, i) => {
    const out = outs[i] as ShapedArray;
    if (!misfit[i]) return x;
    const { dtype } = latticeResult([
      { dtype: x.dtype, weak: true },
      { dtype: out.dtype as DType, weak: out.weak },
    ]);
    return context().lax.convertElementType(x, dtype);
  });
}

/** @throws E_CARRY naming the place where the body's carry differs from the initial one */
export function checkCarry(
  name: string,
  treedef: TreeDef,
  init: readonly NDArray[],
  outDef: TreeDef,
  outs: readonly ShapedArray[],
): void {
  if (outDef !== treedef)
    throw fail(
      "E_CARRY",
      `${name}: the body returns a carry of structure ${printTree(outDef)}, expected ${printTree(treedef)} as at first`,
    );
  const paths = pathsOf(treedef);
  init.forEach((x, i) => {
    const out = outs[i] as ShapedArray;
    if (sameType(x.aval, out)) return;
    const where = printPath(["carry", ...(paths[i] ?? [])]);
    throw fail("E_CARRY", `${name}: ${where} is ${x.aval} at first, and the body returns ${out}`, {
      hint:
        x.dtype === out.dtype
          ? "a carry keeps its shape: broadcast the initial value"
          : `start with a ${String(out.dtype)}, or return carry.astype("${x.dtype}")`,
    });
  });
}
