// The conformance suite as a package: cases, and what runs and judges them. `tenon-conformance/vitest` declares it as tests.
export {
  LEVELS,
  type Case,
  type Deviation,
  type Level,
  type OpCase,
  type RuleCase,
  type Trial,
} from "./case.ts";
export type { Expectation } from "./expectations.ts";
export { loadPlugin, type Loaded } from "./load-plugin.ts";
export { matches } from "./query.ts";
export { lastLine, markdown, summary, supportTable, type Support, type SupportTable } from "./report.ts";
export { runCases, type CaseResult, type LevelCount, type RunOptions, type RunResult } from "./run.ts";
export { Subject } from "./subject.ts";
export { select, SUITE, type Selection } from "./suite.ts";
