// Runs a cut program: segments on the device, the rest here. The walk asks for bytes; whoever drives it reads them.
import {
  byteLength,
  tenonError,
  unimplemented,
  type Argument,
  type ConcreteType,
  type Device,
  type DeviceBuffer,
  type Executable,
  type HostArray,
  type HostCallback,
  type HostView,
  type MemorySpace,
  type OpAttrs,
  type Type,
  type ValueId,
} from "tenon-plugin-api";
import { immediateBytes } from "../host/immediate.ts";
import type { ControlStep, CutBlock, CutProgram, HostStep, Segment } from "./cut.ts";

/** What the walk needs of a device. */
export interface Ground {
  readonly plugin: string;
  readonly device: Device;
  readonly executables: ReadonlyMap<Segment, Executable>;
  readonly callbacks: Readonly<Record<string, HostCallback>>;
  toDevice(host: HostView, type: ConcreteType, memory: MemorySpace): DeviceBuffer;
}
/** A wish for the bytes of a buffer. */
export interface Read {
  readonly buffer: DeviceBuffer;
  readonly into: Uint8Array;
}
type Walk<R> = Generator<Read, R, void>;

/** A value, and how many places hold it; the last one to let go of it frees it. */
class Held {
  readonly value: Argument;
  private holders = 1;
  /** Values that the run has made and not freed; null for what it was given. */
  private readonly made: Set<Held> | null;
  constructor(value: Argument, made: Set<Held> | null) {
    this.value = value;
    this.made = made;
    made?.add(this);
  }
  hold(): this {
    this.holders++;
    return this;
  }
  drop(): void {
    if (--this.holders === 0) this.free();
  }
  free(): void {
    if (this.made?.delete(this) === true && typeof this.value === "object") this.value.dispose();
  }
  /** The buffer, if nobody else holds it: it isn't the run's any more. */
  take(): DeviceBuffer | null {
    return this.holders === 1 && this.made?.delete(this) === true ? (this.value as DeviceBuffer) : null;
  }
}
type Env = Map<ValueId, Held>;

/** One run. */
class Runner {
  private readonly cut: CutProgram;
  private readonly ground: Ground;
  private readonly env: Env = new Map();
  private readonly made = new Set<Held>();
  constructor(cut: CutProgram, ground: Ground) {
    this.cut = cut;
    this.ground = ground;
  }

  /** Results that nobody else holds are handed out; others, as arguments that are results, are copied. */
  *main(args: readonly Argument[]): Walk<DeviceBuffer[]> {
    try {
      const given = args.map((a) => new Held(a, null));
      const results = yield* this.block(this.cut.main, given);
      const out: DeviceBuffer[] = [];
      for (const [i, r] of results.entries()) {
        const id = this.cut.main.results[i] as ValueId;
        out.push(r.take() ?? this.place(yield* this.bytesOf(r, id), this.typeOf(id)));
      }
      return out;
    } finally {
      for (const held of this.made) held.free();
    }
  }

  private typeOf(id: ValueId): ConcreteType {
    return this.cut.types.get(id) as ConcreteType;
  }
  private get(id: ValueId): Held {
    return this.env.get(id) as Held;
  }
  private set(id: ValueId, held: Held): void {
    this.env.get(id)?.drop();
    this.env.set(id, held);
  }
  private forget(id: ValueId): void {
    this.env.get(id)?.drop();
    this.env.delete(id);
  }
  private place(bytes: Uint8Array, type: ConcreteType): DeviceBuffer {
    return this.ground.toDevice(bytes, type, this.ground.device.memory);
  }

  /** Runs a block with these parameters, which it takes over; its results are the caller's. */
  private *block(block: CutBlock, params: readonly Held[]): Walk<Held[]> {
    block.params.forEach((id, i) => {
      this.set(id, params[i] as Held);
    });
    for (const [i, step] of block.steps.entries()) {
      if (step.do === "segment") this.segment(step);
      else if (step.do === "host") yield* this.host(step);
      else yield* this.control(step);
      for (const id of block.dead[i] as readonly ValueId[]) this.forget(id);
    }
    const results = block.results.map((id) => this.get(id).hold());
    for (const id of [...block.params, ...block.kept]) this.forget(id);
    return results;
  }

