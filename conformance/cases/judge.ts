// Does a result match what is expected? Shape, dtype and weak type first, then the values by the case's comparison.
import { decode as decodeElements, isComplex, type Element } from "../values.ts";
import type { Case, Comparison, Encoded } from "./case-files.ts";
import { plainScalar } from "./decode.ts";
import type { Leaf } from "./leaves.ts";
import { bytesOf, wireDType } from "./wire.ts";

/** What a comparison found: the first difference, and the largest |got − want| of a finite pair. */
export interface Verdict {
  readonly difference: string | null;
  readonly maxError: number;
}

/** The case's settings for the comparison of values. */
export type Rule = Pick<Case, "rtol" | "atol" | "signed_zero">;

/** Judges all leaves of a result. */
export function judge(c: Case, got: readonly Leaf[]): Verdict {
  const expect = c.expect ?? [];
  if (got.length !== expect.length)
    return { difference: `${got.length} result leaves, expected ${expect.length}`, maxError: 0 };
  let maxError = 0;
  for (let i = 0; i < expect.length; i++) {
    const verdict = judgeLeaf(got[i] as Leaf, expect[i] as Encoded, c, c.cmp?.[i] ?? "close");
    maxError = Math.max(maxError, verdict.maxError);
    if (verdict.difference !== null)
      return {
        difference: expect.length > 1 ? `leaf ${i}: ${verdict.difference}` : verdict.difference,
        maxError,
      };
  }
  return { difference: null, maxError };
}

function judgeLeaf(got: Leaf, want: Encoded, rule: Rule, how: Comparison): Verdict {
  if (want.t === "array") return judgeArray(got, want, rule, how);
  if (want.t === "key") return judgeKey(got, want);
  if (want.t === "py") return judgeScalar(got, plainScalar(want.kind, want.value), rule);
  if (want.t === "dtype")
    return verdictOf(
      got.kind === "scalar" && got.value === want.name,
      `${describe(got)}, expected ${want.name}`,
    );
  return { difference: `can't judge an expected ${want.t}`, maxError: 0 };
}
const verdictOf = (fits: boolean, difference: string): Verdict => ({
  difference: fits ? null : difference,
  maxError: 0,
});

/** How a leaf reads in reports: `float32[2,3]`, weak types with a star. */
function describe(leaf: Leaf): string {
  if (leaf.kind === "scalar") return `the ${typeof leaf.value} ${String(leaf.value)}`;
  const name = leaf.kind === "key" ? `key(${leaf.impl})` : leaf.dtype;
  return `${name}[${leaf.shape.join(",")}]${leaf.kind === "array" && leaf.weak ? " weak" : ""}`;
}

function judgeArray(got: Leaf, want: Extract<Encoded, { t: "array" }>, rule: Rule, how: Comparison): Verdict {
  const weak = want.weak ?? false;
  if (
    got.kind !== "array" ||
    got.dtype !== want.dtype ||
    got.shape.join() !== want.shape.join() ||
    got.weak !== weak
  )
    return verdictOf(
      false,
      `${describe(got)}, expected ${want.dtype}[${want.shape.join(",")}]${weak ? " weak" : ""}`,
    );
  if (how === "skip") return { difference: null, maxError: 0 };
  const dtype = wireDType(want.dtype);
  const [a, b] = [got.bytes, bytesOf(want.data)].map((bytes) =>
    toNumbers(decodeElements(dtype, bytes), isComplex(dtype)),
  ) as [Numbers, Numbers];
  if (a.length !== b.length) return verdictOf(false, `${a.length} elements, expected ${b.length}`);
  if (how === "multiset") return compareMultiset(a, b, rule);
  return compare(how === "close" ? a : alignPhases(a, b, want.shape, how === "cols_up_to_phase"), b, rule);
}

/** Real and complex elements alike: [re, im] pairs, or reals as they are. */
type Num = Element | readonly [number, number];
type Numbers = readonly Num[];
const toNumbers = (elements: readonly Element[], complex: boolean): Numbers =>
  complex
    ? Array.from({ length: elements.length / 2 }, (_, i): Num => [
        Number(elements[2 * i]),
        Number(elements[2 * i + 1]),
      ])
    : elements;

/** Elementwise: equal, both NaN, or |got − want| ≤ atol + rtol·|want|; infinities, and if asked zeros' signs, match. */
export function compare(got: Numbers, want: Numbers, rule: Rule): Verdict {
  let maxError = 0;
  let difference: string | null = null;
  let count = 0;
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as Num, want[i] as Num];
    const error = distance(g, w);
    if (Number.isFinite(error)) maxError = Math.max(maxError, error);
    if (close(g, w, error, rule)) continue;
    count++;
    difference ??= `[${i}] is ${show(g)}, expected ${show(w)}`;
  }
  const others = count > 1 ? ` (${count} of ${want.length} elements differ)` : "";
  return { difference: difference === null ? null : difference + others, maxError };
}
const show = (x: Num): string => {
  if (typeof x === "object") return `${show(x[0])}+${show(x[1])}i`;
  return Object.is(x, -0) ? "-0" : String(x);
};

const isNan = (x: Num): boolean =>
  typeof x === "object" ? Number.isNaN(x[0]) || Number.isNaN(x[1]) : Number.isNaN(x);
