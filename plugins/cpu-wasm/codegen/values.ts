// The values of one stage, each evaluated once, at the outermost level where its operands are known.
import type { Guard, Ix, KResult, KValue, Stage, ValueId } from "tenon-plugin-kit";
import { extractLane, packLanes, splat, type Lanes } from "./access.ts";
import { liveValues, operandsOf, strideAlong, varyingValues } from "./analysis.ts";
import { I32, V128, simd, get, i32c, add, ifThen, type Code } from "./assembler.ts";
import { currentElement, loadElements, storeElements, type Access } from "./elements.ts";
import type { Emitter } from "./emitter.ts";
import type { Nest, ValueSource } from "./nest.ts";
import { apply, combine, constantRep, range, scalarRep, type Reductions, type Rep } from "./rep.ts";

/** Where a stage stands. */
export interface StageSite {
  readonly stage: number;
  /** Reductions of the stages before: by stage, result, part. */
  readonly results: Reductions;
  /** Level where these are known. */
  readonly prelude: number;
  /** The stage outside a loop over lanes around all stages, if there is one. */
  readonly outside: StageValues | null;
}

/** Writes the body of one stage. Made anew for each copy of the stage's code. */
export class StageValues implements ValueSource {
  private readonly nest: Nest;
  private readonly site: StageSite;
  private readonly body: Stage;
  /** Are these the values before the stage's loops? Initial values of reductions are. */
  private readonly isStart: boolean;
  private readonly varies: readonly boolean[];
  private readonly live: readonly boolean[];
  private readonly levels: number[] = [];
  private readonly reps: Rep[] = [];
  /** The same stage outside the loop over lanes: it has the values that don't vary and belong to outer levels. */
  private readonly outer: StageValues | null;
  /** Deepest level that the same stage outside a loop over lanes can reach. */
  deepest = -1;

  constructor(nest: Nest, site: StageSite, isStart = false, outer: StageValues | null = site.outside) {
    this.nest = nest;
    this.site = site;
    this.isStart = isStart;
    this.outer = outer;
    this.body = nest.kernel.stages[site.stage] as Stage;
    this.live = liveValues(this.body);
    const columns = nest.kernel.shared.includes(nest.laneAxis);
    this.varies =
      nest.lanes === 1 ? this.body.body.map(() => false) : varyingValues(this.body, nest.laneAxis, columns);
  }
  get stage(): number {
    return this.site.stage;
  }
  /** The same stage inside its loop over lanes. */
  inside(): StageValues {
    return new StageValues(this.nest, this.site, false, this);
  }
  private at(id: ValueId): KValue {
    return this.body.body[id] as KValue;
  }
  level(id: ValueId): number {
    return (this.levels[id] ??= this.findLevel(this.at(id)));
  }
  private findLevel(value: KValue): number {
    if (value.op === "stage") return this.site.prelude;
    let level = value.op === "load" ? this.earliest(value.param) : 0;
    if (value.op === "index" || value.op === "load") level = Math.max(level, this.nest.levelOfIx(value.at));
    if (value.op === "load") level = Math.max(level, this.nest.levelOfGuards(value.guard));
    for (const v of operandsOf(value)) level = Math.max(level, this.level(v));
    return level;
  }
  /** The outermost level where a parameter can be read: what the kernel itself writes, not before it has. */
  private earliest(param: number): number {
    if (this.nest.kernel.params[param]?.access === "read") return 0;
    const isWrittenHere = this.body.results.some((r) => r.to !== "reduce" && r.param === param);
    return isWrittenHere && !this.isStart ? this.site.prelude + this.body.over.length : this.site.prelude;
  }
  /** The value, evaluated at its level if it wasn't yet. */
  value(id: ValueId): Rep {
    let rep = this.reps[id];
    if (rep === undefined) {
      const level = this.level(id);
      const { outer } = this;
      rep =
        outer !== null && level <= outer.deepest && this.varies[id] !== true
          ? outer.value(id)
          : this.nest.atLevel(level, () => this.write(this.at(id), level));
      this.reps[id] = rep;
    }
    return rep;
  }
  scalar(id: ValueId): number {
    return this.value(id).locals[0] as number;
  }
  lane(id: ValueId, lane: number): number {
    const { f, lanes } = this.nest;
    const rep = this.value(id);
    if (!rep.isVector) return rep.locals[0] as number;
    return extractLane(f, rep.dtype, lanes, rep.locals[Math.floor(lane / lanes)] as number, lane % lanes);
  }
  /** Evaluates all that belongs to the innermost level, in the order of the body: loads before stores. */
  writeBody(): void {
    const { innermost } = this.nest;
    for (let id = 0; id < this.body.body.length; id++)
      if (this.live[id] === true && this.level(id) === innermost) this.value(id);
  }

