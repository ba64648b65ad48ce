// tenon/scipy: jax.scipy, camelCased, module by module.
import "./default-plugin.ts";
export * as linalg from "./scipy-linalg.ts";
