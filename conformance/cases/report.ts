// What the command prints: counts per namespace, and why cases were skipped.
import type { PlacedCase } from "./case-files.ts";
import type { Result } from "./run-case.ts";

/** Numbers of cases by how they ended. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts of all results. */
export function totals(results: readonly Result[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const r of results) counts[r.status]++;
  return counts;
}

/** Counts per namespace, in the order of the files. */
export function countsByNamespace(
  cases: readonly PlacedCase[],
  results: readonly Result[],
): Map<string, Counts> {
  const groups = new Map<string, Result[]>();
  cases.forEach(({ namespace }, i) => {
    const group = groups.get(namespace) ?? [];
    groups.set(namespace, [...group, results[i] as Result]);
  });
  return new Map([...groups].map(([namespace, list]) => [namespace, totals(list)]));
}

/** A table of the namespaces, then the reasons of skips, the most frequent first. */
export function reportText(counts: ReadonlyMap<string, Counts>, results: readonly Result[]): string {
  const width = Math.max(...[...counts.keys()].map((n) => n.length));
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((c) => String(c).padStart(9)).join("")}`;
  const table = [...counts].map(([name, c]) => row(name, [c.passed, c.failed, c.skipped]));
  const reasons = new Map<string, number>();
  for (const r of results)
    if (r.status === "skipped") reasons.set(groupOf(r), (reasons.get(groupOf(r)) ?? 0) + 1);
  const skips = [...reasons]
    .sort(([, a], [, b]) => b - a)
    .map(([why, n]) => `${String(n).padStart(6)} × ${why}`);
  return [
    row("", ["passed", "failed", "skipped"]),
    ...table,
    ...(skips.length > 0 ? ["skipped:", ...skips] : []),
  ].join("\n");
}
/** Reasons that differ in details only count as one. */
const groupOf = (r: Result): string =>
  (r.reason ?? "")
    .replace(/^(impl-defined|gate: false): .*$/s, "$1: differs")
    .replace(/^([\w.]+)\.\w+ is absent$/, "absent functions of $1");
