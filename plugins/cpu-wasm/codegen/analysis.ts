// What can be said about a kernel before any code is written: what depends on which axis, which guards a loop can be
// split at, and whether a stage can run in lanes.
import type {
  Atom,
  AxisId,
  Compute,
  Guard,
  Int,
  Ix,
  Kernel,
  KResult,
  KValue,
  Stage,
  ValueId,
} from "tenon-plugin-kit";
import { hasVector } from "../math/ops.ts";
import type { Lanes } from "./access.ts";

/** Values that a value reads. */
export function operandsOf(value: KValue): readonly ValueId[] {
  switch (value.op) {
    case "const":
    case "stage":
    case "arg":
      return [];
    case "index":
      return valuesIn(value.at);
    case "load":
      return [
        ...valuesIn(value.at),
        ...guardValues(value.guard),
        ...(value.otherwise === undefined ? [] : [value.otherwise]),
      ];
    default:
      return value.args;
  }
}
/** Values that a result reads. */
export function resultOperands(result: KResult): readonly ValueId[] {
  if (result.to === "reduce") return [...result.values, ...result.init];
  return [result.value, ...valuesIn(result.at), ...guardValues(result.guard)];
}
const guardValues = (guards: readonly Guard[] | undefined): ValueId[] =>
  (guards ?? []).flatMap((g) => valuesIn(g.x));
/** Values that an index expression mentions. */
export function valuesIn(ix: Ix): ValueId[] {
  return ix.terms.flatMap(({ atom }) =>
    atom.k === "value" ? [atom.value] : atom.k === "axis" ? [] : valuesIn(atom.x),
  );
}
/** Does the expression mention the axis directly, or inside div and mod? */
export const mentions = (ix: Ix, axis: AxisId): boolean => ix.terms.some((t) => atomMentions(t.atom, axis));
const atomMentions = (atom: Atom, axis: AxisId): boolean =>
  atom.k === "axis" ? atom.axis === axis : atom.k !== "value" && mentions(atom.x, axis);

const liveness = new WeakMap<Stage, boolean[]>();
/** Live values of a stage, as flags. */
export function liveValues(stage: Stage): readonly boolean[] {
  let live = liveness.get(stage);
  if (live === undefined) liveness.set(stage, (live = findLive(stage)));
  return live;
}
function findLive(stage: Stage): boolean[] {
  const live = stage.body.map(() => false);
  const visit = (id: ValueId): void => {
    if (live[id] === true) return;
    live[id] = true;
    operandsOf(stage.body[id] as KValue).forEach(visit);
  };
  stage.results.forEach((r) => resultOperands(r).forEach(visit));
  return live;
}

const variation = new WeakMap<Stage, Map<string, boolean[]>>();
/** Which values of a stage differ between neighbours along `axis`. `columns`: results of stages differ, too. */
export function varyingValues(stage: Stage, axis: AxisId, columns: boolean): readonly boolean[] {
  let known = variation.get(stage);
  if (known === undefined) variation.set(stage, (known = new Map()));
  const key = `${axis}${columns}`;
  let varies = known.get(key);
  if (varies === undefined) known.set(key, (varies = findVarying(stage, axis, columns)));
  return varies;
}
function findVarying(stage: Stage, axis: AxisId, columns: boolean): boolean[] {
  const varies: boolean[] = [];
  stage.body.forEach((value, id) => {
    let own = operandsOf(value).some((v) => varies[v]);
    if (value.op === "stage") own = columns;
    if (value.op === "index") own ||= mentions(value.at, axis);
    if (value.op === "load")
      own ||= mentions(value.at, axis) || (value.guard ?? []).some((g) => mentions(g.x, axis));
    varies[id] = own;
  });
  return varies;
}

/** The coefficient of `axis`, if that is the only way the expression varies; 0 if it does not vary; else null. */
export function strideAlong(ix: Ix, axis: AxisId, varies: readonly boolean[]): Int | null {
  let stride: Int = 0;
  for (const { coef, atom } of ix.terms) {
    if (atom.k === "axis" && atom.axis === axis) stride = coef;
    else if (atomMentions(atom, axis) || atomVaries(atom, varies)) return null;
  }
  return stride;
}
/** Does a value in the atom differ between lanes? */
export const atomVaries = (atom: Atom, varies: readonly boolean[]): boolean =>
  atom.k === "value"
    ? varies[atom.value] === true
    : atom.k !== "axis" && atom.x.terms.some((t) => atomVaries(t.atom, varies));

