// np: dtypes by name, what they can hold, and how they promote.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import {
  DTYPES,
  isBool,
  isComplex,
  isFloat,
  isInteger,
  isUnsigned,
  nearDType,
  realDType,
  type DType,
} from "../../ir/dtype.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { joinDTypes, resultOf } from "../promotion.ts";

const named = <D extends DType>(name: D): D => name;
/** The dtype of truth values. */
export const bool_ = named("bool");
/** Signed integers of 8 bits. */
export const int8 = named("int8");
/** Signed integers of 16 bits. */
export const int16 = named("int16");
/** Signed integers of 32 bits. */
export const int32 = named("int32");
/** Signed integers of 64 bits (with x64). */
export const int64 = named("int64");
/** Unsigned integers of 8 bits. */
export const uint8 = named("uint8");
/** Unsigned integers of 16 bits. */
export const uint16 = named("uint16");
/** Unsigned integers of 32 bits. */
export const uint32 = named("uint32");
/** Unsigned integers of 64 bits (with x64). */
export const uint64 = named("uint64");
/** IEEE floats of 16 bits. */
export const float16 = named("float16");
/** float32 with a fraction of 7 bits. */
export const bfloat16 = named("bfloat16");
/** IEEE floats of 32 bits. */
export const float32 = named("float32");
/** IEEE floats of 64 bits (with x64). */
export const float64 = named("float64");
/** Pairs of float32. */
export const complex64 = named("complex64");
/** Pairs of float64 (with x64). */
export const complex128 = named("complex128");
/** As float32. Source: jax.numpy.single. */
export const single = float32;
/** As float64. Source: jax.numpy.double. */
export const double = float64;
/** As complex64. Source: jax.numpy.csingle. */
export const csingle = complex64;
/** As complex128. Source: jax.numpy.cdouble. */
export const cdouble = complex128;
/** The default integer dtype: int32, or int64 with x64. Source: jax.numpy.int_. */
export const int_ = int64;
/** The default unsigned dtype: uint32, or uint64 with x64. Source: jax.numpy.uint. */
export const uint = uint64;
/** The default float dtype: float32, or float64 with x64. Source: jax.numpy.float_. */
export const float_ = float64;
/** The default complex dtype: complex64, or complex128 with x64. Source: jax.numpy.complex_. */
export const complex_ = complex128;
export { bool_ as bool };

/** What a float dtype can hold. */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** Distance from 1 to the next float. */
  readonly eps: number;
  /** Distance from 1 to the float before it. */
  readonly epsneg: number;
  readonly max: number;
  readonly min: number;
  /** Smallest normal number. */
  readonly tiny: number;
  readonly smallestNormal: number;
  readonly smallestSubnormal: number;
  /** Bits of the fraction. */
  readonly nmant: number;
  /** Bits of the exponent. */
  readonly nexp: number;
  readonly maxexp: number;
  readonly minexp: number;
  /** Decimal digits that survive. */
  readonly precision: number;
  readonly resolution: number;
}
const MANTISSA: Readonly<Partial<Record<DType, readonly [nmant: number, nexp: number]>>> = {
  float16: [10, 5],
  bfloat16: [7, 8],
  float32: [23, 8],
  float64: [52, 11],
};
/** Limits of a float dtype, or of the parts of a complex one. Source: jax.numpy.finfo. */
export function finfo(dtype: DType): FloatInfo {
  const real = realDType(dtype);
  const row = MANTISSA[real];
  if (row === undefined)
    throw fail("E_DTYPE", `np.finfo: ${dtype} is no float dtype`, { hint: "use np.iinfo" });
  const [nmant, nexp] = row;
  const maxexp = 2 ** (nexp - 1);
  const minexp = 2 - maxexp;
  const max = (2 - 2 ** -nmant) * 2 ** (maxexp - 1);
  const precision = Math.floor(nmant * Math.log10(2));
  return Object.freeze({
    dtype: real,
    bits: DTYPES[real].itemsize * 8,
    eps: 2 ** -nmant,
    epsneg: 2 ** -(nmant + 1),
    max,
    min: -max,
    tiny: 2 ** minexp,
    smallestNormal: 2 ** minexp,
    smallestSubnormal: 2 ** (minexp - nmant),
    nmant,
    nexp,
    maxexp,
    minexp,
    precision,
    resolution: Number(`1e-${precision}`),
  });
}
/** What an integer dtype can hold; bigints for 64 bits. */
export interface IntegerInfo {
  readonly dtype: DType;
  readonly bits: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
}
/** Limits of an integer dtype. Source: jax.numpy.iinfo. */
export function iinfo(dtype: DType): IntegerInfo {
  if (!isInteger(checked("np.iinfo", dtype)))
    throw fail("E_DTYPE", `np.iinfo: ${dtype} is no integer dtype`, { hint: "use np.finfo" });
  const bits = DTYPES[dtype].itemsize * 8;
  const span = 1n << BigInt(isUnsigned(dtype) ? bits : bits - 1);
  const [min, max] = [isUnsigned(dtype) ? 0n : -span, span - 1n];
  return Object.freeze(
    bits === 64 ? { dtype, bits, min, max } : { dtype, bits, min: Number(min), max: Number(max) },
  );
}

