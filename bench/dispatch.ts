// What the host itself costs: a cached jit call and an eager operation on a plugin that computes nothing.
// Budgets: 1.5 µs and 1.8 µs, doubled for the foundation. `npm run bench -- dispatch`
import { grad, jit, np, setDefaultDevice, use, type NDArray } from "tenon";
import { nullPlugin } from "tenon-null";

interface Case {
  readonly name: string;
  readonly budgetUs: number | null;
  readonly call: () => unknown;
}

/** Best and median over batches, µs a call. */
function measure(call: () => unknown): { best: number; median: number } {
  const CALLS = 2000;
  for (let i = 0; i < 5 * CALLS; i++) call();
  const times = Array.from({ length: 31 }, () => {
    const began = performance.now();
    for (let i = 0; i < CALLS; i++) call();
    return ((performance.now() - began) * 1000) / CALLS;
  }).sort((a, b) => a - b);
  return { best: times[0] as number, median: times[15] as number };
}

async function main(): Promise<void> {
  const [device] = await use(nullPlugin());
  setDefaultDevice(device as NonNullable<typeof device>);
  const x = np.array([1, 2, 3]);
  const y = np.array([4, 5, 6]);
  const f = jit((a: NDArray) => a.mul(2).add(1));
  const g = jit((a: NDArray, b: NDArray) => a.mul(b).sum());
  const tree = { w: x, b: y, layers: [{ w: x, b: y }] };
  const h = jit((p: typeof tree) => ({ w: p.w.add(p.b), b: p.layers[0]?.w.mul(p.b) as NDArray }));
  const cases: readonly Case[] = [
    { name: "jit(x => x·2+1)(x)", budgetUs: 3, call: () => f(x) },
    { name: "jit((x, y) => Σ x·y)(x, y)", budgetUs: null, call: () => g(x, y) },
    { name: "jit(tree of 4 → 2)", budgetUs: null, call: () => h(tree) },
    { name: "x.add(y)", budgetUs: 3.6, call: () => x.add(y) },
    { name: "x.mul(2)", budgetUs: 3.6, call: () => x.mul(2) },
    { name: "np.tanh(x)", budgetUs: 3.6, call: () => np.tanh(x) },
    { name: "x.sum()", budgetUs: null, call: () => x.sum() },
    { name: "x.get(1)", budgetUs: null, call: () => x.get(1) },
    {
      name: "grad(x => Σ tanh x)(x), eager",
      budgetUs: null,
      call: () => grad((a: NDArray) => np.tanh(a).sum())(x),
    },
  ];
  for (const { name, budgetUs, call } of cases) {
    const { best, median } = measure(call);
    const budget =
      budgetUs === null ? "" : `  budget ${budgetUs} µs ${best <= budgetUs ? "kept" : "EXCEEDED"}`;
    console.log(
      `${name.padEnd(34)} best ${best.toFixed(2).padStart(7)} µs  median ${median.toFixed(2).padStart(7)} µs${budget}`,
    );
  }
}

await main();
