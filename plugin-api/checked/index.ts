// Any client, with every rule of abi.md §3 enforced in both directions: what the caller owes the plugin, and what the
// plugin owes the caller. Conformance and debug mode use it, production doesn't. Rules are named by their conformance case.
import { CheckedBuffer, hostBroke, judged, judging, pluginBroke } from "./buffer.ts";
import { CheckedExecutable } from "./executable.ts";
import { printType } from "../dims.ts";
import { byteLength } from "../dtype.ts";
import type {
  Capabilities,
  Client,
  ClientExtensions,
  CompileOptions,
  Device,
  DeviceBuffer,
  ErrorRecord,
  Executable,
  HostView,
  MaybePromise,
  MemorySpace,
  Plugin,
  ToDeviceOptions,
} from "../plugin.ts";
import { signatureOf, type ConcreteType, type Program } from "../program.ts";
import { unsupported } from "../passes/supports.ts";
import { verifyProgram } from "../verify.ts";

export { failing, type Fault } from "./failing.ts";

/** Was the memory of this view given away? */
const isDetached = (view: HostView): boolean => {
  const buffer = view.buffer as ArrayBuffer & { readonly detached?: boolean };
  return buffer.detached ?? (buffer.byteLength === 0 && view.byteLength === 0 && isGone(buffer));
};
function isGone(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
/** Memory whose extent may change, or that wasm owns. */
const isMovable = (view: HostView): boolean =>
  (view.buffer as { readonly resizable?: boolean }).resizable === true ||
  (view.buffer as { readonly growable?: boolean }).growable === true;

class CheckedClient implements Client {
  readonly inner: Client;
  readonly plugin: string;
  readonly platform: string;
  readonly devices: readonly Device[];
  readonly memories: readonly MemorySpace[];
  readonly capabilities: Capabilities;
  readonly lost: Promise<ErrorRecord>;
  readonly extensions: Partial<ClientExtensions>;
  private open = true;
  constructor(inner: Client) {
    this.inner = inner;
    this.plugin = inner.platform;
    this.platform = inner.platform;
    this.devices = inner.devices;
    this.memories = inner.memories;
    this.capabilities = inner.capabilities;
    this.lost = this.watchLost();
    this.lost.catch(() => undefined);
    this.extensions = this.wrapExtensions(inner.extensions ?? {});
    for (const d of inner.devices)
      if (!inner.memories.includes(d.memory))
        throw pluginBroke(
          this.plugin,
          "load.create",
          `the memory of device ${d.id} isn't among client.memories`,
        );
    if (!Object.isFrozen(inner.capabilities))
      throw pluginBroke(this.plugin, "load.honest", "capabilities aren't frozen");
  }
  readonly ended = (): boolean => !this.open;

  private async watchLost(): Promise<ErrorRecord> {
    try {
      return await this.inner.lost;
    } catch (error) {
      throw pluginBroke(this.plugin, "async.lost", `client.lost rejected with ${String(error)}`);
    }
  }

  private check(what: string): void {
    if (!this.open) throw hostBroke("FAILED_PRECONDITION", "life.use", `${what}: the client was disposed`);
  }

  /** The plugin's own buffer behind one of this client's. */
  readonly unwrap = (buffer: DeviceBuffer, what: string): CheckedBuffer => {
    if (!(buffer instanceof CheckedBuffer) || buffer.owner !== this)
      throw hostBroke("INVALID_ARGUMENT", "life.owner", `${what}: the buffer isn't this client's`);
    if (buffer.status === "disposed")
      throw hostBroke("FAILED_PRECONDITION", "life.use", `${what}: the buffer was disposed`);
    return buffer;
  };

  compile(program: Program, options?: CompileOptions): MaybePromise<Executable> {
    this.check("compile");
    checkFrozen(program);
    verifyProgram(program);
    const refused = unsupported(program, this.capabilities, this.plugin);
    if (refused !== undefined)
      throw hostBroke(
        "INVALID_ARGUMENT",
        "compile.claims",
        `compile: ${refused.message}, and it doesn't claim to`,
      );
    const made = judging(this.plugin, () => this.inner.compile(program, options));
    const wrap = (e: Executable): Executable => this.executable(e, program, options);
    if (!(made instanceof Promise)) return wrap(made);
    if (this.inner.extensions?.readSync !== undefined && options?.background !== true)
      throw pluginBroke(
        this.plugin,
        "compile.sync",
        "it offers readSync, so compile may not return a promise",
      );
    return made.then(wrap, (error: unknown) => {
      throw judged(error, this.plugin);
    });
  }

  private executable(inner: Executable, program: Program, options: CompileOptions | undefined): Executable {
    const want = signatureOf(program);
    const text = (x: unknown): string => JSON.stringify(x);
    const types = (s: typeof want): string =>
      text([s.params.map((p) => p.type), s.results.map((r) => r.type)]);
    if (inner.signature === undefined || types(inner.signature) !== types(want))
      throw pluginBroke(this.plugin, "compile.signature", "the executable's signature isn't the program's");
    const ids = inner.devices.map((d) => d.id);
    if (options?.devices !== undefined && text(ids) !== text(options.devices))
      throw pluginBroke(
        this.plugin,
        "compile.devices",
        `it runs on ${text(ids)}, asked for ${text(options.devices)}`,
      );
    return new CheckedExecutable(inner, this, want);
  }

  toDevice(
    host: HostView,
    type: ConcreteType,
    memory: MemorySpace,
    options: ToDeviceOptions = {},
  ): DeviceBuffer {
    this.check("toDevice");
    checkView(host, type, "toDevice");
    const { semantics = "copyDuringCall", released } = options;
    if (!this.memories.includes(memory))
      throw hostBroke(
        "INVALID_ARGUMENT",
        "host.memory",
        `toDevice: memory ${memory?.id} isn't this client's`,
      );
    if (semantics !== "copyDuringCall" && isMovable(host))
      throw hostBroke("INVALID_ARGUMENT", "host.resizable", `toDevice: ${semantics} of resizable memory`);
    if (semantics === "copyDuringCall" && released !== undefined)
      throw hostBroke("INVALID_ARGUMENT", "host.semantics", "toDevice: copyDuringCall releases at once");
    const call = { returned: false };
    const given: ToDeviceOptions =
      released === undefined ? options : { ...options, released: this.releasedOnce(released, call) };
    const buffer = judging(this.plugin, () => this.inner.toDevice(host, type, memory, given));
    call.returned = true;
    const [made, want] = [printType(buffer.type), printType(type)];
    if (made !== want)
      throw pluginBroke(this.plugin, "exec.results", `toDevice made ${made}, expected ${want}`);
    return new CheckedBuffer(buffer, this);
  }

  private releasedOnce(released: () => void, call: { readonly returned: boolean }): () => void {
    let calls = 0;
    return () => {
      if (!call.returned)
        throw pluginBroke(this.plugin, "host.semantics", "released() was called before toDevice returned");
      if (++calls > 1) throw pluginBroke(this.plugin, "host.semantics", "released() was called twice");
      released();
    };
  }

  toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.check("toHost");
    const source = this.unwrap(buffer, "toHost");
    checkView(into, buffer.type, "toHost");
    let reading: Promise<void>;
    try {
      reading = this.inner.toHost(source.inner, into);
    } catch (error) {
      throw pluginBroke(this.plugin, "style.reject", `toHost threw ${String(error)} instead of rejecting`);
    }
    if (typeof reading?.then !== "function")
      throw pluginBroke(this.plugin, "style.reject", "toHost gave no promise");
    return reading.then(
      () => {
        if (source.status === "failed")
          throw pluginBroke(this.plugin, "async.poison", "toHost of a failed buffer resolved");
      },
      (error: unknown) => {
        throw judged(error, this.plugin);
      },
    );
  }

  async dispose(): Promise<void> {
    this.open = false;
    await this.inner.dispose(); // again where it was called before: it is idempotent [life.idempotent]
    const timer: { id?: ReturnType<typeof setTimeout> } = {};
    const late = new Promise<"late">((resolve) => (timer.id = setTimeout(resolve, 1000, "late")));
    const first = await Promise.race([this.lost, late]);
    clearTimeout(timer.id);
    if (first === "late")
      throw pluginBroke(this.plugin, "life.exit", "client.lost didn't resolve after dispose()");
  }

  private wrapExtensions(inner: Partial<ClientExtensions>): Partial<ClientExtensions> {
    const { readSync, hostView, deviceCopy, deserialize, interop } = inner;
    const out: { -readonly [N in keyof ClientExtensions]?: ClientExtensions[N] } = { ...inner };
    if (readSync !== undefined)
      out.readSync = {
        read: (buffer, into) => {
          const source = this.unwrap(buffer, "readSync.read");
          checkView(into, buffer.type, "readSync.read");
          judging(this.plugin, () => readSync.read(source.inner, into));
          if (source.status !== "ready")
            throw pluginBroke(
              this.plugin,
              "host.read",
              `readSync.read returned, the buffer is ${source.status}`,
            );
        },
      };
    if (hostView !== undefined)
      out.hostView = {
        view: (buffer) => {
          const { inner } = this.unwrap(buffer, "hostView.view");
          return judging(this.plugin, () => hostView.view(inner));
        },
      };
    if (deviceCopy !== undefined)
      out.deviceCopy = {
        copy: (buffer, memory) => {
          const source = this.unwrap(buffer, "deviceCopy.copy").inner;
          return new CheckedBuffer(
            judging(this.plugin, () => deviceCopy.copy(source, memory)),
            this,
          );
        },
      };
    if (deserialize !== undefined)
      out.deserialize = {
        load: (bytes, signature, options) => {
          const made = deserialize.load(bytes, signature, options);
          const wrap = (e: Executable): Executable => new CheckedExecutable(e, this, signature);
          return made instanceof Promise ? made.then(wrap) : wrap(made);
        },
      };
    if (interop !== undefined)
      out.interop = {
        accepts: interop.accepts,
        import: (...args) => new CheckedBuffer(interop.import(...args), this),
        export: (kind, buffer) => interop.export(kind, this.unwrap(buffer, "interop.export").inner),
      };
    return out;
  }
}

