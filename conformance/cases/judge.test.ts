// The judge lets through what is right, and only that.
import { describe, expect, test } from "vitest";
import { encode } from "../values.ts";
import type { Case, Encoded } from "./case-files.ts";
import { judge } from "./judge.ts";
import type { Leaf } from "./leaves.ts";
import { wireDType } from "./wire.ts";

type Values = readonly (number | bigint | boolean)[];

const bytes = (dtype: string, values: Values): Uint8Array => encode(wireDType(dtype), values);
const want = (dtype: string, shape: number[], values: Values, weak?: boolean): Encoded => ({
  t: "array",
  dtype,
  shape,
  data: Buffer.from(bytes(dtype, values)).toString("base64"),
  ...(weak === undefined ? {} : { weak }),
});
const got = (dtype: string, shape: number[], values: Values, weak = false): Leaf => ({
  kind: "array",
  dtype,
  shape,
  weak,
  bytes: bytes(dtype, values),
});
const verdict = (
  leaves: readonly Leaf[],
  expected: readonly Encoded[],
  rule: Partial<Case> = {},
): string | null =>
  judge({ id: "x", api: "x", expect: expected, rtol: 0, atol: 0, ...rule }, leaves).difference;

describe("types", () => {
  const leaf = got("float32", [2], [1, 2]);
  test("equal leaves pass", () => expect(verdict([leaf], [want("float32", [2], [1, 2])])).toBeNull());
  test("another dtype fails", () =>
    expect(verdict([got("int32", [2], [1, 2])], [want("float32", [2], [1, 2])])).toContain("int32[2]"));
  test("another shape fails", () =>
    expect(verdict([leaf], [want("float32", [1, 2], [1, 2])])).toContain("[1,2]"));
  test("a weak type where a strong one is wanted fails", () =>
    expect(verdict([got("float32", [2], [1, 2], true)], [want("float32", [2], [1, 2])])).toContain("weak"));
  test("a strong type where a weak one is wanted fails", () =>
    expect(verdict([leaf], [want("float32", [2], [1, 2], true)])).toContain("expected float32[2] weak"));
  test("a missing leaf fails", () =>
    expect(verdict([leaf], [want("float32", [2], [1, 2]), want("float32", [2], [1, 2])])).toContain(
      "1 result leaves",
    ));
  test("skip ignores values, not types", () => {
    expect(verdict([leaf], [want("float32", [2], [7, 7])], { cmp: ["skip"] })).toBeNull();
    expect(verdict([leaf], [want("float16", [2], [7, 7])], { cmp: ["skip"] })).not.toBeNull();
  });
});

describe("values", () => {
  const compare = (g: number, w: number, rule: Partial<Case> = {}): string | null =>
    verdict([got("float32", [], [g])], [want("float32", [], [w])], rule);
  test("a difference beyond the tolerance fails and names both", () =>
    expect(compare(1.5, 1.25, { atol: 0.125 })).toBe("[0] is 1.5, expected 1.25"));
  test("rtol is relative to the wanted value", () => {
    expect(compare(110, 100, { rtol: 0.1 })).toBeNull();
    expect(compare(100, 88, { rtol: 0.125 })).not.toBeNull();
  });
  test("NaN equals NaN only", () => {
    expect(compare(NaN, NaN)).toBeNull();
    expect(compare(NaN, 1, { atol: 1e9 })).not.toBeNull();
    expect(compare(1, NaN, { atol: 1e9 })).not.toBeNull();
  });
  test("infinities match themselves only", () => {
    expect(compare(Infinity, Infinity)).toBeNull();
    expect(compare(3e38, Infinity, { rtol: 1, atol: 1e30 })).not.toBeNull();
    expect(compare(Infinity, 3e38, { rtol: 1, atol: 1e30 })).not.toBeNull();
    expect(compare(-Infinity, Infinity, { rtol: 1 })).not.toBeNull();
  });
  test("zero's sign counts with signed_zero only", () => {
    expect(compare(0, -0)).toBeNull();
    expect(compare(0, -0, { signed_zero: true })).not.toBeNull();
    expect(compare(-0, -0, { signed_zero: true })).toBeNull();
    expect(compare(-1, 1, { signed_zero: true, atol: 3 })).toBeNull();
  });
  test("64-bit integers are exact", () => {
    const big = 2n ** 60n;
    expect(verdict([got("int64", [], [big])], [want("int64", [], [big])])).toBeNull();
    expect(verdict([got("int64", [], [big + 1n])], [want("int64", [], [big])])).not.toBeNull();
  });
  test("complex numbers are compared by distance", () => {
    const w = [want("complex64", [1], [3, 4])];
    expect(verdict([got("complex64", [1], [3.25, 4.25])], w, { rtol: 0.08 })).toBeNull();
    expect(verdict([got("complex64", [1], [3.25, 4.25])], w, { rtol: 0.06 })).not.toBeNull();
    expect(verdict([got("complex64", [1], [NaN, 0])], [want("complex64", [1], [1, NaN])])).toBeNull();
    expect(
      verdict([got("complex64", [1], [Infinity, 1])], [want("complex64", [1], [Infinity, 2])]),
    ).not.toBeNull();
  });
});

