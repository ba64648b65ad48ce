// Combinators that derive the rules of a primitive from its mathematics.
import type { BinaryOp, UnaryOp } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import { ctAval, sameShape, type ShapedArray } from "../ir/aval.ts";
import { DTYPES, type DTypeKind } from "../ir/dtype.ts";
import { joinAvals } from "../ir/join.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Accum,
  type BatchDim,
  type BatchResult,
  type JvpResult,
  type Lowering,
  type Params,
  type Primitive,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { bind, bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import type { Lax } from "./lax.ts";

/** Tangent of the result along operand i: (lax, t, out, ...primals). null: no derivative. */
export type Partial1 =
  ((lax: Lax, t: NDArray, out: NDArray, x: NDArray, y: NDArray, z: NDArray) => NDArray) | null;

/** Kinds with real derivatives. */
export const FLOAT: readonly DTypeKind[] = ["float"];
/** Kinds with derivatives. */
export const INEXACT: readonly DTypeKind[] = ["float", "complex"];
/** Kinds with arithmetic. */
export const NUMERIC: readonly DTypeKind[] = ["int", "uint", "float", "complex"];
/** Kinds of real numbers. */
export const REAL: readonly DTypeKind[] = ["int", "uint", "float"];
/** Integers without bool. */
export const INTEGER: readonly DTypeKind[] = ["int", "uint"];
/** Kinds with bit operations. */
export const BITS: readonly DTypeKind[] = ["bool", "int", "uint"];
/** Kinds with an order. */
export const ORDERED: readonly DTypeKind[] = ["bool", "int", "uint", "float"];
/** All but keys and float0. */
export const ANY: readonly DTypeKind[] = ["bool", "int", "uint", "float", "complex"];

/** What the mathematics of an elementwise primitive is. */
export interface ElementwiseSpec {
  /** Operand kinds accepted. */
  readonly accepts: readonly DTypeKind[];
  /** Number of operands (default 1). */
  readonly arity?: number;
  /** The wire op, when it is one op with the same operands. */
  readonly wire?: UnaryOp | BinaryOp;
  readonly lower?: (
    b: Lowering,
    operands: readonly WireValue[],
    params: Params,
    avals: readonly ShapedArray[],
    out: ShapedArray,
  ) => WireValue;
  readonly decompose?: (lax: Lax, args: readonly NDArray[], params: Params) => NDArray;
  readonly jvp?: readonly Partial1[];
  /** Result aval from the joined one (compare → bool). */
  readonly result?: (joined: ShapedArray, params: Params, avals: readonly ShapedArray[]) => ShapedArray;
  /** Operands may differ in dtype (select, shifts by weak counts …). */
  readonly mixed?: true;
  readonly linear?: true;
  readonly transpose?: Primitive["transpose"];
  readonly linearIn?: Primitive["linearIn"];
}

/** A primitive that computes each element from the elements at its place. Rank-0 operands fit any shape. */
export function elementwise(name: string, spec: ElementwiseSpec): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: spec.linear === true ? { elementwise: true, linear: true } : { elementwise: true },
    shape: (avals, params) => {
      checkDTypes(name, avals, spec);
      const joined = joinAvals(`lax.${name}`, avals);
      return [spec.result?.(joined, params, avals) ?? joined];
    },
    jvp: (lax, primals, tangents, params) =>
      elementwiseJvp(primitive, spec.jvp ?? [], lax, primals, tangents, params),
    ...(spec.transpose === undefined ? {} : { transpose: spec.transpose }),
    ...(spec.linearIn === undefined ? {} : { linearIn: spec.linearIn }),
    batch: (_lax, size, args, bdims, params) => batchElementwise(primitive, size, args, bdims, params),
    ...lowering(spec),
  });
  return primitive;
}

/** A body of several operations in at least float32: half floats would lose what each of them rounds. */
export function inFloat32(lax: Lax, x: NDArray, body: (lax: Lax, x: NDArray) => NDArray): NDArray {
  if (x.dtype !== "float16" && x.dtype !== "bfloat16") return body(lax, x);
  const out = body(lax, lax.convertElementType(x, "float32"));
  return lax.convertElementType(out, x.dtype, { weakType: x.weakType });
}

function lowering(spec: ElementwiseSpec): Pick<Primitive, "lower"> | Pick<Primitive, "decompose"> {
  const { wire, lower, decompose } = spec;
  if (decompose !== undefined) return { decompose: (lax, args, params) => [decompose(lax, args, params)] };
  return {
    lower: (b, operands, params, avals, outs) => {
      const out = outs[0] as ShapedArray;
      const full = operands.map((v, i) => b.splat(v, (avals[i] as ShapedArray).with({ shape: out.shape })));
      if (lower !== undefined) return [lower(b, full, params, avals, out)];
      return b.emit(wire as UnaryOp, full, {}, [out]);
    },
  };
}

