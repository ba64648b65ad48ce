// Functions with rules of their own: what rules may return, what they may close over, and what they get.
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import { installReference, reasonOf } from "../testing/root.ts";
import { customVmap, sequentialVmap } from "./custom-batching.ts";
import { linearCall, zeroFromPrimal, customVjpPrimalTreeValues } from "./custom-derivatives.ts";
import {
  closureConvert,
  customGradient,
  customJvp,
  customVjp,
  fwdAndBwd,
  grad,
  jacfwd,
  jit,
  jvp,
  linearize,
  vjp,
  vmap,
} from "./index.ts";

beforeAll(() => void installReference());

type A = NDArray;
interface Rules {
  readonly fwd: (x: A) => readonly [A, unknown];
  readonly bwd: (residuals: unknown, ct: A) => readonly [A | null];
}
const sine = (rules: Partial<Rules> = {}): ((x: A) => A) =>
  customVjp((x: A): A => np.sin(x), {
    fwd: (x) => [np.sin(x), np.cos(x)],
    bwd: (c, ct) => [ct.mul(c as A)],
    ...rules,
  });
const list = (x: unknown): unknown => (x as A).tolist();

describe("customVjp", () => {
  it("is refused by everything that goes forwards, also in compiled functions", () => {
    const f = sine();
    const forwards: (() => unknown)[] = [
      () => jvp(f, [1], [1]),
      () => jvp(jit(f), [1], [1]),
      () => jit((x: A) => jvp(f, [x], [1]))(1),
      () => vmap((x: A) => jvp(f, [x], [1]))(np.ones([2])),
      () => linearize(f, 1)[1](1),
      () => vmap(linearize(f, 1)[1])(np.ones([2])),
      () => jacfwd(f)(1),
      () => grad((x: A) => jvp(f, [x], [1])[1])(1),
      () =>
        jvp(
          (x: A) => lax.scan((c: A, _: null) => [f(c), null] as const, x, null, { length: 2 })[0],
          [1],
          [1],
        ),
    ];
    for (const run of forwards) expect(reasonOf(run)).toMatch(/^E_CUSTOM_VJP_FWD customVjp\(/);
    expect(linearize(f, 1)[0].item()).toBeCloseTo(Math.sin(1));
    expect(jvp((x: A) => f(lax.stopGradient(x)).add(x), [1], [1])[1].item()).toBe(1);
  });

  it("tells what a rule returns that it shouldn't, with the path and both avals", () => {
    const gradOf = (rules: object): string => reasonOf(() => grad(sine(rules as Partial<Rules>))(1));
    expect(gradOf({ bwd: () => [np.ones([3])] })).toMatch(/^E_SHAPE .*bwd: f32\[3\] at result\[0\].*f32\[\]/);
    expect(gradOf({ bwd: () => [np.ones([], { dtype: "float16" })] })).toMatch(
      /^E_DTYPE .*f16\[\] at result\[0\]/,
    );
    expect(gradOf({ bwd: (_: unknown, ct: A) => ct })).toMatch(/^E_RULE_OUTPUT .*a list of 1.*got an array/);
    expect(gradOf({ bwd: (_: unknown, ct: A) => [ct, ct] })).toMatch(/^E_RULE_OUTPUT .*got a list of 2/);
    expect(gradOf({ bwd: (_: unknown, ct: A) => [{ x: ct }] })).toMatch(/^E_TREE_MISMATCH .*\{x: \*\}/);
    expect(gradOf({ bwd: () => undefined })).toMatch(/^E_RULE_OUTPUT /);
    expect(gradOf({ bwd: () => Promise.resolve([1]) })).toMatch(/^E_TRACE_ASYNC /);
    expect(gradOf({ fwd: (x: A) => x })).toMatch(/^E_RULE_OUTPUT .*fwd returns \[value, residuals\]/);
    expect(gradOf({ fwd: async (x: A) => Promise.resolve([x, x]) })).toMatch(/^E_TRACE_ASYNC /);
    const tree = customVjp((p: { w: A }) => p.w.sum(), {
      fwd: (p) => [p.w.sum(), null],
      bwd: () => [{ w: np.ones([2]) }],
    });
    expect(reasonOf(() => grad(tree)({ w: np.ones([3]) }))).toMatch(/f32\[2\] at result\[0\]\.w.*f32\[3\]/);
  });

  it("compares the forward rule's value with the function's where both have run", () => {
    const gradOf = (fwd: unknown): string => reasonOf(() => grad(jit(sine({ fwd } as Partial<Rules>)))(1));
    expect(gradOf((x: A) => [[x, x], x])).toMatch(/^E_RULE_OUTPUT .*\[\*, \*\].*the function \*/);
    expect(gradOf((x: A) => [np.stack([x, x]), x])).toMatch(/^E_RULE_OUTPUT .*f32\[2\] at value.*f32\[\]/);
  });

  it("takes numbers for cotangents, and null for zero", () => {
    expect(grad(sine({ bwd: () => [7 as never] }))(1).item()).toBe(7);
    expect(grad(sine({ bwd: () => [null] }))(1).item()).toBe(0);
    expect(grad(jit(sine({ bwd: () => [null] })))(1).item()).toBe(0);
  });

  it("keeps anything in residuals, arrays as arrays and the rest as it is", () => {
    const f = customVjp((x: A) => x.mul(2), {
      fwd: (x) => [x.mul(2), { x, by: 3, word: "k", f: np.cos, none: null, list: [x, 1n, true] as const }],
      bwd: ({ x, by, word, f, none, list: [y, one, yes] }, ct) => {
        expect([by, word, none, one, yes]).toEqual([3, "k", null, 1n, true]);
        return [ct.mul(by).mul(f(x)).mul(y)];
      },
    });
    const want = 3 * Math.cos(2) * 2;
    for (const g of [grad(f), jit(grad(f)), grad(jit(f)), (x: number) => vmap(grad(f))(np.array([x])).get(0)])
      expect(g(2).item()).toBeCloseTo(want, 5);
    class Box {
      value = 1;
    }
    const boxed = sine({ fwd: (x) => [x, new Box()] });
    expect(reasonOf(() => grad(boxed)(1))).toMatch(/^E_TREE_LEAF .*residuals/);
  });

  it("leaves to the backward rule what it was handed", () => {
    let seen: A | null = null;
    const f = sine({
      bwd: (c, ct) => {
        seen = ct;
        return [ct.mul(c as A)];
      },
    });
    grad((x: A) => np.exp(f(x)).sum())(np.array([0, 1]));
    expect((seen as unknown as A).tolist()).toHaveLength(2);
  });

  it("gives null for the cotangents of integers and, with symbolicZeros, of what nobody used", () => {
    const seen: unknown[] = [];
    const f = customVjp(
      (x: A, y: A) => ({ a: x.mul(y), b: [x, y] as const }),
      {
        fwd: (x, y) => {
          seen.push([x.perturbed, y.perturbed]);
          return [{ a: x.value.mul(y.value), b: [x.value, y.value] as const }, null];
        },
        bwd: (_, ct) => {
          seen.push((ct as { b: unknown }).b);
          return [1 as never, 2 as never];
        },
      },
      { symbolicZeros: true },
    );
    expect(grad((x: A) => f(x, 3).a)(1).item()).toBe(1);
    expect(seen).toEqual([
      [true, false],
      [null, null],
    ]);
  });

  it("has the values of a forward rule's arguments as they were", () => {
    const f = customVjp(
      (p: { w: A }, x: A) => p.w.mul(x),
      {
        fwd: (...args) => {
          const [p, x] = customVjpPrimalTreeValues(args);
          return [p.w.mul(x), [p.w, x] as const];
        },
        bwd: ([w, x], ct) => [{ w: (ct as A).mul(x) }, (ct as A).mul(w)],
      },
      { symbolicZeros: true },
    );
    const [p, x] = grad(f, { argnums: [0, 1] })({ w: np.array(2) }, 3);
    expect([(p as { w: A }).w.item(), (x as A).item()]).toEqual([3, 2]);
    expect(reasonOf(() => customVjpPrimalTreeValues([1]))).toMatch(/^E_ARGUMENT /);
  });

  it("refuses to close over what is differentiated, compiled or not", () => {
    const closing = (rule: (x: A) => (y: A) => A) => (x: A) => rule(x)(np.array(2));
    const byVjp = closing((x) =>
      customVjp((y: A) => x.mul(y), { fwd: (y) => [x.mul(y), y], bwd: (_, ct) => [ct] }),
    );
    const byJvp = closing((x) =>
      customJvp(
        (y: A) => x.mul(y),
        ([y], [t]) => [x.mul(y), t.mul(x)],
      ),
    );
    for (const f of [byVjp, byJvp]) {
      expect(reasonOf(() => grad(f)(3))).toMatch(/^E_RULE_CLOSURE /);
      expect(reasonOf(() => grad(jit(f))(3))).toMatch(/^E_RULE_CLOSURE /);
    }
    expect(reasonOf(() => jvp(byJvp, [3], [1]))).toMatch(/^E_RULE_CLOSURE /);
  });

  it("may close over what is mapped", () => {
    const by = (c: A) =>
      customVjp((y: A) => c.mul(y), { fwd: (y) => [c.mul(y), c], bwd: (k, ct) => [k.mul(ct).mul(10)] });
    const cs = np.array([0, 1, 2]);
    expect(list(vmap((c: A) => by(c)(2))(cs))).toEqual([0, 2, 4]);
    expect(list(vmap((c: A) => grad(by(c))(2))(cs))).toEqual([0, 10, 20]);
    expect(grad((x: A) => vmap((c: A) => by(c)(x))(cs).sum())(2).item()).toBe(30);
    const late = (c: A) =>
      customVjp((y: A) => c.mul(y), { fwd: (y) => [c.mul(y), null], bwd: (_, ct) => [c.mul(ct)] });
    expect(reasonOf(() => grad((x: A) => vmap((c: A) => late(c)(x))(cs).sum())(2))).toMatch(
      /^E_TRACER_LEAKED /,
    );
  });

  it("leaves unmapped what doesn't depend on mapped values", () => {
    const f = sine();
    const both = vmap((x: A, y: A) => [f(x), y] as const, { inAxes: [null, 0], outAxes: [null, 0] });
    expect(both(1, np.ones([2]))[0].shape).toEqual([]);
  });

  it("takes functions and settings by nondiffArgnums, but nothing traced", () => {
    const f = customVjp(
      (k: A | number, x: A) => x.mul(k),
      { fwd: (k, x) => [x.mul(k), null], bwd: (k, _, ct) => [ct.mul(k)] },
      { nondiffArgnums: [0] },
    );
    expect(grad((x: A) => f(3, x))(1).item()).toBe(3);
    expect(reasonOf(() => grad((x: A) => f(x, x))(1))).toMatch(/^E_RULE_CLOSURE .*argument 0.*traced/);
    expect(reasonOf(() => jit((x: A) => f(x, x))(1))).toMatch(/^E_RULE_CLOSURE /);
    const odd = customVjp(
      (x: A) => x,
      { fwd: (x: A) => [x, null], bwd: (_: null, ct: A) => [ct] } as never,
      {
        nondiffArgnums: [4],
      } as never,
    );
    expect(reasonOf(() => odd(1))).toMatch(/^E_ARGUMENT .*nondiffArgnums names argument 4, and 1 were given/);
  });

  it("refuses by name what isn't implemented or known", () => {
    const rules = { fwd: (x: A) => [x, null] as const, bwd: (_: null, ct: A) => [ct] as const };
    const f = (x: A): A => x;
    expect(reasonOf(() => customVjp(f, rules, { optimizeRemat: true } as never))).toMatch(
      /^E_UNIMPLEMENTED /,
    );
    expect(reasonOf(() => customVjp(f, rules, { symbolicZero: true } as never))).toMatch(
      /^E_UNKNOWN_OPTION /,
    );
    expect(reasonOf(() => customVjp(f, { fwd: rules.fwd } as never))).toMatch(/^E_ARGUMENT .*bwd/);
    expect(reasonOf(() => customVjp(f, undefined as never))).toMatch(/^E_ARGUMENT .*fwd/);
  });
});

describe("customJvp", () => {
  it("compares the rule's value with the function's where both have run", () => {
    const f = customJvp((x: A) => x, (([x]: A[], [t]: A[]) => [
      np.stack([x!, x!]),
      np.stack([t!, t!]),
    ]) as never);
    expect(reasonOf(() => grad(jit((x: A) => f(x).sum()))(1))).toMatch(/^E_RULE_OUTPUT .*f32\[2\] at value/);
  });
  it("gives null with symbolicZeros for what isn't differentiated", () => {
    const seen: unknown[] = [];
    const f = customJvp(
      (x: A, y: { a: A }) => x.mul(y.a),
      ([x, y], [dx, dy]) => {
        seen.push(dx === null, (dy as { a: A | null }).a === null);
        return [x.mul(y.a), dx === null ? null : dx.mul(y.a)];
      },
      { symbolicZeros: true },
    );
    expect(grad((x: A) => f(x, { a: np.array(3) }))(1).item()).toBe(3);
    expect(vmap(grad((x: A) => f(x, { a: np.array(3) })))(np.ones([2])).tolist()).toEqual([3, 3]);
    expect(jvp((a: A) => f(2, { a }), [3], [1])[1].item()).toBe(0);
    expect(seen).toEqual([false, true, false, true, true, false]);
  });
  it("transposes a custom function that a rule applies to a tangent, as its body", () => {
    const double = customJvp(
      (t: A) => t.mul(2),
      ([x], [t]) => [x.mul(2), t.mul(5)],
    );
    const square = customJvp(
      (t: A) => t.mul(t),
      ([x], [t]) => [x.mul(x), t],
    );
    const rule = (g: (t: A) => A) =>
      customJvp(
        (x: A) => x.mul(x),
        ([x], [t]) => [x.mul(x), x.mul(g(t))],
      );
    const byVjp = customVjp((t: A) => t.mul(2), {
      fwd: (t) => [t.mul(2), null],
      bwd: (_, ct) => [ct.mul(7)],
    });
    expect(jvp(rule(byVjp as never), [3], [1])[1].item()).toBe(6);
    expect(reasonOf(() => grad(rule(byVjp as never))(3))).toMatch(/^E_NO_RULE custom_vjp has no transpose/);
    expect(grad(rule(double as never))(3).item()).toBe(6);
    expect(jvp(rule(double as never), [3], [1])[1].item()).toBe(6);
    expect(reasonOf(() => grad(rule(square as never))(3))).toMatch(/^E_RULE_NOT_LINEAR /);
    expect(reasonOf(() => jvp(rule(square as never), [3], [1]))).toMatch(/^E_RULE_NOT_LINEAR /);
  });
});

describe("customGradient", () => {
  it("tells what is missing", () => {
    const gradientOf = (f: unknown): ((x: A) => A) => customGradient(f as never);
    expect(reasonOf(() => grad(gradientOf((x: A) => x))(1))).toMatch(/^E_RULE_OUTPUT .*gradient/);
    expect(reasonOf(() => grad(gradientOf((x: A) => [x, 1]))(1))).toMatch(/^E_ARGUMENT /);
    const wrong = customGradient((x: A) => [x, () => [np.ones([2])]]);
    expect(reasonOf(() => grad(wrong)(1))).toMatch(/^E_SHAPE .*f32\[2\] at result\[0\]/);
  });
  it("differentiates twice, and takes trees", () => {
    const f = customGradient((x: A) => [x.pow(3), (ct: A) => ct.mul(x.pow(2).mul(3))]);
    expect(grad(grad(grad(f)))(2).item()).toBeCloseTo(6);
    const g = customGradient((p: { w: A; b: A }, x: A) => [
      p.w.mul(x).add(p.b),
      (ct: A) => [{ w: ct, b: null }, ct],
    ]);
    expect(grad(g)({ w: np.array(1), b: np.array(2) }, 3)).toMatchObject({ w: {}, b: {} });
  });
});

describe("closureConvert", () => {
  it("gives as arguments what may be differentiated, and nothing else", () => {
    const w = np.array(5);
    const [f, consts] = closureConvert((x: A) => x.mul(w), 1);
    expect([f(2).item(), consts.length]).toEqual([10, 0]);
    let count = 0;
    const g = grad((v: A) => {
      const [h, given] = closureConvert((x: A) => x.mul(v).mul(w), 1);
      count = given.length;
      return h(2, ...given.map((c) => c.mul(3)));
    });
    expect([g(1).item(), count]).toEqual([30, 1]);
    expect(reasonOf(() => f({ x: 1 } as never))).toMatch(/^E_TREE_MISMATCH /);
  });
});

describe("linearCall", () => {
  const identity = (x: A): A =>
    linearCall(
      (_: null, y: A) => y,
      () => np.array(7),
      null,
      x,
    );
  it("is transposed by its rule, and that by the function again", () => {
    const [, pull] = vjp(identity, 1);
    expect(pull(1)[0].item()).toBe(7);
    const over = vmap(grad(identity))(np.array([1, 2, 3]));
    expect(over.tolist()).toEqual([7, 7, 7]);
    const sum = grad((x: A) =>
      vmap((d: A) =>
        linearCall(
          (q: A, y: A) => y.mul(q),
          (q: A, ct: A) => ct.mul(q),
          d,
          x,
        ),
      )(np.array([1, 2, 3])).sum(),
    );
    expect(sum(1).item()).toBe(6);
  });
  it("tells a transpose that doesn't fit, when it is asked for", () => {
    const bad = (x: A): A =>
      linearCall(
        (_: null, y: A) => y,
        (_: null, ct: A) => np.stack([ct, ct]),
        null,
        x,
      );
    expect(bad(np.array(2)).item()).toBe(2);
    expect(reasonOf(() => grad(bad)(1))).toMatch(/^E_SHAPE .*f32\[2\] at result.*f32\[\]/);
    const tree = (x: A): A =>
      linearCall(
        (_: null, y: A) => y,
        (_: null, ct: A) => [ct],
        null,
        x,
      );
    expect(reasonOf(() => grad(tree)(1))).toMatch(/^E_TREE_MISMATCH /);
  });
});

describe("customVmap and sequentialVmap", () => {
  const ten = customVmap(
    (x: A) => np.sin(x),
    (_n, [b], xs) => [xs.mul(10), b],
  );
  it("refuse reverse mode and say what gives it", () => {
    for (const f of [ten, sequentialVmap((x: A) => np.sin(x))])
      expect(reasonOf(() => grad(f)(1))).toMatch(/^E_NO_RULE .*(\n.*)*customVjp/);
  });
  it("refuse to close over what is mapped", () => {
    const f = vmap((c: A) =>
      customVmap(
        (x: A) => x.mul(c),
        (_n, _b, x) => [x, true],
      )(c),
    );
    expect(reasonOf(() => f(np.ones([2])))).toMatch(/^E_RULE_CLOSURE /);
  });
  it("tell results that don't fit the function's", () => {
    const run = (rule: unknown): string =>
      reasonOf(() => vmap(customVmap((x: A) => x, rule as never))(np.ones([2])));
    expect(run((_n: number, _b: unknown, x: A) => x)).toMatch(/^E_RULE_OUTPUT .*outBatched/);
    expect(run((_n: number, _b: unknown, x: A) => [x, [true]])).toMatch(/^E_RULE_OUTPUT .*\[\*\]/);
    expect(run((_n: number, _b: unknown, x: A) => [x, x])).toMatch(
      /^E_RULE_OUTPUT .*a boolean for each leaf/,
    );
    expect(run((_n: number, _b: unknown, x: A) => [{ x }, { x: true }])).toMatch(
      /^E_RULE_OUTPUT .*\{x: \*\}/,
    );
  });
});

describe("lax.customLinearSolve and lax.customRoot", () => {
  const b = np.array;
  it("tell functions whose results aren't like what they solve for", () => {
    const solve = (matvec: unknown, solver: unknown, options = {}): string =>
      reasonOf(() => lax.customLinearSolve(matvec as never, b([1, 2]), solver as never, options));
    const same = (_: unknown, y: A): A => y;
    expect(solve((x: A) => x.sum(), same)).toMatch(/^E_SHAPE .*matvec returns f32\[\].*f32\[2\]/);
    expect(solve((x: A) => ({ x }), same)).toMatch(/^E_TREE_MISMATCH .*matvec.*\{x: \*\}/);
    expect(
      solve(
        (x: A) => x,
        () => b(1),
      ),
    ).toMatch(/^E_SHAPE .*solve returns ~?f32\[\]/);
    expect(solve((x: A) => x, same, { hasAux: true })).toMatch(/^E_RULE_OUTPUT .*\[solution, aux\]/);
    expect(solve((x: A) => x.mul(x), same, { transposeSolve: same })).toMatch(/^E_RULE_NOT_LINEAR /);
    const g = reasonOf(() =>
      grad((v: A) =>
        lax
          .customLinearSolve(
            (x) => x,
            v,
            (_, y) => y,
          )
          .sum(),
      )(b([1, 2])),
    );
    expect(g).toMatch(/^E_NO_RULE .*transposeSolve/);
  });
  it("keep a solver that isn't linear op by op apart from the derivative", () => {
    const loop = (g: (t: A) => A, y: A): A =>
      lax.whileLoop(
        (z: A) => np.abs(g(z).sub(y)).gt(1e-6),
        (z: A) => z.sub(g(z).sub(y).mul(0.2)),
        y,
      );
    const root = (a: A): A =>
      lax.customRoot(
        (x) => x.mul(x).sub(a),
        b(1),
        () => lax.stopGradient(np.sqrt(a)),
        loop,
      );
    expect(jvp(root, [2], [1])[1].item()).toBeCloseTo(1 / (2 * Math.SQRT2), 4);
    expect(reasonOf(() => grad(root)(2))).toMatch(/^E_REVERSE_WHILE /);
  });
});

describe("fwdAndBwd", () => {
  it("compiles once for many calls, with residuals that are a tree", () => {
    let traces = 0;
    const [fwd, bwd] = fwdAndBwd(
      (x: A, p: { w: A; n: A }) => {
        traces++;
        return [np.sin(x.mul(p.w)), p.n] as const;
      },
      [0, 1],
      { hasAux: true },
    );
    for (const k of [1, 2, 3]) {
      const [y, residuals, aux] = fwd(k, { w: np.array(2), n: np.array(5n) });
      const [dx, dp] = bwd(residuals, 1);
      expect(y.item()).toBeCloseTo(Math.sin(2 * k), 5);
      expect(aux.item()).toBe(5);
      expect(dx.item()).toBeCloseTo(2 * Math.cos(2 * k), 5);
      expect(dp.w.item()).toBeCloseTo(k * Math.cos(2 * k), 5);
      expect(dp.n).toBeNull();
    }
    expect(traces).toBe(1);
  });
  it("takes one argument by its number, and runs uncompiled", () => {
    const [fwd, bwd] = fwdAndBwd((x: A, w: A) => x.mul(w), 1, { jitted: false });
    expect(bwd(fwd(3, 4)[1], 1).item()).toBe(3);
  });
});

it("zeroFromPrimal gives zeros, or null for integers and for all with symbolicZeros", () => {
  const zeros = zeroFromPrimal({ a: np.ones([2]), n: np.array(3n) }) as { a: A; n: null };
  expect([zeros.a.tolist(), zeros.n]).toEqual([[0, 0], null]);
  expect(zeroFromPrimal([np.ones([2])], { symbolicZeros: true })).toEqual([null]);
});
