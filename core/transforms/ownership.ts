// Who frees what eager derivative rules make, so that a long eager loop doesn't wait for the garbage collector.
// Arrays made inside a rule and neither returned nor kept as a residual are disposed when the rule returns.
import { context, withContext } from "../ir/context.ts";
import { CONCRETE, type NDArray } from "../ir/ndarray.ts";
import type { JvpResult } from "../ir/primitive.ts";
import type { Trace } from "../ir/trace.ts";
import type { TapeTrace } from "./tape.ts";

type Owned = NDArray & { dispose(): void };
/**
 * Arrays that rules made and the tape retains: `grad` frees them after the backward pass. Weakly, so that those of
 * branches that nothing reads go while the trace is open.
 */
const residualsOf = new WeakMap<TapeTrace, WeakRef<Owned>[]>();

/** Runs a jvp rule of linearize over an eager parent and disposes what it leaves behind. */
export function trackRule(parent: Trace, tape: TapeTrace | null, rule: () => JvpResult): JvpResult {
  if (tape === null || parent.kind !== "eval") return rule();
  const made = new Set<{ dispose(): void }>();
  const result = withContext({ scope: made }, rule);
  const outs = new Set<unknown>(result.outs);
  const outer = context().scope;
  for (const x of made as Set<Owned>) {
    if (outs.has(x)) outer?.add(x);
    else if (!tape.retained.has(x)) x.dispose();
    else residuals(tape).push(new WeakRef(x));
  }
  return result;
}

function residuals(tape: TapeTrace): WeakRef<Owned>[] {
  let list = residualsOf.get(tape);
  if (list === undefined) residualsOf.set(tape, (list = []));
  return list;
}

/** Frees what the rules of a finished derivative kept; `keep` are values that the caller returns. */
export function releaseResiduals(tape: TapeTrace, keep: readonly NDArray[]): void {
  const list = residualsOf.get(tape);
  if (list === undefined) return;
  for (const x of new Set(list.map((ref) => ref.deref())))
    if (x !== undefined && !keep.includes(x)) x.dispose();
  list.length = 0;
}

/**
 * Runs one step of an eager backward pass. What the step makes is owned by the pass; `isLive` says what is still
 * needed after it.
 */
export class BackwardScope {
  private readonly owned = new Set<Owned>();
  private readonly active: boolean;
  constructor() {
    this.active = context().trace.kind === "eval";
  }
  run<R>(step: () => R): R {
    if (!this.active) return step();
    return withContext({ scope: this.owned }, step);
  }
  /** As `run`, for a rule that hands on what it makes: what nobody holds afterwards is disposed at once. */
  step(rule: () => void, isHeld: (x: NDArray) => boolean): void {
    if (!this.active) {
      rule();
      return;
    }
    const made = new Set<Owned>();
    withContext({ scope: made }, rule);
    for (const x of made) {
      if (isHeld(x)) this.owned.add(x);
      else x.dispose();
    }
  }
  /** Disposes `x` if the pass made it. */
  release(x: NDArray): void {
    if (this.active && x.kind === CONCRETE && this.owned.delete(x)) (x as Owned).dispose();
  }
  /** Leaves `x` to somebody else: the pass doesn't dispose it. */
  give(x: NDArray): void {
    this.owned.delete(x);
  }
  /** Disposes everything the pass made but `keep`, which goes to the enclosing scope. */
  finish(keep: readonly (NDArray | null)[]): void {
    if (!this.active) return;
    const kept = new Set<unknown>(keep);
    const outer = context().scope;
    for (const x of this.owned) {
      if (kept.has(x)) outer?.add(x);
      else x.dispose();
    }
    this.owned.clear();
  }
}
