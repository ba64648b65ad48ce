// How arrays print: NumPy's layout when the elements can be read now, else what is known without them.
import { roundF16 } from "tenon-plugin-api";
import { DTYPES, isComplex, isFloat, realDType, type DType } from "../ir/dtype.ts";
import { CONCRETE, LITERAL, type NDArray, TRACER, type Complex, type NestedNumbers } from "../ir/ndarray.ts";
import { isConcrete, listOf } from "../runtime/array.ts";

/** NumPy's print options: larger arrays show their edges, lines break at a width, fractions at eight digits. */
const THRESHOLD = 1000;
const EDGE = 3;
const WIDTH = 75;
const PRECISION = 8;

/** `String(x)`: the elements, or what is known of them. Never throws, never waits. */
export function printArray(x: NDArray): string {
  const type = `${x.aval.dtype}[${x.shape.join(",")}]`;
  if (x.kind === TRACER) return `Tracer ${type}`;
  if (x.aval.dtype === "key<fry>") return `Key ${type}`;
  try {
    if (x.kind === LITERAL || x.kind === CONCRETE) return layout(listOf(x), x);
  } catch {
    // Unreadable now: disposed, donated, or on a device that can't read without waiting.
  }
  const where = isConcrete(x) ? ` on ${x.home.name}` : "";
  const why = isConcrete(x) && x.gone !== null ? ` (${x.gone})` : " (await x.data() to see values)";
  return `NDArray ${type}${where}${why}`;
}
/** What notebooks show: the text, and a table for one or two axes. */
export function displayArray(x: NDArray): Readonly<Record<string, string>> {
  const text = printArray(x);
  const plain = { "text/plain": text };
  if (x.kind === TRACER || x.ndim < 1 || x.ndim > 2 || x.size > THRESHOLD) return plain;
  try {
    const rows = (x.ndim === 1 ? [listOf(x)] : listOf(x)) as NestedNumbers[][];
    const element = formatter(rows.flat() as Element[], x.dtype);
    const cells = rows.map(
      (r) => `<tr>${r.map((v) => `<td>${element(v as Element).trim()}</td>`).join("")}</tr>`,
    );
    return {
      ...plain,
      "text/html": `<table>${cells.join("")}</table><p>${x.dtype}[${x.shape.join(",")}]</p>`,
    };
  } catch {
    return plain;
  }
}

type Element = number | bigint | boolean | Complex;
type Format = (v: Element) => string;
const edges = <T>(list: readonly T[], short: boolean): readonly T[] =>
  short && list.length > 2 * EDGE ? [...list.slice(0, EDGE), ...list.slice(-EDGE)] : list;

function layout(nested: NestedNumbers, x: NDArray): string {
  if (!Array.isArray(nested)) return scalarText(nested, x.dtype);
  if (x.size === 0) return "[]";
  const short = x.size > THRESHOLD;
  const shown: Element[] = [];
  const collect = (v: NestedNumbers): void => {
    if (Array.isArray(v)) for (const w of edges(v, short)) collect(w);
    else shown.push(v);
  };
  collect(nested);
  return rowText(nested, x.ndim, 1, short, formatter(shown, x.dtype));
}
function rowText(
  row: readonly NestedNumbers[],
  rank: number,
  indent: number,
  short: boolean,
  element: Format,
): string {
  const cut = short && row.length > 2 * EDGE;
  const texts = edges(row, short).map((v) =>
    Array.isArray(v) ? rowText(v, rank - 1, indent + 1, short, element) : element(v),
  );
  if (cut) texts.splice(EDGE, 0, "...");
  const pad = " ".repeat(indent);
  return rank > 1 ? `[${texts.join(`${"\n".repeat(rank - 1)}${pad}`)}]` : `[${wrapped(texts, pad)}]`;
}
/** Elements in lines of at most WIDTH characters, the closing bracket included. */
function wrapped(texts: readonly string[], pad: string): string {
  const lines: string[] = [];
  let line = "";
  for (const text of texts) {
    if (line !== "" && pad.length + line.length + 1 + text.length + pad.length > WIDTH) {
      lines.push(line.trimEnd()); // as NumPy does where it breaks a line, and only there
      line = text;
    } else line = line === "" ? text : `${line} ${text}`;
  }
  lines.push(line);
  return lines.join(`\n${pad}`);
}

/** How the elements of one array print, all in one width. */
function formatter(values: readonly Element[], dtype: DType): Format {
  if (isComplex(dtype)) {
    const [re, im] = (["re", "im"] as const).map((part) =>
      floatFormat(
        values.map((v) => (v as Complex)[part]),
        realDType(dtype),
        part === "im",
      ),
    ) as [(v: number) => string, (v: number) => string];
    return (v) => `${re((v as Complex).re)}${imaginary(im((v as Complex).im))}`;
  }
  if (isFloat(dtype)) {
    const f = floatFormat(values as readonly number[], dtype, false);
    return (v) => f(v as number);
  }
  const texts = (v: Element): string => (DTYPES[dtype].kind === "bool" ? truth(v) : String(v));
  const width = Math.max(...values.map((v) => texts(v).length));
  return (v) => texts(v).padStart(width);
}
const truth = (v: Element): string => (v === true || v === 1 ? "True" : "False");
/** The j stands behind the digits, before the padding. */
const imaginary = (text: string): string => text.replace(/(\s*)$/, "j$1");

