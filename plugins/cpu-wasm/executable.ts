// A compiled plan. Running it fills a table of addresses and calls one function: the plan's only kernel, or its main.
import {
  byteLength,
  tenonError,
  toErrorRecord,
  type Argument,
  type ConcreteType,
  type Device,
  type ErrorRecord,
  type Executable,
  type ExecuteOptions,
  type Signature,
} from "tenon-plugin-api";
import { storageOf, writeElement, type Plan, type Slot } from "tenon-plugin-kit";
import { WasmBuffer, storageOfBuffer } from "./buffer.ts";
import { layOut, type Layout } from "./codegen/main.ts";
import { memoryOf, textOf } from "./explain.ts";
import { wantedOf } from "./functions.ts";
import type { Linked, Linker } from "./linker.ts";
import { allocate, dropStorage, newStorage, release, type Heap, type Storage } from "./memory.ts";

/** What executables of one client share. */
export interface Machine {
  readonly heap: Heap;
  readonly linker: Linker;
  readonly device: Device;
  /** Blocks of constants by content, shared by the executables that use them. */
  readonly constants: ConstantPool;
  /** Address of at least `nbytes` of memory that is free during a run. */
  workspace(nbytes: number): number;
  /** @throws FAILED_PRECONDITION once the client is disposed. */
  check(): void;
}
/** Constants by content. */
export interface ConstantPool {
  take(bytes: Uint8Array): Storage;
  drop(storage: Storage): void;
}

/** Bytes for an immediate argument, one line each. */
const IMMEDIATE = 16;

/** A plan that is ready to run on a machine. */
export class WasmExecutable implements Executable {
  readonly signature: Signature;
  readonly devices: readonly Device[];
  readonly extensions: NonNullable<Executable["extensions"]>;
  private readonly machine: Machine;
  private readonly plan: Plan;
  private readonly layout: Layout;
  private readonly functions: readonly Linked[];
  private readonly run: (args: number, begin: number, end: number) => void;
  private readonly chunks: number;
  /** The slots in the order in which the function wants their addresses. */
  private readonly slots: readonly Slot[];
  private readonly constants = new Map<Slot, Storage>();
  /** Block of the table, then of immediates. */
  private readonly area: number;
  private readonly areaBytes: number;
  private readonly immediates: number;
  private readonly resultBytes: readonly number[];
  /** For each result the argument whose memory it takes, or −1. */
  private readonly takes: readonly number[];
  /** Parameters that callers give away. */
  private readonly donated: readonly number[];
  private alive = true;

  constructor(machine: Machine, signature: Signature, plan: Plan) {
    this.machine = machine;
    this.signature = signature;
    this.plan = plan;
    this.devices = [machine.device];
    this.layout = layOut(plan);
    const only = plan.steps.length === 1 && plan.steps[0]?.do === "kernel" ? plan.steps[0] : null;
    this.functions = machine.linker.link(wantedOf(machine.linker, plan, this.layout, only));
    this.run = (this.functions[0] as Linked).call;
    this.chunks = only?.chunks ?? 0;
    this.slots = only === null ? plan.slots : only.args.map((id) => plan.slots[id] as Slot);
    this.resultBytes = plan.results.map(byteLength);
    this.takes = plan.results.map((_, r) => plan.aliases.find(([, to]) => to === r)?.[0] ?? -1);
    this.donated = signature.params.flatMap((p, i) => (p.donate === undefined ? [] : [i]));
    const words = only === null ? this.layout.words : only.args.length + only.uniforms.length;
    this.areaBytes = 4 * words + IMMEDIATE * (plan.params.length + 1);
    try {
      for (const slot of plan.slots)
        if (slot.at === "const") this.constants.set(slot, machine.constants.take(slot.bytes));
      this.area = allocate(machine.heap, this.areaBytes);
    } catch (error) {
      this.releaseShared();
      throw error;
    }
    this.immediates = Math.ceil((this.area + 4 * words) / IMMEDIATE) * IMMEDIATE;
    const fixed =
      only === null ? this.layout.constants : only.uniforms.map((n, i) => [only.args.length + i, n] as const);
    for (const [word, value] of fixed) machine.heap.i32[(this.area >>> 2) + word] = value;
    this.extensions = {
      text: textOf(plan),
      memory: memoryOf(plan, only === null ? this.layout.workspaceBytes : 0),
    };
  }

