// Program → Program without ops whose results nothing uses.
import { effectOf, type Block, type Func, type Op, type Program, type ValueId } from "tenon-plugin-api";

/** Has an op an effect, or one within its regions? */
export const hasEffect = (op: Op): boolean =>
  effectOf(op) !== "none" || (op.regions ?? []).some((r) => r.ops.some(hasEffect));

/** Live ops of a list, given what is used after it; `used` grows by what they use. */
function liveOps(ops: readonly Op[], used: Set<ValueId>): readonly Op[] {
  const live: Op[] = [];
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i] as Op;
    if (!hasEffect(op) && !op.results.some((r) => used.has(r.id))) continue;
    for (const id of op.operands) used.add(id);
    const regions = op.regions?.map((r) => liveBlock(r, used));
    const same = regions === undefined || regions.every((r, k) => r === op.regions?.[k]);
    live.push(same ? op : { ...op, regions });
  }
  return live.length === ops.length && live.every((op, i) => op === ops[ops.length - 1 - i])
    ? ops
    : live.reverse();
}
/** A region; what it captures is used outside. */
function liveBlock(block: Block, used: Set<ValueId>): Block {
  for (const id of block.results) used.add(id);
  const ops = liveOps(block.ops, used);
  return ops === block.ops ? block : { ...block, ops };
}

/** Drops dead ops of every function. Ids keep their gaps: they stay unique, not dense. */
export function eliminateDeadCode(program: Program): Program {
  const functions = program.functions.map((f): Func => {
    const ops = liveOps(f.ops, new Set(f.results.map((r) => r.value)));
    return ops === f.ops ? f : { ...f, ops };
  });
  return functions.every((f, i) => f === program.functions[i]) ? program : { ...program, functions };
}
