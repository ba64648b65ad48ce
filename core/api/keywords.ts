// The dictionary of option words: one meaning, one type and one description for each. A function lists the words it
// takes (`Options<"axis" | "keepdims">`); words that only one function has stand inline (`Options<never, { full: … }>`).
import type { DType } from "../ir/dtype.ts";
import type { ArrayLike } from "../ir/ndarray.ts";
import type { Shape } from "../ir/aval.ts";
import type { RuntimeDevice } from "../runtime/registry.ts";

/** An axis, several, or all (null). Negative ones count from the end. */
export type Axis = number | readonly number[] | null;
/** Effort of products on devices that can trade accuracy for speed. */
export type PrecisionLike =
  "default" | "high" | "highest" | readonly ["default" | "high" | "highest", "default" | "high" | "highest"];

/** Every option word. */
export interface Keywords {
  /** Axis or axes to work over; negative counts from the end; null = all. */
  readonly axis: Axis;
  /** First of two axes. */
  readonly axis1: number;
  /** Second of two axes. */
  readonly axis2: number;
  /** Dtype of the result. */
  readonly dtype: DType | null;
  /** Where to put the result. */
  readonly device: RuntimeDevice | null;
  /** Shape of the result. */
  readonly shape: Shape | number | null;
  /** Keep reduced axes with size 1. */
  readonly keepdims: boolean;
  /** Elements to include: a bool array that broadcasts to the operand. */
  readonly where: ArrayLike | null;
  /** Start value of a reduction. */
  readonly initial: ArrayLike | null;
  /** Sum or multiply integers in at least the default integer type (default true). */
  readonly promoteIntegers: boolean;
  /** Degrees of freedom taken from the number of elements. */
  readonly ddof: number;
  /** As `ddof`, by its array-API name. */
  readonly correction: number | null;
  /** A mean that is known already. */
  readonly mean: ArrayLike | null;
  /** One weight per element. */
  readonly weights: ArrayLike | null;
  /** Number of results, which makes the shape static; `fillValue` stands where there are fewer. */
  readonly size: number | null;
  /** What stands where there is nothing. */
  readonly fillValue: ArrayLike | null;
  /** Diagonal: 0 the main one, above it positive. */
  readonly k: number;
  /** Diagonal: 0 the main one, above it positive. */
  readonly offset: number;
  /** Include the end of the interval (default true). */
  readonly endpoint: boolean;
  /** Effort of products on devices that can trade accuracy for speed. */
  readonly precision: PrecisionLike | null;
  /** Dtype in which products are accumulated and returned. */
  readonly preferredElementType: DType | null;
  /** Relative tolerance. */
  readonly rtol: ArrayLike;
  /** Absolute tolerance. */
  readonly atol: ArrayLike;
  /** NaN equals NaN. */
  readonly equalNan: boolean;
  /** Equal elements keep their order. */
  readonly stable: boolean;
  /** From the largest to the smallest. */
  readonly descending: boolean;
  /** The caller promises that no position occurs twice. */
  readonly uniqueIndices: boolean;
  /** The caller promises that positions ascend. */
  readonly indicesAreSorted: boolean;
  /** The caller promises that no element occurs twice. */
  readonly assumeUnique: boolean;
  /** Work from the end to the start. */
  readonly reverse: boolean;
  /** "C": the last axis varies fastest; "F": the first. */
  readonly order: "C" | "F" | "A" | "K" | null;
  /** "big": the highest bit first; "little": the lowest. */
  readonly bitorder: "big" | "little";
  /** Bins: their number, or their edges. */
  readonly bins: ArrayLike;
  /** Divide by the number of samples and the widths of the bins. */
  readonly density: boolean | null;
  /** Each row is a variable (default true); else each column. */
  readonly rowvar: boolean;
  /** Length of what is repeated, which makes the shape static. */
  readonly totalRepeatLength: number | null;
  /** Begin with the neutral element. */
  readonly includeInitial: boolean;
  /** Number of decimals; negative rounds before the point. */
  readonly decimals: number;
  /** Remove leading zeros of the result (only outside jit). */
  readonly trimLeadingZeros: boolean;
  /** Copies of a loop's body in one pass. */
  readonly unroll: number | boolean;
}

/**
 * The options object of a function: words of the dictionary, and words of its own. One mapped type with `| undefined`
 * on every key, so that `np.sum(x, 0)` is a type error and options can be forwarded under `exactOptionalPropertyTypes`.
 */
export type Options<K extends keyof Keywords, Own extends object = Record<never, never>> = {
  readonly [P in K | keyof Own]?:
    (P extends keyof Own ? Own[P] : P extends keyof Keywords ? Keywords[P] : never) | undefined;
};
