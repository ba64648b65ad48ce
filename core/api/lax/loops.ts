// lax: loops of unknown length, counted loops, and maps.
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isBool, isInteger } from "../../ir/dtype.ts";
import { LITERAL, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { listOf, printTree } from "../../ir/tree.ts";
import { toArray } from "../../primitives/operand.ts";
import { while_p } from "../../primitives/while.ts";
import { isConcrete, itemOf } from "../../runtime/array.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { checkFunction, finish, labelOf, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Lift, Traced } from "../types.ts";
import { batchedMap } from "./batched.ts";
import { scan } from "./scan.ts";
import { avalsOf, checkCarry, operandsOf, promotedCarry, stageTree, type StagedTree } from "./staged.ts";

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
 */
export function whileLoop<I>(
  condFun: (x: Traced<I>) => ArrayLike,
  bodyFun: (x: Traced<I>) => Lift<Traced<I>>,
  initVal: I,
): Traced<I> {
  const name = labelOf("lax.whileLoop", bodyFun);
  checkFunction(name, condFun);
  const h = operandsOf(name, initVal);
  if (context().config.disableJit) return asLoop(name, condFun, bodyFun, h) as Traced<I>;
  const one = listOf([h.treedef]);
  const body = (xs: readonly NDArray[]): StagedTree => stageTree(name, bodyFun, one, avalsOf(xs));
  let carry: readonly NDArray[] = h.leaves;
  let staged = body(carry);
  const outAvals = (): ShapedArray[] => staged.jaxpr.outs.map((o) => o.aval);
  if (staged.outDef === h.treedef) {
    const promoted = promotedCarry(carry, outAvals());
    if (promoted !== null) staged = body((carry = promoted));
  }
  checkCarry(name, h.treedef, carry, staged.outDef, outAvals());
  const test = stageTree(name, condFun, one, avalsOf(carry));
  checkTest(name, test);
  const outs = bind(while_p, [...test.consts, ...staged.consts, ...carry], {
    cond: test.jaxpr,
    body: staged.jaxpr,
    numCondConsts: test.consts.length,
    numBodyConsts: staged.consts.length,
  });
  return finish(h.treedef, outs) as Traced<I>;
}

/** Without jit: a loop of JavaScript, which reads the condition. */
function asLoop(name: string, condFun: AnyFn, bodyFun: AnyFn, h: FlatCall): unknown {
  let carry = finish(h.treedef, h.leaves);
  while (toArray(name, condFun(carry as never) as ArrayLike).item("bool")) {
    const next = operandsOf(name, bodyFun(carry as never));
    checkCarry(name, h.treedef, h.leaves, next.treedef, avalsOf(next.leaves));
    carry = finish(next.treedef, next.leaves);
  }
  return carry;
}

/** A bound whose value is known while tracing, null if it isn't. */
function staticBound(name: string, x: ArrayLike): number | null {
  if (typeof x === "number" || typeof x === "bigint") return integerBound(name, Number(x));
  const v = toArray(name, x);
  if (v.ndim !== 0 || !isInteger(v.dtype))
    throw fail("E_DTYPE", `${name}: a bound is ${v.aval}, expected an integer`);
  const known = v.kind === LITERAL || (isConcrete(v) && v.home.capabilities.readSync);
  return known ? Number(itemOf(v, v.dtype)) : null;
}
function integerBound(name: string, n: number): number {
  if (Number.isInteger(n)) return n;
  throw fail("E_DTYPE", `${name}: a bound is ${n}, expected an integer`);
}

/**
 * `bodyFun(i, carry)` for i from `lower` up to, not including, `upper`. Bounds known while tracing (numbers) make it a
 * scan, which reverse mode can differentiate; traced bounds make it a while loop.
 * Source: jax.lax.fori_loop.
 * @example lax.foriLoop(0, 4, (i, x) => x.add(i), 0n)  // 6
 */
export function foriLoop<I>(
  lower: ArrayLike,
  upper: ArrayLike,
  bodyFun: (i: NDArray, x: Traced<I>) => Lift<Traced<I>>,
  initVal: I,
  options: Options<"unroll"> = {},
): Traced<I> {
  const name = "lax.foriLoop";
  checkOptions(name, options, ["unroll"]);
  checkFunction(name, bodyFun);
  const [from, to] = [staticBound(name, lower), staticBound(name, upper)];
  const start = from === null || typeof lower === "object" ? toArray(name, lower) : BigInt(from);
  if (from !== null && to !== null) {
    const step = ([i, x]: readonly [NDArray, Traced<I>], _: null) =>
      [[i.add(1n), bodyFun(i, x)] as never, null] as const;
    const steps = { length: Math.max(to - from, 0), unroll: options.unroll ?? 1 };
    return scan(step as never, [start, initVal], null, steps)[0][1] as Traced<I>;
  }
  if (options.unroll !== undefined)
    throw fail("E_ARGUMENT", `${name}: unroll needs bounds that are known while tracing`);
  const end = typeof upper === "object" ? toArray(name, upper) : BigInt(to as number);
  const loop = whileLoop(
    ((c: readonly [NDArray, NDArray, unknown]) => c[0].lt(c[1])) as never,
    ((c: readonly [NDArray, NDArray, Traced<I>]) => [c[0].add(1n), c[1], bodyFun(c[0], c[2])]) as never,
    [start, end, initVal] as unknown,
  ) as unknown as readonly [NDArray, NDArray, Traced<I>];
  return loop[2];
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