/** Kinds of dtypes, from the general to the special. */
export type DTypeKindName =
  | "generic"
  | "number"
  | "integer"
  | "signedinteger"
  | "unsignedinteger"
  | "inexact"
  | "floating"
  | "complexfloating";
const KINDS: Readonly<Record<DTypeKindName, (d: DType) => boolean>> = {
  generic: () => true,
  number: (d) => !isBool(d),
  integer: isInteger,
  signedinteger: (d) => isInteger(d) && !isUnsigned(d),
  unsignedinteger: isUnsigned,
  inexact: (d) => isFloat(d) || isComplex(d),
  floating: isFloat,
  complexfloating: isComplex,
};
/** Any dtype. Source: jax.numpy.generic. */
export const generic = "generic" satisfies DTypeKindName;
/** Any dtype but bool. Source: jax.numpy.number. */
export const number = "number" satisfies DTypeKindName;
/** Integers. Source: jax.numpy.integer. */
export const integer = "integer" satisfies DTypeKindName;
/** Integers with a sign. Source: jax.numpy.signedinteger. */
export const signedinteger = "signedinteger" satisfies DTypeKindName;
/** Integers without a sign. Source: jax.numpy.unsignedinteger. */
export const unsignedinteger = "unsignedinteger" satisfies DTypeKindName;
/** Floats and complex numbers. Source: jax.numpy.inexact. */
export const inexact = "inexact" satisfies DTypeKindName;
/** Floats. Source: jax.numpy.floating. */
export const floating = "floating" satisfies DTypeKindName;
/** Complex numbers. Source: jax.numpy.complexfloating. */
export const complexfloating = "complexfloating" satisfies DTypeKindName;

const checked = (name: string, dtype: string): DType => {
  if (Object.hasOwn(DTYPES, dtype)) return dtype as DType;
  throw fail("E_DTYPE", `${name}: "${dtype}" is no dtype`, nearDType(dtype));
};
/** A dtype by name, as arrays get it (64-bit ones need x64). @throws E_DTYPE for other names. Source: jax.numpy.dtype. */
export function dtype(dtype: string): DType {
  return canonicalDType(checked("np.dtype", dtype));
}
/** Is a dtype one of a kind, or the dtype named? Source: jax.numpy.issubdtype. */
export function issubdtype(arg1: DType, arg2: DType | DTypeKindName): boolean {
  const dtype = checked("np.issubdtype", arg1);
  return Object.hasOwn(KINDS, arg2)
    ? KINDS[arg2 as DTypeKindName](dtype)
    : dtype === checked("np.issubdtype", arg2);
}
const ARRAY_API: Readonly<Record<string, (d: DType) => boolean>> = {
  bool: isBool,
  "signed integer": KINDS.signedinteger,
  "unsigned integer": KINDS.unsignedinteger,
  integral: isInteger,
  "real floating": isFloat,
  "complex floating": isComplex,
  numeric: KINDS.number,
};
/** Is a dtype of one of these kinds ("integral", "real floating" …) or one of these dtypes? Source: jax.numpy.isdtype. */
export function isdtype(dtype: DType, kind: string | readonly string[]): boolean {
  const of = checked("np.isdtype", dtype);
  const kinds: unknown = typeof kind === "string" ? [kind] : kind;
  checkList("np.isdtype", "kind", kinds);
  return (kinds as readonly string[]).some((k) => {
    const test = ARRAY_API[k];
    return test === undefined ? of === checked("np.isdtype", k) : test(of);
  });
}

