// custom_jvp: final style, because its body may branch on concrete values in eager grad. When it must stand in a
// jaxpr (staging, tape) the body is staged and the rule travels by identity; running the jaxpr asks the trace again.
import { context, withTrace } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive, type TapeLike } from "../ir/primitive.ts";
import type { CustomJvp, CustomVjp, FlatFn, Trace } from "../ir/trace.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { splitJaxpr } from "../transforms/jaxprs.ts";
import { stage } from "../transforms/stage.ts";
import { backward } from "../transforms/transpose.ts";

/** Params of a staged function with a rule: its body, from all operands, and the call that it was. */
interface CustomParams<Call> extends Params {
  /** (captured values, arguments) → outs. */
  readonly jaxpr: Jaxpr;
  readonly numClosed: number;
  readonly name: string;
  /** The call without its body; a function, so that it goes by identity. */
  readonly call: () => Omit<Call, "body" | "numClosed">;
}
const paramsOf = (params: Params): CustomParams<unknown> => params as CustomParams<unknown>;

/** A primitive of which running a jaxpr makes a call in final style again; `run` hands it to the current trace. */
export function customPrimitive<Call extends CustomJvp | CustomVjp>(
  name: string,
  run: (call: Call, args: readonly NDArray[]) => readonly NDArray[],
  transpose?: Primitive["transpose"],
): Primitive {
  return definePrimitive({
    name,
    traits: { higherOrder: true },
    shape: (_avals, params) => paramsOf(params).jaxpr.outs.map((a) => a.aval),
    effects: (params) => paramsOf(params).jaxpr.effects,
    rebind: (args, params) => {
      const { jaxpr, numClosed, call } = params as CustomParams<Call>;
      const body: FlatFn = (xs) => evalJaxpr(jaxpr, xs);
      return run({ ...call(), numClosed, body } as unknown as Call, args);
    },
    // On a linear tape the call was checked when it was recorded.
    linearIn: () => true,
    ...(transpose === undefined ? {} : { transpose }),
    usesAxis: (axisName, params) =>
      paramsOf(params).jaxpr.eqns.some((e) => e.primitive.usesAxis?.(axisName, e.params) ?? false),
    lower: (b, operands, params) => b.inline(paramsOf(params).jaxpr, operands),
  });
}

/** Stages the body of a call and records it as one equation of `trace` (a StageTrace or a tape). */
export function recordCustom(
  primitive: Primitive,
  trace: Trace,
  call: CustomJvp | CustomVjp,
  args: readonly NDArray[],
): readonly NDArray[] {
  const { body, numClosed, ...rest } = call;
  const { jaxpr, consts } = stage(
    body,
    args.map((x) => x.aval),
    `${primitive.name}(${call.name})`,
  );
  const params: CustomParams<unknown> = {
    jaxpr,
    numClosed: consts.length + numClosed,
    name: call.name,
    call: () => rest,
  };
  const operands = [...consts, ...args];
  if (trace.kind !== "tape") return withTrace(trace, () => trace.process(primitive, operands, params));
  const tape = trace as TapeLike;
  if (tape.linear) {
    const unknown = operands.map((x) => tape.owns(x));
    const none = jaxpr.outs.map(() => false);
    splitJaxpr(jaxpr, unknown, none, { linear: true });
  }
  return tape.record(primitive, operands, params);
}

/** Applied to tangents it is linear, and what is transposed is its body. */
const transposeBody: NonNullable<Primitive["transpose"]> = (_lax, cts, args, accums, params) => {
  const linear = accums.map((a) => a !== null);
  backward(paramsOf(params).jaxpr, linear, args, cts).forEach((ct, i) => {
    if (ct !== null) accums[i]?.add(ct);
  });
};

/**
 * A function with its own forward derivative. Source: jax.custom_jvp (`custom_jvp_call_p`).
 * Under Eval and lowering it is its body.
 */
export const custom_jvp_p: Primitive = customPrimitive<CustomJvp>(
  "custom_jvp",
  (call, args) => context().trace.customJvp(call, args),
  transposeBody,
);

/** Records a call of `customJvp` in a jaxpr. */
export const customJvpCall = (trace: Trace, call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] =>
  recordCustom(custom_jvp_p, trace, call, args);
