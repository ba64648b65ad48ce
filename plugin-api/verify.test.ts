// The rules of a program as a whole: ids, scopes, functions, attachments, donation, symbols.
import { describe, expect, it } from "vitest";
import type { Func, Op, Program, Value } from "./program.ts";
import { Chain, programOf, reducer, t } from "./testing/build.ts";
import { verifyProgram } from "./verify.ts";

const f32 = t("f32", 3);
/** main(x) = x + x. */
function doubling(): Program {
  const c = new Chain();
  const x = c.param(f32);
  return c.program([c.op("add", [x, x], {}, f32)]);
}
const main = (p: Program): Func => p.functions[p.functions.length - 1] as Func;
const withMain = (p: Program, change: Partial<Func>): Program => ({
  ...p,
  functions: [...p.functions.slice(0, -1), { ...main(p), ...change }],
});
const refuses = (p: Program, text: string): void => {
  expect(() => verifyProgram(p)).toThrowError(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(text) as string }),
  );
};

describe("values", () => {
  it("accepts the control program and returns it", () => {
    const p = doubling();
    expect(verifyProgram(p)).toBe(p);
  });
  it("refuses a value that isn't defined", () => {
    const p = doubling();
    refuses(withMain(p, { ops: [{ ...main(p).ops[0], operands: [0, 7] } as Op] }), "value 7 isn't defined");
  });
  it("refuses a value used before its definition", () => {
    const c = new Chain();
    const x = c.param(f32);
    const y = c.op("negate", [x], {}, f32);
    const p = c.program([c.op("negate", [y], {}, f32)]);
    refuses(withMain(p, { ops: [...main(p).ops].reverse() }), "isn't defined here");
  });
  it("refuses ids that leave a gap", () => {
    const p = doubling();
    const result: Value = { id: 5, type: f32 };
    refuses(
      withMain(p, { ops: [{ ...main(p).ops[0], results: [result] } as Op], results: [{ value: 5 }] }),
      "aren't dense",
    );
  });
  it("refuses a value defined twice", () => {
    const p = doubling();
    const result: Value = { id: 0, type: f32 };
    refuses(withMain(p, { ops: [{ ...main(p).ops[0], results: [result] } as Op] }), "defined twice");
  });
  it("refuses dims that are no sizes, and types beyond 2^53 bytes", () => {
    refuses(programOf({ op: "negate", operands: [t("f32", -1)], results: [t("f32", -1)] }), "no dimension");
    const huge = t("f32", 2 ** 30, 2 ** 30);
    refuses(programOf({ op: "negate", operands: [huge], results: [huge] }), "2^53 bytes");
    const deep = t("f32", ...Array<number>(65).fill(1));
    refuses(programOf({ op: "negate", operands: [deep], results: [deep] }), "rank 65");
  });
});

describe("regions", () => {
  const scalar = t("f32");
  const reduce = {
    op: "reduce",
    operands: [f32, scalar],
    attrs: { dimensions: [0] },
    results: [scalar],
  } as const;
  it("refuses a closed region that captures", () => {
    const p = programOf({ ...reduce, regions: [reducer("f32")] });
    const op = main(p).ops[0] as Op;
    const region = op.regions?.[0] as NonNullable<Op["regions"]>[number];
    const capturing = { ...region, ops: [{ ...region.ops[0], operands: [1, 1] } as Op] };
    refuses(withMain(p, { ops: [{ ...op, regions: [capturing] }] }), "value 1 isn't defined here");
  });
  it("lets branches capture, and refuses branches of different types (case C3)", () => {
    const branch = (value: number): NonNullable<Op["regions"]>[number] => ({
      params: [],
      ops: [],
      results: [value],
    });
    const build = (second: number): Program =>
      withMain(programOf({ op: "case", operands: [t("i32"), f32, t("i32", 3)], results: [f32] }), {
        ops: [
          {
            op: "case",
            operands: [0],
            attrs: {},
            results: [{ id: 3, type: f32 }],
            regions: [branch(1), branch(second)],
          },
        ],
      });
    expect(() => verifyProgram(build(1))).not.toThrow();
    refuses(build(2), "case(C3)");
  });
  it("doesn't let a value of one region be seen by the next", () => {
    const p = programOf({ ...reduce, regions: [reducer("f32")] });
    refuses(withMain(p, { results: [{ value: 2 }] }), "value 2 isn't defined here");
  });
  it("refuses missing and surplus regions", () => {
    refuses(programOf(reduce), "0 regions, expected 1");
    refuses(
      programOf({ op: "negate", operands: [f32], results: [f32], regions: [reducer("f32")] }),
      "1 regions",
    );
  });
});

