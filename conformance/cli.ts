#!/usr/bin/env node
// The command: npm run conformance --, or npx tenon-conformance, --plugin NAME|PATH [--level N] [--query Q] [--json F] [--markdown F]
import { writeFileSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { LEVELS, type Level } from "./case.ts";
import { readExpectations } from "./expectations.ts";
import { loadPlugin } from "./load-plugin.ts";
import { lastLine, markdown, summary, supportTable } from "./report.ts";
import { runCases } from "./run.ts";
import { Subject } from "./subject.ts";
import { select } from "./suite.ts";

interface Flags {
  readonly plugin: string;
  readonly level?: Level;
  readonly query?: string;
  readonly json?: string;
  readonly markdown?: string;
  readonly expectations?: string;
  readonly list?: true;
}

function readLevel(text: string): Level {
  const n = Number(text);
  if (Number.isInteger(n) && n >= 0 && n < LEVELS.length) return n as Level;
  throw new InvalidArgumentError(
    `levels are 0 to ${LEVELS.length - 1}: ${LEVELS.map((l, i) => `${i} ${l}`).join(", ")}.`,
  );
}

/** How the command was called: by the script of the repository, or as an installed one. */
const CALLED =
  process.env["npm_lifecycle_event"] === "conformance" ? "npm run conformance --" : "npx tenon-conformance";

const command = new Command("conformance")
  .description("Judges a device plugin by the conformance suite; the exit code is 1 if anything fails.")
  .requiredOption(
    "--plugin <name|path>",
    "reference, cpu-wasm, null, onnx-export, first-plugin …, or the path of a module or folder that exports a plugin or its factory",
  )
  .option("--level <n>", "run levels 0 to n only", readLevel)
  .option(
    "--query <q>",
    "run cases whose id is or begins with q; * stands for anything: 'ops/dot_general:f32:*'",
  )
  .option("--json <file>", "write every result as JSON")
  .option("--markdown <file>", "write the counts and the support table (op × dtype) as Markdown")
  .option(
    "--expectations <file>",
    "a JSON file of rows { query, expect, reason, since, link }, besides those that the plugin's module exports",
  )
  .option("--list", "print the ids of the cases and run nothing")
  .addHelpText(
    "after",
    `
Levels: ${LEVELS.map((l, i) => `${i} ${l}`).join(" · ")}

Examples:
  ${CALLED} --plugin ./my-plugin --level 2
  ${CALLED} --plugin cpu-wasm --query 'ops/reduce:f32' --markdown support.md`,
  );

/** Where files of the command line are. */
const atCaller = (file: string): string => resolve(process.env["INIT_CWD"] ?? process.cwd(), file);

async function main(flags: Flags): Promise<number> {
  const cases = select(flags);
  if (cases.length === 0)
    throw new Error(`--query ${flags.query}: no case is called so (--list prints them all)`);
  if (flags.list === true) {
    for (const c of cases) console.log(c.id);
    return 0;
  }
  const { plugin, expectations } = await loadPlugin(flags.plugin);
  const more =
    flags.expectations === undefined
      ? []
      : readExpectations(JSON.parse(readFileSync(atCaller(flags.expectations), "utf8")), flags.expectations);
  const { manifest } = plugin;
  console.log(`conformance of ${manifest.name} ${manifest.version}: ${cases.length} cases, three runs each`);
  const start = performance.now();
  const subject = new Subject(plugin);
  const { capabilities } = await subject.client();
  const result = await runCases(cases, subject, { expectations: [...expectations, ...more] });
  const table = supportTable(result.cases, capabilities);
  if (flags.json !== undefined)
    writeFileSync(atCaller(flags.json), `${JSON.stringify({ ...result, support: table }, null, 1)}\n`);
  if (flags.markdown !== undefined) writeFileSync(atCaller(flags.markdown), markdown(result, table));
  console.log(summary(result, `${CALLED} --plugin ${flags.plugin}`));
  console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
  console.log(lastLine(result));
  return result.failed > 0 ? 1 : 0;
}

command.showHelpAfterError("(--help says what there is)").parse();
try {
  process.exitCode = await main(command.opts<Flags & { plugin: string }>());
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
