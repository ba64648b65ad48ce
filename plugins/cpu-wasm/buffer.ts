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
  /** Where it lives. */
  readonly heap: Heap;
  /** Its block; null once disposed, or when it failed. */
  storage: Storage | null;
  readonly error: ErrorRecord | undefined;
  /** To which program it was donated. */
  private donatedTo: string | undefined;
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
    if (this.storage !== null && this.heap.isOpen) return "ready";
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
  /** Given away to a run: later uses say to which. */
  donate(to: string): void {
    this.donatedTo = to;
    this.dispose();
  }
  /** Its block. @throws FAILED_PRECONDITION when it was disposed or donated; its own error when it failed */
  live(what: string): Storage {
    if (this.storage !== null) return this.storage;
    if (this.error !== undefined) throw fromErrorRecord(this.error);
    const { donatedTo } = this;
    throw tenonError(
      "FAILED_PRECONDITION",
      `cpu-wasm: ${what}: the buffer was ${donatedTo === undefined ? "disposed" : `donated to ${donatedTo}`}`,
      {
        plugin: "cpu-wasm",
        reason: donatedTo === undefined ? "E_BUFFER_DISPOSED" : "E_BUFFER_DONATED",
        hint: "keep an array alive while you need it; a donated one is gone after the call",
      },
    );
  }
}

/** The block of a buffer of this client. @throws INVALID_ARGUMENT if it is another's; else as `WasmBuffer.live` */
export function storageOfBuffer(buffer: DeviceBuffer, heap: Heap, what: string): Storage {
  if (buffer instanceof WasmBuffer && buffer.heap === heap) return buffer.live(what);
  throw tenonError(
    "INVALID_ARGUMENT",
    `cpu-wasm: ${what}: the buffer is another client's (memory ${buffer?.memory?.kind ?? "unknown"})`,
    { plugin: "cpu-wasm", reason: "E_FOREIGN_BUFFER", hint: "move it to this device first" },
  );
}
