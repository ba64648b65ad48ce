// Laws of functions with rules of their own, on random programs: a true rule changes nothing, whatever is nested in what;
// a rule that isn't linear is refused by both modes; solves and roots are transposed by what their tangents say.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { itemOf } from "../../runtime/array.ts";
import { array, fromTyped } from "../arrays.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { installReference, reasonOf, withX64 } from "../testing/root.ts";
import {
  checkpoint,
  customJvp,
  customVjp,
  grad,
  jacfwd,
  jacrev,
  jit,
  jvp,
  linearize,
  vjp,
  vmap,
} from "./index.ts";

beforeAll(() => void installReference());

type A = NDArray;
type Scalar = (x: A) => A;
const f64 = (x: number): A => array(x, { dtype: "float64" });
const one = (): A => f64(1);

const LINKS: Readonly<Record<string, Scalar>> = {
  sin: lax.sin,
  tanh: lax.tanh,
  half: (x) => lax.mul(x, 0.5),
  more: (x) => lax.add(x, 0.25),
  square: (x) => lax.mul(x, x),
};
const SAME: Readonly<Record<string, (f: Scalar) => Scalar>> = {
  jit: (f) => jit(f),
  vmap: (f) => (x) => vmap(f)(lax.broadcast(x, [2])).get(1),
  scan: (f) => (x) => lax.scan((c: A, _: null) => [c, f(c)] as const, x, null, { length: 2 })[1].get(0),
  cond: (f) => (x) => lax.cond(lax.gt(x, -10), f, (y: A) => lax.neg(y), x),
  checkpoint: (f) => checkpoint(f),
};
const REVERSE: Readonly<Record<string, (f: Scalar) => Scalar>> = {
  grad: (f) => (x) => grad(f)(x),
  vjp: (f) => (x) => vjp(f, x)[1](one())[0],
  jacrev: (f) => (x) => jacrev(f)(x),
};
const FORWARD: Readonly<Record<string, (f: Scalar) => Scalar>> = {
  jvp: (f) => (x) => jvp(f, [x], [one()])[1],
  linearize: (f) => (x) => linearize(f, x)[1](one()),
  jacfwd: (f) => (x) => jacfwd(f)(x),
};
const withVjp = (f: Scalar): Scalar =>
  customVjp((x: A) => f(x), { fwd: (x) => [f(x), x], bwd: (x, ct) => vjp(f, x)[1](ct) });
const withJvp = (f: Scalar): Scalar =>
  customJvp(
    (x: A) => f(x),
    ([x], [t]) => jvp(f, [x], [t]),
  );

/** A step from a function to the next one. */
type Step = { readonly kind: "link" | "same" | "derive" | "custom"; readonly name: string };
const stepsOf = (derivatives: readonly string[]): fc.Arbitrary<Step[]> => {
  const anyOf = (kind: Step["kind"], names: readonly string[]): fc.Arbitrary<Step> =>
    fc.constantFrom(...names).map((name) => ({ kind, name }));
  const step = fc.oneof(
    { weight: 3, arbitrary: anyOf("link", Object.keys(LINKS)) },
    { weight: 2, arbitrary: anyOf("same", Object.keys(SAME)) },
    { weight: 2, arbitrary: anyOf("derive", derivatives) },
    { weight: 2, arbitrary: anyOf("custom", ["custom"]) },
  );
  return fc
    .array(step, { minLength: 2, maxLength: 9 })
    .filter((steps) => steps.filter((s) => s.kind === "derive").length <= 3)
    .filter((steps) => steps.some((s) => s.kind === "custom"));
};
function build(steps: readonly Step[], custom: (f: Scalar) => Scalar): Scalar {
  let f: Scalar = lax.sin;
  for (const { kind, name } of steps) {
    const inner = f;
    if (kind === "link") f = (x) => (LINKS[name] as Scalar)(inner(x));
    else if (kind === "same") f = (SAME[name] as (g: Scalar) => Scalar)(inner);
    else if (kind === "custom") f = custom(inner);
    else f = ((REVERSE[name] ?? FORWARD[name]) as (g: Scalar) => Scalar)(inner);
  }
  return f;
}
function sameAsPlain(steps: readonly Step[], custom: (f: Scalar) => Scalar, x: number): void {
  const run = (rule: (f: Scalar) => Scalar): number =>
    withX64(() => itemOf(build(steps, rule)(f64(x)), "float64")) as number;
  const want = run((f) => f);
  expect(Math.abs(run(custom) - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(want)));
}
const anyX = fc.integer({ min: -8, max: 8 }).map((n) => n / 8);

