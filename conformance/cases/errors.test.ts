// The table of exceptions in the manual is the table that the runner uses.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ERROR_CLASSES } from "./errors.ts";

test("docs/cases.md lists the classes", () => {
  const manual = readFileSync(fileURLToPath(new URL("../../docs/cases.md", import.meta.url)), "utf8");
  const rows = [...manual.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, jax, ours]) => [
    jax as string,
    [...(ours as string).matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
  ]);
  expect(Object.fromEntries(rows)).toEqual(ERROR_CLASSES);
});
