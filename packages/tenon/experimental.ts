// tenon/experimental: what JAX keeps under jax.experimental.
import "./default-plugin.ts";
export * from "tenon-core/experimental";
