// linearize: the jvp rules run with a tape for their tangents. Known primals evaluate, tangents are recorded.
import { fail } from "../errors.ts";
import { tangentAval, type ShapedArray } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { checkLive, type FlatFn } from "../ir/trace.ts";
import { JvpTrace } from "./jvp.ts";
import { TapeTrace } from "./tape.ts";
import { isKnownZero } from "./zeros.ts";

/** Values, and the linear map of the derivative as a jaxpr. */
export interface Linearized {
  readonly outs: readonly NDArray[];
  /** (residuals, tangents of the differentiated inputs) → tangents of the outputs where `outNonzero`. */
  readonly jaxpr: Jaxpr;
  readonly residuals: readonly NDArray[];
  readonly outNonzero: readonly boolean[];
  readonly tape: TapeTrace;
}

/**
 * The linear map of `fn` at `primals`.
 * @param wrt  which inputs have tangents (float or complex ones)
 */
export function linearizeFlat(
  fn: FlatFn,
  primals: readonly NDArray[],
  wrt: readonly boolean[],
  label: string,
): Linearized {
  const parent = context().trace;
  const tape = new TapeTrace(parent, label, true);
  const trace = new JvpTrace(parent, label, tape);
  const tangents = primals.map((x, i) => (wrt[i] ? tape.input(tangentAval(x.aval)) : null));
  try {
    const outs = withTrace(trace, () => fn(primals.map((x, i) => trace.pair(x, tangents[i] ?? null))));
    for (const x of outs) checkLive(x, label);
    const outTangents = outs.map((x) => trace.tangent(x));
    const { jaxpr, residuals } = tape.close(
      tangents.filter((t) => t !== null),
      outTangents.filter((t) => t !== null),
    );
    return {
      outs: outs.map((x) => trace.primal(x)),
      jaxpr,
      residuals,
      outNonzero: outTangents.map((t) => t !== null),
      tape,
    };
  } finally {
    trace.dead = true;
    tape.dead = true;
  }
}

/**
 * The jaxpr of a function that is linear already: it runs on the tape itself, which refuses anything else.
 * `outNonzero`: outputs that depend on the inputs; the others are zero.
 */
export function recordLinear(
  fn: FlatFn,
  avals: readonly ShapedArray[],
  label: string,
): Pick<Linearized, "jaxpr" | "residuals" | "outNonzero"> & { readonly outAvals: readonly ShapedArray[] } {
  const tape = new TapeTrace(context().trace, label, true);
  const inputs = avals.map((aval) => tape.input(aval));
  try {
    const outs = withTrace(tape, () => fn(inputs));
    for (const x of outs) checkLive(x, label);
    const outNonzero = outs.map((x) => tape.owns(x));
    for (const x of outs)
      if (!tape.owns(x) && !isKnownZero(x))
        throw fail("E_RULE_NOT_LINEAR", `${label}: the result ${x.aval} doesn't depend on the arguments`);
    const { jaxpr, residuals } = tape.close(
      inputs,
      outs.filter((_, i) => outNonzero[i]),
    );
    return { jaxpr, residuals, outNonzero, outAvals: outs.map((x) => x.aval) };
  } finally {
    tape.dead = true;
  }
}
