// The copy of tapable is what its script makes of the tapable that is installed.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { vendoredTapable, VENDORED } from "./vendor-tapable.mjs";

it("is up to date", async () => {
  expect(readFileSync(VENDORED, "utf8")).toBe(await vendoredTapable());
});
