// tenon/checkify: jax.experimental.checkify, checks as values.
import "./default-plugin.ts";
export * from "tenon-core/checkify";
