// checkpoint on the embedded device, every pass of its compiler on: the bits of the plain function, and the memory that
// plan and heap say. Types: a checkpointed function is a function of the same type.
import fc from "fast-check";
import {
  blockUntilReady,
  checkpoint,
  checkpointName,
  checkpointPolicies,
  devices,
  grad,
  jit,
  lax,
  np,
  random,
  remat,
  savedResiduals,
  type CheckpointPolicy,
  type Key,
  type NDArray,
} from "tenon";
import { describe, expect, expectTypeOf, it } from "vitest";

type Block = (w: NDArray, h: NDArray, key: Key) => NDArray;
const PARTS: readonly Block[] = [
  (w, h) => np.tanh(h.matmul(w)),
  (_w, h, key) => h.mul(random.bernoulli(key, h.shape, { p: 0.8 })),
  (_w, h, key) => h.add(random.normal(key, h.shape).mul(0.1)),
  (w, h) => checkpointName(np.sin(h.mul(w.get(0, 0))), "sine"),
  (_w, h) => h.sub(h.mean({ axis: -1, keepdims: true })).div(h.std({ axis: -1, keepdims: true }).add(1)),
  (_w, h) => np.exp(h.neg().mul(0.5)).mul(3.25),
  (w, h) => lax.scan((c: NDArray, row: NDArray) => [np.cos(c.mul(row)), null] as const, h, w)[0],
];
const POLICIES: readonly (CheckpointPolicy | undefined)[] = [
  undefined,
  checkpointPolicies.dotsSaveable,
  checkpointPolicies.saveOnlyTheseNames("sine"),
  checkpointPolicies.everythingSaveable,
  (prim) => prim.name === "exp",
];

const weights = random.normal(random.key(1), [8, 8]).mul(0.4);
const input = random.normal(random.key(2), [4, 8]);
const bitsOf = async (xs: readonly NDArray[]): Promise<number[][]> =>
  Promise.all(xs.map(async (x) => [...new Int32Array((await x.data()).slice().buffer)]));

describe("checkpointed functions", () => {
  it("have the bits of the plain ones, random numbers included", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(PARTS.length - 1), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...POLICIES),
        fc.boolean(),
        async (parts, policy, preventCse) => {
          const f = (w: NDArray, x: NDArray, key: Key): NDArray =>
            parts.reduce((h, p, i) => (PARTS[p] as Block)(w, h, random.foldIn(key, i)), x);
          const of = (g: typeof f): ((w: NDArray, x: NDArray) => NDArray[]) => {
            const gradient = grad((w: NDArray, x: NDArray) => np.sin(g(w, x, random.key(3))).sum(), {
              argnums: [0, 1],
            });
            return jit((w: NDArray, x: NDArray) => [g(w, x, random.key(3)), ...gradient(w, x)]);
          };
          const got = of(checkpoint(f, { policy, preventCse }))(weights, input);
          expect(await bitsOf(got)).toEqual(await bitsOf(of(f)(weights, input)));
        },
      ),
      { numRuns: 25, seed: 21 },
    );
  });

  it("take less memory in a deep network, planned and measured", async () => {
    const [layers, width, batch] = [12, 64, 128];
    const stack = random.normal(random.key(4), [layers, width, width]).mul(0.1);
    const x = random.normal(random.key(5), [batch, width]);
    const block = (w: NDArray, h: NDArray): NDArray => h.add(np.tanh(np.sin(h.matmul(w)).matmul(w)));
    const networks = {
      unrolled:
        (body: typeof block) =>
        (ws: NDArray, h: NDArray): NDArray =>
          [...ws].reduce((y, w) => body(w, y), h).sum(),
      scanned:
        (body: typeof block) =>
        (ws: NDArray, h: NDArray): NDArray =>
          lax.scan((y: NDArray, w: NDArray) => [body(w, y), null] as const, h, ws)[0].sum(),
    };
    const bytes = async (f: (ws: NDArray, h: NDArray) => NDArray): Promise<number[]> => {
      const step = jit(grad(f));
      const compiled = await step.lower(stack, x).compile();
      await blockUntilReady(step(stack, x));
      const [device] = devices();
      const before = await device?.memoryStats({ resetPeak: true });
      await blockUntilReady(step(stack, x));
      const after = await device?.memoryStats();
      const residuals = savedResiduals(f, stack, x).reduce((n, r) => n + r.aval.nbytes, 0);
      const measured = (after?.peakBytesInUse ?? 0) - (before?.bytesInUse ?? 0);
      return [residuals, compiled.memoryAnalysis().peakBytes, measured];
    };
    for (const network of Object.values(networks)) {
      const [plain, kept] = [await bytes(network(block)), await bytes(network(checkpoint(block)))];
      kept.forEach((n, i) => expect(n).toBeLessThan(0.6 * (plain[i] as number)));
      for (const [, planned, measured] of [plain, kept] as [number, number, number][])
        expect(measured / planned).toBeLessThanOrEqual(1.05);
    }
  });

  it("have the types of the plain ones", () => {
    const loss = (p: { w: NDArray }, x: NDArray, n: number): NDArray => x.matmul(p.w).mul(n).sum();
    expectTypeOf(checkpoint(loss)).toExtend<typeof loss>();
    expectTypeOf(checkpoint(loss)).returns.toExtend<NDArray>();
    expectTypeOf(grad(checkpoint(loss))).toEqualTypeOf(grad(loss));
    expectTypeOf(remat).toEqualTypeOf<typeof checkpoint>();
    expectTypeOf(checkpointName({ a: input }, "a")).toEqualTypeOf<{ a: NDArray }>();
    expectTypeOf(checkpoint((x) => np.sin(x)))
      .parameter(0)
      .not.toBeAny();
    const refused = (): unknown => [
      // @ts-expect-error a policy is a function
      checkpoint(loss, { policy: "dots" }),
      // @ts-expect-error there is no such option
      checkpoint(loss, { concrete: true }),
      // @ts-expect-error a name is a text
      checkpointName(input, 3),
      // @ts-expect-error settings go by name
      checkpoint(loss, checkpointPolicies.dotsSaveable),
    ];
    expect(typeof refused).toBe("function");
  });
});
