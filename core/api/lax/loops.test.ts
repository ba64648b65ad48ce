// Loops and branches against unrolled JavaScript: values, derivatives in both modes, batches, second derivatives.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../../ir/ndarray.ts";
import { listOf } from "../../runtime/array.ts";
import { array } from "../arrays.ts";
import * as np from "../numpy/index.ts";
import { reasonOf, installReference } from "../testing/root.ts";
import { customJvp, grad, jit, jvp, makeJaxpr, vjp, vmap } from "../transforms/index.ts";
import * as lax from "./index.ts";

beforeAll(() => void installReference());

// --- random bodies -----------------------------------------------------------------------------------------------------

type Carry = readonly [NDArray, NDArray, NDArray];
type Body = (carry: Carry, x: NDArray, w: NDArray) => readonly [Carry, NDArray];
const squash = customJvp(
  (x: NDArray): NDArray => np.tanh(x),
  ([x], [t]): readonly [NDArray, NDArray] => {
    const y = squash(x);
    return [y, t.mul(np.subtract(1, y.mul(y)))];
  },
);
/** One new carry from the old ones, the input and a captured weight. */
const CELLS: readonly ((c: Carry, x: NDArray, w: NDArray, i: number, j: number) => NDArray)[] = [
  (c, _x, _w, i) => c[i] as NDArray,
  (c, x, w, i, j) =>
    np.tanh(
      (c[i] as NDArray)
        .mul(w)
        .add(x)
        .add(c[j] as NDArray),
    ),
  (c, x, w, i) =>
    np
      .sin(c[i] as NDArray)
      .mul(np.cos(w))
      .add(x.mul(0.1)),
  (c, x, _w, i, j) => np.where((c[j] as NDArray).gt(0), (c[i] as NDArray).mul(x), c[j] as NDArray),
  (c, _x, w, i) => jit((a: NDArray, b: NDArray) => np.sin(a).mul(b))(c[i] as NDArray, w),
  (c, x, _w, i) => squash((c[i] as NDArray).add(x)),
  (c, _x, _w, i) => lax.stopGradient(c[i] as NDArray).mul(0.5),
  (_c, x) => x,
];
const anyBody = fc
  .array(fc.tuple(fc.nat(CELLS.length - 1), fc.nat(2), fc.nat(2)), { minLength: 4, maxLength: 4 })
  .map((cells): Body => (c, x, w) => {
    const made = cells.map(([k, i, j]) => (CELLS[k] as (typeof CELLS)[number])(c, x, w, i, j));
    return [made.slice(0, 3) as unknown as Carry, made[3] as NDArray];
  });

type Loss = (c0: NDArray, c1: NDArray, xs: NDArray, w: NDArray) => NDArray;
const weigh = (c: Carry, ys: NDArray): NDArray =>
  c[0]
    .add(c[1].mul(0.7))
    .sub(c[2].mul(0.3))
    .add(np.sum(np.sin(ys)));
const third = 0.3;
const asScan =
  (body: Body, reverse: boolean): Loss =>
  (c0, c1, xs, w) => {
    const [c, ys] = lax.scan(
      (c: Carry, x: NDArray) => body(c, x, w),
      [c0, c1, np.array(third)] as Carry,
      xs,
      { reverse },
    );
    return weigh(c, ys);
  };
const asUnrolled =
  (body: Body, reverse: boolean): Loss =>
  (c0, c1, xs, w) => {
    let c: Carry = [c0, c1, np.array(third)];
    const ys: NDArray[] = [];
    const n = xs.shape[0] as number;
    for (let k = 0; k < n; k++) {
      const at = reverse ? n - 1 - k : k;
      const [next, y] = body(c, xs.get(at), w);
      c = next;
      ys[at] = y;
    }
    return weigh(c, np.stack(ys));
  };

const near = (got: unknown, want: unknown, tolerance = 2e-4): void => {
  const [a, b] = [[got].flat(9) as number[], [want].flat(9) as number[]];
  expect(a).toHaveLength(b.length);
  a.forEach((v, i) => {
    const w = b[i] as number;
    if (!(Object.is(v, w) || Math.abs(v - w) <= tolerance * Math.max(1, Math.abs(w))))
      expect.fail(`element ${i} is ${v}, expected ${w}`);
  });
};
const values = (xs: readonly NDArray[]): unknown => xs.map(listOf);
const scalar = fc.integer({ min: -8, max: 8 }).map((n) => n / 8);
const argnums = [0, 1, 2, 3] as const;

