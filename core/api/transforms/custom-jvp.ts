// customJvp: a function with its own forward derivative.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { FlatFn, JvpRule } from "../../ir/trace.ts";
import { flatten, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { numberList } from "../../primitives/operand.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { checkOptions } from "../arrays.ts";
import type { Args } from "../types.ts";
import {
  checkFunction,
  checkSynchronous,
  finish,
  flatFunction,
  flattenArgs,
  flattenResult,
  labelOf,
  leafOf,
  nameOf,
  selectArgs,
  transformed,
} from "./flat.ts";
import type { AnyFn, Argnums } from "./types.ts";

/** Value and tangent that a rule returned, as leaves. @throws E_RULE_OUTPUT naming what differs */
function ruleResult(
  name: string,
  result: unknown,
): { outs: NDArray[]; tangents: (NDArray | null)[]; treedef: TreeDef } {
  checkSynchronous(name, result);
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

/** Options of customJvp. */
export interface CustomJvpOptions {
  /** Arguments without derivative, of any kind; the rule gets them first. */
  readonly nondiffArgnums?: Argnums | undefined;
}

/**
 * `fun` with a derivative of its own: `jvp(primals, tangents)` gives [value, tangent of the value], linear in the
 * tangents. Tangents of integer arguments are null. With `nondiffArgnums` it is `jvp(...those, primals, tangents)`.
 * @throws E_RULE_OUTPUT, E_RULE_NOT_LINEAR when it is differentiated. Source: jax.custom_jvp
 * @example customJvp((x: NDArray): NDArray => np.sin(x), ([x], [t]) => [np.sin(x), t.mul(np.cos(x))])
 */
export function customJvp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  jvp: (primals: A, tangents: A) => readonly [R, R],
  options?: CustomJvpOptions & { readonly nondiffArgnums?: undefined },
): (...args: Args<A>) => R;
export function customJvp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  jvp: (...args: never[]) => readonly [R, R],
  options: CustomJvpOptions,
): (...args: Args<A>) => R;
export function customJvp(fun: AnyFn, jvp: AnyFn, options: CustomJvpOptions = {}): unknown {
  const name = labelOf("customJvp", fun);
  checkOptions("customJvp", options, ["nondiffArgnums"]);
  checkFunction(name, jvp);
  const nondiff = numberList(name, "nondiffArgnums", options.nondiffArgnums ?? []);
  const call = (...args: unknown[]): unknown => {
    const fixed = nondiff.map((i) => (i < 0 ? i + args.length : i));
    const places = args.map((_, i) => i).filter((i) => !fixed.includes(i));
    const { chosen, of } = selectArgs(name, fun, args, places);
    const p = flattenArgs(name, fun, chosen, places);
    const { fn, out } = flatFunction(name, of, p.treedef);
    let outDef: TreeDef | null = null;
    const body: FlatFn = (xs) => {
      const r = fn(xs);
      outDef = out();
      return r;
    };
    const rule: JvpRule = (primals, tangents) => {
      const ts = tangents.map((t, i) => (hasTangent((primals[i] as NDArray).aval) ? t : null));
      const given = [unflatten(p.treedef, primals), unflatten(p.treedef, ts)];
      const r = ruleResult(name, jvp(...([...fixed.map((i) => args[i]), ...given] as never[])));
      outDef = r.treedef;
      return r;
    };
    const outs = context().trace.customJvp({ name, body, rule }, p.leaves);
    return finish(outDef as unknown as TreeDef, outs);
  };
  return transformed(call, fun, nameOf(fun));
}
