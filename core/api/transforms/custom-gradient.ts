// customGradient: value and reverse derivative from one function. closureConvert: what a function closed over as arguments.
import { fail } from "../../errors.ts";
import { ctAval } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { isTracer, type CustomVjp } from "../../ir/trace.ts";
import { flatten, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage } from "../../transforms/stage.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { instantiateCt } from "../../transforms/zeros.ts";
import type { Args } from "../types.ts";
import { cotangentsOf, customFrame, pairOf, type CustomFrame } from "./custom.ts";
import { checkFunction, finish, flattenArgs, flattenResult, labelOf, nameOf, transformed } from "./flat.ts";
import type { AnyFn, Cotangent, Cotangents } from "./types.ts";

/** A staged backward rule: what it captured are its residuals. */
function stageRule(name: string, frame: CustomFrame, rule: AnyFn, outs: readonly NDArray[], outDef: TreeDef) {
  const smooth = outs.map((x) => hasTangent(x.aval));
  let given: readonly boolean[] = [];
  const { jaxpr, consts } = stage(
    (cts) => {
      let k = 0;
      const ct = unflatten(
        outDef,
        smooth.map((s) => (s ? cts[k++] : null)),
      );
      const result: unknown = rule(...([ct] as never[]));
      // With one argument the cotangent alone will do, as in JAX.
      const one = frame.places.length === 1 && !Array.isArray(result);
      const grads = cotangentsOf(name, "the gradient", frame, one ? [result] : result);
      given = grads.map((g) => g !== null);
      return grads.filter((g) => g !== null);
    },
    outs.flatMap((x, i) => (smooth[i] ? [ctAval(x.aval)] : [])),
    name,
  );
  const bwd: ReturnType<CustomVjp["fwd"]>["bwd"] = (residuals, cts) => {
    const full = outs.flatMap((x, i) => (smooth[i] ? [instantiateCt(cts[i] ?? null, x.aval)] : []));
    const grads = evalJaxpr(jaxpr, [...residuals, ...full]);
    let k = 0;
    return given.map((g) => (g ? (grads[k++] as NDArray) : null));
  };
  return { residuals: consts, bwd };
}

/**
 * A function with its own reverse derivative: `fun` returns [value, rule], and `rule(ct)` the cotangents of the
 * arguments, as a list (of one argument also by itself). The rule shares what `fun` computed; it can't branch on values.
 * @throws as customVjp. Source: jax.custom_gradient
 * @example customGradient((x: NDArray) => [x.mul(x), (ct: NDArray) => ct.mul(x)])  // half of the derivative
 */
export function customGradient<A extends readonly unknown[], R>(
  fun: (
    ...args: A
  ) => readonly [R, (ct: R) => Cotangents<A> | (A extends readonly [infer X] ? Cotangent<X> : never)],
): (...args: Args<A>) => R;
export function customGradient(fun: AnyFn): unknown {
  const name = labelOf("customGradient", fun);
  const value: AnyFn = (...args) => pairOf(name, "the function", "gradient", fun(...args)).first;
  const call = (...args: unknown[]): unknown => {
    const frame = customFrame(name, value, args, [], (x) => x);
    const custom: CustomVjp = {
      name,
      numClosed: 0,
      symbolicZeros: true,
      body: frame.body,
      fwd: (primals) => {
        const result = frame.apply(fun, unflatten(frame.treedef, primals) as unknown[]);
        const pair = pairOf(name, "the function", "gradient", result);
        const { leaves, treedef } = flattenResult(name, pair.first);
        checkFunction(`${name}: the gradient`, pair.second);
        frame.checkValue("the function", { leaves, treedef });
        return { outs: leaves, ...stageRule(name, frame, pair.second, leaves, treedef) };
      },
    };
    const outs = context().trace.customVjp(custom, frame.leaves);
    return finish(frame.out(), outs);
  };
  return transformed(call, fun, nameOf(fun));
}

/** May it carry a derivative, now or when what is being staged is differentiated? Source: jax's _maybe_perturbed. */
const mayBePerturbed = (x: NDArray): boolean => {
  if (!isTracer(x) || !hasTangent(x.aval)) return false;
  const { kind } = x.trace;
  if (kind === "batch") return mayBePerturbed(x.a as NDArray);
  return true;
};

/**
 * `fun` for arguments like these, as a function that takes what it closed over as further arguments, and those values:
 * arrays that may be differentiated. Others stay closed over.
 * @throws E_TREE_MISMATCH for arguments of another structure. Source: jax.closure_convert
 * @example const [f, consts] = closureConvert((x: NDArray) => x.mul(w), x);  f(x, ...consts)
 */
export function closureConvert<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...exampleArgs: Args<A>
): [(...args: [...Args<A>, ...NDArray[]]) => R, NDArray[]] {
  const name = labelOf("closureConvert", fun);
  const { leaves, treedef } = flattenArgs(name, fun, exampleArgs);
  let outDef: TreeDef | null = null;
  const staged = stage(
    (xs) => {
      const r = flattenResult(name, (fun as AnyFn)(...(unflatten(treedef, xs) as never[])));
      outDef = r.treedef;
      return r.leaves;
    },
    leaves.map((x) => x.aval),
    name,
  );
  const hoisted = staged.consts.map(mayBePerturbed);
  const numArgs = exampleArgs.length;
  const converted = (...all: unknown[]): R => {
    const args = flattenArgs(name, fun, all.slice(0, numArgs));
    if (args.treedef !== treedef)
      throw fail(
        "E_TREE_MISMATCH",
        `${name}: the arguments are ${printTree(args.treedef)}, expected ${printTree(treedef)} as the examples`,
      );
    const given = flatten(all.slice(numArgs), name).leaves as NDArray[];
    let k = 0;
    const consts = staged.consts.map((x, i) => (hoisted[i] ? (given[k++] as NDArray) : x));
    return finish(outDef as unknown as TreeDef, evalJaxpr(staged.jaxpr, [...consts, ...args.leaves])) as R;
  };
  return [converted, staged.consts.filter((_, i) => hoisted[i])];
}
