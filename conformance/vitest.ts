// The suite inside vitest: a plugin joins with four lines.
import type { Plugin } from "tenon-plugin-api";
import { afterAll, describe, it } from "vitest";
import { LEVELS, type Case, type Level } from "./case.ts";
import { idleRows, type Expectation } from "./expectations.ts";
import { runCase } from "./run.ts";
import { Subject } from "./subject.ts";
import { select, type Selection } from "./suite.ts";

/** What to run, and what is known not to work. */
export interface ConformanceOptions extends Selection {
  readonly expectations?: readonly Expectation[];
}

/** Failures of one test that are shown in full. */
const SHOWN = 5;

/**
 * Declares the suite for a plugin: a `describe` for each level, a test for each op and each area of rules.
 * @example
 * import { conformanceFor } from "tenon-conformance/vitest";
 * import { myPlugin } from "./index.ts";
 * import { expectations } from "./expectations.ts";
 * conformanceFor(myPlugin(), { expectations });
 */
export function conformanceFor(plugin: Plugin, options: ConformanceOptions = {}): void {
  const { expectations = [] } = options;
  const cases = select(options);
  describe(`conformance of ${plugin.manifest.name}`, () => {
    const subject = new Subject(plugin);
    afterAll(() => subject.close());
    it("has no idle expectations", () => {
      const idle = idleRows(expectations).map((row) => row.query);
      if (idle.length > 0) throw new Error(`rows that match no case: ${idle.join(", ")}`);
    });
    LEVELS.forEach((name, i) => {
      const groups = grouped(cases.filter((c) => c.level === (i as Level)));
      if (groups.size === 0) return;
      describe(`level ${i}: ${name}`, () => {
        for (const [group, members] of groups)
          it(`${group} (${members.length})`, async ({ skip }) => {
            if (!(await runGroup(members, subject, expectations))) skip("the plugin claims none of it");
          });
      });
    });
  });
}

/** By op or area: `ops/add`, `abi/host`. */
function grouped(cases: readonly Case[]): Map<string, Case[]> {
  const groups = new Map<string, Case[]>();
  for (const c of cases) {
    const [path] = c.id.split(":") as [string];
    const key = path.startsWith("abi/") ? path.split("/").slice(0, 2).join("/") : path;
    groups.set(key, [...(groups.get(key) ?? []), c]);
  }
  return groups;
}

/** Runs the cases of a group; false if all were skipped. @throws Error with the failures */
async function runGroup(
  members: readonly Case[],
  subject: Subject,
  rows: readonly Expectation[],
): Promise<boolean> {
  const failures: string[] = [];
  let ran = false;
  for (const c of members) {
    const { id, status, reason } = await runCase(c, subject, rows);
    if (status !== "skipped") ran = true;
    if (status === "failed") failures.push(`${id}\n${reason ?? ""}`);
  }
  if (failures.length === 0) return ran;
  const more = failures.length > SHOWN ? `\n… and ${failures.length - SHOWN} more` : "";
  throw new Error(
    `${failures.length} of ${members.length} cases fail:\n\n${failures.slice(0, SHOWN).join("\n\n")}${more}`,
  );
}
