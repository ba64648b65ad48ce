// For clients that may compile asynchronously: calls wait, in order, behind a pending compile, so that the plugin never
// sees an execute before its compile is done. Buffers of such a client are held by stand-ins that exist at once.
import {
  toErrorRecord,
  type Client,
  type ConcreteType,
  type DeviceBuffer,
  type ErrorRecord,
  type HostView,
  type MemorySpace,
  type Status,
} from "tenon-plugin-api";
import { raise } from "./runtime.ts";

/** Calls into one client. */
export class Gate {
  private readonly waiting: (() => void)[] = [];
  private holds = 0;
  private draining = false;

  /** Does nothing wait? */
  get isIdle(): boolean {
    return this.holds === 0 && !this.draining;
  }
  /** Runs `call` now, or after what waits. */
  enter(call: () => void): void {
    if (this.isIdle) call();
    else this.waiting.push(call);
  }
  private drain(): void {
    this.draining = true;
    while (this.holds === 0 && this.waiting.length > 0) (this.waiting.shift() as () => void)();
    this.draining = false;
  }
  /** What enters from here on waits until `work` has settled. */
  hold(work: Promise<void>): void {
    const done = (): void => {
      this.holds--;
      this.drain();
    };
    this.enter(() => {
      this.holds++;
      work.then(done, done);
    });
  }
}

/** A buffer that the client will have made once its turn has come. */
export class GatedBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  private readonly gate: Gate;
  private inner: DeviceBuffer | null = null;
  private failure: ErrorRecord | undefined;
  private gone = false;
  private promise: Promise<void> | null = null;
  constructor(type: ConcreteType, memory: MemorySpace, gate: Gate) {
    this.type = type;
    this.memory = memory;
    this.gate = gate;
  }

  /** The client's buffer is there. */
  resolve(inner: DeviceBuffer): void {
    this.inner = inner;
  }
  /** There will be none. */
  fail(error: ErrorRecord): void {
    this.failure = error;
  }
  /** The client's buffer; only inside the gate. Throws what it failed with. */
  unwrap(): DeviceBuffer {
    if (this.failure !== undefined) throw raise(this.failure);
    return this.inner as DeviceBuffer;
  }

  get error(): ErrorRecord | undefined {
    return this.failure ?? this.inner?.error;
  }
  get status(): Status {
    if (this.gone) return "disposed";
    return this.failure !== undefined ? "failed" : (this.inner?.status ?? "pending");
  }
  whenReady(): Promise<void> {
    this.promise ??= new Promise((resolve, reject: (error: unknown) => void) => {
      this.gate.enter(() => {
        if (this.failure === undefined) (this.inner as DeviceBuffer).whenReady().then(resolve, reject);
        else reject(raise(this.failure));
      });
    });
    this.promise.catch(() => undefined);
    return this.promise;
  }
  /** Reads the value as of this call, also if the buffer is disposed on the next line. */
  read(client: Client, into: HostView): Promise<void> {
    return new Promise((resolve, reject: (error: unknown) => void) => {
      this.gate.enter(() => {
        if (this.failure === undefined) client.toHost(this.inner as DeviceBuffer, into).then(resolve, reject);
        else reject(raise(this.failure));
      });
    });
  }
  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    this.gate.enter(() => this.inner?.dispose());
  }
}

/** Makes stand-ins now and fills them when the turn comes; then a throw fails them all with one record. Throws what `make` throws at once. */
export function deferred(
  gate: Gate,
  types: readonly ConcreteType[],
  memory: MemorySpace,
  make: () => readonly DeviceBuffer[],
): GatedBuffer[] {
  const outs = types.map((type) => new GatedBuffer(type, memory, gate));
  const fill = (): void => {
    const made = make();
    outs.forEach((out, i) => {
      out.resolve(made[i] as DeviceBuffer);
    });
  };
  if (gate.isIdle) {
    fill();
    return outs;
  }
  gate.enter(() => {
    try {
      fill();
    } catch (error) {
      const record = toErrorRecord(error);
      for (const out of outs) out.fail(record);
    }
  });
  return outs;
}
