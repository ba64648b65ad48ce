// Buffers over values in JavaScript memory, settled at once or later.
import {
  fromErrorRecord,
  tenonError,
  type ConcreteType,
  type DeviceBuffer,
  type ErrorRecord,
  type MemorySpace,
  type Status,
} from "tenon-plugin-api";

/** A value that work already enqueued shares with buffers: disposing a buffer doesn't take it away. */
export class Cell<V> {
  value: V | undefined;
  error: ErrorRecord | undefined;
  private waiting: (() => void)[] = [];
  get settled(): boolean {
    return this.value !== undefined || this.error !== undefined;
  }
  resolve(value: V): void {
    this.value = value;
    this.wake();
  }
  fail(error: ErrorRecord): void {
    this.error = error;
    this.wake();
  }
  /** Calls back once settled. */
  then(wake: () => void): void {
    if (this.settled) wake();
    else this.waiting.push(wake);
  }
  private wake(): void {
    for (const wake of this.waiting) wake();
    this.waiting = [];
  }
}

/** A buffer of one of the kit's clients. */
export class HostBuffer<V> implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  private held: Cell<V> | undefined;
  private readonly isOpen: () => boolean;
  private gone = "";
  private ready: Promise<void> | undefined;
  constructor(type: ConcreteType, memory: MemorySpace, cell: Cell<V>, isOpen: () => boolean) {
    this.type = type;
    this.memory = memory;
    this.held = cell;
    this.isOpen = isOpen;
  }
  get status(): Status {
    if (this.held === undefined || !this.isOpen()) return "disposed";
    return this.held.error !== undefined ? "failed" : this.held.settled ? "ready" : "pending";
  }
  get error(): ErrorRecord | undefined {
    return this.held?.error;
  }
  /** The value's cell. @throws FAILED_PRECONDITION once the buffer was disposed or donated */
  cell(plugin: string, what: string): Cell<V> {
    if (this.held !== undefined && this.isOpen()) return this.held;
    const why = this.gone === "" ? "was disposed" : this.gone;
    throw tenonError("FAILED_PRECONDITION", `${plugin}: ${what}: the buffer ${why}`, {
      plugin,
      reason: this.gone === "" ? "E_BUFFER_DISPOSED" : "E_BUFFER_DONATED",
    });
  }
  whenReady(): Promise<void> {
    this.ready ??= this.settledPromise();
    return this.ready;
  }
  private settledPromise(): Promise<void> {
    const cell = this.held;
    const promise = new Promise<void>((resolve, reject) => {
      if (cell === undefined) reject(tenonError("FAILED_PRECONDITION", "the buffer was disposed"));
      else
        cell.then(() => {
          if (cell.error === undefined) resolve();
          else reject(fromErrorRecord(cell.error));
        });
    });
    promise.catch(() => undefined); // nobody has to await it
    return promise;
  }
  dispose(): void {
    this.held = undefined;
  }
  /** Given away to a run: later uses say to which. */
  donate(to: string): void {
    this.gone ||= `was donated to ${to}`;
    this.held = undefined;
  }
}

/** A buffer as one of the kit's. @throws INVALID_ARGUMENT if another client made it */
export function ownBuffer<V>(buffer: DeviceBuffer, plugin: string, what: string): HostBuffer<V> {
  if (buffer instanceof HostBuffer) return buffer as HostBuffer<V>;
  throw tenonError("INVALID_ARGUMENT", `${plugin}: ${what}: the buffer isn't this client's`, {
    plugin,
    reason: "E_FOREIGN_BUFFER",
  });
}
