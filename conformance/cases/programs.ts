// Our functions for the cases that apply a JAX program: beside each id, what its source says, on the public API.
import type { CasePrograms } from "./run-case.ts";

const programs: CasePrograms = {};
export default programs;
