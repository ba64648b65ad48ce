// lax: branches on values, all of which are traced, and one of which runs.
import { fail } from "../../errors.ts";
import { sameType, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isBool, isInteger } from "../../ir/dtype.ts";
import { TRACER, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { flatten, pathsOf, printPath, printTree, unflatten } from "../../ir/tree.ts";
import { cond_p, unifyConsts } from "../../primitives/cond.ts";
import { checkList, toArray } from "../../primitives/operand.ts";
import { itemOf } from "../../runtime/array.ts";
import { checkFunction, finish, leafOf } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Traced, TracedArgs } from "../types.ts";
import { avalsOf, operandsOf, stageTree, type StagedTree } from "./staged.ts";

function branchesOf(
  name: string,
  branches: readonly AnyFn[],
  operands: readonly unknown[],
  index: NDArray,
): unknown {
  const p = operandsOf(name, operands);
  if (context().config.disableJit && index.kind !== TRACER) {
    // Without jit only the branch that is taken runs.
    const taken = branches[itemOf(index) as number] as AnyFn;
    const r = operandsOf(name, taken(...(unflatten(p.treedef, p.leaves) as never[])));
    return finish(r.treedef, r.leaves);
  }
  const staged = branches.map((f, k) =>
    stageTree(`${branchName(name, k)} of ${name}`, f, p.treedef, avalsOf(p.leaves)),
  );
  const [first] = staged as [StagedTree, ...StagedTree[]];
  staged.forEach((s, k) => checkBranch(name, first, s, k));
  const unified = unifyConsts(staged);
  const outs = bind(cond_p, [index, ...unified.consts, ...p.leaves], { branches: unified.branches });
  return finish(first.outDef, outs);
}
/** A branch as the caller knows it: `lax.cond` has no numbers. */
const branchName = (name: string, k: number): string =>
  name === "lax.cond" ? `the ${k === 0 ? "false" : "true"} branch` : `branch ${k}`;

/** @throws E_BRANCHES naming the result that differs from the first branch's */
function checkBranch(name: string, first: StagedTree, other: StagedTree, k: number): void {
  const [one, another] = [branchName(name, 0), branchName(name, k)];
  if (other.outDef !== first.outDef)
    throw fail(
      "E_BRANCHES",
      `${name}: ${one} returns ${printTree(first.outDef)}, ${another} ${printTree(other.outDef)}`,
    );
  const paths = pathsOf(first.outDef);
  first.jaxpr.outs.forEach((o, i) => {
    const [a, b] = [o.aval, (other.jaxpr.outs[i] as { aval: ShapedArray }).aval];
    if (!sameType(a, b))
      throw fail(
        "E_BRANCHES",
        `${name}: ${printPath(["result", ...(paths[i] ?? [])])} is ${a} in ${one}, ${b} in ${another}`,
      );
  });
}

/**
 * `trueFun(...operands)` where `pred` holds, else `falseFun(...operands)`: one of them runs, both are traced.
 * @throws E_BRANCHES where the results' trees, shapes or dtypes differ. Source: jax.lax.cond
 */
export function cond<A extends readonly unknown[], R>(
  pred: ArrayLike,
  trueFun: (...operands: TracedArgs<A>) => R,
  falseFun: (...operands: TracedArgs<A>) => R,
  ...operands: A
): R {
  const name = "lax.cond";
  checkFunction(name, trueFun);
  checkFunction(name, falseFun);
  const p = toArray(name, pred);
  if (p.ndim !== 0) throw fail("E_SHAPE", `${name}: the predicate is ${p.aval}, expected a scalar`);
  const { lax } = context();
  const holds = isBool(p.dtype) ? p : lax.ne(p, 0);
  const index = lax.convertElementType(holds, "int32");
  return branchesOf(name, [falseFun, trueFun], operands, index) as R;
}

/** One of `branches` by an integer, which is clamped to their number. Source: jax.lax.switch. */
function switch_<A extends readonly unknown[], R>(
  index: ArrayLike,
  branches: readonly ((...operands: TracedArgs<A>) => R)[],
  ...operands: A
): R {
  const name = "lax.switch";
  // A number's dtype is open: one without a fraction is an integer here.
  const i = toArray(name, typeof index === "number" && Number.isInteger(index) ? BigInt(index) : index);
  if (i.ndim !== 0 || !isInteger(i.dtype))
    throw fail("E_DTYPE", `${name}: the index is ${i.aval}, expected an integer scalar`);
  checkList(name, "branches", branches);
  if (branches.length === 0) throw fail("E_ARGUMENT", `${name}: needs at least one branch`);
  for (const f of branches) checkFunction(name, f);
  const { lax } = context();
  const clamped = lax.clamp(0, lax.convertElementType(i, "int32"), branches.length - 1);
  return branchesOf(name, branches, operands, clamped) as R;
}
export { switch_ as switch };

/** The same values, computed together: nothing that uses them is moved before what makes them. Source: jax.lax.optimization_barrier. */
export function optimizationBarrier<T>(operand: T): Traced<T> {
  const p = operandsOf("lax.optimizationBarrier", operand);
  return finish(p.treedef, context().lax.optimizationBarrier(p.leaves)) as Traced<T>;
}

/** The same values, whose derivative is zero; integers and keys as they are. Source: jax.lax.stop_gradient. */
export function stopGradient<T>(x: T): T {
  const { leaves, treedef } = flatten(x, "lax.stopGradient");
  const { lax } = context();
  return finish(
    treedef,
    leaves.map((leaf) => lax.stopGradient(leafOf("lax.stopGradient", leaf))),
  ) as T;
}
