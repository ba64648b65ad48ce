// An independent judge of derivatives: truncated Taylor series in float64, and random functions to try both on.
import * as fc from "fast-check";

/** A function of one variable. `derivative`: x ↦ x · d/dy [body(y) · x] at y = x, which nests and closes over x. */
export type Expression =
  | { readonly kind: "x" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "sin" | "cos" | "tanh" | "exp"; readonly of: Expression }
  | { readonly kind: "add" | "mul"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "derivative"; readonly how: Differentiation; readonly of: Expression }
  | { readonly kind: "same"; readonly how: Wrapping; readonly of: Expression }
  | Loop;
/** y ← sin(body(x, y)), `times` times from y = of(x). */
export interface Loop {
  readonly kind: "loop";
  readonly how: LoopKind;
  readonly times: number;
  readonly body: Body;
  readonly of: Expression;
}
/** A function of x and y without derivatives. */
export type Body =
  | { readonly kind: "x" | "y" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "sin" | "cos" | "tanh" | "exp"; readonly of: Body }
  | { readonly kind: "add" | "mul"; readonly left: Body; readonly right: Body };
/** A transformation that leaves a function as it is. */
export type Wrapping = "jit" | "vmap" | "scan" | "cond" | "checkpoint";
/** How a loop is written; `while` has no reverse mode. */
export type LoopKind = "carry" | "stacked" | "reversed" | "counted" | "unrolled" | "while";
/** A way to take a derivative, or to leave a function as it is. */
export type Differentiation = "grad" | "jvp" | "linearize" | "vjp" | "jacfwd" | "jacrev";

const DIFFERENTIATIONS: readonly Differentiation[] = ["grad", "jvp", "linearize", "vjp", "jacfwd", "jacrev"];
export const anyDifferentiation: fc.Arbitrary<Differentiation> = fc.constantFrom(...DIFFERENTIATIONS);

const anyConstant = fc.integer({ min: -8, max: 8 }).map((n) => ({ kind: "constant", value: n / 8 }) as const);
const anyFunction = fc.constantFrom("sin", "cos", "tanh", "exp");
const anyOperation = fc.constantFrom("add", "mul");
export const anyWrapping: fc.Arbitrary<Wrapping> = fc.constantFrom(
  "jit",
  "vmap",
  "scan",
  "cond",
  "checkpoint",
);

const anyBody: fc.Arbitrary<Body> = fc.letrec<{ b: Body }>((tie) => ({
  b: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom<Body>({ kind: "y" }, { kind: "x" }),
    anyConstant,
    fc
      .tuple(anyFunction, tie("b"))
      .map(([kind, of]): Body => (kind === "exp" ? { kind, of: { kind: "sin", of } } : { kind, of })),
    fc.tuple(anyOperation, tie("b"), tie("b")).map(([kind, left, right]): Body => ({ kind, left, right })),
  ),
})).b;

/** Random functions that stay within a few units for |x| ≤ 1, with the derivatives and loops of these kinds. */
export const expressionsOf = (
  derivatives: readonly Differentiation[],
  loops: readonly LoopKind[],
): fc.Arbitrary<Expression> =>
  fc.letrec<{ e: Expression }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4, depthSize: "medium" },
      fc.oneof(fc.constant<Expression>({ kind: "x" }), anyConstant),
      fc
        .tuple(anyFunction, tie("e"))
        .map(([kind, of]): Expression => (kind === "exp" ? { kind, of: { kind: "sin", of } } : { kind, of })),
      fc
        .tuple(anyOperation, tie("e"), tie("e"))
        .map(([kind, left, right]): Expression => ({ kind, left, right })),
      fc
        .tuple(fc.constantFrom(...derivatives), tie("e"))
        .map(([how, of]): Expression => ({ kind: "derivative", how, of })),
      fc.tuple(anyWrapping, tie("e")).map(([how, of]): Expression => ({ kind: "same", how, of })),
      fc
        .tuple(fc.constantFrom(...loops), fc.nat(3), anyBody, tie("e"))
        .map(([how, times, body, of]): Expression => ({ kind: "loop", how, times, body, of })),
    ),
  })).e;
