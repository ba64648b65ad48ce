#!/usr/bin/env node
// `npm run cases -- DIR [--device NAME] [--filter RE] [--programs FILE] [--json FILE]`: see docs/cases.md.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { readCases, type PlacedCase } from "./case-files.ts";
import { countsByNamespace, reportText, totals } from "./report.ts";
import type { Result } from "./run-case.ts";
import { runCases } from "./supervisor.ts";

interface Flags {
  readonly device?: string;
  readonly filter?: string;
  readonly programs?: string;
  readonly json?: string;
}

// npm changes the working directory to the package's; the user's stands in INIT_CWD.
const fromUser = (path: string): string => resolve(process.env["INIT_CWD"] ?? process.cwd(), path);

function select(cases: readonly PlacedCase[], filter: string | undefined): readonly PlacedCase[] {
  if (filter === undefined) return cases;
  const wanted = new RegExp(filter);
  const selected = cases.filter((c) => wanted.test(c.case.id));
  if (selected.length === 0) throw new Error(`--filter ${filter}: no id of ${cases.length} cases matches`);
  return selected;
}

async function run(folder: string, flags: Flags): Promise<void> {
  const cases = select(readCases(fromUser(folder)), flags.filter);
  const results = await runCases(
    cases.map((c) => c.case),
    {
      device: flags.device ?? null,
      programs: flags.programs === undefined ? null : fromUser(flags.programs),
      onDevice: (name) => console.log(`${cases.length} cases on ${name}`),
      onResult: showFailure,
    },
  );
  const counts = totals(results);
  if (flags.json !== undefined)
    writeFileSync(fromUser(flags.json), `${JSON.stringify({ ...counts, cases: results }, null, 1)}\n`);
  console.log(reportText(countsByNamespace(cases, results), results));
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
function showFailure(result: Result): void {
  if (result.status === "failed") console.log(`FAILED ${result.id}: ${result.reason ?? ""}`);
}

const command = new Command("cases")
  .description("Runs JAX golden cases on a device and judges the results.")
  .argument("<dir>", "folder that is searched for case files, or one file")
  .option("--device <name>", "device, as reference or webgpu:0 (default: the embedded default)")
  .option("--filter <re>", "only cases whose id matches this regular expression")
  .option(
    "--programs <file>",
    "module with the functions of program, transform and error cases (default: ours)",
  )
  .option("--json <file>", "write all results to this file")
  .action(async (folder: string, flags: Flags) => {
    try {
      await run(folder, flags);
    } catch (error) {
      console.error(`cases: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 2;
    }
  });
await command.parseAsync();
