// A scan gives the same with several steps in one, its weak types included.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { setDefaultDevice, useSync } from "../../runtime/registry.ts";
import { array } from "../arrays.ts";
import { installRoot } from "../root.ts";
import { optimizationBarrier, scan } from "./index.ts";

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as never);
});

const step = (c: NDArray, x: NDArray): [NDArray, NDArray] => [c.mul(0.5).add(x), c];

describe.each([1, 2, 3, 7, 9, true])("unroll %s", (unroll) => {
  it.each([false, true])("reverse %s", (reverse) => {
    const xs = array([1, -2, 3, 4, -5, 6, 7]);
    const [carry, ys] = scan(step, 0, xs, { unroll, reverse });
    const [wanted, wantedYs] = scan(step, 0, xs, { reverse });
    expect(carry.item()).toBe(wanted.item());
    expect(ys.tolist()).toEqual(wantedYs.tolist());
    expect([carry.weakType, ys.weakType]).toEqual([false, true]);
  });
});

it("optimizationBarrier keeps the tree and its values", () => {
  const { a, b } = optimizationBarrier({ a: array([1, 2]), b: [array(3n)] });
  expect([a.tolist(), b[0]?.item()]).toEqual([[1, 2], 3]);
});
