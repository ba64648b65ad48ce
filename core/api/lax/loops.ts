// lax: loops of unknown length, and maps.
import { ConcretizationError, fail } from "../../errors.ts";
import { checkCount } from "../arity.ts";
import { userLine, withDeepStack } from "../../frames.ts";
import { context } from "../../ir/context.ts";
import { isBool } from "../../ir/dtype.ts";
import { makeJaxprOf } from "../../ir/jaxpr.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { listOf, printTree } from "../../ir/tree.ts";
import { toArray } from "../../primitives/operand.ts";
import { while_p } from "../../primitives/while.ts";
import type { Staged } from "../../transforms/stage.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { checkFunction, finish, labelOf, operandsOf, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Lift, Traced } from "../types.ts";
import { batchedMap } from "./batched.ts";
import { scan } from "./scan.ts";
import { avalsOf, checkCarry, forwardsOf, stageCarry, stageTree, type StagedTree } from "./staged.ts";

/** The test of a loop. @throws E_SHAPE, E_DTYPE unless it is one boolean */
function checkTest(name: string, staged: StagedTree): void {
  const [out] = staged.jaxpr.outs;
  if (staged.outDef.kind !== "leaf" || out === undefined || out.aval.shape.length !== 0)
    throw fail(
      "E_SHAPE",
      `${name}: the condition returns ${staged.outDef.kind === "leaf" ? String(out?.aval) : printTree(staged.outDef)}, expected a boolean scalar`,
      { hint: "use .all() or .any()" },
    );
  if (!isBool(out.aval.dtype))
    throw fail("E_DTYPE", `${name}: the condition returns ${out.aval}, expected a boolean scalar`);
}

/**
 * Repeats `bodyFun` while `condFun` holds; both get the carry. Forward mode only: for reverse mode use scan.
 * @throws E_CARRY where the carry changes its tree, shape or dtype. Source: jax.lax.while_loop
 * @example lax.whileLoop((x) => x.lt(100), (x) => x.mul(2), 1)  // 128
 */
export function whileLoop<I>(
  condFun: (x: Traced<I>) => ArrayLike,
  bodyFun: (x: Traced<I>) => Lift<Traced<I>>,
  initVal: I,
): Traced<I> {
  const name = labelOf("lax.whileLoop", bodyFun);
  checkCount("lax.whileLoop", 3, arguments.length);
  checkFunction(name, condFun);
  const h = operandsOf(name, initVal);
  const direct = context().config.disableJit ? asLoop(name, condFun, bodyFun, h) : null;
  if (direct !== null) return direct.result as Traced<I>;
  const one = listOf([h.treedef]);
  const { staged, carry } = stageCarry(
    name,
    h,
    (carry) => stageTree(name, bodyFun, one, avalsOf(carry)),
    (result) => result,
  );
  const test = stageTree(name, condFun, one, avalsOf(carry));
  checkTest(name, test);
  return finish(h.treedef, runWhile("lax.whileLoop", test, staged, carry)) as Traced<I>;
}

/**
 * Runs a while without what its body hands on as it is and its condition doesn't see: that is a constant of the loop.
 * Source: jax.lax.while_loop's forwarding.
 */
export function runWhile(
  api: string,
  test: Staged,
  body: Staged,
  carry: readonly NDArray[],
): readonly NDArray[] {
  const line = userLine(withDeepStack(() => new Error().stack));
  const used = new Set<unknown>([...test.jaxpr.eqns.flatMap((e) => e.inputs), ...test.jaxpr.outs]);
  const [numTest, numBody] = [test.consts.length, body.consts.length];
  const from = forwardsOf(body.jaxpr);
  const fixed = carry.map((_, i) => from[i] === numBody + i && !used.has(test.jaxpr.inVars[numTest + i]));
  const split = <T>(list: readonly T[]): [fixed: T[], kept: T[]] => [
    list.filter((_, i) => fixed[i]),
    list.filter((_, i) => !fixed[i]),
  ];
  const [fixedCarry, keptCarry] = split(carry);
  const [fixedVars, keptVars] = split(body.jaxpr.inVars.slice(numBody));
  const outs = bind(while_p, [...test.consts, ...fixedCarry, ...body.consts, ...keptCarry], {
    cond: makeJaxprOf(
      [...test.jaxpr.inVars.slice(0, numTest), ...split(test.jaxpr.inVars.slice(numTest))[1]],
      test.jaxpr.eqns,
      test.jaxpr.outs,
    ),
    body: makeJaxprOf(
      [...fixedVars, ...body.jaxpr.inVars.slice(0, numBody), ...keptVars],
      body.jaxpr.eqns,
      split(body.jaxpr.outs)[1],
    ),
    numCondConsts: numTest,
    numBodyConsts: fixedCarry.length + numBody,
    source: line === undefined ? api : `${api} at ${line}`,
  });
  let k = 0;
  return carry.map((x, i) => (fixed[i] ? x : outs[k++]) as NDArray);
}

/** Without jit: a loop of JavaScript, which reads the condition; null where it can't be read (under vmap). */
function asLoop(name: string, condFun: AnyFn, bodyFun: AnyFn, h: FlatCall): { result: unknown } | null {
  let carry = finish(h.treedef, h.leaves);
  try {
    while (toArray(name, condFun(carry as never) as ArrayLike).item("bool")) {
      const next = operandsOf(name, bodyFun(carry as never));
      checkCarry(name, h.treedef, avalsOf(h.leaves), next.treedef, avalsOf(next.leaves));
      carry = finish(next.treedef, next.leaves);
    }
  } catch (error) {
    if (error instanceof ConcretizationError) return null;
    throw error;
  }
  return { result: carry };
}

/** `f` on every element of the leading axis of `xs`, by a loop. `batchSize` of them at a time by vmap. Source: jax.lax.map. */
export function map<X, Y>(
  f: (x: Traced<X>) => Y,
  xs: X,
  options: Options<never, { batchSize: number | null }> = {},
): Y {
  checkOptions("lax.map", options, ["batchSize"]);
  checkFunction("lax.map", f);
  if (options.batchSize == null) return scan((_: null, x: Traced<X>) => [null, f(x)] as const, null, xs)[1];
  return batchedMap(f, xs, options.batchSize) as Y;
}
