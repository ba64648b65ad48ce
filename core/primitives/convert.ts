// Dtype changes: convertElementType, bitcastConvertType, reducePrecision; and the complex parts.
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import {
  complexDType,
  DTYPES,
  isComplex,
  isInexact,
  nearDType,
  PUBLIC_DTYPES,
  realDType,
  type DType,
} from "../ir/dtype.ts";
import { LITERAL, NDArray, type Literal } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import {
  checkInteger,
  describe,
  literal,
  operands,
  operandsAs,
  scalarLiteral,
  type Operand,
} from "./operand.ts";
import { ANY, elementwise, FLOAT, transposeUnary, zeroJvp } from "./rules.ts";

const target = (params: Params): { dtype: DType; weak: boolean } =>
  params as unknown as { dtype: DType; weak: boolean };

/** 64-bit dtypes become 32-bit ones unless x64 is on. @throws E_DTYPE for what is no dtype. Source: jax.dtypes.canonicalize_dtype. */
export function canonicalDType(dtype: DType): DType {
  if (!Object.hasOwn(DTYPES, dtype))
    throw fail(
      "E_DTYPE",
      `${describe(dtype)} is no dtype; there are ${PUBLIC_DTYPES.join(", ")}`,
      nearDType(dtype),
    );
  if (context().config.enableX64) return dtype;
  switch (dtype) {
    case "int64":
      return "int32";
    case "uint64":
      return "uint32";
    case "float64":
      return "float32";
    case "complex128":
      return "complex64";
    default:
      return dtype;
  }
}

/** The primitive of `lax.convertElementType`. */
export const convert_element_type_p: Primitive = definePrimitive({
  name: "convert_element_type",
  traits: { elementwise: true },
  linearIn: () => true,
  shape: ([a], params) => {
    const aval = a as NonNullable<typeof a>;
    if (!ANY.includes(DTYPES[aval.dtype].kind))
      throw fail("E_DTYPE", `lax.convertElementType: can't convert ${aval}`);
    return [aval.with({ dtype: target(params).dtype, weak: target(params).weak })];
  },
  jvp: (lax, [x], [t], params) => {
    const { dtype } = target(params);
    const outs = [bind1(convert_element_type_p, [x as NDArray], params)];
    if (t == null || !isInexact(dtype)) return { outs, tangents: [null] };
    return { outs, tangents: [lax.convertElementType(t, dtype)] };
  },
  transpose: transposeUnary((lax, ct, aval) =>
    lax.convertElementType(ct, aval.dtype === "number" ? "float32" : (aval.dtype as DType), {
      weakType: aval.weak,
    }),
  ),
  batch: (_lax, _n, [x], [d], params) => ({
    outs: [bind1(convert_element_type_p, [x as NDArray], params)],
    bdims: [d ?? null],
  }),
  lower: (b, [x], _params, [from], [to]) => {
    const [a, out] = [from as NonNullable<typeof from>, to as NonNullable<typeof to>];
    if (DTYPES[a.dtype].wire === DTYPES[out.dtype].wire) return [x as NonNullable<typeof x>];
    if (isComplex(a.dtype) && !isComplex(out.dtype)) {
      const part = out.with({
        dtype: realDType(a.dtype as DType),
        shape: a.shape,
      });
      const real = b.emit("real", [x as NonNullable<typeof x>], {}, [part]);
      return part.dtype === out.dtype ? real : b.emit("convert", real, {}, [out]);
    }
    return b.emit("convert", [x as NonNullable<typeof x>], {}, [out]);
  },
});

/**
 * x with another dtype: floats truncate to integers and saturate, NaN → 0; complex → real drops the imaginary part.
 * Derivative: linear between floats. Source: jax.lax.convert_element_type.
 */
export function convertElementType(
  x: Operand,
  newDtype: DType,
  options: { weakType?: boolean } = {},
): NDArray {
  const dtype = canonicalDType(newDtype);
  const weak = options.weakType ?? false;
  const v: NDArray =
    typeof x === "bigint"
      ? literal(x, "int64") // wraps where it is converted, as JAX's does
      : typeof x === "number" || typeof x === "boolean"
        ? scalarLiteral("lax.convertElementType", x)
        : x instanceof NDArray
          ? x
          : (operandsAs("lax.convertElementType", ["operand"], [x])[0] as NDArray);
  if (v.aval.dtype === dtype && v.aval.weak === weak) return v;
  const folded = v.kind === LITERAL ? convertLiteral(v as Literal, dtype, weak) : null;
  return folded ?? bind1(convert_element_type_p, [v], { dtype, weak });
}

/** Exact conversions of literals stay literals, so that constants never cost an operation. */
function convertLiteral(x: Literal, dtype: DType, weak: boolean): NDArray | null {
  const value = x.value;
  if (typeof value === "object" || isComplex(x.dtype)) return null;
  if (isInexact(dtype) || dtype === "bool")
    return literal(dtype === "bool" ? Number(value) !== 0 : Number(value), dtype, weak);
  if (typeof value === "boolean") return literal(value ? 1 : 0, dtype, weak);
  const { kind, itemsize } = DTYPES[dtype];
  const big = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : null;
  if (big === null) return null;
  if (
    isInexact(x.dtype) &&
    BigInt(kind === "int" ? BigInt.asIntN(itemsize * 8, big) : BigInt.asUintN(itemsize * 8, big)) !== big
  )
    return null;
  const wrapped = kind === "int" ? BigInt.asIntN(itemsize * 8, big) : BigInt.asUintN(itemsize * 8, big);
  return literal(itemsize === 8 ? wrapped : Number(wrapped), dtype, weak);
}

