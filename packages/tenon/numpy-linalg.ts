// tenon/numpy/linalg: jax.numpy.linalg, camelCased. The same objects as np.linalg, for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/numpy/linalg";
