// The implicit layer against the iteration, and a layer that learns.
import { grad, jit, np, random, valueAndGrad, vmap, type NDArray } from "tenon";
import { expect, it } from "vitest";
import { implicitLayer, unrolledLayer, type Weights } from "./implicit-layer.ts";

const weights = (): Weights => ({ w: random.uniform(random.key(1), [4, 4], { minval: -0.2, maxval: 0.2 }) });
const inputs = (): NDArray => random.normal(random.key(2), [8, 4]);
const numbers = (x: unknown): number[] => [(x as NDArray).tolist()].flat(3) as number[];

it("is a fixed point, with the gradients of the iteration", () => {
  const loss = (layer: (p: Weights, x: NDArray) => NDArray) => (p: Weights, xs: NDArray) =>
    np.sin(vmap(layer, { inAxes: [null, 0] })(p, xs)).sum();
  const both = (layer: (p: Weights, x: NDArray) => NDArray): number[] => {
    const [p, xs] = grad(loss(layer), { argnums: [0, 1] })(weights(), inputs());
    return [...numbers(p.w), ...numbers(xs)];
  };
  const implicit = both((p, x) => implicitLayer(p, x));
  const unrolled = both((p, x) => unrolledLayer(p, x, 60));
  implicit.forEach((g, k) => expect(g).toBeCloseTo(unrolled[k] as number, 4));
});

it("learns", () => {
  const target = np.array([0.5, -0.25, 0.125, 0]);
  const update = jit((p: Weights, x: NDArray) => {
    const [loss, g] = valueAndGrad((q: Weights) => implicitLayer(q, x).sub(target).pow(2).sum())(p);
    return [loss, { w: p.w.sub(g.w.mul(0.05)) }] as const;
  });
  const x = np.array([0.4, -0.3, 0.2, 0.1]);
  let p = weights();
  const losses: number[] = [];
  for (let k = 0; k < 40; k++) {
    const [loss, next] = update(p, x);
    losses.push(loss.item());
    p = next;
  }
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 5);
});
