// The placing rule, on signatures of no particular function.
import { describe, expect, test } from "vitest";
import type { Encoded } from "./case-files.ts";
import { camelCase, jaxParameters, ourPath } from "./names.ts";
import { bind, place } from "./place.ts";
import type { Signature } from "./signatures.ts";

const int = (value: number): Encoded => ({ t: "py", kind: "int", value });
const text = (value: string): Encoded => ({ t: "py", kind: "str", value });
const list = (...items: Encoded[]): Encoded => ({ t: "list", items });
const parameter = (name: string, type: string, optional = false) => ({ name, type, optional });
const signature = (
  positional: Signature["positional"],
  options: Record<string, string> = {},
  rest: Signature["rest"] = null,
): Signature => ({ positional, options, rest });
const placed = (
  overloads: Signature[],
  names: string[] | undefined,
  args: Encoded[],
  kwargs: Record<string, Encoded> = {},
): unknown[] => place("np.f", overloads, bind(names, args, kwargs));

describe("names", () => {
  test("underscores go and raise the next letter", () => {
    expect(["value_and_grad", "atleast_1d", "ix_", "PRNGKey", "keepdims"].map(camelCase)).toEqual([
      "valueAndGrad",
      "atleast1d",
      "ix_",
      "PRNGKey",
      "keepdims",
    ]);
    expect(ourPath("jnp.linalg.matrix_norm")).toBe("np.linalg.matrixNorm");
  });
  test("JAX's parameter names are known", () => {
    expect(jaxParameters("jnp.sum")?.slice(0, 2)).toEqual(["a", "axis"]);
    expect(jaxParameters("jnp.no_such_function")).toBeUndefined();
  });
});

describe("placing", () => {
  const sum = signature([parameter("a", "ArrayLike")], { axis: "Axis", keepDims: "boolean" });
  test("a positional argument that is an option of ours goes into the options", () =>
    expect(placed([sum], ["a", "axis"], [int(3), int(0)])).toEqual([3n, { axis: 0 }]));
  test("a keyword that is positional with us goes to its position", () => {
    const reshape = signature([parameter("a", "ArrayLike"), parameter("shape", "Shape")]);
    expect(placed([reshape], ["a", "shape"], [int(1)], { shape: list(int(2)) })).toEqual([1n, [2]]);
  });
  test("a parameter left out before one that is given is undefined", () => {
    const clip = signature([
      parameter("arr", "ArrayLike"),
      parameter("min", "ArrayLike", true),
      parameter("max", "ArrayLike", true),
    ]);
    expect(placed([clip], ["arr", "min", "max"], [int(1)], { max: int(2) })).toEqual([1n, undefined, 2n]);
  });
  test("a parameter of another name is found by its position", () =>
    expect(
      placed(
        [signature([parameter("x", "ArrayLike"), parameter("y", "ArrayLike")])],
        ["x1", "x2"],
        [int(1), int(2)],
      ),
    ).toEqual([1n, 2n]));
  test("*args fill a rest parameter, a list, or the positions", () => {
    const rest = signature(
      [parameter("subscripts", "string")],
      {},
      { name: "operands", type: "ArrayLike[]" },
    );
    expect(placed([rest], ["subscripts", "*operands"], [text("i,i"), int(1), int(2)])).toEqual([
      "i,i",
      1n,
      2n,
    ]);
    const withOptions = signature([], { indexing: "string" }, { name: "xi", type: "ArrayLike[]" });
    expect(placed([withOptions], ["*xi", "indexing"], [int(1), int(2)], { indexing: text("ij") })).toEqual([
      1n,
      2n,
      { indexing: "ij" },
    ]);
    const asList = signature([parameter("xi", "readonly ArrayLike[]")], { indexing: "string" });
    expect(placed([asList], ["*xi", "indexing"], [int(1), int(2)], { indexing: text("ij") })).toEqual([
      [1n, 2n],
      { indexing: "ij" },
    ]);
    const positions = signature([parameter("x", "ArrayLike"), parameter("y", "ArrayLike")]);
    expect(placed([positions], ["*args", "out"], [int(1), int(2)])).toEqual([1n, 2n]);
  });
  test("the overload that has room is taken", () => {
    const three = signature([
      parameter("condition", "ArrayLike"),
      parameter("x", "ArrayLike"),
      parameter("y", "ArrayLike"),
    ]);
    const one = signature([parameter("condition", "ArrayLike")], { size: "number" });
    const names = ["condition", "x", "y", "size"];
    expect(placed([three, one], names, [int(1)], { size: int(2) })).toEqual([1n, { size: 2 }]);
    expect(placed([three, one], names, [int(1), int(2), int(3)])).toEqual([1n, 2n, 3n]);
  });
  test("what has no place is an error that names it", () => {
    expect(() => placed([sum], ["a", "axis"], [int(1)], { wibble: int(1) })).toThrow(
      "np.f has no place for wibble",
    );
    expect(() => placed([sum], ["a"], [])).toThrow("needs a");
    expect(() => placed([sum], ["a", "out"], [int(1)], { out: int(1) })).toThrow("out");
  });
  test("words without effect are dropped", () =>
    expect(
      placed([sum], ["a", "out"], [int(1)], {
        out: { t: "none" },
        inplace: { t: "py", kind: "bool", value: false },
      }),
    ).toEqual([1n]));
});

describe("values by declared type", () => {
  const one = (type: string, value: Encoded): unknown =>
    placed([signature([parameter("x", type)])], ["x"], [value])[0];
  test("a Python int is a bigint for arrays, a number for settings", () => {
    expect(one("ArrayLike | null", int(2))).toBe(2n);
    expect(one("readonly ArrayLike[]", list(int(2)))).toEqual([2n]);
    expect(one("number", int(2))).toBe(2);
    expect(one("readonly number[]", list(int(2)))).toEqual([2]);
    expect(one("number | readonly ArrayLike[]", int(2))).toBe(2);
  });
  test("a Python float is a weak array for arrays, a number for settings", () => {
    expect(one("ArrayLike", { t: "py", kind: "float", value: 2 })).toMatchObject({
      dtype: "float32",
      weakType: true,
    });
    expect(one("number", { t: "py", kind: "float", value: "-Infinity" })).toBe(-Infinity);
  });
  test("ints beyond 2^53 stay exact", () =>
    expect(one("ArrayLike", { t: "py", kind: "int", value: "9007199254740993" })).toBe(9007199254740993n));
  test("containers, None, dtypes, slices, named functions and structs", () => {
    expect(one("unknown", { t: "dict", items: { a: { t: "none" }, b: list(int(1)) } })).toEqual({
      a: null,
      b: [1n],
    });
    expect(one("DType", { t: "dtype", name: "int8" })).toBe("int8");
    const bound = { t: "none" } as const;
    expect(one("Index", { t: "slice", start: int(1), stop: bound, step: bound })).toEqual({
      start: 1,
      stop: null,
      step: null,
    });
    expect(one("unknown", { t: "struct", name: "X", fields: { offset_dims: list(int(1)) } })).toEqual({
      offsetDims: [1],
    });
    expect(one("unknown", { t: "fn", name: "lax.add" })).toBeTypeOf("function");
  });
});
