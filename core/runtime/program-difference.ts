// In which component two Programs of one name differ, in words: for the explanation of cache misses.
import { mainOf, type Op, type Program, type Type } from "tenon-plugin-api";

const shown = (type: Type | undefined): string =>
  type === undefined
    ? "nothing"
    : type.dtype === "token"
      ? "token"
      : `${type.dtype}[${(type as { shape: readonly unknown[] }).shape.join(",")}]`;

/** The first difference of two programs' structure. */
export function programDifference(before: Program, now: Program): string {
  const [a, b] = [mainOf(before), mainOf(now)];
  if (a.params.length !== b.params.length) return `parameters: ${a.params.length} → ${b.params.length}`;
  for (const [i, p] of b.params.entries()) {
    const [old, type] = [shown(a.params[i]?.type), shown(p.type)];
    if (old !== type) return `parameter ${i}: ${old} → ${type}`;
    if ((a.params[i]?.donate === undefined) !== (p.donate === undefined))
      return `parameter ${i}: ${p.donate === undefined ? "no longer donated" : "donated now"}`;
  }
  if (a.ops.length !== b.ops.length) return `ops: ${a.ops.length} → ${b.ops.length}`;
  for (const [i, op] of b.ops.entries()) {
    const old = a.ops[i] as Op;
    if (old.op !== op.op) return `op ${i}: ${old.op} → ${op.op}`;
    if (JSON.stringify(old.attrs) !== JSON.stringify(op.attrs))
      return `attributes of op ${i}, ${op.op}: ${JSON.stringify(old.attrs)} → ${JSON.stringify(op.attrs)}`;
    if (JSON.stringify(old) !== JSON.stringify(op))
      return `op ${i}, ${op.op}: its operands, types or regions`;
  }
  return "constants, results or functions";
}
