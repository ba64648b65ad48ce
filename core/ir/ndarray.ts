/// <reference lib="esnext.disposable" preserve="true" />
// (The line above gives `Disposable` to projects whose `lib` lacks it.)
// The value that users hold: concrete array, tracer or literal behind one interface. Methods are one-line
// delegations to the surface that the root context carries, so that this file imports no operation.
import { fail } from "../errors.ts";
import { calledByUs } from "../frames.ts";
import { shaped, type Shape, type ShapedArray } from "./aval.ts";
import { context } from "./context.ts";
import type {
  ArgWords,
  ArrayMethods,
  Axes,
  AxisWords,
  DiagonalWords,
  ExtremumWords,
  MaskWords,
  MeanWords,
  OrderWords,
  ProductWords,
  RunWords,
  SortWords,
  SumWords,
  TakeWords,
  VarWords,
} from "./array-methods.ts";
import { INSPECT, INSPECT_DENO } from "./inspect.ts";
import { DTYPES, type DType, type TypedArrays } from "./dtype.ts";

/** Kind of a `Literal`. */
export const LITERAL = 0;
/** Kind of an array on a device. */
export const CONCRETE = 1;
/** Kind of a traced value. */
export const TRACER = 2;
/** Which of the three classes a value is. */
export type ValueKind = typeof LITERAL | typeof CONCRETE | typeof TRACER;

/** JavaScript values that are scalars. */
export type Scalar = number | bigint | boolean;
/** A complex number as a JavaScript value. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** What functions take where JAX takes an array. */
export type ArrayLike = NDArray | Scalar | TypedArrays[DType];
/** What `tolist()` gives. */
export type NestedNumbers = number | bigint | boolean | Complex | NestedNumbers[];
/** `start:stop:step`; null stands for the default. */
export interface Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}
type Num = number | "";
/** A slice as text: "1:3", "::-1". */
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
/** Options of the updates of `x.at(…)`. */
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
/** Is it an array of another copy of tenon? Nothing here can work with it. */
export const isForeignArray = (x: unknown): boolean =>
  typeof x === "object" &&
  x !== null &&
  !(x instanceof NDArray) &&
  (x as Record<symbol, unknown>)[BRAND] === true;
const m = (): ArrayMethods => context().methods;
/** A function in a field: structuredClone and postMessage then refuse the array instead of sending a hollow copy. */
const uncloneable = (): never => {
  throw fail(
    "E_COERCED",
    "an array can't be cloned: send `await x.data()` and call np.array on the other side",
  );
};

/** An n-dimensional array, concrete or traced. Immutable; garbage-collected; `dispose()` is optional. */
export abstract class NDArray {
  /** Which of the three classes this is; internal. */
  readonly kind: ValueKind;
  /** The abstract value; internal. */
  readonly aval: ShapedArray;
  /** Internal. */
  readonly uncloneable: () => never = uncloneable;
  constructor(kind: ValueKind, aval: ShapedArray) {
    this.kind = kind;
    this.aval = aval;
  }
  /** Throws if it can't be used any more: disposed, donated, or of a trace that has ended. `name`: who would use it. */

  assertLive(_name: string, _word?: string): void {}
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
  get itemsize(): number {
    return DTYPES[this.aval.dtype].itemsize;
  }
  get [BRAND](): true {
    return true;
  }
  get T(): NDArray {
    return m().call("transpose", [this]);
  }
  get mT(): NDArray {
    return m().call("matrixTranspose", [this]);
  }
  get real(): NDArray {
    return m().call("real", [this]);
  }
  get imag(): NDArray {
    return m().call("imag", [this]);
  }
  get device(): object {
    return m().device(this);
  }
  get ready(): Promise<this> {
    return m().ready(this) as Promise<this>;
  }

