// Python's str.format, as far as debug.print and checkify.check need it: fields by number or name, with indices, `!r`, and
// the specification of numbers and texts (fill, alignment, sign, width, grouping, precision, type).
import { fail } from "../../errors.ts";
import { DTYPES, isComplex, isFloat } from "../../ir/dtype.ts";
import { NDArray, type Complex } from "../../ir/ndarray.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { exponentText, printArray } from "../printing.ts";

/** A piece of a format: text, or a field. */
export type Piece = string | Field;
/** `{name[0]!r:spec}`. */
export interface Field {
  /** Number of a positional argument, or a name. */
  readonly name: string | number;
  /** What follows the name: indices and fields. */
  readonly path: readonly string[];
  readonly repr: boolean;
  readonly spec: string;
}

const parsed = new Map<string, readonly Piece[]>();
/** The pieces of a format. @throws E_ARGUMENT for braces that don't match */
export function parseFormat(api: string, fmt: string): readonly Piece[] {
  let pieces = parsed.get(fmt);
  if (pieces === undefined) parsed.set(fmt, (pieces = parse(api, fmt)));
  return pieces;
}
function parse(api: string, fmt: string): Piece[] {
  const wrong = (why: string): Error =>
    fail("E_ARGUMENT", `${api}: the format ${JSON.stringify(fmt)} has ${why}`, {
      hint: "write {} or {name} for a value, {{ and }} for braces",
    });
  const pieces: Piece[] = [];
  let [text, next] = ["", 0];
  for (let i = 0; i < fmt.length; i++) {
    const c = fmt[i] as string;
    if (c === fmt[i + 1] && (c === "{" || c === "}")) {
      text += c;
      i++;
    } else if (c === "}") throw wrong("a single }");
    else if (c !== "{") text += c;
    else {
      const end = fmt.indexOf("}", i);
      const inside = fmt.slice(i + 1, end < 0 ? undefined : end);
      const match = /^(\w*)((?:\.\w+|\[[^\]]*\])*)(?:!([rsa]))?(?::(.*))?$/.exec(inside);
      if (end < 0 || match === null) throw wrong(`a field {${inside}} that can't be read`);
      const [, name = "", path = "", conversion = "s", spec = ""] = match;
      if (text !== "") pieces.push(text);
      text = "";
      const at = name === "" ? next++ : /^\d+$/.test(name) ? Number(name) : name;
      const steps = [...path.matchAll(/\.(\w+)|\[([^\]]*)\]/g)].map((m) => (m[1] ?? m[2]) as string);
      pieces.push({ name: at, path: steps, repr: conversion !== "s", spec });
      i = end;
    }
  }
  if (text !== "") pieces.push(text);
  return pieces;
}

/** Do the arguments fit the fields? @throws E_ARGUMENT for those that are missing or not used */
export function checkFormat(
  api: string,
  fmt: string,
  args: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): void {
  const fields = parseFormat(api, fmt).filter((p): p is Field => typeof p !== "string");
  const used = new Set(fields.map((f) => f.name));
  for (const name of used) {
    if (typeof name === "number" ? name < args.length : Object.hasOwn(named, name)) continue;
    throw fail(
      "E_ARGUMENT",
      `${api}: the format ${JSON.stringify(fmt)} has a field {${name}} without a value`,
      {
        hint: typeof name === "number" ? "pass one value for each {}" : `pass { ${name}: value }`,
      },
    );
  }
  const unused = [
    ...args.flatMap((_, i) => (used.has(i) ? [] : [`argument ${i}`])),
    ...Object.keys(named).filter((k) => !used.has(k)),
  ];
  if (unused.length > 0)
    throw fail("E_ARGUMENT", `${api}: the format ${JSON.stringify(fmt)} doesn't use ${unused.join(", ")}`, {
      hint: "values are formatted when the program runs: write {x} and pass { x }, not a template literal",
    });
}

/** The text of a format. */
export function format(
  api: string,
  fmt: string,
  args: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): string {
  return parseFormat(api, fmt)
    .map((p) => (typeof p === "string" ? p : fieldText(api, p, args, named)))
    .join("");
}
function fieldText(
  api: string,
  field: Field,
  args: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): string {
  let value = typeof field.name === "number" ? args[field.name] : named[field.name];
  for (const step of field.path) value = stepInto(value, step);
  if (field.repr) return withSpec(api, represent(value, true), field.spec);
  return withSpec(api, scalarOf(value), field.spec);
}
function stepInto(value: unknown, step: string): unknown {
  if (value instanceof NDArray && /^-?\d+$/.test(step)) return value.get(Number(step));
  return (value as Readonly<Record<string, unknown>> | null)?.[step];
}

