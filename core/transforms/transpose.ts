// Transposition of linear jaxprs: the backward pass. Runs under the caller's trace, so that it differentiates,
// batches and stages again.
import { fail } from "../errors.ts";
import { ctAval, sameType, tangentAval, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { isVar, type Atom, type Jaxpr, type JaxprEqn, type Var } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Accum, Tangent } from "../ir/primitive.ts";
import { applyEqn, readAtom } from "./eval-jaxpr.ts";
import { BackwardScope } from "./ownership.ts";
import { zerosOf } from "./zeros.ts";

/** The sum of the cotangents of one variable; counts holders, so that eager sums can be freed when they're spent. */
class CtSum implements Accum {
  readonly aval: ShapedArray;
  private readonly pass: Pass;
  value: Tangent;
  constructor(aval: ShapedArray, value: Tangent, pass: Pass) {
    this.aval = aval;
    this.value = value;
    this.pass = pass;
    if (value !== null) pass.hold(value);
  }
  get isEmpty(): boolean {
    return this.value === null;
  }
  add(ct: NDArray): void {
    this.set(this.value === null ? ct : context().lax.addAny(this.value, ct));
  }
  update(f: (sum: NDArray) => NDArray): void {
    this.set(f(this.value ?? zerosOf(ctAval(this.aval))));
  }
  private set(next: NDArray): void {
    const old = this.value;
    this.pass.hold(next);
    this.value = next;
    if (old !== null) this.pass.drop(old);
  }
}

/** Reference counts of the cotangents of one backward pass. */
class Pass {
  readonly scope = new BackwardScope();
  private readonly holders = new Map<NDArray, number>();
  hold(x: NDArray): void {
    this.holders.set(x, (this.holders.get(x) ?? 0) + 1);
  }
  /** Runs a transposition rule: what it made and no sum holds goes at once. */
  step(rule: () => void): void {
    this.scope.step(rule, (x) => this.holders.has(x));
  }
  /** Leaves values to whom they are handed: they aren't freed. */
  give(xs: readonly Tangent[]): void {
    for (const x of xs) if (x !== null) this.scope.give(x);
  }
  drop(x: NDArray): void {
    const n = (this.holders.get(x) ?? 1) - 1;
    if (n > 0) {
      this.holders.set(x, n);
      return;
    }
    this.holders.delete(x);
    this.scope.release(x);
  }
}

/**
 * Cotangents of the linear inputs of `jaxpr`.
 * @param linear  which inputs are linear; the others have values in `args`
 * @param cts     one per output, null = zero
 * @param init    values that the sums of linear inputs start with (scan's constants), null = zero
 * @returns one per input: null for non-linear inputs and for zeros
 */
export function backward(
  jaxpr: Jaxpr,
  linear: readonly boolean[],
  args: readonly (NDArray | null)[],
  cts: readonly Tangent[],
  init: readonly Tangent[] = [],
): readonly Tangent[] {
  const pass = new Pass();
  const values = new Map<Var, NDArray>();
  const sums = new Map<Var, CtSum>();
  jaxpr.inVars.forEach((v, i) => {
    if (linear[i]) sums.set(v, new CtSum(v.aval, init[i] ?? null, pass));
    else values.set(v, args[i] as NDArray);
  });
  const linearEqns: JaxprEqn[] = [];
  const isLinear = (atom: Atom): atom is Var => isVar(atom) && sums.has(atom);
  for (const eqn of jaxpr.eqns) {
    if (eqn.inputs.some(isLinear)) {
      linearEqns.push(eqn);
      for (const v of eqn.outVars) sums.set(v, new CtSum(v.aval, null, pass));
    } else {
      const outs = pass.scope.run(() =>
        applyEqn(
          eqn,
          eqn.inputs.map((a) => readAtom(values, a)),
        ),
      );
      eqn.outVars.forEach((v, i) => values.set(v, outs[i] as NDArray));
    }
  }
  jaxpr.outs.forEach((atom, i) => {
    const ct = cts[i] ?? null;
    if (ct !== null && isLinear(atom)) pass.scope.run(() => (sums.get(atom) as CtSum).add(ct));
  });
  for (let eqn = linearEqns.pop(); eqn !== undefined; eqn = linearEqns.pop())
    transposeEqn(eqn, sums, values, pass);
  const result = jaxpr.inVars.map((v) => sums.get(v)?.value ?? null);
  pass.scope.finish(result);
  return result;
}

function transposeEqn(
  eqn: JaxprEqn,
  sums: Map<Var, CtSum>,
  values: ReadonlyMap<Var, NDArray>,
  pass: Pass,
): void {
  const outCts = eqn.outVars.map((v) => sums.get(v)?.value ?? null);
  for (const v of eqn.outVars) sums.delete(v);
  if (outCts.every((ct) => ct === null)) return;
  const rule = eqn.primitive.transpose;
  if (rule === undefined) throw noTranspose(eqn);
  const accums = eqn.inputs.map((a) => (isVar(a) ? (sums.get(a) ?? null) : null));
  const args = eqn.inputs.map((a, i) => (accums[i] === null ? readAtom(values, a) : null));
  if (eqn.primitive.traits.userRule === true) pass.give(outCts);
  pass.step(() => {
    rule(
      context().lax,
      outCts,
      args,
      accums,
      eqn.params,
      eqn.inputs.map((a) => a.aval),
    );
  });
  if (context().config.debug) for (const sum of accums) checkCt(eqn, sum);
  for (const ct of outCts) if (ct !== null) pass.drop(ct);
}

function checkCt(eqn: JaxprEqn, sum: CtSum | null): void {
  if (sum === null || sum.value === null) return;
  const want = ctAval(sum.aval);
  if (!sameType(sum.value.aval, want))
    throw fail(
      "E_INTERNAL",
      `internal: transpose of ${eqn.primitive.name} gave a cotangent ${sum.value.aval}, expected ${want}`,
    );
}

function noTranspose(eqn: JaxprEqn): Error {
  return fail(
    "E_NO_RULE",
    `${eqn.primitive.name} has no transpose rule: it can't be differentiated in reverse mode`,
  );
}

/** Float inputs and outputs have tangents. */
export const hasTangent = (aval: ShapedArray): boolean => tangentAval(aval).dtype !== "float0";
