// tenon/lax: jax.lax, camelCased. The same objects as in "tenon", for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/lax";