// --- values ------------------------------------------------------------------------------------------------------------------

/** A number that Python would print as a float. */
class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}
type Formatted = string | bigint | boolean | Float;

/** What a value is to a specification: arrays of rank 0 are their element. */
function scalarOf(value: unknown): Formatted {
  if (typeof value === "number")
    return Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : new Float(value);
  if (typeof value === "bigint" || typeof value === "boolean" || typeof value === "string") return value;
  if (!(value instanceof NDArray) || value.ndim > 0 || value.aval.dtype === "key<fry>")
    return represent(value, false);
  const element = elementAt(valuesOf(value, "debug.print"), value.dtype, 0);
  if (isFloat(value.dtype)) return new Float(element as number);
  if (isComplex(value.dtype)) return complexText(element as Complex);
  return DTYPES[value.dtype].kind === "bool" ? element !== false : BigInt(element as number | bigint);
}
const complexText = ({ re, im }: Complex): string => {
  const part = (v: number): string => floatText(v).replace(/\.0$/, "");
  const imaginary = part(im);
  if (re === 0 && !Object.is(re, -0)) return `${imaginary}j`;
  return `(${part(re)}${imaginary.startsWith("-") ? "" : "+"}${imaginary}j)`;
};

/** Python's text of a value; inside of containers, and with `!r`, texts have quotes. */
function represent(value: unknown, quoted: boolean): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "string") return quoted ? `'${value}'` : value;
  if (value instanceof NDArray) return printArray(value);
  if (Array.isArray(value)) return `[${value.map((v) => represent(v, true)).join(", ")}]`;
  if (value instanceof Map) return recordText([...(value as Map<unknown, unknown>)]);
  if (typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value) as null))
    return recordText(Object.entries(value));
  const scalar = scalarOf(value);
  return textOf(scalar);
}
const recordText = (entries: readonly (readonly [unknown, unknown])[]): string =>
  `{${entries.map(([k, v]) => `${represent(k, true)}: ${represent(v, true)}`).join(", ")}}`;

/** Python's shortest text of a float. */
function floatText(v: number): string {
  if (Number.isNaN(v)) return "nan";
  if (!Number.isFinite(v)) return v > 0 ? "inf" : "-inf";
  const size = Math.abs(v);
  const minus = v < 0 || Object.is(v, -0) ? "-" : "";
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = size.toExponential().split("e") as [string, string];
    return `${minus}${digits}e${exponentText(Number(exponent))}`;
  }
  const text = String(size);
  return minus + (text.includes(".") ? text : `${text}.0`);
}
function textOf(v: Formatted): string {
  if (v instanceof Float) return floatText(v.value);
  return typeof v === "boolean" ? (v ? "True" : "False") : String(v);
}

