// An array on the device: a block of the heap that several buffers may share, or an error that stands for it.
import {
  fromErrorRecord,
  tenonError,
  type ConcreteType,
  type DeviceBuffer,
  type ErrorRecord,
  type MemorySpace,
  type Status,
} from "tenon-plugin-api";
import { dropStorage, type Heap, type Storage } from "./memory.ts";

/** A buffer of this plugin. */
export class WasmBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  private readonly heap: Heap;
  /** Its block; null once disposed, or when it failed. */
  storage: Storage | null;
  readonly error: ErrorRecord | undefined;
  constructor(
    heap: Heap,
    type: ConcreteType,
    memory: MemorySpace,
    storage: Storage | null,
    error?: ErrorRecord,
  ) {
    this.heap = heap;
    this.type = type;
    this.memory = memory;
    this.storage = storage;
    this.error = error;
  }
  get status(): Status {
    if (this.storage !== null) return "ready";
    return this.error === undefined ? "disposed" : "failed";
  }
  whenReady(): Promise<void> {
    if (this.error === undefined) return Promise.resolve();
    const failed = Promise.reject(fromErrorRecord(this.error));
    failed.catch(() => undefined);
    return failed;
  }
  dispose(): void {
    if (this.storage === null) return;
    dropStorage(this.heap, this.storage);
    this.storage = null;
  }
}

/** The block of a live buffer. @throws FAILED_PRECONDITION when disposed, the buffer's own error when it failed. */
export function storageOfBuffer(buffer: DeviceBuffer, heap: Heap, what: string): Storage {
  const { storage, error, memory } = buffer as WasmBuffer;
  if (storage !== null && storage !== undefined && (buffer as unknown as { heap: Heap }).heap === heap) return storage; // prettier-ignore
  if (error !== undefined) throw fromErrorRecord(error);
  const foreign = storage === undefined || storage !== null;
  throw tenonError(
    foreign ? "INVALID_ARGUMENT" : "FAILED_PRECONDITION",
    foreign
      ? `cpu-wasm: ${what}: the buffer belongs to another client (${memory?.kind ?? "unknown memory"})`
      : `cpu-wasm: ${what}: the buffer was disposed`,
    {
      plugin: "cpu-wasm",
      reason: foreign ? "E_FOREIGN_BUFFER" : "E_BUFFER_DISPOSED",
      hint: foreign ? "move it to this device first" : "keep a reference to an array while you need it",
    },
  );
}
