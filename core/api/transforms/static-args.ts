// Static arguments of jit as texts that are equal for values that count as equal: primitives by Object.is, frozen plain
// data by structure, the rest by identity.
import { fail } from "../../errors.ts";
import { LITERAL, NDArray, type Literal } from "../../ir/ndarray.ts";
import { identityOf } from "../../ir/primitive.ts";

/**
 * A static argument as it was written: grad and vmap make arrays of the numbers among their arguments, and those that no
 * trace stands in are known.
 */
export const asStatic = (x: unknown): unknown =>
  x instanceof NDArray && x.kind === LITERAL && x.ndim === 0 ? (x as Literal).value : x;

/** The text of a static argument; `where` names it. @throws E_STATIC_ARG for arrays and symbols */
export function staticText(name: string, x: unknown, where: () => string): string {
  const visit = (v: unknown, above: readonly object[]): string => {
    if (v instanceof NDArray)
      throw fail(
        "E_STATIC_ARG",
        `${name}: ${where()} is static and ${above.length === 0 ? "" : "holds "}an array ${v.aval}, expected a JavaScript value`,
        { hint: "arrays are traced: leave the argument out of staticArgnums" },
      );
    switch (typeof v) {
      case "object": {
        if (v === null) return "null";
        if (above.includes(v) || !isFrozenData(v)) return `@${identityOf(v)}`;
        const path = [...above, v];
        return Array.isArray(v)
          ? `[${v.map((e) => visit(e, path)).join(",")}]`
          : `{${Object.entries(v)
              .map(([k, e]) => `${JSON.stringify(k)}:${visit(e, path)}`)
              .join(",")}}`;
      }
      case "function":
        return `@${identityOf(v)}`;
      case "symbol":
        throw fail(
          "E_STATIC_ARG",
          `${name}: ${where()} is static and a symbol, expected plain data or a function`,
        );
      default:
        return `${typeof v}:${typeof v === "string" ? JSON.stringify(v) : Object.is(v, -0) ? "-0" : String(v)}`;
    }
  };
  return visit(x, []);
}

/** Data that can't change: frozen, plain, without accessors, symbol keys or holes. What it holds is judged by itself. */
function isFrozenData(x: object): boolean {
  if (!Object.isFrozen(x)) return false;
  const list = Array.isArray(x);
  const prototype = Object.getPrototypeOf(x) as unknown;
  if (!list && prototype !== Object.prototype && prototype !== null) return false;
  const keys = Reflect.ownKeys(x);
  if (list && keys.length !== x.length + 1) return false;
  return keys.every((k) => {
    const d = Object.getOwnPropertyDescriptor(x, k);
    return (
      typeof k === "string" && d !== undefined && "value" in d && (d.enumerable || (list && k === "length"))
    );
  });
}

/** A static argument for people. */
export function shownStatic(x: unknown, depth = 3): string {
  if (typeof x === "function") return `function ${x.name || "(anonymous)"}`;
  if (typeof x === "bigint") return `${x}n`;
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x !== "object" || x === null) return Object.is(x, -0) ? "-0" : String(x);
  if (depth === 0) return "…";
  if (Array.isArray(x)) return `[${x.map((v) => shownStatic(v, depth - 1)).join(", ")}]`;
  const prototype = Object.getPrototypeOf(x) as { constructor?: { name?: string } } | null;
  if (prototype !== null && prototype !== Object.prototype)
    return `an object of class ${prototype.constructor?.name ?? "?"}`;
  return `{${Object.entries(x)
    .map(([k, v]) => `${k}: ${shownStatic(v, depth - 1)}`)
    .join(", ")}}`;
}
