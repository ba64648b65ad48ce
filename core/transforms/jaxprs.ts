// The four jaxpr → jaxpr functions that higher-order primitives need, each made of the traces. Results are cached
// per jaxpr and mask. Every result may close over values: `consts` are its leading inputs.
import { ctAval, tangentAval } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { CONCRETE, TRACER, type NDArray } from "../ir/ndarray.ts";
import type { BatchDim } from "../ir/primitive.ts";
import { batchFlat, toAxis } from "./batch.ts";
import { evalJaxpr } from "./eval-jaxpr.ts";
import { jvpFlat } from "./jvp.ts";
import { stage } from "./stage.ts";
import { TapeTrace, type TapeOptions } from "./tape.ts";
import { backward } from "./transpose.ts";
import { instantiateCt, instantiateTangent } from "./zeros.ts";

type Mask = readonly boolean[];
/** A mask as part of a key. */
export const bits = (mask: Mask): string => mask.map((b) => (b ? "1" : "0")).join("");

const caches = new WeakMap<Jaxpr, Map<string, unknown>>();
interface WithConsts {
  readonly consts: readonly NDArray[];
}

/** Caches `make()` unless it closed over a tracer. */
export function cached<R extends WithConsts>(jaxpr: Jaxpr, key: string, make: () => R): R {
  const { axisEnv } = context();
  const fullKey = axisEnv.size === 0 ? key : `${key}|${JSON.stringify([...axisEnv])}`;
  let map = caches.get(jaxpr);
  if (map === undefined) caches.set(jaxpr, (map = new Map()));
  const hit = map.get(fullKey);
  if (hit !== undefined) return hit as R;
  const made = make();
  if (!made.consts.some((x) => x.kind === TRACER)) {
    for (const x of made.consts) if (x.kind === CONCRETE) context().scope?.delete(x);
    map.set(fullKey, made);
  }
  return made;
}

/** A jaxpr of primals and tangents. */
export interface JvpJaxpr extends WithConsts {
  /** (consts, primals, nonzero tangents) → (outs, nonzero out tangents). */
  readonly jaxpr: Jaxpr;
  readonly outNonzero: Mask;
}

/** Forward derivative. `instantiate[i]`: give output i a tangent even if it is zero. */
export function jvpJaxpr(jaxpr: Jaxpr, nonzero: Mask, instantiate: Mask): JvpJaxpr {
  return cached(jaxpr, `jvp:${bits(nonzero)}:${bits(instantiate)}`, () => {
    let outNonzero: Mask = [];
    const avals = jaxpr.inVars.map((v) => v.aval);
    const tangentAvals = avals.filter((_, i) => nonzero[i]).map(tangentAval);
    const staged = stage(
      (xs) => {
        const primals = xs.slice(0, avals.length);
        let k = avals.length;
        const { outs, tangents } = jvpFlat(
          (ys) => evalJaxpr(jaxpr, ys),
          primals,
          nonzero.map((n) => (n ? (xs[k++] as NDArray) : null)),
          "jvp",
        );
        outNonzero = tangents.map((t, i) => t !== null || (instantiate[i] ?? false));
        return [
          ...outs,
          ...outs.flatMap((x, i) => (outNonzero[i] ? [instantiateTangent(tangents[i] ?? null, x.aval)] : [])),
        ];
      },
      [...avals, ...tangentAvals],
      "jvp",
    );
    return { ...staged, outNonzero };
  });
}

/** A jaxpr in two: what is known, and what needs the unknown. */
export interface SplitJaxpr extends WithConsts {
  /** (consts, known inputs) → (known outs, residuals). */
  readonly known: Jaxpr;
  /** (residuals, unknown inputs) → unknown outs. */
  readonly unknown: Jaxpr;
  readonly outUnknown: Mask;
  readonly numResiduals: number;
}

/** What a jaxpr is split for: see TapeLike. */
export interface SplitOptions extends TapeOptions {
  readonly linear?: boolean;
}

/**
 * Partial evaluation. `instantiate[i]`: make output i unknown even if it is known. `linear`: refuse operations that
 * aren't linear in what is unknown (a tape of linearize asks for it).
 */
