// Adam (Kingma & Ba 2015, algorithm 1) over a tree of parameters, as a pure function.
import { np, tree, type NDArray } from "tenon";

/** Parameters with the moments of their gradients and the number of steps taken (f32). */
export interface TrainState<P> {
  params: P;
  mean: P;
  variance: P;
  count: NDArray;
}
const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** A state before the first step. */
export function start<P>(params: P): TrainState<P> {
  const zeros = (): P => tree.map((p: NDArray) => np.zerosLike(p), params);
  return { params, mean: zeros(), variance: zeros(), count: np.array(0) };
}

/** The state after one step along `gradient`. */
export function adam<P>(state: TrainState<P>, gradient: P, learningRate: NDArray): TrainState<P> {
  const count = state.count.add(1);
  const mean = tree.map((m: NDArray, g: NDArray) => m.mul(BETA1).add(g.mul(1 - BETA1)), state.mean, gradient);
  const variance = tree.map(
    (v: NDArray, g: NDArray) => v.mul(BETA2).add(g.mul(g).mul(1 - BETA2)),
    state.variance,
    gradient,
  );
  const correct1 = np.subtract(1, np.power(BETA1, count));
  const correct2 = np.subtract(1, np.power(BETA2, count));
  const params = tree.map(
    (p: NDArray, m: NDArray, v: NDArray) =>
      p.sub(learningRate.mul(m.div(correct1)).div(np.sqrt(v.div(correct2)).add(EPSILON))),
    state.params,
    mean,
    variance,
  );
  return { params, mean, variance, count };
}