  execute(
    rows: readonly (readonly Argument[])[],
    options?: ExecuteOptions,
  ): readonly (readonly WasmBuffer[])[] {
    const { machine, plan } = this;
    machine.check();
    if (!this.alive)
      throw tenonError("FAILED_PRECONDITION", `cpu-wasm: the executable of ${plan.name} was disposed`, {
        plugin: "cpu-wasm",
        reason: "E_EXECUTABLE_DISPOSED",
      });
    const args = rows[0] as readonly Argument[];
    const poison = poisonOf(args);
    if (poison !== undefined) return [this.failed(poison)];
    if (this.donated.length > 0) this.checkDonation(args, options?.keep);
    const storages = this.take(args, options?.keep);
    let frame = 0;
    try {
      frame = plan.frameBytes === 0 ? 0 : allocate(machine.heap, plan.frameBytes);
      this.fill(args, storages, frame);
    } catch (error) {
      for (const s of storages) dropStorage(machine.heap, s);
      throw error;
    }
    try {
      this.run(this.area, 0, this.chunks);
    } catch (error) {
      for (const s of storages) dropStorage(machine.heap, s);
      return [this.failed(toErrorRecord(error, "cpu-wasm"))];
    } finally {
      if (frame !== 0) release(machine.heap, frame, plan.frameBytes);
    }
    for (const i of this.donated) {
      const arg = args[i];
      if (typeof arg === "object" && options?.keep?.includes(i) !== true)
        (arg as WasmBuffer).donate(plan.name);
    }
    const { memory } = machine.device;
    return [storages.map((s, i) => new WasmBuffer(machine.heap, plan.results[i] as ConcreteType, memory, s))];
  }
  /** A buffer that is given away can't be another argument, too. */
  private checkDonation(args: readonly Argument[], keep: readonly number[] | undefined): void {
    for (const i of this.donated) {
      const arg = args[i];
      if (typeof arg !== "object" || keep?.includes(i) === true) continue;
      const other = args.findIndex((x, k) => x === arg && k !== i);
      if (other >= 0)
        throw tenonError(
          "INVALID_ARGUMENT",
          `cpu-wasm: argument ${i} of ${this.plan.name} is donated and is argument ${other}, too`,
          { plugin: "cpu-wasm", reason: "E_DONATED_TWICE", hint: "donate a copy, or don't donate it" },
        );
    }
  }
  private failed(record: ErrorRecord): WasmBuffer[] {
    const { heap, device } = this.machine;
    return this.plan.results.map((type) => new WasmBuffer(heap, type, device.memory, null, record));
  }
  /** The results' blocks: new ones, or those of donated arguments. */
  private take(args: readonly Argument[], keep: readonly number[] | undefined): Storage[] {
    const { heap } = this.machine;
    const storages: Storage[] = [];
    try {
      for (let r = 0; r < this.resultBytes.length; r++) {
        const from = this.takes[r] as number;
        const donor = from < 0 ? undefined : args[from];
        if (typeof donor !== "object") {
          storages.push(newStorage(heap, this.resultBytes[r] as number));
          continue;
        }
        const given = storageOfBuffer(donor, heap, `argument ${from} of ${this.plan.name}`);
        // Memory that another buffer shows, or that the caller keeps, is copied instead.
        if (given.refs > 1 || keep?.includes(from) === true) {
          const copy = newStorage(heap, given.nbytes);
          heap.u8.copyWithin(copy.ptr, given.ptr, given.ptr + given.nbytes);
          storages.push(copy);
        } else {
          given.refs++;
          storages.push(given);
        }
      }
    } catch (error) {
      for (const s of storages) dropStorage(heap, s);
      throw error;
    }
    return storages;
  }
  /** Writes the addresses of all slots. */
  private fill(args: readonly Argument[], results: readonly Storage[], frame: number): void {
    const { machine, slots, takes } = this;
    const { heap } = machine;
    const first = this.area >>> 2;
    if (this.layout.workspaceBytes > 0) {
      const workspace = machine.workspace(this.layout.workspaceBytes); // may replace the heap's views
      heap.i32[first + this.layout.workspace] = workspace;
    }
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Slot;
      let address = 0;
      if (slot.at === "arg") {
        const taker = takes.indexOf(slot.index);
        address =
          taker >= 0
            ? this.taken(results[taker] as Storage, args, slot.index)
            : this.address(args, slot.index);
      } else if (slot.at === "result") address = (results[slot.index] as Storage).ptr;
      else if (slot.at === "frame") address = frame + slot.offset;
      else address = (this.constants.get(slot) as Storage).ptr;
      heap.i32[first + i] = address;
    }
  }
  /** The address of an argument whose memory a result takes. */
  private taken(result: Storage, args: readonly Argument[], index: number): number {
    if (typeof args[index] !== "object") this.writeImmediate(args, index, result.ptr);
    return result.ptr;
  }
  private address(args: readonly Argument[], index: number): number {
    const arg = args[index] as Argument;
    if (typeof arg === "object") {
      const { storage, heap } = arg as WasmBuffer;
      return heap === this.machine.heap && storage !== null
        ? storage.ptr
        : storageOfBuffer(arg, this.machine.heap, `argument ${index} of ${this.plan.name}`).ptr;
    }
    return this.writeImmediate(args, index, this.immediates + IMMEDIATE * index);
  }
  private writeImmediate(args: readonly Argument[], index: number, address: number): number {
    const { heap } = this.machine;
    const value = args[index] as number | bigint | boolean;
    const { dtype } = this.plan.params[index] as ConcreteType;
    if (dtype === "f32") heap.f32[address >>> 2] = value as number;
    else if (dtype === "i32" || dtype === "u32") heap.i32[address >>> 2] = value as number;
    else {
      const storage = storageOf(dtype);
      if (storage === null) throw tenonError("UNIMPLEMENTED", `cpu-wasm: no immediates of ${dtype}`);
      const wide = storage === "i64" || storage === "u64";
      const element = wide ? BigInt(value) : Number(value);
      writeElement(storage, new DataView(heap.memory.buffer, address, IMMEDIATE), 0, element);
      if (dtype === "c64") heap.f32[(address >>> 2) + 1] = 0;
      if (dtype === "c128") heap.f64[(address >>> 3) + 1] = 0;
    }
    return address;
  }
  dispose(): void {
    if (!this.alive) return;
    this.alive = false;
    this.releaseShared();
    release(this.machine.heap, this.area, this.areaBytes);
  }
  private releaseShared(): void {
    const { linker, constants } = this.machine;
    linker.release(this.functions);
    for (const s of this.constants.values()) constants.drop(s);
  }
}

function poisonOf(args: readonly Argument[]): ErrorRecord | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === "object" && arg.error !== undefined) return arg.error;
  }
  return undefined;
}
