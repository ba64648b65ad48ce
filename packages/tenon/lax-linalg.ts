// tenon/lax/linalg: jax.lax.linalg, camelCased. The same objects as lax.linalg, for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/lax/linalg";