  private write(value: KValue, level: number): Rep {
    switch (value.op) {
      case "const":
        return constantRep(this.nest.f, value.dtype, value.value);
      case "index":
        return this.index(value.at, level);
      case "load":
        return this.load(value, level);
      case "stage":
        return this.site.results[value.stage]?.[value.result]?.[value.part] as Rep;
      case "arg":
        throw new Error("internal: arg outside a region");
      default:
        return apply(this.nest, value.op, value.dtype, value.args.map((a) => this.value(a)), level); // prettier-ignore
    }
  }
  private index(at: Ix, level: number): Rep {
    const { f, lanes, units, laneAxis } = this.nest;
    const stride = lanes === 1 ? 0 : strideAlong(at, laneAxis, this.varies);
    if (stride === 0) return scalarRep("i32", this.nest.ix(at), level);
    const locals: number[] = [];
    for (let u = 0; u < units; u++) {
      if (typeof stride === "number") {
        const first = f.value(I32, add(get(this.nest.ix(at)), i32c(stride * u * lanes)));
        const steps = laneSteps(f, stride, lanes);
        locals.push(f.value(V128, [get(splat(f, "i32", lanes, first)), get(steps), simd(174)]));
      } else
        locals.push(
          packLanes(
            f,
            "i32",
            range(lanes).map((l) => this.nest.indexAtLane(at, u * lanes + l)),
          ),
        );
    }
    return { dtype: "i32", isVector: true, locals, level };
  }
  private load(v: Extract<KValue, { op: "load" }>, level: number): Rep {
    const { nest } = this;
    const holds = nest.holds(v.guard);
    if (holds === false) return this.value(v.otherwise as ValueId);
    const rep: Rep = { ...loadElements(nest, this.access(v), v.dtype, holds), level };
    if (holds === true) return rep;
    const otherwise = this.value(v.otherwise as ValueId);
    return apply(nest, "select", v.dtype, [scalarRep("bool", holds, level), rep, otherwise], level);
  }
  private access(x: { readonly param: number; readonly at: Ix; readonly guard?: readonly Guard[] }): Access {
    return { param: x.param, at: x.at, isGuarded: x.guard !== undefined, varies: this.varies };
  }

  /** Writes an element, or as many as there are lanes. */
  store(r: Extract<KResult, { to: "store" }>): void {
    this.where(r.guard, () => storeElements(this.nest, this.access(r), this.value(r.value)));
  }
  /** element := combine(element, value); scalar code. */
  update(r: Extract<KResult, { to: "update" }>): void {
    this.where(r.guard, () => {
      const { nest } = this;
      const value = this.value(r.value);
      const old = currentElement(nest, this.access(r), value.dtype);
      const [next] = combine(nest, r.combine, [old], [value]) as [Rep];
      storeElements(nest, this.access(r), next);
    });
  }
  private where(guards: readonly Guard[] | undefined, body: () => void): void {
    const holds = this.nest.holds(guards);
    if (holds === false) return;
    if (holds === true) body();
    else {
      const code: Code = this.nest.f.scoped(body);
      this.nest.f.emit(ifThen(get(holds), code));
    }
  }
}

/** 0, stride, 2·stride, 3·stride. */
function laneSteps(f: Emitter, stride: number, lanes: Lanes): number {
  let code: Code = [i32c(0), simd(17)];
  for (let l = 1; l < lanes; l++) code = [code, i32c(stride * l), simd(28), l];
  return f.once(`steps${stride}x${lanes}`, V128, code);
}
