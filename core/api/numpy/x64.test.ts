// Result dtypes with 64-bit dtypes on. Expected: JAX 0.10.2 with jax_enable_x64.
import { beforeAll, expect, test } from "vitest";
import type { DType } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { installReference, withX64 } from "../testing/root.ts";
import * as np from "./index.ts";

beforeAll(() => {
  installReference();
});

// Per function: dtypes of the operands, joined by *, and of the results, joined by +.
const TABLE = {
  rint: "bool:float64 int8:float64 int32:float64 uint32:float64 float32:float32",
  angle: "bool:float64 int8:float64 int32:float64 uint32:float64 float32:float32",
  square: "bool:int32 int8:int8 int32:int32 uint32:uint32 float32:float32",
  sqrt: "bool:float32 int8:float32 int32:float32 uint32:float32 float32:float32",
  mean: "bool:float32 int8:float32 int32:float32 uint32:float32 float32:float32",
  sum: "bool:int64 int8:int64 int32:int64 uint32:uint64 float32:float32",
  prod: "bool:int64 int8:int64 int32:int64 uint32:uint64 float32:float32",
  cumsum: "bool:int64 int8:int8 int32:int32 uint32:uint32 float32:float32",
  argmax: "bool:int64 int8:int64 int32:int64 uint32:int64 float32:int64",
  nonzero: "bool:int64 int8:int64 int32:int64 uint32:int64 float32:int64",
  sortComplex: "bool:complex64 int8:complex64 int32:complex64 uint32:complex64 float32:complex64",
  frexp:
    "bool:float32+int32 int8:float32+int32 int32:float32+int32 uint32:float32+int32 float32:float32+int32",
  countNonzero: "bool:int64 int8:int64 int32:int64 uint32:int64 float32:int64",
  argsort: "bool:int64 int8:int64 int32:int64 uint32:int64 float32:int64",
  i0: "bool:float32 int8:float32 int32:float32 uint32:float32 float32:float32",
  bincount: "bool:int64 int8:int64 int32:int64 uint32:int64",
  median: "bool:float32 int8:float32 int32:float32 uint32:float32 float32:float32",
  floor: "bool:bool int8:int8 int32:int32 uint32:uint32 float32:float32",
  power: "bool*bool:int32 int8*int32:int32 int32*float32:float32 int64*float16:float16 uint32*int8:int64",
  add: "bool*bool:bool int8*int32:int32 int32*float32:float32 int64*float16:float16 uint32*int8:int64",
  mod: "bool*bool:int32 int8*int32:int32 int32*float32:float32 int64*float16:float16 uint32*int8:int64",
  trueDivide:
    "bool*bool:float32 int8*int32:float32 int32*float32:float32 int64*float16:float16 uint32*int8:float64",
  arctan2:
    "bool*bool:float32 int8*int32:float32 int32*float32:float32 int64*float16:float16 uint32*int8:float64",
  matmul: "bool*bool:bool int8*int32:int32 int32*float32:float32 int64*float16:float16 uint32*int8:int64",
  searchsorted: "bool*bool:int32 int8*int32:int32 int32*float32:int32 int64*float16:int32 uint32*int8:int32",
};

test.each(Object.entries(TABLE))("np.%s", (name, cases) => {
  const f = np[name as keyof typeof TABLE] as unknown as (...xs: NDArray[]) => NDArray | NDArray[];
  withX64(() => {
    const got = cases.split(" ").map((c) => {
      const from = (c.split(":")[0] as string).split("*") as DType[];
      const out = f(...from.map((dtype) => np.ones([3], { dtype })));
      return `${from.join("*")}:${[out]
        .flat()
        .map((x) => x.dtype)
        .join("+")}`;
    });
    expect(got.join(" ")).toBe(cases);
  });
});

test("defaults are 64 bits wide", () => {
  const made = withX64(() => [np.arange(3), np.eye(3), np.zeros([3]), np.linspace(0, 1, 3), np.tri(3)]);
  expect(made.map((x) => x.dtype)).toEqual(["int64", "float64", "float64", "float64", "float32"]);
});
