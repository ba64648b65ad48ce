// The types of trees: what a caller may pass, what a traced function sees, and trees with other leaves.
import type { Shape } from "../ir/aval.ts";
import type { ArrayLike, Index, NDArray, Scalar } from "../ir/ndarray.ts";
import type { TypedArrays } from "../ir/dtype.ts";

type Atom = Scalar | string | symbol | null | undefined | ((...args: never[]) => unknown);
type TypedArray = TypedArrays[keyof TypedArrays];

declare const keyBrand: unique symbol;
/** A random key, or an array of them: no arithmetic, but it may be a leaf, indexed, split and mapped. */
export interface Key extends Disposable {
  readonly [keyBrand]: true;
  readonly shape: Shape;
  readonly ndim: number;
  readonly size: number;
  get(...index: Index[]): Key;
  reshape(shape: Shape): Key;
  dispose(): void;
}
/** What `split` gives: as many keys as a literal count says, else an iterable array of them. */
export type Keys<N, L extends Key[] = []> = N extends number
  ? number extends N
    ? Key & Iterable<Key>
    : L["length"] extends N
      ? Key & Iterable<Key> & Omit<L, keyof []>
      : Keys<N, [...L, Key]>
  : Key & Iterable<Key>;

/** What a traced function sees for an input of type T: numbers and typed arrays have become arrays. */
export type Traced<T> = T extends NDArray | Key
  ? T
  : T extends Scalar | TypedArray
    ? NDArray
    : T extends Atom
      ? T
      : { [K in keyof T]: Traced<T[K]> };

/** What a traced function sees for its arguments, each by itself. */
export type TracedArgs<A extends readonly unknown[]> = { [I in keyof A]: Traced<A[I]> };

/** What the caller may pass for a parameter of type T: arrays widened to what stands for one. */
export type Lift<T> = T extends NDArray
  ? ArrayLike
  : T extends Key | Atom | TypedArray
    ? T
    : { [K in keyof T]: Lift<T[K]> };

/** A parameter of type T, or what stands for it: a generic P fits, too. */
export type Arg<T> = T | Lift<T>;
/** Parameters, each as `Arg`. */
export type Args<A extends readonly unknown[]> = { [I in keyof A]: Arg<A[I]> };

/** T with every leaf replaced by R. */
export type MapTree<T, R> = T extends NDArray | Key | Scalar | TypedArray
  ? R
  : T extends Atom
    ? T
    : { [K in keyof T]: MapTree<T[K], R> };
