// Reading values: elements as JavaScript values and nested lists; tracers and literals on the way.
import { bf16FromBits, f16FromBits } from "tenon-plugin-api";
import { fail, type Reason } from "../errors.ts";
import { sizeOf } from "../ir/aval.ts";
import { DTYPES, type DType, type TypedArrays } from "../ir/dtype.ts";
import {
  CONCRETE,
  describeTraced,
  LITERAL,
  type Complex,
  type Literal,
  type NDArray,
  type NestedNumbers,
} from "../ir/ndarray.ts";
import { isTracer } from "../ir/trace.ts";
import { encodeScalar } from "./host-values.ts";

/** An array that can be read. */
interface Readable extends NDArray {
  readSync(): TypedArrays[DType];
}

/** The elements of a value that has them. @throws E_CONCRETIZATION for tracers, saying what to do */
export function valuesOf(x: NDArray, what: string, reason?: Reason): TypedArrays[DType] {
  if (x.kind === LITERAL) return literalData(x as Literal);
  if (x.kind === CONCRETE) return (x as Readable).readSync();
  throw unreadable(x, what, reason);
}
/** The element of a literal. */
export function literalData(x: Literal): TypedArrays[DType] {
  const row = DTYPES[x.dtype];
  return new row.array(encodeScalar(x.value, row.wire).buffer);
}

/** The error for reading a tracer: for one number, unless all elements were asked for. */
export function unreadable(x: NDArray, what: string, reason: Reason = "E_CONCRETIZATION"): Error {
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
  return fail(reason, `${what}: ${describeTraced(x)} has no value while tracing`);
}

/** The one element as a JavaScript value. */
export function itemOf(x: NDArray, dtype?: DType): number | bigint | boolean | Complex {
  if (isTracer(x))
    throw unreadable(x, "x.item()", x.aval.dtype === "bool" ? "E_TRACER_BOOL" : "E_CONCRETIZATION");
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
      return f16FromBits(data[i] as number);
    case "bfloat16":
      return bf16FromBits(data[i] as number);
    case "complex64":
    case "complex128":
      return { re: data[2 * i] as number, im: data[2 * i + 1] as number };
    default:
      return data[i] as number | bigint;
  }
}

/** Nested lists of the elements. */
export function listOf(x: NDArray): NestedNumbers {
  const data = valuesOf(x, "x.tolist()", "E_TRACER_ARRAY");
  const { shape } = x;
  const build = (axis: number, at: number): NestedNumbers => {
    if (axis === shape.length) return elementAt(data, x.dtype, at);
    const step = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: shape[axis] as number }, (_, i) => build(axis + 1, at + i * step));
  };
  return build(0, 0);
}
