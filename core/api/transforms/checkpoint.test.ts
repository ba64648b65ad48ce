// checkpoint: the same bits in every transformation, and what its policies keep, as many values as JAX keeps.
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { installReference } from "../testing/root.ts";
import * as lax from "../lax/index.ts";
import * as np from "../numpy/index.ts";
import * as random from "../random/index.ts";
import {
  checkpoint,
  checkpointName,
  checkpointPolicies as policies,
  grad,
  jit,
  jvp,
  linearize,
  printSavedResiduals,
  remat,
  savedResiduals,
  valueAndGrad,
  vjp,
  vmap,
  type CheckpointPolicy,
} from "./index.ts";

beforeAll(() => {
  installReference();
});

type A = NDArray;
type F = (x: A, w: A) => A;

const POLICIES: Readonly<Record<string, CheckpointPolicy | undefined>> = {
  none: undefined,
  everything: policies.everythingSaveable,
  nothing: policies.nothingSaveable,
  dots: policies.dotsSaveable,
  plainDots: policies.dotsWithNoBatchDimsSaveable,
  names: policies.saveOnlyTheseNames("a"),
  otherNames: policies.saveAnyNamesButThese("a"),
  allButNames: policies.saveAnythingExceptTheseNames("a"),
  both: policies.saveFromBothPolicies(policies.dotsSaveable, policies.saveOnlyTheseNames("b")),
  offloaded: policies.offloadDotWithNoBatchDims("device", "pinned_host"),
  mixed: policies.saveAndOffloadOnlyTheseNames({
    namesWhichCanBeSaved: ["a"],
    namesWhichCanBeOffloaded: ["b"],
    offloadSrc: "device",
    offloadDst: "pinned_host",
  }),
  sines: (prim) => (prim.name === "sin" ? "save" : "recompute"),
};
const policyNames = Object.keys(POLICIES);
const withPolicy = (f: F, policy: string): F => checkpoint(f, { policy: POLICIES[policy] });

/** Steps of random functions of x f32[4] and w f32[4,4]. */
const STEPS: readonly ((k: number) => F)[] = [
  () => (x) => np.sin(x),
  () => (x) => np.tanh(x),
  () => (x) => np.exp(x.mul(-0.3)),
  (k) => (x) => x.mul(x).add(0.1 * k),
  () => (x, w) => np.tanh(w.matmul(x)),
  (k) => (x) => checkpointName(np.cos(x), k % 2 === 0 ? "a" : "b"),
  (k) => (x) => x.mul(random.uniform(random.key(k), [4])),
  (k) => (x, w) =>
    lax
      .scan(
        (h: A, t: A): [A, A] => {
          const y = np.tanh(
            w
              .matmul(h)
              .add(np.sin(w.get(0)))
              .mul(t),
          );
          return [y, np.sin(h).mul(t)];
        },
        x,
        np.arange(1, 3 + (k % 2), 1, { dtype: "float32" }),
      )[1]
      .sum({ axis: 0 }),
  (k) => (x, w) =>
    lax.scan((h: A, row: A): [A, null] => [np.sin(h).mul(np.cos(row)), null], x, w, {
      reverse: k % 2 === 0,
    })[0],
  () => (x, w) =>
    lax.cond(
      x.get(0).gt(0.2),
      (v: A, m: A) => np.sin(np.tanh(m.matmul(v))),
      (v: A) => np.exp(np.sin(v)),
      x,
      w,
    ),
  () => (x) => jit((v: A) => np.sin(v).mul(np.tanh(v)))(x),
  () => (x, w) => checkpoint((v: A, m: A) => np.sin(np.sin(m.matmul(v))))(x, w),
  () => (x) => lax.optimizationBarrier(np.sin(x)),
  (k) => (x, w) => {
    const body = withPolicy((h, m) => np.sin(np.tanh(m.matmul(h))), k % 2 === 0 ? "dots" : "nothing");
    return lax.scan((h: A, row: A): [A, A] => [body(h, w), np.cos(h).mul(row)], x, w)[1].sum({ axis: 0 });
  },
  () => (x, w) =>
    lax.cond(
      x.sum().lt(0),
      (v: A, m: A) => checkpoint((u: A) => np.sin(np.sin(m.matmul(u))))(v),
      (v: A, m: A) => lax.scan((c: A, r: A): [A, null] => [np.sin(c).add(r), null], v, m)[0],
      x,
      w,
    ),
  () => (x) => vmap((v: A) => np.sin(v).mul(v))(x),
];
interface Step {
  readonly op: number;
  readonly k: number;
}
const step = fc.record({ op: fc.nat(STEPS.length - 1), k: fc.nat(3) });
const composed = (steps: readonly Step[]): F => {
  const fs = steps.map(({ op, k }) => (STEPS[op] as (k: number) => F)(k));
  return (x, w) => fs.reduce((y, f) => f(y, w), x);
};
const scalar =
  (f: F): F =>
  (x, w) =>
    f(x, w).sum();
