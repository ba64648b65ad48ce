// jit as a primitive: a closed jaxpr called as one unit. Under Eval it is one executable; lowering inlines it.
import type { ShapedArray } from "../ir/aval.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive } from "../ir/primitive.ts";
import { withTrace } from "../ir/context.ts";
import { bind } from "../ir/trace.ts";
import { batchJaxpr, jvpJaxpr, splitJaxpr, transposeJaxpr } from "../transforms/jaxprs.ts";
import { instantiateCt } from "../transforms/zeros.ts";
import { toAxis } from "../transforms/batch.ts";

/** Params of jit. */
export interface JitParams extends Params {
  readonly jaxpr: Jaxpr;
  readonly name: string;
  /** One per input: the caller gives it away. */
  readonly donate: readonly boolean[];
}
const paramsOf = (params: Params): JitParams => params as JitParams;
const masks: (readonly boolean[])[] = [];
/** A mask that is false everywhere; one object per length, since every call of a jitted function has one. */
export const none = (n: number): readonly boolean[] =>
  (masks[n] ??= Object.freeze(Array<boolean>(n).fill(false)));
/** A mask that is true everywhere. */
export const all = (n: number): boolean[] => Array<boolean>(n).fill(true);
/** Avals of the results of a jaxpr. */
export const outAvals = (jaxpr: Jaxpr): readonly ShapedArray[] => jaxpr.outs.map((a) => a.aval);

/** Binds `jit` on a jaxpr whose leading inputs are `consts`. */
export function bindJit(
  jaxpr: Jaxpr,
  consts: readonly NDArray[],
  args: readonly NDArray[],
  name: string,
  donate?: readonly boolean[],
): readonly NDArray[] {
  const params: JitParams = {
    jaxpr,
    name,
    donate: donate === undefined ? none(consts.length + args.length) : [...none(consts.length), ...donate],
  };
  return bind(jit_p, [...consts, ...args], params);
}

/** Spreads values over a mask: taken where true, null elsewhere. */
export function spread<T>(mask: readonly boolean[], values: readonly T[]): (T | null)[] {
  let k = 0;
  return mask.map((m) => (m ? (values[k++] as T) : null));
}

/**
 * Calls a traced function as one compiled unit.
 * Derivative: of the body. Batching: of the body. Source: jax.jit's `pjit_p`.
 */
export const jit_p: Primitive = definePrimitive({
  name: "jit",
  traits: { higherOrder: true },
  shape: (_avals, params) => outAvals(paramsOf(params).jaxpr),
  effects: (params) => paramsOf(params).jaxpr.effects,
  body: (params) => paramsOf(params).jaxpr,
  jvp: (_lax, primals, tangents, params) => {
    const { jaxpr, name, donate } = paramsOf(params);
    const nonzero = tangents.map((t) => t !== null);
    const r = jvpJaxpr(jaxpr, nonzero, none(jaxpr.outs.length));
    const nz = tangents.filter((t) => t !== null);
    const outs = bindJit(r.jaxpr, r.consts, [...primals, ...nz], `jvp(${name})`, [
      ...donate,
      ...none(nz.length),
    ]);
    const n = jaxpr.outs.length;
    return { outs: outs.slice(0, n), tangents: spread(r.outNonzero, outs.slice(n)) };
  },
  partialEval: (tape, args, unknown, params) => {
    const { jaxpr, name, donate } = paramsOf(params);
    const s = splitJaxpr(jaxpr, unknown, none(jaxpr.outs.length), tape);
    const known = args.filter((_, i) => !unknown[i]);
    const knownDonate = keepResiduals(
      s.known,
      s.numResiduals,
      s.consts.length,
      donate.filter((_, i) => !unknown[i]),
    );
    const outs = withTrace(tape.parent as NonNullable<typeof tape.parent>, () =>
      bindJit(s.known, s.consts, known, name, knownDonate),
    );
    const numKnown = outs.length - s.numResiduals;
    const unknownArgs = [...outs.slice(numKnown), ...args.filter((_, i) => unknown[i])];
    const recorded = tape.record(jit_p, unknownArgs, {
      jaxpr: s.unknown,
      name,
      donate: none(unknownArgs.length),
    });
    let k = 0;
    let u = 0;
    return s.outUnknown.map((isUnknown) => (isUnknown ? recorded[u++] : outs[k++]) as NDArray);
  },
  linearIn: () => true,
  transpose: (_lax, cts, args, accums, params) => {
    const { jaxpr, name } = paramsOf(params);
    const linear = accums.map((a) => a !== null);
    const t = transposeJaxpr(jaxpr, linear);
    const full = cts.map((ct, i) => instantiateCt(ct, (jaxpr.outs[i] as { aval: ShapedArray }).aval));
    const outs = bindJit(
      t.jaxpr,
      t.consts,
      [...args.filter((x): x is NDArray => x !== null), ...full],
      `transpose(${name})`,
    );
    let k = 0;
    for (const accum of accums) if (accum !== null) accum.add(outs[k++] as NDArray);
  },
  batch: (_lax, size, args, bdims, params, axisName) => {
    const { jaxpr, name, donate } = paramsOf(params);
    const batched = bdims.map((d) => d !== null);
    const r = batchJaxpr(jaxpr, size, batched, none(jaxpr.outs.length), axisName);
    const outs = bindJit(
      r.jaxpr,
      r.consts,
      args.map((x, i) => (batched[i] ? toAxis(size, x, bdims[i] ?? null, 0) : x)),
      `vmap(${name})`,
      donate,
    );
    return { outs, bdims: r.outBatched.map((b) => (b ? 0 : null)) };
  },
  usesAxis: (axisName, params) => usesAxisIn(paramsOf(params).jaxpr, axisName),
  lower: (b, operands, params) => b.inline(paramsOf(params).jaxpr, operands),
});

/** Does any equation, nested ones included, refer to the axis? */
export function usesAxisIn(jaxpr: Jaxpr, axisName: string): boolean {
  return jaxpr.eqns.some((e) => e.primitive.usesAxis?.(axisName, e.params) ?? false);
}

/** Donation stays on the known call except for inputs that are residuals, too. */
function keepResiduals(
  known: Jaxpr,
  numResiduals: number,
  numConsts: number,
  donate: readonly boolean[],
): boolean[] {
  const residuals = new Set<unknown>(known.outs.slice(known.outs.length - numResiduals));
  return donate.map((d, i) => d && !residuals.has(known.inVars[numConsts + i]));
}
