// Newton's method by whileLoop: as many steps as the tolerance asks for, for many starting points at a time, and forward
// derivatives of the root by what it depends on. Reverse mode needs a known number of steps: see `unrolledRoot`.
import { pathToFileURL } from "node:url";
import { grad, jit, jvp, lax, np, vmap, type NDArray } from "tenon";

/** A function of x with a parameter, whose root is wanted. */
export type Equation = (x: NDArray, a: NDArray) => NDArray;
/** x³ = a. */
export const cube: Equation = (x, a) => x.pow(3).sub(a);

/** One step of Newton's method. */
const improve = (f: Equation, x: NDArray, a: NDArray): NDArray => x.sub(f(x, a).div(grad(f)(x, a)));

/** The root near x0, and the number of steps that it took. */
export function root(f: Equation, x0: NDArray, a: NDArray): { x: NDArray; steps: NDArray } {
  return lax.whileLoop(
    ({ x, steps }) => np.abs(f(x, a)).gt(1e-5).and(steps.lt(50n)),
    ({ x, steps }) => ({ x: improve(f, x, a), steps: steps.add(1n) }),
    { x: x0, steps: np.array(0n) },
  );
}
/** The same with a fixed number of steps: a scan, which reverse mode can differentiate. */
export const unrolledRoot = (f: Equation, x0: NDArray, a: NDArray, steps = 12): NDArray =>
  lax.foriLoop(0, steps, (_, x) => improve(f, x, a), x0);

/** Roots from several starts, and dx/da in both modes. */
export function solve(): { roots: NDArray; steps: NDArray; forward: number; reverse: number } {
  const a = np.array(5);
  const starts = np.linspace(1, 4, 4);
  const found = jit(vmap((x0: NDArray) => root(cube, x0, a)))(starts);
  const [, forward] = jvp((a: NDArray) => root(cube, np.array(2), a).x, [a], [np.array(1)]);
  const reverse = grad((a: NDArray) => unrolledRoot(cube, np.array(2), a))(a);
  return { roots: found.x, steps: found.steps, forward: forward.item(), reverse: reverse.item() };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { roots, steps, forward, reverse } = solve();
  console.log(`cube roots of 5 from 1, 2, 3, 4: ${String(roots)} in ${String(steps)} steps`);
  console.log(`d root / d a: ${forward.toFixed(6)} forward, ${reverse.toFixed(6)} in reverse`);
}
