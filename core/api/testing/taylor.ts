// An independent judge of derivatives: truncated Taylor series in float64, and random functions to try both on.
import * as fc from "fast-check";

/** A function of one variable. `derivative`: x ↦ x · d/dy [body(y) · x] at y = x, which nests and closes over x. */
export type Expression =
  | { readonly kind: "x" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "sin" | "cos" | "tanh" | "exp"; readonly of: Expression }
  | { readonly kind: "add" | "mul"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "derivative"; readonly how: Differentiation; readonly of: Expression };
/** A way to take a derivative, or to leave a function as it is. */
export type Differentiation = "grad" | "jvp" | "linearize" | "vjp" | "jacfwd" | "jacrev";

const DIFFERENTIATIONS: readonly Differentiation[] = ["grad", "jvp", "linearize", "vjp", "jacfwd", "jacrev"];
export const anyDifferentiation: fc.Arbitrary<Differentiation> = fc.constantFrom(...DIFFERENTIATIONS);

/** Random functions that stay within a few units for |x| ≤ 1. */
export const anyExpression: fc.Arbitrary<Expression> = fc.letrec<{ e: Expression }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constant<Expression>({ kind: "x" }),
    fc.integer({ min: -8, max: 8 }).map((n): Expression => ({ kind: "constant", value: n / 8 })),
    fc
      .tuple(fc.constantFrom("sin", "cos", "tanh", "exp"), tie("e"))
      .map(([kind, of]): Expression => (kind === "exp" ? { kind, of: { kind: "sin", of } } : { kind, of })),
    fc
      .tuple(fc.constantFrom("add", "mul"), tie("e"), tie("e"))
      .map(([kind, left, right]): Expression => ({ kind, left, right })),
    fc.tuple(anyDifferentiation, tie("e")).map(([how, of]): Expression => ({ kind: "derivative", how, of })),
  ),
})).e;

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
    case "x":
      return x;
    case "constant":
      return x.map((_, k) => (k === 0 ? e.value : 0));
    case "add": {
      const b = series(e.right, x0, degree);
      return series(e.left, x0, degree).map((v, k) => v + (b[k] as number));
    }
    case "mul":
      return multiply(series(e.left, x0, degree), series(e.right, x0, degree));
    case "sin":
      return sinCos(series(e.of, x0, degree))[0];
    case "cos":
      return sinCos(series(e.of, x0, degree))[1];
    case "exp": {
      const a = series(e.of, x0, degree);
      return composed(a, Math.exp(a[0] as number), (y, n) => y[n] as number);
    }
    case "tanh": {
      const a = series(e.of, x0, degree);
      const slope = (y: readonly number[], n: number): number =>
        (n === 0 ? 1 : 0) - y.slice(0, n + 1).reduce((s, v, k) => s + v * (y[n - k] as number), 0);
      return composed(a, Math.tanh(a[0] as number), slope);
    }
    case "derivative":
      return multiply(x, multiply(x, shift(series(e.of, x0, degree + 1))));
  }
}
