// What JAX keeps under jax.experimental.
export { ioCallback, type IoCallbackOptions } from "./debug/callbacks.ts";
