// Which buffers share memory by design: a copy whose source dies, a kernel that writes over its last-read operand, a
// carry updated in place, a result that takes a donated argument's memory.
import type { Buffer, BufferId } from "../graph/node.ts";
import type { RawStep } from "../fuse/steps.ts";
import { mayShare } from "./in-place.ts";
import { intervalOf, type Interval, type LoopSpan, type Timed, type Timeline, type Use } from "./liveness.ts";

/** Buffers that are one piece of memory. */
export interface MemoryClass {
  readonly root: BufferId;
  bytes: number;
  interval: Interval;
  uses: readonly Use[];
  arg: number | null;
  result: number | null;
  isConst: boolean;
  /** What it exchanges memory with in loops, and itself; null: with none. */
  swapped: ReadonlySet<MemoryClass> | null;
}

/** A donated parameter: the result that must take its memory, or any. */
export interface Donation {
  readonly arg: number;
  readonly alias: number | null;
}

/** The classes of all buffers. */
export class Classes {
  private readonly parent: BufferId[];
  private readonly classes: MemoryClass[];
  private readonly line: Timeline;

  constructor(buffers: readonly Buffer[], line: Timeline, donated: ReadonlySet<number>) {
    this.line = line;
    this.parent = buffers.map((_, i) => i);
    this.classes = buffers.map((b, root): MemoryClass => {
      const uses = line.uses.get(root) ?? [];
      const interval = uses.length === 0 ? { first: -1, last: -1 } : intervalOf(uses, line.loops, root);
      const kept = b.kind === "const" || (b.kind === "arg" && !donated.has(b.index));
      return {
        root,
        bytes: b.bytes,
        uses,
        arg: b.kind === "arg" ? b.index : null,
        result: null,
        isConst: b.kind === "const",
        swapped: null,
        interval: b.kind === "temp" ? interval : { first: -1, last: kept ? line.end + 1 : interval.last },
      };
    });
  }

  of(buffer: BufferId): MemoryClass {
    let root = buffer;
    while (this.parent[root] !== root) root = this.parent[root] as number;
    this.parent[buffer] = root;
    return this.classes[root] as MemoryClass;
  }
  private union(a: MemoryClass, b: MemoryClass): void {
    this.parent[b.root] = a.root;
    a.interval = {
      first: Math.min(a.interval.first, b.interval.first),
      last: Math.max(a.interval.last, b.interval.last),
    };
    a.uses = [...a.uses, ...b.uses].sort((x, y) => x.time - y.time);
    a.arg ??= b.arg;
    a.result ??= b.result;
    a.swapped ??= b.swapped;
  }

  /** Marks the buffers of results. */
  name(result: number, buffer: BufferId): void {
    this.of(buffer).result = result;
  }

  /** Joins the memory of `to`, first used at a time, with that of `from`, last used then. */
  private follow(from: BufferId, to: BufferId, time: number): boolean {
    const [a, b] = [this.of(from), this.of(to)];
    if (a === b || a.bytes !== b.bytes || a.isConst || b.isConst || b.arg !== null) return false;
    if (a.swapped !== null) return false;
    if (a.interval.last !== time || b.interval.first !== time) return false;
    if (a.result !== null && b.result !== null) return false;
    this.union(a, b);
    return true;
  }

  /** Temporaries, in the order of time; carries at the end of their loop. */
  joinTemporaries(): void {
    const ends = [...this.line.loops].sort((a, b) => a.end - b.end);
    let next = 0;
    for (const timed of this.line.steps) {
      for (; next < ends.length && (ends[next] as LoopSpan).end < timed.time; next++)
        this.joinCarries(ends[next] as LoopSpan);
      this.joinStep(timed, (b) => this.of(b).arg === null);
    }
    for (; next < ends.length; next++) this.joinCarries(ends[next] as LoopSpan);
  }
  /** Joins what a step reads last with what it writes first, where `may` allows it. */
  private joinStep({ step, time }: Timed, may: (from: BufferId, to: BufferId) => boolean): void {
    if (step.do === "copy" && may(step.from, step.to)) this.follow(step.from, step.to, time);
    if (step.do !== "kernel") return;
    step.kernel.params.forEach((target, i) => {
      const to = step.buffers[i] as BufferId;
      if (target.access === "read" || this.of(to).interval.first !== time) return;
      for (const from of step.buffers)
        if (from !== to && this.of(from).interval.last === time && may(from, to) && this.fits(step, from, to))
          this.follow(from, to, time);
    });
  }
  /** May all of a kernel's parameters that lie in either class share memory? */
  private fits(step: Extract<RawStep, { do: "kernel" }>, from: BufferId, to: BufferId): boolean {
    const [a, b] = [this.of(from), this.of(to)];
    if (a === b || a.bytes !== b.bytes) return false;
    const params: number[] = [];
    step.buffers.forEach((buffer, i) => {
      const own = this.of(buffer);
      if (own === a || own === b) params.push(i);
    });
    const buffers = new Set(params.map((i) => step.buffers[i]));
    return buffers.size === params.length && mayShare(step.kernel, params, step.buffers.indexOf(to));
  }

