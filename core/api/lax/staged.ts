// What the loops and branches of lax share: operands and bodies as flat, staged functions, and the checks of carries.
import { fail } from "../../errors.ts";
import { sameShape, sameType, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Jaxpr, Var } from "../../ir/jaxpr.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { stage } from "../../transforms/stage.ts";
import { latticeResult } from "../promotion.ts";
import { flattenResult, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import { structureDifferences, typeDifferences, type TypeDifference } from "../mismatch.ts";

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
 * Source: jax's _promote_weak_typed_input.
 */
function promotedCarry(init: readonly NDArray[], outs: readonly ShapedArray[]): NDArray[] | null {
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

/**
 * Stages a loop's body until its carry fits: a weak carry that comes back in another dtype starts in that one.
 * @param carryOf  the structure of the carry in the body's result; its leaves come first
 * @throws E_CARRY where the carry that comes back differs
 */
export function stageCarry(
  name: string,
  init: FlatCall,
  body: (carry: readonly NDArray[]) => StagedTree,
  carryOf: (result: TreeDef) => TreeDef,
): { staged: StagedTree; carry: readonly NDArray[] } {
  let carry: readonly NDArray[] = init.leaves;
  for (;;) {
    const staged = body(carry);
    const def = carryOf(staged.outDef);
    const outs = staged.jaxpr.outs.slice(0, def.numLeaves).map((o) => o.aval);
    const promoted = def === init.treedef ? promotedCarry(carry, outs) : null;
    if (promoted === null) {
      checkCarry(name, init.treedef, avalsOf(carry), def, outs);
      return { staged, carry };
    }
    carry = promoted;
  }
}

/** @throws E_CARRY naming every place where the body's carry differs from the initial one, and the way out */
export function checkCarry(
  name: string,
  treedef: TreeDef,
  init: readonly ShapedArray[],
  outDef: TreeDef,
  outs: readonly ShapedArray[],
): void {
  if (outDef !== treedef) {
    const differences = structureDifferences("carry", treedef, outDef).map(
      (d) => `${d.place} is ${d.one} at first, ${d.other} in what the body returns`,
    );
    throw fail(
      "E_CARRY",
      `${name}: the body returns a carry of structure ${printTree(outDef)}, expected ${printTree(treedef)} as at first: ${differences.join("; ")}`,
      { hint: "a carry keeps its structure: return every part of it, changed or not" },
    );
  }
  const differences = typeDifferences("carry", treedef, init, outs);
  if (differences.length === 0) return;
  throw fail(
    "E_CARRY",
    `${name}: ${differences.map((d) => `${d.place} is ${d.one} at first, and the body returns ${d.other}`).join("; ")}`,
    { hint: differences.map(carryFix).join("; ") },
  );
}

/** How a carry of two types becomes one of one. */
function carryFix({ place, avals: [init, out] }: TypeDifference): string {
  if (!sameShape(init.shape, out.shape))
    return `${place} keeps its shape: start with ${out}, or reduce what the body returns`;
  return `start ${place} as ${out.dtype}, or return ${place}.astype("${init.dtype}")`;
}

/**
 * Which outputs of a body are one of its inputs as they are: the input's number, or −1.
 * What goes through a loop or a branch unchanged needn't pass through it.
 */
export function forwardsOf(jaxpr: Jaxpr): number[] {
  return jaxpr.outs.map((o) => jaxpr.inVars.indexOf(o as Var));
}
