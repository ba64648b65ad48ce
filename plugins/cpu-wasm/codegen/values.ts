// The scalars of one stage as locals: one local where all lanes agree, else one vector a unit.
import type {
  Compute,
  Combine,
  Guard,
  Ix,
  KResult,
  KValue,
  Region,
  ScalarOp,
  Stage,
  ValueId,
} from "tenon-plugin-kit";
import { emitScalar, emitVector, hasVector } from "../math/ops.ts";
import {
  CONST_KIND, extractLane, loadLanes, loadScalar, loadVector, packLanes, reverseLanes, splat, storeScalar,
  storeVector, type Address, type Lanes,
} from "./access.ts"; // prettier-ignore
import { operandsOf, strideAlong, varyingValues, liveValues } from "./analysis.ts";
import { I32, V128, f32Bits, f64Bits, get, i32c, ifThen, select, simd, type Code } from "./assembler.ts";
import type { Emitter } from "./emitter.ts";
import type { Nest, ValueSource } from "./nest.ts";

/** A value: a scalar that all lanes share (one local), or vectors (one local a unit). */
export interface Rep {
  readonly dtype: Compute;
  readonly isVector: boolean;
  readonly locals: readonly number[];
  /** Level where it was evaluated. */
  readonly level: number;
  /** The scalar in all lanes, once asked for; by number of lanes. */
  readonly splats?: number[];
  /** Its value, if it is baked in. */
  readonly constant?: number | bigint;
}

/** Reductions of the stages before: by stage, result, part. */
export type Reductions = readonly (readonly (readonly Rep[])[])[];

/** Bits of a constant. */
export function constantBits(dtype: Compute, value: number | bigint): number | bigint {
  switch (dtype) {
    case "f32":
      return f32Bits(Number(value));
    case "f64":
      return f64Bits(Number(value));
    case "i64":
    case "u64":
      return BigInt(value);
    default:
      return Number(value) | 0;
  }
}
/** A constant as a value. */
export function constantRep(f: Emitter, dtype: Compute, value: number | bigint): Rep {
  const local = f.constant(CONST_KIND[dtype], constantBits(dtype, value));
  return { dtype, isVector: false, locals: [local], level: 0, constant: value };
}
function splatConstant(f: Emitter, dtype: Compute, lanes: Lanes, value: number | bigint): number {
  if (dtype === "bool") return f.constant("v32", Number(value) === 0 ? 0 : -1);
  return f.constant(lanes === 2 ? "v64" : "v32", constantBits(dtype, value));
}
/** The vectors of a value. */
export function vectorsOf(nest: Nest, rep: Rep): readonly number[] {
  if (rep.isVector) return rep.locals;
  const { f, lanes, units } = nest;
  const local =
    rep.constant === undefined
      ? ((rep.splats as number[])[lanes] ??= nest.atLevel(rep.level, () =>
          splat(f, rep.dtype, lanes, rep.locals[0] as number),
        ))
      : splatConstant(f, rep.dtype, lanes, rep.constant);
  return new Array<number>(units).fill(local);
}

/** A scalar that was evaluated at a level. */
export const scalarRep = (dtype: Compute, local: number, level: number): Rep => ({
  dtype, isVector: false, locals: [local], level, splats: [],
}); // prettier-ignore

/** One operation on values; on vectors where an operand is one. */
export function apply(nest: Nest, op: ScalarOp, dtype: Compute, args: readonly Rep[], level: number): Rep {
  const { f, units } = nest;
  const types = args.map((a) => a.dtype);
  const known = args.map((a) => a.constant);
  if (args.every((a) => !a.isVector)) {
    const locals = args.map((a) => a.locals[0] as number);
    return scalarRep(dtype, emitScalar(f, op, dtype, types, locals, known), level);
  }
  const vectors = args.map((a) => vectorsOf(nest, a));
  const write = hasVector(op, dtype, types) ? emitVector : byLanes(nest.lanes);
  const locals = Array.from(
    { length: units },
    (_, u) =>
    write(f, op, dtype, types, vectors.map((v) => v[u] as number), known), // prettier-ignore
  );
  return { dtype, isVector: true, level, locals };
}
/** An operation that has no vector form: lane by lane. */
const byLanes =
  (lanes: Lanes): typeof emitVector =>
  (f, op, dtype, types, args, known) =>
    packLanes(
      f,
      dtype,
      range(lanes).map((l) => {
        const scalars = args.map((a, i) => extractLane(f, types[i] as Compute, lanes, a, l));
        return emitScalar(f, op, dtype, types, scalars, known);
      }),
    );

