// The value that users hold: concrete array, tracer or literal behind one interface. Methods are one-line
// delegations to the surface that the root context carries, so that this file imports no operation.
import { fail } from "../errors.ts";
import { shaped, type Shape, type ShapedArray } from "./aval.ts";
import { context } from "./context.ts";
import type { DType, TypedArrays } from "./dtype.ts";

export const LITERAL = 0;
export const CONCRETE = 1;
export const TRACER = 2;
export type ValueKind = typeof LITERAL | typeof CONCRETE | typeof TRACER;

export type Scalar = number | bigint | boolean;
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** Operations behind the methods of arrays; api/methods.ts implements them. Names are the methods'. */
export interface ArrayMethods {
  /** An array of a typed array's elements, rank 1. */
  asArray(x: ArrayBufferView): NDArray;
  binary(name: BinaryMethod, x: NDArray, y: ArrayLike): NDArray;
  unary(name: UnaryMethod, x: NDArray): NDArray;
  reduce(name: ReduceMethod, x: NDArray, options?: object): NDArray;
  get(x: NDArray, index: readonly Index[]): NDArray;
  at(x: NDArray, index: readonly Index[]): At;
  reshape(x: NDArray, shape: Shape): NDArray;
  transpose(x: NDArray, axes?: Shape): NDArray;
  squeeze(x: NDArray, options?: object): NDArray;
  astype(x: NDArray, dtype: DType): NDArray;
  clip(x: NDArray, min?: ArrayLike | null, max?: ArrayLike | null): NDArray;
  swapLast(x: NDArray): NDArray;
  data(x: NDArray, dtype?: DType): Promise<TypedArrays[DType]>;
  dataSync(x: NDArray, dtype?: DType): TypedArrays[DType];
  item(x: NDArray, dtype?: DType): number | bigint | boolean | Complex;
  tolist(x: NDArray): NestedNumbers;
  ready(x: NDArray): Promise<unknown>;
  dispose(x: NDArray): void;
  device(x: NDArray): object;
  print(x: NDArray): string;
}
export type BinaryMethod =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "floordiv"
  | "mod"
  | "pow"
  | "matmul"
  | "dot"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "and"
  | "or"
  | "xor"
  | "lshift"
  | "rshift";
export type UnaryMethod = "neg" | "abs" | "invert" | "real" | "imag" | "conj" | "ravel" | "round";
export type ReduceMethod =
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "prod"
  | "all"
  | "any"
  | "std"
  | "var"
  | "argmax"
  | "argmin"
  | "cumsum"
  | "sort"
  | "argsort";
export type ArrayLike = NDArray | Scalar | TypedArrays[DType];
export type NestedNumbers = number | bigint | boolean | Complex | NestedNumbers[];
export interface Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}
type Num = number | "";
export type SliceText = `${Num}:${Num}` | `${Num}:${Num}:${Num}`;
/** One item of an index: a position, a slice, "...", a new axis (null), or an array of positions or booleans. */
export type Index =
  | number
  | bigint
  | boolean
  | SliceText
  | "..."
  | null
  | Slice
  | readonly number[]
  | readonly boolean[]
  | TypedArrays[DType]
  | NDArray;
export interface AtOptions {
  readonly mode?: "clip" | "drop" | "fill" | "promise_in_bounds" | null | undefined;
  readonly uniqueIndices?: boolean | undefined;
  readonly indicesAreSorted?: boolean | undefined;
  /** What stands where the mode "fill" finds nothing; NaN, or the least integer, by default. */
  readonly fillValue?: ArrayLike | null | undefined;
  /** Negative positions count from the end (default true). */
  readonly wrapNegativeIndices?: boolean | undefined;
}
/** Functional updates of part of an array: `x.at("1:3").set(v)`. */
export interface At {
  get(options?: AtOptions): NDArray;
  set(y: ArrayLike, options?: AtOptions): NDArray;
  add(y: ArrayLike, options?: AtOptions): NDArray;
  sub(y: ArrayLike, options?: AtOptions): NDArray;
  mul(y: ArrayLike, options?: AtOptions): NDArray;
  div(y: ArrayLike, options?: AtOptions): NDArray;
  pow(y: ArrayLike, options?: AtOptions): NDArray;
  min(y: ArrayLike, options?: AtOptions): NDArray;
  max(y: ArrayLike, options?: AtOptions): NDArray;
  apply(f: (x: NDArray) => NDArray, options?: AtOptions): NDArray;
}

