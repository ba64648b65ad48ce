// From JavaScript values to arrays and back to trees: what every public function does first.
import { fail } from "../errors.ts";
import { sameShape, shaped, type Shape } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isBool, isComplex, isFloat, isInteger, type DType, type TypedArrays } from "../ir/dtype.ts";
import { LITERAL, NDArray, type Complex, type Literal } from "../ir/ndarray.ts";
import { canonicalDType } from "../primitives/convert.ts";
import { checkFits, describe, literal, refuseOperand, toArray, type Operand } from "../primitives/operand.ts";
import { elementAt, literalData } from "../runtime/array.ts";
import { upload } from "../runtime/execute.ts";
import { encodeScalar } from "../runtime/host-values.ts";
import { currentDevice, type RuntimeDevice } from "../runtime/registry.ts";
import { checkWord, withWord } from "./words.ts";

/** Nested lists of scalars and arrays, as `np.array` takes them. */
export type Nested = number | bigint | boolean | Complex | NDArray | TypedArrays[DType] | readonly Nested[];

/** A device array of host data (already in the dtype's host form). */
export function fromHost(
  data: ArrayBufferView,
  shape: Shape,
  dtype: DType | "key<fry>",
  options: { weak?: boolean; device?: RuntimeDevice | undefined } = {},
): NDArray {
  const aval = shaped(shape, dtype, options.weak ?? false);
  const device = options.device ?? currentDevice();
  return upload(data, aval, device, options.device !== undefined);
}

const TYPED: readonly (readonly [abstract new (...args: never[]) => ArrayBufferView, DType])[] = [
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [Int32Array, "int32"],
  [Uint32Array, "uint32"],
  [Int16Array, "int16"],
  [Uint16Array, "uint16"],
  [Int8Array, "int8"],
  [Uint8Array, "uint8"],
  [Uint8ClampedArray, "uint8"],
  [BigInt64Array, "int64"],
  [BigUint64Array, "uint64"],
];
/** A rank-1 array of a typed array; 64-bit elements become 32-bit ones without x64. */
export function fromTyped(x: ArrayBufferView, shape?: Shape): NDArray {
  const dtype = TYPED.find(([c]) => x instanceof c)?.[1];
  if (dtype === undefined)
    throw fail("E_ARGUMENT", `np.array: a ${x.constructor.name} is no array of numbers`);
  const to = canonicalDType(dtype);
  const elements = x as unknown as ArrayLike<number | bigint>;
  const data = to === dtype ? x : packed(Array.from(elements), to);
  return fromHost(data, shape ?? [elements.length], to);
}

/** A rank-1 array of little-endian elements; 64-bit ones become 32-bit ones without x64. */
export function fromBytes(bytes: Uint8Array, dtype: DType): NDArray {
  const { array: make, itemsize } = DTYPES[dtype];
  const [to, n] = [canonicalDType(dtype), bytes.length / itemsize];
  const data = new make(bytes.slice().buffer);
  if (to === dtype) return fromHost(data, [n], dtype);
  return fromHost(
    packed(
      Array.from({ length: n }, (_, i) => elementAt(data, dtype, i)),
      to,
    ),
    [n],
    to,
  );
}

/** Host data of scalars in a dtype: integers wrap, floats round. */
export function packed(
  values: readonly (number | bigint | boolean | Complex)[],
  dtype: DType,
): TypedArrays[DType] {
  const { array, wire, itemsize } = DTYPES[dtype];
  if (
    dtype === "float32" ||
    dtype === "float64" ||
    (dtype === "int32" && values.every((v) => typeof v === "number"))
  )
    return (array as unknown as { from(v: Iterable<number>): TypedArrays[DType] }).from(values.map(Number));
  const bytes = new Uint8Array(values.length * itemsize);
  values.forEach((v, i) => bytes.set(encodeScalar(v, wire), i * itemsize));
  return new array(bytes.buffer);
}

/** A rank-1 int32 array of known positions. */
export const fromIntegers = (values: readonly number[]): NDArray => fromTyped(Int32Array.from(values));

