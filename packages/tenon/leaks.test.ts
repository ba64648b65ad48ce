// Trap 15: a tracer kept past its trace. Wherever it is used, under whatever transformation or none, at once or after an
// await, it is E_TRACER_LEAKED, never a value.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkpoint,
  grad,
  jit,
  jvp,
  lax,
  linearize,
  makeJaxpr,
  np,
  TenonError,
  vjp,
  vmap,
  type NDArray,
} from "./index.ts";

type Fn = (x: NDArray) => NDArray;
/** Runs `f` on tracers of its own. */
const TRACES: Readonly<Record<string, (f: Fn) => unknown>> = {
  jit: (f) => jit(f)(np.array(0.5)),
  "jit of another shape": (f) => jit((x: NDArray) => f(x.get(0)))(np.array([0.5, 1])),
  grad: (f) => grad(f)(np.array(0.5)),
  jvp: (f) => jvp(f, [np.array(0.5)], [np.array(1)]),
  linearize: (f) => linearize(f, np.array(0.5)),
  vjp: (f) => vjp(f, np.array(0.5)),
  vmap: (f) => vmap(f)(np.array([0.5, 1])),
  makeJaxpr: (f) => makeJaxpr(f)(np.array(0.5)),
  checkpoint: (f) => checkpoint(f)(np.array(0.5)),
  scan: (f) => lax.scan((c: NDArray, _: null) => [f(c), null] as const, np.array(0.5), null, { length: 2 }),
  while: (f) => lax.whileLoop((x: NDArray) => x.lt(0), f, np.array(0.5)),
  cond: (f) => lax.cond(np.array(true), f, f, np.array(0.5)),
};
const USES: Readonly<Record<string, (x: NDArray) => unknown>> = {
  add: (x) => x.add(1),
  "a function": (x) => np.sin(x),
  "among others": (x) => np.stack([np.array(1), x]),
  item: (x) => x.item(),
  tolist: (x) => x.tolist(),
  "an argument of jit": (x) => jit((y: NDArray) => y.mul(2))(x),
  "captured by jit": (x) => jit((y: NDArray) => y.mul(x))(np.array(1)),
  "an index": (x) => np.arange(3).get(x.astype("int32")),
};
const names = <T>(record: Readonly<Record<string, T>>): fc.Arbitrary<string> =>
  fc.constantFrom(...Object.keys(record));
const RUNS = 150;

/** What using a leaked tracer throws; a value is a failure. */
function reasonOf(use: () => unknown): string {
  try {
    return `the value ${String(use())}`;
  } catch (error) {
    return error instanceof TenonError ? String((error as { reason?: string }).reason) : String(error);
  }
}

describe("a tracer kept past its trace", () => {
  it(`is refused wherever it is used: ${RUNS} random places`, async () => {
    await fc.assert(
      fc.asyncProperty(
        names(TRACES),
        names(USES),
        fc.option(names(TRACES)),
        fc.boolean(),
        async (from, use, within, waits) => {
          const kept: NDArray[] = [];
          (TRACES[from] as (f: Fn) => unknown)((x) => {
            kept.push(x, x.mul(2));
            return x;
          });
          if (waits) await Promise.resolve();
          for (const x of kept) {
            const apply = (): unknown => (USES[use] as (x: NDArray) => unknown)(x);
            const run =
              within === null ? apply : () => (TRACES[within] as (f: Fn) => unknown)((y) => (apply(), y));
            expect(reasonOf(run)).toBe("E_TRACER_LEAKED");
          }
        },
      ),
      { numRuns: RUNS, seed: 15 },
    );
  });
});
