// The embedded default device: WebAssembly SIMD generated at run time.
import { ABI, IR, type Plugin } from "tenon-plugin-api";
import { WasmClient, description, type CpuWasmOptions } from "./client.ts";
import { MAX_PAGES } from "./memory.ts";

export type { CpuWasmOptions };

/** The plugin: one CPU device that runs generated WebAssembly, in Node and in browsers. */
export function cpuWasm(options: CpuWasmOptions = {}): Plugin {
  return {
    manifest: {
      name: "cpu-wasm",
      version: "0.9.0",
      platforms: ["cpu"],
      abi: ABI,
      ir: { min: IR, max: IR },
    },
    discover: () => [description(options.memoryLimitBytes ?? MAX_PAGES * 65536)],
    createClient: (_selection, host) => new WasmClient(options, host),
  };
}
export default cpuWasm;
