// checkpoint as a primitive: a closed jaxpr whose residuals are computed again where its derivative is used, but for those
// that a policy saves. Elsewhere it is its body.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { withTrace } from "../ir/context.ts";
import { makeJaxprOf, NO_EFFECTS, Var, type Jaxpr, type JaxprEqn } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  identityOf,
  type Params,
  type Primitive,
  type Saves,
  type TapeLike,
  type Tangent,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { batchJaxpr, jvpJaxpr, transposeJaxpr } from "../transforms/jaxprs.ts";
import { rematSplit, saveAll, saveEither, saveNone } from "../transforms/remat.ts";
import { instantiateCt } from "../transforms/zeros.ts";
import { optimization_barrier_p } from "./identity.ts";
import { describe } from "./operand.ts";
import { all, none, outAvals, spread, usesAxisIn } from "./jit.ts";

/** What a policy may say of a value: keep it, keep it in another memory, or compute it again. */
export type Verdict = boolean | "save" | "recompute" | { readonly offload: string };
/**
 * Asked about each application of a primitive inside checkpoint whose results a derivative needs: are they saved?
 * `prim` has a name and traits; `params` are its parameters.
 */
export type CheckpointPolicy = (
  prim: Pick<Primitive, "name" | "traits">,
  inAvals: readonly ShapedArray[],
  params: Params,
) => Verdict;
/** Saves everything, as if checkpoint weren't there. */
export const everythingSaveable: CheckpointPolicy = () => true;

/** How checkpoint recomputes. */
export interface CheckpointSettings {
  /** One per operand: it is read through a barrier where the body is computed again. */
  readonly preventCse: readonly boolean[];
  /** It computes again what another run has computed. */
  readonly differentiated: boolean;
  /** null saves nothing. */
  readonly policy: CheckpointPolicy | null;
}
/** Params of checkpoint. */
export interface CheckpointParams extends Params, CheckpointSettings {
  readonly jaxpr: Jaxpr;
}
const paramsOf = (params: Params): CheckpointParams => params as CheckpointParams;

function savesOf(policy: CheckpointPolicy | null): Saves {
  if (policy === null) return saveNone;
  if (policy === everythingSaveable) return saveAll;
  const of = (eqn: JaxprEqn): boolean => {
    const verdict: unknown = policy(
      eqn.primitive,
      eqn.inputs.map((a) => a.aval),
      eqn.params,
    );
    if (typeof verdict === "boolean") return verdict;
    if (verdict === "save" || verdict === "recompute") return verdict === "save";
    // No device of today has a second memory: what would be offloaded stays where it is.
    if (typeof (verdict as { offload?: unknown } | null | undefined)?.offload === "string") return true;
    throw fail(
      "E_RULE_OUTPUT",
      `checkpoint: the policy said ${describe(verdict)} of ${eqn.primitive.name}, expected true, false, "save", "recompute" or { offload }`,
    );
  };
  return { key: String(identityOf(policy)), of };
}

/** Binds checkpoint on a jaxpr whose leading inputs are `consts`. */
export function bindCheckpoint(
  jaxpr: Jaxpr,
  consts: readonly NDArray[],
  args: readonly NDArray[],
  settings: CheckpointSettings,
): readonly NDArray[] {
  const { preventCse } = settings;
  const params = { ...settings, jaxpr, preventCse: [...all(consts.length), ...preventCse] };
  return bind(checkpoint_p, [...consts, ...args], params);
}

const guarded = new WeakMap<Jaxpr, Map<string, Jaxpr>>();
/** The body, behind a barrier where it runs for the second time: else a compiler would find the first. */
function bodyOf(params: Params): Jaxpr {
  const { jaxpr, preventCse, differentiated } = paramsOf(params);
  if (!differentiated || !preventCse.includes(true)) return jaxpr;
  let known = guarded.get(jaxpr);
  if (known === undefined) guarded.set(jaxpr, (known = new Map()));
  const key = preventCse.join();
  let body = known.get(key);
  if (body === undefined) {
    const inVars = jaxpr.inVars.map((v, i) => (preventCse[i] ? new Var(v.aval) : v));
    const barrier: JaxprEqn = {
      primitive: optimization_barrier_p,
      inputs: inVars.filter((_, i) => preventCse[i]),
      outVars: jaxpr.inVars.filter((_, i) => preventCse[i]),
      params: {},
      effects: NO_EFFECTS,
    };
    known.set(key, (body = makeJaxprOf(inVars, [barrier, ...jaxpr.eqns], jaxpr.outs)));
  }
  return body;
}

