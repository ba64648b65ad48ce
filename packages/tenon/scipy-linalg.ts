// tenon/scipy/linalg: jax.scipy.linalg, camelCased. The same objects as scipy.linalg, for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/scipy/linalg";
