// custom_jvp: final style, because its body may branch on concrete values in eager grad. When it must stand in a
// jaxpr (staging, tape) the body is staged and the rule travels by identity; running the jaxpr asks the trace again.
import { context, withTrace } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive, type TapeLike } from "../ir/primitive.ts";
import type { CustomJvp, Trace } from "../ir/trace.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { stage } from "../transforms/stage.ts";
import { instantiateTangent } from "../transforms/zeros.ts";

interface CustomJvpParams extends Params {
  /** (consts, arguments) → outs. */
  readonly jaxpr: Jaxpr;
  readonly numConsts: number;
  readonly rule: CustomJvp["rule"];
  readonly name: string;
}
const paramsOf = (params: Params): CustomJvpParams => params as CustomJvpParams;

/** Runs a staged call again under the current trace: its consts are captured, its rule sees the arguments alone. */
function rebind(args: readonly NDArray[], params: Params): readonly NDArray[] {
  const { jaxpr, numConsts, rule, name } = paramsOf(params);
  const consts = args.slice(0, numConsts);
  const body = (xs: readonly NDArray[]): readonly NDArray[] => evalJaxpr(jaxpr, [...consts, ...xs]);
  return context().trace.customJvp({ body, rule, name }, args.slice(numConsts));
}

/**
 * A function with its own forward derivative. Source: jax.custom_jvp (`custom_jvp_call_p`).
 * Under Eval and lowering it is its body.
 */
export const custom_jvp_p: Primitive = definePrimitive({
  name: "custom_jvp",
  traits: { higherOrder: true },
  shape: (_avals, params) => paramsOf(params).jaxpr.outs.map((a) => a.aval),
  effects: (params) => paramsOf(params).jaxpr.effects,
  rebind,
  jvp: (_lax, primals, tangents, params) => {
    const { numConsts, rule } = paramsOf(params);
    const xs = primals.slice(numConsts);
    const ts = tangents.slice(numConsts).map((t, i) => instantiateTangent(t, (xs[i] as NDArray).aval));
    return rule(xs, ts);
  },
  lower: (b, operands, params) => b.inline(paramsOf(params).jaxpr, operands),
});

/** Stages the body of a call and records it as one equation of `trace` (a StageTrace or a tape). */
export function customJvpCall(trace: Trace, call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
  const { jaxpr, consts } = stage(
    call.body,
    args.map((x) => x.aval),
    `custom_jvp(${call.name})`,
  );
  const params: CustomJvpParams = { jaxpr, numConsts: consts.length, rule: call.rule, name: call.name };
  const operands = [...consts, ...args];
  if (trace.kind === "tape") return (trace as TapeLike).record(custom_jvp_p, operands, params);
  return withTrace(trace, () => trace.process(custom_jvp_p, operands, params));
}
