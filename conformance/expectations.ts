// What is known not to work, as rows with a reason. An expected failure still runs and fails the suite when it passes; a row
// that matches nothing fails, too: neither outlives its cause.
import { SUITE } from "./suite.ts";
import { matches } from "./query.ts";

/** One row. */
export interface Expectation {
  /** Which cases: an id, its beginning, or a pattern with stars. */
  readonly query: string;
  /** `skip`: don't run at all, for what would hang or end the process. */
  readonly expect: "fail" | "skip";
  readonly reason: string;
  /** The version that it is known of. */
  readonly since: string;
  /** The bug, or the sentence of a specification. */
  readonly link: string;
}

/** The row that a case falls under: the first. */
export function expectationOf(id: string, rows: readonly Expectation[]): Expectation | undefined {
  return rows.find((row) => matches(row.query, id));
}
/** Rows that address no case of the suite. */
export function idleRows(rows: readonly Expectation[]): readonly Expectation[] {
  return rows.filter((row) => !SUITE.some((c) => matches(row.query, c.id)));
}
/** Rows from data of unknown origin. @throws Error naming what is wrong with which row */
export function readExpectations(data: unknown, origin: string): readonly Expectation[] {
  if (!Array.isArray(data)) throw new Error(`${origin}: expectations are a list of rows`);
  for (const [i, row] of (data as readonly unknown[]).entries()) {
    const given = row as { readonly [field: string]: unknown } | null;
    for (const field of ["query", "expect", "reason", "since", "link"])
      if (typeof given?.[field] !== "string")
        throw new Error(
          `${origin}: row ${i} has no ${field}; a row is { query, expect, reason, since, link }`,
        );
    if (given?.["expect"] !== "fail" && given?.["expect"] !== "skip")
      throw new Error(`${origin}: row ${i} expects ${String(given?.["expect"])}; it is "fail" or "skip"`);
  }
  return data as readonly Expectation[];
}
