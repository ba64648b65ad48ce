// linear_call: a staged function that is linear in its last operands, trusted and opaque: it may be a solver that isn't
// linear op by op. Its transpose is given, or derived from its jaxpr. Operands: residuals, then linear ones.
import { ctAval } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type BatchResult,
  type JvpResult,
  type Params,
  type Primitive,
  type Tangent,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { batchFlat, toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { batchJaxpr, transposeJaxpr } from "../transforms/jaxprs.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { stage, type Staged } from "../transforms/stage.ts";
import { instantiateCt, instantiateTangent } from "../transforms/zeros.ts";
import { none, outAvals, usesAxisIn } from "./jit.ts";

/** The transpose: (consts, residuals, cts) → cts of the linear operands. Staged when it is asked for. */
export type Transposed = () => Staged;
interface LinearCallParams extends Params {
  /** (residuals, linear operands) → outs. */
  readonly jaxpr: Jaxpr;
  readonly numResiduals: number;
  /** null: derived from the jaxpr. */
  readonly transposed: Transposed | null;
}
const paramsOf = (params: Params): LinearCallParams => params as LinearCallParams;

/** Calls a jaxpr that is linear in `linear`. */
export const bindLinearCall = (
  jaxpr: Jaxpr,
  residuals: readonly NDArray[],
  linear: readonly NDArray[],
  transposed: Transposed | null,
): readonly NDArray[] =>
  bind(linear_call_p, [...residuals, ...linear], { jaxpr, numResiduals: residuals.length, transposed });

function jvp(primals: readonly NDArray[], tangents: readonly Tangent[], params: Params): JvpResult {
  const { jaxpr, numResiduals: n } = paramsOf(params);
  const outs = bind(linear_call_p, primals, params);
  const [residuals, linear] = [primals.slice(0, n), primals.slice(n)];
  const sums: Tangent[] = outs.map(() => null);
  const add = (ts: readonly Tangent[]): void =>
    ts.forEach((t, i) => {
      const sum = sums[i] ?? null;
      if (t !== null) sums[i] = sum === null ? t : context().lax.addAny(sum, t);
    });
  if (tangents.slice(0, n).some((t) => t !== null)) {
    const f = (xs: readonly NDArray[]): readonly NDArray[] => evalJaxpr(jaxpr, [...xs, ...linear]);
    add(jvpFlat(f, residuals, tangents.slice(0, n), "linearCall").tangents);
  }
  if (tangents.slice(n).some((t) => t !== null)) {
    const full = linear.map((x, i) => instantiateTangent(tangents[n + i] ?? null, x.aval));
    add(bind(linear_call_p, [...residuals, ...full], params));
  }
  return { outs, tangents: sums };
}

/** A call of the transpose, whose transpose is this call again. */
function transposedCall(
  params: LinearCallParams,
  residuals: readonly NDArray[],
  cts: readonly Tangent[],
): readonly NDArray[] {
  const { jaxpr, numResiduals: n, transposed } = params;
  const t =
    transposed?.() ??
    transposeJaxpr(
      jaxpr,
      jaxpr.inVars.map((_, i) => i >= n),
    );
  const added = t.consts.map((x) => x.aval);
  const back: Transposed = () =>
    stage(
      (xs) => evalJaxpr(jaxpr, xs.slice(added.length)),
      [...added, ...jaxpr.inVars.map((v) => v.aval)],
      "linearCall",
    );
  const full = outAvals(jaxpr).map((aval, i) => instantiateCt(cts[i] ?? null, aval));
  return bindLinearCall(t.jaxpr, [...t.consts, ...residuals], full, back);
}

function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  axisName: string | null,
): BatchResult {
  const { jaxpr, numResiduals: n, transposed } = paramsOf(params);
  const batched = bdims.map((d) => d !== null);
  const r = batchJaxpr(jaxpr, size, batched, none(jaxpr.outs.length), axisName);
  const moved = args.map((x, i) => (batched[i] ? toAxis(size, x, bdims[i] ?? null, 0) : x));
  const residuals = [...r.consts, ...moved.slice(0, n)];
  // The cotangent of a linear operand that isn't mapped sums over the axis.
  const over = (given: Transposed): Staged => {
    const t = given();
    const numConsts = t.consts.length;
    const mapped = [...none(numConsts), ...batched.slice(0, n), ...r.outBatched];
    const staged = stage(
      (xs) => {
        const used = [...xs.slice(0, numConsts), ...xs.slice(numConsts + r.consts.length)];
        const dims = mapped.map((b) => (b ? 0 : null));
        const ts = batchFlat((ys) => evalJaxpr(t.jaxpr, ys), used, dims, { size, axisName, label: "vmap" });
        return ts.outs.map((x, i) => {
          const d = ts.bdims[i] ?? null;
          if (batched[n + i] === true) return toAxis(size, x, d, 0);
          return d === null ? x : context().lax.reduceSum(x, [d]);
        });
      },
      [...[...t.consts, ...residuals].map((x) => x.aval), ...outAvals(r.jaxpr).map(ctAval)],
      "vmap",
    );
    return { jaxpr: staged.jaxpr, consts: [...staged.consts, ...t.consts] };
  };
  const back = transposed === null ? null : (): Staged => over(transposed);
  const outs = bindLinearCall(r.jaxpr, residuals, moved.slice(n), back);
  return { outs, bdims: r.outBatched.map((b) => (b ? 0 : null)) };
}

/**
 * A function that is linear in some of its operands, with a transpose of its own. Derivatives by the others are those
 * of its jaxpr. Source: jax.custom_derivatives.linear_call (`linear_call_p`), which has no batching rule.
 */
export const linear_call_p: Primitive = definePrimitive({
  name: "linear_call",
  traits: { higherOrder: true },
  shape: (_avals, params) => outAvals(paramsOf(params).jaxpr),
  effects: (params) => paramsOf(params).jaxpr.effects,
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  linearIn: (mask, params) => !mask.slice(0, paramsOf(params).numResiduals).includes(true),
  transpose: (_lax, cts, args, accums, params) => {
    const { numResiduals: n } = paramsOf(params);
    const outs = transposedCall(paramsOf(params), args.slice(0, n) as NDArray[], cts);
    outs.forEach((ct, i) => accums[n + i]?.add(ct));
  },
  batch: (_lax, size, args, bdims, params, axisName) => batch(size, args, bdims, params, axisName),
  usesAxis: (axisName, params) => usesAxisIn(paramsOf(params).jaxpr, axisName),
  lower: (b, operands, params) => b.inline(paramsOf(params).jaxpr, operands),
});
