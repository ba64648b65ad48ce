// tenon/custom-derivatives: jax.custom_derivatives, camelCased.
import "./default-plugin.ts";
export * from "tenon-core/custom-derivatives";
