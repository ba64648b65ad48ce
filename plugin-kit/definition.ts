// What is wrong with a plugin's definition, told when it is defined: a misspelt op would otherwise be decomposed in silence,
// and a wrong dtype never be claimed.
import { DTYPES, isDType, isOpName, OP_NAMES, rowOf, tenonError } from "tenon-plugin-api";

type Fields = { readonly [key: string]: unknown };
const KEYS = [
  "name",
  "version",
  "dtypes",
  "kernels",
  "kind",
  "form",
  "devices",
  "deferred",
  "composites",
  "limits",
];
const LIMIT_KEYS = ["run", "dtypes", "operands", "attrs", "standalone", "deviates", "decomposed"];

/** Checks what TypeScript would, for authors without it, and what it can't. @throws INVALID_ARGUMENT naming what is meant */
export function checkDefinition(definition: unknown): void {
  if (!isObject(definition)) throw wrong("?", `expected an object, got ${shown(definition)}`);
  const { name, version, dtypes, kernels, form, devices = 1 } = definition;
  const plugin = typeof name === "string" && name !== "" ? name : "?";
  const check = (holds: boolean, what: string, hint?: string): void => {
    if (!holds) throw wrong(plugin, what, hint);
  };
  const expectWord = (word: string, among: readonly string[], what: string): void => {
    check(among.includes(word), `there is no ${what} ${JSON.stringify(word)}`, meant(word, among));
  };
  for (const key of Object.keys(definition)) expectWord(key, KEYS, "field");
  check(plugin !== "?", `name: expected a string, "my-device", got ${shown(name)}`);
  check(typeof version === "string" && version !== "", `version: expected "1.0.0", got ${shown(version)}`);
  check(Array.isArray(dtypes) && dtypes.length > 0, `dtypes: expected a list, ["f32"], got ${shown(dtypes)}`);
  checkDTypes(plugin, "dtypes", dtypes);
  check(isForm(form), "form: expected { fromBytes, toBytes }, two functions");
  check(
    Number.isInteger(devices) && (devices as number) > 0,
    `devices: expected 1, 2 …, got ${shown(devices)}`,
  );
  check(isObject(kernels), `kernels: expected { add: (operands, call) => … }, got ${shown(kernels)}`);
  for (const [op, kernel] of Object.entries(kernels as Fields)) {
    expectWord(op, OP_NAMES, "op");
    if (typeof kernel === "function") continue;
    if (!isObject(kernel) || typeof kernel["run"] !== "function")
      throw wrong(plugin, `kernels.${op}: expected a function or { run, … }, got ${shown(kernel)}`);
    checkLimits(plugin, op, kernel, expectWord);
  }
}

/** The words of a kernel that takes its op in part. */
function checkLimits(
  plugin: string,
  op: string,
  limits: Fields,
  expectWord: (word: string, among: readonly string[], what: string) => void,
): void {
  const at = `kernels.${op}`;
  for (const key of Object.keys(limits)) expectWord(key, LIMIT_KEYS, `field of ${at}`);
  checkDTypes(plugin, `${at}.dtypes`, limits["dtypes"]);
  const operands = (limits["operands"] ?? []) as readonly Fields[];
  operands.forEach((o, i) => {
    checkDTypes(plugin, `${at}.operands[${i}].dtypes`, o["dtypes"]);
  });
  const known = isOpName(op) ? Object.keys(rowOf(op).attrs) : [];
  for (const attr of Object.keys(limits["attrs"] ?? {})) expectWord(attr, known, `attribute of ${op}`);
}

function checkDTypes(plugin: string, where: string, dtypes: unknown): void {
  if (dtypes === undefined) return;
  if (!Array.isArray(dtypes))
    throw wrong(plugin, `${where}: expected a list of dtypes, got ${shown(dtypes)}`);
  for (const dtype of dtypes as readonly unknown[])
    if (!isDType(dtype)) {
      const short = String(dtype)
        .replace("float", "f")
        .replace("uint", "u")
        .replace("int", "i")
        .replace("complex", "c");
      throw wrong(plugin, `${where}: there is no dtype ${shown(dtype)}`, meant(short, Object.keys(DTYPES)));
    }
}

const isObject = (x: unknown): x is Fields => typeof x === "object" && x !== null && !Array.isArray(x);
const isForm = (x: unknown): boolean =>
  isObject(x) && typeof x["fromBytes"] === "function" && typeof x["toBytes"] === "function";
const shown = (x: unknown): string =>
  typeof x === "function" ? "a function" : typeof x === "bigint" ? `${x}n` : (JSON.stringify(x) ?? String(x));
const wrong = (plugin: string, why: string, hint?: string): Error =>
  tenonError("INVALID_ARGUMENT", `definePlugin ${plugin}: ${why}${hint === undefined ? "" : `. ${hint}`}`, {
    reason: "E_DEFINITION",
    ...(plugin === "?" ? {} : { plugin }),
  });

/** Names the nearest word, and all of them where they are few. */
function meant(word: string, among: readonly string[]): string {
  const [near = "none"] = [...among].sort((a, b) => distance(a, word) - distance(b, word));
  return `Did you mean ${near}?${among.length < 25 ? ` There are ${among.join(", ") || "none"}` : ""}`;
}
/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced);
    }
    row = next;
  }
  return row[b.length] as number;
}
