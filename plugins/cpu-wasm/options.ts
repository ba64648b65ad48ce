// Apart from what uses them, so that the types of the package need no types of WebAssembly.
/** Options of the plugin. */
export interface CpuWasmOptions {
  /** Most bytes of memory that arrays may take together; default 4 GiB, the end of 32-bit addresses. */
  readonly memoryLimitBytes?: number;
}
