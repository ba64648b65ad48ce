// Values as locals, and operations on them: scalars as long as all lanes agree, else vectors.
import type { Combine, Compute, Region, ScalarOp } from "tenon-plugin-kit";
import { emitScalar, emitVector, hasVector } from "../math/ops.ts";
import { CONST_KIND, extractLane, packLanes, splat, type Lanes } from "./access.ts";
import { f32Bits, f64Bits } from "./assembler.ts";
import type { Emitter } from "./emitter.ts";
import type { Nest } from "./nest.ts";

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

/** 0 … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
