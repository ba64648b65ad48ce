// The client contract over a table of kernels: devices, memories, buffers, lifetimes, order, donation, errors.
import {
  byteLength,
  fromErrorRecord,
  mainOf,
  printProgram,
  signatureOf,
  tenonError,
  toErrorRecord,
  type Argument,
  type Capabilities,
  type Client,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type ErrorCode,
  type ErrorRecord,
  type Executable,
  type ExecuteOptions,
  type HostView,
  type MemorySpace,
  type Param,
  type Program,
  type ToDeviceOptions,
} from "tenon-plugin-api";
import type { Closure } from "../passes/closure.ts";
import { decompose } from "../passes/decompose.ts";
import { immediateBytes } from "./immediate.ts";
import { Cell, HostBuffer } from "./buffer.ts";
import { Interpreter, type Machine } from "./interpreter.ts";

/** What a client is made of. */
export interface ClientParts<V> {
  readonly machine: Machine<V>;
  readonly native: Capabilities;
  readonly closure: Closure;
  readonly devices: readonly Device[];
  /** Run later, in order, instead of during the call: what a device with a queue does. */
  readonly deferred: boolean;
}
/** Work in a client's queue. */
interface Task {
  run(): void;
  cancel(why: ErrorRecord): void;
}

/** A client whose device is the interpreter. */
export class KernelClient<V extends object> implements Client {
  readonly platform: string;
  readonly capabilities: Capabilities;
  readonly devices: readonly Device[];
  readonly memories: readonly MemorySpace[];
  readonly lost: Promise<ErrorRecord>;
  readonly extensions: NonNullable<Client["extensions"]>;
  private readonly parts: ClientParts<V>;
  private lose: (why: ErrorRecord) => void = () => undefined;
  private open = true;
  private queue: Task[] = [];
  constructor(parts: ClientParts<V>) {
    this.parts = parts;
    this.platform = parts.machine.plugin;
    this.capabilities = parts.closure.outward;
    this.devices = parts.devices;
    this.memories = parts.devices.map((d) => d.memory);
    this.lost = new Promise((resolve) => (this.lose = resolve));
    this.extensions = parts.deferred
      ? {}
      : {
          readSync: {
            read: (buffer, into) => {
              this.copyOut(this.source(buffer, into, "readSync.read"), into);
            },
          },
        };
  }
  private readonly isOpen = (): boolean => this.open;

  private failure(code: ErrorCode, reason: string, why: string): Error {
    return tenonError(code, `${this.platform}: ${why}`, { plugin: this.platform, reason });
  }
  private check(what: string): void {
    if (!this.open)
      throw this.failure("FAILED_PRECONDITION", "E_CLIENT_DISPOSED", `${what}: the client was disposed`);
  }

  /** Does the work now, or in its turn. */
  private enqueue(task: Task): void {
    if (!this.parts.deferred) {
      task.run();
      return;
    }
    if (this.queue.push(task) === 1)
      void Promise.resolve().then(() => {
        const tasks = this.queue;
        this.queue = [];
        for (const t of tasks) t.run();
      });
  }

  compile(program: Program, options: CompileOptions = {}): Executable {
    this.check("compile");
    const { machine, native, closure } = this.parts;
    const lowered = decompose(program, { native, closure, plugin: this.platform });
    const device = this.deviceOf(options.devices);
    const interpreter = new Interpreter(machine, lowered, device, options);
    const signature = signatureOf(program);
    let alive = true;
    return {
      signature,
      devices: [device],
      extensions: {
        text: { stages: ["decomposed"], read: () => Promise.resolve(printProgram(lowered)) },
      },
      execute: (rows, run = {}) => {
        this.check(program.name);
        if (!alive)
          throw this.failure("FAILED_PRECONDITION", "E_EXECUTABLE_DISPOSED", "the executable was disposed");
        const types = signature.results.map((r) => r.type as ConcreteType);
        return [this.execute(interpreter, program, device, types, rows[0] ?? [], run)];
      },
      dispose: () => {
        alive = false;
      },
    };
  }
  private deviceOf(ids: readonly number[] | undefined): Device {
    const device = ids === undefined ? this.devices[0] : this.devices.find((d) => d.id === ids[0]);
    if (device !== undefined) return device;
    throw this.failure("INVALID_ARGUMENT", "E_DEVICE", `compile: there is no device ${ids?.[0]}`);
  }