export function splitJaxpr(
  jaxpr: Jaxpr,
  unknownIn: Mask,
  instantiate: Mask,
  how: SplitOptions = {},
): SplitJaxpr {
  const { linear = false, hoists = false, saves = null } = how;
  const kind = `${linear ? "linear" : hoists ? "hoists" : ""}:${saves === null ? "" : saves.key}`;
  return cached(jaxpr, `split:${bits(unknownIn)}:${bits(instantiate)}:${kind}`, () => {
    let outUnknown: Mask = [];
    let unknown: Jaxpr | null = null;
    let numResiduals = 0;
    const staged = stage(
      (knownArgs) => {
        const tape = new TapeTrace(context().trace, "split", linear, how);
        let k = 0;
        const ins = jaxpr.inVars.map((v, i) =>
          unknownIn[i] ? tape.input(v.aval) : (knownArgs[k++] as NDArray),
        );
        try {
          const outs = withTrace(tape, () => evalJaxpr(jaxpr, ins));
          outUnknown = outs.map((x, i) => tape.owns(x) || (instantiate[i] ?? false));
          const closed = tape.close(
            ins.filter((_, i) => unknownIn[i]),
            outs.filter((_, i) => outUnknown[i]),
          );
          unknown = closed.jaxpr;
          numResiduals = closed.residuals.length;
          return [...outs.filter((_, i) => !outUnknown[i]), ...closed.residuals];
        } finally {
          tape.dead = true;
        }
      },
      jaxpr.inVars.filter((_, i) => !unknownIn[i]).map((v) => v.aval),
      "split",
    );
    return {
      known: staged.jaxpr,
      consts: staged.consts,
      unknown: unknown as unknown as Jaxpr,
      outUnknown,
      numResiduals,
    };
  });
}

/** A jaxpr from residuals and cotangents to cotangents. */
export interface TransposedJaxpr extends WithConsts {
  /** (consts, non-linear inputs, initial sums where `accumulate`, cts of all outs) → cts of the linear inputs. */
  readonly jaxpr: Jaxpr;
}

/** Transposition with zeros instantiated. `accumulate[i]`: the sum of linear input i starts with a given value. */
export function transposeJaxpr(jaxpr: Jaxpr, linear: Mask, accumulate: Mask = []): TransposedJaxpr {
  return cached(jaxpr, `transpose:${bits(linear)}:${bits(accumulate)}`, () => {
    const avals = jaxpr.inVars.map((v) => v.aval);
    const starts = avals.filter((_, i) => accumulate[i]).map(ctAval);
    return stage(
      (xs) => {
        let k = 0;
        const args = linear.map((l) => (l ? null : (xs[k++] as NDArray)));
        const init = linear.map((_, i) => (accumulate[i] ? (xs[k++] as NDArray) : null));
        const cts = backward(jaxpr, linear, args, xs.slice(k), init);
        return avals.flatMap((a, i) => (linear[i] ? [instantiateCt(cts[i] ?? null, a)] : []));
      },
      [...avals.filter((_, i) => !linear[i]), ...starts, ...jaxpr.outs.map((o) => ctAval(o.aval))],
      "transpose",
    );
  });
}

/** A jaxpr over one more axis. */
export interface BatchedJaxpr extends WithConsts {
  /** Mapped inputs and outputs have their axis at 0. */
  readonly jaxpr: Jaxpr;
  readonly outBatched: Mask;
}

/** Vectorisation over a leading axis. `force[i]`: give output i the axis even if it isn't mapped. */
export function batchJaxpr(
  jaxpr: Jaxpr,
  size: number,
  batched: Mask,
  force: Mask,
  axisName: string | null = null,
): BatchedJaxpr {
  return cached(jaxpr, `batch:${size}:${bits(batched)}:${bits(force)}:${axisName ?? ""}`, () => {
    let outBatched: Mask = [];
    const bdims: BatchDim[] = batched.map((b) => (b ? 0 : null));
    const avals = jaxpr.inVars.map((v, i) =>
      batched[i] ? v.aval.with({ shape: [size, ...v.aval.shape] }) : v.aval,
    );
    const staged = stage(
      (xs) => {
        const result = batchFlat((ys) => evalJaxpr(jaxpr, ys), xs, bdims, { size, axisName, label: "vmap" });
        outBatched = result.bdims.map((d, i) => d !== null || (force[i] ?? false));
        return result.outs.map((x, i) => (outBatched[i] ? toAxis(size, x, result.bdims[i] ?? null, 0) : x));
      },
      avals,
      "vmap",
    );
    return { ...staged, outBatched };
  });
}

/** A jaxpr whose loop-invariant part stands before the loop. */
export interface Hoisted extends WithConsts {
  /** (consts, invariant inputs) → residuals. Empty consts when nothing was hoisted. */
  readonly invariant: Jaxpr;
  /** (residuals, varying inputs) → outs where `outVarying`; invariant outs are among `invariant`'s first results. */
  readonly varying: Jaxpr;
  readonly outVarying: Mask;
  readonly numResiduals: number;
}

/** Splits a loop body by what depends on its first `numInvariant` inputs alone; outputs in `keep` stay in the loop. */
export function hoistInvariant(jaxpr: Jaxpr, numInvariant: number, keep: Mask): Hoisted {
  const { known, unknown, consts, outUnknown, numResiduals } = splitJaxpr(
    jaxpr,
    jaxpr.inVars.map((_, i) => i >= numInvariant),
    keep,
    { hoists: true },
  );
  return { invariant: known, varying: unknown, consts, outVarying: outUnknown, numResiduals };
}
