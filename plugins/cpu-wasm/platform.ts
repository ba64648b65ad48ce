// What the JavaScript engine is asked for, without importing anything of Node: V8's flags, and relaxed SIMD.

interface V8 {
  setFlagsFromString(flags: string): void;
}
/** Node's `v8` module, where there is one. */
function v8(): V8 | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.("v8") as V8 | undefined;
}

/** (v128, v128, v128) → v128 by f32x4.relaxed_madd. */
const RELAXED_MADD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0,
  10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 0xfd, 0x85, 2, 11,
); // prettier-ignore

/** Is fused multiply-add there? Node 20 has it behind a flag that may be set at any time; later V8s no longer know the flag. */
export function enableRelaxedSimd(): boolean {
  if (WebAssembly.validate(RELAXED_MADD)) return true;
  v8()?.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(RELAXED_MADD);
}

/** Compiles a module. `optimised`: by the optimising compiler at once, where the engine can be told (V8 in Node). */
export function compileModule(bytes: Uint8Array<ArrayBuffer>, optimised: boolean): WebAssembly.Module {
  const engine = optimised ? v8() : undefined;
  if (engine === undefined) return new WebAssembly.Module(bytes);
  // The flags hold for the whole process: nothing else may compile in between.
  engine.setFlagsFromString("--no-liftoff");
  engine.setFlagsFromString("--no-wasm-lazy-compilation");
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    engine.setFlagsFromString("--liftoff");
    engine.setFlagsFromString("--wasm-lazy-compilation");
  }
}
