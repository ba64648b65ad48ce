// lax.scan: a loop of known length over the leading axis of its inputs.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { makeJaxprOf, type Var } from "../../ir/jaxpr.ts";
import { NDArray } from "../../ir/ndarray.ts";
import { listOf, pathsOf, printPath, unflatten, type TreeDef } from "../../ir/tree.ts";
import { cut } from "../../primitives/fixpoint.ts";
import type { ScanParams } from "../../primitives/scan.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { checkSynchronous, finish, labelOf, operandsOf, type FlatCall } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Lift, Traced } from "../types.ts";
import { avalsOf, checkCarry, forwardsOf, stageCarry, stageTree } from "./staged.ts";
import { checkUnroll, runScan } from "./unroll.ts";

interface ScanOwn {
  /** Number of steps, where xs is null. */
  readonly length: number | null;
}
/** Options of scan. */
export type ScanOptions = Options<"reverse" | "unroll", ScanOwn>;

/**
 * A loop over the leading axis of `xs`: `f(carry, x)` gives [carry, y]; the result is the last carry and the stacked ys.
 *
 * Can be differentiated in both modes. `xs` may be null, with `length`. A number as the initial carry is a float32.
 * @throws E_CARRY where the carry changes its tree, shape or dtype. Source: jax.lax.scan
 * @example lax.scan((c, x) => [c.add(x), c], 0, np.array([1, 2, 3]))  // [6, [0, 1, 3]]
 */
export function scan<I, X, Y>(
  f: (carry: Traced<I>, x: Traced<X>) => readonly [Lift<Traced<I>>, Y],
  init: I,
  xs: X,
  options?: ScanOptions,
): [Traced<I>, Y];
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options?: ScanOptions,
): [C, Y];
export function scan(f: AnyFn, init: unknown, xs: unknown, options: ScanOptions = {}): unknown {
  const name = labelOf("lax.scan", f);
  checkOptions("lax.scan", options, ["length", "reverse", "unroll"]);
  checkUnroll(name, options.unroll ?? 1);
  const h = operandsOf(name, init);
  const x = operandsOf(name, xs);
  const length = scanLength(name, x, options.length);
  if (context().config.disableJit && length > 0)
    return steps(name, f, h, x, length, options.reverse ?? false);
  const slices = x.leaves.map((v) => v.aval.with({ shape: v.shape.slice(1) }));
  const both = listOf([h.treedef, x.treedef]);
  const { staged, carry } = stageCarry(
    name,
    h,
    (carry) => stageTree(name, pairOf(name, f), both, [...avalsOf(carry), ...slices]),
    (pair) => pair.children[0] as TreeDef,
  );
  const params = {
    jaxpr: staged.jaxpr,
    numConsts: staged.consts.length,
    numCarry: h.leaves.length,
    length,
    reverse: options.reverse ?? false,
  };
  const outs = runForwarding(params, [...staged.consts, ...carry, ...x.leaves], options.unroll ?? 1);
  return finish(staged.outDef, outs);
}

/**
 * Runs a scan without what its body hands on as it is: a carry that never changes is a constant of the loop, and ys that
 * are xs needn't be stacked. Source: jax.lax.scan's forwarding.
 */
