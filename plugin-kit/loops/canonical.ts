// The same kernel with the fewest, longest axes: axes split where a quotient or remainder asks for it, axes of extent 1
// gone, neighbours joined that every index walks as one. Kernels of many shapes become one this way.
import {
  addIx,
  axisIx,
  boundsOf,
  coefOf,
  constIx,
  decideGuard,
  eachDivision,
  num,
  plus,
  scaleIx,
  substitute,
  type IxScope,
} from "./index-map.ts";
import type { Axis, AxisId, Guard, Ix, Kernel, KResult, KValue, Stage } from "./loop-ir.ts";

/** A guard with its expression replaced. */
const mapGuard = (g: Guard, f: (ix: Ix) => Ix): Guard => ({ ...g, x: f(g.x) });
function mapValue(v: KValue, f: (ix: Ix) => Ix): KValue {
  if (v.op === "index") return { ...v, at: f(v.at) };
  if (v.op !== "load") return v;
  const guard = v.guard?.map((g) => mapGuard(g, f));
  return { ...v, at: f(v.at), ...(guard === undefined ? {} : { guard }) };
}
function mapResult(r: KResult, f: (ix: Ix) => Ix): KResult {
  if (r.to === "reduce") return r;
  const guard = r.guard?.map((g) => mapGuard(g, f));
  return { ...r, at: f(r.at), ...(guard === undefined ? {} : { guard }) };
}
/** A stage with every index expression replaced. */
export function mapStage(stage: Stage, f: (ix: Ix) => Ix): Stage {
  return {
    over: stage.over,
    body: stage.body.map((v) => mapValue(v, f)),
    results: stage.results.map((r) => mapResult(r, f)),
  };
}
/** Every index expression of a stage: of loads, stores, guards and indices. */
export function eachIx(stage: Stage, visit: (ix: Ix) => void): void {
  const look = (x: { readonly at: Ix; readonly guard?: readonly Guard[] }): void => {
    visit(x.at);
    for (const g of x.guard ?? []) visit(g.x);
  };
  for (const v of stage.body) if (v.op === "index" || v.op === "load") look(v);
  for (const r of stage.results) if (r.to !== "reduce") look(r);
}

const extentOf = (k: Kernel, a: AxisId): number => num((k.axes[a] as Axis).extent);
function scopeOf(axes: readonly Axis[]): IxScope {
  // Bounds of values were used when the indices were made; here they are unknown.
  return { extent: (a) => num((axes[a] as Axis).extent), value: () => [-(2 ** 31), 2 ** 31 - 1] };
}
const replaceAxes = (k: Kernel, axes: readonly Axis[], replace: (a: AxisId) => Ix): readonly Stage[] => {
  const scope = scopeOf(axes);
  return k.stages.map((s) => mapStage(s, (ix) => substitute(ix, replace, scope)));
};

// --- splitting ------------------------------------------------------------------------------------------------------------

/** An axis to split, into outer · inner extents. */
function findSplit(k: Kernel): { axis: AxisId; inner: number } | null {
  let found: { axis: AxisId; inner: number } | null = null;
  for (const stage of k.stages)
    eachIx(stage, (ix) => {
      if (found !== null || ix.terms.every((t) => t.atom.k === "axis")) return;
      eachDivision(ix, (a) => {
        for (const t of a.x.terms) {
          if (found !== null || t.atom.k !== "axis") continue;
          const [d, coef, extent] = [num(a.d), Math.abs(num(t.coef)), extentOf(k, t.atom.axis)];
          const inner = d / coef;
          if (d % coef === 0 && inner > 1 && inner < extent && extent % inner === 0)
            found = { axis: t.atom.axis, inner };
        }
      });
    });
  return found;
}
/** An axis as two neighbours. */
function splitAxis(k: Kernel, axis: AxisId, inner: number): Kernel {
  const old = k.axes[axis] as Axis;
  const id = k.axes.length;
  const axes = [...k.axes, { ...old, extent: inner }];
  axes[axis] = { ...old, extent: num(old.extent) / inner };
  const both = addIx(scaleIx(axisIx(axis), inner), axisIx(id));
  const stages = replaceAxes(k, axes, (a) => (a === axis ? both : axisIx(a)));
  const grow = (list: readonly AxisId[]): AxisId[] => list.flatMap((a) => (a === axis ? [a, id] : [a]));
  return { ...k, axes, shared: grow(k.shared), stages: stages.map((s) => ({ ...s, over: grow(s.over) })) };
}

