// Symbolic zeros made real, and values known to be zero by how they were made.
import { ctAval, tangentAval, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import type { Tangent } from "../ir/primitive.ts";

const known = new WeakSet<NDArray>();

/** Remembers that `x` is zero everywhere (a broadcast literal 0). */
export function markZero<T extends NDArray>(x: T): T {
  known.add(x);
  return x;
}

/** Was `x` made as a broadcast literal 0? */
export const isKnownZero = (x: NDArray): boolean =>
  known.has(x) || (x.kind === LITERAL && (x as Literal).value === 0);

/** Zeros of an aval. */
export const zerosOf = (aval: ShapedArray): NDArray => markZero(context().lax.zeros(aval));

/** A tangent as a value: zeros of the primal's tangent aval for the symbolic zero. */
export const instantiateTangent = (t: Tangent, primal: ShapedArray): NDArray =>
  t ?? zerosOf(tangentAval(primal));
/** A cotangent as a value. */
export const instantiateCt = (ct: Tangent, primal: ShapedArray): NDArray => ct ?? zerosOf(ctAval(primal));
