// checkify: checks of values that programs compute, as values of their own.
import { callerLine, fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { flatten, unflatten, type TreeDef } from "../../ir/tree.ts";
import { describe, toArray } from "../../primitives/operand.ts";
import { stage } from "../../transforms/stage.ts";
import { checkOptions } from "../arrays.ts";
import { checkFormat, format, parseFormat } from "../debug/format.ts";
import { whole } from "../debug/print.ts";
import { finish, flattenArgs, flattenResult, labelOf, leafOf, transformed } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Args } from "../types.ts";
import { bindCheck, ErrorValue, NO_ERROR, registerErrors, type ErrorCategory } from "./error.ts";
import { Checker } from "./interpret.ts";
import { checkRules } from "./rules.ts";

export { ErrorValue, type ErrorCategory } from "./error.ts";

/** Categories of errors. */
export type ErrorSet = ReadonlySet<ErrorCategory>;
const setOf = (...categories: readonly ErrorCategory[]): ErrorSet => new Set(categories);
/** `checkify.check` calls. */
export const userChecks: ErrorSet = /* @__PURE__ */ setOf("user");
/** NaN, where an operation makes one. */
export const nanChecks: ErrorSet = /* @__PURE__ */ setOf("nan");
/** Indices out of bounds. */
export const indexChecks: ErrorSet = /* @__PURE__ */ setOf("index");
/** Division by zero. */
export const divChecks: ErrorSet = /* @__PURE__ */ setOf("div");
/** NaN and division by zero. */
export const floatChecks: ErrorSet = /* @__PURE__ */ setOf("nan", "div");
/** All but `checkify.check` calls. */
export const automaticChecks: ErrorSet = /* @__PURE__ */ setOf("nan", "div", "index");
/** All of them. */
export const allChecks: ErrorSet = /* @__PURE__ */ setOf("nan", "div", "index", "user");

/** Options of checkify. */
export interface CheckifyOptions {
  /** What to check (default: userChecks): one set, or a list of sets. */
  readonly errors?: ErrorSet | readonly ErrorSet[] | undefined;
}
function enabledOf({ errors = userChecks }: CheckifyOptions): ErrorSet {
  const sets = Array.isArray(errors) ? (errors as readonly ErrorSet[]) : [errors as ErrorSet];
  const all = new Set<ErrorCategory>();
  for (const set of sets) {
    if (!(set instanceof Set))
      throw fail("E_ARGUMENT", "checkify: errors is no set of checks", {
        hint: "pass { errors: checkify.floatChecks }, or a list of such sets",
      });
    for (const c of set as ErrorSet) all.add(c);
  }
  for (const c of all)
    if (!allChecks.has(c))
      throw fail("E_ARGUMENT", `checkify: errors has "${String(c)}", expected ${[...allChecks].join(", ")}`);
  return all;
}

/**
 * `fun` with an error value in front of its result: `checkify.check` calls in it, and what `errors` asks for, become
 * values instead of exceptions, so that it can be jitted, mapped and looped over.
 * @throws E_ARGUMENT for what are no sets of checks. Source: jax.experimental.checkify.checkify
 * @example const [err, y] = checkify(f, { errors: floatChecks })(x); err.throw();
 */
export function checkify<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  options: CheckifyOptions = {},
): (...args: Args<A>) => [ErrorValue, R] {
  checkOptions("checkify", options, ["errors"]);
  const name = labelOf("checkify", fun);
  const enabled = enabledOf(options);
  registerErrors();
  const checked = (...args: unknown[]): unknown => {
    const { leaves, treedef } = flattenArgs(name, fun, args);
    let out: TreeDef | null = null;
    // Arguments are captured: what is concrete stays so.
    const { jaxpr, consts } = stage(
      () => {
        const r = flattenResult(name, fun(...(unflatten(treedef, leaves) as A)));
        out = r.treedef;
        return r.leaves;
      },
      [],
      name,
    );
    const checker = new Checker(checkRules(), enabled);
    const outs = checker.run(jaxpr, consts);
    const error = new ErrorValue(checker.error.structure, checker.error.values);
    return [error, finish(out as unknown as TreeDef, outs)];
  };
  return transformed(checked, fun as AnyFn, name) as unknown as (...args: Args<A>) => [ErrorValue, R];
}

function checkWith(
  api: string,
  pred: ArrayLike,
  msg: string,
  values: readonly unknown[],
  debug: boolean,
): null {
  const p = toArray(api, pred, "pred");
  if (p.ndim !== 0 || !isBool(p.dtype))
    throw fail("E_DTYPE", `${api}: pred is ${p.aval}, expected one boolean`, {
      hint: "compare (x.gt(0)), and reduce with .all() or .any()",
    });
  if (typeof msg !== "string")
    throw fail("E_ARGUMENT", `${api}: the message is ${describe(msg)}, expected a text`);
  const last = values.at(-1);
  const names = parseFormat(api, msg).some((f) => typeof f !== "string" && typeof f.name === "string");
  const isNamed =
    names && typeof last === "object" && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const named = isNamed ? (last as Record<string, unknown>) : {};
  const args = isNamed ? values.slice(0, -1) : values;
  checkFormat(api, msg, args, named);
  const { leaves: raw, treedef } = flatten(whole([args, named]), `${api}: the values of the message`);
  const leaves = raw.map((x) => leafOf(api, x));
  registerErrors();
  const text = (payload: readonly NDArray[]): string => {
    const [a, n] = unflatten(treedef, payload) as [readonly unknown[], Record<string, unknown>];
    return `${format(api, msg, a, n)} (\`check\` failed)`;
  };
  const payload = leaves.map((x) =>
    context().lax.broadcastInDim(
      x,
      x.shape,
      x.shape.map((_, i) => i),
    ),
  );
  const failed = context().lax.bitwiseNot(p);
  return bindCheck(NO_ERROR.add("user", failed, payload, { text, at: callerLine() }), debug);
}

/**
 * A check that `pred` holds: outside of programs it throws at once; in programs it must stand in a function that
 * `checkify` wraps. Formats and values are those of debug.print.
 * @throws E_CHECK if it doesn't hold; E_CHECK_STAGED in a program without checkify. Source: checkify.check
 * @example check(x.gt(0), "x is {}, expected a positive number", x)
 */
export const check = (pred: ArrayLike, msg: string, ...values: unknown[]): null =>
  checkWith("checkify.check", pred, msg, values, false);
/** `check` that does nothing unless `checkify` wraps it. Source: checkify.debug_check */
export const debugCheck = (pred: ArrayLike, msg: string, ...values: unknown[]): null =>
  checkWith("checkify.debugCheck", pred, msg, values, true);
/**
 * `error.throw()` as a function: in a function that `checkify` wraps it makes the error part of that one's.
 * @throws E_CHECK if there is an error. Source: checkify.check_error
 */
export function checkError(error: ErrorValue): null {
  if (!(error instanceof ErrorValue))
    throw fail(
      "E_ARGUMENT",
      "checkify.checkError: expected the error value that a checkified function returned",
    );
  return bindCheck(error, false);
}
