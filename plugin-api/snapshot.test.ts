// The public surface changes only on purpose: with its snapshot, a version and a line in the CHANGELOG.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SNAPSHOT, snapshot } from "./testing/snapshot.ts";
import { ABI } from "./version.ts";

it("api.snapshot.txt is what the declarations say (npm run snapshot -w tenon-plugin-api)", () => {
  expect(snapshot()).toBe(readFileSync(SNAPSHOT, "utf8"));
});
it("the CHANGELOG has an entry for this version", () => {
  const log = readFileSync(new URL("./CHANGELOG.md", import.meta.url), "utf8");
  expect(log).toMatch(new RegExp(`^## ${ABI.major}\\.${ABI.minor}\\b`, "m"));
});