/** A literal as a device array; arrays and tracers as they are. */
export function materialise(x: NDArray): NDArray {
  if (x.kind !== LITERAL) return x;
  if (context().trace.kind !== "eval") return x;
  return fromHost(literalData(x as Literal), [], x.dtype, { weak: x.aval.weak });
}

/** A leaf passed into a transformation: numbers become weak arrays. */
export const leafArray = (name: string, x: unknown): NDArray => materialise(toArray(name, x as Operand));

/** An array of nested lists, typed arrays or scalars. Source: jax.numpy.array. */
export function array(
  object: Nested,
  options: { dtype?: DType | null | undefined; device?: RuntimeDevice | undefined } = {},
): NDArray {
  const wanted = options.dtype == null ? undefined : canonicalDType(options.dtype);
  if (object instanceof NDArray)
    return wanted === undefined
      ? materialise(object)
      : context().lax.convertElementType(materialise(object), wanted);
  if (ArrayBuffer.isView(object)) {
    const x = fromTyped(object);
    return wanted === undefined ? x : context().lax.convertElementType(x, wanted);
  }
  const shape: number[] = [];
  const flat: (number | bigint | boolean | Complex | NDArray)[] = [];
  flattenNested(object, 0, shape, flat);
  if (flat.some((v) => v instanceof NDArray)) return stackNested(flat, shape, wanted);
  const scalars = flat as (number | bigint | boolean | Complex)[];
  const dtype = wanted ?? canonicalDType(inferred(scalars));
  if (isInteger(dtype))
    for (const v of scalars)
      if (typeof v === "bigint" || Number.isInteger(v)) checkFits("np.array", v as number, dtype);
  const weak = wanted === undefined && shape.length === 0 && dtype !== "bool";
  return fromHost(packed(scalars, dtype), shape, dtype, { weak, device: options.device });
}

function inferred(values: readonly (number | bigint | boolean | Complex)[]): DType {
  if (values.some((v) => typeof v === "object")) return "complex128";
  if (values.length === 0 || values.some((v) => typeof v === "number")) return "float64";
  return values.some((v) => typeof v === "bigint") ? "int64" : "bool";
}

/** Appends the elements of nested lists, and their lengths to `shape`. @throws E_SHAPE for ragged ones */
export function flattenNested(
  x: Nested,
  depth: number,
  shape: number[],
  out: (number | bigint | boolean | Complex | NDArray)[],
): void {
  const list = Array.isArray(x)
    ? (x as readonly Nested[])
    : ArrayBuffer.isView(x)
      ? (Array.from(x as unknown as ArrayLike<number>) as readonly Nested[])
      : null;
  if (list === null) {
    if (depth < shape.length) throw fail("E_SHAPE", "np.array: the nested lists have unequal depths");
    if (!isElement(x)) throw refuseOperand("np.array", x, "numbers, booleans, bigints or arrays");
    out.push(x);
    return;
  }
  if (shape.length === depth) {
    if (out.length > 0) throw fail("E_SHAPE", "np.array: the nested lists have unequal depths");
    shape.push(list.length);
  }
  if (shape[depth] !== list.length)
    throw fail(
      "E_SHAPE",
      `np.array: lists of unequal lengths at depth ${depth}: ${shape[depth]} and ${list.length}`,
    );
  for (const v of list) flattenNested(v, depth + 1, shape, out);
}

const isElement = (x: unknown): x is number | bigint | boolean | Complex | NDArray =>
  typeof x === "number" ||
  typeof x === "bigint" ||
  typeof x === "boolean" ||
  x instanceof NDArray ||
  (typeof (x as Complex | null)?.re === "number" && typeof (x as Complex).im === "number");