  add(y: ArrayLike): NDArray {
    return m().call("add", [this, y], arguments.length);
  }
  sub(y: ArrayLike): NDArray {
    return m().call("sub", [this, y], arguments.length);
  }
  mul(y: ArrayLike): NDArray {
    return m().call("mul", [this, y], arguments.length);
  }
  div(y: ArrayLike): NDArray {
    return m().call("div", [this, y], arguments.length);
  }
  floordiv(y: ArrayLike): NDArray {
    return m().call("floordiv", [this, y], arguments.length);
  }
  mod(y: ArrayLike): NDArray {
    return m().call("mod", [this, y], arguments.length);
  }
  pow(y: ArrayLike): NDArray {
    return m().call("pow", [this, y], arguments.length);
  }
  matmul(y: ArrayLike, options?: ProductWords): NDArray {
    return m().call("matmul", [this, y, options], arguments.length);
  }
  eq(y: ArrayLike): NDArray {
    return m().call("eq", [this, y], arguments.length);
  }
  ne(y: ArrayLike): NDArray {
    return m().call("ne", [this, y], arguments.length);
  }
  lt(y: ArrayLike): NDArray {
    return m().call("lt", [this, y], arguments.length);
  }
  le(y: ArrayLike): NDArray {
    return m().call("le", [this, y], arguments.length);
  }
  gt(y: ArrayLike): NDArray {
    return m().call("gt", [this, y], arguments.length);
  }
  ge(y: ArrayLike): NDArray {
    return m().call("ge", [this, y], arguments.length);
  }
  and(y: ArrayLike): NDArray {
    return m().call("and", [this, y], arguments.length);
  }
  or(y: ArrayLike): NDArray {
    return m().call("or", [this, y], arguments.length);
  }
  xor(y: ArrayLike): NDArray {
    return m().call("xor", [this, y], arguments.length);
  }
  lshift(y: ArrayLike): NDArray {
    return m().call("lshift", [this, y], arguments.length);
  }
  rshift(y: ArrayLike): NDArray {
    return m().call("rshift", [this, y], arguments.length);
  }
  dot(b: ArrayLike, options?: ProductWords): NDArray {
    return m().call("dot", [this, b, options], arguments.length);
  }
  neg(): NDArray {
    return m().call("neg", [this], arguments.length);
  }
  abs(): NDArray {
    return m().call("abs", [this], arguments.length);
  }
  invert(): NDArray {
    return m().call("invert", [this], arguments.length);
  }
  conj(): NDArray {
    return m().call("conj", [this], arguments.length);
  }
  conjugate(): NDArray {
    return m().call("conjugate", [this], arguments.length);
  }
  copy(): NDArray {
    return m().call("copy", [this], arguments.length);
  }
  flatten(): NDArray {
    return m().call("flatten", [this], arguments.length);
  }
  sum(options?: SumWords): NDArray {
    return m().call("sum", [this, options], arguments.length);
  }
  prod(options?: SumWords): NDArray {
    return m().call("prod", [this, options], arguments.length);
  }
  mean(options?: MeanWords): NDArray {
    return m().call("mean", [this, options], arguments.length);
  }
  max(options?: ExtremumWords): NDArray {
    return m().call("max", [this, options], arguments.length);
  }
  min(options?: ExtremumWords): NDArray {
    return m().call("min", [this, options], arguments.length);
  }
  all(options?: MaskWords): NDArray {
    return m().call("all", [this, options], arguments.length);
  }
  any(options?: MaskWords): NDArray {
    return m().call("any", [this, options], arguments.length);
  }
  std(options?: VarWords): NDArray {
    return m().call("std", [this, options], arguments.length);
  }
  var(options?: VarWords): NDArray {
    return m().call("var", [this, options], arguments.length);
  }
  ptp(options?: AxisWords): NDArray {
    return m().call("ptp", [this, options], arguments.length);
  }
  argmax(options?: ArgWords): NDArray {
    return m().call("argmax", [this, options], arguments.length);
  }
  argmin(options?: ArgWords): NDArray {
    return m().call("argmin", [this, options], arguments.length);
  }
  cumsum(options?: RunWords): NDArray {
    return m().call("cumsum", [this, options], arguments.length);
  }
  cumprod(options?: RunWords): NDArray {
    return m().call("cumprod", [this, options], arguments.length);
  }
  sort(options?: SortWords): NDArray {
    return m().call("sort", [this, options], arguments.length);
  }
  argsort(options?: SortWords): NDArray {
    return m().call("argsort", [this, options], arguments.length);
  }
  diagonal(options?: DiagonalWords): NDArray {
    return m().call("diagonal", [this, options], arguments.length);
  }
  squeeze(options?: { readonly axis?: Axes | undefined }): NDArray {
    return m().call("squeeze", [this, options], arguments.length);
  }
  round(options?: { readonly decimals?: number | undefined }): NDArray {
    return m().call("round", [this, options], arguments.length);
  }
  ravel(options?: OrderWords): NDArray {
    return m().call("ravel", [this, options], arguments.length);
  }
  nonzero(options?: {
    readonly size?: number | null | undefined;
    readonly fillValue?: ArrayLike | null | undefined;
  }): NDArray[] {
    return m().call("nonzero", [this, options], arguments.length) as unknown as NDArray[];
  }
  argpartition(kth: number, options?: { readonly axis?: number | undefined }): NDArray {
    return m().call("argpartition", [this, kth, options], arguments.length);
  }
  reshape(shape: Shape | number, options?: OrderWords): NDArray {
    return m().call("reshape", [this, shape, options], arguments.length);
  }
  transpose(axes?: Shape | null): NDArray {
    return m().call("transpose", [this, axes], arguments.length);
  }
  swapaxes(axis1: number, axis2: number): NDArray {
    return m().call("swapaxes", [this, axis1, axis2], arguments.length);
  }
  astype(dtype: DType): NDArray {
    return m().call("astype", [this, dtype], arguments.length);
  }
  view(dtype: DType): NDArray {
    return m().call("view", [this, dtype], arguments.length);
  }
  clip(min?: ArrayLike | null, max?: ArrayLike | null): NDArray {
    return m().call("clip", [this, min, max], arguments.length);
  }
  repeat(
    repeats: number | readonly number[] | NDArray,
    options?: {
      readonly axis?: number | null | undefined;
      readonly totalRepeatLength?: number | null | undefined;
    },
  ): NDArray {
    return m().call("repeat", [this, repeats, options], arguments.length);
  }
  take(indices: ArrayLike, options?: TakeWords): NDArray {
    return m().call("take", [this, indices, options], arguments.length);
  }
  choose(
    choices: readonly ArrayLike[] | NDArray,
    options?: { readonly mode?: "raise" | "wrap" | "clip" | undefined },
  ): NDArray {
    return m().call("choose", [this, choices, options], arguments.length);
  }
  compress(
    condition: ArrayLike,
    options?: {
      readonly axis?: number | null | undefined;
      readonly size?: number | null | undefined;
      readonly fillValue?: ArrayLike | undefined;
    },
  ): NDArray {
    return m().call("compress", [this, condition, options], arguments.length);
  }
  searchsorted(
    v: ArrayLike,
    options?: {
      readonly side?: "left" | "right" | undefined;
      readonly sorter?: ArrayLike | null | undefined;
    },
  ): NDArray {
    return m().call("searchsorted", [this, v, options], arguments.length);
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
    if (this.kind === TRACER) throw refuseCoercion(this, "string");
    return m().print(this);
  }
  toJSON(): never {
    throw refuseCoercion(this, "json");
  }
  [Symbol.toPrimitive](hint: "number" | "default" | "string"): string {
    if (hint === "string" && this.kind !== TRACER) return m().print(this);
    throw refuseCoercion(this, hint);
  }
  *[Symbol.iterator](): Iterator<NDArray> {
    const n = this.aval.shape[0];
    if (n === undefined) throw fail("E_INDEX", `can't iterate over ${this.aval}: it has no axis`);
    for (let i = 0; i < n; i++) yield m().get(this, [i]);
  }
  [INSPECT](): string {
    return m().print(this);
  }
  [INSPECT_DENO](): string {
    return m().print(this);
  }
  [Symbol.for("Jupyter.display")](): Readonly<Record<string, string>> {
    return m().display(this);
  }
}

