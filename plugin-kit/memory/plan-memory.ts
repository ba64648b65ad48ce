// Steps over buffers → a Plan over slots: shared memory, one frame for what is left, offsets by best fit.
import type { ConcreteType } from "tenon-plugin-api";
import type { Shared } from "../graph/builder.ts";
import type { Buffer, BufferId } from "../graph/node.ts";
import type { RawStep } from "../fuse/steps.ts";
import { generalise } from "../loops/generalise.ts";
import { num } from "../loops/index-map.ts";
import type { Plan, Slot, SlotId, Step } from "../loops/plan.ts";
import { Classes, type Donation, type MemoryClass } from "./coalesce.ts";
import { joinParams } from "./in-place.ts";
import { timeline } from "./liveness.ts";

/** What a Plan is made of. */
export interface MemorySite {
  readonly name: string;
  readonly params: readonly ConcreteType[];
  readonly results: readonly ConcreteType[];
  readonly donations: readonly Donation[];
  readonly steps: readonly RawStep[];
  /** The buffer that each result is copied from. */
  readonly sources: readonly BufferId[];
  readonly shared: Shared;
}

const ALIGN = 64;
const aligned = (n: number): number => Math.ceil(n / ALIGN) * ALIGN;

/** Best fit over time: a class takes the smallest gap that holds it from its first to its last use. */
class Frame {
  private readonly free: { offset: number; bytes: number }[] = [];
  private readonly busy: { last: number; offset: number; bytes: number }[] = [];
  size = 0;

  place(bytes: number, first: number, last: number): number {
    this.release(first);
    const want = aligned(bytes);
    let best = -1;
    this.free.forEach((gap, i) => {
      if (gap.bytes >= want && (best < 0 || gap.bytes < (this.free[best] as { bytes: number }).bytes))
        best = i;
    });
    const offset = best >= 0 ? this.take(best, want) : this.grow(want);
    this.busy.push({ last, offset, bytes: want });
    return offset;
  }
  private take(i: number, want: number): number {
    const gap = this.free[i] as { offset: number; bytes: number };
    const { offset } = gap;
    if (gap.bytes === want) this.free.splice(i, 1);
    else this.free[i] = { offset: offset + want, bytes: gap.bytes - want };
    return offset;
  }
  private grow(want: number): number {
    const last = this.free[this.free.length - 1];
    const offset = last !== undefined && last.offset + last.bytes === this.size ? last.offset : this.size;
    if (offset !== this.size) this.free.pop();
    this.size = offset + want;
    return offset;
  }
  /** What was last used before a time is free again. */
  private release(time: number): void {
    for (let i = this.busy.length - 1; i >= 0; i--) {
      const b = this.busy[i] as { last: number; offset: number; bytes: number };
      if (b.last >= time) continue;
      this.busy.splice(i, 1);
      this.give(b.offset, b.bytes);
    }
  }
  private give(offset: number, bytes: number): void {
    let at = this.free.findIndex((g) => g.offset > offset);
    if (at < 0) at = this.free.length;
    this.free.splice(at, 0, { offset, bytes });
    const join = (i: number): void => {
      const [a, b] = [this.free[i], this.free[i + 1]];
      if (a === undefined || b === undefined || a.offset + a.bytes !== b.offset) return;
      this.free.splice(i, 2, { offset: a.offset, bytes: a.bytes + b.bytes });
    };
    join(at);
    if (at > 0) join(at - 1);
  }
}

class Planner {
  private readonly site: MemorySite;
  private readonly buffers: Buffer[];
  private readonly classes: Classes;
  private readonly slots: Slot[] = [];
  private readonly slotOf = new Map<MemoryClass, SlotId>();
  private readonly steps: readonly RawStep[];
  private readonly order: readonly BufferId[];
  private frameBytes = 0;

  constructor(site: MemorySite) {
    this.site = site;
    this.buffers = site.shared.buffers;
    const outs = site.sources.map((from) => {
      const { bytes } = this.buffers[from] as Buffer;
      return this.buffers.push({ kind: "temp", bytes }) - 1;
    });
    this.steps = [
      ...site.steps,
      ...site.sources.map((from, i): RawStep => ({ do: "copy", from, to: outs[i] as number })),
    ];
    const line = timeline(this.steps, outs);
    const donated = new Set(site.donations.map((d) => d.arg));
    this.classes = new Classes(this.buffers, line, donated);
    outs.forEach((b, r) => {
      this.classes.name(r, b);
    });
    const args: BufferId[] = [];
    this.buffers.forEach((b, id) => {
      if (b.kind === "arg") args[b.index] = id;
    });
    this.classes.joinTemporaries();
    this.classes.joinDonated(site.donations, args, site.sources);
    this.classes.joinResults(line.steps.slice(line.steps.length - outs.length), site.donations);
    this.order = [...line.uses.keys()];
  }

