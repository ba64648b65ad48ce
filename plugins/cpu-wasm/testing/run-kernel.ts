// Runs a kernel in wasm and in the interpreter on the same bytes: for the tests of the code generator.
import { interpretKernel, kernelKey, type Kernel, type Schedule } from "tenon-plugin-kit";
import wabt from "wabt";
import { Linker } from "../linker.ts";
import { allocate, createHeap, release } from "../memory.ts";
import type { Fn } from "../codegen/assembler.ts";
import { compileKernel } from "../codegen/kernel.ts";

const heap = createHeap();
const linker = new Linker(heap);
const toolkit = await wabt();
const FEATURES = {
  simd: true,
  relaxed_simd: true,
  bulk_memory: true,
  sat_float_to_int: true,
  sign_extension: true,
};
linker.onModule = (bytes) => {
  const module = toolkit.readWasm(bytes, FEATURES);
  try {
    module.validate();
  } finally {
    module.destroy();
  }
};

/** Bytes of the parameters after a run in wasm. */
export function runKernel(
  kernel: Kernel,
  schedule: Schedule,
  memory: readonly Uint8Array[],
  uniforms: readonly number[] = [],
  chunks: readonly (readonly [number, number])[] = [[0, 0]],
): Uint8Array[] {
  const write = (): Fn => compileKernel(kernel, schedule, linker);
  const linked = linker.link([{ key: kernelKey(kernel, schedule), optimised: false, write }]);
  const blocks = memory.map((bytes) => {
    const ptr = allocate(heap, bytes.length);
    heap.u8.set(bytes, ptr);
    return ptr;
  });
  const args = allocate(heap, 4 * (blocks.length + uniforms.length));
  [...blocks, ...uniforms].forEach((word, i) => heap.view.setInt32(args + 4 * i, word, true));
  for (const [begin, end] of chunks) linked[0]?.call(args, begin, end);
  const out = memory.map((bytes, i) => heap.u8.slice(blocks[i], (blocks[i] as number) + bytes.length));
  memory.forEach((bytes, i) => release(heap, blocks[i] as number, bytes.length));
  release(heap, args, 4 * (blocks.length + uniforms.length));
  linker.release(linked);
  return out;
}
/** Bytes of the parameters after a run in the interpreter. */
export function expectedKernel(
  kernel: Kernel,
  memory: readonly Uint8Array[],
  uniforms: readonly number[] = [],
): Uint8Array[] {
  const copies = memory.map((bytes) => bytes.slice());
  interpretKernel(kernel, copies, uniforms);
  return copies;
}