/** One text for the same bits: −0 and NaN count. */
const bits = (x: unknown): string =>
  Array.isArray(x)
    ? `[${x.map(bits).join()}]`
    : JSON.stringify((x as A).tolist(), (_k, v: unknown) =>
        Object.is(v, -0) ? "-0" : typeof v === "number" ? String(v) : v,
      );

const X = [0.3, -1.2, 0.7, 2.1];
const W = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => Math.sin(1.7 * i - 0.9 * j)));
const both = { argnums: [0, 1] } as const;

/** What transformations of a function give. */
const VIEWS: Readonly<Record<string, (f: F, x: A, w: A) => unknown>> = {
  value: (f, x, w) => f(x, w),
  jit: (f, x, w) => jit(f)(x, w),
  grad: (f, x, w) => grad(scalar(f), both)(x, w),
  jitOfGrad: (f, x, w) => jit(grad(scalar(f), both))(x, w),
  valueAndGrad: (f, x, w) => valueAndGrad(scalar(f), both)(x, w),
  vmapOfGrad: (f, x, w) => vmap(grad(scalar(f), both), { inAxes: [0, null] })(np.stack([x, x.mul(0.5)]), w),
  gradOfVmap: (f, x, w) =>
    grad((m: A) => vmap(scalar(f), { inAxes: [0, null] })(np.stack([x, x.neg()]), m).sum())(w),
  jvp: (f, x, w) => jvp(f, [x, w], [np.cos(x), np.sin(w)]),
  linearize: (f, x, w) => linearize((v: A) => f(v, w), x)[1](np.ones([4])),
  jvpOfGrad: (f, x, w) => jvp((v: A) => grad(scalar(f))(v, w), [x], [np.sin(x)])[1],
  vjpTwice: (f, x, w) => {
    const pull = vjp((v: A) => f(v, w), x)[1];
    return [pull(np.ones([4]))[0], pull(np.sin(x))[0]];
  },
};

