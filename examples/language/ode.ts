// An ordinary differential equation by scan: Runge–Kutta steps over a tree of states, and the parameters of the equation
// found again from its solution by gradients through the solver.
import { pathToFileURL } from "node:url";
import { grad, jit, lax, np, tree, type NDArray } from "tenon";

/** Prey and predators. */
interface State {
  readonly prey: NDArray;
  readonly predator: NDArray;
}
/** Growth of prey, and death of predators. */
interface Rates {
  readonly growth: NDArray;
  readonly death: NDArray;
}
/** Lotka and Volterra's equations. */
const slope = ({ prey, predator }: State, { growth, death }: Rates): State => ({
  prey: growth.mul(prey).sub(prey.mul(predator)),
  predator: prey.mul(predator).sub(death.mul(predator)),
});

const axpy = (h: number, x: State, y: State): State => tree.map((a: NDArray, b: NDArray) => a.mul(h).add(b), x, y); // prettier-ignore
/** States after each of `steps` steps of the classical Runge–Kutta method of width h. */
export function solve(rates: Rates, start: State, h: number, steps: number): State {
  const step = (y: State, _: null): [State, State] => {
    const k1 = slope(y, rates);
    const k2 = slope(axpy(h / 2, k1, y), rates);
    const k3 = slope(axpy(h / 2, k2, y), rates);
    const k4 = slope(axpy(h, k3, y), rates);
    const next = axpy(h / 6, k1, axpy(h / 3, k2, axpy(h / 3, k3, axpy(h / 6, k4, y))));
    return [next, next];
  };
  return lax.scan(step, start, null, { length: steps })[1];
}

/** Rates found from a solution, starting from a wrong guess. */
export function fit(): { found: Rates; wanted: Rates } {
  const start: State = { prey: np.array(1), predator: np.array(0.5) };
  const wanted: Rates = { growth: np.array(1.5), death: np.array(0.8) };
  const seen = solve(wanted, start, 0.1, 60);
  const misfit = (rates: Rates): NDArray => {
    const got = solve(rates, start, 0.1, 60);
    const squares = tree.map((a: NDArray, b: NDArray) => np.mean(np.square(a.sub(b))), got, seen);
    return squares.prey.add(squares.predator);
  };
  const improve = (rates: Rates): Rates =>
    tree.map((r: NDArray, g: NDArray) => r.sub(g.mul(0.05)), rates, grad(misfit)(rates));
  const guess: Rates = { growth: np.array(1.2), death: np.array(1) };
  const found = jit((rates: Rates) => lax.foriLoop(0, 200, (_, r: Rates) => improve(r), rates))(guess);
  return { found, wanted };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { found, wanted } = fit();
  for (const name of ["growth", "death"] as const)
    console.log(`${name}: ${found[name].item().toFixed(4)}, and it was ${wanted[name].item().toFixed(4)}`);
}
