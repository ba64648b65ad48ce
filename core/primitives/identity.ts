// Primitives that return their operand: optimization_barrier, name, and the function stopGradient.
import type { ShapedArray } from "../ir/aval.ts";
import { isInexact } from "../ir/dtype.ts";
import { type NDArray, LITERAL } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive } from "../ir/primitive.ts";
import { bind, bind1 } from "../ir/trace.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { zeroJvp } from "./rules.ts";

/** The primitive of `lax.stopGradient`. */
export const stop_gradient_p: Primitive = definePrimitive({
  name: "stop_gradient",
  traits: { structural: true },
  shape: (avals) => avals,
  jvp: zeroJvp(() => stop_gradient_p),
  batch: (_lax, _n, args, bdims) => ({
    outs: bind(stop_gradient_p, args),
    bdims,
  }),
  lower: (_b, xs) => xs,
});
/** x, with derivative zero. Source: jax.lax.stop_gradient. */
export function stopGradient(x: NDArray): NDArray {
  return x.kind === LITERAL || !isInexact(x.aval.dtype) ? x : bind1(stop_gradient_p, [x]);
}

/** The primitive of `lax.optimizationBarrier`. */
export const optimization_barrier_p: Primitive = definePrimitive({
  name: "optimization_barrier",
  traits: { structural: true, linear: true },
  shape: (avals) => avals,
  jvp: (_lax, primals, tangents) => {
    const given = tangents.filter((t) => t !== null);
    const behind = given.length === 0 ? [] : bind(optimization_barrier_p, given);
    let k = 0;
    return {
      outs: bind(optimization_barrier_p, primals),
      tangents: tangents.map((t) => (t === null ? null : (behind[k++] as NDArray))),
    };
  },
  transpose: (lax, cts, _args, accums, _p, avals) => {
    const full = cts.map((ct, i) => ct ?? lax.zeros(avals[i] as ShapedArray));
    bind(optimization_barrier_p, full).forEach((ct, i) => accums[i]?.add(ct));
  },
  batch: (_lax, _n, args, bdims) => ({
    outs: bind(optimization_barrier_p, args),
    bdims,
  }),
  lower: (b, xs, _p, _a, outs) => b.emit("optimization_barrier", xs, {}, outs),
});
/** The operands, through which no compiler pass moves or merges anything. Source: jax.lax.optimization_barrier. */
export const optimizationBarrier = (operands: readonly NDArray[]): readonly NDArray[] =>
  bind(optimization_barrier_p, operands);

/** The primitive of `checkpointName`: the operand, under a name that policies of checkpoint may ask for. */
export const name_p: Primitive = definePrimitive({
  name: "name",
  traits: { structural: true },
  shape: (avals) => avals,
  // The tangent has no name.
  jvp: (_lax, primals, tangents, params) => ({ outs: bind(name_p, primals, params), tangents }),
  batch: (_lax, _n, args, bdims, params) => ({ outs: bind(name_p, args, params), bdims }),
  lower: (_b, xs) => xs,
});
/** x, named for policies of checkpoint. Source: jax.ad_checkpoint.checkpoint_name. */
export const named = (x: NDArray, name: string): NDArray => bind1(name_p, [x], { name });

/** The tangent of a composed function, for rules that differentiate a decomposition. */
export function tangentOf(fn: (x: NDArray) => NDArray, x: NDArray, t: NDArray): NDArray {
  const { tangents } = jvpFlat(([v]) => [fn(v as NDArray)], [x], [t], "rule");
  return tangents[0] as NDArray;
}
