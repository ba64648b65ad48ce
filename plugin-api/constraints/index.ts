// One violation of every numbered constraint of every op, as programs: this package's verifier is tested by them, and the
// conformance suite shows that none reaches a plugin.
export { caseProgram, type Sketch } from "./sketch.ts";
export { CASES, type Case, type Patch } from "./cases.ts";