describe("scan = unrolled loop", () => {
  const property = (
    name: string,
    check: (scan: Loss, loop: Loss, args: NDArray[]) => void,
    numRuns = 40,
  ): void =>
    it(name, () => {
      fc.assert(
        fc.property(
          anyBody,
          fc.boolean(),
          scalar,
          scalar,
          scalar,
          fc.array(scalar, { minLength: 1, maxLength: 4 }),
          (body, reverse, c0, c1, w, xs) =>
            check(
              asScan(body, reverse),
              asUnrolled(body, reverse),
              [c0, c1, xs, w].map((v) => np.array(v)),
            ),
        ),
        { numRuns, seed: 6 },
      );
    });
  type Args = [NDArray, NDArray, NDArray, NDArray];
  property("values", (scan, loop, args) =>
    near(listOf(scan(...(args as Args))), listOf(loop(...(args as Args)))),
  );
  property("gradients", (scan, loop, args) => {
    const of = (f: Loss): unknown => values(grad(f, { argnums })(...(args as Args)));
    near(of(scan), of(loop));
    near(of(jit(scan)), of(loop));
  });
  property("forward mode and vjp of a subset of arguments", (scan, loop, args) => {
    const tangents = args.map((x, i) => (i % 2 === 0 ? np.onesLike(x) : null));
    const of = (f: Loss): unknown => values(jvp(f, args as Args, tangents as Args));
    near(of(scan), of(loop));
    const [c0, c1, xs, w] = args as Args;
    const some = (f: Loss): unknown => values(vjp((w: NDArray, c: NDArray) => f(c, c1, xs, w), w, c0)[1](1));
    near(some(scan), some(loop));
  });
  property(
    "batches",
    (scan, loop, args) => {
      const [c0, c1, xs, w] = args as Args;
      const many = np.stack([c0, c0.add(0.5), c0.sub(0.25)]);
      const batched = vmap(grad(scan, { argnums }), { inAxes: [0, null, null, null] })(many, c1, xs, w);
      const rows = [0, 1, 2].map((i) => grad(loop, { argnums })(many.get(i), c1, xs, w));
      near(
        values(batched),
        [0, 1, 2, 3].map((a) => rows.map((r) => listOf(r[a] as NDArray))),
      );
    },
    25,
  );
  property(
    "second derivatives",
    (scan, loop, args) => {
      const [c0, c1, xs, w] = args as Args;
      const of = (f: Loss): unknown => {
        const dw = (w: NDArray): NDArray => grad(f, { argnums: 3 })(c0, c1, xs, w);
        return [listOf(grad(dw)(w)), listOf(jvp(dw, [w], [1])[1])];
      };
      near(of(scan), of(loop), 1e-3);
    },
    20,
  );
  property("unrolled copies of the body", (scan, _loop, args) => {
    void scan;
    const [c0, , xs, w] = args as Args;
    const step = (c: NDArray, x: NDArray): [NDArray, NDArray] => [np.tanh(c.mul(w).add(x)), c];
    const of = (unroll: number | boolean, reverse: boolean): unknown =>
      values(lax.scan(step, c0, xs, { unroll, reverse }));
    for (const reverse of [false, true])
      for (const unroll of [2, 3, true]) near(of(unroll, reverse), of(1, reverse), 1e-6);
  });
});

