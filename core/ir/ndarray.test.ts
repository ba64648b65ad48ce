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
test("the length, and at without a call, are refused, too", () => {
  expect(() => x["length"]).toThrow(/x\.length: an array ~f32\[\] .*x\.shape\[0\].*x\.size/s);
  const at = x["at"] as Record<string, unknown>;
  expect(() => at["0"]).toThrow(/x\.at\[0\]: .*x\.at\(0\)\.set\(v\)/s);
  expect(() => at["-1,2"]).toThrow(/x\.at\(-1,2\)\.set/);
  expect([at["name"], at["length"], typeof at["call"]]).toEqual(["at", 0, "function"]);
});
test("other properties that don't exist are undefined, as in any object", () => {
  expect(x["then"]).toBeUndefined();
  expect(x["ndim"]).toBe(0);
});
