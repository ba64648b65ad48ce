// Per-example gradients, pairwise distances, and axes that are checked by the compiler.
import { grad, jit, nn, np, vmap, type NDArray } from "tenon";

type Params = { w: NDArray; b: NDArray };
const loss = (p: Params, x: NDArray, y: NDArray): NDArray =>
  nn.logSigmoid(x.dot(p.w).add(p.b).mul(y.mul(2).sub(1))).neg();
const l1 = (x: NDArray, y: NDArray): NDArray => x.sub(y).abs().sum();

/** The examples with the largest gradients, and distances between rows. */
export async function run(): Promise<{ hardest: Int32Array; pairwise: unknown }> {
  const perExample = jit(vmap(grad(loss), { inAxes: [null, 0, 0] }));
  const g = perExample({ w: np.zeros([3]), b: 0 }, np.arange(15).reshape([5, 3]), np.array([0, 1, 1, 0, 1]));
  const norms = np.sqrt(np.square(g.w).sum({ axis: 1 }));
  const hardest = np.argsort(norms, { descending: true }).get(":3");
  const pairwise = vmap(vmap(l1, { inAxes: [0, null] }), { inAxes: [null, 0] });
  return { hardest: await hardest.data("int32"), pairwise: pairwise(np.eye(3), np.eye(3)).tolist() };
}

/** What the compiler accepts and refuses. */
export function types(): void {
  vmap(grad(loss), { inAxes: [{ w: null, b: null }, 0, 0] });
  // @ts-expect-error three arguments, two axes
  vmap(grad(loss), { inAxes: [null, 0] });
  // @ts-expect-error wrong key in the axis tree
  vmap(grad(loss), { inAxes: [{ w: null, bias: 0 }, 0, 0] });
}
