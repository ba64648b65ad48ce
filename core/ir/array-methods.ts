// What the methods of arrays delegate to (api/methods.ts implements it), and the words that they take.
import type { DType, TypedArrays } from "./dtype.ts";
import type { ArrayLike, At, Complex, Index, NDArray, NestedNumbers } from "./ndarray.ts";

/** An axis, several, or all (null). */
export type Axes = number | readonly number[] | null;
/** Words of reductions over axes. */
export interface AxisWords {
  readonly axis?: Axes | undefined;
  readonly keepdims?: boolean | undefined;
}
/** … with a mask of the elements to include. */
export interface MaskWords extends AxisWords {
  readonly where?: ArrayLike | null | undefined;
}
/** Words of max and min. */
export interface ExtremumWords extends MaskWords {
  readonly initial?: ArrayLike | null | undefined;
}
/** Words of mean. */
export interface MeanWords extends MaskWords {
  readonly dtype?: DType | null | undefined;
}
/** Words of sum and prod. */
export interface SumWords extends ExtremumWords {
  readonly dtype?: DType | null | undefined;
  readonly promoteIntegers?: boolean | undefined;
}
/** Words of var and std. */
export interface VarWords extends MeanWords {
  readonly ddof?: number | undefined;
  readonly correction?: number | null | undefined;
  readonly mean?: ArrayLike | null | undefined;
}
/** Words of argmax and argmin. */
export interface ArgWords {
  readonly axis?: number | null | undefined;
  readonly keepdims?: boolean | undefined;
}
/** Words of cumsum and cumprod. */
export interface RunWords {
  readonly axis?: number | null | undefined;
  readonly dtype?: DType | null | undefined;
}
/** Words of sort and argsort. */
export interface SortWords {
  readonly axis?: number | null | undefined;
  readonly stable?: boolean | undefined;
  readonly descending?: boolean | undefined;
}
/** Words of diagonal. */
export interface DiagonalWords {
  readonly offset?: number | undefined;
  readonly axis1?: number | undefined;
  readonly axis2?: number | undefined;
}
/** Words of reshape and ravel. */
export interface OrderWords {
  readonly order?: "C" | "F" | "A" | "K" | null | undefined;
}
/** Words of dot and matmul. */
export interface ProductWords {
  readonly precision?: "default" | "high" | "highest" | null | undefined;
  readonly preferredElementType?: DType | null | undefined;
}
/** Words of take. */
export interface TakeWords {
  readonly axis?: number | null | undefined;
  readonly mode?: "fill" | "clip" | "wrap" | null | undefined;
  readonly uniqueIndices?: boolean | undefined;
  readonly indicesAreSorted?: boolean | undefined;
  readonly fillValue?: ArrayLike | null | undefined;
}

/** Methods that are functions of np under the same or the operator's name. */
export type MethodName =
  | "abs"
  | "add"
  | "all"
  | "and"
  | "any"
  | "argmax"
  | "argmin"
  | "argpartition"
  | "argsort"
  | "astype"
  | "choose"
  | "clip"
  | "compress"
  | "conj"
  | "conjugate"
  | "copy"
  | "cumprod"
  | "cumsum"
  | "diagonal"
  | "div"
  | "dot"
  | "eq"
  | "flatten"
  | "floordiv"
  | "ge"
  | "gt"
  | "imag"
  | "invert"
  | "le"
  | "lshift"
  | "lt"
  | "matmul"
  | "matrixTranspose"
  | "max"
  | "mean"
  | "min"
  | "mod"
  | "mul"
  | "ne"
  | "neg"
  | "nonzero"
  | "or"
  | "pow"
  | "prod"
  | "ptp"
  | "ravel"
  | "real"
  | "repeat"
  | "reshape"
  | "round"
  | "rshift"
  | "searchsorted"
  | "sort"
  | "squeeze"
  | "std"
  | "sub"
  | "sum"
  | "swapaxes"
  | "take"
  | "transpose"
  | "var"
  | "view"
  | "xor";

/** The operations behind the methods; the root context carries them, so that ir imports no operation. */
export interface ArrayMethods {
  /** A rank-1 array of a typed array's elements. */
  asArray(x: ArrayBufferView): NDArray;
  /** Calls the function behind a method; the array is the first argument, the method got `given` others. */
  call(name: MethodName, args: readonly unknown[], given?: number): NDArray;
  get(x: NDArray, index: readonly Index[]): NDArray;
  at(x: NDArray, index: readonly Index[]): At;
  data(x: NDArray, dtype?: DType): Promise<TypedArrays[DType]>;
  dataSync(x: NDArray, dtype?: DType): TypedArrays[DType];
  item(x: NDArray, dtype?: DType): number | bigint | boolean | Complex;
  tolist(x: NDArray): NestedNumbers;
  ready(x: NDArray): Promise<unknown>;
  dispose(x: NDArray): void;
  device(x: NDArray): object;
  print(x: NDArray): string;
  /** What notebooks show, by media type. */
  display(x: NDArray): Readonly<Record<string, string>>;
}
