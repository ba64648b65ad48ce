// lax.foriLoop: a counted loop. Known bounds make it a scan, traced ones a while loop.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isInteger, isUnsigned } from "../../ir/dtype.ts";
import { LITERAL, type ArrayLike, type NDArray } from "../../ir/ndarray.ts";
import { LEAF, listOf } from "../../ir/tree.ts";
import { toArray } from "../../primitives/operand.ts";
import { isConcrete, itemOf } from "../../runtime/array.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage, type Staged } from "../../transforms/stage.ts";
import { checkOptions, materialise } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { finish, labelOf, operandsOf, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Lift, Traced } from "../types.ts";
import { runWhile } from "./loops.ts";
import { runForwarding } from "./scan.ts";
import { avalsOf, checkCarry, stageCarry, stageTree } from "./staged.ts";
import { checkUnroll } from "./unroll.ts";

/** A bound of a counted loop: its value where it is known while tracing, and its type. */
interface Bound {
  readonly value: number | null;
  readonly array: NDArray;
}
function boundOf(name: string, x: ArrayLike): Bound {
  if (typeof x === "number" && !Number.isInteger(x))
    throw fail("E_DTYPE", `${name}: a bound is ${x}, expected an integer`);
  const array = toArray(name, typeof x === "number" ? BigInt(x) : x);
  if (array.ndim !== 0 || !isInteger(array.dtype))
    throw fail("E_DTYPE", `${name}: a bound is ${array.aval}, expected an integer scalar`);
  const isKnown = array.kind === LITERAL || (isConcrete(array) && array.home.capabilities.readSync);
  return { value: isKnown ? Number(itemOf(array, array.dtype)) : null, array };
}

/** Bounds of one dtype: a weak one takes the other's. @throws E_DTYPE_MISMATCH */
function sameBounds(name: string, lower: NDArray, upper: NDArray): [NDArray, NDArray] {
  if (lower.dtype === upper.dtype) return [lower, upper];
  const { lax } = context();
  const signed = !isUnsigned(lower.dtype) && !isUnsigned(upper.dtype);
  if (signed && lower.weakType && !upper.weakType) return [lax.convertElementType(lower, upper.dtype), upper];
  if (signed && upper.weakType && !lower.weakType) return [lower, lax.convertElementType(upper, lower.dtype)];
  throw fail(
    "E_DTYPE_MISMATCH",
    `${name}: the bounds are ${lower.aval} and ${upper.aval}, expected one dtype`,
  );
}

/**
 * `bodyFun(i, carry)` for i from `lower` up to, not including, `upper`. Bounds known while tracing (numbers) make it a
 * scan, which reverse mode can differentiate; traced bounds make it a while loop.
 * @throws E_CARRY where the carry changes its tree, shape or dtype. Source: jax.lax.fori_loop
 * @example lax.foriLoop(0, 4, (i, x) => x.add(i), 0n)  // 6
 */
export function foriLoop<I>(
  lower: ArrayLike,
  upper: ArrayLike,
  bodyFun: (i: NDArray, x: Traced<I>) => Lift<Traced<I>>,
  initVal: I,
  options: Options<"unroll"> = {},
): Traced<I> {
  const name = labelOf("lax.foriLoop", bodyFun);
  checkOptions("lax.foriLoop", options, ["unroll"]);
  checkUnroll(name, options.unroll ?? 1);
  const [from, to] = [boundOf("lax.foriLoop", lower), boundOf("lax.foriLoop", upper)];
  const [start, end] = sameBounds("lax.foriLoop", from.array, to.array);
  const h = operandsOf(name, initVal);
  if (from.value !== null && to.value !== null) {
    const first = toArray(name, BigInt(from.value));
    const length = Math.max(to.value - from.value, 0);
    if (context().config.disableJit) return directly(name, from.value, length, bodyFun, h) as Traced<I>;
    const { body, carry } = stageBody(name, bodyFun, h, first);
    const params = { jaxpr: body.jaxpr, numConsts: body.consts.length, numCarry: 1 + carry.length };
    const operands = [...body.consts, first, ...carry];
    const outs = runForwarding({ ...params, length, reverse: false }, operands, options.unroll ?? 1);
    return finish(h.treedef, outs.slice(1)) as Traced<I>;
  }
  if (Number(options.unroll ?? 1) > 1)
    throw fail("E_ARGUMENT", `${name}: unroll needs bounds that are known while tracing`);
  const { body, carry } = stageBody(name, bodyFun, h, start);
  const { lax } = context();
  const state = [start, ...carry];
  const test = stage(([i]) => [lax.lt(i as NDArray, end)], avalsOf(state), name);
  return finish(
    h.treedef,
    runWhile("lax.foriLoop with traced bounds", test, body, state).slice(1),
  ) as Traced<I>;
}

/** The body over (i, carry), which counts on; only what the user's function returns is the carry that errors speak of. */
function stageBody(
  name: string,
  bodyFun: AnyFn,
  h: FlatCall,
  first: NDArray,
): { body: Staged; carry: readonly NDArray[] } {
  const both = listOf([LEAF, h.treedef]);
  const { staged, carry } = stageCarry(
    name,
    h,
    (carry) => stageTree(name, bodyFun, both, avalsOf([first, ...carry])),
    (result) => result,
  );
  const { lax } = context();
  const numConsts = staged.consts.length;
  const counting = stage(
    (xs) => [lax.add(xs[numConsts] as NDArray, 1), ...evalJaxpr(staged.jaxpr, xs)],
    avalsOf([...staged.consts, first, ...carry]),
    name,
  );
  return { body: { jaxpr: counting.jaxpr, consts: [...counting.consts, ...staged.consts] }, carry };
}

/** Without jit: the steps one after the other, as a loop of JavaScript. */
function directly(name: string, from: number, length: number, bodyFun: AnyFn, h: FlatCall): unknown {
  let carry = finish(h.treedef, h.leaves);
  for (let i = from; i < from + length; i++) {
    const at = materialise(toArray(name, BigInt(i)));
    const next = operandsOf(name, bodyFun(...([at, carry] as never[])));
    checkCarry(name, h.treedef, avalsOf(h.leaves), next.treedef, avalsOf(next.leaves));
    carry = finish(next.treedef, next.leaves);
  }
  return carry;
}