/** Bits that hold an integer or a float's fraction exactly, for canCast. */
const kindRank = (d: DType): number =>
  isBool(d) ? 0 : isUnsigned(d) ? 1 : isInteger(d) ? 2 : isFloat(d) ? 3 : 4;
/** Does every value of one dtype survive in the other? */
function isSafe(from: DType, to: DType): boolean {
  if (from === to || isBool(from)) return true;
  if (isBool(to) || kindRank(from) > kindRank(to)) return false;
  const [a, b] = [realDType(from), realDType(to)];
  const [wide, narrow] = [DTYPES[b].itemsize, DTYPES[a].itemsize];
  if (isInteger(from) && isInteger(to))
    return kindRank(from) === kindRank(to) ? wide >= narrow : wide > narrow;
  if (b === "bfloat16" && narrow === 1) return true;
  // As NumPy: 64-bit integers count as held by float64, 32-bit ones need it, too.
  if (isInteger(from)) return b !== "bfloat16" && (wide > narrow || wide === 8);
  if (a === "bfloat16" || b === "bfloat16") return b !== "bfloat16" && wide > narrow;
  return wide >= narrow;
}
/** Can a dtype be converted under NumPy's rule "safe" (default), "same_kind", "unsafe", "equiv" or "no"? Source: jax.numpy.can_cast. */
export function canCast(
  from_: DType,
  to: DType,
  options: Options<never, { casting: "no" | "equiv" | "safe" | "same_kind" | "unsafe" }> = {},
): boolean {
  checkOptions("np.canCast", options, ["casting"]);
  const [from, into] = [checked("np.canCast", from_), checked("np.canCast", to)];
  switch (options.casting ?? "safe") {
    case "no":
    case "equiv":
      return from === into;
    case "unsafe":
      return true;
    case "same_kind":
      return (
        isSafe(from, into) ||
        (kindRank(from) <= kindRank(into) && !(from === "bfloat16" && into === "float16"))
      );
    case "safe":
      return isSafe(from, into);
    default:
      throw fail("E_ARGUMENT", `np.canCast: there is no casting "${String(options.casting)}"`);
  }
}
/** The dtype that two dtypes promote to. Source: jax.numpy.promote_types. */
export function promoteTypes(a: DType, b: DType): DType {
  return joinDTypes(checked("np.promoteTypes", a), checked("np.promoteTypes", b));
}
/** The dtype that arrays, scalars and dtypes promote to. Source: jax.numpy.result_type. */
export function resultType(...args: readonly (ArrayLike | DType)[]): DType {
  if (args.length === 0) throw fail("E_ARGUMENT", "np.resultType: needs at least one argument");
  const arrays = args.map((a) =>
    typeof a === "string" ? context().lax.full([], false, canonicalDType(checked("np.resultType", a))) : a,
  );
  return canonicalDType(resultOf("np.resultType", arrays).dtype);
}
/** Is it a complex array or scalar? Source: jax.numpy.iscomplexobj. */
export const iscomplexobj = (x: ArrayLike): boolean => isComplex(toArray("np.iscomplexobj", x, "x").dtype);
/** Is it anything but a complex array or scalar? Source: jax.numpy.isrealobj. */
export const isrealobj = (x: ArrayLike): boolean => !iscomplexobj(x);
/** Is it a scalar or an array of rank 0? Source: jax.numpy.isscalar. */
export const isscalar = (element: unknown): boolean =>
  element instanceof NDArray
    ? element.ndim === 0
    : ["number", "bigint", "boolean", "string"].includes(typeof element);
