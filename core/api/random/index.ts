// jax.random, camelCased: threefry keys and what is drawn from them.
export {
  cauchy,
  exponential,
  gumbel,
  laplace,
  logistic,
  lognormal,
  maxwell,
  normal,
  pareto,
  rayleigh,
  triangular,
  truncatedNormal,
  wald,
  weibullMin,
} from "./continuous.ts";
export { bernoulli, categorical, geometric, poisson, rademacher } from "./discrete.ts";
export type { KeyLike } from "./draw.ts";
export { beta, chisquare, dirichlet, f, gamma, loggamma, t } from "./gamma.ts";
export { clone, foldIn, key, keyData, keyImpl, PRNGKey, split, threefry2x32, wrapKeyData } from "./keys.ts";
export { choice, permutation } from "./shuffles.ts";
export { bits, randint, uniform } from "./uniform.ts";