/** A view that holds exactly the bytes of a type, and still has its memory. [host.detached] */
function checkView(view: HostView, type: ConcreteType, what: string): void {
  if (isDetached(view))
    throw hostBroke("INVALID_ARGUMENT", "host.detached", `${what}: the memory is detached`);
  const want = byteLength(type);
  if (view.byteLength !== want)
    throw hostBroke(
      "INVALID_ARGUMENT",
      "host.detached",
      `${what}: ${view.byteLength} bytes, expected ${want}`,
    );
}

/** The host hands over frozen programs: neither side can change what the other keeps. [compile.claims] */
function checkFrozen(program: Program): void {
  const frozen = (value: unknown): boolean =>
    typeof value !== "object" ||
    value === null ||
    ArrayBuffer.isView(value) ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));
  if (!frozen(program))
    throw hostBroke("INVALID_ARGUMENT", "compile.claims", "compile: the program isn't frozen");
}

/** The client with every rule of the ABI enforced, both ways. */
export function checked(client: Client): Client {
  return new CheckedClient(client);
}

/** The plugin whose clients are checked: `await use(checkedPlugin(mine()))`. */
export function checkedPlugin(plugin: Plugin): Plugin {
  return {
    ...plugin,
    discover: (host) => plugin.discover(host),
    createClient: (selection, host) => {
      const client = plugin.createClient(selection, host);
      return client instanceof Promise ? client.then(checked) : checked(client);
    },
  };
}
