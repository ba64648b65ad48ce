// Text of kernels and plans, for explain, tests and the eye. Stable.
import type { Atom, Combine, Guard, Int, Ix, Kernel, KResult, KValue, Region, Stage } from "./loop-ir.ts";
import type { Levels, Plan, Slot, Step } from "./plan.ts";

const int = (n: Int): string => (typeof n === "number" ? String(n) : `u${n.uniform}`);
function atom(a: Atom): string {
  switch (a.k) {
    case "axis":
      return `i${a.axis}`;
    case "value":
      return `%${a.value}`;
    default:
      return `(${printIx(a.x)})${a.k === "div" ? "/" : "%"}${int(a.d)}`;
  }
}
/** `3·i0 + i1 + 2`. */
export function printIx(ix: Ix): string {
  const terms = ix.terms.map((t) => (t.coef === 1 ? atom(t.atom) : `${int(t.coef)}·${atom(t.atom)}`));
  if (ix.c !== 0 || terms.length === 0) terms.push(int(ix.c));
  return terms.join(" + ");
}
const guards = (list: readonly Guard[] | undefined): string =>
  (list ?? [])
    .map((g) => {
      const every = g.every === undefined ? "" : ` by ${int(g.every)}`;
      return ` if ${printIx(g.x)} in [${int(g.lo)}, ${int(g.hi)})${every}`;
    })
    .join("");
const args = (ids: readonly number[]): string => ids.map((id) => `%${id}`).join(", ");

function value(v: KValue): string {
  switch (v.op) {
    case "const":
      return `${Object.is(v.value, -0) ? "-0" : String(v.value)}`;
    case "index":
      return `index ${printIx(v.at)}`;
    case "load":
      return `p${v.param}[${printIx(v.at)}]${guards(v.guard)}${v.guard === undefined ? "" : ` else %${String(v.otherwise)}`}`;
    case "stage":
      return `stage ${v.stage}.${v.result}${v.part === 0 ? "" : `.${v.part}`}`;
    case "arg":
      return `arg ${v.index}`;
    default:
      return `${v.op} ${args(v.args)}`;
  }
}
const body = (values: readonly KValue[], indent: string): string =>
  values.map((v, i) => `${indent}%${i}: ${v.dtype} = ${value(v)}\n`).join("");
/** A region on one line. */
export function printRegion(r: Region): string {
  return `{ ${r.body.map((v, i) => `%${i}: ${v.dtype} = ${value(v)}`).join("; ")} → ${args(r.results)} }`;
}
const combine = (c: Combine): string => ("monoid" in c ? c.monoid : printRegion(c.region));
function result(r: KResult): string {
  if (r.to === "reduce") return `reduce ${combine(r.combine)} of ${args(r.values)} from ${args(r.init)}`;
  const by = r.to === "update" ? ` ${combine(r.combine)}` : "";
  return `${r.to}${by} p${r.param}[${printIx(r.at)}] := %${r.value}${guards(r.guard)}`;
}
function stage(k: Kernel, s: Stage, index: number): string {
  const over = s.over.map((a) => axis(k, a)).join(", ");
  return `  stage ${index} over [${over}]\n${body(s.body, "    ")}${s.results.map((r) => `    ${result(r)}\n`).join("")}`;
}
function axis(k: Kernel, a: number): string {
  const { extent, role } = k.axes[a] as Kernel["axes"][number];
  return `i${a}<${int(extent)}${role === "parallel" ? "" : ` ${role}`}`;
}

/** A kernel, one value a line. */
export function printKernel(k: Kernel): string {
  const params = k.params.map((p, i) => `p${i}: ${p.access} ${p.dtype}`).join(", ");
  const shared = k.shared.map((a) => axis(k, a)).join(", ");
  return `kernel "${k.name}" (${params}) shared [${shared}]\n${k.stages.map((s, i) => stage(k, s, i)).join("")}`;
}

function slot(s: Slot): string {
  switch (s.at) {
    case "arg":
      return `arg ${s.index}`;
    case "result":
      return `result ${s.index}`;
    case "const":
      return `const of ${s.bytes.length} B`;
    case "frame":
      return `frame ${s.offset}…${s.offset + s.bytes}`;
  }
}
const slots = (ids: readonly number[]): string => ids.map((id) => `s${id}`).join(", ");
function steps(list: readonly Step[], indent: string, full: boolean): string {
  return list.map((s) => step(s, indent, full)).join("");
}
function step(s: Step, indent: string, full: boolean): string {
  switch (s.do) {
    case "kernel": {
      const vector = s.schedule.vector.map((a) => `i${a}`).join(",");
      const how = `vector [${vector}] interleave ${s.schedule.interleave} chunks ${s.chunks}`;
      const uniforms = s.uniforms.length === 0 ? "" : ` uniforms ${s.uniforms.join(",")}`;
      const text = full ? printKernel(s.kernel) : summary(s.kernel);
      return `${indent}(${slots(s.args)}) ${how}${uniforms} ${text.trimEnd().replaceAll("\n", `\n${indent}`)}\n`;
    }
    case "gemm": {
      const g = s.gemm;
      const levels = (l: Levels): string =>
        l.map(([n, s], i) => (i < l.length - 1 ? `${s}<${n}:` : s)).join("");
      const strides = (m: typeof g.lhs): string => `${m.offset}+${m.batch},${levels(m.row)},${levels(m.col)}`;
      return `${indent}s${s.out} := gemm ${g.dtype} ${g.batch}×[${g.m},${g.k}]·[${g.k},${g.n}] s${s.lhs}(${strides(g.lhs)}) s${s.rhs}(${strides(g.rhs)})\n`;
    }
    case "sort":
      return `${indent}${slots(s.to)} := sort ${s.sort.outer}×${s.sort.n}×${s.sort.inner} ${s.sort.dtypes.join(",")} ${slots(s.from)}\n`;
    case "copy":
      return `${indent}s${s.to} := s${s.from} (${s.bytes} B)\n`;
    case "while": {
      const swap = s.swap.map(([a, b]) => `s${a}⇄s${b}`).join(", ");
      return `${indent}while s${s.pred} swap [${swap}]\n${indent} cond\n${steps(s.cond, `${indent}  `, full)}${indent} body\n${steps(s.body, `${indent}  `, full)}`;
    }
    case "case":
      return `${indent}case s${s.index}\n${s.branches.map((b) => `${indent} branch\n${steps(b, `${indent}  `, full)}`).join("")}`;
  }
}
function summary(k: Kernel): string {
  const list = (ids: readonly number[]): string => ids.map((a) => axis(k, a)).join(",");
  const values = k.stages.reduce((n, s) => n + s.body.length, 0);
  return `"${k.name}" shared [${list(k.shared)}] ${k.stages.map((s) => `[${list(s.over)}]`).join(" ")} ${values} values`;
}

/** A plan, one step a line; `full` writes kernels out. */
export function printPlan(plan: Plan, options: { readonly full?: boolean } = {}): string {
  const where = plan.slots.map((s, i) => `  s${i}: ${slot(s)}\n`).join("");
  const aliases = plan.aliases.map(([a, r]) => ` arg ${a} = result ${r}`).join(",");
  const notes = plan.notes.map((n) => `  ${n}\n`).join("");
  return `plan ${plan.name} frame ${plan.frameBytes} B peak ${plan.peakBytes} B${aliases}\n${where}${steps(plan.steps, "  ", options.full ?? false)}${notes}`;
}