function stackNested(
  flat: readonly (number | bigint | boolean | Complex | NDArray)[],
  shape: Shape,
  dtype: DType | undefined,
): NDArray {
  const { lax } = context();
  const xs = flat.map((v) => toArray("np.array", v as Operand));
  const first = xs[0] as NDArray;
  const to =
    dtype ??
    xs
      .map((x) => x.dtype)
      .reduce((a, b) => (isFloat(a) || isComplex(a) ? a : isFloat(b) || isComplex(b) || isBool(a) ? b : a));
  if (xs.some((x) => !sameShape(x.shape, first.shape)))
    throw fail("E_SHAPE", "np.array: the arrays in the list have different shapes");
  const rows = xs.map((x) => lax.reshape(lax.convertElementType(x, to), [1, ...x.shape]));
  return lax.reshape(lax.concatenate(rows, 0), [...shape, ...first.shape]);
}

/** A weak int32 scalar (Python's int). @throws E_ARGUMENT for a fraction */
export function int(value: number | bigint): NDArray {
  if (typeof value !== "bigint" && !Number.isInteger(value)) throw refuseOperand("int", value, "an integer");
  return toArray("int", BigInt(value));
}
/** A weak float32 scalar (Python's float). */
export function float(value: number): NDArray {
  if (typeof value !== "number") throw refuseOperand("float", value, "a number");
  return toArray("float", value);
}
/** A weak complex64 scalar (Python's complex). */
export const complex = (re: number, im = 0): NDArray =>
  literal({ re, im }, canonicalDType("complex128"), true);

/** Words of other libraries for what has a name here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  reverse: "descending",
  dim: "axis",
  dims: "axis",
  keepdim: "keepdims",
};
/** Throws if an options object has an unknown key, a value that a word of the dictionary can't hold, or isn't one. */
export function checkOptions(name: string, options: unknown, allowed: readonly string[]): void {
  if (options === undefined) return;
  if (!isPlain(options)) throw noOptions(name, options, allowed);
  for (const key of Object.keys(options)) {
    if (allowed.includes(key)) {
      checkWord(name, key, (options as Readonly<Record<string, unknown>>)[key]);
      continue;
    }
    const near =
      Object.hasOwn(SYNONYMS, key) && allowed.includes(SYNONYMS[key] as string)
        ? SYNONYMS[key]
        : [...allowed].sort((a, b) => distance(a, key) - distance(b, key))[0];
    throw fail("E_UNKNOWN_OPTION", `${name}: there is no option "${key}"`, {
      hint: `did you mean "${near ?? ""}"? it takes ${allowed.join(", ")}`,
    });
  }
}
/** Is it an object literal, as options are? */
export const isPlain = (x: unknown): x is object =>
  typeof x === "object" &&
  x !== null &&
  (Object.getPrototypeOf(x) === null || Object.getPrototypeOf(Object.getPrototypeOf(x)) === null);
/** What an argument of this kind in the place of the options means, where the general hint would mislead. */
const MISTAKES: Readonly<Record<string, string>> = {
  "np.array number": "the elements go into one list: np.array([1, 2, 3])",
  "np.max number":
    "the largest of several numbers is np.maximum(x, y); an axis goes by name: np.max(x, { axis: 0 })",
  "np.min number":
    "the smallest of several numbers is np.minimum(x, y); an axis goes by name: np.min(x, { axis: 0 })",
  "np.max object": "the larger of two is np.maximum(x, y)",
  "np.min object": "the smaller of two is np.minimum(x, y)",
  "random.bernoulli list": "p goes by name, after the shape: random.bernoulli(key, [4], { p: 0.3 })",
  "customVjp function": "the rules go into one object: customVjp(f, { fwd, bwd })",
};
/** The error for something else where options stand: what the function takes, and how to write what came. */
function noOptions(name: string, x: unknown, allowed: readonly string[]): Error {
  const call = `${name}(…, { ${allowed.join(", ")} })`;
  const written = withWord(allowed, x);
  const hint =
    MISTAKES[`${name} ${Array.isArray(x) ? "list" : typeof x}`] ??
    (written !== null
      ? `settings go by name into the last argument: ${name}(…, ${written})`
      : typeof x === "number"
        ? `a shape is one list: write [3, 2], not 3, 2; settings go by name into the last argument`
        : "settings go by name into the last argument");
  return fail("E_OPTIONS", `${name}: got ${describe(x)}, expected ${call}`, { hint });
}
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] as number;
}
