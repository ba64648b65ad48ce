// Random nestings of transformations and loops against Taylor series: no perturbation is confused with another, whatever
// is nested in what, and closing over values of outer transformations makes no difference.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { itemOf } from "../../runtime/array.ts";
import { array } from "../arrays.ts";
import * as lax from "../lax/index.ts";
import { installReference, withX64 } from "../testing/root.ts";
import {
  anyDifferentiation,
  anyExpression,
  anyWrapping,
  forwardExpression,
  nestingOf,
  series,
  type Body,
  type Differentiation,
  type Expression,
  type Loop,
  type Wrapping,
} from "../testing/taylor.ts";
import { checkpoint, grad, jacfwd, jacrev, jit, jvp, linearize, vjp, vmap } from "./index.ts";

beforeAll(() => void installReference());

/** Programs of a normal run; .ci/full makes ten times as many of FULL_RUNS. */
const RUNS = 300;
const FULL_RUNS = 1000;
const runs = (share: number): number =>
  Math.round(share * (process.env["TENON_FULL"] === undefined ? RUNS : FULL_RUNS));

type Scalar = (x: NDArray) => NDArray;
const one = (): NDArray => array(1, { dtype: "float64" });
const DERIVATIVE: { readonly [D in Differentiation]: (f: Scalar) => Scalar } = {
  grad: (f) => (x) => grad(f)(x),
  jvp: (f) => (x) => jvp(f, [x], [one()])[1],
  linearize: (f) => (x) => linearize(f, x)[1](one()),
  vjp: (f) => (x) => vjp(f, x)[1](one())[0],
  jacfwd: (f) => (x) => jacfwd(f)(x),
  jacrev: (f) => (x) => jacrev(f)(x),
};
const SAME: { readonly [W in Wrapping]: (f: Scalar) => Scalar } = {
  jit: (f) => (x) => jit(f)(x),
  vmap: (f) => (x) => vmap(f)(lax.broadcast(x, [2])).get(1),
  scan: (f) => (x) => lax.scan((c: NDArray, _: null) => [c, f(c)] as const, x, null, { length: 2 })[1].get(0),
  cond: (f) => (x) => lax.cond(lax.gt(x, -10), f, (y: NDArray) => lax.neg(y), x),
  checkpoint: (f) => (x) => checkpoint(f)(x),
};

function evaluate(e: Expression, x: NDArray): NDArray {
  switch (e.kind) {
    case "derivative":
      return lax.mul(x, DERIVATIVE[e.how]((y) => lax.mul(evaluate(e.of, y), x))(x));
    case "same":
      return SAME[e.how]((y) => evaluate(e.of, y))(x);
    case "loop":
      return repeated(e, x);
    default:
      return combined(e, x, x, evaluate);
  }
}
const evaluateBody = (e: Body, x: NDArray, y: NDArray): NDArray =>
  combined(e, x, y, (of) => evaluateBody(of, x, y));

type Combination<E> = Exclude<Expression | Body, { kind: "derivative" | "same" | "loop" }> & {
  readonly of?: E;
  readonly left?: E;
  readonly right?: E;
};
function combined<E>(
  e: Combination<E>,
  x: NDArray,
  y: NDArray,
  inner: (e: E, x: NDArray) => NDArray,
): NDArray {
  switch (e.kind) {
    case "x":
      return x;
    case "y":
      return y;
    case "constant":
      return lax.fullLike(x, e.value);
    case "add":
    case "mul":
      return lax[e.kind](inner(e.left, x), inner(e.right, x));
    default:
      return lax[e.kind](inner(e.of, x));
  }
}

/** The loop in its form; whatever that is, it captures x. */
function repeated({ how, times, body, of }: Loop, x: NDArray): NDArray {
  const init = evaluate(of, x);
  const next = (y: NDArray): NDArray => lax.sin(evaluateBody(body, x, y));
  const step = (y: NDArray, _: unknown): readonly [NDArray, NDArray] => [next(y), next(y)];
  switch (how) {
    case "carry":
      return lax.scan(step, init, null, { length: times })[0];
    case "unrolled":
      return lax.scan(step, init, null, { length: times, unroll: 2 })[0];
    case "stacked":
      return times === 0 ? init : lax.scan(step, init, null, { length: times })[1].get(times - 1);
    case "reversed":
      // xs are what the step adds nothing of, but whose cotangents it must carry.
      return lax.scan(
        (y: NDArray, v: NDArray) => [lax.add(next(y), lax.mul(v, 0)), v] as const,
        init,
        lax.broadcast(x, [times]),
        { reverse: true },
      )[0];
    case "counted":
      return lax.foriLoop(0, times, (_, y) => next(y), init);
    case "while":
      return lax.whileLoop(
        ([, k]) => lax.lt(k, times),
        ([y, k]) => [next(y), lax.add(k, 1)] as const,
        [init, array(0n)] as const,
      )[0];
  }
}

const anyStep = fc.oneof(
  anyDifferentiation.map((how) => ({ how })),
  anyWrapping.map((same) => ({ same })),
);
const forwardStep = fc.oneof(
  fc.constantFrom<Differentiation>("jvp", "linearize", "jacfwd").map((how) => ({ how })),
  fc.constantFrom<Wrapping>("jit", "vmap", "scan", "cond").map((same) => ({ same })),
);

function agrees(
  expressions: fc.Arbitrary<Expression>,
  steps: fc.Arbitrary<{ how: Differentiation } | { same: Wrapping }>,
  numRuns: number,
): void {
  fc.assert(
    fc.property(
      expressions.filter((e) => nestingOf(e) <= 2),
      fc.array(steps, { maxLength: 4 }),
      fc.integer({ min: -8, max: 8 }),
      (e, list, eighths) => {
        const order = list.filter((s) => "how" in s).length;
        fc.pre(order + nestingOf(e) <= 4);
        const x0 = eighths / 8;
        let f: Scalar = (x) => evaluate(e, x);
        for (const step of list) f = "how" in step ? DERIVATIVE[step.how](f) : SAME[step.same](f);
        const got = withX64(() => itemOf(f(array(x0, { dtype: "float64" })), "float64")) as number;
        const factorial = [1, 1, 2, 6, 24][order] as number;
        const want = (series(e, x0, order)[order] as number) * factorial;
        expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(want)));
      },
    ),
    { numRuns, seed: 20 },
  );
}

describe("random nestings of transformations and loops have the derivatives of Taylor series", () => {
  it("in both modes", { timeout: 1_200_000 }, () => agrees(anyExpression, anyStep, runs(0.85)));
  it("in forward mode, through loops of unknown length", { timeout: 600_000 }, () =>
    agrees(forwardExpression, forwardStep, runs(0.15)),
  );
});

it("keeps perturbations of nested derivatives apart", () => {
  const f = (x: NDArray): NDArray => lax.mul(x, grad((y: NDArray) => lax.add(x, y))(2));
  expect(grad(f)(3).item()).toBe(1);
  const g = (x: NDArray): NDArray => lax.mul(x, grad((y: NDArray) => lax.mul(x, y))(2));
  expect(grad(g)(3).item()).toBe(6);
  const h = (x: NDArray): NDArray => jvp((y: NDArray) => lax.mul(x, y), [2], [x])[1];
  expect(grad(h)(3).item()).toBe(6);
});
