// What TypeScript infers of a transformed function. Two overloads everywhere: one for functions of arrays alone, which
// gives unannotated parameters the type NDArray and keeps arity and labels, and one for functions of trees.
import type { NDArray } from "../../ir/ndarray.ts";
import type { TypedArrays } from "../../ir/dtype.ts";
import type { Key } from "../types.ts";

/** Any function, for implementations. */
export type AnyFn = (...args: never[]) => unknown;
/** A function of arrays only. */
export type ArrayFn<R = unknown> = (...args: NDArray[]) => R;

/** A function whose first parameter is a number. Where it's traced, there will be an array. */
export type NumberFn = (x: number, ...rest: never[]) => unknown;
/** What a transformation of such a function gives: nothing that can be called. */
export type Annotate = "E_ANNOTATE: a traced function gets arrays: write (x: NDArray), not (x: number)";

/** Which arguments: a place, or several. Negative ones count from the end. */
export type Argnums = number | readonly number[];
/** The arguments that `argnums` names: one, or a tuple. */
export type Wrt<A extends readonly unknown[], N> = N extends number
  ? A[N]
  : { -readonly [I in keyof N]: N[I] extends number ? A[N[I]] : never };
/** An array for each of several places. */
export type Leaves<N> = { -readonly [I in keyof N]: NDArray };

/** Mapped axes of a tree: one for a whole subtree, or a tree of them. null: not mapped. */
export type AxisTree<T> =
  | number
  | null
  | (T extends NDArray | Key | number | bigint | boolean | string | null | TypedArrays[keyof TypedArrays]
      ? never
      : { readonly [K in keyof T]: AxisTree<T[K]> });

/** A tree of cotangents (or tangents): null stands for the zeros of a leaf or of a whole subtree. */
export type Cotangent<T> =
  | T
  | null
  | (T extends NDArray | Key | number | bigint | boolean | string | null | TypedArrays[keyof TypedArrays]
      ? never
      : { readonly [K in keyof T]: Cotangent<T[K]> });
/** Cotangents, one for each argument. */
export type Cotangents<A extends readonly unknown[]> = { readonly [I in keyof A]: Cotangent<A[I]> };
