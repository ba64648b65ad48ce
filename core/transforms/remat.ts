// Rematerialisation: after a jaxpr has been split, the residuals that a policy refuses are computed again on the unknown
// side, by copies of the equations that made them, down to what the policy saves or to inputs. A pass from data to data.
import { isVisible, mayDuplicate } from "../ir/effects.ts";
import { isVar, makeJaxprOf, Var, type Atom, type Jaxpr, type JaxprEqn } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { CutEqn, CutJaxpr, CutParts, Saves } from "../ir/primitive.ts";
import { dce } from "./dce.ts";
import { bits, cached, splitJaxpr } from "./jaxprs.ts";

type Mask = readonly boolean[];
/** Saves every residual, as without checkpoint. */
export const saveAll: Saves = { key: "all", of: () => true };
/** Saves none. */
export const saveNone: Saves = { key: "none", of: () => false };
/** Saves what either saves. */
export function saveEither(a: Saves, b: Saves): Saves {
  if (a === saveAll || b === saveNone || a.key === b.key) return a;
  if (b === saveAll || a === saveNone) return b;
  return { key: `${a.key}|${b.key}`, of: (eqn) => a.of(eqn) || b.of(eqn) };
}

// --- calls written out -------------------------------------------------------------------------------------------------

const written = new WeakMap<Jaxpr, Jaxpr>();
/** `jaxpr` with the bodies of its calls in their places. */
export function writeOut(jaxpr: Jaxpr): Jaxpr {
  if (!jaxpr.eqns.some((e) => e.primitive.body !== undefined)) return jaxpr;
  const known = written.get(jaxpr);
  if (known !== undefined) return known;
  const env = new Map<Var, Atom>();
  const eqns: JaxprEqn[] = [];
  append(jaxpr, env, eqns, false);
  const result = makeJaxprOf(
    jaxpr.inVars,
    eqns,
    jaxpr.outs.map((a) => read(env, a)),
  );
  written.set(jaxpr, result);
  return result;
}
const read = (env: ReadonlyMap<Var, Atom>, a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);

/** Appends the equations of a jaxpr. A body may be called twice, so `isBody` gives its variables new names. */
function append(jaxpr: Jaxpr, env: Map<Var, Atom>, eqns: JaxprEqn[], isBody: boolean): void {
  for (const eqn of jaxpr.eqns) {
    const inputs = eqn.inputs.map((a) => read(env, a));
    const { body } = eqn.primitive;
    if (body === undefined) {
      const outVars = eqn.outVars.map((v) => (isBody ? new Var(v.aval) : v));
      eqn.outVars.forEach((v, i) => env.set(v, outVars[i] as Var));
      eqns.push({ ...eqn, inputs, outVars });
      continue;
    }
    const inner = body(eqn.params);
    const local = new Map<Var, Atom>();
    inner.inVars.forEach((v, i) => local.set(v, inputs[i] as Atom));
    append(inner, local, eqns, true);
    eqn.outVars.forEach((v, i) => env.set(v, read(local, inner.outs[i] as Atom)));
  }
}

// --- the pass ------------------------------------------------------------------------------------------------------------

/** Does it show what runs, so that a second run shows it again? */
const isRepeated = (eqn: JaxprEqn, saves: Saves): boolean =>
  isVisible(eqn.effects) &&
  eqn.effects.every(mayDuplicate) &&
  eqn.primitive.remat === undefined &&
  !saves.of(eqn);

function cutEqn(eqn: JaxprEqn, wanted: Mask, saves: Saves, cut: CutJaxpr): CutEqn {
  const { remat } = eqn.primitive;
  const saved = eqn.outVars.filter((_, i) => wanted[i]);
  if (!eqn.effects.every(mayDuplicate)) return { known: eqn, saved, again: null };
  // Within loops and branches the policy is asked about their equations.
  if (remat !== undefined && saves !== saveAll) return remat(eqn, wanted, cut);
  return saves.of(eqn) ? { known: eqn, saved, again: null } : { known: eqn, saved: [], again: eqn };
}

