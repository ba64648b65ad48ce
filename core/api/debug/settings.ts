// Settings for looking into programs, as functions that run another with them.
import { fail } from "../../errors.ts";
import { userLine, withDeepStack } from "../../frames.ts";
import { context, withContext } from "../../ir/context.ts";
import { trackTracers } from "../../ir/trace.ts";
import { withConfig } from "../config.ts";
import { checkFunction } from "../transforms/flat.ts";
import { leakedAmong } from "./leaks.ts";

function withSetting<R>(name: "disableJit" | "debugNans" | "debugInfs", f: () => R): R {
  checkFunction(name, f);
  return withConfig({ [name]: true }, f);
}

/** Runs `f` without jit: jitted functions, loops and branches operation by operation, on values. Source: jax.disable_jit */
export const disableJit = <R>(f: () => R): R => withSetting("disableJit", f);
/** Runs `f` with a look at each result for NaN. @throws E_NAN naming the operation and the line. Source: jax.debug_nans */
export const debugNans = <R>(f: () => R): R => withSetting("debugNans", f);
/** The same for infinities. Source: jax.debug_infs */
export const debugInfs = <R>(f: () => R): R => withSetting("debugInfs", f);

/**
 * Runs `f`; what is traced in it carries the name, for those who read jaxprs and programs.
 * @throws E_ARGUMENT for what is no name. Source: jax.named_scope
 * @example jit((x) => namedScope("encoder", () => x.mul(2)))
 */
export function namedScope<R>(name: string, f: () => R): R {
  if (typeof name !== "string" || name === "")
    throw fail(
      "E_ARGUMENT",
      `namedScope: the name is ${typeof name === "string" ? "empty" : `a ${typeof name}`}`,
    );
  checkFunction("namedScope", f);
  return withContext({ nameStack: [...context().nameStack, name] }, f);
}

/**
 * Runs `f`, and then looks for traced values that are still held although their trace has ended: kept in a variable, a
 * list or an object, they would be an error later, far from their cause. Needs a garbage collector that can be asked to
 * run, as Node's; elsewhere it says so.
 * @throws E_LEAKED_TRACERS naming the transformation and the line of each. Source: jax.checking_leaks
 * @example await checkingLeaks(() => jit((x) => { kept = x; return x; })(1)) // throws
 */
export async function checkingLeaks<R>(f: () => R): Promise<Awaited<R>> {
  checkFunction("checkingLeaks", f);
  const seen = trackTracers(() => withDeepStack(() => new Error().stack));
  let result: R;
  try {
    result = f();
  } finally {
    seen.stop();
  }
  const value = await result;
  const leaks = await leakedAmong(seen.tracers);
  if (leaks.length === 0) return value;
  const places = [
    ...new Set(leaks.map((l) => `${l.aval} of ${l.label}, made at ${userLine(l.stack) ?? "?"}`)),
  ];
  throw fail(
    "E_LEAKED_TRACERS",
    `checkingLeaks: ${leaks.length} tracers are still held: ${places.slice(0, 5).join("; ")}`,
  );
}
