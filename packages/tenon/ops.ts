// tenon/ops: jax.ops, camelCased. The same objects as in "tenon", for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/ops";
