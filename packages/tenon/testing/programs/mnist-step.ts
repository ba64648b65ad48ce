// A training step of a small convolutional network: trees of parameters, aux output, donation.
import { jit, lax, nn, np, random, tree, valueAndGrad, type Key, type NDArray } from "tenon";

interface Params {
  conv: { kernel: NDArray; bias: NDArray };
  dense: { kernel: NDArray; bias: NDArray };
}

function init(key: Key): Params {
  const [k1, k2] = random.split(key);
  const he = nn.initializers.heNormal();
  return {
    conv: { kernel: he(k1, [3, 3, 1, 4]), bias: np.zeros([4]) },
    dense: { kernel: he(k2, [4 * 4 * 4, 10]), bias: np.zeros([10]) },
  };
}
function forward(p: Params, images: NDArray): NDArray {
  let x = lax.convGeneralDilated(images, p.conv.kernel, [1, 1], "SAME", {
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
  });
  x = nn.relu(x.add(p.conv.bias));
  x = lax.reduceWindow(x, -Infinity, lax.max, [1, 2, 2, 1], [1, 2, 2, 1], "VALID");
  return x.reshape([x.shape[0]!, -1]).matmul(p.dense.kernel).add(p.dense.bias);
}
function loss(p: Params, images: NDArray, labels: NDArray): [NDArray, { accuracy: NDArray }] {
  const logits = forward(p, images);
  const picked = np.takeAlongAxis(nn.logSoftmax(logits), labels.get(":", null), { axis: 1 });
  return [picked.mean().neg(), { accuracy: logits.argmax({ axis: -1 }).eq(labels).mean() }];
}
const step = jit(
  (p: Params, velocity: Params, images: NDArray, labels: NDArray, lr: NDArray) => {
    const [[value, aux], g] = valueAndGrad(loss, { hasAux: true })(p, images, labels);
    const v = tree.map((v, g) => v.mul(0.9).add(g), velocity, g);
    return { p: tree.map((p, v) => p.sub(v.mul(lr)), p, v), v, loss: value, ...aux };
  },
  { donateArgnums: [0, 1] },
);

/** Losses of a few steps on one batch. */
export async function run(): Promise<number[]> {
  let p = init(random.key(0));
  let v = tree.map(np.zerosLike, p);
  const images = random.normal(random.key(1), [8, 8, 8, 1]);
  const labels = np.array([1, 2, 3, 4, 5, 6, 7, 8], { dtype: "int32" });
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const out = step(p, v, images, labels, 0.05);
    ({ p, v } = out);
    losses.push((await out.loss.data("float32"))[0]!);
  }
  return losses;
}
