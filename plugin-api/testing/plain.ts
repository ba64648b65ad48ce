// A client of a few ops in plain loops, and ways to break it: the subject of the tests of checked() and failing().
import { tenonError } from "../errors.ts";
import { deepFreeze } from "../freeze.ts";
import type {
  Client,
  Device,
  DeviceBuffer,
  ErrorRecord,
  Executable,
  MemorySpace,
  Status,
} from "../plugin.ts";
import { mainOf, signatureOf, type ConcreteType, type Op } from "../program.ts";

/** A buffer of f32. */
export class PlainBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  data: Float32Array;
  status: Status = "ready";
  error: ErrorRecord | undefined;
  constructor(type: ConcreteType, memory: MemorySpace, data: Float32Array) {
    this.type = type;
    this.memory = memory;
    this.data = data;
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  dispose(): void {
    this.status = "disposed";
  }
}
const KERNELS: { readonly [op: string]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  negate: (a) => -a,
};

/** A correct client. */
export function plainClient(change: Partial<Client> = {}): Client {
  const memory: MemorySpace = { id: 0, kind: "host", deviceIds: [0] };
  const device: Device = {
    id: 0,
    processIndex: 0,
    memory,
    description: { id: 0, platform: "plain", kind: "loops", available: true },
  };
  let lose: (why: ErrorRecord) => void = () => undefined;
  const lost = new Promise<ErrorRecord>((resolve) => (lose = resolve));
  const read = (buffer: DeviceBuffer, into: ArrayBufferView): void => {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    bytes.set(new Uint8Array((buffer as PlainBuffer).data.buffer));
  };
  return {
    platform: "plain",
    devices: [device],
    memories: [memory],
    capabilities: deepFreeze({ dtypes: ["f32"] as const, ops: { add: {}, negate: {} } }),
    lost,
    compile: (program): Executable => {
      const main = mainOf(program);
      const signature = signatureOf(program);
      const run = (op: Op, env: Float32Array[]): void => {
        const [a, b] = op.operands.map((id) => env[id]) as [Float32Array, Float32Array];
        env[op.results[0]?.id ?? 0] = a.map((x, i) =>
          (KERNELS[op.op] as (a: number, b: number) => number)(x, b?.[i] ?? 0),
        );
      };
      return {
        signature,
        devices: [device],
        execute: ([row]) => {
          const env: Float32Array[] = [];
          main.params.forEach((p, i) => (env[p.id] = (row?.[i] as PlainBuffer).data));
          for (const op of main.ops) run(op, env);
          const outs = main.results.map((r) => (env[r.value] as Float32Array).slice());
          return [
            outs.map((data, i) => new PlainBuffer(signature.results[i]?.type as ConcreteType, memory, data)),
          ];
        },
        dispose: () => undefined,
      };
    },
    toDevice: (host, type) =>
      new PlainBuffer(
        type,
        memory,
        new Float32Array(
          host.buffer.slice(host.byteOffset, host.byteOffset + host.byteLength) as ArrayBuffer,
        ),
      ),
    toHost: async (buffer, into) => {
      if (buffer.status !== "ready")
        throw tenonError("FAILED_PRECONDITION", `the buffer is ${buffer.status}`);
      read(buffer, into);
    },
    dispose: () => {
      lose({ code: "CANCELLED", message: "the client was disposed" });
    },
    ...change,
  };
}