/** The primitive of `lax.bitcastConvertType`. */
export const bitcast_convert_type_p: Primitive = definePrimitive({
  name: "bitcast_convert_type",
  traits: {},
  shape: ([a], params) => {
    const aval = a as NonNullable<typeof a>;
    const dtype = params["dtype"] as DType;
    const [from, to] = [DTYPES[aval.dtype].itemsize, DTYPES[dtype].itemsize];
    if (from === to) return [aval.with({ dtype, weak: false })];
    if (from > to) return [aval.with({ dtype, weak: false, shape: [...aval.shape, from / to] })];
    if (aval.shape[aval.shape.length - 1] !== to / from)
      throw fail("E_SHAPE", `lax.bitcastConvertType: ${aval} to ${dtype} needs a last axis of ${to / from}`);
    return [aval.with({ dtype, weak: false, shape: aval.shape.slice(0, -1) })];
  },
  jvp: zeroJvp(() => bitcast_convert_type_p),
  batch: (lax, _n, [x], [d], params) => ({
    outs: [bind1(bitcast_convert_type_p, [lax.moveAxis(x as NDArray, d as number, 0)], params)],
    bdims: [0],
  }),
  lower: (b, [x], _p, _a, outs) => b.emit("bitcast_convert", [x as NonNullable<typeof x>], {}, outs),
});
/** The same bits as another dtype. Source: jax.lax.bitcast_convert_type. */
export function bitcastConvertType(x: Operand, newDtype: DType): NDArray {
  const [v] = operands("lax.bitcastConvertType", x) as [NDArray];
  const dtype = canonicalDType(newDtype);
  return v.dtype === dtype ? v : bind1(bitcast_convert_type_p, [v], { dtype });
}

/** The primitive of `lax.reducePrecision`. */
export const reduce_precision_p: Primitive = definePrimitive({
  ...elementwise("reducePrecision", {
    accepts: FLOAT,
    lower: (b, [x], params, _a, out) =>
      b.emit(
        "reduce_precision",
        [x as NonNullable<typeof x>],
        {
          exponentBits: params["exponentBits"] as number,
          mantissaBits: params["mantissaBits"] as number,
        },
        [out],
      )[0] as NonNullable<typeof x>,
  }),
  name: "reduce_precision",
  jvp: (_lax, [x], [t], params) => ({
    outs: [bind1(reduce_precision_p, [x as NDArray], params)],
    tangents: [t == null ? null : bind1(reduce_precision_p, [t], params)],
  }),
  linearIn: () => true,
  transpose: transposeUnary((_lax, ct, _a, params) => bind1(reduce_precision_p, [ct], params)),
  batch: (_lax, _n, [x], [d], params) => ({
    outs: [bind1(reduce_precision_p, [x as NDArray], params)],
    bdims: [d ?? null],
  }),
});
/** Rounds to a float format of these bit counts. Source: jax.lax.reduce_precision. */
export function reducePrecision(operand: Operand, exponentBits: number, mantissaBits: number): NDArray {
  checkInteger("lax.reducePrecision", "exponentBits", exponentBits);
  checkInteger("lax.reducePrecision", "mantissaBits", mantissaBits);
  return bind1(reduce_precision_p, operandsAs("lax.reducePrecision", ["operand"], [operand]), {
    exponentBits,
    mantissaBits,
  });
}

const COMPLEX = ["complex"] as const;
/** The primitive of `lax.real`. */
export const real_p: Primitive = elementwise("real", {
  accepts: COMPLEX,
  wire: "real",
  linear: true,
  result: (a) => a.with({ dtype: realDType(a.dtype as DType) }),
  jvp: [(lax, t) => lax.real(t)],
  transpose: transposeUnary((lax, ct) => lax.complex(ct, lax.fullLike(ct, 0))),
});
/** Real part; a real array is returned as it is. Source: jax.lax.real. */
export const real = (x: Operand): NDArray => part(real_p, "lax.real", x);
/** The primitive of `lax.imag`. */
export const imag_p: Primitive = elementwise("imag", {
  accepts: COMPLEX,
  wire: "imag",
  linear: true,
  result: (a) => a.with({ dtype: realDType(a.dtype as DType) }),
  jvp: [(lax, t) => lax.imag(t)],
  transpose: transposeUnary((lax, ct) => lax.complex(lax.fullLike(ct, 0), lax.neg(ct))),
});
/** Imaginary part. Source: jax.lax.imag. */
export const imag = (x: Operand): NDArray => part(imag_p, "lax.imag", x);
const part = (p: Primitive, name: string, x: Operand): NDArray => bind1(p, operands(name, x));

/** The primitive of `lax.complex`. */
export const complex_p: Primitive = elementwise("complex", {
  accepts: FLOAT,
  arity: 2,
  wire: "complex",
  linear: true,
  result: (a) => a.with({ dtype: complexDType(a.dtype as DType), weak: false }),
  jvp: [(lax, t) => lax.complex(t, lax.fullLike(t, 0)), (lax, t) => lax.complex(lax.fullLike(t, 0), t)],
  transpose: (lax, cts, _args, accums) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    accums[0]?.add(lax.real(ct));
    accums[1]?.add(lax.neg(lax.imag(ct)));
  },
});
/** re + i·im of float32 or float64 parts. Source: jax.lax.complex. */
export const complex = (x: Operand, y: Operand): NDArray => bind1(complex_p, operands("lax.complex", x, y));

/** Complex conjugate. Source: jax.lax.conj. */
export function conj(x: Operand): NDArray {
  const [v] = operands("lax.conj", x) as [NDArray];
  const { lax } = context();
  return isComplex(v.dtype)
    ? lax.complex(lax.real(v), lax.neg(lax.imag(v)))
    : lax.complex(v, lax.fullLike(v, 0));
}