// --- joining ------------------------------------------------------------------------------------------------------------------

/** Does every index walk (outer, inner) as one axis: coefficient of outer = that of inner times its extent? */
function joins(stages: readonly Stage[], outer: AxisId, inner: AxisId, extent: number): boolean {
  const fits = (ix: Ix): boolean => {
    if (coefOf(ix, outer) !== coefOf(ix, inner) * extent) return false;
    return ix.terms.every((t) => (t.atom.k === "div" || t.atom.k === "mod" ? fits(t.atom.x) : true));
  };
  for (const stage of stages) {
    let all = true;
    eachIx(stage, (ix) => {
      all &&= fits(ix);
    });
    if (!all) return false;
  }
  return true;
}

/** One list of axes with neighbours joined; `gone` maps an axis to what it is now. */
function joinList(k: Kernel, list: readonly AxisId[], gone: Map<AxisId, Ix>, axes: Axis[]): AxisId[] {
  const out: AxisId[] = [];
  for (const a of list) {
    const last = out[out.length - 1];
    const extent = num((axes[a] as Axis).extent);
    if (extent === 1) gone.set(a, constIx(0));
    else if (last !== undefined && joins(k.stages, last, a, extent)) {
      // The outer one goes: (outer, inner) is the new inner axis.
      axes[a] = { ...(axes[a] as Axis), extent: num((axes[last] as Axis).extent) * extent };
      gone.set(last, constIx(0));
      out[out.length - 1] = a;
    } else out.push(a);
  }
  return out;
}
/** Units dropped, neighbours joined. */
function join(k: Kernel): Kernel {
  const gone = new Map<AxisId, Ix>();
  const axes = [...k.axes];
  const shared = joinList(k, k.shared, gone, axes);
  const overs = k.stages.map((s) => joinList(k, s.over, gone, axes));
  if (gone.size === 0) return k;
  // Joined axes keep the inner coefficient, so that dropping the outer one is all.
  const drop = (a: AxisId): Ix => gone.get(a) ?? axisIx(a);
  const stages = replaceAxes({ ...k, axes }, axes, drop).map((s, i) => ({
    ...s,
    over: overs[i] as AxisId[],
  }));
  return { ...k, axes, shared, stages };
}

/** Axes numbered in order of use. */
function renumber(k: Kernel): Kernel {
  const order = [...k.shared, ...k.stages.flatMap((s) => s.over)];
  if (order.length === k.axes.length && order.every((a, i) => a === i)) return k;
  const ids = new Map(order.map((a, i) => [a, i]));
  const to = (a: AxisId): AxisId => ids.get(a) as AxisId;
  const axes = order.map((a) => k.axes[a] as Axis);
  const stages = replaceAxes(k, axes, (a) => axisIx(to(a)));
  return {
    ...k,
    axes,
    shared: k.shared.map(to),
    stages: stages.map((s) => ({ ...s, over: s.over.map(to) })),
  };
}

