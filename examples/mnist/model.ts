// The network: three convolutions (two of stride 2, no pooling), two dense layers, dropout while training; 115,370
// parameters. Pure functions of a tree of parameters. The activation is smooth: at a kink, gradients of two runtimes that
// round differently would differ by more than rounding.
import { lax, nn, np, random, type Key, type NDArray } from "tenon";

/** A layer's weights. */
export interface Layer {
  kernel: NDArray;
  bias: NDArray;
}
/** The network's weights. */
export interface Params {
  conv1: Layer;
  conv2: Layer;
  conv3: Layer;
  dense1: Layer;
  dense2: Layer;
}
const DROPOUT = 0.4;

/** He-normal kernels, zero biases. */
export function init(key: Key): Params {
  const he = nn.initializers.heNormal();
  const [k1, k2, k3, k4, k5] = random.split(key, 5);
  const layer = (k: Key, shape: number[]): Layer => ({
    kernel: he(k, shape),
    bias: np.zeros(shape.slice(-1)),
  });
  return {
    conv1: layer(k1, [5, 5, 1, 16]),
    conv2: layer(k2, [3, 3, 16, 32]),
    conv3: layer(k3, [3, 3, 32, 32]),
    dense1: layer(k4, [7 * 7 * 32, 64]),
    dense2: layer(k5, [64, 10]),
  };
}

function conv(x: NDArray, layer: Layer, stride: number): NDArray {
  const y = lax.convGeneralDilated(x, layer.kernel, [stride, stride], "SAME", {
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"],
  });
  return nn.silu(y.add(layer.bias));
}
const dense = (x: NDArray, { kernel, bias }: Layer): NDArray => x.matmul(kernel).add(bias);
function dropout(key: Key | null, x: NDArray): NDArray {
  if (key === null) return x;
  const keep = random.bernoulli(key, x.shape, { p: 1 - DROPOUT });
  return np.where(keep, x.div(1 - DROPOUT), 0);
}

/**
 * Logits of images.
 *
 * @param images  f32[n, 28, 28, 1]
 * @param key     for dropout; null: none (the network as it is used after training)
 * @returns       f32[n, 10]
 */
export function forward(params: Params, images: NDArray, key: Key | null = null): NDArray {
  const [first, second] = key === null ? [null, null] : random.split(key);
  let x = conv(images, params.conv1, 2);
  x = conv(x, params.conv2, 2);
  x = conv(x, params.conv3, 1);
  x = dropout(first, x.reshape([images.shape[0] as number, -1]));
  x = dropout(second, nn.silu(dense(x, params.dense1)));
  return dense(x, params.dense2);
}

/** Mean cross-entropy of labels i32[n]. */
export function crossEntropy(logits: NDArray, labels: NDArray): NDArray {
  return np
    .sum(nn.logSoftmax(logits).mul(nn.oneHot(labels, 10)), { axis: -1 })
    .mean()
    .neg();
}

/** What training minimises, and the accuracy on the batch beside it. */
export function loss(params: Params, images: NDArray, labels: NDArray, key: Key | null): [NDArray, NDArray] {
  const logits = forward(params, images, key);
  return [crossEntropy(logits, labels), logits.argmax({ axis: -1 }).eq(labels).mean()];
}

/** The loss of one digit, f32[28, 28, 1], without dropout: for gradients per example and for export. */
export function exampleLoss(params: Params, image: NDArray, label: NDArray): NDArray {
  return crossEntropy(forward(params, np.expandDims(image, 0)), np.expandDims(label, 0));
}
