// A recurrent network by scan; reversed scans, scans without inputs, counted loops.
import { grad, jit, lax, np, random, type NDArray } from "tenon";

interface Cell {
  wx: NDArray;
  wh: NDArray;
  b: NDArray;
}
const rnn = (cell: Cell, h0: NDArray, xs: NDArray): [NDArray, NDArray] =>
  lax.scan(
    (h, x) => {
      const next = np.tanh(x.matmul(cell.wx).add(h.matmul(cell.wh)).add(cell.b));
      return [next, next];
    },
    h0,
    xs,
  );
const loss = (cell: Cell, h0: NDArray, xs: NDArray, targets: NDArray): NDArray => {
  const [, hs] = rnn(cell, h0, xs);
  return np.mean(np.square(hs.sub(targets)));
};

/** Shapes of a gradient, and small loops. */
export function run(): {
  shape: readonly number[];
  total: number;
  partial: unknown;
  decay: number;
  n: number;
} {
  const [kx, kh, kd] = random.split(random.key(1), 3);
  const cell = {
    wx: random.normal(kx, [4, 8]),
    wh: random.normal(kh, [8, 8]).mul(0.1),
    b: np.zeros([8]),
  };
  const xs = random.normal(kd, [20, 2, 4]);
  const g = jit(grad(loss))(cell, np.zeros([2, 8]), xs, np.zeros([20, 2, 8]));
  const [total, partial] = lax.scan((c, x) => [c.add(x), c], 0, np.arange(5), { reverse: true });
  const [decay] = lax.scan((c, _) => [c.mul(0.5), null], 1, null, { length: 7 });
  const counted = lax.foriLoop(0, 10, (i, { x, n }) => ({ x: x.add(i), n: n.add(1n) }), { x: 0, n: 0n });
  return {
    shape: g.wh.shape,
    total: total.item(),
    partial: partial.tolist(),
    decay: decay.item(),
    n: counted.n.item(),
  };
}
