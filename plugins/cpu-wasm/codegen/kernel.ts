// Kernel + Schedule → a wasm function (args: i32, begin: i32, end: i32) → (). `args` points to the addresses of the
// parameters, then the uniforms, one 32-bit word each; [begin, end) is the range of the schedule's chunk axis: multiples
// of 64, or the axis's extent, so that what is left over of lanes is known from the extent.
import type { AxisId, Guard, Kernel, KResult, KValue, Schedule, Stage } from "tenon-plugin-kit";
import type { Lanes } from "./access.ts";
import { crosses, lanewiseGuards, modeOf, varyingValues, type Mode } from "./analysis.ts";
import { I32, get, i32c, type Fn } from "./assembler.ts";
import { Emitter } from "./emitter.ts";
import { laneLoop, plainLoop, tileLoop, type Range } from "./loops.ts";
import { Nest } from "./nest.ts";
import { Fold } from "./reduce.ts";
import type { Reductions, Rep } from "./rep.ts";
import { StageValues } from "./values.ts";

/** Options of code generation that hold for a whole client. */
export interface Target {
  /** May relaxed SIMD be used? */
  readonly relaxed: boolean;
}
/** Operations that the body of a loop may become by running in several vectors at once. */
const MAX_UNROLLED = 1024;

/** The code of one kernel. */
export function compileKernel(kernel: Kernel, schedule: Schedule, target: Target): Fn {
  const f = new Emitter([I32, I32, I32], target.relaxed);
  new KernelWriter(kernel, schedule, f).write();
  return f.finish();
}

/** Elements of the inner axis in a tile: a line of the cache, times as many lines as a set of it surely holds. */
const TILE = 16;
/** Iterations of a sum before its partial result moves to a second accumulator. */
const BLOCK = 128;

type Reduce = Extract<KResult, { to: "reduce" }>;

/** A stage while its loops are being written. */
interface StageWriting {
  readonly stage: Stage;
  readonly folds: readonly (Fold | null)[];
  readonly rowLanes: Lanes;
  /** The loop that ends blocks of its sums. */
  readonly blocks: { readonly axis: AxisId; readonly steps: number } | null;
}

class KernelWriter {
  private readonly kernel: Kernel;
  private readonly schedule: Schedule;
  private readonly nest: Nest;
  private readonly f: Emitter;
  private readonly mode: Mode;
  private readonly shared: readonly AxisId[];
  /** Values outside the loop over lanes, by stage, when a shared axis runs in lanes. */
  private outside: readonly StageValues[] = [];

  constructor(kernel: Kernel, schedule: Schedule, f: Emitter) {
    this.kernel = kernel;
    this.schedule = schedule;
    this.f = f;
    this.nest = new Nest(f, kernel);
    this.mode = modeOf(kernel, schedule.vector);
    const { mode } = this;
    // Shared axes are parallel: the one that runs in lanes may be the innermost.
    this.shared =
      mode.kind === "columns" ? [...kernel.shared.filter((a) => a !== mode.axis), mode.axis] : kernel.shared;
  }
  write(): void {
    this.writeShared(0);
  }
  private bounds(axis: AxisId): Range {
    const extent = this.nest.extentInt(axis);
    const length = typeof extent === "number" ? extent : null;
    if (axis === this.schedule.chunk) return { from: get(1), to: get(2), length };
    return { from: i32c(0), to: this.nest.int(extent), length };
  }
  private units(stages: readonly Stage[]): number {
    let units: number = this.schedule.interleave;
    while (units > 1 && stages.some((s) => s.body.length * units > MAX_UNROLLED)) units /= 2;
    return units;
  }

  private writeShared(k: number): void {
    const axis = this.shared[k];
    const { mode, nest } = this;
    if (axis === undefined) this.writeStages();
    else if (mode.kind === "columns" && axis === mode.axis) this.writeColumns(axis, mode.lanes);
    else {
      plainLoop(nest, axis, this.bounds(axis), () => this.writeShared(k + 1));
    }
  }
  private writeColumns(axis: AxisId, lanes: Lanes): void {
    const { kernel, nest } = this;
    const guards = kernel.stages.flatMap((s) => lanewiseGuards(s, axis, varyingValues(s, axis, true)));
    this.outside = kernel.stages.map((_, s) => {
      const values = new StageValues(nest, {
        stage: s,
        results: [],
        prelude: nest.innermost + 2,
        outside: null,
      });
      values.deepest = nest.innermost;
      return values;
    });
    const units = this.units(kernel.stages);
    laneLoop(nest, { axis, lanes, units, guards: unique(guards), ...this.bounds(axis) }, () =>
      this.writeStages(),
    );
  }
  private writeStages(): void {
    const results: (readonly (readonly Rep[])[])[] = [];
    this.kernel.stages.forEach((stage, s) => results.push(this.writeStage(stage, s, results)));
  }

