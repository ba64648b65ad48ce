// customJvp: a function with its own forward derivative.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import type { Args } from "../types.ts";
import { finish, flatFunction, flattenArgs, flattenResult, leafOf, nameOf } from "./flat.ts";
import type { AnyFn } from "./types.ts";

/** Value and tangent that a rule returned, as leaves. @throws E_RULE_OUTPUT naming what differs */
function ruleResult(
  name: string,
  result: unknown,
): { outs: NDArray[]; tangents: (NDArray | null)[]; treedef: TreeDef } {
  if (!Array.isArray(result) || result.length !== 2)
    throw fail("E_RULE_OUTPUT", `${name}: the rule returns [value, tangent of the value]`);
  const value = flattenResult(name, result[0]);
  const t = flatten(result[1], name, { isLeaf: (x) => x === null });
  if (t.leaves.length !== value.leaves.length)
    throw fail(
      "E_RULE_OUTPUT",
      `${name}: the rule's value ${printTree(value.treedef)} and tangent ${printTree(t.treedef)} differ in structure`,
    );
  const tangents = t.leaves.map((x, i) =>
    x === null || !hasTangent((value.leaves[i] as NDArray).aval) ? null : leafOf(name, x),
  );
  return { outs: value.leaves, tangents, treedef: value.treedef };
}

/**
 * `fun` with a derivative of its own: `jvp(primals, tangents)` gives [value, tangent of the value], linear in the
 * tangents. Tangents of integer arguments are null.
 * @throws E_RULE_OUTPUT, E_RULE_NOT_LINEAR when it is differentiated. Source: jax.custom_jvp
 */
export function customJvp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  jvp: (primals: A, tangents: A) => readonly [R, R],
): (...args: Args<A>) => R {
  const name = `customJvp(${nameOf(fun)})`;
  const call = (...args: unknown[]): unknown => {
    const p = flattenArgs(name, fun, args);
    const { fn, out } = flatFunction(name, fun, p.treedef);
    let outDef: TreeDef | null = null;
    const outs = context().trace.customJvp(
      {
        name,
        body: (xs) => {
          const r = fn(xs);
          outDef = out();
          return r;
        },
        rule: (primals, tangents) => {
          const ts = tangents.map((t, i) => (hasTangent((primals[i] as NDArray).aval) ? t : null));
          const r = ruleResult(name, jvp(unflatten(p.treedef, primals) as A, unflatten(p.treedef, ts) as A));
          outDef = r.treedef;
          return r;
        },
      },
      p.leaves,
    );
    return finish(outDef as unknown as TreeDef, outs);
  };
  Object.defineProperty(call, "name", { value: nameOf(fun as unknown as AnyFn) });
  return call as (...args: Args<A>) => R;
}
