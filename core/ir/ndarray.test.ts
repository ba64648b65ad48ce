// What arrays refuse, because JavaScript would answer with silence.
import { expect, test } from "vitest";
import { Literal } from "./ndarray.ts";

const x = new Literal(1, "float32", true) as unknown as Record<string, unknown>;

test("reading by subscript is refused and says what to write", () => {
  expect(() => x["0"]).toThrow(/x\[0\]: .*x\.get\(0\)/s);
  expect(() => x["-1"]).toThrow(/x\[-1\]/);
});
test("writing by subscript is refused and says what to write", () => {
  expect(() => {
    x["3"] = 1;
  }).toThrow(/x\[3\] = …: .*x\.at\(0\)\.set\(v\)/s);
});
test("other properties that don't exist are undefined, as in any object", () => {
  expect(x["then"]).toBeUndefined();
  expect(x["ndim"]).toBe(0);
});
