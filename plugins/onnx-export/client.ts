// The client: buffers that may be pending, and executables that are loaded models. onnxruntime is asynchronous everywhere,
// so every call joins one queue and returns at once.
import {
  byteLength,
  resultTypes,
  signatureOf,
  tenonError,
  toErrorRecord,
  fromErrorRecord,
  type Argument,
  type Capabilities,
  type Client,
  type Compiled,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type DeviceDescription,
  type DType,
  type ErrorRecord,
  type Executable,
  type ExecutableExtensions,
  type HostContext,
  type HostView,
  type MaybePromise,
  type MemorySpace,
  type Program,
  type Signature,
  type Status,
  type ToDeviceOptions,
} from "tenon-plugin-api";
import { buildModel, type Model } from "./model.ts";
import { PLUGIN, VERSION } from "./name.ts";
import { loadModel, type Loaded, type Ort } from "./runtime.ts";

const gone = (what: string, reason: string): Error =>
  tenonError("FAILED_PRECONDITION", `onnx-export: ${what} was disposed`, { plugin: PLUGIN, reason });

/** Turns a foreign error into one that says what failed. */
const blame =
  (what: string, reason: string) =>
  (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tenonError("INTERNAL", `onnx-export: ${what}: ${why}`, {
      plugin: PLUGIN,
      reason,
      cause,
      hint: "please report it with the function and the shapes of its arguments",
    });
  };

/** Bytes now or later. A failure is kept as one record, and the promise counts as handled. */
class OnnxBuffer implements DeviceBuffer {
  readonly type: ConcreteType;
  readonly memory: MemorySpace;
  error: ErrorRecord | undefined;
  readonly #client: OnnxClient;
  readonly #bytes: Promise<Uint8Array>;
  #status: Status;
  constructor(client: OnnxClient, type: ConcreteType, bytes: Uint8Array | Promise<Uint8Array>) {
    this.type = type;
    this.memory = client.memories[0] as MemorySpace;
    this.#client = client;
    this.#bytes = Promise.resolve(bytes);
    this.#status = bytes instanceof Uint8Array ? "ready" : "pending";
    this.#bytes.then(
      () => this.#settle("ready"),
      (cause: unknown) => {
        this.error = toErrorRecord(cause, PLUGIN);
        this.#settle("failed");
      },
    );
  }
  #settle(status: Status): void {
    if (this.#status === "pending") this.#status = status;
  }
  get status(): Status {
    return this.#client.isOpen ? this.#status : "disposed";
  }
  whenReady(): Promise<void> {
    const ready = this.read().then(() => undefined);
    ready.catch(() => undefined);
    return ready;
  }
  /** The bytes; held by whoever asked, also when the buffer is disposed later. */
  read(): Promise<Uint8Array> {
    return this.#status === "disposed"
      ? Promise.reject(gone("the buffer", "E_BUFFER_DISPOSED"))
      : this.#bytes;
  }
  dispose(): void {
    this.#status = "disposed";
  }
}

/** What a compiler makes without a client: the file. */
export function compileModel(program: Program, opset: number): Compiled & { readonly model: Model } {
  const model = buildModel(program, { opset });
  const extensions: Partial<ExecutableExtensions> = {
    serialize: {
      fingerprint: `${PLUGIN} ${VERSION}, opset ${opset}`,
      bytes: () => Promise.resolve(model.bytes),
    },
    text: { stages: ["report"], read: () => Promise.resolve(JSON.stringify(model.report, null, 2)) },
  };
  return { signature: signatureOf(program), extensions, model };
}