describe("other comparisons", () => {
  const matrix = want("float32", [2, 2], [1, 2, 3, 4]);
  test("columns up to phase", () => {
    const flipped = got("float32", [2, 2], [-1, 2, -3, 4]);
    expect(verdict([flipped], [matrix], { cmp: ["cols_up_to_phase"] })).toBeNull();
    expect(verdict([flipped], [matrix], { cmp: ["rows_up_to_phase"] })).not.toBeNull();
    expect(
      verdict([got("float32", [2, 2], [-1, 2, 3, 4])], [matrix], { cmp: ["cols_up_to_phase"] }),
    ).not.toBeNull();
    expect(
      verdict([got("float32", [2, 2], [2, 2, 6, 4])], [matrix], { cmp: ["cols_up_to_phase"] }),
    ).not.toBeNull();
  });
  test("rows up to phase, complex", () => {
    const w = want("complex64", [1, 2], [1, 0, 0, 2]);
    // i · (1, 2i) = (i, −2)
    expect(
      verdict([got("complex64", [1, 2], [0, 1, -2, 0])], [w], { cmp: ["rows_up_to_phase"], atol: 1e-6 }),
    ).toBeNull();
    expect(
      verdict([got("complex64", [1, 2], [0, 1, 2, 0])], [w], { cmp: ["rows_up_to_phase"], atol: 1e-6 }),
    ).not.toBeNull();
  });
  test("a multiset has the same elements as often", () => {
    const w = [want("float32", [3], [1, 2, 2])];
    expect(verdict([got("float32", [3], [2, 1, 2])], w, { cmp: ["multiset"] })).toBeNull();
    expect(verdict([got("float32", [3], [1, 1, 2])], w, { cmp: ["multiset"] })).not.toBeNull();
  });
  test("keys are compared word by word", () => {
    const key: Encoded = {
      t: "key",
      impl: "threefry2x32",
      shape: [],
      data: Buffer.from(bytes("uint32", [1, 2])).toString("base64"),
    };
    const leaf = (words: Values): Leaf => ({
      kind: "key",
      impl: "threefry2x32",
      shape: [],
      bytes: bytes("uint32", words),
    });
    expect(verdict([leaf([1, 2])], [key])).toBeNull();
    expect(verdict([leaf([1, 3])], [key])).not.toBeNull();
    expect(verdict([got("uint32", [2], [1, 2])], [key])).not.toBeNull();
  });
  test("Python scalars are compared by value", () => {
    expect(verdict([{ kind: "scalar", value: 6 }], [{ t: "py", kind: "int", value: 6 }])).toBeNull();
    expect(verdict([{ kind: "scalar", value: 5 }], [{ t: "py", kind: "int", value: 6 }])).not.toBeNull();
    expect(verdict([got("float32", [], [NaN])], [{ t: "py", kind: "float", value: "NaN" }])).toBeNull();
    expect(verdict([got("int32", [1], [6])], [{ t: "py", kind: "int", value: 6 }])).not.toBeNull();
  });
});
