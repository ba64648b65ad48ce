// Sums, products and extremes of segments. Expected values: JAX 0.10.2.
import { beforeAll, describe, expect, test } from "vitest";
import type { NDArray } from "../ir/ndarray.ts";
import { array, type Nested } from "./arrays.ts";
import { square } from "./numpy/index.ts";
import * as ops from "./ops.ts";
import { installReference, reasonOf } from "./testing/root.ts";
import { grad, jit, vmap } from "./transforms/index.ts";

beforeAll(() => {
  installReference();
});
const data = (): NDArray => array([3, -1, 2, 5, -4, 7]).astype("float32");
const int = (x: Nested): NDArray => array(x, { dtype: "int32" });
const ids = (): NDArray => int([2, 0, 2, -1, 5, 1]);
const EXPECTED = {
  segmentSum: { out: [-1, 7, 5, 0], clip: [4, 7, 5, -4], empty: 0, rows: [[2, 5], [-1, 6]] },
  segmentProd: { out: [-1, 7, 6, 1], clip: [-5, 7, 6, -4], empty: 1, rows: [[2, 5], [-12, -7]] },
  segmentMin: { out: [-1, 7, 2, Infinity], clip: [-1, 7, 2, -4], empty: 127, rows: [[2, 5], [-4, -1]] },
  segmentMax: { out: [-1, 7, 3, -Infinity], clip: [5, 7, 3, -4], empty: -128, rows: [[2, 5], [3, 7]] },
} as const; // prettier-ignore

describe.each(Object.entries(EXPECTED))("%s", (name, expected) => {
  const f = ops[name as keyof typeof EXPECTED];
  test("drops segments out of range, negative ones included", () => {
    expect(f(data(), ids(), { numSegments: 4 }).tolist()).toEqual(expected.out);
    expect(f(data(), ids(), { numSegments: 4, mode: "clip" }).tolist()).toEqual(expected.clip);
  });
  test("is the same in buckets, under jit and under vmap", () => {
    expect(f(data(), ids(), { numSegments: 4, bucketSize: 2 }).tolist()).toEqual(expected.out);
    expect(jit((x: NDArray, i: NDArray) => f(x, i, { numSegments: 4 }))(data(), ids()).tolist()).toEqual(
      expected.out,
    );
    const twice = vmap((i: NDArray) => f(data(), i, { numSegments: 4 }))(int([[2, 0, 2, -1, 5, 1]]));
    expect(twice.tolist()).toEqual([expected.out]);
  });
  test("keeps the dtype; an empty segment holds its neutral element", () => {
    const out = f(data().astype("int8"), ids(), { numSegments: 4 });
    expect([out.dtype, out.get(3).item()]).toEqual(["int8", expected.empty]);
  });
  test("joins rows; counts the segments outside jit only", () => {
    expect(f(data().reshape([3, 2]), int([1, 0, 1])).tolist()).toEqual(expected.rows);
    expect(reasonOf(() => jit((i: NDArray) => f(data(), i))(ids()))).toMatch(
      /^E_CONCRETIZATION .*\n.*\n.*numSegments/,
    );
  });
});

test("gradients reach the rows that counted", () => {
  const loss = (f: (typeof ops)["segmentSum"]) =>
    grad((x: NDArray) => square(f(x, ids(), { numSegments: 4 }).get(2)))(data()).tolist();
  expect(loss(ops.segmentSum)).toEqual([10, 0, 10, 0, 0, 0]);
  expect(loss(ops.segmentMin)).toEqual([0, 0, 4, 0, 0, 0]);
  expect(loss(ops.segmentMax)).toEqual([6, 0, 0, 0, 0, 0]);
});
test("extremes of truth values", () => {
  const truths = data().gt(0);
  expect(ops.segmentMin(truths, ids(), { numSegments: 4 }).tolist()).toEqual([false, true, true, true]);
  expect(ops.segmentMax(truths, ids(), { numSegments: 4 }).tolist()).toEqual([false, true, true, false]);
});
test("refuses what has no meaning", () => {
  expect(reasonOf(() => ops.segmentSum(data(), array([0.5, 1, 1, 1, 1, 1])))).toMatch(/^E_DTYPE/);
  expect(reasonOf(() => ops.segmentSum(data(), ids(), { numSegments: -1 }))).toMatch(/^E_ARGUMENT/);
  expect(reasonOf(() => ops.segmentSum(1, int([0])))).toMatch(/^E_SHAPE/);
});
