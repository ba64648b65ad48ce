// One violation of every numbered constraint of every row, each beside a control case that passes.
import { describe, expect, it } from "vitest";
import { OP_NAMES, OPSET } from "../opset.ts";
import type { ArrayType, DType, OpName } from "../program.ts";
import { caseProgram, type Sketch } from "./sketch.ts";
import { CASES, type Case, type Patch } from "./cases.ts";
import { verifyProgram } from "../verify.ts";

const verify = (sketch: Sketch): void => {
  verifyProgram(caseProgram(sketch));
};

/** The declared result of another shape, and of another dtype. */
function resultBreaks(c: Case): readonly (readonly [string, Patch])[] {
  if (c.declares === true || c.results.length === 0) return [];
  const [first, ...rest] = c.results as [ArrayType, ...ArrayType[]];
  const { result } = OPSET[c.op];
  const otherDType: DType = first.dtype === "u8" ? "i8" : "u8";
  if (c.op === "custom_call") return [];
  return [
    [result[0], { results: [{ ...first, shape: [...first.shape, 7] }, ...rest] }],
    [result[1], { results: [{ ...first, dtype: otherDType }, ...rest] }],
  ];
}

describe.each(CASES)("$op", (c) => {
  it("passes as it is", () => {
    verify(c);
  });
  it.each([...Object.entries(c.breaks), ...resultBreaks(c)])(`${c.op}_%s`, (id, patch) => {
    expect(() => {
      verify({ ...c, ...patch });
    }).toThrowError(
      expect.objectContaining({ message: expect.stringContaining(`${c.op}(${id}):`) as string }),
    );
  });
});

describe("coverage", () => {
  // Shown in verify.test.ts, with attachments and captured values.
  const elsewhere: { readonly [N in OpName]?: readonly string[] } = {
    constant: ["C1"],
    case: ["C3"],
  };
  it.each(OP_NAMES)("every constraint of %s is broken by a case", (op) => {
    const cases = CASES.filter((c) => c.op === op);
    const broken = new Set(
      cases.flatMap((c) => [...Object.keys(c.breaks), ...resultBreaks(c).map(([id]) => id)]),
    );
    for (const id of elsewhere[op] ?? []) broken.add(id);
    expect(Object.keys(OPSET[op].constraints).filter((id) => !broken.has(id))).toEqual([]);
  });
});