const parts = (x: Num): readonly Element[] => (typeof x === "object" ? x : [x]);
const magnitude = (x: Num): number => (typeof x === "object" ? Math.hypot(...x) : Math.abs(Number(x)));

function distance(g: Num, w: Num): number {
  if (typeof g === "bigint" && typeof w === "bigint") return Math.abs(Number(g - w));
  if (typeof g === "object" && typeof w === "object") return Math.hypot(g[0] - w[0], g[1] - w[1]);
  return Math.abs(Number(g) - Number(w));
}

function close(g: Num, w: Num, error: number, rule: Rule): boolean {
  if (isNan(w) || isNan(g)) return isNan(w) && isNan(g);
  const [gs, ws] = [parts(g), parts(w)];
  const finite = [...gs, ...ws].every((x) => typeof x === "bigint" || Number.isFinite(x));
  const { rtol = 0, atol = 0 } = rule;
  const near = finite
    ? gs.every((x, i) => x === ws[i]) || error <= atol + rtol * magnitude(w)
    : gs.every((x, i) => partClose(x as number, ws[i] as number, rtol, atol));
  if (!near || rule.signed_zero !== true) return near;
  return ws.every((x, i) => x !== 0 || negative(gs[i]) === negative(x));
}
const partClose = (g: number, w: number, rtol: number, atol: number): boolean =>
  g === w || (Number.isFinite(g) && Number.isFinite(w) && Math.abs(g - w) <= atol + rtol * Math.abs(w));
const negative = (x: Element | undefined): boolean => Number(x) < 0 || Object.is(x, -0);

/** Multiplies each column (or row) of the last two axes of `got` by the unit scalar that brings it nearest to `want`. */
function alignPhases(got: Numbers, want: Numbers, shape: readonly number[], columns: boolean): Numbers {
  const [rows, cols] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const out: Num[] = [...got];
  const lines = columns ? cols : rows;
  for (let base = 0; base < got.length; base += rows * cols)
    for (let line = 0; line < lines; line++) {
      const at = Array.from({ length: columns ? rows : cols }, (_, k) =>
        columns ? base + k * cols + line : base + line * cols + k,
      );
      const phase = phaseBetween(
        at.map((i) => got[i] as Num),
        at.map((i) => want[i] as Num),
      );
      for (const i of at) out[i] = times(got[i] as Num, phase);
    }
  return out;
}
/** The unit scalar p that makes Σ conj(p·got)·want real and positive; 1 where that sum says nothing. */
function phaseBetween(got: Numbers, want: Numbers): readonly [number, number] {
  let [re, im] = [0, 0];
  got.forEach((g, i) => {
    const [a = 0, b = 0] = parts(g).map(Number);
    const [c = 0, d = 0] = parts(want[i] as Num).map(Number);
    re += a * c + b * d;
    im += a * d - b * c;
  });
  const size = Math.hypot(re, im);
  return size > 0 && Number.isFinite(size) ? [re / size, im / size] : [1, 0];
}
function times(x: Num, [re, im]: readonly [number, number]): Num {
  if (typeof x !== "object") return Number(x) * re;
  return [x[0] * re - x[1] * im, x[0] * im + x[1] * re];
}

/** Each wanted element takes the nearest element that is left. */
function compareMultiset(got: Numbers, want: Numbers, rule: Rule): Verdict {
  const left = [...got];
  const matched = want.map((w) => {
    let best = 0;
    const gap = (g: Num): number => (isNan(g) && isNan(w) ? 0 : distance(g, w));
    for (let i = 1; i < left.length; i++) if (!(gap(left[best] as Num) <= gap(left[i] as Num))) best = i;
    return left.splice(best, 1)[0] as Num;
  });
  return compare(matched, want, rule);
}

function judgeKey(got: Leaf, want: Extract<Encoded, { t: "key" }>): Verdict {
  const fits = got.kind === "key" && got.impl === want.impl && got.shape.join() === want.shape.join();
  if (!fits) return verdictOf(false, `${describe(got)}, expected key(${want.impl})[${want.shape.join(",")}]`);
  return compare(decodeElements("u32", got.bytes), decodeElements("u32", bytesOf(want.data)), {});
}

/** A Python scalar: by value, whatever holds it. */
function judgeScalar(got: Leaf, want: ReturnType<typeof plainScalar>, rule: Rule): Verdict {
  if (typeof want === "string")
    return verdictOf(got.kind === "scalar" && got.value === want, `${describe(got)}, expected "${want}"`);
  const value = scalarOf(got);
  if (value === null) return verdictOf(false, `${describe(got)}, expected the scalar ${show(toNum(want))}`);
  return compare([value], [toNum(want)], rule);
}
const toNum = (x: number | bigint | boolean | { re: number; im: number }): Num =>
  typeof x === "object" ? [x.re, x.im] : typeof x === "boolean" ? Number(x) : x;
function scalarOf(got: Leaf): Num | null {
  if (got.kind === "scalar") return typeof got.value === "string" ? null : toNum(got.value);
  if (got.kind === "key" || got.shape.length > 0) return null;
  const dtype = wireDType(got.dtype);
  return toNumbers(decodeElements(dtype, got.bytes), isComplex(dtype))[0] ?? null;
}
