// What TypeScript infers for loops, branches and regions, and the mistakes that it refuses. Nothing here runs.
import { describe, expectTypeOf, it } from "vitest";
import { lax, np, type Key, type NDArray } from "./index.ts";

type A = NDArray;
const x = {} as A;
const key = {} as Key;
/** Cases are type-checked, not called. */
const typed = (_cases: Record<string, () => void>): void => undefined;

describe("control flow", () => {
  it("has its types", () => {
    typed({
      "scan: carry from init, ys from the body": () => {
        const [c, ys] = lax.scan((c, v) => [{ h: c.h.add(v.u), k: c.k }, [v.u, c.h] as const], { h: 0, k: key }, { u: x }); // prettier-ignore
        expectTypeOf(c).toEqualTypeOf<{ h: A; k: Key }>();
        expectTypeOf(ys).toEqualTypeOf<readonly [A, A]>();
        const [, nothing] = lax.scan((c, _) => [c, null], x, null, {
          length: 3,
          unroll: true,
          reverse: true,
        });
        expectTypeOf(nothing).toEqualTypeOf<null>();
      },
      "whileLoop: numbers become arrays": () => {
        const out = lax.whileLoop(
          (c) => c.k.lt(3n),
          (c) => ({ y: c.y.mul(2), k: c.k.add(1n) }),
          { y: 1, k: 0n },
        );
        expectTypeOf(out).toEqualTypeOf<{ y: A; k: A }>();
        expectTypeOf(lax.whileLoop((c) => c.lt(3), (c) => c.add(1), 0)).toEqualTypeOf<A>(); // prettier-ignore
      },
      "foriLoop: i is an array": () => {
        const out = lax.foriLoop(0, 3, (i, c) => { expectTypeOf(i).toEqualTypeOf<A>(); return { a: c.b, b: c.a.add(i) }; }, { a: 1, b: x }); // prettier-ignore
        expectTypeOf(out).toEqualTypeOf<{ a: A; b: A }>();
        lax.foriLoop(0, x, (_, c) => c, x, { unroll: false });
      },
      "cond and switch: operands become arrays, branches agree": () => {
        const out = lax.cond(x.gt(0), (v, t) => ({ y: v.add(t.w) }), (v, t) => ({ y: v.mul(t.w) }), 1, { w: x }); // prettier-ignore
        expectTypeOf(out).toEqualTypeOf<{ y: A }>();
        expectTypeOf(lax.switch(1n, [(v: A) => v, (v: A) => v.neg()], x)).toEqualTypeOf<A>();
        expectTypeOf(lax.cond(true, () => x, () => x.neg())).toEqualTypeOf<A>(); // prettier-ignore
      },
      "map and associativeScan": () => {
        expectTypeOf(lax.map((v: { a: A }) => v.a, { a: x }, { batchSize: 4 })).toEqualTypeOf<A>();
        const pair: readonly [A, A] = [x, x];
        expectTypeOf(lax.associativeScan((a, b) => [a[0].mul(b[0]), a[1].add(b[1])] as const, pair, { reverse: true, axis: -1 })).toEqualTypeOf<readonly [A, A]>(); // prettier-ignore
      },
      "reduce and reduceWindow: arrays and trees": () => {
        expectTypeOf(lax.reduce(x, 0, (a, b) => a.add(b), [0])).toEqualTypeOf<A>();
        expectTypeOf(lax.reduce({ v: x, i: x }, { v: -Infinity, i: 0n }, (a, b) => ({ v: np.maximum(a.v, b.v), i: a.i }), [0])).toEqualTypeOf<{ v: A; i: A }>(); // prettier-ignore
        expectTypeOf(lax.reduceWindow(x, 1, lax.mul, [2], [1], "SAME")).toEqualTypeOf<A>();
        const dims = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
        expectTypeOf(lax.scatterApply(x, x, (v) => v.mul(2), dims, { updateShape: [3] })).toEqualTypeOf<A>(); // prettier-ignore
      },
      mistakes: () => {
        // @ts-expect-error a carry that loses a field
        lax.foriLoop(0, 3, (_, c) => ({ a: c.a }), { a: x, b: x });
        // @ts-expect-error arithmetic on arrays
        lax.whileLoop((c) => c < 3, (c) => c, x); // prettier-ignore
        // @ts-expect-error branches of different structure
        lax.cond(true, (v: A) => ({ y: v }), (v: A) => ({ z: v }), x); // prettier-ignore
        // @ts-expect-error unroll is named
        lax.scan((c: A, v: A) => [c, v] as const, x, x, 3);
        // @ts-expect-error the misspelt option
        lax.scan((c: A, v: A) => [c, v] as const, x, x, { reversed: true });
        // @ts-expect-error one array, two start values
        lax.reduce(x, [0, 1], lax.add, [0]);
        // @ts-expect-error a list of branches
        lax.switch(0n, (v: A) => v, x);
      },
    });
  });
});
