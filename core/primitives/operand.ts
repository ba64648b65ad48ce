// What operations accept, and how JavaScript scalars become literals (docs: api.md §3; JAX's weak types).
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import {
  DTYPES,
  isBool,
  isFloat,
  isInexact,
  isInteger,
  isSigned,
  type DType,
  type TypedArrays,
} from "../ir/dtype.ts";
import { isForeignArray, Literal, NDArray, refuseNumber, type Complex } from "../ir/ndarray.ts";
import { className } from "../ir/tree.ts";

/** A JavaScript scalar. */
export type Scalar = number | bigint | boolean;
/** A typed array of any dtype. */
export type TypedArray = TypedArrays[DType];
/** Anything that stands for an array: an array, a JavaScript scalar, or a typed array. */
export type Operand = NDArray | Scalar | TypedArray;

const defaultInt = (): DType => (context().config.enableX64 ? "int64" : "int32");
const defaultFloat = (): DType => (context().config.enableX64 ? "float64" : "float32");

/** @throws E_DTYPE for an integer that the dtype can't hold, as JAX's OverflowError for Python integers */
export function checkFits(name: string, value: number | bigint, dtype: DType): void {
  const bits = 8 * DTYPES[dtype].itemsize;
  const [low, high] = isSigned(dtype) ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  if (value >= low && value < high) return;
  throw fail("E_DTYPE", `${name}: the integer ${value} is out of the range of ${dtype}`, {
    hint: `use a wider dtype${bits < 64 ? " (64 bits: config.set({ enableX64: true }))" : ""}, or a float`,
  });
}

/** A scalar on its own: number → weak float, bigint → weak int, boolean → bool. @throws E_DTYPE, see `checkFits` */
export function scalarLiteral(name: string, value: Scalar): Literal {
  if (typeof value === "boolean") return new Literal(value, "bool", false);
  if (typeof value === "bigint") return integerLiteral(name, value);
  return new Literal(value, defaultFloat(), true);
}

/** A weak integer of the default dtype, whatever it meets. @throws E_DTYPE, see `checkFits` */
export function integerLiteral(name: string, value: number | bigint): Literal {
  checkFits(name, value, defaultInt());
  return new Literal(value, defaultInt(), true);
}
/** A literal of a given dtype; integers wrap, floats are rounded where they're used. */
export function literal(value: Scalar | Complex, dtype: DType, weak = false): Literal {
  if (dtype === "bool") return new Literal(Boolean(value), dtype, weak);
  if (isInteger(dtype) && typeof value === "number" && !Number.isFinite(value))
    throw fail("E_DTYPE", `the number ${value} is none of ${dtype}`);
  if (isInteger(dtype) && typeof value === "number" && !Number.isSafeInteger(value))
    return new Literal(BigInt(Math.trunc(value)), dtype, weak);
  if (isFloat(dtype) && typeof value === "bigint") return new Literal(Number(value), dtype, weak);
  if (isInexact(dtype) && typeof value === "boolean") return new Literal(value ? 1 : 0, dtype, weak);
  return new Literal(value, dtype, weak);
}

/**
 * The array that an operand stands for; numbers passed into jit become float32 here. `word`: the parameter's name.
 * @throws E_ARGUMENT for what is no array; E_DISPOSED, E_DONATED, E_TRACER_LEAKED for one that can't be used any more
 */
export function toArray(name: string, x: Operand, word?: string): NDArray {
  if (x instanceof NDArray) {
    x.assertLive(name, word);
    return x.aval.dtype === "number" ? fromNumber(x) : x;
  }
  if (typeof x === "number" || typeof x === "bigint" || typeof x === "boolean") return scalarLiteral(name, x);
  if (ArrayBuffer.isView(x)) return context().methods.asArray(x);
  throw refuseOperand(name, x, "an array, a number, a bigint, a boolean or a typed array", word);
}

/** The error for something that stands where an array is expected. */
export function refuseOperand(name: string, x: unknown, expected: string, word?: string): Error {
  const got = word === undefined ? `got ${describe(x)}` : `${word} is ${describe(x)}`;
  return isForeignArray(x)
    ? fail("E_TWO_COPIES", `${name}: got an array that belongs to another copy of tenon`)
    : fail("E_ARGUMENT", `${name}: ${got}, expected ${expected}`, {
        ...(Array.isArray(x) && expected.includes("array") ? { hint: "wrap lists in np.array" } : {}),
      });
}

/** @throws E_ARGUMENT for what should be a list and isn't */
export function checkList(name: string, word: string, x: unknown): void {
  if (!Array.isArray(x))
    throw fail("E_ARGUMENT", `${name}: ${word} is ${describe(x)}, expected a list`, {
      ...(typeof x === "number" ? { hint: `numbers go into one list: [${x}, …]` } : named(name, word, x)),
    });
}
/** Refuses an array where plain numbers stand, also in a list. @throws E_TRACER_INTEGER, E_ARGUMENT */
export function checkStatic(name: string, word: string, x: unknown): void {
  const list: readonly unknown[] = Array.isArray(x) ? x.flat(2) : [x];
  for (const v of list)
    if (v instanceof NDArray)
      throw refuseNumber(`${name}: ${Array.isArray(x) ? "a part of " : ""}${word}`, v);
}
/** @throws E_ARGUMENT, E_TRACER_INTEGER for what should be a list of plain numbers and isn't */
export function checkSizes(name: string, word: string, x: unknown): void {
  checkStatic(name, word, x);
  checkList(name, word, x);
  // A nested list would pass for the shape that its text is.
  if (!(x as readonly unknown[]).every((n) => typeof n === "number"))
    throw fail("E_ARGUMENT", `${name}: ${word} is ${describe(x)}, expected a list of numbers`);
}
/** @throws E_ARGUMENT, E_TRACER_INTEGER for what should be an integer and isn't */
export function checkInteger(name: string, word: string, x: unknown): void {
  checkStatic(name, word, x);
  if (!Number.isInteger(x))
    throw fail("E_ARGUMENT", `${name}: ${word} is ${describe(x)}, expected an integer`, named(name, word, x));
}
/** The hint for `{ axis: 0 }` where 0 stands. */
export const named = (name: string, word: string, x: unknown): { hint?: string } =>
  typeof x === "object" && x !== null && Object.hasOwn(x, word)
    ? { hint: `${word} is no option here: ${name}(…, ${shownIn((x as Record<string, unknown>)[word])})` }
    : {};