  private segment(step: Segment): void {
    const executable = this.ground.executables.get(step) as Executable;
    const outs = executable.execute([step.inputs.map((id) => this.get(id).value)])[0] ?? [];
    step.outputs.forEach((id, i) => {
      this.set(id, new Held(outs[i] as DeviceBuffer, this.made));
    });
  }

  private *host({ op, operandTypes }: HostStep): Walk<void> {
    const { target, attributes } = op.attrs as OpAttrs["custom_call"];
    const name = String(attributes["name"]);
    const f = this.ground.callbacks[name];
    if (f === undefined) throw unimplemented(`custom_call ${target} ${name}`, undefined, this.ground.plugin);
    const args: HostArray[] = [];
    for (const [i, id] of op.operands.entries())
      args.push({ type: operandTypes[i] as ConcreteType, bytes: yield* this.bytesOf(this.get(id), id) });
    const results = f(args, this.ground.device);
    op.results.forEach((r, i) => {
      const { type, bytes } = results[i] ?? { type: undefined, bytes: undefined };
      checkResult(this.ground.plugin, name, i, type, bytes, r.type);
      this.set(r.id, new Held(this.place(bytes as Uint8Array, r.type as ConcreteType), this.made));
    });
  }

  private *control(step: ControlStep): Walk<void> {
    const { op, blocks } = step;
    const results = step.do === "while" ? yield* this.loop(step) : yield* this.branch(step, blocks);
    op.results.forEach((r, i) => {
      this.set(r.id, results[i] as Held);
    });
  }
  private *loop({ op, blocks }: ControlStep): Walk<Held[]> {
    const [cond, body] = blocks as [CutBlock, CutBlock];
    let state = op.operands.map((id) => this.get(id).hold());
    for (;;) {
      const [test] = (yield* this.block(cond, state.map((h) => h.hold()))) as [Held]; // prettier-ignore
      const [holds] = yield* this.bytesOf(test, cond.results[0] as ValueId);
      test.drop();
      if (holds === 0) return state;
      state = yield* this.block(body, state);
    }
  }
  private *branch({ op }: ControlStep, blocks: readonly CutBlock[]): Walk<Held[]> {
    const id = op.operands[0] as ValueId;
    const bytes = yield* this.bytesOf(this.get(id), id);
    const index = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    const taken = index < 0 || index >= blocks.length ? blocks.length - 1 : index;
    return yield* this.block(blocks[taken] as CutBlock, []);
  }

  private *bytesOf(held: Held, id: ValueId): Walk<Uint8Array> {
    const type = this.typeOf(id);
    if (typeof held.value !== "object") return immediateBytes(type.dtype, held.value);
    const into = new Uint8Array(byteLength(type));
    yield { buffer: held.value, into };
    return into;
  }
}

function checkResult(
  plugin: string,
  name: string,
  i: number,
  got: ConcreteType | undefined,
  bytes: Uint8Array | undefined,
  want: Type,
): void {
  const { dtype, shape } = want as ConcreteType;
  const fits =
    got !== undefined &&
    got.dtype === dtype &&
    got.shape.join() === shape.join() &&
    bytes?.byteLength === byteLength(want as ConcreteType);
  if (fits) return;
  const shown = got === undefined ? "nothing" : `${got.dtype}[${got.shape.join(",")}]`;
  throw tenonError(
    "INVALID_ARGUMENT",
    `${plugin}: callback ${name} gave ${shown} as result ${i}, expected ${dtype}[${shape.join(",")}]`,
    {
      plugin,
      reason: "E_CALLBACK_RESULT",
    },
  );
}

/** The walk of one run: yields what it wants to read, returns the results. */
export const runCut = (cut: CutProgram, ground: Ground, args: readonly Argument[]): Walk<DeviceBuffer[]> =>
  new Runner(cut, ground).main(args);

/** Drives a walk on a device that reads at once. */
export function driveSync<R>(walk: Walk<R>, read: (buffer: DeviceBuffer, into: HostView) => void): R {
  let step = walk.next();
  while (step.done !== true) {
    try {
      read(step.value.buffer, step.value.into);
    } catch (error) {
      step = walk.throw(error);
      continue;
    }
    step = walk.next();
  }
  return step.value;
}