function partialEval(
  tape: TapeLike,
  args: readonly NDArray[],
  unknown: readonly boolean[],
  params: Params,
): readonly NDArray[] {
  const p = paramsOf(params);
  // Out of a loop goes nothing of what is to be computed again.
  if (tape.hoists) return tape.record(checkpoint_p, args, params);
  // Inside of another checkpoint its policy decides what outlives the forward run, this one what the second run keeps.
  const saves = saveEither(tape.saves ?? saveNone, savesOf(p.policy));
  const s = rematSplit(p.jaxpr, unknown, tape.linear, saves);
  const isKnown = unknown.map((u) => !u);
  const known = [...s.consts, ...args.filter((_, i) => isKnown[i])];
  const flags = [...all(s.consts.length), ...p.preventCse.filter((_, i) => isKnown[i])];
  const isEmpty = s.known.outs.length === 0 && s.known.effects.length === 0;
  const outs = isEmpty
    ? []
    : withTrace(tape.parent as NonNullable<typeof tape.parent>, () =>
        bind(checkpoint_p, known, { ...p, jaxpr: s.known, preventCse: flags }),
      );
  const residuals = s.residuals.map((r) => (r.isInput ? known : outs)[r.index] as NDArray);
  const recorded = tape.record(checkpoint_p, [...residuals, ...args.filter((_, i) => unknown[i])], {
    ...p,
    jaxpr: s.unknown,
    differentiated: true,
    preventCse: [
      ...s.residuals.map((r) => !r.isInput || (flags[r.index] as boolean)),
      ...p.preventCse.filter((_, i) => unknown[i]),
    ],
  });
  let k = 0;
  let u = 0;
  return s.outUnknown.map((isUnknown) => (isUnknown ? recorded[u++] : outs[k++]) as NDArray);
}

function jvp(
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: Params,
): { outs: readonly NDArray[]; tangents: Tangent[] } {
  const p = paramsOf(params);
  const n = p.jaxpr.outs.length;
  const r = jvpJaxpr(
    p.jaxpr,
    tangents.map((t) => t !== null),
    none(n),
  );
  const nz = tangents.filter((t) => t !== null);
  const outs = bindCheckpoint(r.jaxpr, r.consts, [...primals, ...nz], {
    ...p,
    preventCse: [...p.preventCse, ...all(nz.length)],
  });
  return { outs: outs.slice(0, n), tangents: spread(r.outNonzero, outs.slice(n)) };
}

/**
 * A function whose derivative computes again what its policy doesn't save. Derivative: of the body. Transpose: the
 * recomputation, then the body's transpose, behind one barrier. Source: jax.checkpoint (`remat_p`).
 */
export const checkpoint_p: Primitive = definePrimitive({
  name: "checkpoint",
  traits: { higherOrder: true },
  shape: (_avals, params) => outAvals(paramsOf(params).jaxpr),
  effects: (params) => paramsOf(params).jaxpr.effects,
  body: bodyOf,
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  partialEval,
  linearIn: () => true,
  transpose: (_lax, cts, args, accums, params) => {
    const p = paramsOf(params);
    const linear = accums.map((a) => a !== null);
    const t = transposeJaxpr(p.jaxpr, linear);
    const full = cts.map((ct, i) => instantiateCt(ct, (p.jaxpr.outs[i] as { aval: ShapedArray }).aval));
    const known = args.filter((x): x is NDArray => x !== null);
    const outs = bindCheckpoint(t.jaxpr, t.consts, [...known, ...full], {
      ...p,
      preventCse: [...p.preventCse.filter((_, i) => !linear[i]), ...all(full.length)],
    });
    let k = 0;
    for (const accum of accums) if (accum !== null) accum.add(outs[k++] as NDArray);
  },
  batch: (_lax, size, args, bdims, params, axisName) => {
    const p = paramsOf(params);
    const batched = bdims.map((d) => d !== null);
    const r = batchJaxpr(p.jaxpr, size, batched, none(p.jaxpr.outs.length), axisName);
    const moved = args.map((x, i) => (batched[i] ? toAxis(size, x, bdims[i] ?? null, 0) : x));
    const outs = bindCheckpoint(r.jaxpr, r.consts, moved, p);
    return { outs, bdims: r.outBatched.map((b) => (b ? 0 : null)) };
  },
  usesAxis: (axisName, params) => usesAxisIn(paramsOf(params).jaxpr, axisName),
  lower: (b, operands, params) => b.inline(bodyOf(params), operands),
});
