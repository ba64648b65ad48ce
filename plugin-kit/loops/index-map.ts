// Algebra of index expressions (compiler.md's rewrite rules): sums, floor division and remainder by constants, bounds,
// substitution. All integers are concrete here; `generalise` makes run-time ones of them afterwards.
import type { Atom, AxisId, Guard, Int, Ix, Term, ValueId } from "./loop-ir.ts";

/** Inclusive bounds of an integer. */
export type Bounds = readonly [lo: number, hi: number];
/** What is known about the atoms of an expression. */
export interface IxScope {
  /** Extent of an axis. */
  extent(axis: AxisId): number;
  /** Bounds of a value of the body. */
  value(id: ValueId): Bounds;
}

/** The number of a concrete Int. @throws Error on a uniform */
export function num(n: Int): number {
  if (typeof n !== "number") throw new Error("internal: index arithmetic on a run-time integer");
  return n;
}

const ZERO: Ix = { c: 0, terms: [] };
/** A constant. */
export const constIx = (c: number): Ix => (c === 0 ? ZERO : { c, terms: [] });
/** An axis. */
export const axisIx = (axis: AxisId): Ix => ({ c: 0, terms: [{ coef: 1, atom: { k: "axis", axis } }] });
/** A value of the body. */
export const valueIx = (value: ValueId): Ix => ({ c: 0, terms: [{ coef: 1, atom: { k: "value", value } }] });
/** The number of a constant expression, else undefined. */
export const constOf = (x: Ix): number | undefined => (x.terms.length === 0 ? num(x.c) : undefined);
/** The axis that the expression is, else undefined. */
export function axisOf(x: Ix): AxisId | undefined {
  const [t] = x.terms;
  return x.c === 0 && x.terms.length === 1 && t?.coef === 1 && t.atom.k === "axis" ? t.atom.axis : undefined;
}

/** Structural equality. */
export function sameIx(a: Ix, b: Ix): boolean {
  if (a === b) return true;
  if (a.c !== b.c || a.terms.length !== b.terms.length) return false;
  return a.terms.every((t, i) => {
    const u = b.terms[i] as Term;
    return t.coef === u.coef && sameAtom(t.atom, u.atom);
  });
}
function sameAtom(a: Atom, b: Atom): boolean {
  if (a === b) return true;
  switch (a.k) {
    case "axis":
      return b.k === "axis" && a.axis === b.axis;
    case "value":
      return b.k === "value" && a.value === b.value;
    default:
      return b.k === a.k && a.d === b.d && sameIx(a.x, b.x);
  }
}