describe("checkpoint", () => {
  it.each(Object.keys(VIEWS))("changes no bit of %s, whatever the function and the policy", (view) => {
    const of = VIEWS[view] as (f: F, x: A, w: A) => unknown;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...policyNames),
        (steps, policy) => {
          const f = composed(steps);
          const [x, w] = [np.array(X), np.array(W)];
          expect(bits(of(withPolicy(f, policy), x, w))).toBe(bits(of(f, x, w)));
        },
      ),
      { numRuns: 40, seed: 12 },
    );
  });

  it("has the same second derivatives", () => {
    const second = (f: F, x: A, w: A): A[] =>
      grad((v: A, m: A) => {
        const [gv, gm] = grad(scalar(f), both)(v, m);
        return gv.mul(gv).sum().add(gm.mul(gm).sum());
      }, both)(x, w);
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...policyNames),
        (steps, policy) => {
          const [x, w] = [np.array(X), np.array(W)];
          const got = second(withPolicy(composed(steps), policy), x, w);
          // Sums of cotangents may be grouped otherwise: the last bits differ.
          second(composed(steps), x, w).forEach((want, i) =>
            expect(np.allclose(got[i] as A, want, { rtol: 1e-4, atol: 1e-5 }).item()).toBe(1),
          );
        },
      ),
      { numRuns: 30, seed: 3 },
    );
  });

  it("captures values of outer transformations, and arrays", () => {
    const c = np.array([2, 3]);
    const f = (a: A): A => grad((x: A) => checkpoint((v: A) => np.sin(v).mul(a).mul(c).sum())(x))(c).sum();
    const g = (a: A): A => grad((x: A) => np.sin(x).mul(a).mul(c).sum())(c).sum();
    const a = np.array(0.7);
    expect(bits([grad(f)(a), jit(grad(f))(a)])).toBe(bits([grad(g)(a), jit(grad(g))(a)]));
  });

  it("traces a function once for equal signatures", () => {
    let traces = 0;
    const f = checkpoint(
      (x: A, n: number) => {
        traces++;
        return n > 1 ? np.sin(x) : np.cos(x);
      },
      { staticArgnums: 1 },
    );
    const x = np.ones([2]);
    for (let i = 0; i < 3; i++) f(x, 2);
    f(x, 1);
    expect([traces, bits(f(x, 1))]).toEqual([2, bits(np.cos(x))]);
    expect(() => f(np.ones([3]), x as never)).toThrow(/E_STATIC_ARG|static and an array/);
  });

  it("draws the same random numbers again", () => {
    const f = (x: A): A => np.tanh(x.mul(random.normal(random.key(4), [8]))).sum();
    const x = np.linspace(-1, 1, 8);
    expect(bits(grad(checkpoint(f))(x))).toBe(bits(grad(f)(x)));
    const keyed = (x: A, key: Parameters<typeof random.normal>[0]): A =>
      np.sin(x.mul(random.normal(key, [8]))).sum();
    const key = random.key(9);
    expect(bits(grad(checkpoint(keyed))(x, key))).toBe(bits(grad(keyed)(x, key)));
  });

  it("takes trees, numbers, and flags for its arguments", () => {
    const f = (p: { a: A; b: A[] }, k: number | A): { out: A } => ({
      out: np
        .sin(p.a)
        .mul(p.b[0] as A)
        .mul(k),
    });
    const p = { a: np.ones([2]), b: [np.arange(2, null, null, { dtype: "float32" })] };
    const g = checkpoint(f, { preventCse: [true, false] });
    expect(bits(g(p, 2).out)).toBe(bits(f(p, 2).out));
    expect(() => checkpoint(f, { preventCse: [true] })(p, 2)).toThrow(/1 entries for 2 arguments/);
    expect(remat).toBe(checkpoint);
  });

  it("refuses what it doesn't take", () => {
    const f = (x: A): A => x;
    expect(() => checkpoint(f, { concrete: true } as never)).toThrow(/concrete/);
    expect(() => checkpoint(f, { polcy: f } as never)).toThrow(/did you mean|no option "polcy"/);
    expect(() => checkpoint(f, { policy: "dots" } as never)).toThrow(/policy is string dots/);
    expect(() => checkpoint(f, { staticArgnums: 3 })(np.ones([1]))).toThrow(
      /names argument 3, and 1 were given/,
    );
    expect(() => checkpoint(3 as never)).toThrow(/expected a function/);
    expect(() => checkpointName(np.ones([1]), 3 as never)).toThrow(/expected a text/);
    expect(() => policies.saveOnlyTheseNames(["a"] as never)).toThrow(/names that checkpointName gives/);
    expect(() =>
      policies.saveAndOffloadOnlyTheseNames({
        namesWhichCanBeSaved: ["a"],
        namesWhichCanBeOffloaded: ["a"],
        offloadSrc: "device",
        offloadDst: "pinned_host",
      }),
    ).toThrow(/both saved and offloaded/);
    const silent = (): never => undefined as never;
    expect(() => grad(checkpoint((x: A) => np.sin(x).sum(), { policy: silent }))(np.ones([1]))).toThrow(
      /the policy said undefined of (cos|sin|mul)/,
    );
    const odd = policies.saveFromBothPolicies(() => "save", policies.dotsSaveable);
    expect(() => grad(checkpoint((x: A) => np.sin(x).sum(), { policy: odd }))(np.ones([1]))).toThrow(
      /true or false/,
    );
  });
});

