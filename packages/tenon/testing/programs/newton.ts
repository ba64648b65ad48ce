// Newton's method by a while loop, under grad, vmap and jit; eager code that branches on a value.
import { grad, jit, lax, np, vmap, type NDArray } from "tenon";

const f = (x: NDArray): NDArray => x.pow(3).sub(x.mul(2)).sub(5);
const newton = (f: (x: NDArray) => NDArray, x0: NDArray | number, tol = 1e-5): NDArray => {
  const df = grad(f);
  return lax.whileLoop(
    ({ x, i }) => np.abs(f(x)).gt(tol).and(i.lt(50)),
    ({ x, i }) => ({ x: x.sub(f(x).div(df(x))), i: i.add(1) }),
    { x: x0, i: 0n },
  ).x;
};
const branchy = (x: NDArray): NDArray => (x.gt(0).item("bool") ? x.mul(x) : x.neg());

/** Roots and derivatives. */
export function run(): { root: number; roots: unknown; third: number; branch: number } {
  const root: number = newton(f, 2).item();
  const roots = jit(vmap((x) => newton(f, x)))(np.linspace(1, 3, 5));
  const third = grad(grad(grad((x) => np.tanh(x))))(1).item();
  return { root, roots: roots.tolist(), third, branch: grad(branchy)(3).item() };
}
