// A class as a tree: data fields are leaves, a function is metadata.
import { grad, jit, np, tree, type NDArray } from "tenon";

class Linear {
  readonly w: NDArray;
  readonly b: NDArray;
  readonly act: (x: NDArray) => NDArray;
  constructor(w: NDArray, b: NDArray, act: (x: NDArray) => NDArray) {
    [this.w, this.b, this.act] = [w, b, act];
  }
  call(x: NDArray): NDArray {
    return this.act(x.matmul(this.w).add(this.b));
  }
}
tree.registerDataclass(Linear, { data: ["w", "b"], meta: ["act"] });
const loss = (m: Linear, x: NDArray): NDArray => m.call(x).pow(2).mean();

/** An updated module's output. */
export function run(): { out: unknown; shape: readonly number[] } {
  const model = new Linear(np.ones([3, 2]), np.zeros([2]), np.tanh);
  const g = jit(grad(loss))(model, np.ones([4, 3]));
  const next: Linear = tree.map((p, g) => p.sub(g.mul(0.1)), model, g);
  return { out: next.call(np.ones([1, 3])).tolist(), shape: g.w.shape };
}