/** Guards of a stage that differ between lanes. */
export function lanewiseGuards(stage: Stage, axis: AxisId, varies: readonly boolean[]): Guard[] {
  const found: Guard[] = [];
  const look = (guards: readonly Guard[] | undefined): void => {
    for (const g of guards ?? [])
      if (mentions(g.x, axis) || g.x.terms.some((t) => atomVaries(t.atom, varies))) found.push(g);
  };
  const live = liveValues(stage);
  stage.body.forEach((v, id) => {
    if (v.op === "load" && live[id] === true) look(v.guard);
  });
  for (const r of stage.results) if (r.to !== "reduce") look(r.guard);
  return found;
}
/** Can a loop over `axis` be split into ranges so that the guard is decided in the middle one? */
const splittable = (g: Guard, axis: AxisId, varies: readonly boolean[]): boolean => {
  const stride = strideAlong(g.x, axis, varies);
  return typeof stride === "number" && stride !== 0 && g.every === undefined;
};

const width = (dtype: Compute): 32 | 64 => (dtype === "i64" || dtype === "u64" || dtype === "f64" ? 64 : 32);

/** Lanes in which a stage can run along `axis`; 1 if it can't, or if that would gain nothing. */
export function lanesOf(stage: Stage, axis: AxisId, columns: boolean): Lanes | 0 {
  const varies = varyingValues(stage, axis, columns);
  const live = liveValues(stage);
  const widths = new Set<32 | 64>();
  let [gain, loss] = [0, 0];
  const access = (ix: Ix): void => {
    const stride = strideAlong(ix, axis, varies);
    if (stride === 1) gain += 2;
    else if (stride === -1) gain += 1;
    else if (stride !== 0) loss += 1;
  };
  const widen = (dtype: Compute): void => {
    if (dtype !== "bool") widths.add(width(dtype));
  };
  for (let id = 0; id < stage.body.length; id++) {
    const value = stage.body[id] as KValue;
    if (live[id] !== true) continue;
    if (varies[id] !== true) continue;
    widen(value.dtype);
    if (value.op === "load") access(value.at);
    else if ("args" in value) {
      const types = value.args.map((a) => (stage.body[a] as KValue).dtype);
      types.forEach(widen);
      if (hasVector(value.op, value.dtype, types)) gain += 1;
      else loss += 2;
    }
  }
  for (const r of stage.results) {
    if (r.to === "update") return 1;
    // What is stored or folded is in lanes, also where all lanes agree.
    for (const id of r.to === "store" ? [r.value] : r.values) widen((stage.body[id] as KValue).dtype);
    if (r.to === "store") access(r.at);
    else if ("region" in r.combine && !columns) return 1;
  }
  if (widths.size > 1 || loss > gain) return 1;
  if (!lanewiseGuards(stage, axis, varies).every((g) => splittable(g, axis, varies))) return 1;
  return widths.has(64) ? 2 : widths.size === 0 ? 0 : 4;
}

/**
 * Does a stage that stores, and no more, touch elements that lie side by side along `outer` and not along `inner`: a
 * transposition?
 */
export function crosses(stage: Stage, outer: AxisId, inner: AxisId): boolean {
  if (stage.results.some((r) => r.to !== "store")) return false;
  const varies = varyingValues(stage, inner, false);
  const live = liveValues(stage);
  const across = (ix: Ix): boolean => {
    const [along, stride] = [strideAlong(ix, inner, varies), strideAlong(ix, outer, [])];
    return along !== null && along !== 0 && along !== 1 && along !== -1 && (stride === 1 || stride === -1);
  };
  return (
    stage.body.some((v, id) => v.op === "load" && live[id] === true && across(v.at)) ||
    stage.results.some((r) => r.to === "store" && across(r.at))
  );
}

/** How a kernel runs: along which axis its stages are vectors, and in how many lanes. */
export type Mode =
  | { readonly kind: "scalar" }
  /** All stages inside one shared axis. */
  | { readonly kind: "columns"; readonly axis: AxisId; readonly lanes: Lanes }
  /** Some stages along their innermost axis, by stage number. */
  | { readonly kind: "rows"; readonly lanes: readonly Lanes[] };

/** Decides from the schedule's wish and what the stages allow. 0 lanes (only bools vary) means 4. */
export function modeOf(kernel: Kernel, vector: readonly AxisId[]): Mode {
  const shared = vector.find((a) => kernel.shared.includes(a));
  if (shared !== undefined) {
    const lanes = kernel.stages.map((s) => lanesOf(s, shared, true));
    const known = new Set(lanes.filter((n) => n !== 0));
    if (known.has(1) || known.size > 1) return { kind: "scalar" };
    return { kind: "columns", axis: shared, lanes: [...known][0] ?? 4 };
  }
  const lanes = kernel.stages.map((stage): Lanes => {
    const axis = stage.over[stage.over.length - 1];
    if (axis === undefined || !vector.includes(axis) || kernel.axes[axis]?.role === "ordered") return 1;
    return lanesOf(stage, axis, false) || 4;
  });
  return lanes.every((n) => n === 1) ? { kind: "scalar" } : { kind: "rows", lanes };
}
