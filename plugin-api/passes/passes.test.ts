// The pure functions on programs: specialise, inline, cost, unsupported, printProgram; and extension.
import { describe, expect, it } from "vitest";
import { cost } from "./cost.ts";
import { extension } from "../extension.ts";
import { inline } from "./inline.ts";
import type { Capabilities } from "../plugin.ts";
import type { Func, Op, Program, Value } from "../program.ts";
import { specialise } from "./specialise.ts";
import { unsupported } from "./supports.ts";
import { printProgram } from "./text.ts";
import { Chain, comparator, programOf, reducer, t } from "../testing/build.ts";
import { plainClient } from "../testing/plain.ts";
import { verifyProgram } from "../verify.ts";

const f = t("f32", 3);
/** name(x) = op(x, x). */
function callee(name: string, make: (c: Chain, x: Value) => Value): Func {
  const c = new Chain();
  return c.func(name, [make(c, c.param(f))]);
}
const double = callee("double", (c, x) => c.op("add", [x, x], {}, f));
const quadruple = callee("quadruple", (c, x) =>
  c.op("call", [c.op("call", [x], { callee: "double" }, f)], { callee: "double" }, f),
);
/** main(x) = −quadruple(x) */
function nested(): Program {
  const c = new Chain();
  const x = c.param(f);
  return c.program(
    [c.op("negate", [c.op("call", [x], { callee: "quadruple" }, f)], {}, f)],
    [double, quadruple],
  );
}
const opsOf = (p: Program): string[] => (p.functions[p.functions.length - 1] as Func).ops.map((op) => op.op);

describe("inline", () => {
  it("writes out nested calls, and the result verifies", () => {
    const p = verifyProgram(inline(verifyProgram(nested())));
    expect(p.functions).toHaveLength(1);
    expect(opsOf(p)).toEqual(["add", "add", "negate"]);
  });
  it("keeps composites that the plugin takes whole, with the functions they need", () => {
    const c = new Chain();
    const x = c.param(f);
    const attrs = { name: "tenon.four", version: 1, attributes: {}, decomposition: "quadruple" };
    const p = c.program(
      [c.op("composite", [c.op("call", [x], { callee: "double" }, f)], attrs, f)],
      [double, quadruple],
    );
    expect(opsOf(verifyProgram(inline(p)))).toEqual(["add", "add", "add"]);
    const kept = verifyProgram(inline(p, { keepComposite: (op) => op.attrs.name === "tenon.four" }));
    expect(opsOf(kept)).toEqual(["add", "composite"]);
    expect(kept.functions.map((g) => g.name)).toEqual(["double", "quadruple", "main"]);
  });
  it("takes the fallback of a custom call, and leaves one without", () => {
    const c = new Chain();
    const x = c.param(f);
    const attrs = { target: "x", version: 1, attributes: {}, sideEffect: "none" as const };
    const y = c.op("custom_call", [x], { ...attrs, fallback: "double" }, f);
    const p = c.program([c.op("custom_call", [y], attrs, f)], [double]);
    expect(opsOf(verifyProgram(inline(p)))).toEqual(["add", "custom_call"]);
  });
  it("inlines inside regions that capture", () => {
    const c = new Chain();
    const [i, x] = [c.param(t("i32")), c.param(f)];
    const y: Value = { id: 2, type: f };
    const branch = {
      params: [],
      ops: [{ op: "call", operands: [1], attrs: { callee: "double" }, results: [y] } as Op],
      results: [2],
    };
    const op = {
      op: "case",
      operands: [i.id],
      attrs: {},
      results: [{ id: 3, type: f }],
      regions: [branch],
    } as Op;
    const main = { name: "main", params: [i, x], ops: [op], results: [{ value: 3 }] };
    const p = verifyProgram(inline(verifyProgram({ ...nested(), functions: [double, main] })));
    expect((p.functions[0]?.ops[0] as Op).regions?.[0]?.ops.map((o) => o.op)).toEqual(["add"]);
  });
  it("refuses a small program that stands for a huge one", () => {
    const levels = Array.from({ length: 30 }, (_, k) =>
      callee(`f${k + 1}`, (c, x) => {
        const y = c.op("call", [x], { callee: `f${k}` }, f);
        return c.op("call", [y], { callee: `f${k}` }, f);
      }),
    );
    const bottom = { ...double, name: "f0" };
    const c = new Chain();
    const p = c.program([c.op("call", [c.param(f)], { callee: "f30" }, f)], [bottom, ...levels]);
    expect(() => inline(p)).toThrowError(expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }));
  });
});

describe("specialise", () => {
  const p: Program = {
    ...programOf({
      op: "slice",
      operands: [t("f32", "n", "m")],
      attrs: { start: [0, 1], limit: ["n", "m"], strides: [1, 2] },
      results: [{ dtype: "f32", shape: ["n", ["floordiv", "m", 2]] }],
    }),
    symbols: [
      { name: "n", min: 1 },
      { name: "m", min: 2 },
    ],
  };
  it("puts numbers into types and attributes", () => {
    const bound = specialise(
      p,
      new Map([
        ["n", 3],
        ["m", 5],
      ]),
    );
    expect(bound.symbols).toBeUndefined();
    expect(bound.functions[0]?.ops[0]?.attrs).toEqual({ start: [0, 1], limit: [3, 5], strides: [1, 2] });
    expect(bound.functions[0]?.ops[0]?.results[0]?.type).toEqual(t("f32", 3, 2));
    verifyProgram(bound);
  });
  it("leaves what isn't bound", () => {
    const bound = specialise(p, new Map([["n", 3]]));
    expect(bound.symbols?.map((s) => s.name)).toEqual(["m"]);
    expect(bound.functions[0]?.params[0]?.type).toEqual(t("f32", 3, "m"));
  });
});

