// Known values of the public transformations, on the reference plugin.
import { reference } from "tenon-reference";
import { beforeAll, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { lax } from "../../primitives/lax.ts";
import { installTestRoot } from "../../primitives/testing/root.ts";
import { itemOf, listOf } from "../../runtime/array.ts";
import { array } from "../arrays.ts";
import { grad, jit, vmap } from "./index.ts";

beforeAll(() => {
  installTestRoot(reference());
});

/** (1 − e^{−2x}) / (1 + e^{−2x}) */
const tanh = (x: NDArray): NDArray => {
  const y = lax.exp(lax.mul(x, -2));
  return lax.div(lax.sub(1, y), lax.add(1, y));
};
type Scalar = (x: unknown) => NDArray;

it("differentiates tanh once and three times", () => {
  expect(itemOf((grad(tanh) as Scalar)(1))).toBeCloseTo(0.4199743, 6);
  const third = grad(grad(grad(tanh) as never) as never) as Scalar;
  expect(itemOf(third(1))).toBeCloseTo(0.62162673, 5);
});

it("gives pairwise L1 distances by two vmaps", () => {
  const l1 = (x: NDArray, y: NDArray): NDArray => lax.reduceSum(lax.abs(lax.sub(x, y)), [0]);
  const pairwise = vmap(vmap(l1, { inAxes: [0, null] }), { inAxes: [null, 0] });
  const xs = array([
    [0, 0],
    [1, 2],
    [3, -1],
  ]);
  expect(listOf(pairwise(xs, xs))).toEqual([
    [0, 3, 4],
    [3, 0, 5],
    [4, 5, 0],
  ]);
});

it("keeps nested derivatives apart", () => {
  const outer = (x: NDArray): NDArray => lax.mul(x, (grad((y: NDArray) => lax.mul(x, y)) as Scalar)(2));
  expect(itemOf((grad(outer) as Scalar)(3))).toBe(6);
});

it("gives the same under jit", () => {
  expect(itemOf(jit((x: NDArray) => (grad(tanh) as Scalar)(x))(array(1)))).toBeCloseTo(0.4199743, 6);
});

it("refuses a traced function that returns a promise, and a non-scalar loss", () => {
  expect(() => jit(async (x: NDArray) => x)(array(1))).toThrow(/promise/);
  expect(() => grad((x: NDArray) => x)(array([1, 2]))).toThrow(/scalar/);
});