interface Digits {
  readonly whole: string;
  readonly fraction: string;
}
const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
/** NumPy's choice for one array: exponents if the range is wide, else as many decimals as needed, at most eight. */
function floatFormat(values: readonly number[], dtype: DType, signed: boolean): (v: number) => string {
  if (dtype === "bfloat16") return (v) => general(v);
  const plus = (v: number, text: string): string => (signed && !text.startsWith("-") ? `+${text}` : text);
  const finite = values.filter(Number.isFinite);
  const sizes = finite.filter((v) => v !== 0).map(Math.abs);
  const [max, min] = [Math.max(...sizes), Math.min(...sizes)];
  const exponents = sizes.length > 0 && (max >= 1e8 || min < 1e-4 || max / min > 1000);
  if (exponents) return scientificFormat(values, dtype, plus);
  const parts = finite.map((v) => positional(v, dtype));
  const right = Math.max(0, ...parts.map((p) => p.fraction.length));
  const left = Math.max(0, ...finite.map((v, i) => plus(v, (parts[i] as Digits).whole).length));
  const width = Math.max(
    left + 1 + right,
    ...values.filter((v) => !Number.isFinite(v)).map((v) => plus(v, special(v)).length),
  );
  const bare = finite.length === 0;
  return (v) => {
    if (!Number.isFinite(v))
      return bare ? plus(v, special(v)).padStart(width - 1) : plus(v, special(v)).padStart(width);
    const { whole, fraction } = positional(v, dtype);
    return `${plus(v, whole).padStart(width - 1 - right)}.${fraction.padEnd(right)}`;
  };
}
function scientificFormat(
  values: readonly number[],
  dtype: DType,
  plus: (v: number, text: string) => string,
): (v: number) => string {
  const finite = values.filter(Number.isFinite);
  const digits = Math.max(...finite.map((v) => mantissa(v, dtype).fraction.length));
  const write = (v: number): string => {
    const { whole, fraction, exponent } = mantissa(v, dtype);
    return plus(v, `${whole}.${fraction.padEnd(digits, "0")}e${exponentText(exponent)}`);
  };
  const width = Math.max(...values.map((v) => (Number.isFinite(v) ? write(v) : plus(v, special(v))).length));
  return (v) => (Number.isFinite(v) ? write(v) : plus(v, special(v))).padStart(width);
}
/** "+05": at least two digits. */
export const exponentText = (e: number): string =>
  `${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;

/** The fewest digits that give the float back, "d.ddde±n". */
function shortest(v: number, dtype: DType): string {
  if (dtype === "float64") return v.toExponential();
  const back = dtype === "float16" ? roundF16 : Math.fround;
  for (let digits = 0; digits < 9; digits++) {
    const text = v.toExponential(digits);
    if (back(Number(text)) === v) return text;
  }
  return v.toExponential(9);
}
const sign = (v: number): string => (v < 0 || Object.is(v, -0) ? "-" : "");
function mantissa(v: number, dtype: DType): Digits & { readonly exponent: number } {
  const [digits, exponent] = shortest(Math.abs(v), dtype).split("e") as [string, string];
  const cut = (digits.split(".")[1]?.length ?? 0) > PRECISION ? Math.abs(v).toExponential(PRECISION) : null;
  const [d, e] = (cut ?? `${digits}e${exponent}`).split("e") as [string, string];
  const [whole, fraction = ""] = d.split(".") as [string, string?];
  return { whole: sign(v) + whole, fraction: fraction.replace(/0+$/, ""), exponent: Number(e) };
}
function positional(v: number, dtype: DType): Digits {
  const short = Number(shortest(Math.abs(v), dtype));
  const [whole, fraction = ""] = short.toFixed(PRECISION).split(".") as [string, string?];
  return { whole: sign(v) + whole, fraction: fraction.replace(/0+$/, "") };
}
/** C's "%.6g", in which bfloat16 prints. */
function general(v: number): string {
  if (!Number.isFinite(v)) return special(v);
  const e = v === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(v.toPrecision(6)))));
  if (e >= -4 && e < 6) return sign(v) + String(Number(Math.abs(v).toPrecision(6)));
  const [d, x] = Math.abs(v).toExponential(5).split("e") as [string, string];
  return `${sign(v)}${d.replace(/\.?0+$/, "")}e${exponentText(Number(x))}`;
}

/** From where a scalar prints with an exponent. */
const LARGE: Readonly<Partial<Record<DType, number>>> = { float16: 1e3, float32: 1e6, float64: 1e16 };
function scalarFloat(v: number, dtype: DType): string {
  if (dtype === "bfloat16") return general(v);
  if (!Number.isFinite(v)) return special(v);
  const size = Math.abs(v);
  if (v !== 0 && (size < 1e-4 || size >= (LARGE[dtype] as number))) {
    const { whole, fraction, exponent } = scalarDigits(v, dtype);
    return `${whole}${fraction === "" ? "" : `.${fraction}`}e${exponentText(exponent)}`;
  }
  const text = String(Number(shortest(size, dtype)));
  return sign(v) + (text.includes(".") ? text : `${text}.0`);
}
function scalarDigits(v: number, dtype: DType): Digits & { readonly exponent: number } {
  const [d, e] = shortest(Math.abs(v), dtype).split("e") as [string, string];
  const [whole, fraction = ""] = d.split(".") as [string, string?];
  return { whole: sign(v) + whole, fraction, exponent: Number(e) };
}
function scalarText(v: Element, dtype: DType): string {
  if (DTYPES[dtype].kind === "bool") return truth(v);
  if (isFloat(dtype)) return scalarFloat(v as number, dtype);
  if (!isComplex(dtype)) return String(v);
  const { re, im } = v as Complex;
  const part = (w: number): string => scalarFloat(w, realDType(dtype)).replace(/\.0$/, "");
  if (re === 0 && !Object.is(re, -0)) return `${part(im)}j`;
  const second = part(im);
  return `(${part(re)}${second.startsWith("-") ? "" : "+"}${second}j)`;
}
