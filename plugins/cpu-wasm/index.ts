// The embedded default device: WebAssembly SIMD generated at run time.
import { ABI, IR, tenonError, type Plugin } from "tenon-plugin-api";
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
    createClient: ({ deviceIds }, host) => {
      const unknown = deviceIds?.find((id) => id !== 0);
      if (unknown !== undefined || deviceIds?.length === 0)
        throw tenonError("UNAVAILABLE", `cpu-wasm has device 0, not ${unknown ?? "none"}`, {
          plugin: "cpu-wasm",
          reason: "E_DEVICE",
          hint: "leave deviceIds out, or pass [0]",
        });
      return new WasmClient(options, host);
    },
  };
}
export default cpuWasm;
