// When each buffer is used: steps are numbered in order, loops and branches written out where they stand.
import type { BufferId } from "../graph/node.ts";
import type { RawStep } from "../fuse/steps.ts";

/** First and last step that touches a buffer's memory; both inclusive. */
export interface Interval {
  first: number;
  last: number;
}
/** A step with its number; loops span [begin, end]. */
export interface Timed {
  readonly step: RawStep;
  readonly time: number;
  /** The innermost loop around, null at top level. */
  readonly loop: LoopSpan | null;
}
/** One loop: the numbers of its parts. */
export interface LoopSpan {
  readonly step: Extract<RawStep, { do: "while" }>;
  readonly outer: LoopSpan | null;
  readonly begin: number;
  /** Number of the first step of the body. */
  body: number;
  /** When carries are exchanged. */
  end: number;
}
/** All steps in order, the loops, and what touches each buffer. */
export interface Timeline {
  readonly steps: readonly Timed[];
  readonly loops: readonly LoopSpan[];
  readonly uses: ReadonlyMap<BufferId, readonly Use[]>;
  readonly end: number;
}
/** One read or write. */
export interface Use {
  readonly time: number;
  readonly write: boolean;
  readonly loop: LoopSpan | null;
}

class Clock {
  readonly steps: Timed[] = [];
  readonly loops: LoopSpan[] = [];
  readonly uses = new Map<BufferId, Use[]>();
  now = 0;

  private use(buffer: BufferId, write: boolean, loop: LoopSpan | null): void {
    let uses = this.uses.get(buffer);
    if (uses === undefined) this.uses.set(buffer, (uses = []));
    uses.push({ time: this.now, write, loop });
  }

  run(steps: readonly RawStep[], loop: LoopSpan | null): void {
    for (const step of steps) {
      this.steps.push({ step, time: this.now, loop });
      this.visit(step, loop);
      this.now++;
    }
  }
  private visit(step: RawStep, loop: LoopSpan | null): void {
    switch (step.do) {
      case "kernel":
        step.buffers.forEach((b, i) => {
          this.use(b, step.kernel.params[i]?.access !== "read", loop);
        });
        return;
      case "gemm":
        this.use(step.lhs, false, loop);
        this.use(step.rhs, false, loop);
        this.use(step.out, true, loop);
        return;
      case "sort":
        for (const b of step.from) this.use(b, false, loop);
        for (const b of step.to) this.use(b, true, loop);
        return;
      case "copy":
        this.use(step.from, false, loop);
        this.use(step.to, true, loop);
        return;
      case "case":
        this.use(step.index, false, loop);
        for (const branch of step.branches) {
          this.now++;
          this.run(branch, loop);
        }
        return;
      case "while":
        this.loop(step, loop);
    }
  }
  private loop(step: LoopSpan["step"], outer: LoopSpan | null): void {
    const span: LoopSpan = { step, outer, begin: this.now++, body: 0, end: 0 };
    this.loops.push(span);
    this.run(step.cond, span);
    this.use(step.pred, false, span);
    span.body = ++this.now;
    this.run(step.body, span);
    span.end = ++this.now;
    for (const [carry, next] of step.carries) {
      this.use(carry, true, span);
      this.use(next, true, span);
    }
  }
}

/** Numbers the steps. `results` are read at the end. */
export function timeline(steps: readonly RawStep[], results: readonly BufferId[]): Timeline {
  const clock = new Clock();
  clock.run(steps, null);
  const end = clock.now;
  for (const b of results) {
    let uses = clock.uses.get(b);
    if (uses === undefined) clock.uses.set(b, (uses = []));
    uses.push({ time: end, write: false, loop: null });
  }
  return { steps: clock.steps, loops: clock.loops, uses: clock.uses, end };
}

/** The loops around a use, innermost first. */
function* around(loop: LoopSpan | null): Generator<LoopSpan> {
  for (let l = loop; l !== null; l = l.outer) yield l;
}

/**
 * From the first to the last use of a buffer. What a loop uses but doesn't make in every iteration is live through all of
 * it, and so is what it exchanges with a carry.
 */
export function intervalOf(uses: readonly Use[], loops: readonly LoopSpan[], buffer: BufferId): Interval {
  const [first] = uses as [Use, ...Use[]];
  const interval = { first: first.time, last: (uses[uses.length - 1] as Use).time };
  const inside = new Set(around(first.loop));
  for (const use of uses)
    for (const loop of around(use.loop))
      if (!inside.has(loop)) interval.last = Math.max(interval.last, loop.end);
  for (const loop of loops)
    if (loop.step.carries.some(([carry, next]) => carry === buffer || next === buffer)) {
      interval.first = Math.min(interval.first, loop.begin);
      interval.last = Math.max(interval.last, loop.end);
    }
  return interval;
}
