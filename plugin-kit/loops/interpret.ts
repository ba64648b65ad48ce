// The meaning of the loop IR and of the Plan: plain JavaScript, one element after the other. Emitters are tested
// against it, so it is kept obvious, not fast.
import type {
  Atom,
  AxisId,
  Combine,
  Compute,
  Guard,
  Int,
  Ix,
  Kernel,
  KResult,
  KValue,
  Region,
  Stage,
  ValueId,
} from "./loop-ir.ts";
import { evalScalar, type Scalar } from "./scalars.ts";
import { readElement, writeElement } from "./storage.ts";

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Values of a region for its arguments. */
export function interpretRegion(region: Region, args: readonly Scalar[]): Scalar[] {
  const values: Scalar[] = [];
  for (const v of region.body) {
    if (v.op === "const") values.push(v.value);
    else if (v.op === "arg") values.push(args[v.index] as Scalar);
    else if (v.op === "load" || v.op === "index" || v.op === "stage")
      throw new Error(`internal: a region holds a ${v.op}`);
    else values.push(scalarOf(v, region.body, (id) => values[id] as Scalar));
  }
  return region.results.map((id) => values[id] as Scalar);
}

type Operation = Extract<KValue, { readonly args: readonly ValueId[] }>;
function scalarOf(v: Operation, body: readonly KValue[], valueOf: (id: ValueId) => Scalar): Scalar {
  const from = (body[v.args[0] as number] as KValue).dtype;
  return evalScalar(v.op, v.dtype, from, v.args.map(valueOf));
}

/** The scalar of a monoid applied to two scalars. */
function combine(c: Combine, dtype: Compute, left: Scalar, right: Scalar): Scalar {
  if ("region" in c) return interpretRegion(c.region, [left, right])[0] as Scalar;
  return evalScalar(c.monoid, dtype, dtype, [left, right]);
}

/** One launch of a kernel over its parameters' bytes. */
class Launch {
  private readonly kernel: Kernel;
  private readonly memory: readonly DataView[];
  private readonly uniforms: readonly number[];
  private readonly axes: number[];
  /** Reductions of the stages before, at the current point of the shared axes. */
  private reductions: Scalar[][][] = [];
  private stage: Stage | undefined;
  private values: (Scalar | undefined)[] = [];

  constructor(kernel: Kernel, memory: readonly Uint8Array[], uniforms: readonly number[]) {
    this.kernel = kernel;
    this.memory = memory.map(viewOf);
    this.uniforms = uniforms;
    this.axes = kernel.axes.map(() => 0);
  }

  /** `only`: the part of one axis that this launch takes. */
  run(only?: { readonly axis: AxisId; readonly begin: number; readonly end: number }): void {
    this.each(this.kernel.shared, only, () => {
      this.reductions = [];
      for (const stage of this.kernel.stages) this.runStage(stage, only);
    });
  }

  private each(
    axes: readonly AxisId[],
    only: { readonly axis: AxisId; readonly begin: number; readonly end: number } | undefined,
    visit: () => void,
  ): void {
    const [axis, ...rest] = axes;
    if (axis === undefined) return visit();
    const begin = only?.axis === axis ? only.begin : 0;
    const end = only?.axis === axis ? only.end : this.int((this.kernel.axes[axis] as { extent: Int }).extent);
    for (let i = begin; i < end; i++) {
      this.axes[axis] = i;
      this.each(rest, only, visit);
    }
  }

  private runStage(stage: Stage, only: Parameters<Launch["each"]>[1]): void {
    this.stage = stage;
    this.values = [];
    const folds = stage.results.map((r) => (r.to === "reduce" ? r.init.map((id) => this.value(id)) : []));
    this.each(stage.over, only, () => {
      this.values = [];
      // All loads come before all stores.
      for (const r of stage.results)
        (r.to === "reduce" ? r.values : [r.value]).forEach((id) => this.value(id));
      stage.results.forEach((r, i) => {
        if (r.to === "reduce") folds[i] = this.fold(r, folds[i] as Scalar[]);
        else this.write(r);
      });
    });
    this.reductions.push(folds);
  }

  private fold(r: Extract<KResult, { to: "reduce" }>, left: readonly Scalar[]): Scalar[] {
    const right = r.values.map((id) => this.value(id));
    if ("region" in r.combine) return interpretRegion(r.combine.region, [...left, ...right]);
    return [combine(r.combine, this.dtypeOf(r.values[0] as number), left[0] as Scalar, right[0] as Scalar)];
  }

  private write(r: Exclude<KResult, { to: "reduce" }>): void {
    if (!this.holds(r.guard)) return;
    const { dtype } = this.kernel.params[r.param] as Kernel["params"][number];
    const memory = this.memory[r.param] as DataView;
    const at = this.ix(r.at);
    const value = this.value(r.value);
    if (r.to === "store") writeElement(dtype, memory, at, value);
    else {
      const old = readElement(dtype, memory, at);
      writeElement(dtype, memory, at, combine(r.combine, this.dtypeOf(r.value), old, value));
    }
  }

  private dtypeOf(id: ValueId): Compute {
    return ((this.stage as Stage).body[id] as KValue).dtype;
  }

  private value(id: ValueId): Scalar {
    return (this.values[id] ??= this.compute((this.stage as Stage).body[id] as KValue));
  }

  private compute(v: KValue): Scalar {
    switch (v.op) {
      case "const":
        return v.value;
      case "index":
        return this.ix(v.at) | 0;
      case "stage":
        return this.reductions[v.stage]?.[v.result]?.[v.part] as Scalar;
      case "arg":
        throw new Error("internal: an argument outside a region");
      case "load":
        if (!this.holds(v.guard)) return this.value(v.otherwise as number);
        return readElement(
          (this.kernel.params[v.param] as Kernel["params"][number]).dtype,
          this.memory[v.param] as DataView,
          this.ix(v.at),
        );
      default:
        return scalarOf(v, (this.stage as Stage).body, (id) => this.value(id));
    }
  }

  private int(n: Int): number {
    return typeof n === "number" ? n : (this.uniforms[n.uniform] as number);
  }
  private ix(ix: Ix): number {
    return ix.terms.reduce((sum, t) => sum + this.int(t.coef) * this.atom(t.atom), this.int(ix.c));
  }
  private atom(a: Atom): number {
    switch (a.k) {
      case "axis":
        return this.axes[a.axis] as number;
      case "value":
        return Number(this.value(a.value));
      case "div":
        return Math.floor(this.ix(a.x) / this.int(a.d));
      case "mod": {
        const [x, d] = [this.ix(a.x), this.int(a.d)];
        return x - d * Math.floor(x / d);
      }
    }
  }
  private holds(guards: readonly Guard[] | undefined): boolean {
    return (guards ?? []).every((g) => {
      const [x, lo] = [this.ix(g.x), this.int(g.lo)];
      return x >= lo && x < this.int(g.hi) && (x - lo) % this.int(g.every ?? 1) === 0;
    });
  }
}

/** Runs a kernel on bytes, one array per param; `range`: a part of one axis only (a chunk). */
export function interpretKernel(
  kernel: Kernel,
  memory: readonly Uint8Array[],
  uniforms: readonly number[] = [],
  range?: { readonly axis: AxisId; readonly begin: number; readonly end: number },
): void {
  new Launch(kernel, memory, uniforms).run(range);
}