/** Canonical text: equal texts are equal expressions. */
export function keyOf(x: Ix): string {
  let text = String(x.c);
  for (const t of x.terms) text += `+${num(t.coef)}*${atomKey(t.atom)}`;
  return text;
}
function atomKey(a: Atom): string {
  switch (a.k) {
    case "axis":
      return `a${a.axis}`;
    case "value":
      return `v${a.value}`;
    default:
      return `(${keyOf(a.x)})${a.k === "div" ? "/" : "%"}${num(a.d)}`;
  }
}
/** Order of atoms in the normal form: axes, values, then quotients and remainders by their text. */
function compareAtoms(a: Atom, b: Atom): number {
  if (a.k === "axis" && b.k === "axis") return a.axis - b.axis;
  if (a.k === "value" && b.k === "value") return a.value - b.value;
  const rank = (k: Atom["k"]): number => (k === "axis" ? 0 : k === "value" ? 1 : 2);
  const byKind = rank(a.k) - rank(b.k);
  if (byKind !== 0) return byKind;
  const [x, y] = [atomKey(a), atomKey(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** x + y. */
export function addIx(x: Ix, y: Ix): Ix {
  if (x.terms.length === 0) return plus(y, num(x.c));
  if (y.terms.length === 0) return plus(x, num(y.c));
  const terms: Term[] = [];
  let [i, j] = [0, 0];
  while (i < x.terms.length || j < y.terms.length) {
    const [s, t] = [x.terms[i], y.terms[j]];
    const order = s === undefined ? 1 : t === undefined ? -1 : compareAtoms(s.atom, t.atom);
    if (order < 0) (terms.push(s as Term), i++);
    else if (order > 0) (terms.push(t as Term), j++);
    else {
      const coef = num((s as Term).coef) + num((t as Term).coef);
      if (coef !== 0) terms.push({ coef, atom: (s as Term).atom });
      (i++, j++);
    }
  }
  return rejoin({ c: num(x.c) + num(y.c), terms });
}
/** x + c. */
export const plus = (x: Ix, c: number): Ix => (c === 0 ? x : { c: num(x.c) + c, terms: x.terms });
/** k · x. */
export function scaleIx(x: Ix, k: number): Ix {
  if (k === 1) return x;
  if (k === 0) return ZERO;
  return { c: num(x.c) * k, terms: x.terms.map((t) => ({ coef: num(t.coef) * k, atom: t.atom })) };
}
/** Σ xᵢ · strideᵢ + offset: the position of an element. */
export function flatIx(at: readonly Ix[], strides: readonly number[], offset: number): Ix {
  let sum = constIx(offset);
  for (let i = 0; i < at.length; i++) sum = addIx(sum, scaleIx(at[i] as Ix, strides[i] as number));
  return sum;
}

/**
 * Joins a quotient with its remainder: q·d·(x div d) + q·(x mod d) = q·x, and with one that is itself a remainder:
 * q·d·((x div d) mod m) + q·(x mod d) = q·(x mod d·m).
 */
function rejoin(x: Ix): Ix {
  for (const low of x.terms) {
    if (low.atom.k !== "mod") continue;
    const { x: inner, d } = low.atom;
    for (const high of x.terms) {
      if (num(high.coef) !== num(low.coef) * num(d)) continue;
      const joined = joinPair(high.atom, inner, num(d));
      if (joined === null) continue;
      const rest: Ix = { c: x.c, terms: x.terms.filter((t) => t !== low && t !== high) };
      return addIx(rest, scaleIx(joined, num(low.coef)));
    }
  }
  return x;
}
function joinPair(high: Atom, x: Ix, d: number): Ix | null {
  // Compared with what x div d has been simplified to.
  const quotient = rawDiv(x, d);
  if (high.k === "div" && sameIx(single(high), quotient)) return x;
  if (high.k === "mod" && sameIx(high.x, quotient)) return single({ k: "mod", x, d: d * num(high.d) });
  return null;
}
const single = (atom: Atom): Ix => ({ c: 0, terms: [{ coef: 1, atom }] });

/** Bounds of an expression. */
export function boundsOf(x: Ix, scope: IxScope): Bounds {
  let [lo, hi] = [num(x.c), num(x.c)];
  for (const t of x.terms) {
    const [a, b] = atomBounds(t.atom, scope);
    const coef = num(t.coef);
    lo += coef > 0 ? coef * a : coef * b;
    hi += coef > 0 ? coef * b : coef * a;
  }
  return [lo, hi];
}
function atomBounds(a: Atom, scope: IxScope): Bounds {
  switch (a.k) {
    case "axis":
      return [0, Math.max(scope.extent(a.axis) - 1, 0)];
    case "value":
      return scope.value(a.value);
    case "div": {
      const [lo, hi] = boundsOf(a.x, scope);
      return [Math.floor(lo / num(a.d)), Math.floor(hi / num(a.d))];
    }
    case "mod": {
      const [lo, hi] = boundsOf(a.x, scope);
      const d = num(a.d);
      const shift = d * Math.floor(lo / d);
      return hi - shift < d ? [lo - shift, hi - shift] : [0, d - 1];
    }
  }
}

const modulo = (n: number, d: number): number => n - d * Math.floor(n / d);
const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** x = d · quotient + rest, with every multiple of d in the quotient. */
function splitBy(x: Ix, d: number): { quotient: Ix; rest: Ix } {
  const [q, r]: [Term[], Term[]] = [[], []];
  for (const t of x.terms) {
    if (num(t.coef) % d === 0) q.push({ coef: num(t.coef) / d, atom: t.atom });
    else r.push(t);
  }
  const c = num(x.c);
  return {
    quotient: { c: Math.floor(c / d), terms: q },
    rest: { c: modulo(c, d), terms: r },
  };
}

/** floor(x / d). */
export function divIx(x: Ix, d: number, scope: IxScope): Ix {
  if (d === 1) return x;
  const { quotient, rest } = splitBy(x, d);
  const [lo, hi] = boundsOf(rest, scope);
  const k = Math.floor(lo / d);
  if (Math.floor(hi / d) === k) return plus(quotient, k);
  return addIx(quotient, rawDiv(rest, d));
}
/** floor(x / d) by structure alone. */
function rawDiv(x: Ix, d: number): Ix {
  const { quotient, rest } = splitBy(x, d);
  if (rest.terms.length === 0) return quotient;
  return addIx(quotient, divideRest(rest, d));
}
function divideRest(rest: Ix, d: number): Ix {
  // A factor that all terms and d share: (g·y + c) div (g·e) = (y + c div g) div e.
  const g = rest.terms.reduce((n, t) => gcd(num(t.coef), n), d);
  if (g > 1) {
    const terms = rest.terms.map((t) => ({ coef: num(t.coef) / g, atom: t.atom }));
    return rawDiv({ c: Math.floor(num(rest.c) / g), terms }, d / g);
  }
  const [only] = rest.terms;
  if (rest.terms.length === 1 && only?.coef === 1 && rest.c === 0) {
    const a = only.atom;
    if (a.k === "div") return rawDiv(a.x, num(a.d) * d);
    if (a.k === "mod" && num(a.d) % d === 0) return rawMod(rawDiv(a.x, d), num(a.d) / d);
  }
  return single({ k: "div", x: rest, d });
}

/** x − d · floor(x / d). */
export function modIx(x: Ix, d: number, scope: IxScope): Ix {
  if (d === 1) return ZERO;
  const rest = reduceMod(x, d);
  const [lo, hi] = boundsOf(rest, scope);
  const k = Math.floor(lo / d);
  if (Math.floor(hi / d) === k) return plus(rest, -k * d);
  return rawMod(rest, d);
}
/** x without what is a multiple of d: (y mod m) counts as y where d divides its coefficient times m. */
function reduceMod(x: Ix, d: number): Ix {
  let { rest } = splitBy(x, d);
  for (const t of rest.terms) {
    const a = t.atom;
    if (a.k !== "mod" || (num(t.coef) * num(a.d)) % d !== 0) continue;
    const others: Ix = { c: rest.c, terms: rest.terms.filter((u) => u !== t) };
    rest = splitBy(addIx(others, scaleIx(a.x, num(t.coef))), d).rest;
    return reduceMod(rest, d);
  }
  return rest;
}
function rawMod(x: Ix, d: number): Ix {
  const rest = reduceMod(x, d);
  if (rest.terms.length === 0) return rest;
  // A factor that all terms and d share comes out: (g·y + c) mod (g·e) = g·((y + c div g) mod e) + c mod g.
  const g = rest.terms.reduce((n, t) => gcd(num(t.coef), n), d);
  if (g > 1) {
    if (g === d) return { c: modulo(num(rest.c), d), terms: [] };
    const terms = rest.terms.map((t) => ({ coef: num(t.coef) / g, atom: t.atom }));
    const inner = rawMod({ c: Math.floor(num(rest.c) / g), terms }, d / g);
    return plus(scaleIx(inner, g), modulo(num(rest.c), g));
  }
  return single({ k: "mod", x: rest, d });
}

/** The expression with each axis replaced, simplified again. */
export function substitute(x: Ix, replace: (axis: AxisId) => Ix, scope: IxScope): Ix {
  let sum = constIx(num(x.c));
  for (const t of x.terms) sum = addIx(sum, scaleIx(substituteAtom(t.atom, replace, scope), num(t.coef)));
  return sum;
}
function substituteAtom(a: Atom, replace: (axis: AxisId) => Ix, scope: IxScope): Ix {
  switch (a.k) {
    case "axis":
      return replace(a.axis);
    case "value":
      return single(a);
    case "div":
      return divIx(substitute(a.x, replace, scope), num(a.d), scope);
    case "mod":
      return modIx(substitute(a.x, replace, scope), num(a.d), scope);
  }
}

/** Calls `visit` with every quotient and remainder, inner ones first. */
export function eachDivision(x: Ix, visit: (a: Extract<Atom, { readonly k: "div" | "mod" }>) => void): void {
  for (const { atom } of x.terms)
    if (atom.k === "div" || atom.k === "mod") {
      eachDivision(atom.x, visit);
      visit(atom);
    }
}
/** Does the expression depend on an axis? */
export function dependsOn(x: Ix, axis: AxisId): boolean {
  return x.terms.some(({ atom: a }) =>
    a.k === "axis" ? a.axis === axis : a.k === "value" ? false : dependsOn(a.x, axis),
  );
}
/** Coefficient of an axis outside quotients and remainders. */
export function coefOf(x: Ix, axis: AxisId): number {
  const t = x.terms.find(({ atom: a }) => a.k === "axis" && a.axis === axis);
  return t === undefined ? 0 : num(t.coef);
}

/** Row-major strides. */
export function rowMajor(shape: readonly number[]): number[] {
  const out = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) out[i] = (out[i + 1] as number) * (shape[i + 1] as number);
  return out;
}

/** The index into `from` of the element at index `at` of `to`: both row-major views of one list. */
export function reshapeIx(
  at: readonly Ix[],
  to: readonly number[],
  from: readonly number[],
  scope: IxScope,
): Ix[] {
  const out = from.map(() => ZERO);
  for (const [a, b] of commonGroups(to, from)) {
    const position = flatIx(a.map((i) => at[i] as Ix), rowMajor(a.map((i) => to[i] as number)), 0); // prettier-ignore
    const sizes = b.map((j) => from[j] as number);
    const strides = rowMajor(sizes);
    b.forEach((j, k) => {
      const quotient = divIx(position, strides[k] as number, scope);
      out[j] = k === 0 ? quotient : modIx(quotient, sizes[k] as number, scope);
    });
  }
  return out;
}
/** The shortest runs of axes of two shapes that hold equally many elements, without axes of size 1. */
function commonGroups(to: readonly number[], from: readonly number[]): [to: number[], from: number[]][] {
  const long = (shape: readonly number[]): number[] =>
    Array.from({ length: shape.length }, (_, i) => i).filter((i) => shape[i] !== 1);
  const [left, right] = [long(to), long(from)];
  if (to.includes(0)) return [[left, right]];
  const groups: [number[], number[]][] = [];
  while (left.length > 0) {
    const [a, b]: [number[], number[]] = [[], []];
    let [p, q] = [1, 1];
    do {
      if (p <= q) (a.push(left[0] as number), (p *= to[left.shift() as number] as number));
      else (b.push(right[0] as number), (q *= from[right.shift() as number] as number));
    } while (p !== q);
    groups.push([a, b]);
  }
  return groups;
}

/** What a guard says by bounds alone: always, never, or it depends. */
export function decideGuard(g: Guard, scope: IxScope): boolean | undefined {
  const [lo, hi] = boundsOf(g.x, scope);
  const [from, to] = [num(g.lo), num(g.hi)];
  if (hi < from || lo >= to) return false;
  if (lo < from || hi >= to) return undefined;
  const every = num(g.every ?? 1);
  if (every === 1) return true;
  const rest = reduceMod(plus(g.x, -from), every);
  return rest.terms.length > 0 ? undefined : modulo(num(rest.c), every) === 0;
}
