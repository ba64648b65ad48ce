// jax.nn, camelCased: activations and what networks are made of.
export { relu } from "./activations.ts";