  private assign(): void {
    const classes = [...new Set(this.order.map((b) => this.classes.of(b)))];
    const frame = new Frame();
    classes.sort((a, b) => a.interval.first - b.interval.first);
    for (const c of classes) this.slotOf.set(c, this.slots.push(this.slot(c, frame)) - 1);
    this.frameBytes = frame.size;
  }
  private slot(c: MemoryClass, frame: Frame): Slot {
    if (c.result !== null) return { at: "result", index: c.result };
    if (c.arg !== null) return { at: "arg", index: c.arg };
    if (c.bytes === 0) return { at: "frame", offset: 0, bytes: 0 };
    const buffer = this.buffers[c.root] as Buffer;
    if (buffer.kind === "const") return { at: "const", bytes: buffer.data };
    return { at: "frame", offset: frame.place(c.bytes, c.interval.first, c.interval.last), bytes: c.bytes };
  }
  private at(buffer: BufferId): SlotId {
    return this.slotOf.get(this.classes.of(buffer)) as SlotId;
  }

  private step(step: RawStep): Step[] {
    switch (step.do) {
      case "kernel":
        return [this.kernel(step)];
      case "gemm":
        return [{ ...step, lhs: this.at(step.lhs), rhs: this.at(step.rhs), out: this.at(step.out) }];
      case "sort":
        return [{ ...step, from: step.from.map((b) => this.at(b)), to: step.to.map((b) => this.at(b)) }];
      case "copy": {
        const [from, to] = [this.at(step.from), this.at(step.to)];
        const { bytes } = this.buffers[step.to] as Buffer;
        return from === to || bytes === 0 ? [] : [{ do: "copy", from, to, bytes }];
      }
      case "while": {
        const pairs = step.carries.map(([c, n]): [SlotId, SlotId] => [this.at(c), this.at(n)]);
        const swap = pairs.filter(([c, n]) => c !== n);
        return [
          {
            do: "while",
            cond: this.list(step.cond),
            pred: this.at(step.pred),
            body: this.list(step.body),
            swap,
          },
        ];
      }
      case "case":
        return [{ do: "case", index: this.at(step.index), branches: step.branches.map((b) => this.list(b)) }];
    }
  }
  private list(steps: readonly RawStep[]): Step[] {
    return steps.flatMap((s) => this.step(s));
  }
  /** Parameters that share a slot become one. */
  private kernel(step: Extract<RawStep, { do: "kernel" }>): Step {
    const { kernel, schedule } = step;
    const slots = step.buffers.map((b) => this.at(b));
    const args: SlotId[] = [];
    const index: number[] = [];
    slots.forEach((slot, i) => {
      const known = slots.findIndex(
        (other, k) => k < i && other === slot && kernel.params[k]?.dtype === kernel.params[i]?.dtype,
      );
      index.push(known >= 0 ? (index[known] as number) : args.push(slot) - 1);
    });
    const joined = args.length === slots.length ? kernel : joinParams(kernel, index);
    const chunks =
      schedule.chunk === null ? 1 : num((kernel.axes[schedule.chunk] as { extent: number }).extent);
    return { do: "kernel", ...generalise(joined), schedule, args, chunks };
  }

  plan(): Plan {
    this.assign();
    const { name, params, results, shared } = this.site;
    const steps = this.list(this.steps);
    const aliases: [number, number][] = [];
    let resultBytes = 0;
    for (const c of this.slotOf.keys()) {
      if (c.result === null) continue;
      if (c.arg === null) resultBytes += c.bytes;
      else aliases.push([c.arg, c.result]);
    }
    return {
      name,
      params,
      results,
      slots: this.slots,
      steps,
      frameBytes: this.frameBytes,
      aliases,
      peakBytes: this.frameBytes + resultBytes,
      notes: shared.notes,
    };
  }
}

/** Assigns memory to the buffers of a sequence of steps. */
export function planMemory(site: MemorySite): Plan {
  return new Planner(site).plan();
}
