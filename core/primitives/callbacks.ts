// Calls of the host: debug_callback looks at values, pure_callback computes some, io_callback does something that counts.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DEBUG, IO } from "../ir/effects.ts";
import { NO_EFFECTS } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type BatchResult,
  type Effect,
  type HostCall,
  type HostFunction,
  type JvpResult,
  type Params,
  type Primitive,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { overLanes } from "./lanes.ts";

/** What vmap makes of a pure callback; null: it refuses. */
export type VmapMethod = "sequential" | "sequential_unrolled" | "expand_dims" | "broadcast_all";
interface CallbackParams extends Params, HostCall {
  readonly fn: HostFunction;
  readonly outs: readonly ShapedArray[];
  readonly ordered: boolean;
  readonly vmapMethod: VmapMethod | null;
}
const paramsOf = (params: Params): CallbackParams => params as CallbackParams;

const ORDERED: Readonly<Record<string, readonly Effect[]>> = {
  [DEBUG]: [{ kind: "ordered", key: DEBUG }],
  [IO]: [{ kind: "ordered", key: IO }],
};
const UNORDERED: Readonly<Record<string, readonly Effect[]>> = {
  [DEBUG]: [{ kind: "unordered", key: DEBUG }],
  [IO]: [{ kind: "unordered", key: IO }],
};

function callback(
  name: string,
  effect: string | null,
  rules: Pick<Primitive, "jvp" | "batch" | "linearIn" | "transpose">,
): Primitive {
  return definePrimitive({
    name,
    traits: {},
    shape: (_avals, params) => paramsOf(params).outs,
    effects: (params) => {
      if (effect === null) return NO_EFFECTS;
      return (paramsOf(params).ordered ? ORDERED : UNORDERED)[effect] as readonly Effect[];
    },
    host: paramsOf,
    lower: (b, operands, params, avals) => b.hostCall(paramsOf(params), operands, avals, effect !== null),
    ...rules,
  });
}

const refusesDerivative =
  (what: string, hint: string) =>
  (_lax: unknown, _primals: unknown, _tangents: unknown, params: Params): JvpResult => {
    const { name } = paramsOf(params).fn;
    throw fail("E_NO_RULE", `${name}: ${what} have no derivative`, { hint });
  };

/**
 * Shows values to a function of the host. Derivative: it sees primals; transposed: dropped. Batching: once for each
 * lane. Source: jax's `debug_callback_p`, `debug_print_p`.
 */
export const debug_callback_p: Primitive = callback("debug_callback", DEBUG, {
  jvp: (_lax, primals, _tangents, params) => ({
    outs: bind(debug_callback_p, primals, params),
    tangents: [],
  }),
  linearIn: () => true,
  transpose: () => undefined,
  batch: (_lax, size, args, bdims, params) => {
    overLanes(size, args, bdims, (xs) => bind(debug_callback_p, xs, params));
    return { outs: [], bdims: [] };
  },
});

/** Values that a function of the host computes; it may run more often, or not at all. Source: jax's `pure_callback_p`. */
export const pure_callback_p: Primitive = callback("pure_callback", null, {
  jvp: refusesDerivative(
    "pure callbacks",
    "give the function that calls it a derivative by customJvp or customVjp",
  ),
  batch: (_lax, size, args, bdims, params) => batchPure(size, args, bdims, paramsOf(params)),
});

function batchPure(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: CallbackParams,
): BatchResult {
  const { fn, outs, vmapMethod } = params;
  const mapped = outs.map(() => 0);
  switch (vmapMethod) {
    case "sequential":
    case "sequential_unrolled": {
      const each = (xs: readonly NDArray[]): readonly NDArray[] => bind(pure_callback_p, xs, params);
      const unroll = vmapMethod === "sequential_unrolled";
      return { outs: overLanes(size, args, bdims, each, unroll), bdims: mapped };
    }
    case "expand_dims":
    case "broadcast_all": {
      const { lax } = context();
      const given = args.map((x, i) => {
        const bdim = bdims[i] ?? null;
        if (bdim !== null) return toAxis(size, x, bdim, 0);
        return vmapMethod === "expand_dims" ? lax.expandDims(x, [0]) : toAxis(size, x, null, 0);
      });
      const all = outs.map((a) => a.with({ shape: [size, ...a.shape] }));
      return { outs: bind(pure_callback_p, given, { ...params, outs: all }), bdims: mapped };
    }
    default:
      throw fail("E_VMAP", `${fn.name}: vmap doesn't know how to call the function for mapped arguments`, {
        hint: 'pass { vmapMethod: "sequential" } to call it once for each example, or "broadcast_all" if it takes a leading axis',
      });
  }
}

/** Something that the host does, once for each run of the program. Source: jax's `io_callback_p`. */
export const io_callback_p: Primitive = callback("io_callback", IO, {
  jvp: refusesDerivative("io callbacks", "call it with lax.stopGradient(x), or by customJvp or customVjp"),
  batch: (_lax, size, args, bdims, params) => {
    const { fn, outs, ordered } = paramsOf(params);
    if (ordered)
      throw fail(
        "E_VMAP",
        `${fn.name}: vmap of an ordered callback: the order among examples isn't defined`,
        {
          hint: "leave out { ordered: true }, or loop over the examples by lax.scan",
        },
      );
    const each = (xs: readonly NDArray[]): readonly NDArray[] => bind(io_callback_p, xs, params);
    return { outs: overLanes(size, args, bdims, each), bdims: outs.map(() => 0) };
  },
});