class OnnxExecutable implements Executable {
  readonly signature: Signature;
  readonly devices: readonly Device[];
  readonly extensions: Partial<ExecutableExtensions>;
  readonly #client: OnnxClient;
  readonly #name: string;
  readonly #loaded: Promise<Loaded>;
  #alive = true;
  constructor(
    client: OnnxClient,
    name: string,
    made: ReturnType<typeof compileModel>,
    loaded: Promise<Loaded>,
  ) {
    this.#name = name;
    this.signature = made.signature;
    this.extensions = made.extensions ?? {};
    this.devices = client.devices;
    this.#client = client;
    this.#loaded = loaded;
  }
  execute(rows: readonly (readonly Argument[])[]): DeviceBuffer[][] {
    this.#client.check();
    if (!this.#alive) throw gone("the executable", "E_EXECUTABLE_DISPOSED");
    const args = (rows[0] ?? []) as readonly OnnxBuffer[];
    args.forEach((b, i) => {
      if (b.status === "disposed") throw gone(`argument ${i}`, "E_BUFFER_DISPOSED");
    });
    const types = resultTypes(
      this.signature,
      args.map((b) => b.type),
    );
    const bytes = args.map((b) => b.read()); // held now: a later dispose doesn't reach them
    const run = this.#client.enqueue(async () => {
      const values = await Promise.all(bytes); // a poisoned argument rejects: the results carry its error
      const loaded = await this.#loaded;
      const inputs = values.map((v, i) => ({ type: (args[i] as OnnxBuffer).type, bytes: v }));
      return loaded.run(inputs).catch(blame(`onnxruntime failed to run ${this.#name}`, "E_ONNX_RUN"));
    });
    const result = (i: number): Promise<Uint8Array> => run.then((out) => out[i] as Uint8Array);
    return [types.map((type, i) => new OnnxBuffer(this.#client, type, result(i)))];
  }
  dispose(): void {
    if (!this.#alive) return;
    this.#alive = false;
    void this.#client.enqueue(async () => (await this.#loaded).release());
  }
}

/** One device: onnxruntime on this machine's CPU. */
export class OnnxClient implements Client {
  readonly platform = "onnx";
  readonly capabilities: Capabilities;
  readonly devices: readonly Device[];
  readonly memories: readonly MemorySpace[];
  readonly lost: Promise<ErrorRecord>;
  readonly #ort: Ort;
  readonly #opset: number;
  #tail: Promise<unknown> = Promise.resolve();
  #end: (why: ErrorRecord) => void = () => undefined;
  #ended: ErrorRecord | null = null;

  constructor(
    ort: Ort,
    opset: number,
    capabilities: Capabilities,
    description: DeviceDescription,
    host: HostContext,
  ) {
    this.#ort = ort;
    this.#opset = opset;
    this.capabilities = capabilities;
    const memory: MemorySpace = { id: 0, kind: "host", deviceIds: [0] };
    this.memories = [memory];
    this.devices = [{ id: 0, processIndex: host.processIndex, memory, description }];
    this.lost = new Promise((resolve) => (this.#end = resolve));
  }

  /** Runs after everything enqueued before; a failure is the caller's alone. */
  enqueue<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#tail.then(() => {
      if (this.#ended !== null) throw fromErrorRecord(this.#ended);
      return work();
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
  /** Not disposed? */
  get isOpen(): boolean {
    return this.#ended === null;
  }
  /** @throws FAILED_PRECONDITION once it was disposed */
  check(): void {
    if (!this.isOpen) throw gone("the client", "E_CLIENT_DISPOSED");
  }

  /** With `background` the promise also waits for onnxruntime to take the model; without, its refusal poisons the first results. */
  compile(program: Program, options: CompileOptions = {}): MaybePromise<Executable> {
    this.check();
    const made = compileModel(program, this.#opset);
    const results = made.signature.results.map((r): DType => r.type.dtype);
    const refusal = blame(`onnxruntime refuses the model of ${program.name}`, "E_ONNX_LOAD");
    const loaded = loadModel(this.#ort, made.model, results).catch(refusal);
    loaded.catch(() => undefined);
    const executable = new OnnxExecutable(this, program.name, made, loaded);
    return options.background === true ? loaded.then(() => executable) : executable;
  }

  toDevice(
    host: HostView,
    type: ConcreteType,
    _memory: MemorySpace,
    options: ToDeviceOptions = {},
  ): DeviceBuffer {
    this.check();
    checkLength("toDevice", host, type);
    const bytes = new Uint8Array(host.buffer, host.byteOffset, host.byteLength).slice();
    if (options.released !== undefined) queueMicrotask(options.released);
    return new OnnxBuffer(this, type, bytes);
  }

  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.check();
    checkLength("toHost", into, buffer.type);
    const bytes = await (buffer as OnnxBuffer).read();
    if (this.#ended !== null) throw fromErrorRecord(this.#ended);
    if (into.byteLength !== bytes.byteLength)
      throw tenonError(
        "FAILED_PRECONDITION",
        "onnx-export: toHost: the memory was detached while the read was pending",
        {
          plugin: PLUGIN,
          reason: "E_DETACHED",
        },
      );
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  }

  dispose(): void {
    if (this.#ended !== null) return;
    this.#ended = { code: "CANCELLED", message: "the onnx-export client was disposed", plugin: PLUGIN };
    this.#end(this.#ended);
  }
}

function checkLength(call: string, view: HostView, type: ConcreteType): void {
  const want = byteLength(type);
  if (view.byteLength !== want)
    throw tenonError(
      "INVALID_ARGUMENT",
      `onnx-export: ${call} got ${view.byteLength} bytes for ${type.dtype}[${type.shape.join(",")}], expected ${want}`,
      { plugin: PLUGIN, reason: "E_BYTES", hint: "is the array's buffer detached?" },
    );
}
