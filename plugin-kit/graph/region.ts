// Closed regions as functions of scalars, matched to a monoid where they are one.
import {
  DTYPES,
  unimplemented,
  type Block,
  type DType,
  type Op,
  type ValueId as WireId,
} from "tenon-plugin-api";
import { Body } from "../loops/body.ts";
import type { Combine, KValue, Monoid, Region, ValueId } from "../loops/loop-ir.ts";
import { computeOf, emitScalarOp, isScalarOp, settle } from "../loops/scalar-ops.ts";
import { decodeScalar } from "./constants.ts";

/** What a region is compiled with. */
export interface RegionSite {
  readonly op: string;
  readonly plugin: string;
  readonly attachments: readonly Uint8Array[];
}

/** Ops of a closed region emitted on scalars; `args[i]` is the value of its parameter i. */
function emitBlock(b: Body, block: Block, args: readonly ValueId[], site: RegionSite): ValueId[] {
  const env = new Map<WireId, { id: ValueId; dtype: DType }>();
  block.params.forEach((p, i) => env.set(p.id, { id: args[i] as ValueId, dtype: p.type.dtype as DType }));
  for (const op of block.ops) {
    const operands = op.operands.map((id) => env.get(id) as { id: ValueId; dtype: DType });
    const [result] = op.results;
    if (result === undefined || result.type.dtype === "token")
      throw unimplemented(op.op, undefined, site.plugin);
    const id = emitOp(b, op, operands, result.type.dtype, site);
    env.set(result.id, { id, dtype: result.type.dtype });
  }
  return block.results.map((id) => (env.get(id) as { id: ValueId }).id);
}
function emitOp(
  b: Body,
  op: Op,
  operands: readonly { id: ValueId; dtype: DType }[],
  to: DType,
  site: RegionSite,
): ValueId {
  if (op.op === "constant") {
    const data = site.attachments[op.attrs.value.bytes] as Uint8Array;
    return b.constant(computeOf(to, op.op, site.plugin), decodeScalar(to, data));
  }
  const ids = operands.map((o) => o.id);
  if (isScalarOp(op.op))
    return emitScalarOp(b, ids, {
      op: op.op,
      from: operands[0]?.dtype ?? to,
      to,
      attrs: op.attrs,
      plugin: site.plugin,
    });
  // Rank-0 arrays have nothing to move.
  if (
    op.op === "reshape" ||
    op.op === "broadcast_in_dim" ||
    op.op === "transpose" ||
    op.op === "optimization_barrier"
  )
    return ids[0] as ValueId;
  throw unimplemented(`${op.op} inside ${site.op}`, to, site.plugin);
}

/** A region whose parameter i is argument `order(i)`. */
export function regionOf(
  block: Block,
  site: RegionSite,
  order: (param: number) => number = (i) => i,
): Region {
  const b = new Body();
  const args = block.params.map((p, i) =>
    b.arg(computeOf(p.type.dtype as DType, site.op, site.plugin), order(i)),
  );
  const results = emitBlock(b, block, args, site);
  return { body: b.values, results };
}

const MONOIDS: ReadonlySet<string> = new Set<Monoid>(["add", "mul", "min", "max", "and", "or", "xor"]);
/** The monoid that a region of one operand is, settling of its dtype aside; "replace" gives the right operand. */
function monoidOf(region: Region, dtype: DType): Monoid | "replace" | null {
  const at = (id: ValueId): KValue => region.body[id] as KValue;
  let id = region.results[0] as ValueId;
  const right = at(id);
  if (right.op === "arg") return right.index === 1 ? "replace" : null;
  const probe = new Body();
  const settles = settle(probe, dtype, probe.arg(right.dtype, 0)) !== 0;
  if (settles && "args" in right && right.args.length === 1 && isSettle(right.op))
    id = right.args[0] as ValueId;
  const v = at(id);
  if (!("args" in v) || !MONOIDS.has(v.op)) return null;
  const sides = v.args.map((a) => at(a));
  const indices = sides.map((s) => (s.op === "arg" ? s.index : -1)).sort();
  return indices[0] === 0 && indices[1] === 1 ? (v.op as Monoid) : null;
}
const isSettle = (op: string): boolean => op.startsWith("extend") || op.startsWith("round_");

/** How a reducer combines n operands of these dtypes. */
export function combineOf(block: Block, dtypes: readonly DType[], site: RegionSite): Combine | "replace" {
  const region = regionOf(block, site);
  if (dtypes.length > 1) return { region };
  const monoid = monoidOf(region, dtypes[0] as DType);
  if (monoid === "replace") return "replace";
  return monoid === null ? { region } : { monoid };
}

/** Is a monoid's result always of its dtype, without settling? */
export const isClosed = (dtype: DType): boolean =>
  DTYPES[dtype].kind !== "f" || dtype === "f32" || dtype === "f64";

/**
 * The region folding n operands that ignores entries whose flag is false: operand n is a bool, true for elements that
 * exist. For windows that reach over an edge.
 */
export function flagged(combine: Combine, dtypes: readonly DType[], plugin: string): Region {
  const n = dtypes.length;
  const b = new Body();
  const types = dtypes.map((d) => computeOf(d, "reduce_window", plugin));
  const left = types.map((t, i) => b.arg(t, i));
  const leftFlag = b.arg("bool", n);
  const right = types.map((t, i) => b.arg(t, n + 1 + i));
  const exists = b.arg("bool", 2 * n + 1);
  const combined =
    "region" in combine
      ? splice(b, combine.region, [...left, ...right])
      : [settle(b, dtypes[0] as DType, b.op(combine.monoid, types[0] as KValue["dtype"], left[0] as ValueId, right[0] as ValueId))]; // prettier-ignore
  const results = combined.map((v, i) =>
    b.op("select", types[i] as KValue["dtype"], exists, v, left[i] as ValueId),
  );
  return { body: b.values, results: [...results, leftFlag] };
}

/** The region that keeps of two (value, place) the one that `select` prefers; place −1 is none, which any beats. */
export function selector(select: Block, site: RegionSite): Region {
  const b = new Body();
  const dtype = computeOf(select.params[0]?.type.dtype as DType, site.op, site.plugin);
  const [v, i, w, j] = [b.arg(dtype, 0), b.arg("i32", 1), b.arg(dtype, 2), b.arg("i32", 3)];
  const [chosen] = emitBlock(b, select, [v, w], site) as [ValueId];
  const zero = b.constant("i32", 0);
  const held = b.op("and", "bool", b.op("ge", "bool", i, zero), chosen);
  const first = b.op("or", "bool", held, b.op("lt", "bool", j, zero));
  const results = [b.op("select", dtype, first, v, w), b.op("select", "i32", first, i, j)];
  return { body: b.values, results };
}

/** A region's values inside another body. */
export function splice(b: Body, region: Region, args: readonly ValueId[]): ValueId[] {
  const ids: ValueId[] = [];
  for (const v of region.body) {
    if (v.op === "const") ids.push(b.constant(v.dtype, v.value));
    else if (v.op === "arg") ids.push(args[v.index] as ValueId);
    else if (v.op === "load" || v.op === "index" || v.op === "stage")
      throw new Error(`internal: a region holds a ${v.op}`);
    else ids.push(b.op(v.op, v.dtype, ...v.args.map((a) => ids[a] as ValueId)));
  }
  return region.results.map((id) => ids[id] as ValueId);
}