describe("scan", () => {
  it("carries any permutation, mapping only what depends on a mapped value", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
        fc.subarray([0, 1, 2, 3]),
        fc.integer({ min: 0, max: 5 }),
        (order, mapped, length) => {
          const loop = (...c: NDArray[]): NDArray[] =>
            lax.scan((c: NDArray[]) => [order.map((i) => c[i] as NDArray), null] as const, c, null, {
              length,
            })[0];
          // What a mapped carry can reach by going round, however many steps are taken.
          const reached = new Set(mapped);
          for (let k = 0; k < 4; k++) order.forEach((from, to) => reached.has(from) && reached.add(to));
          const inAxes = [0, 1, 2, 3].map((i) => (mapped.includes(i) ? 0 : null));
          const outAxes = [0, 1, 2, 3].map((i) => (reached.has(i) ? 0 : null));
          const args = inAxes.map((axis, i) => (axis === null ? np.array(i) : np.array([i, i + 10])));
          const outs = vmap(loop, { inAxes, outAxes, axisSize: 2 })(...args);
          const want = [0, 10].map((offset) => {
            let c = [0, 1, 2, 3].map((i) => (mapped.includes(i) ? i + offset : i));
            for (let k = 0; k < length; k++) c = order.map((i) => c[i] as number);
            return c;
          });
          outs.forEach((x, i) => {
            const [a, b] = [want[0]![i] as number, want[1]![i] as number];
            expect(listOf(x)).toEqual(reached.has(i) ? [a, b] : a);
          });
        },
      ),
      { numRuns: 60, seed: 8 },
    );
  });

  it("keeps what doesn't vary out of the stacked residuals", () => {
    const residuals = (n: number): number => {
      const f = (w: NDArray, xs: NDArray): NDArray =>
        lax
          .scan(
            (h: NDArray, x: NDArray) => [np.tanh(h.mul(np.cos(w)).add(x)), null] as const,
            np.zeros([4]),
            xs,
          )[0]
          .sum();
      const closed = makeJaxpr(grad(f))(np.ones([4]), np.ones([n, 4]));
      return closed.jaxpr.eqns
        .flatMap((e) => e.outVars)
        .reduce((bytes, v) => bytes + (v.aval.shape[0] === n ? v.aval.nbytes : 0), 0);
    };
    // h, tanh and 1 − tanh of each step; cos w and sin w are computed once, outside.
    expect([residuals(7), residuals(14)]).toEqual([3 * 7 * 16, 3 * 14 * 16]);
  });

  it("promotes a weak carry, and refuses one that changes", () => {
    const sum = lax.scan((c, x) => [c.add(x), null], 0n, np.array([1.5, 2]));
    expect(sum[0].dtype).toBe("float32");
    expect(sum[0].item()).toBe(3.5);
    const why = (f: () => unknown): string => reasonOf(f);
    const xs = np.ones([3]);
    expect(why(() => lax.scan((c: NDArray) => [c.add(xs), null] as const, np.array(0), xs))).toMatch(
      /^E_CARRY lax.scan.*carry is f32\[\] at first, and the body returns f32\[3\]/,
    );
    expect(
      why(() => lax.scan((c: { a: NDArray }) => [{ b: c.a } as never, null] as const, { a: xs }, xs)),
    ).toMatch(/E_CARRY.*structure \{b: \*\}, expected \{a: \*\}/);
    expect(why(() => lax.scan((c: NDArray) => c as never, np.array(0), xs))).toMatch(
      /E_CARRY.*expected \[carry, y\]/,
    );
    expect(why(() => lax.scan((c: NDArray) => [c, c] as const, np.array(0), null))).toMatch(
      /E_ARGUMENT.*no length/,
    );
    expect(
      why(() => lax.scan((c: NDArray) => [c, c] as const, np.array(0), { a: xs, b: np.ones([4]) })),
    ).toMatch(/E_SHAPE.*xs.b f32\[4\] has 4 steps, expected 3 as xs.a/);
  });

  it("takes no steps", () => {
    const [c, ys] = lax.scan((c, x) => [c.add(x), c], 3, np.zeros([0]));
    expect([c.item(), ys.shape]).toEqual([3, [0]]);
  });

  it("maps in batches and one by one alike", () => {
    const xs = np.arange(7).reshape([7, 1]).add(0.5);
    const f = (x: NDArray): { y: NDArray } => ({ y: x.mul(x).sum() });
    for (const batchSize of [null, 1, 3, 7, 9])
      expect(listOf(lax.map(f, xs, { batchSize }).y)).toEqual(listOf(np.square(xs.get(":", 0))));
  });
});

describe("while and for", () => {
  it("loops until a condition, also batched, with finished lanes left alone", () => {
    const collatz = (n: NDArray): NDArray =>
      lax.whileLoop(
        ({ n }) => n.ne(1n),
        ({ n, k }) => ({
          n: np.where(n.mod(2n).eq(0n), n.floordiv(2n), n.mul(3n).add(1n)),
          k: k.add(1n),
        }),
        { n, k: np.array(0n) },
      ).k;
    const ns = np.array([1n, 6n, 27n, 7n]);
    expect(listOf(vmap(collatz)(ns))).toEqual([0, 8, 111, 16]);
    expect(listOf(jit(vmap(collatz))(ns))).toEqual([0, 8, 111, 16]);
  });
  it("has forward derivatives, and refuses reverse mode with the way out", () => {
    const power = (x: NDArray): NDArray =>
      lax.whileLoop(
        ([, i]) => i.lt(5),
        ([y, i]) => [y.mul(x), i.add(1)],
        [np.onesLike(x), 0n] as const,
      )[0];
    expect(jvp(power, [2], [1])[1].item()).toBe(80);
    expect(reasonOf(() => grad(power)(2))).toMatch(/^E_REVERSE_WHILE.*\n.*at .*loops.test.ts.*\n.*lax.scan/);
  });
  it("differentiates counted loops of static bounds, and loops to traced ones", () => {
    const power = (x: NDArray, n: number): NDArray => lax.foriLoop(0, n, (_, y) => y.mul(x), np.onesLike(x));
    expect(grad((x: NDArray) => power(x, 4))(3).item()).toBe(108);
    const sum = jit((n: NDArray) => lax.foriLoop(2, n, (i, s) => s.add(i), 0n));
    expect([sum(6n).item(), sum(1n).item()]).toEqual([14, 0]);
    expect(lax.foriLoop(3, 1, (_, y) => y.mul(0), 5).item()).toBe(5);
  });
  it("refuses a condition that is no boolean scalar", () => {
    const loop = (cond: (x: NDArray) => NDArray): string =>
      reasonOf(() => lax.whileLoop(cond, (x) => x, np.ones([2])));
    expect(loop((x) => x.gt(0))).toMatch(/E_SHAPE.*bool\[2\], expected a boolean scalar/);
    expect(loop((x) => x.sum())).toMatch(/E_DTYPE.*f32\[\], expected a boolean scalar/);
  });
});

