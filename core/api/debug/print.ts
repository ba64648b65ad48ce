// debug.print and debug.callback: looks at the values of a program while it runs.
import { fail } from "../../errors.ts";
import type { Params } from "../../ir/primitive.ts";
import { bind } from "../../ir/trace.ts";
import { debug_callback_p } from "../../primitives/callbacks.ts";
import { describe } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { callbackArgs, hostFunction } from "../host-function.ts";
import { checkFunction } from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Traced } from "../types.ts";
import { checkFormat, format, parseFormat } from "./format.ts";

/** Options of debug.callback. */
export interface CallbackOptions {
  /** In one order with all other ordered ones of the program. */
  readonly ordered?: boolean | undefined;
}
/** Options of debug.print. */
export interface PrintOptions extends CallbackOptions {
  /** Let the format and the values not fit. */
  readonly skipFormatCheck?: boolean | undefined;
}
type Named = Readonly<Record<string, unknown>>;

const isRecord = (x: unknown): x is Named =>
  typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype;
const isOptions = (x: unknown, words: readonly string[]): x is Named =>
  isRecord(x) &&
  Object.keys(x).length > 0 &&
  Object.entries(x).every(([k, v]) => words.includes(k) && typeof v === "boolean");

/** Splits options off the end of arguments. */
function withoutOptions<T>(
  args: readonly unknown[],
  words: readonly string[],
): { readonly given: readonly unknown[]; readonly options: T } {
  const last = args.at(-1);
  return isOptions(last, words)
    ? { given: args.slice(0, -1), options: last as T }
    : { given: args, options: {} as T };
}

function bindDebug(api: string, f: AnyFn, args: readonly unknown[], ordered: boolean): null {
  const given = callbackArgs(api, args);
  const params: Params = { fn: hostFunction(api, f, given, null), outs: [], ordered, vmapMethod: null };
  bind(debug_callback_p, given.arrays, params);
  return null;
}

const CALLBACK_WORDS = ["ordered"];
/** A callback with its options given already. */
export type BoundCallback = <A extends readonly unknown[]>(
  f: (...args: Traced<A>) => unknown,
  ...args: A
) => null;

/**
 * Calls `f` with the values that the arguments have when the program runs: inside of jit, vmap, loops and derivatives,
 * where the arguments are traced. It sees primals under derivatives, and one example at a time under vmap; checkpoint
 * calls it again where it computes again. `debug.callback({ ordered: true })(f, ...args)` keeps the order of calls.
 * @throws E_CALLBACK if the function throws: at the call, or where a result is read. Source: jax.debug.callback
 * @example jit((x) => { debug.callback((v) => seen.push(v.item()), x); return x; })(1)
 */
export function callback(options: CallbackOptions): BoundCallback;
export function callback<A extends readonly unknown[]>(f: (...args: Traced<A>) => unknown, ...args: A): null;
export function callback(f: unknown, ...args: unknown[]): unknown {
  if (isRecord(f) && args.length === 0) {
    checkOptions("debug.callback", f, CALLBACK_WORDS);
    const { ordered = false } = f as CallbackOptions;
    return (g: AnyFn, ...rest: unknown[]): null => {
      checkFunction("debug.callback", g);
      return bindDebug("debug.callback", g, rest, ordered);
    };
  }
  checkFunction("debug.callback", f);
  const { given, options } = withoutOptions<CallbackOptions>(args, CALLBACK_WORDS);
  return bindDebug("debug.callback", f, given, options.ordered ?? false);
}

const PRINT_WORDS = ["ordered", "skipFormatCheck"];
const printers = new Map<string, AnyFn>();
/** One function for each format, so that tracing again gives an equal program. */
function printerOf(fmt: string): AnyFn {
  let printer = printers.get(fmt);
  if (printer === undefined) {
    const hasFields = parseFormat("debug.print", fmt).some((p) => typeof p !== "string");
    printer = (args: readonly unknown[], named: Named): null => {
      const loose = hasFields ? [] : args.map((x) => format("debug.print", "{}", [x], {}));
      console.log([format("debug.print", fmt, args, named), ...loose].join(" "));
      return null;
    };
    Object.defineProperty(printer, "name", { value: JSON.stringify(fmt) });
    printers.set(fmt, printer);
  }
  return printer;
}
function printWith(options: PrintOptions, fmt: unknown, values: readonly unknown[]): null {
  if (typeof fmt !== "string")
    throw fail("E_ARGUMENT", `debug.print: the format is ${describe(fmt)}, expected a text`, {
      hint: 'write debug.print("x = {}", x)',
    });
  const fields = parseFormat("debug.print", fmt).flatMap((p) => (typeof p === "string" ? [] : [p.name]));
  const last = values.at(-1);
  const takesNames = isRecord(last) && fields.some((f) => typeof f === "string");
  const named: Named = takesNames ? last : {};
  const args = takesNames ? values.slice(0, -1) : values;
  if (options.skipFormatCheck !== true) checkFormat("debug.print", fmt, args, named);
  return bindDebug("debug.print", printerOf(fmt), [args.map(whole), whole(named)], options.ordered ?? false);
}

/** Numbers without a fraction print as integers. */
export function whole(x: unknown): unknown {
  if (typeof x === "number" && Number.isSafeInteger(x) && Math.abs(x) < 2 ** 31)
    return Object.is(x, -0) ? x : BigInt(x);
  if (Array.isArray(x)) return x.map(whole);
  return isRecord(x) ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, whole(v)])) : x;
}

/** A print with its options given already. */
export type BoundPrint = (fmt: string, ...values: unknown[]) => null;
/**
 * Prints values when the program runs, inside of jit, vmap, loops and derivatives. Formats are Python's: `{}`, `{0}`,
 * `{name}` with the names in an object at the end, `{:.3f}`. `debug.print({ ordered: true })(fmt, …)` keeps the order.
 * @throws E_ARGUMENT where the format and the values don't fit. Source: jax.debug.print
 * @example jit((x) => { debug.print("x = {x}, {}", x.add(1), { x }); return x; })(1)
 */
export function print(options: PrintOptions): BoundPrint;
export function print(fmt: string, ...values: unknown[]): null;
export function print(fmt: string | PrintOptions, ...values: unknown[]): unknown {
  if (isRecord(fmt) && values.length === 0) {
    checkOptions("debug.print", fmt, PRINT_WORDS);
    return (text: string, ...rest: unknown[]) => printWith(fmt, text, rest);
  }
  const { named, options } = splitNamed(values.at(-1));
  if (options === null) return printWith({}, fmt, values);
  return printWith(options, fmt, [...values.slice(0, -1), ...(named === null ? [] : [named])]);
}
/** Options among the named values at the end of a call, as JAX has them among its keywords. */
function splitNamed(last: unknown): { named: Named | null; options: PrintOptions | null } {
  if (!isRecord(last) || !PRINT_WORDS.some((w) => typeof last[w] === "boolean"))
    return { named: null, options: null };
  const mine = Object.entries(last).filter(([k]) => PRINT_WORDS.includes(k));
  const rest = Object.entries(last).filter(([k]) => !PRINT_WORDS.includes(k));
  return {
    named: rest.length === 0 ? null : Object.fromEntries(rest),
    options: Object.fromEntries(mine),
  };
}