  /** Writes one stage; returns its reductions, by result and part. */
  private writeStage(stage: Stage, s: number, before: Reductions): readonly (readonly Rep[])[] {
    const { nest, mode } = this;
    const rowLanes = mode.kind === "rows" ? (mode.lanes[s] as Lanes) : 1;
    const blocks = this.blocksOf(stage, rowLanes);
    const spec = { rowLanes, units: this.units([stage]), isBlocked: blocks !== null };
    const folds = stage.results.map((r) =>
      r.to === "reduce" ? new Fold(nest, r, dtypesOf(stage, r), spec) : null,
    );
    const code = nest.inside(null, () => {
      const site = { stage: s, results: before, prelude: nest.innermost, outside: this.outside[s] ?? null };
      const initial = new StageValues(nest, site, true);
      nest.source = initial;
      for (const fold of folds) fold?.start((id) => initial.value(id));
      const values = new StageValues(nest, site);
      nest.source = values;
      this.writeOver({ stage, folds, rowLanes, blocks }, 0, values);
      for (const fold of folds) fold?.finish();
      nest.source = null;
    });
    this.f.emit(code);
    return folds.map((fold) => fold?.results ?? []);
  }
  /** The innermost axis inside which there is much to add, and how many of its iterations make a block of a sum. */
  private blocksOf(stage: Stage, rowLanes: Lanes): StageWriting["blocks"] {
    if (!this.schedule.longSums || !stage.results.some((r) => r.to === "reduce")) return null;
    let additions = 1 / (rowLanes * this.units([stage]));
    for (const axis of [...stage.over].reverse()) {
      const inside = Math.max(1, additions);
      const extent = this.nest.extentInt(axis);
      additions *= typeof extent === "number" ? extent : Infinity;
      if (additions > 2 * BLOCK) return { axis, steps: Math.ceil(BLOCK / inside) };
    }
    return null;
  }
  private writeOver(s: StageWriting, k: number, values: StageValues): void {
    const { nest } = this;
    const { stage, rowLanes, folds } = s;
    const [axis, next] = [stage.over[k], stage.over[k + 1]];
    if (axis === undefined) {
      this.writeBody(stage, values, folds);
      return;
    }
    const isTiled =
      k === stage.over.length - 2 && rowLanes > 1 && this.kernel.axes[axis]?.role === "parallel";
    if (isTiled && crosses(stage, axis, next as AxisId)) {
      this.writeTiles(s, axis, next as AxisId, values);
      return;
    }
    const blocks =
      s.blocks?.axis === axis
        ? { steps: s.blocks.steps, flush: (): void => folds.forEach((fold) => fold?.flush()) }
        : undefined;
    const range = { ...this.bounds(axis), blocks };
    if (next === undefined && rowLanes > 1) this.writeLanes(s, axis, range, values);
    else plainLoop(nest, axis, range, () => this.writeOver(s, k + 1, values));
  }
  /** Both innermost axes in tiles, so that the lines of what lies across them are used up while they are in the cache. */
  private writeTiles(s: StageWriting, outer: AxisId, inner: AxisId, values: StageValues): void {
    const { from, to, length } = this.bounds(inner);
    const isWhole = length !== null && length % TILE === 0;
    tileLoop(this.nest, { from, to, size: TILE }, (tile) =>
      plainLoop(this.nest, outer, this.bounds(outer), () =>
        this.writeLanes(s, inner, { ...tile, length: isWhole ? TILE : null }, values),
      ),
    );
  }
  private writeLanes(s: StageWriting, axis: AxisId, range: Range, values: StageValues): void {
    const { nest } = this;
    const { stage, rowLanes } = s;
    values.deepest = nest.innermost;
    const guards = unique(lanewiseGuards(stage, axis, varyingValues(stage, axis, false)));
    laneLoop(nest, { axis, lanes: rowLanes, units: this.units([stage]), guards, ...range }, () => {
      const inner = values.inside();
      nest.source = inner;
      this.writeBody(stage, inner, s.folds);
      nest.source = values;
    });
  }
  private writeBody(stage: Stage, values: StageValues, folds: readonly (Fold | null)[]): void {
    values.writeBody();
    stage.results.forEach((r, i) => {
      if (r.to === "store") values.store(r);
      else if (r.to === "update") values.update(r);
      else (folds[i] as Fold).step(r.values.map((id) => values.value(id)));
    });
  }
}

const unique = (guards: readonly Guard[]): Guard[] => [...new Set(guards)];
const dtypesOf = (stage: Stage, r: Reduce): KValue["dtype"][] =>
  r.values.map((id) => (stage.body[id] as KValue).dtype);