describe("branches", () => {
  const poles = (x: NDArray): NDArray =>
    lax.cond(
      x.gt(0),
      (v) => np.sqrt(v),
      (v) => v.mul(2),
      x,
    );
  it("gives no NaN from the branch that isn't taken, batched or not", () => {
    const xs = np.array([-1, 0, 4]);
    const want = [2, 2, 0.25];
    expect(listOf(vmap(grad(poles))(xs))).toEqual(want);
    expect([...xs].map((x) => grad(poles)(x).item())).toEqual(want);
    expect(listOf(jit(vmap(grad(poles)))(xs))).toEqual(want);
  });
  it("clamps the index of a switch", () => {
    const pick = (i: bigint): number =>
      lax.switch(i, [(x: NDArray) => x, (x: NDArray) => x.mul(10), (x: NDArray) => x.mul(100)], 1).item();
    expect([-3n, 0n, 1n, 2n, 9n].map(pick)).toEqual([1, 1, 10, 100, 100]);
  });
  it("differentiates by operands and by what branches capture", () => {
    const f = (w: NDArray, x: NDArray): NDArray =>
      lax.cond(
        x.lt(1),
        (v) => v.mul(w),
        (v) => v.mul(w).mul(w),
        x,
      );
    expect(grad(f, { argnums: [0, 1] })(3, 0.5).map((g) => g.item())).toEqual([0.5, 3]);
    expect(grad(f, { argnums: [0, 1] })(3, 2).map((g) => g.item())).toEqual([12, 9]);
  });
  it("refuses branches that differ, and predicates that aren't scalars", () => {
    expect(
      reasonOf(() =>
        lax.cond(
          true,
          (x: NDArray) => x,
          (x: NDArray) => x.sum(),
          np.ones([2]),
        ),
      ),
    ).toMatch(/E_BRANCHES.*result is f32\[\] in the false branch, f32\[2\] in the true branch/);
    expect(
      reasonOf(() =>
        lax.cond(
          true,
          () => ({ a: array(1) }),
          () => ({ b: array(1) }) as never,
        ),
      ),
    ).toMatch(/E_BRANCHES.*the false branch returns \{b: \*\}, the true branch \{a: \*\}/);
    expect(
      reasonOf(() =>
        lax.cond(
          true,
          () => undefined as unknown as number,
          () => 1,
        ),
      ),
    ).toMatch(/E_TREE.*the true branch of lax\.cond: the function returned undefined/);
    expect(
      reasonOf(() =>
        lax.switch(0, [(x: NDArray) => x, (x: NDArray) => x, (x: NDArray) => x.sum()], np.ones([2])),
      ),
    ).toMatch(/E_BRANCHES.*result is f32\[2\] in branch 0, f32\[\] in branch 2/);
    expect(
      reasonOf(() =>
        lax.cond(
          np.array([true]),
          () => 1,
          () => 2,
        ),
      ),
    ).toMatch(/E_SHAPE.*bool\[1\], expected a scalar/);
  });
});

it("scans associative functions of trees", () => {
  const [a, b] = [np.array([0.5, 2, -1, 3, 0.25]), np.array([1, 2, 3, 4, 5])];
  type Affine = readonly [NDArray, NDArray];
  const compose = (l: Affine, r: Affine): Affine => [l[0].mul(r[0]), r[0].mul(l[1]).add(r[1])];
  const [, y] = lax.associativeScan(compose, [a, b] as Affine);
  const [, want] = lax.scan(
    (c: NDArray, [m, n]: Affine) => [c.mul(m).add(n), c.mul(m).add(n)] as const,
    np.array(0),
    [a, b] as Affine,
  );
  near(listOf(y), listOf(want), 1e-6);
  const reversed = lax.associativeScan((l: NDArray, r: NDArray) => l.add(r), b, { reverse: true });
  expect(listOf(reversed)).toEqual([15, 14, 12, 9, 5]);
});
