// All cases, in the order of the ladder.
import { RULE_CASES } from "./abi/index.ts";
import type { Case, Level } from "./case.ts";
import { OP_CASES } from "./ops/index.ts";
import { VIOLATIONS } from "./ops/violations.ts";
import { matches } from "./query.ts";

/** Every case of the suite; ids are unique. */
export const SUITE: readonly Case[] = [...RULE_CASES, ...OP_CASES, ...VIOLATIONS]
  .map((c, i) => [c, i] as const)
  .sort(([a, i], [b, k]) => a.level - b.level || i - k)
  .map(([c]) => c);

/** What to run of the suite. */
export interface Selection {
  /** Up to this level; all. */
  readonly level?: Level;
  /** Only cases that a query asks for. */
  readonly query?: string;
}
/** The cases of a selection. */
export function select({ level = 7, query }: Selection): readonly Case[] {
  return SUITE.filter((c) => c.level <= level && (query === undefined || matches(query, c.id)));
}
