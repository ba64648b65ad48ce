// tenon/custom-batching: jax.custom_batching, camelCased.
import "./default-plugin.ts";
export * from "tenon-core/custom-batching";
