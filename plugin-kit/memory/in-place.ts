// When a kernel may write its result over an operand: no element is read after another took its place.
import type { Ix, Kernel, Stage } from "../loops/loop-ir.ts";

/** The axes' coefficients at a store, those of the stage's own axes by extent: rows of two stages compare equal. */
function rowKey(kernel: Kernel, stage: Stage, ix: Ix): string | null {
  const own: string[] = [];
  const outer: string[] = [];
  for (const { coef, atom } of ix.terms) {
    if (atom.k !== "axis") return null;
    const axis = atom.axis;
    if (stage.over.includes(axis)) own.push(`${String(coef)}x${String(kernel.axes[axis]?.extent)}`);
    else outer.push(`${String(coef)}@${axis}`);
  }
  return `${String(ix.c)}|${outer.join(",")}|${own.sort().join(",")}`;
}
/** Equal index, term by term. */
const sameIx = (a: Ix, b: Ix): boolean =>
  a.c === b.c &&
  a.terms.length === b.terms.length &&
  a.terms.every((t, i) => {
    const u = b.terms[i];
    return t.coef === u?.coef && t.atom.k === "axis" && u.atom.k === "axis" && t.atom.axis === u.atom.axis;
  });

/**
 * May parameter `to`, first written here, take the memory of `from`? Then nothing of `from` is read once `to` is stored:
 * only at the same point before, or in the same row by an earlier stage.
 */
function mayFollow(kernel: Kernel, from: number, to: number): boolean {
  const [source, target] = [kernel.params[from], kernel.params[to]];
  if (source === undefined || source.dtype !== target?.dtype) return false;
  const stores = storesOf(kernel, to);
  const [last] = stores;
  if (stores.length !== 1 || last === undefined || last.at === null) return false;
  const row = rowKey(kernel, kernel.stages[last.stage] as Stage, last.at);
  const inRow = (stage: number, at: Ix | null): boolean =>
    at !== null && row !== null && rowKey(kernel, kernel.stages[stage] as Stage, at) === row;
  if (!storesOf(kernel, from).every((s) => s.stage < last.stage && inRow(s.stage, s.at))) return false;
  return kernel.stages.every((stage, i) =>
    stage.body.every((v) => {
      if (v.op !== "load") return true;
      // What is stored is read afterwards only.
      if (v.param === to) return i > last.stage;
      if (v.param !== from) return true;
      if (i > last.stage) return false;
      return i === last.stage ? sameIx(v.at, last.at as Ix) : inRow(i, v.at);
    }),
  );
}

/** May these parameters be one piece of memory, in which what `last` writes remains? */
export function mayShare(kernel: Kernel, params: readonly number[], last: number): boolean {
  const stageOf = (p: number): number => storesOf(kernel, p)[0]?.stage ?? -1;
  const order = [...params].sort((p, q) => stageOf(p) - stageOf(q));
  if (order[order.length - 1] !== last) return false;
  return order.every((p, i) => order.slice(i + 1).every((q) => mayFollow(kernel, p, q)));
}
/** Stores to a parameter; null where it is updated. */
function storesOf(kernel: Kernel, param: number): { readonly stage: number; readonly at: Ix | null }[] {
  return kernel.stages.flatMap((s, stage) =>
    s.results.flatMap((r) =>
      r.to === "reduce" || r.param !== param ? [] : [{ stage, at: r.to === "store" ? r.at : null }],
    ),
  );
}

/** The kernel with one parameter in place of several: `index[i]` is the new number of parameter i. */
export function joinParams(kernel: Kernel, index: readonly number[]): Kernel {
  const params: Kernel["params"][number][] = [];
  index.forEach((to, i) => {
    const param = kernel.params[i] as Kernel["params"][number];
    const known = params[to];
    params[to] =
      known === undefined || known.access === param.access
        ? (known ?? param)
        : { ...known, access: "readwrite" };
  });
  const stages = kernel.stages.map((stage): Stage => ({
    over: stage.over,
    body: stage.body.map((v) => (v.op === "load" ? { ...v, param: index[v.param] as number } : v)),
    results: stage.results.map((r) => (r.to === "reduce" ? r : { ...r, param: index[r.param] as number })),
  }));
  return { ...kernel, params, stages };
}
