// Dead code elimination on jaxprs. Effectful equations stay.
import { mayDrop } from "../ir/effects.ts";
import { isVar, makeJaxprOf, type Atom, type Jaxpr, type JaxprEqn, type Var } from "../ir/jaxpr.ts";

/** A jaxpr without dead equations, and which inputs it still uses. */
export interface DceResult {
  readonly jaxpr: Jaxpr;
  /** Which inputs are still used. */ readonly usedInputs: readonly boolean[];
}

/**
 * Keeps what the wanted outputs (and effects) need. Inputs are removed only where `removable[i]`.
 * @param usedOuts  outputs to keep; default all
 * @param deep      take unused outputs off loops and branches, too
 */
export function dce(
  jaxpr: Jaxpr,
  options: { usedOuts?: readonly boolean[]; removable?: readonly boolean[]; deep?: boolean } = {},
): DceResult {
  const outs =
    options.usedOuts === undefined ? jaxpr.outs : jaxpr.outs.filter((_, i) => options.usedOuts?.[i]);
  const needed = new Set<Atom>(outs);
  const eqns: JaxprEqn[] = [];
  for (let i = jaxpr.eqns.length - 1; i >= 0; i--) {
    let eqn = jaxpr.eqns[i] as JaxprEqn;
    const used = eqn.outVars.map((v) => needed.has(v));
    if (eqn.effects.every(mayDrop) && !used.includes(true)) continue;
    const { prune } = eqn.primitive;
    if (options.deep === true && prune !== undefined && used.includes(false)) eqn = prune(eqn, used);
    eqns.push(eqn);
    for (const atom of eqn.inputs) if (isVar(atom)) needed.add(atom);
  }
  const usedInputs = jaxpr.inVars.map((v) => needed.has(v));
  const inVars: readonly Var[] = jaxpr.inVars.filter(
    (_, i) => usedInputs[i] || !(options.removable?.[i] ?? false),
  );
  return { jaxpr: makeJaxprOf(inVars, eqns.reverse(), outs), usedInputs };
}
