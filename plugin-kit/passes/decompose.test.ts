// The rules, all of them at once: the reference with a third of its kernels must still pass the conformance suite, because the
// kit says the other ops in those; and what it writes is a verified program of native ops.
import { unsupported, type DType, type OpName } from "tenon-plugin-api";
import { verifyProgram } from "tenon-plugin-api/verify";
import { select, Subject, type OpCase } from "tenon-conformance";
import { conformanceFor } from "tenon-conformance/vitest";
import { reference } from "tenon-reference";
import { describe, expect, it } from "vitest";
import { closureOf } from "./closure.ts";
import { decompose } from "./decompose.ts";

/** Elementwise ops that nothing else gives, comparisons, moves by data, and one fold. */
const ATOMS: readonly OpName[] = [
  ...([
    "add",
    "multiply",
    "divide",
    "remainder",
    "exponential",
    "log",
    "sine",
    "cosine",
    "sqrt",
    "power",
  ] as const),
  ...(["atan2", "floor", "compare", "select", "convert", "and", "or", "xor", "bitcast_convert"] as const),
  ...([
    "shift_left",
    "shift_right_logical",
    "shift_right_arithmetic",
    "gather",
    "scatter",
    "reduce",
  ] as const),
];
const DTYPES: readonly DType[] = ["bool", "i8", "u64", "bf16", "f64"];

for (const dtype of DTYPES)
  conformanceFor(reference({ only: ATOMS }), { query: `ops/*:${dtype}:*`, level: 6 });

describe("decompose", () => {
  const cases = select({ level: 6, query: "ops/*:f32:*" }).filter((c): c is OpCase => c.kind === "op");
  it("writes verified programs of ops that the plugin has", async () => {
    const { capabilities } = await new Subject(reference({ only: ATOMS })).bareClient();
    const ops = Object.fromEntries(
      Object.entries(capabilities.ops).filter(([, s]) => s.decomposed === undefined),
    );
    const native = { ...capabilities, ops };
    const closure = closureOf(native);
    let rewritten = 0;
    for (const { id, build } of cases) {
      const { program } = build();
      if (unsupported(program, closure.outward, "test") !== undefined) continue;
      const lowered = decompose(program, { native, closure, plugin: "test" });
      if (lowered === program) continue;
      rewritten++;
      expect(() => verifyProgram(lowered), id).not.toThrow();
      expect(unsupported(lowered, native, "test"), id).toBeUndefined();
    }
    expect(rewritten).toBeGreaterThan(200);
  });
  it("leaves a program of native ops as it is", () => {
    const [first] = select({ level: 2, query: "ops/add:f32:values=random" }) as readonly OpCase[];
    const program = (first as OpCase).build().program;
    const native = { dtypes: ["f32"] as const, ops: { add: {} } };
    expect(decompose(program, { native, closure: closureOf(native), plugin: "test" })).toBe(program);
  });
  it("refuses by name what no rule reaches", () => {
    const [sort] = select({ level: 6, query: "ops/sort:f32:shape=1" }) as readonly OpCase[];
    const native = { dtypes: ["f32", "i32", "bool"] as const, ops: { add: {}, compare: {} } };
    expect(() =>
      decompose((sort as OpCase).build().program, { native, closure: closureOf(native), plugin: "mine" }),
    ).toThrow("mine does not implement sort of f32");
  });
});

describe("closureOf", () => {
  it("chains rules, and marks what they do", () => {
    const { outward } = closureOf({ dtypes: ["f32"], ops: { add: {}, multiply: {} } });
    expect(Object.keys(outward.ops).sort()).toEqual([
      "add",
      "imag",
      "multiply",
      "negate",
      "optimization_barrier",
      "real",
      "subtract",
    ]);
    expect(outward.ops.subtract).toEqual({ dtypes: ["f32"], decomposed: ["f32"] });
  });
  it("takes no rule in a circle: subtraction and negation are made of each other", () => {
    expect(Object.keys(closureOf({ dtypes: ["f32"], ops: { add: {} } }).outward.ops)).not.toContain(
      "subtract",
    );
  });
  it("claims a limited op in general where a rule brings it into the limited form", () => {
    const limited = { operands: [{ rank: [2, 2] as const }, { rank: [2, 2] as const }] };
    const ops = {
      dot_general: limited,
      transpose: {},
      reshape: {},
      broadcast_in_dim: {},
      multiply: {},
      add: {},
      reduce: {},
    };
    const { outward } = closureOf({ dtypes: ["f32"], ops });
    expect(outward.ops.dot_general).toEqual({ dtypes: ["f32"], decomposed: ["f32"] });
  });
  it("prefers the wider type for half floats", () => {
    const { ruleOf } = closureOf({ dtypes: ["f16", "f32"], ops: { convert: {}, tanh: { dtypes: ["f32"] } } });
    expect(ruleOf("tanh", "f16")).toBeDefined();
    expect(ruleOf("tanh", "f32")).toBeUndefined();
  });
});