/** With all derivatives, and all loops that have a reverse mode. */
export const anyExpression: fc.Arbitrary<Expression> = expressionsOf(DIFFERENTIATIONS, [
  "carry",
  "stacked",
  "reversed",
  "counted",
  "unrolled",
]);
/** With forward derivatives alone, and loops of unknown length. */
export const forwardExpression: fc.Arbitrary<Expression> = expressionsOf(
  ["jvp", "linearize", "jacfwd"],
  ["while", "carry", "counted"],
);

type Series = readonly number[];
const multiply = (a: Series, b: Series): number[] =>
  a.map((_, n) => a.slice(0, n + 1).reduce((s, x, k) => s + x * (b[n - k] ?? 0), 0));
const shift = (a: Series): number[] => a.slice(1).map((c, k) => c * (k + 1));

/** f(a(t)) from f′ ∘ a: y₀ = f(a₀), n·yₙ = Σ k·aₖ·dₙ₋ₖ, d being the series of f′ ∘ a as far as it is known. */
function composed(a: Series, start: number, slope: (y: readonly number[], n: number) => number): number[] {
  const y = [start];
  for (let n = 1; n < a.length; n++) {
    let sum = 0;
    for (let k = 1; k <= n; k++) sum += k * (a[k] as number) * slope(y, n - k);
    y.push(sum / n);
  }
  return y;
}
function sinCos(a: Series): readonly [sin: number[], cos: number[]] {
  const [s, c] = [[Math.sin(a[0] as number)], [Math.cos(a[0] as number)]];
  for (let n = 1; n < a.length; n++) {
    let [ds, dc] = [0, 0];
    for (let k = 1; k <= n; k++) {
      ds += k * (a[k] as number) * (c[n - k] as number);
      dc -= k * (a[k] as number) * (s[n - k] as number);
    }
    s.push(ds / n);
    c.push(dc / n);
  }
  return [s, c];
}

/** How many derivatives are nested inside. */
export function nestingOf(e: Expression): number {
  if ("left" in e) return Math.max(nestingOf(e.left), nestingOf(e.right));
  if (!("of" in e)) return 0;
  return nestingOf(e.of) + (e.kind === "derivative" ? 1 : 0);
}

/** Taylor coefficients of an expression at x₀, up to a degree. */
export function series(e: Expression, x0: number, degree: number): number[] {
  const x = Array.from({ length: degree + 1 }, (_, k) => (k === 0 ? x0 : k === 1 ? 1 : 0));
  switch (e.kind) {
    case "derivative":
      return multiply(x, multiply(x, shift(series(e.of, x0, degree + 1))));
    case "same":
      return series(e.of, x0, degree);
    case "loop": {
      let y: Series = series(e.of, x0, degree);
      for (let k = 0; k < e.times; k++) y = sinCos(bodySeries(e.body, x, y))[0];
      return [...y];
    }
    default:
      return combine(e, x, x, (of) => series(of, x0, degree));
  }
}
const bodySeries = (e: Body, x: Series, y: Series): number[] =>
  combine(e, x, y, (of) => bodySeries(of, x, y));

type Combination<E> =
  | { readonly kind: "x" | "y" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "sin" | "cos" | "tanh" | "exp"; readonly of: E }
  | { readonly kind: "add" | "mul"; readonly left: E; readonly right: E };
/** A function of series that `inner` gives. */
function combine<E>(e: Combination<E>, x: Series, y: Series, inner: (e: E) => number[]): number[] {
  switch (e.kind) {
    case "x":
      return [...x];
    case "y":
      return [...y];
    case "constant":
      return x.map((_, k) => (k === 0 ? e.value : 0));
    case "add": {
      const b = inner(e.right);
      return inner(e.left).map((v, k) => v + (b[k] as number));
    }
    case "mul":
      return multiply(inner(e.left), inner(e.right));
    case "sin":
      return sinCos(inner(e.of))[0];
    case "cos":
      return sinCos(inner(e.of))[1];
    case "exp": {
      const a = inner(e.of);
      return composed(a, Math.exp(a[0] as number), (y, n) => y[n] as number);
    }
    case "tanh": {
      const a = inner(e.of);
      const slope = (y: readonly number[], n: number): number =>
        (n === 0 ? 1 : 0) - y.slice(0, n + 1).reduce((s, v, k) => s + v * (y[n - k] as number), 0);
      return composed(a, Math.tanh(a[0] as number), slope);
    }
  }
}