// `x[0]` would be undefined and `x[0] = 1` a property nobody reads: what no class has is asked of this prototype, which
// refuses subscripts. Properties that exist are found before it.
const SUBSCRIPT = /^-?\d+$/;
const refuseSubscript = (key: string | symbol, receiver: unknown, how: (i: string) => string): void => {
  if (typeof key !== "string" || !SUBSCRIPT.test(key)) return;
  const what = receiver instanceof NDArray ? String(receiver.aval) : "an array";
  throw fail("E_SUBSCRIPT", `${how(key)}: ${what} isn't read or written by subscripts`);
};
Object.setPrototypeOf(
  NDArray.prototype,
  new Proxy(Object.prototype, {
    get(target, key, receiver): unknown {
      refuseSubscript(key, receiver, (i) => `x[${i}]`);
      if (key === "length" && receiver instanceof NDArray)
        throw fail("E_SUBSCRIPT", `x.length: an array ${receiver.aval} has no length`, {
          hint: "x.shape[0] is the size of the first axis, x.size the number of elements",
        });
      return Reflect.get(target, key, receiver);
    },
    set(target, key, value, receiver): boolean {
      refuseSubscript(key, receiver, (i) => `x[${i}] = …`);
      return Reflect.set(target, key, value, receiver);
    },
  }),
);
// `x.at[0]`, as Python writes it, would be a property of the method.
Object.setPrototypeOf(
  NDArray.prototype.at,
  new Proxy(Function.prototype, {
    get(target, key, receiver): unknown {
      if (typeof key === "string" && /^-?\d+(,-?\d+)*$/.test(key))
        throw fail("E_SUBSCRIPT", `x.at[${key}]: at is a method`, { hint: `write x.at(${key}).set(v)` });
      return Reflect.get(target, key, receiver);
    },
  }),
);