describe("the whole", () => {
  it("refuses a missing main and functions of one name", () => {
    const p = doubling();
    refuses({ ...p, main: "start" }, "there is no function start");
    refuses({ ...p, functions: [main(p), main(p)] }, "defined twice");
  });
  it("refuses recursion and calls of later functions", () => {
    const call: Op = {
      op: "call",
      operands: [0],
      attrs: { callee: "main" },
      results: [{ id: 1, type: f32 }],
    };
    refuses(withMain(doubling(), { ops: [call] }), "call(X1)");
  });
  it("checks constants against their attachments (constant C1)", () => {
    const bytes = (n: number, splat?: true): Program => {
      const value = { type: f32, bytes: 0, ...(splat && { splat }) };
      const p = programOf({ op: "constant", operands: [], attrs: { value }, results: [f32] });
      return { ...p, attachments: [new Uint8Array(n)] };
    };
    expect(() => verifyProgram(bytes(12))).not.toThrow();
    expect(() => verifyProgram(bytes(4, true))).not.toThrow();
    refuses(bytes(8), "attachment 0 has 8 bytes, f32[3] needs 12");
    refuses({ ...bytes(12), attachments: [] }, "no bytes");
  });
  it("refuses an alias of another type", () => {
    const c = new Chain();
    const x = c.param(f32);
    const p = c.program([c.op("convert", [x], {}, t("i32", 3))]);
    refuses(withMain(p, { params: [{ ...x, donate: { alias: 0 } }] }), "can't alias result 0");
    refuses(withMain(p, { params: [{ ...x, donate: { alias: 1 } }] }), "can't alias result 1");
    expect(() => verifyProgram(withMain(p, { params: [{ ...x, donate: {} }] }))).not.toThrow();
  });
  it("wants each symbol declared and bound", () => {
    const n = t("f32", "n");
    const p = programOf({ op: "negate", operands: [n], results: [n] });
    refuses(p, "symbol n isn't declared");
    expect(() => verifyProgram({ ...p, symbols: [{ name: "n", min: 1 }] })).not.toThrow();
    refuses(
      {
        ...p,
        symbols: [
          { name: "n", min: 1 },
          { name: "m", min: 1 },
        ],
      },
      "m is no whole dimension",
    );
  });
  it("reasons about symbolic dims where they are decided", () => {
    const shape = (extra: number): Program => ({
      ...programOf({
        op: "concatenate",
        operands: [t("f32", "n"), t("f32", 2)],
        attrs: { dimension: 0 },
        results: [{ dtype: "f32", shape: [["add", "n", extra]] }],
      }),
      symbols: [{ name: "n", min: 1 }],
    });
    expect(() => verifyProgram(shape(2))).not.toThrow();
    const wrong = programOf({
      op: "add",
      operands: [t("f32", "n", 2), t("f32", "n", 3)],
      results: [t("f32", "n", 2)],
    });
    refuses({ ...wrong, symbols: [{ name: "n", min: 1 }] }, "add(C1)");
  });
  it("refuses an op that the IR doesn't have, by name", () => {
    const p = programOf({ op: "negate", operands: [f32], results: [f32] });
    refuses(withMain(p, { ops: [{ ...main(p).ops[0], op: "warp_scan" } as unknown as Op] }), "warp_scan(X0)");
  });
});
