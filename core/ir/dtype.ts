// Dtypes: one row each. Users see JAX's names ("float32"), programs carry the wire names ("f32").
import type { DType as WireDType } from "tenon-plugin-api";

/** Array dtypes by their public names, and the host array that holds each. */
export interface TypedArrays {
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  complex64: Float32Array;
  complex128: Float64Array;
}
/** The public dtypes. */
export type DType = keyof TypedArrays;
/**
 * Dtypes of avals. `number`: a JavaScript number passed into jit or vmap (carried as float32, see promotion.ts);
 * `key<fry>`: a threefry key, physically uint32[2]; `float0`: tangents of integers, never stored.
 */
export type AvalDType = DType | "number" | "key<fry>" | "float0";

/** What sort of number a dtype holds. */
export type DTypeKind = "bool" | "int" | "uint" | "float" | "complex" | "key" | "float0";
/** What core knows of one dtype. */
export interface DTypeRow {
  readonly name: AvalDType;
  readonly wire: WireDType;
  /** Short name in printed avals: `f32[8,128]`. */
  readonly short: string;
  readonly kind: DTypeKind;
  /** Bytes of one element (of the physical dtype for extended ones). */
  readonly itemsize: number;
  /** Dims appended to the shape where the value is stored. */
  readonly physicalShape: readonly number[];
  readonly array: new (
    buffer: ArrayBufferLike | number,
    byteOffset?: number,
    length?: number,
  ) => TypedArrays[DType];
}

type ArrayClass = DTypeRow["array"];
const define = (
  name: AvalDType,
  wire: WireDType,
  short: string,
  kind: DTypeKind,
  itemsize: number,
  array: unknown,
  physicalShape: readonly number[] = [],
): DTypeRow =>
  Object.freeze({ name, wire, short, kind, itemsize, physicalShape, array: array as ArrayClass });

/** The table of dtypes. */
export const DTYPES: { readonly [D in AvalDType]: DTypeRow } = {
  bool: define("bool", "bool", "bool", "bool", 1, Uint8Array),
  int8: define("int8", "i8", "i8", "int", 1, Int8Array),
  int16: define("int16", "i16", "i16", "int", 2, Int16Array),
  int32: define("int32", "i32", "i32", "int", 4, Int32Array),
  int64: define("int64", "i64", "i64", "int", 8, BigInt64Array),
  uint8: define("uint8", "u8", "u8", "uint", 1, Uint8Array),
  uint16: define("uint16", "u16", "u16", "uint", 2, Uint16Array),
  uint32: define("uint32", "u32", "u32", "uint", 4, Uint32Array),
  uint64: define("uint64", "u64", "u64", "uint", 8, BigUint64Array),
  float16: define("float16", "f16", "f16", "float", 2, Uint16Array),
  bfloat16: define("bfloat16", "bf16", "bf16", "float", 2, Uint16Array),
  float32: define("float32", "f32", "f32", "float", 4, Float32Array),
  float64: define("float64", "f64", "f64", "float", 8, Float64Array),
  complex64: define("complex64", "c64", "c64", "complex", 8, Float32Array),
  complex128: define("complex128", "c128", "c128", "complex", 16, Float64Array),
  number: define("number", "f32", "number", "float", 4, Float32Array),
  "key<fry>": define("key<fry>", "u32", "key<fry>", "key", 4, Uint32Array, [2]),
  float0: define("float0", "bool", "float0", "float0", 1, Uint8Array),
};

const INNER: readonly string[] = ["number", "key<fry>", "float0"];
/** The names of the public dtypes. */
export const PUBLIC_DTYPES: readonly DType[] = (Object.keys(DTYPES) as DType[]).filter(
  (d) => !INNER.includes(d),
);
/** Is it the name of a public dtype? For values of unknown origin. */
export const isPublicDType = (x: unknown): x is DType => PUBLIC_DTYPES.includes(x as DType);

/** Is it a real floating dtype? */
export const isFloat = (d: AvalDType): boolean => DTYPES[d].kind === "float";
/** Is it a complex dtype? */
export const isComplex = (d: AvalDType): boolean => DTYPES[d].kind === "complex";
/** Float or complex: what has derivatives. */
export const isInexact = (d: AvalDType): boolean => isFloat(d) || isComplex(d);
/** Signed or unsigned integer (not bool). */
export const isInteger = (d: AvalDType): boolean => DTYPES[d].kind === "int" || DTYPES[d].kind === "uint";
/** Is it a signed integer dtype? */
export const isSigned = (d: AvalDType): boolean => DTYPES[d].kind === "int";
/** Is it an unsigned integer dtype? */
export const isUnsigned = (d: AvalDType): boolean => DTYPES[d].kind === "uint";
/** Is it bool? */
export const isBool = (d: AvalDType): boolean => d === "bool";
/** Is it a random key? */
export const isKey = (d: AvalDType): boolean => d === "key<fry>";
/** complex64 → float32, complex128 → float64, others unchanged. */
export const realDType = (d: DType): DType =>
  d === "complex64" ? "float32" : d === "complex128" ? "float64" : d;
/** float64 → complex128, other floats → complex64. */
export const complexDType = (d: DType): DType =>
  d === "float64" || d === "complex128" ? "complex128" : "complex64";

// Names of dtypes in other languages.
const SHORT: Readonly<Record<string, DType>> = {
  int: "int32",
  uint: "uint32",
  long: "int64",
  float: "float32",
  double: "float64",
  half: "float16",
  complex: "complex64",
  boolean: "bool",
};
const LETTERS: Readonly<Record<string, string>> = {
  b: "bfloat",
  bf: "bfloat",
  f: "float",
  i: "int",
  u: "uint",
  c: "complex",
};
/** The hint for a dtype by a name of other languages: "int", "double", "f32", "u8". */
export function nearDType(given: unknown): { hint?: string } {
  const text = String(given).toLowerCase();
  const [, letters = "", bits = ""] = /^([a-z]+)(\d+)$/.exec(text) ?? [];
  const name = Object.hasOwn(SHORT, text)
    ? SHORT[text]
    : `${Object.hasOwn(LETTERS, letters) ? LETTERS[letters] : letters}${bits}`;
  return PUBLIC_DTYPES.includes(name as DType) ? { hint: `did you mean "${name}"?` } : {};
}