const BRAND = Symbol.for("tenon.array");
const m = (): ArrayMethods => context().methods;

/** An n-dimensional array, concrete or traced. Immutable; garbage-collected; `dispose()` is optional. */
export abstract class NDArray {
  /** Which of the three classes this is; internal. */
  readonly kind: ValueKind;
  /** The abstract value; internal. */
  readonly aval: ShapedArray;
  constructor(kind: ValueKind, aval: ShapedArray) {
    this.kind = kind;
    this.aval = aval;
  }
  get shape(): Shape {
    return this.aval.shape;
  }
  get dtype(): DType {
    return (this.aval.dtype === "number" ? "float32" : this.aval.dtype) as DType;
  }
  get weakType(): boolean {
    return this.aval.weak;
  }
  get ndim(): number {
    return this.aval.shape.length;
  }
  get size(): number {
    return this.aval.size;
  }
  get nbytes(): number {
    return this.aval.nbytes;
  }
  get [BRAND](): true {
    return true;
  }
  get T(): NDArray {
    return m().transpose(this);
  }
  get mT(): NDArray {
    return m().swapLast(this);
  }
  get real(): NDArray {
    return m().unary("real", this);
  }
  get imag(): NDArray {
    return m().unary("imag", this);
  }
  get device(): object {
    return m().device(this);
  }
  get ready(): Promise<this> {
    return m().ready(this) as Promise<this>;
  }

  add(y: ArrayLike): NDArray {
    return m().binary("add", this, y);
  }
  sub(y: ArrayLike): NDArray {
    return m().binary("sub", this, y);
  }
  mul(y: ArrayLike): NDArray {
    return m().binary("mul", this, y);
  }
  div(y: ArrayLike): NDArray {
    return m().binary("div", this, y);
  }
  floordiv(y: ArrayLike): NDArray {
    return m().binary("floordiv", this, y);
  }
  mod(y: ArrayLike): NDArray {
    return m().binary("mod", this, y);
  }
  pow(y: ArrayLike): NDArray {
    return m().binary("pow", this, y);
  }
  matmul(y: ArrayLike): NDArray {
    return m().binary("matmul", this, y);
  }
  dot(y: ArrayLike): NDArray {
    return m().binary("dot", this, y);
  }
  eq(y: ArrayLike): NDArray {
    return m().binary("eq", this, y);
  }
  ne(y: ArrayLike): NDArray {
    return m().binary("ne", this, y);
  }
  lt(y: ArrayLike): NDArray {
    return m().binary("lt", this, y);
  }
  le(y: ArrayLike): NDArray {
    return m().binary("le", this, y);
  }
  gt(y: ArrayLike): NDArray {
    return m().binary("gt", this, y);
  }
  ge(y: ArrayLike): NDArray {
    return m().binary("ge", this, y);
  }
  and(y: ArrayLike): NDArray {
    return m().binary("and", this, y);
  }
  or(y: ArrayLike): NDArray {
    return m().binary("or", this, y);
  }
  xor(y: ArrayLike): NDArray {
    return m().binary("xor", this, y);
  }
  lshift(y: ArrayLike): NDArray {
    return m().binary("lshift", this, y);
  }
  rshift(y: ArrayLike): NDArray {
    return m().binary("rshift", this, y);
  }
  neg(): NDArray {
    return m().unary("neg", this);
  }
  abs(): NDArray {
    return m().unary("abs", this);
  }
  invert(): NDArray {
    return m().unary("invert", this);
  }
  conj(): NDArray {
    return m().unary("conj", this);
  }
  round(): NDArray {
    return m().unary("round", this);
  }
  ravel(): NDArray {
    return m().unary("ravel", this);
  }
  flatten(): NDArray {
    return m().unary("ravel", this);
  }
  sum(options?: object): NDArray {
    return m().reduce("sum", this, options);
  }
  mean(options?: object): NDArray {
    return m().reduce("mean", this, options);
  }
  max(options?: object): NDArray {
    return m().reduce("max", this, options);
  }
  min(options?: object): NDArray {
    return m().reduce("min", this, options);
  }
  prod(options?: object): NDArray {
    return m().reduce("prod", this, options);
  }
  all(options?: object): NDArray {
    return m().reduce("all", this, options);
  }
  any(options?: object): NDArray {
    return m().reduce("any", this, options);
  }
  std(options?: object): NDArray {
    return m().reduce("std", this, options);
  }
  var(options?: object): NDArray {
    return m().reduce("var", this, options);
  }
  argmax(options?: object): NDArray {
    return m().reduce("argmax", this, options);
  }
  argmin(options?: object): NDArray {
    return m().reduce("argmin", this, options);
  }
  cumsum(options?: object): NDArray {
    return m().reduce("cumsum", this, options);
  }
  sort(options?: object): NDArray {
    return m().reduce("sort", this, options);
  }
  argsort(options?: object): NDArray {
    return m().reduce("argsort", this, options);
  }
  reshape(shape: Shape): NDArray {
    return m().reshape(this, shape);
  }
  transpose(axes?: Shape): NDArray {
    return m().transpose(this, axes);
  }
  squeeze(options?: object): NDArray {
    return m().squeeze(this, options);
  }
  astype(dtype: DType): NDArray {
    return m().astype(this, dtype);
  }
  clip(min?: ArrayLike | null, max?: ArrayLike | null): NDArray {
    return m().clip(this, min, max);
  }
  get(...index: Index[]): NDArray {
    return m().get(this, index);
  }
  at(...index: Index[]): At {
    return m().at(this, index);
  }