  /** A next value whose first write comes after the last read of the carry is written over it. */
  private joinCarries(loop: LoopSpan): void {
    for (const [carry, next] of loop.step.carries) {
      const [c, n] = [this.of(carry), this.of(next)];
      if (this.mayUpdate(c, n, loop)) this.union(c, n);
      else if (c !== n) this.exchange(c, n, loop);
    }
  }
  /**
   * After an odd number of trips each has the other's memory, until one of them was last used. In an outer loop they
   * begin the next trip so: all that exchange memory, also by way of others, are then live together.
   */
  private exchange(c: MemoryClass, n: MemoryClass, loop: LoopSpan): void {
    const nested = loop.outer !== null || c.swapped !== null || n.swapped !== null;
    const group = new Set([c, n, ...(c.swapped ?? []), ...(n.swapped ?? [])]);
    const last = Math.max(...[...group].map((m) => m.interval.last));
    const first = Math.min(loop.begin, ...[...group].map((m) => m.interval.first));
    for (const m of group) {
      m.swapped = group;
      const own = m === c ? c.interval.first : Math.min(m.interval.first, loop.begin);
      m.interval = { first: nested ? first : own, last };
    }
  }
  private mayUpdate(c: MemoryClass, n: MemoryClass, loop: LoopSpan): boolean {
    if (c === n || c.bytes !== n.bytes || n.arg !== null || n.isConst || c.isConst) return false;
    if (c.swapped !== null || n.swapped !== null) return false;
    const within = (u: Use): boolean => u.time > loop.begin && u.time < loop.end;
    const own = n.uses.filter((u) => u.time !== loop.end);
    const [first] = own;
    if (
      first === undefined ||
      !first.write ||
      first.loop !== loop ||
      !own.every((u) => within(u) && u.time >= loop.body)
    )
      return false;
    const reads = c.uses.filter(within);
    if (reads.some((u) => u.write || (u.loop !== loop && u.time >= first.time))) return false;
    const last = Math.max(-1, ...reads.map((u) => u.time));
    if (last < first.time) return true;
    return last === first.time && this.isInPlace(first.time, c, n);
  }
  /** Does the step at a time read one class and write the other in place? */
  private isInPlace(time: number, from: MemoryClass, to: MemoryClass): boolean {
    const step = this.line.steps.find((s) => s.time === time)?.step;
    if (step?.do === "copy") return this.of(step.from) === from && this.of(step.to) === to;
    if (step?.do !== "kernel") return false;
    const readers = step.buffers.map((b, i) => (this.of(b) === from ? i : -1)).filter((i) => i >= 0);
    const writers = step.buffers.map((b, i) => (this.of(b) === to ? i : -1)).filter((i) => i >= 0);
    if (readers.length !== 1 || writers.length !== 1) return false;
    return mayShare(step.kernel, [...readers, ...writers], writers[0] as number);
  }

  /** Donated arguments, each to the class of the result that takes it. `sources[r]` is result r's buffer. */
  joinDonated(donations: readonly Donation[], args: readonly BufferId[], sources: readonly BufferId[]): void {
    const wanted = new Map(donations.map((d) => [args[d.arg] as BufferId, d.alias]));
    const mayTake = (from: BufferId, to: BufferId): boolean => {
      const alias = wanted.get(from);
      if (alias === undefined) return false;
      const target = this.of(to);
      if (target.arg !== null) return false;
      return sources.some((s, r) => (alias === null || alias === r) && this.of(s) === target);
    };
    for (const timed of this.line.steps) this.joinStep(timed, mayTake);
  }

  /** The last copies, into the results. */
  joinResults(copies: readonly Timed[], donations: readonly Donation[]): void {
    const alias = new Map(donations.map((d) => [d.arg, d.alias]));
    for (const { step, time } of copies) {
      if (step.do !== "copy") continue;
      const [from, to] = [this.of(step.from), this.of(step.to)];
      const wanted = from.arg === null ? null : alias.get(from.arg);
      if (from.result !== null || (wanted !== null && wanted !== to.result)) continue;
      this.follow(step.from, step.to, time);
    }
  }
}
