// The door of the case runner: what a module of programs is typed with, and running cases from code.
export { readCases, type Case, type Encoded, type PlacedCase } from "./case-files.ts";
export { ERROR_CLASSES } from "./errors.ts";
export type { CaseProgram, CasePrograms, Result } from "./run-case.ts";
export { runCases, type RunOptions } from "./supervisor.ts";
