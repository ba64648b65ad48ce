// tenon/numpy/fft: jax.numpy.fft, camelCased. The same objects as np.fft, for the smallest bundles.
import "./default-plugin.ts";
export * from "tenon-core/numpy/fft";
