// What the words of options may hold, at run time: one check for each word of the dictionary that isn't an array.
// TypeScript says the same before; this is for callers without types, and for values that come from outside.
import { fail } from "../errors.ts";
import { isPublicDType, nearDType, PUBLIC_DTYPES } from "../ir/dtype.ts";
import { NDArray } from "../ir/ndarray.ts";
import { checkStatic, describe } from "../primitives/operand.ts";
import { RuntimeDevice } from "../runtime/device.ts";
import { devices } from "../runtime/registry.ts";
import type { Keywords } from "./keywords.ts";

interface Check {
  readonly holds: (x: unknown) => boolean;
  readonly expected: string;
}

const isInteger = (x: unknown): boolean => Number.isInteger(x);
const isIntegers = (x: unknown): boolean => Array.isArray(x) && x.every(isInteger);
const oneOf = (...words: readonly string[]): Check => ({
  holds: (x) => words.includes(x as string),
  expected: words.map((w) => `"${w}"`).join(", "),
});
const PRECISIONS = ["default", "high", "highest"];
const isPrecision = (x: unknown): boolean => PRECISIONS.includes(x as string);

const INTEGER: Check = { holds: isInteger, expected: "an integer" };
const NUMBER: Check = { holds: (x) => typeof x === "number" && !Number.isNaN(x), expected: "a number" };
const COUNT: Check = { holds: (x) => isInteger(x) && (x as number) >= 0, expected: "a count" };
const BOOLEAN: Check = { holds: (x) => typeof x === "boolean", expected: "true or false" };
const AXIS: Check = {
  holds: (x) => isInteger(x) || isIntegers(x),
  expected: "an integer or a list of integers",
};
const DTYPE: Check = { holds: isPublicDType, expected: `one of ${PUBLIC_DTYPES.join(", ")}` };
const DEVICE: Check = { holds: (x) => x instanceof RuntimeDevice, expected: "a device, of devices()" };
const PRECISION: Check = {
  holds: (x) => isPrecision(x) || (Array.isArray(x) && x.length === 2 && x.every(isPrecision)),
  expected: `${oneOf(...PRECISIONS).expected}, or a pair of these`,
};

/** What plain numbers are expected in. */
const NUMBERS: ReadonlySet<Check> = new Set([INTEGER, NUMBER, COUNT, AXIS]);

/** Words that hold arrays (`k` of np.polyint) are checked where they become arrays. */
type Arrays = "where" | "initial" | "mean" | "weights" | "fillValue" | "rtol" | "atol" | "bins" | "k";
const CHECKS: { readonly [W in Exclude<keyof Keywords, Arrays>]: Check } = {
  axis: AXIS,
  axis1: INTEGER,
  axis2: INTEGER,
  dtype: DTYPE,
  device: DEVICE,
  shape: AXIS,
  keepdims: BOOLEAN,
  promoteIntegers: BOOLEAN,
  ddof: NUMBER,
  correction: NUMBER,
  size: COUNT,
  offset: INTEGER,
  endpoint: BOOLEAN,
  precision: PRECISION,
  preferredElementType: DTYPE,
  equalNan: BOOLEAN,
  stable: BOOLEAN,
  descending: BOOLEAN,
  uniqueIndices: BOOLEAN,
  indicesAreSorted: BOOLEAN,
  assumeUnique: BOOLEAN,
  reverse: BOOLEAN,
  order: oneOf("C", "F", "A", "K"),
  bitorder: oneOf("big", "little"),
  density: BOOLEAN,
  rowvar: BOOLEAN,
  totalRepeatLength: COUNT,
  includeInitial: BOOLEAN,
  decimals: INTEGER,
  trimLeadingZeros: BOOLEAN,
  unroll: { holds: (x) => typeof x === "boolean" || isInteger(x), expected: "true, false or a count" },
};

/** Checks the value of a word, if it is one of the dictionary. Nothing, and null, stand for the default. @throws E_DTYPE, E_ARGUMENT */
export function checkWord(name: string, word: string, value: unknown): void {
  if (value === undefined || value === null) return;
  const check = Object.hasOwn(CHECKS, word) ? CHECKS[word as keyof typeof CHECKS] : undefined;
  if (check === undefined || check.holds(value)) return;
  if (NUMBERS.has(check)) checkStatic(name, word, value);
  throw fail(
    check === DTYPE ? "E_DTYPE" : "E_ARGUMENT",
    `${name}: ${word} is ${shown(value)}, expected ${check.expected}`,
    check === DEVICE
      ? {
          hint: `started are ${devices().join(", ") || "none"}; await use(plugin) starts a plugin and gives its devices`,
        }
      : check === DTYPE
        ? nearDType(value)
        : {},
  );
}

/** How to write a value that came without its word: the first of the words that may hold it; null if none does. */
export function withWord(words: readonly string[], value: unknown): string | null {
  const word = words.find((w) => !Object.hasOwn(CHECKS, w) || CHECKS[w as keyof typeof CHECKS].holds(value));
  const text = value instanceof NDArray ? "…" : value instanceof RuntimeDevice ? "device" : shown(value);
  return word === undefined || value === null ? null : `{ ${word}: ${text} }`;
}
function shown(x: unknown): string {
  if (x instanceof NDArray) return `an array ${x.aval}`;
  if (Array.isArray(x)) return `[${x.map(String).join(", ")}]`;
  if (typeof x === "number" || typeof x === "boolean") return String(x);
  return typeof x === "string" ? `"${x}"` : describe(x);
}