export function runForwarding(
  params: ScanParams,
  operands: readonly NDArray[],
  unroll: number | boolean,
): readonly NDArray[] {
  const { jaxpr, numConsts, numCarry } = params;
  const from = forwardsOf(jaxpr).map((k, i) =>
    (i < numCarry ? k === numConsts + i : k >= numConsts + numCarry) ? k : -1,
  );
  const kept = (_: unknown, i: number): boolean => (from[i] as number) < 0;
  const [vc, vh, vx] = cut(jaxpr.inVars, numConsts, numCarry) as [Var[], Var[], Var[]];
  const [consts, carry, xs] = cut(operands, numConsts, numCarry) as [NDArray[], NDArray[], NDArray[]];
  const fixed = <T>(list: readonly T[]): T[] => list.filter((_, i) => !kept(_, i));
  const body = makeJaxprOf(
    [...vc, ...fixed(vh), ...vh.filter(kept), ...vx],
    jaxpr.eqns,
    jaxpr.outs.filter(kept),
  );
  const numFixed = fixed(carry).length;
  const outs =
    body.outs.length === 0 && body.effects.length === 0
      ? []
      : runScan(
          { ...params, jaxpr: body, numConsts: numConsts + numFixed, numCarry: numCarry - numFixed },
          [...consts, ...fixed(carry), ...carry.filter(kept), ...xs],
          unroll,
        );
  let k = 0;
  return from.map((at) => (at < 0 ? outs[k++] : operands[at]) as NDArray);
}

/** Without jit: the steps one after the other, as a loop of JavaScript. */
function steps(name: string, f: AnyFn, h: FlatCall, x: FlatCall, length: number, reverse: boolean): unknown {
  const { lax } = context();
  const body = pairOf(name, f) as (...args: unknown[]) => readonly [unknown, unknown];
  let carry = unflatten(h.treedef, h.leaves);
  const ys: FlatCall[] = [];
  for (let k = 0; k < length; k++) {
    const at = reverse ? length - 1 - k : k;
    const slice = x.leaves.map((v) => lax.squeeze(lax.sliceInDim(v, at, at + 1), [0]));
    const [next, y] = body(carry, unflatten(x.treedef, slice));
    const flat = operandsOf(name, next);
    checkCarry(name, h.treedef, avalsOf(h.leaves), flat.treedef, avalsOf(flat.leaves));
    carry = finish(flat.treedef, flat.leaves);
    ys[at] = operandsOf(name, y);
  }
  const [first] = ys as [FlatCall];
  const stacked = first.leaves.map((_, i) =>
    lax.concatenate(
      ys.map((y) => lax.expandDims(y.leaves[i] as NDArray, [0])),
      0,
    ),
  );
  return [carry, finish(first.treedef, stacked)];
}

/** @throws E_CARRY for a body that returns no pair */
const pairOf =
  (name: string, f: AnyFn): AnyFn =>
  (...args) => {
    const result: unknown = f(...args);
    checkSynchronous(name, result);
    if (!Array.isArray(result) || result.length !== 2)
      throw fail("E_CARRY", `${name}: the body returns ${describe(result)}, expected [carry, y]`, {
        hint: "return [carry, null] when there is nothing to stack",
      });
    return result;
  };
const describe = (x: unknown): string =>
  Array.isArray(x) ? `a list of ${x.length}` : x instanceof NDArray ? String(x.aval) : `a ${typeof x}`;

function scanLength(name: string, xs: FlatCall, given: number | null | undefined): number {
  const paths = pathsOf(xs.treedef);
  const where = (i: number): string => printPath(["xs", ...(paths[i] ?? [])]);
  const sizes = xs.leaves.map((x, i) => {
    if (x.ndim === 0)
      throw fail("E_SHAPE", `${name}: ${where(i)} is ${x.aval}, expected an array with a leading axis`);
    return x.shape[0] as number;
  });
  const length = given ?? sizes[0];
  if (length === undefined)
    throw fail("E_ARGUMENT", `${name}: xs is empty and there is no length`, { hint: "pass { length: n }" });
  if (!Number.isInteger(length) || length < 0)
    throw fail("E_ARGUMENT", `${name}: length is ${length}, expected a number of steps`);
  const odd = sizes.findIndex((n) => n !== length);
  if (odd >= 0)
    throw fail(
      "E_SHAPE",
      `${name}: ${where(odd)} ${(xs.leaves[odd] as NDArray).aval} has ${sizes[odd]} steps, expected ${length}${given == null ? ` as ${where(0)}` : ", the length"}`,
    );
  return length;
}
