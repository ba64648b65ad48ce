// When a kernel may write its result over an operand: no element is read after another took its place.
import type { AxisId, Ix, Kernel, Stage } from "../loops/loop-ir.ts";

/** The axes' coefficients at a store, those of the stage's own axes by extent: rows of two stages compare equal. */
function rowKey(kernel: Kernel, stage: Stage, ix: Ix): string | null {
  const own: string[] = [];
  const outer: string[] = [];
  for (const { coef, atom } of ix.terms) {
    if (atom.k !== "axis") return null;
    const axis = atom.axis as AxisId;
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

/** May parameter `to`, which the kernel only writes, take the memory of `from`, which it only reads? */
export function mayShare(kernel: Kernel, from: number, to: number): boolean {
  const [source, target] = [kernel.params[from], kernel.params[to]];
  if (source?.access !== "read" || target?.access !== "write" || source.dtype !== target.dtype) return false;
  let stored = -1;
  let at: Ix | null = null;
  let count = 0;
  kernel.stages.forEach((stage, i) => {
    for (const r of stage.results) {
      if (r.to === "reduce" || r.param !== to) continue;
      count++;
      stored = i;
      at = r.to === "store" ? r.at : null;
    }
  });
  if (count !== 1 || at === null) return false;
  const place: Ix = at;
  const row = rowKey(kernel, kernel.stages[stored] as Stage, place);
  return kernel.stages.every((stage, i) =>
    stage.body.every((v) => {
      if (v.op !== "load" || v.param !== from) return true;
      if (i > stored) return false;
      return i === stored ? sameIx(v.at, place) : row !== null && rowKey(kernel, stage, v.at) === row;
    }),
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
