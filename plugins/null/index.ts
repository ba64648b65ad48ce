// The null plugin: accepts everything, computes nothing, and reads as zeros. What remains of a run is what lies above the ABI,
// so it measures the host, and a suite that it passes judges nothing.
import {
  ABI,
  byteLength,
  DTYPES,
  IR,
  OP_NAMES,
  signatureOf,
  tenonError,
  type Capabilities,
  type Client,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type DType,
  type ErrorRecord,
  type Executable,
  type HostContext,
  type HostView,
  type MemorySpace,
  type Plugin,
  type Program,
  type Status,
  type ToDeviceOptions,
} from "tenon-plugin-api";

const CAPABILITIES: Capabilities = Object.freeze({
  dtypes: Object.freeze(Object.keys(DTYPES) as DType[]),
  ops: Object.freeze(Object.fromEntries(OP_NAMES.map((op) => [op, Object.freeze({})]))),
  donation: true,
  immediates: true,
});
const DESCRIPTION = Object.freeze({ id: 0, platform: "null", kind: "computes nothing", available: true });

function refuse(code: "FAILED_PRECONDITION" | "INVALID_ARGUMENT", reason: string, why: string): Error {
  return tenonError(code, `null: ${why}`, { plugin: "null", reason });
}

/** A type and no bytes: what a result costs. */
class NullBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  private readonly client: NullClient;
  private gone = false;
  constructor(type: ConcreteType, memory: MemorySpace, client: NullClient) {
    this.type = type;
    this.memory = memory;
    this.client = client;
  }
  get status(): Status {
    return this.gone || !this.client.open ? "disposed" : "ready";
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  dispose(): void {
    this.gone = true;
  }
}

class NullClient implements Client {
  readonly platform = "null";
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly memories: readonly [MemorySpace];
  readonly devices: readonly [Device];
  readonly lost: Promise<ErrorRecord>;
  readonly extensions: NonNullable<Client["extensions"]>;
  open = true;
  private lose: (why: ErrorRecord) => void = () => undefined;
  constructor(host: HostContext) {
    const memory = { id: 0, kind: "nothing", deviceIds: [0] };
    this.memories = [memory];
    this.devices = [{ id: 0, processIndex: host.processIndex, memory, description: DESCRIPTION }];
    this.lost = new Promise((resolve) => (this.lose = resolve));
    this.extensions = {
      readSync: {
        read: (buffer, into) => {
          this.zero(buffer, into);
        },
      },
    };
  }

  private check(): void {
    if (!this.open) throw refuse("FAILED_PRECONDITION", "E_CLIENT_DISPOSED", "the client was disposed");
  }

  compile(program: Program): Executable {
    this.check();
    const signature = signatureOf(program);
    const types = signature.results.map((r) => r.type as ConcreteType);
    const donated = signature.params.map((p, i) => (p.donate === undefined ? -1 : i)).filter((i) => i >= 0);
    const [memory] = this.memories;
    let alive = true;
    return {
      signature,
      devices: this.devices,
      execute: (rows, options) => {
        if (!alive || !this.open)
          throw refuse("FAILED_PRECONDITION", "E_EXECUTABLE_DISPOSED", "the executable was disposed");
        const row = rows[0] ?? [];
        for (const a of row)
          if (typeof a === "object" && a.status === "disposed")
            throw refuse("FAILED_PRECONDITION", "E_BUFFER_DISPOSED", "an argument was disposed");
        for (const i of donated) if (options?.keep?.includes(i) !== true) (row[i] as DeviceBuffer).dispose();
        return [types.map((t) => new NullBuffer(t, memory, this))];
      },
      dispose: () => {
        alive = false;
      },
    };
  }

  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace, options?: ToDeviceOptions): DeviceBuffer {
    this.check();
    checkView(host, type);
    if (options?.released !== undefined) queueMicrotask(options.released);
    return new NullBuffer(type, memory, this);
  }
  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.zero(buffer, into);
  }
  private zero(buffer: DeviceBuffer, into: HostView): void {
    this.check();
    if (buffer.status === "disposed")
      throw refuse("FAILED_PRECONDITION", "E_BUFFER_DISPOSED", "the buffer was disposed");
    checkView(into, buffer.type);
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).fill(0);
  }

  dispose(): void {
    this.open = false;
    this.lose({ code: "CANCELLED", message: "the null client was disposed" });
  }
}

/** Also detached memory is shorter than the type. */
function checkView(view: HostView, type: ConcreteType): void {
  const want = byteLength(type);
  if (view.byteLength !== want)
    throw refuse("INVALID_ARGUMENT", "E_BYTES", `${view.byteLength} bytes, expected ${want}`);
}

/** A device that computes nothing: every result is zeros. */
export function nullPlugin(): Plugin {
  return {
    manifest: { name: "null", version: "0.9.0", platforms: ["null"], abi: ABI, ir: { min: IR, max: IR } },
    discover: () => [DESCRIPTION],
    createClient: ({ deviceIds = [0] }, host) => {
      if (deviceIds.length !== 1 || deviceIds[0] !== 0)
        throw tenonError("UNAVAILABLE", `null has device 0 only, not ${deviceIds.join()}`, {
          plugin: "null",
          reason: "E_DEVICE",
        });
      return new NullClient(host);
    },
  };
}
export default nullPlugin;