  /** A copy of the elements, row-major. */
  data(): Promise<TypedArrays[DType]>;
  data<D extends DType>(dtype: D): Promise<TypedArrays[D]>;
  data(dtype?: DType): Promise<TypedArrays[DType]> {
    return m().data(this, dtype);
  }
  /** `data` without waiting, on devices that can. */
  dataSync(): TypedArrays[DType];
  dataSync<D extends DType>(dtype: D): TypedArrays[D];
  dataSync(dtype?: DType): TypedArrays[DType] {
    return m().dataSync(this, dtype);
  }
  /** The one element as a JavaScript value; bool gives 0 or 1 unless named. 64-bit and complex need the dtype named. */
  item(): number;
  item(dtype: "bool"): boolean;
  item(dtype: "int64" | "uint64"): bigint;
  item(dtype: "complex64" | "complex128"): Complex;
  item(dtype: DType): number;
  item(dtype?: DType): number | bigint | boolean | Complex {
    return m().item(this, dtype);
  }
  tolist(): NestedNumbers {
    return m().tolist(this);
  }
  dispose(): void {
    m().dispose(this);
  }
  [Symbol.dispose](): void {
    m().dispose(this);
  }
  toString(): string {
    if (this.kind === TRACER) throw refuseCoercion(this, "toString()");
    return m().print(this);
  }
  toJSON(): never {
    throw refuseCoercion(this, "JSON.stringify(x)");
  }
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string" && this.kind !== TRACER) return m().print(this);
    throw refuseCoercion(this, hint === "number" ? "+x, x < y or Math.f(x)" : "x + y, x == y or `${x}`");
  }
  *[Symbol.iterator](): Iterator<NDArray> {
    const n = this.aval.shape[0];
    if (n === undefined) throw fail("E_INDEX", `can't iterate over ${this.aval}: it has no axis`);
    for (let i = 0; i < n; i++) yield m().get(this, [i]);
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return m().print(this);
  }
}

/** A rank-0 constant that becomes a literal of jaxprs and an immediate of eager calls; never a device buffer. */
export class Literal extends NDArray {
  readonly value: number | bigint | boolean | Complex;
  constructor(value: number | bigint | boolean | Complex, dtype: DType | "number", weak: boolean) {
    super(LITERAL, shaped([], dtype, weak));
    this.value = value;
  }
}

/** The error for an implicit conversion of an array. */
export function refuseCoercion(x: NDArray, how: string): Error {
  if (x.kind === TRACER)
    return fail("E_TRACER_COERCED", `${how}: a traced ${x.aval} has no value while tracing`);
  return fail("E_COERCED", `${how}: an array ${x.aval} doesn't turn into a JavaScript value by itself`);
}
