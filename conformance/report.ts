// What a run says: counts by level and the failures of the lowest red one for people, the support table, JSON.
import { OP_NAMES, type Capabilities, type DType, type OpName } from "tenon-plugin-api";
import { DTYPES } from "./inputs.ts";
import type { CaseResult, LevelCount, RunResult } from "./run.ts";

/** How an op is done in a dtype. */
export type Support = "native" | "decomposed" | "refused" | "failed" | "partial";
/** A row an op, a column a dtype; absent: the op doesn't exist in this dtype, or was not asked for. */
export type SupportTable = { readonly [op in OpName]?: { readonly [dtype in DType]?: Support } };

/** The support table of a run: claims, checked by cases. */
export function supportTable(cases: readonly CaseResult[], capabilities: Capabilities): SupportTable {
  const cells = new Map<string, Set<CaseResult["status"]>>();
  for (const { id, status } of cases) {
    const [area, dtype] = id.split(":");
    if (area?.startsWith("ops/") !== true || dtype === undefined || dtype.includes("=")) continue;
    const key = `${area.slice(4)}:${dtype}`;
    cells.set(key, (cells.get(key) ?? new Set()).add(status));
  }
  const table: { [op: string]: { [dtype: string]: Support } } = {};
  for (const op of OP_NAMES)
    for (const dtype of DTYPES) {
      const seen = cells.get(`${op}:${dtype}`);
      if (seen === undefined) continue;
      const decomposed = capabilities.ops[op]?.decomposed?.includes(dtype) === true;
      (table[op] ??= {})[dtype] = supportOf(seen, decomposed);
    }
  return table;
}
function supportOf(seen: ReadonlySet<CaseResult["status"]>, decomposed: boolean): Support {
  if (seen.has("failed")) return "failed";
  if (!seen.has("passed")) return "refused";
  if (decomposed) return "decomposed";
  return seen.has("skipped") ? "partial" : "native";
}

const MARKS: { readonly [S in Support]: string } = {
  native: "●",
  partial: "◐",
  decomposed: "○",
  refused: "–",
  failed: "✗",
};

/** Of a level: ✗ where something failed, ✓ where something passed, – where all was skipped. */
const verdictOf = ({ passed, failed }: LevelCount): string => (failed > 0 ? "✗" : passed > 0 ? "✓" : "–");

/** The support table as Markdown, with what it was made of. */
export function markdown(result: RunResult, table: SupportTable): string {
  const columns = DTYPES.filter((d) =>
    Object.values(table).some((row) => row[d] !== undefined && row[d] !== "refused"),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rows = Object.entries(table).map(([op, row]) =>
    line([`\`${op}\``, ...columns.map((d) => (row[d] === undefined ? "" : MARKS[row[d]]))]),
  );
  const levels = result.levels.filter((l) => l.passed + l.failed + l.skipped > 0);
  return [
    `# Conformance of ${result.plugin} ${result.version}`,
    "",
    line(["level", "passed", "failed", "skipped"]),
    line(["---", "---:", "---:", "---:"]),
    ...levels.map((l) =>
      line([`${verdictOf(l)} ${l.level} ${l.name}`, String(l.passed), String(l.failed), String(l.skipped)]),
    ),
    "",
    ...(rows.length === 0
      ? []
      : [
          "● native · ◐ native in part · ○ decomposed into other ops · – refused · ✗ failing · empty: no such op in this dtype",
          "",
          line(["op", ...columns]),
          line(["---", ...columns.map(() => ":-:")]),
          ...rows,
          "",
        ]),
  ].join("\n");
}

/** Failures shown in full, and lines of each. */
const SHOWN = 10;
const LINES = 12;

/** The run for people: counts, then the failures of the lowest level that has some. */
export function summary(result: RunResult, again: string): string {
  const lines = result.levels
    .filter((l) => l.passed + l.failed + l.skipped > 0)
    .map((l) => {
      const counts = `${l.passed} passed, ${l.failed} failed, ${l.skipped} skipped`;
      return `${verdictOf(l)} level ${l.level}  ${l.name.padEnd(36)} ${counts}`;
    });
  const failures = result.cases.filter((c) => c.status === "failed");
  const [first] = failures;
  if (first === undefined) return lines.join("\n");
  const level = Math.min(...failures.map((c) => c.level));
  const here = failures.filter((c) => c.level === level);
  const shown = here.slice(0, SHOWN).flatMap((c) => ["", `✗ ${c.id}`, indented(c.reason ?? "")]);
  const rest = here.length - SHOWN;
  const above = failures.length - here.length;
  return [
    ...lines,
    ...shown,
    "",
    ...(rest > 0 ? [`… and ${rest} more failures of level ${level}`] : []),
    ...(above > 0 ? [`… and ${above} of higher levels: level ${level} first`] : []),
    `run one again: ${again} --query '${first.id}'`,
  ].join("\n");
}
function indented(text: string): string {
  const lines = text.split("\n");
  const kept = lines.length > LINES ? [...lines.slice(0, LINES), "…"] : lines;
  return kept.map((l) => `    ${l}`).join("\n");
}

/** The last line of every run. */
export const lastLine = (r: RunResult): string =>
  `${r.passed} passed, ${r.failed} failed, ${r.skipped} skipped`;
