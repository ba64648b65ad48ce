// Special functions of float64 to all their digits; wanted values from scipy.special 1.17.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import { withContext, context } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { listOf } from "../runtime/array.ts";
import { fromHost } from "../api/arrays.ts";
import { lax } from "./lax.ts";
import { installTestRoot } from "./testing/root.ts";

beforeAll(() => {
  installTestRoot(reference());
});

const of = (f: (x: NDArray) => NDArray, ...xs: number[]): number[] =>
  withContext({ config: { ...context().config, enableX64: true } }, () =>
    listOf(f(fromHost(Float64Array.from(xs), [xs.length], "float64"))),
  ) as number[];

describe.each([
  ["erf", lax.erf, [0.5, -1.5, 3], [0.5204998778130465, -0.9661051464753108, 0.9999779095030014]],
  ["erfc", lax.erfc, [0.5, 2, 10], [0.4795001221869535, 0.004677734981047266, 2.088487583762545e-45]],
  ["erfInv", lax.erfInv, [0.1, 0.9, -0.9999], [0.08885599049425769, 1.1630871536766743, -2.7510639057120803]],
  ["besselI0e", lax.besselI0e, [0, 1, -20], [1, 0.46575960759364043, 0.089780311884826]],
  ["besselI1e", lax.besselI1e, [0, 1, -20], [0, 0.2079104153497085, -0.08750622218328868]],
] as const)("%s", (_, f, xs, wanted) => {
  it("is right to 13 digits", () => {
    of(f, ...xs).forEach((got, i) => {
      const want = wanted[i] as number;
      expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-13 * Math.abs(want));
    });
  });
});
it("has the values at the edges", () => {
  expect(of(lax.erf, Infinity, -Infinity, NaN, 0)).toEqual([1, -1, NaN, 0]);
  expect(of(lax.erfc, Infinity, -Infinity, 30)).toEqual([0, 2, 0]);
  expect(of(lax.erfInv, 1, -1, 2)).toEqual([Infinity, -Infinity, NaN]);
});
