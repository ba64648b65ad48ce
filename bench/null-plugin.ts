// A plugin that computes nothing: buffers are types, execute makes new ones. What remains is the host's own cost.
import {
  ABI,
  deepFreeze,
  IR,
  OP_NAMES,
  signatureOf,
  type Capabilities,
  type Client,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type MemorySpace,
  type Plugin,
  type Status,
} from "tenon-plugin-api";

class NullBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  status: Status = "ready";
  error = undefined;
  constructor(type: ConcreteType, memory: MemorySpace) {
    this.type = type;
    this.memory = memory;
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  dispose(): void {
    this.status = "disposed";
  }
}

const capabilities: Capabilities = deepFreeze({
  dtypes: ["bool", "i32", "u32", "f32"] as const,
  ops: Object.fromEntries(OP_NAMES.map((op) => [op, {}])),
  immediates: true,
  donation: true,
});

function createClient(): Client {
  const memory: MemorySpace = { id: 0, kind: "null", deviceIds: [0] };
  const description = { id: 0, platform: "null", kind: "nothing", available: true };
  const device: Device = { id: 0, processIndex: 0, memory, description };
  return {
    platform: "null",
    devices: [device],
    memories: [memory],
    capabilities,
    lost: new Promise(() => undefined),
    extensions: { readSync: { read: () => undefined } },
    compile: (program) => {
      const signature = signatureOf(program);
      const types = signature.results.map((r) => r.type as ConcreteType);
      const execute = (): DeviceBuffer[][] => {
        const row: DeviceBuffer[] = [];
        for (const type of types) row.push(new NullBuffer(type, memory));
        return [row];
      };
      return { signature, devices: [device], execute, dispose: () => undefined };
    },
    toDevice: (_host, type) => new NullBuffer(type, memory),
    toHost: () => Promise.resolve(),
    dispose: () => undefined,
  };
}

/** The plugin. */
export const nullPlugin = (): Plugin => ({
  manifest: { name: "null", version: "0.9.0", platforms: ["null"], abi: ABI, ir: { min: IR, max: IR } },
  discover: () => [{ id: 0, platform: "null", kind: "nothing", available: true }],
  createClient,
});
