// customVmap: a function with its own batching rule; sequentialVmap: the rule that loops.
import { fail } from "../../errors.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { flatten, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { custom_vmap_p, type VmapRule } from "../../primitives/custom-vmap.ts";
import { stage } from "../../transforms/stage.ts";
import { map } from "../lax/loops.ts";
import type { Args, MapTree } from "../types.ts";
import { pairOf } from "./custom.ts";
import {
  checkFunction,
  finish,
  flatFunction,
  flattenArgs,
  flattenResult,
  labelOf,
  nameOf,
  transformed,
} from "./flat.ts";
import type { AnyFn } from "./types.ts";

/** Which leaves of the arguments have the mapped axis. */
export type InBatched<A extends readonly unknown[]> = { readonly [I in keyof A]: MapTree<A[I], boolean> };

/**
 * `fun` with a batching rule of its own: `vmapRule(axisSize, inBatched, ...args)` gives [results, outBatched], where
 * mapped arguments have the axis at 0, and `outBatched` says the same of the results.
 *
 * The rule's derivative is used for vmap of jvp; reverse mode refuses it (wrap it in `customVjp`), but grad of a vmap
 * differentiates what the rule did.
 * @throws E_RULE_OUTPUT where the rule's results aren't like the function's. Source: jax.custom_batching.custom_vmap
 */
export function customVmap<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  vmapRule: (axisSize: number, inBatched: InBatched<A>, ...args: A) => readonly [R, MapTree<R, boolean>],
): (...args: Args<A>) => R;
export function customVmap(fun: AnyFn, vmapRule: AnyFn): unknown {
  const name = labelOf("customVmap", fun);
  checkFunction(`${name}: the rule`, vmapRule);
  return mapped(name, fun, ({ treedef }, outDef) => (size, inBatched, args) => {
    const given = [size, unflatten(treedef, inBatched), ...(unflatten(treedef, args) as unknown[])];
    const { first, second } = pairOf(name, "the rule", "outBatched", vmapRule(...(given as never[])));
    const r = flattenResult(name, first);
    const flags = flatten(second, name, { any: true });
    if (
      r.treedef !== outDef ||
      flags.treedef !== outDef ||
      !flags.leaves.every((b) => typeof b === "boolean")
    )
      throw fail(
        "E_RULE_OUTPUT",
        `${name}: the rule returns ${printTree(r.treedef)} and outBatched ${printTree(flags.treedef)}, expected ` +
          `${printTree(outDef)} as the function and a boolean for each leaf`,
      );
    return { outs: r.leaves, outBatched: flags.leaves };
  });
}

interface Frame {
  readonly treedef: TreeDef;
  /** The function over the leaves of one example. */
  readonly one: (args: readonly NDArray[]) => readonly NDArray[];
}
function mapped(name: string, fun: AnyFn, ruleOf: (frame: Frame, outDef: TreeDef) => VmapRule): unknown {
  const call = (...args: unknown[]): unknown => {
    const p = flattenArgs(name, fun, args);
    const { fn, out } = flatFunction(name, fun, p.treedef);
    const { jaxpr, consts } = stage(
      fn,
      p.leaves.map((x) => x.aval),
      name,
    );
    const outDef = out();
    let params: Parameters<typeof bind>[2] = {};
    const one = (xs: readonly NDArray[]): readonly NDArray[] =>
      bind(custom_vmap_p, [...consts, ...xs], params);
    params = { name, jaxpr, numConsts: consts.length, rule: ruleOf({ treedef: p.treedef, one }, outDef) };
    return finish(outDef, one(p.leaves));
  };
  return transformed(call, fun, nameOf(fun));
}

/**
 * `f`, which vmap calls in a loop, one example at a time: for functions that can't be mapped otherwise, or whose effects
 * shall come in order. Source: jax.custom_batching.sequential_vmap
 */
export function sequentialVmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
): (...args: Args<A>) => R;
export function sequentialVmap(f: AnyFn): unknown {
  const name = labelOf("sequentialVmap", f);
  return mapped(name, f, ({ one }) => (_size, inBatched, args) => {
    const step = (slices: readonly NDArray[]): readonly NDArray[] => {
      let k = 0;
      return one(args.map((x, i) => (inBatched[i] === true ? (slices[k++] as NDArray) : x)));
    };
    const outs = map(
      step,
      args.filter((_, i) => inBatched[i] === true),
    );
    return { outs, outBatched: outs.map(() => true) };
  });
}
