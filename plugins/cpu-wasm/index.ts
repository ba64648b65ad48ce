// The embedded default device: WebAssembly SIMD generated at run time.
import { ABI, IR, tenonError, type Plugin } from "tenon-plugin-api";
import { WasmClient, description } from "./client.ts";
import type { CpuWasmOptions } from "./options.ts";
import { MAX_PAGES } from "./memory.ts";

export type { CpuWasmOptions };

const MAX_BYTES = MAX_PAGES * 65536;
function checkLimit(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= 2 ** 20 && bytes <= MAX_BYTES) return bytes;
  throw tenonError(
    "INVALID_ARGUMENT",
    `cpuWasm: expected memoryLimitBytes to be an integer from ${2 ** 20} to ${MAX_BYTES}, got ${bytes}`,
    { plugin: "cpu-wasm", reason: "E_OPTIONS", hint: "leave it out for all of 32-bit memory" },
  );
}

/** The plugin: one CPU device that runs generated WebAssembly, in Node and in browsers. */
export function cpuWasm(options: CpuWasmOptions = {}): Plugin {
  const memoryLimitBytes = checkLimit(options.memoryLimitBytes ?? MAX_BYTES);
  return {
    manifest: {
      name: "cpu-wasm",
      version: "0.9.0",
      platforms: ["cpu"],
      abi: ABI,
      ir: { min: IR, max: IR },
    },
    discover: () => [description(memoryLimitBytes)],
    createClient: ({ deviceIds }, host) => {
      const unknown = deviceIds?.find((id) => id !== 0);
      if (unknown !== undefined || deviceIds?.length === 0)
        throw tenonError("UNAVAILABLE", `cpu-wasm has device 0, not ${unknown ?? "none"}`, {
          plugin: "cpu-wasm",
          reason: "E_DEVICE",
          hint: "leave deviceIds out, or pass [0]",
        });
      return new WasmClient({ memoryLimitBytes }, host);
    },
  };
}
export default cpuWasm;
