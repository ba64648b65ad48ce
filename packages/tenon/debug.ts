// tenon/debug: jax.debug, looks at the values of programs that run.
import "./default-plugin.ts";
export * from "tenon-core/debug";