/** The results of a region for given arguments. */
export function applyRegion(nest: Nest, region: Region, args: readonly Rep[]): Rep[] {
  const level = nest.innermost;
  const reps: Rep[] = [];
  for (const value of region.body) {
    if (value.op === "const") reps.push(constantRep(nest.f, value.dtype, value.value));
    else if (value.op === "arg") reps.push(args[value.index] as Rep);
    else if ("args" in value)
      reps.push(apply(nest, value.op, value.dtype, value.args.map((a) => reps[a] as Rep), level)); // prettier-ignore
    else throw new Error(`internal: ${value.op} in a region`);
  }
  return region.results.map((r) => reps[r] as Rep);
}
/** left ∘ right. bool: + and max are or, · and min are and. */
export function combine(nest: Nest, how: Combine, left: readonly Rep[], right: readonly Rep[]): Rep[] {
  if ("region" in how) return applyRegion(nest, how.region, [...left, ...right]);
  const [x, y] = [left[0] as Rep, right[0] as Rep];
  const op = x.dtype === "bool" ? (BOOL_MONOID[how.monoid] ?? how.monoid) : how.monoid;
  return [apply(nest, op, x.dtype, [x, y], nest.innermost)];
}
const BOOL_MONOID: { readonly [monoid: string]: ScalarOp } = { add: "or", max: "or", mul: "and", min: "and" };

/** Writes the body of one stage. Made anew for each copy of the stage's code. */
export class StageValues implements ValueSource {
  readonly stage: number;
  private readonly nest: Nest;
  private readonly body: Stage;
  private readonly results: Reductions;
  private readonly prelude: number;
  private readonly isStart: boolean;
  private readonly varies: readonly boolean[];
  private readonly live: readonly boolean[];
  private readonly levels: number[] = [];
  private readonly reps: Rep[] = [];
  /** Outermost level of the copy that this object writes: values of outer levels come from `outer`. */
  private readonly outer: StageValues | null;

