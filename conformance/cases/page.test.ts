// The case file that docs/cases.md shows runs, with the programs shown beside it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/cases.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "tenon-cases-"));
const blockOf = (language: string): string =>
  new RegExp("```" + language + "\\n(.*?)```", "s").exec(PAGE)?.[1] ?? "";

function cases(...flags: readonly string[]): readonly string[] {
  const command = ["--conditions=source", "--import", "tsx", join(ROOT, "conformance/cases/cli.ts"), folder];
  const { stdout } = spawnSync(process.execPath, [...command, ...flags], { cwd: ROOT, encoding: "utf8" });
  return stdout.trim().split("\n");
}

it("shows a file that runs", () => {
  writeFileSync(join(folder, "mine.json"), blockOf("json"));
  writeFileSync(join(folder, "programs.ts"), blockOf("ts"));
  expect(cases().at(-1)).toBe("2 passed, 0 failed, 1 skipped");
  expect(cases("--programs", join(folder, "programs.ts")).at(-1)).toBe("3 passed, 0 failed, 0 skipped");
});
it("says how functions are called", () => {
  writeFileSync(join(folder, "mine.json"), blockOf("json").replace('"jnp.sum"', '"jax.numpy.sum"'));
  expect(cases("--filter", "sum").at(-1)).toBe("0 passed, 0 failed, 1 skipped");
});
