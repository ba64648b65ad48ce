// A scan in parts, as data: without outputs that nothing uses, and in two for checkpoint.
import type { ShapedArray } from "../ir/aval.ts";
import { isVar, makeJaxprOf, Var, type Atom, type Jaxpr, type JaxprEqn } from "../ir/jaxpr.ts";
import type { CutEqn, CutJaxpr, CutParts, Params } from "../ir/primitive.ts";
import { dce } from "../transforms/dce.ts";
import { cut as pieces, fixpoint } from "./fixpoint.ts";

type Mask = readonly boolean[];
interface Loop extends Params {
  readonly jaxpr: Jaxpr;
  readonly numConsts: number;
  readonly numCarry: number;
  readonly length: number;
}

/** The aval of a value of each step, stacked. */
export const stacked = (aval: ShapedArray, length: number): ShapedArray =>
  aval.with({ shape: [length, ...aval.shape] });

/** Which inputs of a jaxpr anything reads. */
function usedInputs(jaxpr: Jaxpr): boolean[] {
  const used = new Set<Atom>([...jaxpr.eqns.flatMap((e) => e.inputs), ...jaxpr.outs]);
  return jaxpr.inVars.map((v) => used.has(v));
}

/** A scan without the ys and carries that nothing uses. */
export function pruneScan(eqn: JaxprEqn, used: Mask): JaxprEqn {
  const p = eqn.params as Loop;
  const [usedCarry, usedYs] = pieces(used, p.numCarry) as [boolean[], boolean[]];
  const { value: body, mask } = fixpoint(usedCarry, (carry) => {
    const r = dce(p.jaxpr, { usedOuts: [...carry, ...usedYs], deep: true });
    return { value: r, out: r.usedInputs.slice(p.numConsts, p.numConsts + p.numCarry) };
  });
  const kept = body.usedInputs.map((u, i) =>
    i >= p.numConsts && i < p.numConsts + p.numCarry ? (mask[i - p.numConsts] as boolean) : u,
  );
  const outs = [...mask, ...usedYs];
  return {
    ...eqn,
    inputs: eqn.inputs.filter((_, i) => kept[i]),
    outVars: eqn.outVars.filter((_, i) => outs[i]),
    params: {
      ...p,
      jaxpr: makeJaxprOf(
        p.jaxpr.inVars.filter((_, i) => kept[i]),
        body.jaxpr.eqns,
        body.jaxpr.outs,
      ),
      numConsts: kept.slice(0, p.numConsts).filter(Boolean).length,
      numCarry: mask.filter(Boolean).length,
    },
  };
}

/**
 * A scan in two: the first saves values of each step, the second runs the steps again from these. An output that the
 * policy saves where the body makes it is kept as it is.
 */
export function cutScan(eqn: JaxprEqn, wanted: Mask, cut: CutJaxpr): CutEqn {
  const p = eqn.params as Loop;
  const kept = savedOuts(cut(p.jaxpr, wanted), wanted);
  const rest = wanted.map((w, i) => w && !kept[i]);
  const keptVars = eqn.outVars.filter((_, i) => kept[i]);
  if (!rest.includes(true)) return { known: eqn, saved: keptVars, again: null };
  const [restCarry, restYs] = pieces(rest, p.numCarry) as [boolean[], boolean[]];
  const { value: parts, mask } = fixpoint(restCarry, (carry) => {
    const value = cut(p.jaxpr, [...carry, ...restYs]);
    const from = value.numResiduals + p.numConsts;
    return { value, out: usedInputs(value.unknown).slice(from, from + p.numCarry) };
  });
  const inner = parts.unknown.inVars.slice(0, parts.numResiduals);
  // A saved value of each step may be a y already.
  const outs = parts.known.outs.slice(0, p.jaxpr.outs.length);
  const ys = outs.slice(p.numCarry);
  const known = inner.map((v) => eqn.outVars[p.numCarry + ys.indexOf(v)]);
  const isNew = inner.map((v) => !ys.includes(v));
  const saved = inner.map((v, i) => (isNew[i] ? new Var(stacked(v.aval, p.length)) : (known[i] as Var)));
  const further = saved.filter((_, i) => isNew[i]);
  const first = makeJaxprOf(p.jaxpr.inVars, parts.known.eqns, [...outs, ...inner.filter((_, i) => isNew[i])]);
  return {
    known: { ...eqn, outVars: [...eqn.outVars, ...further], params: { ...p, jaxpr: first } },
    saved: [...new Set([...keptVars, ...saved])],
    again: againScan(eqn, parts, [...mask, ...restYs], rest, saved),
  };
}
/** Outputs that a cut saves where they're made. */
function savedOuts(parts: CutParts, wanted: Mask): boolean[] {
  const saved = new Set<Atom>(parts.unknown.inVars.slice(0, parts.numResiduals));
  let k = 0;
  return wanted.map((w) => w && saved.has(parts.unknown.outs[k++] as Atom));
}

/** The second scan. `outs`: outputs of the first that its body computes, `rest` those that are wanted of it. */
function againScan(eqn: JaxprEqn, parts: CutParts, outs: Mask, rest: Mask, saved: readonly Var[]): JaxprEqn {
  const p = eqn.params as Loop;
  const { unknown, numResiduals } = parts;
  const used = usedInputs(unknown).slice(numResiduals);
  const kept = used.map((u, i) => {
    const carried = i - p.numConsts;
    return carried >= 0 && carried < p.numCarry ? (outs[carried] as boolean) : u;
  });
  const own = unknown.inVars.slice(numResiduals).filter((_, i) => kept[i]);
  return {
    ...eqn,
    inputs: [...eqn.inputs.filter((_, i) => kept[i]), ...saved],
    outVars: eqn.outVars.flatMap((v, i) => (outs[i] ? [rest[i] ? v : new Var(v.aval)] : [])),
    params: {
      ...p,
      jaxpr: makeJaxprOf([...own, ...unknown.inVars.slice(0, numResiduals)], unknown.eqns, unknown.outs),
      numConsts: kept.slice(0, p.numConsts).filter(Boolean).length,
      numCarry: outs.slice(0, p.numCarry).filter(Boolean).length,
    },
  };
}

/** A branch's inputs that are read, for conds. */
export const readBy = (jaxprs: readonly Jaxpr[]): boolean[] => {
  const masks = jaxprs.map(usedInputs);
  return (masks[0] ?? []).map((_, i) => masks.some((m) => m[i]));
};
/** Is the atom one of these variables? */
export const isOneOf = (atom: Atom, vars: readonly Var[]): boolean => isVar(atom) && vars.includes(atom);
