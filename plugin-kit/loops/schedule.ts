// How a kernel runs: which axes go in lanes, which one is cut into chunks. A function of the kernel alone.
import { constOf, num } from "./index-map.ts";
import type { AxisId, Ix, Kernel, Schedule, ScalarOp, Stage } from "./loop-ir.ts";

/** Shorter axes aren't worth lanes. */
const MIN_VECTOR = 4;
/** Functions that are many operations, one after the other; and those that are so in two halves of double width. */
const POLYNOMIAL: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  "exp",
  "expm1",
  "log",
  "log1p",
  "logistic",
  "tanh",
]);
const WIDE: ReadonlySet<ScalarOp> = new Set<ScalarOp>(["cbrt", "sin", "cos", "tan", "pow", "atan2"]);

/** How neighbours along an axis differ in an expression: not at all, by a fixed step, or in no simple way. */
type Walk = { readonly step: number } | "scattered";
const STILL: Walk = { step: 0 };

/** Which values of a stage differ between neighbours along an axis. */
function varying(stage: Stage, axis: AxisId): readonly boolean[] {
  const out: boolean[] = [];
  const moves = (ix: Ix): boolean => walk(ix, axis, out) !== STILL;
  for (const v of stage.body) {
    if (v.op === "index") out.push(moves(v.at));
    else if (v.op === "load")
      out.push(moves(v.at) || (v.guard ?? []).some((g) => moves(g.x)) || out[v.otherwise ?? -1] === true);
    else out.push("args" in v && v.args.some((id) => out[id] === true));
  }
  return out;
}
function walk(ix: Ix, axis: AxisId, varies: readonly boolean[]): Walk {
  let step = 0;
  for (const { coef, atom } of ix.terms) {
    if (atom.k === "axis") step += atom.axis === axis ? num(coef) : 0;
    else if (atom.k === "value" ? varies[atom.value] === true : walk(atom.x, axis, varies) !== STILL)
      return "scattered";
  }
  return step === 0 ? STILL : { step };
}
/** How well neighbours along an axis read or write at an index: 1 contiguous, 0.5 the same, less if scattered. */
function affinity(ix: Ix, axis: AxisId, varies: readonly boolean[]): number {
  const w = walk(ix, axis, varies);
  if (w === "scattered") return -2;
  return w.step === 0 ? 0.5 : Math.abs(w.step) === 1 ? 1 : -1;
}
/** Sum over the loads and stores of a stage; `times`: how often it loads for one store. */
function score(stage: Stage, axis: AxisId, times = 1): number {
  const varies = varying(stage, axis);
  let sum = 0;
  for (const v of stage.body) {
    if (v.op !== "load" || constOf(v.at) !== undefined) continue;
    sum += affinity(v.at, axis, varies);
    if (v.guard?.some((g) => walk(g.x, axis, varies) !== STILL) === true) sum -= 0.5;
  }
  sum *= times;
  for (const r of stage.results) if (r.to !== "reduce") sum += affinity(r.at, axis, varies);
  return sum;
}

const isOrdered = (k: Kernel, stage: Stage): boolean =>
  stage.over.some((a) => k.axes[a]?.role === "ordered") ||
  stage.results.some((r) => r.to === "reduce" && "region" in r.combine);
const extent = (k: Kernel, axis: AxisId): number => num((k.axes[axis] as Kernel["axes"][number]).extent);

/** Iterations of a stage for one point of the shared axes, as far as they weigh against its stores. */
const timesOf = (k: Kernel, stage: Stage): number =>
  Math.min(stage.over.reduce((n, a) => n * extent(k, a), 1), 8); // prettier-ignore

/** The innermost own axis of each stage where it suits, or one shared axis: whichever fits more accesses. */
function vectorAxes(k: Kernel): readonly AxisId[] {
  const own: AxisId[] = [];
  let ownScore = 0;
  for (const stage of k.stages) {
    const axis = stage.over[stage.over.length - 1];
    if (axis === undefined || isOrdered(k, stage) || extent(k, axis) < MIN_VECTOR) continue;
    const s = score(stage, axis) + (hasReduce(stage) ? 0.25 : 0);
    if (s <= 0) continue;
    own.push(axis);
    ownScore += s;
  }
  let best: { axis: AxisId; score: number } | null = null;
  const ordered = k.stages.some((s) => s.over.some((a) => k.axes[a]?.role === "ordered"));
  for (const axis of ordered ? [] : k.shared) {
    if (extent(k, axis) < MIN_VECTOR) continue;
    const s = k.stages.reduce((n, stage) => n + score(stage, axis, timesOf(k, stage)), 0);
    if (s > 0 && (best === null || s >= best.score)) best = { axis, score: s };
  }
  return best !== null && best.score > ownScore ? [best.axis] : own;
}

/** Operations of a function in POLYNOMIAL. */
const LONG = 16;
/** Fewer operations than this for an element are done while the next elements come from memory. */
const LIGHT = 8;

/** Vectors at once: more of them where most operations of a stage wait for each other. */
function interleaveOf(stage: Stage): Schedule["interleave"] {
  const ready: number[] = [];
  let [work, path] = [0, 0];
  for (const v of stage.body) {
    const operands = "args" in v ? v.args : [];
    const [cost, halves] = WIDE.has(v.op as ScalarOp)
      ? [LONG, 4]
      : [POLYNOMIAL.has(v.op as ScalarOp) ? LONG : 1, 1];
    const own = operands.length === 0 ? 0 : cost;
    const end = own + Math.max(0, ...operands.map((id) => ready[id] as number));
    ready.push(end);
    work += own * halves;
    path = Math.max(path, end);
  }
  if (work < LIGHT) return 1;
  return work < 2 * path ? 4 : work < 4 * path ? 2 : 1;
}

/** Sums of no more elements than this may gather in one place. */
const SHORT_SUM = 256;
const hasReduce = (s: Stage): boolean => s.results.some((r) => r.to === "reduce");

/** The schedule of a kernel with concrete integers. */
export function scheduleKernel(k: Kernel): Schedule {
  const lone = k.stages.length === 1 ? (k.stages[0] as Stage) : null;
  const parallel = lone !== null && lone.over.every((a) => k.axes[a]?.role === "parallel");
  const chunk = k.shared[0] ?? (parallel ? lone.over[0] : undefined) ?? null;
  const folding = k.stages.filter(hasReduce);
  const longSums = folding.some((s) => s.over.reduce((n, a) => n * extent(k, a), 1) > SHORT_SUM);
  const widest = k.stages.map(interleaveOf).reduce((a, b) => Math.max(a, b) as Schedule["interleave"], 1);
  return { vector: vectorAxes(k), chunk, interleave: folding.length > 0 ? 4 : widest, longSums };
}
