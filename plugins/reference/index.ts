// The reference plugin: the living definition of the wire ops, and the oracle that others are judged by.
import {
  ABI,
  IR,
  mainOf,
  signatureOf,
  tenonError,
  type Argument,
  type Block,
  type Capabilities,
  type Client,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type DType,
  type ErrorRecord,
  type Executable,
  type HostContext,
  type HostView,
  type MemorySpace,
  type Op,
  type OpOf,
  type Plugin,
  type Program,
  type Status,
} from "tenon-plugin-api";
import { kernels, refuseOp, type Run } from "./kernels.ts";
import { concrete, fromBytes, make, sizeOf, toBytes, type Tensor } from "./values.ts";

const DTYPES: readonly DType[] = [
  "bool",
  "i8",
  "i16",
  "i32",
  "i64",
  "u8",
  "u16",
  "u32",
  "u64",
  "f16",
  "bf16",
  "f32",
  "f64",
  "c64",
  "c128",
];
const capabilities: Capabilities = Object.freeze({
  dtypes: DTYPES,
  ops: Object.fromEntries(Object.keys(kernels).map((n) => [n, {}])),
  donation: true,
  callbacks: true,
});

class HostBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  tensor: Tensor | null;
  constructor(type: ConcreteType, memory: MemorySpace, tensor: Tensor) {
    this.type = type;
    this.memory = memory;
    this.tensor = tensor;
  }
  get status(): Status {
    return this.tensor === null ? "disposed" : "ready";
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  dispose(): void {
    this.tensor = null;
  }
}

const tensorOf = (b: Argument, what: string): Tensor => {
  const tensor = (b as HostBuffer).tensor;
  if (tensor === null || tensor === undefined)
    throw tenonError("FAILED_PRECONDITION", `reference: ${what}: the buffer was disposed`, {
      plugin: "reference",
      reason: "E_BUFFER_DISPOSED",
    });
  return tensor;
};

type AnyKernel = (op: Op, args: readonly Tensor[], run: Run) => readonly Tensor[];

/** Interprets the functions of one program. */
class Interpreter {
  private readonly program: Program;
  private readonly callbacks: CompileOptions["callbacks"];
  private readonly device: Device;
  constructor(program: Program, callbacks: CompileOptions["callbacks"], device: Device) {
    this.program = program;
    this.callbacks = callbacks;
    this.device = device;
  }
  call(name: string, args: readonly Tensor[]): Tensor[] {
    const f = this.program.functions.find((g) => g.name === name);
    if (f === undefined)
      throw tenonError("INVALID_ARGUMENT", `reference: the program has no function ${name}`, {
        reason: "E_VERIFY",
      });
    return this.run({ params: f.params, ops: f.ops, results: f.results.map((r) => r.value) }, args, []);
  }
  private run(block: Block, args: readonly Tensor[], env: (Tensor | undefined)[]): Tensor[] {
    block.params.forEach((p, i) => {
      env[p.id] = args[i];
    });
    const run: Run = {
      program: this.program,
      block: (b, xs) => this.run(b, xs, env),
      call: (name, xs) => this.call(name, xs),
      custom: (op, xs) => this.custom(op, xs),
    };
    for (const op of block.ops) {
      const kernel = (kernels as unknown as Record<string, AnyKernel | undefined>)[op.op] ?? refuseOp(op.op);
      const results = kernel(
        op,
        op.operands.map((id) => env[id] as Tensor),
        run,
      );
      op.results.forEach((r, i) => {
        env[r.id] = results[i];
      });
    }
    return block.results.map((id) => env[id] as Tensor);
  }
  private custom(op: OpOf<"custom_call">, args: readonly Tensor[]): Tensor[] {
    const { target, attributes, fallback } = op.attrs;
    const callback = target === "tenon.callback" ? this.callbacks?.[String(attributes["name"])] : undefined;
    if (callback !== undefined) {
      const host = args.map((x) => ({ type: { dtype: x.dtype, shape: x.shape }, bytes: toBytes(x).slice() }));
      return callback(host, this.device).map((r) => fromBytes(r.type, r.bytes));
    }
    if (fallback !== undefined) return this.call(fallback, args);
    throw tenonError("UNIMPLEMENTED", `reference: no custom call ${target}`, {
      op: target,
      plugin: "reference",
      reason: "E_UNIMPLEMENTED",
    });
  }
}