/** Values that nothing uses any more, dropped. */
function prune(stage: Stage): Stage {
  const used = new Array<boolean>(stage.body.length).fill(false);
  const touch = (ix: Ix): void => {
    for (const { atom: a } of ix.terms) {
      if (a.k === "value") used[a.value] = true;
      else if (a.k !== "axis") touch(a.x);
    }
  };
  for (const r of stage.results) {
    for (const id of r.to === "reduce" ? [...r.values, ...r.init] : [r.value]) used[id] = true;
    if (r.to === "reduce") continue;
    touch(r.at);
    for (const g of r.guard ?? []) touch(g.x);
  }
  for (let i = stage.body.length - 1; i >= 0; i--) {
    const v = stage.body[i] as KValue;
    if (used[i] !== true) continue;
    if ("args" in v) for (const a of v.args) used[a] = true;
    else if (v.op === "index") touch(v.at);
    else if (v.op === "load") {
      touch(v.at);
      for (const g of v.guard ?? []) touch(g.x);
      if (v.otherwise !== undefined) used[v.otherwise] = true;
    }
  }
  return used.every(Boolean) ? stage : keep(stage, used);
}
/** The stage with only these values. */
function keep(stage: Stage, used: readonly boolean[]): Stage {
  const ids: number[] = [];
  let next = 0;
  used.forEach((u, i) => (ids[i] = u ? next++ : -1));
  const id = (v: number): number => ids[v] as number;
  const ix = (x: Ix): Ix => ({
    c: x.c,
    terms: x.terms.map((t) => {
      const a = t.atom;
      if (a.k === "axis") return t;
      return { coef: t.coef, atom: a.k === "value" ? { ...a, value: id(a.value) } : { ...a, x: ix(a.x) } };
    }),
  });
  const body = stage.body
    .filter((_, i) => used[i])
    .map((v): KValue => {
      const moved = mapValue(v, ix);
      if ("args" in moved) return { ...moved, args: moved.args.map(id) };
      if (moved.op === "load" && moved.otherwise !== undefined)
        return { ...moved, otherwise: id(moved.otherwise) };
      return moved;
    });
  const results = stage.results.map((r): KResult => {
    const moved = mapResult(r, ix);
    if (moved.to === "reduce") return { ...moved, values: moved.values.map(id), init: moved.init.map(id) };
    return { ...moved, value: id(moved.value) };
  });
  return { over: stage.over, body, results };
}

/**
 * A guard with a step as one of its congruence, which mentions only the axes that matter to it, and one of its range:
 * along the other axes the first doesn't change, and the second splits a loop into ranges.
 */
function splitGuard(g: Guard, scope: IxScope): readonly Guard[] {
  if (g.every === undefined || g.every === 1) return [g];
  const [lo, hi, every] = [num(g.lo), num(g.hi), num(g.every)];
  const offset = plus(g.x, -lo);
  const rest: Ix = { c: offset.c, terms: offset.terms.filter((t) => num(t.coef) % every !== 0) };
  const range: Guard = { x: g.x, lo, hi };
  const [least, most] = boundsOf(rest, scope);
  const from = every * Math.floor(least / every);
  const congruence: Guard = { x: rest, lo: from, hi: most + 1, every };
  return [congruence, range].filter((guard) => decideGuard(guard, scope) !== true);
}
function splitGuards(k: Kernel): Kernel {
  const scope = scopeOf(k.axes);
  const has = (guards: readonly Guard[] | undefined): guards is readonly Guard[] =>
    guards?.some((g) => g.every !== undefined) === true;
  const split = (guards: readonly Guard[]): readonly Guard[] => guards.flatMap((g) => splitGuard(g, scope));
  const stages = k.stages.map((s) => ({
    ...s,
    body: s.body.map((v) => (v.op === "load" && has(v.guard) ? { ...v, guard: split(v.guard) } : v)),
    results: s.results.map((r) => (r.to !== "reduce" && has(r.guard) ? { ...r, guard: split(r.guard) } : r)),
  }));
  return { ...k, stages };
}

const MAX_SPLITS = 8;
/** The canonical form of a kernel with concrete integers. */
export function canonicalKernel(kernel: Kernel): Kernel {
  let k: Kernel = { ...kernel, stages: kernel.stages.map(prune) };
  for (let i = 0; i < MAX_SPLITS; i++) {
    const split = findSplit(k);
    if (split === null) break;
    k = splitAxis(k, split.axis, split.inner);
  }
  return splitGuards(renumber(join(k)));
}
