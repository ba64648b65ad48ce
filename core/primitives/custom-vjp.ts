// custom_vjp, in final style as custom_jvp is, and custom_lin: the linear map from tangents to tangents that nobody knows,
// which linearize records in its place, and whose transpose is the user's backward rule.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { context, withContext } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive, type Tangent } from "../ir/primitive.ts";
import type { CustomVjp, Trace } from "../ir/trace.ts";
import { customPrimitive, recordCustom } from "./custom-jvp.ts";

/**
 * A function with its own reverse derivative. Source: jax.custom_vjp (`custom_vjp_call_p`).
 * Under Eval and lowering it is its body; forward mode refuses it. Applied to tangents by another rule it has no
 * transpose: its backward rule needs what its forward rule kept of a value, and a tangent has none in reverse.
 */
export const custom_vjp_p: Primitive = customPrimitive<CustomVjp>("custom_vjp", (call, args) =>
  context().trace.customVjp(call, args),
);

/** Records a call of `customVjp` in a jaxpr. */
export const customVjpCall = (trace: Trace, call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] =>
  recordCustom(custom_vjp_p, trace, call, args);

interface CustomLinParams extends Params {
  readonly name: string;
  readonly numResiduals: number;
  /** Avals of the tangents that come out. */
  readonly outAvals: readonly ShapedArray[];
  /** (residuals, cts of the outs) → cts of the tangents that came in. */
  readonly bwd: (residuals: readonly NDArray[], cts: readonly Tangent[]) => readonly Tangent[];
}
const paramsOf = (params: Params): CustomLinParams => params as CustomLinParams;

function refuse(params: Params): never {
  throw fail("E_CUSTOM_VJP_FWD", `${paramsOf(params).name}: its forward derivative is asked for`);
}

/**
 * The derivative of a `customVjp` function. Operands: residuals, tangents. It can only be transposed: what asks for its
 * value is forward mode. Source: jax's `custom_lin_p`.
 */
export const custom_lin_p: Primitive = definePrimitive({
  name: "custom_lin",
  traits: { userRule: true },
  shape: (_avals, params) => paramsOf(params).outAvals,
  linearIn: (mask, params) => !mask.slice(0, paramsOf(params).numResiduals).includes(true),
  jvp: (_lax, _primals, _tangents, params) => refuse(params),
  batch: (_lax, _n, _args, _bdims, params) => refuse(params),
  lower: (_b, _operands, params) => refuse(params),
  transpose: (_lax, cts, args, accums, params) => {
    const { numResiduals, bwd } = paramsOf(params);
    const residuals = args.slice(0, numResiduals) as NDArray[];
    // What the user's code makes is the user's: nothing of it is freed behind their back.
    const given = withContext({ scope: null }, () => bwd(residuals, cts));
    given.forEach((ct, i) => {
      if (ct !== null) accums[numResiduals + i]?.add(ct);
    });
  },
});
