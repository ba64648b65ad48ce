// A kernel for one shape as a kernel for many: larger extents, strides and offsets become uniforms, whose values go with
// each launch. Equal kernels then have equal text, and one piece of code serves every shape of an op.
import { num } from "./index-map.ts";
import type { Guard, Int, Ix, Kernel, KResult, KValue, Schedule, Stage } from "./loop-ir.ts";
import { printKernel } from "./print.ts";

/** Up to this, extents and strides stay in the code: windows, channels, vectors of two and three. */
const BAKED = 16;

class Generaliser {
  readonly values: number[] = [];
  private readonly known = new Map<number, Int>();

  /** The uniform of a number; equal numbers are one. */
  private uniform(n: number): Int {
    let id = this.known.get(n);
    if (id === undefined) this.known.set(n, (id = { uniform: this.values.push(n) - 1 }));
    return id;
  }
  /** Of the outermost axis always a uniform: small arrays share their kernels too. */
  extent(n: Int, axis: number): Int {
    return axis === 0 || num(n) > BAKED ? this.uniform(num(n)) : n;
  }
  private stride(n: Int): Int {
    return Math.abs(num(n)) > BAKED ? this.uniform(num(n)) : n;
  }
  private offset(n: Int): Int {
    return Math.abs(num(n)) > 1 ? this.uniform(num(n)) : n;
  }

  /** Inside a quotient or remainder numbers stay: divisors are worth knowing. */
  private ix(x: Ix): Ix {
    return { c: this.offset(x.c), terms: x.terms.map((t) => ({ coef: this.stride(t.coef), atom: t.atom })) };
  }
  private guards(guards: readonly Guard[] | undefined): { guard?: readonly Guard[] } {
    if (guards === undefined) return {};
    const one = (g: Guard): Guard => ({
      ...g,
      x: this.ix(g.x),
      lo: this.offset(g.lo),
      hi: this.offset(g.hi),
    });
    return { guard: guards.map(one) };
  }
  private value(v: KValue): KValue {
    if (v.op === "index") return { ...v, at: this.ix(v.at) };
    return v.op === "load" ? { ...v, at: this.ix(v.at), ...this.guards(v.guard) } : v;
  }
  private result(r: KResult): KResult {
    return r.to === "reduce" ? r : { ...r, at: this.ix(r.at), ...this.guards(r.guard) };
  }
  stage(s: Stage): Stage {
    return {
      over: s.over,
      body: s.body.map((v) => this.value(v)),
      results: s.results.map((r) => this.result(r)),
    };
  }
}

/** The kernel with uniforms, and their values that give back the one it was. */
export function generalise(kernel: Kernel): {
  readonly kernel: Kernel;
  readonly uniforms: readonly number[];
} {
  const g = new Generaliser();
  const axes = kernel.axes.map((a, i) => ({ ...a, extent: g.extent(a.extent, i) }));
  const stages = kernel.stages.map((s) => g.stage(s));
  return { kernel: { ...kernel, axes, stages, uniforms: g.values.length }, uniforms: g.values };
}

/** Canonical text of a kernel and its schedule, names aside: equal keys mean equal code. */
export function kernelKey(kernel: Kernel, schedule: Schedule): string {
  return `${schedule.vector.join(",")};${String(schedule.chunk)};${schedule.interleave};${schedule.longSums};${kernel.uniforms}\n${printKernel({ ...kernel, name: "" })}`;
}
