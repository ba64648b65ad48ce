// The client contract over a table of kernels: devices, memories, buffers, lifetimes, order, donation, errors.
import {
  byteLength,
  fromErrorRecord,
  tenonError,
  type Capabilities,
  type Client,
  type CompileOptions,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type ErrorCode,
  type ErrorRecord,
  type Executable,
  type HostView,
  type MemorySpace,
  type Program,
  type ToDeviceOptions,
} from "tenon-plugin-api";
import type { Closure } from "../passes/closure.ts";
import { decompose } from "../passes/decompose.ts";
import { Cell, HostBuffer, ownBuffer } from "./buffer.ts";
import { KernelExecutable, type Queue, type Task } from "./executable.ts";
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
/** A client whose device is the interpreter. */
export class KernelClient<V extends object> implements Client, Queue {
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
  readonly isOpen = (): boolean => this.open;

  private failure(code: ErrorCode, reason: string, why: string): Error {
    return tenonError(code, `${this.platform}: ${why}`, { plugin: this.platform, reason });
  }
  private check(what: string): void {
    if (!this.open)
      throw this.failure("FAILED_PRECONDITION", "E_CLIENT_DISPOSED", `${what}: the client was disposed`);
  }

  /** Does the work now, or in its turn. */
  enqueue(task: Task): void {
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
    return new KernelExecutable({ program, lowered, interpreter, device, machine, queue: this });
  }
  private deviceOf(ids: readonly number[] | undefined): Device {
    const device = ids === undefined ? this.devices[0] : this.devices.find((d) => d.id === ids[0]);
    if (device !== undefined) return device;
    throw this.failure("INVALID_ARGUMENT", "E_DEVICE", `compile: there is no device ${ids?.[0]}`);
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
            reject(error);
          }
        },
        cancel: (why) => {
          reject(fromErrorRecord(why));
        },
      });
    });
  }
  private source(buffer: DeviceBuffer, into: HostView, what: string): Cell<V> {
    const cell = ownBuffer<V>(buffer, this.platform, what).cell(this.platform, what);
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
