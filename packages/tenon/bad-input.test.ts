// Whatever a public function is called with, it gives a result or throws an error that teaches: never one of JavaScript's own
// from somewhere inside. Arguments are made from the signatures; each in turn is replaced by things that it isn't.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tenon from "tenon";
import { nullPlugin } from "tenon-null";
import { isTenonError } from "tenon-plugin-api";
import { beforeAll, expect, it } from "vitest";

const { np, random, setDefaultDevice, use } = tenon;

interface Overload {
  readonly positional: readonly { readonly name: string; readonly type: string }[];
  readonly rest: object | null;
  readonly options: Readonly<Record<string, string>>;
}
const SIGNATURES = JSON.parse(readFileSync(join(import.meta.dirname, "signatures.json"), "utf8")) as Readonly<
  Record<string, readonly Overload[]>
>;
/** Devices aren't a matter of arguments alone, and trees hold anything. */
const OTHERS =
  /^(tree\.|devices|device(Get|Put)|discover|use|setDefaultDevice|withDevice|pickDevice|offer|export|scope|blockUntilReady)/;

class Stranger {}
const BAD: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  "a text": "text",
  "{}": {},
  "an object of a class": new Stranger(),
  "a function": () => 1,
  "a promise": Promise.resolve(1),
  NaN: NaN,
  "1.5": 1.5,
  "-7": -7,
  "7n": 7n,
  true: true,
  "[]": [],
  "ragged lists": [[1], [1, 2]],
  "a list with a text": [1, "a"],
};

/** Something of this type, or near it. */
function something(type: string): unknown {
  if (type.startsWith("Key")) return random.key(0);
  if (type.startsWith("DType")) return "float32";
  if (/^Shape|readonly number\[\]/.test(type)) return [2, 2];
  if (type.includes("ArrayLike[]")) return [np.ones([2, 2]), np.ones([2, 2])];
  if (type.includes("=>")) return (x: unknown) => x;
  if (type.startsWith("number")) return 1;
  if (type === "null") return null;
  return type.includes("string") ? "i" : np.ones([2, 2]);
}
const findOf = (path: string): ((...args: unknown[]) => unknown) =>
  path.split(".").reduce<unknown>((o, key) => (o as Record<string, unknown>)[key], tenon) as never;

/** What calls that return promises rejected with. */
const rejections: unknown[] = [];
/** The error of a call, and of the call of what it returns. */
function errorOf(f: (...args: unknown[]) => unknown, args: readonly unknown[]): unknown {
  try {
    const result = f(...args);
    if (result instanceof Promise) result.catch((error: unknown) => rejections.push(error));
    if (typeof result === "function") (result as (x: unknown) => unknown)(np.ones([2, 2]));
  } catch (error) {
    return error;
  }
  return undefined;
}

beforeAll(async () => {
  const [device] = await use(nullPlugin());
  setDefaultDevice(device as tenon.Device);
});

it.each(Object.keys(SIGNATURES).filter((path) => !OTHERS.test(path)))(
  "%s throws only what teaches",
  async (path) => {
    const f = findOf(path);
    const raw: string[] = [];
    const attempt = (what: string, args: readonly unknown[]): void => {
      const error = errorOf(f, args);
      if (error !== undefined && !isTenonError(error)) raw.push(`${what}: ${String(error)}`);
    };
    for (const { positional, rest, options } of SIGNATURES[path] as readonly Overload[]) {
      const base = [
        ...positional.map((p) => something(p.type)),
        ...(rest === null ? [] : [np.ones([2, 2]), np.ones([2, 2])]),
      ];
      attempt("plausible arguments", base);
      for (const [what, bad] of Object.entries(BAD)) {
        base.forEach((_, i) => {
          attempt(`argument ${i} = ${what}`, [...base.slice(0, i), bad, ...base.slice(i + 1)]);
        });
        for (const word of Object.keys(options)) attempt(`${word} = ${what}`, [...base, { [word]: bad }]);
      }
    }
    await new Promise((done) => setTimeout(done, 0));
    raw.push(...rejections.splice(0).flatMap((error) => (isTenonError(error) ? [] : [String(error)])));
    expect(raw).toEqual([]);
  },
);

const withOptions = Object.entries(SIGNATURES).filter(
  ([path, overloads]) =>
    (!OTHERS.test(path) || path.startsWith("tree.")) &&
    overloads.some((o) => Object.keys(o.options).length > 0),
);
it.each(withOptions)("%s refuses a word that it doesn't know", (path, overloads) => {
  for (const { positional, rest, options } of overloads) {
    if (Object.keys(options).length === 0) continue;
    const base = [...positional.map((p) => something(p.type)), ...(rest === null ? [] : [np.ones([2, 2])])];
    expect(errorOf(findOf(path), [...base, { noSuchWord: 1 }])).toMatchObject({ code: "INVALID_ARGUMENT" });
  }
});