  /**
   * @param results  of the stages before, by stage, result, part
   * @param prelude  level where these are known
   * @param isStart  as they are before the stage's loops: for initial values
   * @param outer    the same stage outside the current loop over lanes: values that don't vary are shared with it
   */
  constructor(
    nest: Nest,
    stage: number,
    results: Reductions,
    prelude: number,
    outer: StageValues | null,
    isStart = false,
  ) {
    this.nest = nest;
    this.stage = stage;
    this.body = nest.kernel.stages[stage] as Stage;
    this.results = results;
    this.prelude = prelude;
    this.isStart = isStart;
    this.outer = outer;
    this.live = liveValues(this.body);
    const columns = nest.kernel.shared.includes(nest.laneAxis);
    this.varies =
      nest.lanes === 1 ? this.body.body.map(() => false) : varyingValues(this.body, nest.laneAxis, columns);
  }
  /** The same stage inside its loop over lanes. */
  inside(): StageValues {
    return new StageValues(this.nest, this.stage, this.results, this.prelude, this);
  }
  private at(id: ValueId): KValue {
    return this.body.body[id] as KValue;
  }
  level(id: ValueId): number {
    return (this.levels[id] ??= this.findLevel(this.at(id)));
  }
  private findLevel(value: KValue): number {
    if (value.op === "stage") return this.prelude;
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
    return isWrittenHere && !this.isStart ? this.prelude + this.body.over.length : this.prelude;
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
  /** Deepest level that code outside the loop over lanes can reach. */
  deepest = -1;
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
        return this.results[value.stage]?.[value.result]?.[value.part] as Rep;
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
        const first = f.value(I32, [get(this.nest.ix(at)), i32c(stride * u * lanes), 0x6a]);
        const steps = laneSteps(f, stride, lanes);
        locals.push(f.value(V128, [get(splat(f, "i32", lanes, first)), get(steps), simd(174)]));
      } else locals.push(packLanes(f, "i32", range(lanes).map((l) => this.nest.indexAtLane(at, u * lanes + l)))); // prettier-ignore
    }
    return { dtype: "i32", isVector: true, locals, level };
  }
  private load(v: Extract<KValue, { op: "load" }>, level: number): Rep {
    const holds = this.nest.holds(v.guard);
    const otherwise = v.otherwise === undefined ? undefined : this.value(v.otherwise);
    if (holds === false) return otherwise as Rep;
    const rep = this.loadWhere(v, holds, level);
    if (holds === true || otherwise === undefined) return rep;
    return apply(this.nest, "select", v.dtype, [scalarRep("bool", holds, level), rep, otherwise], level);
  }
  /** Reads where `holds`; elsewhere from the start of the array, whatever is there. */
  private loadWhere(v: Extract<KValue, { op: "load" }>, holds: true | number, level: number): Rep {
    const { nest } = this;
    const { f, lanes, units, laneAxis } = nest;
    const storage = nest.kernel.params[v.param]?.dtype as "f32";
    const safe = (a: Address): Address =>
      holds === true
        ? a
        : {
            base: get(
              f.value(I32, select(get(holds), [a.base, i32c(a.offset), 0x6a], get(nest.pointer(v.param)))),
            ),
            offset: 0,
          };
    const stride = lanes === 1 ? 0 : strideAlong(v.at, laneAxis, this.varies);
    const isGuarded = v.guard !== undefined;
    if (stride === 0)
      return scalarRep(v.dtype, loadScalar(f, storage, safe(nest.address(v.param, v.at, isGuarded))), level);
    const locals: number[] = [];
    const first = stride === null ? undefined : nest.address(v.param, v.at, isGuarded);
    for (let u = 0; u < units; u++) {
      if (stride === 1 || stride === -1) {
        const lowest = stride === 1 ? u * lanes : u * lanes + lanes - 1;
        const vector = loadVector(
          f,
          storage,
          lanes,
          safe(nest.shifted(v.param, first as Address, stride, lowest)),
        );
        locals.push(stride === 1 ? vector : reverseLanes(f, lanes, vector));
      } else {
        const addresses = range(lanes).map((l) =>
          safe(
            first === undefined
              ? nest.addressAtLane(v.param, v.at, u * lanes + l)
              : nest.shifted(v.param, first, stride as number, u * lanes + l),
          ),
        );
        locals.push(loadLanes(f, storage, v.dtype, addresses));
      }
    }
    return { dtype: v.dtype, isVector: true, locals, level };
  }

  /** Writes an element, or as many as there are lanes. */
  store(r: Extract<KResult, { to: "store" }>): void {
    this.where(r.guard, () => {
      const { nest } = this;
      const { f, lanes, laneAxis } = nest;
      const storage = nest.kernel.params[r.param]?.dtype as "f32";
      const value = this.value(r.value);
      const isGuarded = r.guard !== undefined;
      if (lanes === 1) {
        storeScalar(f, storage, nest.address(r.param, r.at, isGuarded), value.locals[0] as number);
        return;
      }
      const vectors = vectorsOf(nest, value);
      const stride = strideAlong(r.at, laneAxis, this.varies);
      const first = stride === null ? undefined : nest.address(r.param, r.at, isGuarded);
      vectors.forEach((vector, u) => {
        if (stride === 1 || stride === -1) {
          const lowest = stride === 1 ? u * lanes : u * lanes + lanes - 1;
          const inOrder = stride === 1 ? vector : reverseLanes(f, lanes, vector);
          storeVector(f, storage, lanes, nest.shifted(r.param, first as Address, stride, lowest), inOrder);
          return;
        }
        for (const l of range(lanes)) {
          const address =
            first === undefined
              ? nest.addressAtLane(r.param, r.at, u * lanes + l)
              : nest.shifted(r.param, first, stride as number, u * lanes + l);
          storeScalar(f, storage, address, extractLane(f, value.dtype, lanes, vector, l));
        }
      });
    });
  }
  /** element := combine(element, value); scalar code. */
  update(r: Extract<KResult, { to: "update" }>): void {
    this.where(r.guard, () => {
      const { nest } = this;
      const storage = nest.kernel.params[r.param]?.dtype as "f32";
      const value = this.value(r.value);
      const address = nest.address(r.param, r.at, r.guard !== undefined);
      const old = scalarRep(value.dtype, loadScalar(nest.f, storage, address), nest.innermost);
      const [next] = combine(nest, r.combine, [old], [value]) as [Rep];
      storeScalar(nest.f, storage, address, next.locals[0] as number);
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

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** 0, stride, 2·stride, 3·stride. */
function laneSteps(f: Emitter, stride: number, lanes: Lanes): number {
  let code: Code = [i32c(0), simd(17)];
  for (let l = 1; l < lanes; l++) code = [code, i32c(stride * l), simd(28), l];
  return f.once(`steps${stride}x${lanes}`, V128, code);
}