// --- specifications --------------------------------------------------------------------------------------------------------

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;
function withSpec(api: string, value: Formatted, spec: string): string {
  if (spec === "") return textOf(value);
  const match = SPEC.exec(spec);
  if (match === null)
    throw fail("E_ARGUMENT", `${api}: {:${spec}} is no format of ${textOf(value)}`, {
      hint: "as in {:.3f}, {:>8} or {:d}; arrays with axes take none",
    });
  const [, fill, align, sign = "-", alt, zero, width = "0", group, precision, type] = match;
  const digits = precision === undefined ? null : Number(precision);
  if (typeof value === "string") {
    const text = digits === null ? value : value.slice(0, digits);
    return padded(text, Number(width), fill ?? " ", align ?? "<");
  }
  const body = grouped(numberText(api, value, type, digits, spec, alt !== undefined), group);
  const signed = body.startsWith("-") || sign === "-" ? body : `${sign}${body}`;
  const [filler, side] = zero !== undefined && align === undefined ? ["0", "="] : [fill ?? " ", align ?? ">"];
  return padded(signed, Number(width), filler, side);
}
function padded(text: string, width: number, fill: string, side: string): string {
  const room = Math.max(0, width - text.length);
  if (side === "<") return text + fill.repeat(room);
  if (side === "^") return fill.repeat(Math.floor(room / 2)) + text + fill.repeat(Math.ceil(room / 2));
  const lead = side === "=" ? (/^[-+ ]/.exec(text)?.[0] ?? "") : "";
  return lead + fill.repeat(room) + text.slice(lead.length);
}
function grouped(text: string, by: string | undefined): string {
  if (by === undefined) return text;
  const [, head = "", whole = "", rest = ""] = /^([-+]?)(\d+)(.*)$/s.exec(text) ?? [];
  return `${head}${whole.replace(/\B(?=(\d{3})+$)/g, by)}${rest}`;
}
const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };
/** An integer by a type of integers; null for a type of floats. */
function integerText(n: bigint, type: string | undefined, alt: boolean): string | null {
  if (type === undefined || type === "d" || type === "n") return String(n);
  if (type === "c") return String.fromCodePoint(Number(n));
  const radix = RADIX[type];
  if (radix === undefined) return null;
  const text = (n < 0n ? -n : n).toString(radix);
  return `${n < 0n ? "-" : ""}${alt ? `0${type}` : ""}${type === "X" ? text.toUpperCase() : text}`;
}
function numberText(
  api: string,
  value: bigint | boolean | Float,
  type: string | undefined,
  digits: number | null,
  spec: string,
  alt: boolean,
): string {
  if (typeof value === "boolean" && type === undefined) return textOf(value);
  const integer = value instanceof Float ? null : integerText(BigInt(value), type, alt);
  if (integer !== null) return integer;
  const v = value instanceof Float ? value.value : Number(value);
  if (type === "E" || type === "F" || type === "G")
    return numberText(api, value, type.toLowerCase(), digits, spec, alt).toUpperCase();
  if (!Number.isFinite(v)) return `${floatText(v)}${type === "%" ? "%" : ""}`;
  switch (type) {
    case "f":
      return fixed(v, digits ?? 6);
    case "e": {
      const [d, e] = exponential(v, digits ?? 6);
      return `${d}e${exponentText(Number(e))}`;
    }
    case "%":
      return `${fixed(v * 100, digits ?? 6)}%`;
    case "g":
    case "n":
      return general(v, digits ?? 6);
    case undefined:
      return digits === null ? floatText(v) : generalFloat(v, digits);
    default:
      throw fail("E_ARGUMENT", `${api}: {:${spec}} is no format of ${textOf(value)}`);
  }
}
/** Decimal places beyond those that are asked for: enough to see whether what is cut off is exactly one half. */
const BEYOND = 30;
const HALF = `5${"0".repeat(BEYOND - 1)}`;
/** JavaScript rounds halves up, Python to even digits. */
function rounded(digits: number, write: (digits: number) => string): string {
  const [text, exponent] = write(digits).split("e") as [string, string | undefined];
  const [exact, same] = (digits + BEYOND <= 100 ? write(digits + BEYOND) : "").split("e") as [
    string,
    string?,
  ];
  const last = Number(text.at(-1));
  const isUp = exact.endsWith(HALF) && exponent === same && last % 2 === 1;
  const even = isUp ? text.slice(0, -1) + String(last - 1) : text;
  return exponent === undefined ? even : `${even}e${exponent}`;
}
function fixed(v: number, digits: number): string {
  const size = Math.abs(v);
  const minus = v < 0 || Object.is(v, -0) ? "-" : "";
  if (size >= 1e21) return `${minus}${BigInt(size)}${digits > 0 ? `.${"0".repeat(digits)}` : ""}`;
  return minus + rounded(digits, (n) => size.toFixed(n));
}
/** Mantissa and exponent. */
function exponential(v: number, digits: number): [string, string] {
  const [d, e] = rounded(digits, (n) => v.toExponential(n)).split("e") as [string, string];
  return [Object.is(v, -0) ? `-${d}` : d, e];
}
/** C's %g. */
function general(v: number, digits: number, most = Math.max(1, digits)): string {
  const p = Math.max(1, digits);
  const [d, x] = exponential(v, p - 1);
  const e = Number(x);
  if (e >= -4 && e < most) {
    const text = fixed(v, p - 1 - e);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }
  return `${d.includes(".") ? d.replace(/\.?0+$/, "") : d}e${exponentText(Number(x))}`;
}
/** A precision without a type: as %g, with at least one digit after the point, which counts. */
function generalFloat(v: number, digits: number): string {
  const text = general(v, digits, Math.max(0, digits - 1));
  return /[.e]/.test(text) ? text : `${text}.0`;
}