describe("a true rule changes nothing", () => {
  it("customVjp, under random nestings", () => {
    fc.assert(
      fc.property(stepsOf(Object.keys(REVERSE)), anyX, (steps, x) => sameAsPlain(steps, withVjp, x)),
      { numRuns: 250, seed: 41 },
    );
  });
  it("customJvp, under random nestings of both modes", () => {
    const all = [...Object.keys(REVERSE), ...Object.keys(FORWARD)];
    fc.assert(
      fc.property(stepsOf(all), anyX, (steps, x) => sameAsPlain(steps, withJvp, x)),
      { numRuns: 250, seed: 42 },
    );
  });
  it("customVjp of several arguments, mapped in every way", () => {
    const plain = (w: A, x: A): A => lax.sin(np.dot(w, x).add(w.sum()));
    const custom = customVjp(plain, {
      fwd: (w, x) => [plain(w, x), { w, x }],
      bwd: ({ w, x }, ct) => vjp(plain, w, x)[1](ct),
    });
    const axis = fc.constantFrom(null, 0, 1);
    fc.assert(
      fc.property(axis, axis, fc.boolean(), fc.boolean(), anyX, (p, q, compiled, outside, by) => {
        fc.pre(p !== null || q !== null);
        const shape = (a: number | null): number[] => (a === null ? [3] : a === 0 ? [2, 3] : [3, 2]);
        const values = (a: number | null, at: number): A => {
          const n = shape(a).reduce((s, d) => s * d, 1);
          return fromTyped(
            Float64Array.from({ length: n }, (_, k) => Math.sin(k * 1.7 + at)),
            shape(a),
          );
        };
        const run = (f: (w: A, x: A) => A): number[] =>
          withX64(() => {
            const inAxes = [p, q] as const;
            const inner = outside ? f : (grad(f, { argnums: [0, 1] }) as never);
            const mapped = vmap(inner, { inAxes }) as (w: A, x: A) => unknown;
            const loss = (w: A, x: A): A => (mapped(w, x) as A).mul(by).sum();
            const whole = outside ? grad(loss, { argnums: [0, 1] }) : mapped;
            const g = (compiled ? jit(whole as typeof f) : whole) as (w: A, x: A) => [A, A];
            return g(values(p, 0.1), values(q, 0.7)).flatMap((y) => [y.tolist()].flat(3) as number[]);
          });
        const [got, want] = [run(custom), run(plain)];
        expect(got.length).toBe(want.length);
        got.forEach((v, k) => expect(v).toBeCloseTo(want[k] as number, 9));
      }),
      { numRuns: 100, seed: 43 },
    );
  });
});

describe("trap 3: a rule that isn't linear in its tangents", () => {
  type Op = (t: A, x: A) => A;
  const LINEAR: readonly Op[] = [
    (t) => lax.mul(t, 3),
    (t, x) => lax.mul(t, lax.cos(x)),
    (t) => lax.neg(t),
    (t, x) => lax.add(t, lax.mul(lax.exp(x), t)),
    (t, x) => lax.select(lax.gt(x, 0), t, lax.mul(t, 2)),
    (t) => lax.sub(t, lax.mul(t, 0.5)),
    (t, x) => lax.div(t, lax.add(lax.mul(x, x), 1)),
    (t) => jit((s: A) => lax.mul(s, 2))(t),
    (t) => lax.scan((c: A, _: null) => [lax.mul(c, 0.5), null] as const, t, null, { length: 2 })[0],
  ];
  const BAD: readonly Op[] = [
    (t) => lax.add(t, 1),
    (t, x) => lax.add(t, x),
    (t) => lax.sub(2, t),
    (t) => np.onesLike(t),
    (_, x) => lax.cos(x),
    (t) => lax.mul(t, t),
    (t) => lax.sin(t),
    (t) => lax.select(lax.gt(t, 0), t, lax.neg(t)),
    (t) => lax.abs(t),
    (t, x) => lax.div(x, t),
    (t, x) => lax.max(t, x),
    (t) => jit((s: A) => lax.add(lax.mul(s, 2), 1))(t),
  ];
  const ops = (n: number): fc.Arbitrary<number[]> => fc.array(fc.nat(LINEAR.length - 1), { maxLength: n });
  const ways: readonly ((f: Scalar) => unknown)[] = [
    (f) => grad(f)(f64(0.5)),
    (f) => jvp(f, [f64(0.5)], [f64(1)]),
    (f) => linearize(f, f64(0.5)),
    (f) => vjp(f, f64(0.5)),
    (f) => jit(grad(f))(f64(0.5)),
    (f) => vmap(grad(f))(lax.broadcast(f64(0.5), [2])),
    (f) => vmap((x: A) => jvp(f, [x], [x]))(lax.broadcast(f64(0.5), [2])),
    (f) => grad((x: A) => jvp(f, [x], [x])[1])(f64(0.5)),
  ];
  const ruled = (chain: readonly Op[]): Scalar =>
    customJvp(
      (x: A) => lax.sin(x),
      ([x], [t]) => [lax.sin(x), chain.reduce((s, op) => op(s, x), t)],
    );

  it("is refused by jvp, grad and all that is made of them", () => {
    fc.assert(
      fc.property(
        ops(3),
        fc.nat(BAD.length - 1),
        ops(3),
        fc.constantFrom(...Object.values(SAME)),
        (before, bad, after, same) => {
          const chain = [...before.map((k) => LINEAR[k]), BAD[bad], ...after.map((k) => LINEAR[k])] as Op[];
          for (const way of ways)
            expect(withX64(() => reasonOf(() => way(same(ruled(chain)))))).toMatch(/^E_RULE_NOT_LINEAR /);
        },
      ),
      { numRuns: 60, seed: 44 },
    );
  });
  it("and one that is gives one number in both", () => {
    fc.assert(
      fc.property(ops(5), fc.constantFrom(...Object.values(SAME)), anyX, (chain, same, x) => {
        const f = same(ruled(chain.map((k) => LINEAR[k]) as Op[]));
        const [reverse, forward] = withX64(() => [
          itemOf(grad(f)(f64(x)), "float64") as number,
          itemOf(jvp(f, [f64(x)], [one()])[1], "float64") as number,
        ]);
        expect(Math.abs(reverse - forward)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(forward)));
      }),
      { numRuns: 100, seed: 45 },
    );
  });
});

