// lax: operations of elements that are compositions, and selection among several arrays.
import { fail } from "../../errors.ts";
import { sameShape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { isBool, isUnsigned, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, operands, toArray } from "../../primitives/operand.ts";
import { checkOptions, materialise } from "../arrays.ts";
import type { Options } from "../keywords.ts";

/** 1 / x. Source: jax.lax.reciprocal. */
export function reciprocal(x: ArrayLike): NDArray {
  const [v] = operands("lax.reciprocal", x) as [NDArray];
  return context().lax.integerPow(v, -1);
}

/** The element of the case that `which` (bool or int32) names, at each place. Source: jax.lax.select_n. */
export function selectN(which: ArrayLike, ...cases: readonly ArrayLike[]): NDArray {
  const { lax } = context();
  const index = toArray("lax.selectN", which, "which");
  const xs = operands("lax.selectN", ...cases);
  const [first, ...others] = xs;
  if (first === undefined) throw fail("E_ARGUMENT", "lax.selectN: needs at least one case");
  if (xs.some((x) => !sameShape(x.shape, first.shape)))
    throw fail("E_SHAPE", `lax.selectN: shapes differ: ${xs.map((x) => x.aval).join(", ")}`);
  if (isBool(index.dtype) ? xs.length > 2 : index.dtype !== "int32")
    throw fail("E_DTYPE", `lax.selectN: which is ${index.aval}, expected int32, or bool for two cases`);
  if (isBool(index.dtype))
    return others.length === 0 ? first : lax.select(index, others[0] as NDArray, first);
  return others.reduce((y, x, k) => lax.select(lax.ge(index, k + 1), x, y), first);
}

/** The high half of the product of integers. Source: jax.lax.mulhi. */
export function mulhi(x: ArrayLike, y: ArrayLike): NDArray {
  const { lax } = context();
  const [a, b] = operands("lax.mulhi", x, y) as [NDArray, NDArray];
  const bits = Number(/\d+$/.exec(a.dtype)?.[0] ?? 0);
  if (bits !== 32 && bits !== 16 && bits !== 8)
    throw fail("E_DTYPE", `lax.mulhi: got ${a.aval}, expected integers of 8, 16 or 32 bits`);
  // Schoolbook on halves: (a₁·h + a₀)(b₁·h + b₀), of which the carries of the lower products count.
  const half = literal(bits / 2, a.dtype);
  const mask = literal(2 ** (bits / 2) - 1, a.dtype);
  const shift = isUnsigned(a.dtype) ? lax.shiftRightLogical : lax.shiftRightArithmetic;
  const [a0, b0] = [lax.bitwiseAnd(a, mask), lax.bitwiseAnd(b, mask)];
  const [a1, b1] = [shift(a, half), shift(b, half)];
  const low = lax.shiftRightLogical(lax.mul(a0, b0), half);
  const t = lax.add(lax.mul(a1, b0), low);
  const s = lax.add(lax.mul(a0, b1), lax.bitwiseAnd(t, mask));
  return lax.add(lax.add(lax.mul(a1, b1), shift(t, half)), shift(s, half));
}

/** `operand` in another dtype: floats truncate to integers, NaN gives 0. Source: jax.lax.convert_element_type. */
export const convertElementType = (operand: ArrayLike, newDtype: DType): NDArray =>
  materialise(context().lax.convertElementType(operand, newDtype));

/** How `round` treats numbers between. */
export type RoundingMethod = "AWAY_FROM_ZERO" | "TO_NEAREST_EVEN" | "TOWARD_ZERO";
/** Nearest integer; halves away from zero (default) or to even, or truncation. Source: jax.lax.round. */
export function round(
  x: ArrayLike,
  options: Options<never, { roundingMethod: RoundingMethod }> = {},
): NDArray {
  checkOptions("lax.round", options, ["roundingMethod"]);
  return context().lax.round(x, { roundingMethod: options.roundingMethod ?? "AWAY_FROM_ZERO" });
}
