// Random nestings of transformations against Taylor series: no perturbation is confused with another, whatever is nested
// in what, and closing over values of outer transformations makes no difference.
import * as fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { itemOf } from "../../runtime/array.ts";
import { array } from "../arrays.ts";
import * as lax from "../lax/index.ts";
import { installReference, withX64 } from "../testing/root.ts";
import {
  anyDifferentiation,
  anyExpression,
  nestingOf,
  series,
  type Differentiation,
  type Expression,
} from "../testing/taylor.ts";
import { grad, jacfwd, jacrev, jit, jvp, linearize, vjp, vmap } from "./index.ts";

beforeAll(() => void installReference());

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
const SAME: { readonly [name: string]: (f: Scalar) => Scalar } = {
  jit: (f) => (x) => jit(f)(x),
  vmap: (f) => (x) => vmap(f)(lax.broadcast(x, [2])).get(1),
  scan: (f) => (x) => lax.scan((c: NDArray, _: null) => [c, f(c)] as const, x, null, { length: 2 })[1].get(0),
  cond: (f) => (x) => lax.cond(lax.gt(x, -10), f, (y: NDArray) => lax.neg(y), x),
};

function evaluate(e: Expression, x: NDArray): NDArray {
  switch (e.kind) {
    case "x":
      return x;
    case "constant":
      return lax.fullLike(x, e.value);
    case "add":
      return lax.add(evaluate(e.left, x), evaluate(e.right, x));
    case "mul":
      return lax.mul(evaluate(e.left, x), evaluate(e.right, x));
    case "derivative":
      return lax.mul(x, DERIVATIVE[e.how]((y) => lax.mul(evaluate(e.of, y), x))(x));
    default:
      return lax[e.kind](evaluate(e.of, x));
  }
}

const anyStep = fc.oneof(
  anyDifferentiation.map((how) => ({ how })),
  fc.constantFrom(...Object.keys(SAME)).map((same) => ({ same })),
);

it(
  "gives the derivatives of Taylor series for random nestings of transformations",
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(
        anyExpression.filter((e) => nestingOf(e) <= 2),
        fc.array(anyStep, { maxLength: 4 }),
        fc.integer({ min: -8, max: 8 }),
        (e, steps, eighths) => {
          const order = steps.filter((s) => "how" in s).length;
          fc.pre(order + nestingOf(e) <= 4);
          const x0 = eighths / 8;
          let f: Scalar = (x) => evaluate(e, x);
          for (const step of steps) f = "how" in step ? DERIVATIVE[step.how](f) : SAME[step.same]!(f);
          const got = withX64(() => itemOf(f(array(x0, { dtype: "float64" })), "float64")) as number;
          const factorial = [1, 1, 2, 6, 24][order] as number;
          const want = (series(e, x0, order)[order] as number) * factorial;
          expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(want)));
        },
      ),
      { numRuns: 120, seed: 20 },
    );
  },
);

it("keeps perturbations of nested derivatives apart", () => {
  const f = (x: NDArray): NDArray => lax.mul(x, grad((y: NDArray) => lax.add(x, y))(2));
  expect(grad(f)(3).item()).toBe(1);
  const g = (x: NDArray): NDArray => lax.mul(x, grad((y: NDArray) => lax.mul(x, y))(2));
  expect(grad(g)(3).item()).toBe(6);
  const h = (x: NDArray): NDArray => jvp((y: NDArray) => lax.mul(x, y), [2], [x])[1];
  expect(grad(h)(3).item()).toBe(6);
});