const block = (w: A, h: A): A => np.tanh(np.sin(h.matmul(w)).matmul(w));
const kept = checkpoint(block);
/** Functions of w f32[4,4] and x f32[2,4]. */
const PROGRAMS: Readonly<Record<string, (w: A, x: A) => A>> = {
  mlp: (w, x) => ["a", "b", "c"].reduce((h, n) => checkpointName(np.tanh(h.matmul(w)), n), x).sum(),
  batched: (w, x) =>
    np.einsum("bij,bjk->bik", np.sin(x.reshape([2, 2, 2])), np.cos(w.reshape([4, 2, 2]).get(":2"))).sum(),
  loop: (w, x) => {
    const body = (h: A): [A, A] => {
      const y = np.tanh(np.sin(h).matmul(w));
      return [y, np.sin(y).sum()];
    };
    return lax.scan(body, x, null, { length: 5 })[1].sum();
  },
  loopNames: (w, x) => {
    const body = (h: A): [A, null] => [np.sin(checkpointName(np.tanh(h.matmul(w)), "a")), null];
    return lax.scan(body, x, null, { length: 5 })[0].sum();
  },
  branches: (w, x) =>
    lax.cond(
      x.get(0, 0).gt(0),
      (m: A, v: A) => np.sin(np.tanh(v.matmul(m))).sum(),
      (_m: A, v: A) => np.exp(v).sum(),
      w,
      x,
    ),
  jitted: (w, x) => jit((m: A, v: A) => np.sin(np.sin(v.matmul(m))))(w, x).sum(),
  nested: (w, x) => np.sin(checkpoint((m: A, v: A) => np.sin(np.sin(v.matmul(m))))(w, x)).sum(),
  closed: (w, x) => {
    const c = np.sin(w);
    return checkpoint((v: A) => np.sin(v.matmul(c)))(x).sum();
  },
  blocks: (w, x) => kept(w, kept(w, kept(w, x))).sum(),
  scanBlocks: (w, x) => lax.scan((h: A): [A, null] => [kept(w, h), null], x, null, { length: 5 })[0].sum(),
};
const COLUMNS = [
  "none",
  "everything",
  "nothing",
  "dots",
  "plainDots",
  "names",
  "otherNames",
  "both",
  "sines",
];
/** What JAX 0.10.2 keeps, values/bytes: jax.ad_checkpoint.saved_residuals. */
const JAX: Readonly<Record<keyof typeof PROGRAMS, readonly string[]>> = {
  mlp: ["10/352", "10/352", "2/96", "5/192", "5/192", "3/128", "3/128", "6/224", "2/96"],
  batched: ["4/128", "4/128", "2/96", "2/96", "2/96", "2/96", "2/96", "2/96", "4/160"],
  loop: ["6/864", "6/864", "2/96", "3/256", "3/256", "2/96", "2/96", "3/256", "3/256"],
  loopNames: ["5/704", "6/736", "2/96", "3/256", "3/256", "3/256", "2/96", "3/256", "3/256"],
  branches: ["6/196", "6/196", "2/96", "3/128", "3/128", "2/96", "2/96", "3/128", "2/96"],
  jitted: ["4/160", "4/160", "2/96", "3/128", "3/128", "2/96", "2/96", "3/128", "3/128"],
  nested: ["3/128", "5/192", "2/96", "3/128", "3/128", "2/96", "2/96", "3/128", "4/160"],
  closed: ["3/160", "4/192", "2/96", "3/128", "3/128", "2/96", "2/96", "3/128", "3/160"],
  blocks: ["4/160", "16/544", "2/96", "8/288", "8/288", "2/96", "2/96", "8/288", "5/192"],
  scanBlocks: ["2/224", "7/896", "2/96", "4/416", "4/416", "2/96", "2/96", "4/416", "3/256"],
};
/** Where JAX keeps an argument that nothing needs, this has less. */
const LESS: Readonly<Record<string, string>> = {
  "loopNames everything": "5/704",
  "blocks everything": "14/480",
  "scanBlocks everything": "6/864",
};

describe("savedResiduals", () => {
  const rowOf = (name: string, policy: string): string => {
    const f = PROGRAMS[name] as (w: A, x: A) => A;
    const of = policy === "none" ? f : checkpoint(f, { policy: POLICIES[policy] });
    const rows = savedResiduals(of, np.ones([4, 4]), np.ones([2, 4]));
    return `${rows.length}/${rows.reduce((n, r) => n + r.aval.nbytes, 0)}`;
  };
  it.each(Object.keys(PROGRAMS))("of %s are JAX's, by policy", (name) => {
    const want = (JAX[name] as readonly string[]).map((n, i) => LESS[`${name} ${COLUMNS[i]}`] ?? n);
    expect(COLUMNS.map((policy) => rowOf(name, policy))).toEqual(want);
  });

  it("are named by where they come from, and printed", () => {
    const scale = np.array([1, 2]);
    const f = (x: A): A => np.sin(checkpointName(np.sin(x.mul(scale)), "y")).sum();
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    printSavedResiduals(checkpoint(f, { policy: policies.saveOnlyTheseNames("y") }), np.ones([2]));
    log.mockRestore();
    expect(lines).toEqual(["f32[2] from a constant", "f32[2] from the argument x", "f32[2] named 'y'"]);
  });

  it("of a scan of checkpointed blocks don't grow with its length but by the carry", () => {
    const bytes = (length: number): number => {
      const f = (w: A, x: A): A =>
        lax.scan((h: A): [A, null] => [kept(w, h), null], x, null, { length })[0].sum();
      return savedResiduals(f, np.ones([4, 4]), np.ones([2, 4])).reduce((n, r) => n + r.aval.nbytes, 0);
    };
    expect([bytes(5), bytes(10)]).toEqual([64 + 5 * 32, 64 + 10 * 32]);
  });

  it("of a scanned matrix product with constant weights don't grow with its length", () => {
    const bytes = (length: number): number => {
      const f = (x: A): A => {
        const w = np.ones([4, 4]);
        return lax.scan((h: A): [A, null] => [h.matmul(w), null], x, null, { length })[0].sum();
      };
      return savedResiduals(f, np.ones([2, 4])).reduce((n, r) => n + r.aval.nbytes, 0);
    };
    expect([bytes(5), bytes(50)]).toEqual([64, 64]);
  });
});
