// The README says of the devices what they say of themselves, and counts that are of the suite as it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OP_NAMES } from "tenon-plugin-api";
import { SUITE } from "tenon-conformance";
import { expect, it } from "vitest";
import { countOps, countsOf, currentReadme, DEVICES, printDTypes } from "./device-table.mjs";

it("has a table that is not stale (npm run device-table)", async () => {
  expect(readFileSync(join(import.meta.dirname, "../README.md"), "utf8")).toBe(await currentReadme());
});

it.each(DEVICES.map(([name]) => name))(
  "counts every case for %s (npm run conformance … --markdown)",
  (name) => {
    const { passed, failed, skipped } = countsOf(name);
    expect(passed + failed + skipped).toBe(SUITE.length);
    expect(failed).toBe(0);
  },
);

it("counts an op as decomposed where it is so in all of its dtypes", () => {
  const ops = { add: {}, tan: { decomposed: ["f32", "f16"] }, cbrt: { decomposed: ["f16"] } };
  expect(countOps({ dtypes: ["f16", "f32"], ops })).toEqual({
    native: 2,
    decomposed: 1,
    refused: OP_NAMES.length - 3,
  });
});

it("prints dtypes in families", () => {
  expect(printDTypes(["f32", "i32", "bool"])).toBe("bool i32 f32");
  expect(printDTypes(["u8", "u32", "i8", "i16", "i32", "i64"])).toBe("i8–i64 u8 u32");
});
