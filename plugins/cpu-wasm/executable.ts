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
import {
  storageOf,
  writeElement,
  type Int,
  type Kernel,
  type Plan,
  type Slot,
  type Step,
} from "tenon-plugin-kit";
import { WasmBuffer, storageOfBuffer } from "./buffer.ts";
import { compileKernel } from "./codegen/kernel.ts";
import { callsOf, layOut, mainFunction, type CallStep, type Layout } from "./codegen/main.ts";
import { sortFunction } from "./kernels/sort.ts";
import type { Linked, Linker, Wanted } from "./linker.ts";
import { allocate, dropStorage, newStorage, release, type Heap, type Storage } from "./memory.ts";
import { keyOf } from "./key.ts";

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
  private readonly constants: ReadonlyMap<Slot, Storage>;
  /** Block of the table, then of immediates. */
  private readonly area: number;
  private readonly areaBytes: number;
  private readonly immediates: number;
  private readonly resultBytes: readonly number[];
  /** For each result the argument whose memory it takes, or −1. */
  private readonly takes: readonly number[];
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
    const constants = new Map<Slot, Storage>();
    for (const slot of plan.slots) if (slot.at === "const") constants.set(slot, machine.constants.take(slot.bytes)); // prettier-ignore
    this.constants = constants;
    const words = only === null ? this.layout.words : only.args.length + only.uniforms.length;
    this.areaBytes = 4 * words + IMMEDIATE * (plan.params.length + 1);
    this.area = allocate(machine.heap, this.areaBytes);
    this.immediates = Math.ceil((this.area + 4 * words) / IMMEDIATE) * IMMEDIATE;
    const fixed = only === null ? this.layout.constants : only.uniforms.map((n, i) => [only.args.length + i, n] as const); // prettier-ignore
    for (const [word, value] of fixed) machine.heap.i32[(this.area >>> 2) + word] = value;
    this.extensions = { text: textOf(plan), memory: memoryOf(plan) };
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
    const { memory } = machine.device;
    return [storages.map((s, i) => new WasmBuffer(machine.heap, plan.results[i] as ConcreteType, memory, s))];
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
      const { storage } = arg as WasmBuffer;
      return storage !== null && storage !== undefined
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
    const { heap, linker, constants } = this.machine;
    linker.release(this.functions);
    for (const s of this.constants.values()) constants.drop(s);
    release(heap, this.area, this.areaBytes);
  }
}

function poisonOf(args: readonly Argument[]): ErrorRecord | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === "object" && arg.error !== undefined) return arg.error;
  }
  return undefined;
}

/** The functions of a plan; the one to run comes first. */
function wantedOf(linker: Linker, plan: Plan, layout: Layout, only: CallStep | null): Wanted[] {
  const wanted = new Map<CallStep, Wanted>();
  for (const step of callsOf(plan.steps)) if (step.do !== "gemm") wanted.set(step, wantedStep(linker, step));
  if (only !== null) return [...wanted.values()];
  const main: Wanted = {
    key: `main ${nextMain++}`,
    optimised: false,
    write: (types, slotOf) =>
      mainFunction(plan, layout, (step) => (step.do === "gemm" ? linker.gemm(step.gemm.dtype) : slotOf((wanted.get(step) as Wanted).key)), types), // prettier-ignore
  };
  return [main, ...wanted.values()];
}
/** Mains are never shared; the number only tells them apart. */
let nextMain = 0;

/** Operations of one run above which the baseline compiler's code costs more time than the optimising compiler. */
const HEAVY = 8e6;
/** Scalar operations of one run. */
function workOf(kernel: Kernel, uniforms: readonly number[]): number {
  const extent = (axis: number): number => {
    const n = (kernel.axes[axis] as { extent: Int }).extent;
    return typeof n === "number" ? n : (uniforms[n.uniform] as number);
  };
  const points = (axes: readonly number[]): number => axes.reduce((n, a) => n * extent(a), 1);
  const inside = kernel.stages.reduce((n, s) => n + points(s.over) * s.body.length, 0);
  return points(kernel.shared) * inside;
}

function wantedStep(linker: Linker, step: Exclude<CallStep, { do: "gemm" }>): Wanted {
  if (step.do === "sort") {
    const { dtypes, comparator } = step.sort;
    return {
      key: `sort ${keyOf({ dtypes, comparator })}`,
      optimised: true,
      write: () => sortFunction(step.sort, linker.relaxed),
    };
  }
  const { name: _, ...algorithm } = step.kernel;
  return {
    key: `kernel ${keyOf([algorithm, step.schedule])}`,
    optimised: workOf(step.kernel, step.uniforms) > HEAVY,
    write: () => compileKernel(step.kernel, step.schedule, linker),
  };
}

function textOf(plan: Plan): { stages: readonly string[]; read(stage: string): Promise<string> } {
  return {
    stages: ["plan", "kernels"],
    read: async (stage) => {
      if (stage === "plan") return [...plan.notes, ...plan.steps.map((s) => describe(s, ""))].join("\n");
      if (stage === "kernels") return callsOf(plan.steps).map((s) => keyOf(s)).join("\n"); // prettier-ignore
      throw tenonError("NOT_FOUND", `cpu-wasm: no stage ${stage}; there are plan and kernels`, { reason: "E_STAGE" }); // prettier-ignore
    },
  };
}
function describe(step: Step, indent: string): string {
  const inner = (steps: readonly Step[]): string => steps.map((s) => describe(s, `${indent}  `)).join("\n");
  switch (step.do) {
    case "kernel":
      return `${indent}${step.kernel.name} (${step.args.map((a) => `%${a}`).join(", ")})`;
    case "gemm":
      return `${indent}gemm ${step.gemm.batch} × [${step.gemm.m}, ${step.gemm.k}] · [${step.gemm.k}, ${step.gemm.n}] (%${step.lhs}, %${step.rhs}, %${step.out})`;
    case "sort":
      return `${indent}sort ${step.sort.outer} × ${step.sort.n} × ${step.sort.inner}`;
    case "copy":
      return `${indent}copy %${step.from} to %${step.to} (${step.bytes} bytes)`;
    case "while":
      return `${indent}while %${step.pred}\n${inner(step.cond)}\n${indent}do\n${inner(step.body)}`;
    case "case":
      return `${indent}case %${step.index}\n${step.branches.map(inner).join(`\n${indent}or\n`)}`;
  }
}
function memoryOf(plan: Plan): NonNullable<NonNullable<Executable["extensions"]>["memory"]> {
  const sum = (types: readonly ConcreteType[]): number => types.reduce((n, t) => n + byteLength(t), 0);
  const aliased = plan.aliases.map(([arg]) => plan.params[arg] as ConcreteType);
  return {
    read: async () => ({
      argumentBytes: sum(plan.params),
      resultBytes: sum(plan.results),
      aliasedBytes: sum(aliased),
      temporaryBytes: plan.frameBytes,
      peakBytes: plan.peakBytes,
    }),
  };
}
