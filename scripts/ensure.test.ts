import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { missingPackages } from "./ensure.mjs";

const root = mkdtempSync(join(tmpdir(), "ensure-"));
afterAll(() => rmSync(root, { recursive: true }));

test("packages that are absent or in another version are missing, optional ones are not", () => {
  const packages = {
    "": {},
    "node_modules/here": { version: "1.0.0" },
    "node_modules/old": { version: "2.0.0" },
    "node_modules/absent": { version: "1.0.0" },
    "node_modules/windows-only": { version: "1.0.0", optional: true },
  };
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
  for (const name of ["here", "old"]) {
    mkdirSync(join(root, "node_modules", name), { recursive: true });
    writeFileSync(join(root, "node_modules", name, "package.json"), `{ "version": "1.0.0" }`);
  }
  expect(missingPackages(root)).toEqual(["node_modules/old", "node_modules/absent"]);
});
