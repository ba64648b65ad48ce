// Which plugin comes with the package.
import cpuWasm from "tenon-cpu-wasm";
import type { Plugin } from "tenon-plugin-api";

/** The embedded default plugin. */
export const embedded = (): Plugin => cpuWasm();