class ReferenceClient implements Client {
  readonly platform = "reference";
  readonly capabilities: Capabilities = capabilities;
  readonly devices: readonly Device[];
  readonly memories: readonly MemorySpace[];
  readonly lost: Promise<ErrorRecord>;
  readonly extensions: NonNullable<Client["extensions"]>;
  private lose: (why: ErrorRecord) => void = () => undefined;
  private open = true;
  constructor(count: number, host: HostContext) {
    this.memories = Array.from({ length: count }, (_, id) => ({ id, kind: "host", deviceIds: [id] }));
    this.devices = this.memories.map((memory, id) => ({
      id,
      processIndex: host.processIndex,
      memory,
      description: description(id),
    }));
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
    this.extensions = { readSync: { read: (buffer, into) => this.copyOut(buffer, into) } };
  }
  private check(): void {
    if (!this.open)
      throw tenonError("FAILED_PRECONDITION", "reference: the client was disposed", {
        plugin: "reference",
        reason: "E_CLIENT_DISPOSED",
      });
  }
  compile(program: Program, options: CompileOptions = {}): Executable {
    this.check();
    for (const op of mainOf(program).ops) if (!(op.op in kernels)) refuseOp(op.op);
    const device = this.devices[options.devices?.[0] ?? 0] as Device;
    const interpreter = new Interpreter(program, options.callbacks, device);
    const signature = signatureOf(program);
    let alive = true;
    return {
      signature,
      devices: [device],
      execute: (rows) => {
        this.check();
        if (!alive)
          throw tenonError("FAILED_PRECONDITION", "reference: the executable was disposed", {
            plugin: "reference",
            reason: "E_EXECUTABLE_DISPOSED",
          });
        const args = (rows[0] ?? []).map((b, i) => tensorOf(b, `argument ${i} of ${program.name}`));
        const outs = interpreter.call(program.main, args);
        return [
          outs.map(
            (t, i) =>
              new HostBuffer(
                concrete((signature.results[i] as { type: ConcreteType }).type),
                device.memory,
                t,
              ),
          ),
        ];
      },
      dispose: () => {
        alive = false;
      },
    };
  }
  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace): DeviceBuffer {
    this.check();
    const bytes = new Uint8Array(host.buffer, host.byteOffset, host.byteLength);
    const want = toBytes(make({ dtype: type.dtype, shape: [] })).byteLength * sizeOf(type.shape);
    if (bytes.byteLength !== want)
      throw tenonError(
        "INVALID_ARGUMENT",
        `reference: toDevice got ${bytes.byteLength} bytes for ${type.dtype}[${type.shape.join(",")}], expected ${want}`,
        { plugin: "reference", reason: "E_BYTES" },
      );
    return new HostBuffer(type, memory, fromBytes(type, bytes));
  }
  private copyOut(buffer: DeviceBuffer, into: HostView): void {
    const bytes = toBytes(tensorOf(buffer, "toHost"));
    if (bytes.byteLength !== into.byteLength)
      throw tenonError(
        "INVALID_ARGUMENT",
        `reference: toHost into ${into.byteLength} bytes, expected ${bytes.byteLength}`,
        { plugin: "reference", reason: "E_BYTES" },
      );
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  }
  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.copyOut(buffer, into);
  }
  dispose(): void {
    this.open = false;
    this.lose({ code: "CANCELLED", message: "the reference client was disposed" });
  }
}
const description = (id: number): Device["description"] => ({
  id,
  platform: "reference",
  kind: "plain loops",
  available: true,
});

/** Plain loops over every wire op and dtype. `devices`: how many virtual devices (default 1). */
export function reference(options: { readonly devices?: number } = {}): Plugin {
  const count = options.devices ?? 1;
  return {
    manifest: {
      name: "reference",
      version: "0.9.0",
      platforms: ["reference"],
      abi: ABI,
      ir: { min: IR, max: IR },
    },
    discover: () => Array.from({ length: count }, (_, id) => description(id)),
    createClient: (_selection, host) => new ReferenceClient(count, host),
  };
}
export default reference;
