// Traps that loops, branches and indexing set for derivatives and batches, each with its property.
import * as fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { type Jaxpr, type JaxprEqn } from "../../ir/jaxpr.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import * as np from "../numpy/index.ts";
import { installReference } from "../testing/root.ts";
import { grad, jit, jvp, makeJaxpr, vjp, vmap } from "../transforms/index.ts";
import * as lax from "./index.ts";

beforeAll(() => void installReference());

const near = (got: unknown, want: unknown, tolerance = 1e-4): void => {
  const [a, b] = [[got].flat(9) as number[], [want].flat(9) as number[]];
  expect(a).toHaveLength(b.length);
  a.forEach((v, i) => {
    const w = b[i] as number;
    if (!(Object.is(v, w) || v === w || Math.abs(v - w) <= tolerance * Math.max(1, Math.abs(w))))
      expect.fail(`element ${i} is ${v}, expected ${w}`);
  });
};
const eighths = fc.integer({ min: -8, max: 8 }).map((n) => n / 8);
const scansIn = (jaxpr: Jaxpr): JaxprEqn[] =>
  jaxpr.eqns.flatMap((e) => [
    ...(e.primitive.name === "scan" ? [e] : []),
    ...Object.values(e.params).flatMap((p) =>
      typeof p === "object" && p !== null && "eqns" in p ? scansIn(p as Jaxpr) : [],
    ),
  ]);

// --- bodies of several carries -----------------------------------------------------------------------------------------

type Carries = readonly NDArray[];
type Cell = (c: Carries, i: number, j: number, x: NDArray, w: NDArray) => NDArray;
const CELLS: readonly Cell[] = [
  (c, i) => c[i] as NDArray,
  (c, i, j, x, w) =>
    np.tanh(
      (c[i] as NDArray)
        .mul(w)
        .add(x)
        .sub(c[j] as NDArray),
    ),
  (c, i, _j, x, w) =>
    np
      .sin(c[i] as NDArray)
      .mul(np.cos(w))
      .add(np.exp(w).mul(x)),
  (c, i, j) =>
    lax
      .stopGradient(c[i] as NDArray)
      .mul(0.5)
      .add(c[j] as NDArray),
  (c, i) => lax.stopGradient(np.sin(c[i] as NDArray)),
  (_c, _i, _j, x) => x,
  (c, i, j, x) => np.where(x.gt(0), c[i] as NDArray, (c[j] as NDArray).mul(x)),
  (c) => np.zerosLike(c[0] as NDArray).add(0.25),
];
const anyCells = fc.array(fc.tuple(fc.nat(CELLS.length - 1), fc.nat(3), fc.nat(3)), {
  minLength: 4,
  maxLength: 4,
});
type Cells = readonly (readonly [number, number, number])[];
const next = (cells: Cells, c: Carries, x: NDArray, w: NDArray): NDArray[] =>
  cells.map(([k, i, j]) => (CELLS[k] as Cell)(c, i, j, x, w));

it("6: carries that have no tangent, in any subset: vjp of a scan = of the unrolled loop", () => {
  fc.assert(
    fc.property(
      anyCells,
      fc.subarray([0, 1, 2, 3]),
      fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      fc.array(eighths, { minLength: 1, maxLength: 4 }),
      eighths,
      (cells, stopped, wanted, xs, w0) => {
        const inits = [0.5, -0.25, 0.75, 1].map((v) => np.array(v));
        const run =
          (loop: (c: Carries, xs: NDArray, w: NDArray) => Carries) =>
          (c: NDArray[], xs: NDArray, w: NDArray): NDArray[] => {
            const init = c.map((v, i) => (stopped.includes(i) ? lax.stopGradient(v) : v));
            const out = loop(init, xs, w);
            return wanted.map((i) => out[i] as NDArray);
          };
        const scanned = run(
          (c, xs, w) => lax.scan((c: Carries, x: NDArray) => [next(cells, c, x, w), null] as const, c, xs)[0],
        );
        const unrolled = run((c, v, w) => xs.reduce((c: Carries, _x, k) => next(cells, c, v.get(k), w), c));
        const cts = wanted.map((_, i) => np.array(1 + i / 2));
        const pull = (f: typeof scanned): unknown => {
          const [, back] = vjp(f, inits, np.array(xs), np.array(w0));
          const [c, x, w] = back(cts);
          return [...c, x, w].map(listOf);
        };
        near(pull(scanned), pull(unrolled));
      },
    ),
    { numRuns: 60, seed: 6 },
  );
});

// --- residuals ---------------------------------------------------------------------------------------------------------

