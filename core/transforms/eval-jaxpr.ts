// Runs a jaxpr, equation by equation, under the current trace.
import { context, withContext } from "../ir/context.ts";
import type { Atom, Jaxpr, JaxprEqn, Var } from "../ir/jaxpr.ts";
import { isVar } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { bind } from "../ir/trace.ts";

/** Reads an atom from an environment. */
export function readAtom(env: ReadonlyMap<Var, NDArray>, atom: Atom): NDArray {
  if (!isVar(atom)) return atom;
  const value = env.get(atom);
  if (value === undefined) throw new Error(`internal: variable ${atom.id}:${atom.aval} is not bound`);
  return value;
}

/** Applies one equation to values. */
export function applyEqn(eqn: JaxprEqn, args: readonly NDArray[]): readonly NDArray[] {
  if (eqn.scope !== undefined) {
    const { scope, ...inside } = eqn;
    return withContext({ nameStack: [...context().nameStack, scope] }, () => applyEqn(inside, args));
  }
  return eqn.primitive.rebind === undefined
    ? bind(eqn.primitive, args, eqn.params)
    : eqn.primitive.rebind(args, eqn.params);
}

/** Values of `jaxpr`'s outputs for these inputs. */
export function evalJaxpr(jaxpr: Jaxpr, args: readonly NDArray[]): readonly NDArray[] {
  const env = new Map<Var, NDArray>();
  jaxpr.inVars.forEach((v, i) => env.set(v, args[i] as NDArray));
  for (const eqn of jaxpr.eqns) {
    const outs = applyEqn(
      eqn,
      eqn.inputs.map((a) => readAtom(env, a)),
    );
    eqn.outVars.forEach((v, i) => env.set(v, outs[i] as NDArray));
  }
  return jaxpr.outs.map((a) => readAtom(env, a));
}