function checkDTypes(name: string, avals: readonly ShapedArray[], spec: ElementwiseSpec): void {
  for (const a of avals)
    if (!spec.accepts.includes(DTYPES[a.dtype].kind) || a.dtype === "number")
      throw fail("E_DTYPE", `lax.${name}: got ${avals.join(", ")}, expected ${spec.accepts.join(" or ")}`);
  if (spec.mixed === true) return;
  const first = avals[0] as ShapedArray;
  for (const a of avals)
    if (a.dtype !== first.dtype)
      throw fail("E_DTYPE_MISMATCH", `lax.${name}: dtypes differ: ${avals.join(", ")}`);
}

function elementwiseJvp(
  primitive: Primitive,
  partials: readonly Partial1[],
  lax: Lax,
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: Params,
): JvpResult {
  const out = bind1(primitive, primals, params);
  let sum: Tangent = null;
  tangents.forEach((t, i) => {
    const rule = partials[i] ?? null;
    if (t === null || rule === null) return;
    const [x, y, z] = primals as [NDArray, NDArray, NDArray];
    const term = rule(lax, t, out, x, y, z);
    const full = sameShape(term.aval.shape, out.aval.shape)
      ? term
      : lax.broadcastInDim(term, out.aval.shape, []);
    sum = sum === null ? full : lax.addAny(sum, full);
  });
  return { outs: [out], tangents: [sum] };
}

/** Brings mapped operands to one common axis; unmapped ones of rank > 0 get an axis inserted by broadcasting. */
export function alignBatch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
): { args: NDArray[]; bdim: number } {
  const lead = bdims.findIndex((d, i) => d !== null && (args[i] as NDArray).aval.shape.length > 1);
  const bdim = lead < 0 ? 0 : (bdims[lead] as number);
  const rank = Math.max(
    ...args.map((x, i) => x.aval.shape.length + (bdims[i] === null && x.aval.shape.length > 0 ? 1 : 0)),
  );
  return {
    bdim,
    args: args.map((x, i) => {
      const d = bdims[i] ?? null;
      if (d === null) return x.aval.shape.length === 0 ? x : toAxis(size, x, null, bdim);
      if (x.aval.shape.length === 1 && rank > 1) return spreadScalar(x, args, bdims, size, bdim);
      return toAxis(size, x, d, bdim);
    }),
  };
}

/** A mapped rank-0 operand beside others of higher rank: broadcast over their shape. */
function spreadScalar(
  x: NDArray,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  size: number,
  bdim: number,
): NDArray {
  const k = args.findIndex((a, i) => a.aval.shape.length - (bdims[i] === null ? 0 : 1) > 0);
  const other = args[k] as NDArray;
  const rest = other.aval.shape.filter((_, i) => i !== bdims[k]);
  const shape = [...rest.slice(0, bdim), size, ...rest.slice(bdim)];
  return laxOf().broadcastInDim(x, shape, [bdim]);
}

function batchElementwise(
  primitive: Primitive,
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
): BatchResult {
  const { args: aligned, bdim } = alignBatch(size, args, bdims);
  const outs = bind(primitive, aligned, params);
  return { outs, bdims: outs.map(() => bdim) };
}

/** Jvp of a primitive linear in all its operands together (unary moves, reductions): itself on the tangents. */
export function linearJvp(primitive: () => Primitive): NonNullable<Primitive["jvp"]> {
  return (_lax, primals, tangents, params) => {
    const outs = bind(primitive(), primals, params);
    const t = tangents[0] ?? null;
    return {
      outs,
      tangents: t === null ? outs.map(() => null) : bind(primitive(), [t], params),
    };
  };
}

/** Transpose of an operand: adds `rule(ct)` to the accumulator of operand 0. */
export function transposeUnary(
  rule: (lax: Lax, ct: NDArray, aval: ShapedArray, params: Params) => NDArray,
): NonNullable<Primitive["transpose"]> {
  return (lax, cts, _args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct !== null) accums[0]?.add(rule(lax, ct, avals[0] as ShapedArray, params));
  };
}

/** A cotangent summed to the shape of an operand that was broadcast from rank 0. */
export function unbroadcast(lax: Lax, ct: NDArray, accum: Accum): NDArray {
  const want = ctAval(accum.aval);
  if (sameShape(ct.aval.shape, want.shape)) return ct;
  return lax.reduceSum(
    ct,
    ct.aval.shape.map((_, i) => i),
  );
}

/** Rule of a primitive without a derivative (integer or boolean results): the tangents are zero. */
export const zeroJvp =
  (primitive: () => Primitive): NonNullable<Primitive["jvp"]> =>
  (_lax, primals, _tangents, params) => {
    const outs = bind(primitive(), primals, params);
    return { outs, tangents: outs.map(() => null) };
  };

const laxOf = (): Lax => context().lax;

/** bool of the joined shape. */
export const toBool = (joined: ShapedArray): ShapedArray => joined.with({ dtype: "bool", weak: false });