/** Cuts a jaxpr, so that the wanted outputs are computed again from what `saves` says. Calls in it are written out. */
export function cutJaxpr(whole: Jaxpr, wanted: Mask, saves: Saves): CutParts {
  const jaxpr = writeOut(whole);
  const outs = jaxpr.outs.filter((_, i) => wanted[i]);
  const needed = new Set<Atom>(outs);
  const saved = new Set<Var>();
  const known = [...jaxpr.eqns];
  const again: JaxprEqn[] = [];
  const cut: CutJaxpr = (inner, some) => cutJaxpr(inner, some, saves);
  for (let i = known.length - 1; i >= 0; i--) {
    const eqn = known[i] as JaxprEqn;
    const want = eqn.outVars.map((v) => needed.has(v));
    if (!want.includes(true) && !isRepeated(eqn, saves)) continue;
    const parts = cutEqn(eqn, want, saves, cut);
    known[i] = parts.known;
    for (const v of parts.saved) saved.add(v);
    if (parts.again === null) continue;
    again.push(parts.again);
    for (const a of parts.again.inputs) if (isVar(a)) needed.add(a);
  }
  return {
    known: makeJaxprOf(jaxpr.inVars, known, [...jaxpr.outs, ...saved]),
    unknown: makeJaxprOf([...saved, ...jaxpr.inVars], again.reverse(), outs),
    numResiduals: saved.size,
  };
}

// --- split and remat together ------------------------------------------------------------------------------------------

/** A jaxpr in two, by a policy. */
export interface RematSplit {
  /** (consts, known inputs) → (known outs, further saved values) */
  readonly known: Jaxpr;
  readonly consts: readonly NDArray[];
  /** (residuals, unknown inputs) → unknown outs */
  readonly unknown: Jaxpr;
  readonly outUnknown: Mask;
  /** Where each residual comes from: an input of `known`, or an output. */
  readonly residuals: readonly { readonly isInput: boolean; readonly index: number }[];
}

/** Partial evaluation that keeps the residuals that `saves` allows, inputs of the jaxpr among them. */
export function rematSplit(jaxpr: Jaxpr, unknownIn: Mask, linear: boolean, saves: Saves): RematSplit {
  return cached(jaxpr, `remat:${bits(unknownIn)}:${linear ? "linear" : ""}:${saves.key}`, () => {
    const s = splitJaxpr(
      jaxpr,
      unknownIn,
      jaxpr.outs.map(() => false),
      { linear, saves },
    );
    const numKnown = s.known.outs.length - s.numResiduals;
    const parts = cutJaxpr(
      s.known,
      s.known.outs.map((_, i) => i >= numKnown),
      saves,
    );
    return {
      consts: s.consts,
      outUnknown: s.outUnknown,
      ...joined(parts, numKnown, s.unknown, s.numResiduals),
    };
  });
}

/** The recomputation in front of what needs it, and the saved values that aren't outputs anyway. */
function joined(
  parts: CutParts,
  numKnown: number,
  unknown: Jaxpr,
  numReplaced: number,
): Pick<RematSplit, "known" | "unknown" | "residuals"> {
  const env = new Map<Var, Atom>();
  unknown.inVars.slice(0, numReplaced).forEach((v, i) => env.set(v, parts.unknown.outs[i] as Atom));
  const eqns = [
    ...parts.unknown.eqns,
    ...unknown.eqns.map((e) => ({ ...e, inputs: e.inputs.map((a) => read(env, a)) })),
  ];
  const outs = unknown.outs.map((a) => read(env, a));
  const used = new Set<Atom>([...eqns.flatMap((e) => e.inputs), ...outs]);
  const { inVars } = parts.known;
  const knownOuts = parts.known.outs.slice(0, numKnown);
  const saved = parts.unknown.inVars.slice(0, parts.numResiduals).filter((v) => used.has(v));
  const further = saved.filter((v) => !knownOuts.includes(v));
  const kept = inVars.filter((v) => used.has(v));
  const outputs = [...knownOuts, ...further];
  return {
    known: dce(makeJaxprOf(inVars, parts.known.eqns, outputs), { deep: true }).jaxpr,
    unknown: makeJaxprOf([...kept, ...saved, ...unknown.inVars.slice(numReplaced)], eqns, outs),
    residuals: [
      ...kept.map((v) => ({ isInput: true, index: inVars.indexOf(v) })),
      ...saved.map((v) => ({ isInput: false, index: outputs.indexOf(v) })),
    ],
  };
}
