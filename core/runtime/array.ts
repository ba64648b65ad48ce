// Concrete arrays: a device buffer with an aval. Reading, lifetime, and the garbage collector's net.
import type { DeviceBuffer } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { sizeOf, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isComplex, type DType, type TypedArrays } from "../ir/dtype.ts";
import { CONCRETE, LITERAL, NDArray, type Complex, type Literal, type NestedNumbers } from "../ir/ndarray.ts";
import { isTracer } from "../ir/trace.ts";
import { collector } from "./collector.ts";
import { encodeScalar, fromBfloat16, fromFloat16 } from "./host-values.ts";
import type { RuntimeDevice } from "./registry.ts";

/** An array whose elements are on a device. */
export class ConcreteArray extends NDArray {
  buffer: DeviceBuffer | null;
  readonly home: RuntimeDevice;
  /** Placed by devicePut: operations must not move it. */
  readonly committed: boolean;
  /** Why there is no buffer any more. */
  gone: string | null = null;
  private host: TypedArrays[DType] | null = null;
  constructor(aval: ShapedArray, buffer: DeviceBuffer, home: RuntimeDevice, committed: boolean) {
    super(CONCRETE, aval);
    this.buffer = buffer;
    this.home = home;
    this.committed = committed;
    collector.track(this, buffer, aval.nbytes);
    context().scope?.add(this);
  }

  /** The live buffer. @throws E_DISPOSED, E_DONATED naming where it went */
  live(what: string): DeviceBuffer {
    if (this.buffer !== null) return this.buffer;
    const donated = this.gone !== null && this.gone !== "disposed";
    throw fail(
      donated ? "E_DONATED" : "E_DISPOSED",
      `${what}: the array ${this.aval} was ${this.gone ?? "disposed"}`,
    );
  }

  override dispose(): void {
    this.release("disposed");
  }
  override [Symbol.dispose](): void {
    this.release("disposed");
  }

  /** Gives the buffer up; `why` goes into later errors. */
  release(why: string): void {
    const { buffer } = this;
    if (buffer === null) return;
    this.buffer = null;
    this.gone = why;
    collector.forget(this, this.aval.nbytes);
    buffer.dispose();
  }

  private empty(): TypedArrays[DType] {
    const row = DTYPES[this.aval.dtype];
    const elements =
      sizeOf([...this.aval.shape, ...row.physicalShape]) * (isComplex(this.aval.dtype) ? 2 : 1);
    return new row.array(elements);
  }

  readSync(): TypedArrays[DType] {
    if (this.host !== null) return this.host.slice() as TypedArrays[DType];
    const buffer = this.live("x.dataSync()");
    const into = this.empty();
    const reader = this.home.client.extensions?.readSync;
    if (reader === undefined)
      throw fail("E_NO_READ_SYNC", `x.dataSync(), x.item(): ${this.home.name} can't read without waiting`);
    reader.read(buffer, into);
    return into;
  }

  async read(): Promise<TypedArrays[DType]> {
    if (this.host !== null) return this.host.slice() as TypedArrays[DType];
    const into = this.empty();
    await this.home.client.toHost(this.live("x.data()"), into);
    return into;
  }

  /** Copies to the host and keeps the copy: afterwards the synchronous readers work on every device. */
  async fetch(): Promise<this> {
    this.host ??= await this.read();
    return this;
  }
}

export const isConcrete = (x: NDArray): x is ConcreteArray => x.kind === CONCRETE;

/** The elements of a value that has them. @throws E_CONCRETIZATION for tracers, saying what to do */
export function valuesOf(x: NDArray, what: string): TypedArrays[DType] {
  if (x.kind === LITERAL) return literalData(x as Literal);
  if (isConcrete(x)) return x.readSync();
  throw unreadable(x, what);
}
export function literalData(x: Literal): TypedArrays[DType] {
  const row = DTYPES[x.dtype];
  return new row.array(encodeScalar(x.value, row.wire).buffer as ArrayBuffer);
}

/** The error for reading a tracer. */
export function unreadable(x: NDArray, what: string): Error {
  if (!isTracer(x)) return fail("E_INTERNAL", `internal: ${what} of a value of no kind`);
  if (x.trace.dead)
    return fail("E_TRACER_LEAKED", `${what}: a tracer ${x.aval} of ${x.trace.label}, whose trace has ended`);
  if (x.trace.kind === "jvp") {
    const primal = x.a as NDArray;
    if (!isTracer(primal) || primal.trace.kind === "jvp")
      return fail(
        "E_ITEM_DIFFERENTIATED",
        `${what}: the value ${x.aval} is being differentiated (${x.trace.label})`,
      );
  }
  return fail(
    "E_CONCRETIZATION",
    `${what}: a traced ${x.aval} of ${x.trace.label} has no value while tracing`,
  );
}

/** The one element as a JavaScript value. */
export function itemOf(x: NDArray, dtype?: DType): number | bigint | boolean | Complex {
  if (isTracer(x)) throw unreadable(x, "x.item()");
  if (x.size !== 1) throw fail("E_SHAPE", `x.item(): ${x.aval} has ${x.size} elements, expected one`);
  if (dtype !== undefined && dtype !== x.dtype)
    throw fail("E_DTYPE", `x.item("${dtype}"): the array is ${x.aval}`);
  const value = elementAt(valuesOf(x, "x.item()"), x.dtype, 0);
  if (dtype !== undefined) return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint" || typeof value === "object")
    throw fail("E_DTYPE", `x.item(): name the dtype of ${x.aval}: x.item("${x.dtype}")`);
  return value;
}

/** Element i of host data. */
export function elementAt(
  data: TypedArrays[DType],
  dtype: DType,
  i: number,
): number | bigint | boolean | Complex {
  switch (dtype) {
    case "bool":
      return data[i] !== 0;
    case "float16":
      return fromFloat16(data[i] as number);
    case "bfloat16":
      return fromBfloat16(data[i] as number);
    case "complex64":
    case "complex128":
      return { re: data[2 * i] as number, im: data[2 * i + 1] as number };
    default:
      return data[i] as number | bigint;
  }
}

/** Nested lists of the elements. */
export function listOf(x: NDArray): NestedNumbers {
  const data = valuesOf(x, "x.tolist()");
  const { shape } = x;
  const build = (axis: number, at: number): NestedNumbers => {
    if (axis === shape.length) return elementAt(data, x.dtype, at) as NestedNumbers;
    const step = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: shape[axis] as number }, (_, i) => build(axis + 1, at + i * step));
  };
  return build(0, 0);
}