  private execute(
    interpreter: Interpreter<V>,
    program: Program,
    device: Device,
    types: readonly ConcreteType[],
    row: readonly Argument[],
    options: ExecuteOptions,
  ): readonly DeviceBuffer[] {
    const { params } = mainOf(program);
    if (row.length !== params.length)
      throw this.failure(
        "INVALID_ARGUMENT",
        "E_ARGUMENTS",
        `${program.name} takes ${params.length} arguments, got ${row.length}`,
      );
    const cells = row.map((a, i) => this.argument(a, params[i] as Param, `argument ${i} of ${program.name}`));
    const given = this.donated(program, row, options);
    const results = types.map(() => new Cell<V>());
    let thrown: unknown;
    this.enqueue({
      run: () => {
        const poison = cells.find((c) => c.error !== undefined)?.error;
        if (poison !== undefined) {
          for (const c of results) c.fail(poison);
          return;
        }
        try {
          const values = interpreter.run(cells.map((c) => c.value as V));
          results.forEach((c, i) => {
            c.resolve(values[i] as V);
          });
        } catch (error) {
          thrown = error;
          const record = toErrorRecord(error, this.platform);
          for (const c of results) c.fail(record);
        }
      },
      cancel: (why) => {
        for (const c of results) c.fail(why);
      },
    });
    if (thrown !== undefined) throw thrown; // during the call: nothing was consumed
    for (const b of given) b.donate(program.name);
    return results.map((c, i) => new HostBuffer(types[i] as ConcreteType, device.memory, c, this.isOpen));
  }

  private argument(argument: Argument, param: Param, what: string): Cell<V> {
    if (typeof argument !== "object") {
      const cell = new Cell<V>();
      const type = param.type as ConcreteType;
      cell.resolve(this.parts.machine.form.fromBytes(type, immediateBytes(type.dtype, argument)));
      return cell;
    }
    return this.own(argument, what).cell(this.platform, what);
  }
  private own(buffer: DeviceBuffer, what: string): HostBuffer<V> {
    if (buffer instanceof HostBuffer) return buffer as HostBuffer<V>;
    throw this.failure("INVALID_ARGUMENT", "E_FOREIGN_BUFFER", `${what}: the buffer isn't this client's`);
  }
  /** The buffers that this run takes. One that is also another argument can't be given away. */
  private donated(program: Program, row: readonly Argument[], options: ExecuteOptions): HostBuffer<V>[] {
    const taken: HostBuffer<V>[] = [];
    mainOf(program).params.forEach((p, i) => {
      const argument = row[i];
      if (p.donate === undefined || options.keep?.includes(i) === true || typeof argument !== "object")
        return;
      if (row.some((other, k) => k !== i && other === argument))
        throw this.failure(
          "INVALID_ARGUMENT",
          "E_DONATED_TWICE",
          `argument ${i} of ${program.name} is donated and is another argument, too`,
        );
      taken.push(argument as HostBuffer<V>);
    });
    return taken;
  }

  toDevice(
    host: HostView,
    type: ConcreteType,
    memory: MemorySpace,
    options: ToDeviceOptions = {},
  ): DeviceBuffer {
    this.check("toDevice");
    this.checkView(host, type, "toDevice");
    const cell = new Cell<V>();
    cell.resolve(this.parts.machine.form.fromBytes(type, bytesOf(host)));
    const { released } = options;
    if (released !== undefined) void Promise.resolve().then(released); // copied: free at once, but not before the return
    return new HostBuffer(type, memory, cell, this.isOpen);
  }

  async toHost(buffer: DeviceBuffer, into: HostView): Promise<void> {
    this.check("toHost");
    const cell = this.source(buffer, into, "toHost");
    await new Promise<void>((resolve, reject) => {
      this.enqueue({
        run: () => {
          try {
            this.copyOut(cell, into);
            resolve();
          } catch (error) {
            reject(error as Error);
          }
        },
        cancel: (why) => {
          reject(fromErrorRecord(why));
        },
      });
    });
  }
  private source(buffer: DeviceBuffer, into: HostView, what: string): Cell<V> {
    const cell = this.own(buffer, what).cell(this.platform, what);
    this.checkView(into, buffer.type, what);
    return cell;
  }
  private copyOut(cell: Cell<V>, into: HostView): void {
    if (cell.error !== undefined) throw fromErrorRecord(cell.error);
    const bytes = this.parts.machine.form.toBytes(cell.value as V);
    if (into.byteLength !== bytes.byteLength)
      throw this.failure("FAILED_PRECONDITION", "E_DETACHED", "toHost: the memory was detached meanwhile");
    bytesOf(into).set(bytes);
  }
  private checkView(view: HostView, type: ConcreteType, what: string): void {
    const want = byteLength(type);
    if (view.byteLength === want && !isDetached(view)) return;
    throw this.failure(
      "INVALID_ARGUMENT",
      "E_BYTES",
      `${what}: ${view.byteLength} bytes for ${type.dtype}[${type.shape.join(",")}], expected ${want} (is the memory detached?)`,
    );
  }

  dispose(): void {
    if (!this.open) return;
    const why: ErrorRecord = { code: "CANCELLED", message: `the ${this.platform} client was disposed` };
    this.open = false;
    for (const task of this.queue) task.cancel(why);
    this.queue = [];
    this.lose(why);
  }
}

const bytesOf = (v: HostView): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
/** A view of no bytes may also be one whose memory was given away. */
function isDetached(view: HostView): boolean {
  if (view.byteLength !== 0 || view.buffer.byteLength !== 0) return false;
  try {
    new Uint8Array(view.buffer);
    return false;
  } catch {
    return true;
  }
}
