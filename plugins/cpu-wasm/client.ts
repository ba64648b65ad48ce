// The client: one heap, one linker, buffers and executables on them. Everything runs at once, on the caller's thread.
import {
  byteLength,
  signatureOf,
  tenonError,
  type Capabilities,
  type Client,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type DeviceDescription,
  type ErrorRecord,
  type Executable,
  type HostContext,
  type HostView,
  type MemorySpace,
  type Program,
  type Signature,
  type ToDeviceOptions,
} from "tenon-plugin-api";
import { callsHost, compileProgram, CutExecutable, type Plan } from "tenon-plugin-kit";
import { WasmBuffer, storageOfBuffer } from "./buffer.ts";
import { abilitiesOf } from "./capabilities.ts";
import { WasmExecutable, type ConstantPool, type Machine } from "./executable.ts";
import { Linker } from "./linker.ts";
import { allocate, createHeap, dropStorage, newStorage, release, type Heap, type Storage } from "./memory.ts";
import type { CpuWasmOptions } from "./options.ts";

/** The one device, as discovery sees it. */
export const description = (limitBytes: number): DeviceDescription => ({
  id: 0,
  platform: "cpu",
  kind: "wasm simd128",
  available: true,
  memoryBytes: limitBytes,
});

/** A client of this plugin. */
export class WasmClient implements Client, Machine {
  readonly platform = "cpu";
  readonly capabilities: Capabilities;
  readonly devices: readonly Device[];
  readonly memories: readonly MemorySpace[];
  readonly device: Device;
  readonly lost: Promise<ErrorRecord>;
  readonly extensions: NonNullable<Client["extensions"]>;
  readonly heap: Heap;
  readonly linker: Linker;
  readonly constants: ConstantPool;
  private lose: (why: ErrorRecord) => void = () => undefined;
  private readonly prepare: (program: Program) => Program;
  private work = { ptr: 0, nbytes: 0 };

  constructor(options: CpuWasmOptions, host: HostContext) {
    this.heap = createHeap(options.memoryLimitBytes);
    this.linker = new Linker(this.heap);
    this.constants = constantPool(this.heap);
    const { outward, prepare } = abilitiesOf(this.heap.limit);
    this.capabilities = outward;
    this.prepare = prepare;
    const memory: MemorySpace = { id: 0, kind: "device", deviceIds: [0] };
    this.device = {
      id: 0,
      processIndex: host.processIndex,
      description: description(this.heap.limit),
      memory,
    };
    this.devices = [this.device];
    this.memories = [memory];
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
    this.extensions = {
      readSync: { read: (buffer, into) => this.copyOut(buffer, into) },
      hostView: { view: (buffer) => this.bytesOf(buffer, "hostView") },
      memoryStats: {
        read: async (_device, options) => {
          const { live, peak, limit } = this.heap;
          if (options?.resetPeak === true) this.heap.peak = live;
          return { bytesInUse: live, peakBytes: peak, limitBytes: limit };
        },
      },
    };
  }
  check(): void {
    if (!this.heap.isOpen)
      throw tenonError("FAILED_PRECONDITION", "cpu-wasm: the client was disposed", {
        plugin: "cpu-wasm",
        reason: "E_CLIENT_DISPOSED",
        hint: "create a new one, or dispose it later",
      });
  }
  compile(program: Program, options: CompileOptions = {}): Executable {
    this.check();
    return callsHost(program) ? this.cut(program, options) : this.compileWhole(program);
  }
  /** Generated code doesn't leave the module: functions of the host are called between parts of the program. */
  private cut(program: Program, options: CompileOptions): Executable {
    const client = {
      plugin: "cpu-wasm",
      device: this.device,
      compile: (part: Program) => this.compileWhole(part),
      toDevice: (host: HostView, type: ConcreteType, memory: MemorySpace) =>
        this.toDevice(host, type, memory),
      readSync: (buffer: DeviceBuffer, into: HostView) => this.copyOut(buffer, into),
    };
    return new CutExecutable(client, program, options);
  }
  private compileWhole(program: Program): WasmExecutable {
    return this.load(compileProgram(this.prepare(program), { plugin: "cpu-wasm" }), signatureOf(program));
  }
  /** An executable of a plan. */
  load(plan: Plan, signature: Signature): WasmExecutable {
    return new WasmExecutable(this, signature, plan);
  }
  workspace(nbytes: number): number {
    if (nbytes > this.work.nbytes) {
      if (this.work.ptr !== 0) release(this.heap, this.work.ptr, this.work.nbytes);
      this.work = { ptr: 0, nbytes: 0 };
      this.work = { ptr: allocate(this.heap, nbytes), nbytes };
    }
    return this.work.ptr;
  }
  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace, options?: ToDeviceOptions): WasmBuffer {
    this.check();
    const nbytes = byteLength(type);
    checkBytes("toDevice", host, nbytes, type);
    const storage = newStorage(this.heap, nbytes);
    this.heap.u8.set(new Uint8Array(host.buffer, host.byteOffset, host.byteLength), storage.ptr);
    // The bytes are copied, whatever was permitted; the host hears of it later than this call returns.
    if (options?.released !== undefined) queueMicrotask(options.released);
    return new WasmBuffer(this.heap, type, memory, storage);
  }
  private bytesOf(buffer: DeviceBuffer, what: string): Uint8Array {
    this.check();
    const { ptr } = storageOfBuffer(buffer, this.heap, what);
    return this.heap.u8.subarray(ptr, ptr + byteLength(buffer.type));
  }
  private copyOut(buffer: DeviceBuffer, into: HostView): void {
    const bytes = this.bytesOf(buffer, "toHost");
    checkBytes("toHost", into, bytes.length, buffer.type);
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  }
  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.copyOut(buffer, into);
  }
  dispose(): void {
    this.heap.isOpen = false;
    this.lose({ code: "CANCELLED", message: "the cpu-wasm client was disposed" });
  }
}

function checkBytes(what: string, view: HostView, nbytes: number, type: ConcreteType): void {
  if (view.byteLength === nbytes) return;
  throw tenonError(
    "INVALID_ARGUMENT",
    `cpu-wasm: ${what} of ${type.dtype}[${type.shape.join(",")}]: expected ${nbytes} bytes, got ${view.byteLength}`,
    { plugin: "cpu-wasm", reason: "E_BYTES" },
  );
}

/** Constants kept by content: equal ones share a block. */
function constantPool(heap: Heap): ConstantPool {
  const byContent = new Map<string, Storage>();
  const keys = new Map<Storage, string>();
  const text = (bytes: Uint8Array): string => {
    let key = "";
    for (let i = 0; i < bytes.length; i += 8192) key += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return key;
  };
  return {
    take: (bytes) => {
      const key = text(bytes);
      let storage = byContent.get(key);
      if (storage !== undefined) storage.refs++;
      else {
        storage = newStorage(heap, bytes.length);
        heap.u8.set(bytes, storage.ptr);
        byContent.set(key, storage);
        keys.set(storage, key);
      }
      return storage;
    },
    drop: (storage) => {
      if (storage.refs === 1) {
        byContent.delete(keys.get(storage) as string);
        keys.delete(storage);
      }
      dropStorage(heap, storage);
    },
  };
}
