// The value that users hold: concrete array, tracer or literal behind one interface. Methods are one-line
// delegations to the surface that the root context carries, so that this file imports no operation.
import { fail } from "../errors.ts";
import { shaped, type Shape, type ShapedArray } from "./aval.ts";
import { context } from "./context.ts";
import type { DType } from "./dtype.ts";

export const LITERAL = 0;
export const CONCRETE = 1;
export const TRACER = 2;
export type ValueKind = typeof LITERAL | typeof CONCRETE | typeof TRACER;

export type Scalar = number | bigint | boolean;
export interface Complex { readonly re: number; readonly im: number }

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
}

/** A rank-0 constant that becomes a literal of jaxprs and an immediate of eager calls; never a device buffer. */
export class Literal extends NDArray {
  readonly value: number | bigint | boolean | Complex;
  constructor(value: number | bigint | boolean | Complex, dtype: DType, weak: boolean) {
    super(LITERAL, shaped([], dtype, weak));
    this.value = value;
  }
}

/** What the methods of arrays delegate to (api/methods.ts implements it). */
export interface ArrayMethods {
  readonly placeholder?: never;
}

/** The surface in force. */
export const methods = (): ArrayMethods => context().methods;

/** Refuses an implicit conversion of an array. */
export function refuseCoercion(x: NDArray, how: string): never {
  if (x.kind === TRACER) throw fail("E_TRACER_COERCED", `${how}: a traced ${x.aval} has no value while tracing`);
  throw fail("E_COERCED", `${how}: an array ${x.aval} doesn't turn into a JavaScript value by itself`);
}
