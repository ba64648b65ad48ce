// customJvp: a function with its own forward derivative.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { JvpRule } from "../../ir/trace.ts";
import { flatten, printTree, unflatten } from "../../ir/tree.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { checkOptions } from "../arrays.ts";
import type { Args } from "../types.ts";
import {
  customFrame,
  pairOf,
  withoutDerivative,
  type CustomFrame,
  type DiffArgs,
  type NondiffArgs,
} from "./custom.ts";
import { checkFunction, finish, flattenResult, labelOf, leafOf, nameOf, transformed } from "./flat.ts";
import type { AnyFn, Argnums, Cotangents } from "./types.ts";

/** Options of customJvp. */
export interface CustomJvpOptions<N = Argnums, Z = boolean> {
  /** Arguments without derivative, of any kind; the rule gets them first. */
  readonly nondiffArgnums?: N | undefined;
  /** The rule gets null, not zeros, for the tangents of what isn't differentiated. */
  readonly symbolicZeros?: Z | undefined;
}

/** Value and tangent that a rule returned, as leaves. @throws E_RULE_OUTPUT naming what differs */
function ruleResult(
  name: string,
  frame: CustomFrame,
  result: unknown,
): { outs: NDArray[]; tangents: (NDArray | null)[] } {
  const { first, second } = pairOf(name, "the rule", "tangent of the value", result);
  const value = flattenResult(name, first);
  frame.checkValue("the rule", value);
  const t = flatten(second, name, { isLeaf: (x) => x === null });
  if (t.leaves.length !== value.leaves.length)
    throw fail(
      "E_RULE_OUTPUT",
      `${name}: the rule's value ${printTree(value.treedef)} and tangent ${printTree(t.treedef)} differ in structure`,
    );
  const tangents = t.leaves.map((x, i) =>
    x === null || !hasTangent((value.leaves[i] as NDArray).aval) ? null : leafOf(name, x),
  );
  return { outs: value.leaves, tangents };
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
  options?: CustomJvpOptions<undefined, false>,
): (...args: Args<A>) => R;
export function customJvp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  jvp: (primals: A, tangents: Cotangents<A>) => readonly [R, R | null],
  options: CustomJvpOptions<undefined, true>,
): (...args: Args<A>) => R;
export function customJvp<A extends readonly unknown[], R, const N extends Argnums>(
  fun: (...args: A) => R,
  jvp: (
    ...args: [...NondiffArgs<A, N>, primals: DiffArgs<A, N>, tangents: DiffArgs<A, N>]
  ) => readonly [R, R],
  options: CustomJvpOptions<N, false>,
): (...args: Args<A>) => R;
export function customJvp<A extends readonly unknown[], R, const N extends Argnums>(
  fun: (...args: A) => R,
  jvp: (
    ...args: [...NondiffArgs<A, N>, primals: DiffArgs<A, N>, tangents: Cotangents<DiffArgs<A, N>>]
  ) => readonly [R, R | null],
  options: CustomJvpOptions<N, true>,
): (...args: Args<A>) => R;
export function customJvp(fun: AnyFn, jvp: AnyFn, options: CustomJvpOptions<unknown> = {}): unknown {
  const name = labelOf("customJvp", fun);
  checkOptions("customJvp", options, ["nondiffArgnums", "symbolicZeros"]);
  checkFunction(name, jvp);
  const { nondiffArgnums = [], symbolicZeros = false } = options;
  const call = (...args: unknown[]): unknown => {
    const frame = customFrame(name, fun, args, nondiffArgnums as Argnums, (x) => withoutDerivative(name, x));
    const rule: JvpRule = (primals, tangents) => {
      const given = [unflatten(frame.treedef, primals), unflatten(frame.treedef, tangents)];
      return ruleResult(name, frame, jvp(...([...frame.fixed, ...given] as never[])));
    };
    const custom = { name, numClosed: 0, symbolicZeros, body: frame.body, rule };
    const outs = context().trace.customJvp(custom, frame.leaves);
    return finish(frame.out(), outs);
  };
  return transformed(call, fun, nameOf(fun));
}