/** A rank-0 constant that becomes a literal of jaxprs and an immediate of eager calls; never a device buffer. */
export class Literal extends NDArray {
  readonly value: number | bigint | boolean | Complex;
  constructor(value: number | bigint | boolean | Complex, dtype: DType | "number", weak: boolean) {
    super(LITERAL, shaped([], dtype, weak));
    this.value = value;
  }
}

/** JavaScript's conversions: what the user may have written, and what to write instead. */
const COERCIONS = {
  number: [
    "x * y, x - y, x < y, +x or Math.f(x)",
    "operators don't work on arrays: write x.mul(y), x.sub(y), x.div(y), x.lt(y), x.gt(y), np.exp(x)",
  ],
  default: ["x + y or x == y", "operators don't work on arrays: write x.add(y), x.eq(y)"],
  string: [
    "`${x}`, String(x) or list[x]",
    "look a traced position up in an array: np.array(list).get(x); print what the traced function returns",
  ],
  json: ["JSON.stringify(x)", "x.tolist() gives lists of numbers"],
} as const;

/** A traced value as messages name it. */
export function describeTraced(x: NDArray): string {
  const { label } = (x as NDArray & { readonly trace: { readonly label: string } }).trace;
  return `a traced ${x.aval} of ${label}`;
}
/** The error for an implicit conversion of an array. */
export function refuseCoercion(x: NDArray, to: keyof typeof COERCIONS): Error {
  const within = calledByUs("ndarray");
  if (within !== null) return refuseNumber(`${within}: an argument`, x);
  const [how, instead] = COERCIONS[to];
  if (x.kind !== TRACER)
    return fail("E_COERCED", `${how}: an array ${x.aval} doesn't turn into a JavaScript value by itself`, {
      hint: to === "json" ? instead : `${instead}; x.item() is the number of an array of one element`,
    });
  const reason = x.aval.dtype === "bool" ? "E_TRACER_BOOL" : "E_TRACER_COERCED";
  return fail(reason, `${how}: ${describeTraced(x)} has no value while tracing`, {
    hint:
      to === "json"
        ? "return the value from the traced function, and read it there"
        : `${instead}; in place of a branch, np.where(x.gt(0), a, b) or lax.cond; or make the argument static (staticArgnums)`,
  });
}
/** The error for an array where a plain number stands: a size, an axis, a count. */
export function refuseNumber(what: string, x: NDArray): Error {
  return x.kind === TRACER
    ? fail(
        "E_TRACER_INTEGER",
        `${what} is ${describeTraced(x)}, expected a plain number, known while tracing`,
      )
    : fail("E_ARGUMENT", `${what} is an array ${x.aval}, expected a plain number`, {
        hint: "x.item() is the number of an array of one element",
      });
}
