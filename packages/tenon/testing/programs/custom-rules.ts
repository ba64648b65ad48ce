// A function with its own derivative, and pullbacks of several arguments.
import { customJvp, grad, np, vjp, type NDArray } from "tenon";

const log1pexp = customJvp(
  (x: NDArray): NDArray => np.log(np.exp(x).add(1)),
  ([x], [t]): readonly [NDArray, NDArray] => {
    const y = log1pexp(x);
    return [y, t.mul(np.exp(x.sub(y)))];
  },
);

/** A derivative where the function overflows, and cotangents. */
export function run(): { slope: number; dx: number; dw: number } {
  const [y, pull] = vjp((x: NDArray, w: NDArray) => np.sin(x).mul(w), 2, 3);
  const [dx, dw] = pull(1);
  y.dispose();
  return { slope: grad(log1pexp)(1).item(), dx: dx.item(), dw: dw.item() };
}
