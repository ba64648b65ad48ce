// What has been traced and compiled in this process: counted, and forgotten.
import type { CompileCounters } from "../../runtime/compile.ts";
import { counters, forgetExecutables } from "../../runtime/dispatch.ts";
import { forgetTraces } from "./signatures.ts";

export type { CompileCounters } from "../../runtime/compile.ts";

/**
 * What this process has traced, lowered, compiled, found compiled and run so far: differences of two readings say what a
 * piece of code costs.
 * @example const before = compileCounters(); step(params); compileCounters().compiles - before.compiles  // 0
 */
export const compileCounters = (): CompileCounters => Object.freeze({ ...counters });

/** Forgets all traces and executables: what is called next is traced and compiled anew. Source: jax.clear_caches. */
export function clearCaches(): void {
  forgetTraces();
  forgetExecutables();
}
