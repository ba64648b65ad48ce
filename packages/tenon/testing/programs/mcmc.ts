// Metropolis chains: scan inside vmap inside jit, keys as leaves.
import { jit, lax, np, random, vmap, type Key, type NDArray } from "tenon";

const logDensity = (x: NDArray): NDArray => np.sum(np.square(x)).mul(-0.5);
const metropolis = (key: Key, x: NDArray): [NDArray, { accepted: NDArray }] => {
  const [kp, ka] = random.split(key);
  const proposal = x.add(random.normal(kp, x.shape).mul(0.5));
  const accepted = np.log(random.uniform(ka)).lt(logDensity(proposal).sub(logDensity(x)));
  return [np.where(accepted, proposal, x), { accepted }];
};
const chain = (key: Key, x0: NDArray, n: number) =>
  lax.scan(
    (x, k) => {
      const [next, stats] = metropolis(k, x);
      return [next, { x: next, ...stats }];
    },
    x0,
    random.split(key, n),
  );

/** Shape and rate of acceptance of the samples. */
export function run(): { shape: readonly number[]; rate: number } {
  const chains = jit(vmap((key: Key, x0: NDArray) => chain(key, x0, 50)));
  const [, samples] = chains(random.split(random.key(0), 4), np.zeros([4, 2]));
  return { shape: samples.x.shape, rate: samples.accepted.mean().item() };
}
/** What the compiler refuses. */
export function types(): void {
  // @ts-expect-error keys have no arithmetic
  random.key(0).add(1);
}
