// Runs cases on a plugin, one after another, and sets expectations against what came.
import { LEVELS, NotClaimed, type Case, type Level } from "./case.ts";
import { expectationOf, idleRows, type Expectation } from "./expectations.ts";
import { judge, type Verdict } from "./judge.ts";
import type { Subject } from "./subject.ts";

/** How a case ended, expectations considered. */
export interface CaseResult {
  readonly id: string;
  readonly level: Level;
  readonly status: Verdict["status"];
  /** Why it failed or was skipped; of an expected failure: the row's reason. */
  readonly reason?: string;
  readonly ms: number;
}
/** What a run gave. */
export interface RunResult {
  readonly plugin: string;
  readonly version: string;
  readonly cases: readonly CaseResult[];
  readonly levels: readonly LevelCount[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
/** How the cases of a level ended. */
export interface LevelCount {
  readonly level: Level;
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
/** Options of a run. */
export interface RunOptions {
  readonly expectations?: readonly Expectation[];
  /** Told of each case as it ends. */
  readonly onCase?: (result: CaseResult) => void;
}

/** A case that takes longer hangs. */
const LIMIT_MS = 60_000;

/** Runs one case and sets its expectation against the verdict. */
export async function runCase(
  c: Case,
  subject: Subject,
  rows: readonly Expectation[] = [],
): Promise<CaseResult> {
  const row = expectationOf(c.id, rows);
  const start = performance.now();
  const verdict: Verdict =
    row?.expect === "skip" ? { status: "skipped", reason: row.reason } : await verdictOf(c, subject);
  const ms = performance.now() - start;
  const { id, level } = c;
  if (row?.expect !== "fail" || verdict.status === "skipped") return { id, level, ...verdict, ms };
  if (verdict.status === "failed")
    return { id, level, status: "skipped", reason: `expected to fail: ${row.reason}`, ms };
  const reason = `it passes, but ${row.query} is expected to fail (${row.reason}): remove the row`;
  return { id, level, status: "failed", reason, ms };
}

async function verdictOf(c: Case, subject: Subject): Promise<Verdict> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => {
      resolve({ status: "failed", reason: `no end after ${LIMIT_MS / 1000} s` });
    }, LIMIT_MS);
  });
  try {
    return await Promise.race([late, attempt(c, subject)]);
  } catch (error) {
    if (error instanceof NotClaimed) return { status: "skipped", reason: error.message };
    return { status: "failed", reason: describe(error) };
  } finally {
    clearTimeout(timer);
  }
}
async function attempt(c: Case, subject: Subject): Promise<Verdict> {
  if (c.kind === "op") return judge(c, await subject.client(), subject.name);
  await c.run(subject);
  return { status: "passed" };
}
/** The message; of an error without a code also where it was thrown, for that is a bug somewhere. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: unknown };
  const where = error.name === "Error" || code !== undefined ? "" : `\n${error.stack ?? ""}`;
  return `${typeof code === "string" ? `${code}: ` : ""}${error.message}${where}`;
}

/** Runs cases in order. Rows of expectations that address nothing count as failures. */
export async function runCases(
  cases: readonly Case[],
  subject: Subject,
  options: RunOptions = {},
): Promise<RunResult> {
  const { expectations = [], onCase } = options;
  const results: CaseResult[] = idleRows(expectations).map((row) => ({
    id: `expectations/${row.query}`,
    level: 0,
    status: "failed",
    reason: `the row matches no case: remove it (${row.reason})`,
    ms: 0,
  }));
  for (const c of cases) {
    const result = await runCase(c, subject, expectations);
    results.push(result);
    onCase?.(result);
  }
  await subject.close();
  const count = (list: readonly CaseResult[], status: CaseResult["status"]): number =>
    list.filter((r) => r.status === status).length;
  const counts = (list: readonly CaseResult[]): Pick<RunResult, "passed" | "failed" | "skipped"> => ({
    passed: count(list, "passed"),
    failed: count(list, "failed"),
    skipped: count(list, "skipped"),
  });
  const levels = LEVELS.map((name, i): LevelCount => {
    const level = i as Level;
    return { level, name, ...counts(results.filter((r) => r.level === level)) };
  });
  const { manifest } = subject.plugin;
  return { plugin: manifest.name, version: manifest.version, cases: results, levels, ...counts(results) };
}
