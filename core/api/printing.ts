// How arrays print: NumPy's layout when the elements can be read now, else what is known without them.
import { DTYPES, isComplex, isFloat } from "../ir/dtype.ts";
import { CONCRETE, LITERAL, NDArray, TRACER, type Complex, type NestedNumbers } from "../ir/ndarray.ts";
import { isConcrete, listOf } from "../runtime/array.ts";

/** NumPy's threshold: larger arrays show their edges only. */
const THRESHOLD = 1000;
const EDGE = 3;
const WIDTH = 75;

/** `String(x)`: the elements, or what is known of them. Never throws. */
export function printArray(x: NDArray): string {
  if (x.kind === TRACER) return `Tracer ${x.dtype}[${x.shape.join(",")}]`;
  if (x.aval.dtype === "key<fry>") return `Array(key<fry>[${x.shape.join(",")}])`;
  try {
    if (x.kind === LITERAL || x.kind === CONCRETE) return formatNested(listOf(x), x);
  } catch {
    // Unreadable now: disposed, donated, or on a device that can't read without waiting.
  }
  const where = isConcrete(x) ? ` on ${x.home.name}` : "";
  const gone = isConcrete(x) && x.gone !== null ? ` (${x.gone})` : " (await x.data() to see values)";
  return `NDArray ${x.dtype}[${x.shape.join(",")}]${where}${gone}`;
}

function formatNested(nested: NestedNumbers, x: NDArray): string {
  const short = x.size > THRESHOLD;
  const shown: NestedNumbers[] = [];
  const collect = (v: NestedNumbers): void => {
    if (!Array.isArray(v)) shown.push(v);
    else
      for (const w of short && v.length > 2 * EDGE ? [...v.slice(0, EDGE), ...v.slice(-EDGE)] : v) collect(w);
  };
  collect(nested);
  const element = formatter(shown as (number | bigint | boolean | Complex)[], x);
  if (!Array.isArray(nested)) return element(nested).trim();
  return row(nested, x.shape.length, 1, short, element);
}
function row(
  v: readonly NestedNumbers[],
  rank: number,
  indent: number,
  short: boolean,
  element: (v: NestedNumbers) => string,
): string {
  const cut = short && v.length > 2 * EDGE;
  const parts = (cut ? [...v.slice(0, EDGE), null, ...v.slice(-EDGE)] : v).map((w) =>
    w === null
      ? "..."
      : Array.isArray(w)
        ? row(w, rank - 1, indent + 1, short, element)
        : element(w as NestedNumbers),
  );
  const pad = " ".repeat(indent);
  if (rank > 1) return `[${parts.join(`${"\n".repeat(rank - 1)}${pad}`)}]`;
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && indent + line.length + 1 + part.length >= WIDTH) {
      lines.push(line);
      line = part;
    } else line = line === "" ? part : `${line} ${part}`;
  }
  lines.push(line);
  return `[${lines.join(`\n${pad}`)}]`;
}

type Element = number | bigint | boolean | Complex;
function formatter(values: readonly Element[], x: NDArray): (v: NestedNumbers) => string {
  const text = texts(values, x);
  const width = Math.max(0, ...values.map((v) => text(v).length));
  return (v) => text(v as Element).padStart(width);
}
function texts(values: readonly Element[], x: NDArray): (v: Element) => string {
  const { kind } = DTYPES[x.aval.dtype];
  if (kind === "bool") return (v) => (v === true || v === 1 ? "True" : "False");
  if (isComplex(x.dtype)) {
    const [re, im] = [
      floats(values.map((v) => (v as Complex).re)),
      floats(values.map((v) => Math.abs((v as Complex).im))),
    ];
    return (v) =>
      `${re((v as Complex).re)}${(v as Complex).im < 0 || Object.is((v as Complex).im, -0) ? "-" : "+"}${im(Math.abs((v as Complex).im)).trim()}j`;
  }
  if (!isFloat(x.dtype)) return String;
  const f = floats(values as readonly number[]);
  return (v) => f(v as number);
}
/** NumPy's choice for one array: exponents if the range is wide, else the fewest of at most 8 digits after the point. */
function floats(values: readonly number[]): (v: number) => string {
  const finite = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const [max, min] = [Math.max(...finite, 0), Math.min(...finite, Infinity)];
  const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
  const rounded = (v: number): number => Number(Math.fround(v) === v ? shortest32(v) : v);
  if (max >= 1e8 || (min < 1e-4 && finite.length > 0) || (max / min > 1e3 && max >= 1e8)) {
    const digits = Math.max(
      1,
      ...finite.map(
        (v) =>
          (rounded(v).toExponential().split("e")[0] as string)
            .replace(/^\d\.?/, "")
            .slice(0, 8)
            .replace(/0+$/, "").length,
      ),
    );
    return (v) => (Number.isFinite(v) ? exponent(v.toExponential(digits)) : special(v));
  }
  const digits = Math.max(
    0,
    ...finite.map((v) => (rounded(v).toFixed(8).split(".")[1] as string).replace(/0+$/, "").length),
  );
  return (v) => {
    if (!Number.isFinite(v)) return special(v);
    const s = (Object.is(v, -0) ? "-" : "") + v.toFixed(digits);
    const whole = (s.split(".")[1] ?? "").replace(/0+$/, "");
    return `${s.split(".")[0]}.${whole.padEnd(digits, values.length === 1 ? "" : digits > 0 ? "0" : "")}`.padEnd(
      0,
    );
  };
}
const exponent = (s: string): string => s.replace(/e([+-])(\d)$/, "e$10$2");
/** The shortest decimal that rounds to the same float32. */
function shortest32(v: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const s = v.toPrecision(digits);
    if (Math.fround(Number(s)) === v) return s;
  }
  return String(v);
}
/** What notebooks show: the text, and a table for up to two axes. */
export function displayArray(x: NDArray): Readonly<Record<string, string>> {
  const text = printArray(x);
  return { "text/plain": text };
}
