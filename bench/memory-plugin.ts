// A plugin that computes nothing but takes real memory, where V8 doesn't see it: one WebAssembly memory, free lists by
// size, every result written once. What the soak measures is then the collector alone.
import {
  ABI,
  byteLength,
  deepFreeze,
  IR,
  OP_NAMES,
  signatureOf,
  tenonError,
  type Capabilities,
  type Client,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type MemorySpace,
  type Plugin,
  type Status,
} from "tenon-plugin-api";

// TypeScript's types for Node don't know WebAssembly without the DOM's.
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (o: { initial: number; maximum: number }) => WasmMemory };
};
const PAGE = 65536;

/** A heap of blocks; a freed block serves the next one of its size. */
class Heap {
  private readonly memory: WasmMemory;
  private readonly limit: number;
  private readonly free = new Map<number, number[]>();
  private top = 0;
  constructor(limitBytes: number) {
    this.limit = limitBytes;
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: Math.ceil(limitBytes / PAGE) });
  }
  allocate(nbytes: number): number {
    const reused = this.free.get(nbytes)?.pop();
    if (reused !== undefined) return reused;
    const at = this.top;
    const end = at + Math.ceil(nbytes / 64) * 64;
    if (end > this.limit)
      throw tenonError("RESOURCE_EXHAUSTED", `${nbytes} bytes don't fit into ${this.limit}`, {
        plugin: "memory",
      });
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.top = end;
    return at;
  }
  release(at: number, nbytes: number): void {
    const list = this.free.get(nbytes);
    if (list === undefined) this.free.set(nbytes, [at]);
    else list.push(at);
  }
  touch(at: number, nbytes: number): void {
    new Uint8Array(this.memory.buffer, at, nbytes).fill(0);
  }
}

class HeapBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  private readonly heap: Heap;
  private readonly nbytes: number;
  private at: number;
  error = undefined;
  constructor(type: ConcreteType, memory: MemorySpace, heap: Heap) {
    this.type = type;
    this.memory = memory;
    this.heap = heap;
    this.nbytes = byteLength(type);
    this.at = heap.allocate(this.nbytes);
    heap.touch(this.at, this.nbytes);
  }
  get status(): Status {
    return this.at < 0 ? "disposed" : "ready";
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  dispose(): void {
    if (this.at < 0) return;
    this.heap.release(this.at, this.nbytes);
    this.at = -1;
  }
}

const capabilities: Capabilities = deepFreeze({
  dtypes: ["bool", "i32", "u32", "f32"] as const,
  ops: Object.fromEntries(OP_NAMES.map((op) => [op, {}])),
  immediates: true,
});

function createClient(limitBytes: number): Client {
  const memory: MemorySpace = { id: 0, kind: "wasm", deviceIds: [0] };
  const description = { id: 0, platform: "memory", kind: "memory without arithmetic", available: true };
  const device: Device = { id: 0, processIndex: 0, memory, description };
  const heap = new Heap(limitBytes);
  const make = (type: ConcreteType): DeviceBuffer => new HeapBuffer(type, memory, heap);
  return {
    platform: "memory",
    devices: [device],
    memories: [memory],
    capabilities,
    lost: new Promise(() => undefined),
    extensions: { readSync: { read: () => undefined } },
    compile: (program) => {
      const signature = signatureOf(program);
      const types = signature.results.map((r) => r.type as ConcreteType);
      return { signature, devices: [device], execute: () => [types.map(make)], dispose: () => undefined };
    },
    toDevice: (_host, type) => make(type),
    toHost: () => Promise.resolve(),
    dispose: () => undefined,
  };
}

/** The plugin. */
export const memoryPlugin = (limitBytes: number = 2 ** 31): Plugin => ({
  manifest: { name: "memory", version: "0.9.0", platforms: ["memory"], abi: ABI, ir: { min: IR, max: IR } },
  discover: () => [{ id: 0, platform: "memory", kind: "memory without arithmetic", available: true }],
  createClient: () => createClient(limitBytes),
});
