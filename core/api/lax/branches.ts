// lax: branches on values, all of which are traced, and one of which runs.
import { fail } from "../../errors.ts";
import { sameShape, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isBool, isComplex, isInteger } from "../../ir/dtype.ts";
import { makeJaxprOf, type Jaxpr } from "../../ir/jaxpr.ts";
import { TRACER, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { flatten, printTree, unflatten } from "../../ir/tree.ts";
import { cond_p, unifyConsts } from "../../primitives/cond.ts";
import { checkList, toArray } from "../../primitives/operand.ts";
import { itemOf } from "../../runtime/array.ts";
import { checkFunction, finish, leafOf, operandsOf } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Traced, TracedArgs } from "../types.ts";
import { structureDifferences, typeDifferences, type TypeDifference } from "../mismatch.ts";
import { avalsOf, forwardsOf, stageTree, type StagedTree } from "./staged.ts";

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
  return finish(first.outDef, runBranches(index, [...unified.consts, ...p.leaves], unified.branches));
}
/** Runs one of the branches; what all of them hand on as it is doesn't pass through them. Source: jax.lax.switch's forwarding. */
function runBranches(
  index: NDArray,
  operands: readonly NDArray[],
  branches: readonly Jaxpr[],
): readonly NDArray[] {
  const forwards = branches.map(forwardsOf);
  const from = (forwards[0] as number[]).map((k, i) => (forwards.every((f) => f[i] === k) ? k : -1));
  const kept = branches.map((j) =>
    makeJaxprOf(
      j.inVars,
      j.eqns,
      j.outs.filter((_, i) => (from[i] as number) < 0),
    ),
  );
  const runs = kept.some((j) => j.outs.length > 0 || j.effects.length > 0);
  const outs = runs ? bind(cond_p, [index, ...operands], { branches: kept }) : [];
  let k = 0;
  return from.map((at) => (at < 0 ? outs[k++] : operands[at]) as NDArray);
}

/** A branch as the caller knows it: `lax.cond` has no numbers. */
const branchName = (name: string, k: number): string =>
  name === "lax.cond" ? `the ${k === 0 ? "false" : "true"} branch` : `branch ${k}`;

/** @throws E_BRANCHES naming every result that differs from the first branch's, and the way out */
function checkBranch(name: string, first: StagedTree, other: StagedTree, k: number): void {
  const [one, another] = [branchName(name, 0), branchName(name, k)];
  if (other.outDef !== first.outDef) {
    const differences = structureDifferences("result", first.outDef, other.outDef).map(
      (d) => `${d.place} is ${d.one} in ${one}, ${d.other} in ${another}`,
    );
    throw fail(
      "E_BRANCHES",
      `${name}: ${one} returns ${printTree(first.outDef)}, ${another} ${printTree(other.outDef)}: ${differences.join("; ")}`,
    );
  }
  const avals = (s: StagedTree): ShapedArray[] => s.jaxpr.outs.map((o) => o.aval);
  const differences = typeDifferences("result", first.outDef, avals(first), avals(other));
  if (differences.length === 0) return;
  throw fail(
    "E_BRANCHES",
    `${name}: ${differences.map((d) => `${d.place} is ${d.one} in ${one}, ${d.other} in ${another}`).join("; ")}`,
    { hint: differences.map((d) => branchFix(d, another)).join("; ") },
  );
}

/** How results of two types become ones of one. */
function branchFix({ place, avals: [want, got] }: TypeDifference, branch: string): string {
  return sameShape(want.shape, got.shape)
    ? `let ${branch} return ${place}.astype("${want.dtype}"), or the other one ${got.dtype}`
    : `let both return ${place} in one shape: np.broadcastTo(…, [${want.shape.join(", ")}]) in ${branch}, or reduce it`;
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
  const p = toArray(name, pred, "pred");
  if (p.ndim !== 0) throw fail("E_SHAPE", `${name}: the predicate is ${p.aval}, expected a scalar`);
  if (isComplex(p.dtype))
    throw fail("E_DTYPE", `${name}: the predicate is ${p.aval}, expected a boolean or a real number`);
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
  const i = toArray(
    name,
    typeof index === "number" && Number.isInteger(index) ? BigInt(index) : index,
    "index",
  );
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
