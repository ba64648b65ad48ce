// An implicit layer: its output is the fixed point z = tanh(W·z + x), however many turns the iteration takes. `customVjp`
// gives it the gradient of the fixed point itself: nothing of the iteration is kept, and memory doesn't grow with turns.
import { pathToFileURL } from "node:url";
import { customVjp, grad, lax, np, random, vjp, type NDArray } from "tenon";

/** Weights f32[n, n] of a contraction: the sum of absolute values in each row stays below 1. */
export interface Weights {
  readonly w: NDArray;
}

const step = ({ w }: Weights, x: NDArray, z: NDArray): NDArray => np.tanh(w.matmul(z).add(x));

/** Repeats `f` from `start` until it moves nothing by more than 1e-7, or 200 times. */
function fixedPoint(f: (z: NDArray) => NDArray, start: NDArray): NDArray {
  const first: [NDArray, NDArray, NDArray] = [start, f(start), np.array(0n)];
  const moves = ([before, z, turns]: typeof first): NDArray =>
    np.abs(z.sub(before)).max().gt(1e-7).and(turns.lt(200n));
  return lax.whileLoop(moves, ([, z, turns]) => [z, f(z), turns.add(1n)] as typeof first, first)[1];
}

/**
 * The fixed point z f32[n] for inputs x f32[n].
 *
 * At the fixed point dz = ∂f/∂z·dz + ∂f/∂(w, x)·d(w, x). A cotangent ct is therefore pulled back through
 * u = ct + (∂f/∂z)ᵀ·u first, a fixed point as well, and then through ∂f/∂(w, x).
 */
export const implicitLayer = customVjp(
  (weights: Weights, x: NDArray) => fixedPoint((z) => step(weights, x, z), np.zerosLike(x)),
  {
    fwd: (weights, x) => {
      const z = fixedPoint((y) => step(weights, x, y), np.zerosLike(x));
      return [z, { weights, x, z }];
    },
    bwd: ({ weights, x, z }, ct) => {
      const [, pullZ] = vjp((y: NDArray) => step(weights, x, y), z);
      const u = fixedPoint((v) => ct.add(pullZ(v)[0]), ct);
      const [, pull] = vjp((p: Weights, y: NDArray) => step(p, y, z), weights, x);
      return pull(u);
    },
  },
);

/** The same by `turns` turns that are differentiated one by one: what the layer is compared with. */
export function unrolledLayer(weights: Weights, x: NDArray, turns: number): NDArray {
  return lax.foriLoop(0, turns, (_, z) => step(weights, x, z), np.zerosLike(x));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const weights = { w: random.uniform(random.key(1), [4, 4], { minval: -0.2, maxval: 0.2 }) };
  const x = np.array([0.4, -0.3, 0.2, 0.1]);
  const implicit = grad((p: Weights) => implicitLayer(p, x).pow(2).sum())(weights);
  const unrolled = grad((p: Weights) => unrolledLayer(p, x, 60).pow(2).sum())(weights);
  const difference = np.abs(implicit.w.sub(unrolled.w)).max().item();
  console.log(`z = ${String(implicitLayer(weights, x))}`);
  console.log(`Its gradient and that of 60 turns differ by at most ${difference.toExponential(1)}.`);
}