describe("⟨ct, J·v⟩ = ⟨Jᵀ·ct, v⟩", () => {
  const vector = (n: number): fc.Arbitrary<number[]> =>
    fc.array(
      fc.integer({ min: -8, max: 8 }).map((k) => k / 8),
      { minLength: n, maxLength: n },
    );
  const put = (values: readonly number[], shape: readonly number[]): A =>
    fromTyped(Float64Array.from(values), shape);
  const dot = (x: A, y: A): number => itemOf(x.mul(y).sum(), "float64") as number;
  /** Both sides, for primals and tangents of two arguments. */
  function checkTranspose(f: (p: A, q: A) => A, primals: [A, A], tangents: [A, A], ct: A): void {
    const left = dot(ct, jvp(f, primals, tangents)[1]);
    const [dp, dq] = vjp(f, ...primals)[1](ct);
    const right = dot(dp, tangents[0]) + dot(dq, tangents[1]);
    expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(left)));
  }
  const WRAPS: readonly (<F>(f: F) => F)[] = [(f) => f, (f) => jit(f as never) as never];

  it("of linear solves, in the matrix and the right-hand side", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((n) => fc.tuple(vector(n * n), vector(n), vector(n * n), vector(n), vector(n))),
        fc.constantFrom(...WRAPS),
        fc.boolean(),
        ([m, b, dm, db, ct], wrap, mapped) =>
          withX64(() => {
            const n = b.length;
            const solver = (a: A, y: A): A => {
              const d = np.diag(a);
              const rest = a.sub(np.diag(d));
              return lax.foriLoop(0, 80, (_: A, x: A) => y.sub(rest.matmul(x)).div(d), np.zerosLike(y));
            };
            const solve = (a: A, y: A): A =>
              lax.customLinearSolve(
                (x) => a.matmul(x),
                y,
                (_, z) => solver(a, z),
                {
                  transposeSolve: (_, z) => solver(a.T, z),
                },
              );
            const f = wrap((a: A, y: A): A => {
              if (!mapped) return solve(a, y);
              const ys = np.stack([y, y.mul(2)]);
              return vmap(solve, { inAxes: [null, 0] })(a, ys).sum({ axis: 0 });
            });
            const a = put(m, [n, n]).add(np.eye(n, null, { dtype: "float64" }).mul(6));
            const y = put(b, [n]);
            checkTranspose(f, [a, y], [put(dm, [n, n]), put(db, [n])], put(ct, [n]));
            const x = solve(a, y);
            expect(dot(a.matmul(x).sub(y), a.matmul(x).sub(y))).toBeLessThan(1e-18);
          }),
      ),
      { numRuns: 60, seed: 46 },
    );
  });
  it("of roots, in what the function closed over", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 3 })
          .chain((n) => fc.tuple(vector(n), vector(n), vector(n), vector(n), vector(n))),
        fc.constantFrom(...WRAPS),
        ([p, q, dp, dq, ct], wrap) =>
          withX64(() => {
            const n = p.length;
            // x + sin(p·x)/4 = q has one root: a contraction finds it.
            const f = wrap((a: A, b: A): A =>
              lax.customRoot(
                (x) => x.add(lax.sin(a.mul(x)).mul(0.25)).sub(b),
                np.zerosLike(b),
                (g, x0) => lax.foriLoop(0, 60, (_: A, x: A) => x.sub(g(x).mul(0.8)), x0),
                (g, y) => y.div(g(np.onesLike(y))),
              ),
            );
            const [primals, tangents] = [
              [put(p, [n]), put(q, [n])],
              [put(dp, [n]), put(dq, [n])],
            ] as [[A, A], [A, A]];
            checkTranspose(f, primals, tangents, put(ct, [n]));
            const [x, dx] = jvp(f, primals, tangents).map((y) => y.tolist() as number[]) as [
              number[],
              number[],
            ];
            dx.forEach((got, k) => {
              const slope = Math.cos(p[k]! * x[k]!) / 4;
              expect(got).toBeCloseTo((dq[k]! - slope * x[k]! * dp[k]!) / (1 + slope * p[k]!), 9);
            });
          }),
      ),
      { numRuns: 40, seed: 47 },
    );
  });
});