/** The hint for options, or for the argument by its name, in the place of an argument that may be left out. */
export function early(name: string, word: string, x: unknown): { hint?: string } {
  if (typeof x !== "object" || x === null || Array.isArray(x) || x instanceof NDArray) return {};
  if (Object.hasOwn(x, word)) return named(name, word, x);
  const words = Object.entries(x).map(([key, v]) => `${key}: ${shownIn(v)}`);
  return words.length === 0
    ? {}
    : { hint: `options come after ${word}: ${name}(…, undefined, { ${words.join(", ")} }) leaves it out` };
}
/** The items of a list, or of another iterable. @throws E_ARGUMENT for what is none */
export function itemsOf(name: string, word: string, x: Iterable<unknown>): unknown[] {
  if (typeof (x as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] === "function")
    return [...x];
  throw fail("E_ARGUMENT", `${name}: ${word} is ${describe(x)}, expected a list`);
}
/** A list of numbers; one alone is a list of one. @throws E_ARGUMENT for anything else */
export function numberList(name: string, word: string, x: unknown): readonly number[] {
  const list: unknown = typeof x === "number" ? [x] : x;
  if (Array.isArray(list) && list.every((n) => typeof n === "number")) return list;
  checkStatic(name, word, list);
  throw fail(
    "E_ARGUMENT",
    `${name}: ${word} is ${describe(x)}, expected a number or a list of numbers`,
    named(name, word, x),
  );
}

const fromNumber = (x: NDArray): NDArray =>
  context().lax.convertElementType(x, "float32", { weakType: true });

/** A value as it is written in a call. */
const shownIn = (x: unknown): string =>
  Array.isArray(x) ? `[${x.map(shownIn).join(", ")}]` : x instanceof NDArray ? "…" : brief(x);
const brief = (x: unknown): string =>
  typeof x === "string" ? `"${x}"` : typeof x === "object" && x !== null ? describe(x) : String(x);
/** What a wrong argument is, for errors. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (Array.isArray(x)) return `a list [${x.length > 4 ? `of ${x.length}` : x.map(brief).join(", ")}]`;
  if (x instanceof NDArray) return `an array ${x.aval}`;
  if (typeof x === "object") return `an object of class ${className(x)}`;
  return `${typeof x} ${String(x)}`;
}

/** Is it a JavaScript value of rank 0? */
export const isScalar = (x: unknown): x is Scalar =>
  typeof x === "number" || typeof x === "bigint" || typeof x === "boolean";

/**
 * Operands of an elementwise operation of `lax`: scalars take the dtype of the first array among them.
 * @throws E_DTYPE_MISMATCH for a fraction beside integers; E_NUMBER_DTYPE for a traced number beside integers
 */
export function operands(name: string, ...xs: readonly Operand[]): NDArray[] {
  return operandsAs(name, xs.length > 2 ? [] : ["x", "y"], xs);
}
/** `operands` whose parameters have other names than x and y. */
export function operandsAs(name: string, words: readonly string[], xs: readonly Operand[]): NDArray[] {
  const lead = xs.find((x) => !isScalar(x) && !(x instanceof NDArray && x.aval.dtype === "number"));
  if (lead === undefined) return xs.map((x, i) => toArray(name, x, words[i]));
  const leader = toArray(name, lead, words[xs.indexOf(lead)]);
  const dtype = leader.dtype;
  return xs.map((x, i) => {
    if (x === lead) return leader;
    if (x instanceof NDArray && x.aval.dtype === "number") return traceNumber(name, x, dtype);
    return isScalar(x) ? scalarBeside(name, x, leader) : toArray(name, x, words[i]);
  });
}

function traceNumber(name: string, x: NDArray, dtype: DType): NDArray {
  if (isInexact(dtype)) return context().lax.convertElementType(x, dtype, { weakType: false });
  throw fail("E_NUMBER_DTYPE", `${name}: a number that was passed into a traced function meets ${dtype}`);
}

function scalarBeside(name: string, x: Scalar, leader: NDArray): NDArray {
  const dtype = leader.dtype;
  const fits =
    isInexact(dtype) ||
    (isInteger(dtype) && (typeof x !== "number" || Number.isInteger(x))) ||
    (isBool(dtype) && typeof x === "boolean");
  if (!fits)
    throw fail("E_DTYPE_MISMATCH", `${name}: the scalar ${String(x)} doesn't fit beside ${leader.aval}`);
  return literal(x, dtype, leader.aval.weak);
}
