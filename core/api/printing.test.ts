// Printing, against NumPy's text.
import { beforeAll, expect, it } from "vitest";
import { installReference } from "./testing/root.ts";
import { makeJaxpr } from "./transforms/index.ts";
import type { NDArray } from "../ir/ndarray.ts";
import * as np from "./numpy/index.ts";

beforeAll(() => {
  installReference();
});
const ints = (...v: number[]): NDArray => np.array(Int32Array.from(v));
const CASES: readonly (readonly [() => NDArray, string])[] = [
  [() => np.array([1, 2, 3]), "[1. 2. 3.]"],
  [() => np.array([1.5, 2.25, -3]), "[ 1.5   2.25 -3.  ]"],
  [
    () =>
      np.array([
        [1, 2],
        [3, 4],
      ]),
    "[[1. 2.]\n [3. 4.]]",
  ],
  [() => np.array(1.5), "1.5"],
  [() => np.array(2), "2.0"],
  [() => np.array(-0), "-0.0"],
  [() => np.array(1e-7), "1e-07"],
  [() => np.array(123456789), "1.2345679e+08"],
  [() => np.array(123456.789), "123456.79"],
  [() => np.array(NaN), "nan"],
  [() => np.zeros(0), "[]"],
  [() => np.zeros([2, 0]), "[]"],
  [() => np.array([NaN, Infinity, -Infinity, 1]), "[ nan  inf -inf   1.]"],
  [() => np.array([1e-5, 1, 1000]), "[1.e-05 1.e+00 1.e+03]"],
  [() => np.array([1 / 3, 2 / 3, 1]), "[0.33333334 0.6666667  1.        ]"],
  [() => np.array([123456.789, 0.001, 1]), "[1.2345679e+05 1.0000000e-03 1.0000000e+00]"],
  [() => np.array([-0, 0, 1, -1, 0.5]), "[-0.   0.   1.  -1.   0.5]"],
  [
    () =>
      np.array([
        [0.1, NaN],
        [1e10, 3],
      ]),
    "[[1.e-01    nan]\n [1.e+10 3.e+00]]",
  ],
  [() => ints(1, -20, 300), "[  1 -20 300]"],
  [() => np.array([true, false]), "[ True False]"],
  [() => np.arange(1500), "[   0    1    2 ... 1497 1498 1499]"],
  [
    () => np.arange(40),
    "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39]",
  ],
  [() => np.arange(8).reshape([2, 1, 2, 2]), "[[[[0 1]\n   [2 3]]]\n\n\n [[[4 5]\n   [6 7]]]]"],
  [
    () =>
      np.array([
        { re: 1, im: 2 },
        { re: -1.5, im: -0.25 },
      ]),
    "[ 1. +2.j   -1.5-0.25j]",
  ],
  [() => np.array({ re: 1, im: 2 }), "(1+2j)"],
  [() => np.array([1, 0.1, 3.3], { dtype: "float16" }), "[1.  0.1 3.3]"],
  [() => np.array([0.1, 2], { dtype: "bfloat16" }), "[0.100098 2]"],
];
it.each(CASES)("%s", (make, text) => {
  expect(String(make())).toBe(text);
});
it("shows edges of large arrays along every axis", () => {
  const text = String(np.arange(2000, null, null, { dtype: "float32" }).reshape([40, 50]));
  expect(text.split("\n")).toHaveLength(7);
  expect(text.split("\n")[3]).toBe(" ...");
});
it("prints a tracer by its type, in notebooks a table", () => {
  let seen = "";
  makeJaxpr((x: NDArray) => {
    seen = (x as unknown as Record<symbol, () => string>)[Symbol.for("nodejs.util.inspect.custom")]?.() ?? "";
    return x;
  })(np.zeros(3));
  expect(seen).toBe("Tracer float32[3]");
  const display = (np.array([[1, 2]]) as unknown as Record<symbol, () => Record<string, string>>)[
    Symbol.for("Jupyter.display")
  ]?.();
  expect(display?.["text/html"]).toContain("<td>1.</td><td>2.</td>");
});
