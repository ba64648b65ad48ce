// lax: cumulative reductions.
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import * as cumulative from "../../primitives/cumulative.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";

/** Options of the cumulative reductions. */
export type CumulativeOptions = Options<"reverse", { axis: number }>;
const CUMULATIVE = ["axis", "reverse"];

/** Sums of all prefixes along an axis (default 0), of all suffixes if `reverse`. Source: jax.lax.cumsum. */
export function cumsum(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumsum", options, CUMULATIVE);
  return cumulative.cumsum(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Products of all prefixes along an axis. Source: jax.lax.cumprod. */
export function cumprod(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumprod", options, CUMULATIVE);
  return cumulative.cumprod(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Maxima of all prefixes along an axis. Source: jax.lax.cummax. */
export function cummax(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cummax", options, CUMULATIVE);
  return cumulative.cummax(operand, options.axis ?? 0, options.reverse ?? false);
}
/** Minima of all prefixes along an axis. Source: jax.lax.cummin. */
export function cummin(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cummin", options, CUMULATIVE);
  return cumulative.cummin(operand, options.axis ?? 0, options.reverse ?? false);
}
/** log Σ exp of all prefixes along an axis. Source: jax.lax.cumlogsumexp. */
export function cumlogsumexp(operand: ArrayLike, options: CumulativeOptions = {}): NDArray {
  checkOptions("lax.cumlogsumexp", options, CUMULATIVE);
  return cumulative.cumlogsumexp(operand, options.axis ?? 0, options.reverse ?? false);
}
