// What consoles show of an object: its text, not its fields.

/** Node's and Bun's key for what `console.log` shows. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
/** Deno's. */
export const INSPECT_DENO: unique symbol = Symbol.for("Deno.customInspect") as never;

/** Lets consoles show an object by its `toString()`; the properties for it are not enumerable. */
export function shownAsText<T extends object>(x: T): T {
  const show = { value: (): string => String(x) };
  return Object.defineProperties(x, { [INSPECT]: show, [INSPECT_DENO]: show });
}
