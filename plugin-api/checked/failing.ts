// Faults on demand: a client that fails at a chosen call, in the way a device fails there.
import { fromErrorRecord, tenonError, toErrorRecord } from "../errors.ts";
import type {
  Client,
  DeviceBuffer,
  ErrorCode,
  ErrorRecord,
  Executable,
  HostView,
  MaybePromise,
  Status,
} from "../plugin.ts";
import type { ConcreteType } from "../program.ts";

/** Where and how a client fails. */
export interface Fault {
  readonly at: "compile" | "execute" | "toDevice" | "toHost";
  readonly code: ErrorCode;
  /** After the call returned: execute and toDevice poison their buffers, compile rejects. */
  readonly async?: boolean;
  /** Which calls fail, counted from 0; default all. */
  readonly when?: (call: number) => boolean;
  readonly message?: string;
}

/** A buffer that is pending for a turn, then failed. */
class FailingBuffer implements DeviceBuffer {
  readonly type: DeviceBuffer["type"];
  readonly memory: DeviceBuffer["memory"];
  /** Known from the start, visible once the buffer has failed. */
  readonly record: ErrorRecord;
  error: ErrorRecord | undefined;
  private readonly settled: Promise<void>;
  private gone = false;
  constructor(type: DeviceBuffer["type"], memory: DeviceBuffer["memory"], record: ErrorRecord) {
    this.type = type;
    this.memory = memory;
    this.record = record;
    this.settled = Promise.resolve().then(() => {
      this.error = record;
      throw fromErrorRecord(record);
    });
    this.settled.catch(() => undefined);
  }
  get status(): Status {
    return this.gone ? "disposed" : this.error === undefined ? "pending" : "failed";
  }
  whenReady(): Promise<void> {
    return this.settled;
  }
  dispose(): void {
    this.gone = true;
  }
}

class FailingClient {
  private readonly client: Client;
  private readonly fault: Fault;
  private calls = 0;
  constructor(client: Client, fault: Fault) {
    this.client = client;
    this.fault = fault;
  }

  /** The error of this call, if it is one that fails. */
  private strike(at: Fault["at"]): Error | undefined {
    const { fault, client } = this;
    if (at !== fault.at || fault.when?.(this.calls++) === false) return undefined;
    const { code, message = `injected at ${at}` } = fault;
    return tenonError(code, message, { plugin: client.platform, reason: "E_INJECTED" });
  }
  private now(at: Fault["at"]): Error | undefined {
    return this.fault.async === true ? undefined : this.strike(at);
  }
  private later(at: Fault["at"]): Error | undefined {
    return this.fault.async === true ? this.strike(at) : undefined;
  }

  compile(...args: Parameters<Client["compile"]>): MaybePromise<Executable> {
    const error = this.strike("compile");
    if (error !== undefined) {
      if (this.fault.async === true) return Promise.reject(error);
      throw error;
    }
    const made = this.client.compile(...args);
    return made instanceof Promise ? made.then((e) => this.executable(e)) : this.executable(made);
  }
  private executable(inner: Executable): Executable {
    return {
      signature: inner.signature,
      devices: inner.devices,
      ...(inner.extensions === undefined ? {} : { extensions: inner.extensions }),
      execute: (rows, options) => {
        const error = this.now("execute");
        if (error !== undefined) throw error;
        const poison = poisonOf(rows.flat());
        if (poison !== undefined) return this.poisoned(inner, poison);
        const results = inner.execute(rows, options);
        const late = this.later("execute");
        if (late === undefined) return results;
        for (const b of results.flat()) b.dispose();
        return this.poisoned(inner, toErrorRecord(late));
      },
      dispose: () => {
        inner.dispose();
      },
    };
  }
  private poisoned(inner: Executable, record: ErrorRecord): readonly (readonly DeviceBuffer[])[] {
    return inner.devices.map((d) =>
      inner.signature.results.map((r) => new FailingBuffer(r.type as ConcreteType, d.memory, record)),
    );
  }

  toDevice(...args: Parameters<Client["toDevice"]>): DeviceBuffer {
    const error = this.now("toDevice");
    if (error !== undefined) throw error;
    const buffer = this.client.toDevice(...args);
    const late = this.later("toDevice");
    if (late === undefined) return buffer;
    buffer.dispose();
    return new FailingBuffer(buffer.type, buffer.memory, toErrorRecord(late));
  }
  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    if (buffer instanceof FailingBuffer) return buffer.whenReady();
    const error = this.strike("toHost");
    if (error !== undefined) throw error;
    return this.client.toHost(buffer, into);
  }
  readSync(inner: NonNullable<NonNullable<Client["extensions"]>["readSync"]>): typeof inner {
    return {
      read: (buffer, into) => {
        const error = this.strike("toHost");
        if (error !== undefined) throw error;
        inner.read(buffer, into);
      },
    };
  }
}
/** The failure that an argument carries: whatever takes it isn't run. */
const poisonOf = (args: readonly unknown[]): ErrorRecord | undefined =>
  args.find((a): a is FailingBuffer => a instanceof FailingBuffer)?.record;

/** The client, failing at a chosen call. With `async` the failure comes after the call returned, so there is no readSync. */
export function failing(client: Client, fault: Fault): Client {
  const wrapper = new FailingClient(client, fault);
  const { readSync, ...others } = client.extensions ?? {};
  const extensions =
    readSync === undefined || fault.async === true
      ? others
      : { ...others, readSync: wrapper.readSync(readSync) };
  return {
    platform: client.platform,
    devices: client.devices,
    memories: client.memories,
    capabilities: client.capabilities,
    lost: client.lost,
    extensions,
    compile: (program, options) => wrapper.compile(program, options),
    toDevice: (...args) => wrapper.toDevice(...args),
    toHost: (buffer, into) => wrapper.toHost(buffer, into),
    dispose: () => client.dispose(),
  };
}