describe("cost", () => {
  const dot = {
    lhsContracting: [1],
    rhsContracting: [0],
    lhsBatching: [],
    rhsBatching: [],
    precision: "DEFAULT",
  };
  it("counts multiply-adds of a matrix product", () => {
    const p = programOf({
      op: "dot_general",
      operands: [t("f32", 8, 16), t("f32", 16, 4)],
      attrs: dot,
      results: [t("f32", 8, 4)],
    });
    expect(cost(p)).toEqual({
      flops: 2 * 8 * 16 * 4,
      transcendentals: 0,
      bytesAccessed: 4 * (8 * 16 + 16 * 4 + 8 * 4),
      estimated: true,
    });
  });
  it("counts called functions each time, transcendentals apart, folds by elements", () => {
    expect(cost(nested())).toMatchObject({ flops: 3 + 3 + 3 });
    expect(cost(programOf({ op: "tanh", operands: [f], results: [f] }))).toMatchObject({
      flops: 0,
      transcendentals: 3,
    });
    const reduce = { op: "reduce", attrs: { dimensions: [0] }, regions: [reducer("f32")] } as const;
    expect(
      cost(programOf({ ...reduce, operands: [t("f32", 100), t("f32")], results: [t("f32")] })),
    ).toMatchObject({
      flops: 100,
    });
  });
  it("counts only the part that a slice touches", () => {
    const attrs = { start: [0], limit: [10], strides: [1] };
    const p = programOf({ op: "slice", operands: [t("f32", 1_000_000)], attrs, results: [t("f32", 10)] });
    expect(cost(p).bytesAccessed).toBe(80);
  });
});

describe("unsupported", () => {
  const claims = (more: Partial<Capabilities>): Capabilities => ({
    dtypes: ["f32"],
    ops: { add: {} },
    ...more,
  });
  const add = (dtype: "f32" | "f64", ...shape: number[]): Program => {
    const type = t(dtype, ...shape);
    return programOf({ op: "add", operands: [type, type], results: [type] });
  };
  it("accepts what is claimed", () => {
    expect(unsupported(add("f32", 3), claims({}), "p")).toBeUndefined();
  });
  it.each([
    ["an op", add("f32", 3), claims({ ops: {} }), "p does not implement add of f32"],
    ["a dtype", add("f64", 3), claims({}), "p does not implement a parameter of f64"],
    [
      "a dtype of an op",
      add("f64", 3),
      claims({ dtypes: ["f32", "f64"], ops: { add: { dtypes: ["f32"] } } }),
      "p does not implement add of f64",
    ],
    ["a rank", add("f32", 1, 1, 1), claims({ limits: { maxRank: 2 } }), "rank 3, its limit is 2"],
    ["bytes", add("f32", 100), claims({ limits: { maxBufferBytes: 399 } }), "400 bytes, its limit is 399"],
    [
      "an operand's rank",
      add("f32", 3),
      claims({ ops: { add: { operands: [{ rank: [2, 2] }] } } }),
      "add of operand 0 of rank 1",
    ],
  ])("refuses %s by name", (_what, p, capabilities, text) => {
    expect(unsupported(p, capabilities, "p")).toMatchObject({
      code: "UNIMPLEMENTED",
      plugin: "p",
      message: expect.stringContaining(text) as string,
    });
  });
  it("looks at attributes and into regions", () => {
    const sketch = {
      op: "sort",
      operands: [f],
      results: [f],
      regions: [comparator("f32", "FLOAT")],
    } as const;
    const p = programOf({ ...sketch, attrs: { dimension: 0, isStable: true } });
    const both = { dtypes: ["f32", "bool"] } as const;
    expect(unsupported(p, claims({ ...both, ops: { sort: {}, compare: {} } }), "p")).toBeUndefined();
    expect(unsupported(p, claims({ ...both, ops: { sort: {} } }), "p")?.message).toContain("compare");
    const unstable = { sort: { attrs: { isStable: { oneOf: [false] } } }, compare: {} };
    expect(unsupported(p, claims({ ...both, ops: unstable }), "p")?.message).toContain("isStable = true");
  });
});

describe("printProgram", () => {
  it("prints functions, regions and attributes", () => {
    const p = programOf({
      op: "reduce",
      operands: [f, t("f32")],
      attrs: { dimensions: [0] },
      regions: [reducer("f32")],
      results: [t("f32")],
    });
    expect(printProgram(p)).toBe(
      [
        "program test (ir 0.9, main main)",
        "func main(%0: f32[3], %1: f32[]) {",
        "  %5: f32[] = reduce %0, %1 {dimensions: [0]} (%2: f32[], %3: f32[]) {",
        "    %4: f32[] = add %2, %3",
        "    return %4",
        "  }",
        "  return %5",
        "}",
        "",
      ].join("\n"),
    );
  });
});

describe("extension", () => {
  it("gives what is there", () => {
    const readSync = { read: () => undefined };
    expect(extension(plainClient({ extensions: { readSync } }), "readSync")).toBe(readSync);
  });
  it("says what is missing and what happens without it", () => {
    expect(() => extension(plainClient(), "readSync")).toThrowError(
      expect.objectContaining({
        code: "UNIMPLEMENTED",
        missing: { capability: "readSync", since: "0.9", fallback: "await x.data()" },
      }),
    );
  });
});
