// jax.nn, camelCased: activations and what networks are made of.
export {
  celu,
  elu,
  gelu,
  glu,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  identity,
  leakyRelu,
  log1mexp,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softplus,
  softSign,
  sparsePlus,
  sparseSigmoid,
  squareplus,
  swish,
  tanh,
} from "./activations.ts";
export { dotProductAttention } from "./attention.ts";
export * as initializers from "./initializers.ts";
export { logmeanexp, logSoftmax, logsumexp, oneHot, softmax, standardize } from "./softmax.ts";