/** Inputs and intermediate values of a loop body that change from step to step. */
function varying(eqn: JaxprEqn): Set<unknown> {
  const jaxpr = eqn.params["jaxpr"] as Jaxpr;
  const found = new Set<unknown>(jaxpr.inVars.slice(eqn.params["numConsts"] as number));
  for (const e of jaxpr.eqns) if (e.inputs.some((x) => found.has(x))) for (const v of e.outVars) found.add(v);
  return found;
}

it("7: only what varies is stacked, and no input again, in the derivative of any scan", () => {
  fc.assert(
    fc.property(anyCells, fc.integer({ min: 2, max: 5 }), (cells, n) => {
      const f = (w: NDArray, xs: NDArray): NDArray => {
        const init = [0.5, -0.25, 0.75, 1].map((v) => np.array(v));
        const [c] = lax.scan(
          (c: Carries, x: NDArray) => [next(cells, c, x, w), null] as const,
          init as Carries,
          xs,
        );
        return c.reduce((a, b) => a.add(b));
      };
      const { jaxpr } = makeJaxpr(grad(f, { argnums: [0, 1] }))(np.array(0.5), np.ones([n]));
      for (const eqn of scansIn(jaxpr)) {
        const body = eqn.params["jaxpr"] as Jaxpr;
        const numCarry = eqn.params["numCarry"] as number;
        // Forward loops stack residuals; the backward one stacks cotangents of xs, which may be zeros.
        if (eqn.params["reverse"] === true) continue;
        const changes = varying(eqn);
        const xs = new Set<unknown>(body.inVars.slice((eqn.params["numConsts"] as number) + numCarry));
        for (const y of body.outs.slice(numCarry)) {
          expect(changes.has(y), "a stacked residual doesn't vary").toBe(true);
          expect(xs.has(y), "an input is stacked again").toBe(false);
        }
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

it("7: the residuals of a scanned matmul grow by what varies alone, never by the weights", () => {
  const rows = 16;
  const residuals = (n: number): { stacked: number; others: number } => {
    const f = (w: NDArray, xs: NDArray): NDArray =>
      lax
        .scan(
          (h: NDArray, x: NDArray) => [np.tanh(w.matmul(h).add(x)), null] as const,
          np.zeros([rows]),
          xs,
        )[0]
        .sum();
    const { jaxpr } = makeJaxpr((w: NDArray, xs: NDArray) => vjp(f, w, xs)[1](1))(
      np.ones([rows, rows]),
      np.ones([n, rows]),
    );
    const [forward] = scansIn(jaxpr) as [JaxprEqn];
    const bytes = forward.outVars.map((v) => v.aval);
    const sum = (own: boolean): number =>
      bytes.filter((a) => a.ndim > 1 === own).reduce((s, a) => s + a.nbytes, 0);
    return { stacked: sum(true), others: sum(false) };
  };
  // Per step the state h, tanh and 1 − tanh, 16 floats each; the 1,024 bytes of weights are there once, outside.
  const perStep = 3 * rows * 4;
  for (const n of [8, 64, 512]) expect(residuals(n).stacked).toBe(n * perStep);
});

// --- fixpoints ---------------------------------------------------------------------------------------------------------

it("8: exactly the carries that a tangent reaches have one, in scans and whiles", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
      fc.subarray([0, 1, 2, 3]),
      fc.boolean(),
      (order, moved, asWhile) => {
        const turn = (c: Carries): NDArray[] => order.map((i) => np.sin(c[i] as NDArray));
        const loop = (...c: NDArray[]): NDArray[] =>
          asWhile
            ? [
                ...lax.whileLoop(
                  ([k]) => (k as NDArray).lt(3n),
                  ([k, ...c]) => [(k as NDArray).add(1n), ...turn(c)],
                  [np.array(0n), ...c],
                ),
              ].slice(1)
            : lax.scan((c: NDArray[]) => [turn(c), null] as const, c, null, { length: 3 })[0];
        const reached = new Set(moved);
        for (let k = 0; k < 4; k++) order.forEach((from, to) => reached.has(from) && reached.add(to));
        const args = [0.5, -0.25, 0.75, 1].map((v) => np.array(v));
        const tangent = (i: number): NDArray | null => (moved.includes(i) ? np.array(1) : null);
        const { jaxpr } = makeJaxpr(
          (...c: NDArray[]) => jvp(loop, c, c.map((_, i) => tangent(i)) as NDArray[])[0],
        )(...args);
        const traced = makeJaxpr((...c: NDArray[]) => jvp(loop, c, c.map((_, i) => tangent(i)) as NDArray[]))(
          ...args,
        );
        expect(jaxpr.outs).toHaveLength(4);
        const eqn = traced.jaxpr.eqns.find((e) => ["scan", "while"].includes(e.primitive.name)) as JaxprEqn;
        expect(eqn.outVars).toHaveLength(4 + (asWhile ? 1 : 0) + reached.size);
      },
    ),
    { numRuns: 60, seed: 8 },
  );
});

// --- branches ----------------------------------------------------------------------------------------------------------

const POLES: readonly ((x: NDArray) => NDArray)[] = [
  (x) => np.sqrt(x),
  (x) => np.log(x),
  (x) => np.divide(1, x),
  (x) => x.mul(2),
  (x) => np.arccos(x),
  (x) => np.exp(x.mul(x)),
  (x) => np.power(np.abs(x), 0.25),
];

it("9: a branch that isn't taken puts no NaN into a gradient: batched = one by one, at poles", () => {
  const pole = fc.nat(POLES.length - 1).map((k) => POLES[k] as (x: NDArray) => NDArray);
  fc.assert(
    fc.property(
      fc.array(pole, { minLength: 2, maxLength: 4 }),
      pole,
      fc.array(fc.constantFrom(-1, -0.5, 0, 0.25, 1, 4), { minLength: 2, maxLength: 5 }),
      fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 5, maxLength: 5 }),
      (branches, inner, points, indices) => {
        const f = (x: NDArray, i: NDArray): NDArray => {
          const y = lax.switch<[NDArray], NDArray>(i, branches, x);
          return lax.cond(
            x.gt(0),
            (v: NDArray) => inner(v).add(y),
            (v: NDArray) => v.mul(3).sub(y),
            x,
          );
        };
        const xs = np.array(points);
        const at = np.array(indices.slice(0, points.length), { dtype: "int32" });
        const each = points.map((_, k) => listOf(grad(f)(xs.get(k), at.get(k))));
        near(listOf(vmap(grad(f))(xs, at)), each, 1e-5);
        near(listOf(jit(vmap(grad(f)))(xs, at)), each, 1e-5);
        const total = (v: NDArray): NDArray => vmap(f)(v, at).sum();
        near(listOf(grad(total)(xs)), each, 1e-5);
      },
    ),
    { numRuns: 60, seed: 9 },
  );
});

// --- indexing ----------------------------------------------------------------------------------------------------------

const READS: readonly ((x: NDArray, i: number) => NDArray)[] = [
  (x, i) => x.get(i),
  (x, i) => x.get(`${i}:${i + 1}`).sum(),
  (x, i) => lax.dynamicSlice(x, [np.array(i, { dtype: "int32" })], [1]).sum(),
  (x, i) => x.get(np.array([i], { dtype: "int32" })).sum(),
  (x, i) => lax.sliceInDim(x, i, i + 1).sum(),
];

it("11: the gradient of n reads of elements costs flops and bytes in proportion to n", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(READS.length - 1), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (kinds, inLoop) => {
        const loss =
          (n: number) =>
          (x: NDArray): NDArray =>
            inLoop
              ? lax.foriLoop(0, n, (i, s: NDArray) => s.add(np.sin(x.get(i))), np.array(0))
              : Array.from({ length: n }, (_, i) => i).reduce(
                  (s, i) =>
                    s.add(np.sin((READS[kinds[i % kinds.length] as number] as (typeof READS)[number])(x, i))),
                  np.array(0),
                );
        const cost = (n: number): number[] => {
          const lowered = jit((x: NDArray) => grad(loss(n))(x)).lower({ shape: [n], dtype: "float32" });
          const { flops, bytes } = lowered.costAnalysis();
          return [flops, bytes];
        };
        const [a, b, c] = [12, 24, 48].map(cost) as [number[], number[], number[]];
        // The second doubling adds twice what the first one did, not four times.
        a.forEach((v, k) => {
          const [w, u] = [b[k] as number, c[k] as number];
          expect(u - w).toBeLessThanOrEqual(2.05 * (w - v) + 64);
        });
      },
    ),
    { numRuns: 12, seed: 11 },
  );
});

it("compiles one body once, whatever the number of steps and transformations", () => {
  let traces = 0;
  const step = (c: NDArray, x: NDArray): readonly [NDArray, NDArray] => {
    traces++;
    return [np.tanh(c.add(x)), c];
  };
  const f = (xs: NDArray): NDArray => lax.scan(step, np.array(0.5), xs)[1].sum();
  const traced = (run: () => unknown): number => {
    traces = 0;
    run();
    return traces;
  };
  const xs = np.ones([100]);
  for (const run of [
    () => f(xs),
    () => grad(f)(xs),
    () => vmap(f)(np.ones([3, 100])),
    () => jit(vmap(grad(f)))(np.ones([3, 100])),
    () => jvp(grad(f), [xs], [xs]),
  ])
    expect(traced(run)).toBe(1);
  const regions = (n: number): number => {
    const text = jit((xs: NDArray) => grad(f)(xs))
      .lower({ shape: [n], dtype: "float32" })
      .asText("program");
    return text.match(/tanh/g)?.length ?? 0;
  };
  expect([regions(3), regions(1000)]).toEqual([1, 1]);
});
