// Arithmetic: neg sign abs add sub mul div rem pow integerPow max min square addAny.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { DTYPES, isComplex, isInexact, isInteger, isUnsigned, realDType, type DType } from "../ir/dtype.ts";
import { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Accum, type Primitive, type WireValue } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { checkInteger, literal, operands, toArray, type Operand } from "./operand.ts";
import { elementwise, NUMERIC, ORDERED, transposeUnary, unbroadcast } from "./rules.ts";

/** Transpose for operations linear in each operand with ±1: add, sub. */
const additive =
  (signs: readonly [1, 1 | -1]): NonNullable<Primitive["transpose"]> =>
  (lax, cts, _args, accums) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    accums.forEach((accum, i) => {
      if (accum === null) return;
      const part = unbroadcast(lax, ct, accum);
      accum.add(signs[i] === -1 ? lax.neg(part) : part);
    });
  };

/** Transpose for products: ct · the other operand, for whichever operand is linear. */
const multiplicative =
  (
    first: (lax: Lax, ct: NDArray, other: NDArray) => NDArray,
    second: typeof first | null,
  ): NonNullable<Primitive["transpose"]> =>
  (lax, cts, args, accums) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const rules = [first, second];
    accums.forEach((accum: Accum | null, i) => {
      const rule = rules[i];
      if (accum !== null && rule != null)
        accum.add(unbroadcast(lax, rule(lax, ct, args[1 - i] as NDArray), accum));
    });
  };

const exactlyOne = (mask: readonly boolean[]): boolean => mask.filter(Boolean).length === 1;

/** The primitive of `lax.neg`. */
export const neg_p: Primitive = elementwise("neg", {
  accepts: NUMERIC,
  wire: "negate",
  linear: true,
  jvp: [(lax, t) => lax.neg(t)],
  transpose: transposeUnary((lax, ct) => lax.neg(ct)),
});
/** −x. Source: jax.lax.neg. */
export const neg = (x: Operand): NDArray => bind1(neg_p, operands("lax.neg", x));

/** The primitive of `lax.sign`. */
export const sign_p: Primitive = elementwise("sign", {
  accepts: NUMERIC,
  jvp: [null],
  lower: (b, [x], _p, avals, out) => {
    const dtype = (avals[0] as typeof out).dtype as DType;
    if (!isUnsigned(dtype)) return b.emit("sign", [x as never], {}, [out])[0] as never;
    return b.emit("minimum", [x as never, b.splat(b.constant(1, out.with({ shape: [] })), out)], {}, [
      out,
    ])[0] as never;
  },
});
/** −1, 0 or 1 with x's sign; NaN stays; x/|x| for complex. Source: jax.lax.sign. */
export const sign = (x: Operand): NDArray => bind1(sign_p, operands("lax.sign", x));

/** The primitive of `lax.abs`. */
export const abs_p: Primitive = elementwise("abs", {
  accepts: NUMERIC,
  result: (a) => (isComplex(a.dtype) ? a.with({ dtype: realDType(a.dtype as DType) }) : a),
  lower: (b, [x], _p, avals, out) =>
    (isUnsigned((avals[0] as typeof out).dtype) ? x : b.emit("abs", [x as never], {}, [out])[0]) as never,
  jvp: [
    (lax, t, out, x) => {
      if (!isComplex(x.dtype)) return lax.select(lax.ge(x, 0), t, lax.neg(t));
      // d|z| = Re(conj(z)·dz)/|z|
      const safe = lax.select(lax.eq(out, 0), lax.fullLike(out, 1), out);
      return lax.div(lax.real(lax.mul(lax.conj(x), t)), safe);
    },
  ],
});
/** |x|; the derivative at 0 is +1, at NaN −1 (select(x ≥ 0, t, −t)). Source: jax.lax.abs. */
export const abs = (x: Operand): NDArray => bind1(abs_p, operands("lax.abs", x));

/** The primitive of `lax.add`. */
export const add_p: Primitive = elementwise("add", {
  accepts: NUMERIC,
  arity: 2,
  wire: "add",
  linear: true,
  jvp: [(_l, t) => t, (_l, t) => t],
  transpose: additive([1, 1]),
});
/** x + y. Source: jax.lax.add. */
export const add = (x: Operand, y: Operand): NDArray => bind1(add_p, operands("lax.add", x, y));

/** The primitive of `lax.sub`. */
export const sub_p: Primitive = elementwise("sub", {
  accepts: NUMERIC,
  arity: 2,
  wire: "subtract",
  linear: true,
  jvp: [(_l, t) => t, (lax, t) => lax.neg(t)],
  transpose: additive([1, -1]),
});
/** x − y. Source: jax.lax.sub. */
export const sub = (x: Operand, y: Operand): NDArray => bind1(sub_p, operands("lax.sub", x, y));

/** The primitive of `lax.mul`. */
export const mul_p: Primitive = elementwise("mul", {
  accepts: NUMERIC,
  arity: 2,
  wire: "multiply",
  jvp: [(lax, t, _o, _x, y) => lax.mul(t, y), (lax, t, _o, x) => lax.mul(x, t)],
  linearIn: exactlyOne,
  transpose: multiplicative(
    (lax, ct, y) => lax.mul(ct, y),
    (lax, ct, x) => lax.mul(x, ct),
  ),
});
/** x · y. Source: jax.lax.mul. */
export const mul = (x: Operand, y: Operand): NDArray => bind1(mul_p, operands("lax.mul", x, y));

/** The primitive of `lax.div`. */
export const div_p: Primitive = elementwise("div", {
  accepts: NUMERIC,
  arity: 2,
  wire: "divide",
  jvp: [
    (lax, t, _o, _x, y) => lax.div(t, y),
    (lax, t, _o, x, y) => lax.mul(lax.mul(lax.neg(t), x), lax.integerPow(y, -2)),
  ],
  linearIn: (mask) => mask[0] === true && mask[1] === false,
  transpose: multiplicative((lax, ct, y) => lax.div(ct, y), null),
});
/** x / y; integers truncate towards zero. Source: jax.lax.div. */
export const div = (x: Operand, y: Operand): NDArray => bind1(div_p, operands("lax.div", x, y));

/** The primitive of `lax.rem`. */
export const rem_p: Primitive = elementwise("rem", {
  accepts: NUMERIC,
  arity: 2,
  wire: "remainder",
  jvp: [
    (_l, t) => t,
    (lax, t, _o, x, y) => lax.mul(lax.neg(t), lax.round(lax.div(x, y), { roundingMethod: "TOWARD_ZERO" })),
  ],
});
/** Remainder with the sign of x. Source: jax.lax.rem. */
export const rem = (x: Operand, y: Operand): NDArray => bind1(rem_p, operands("lax.rem", x, y));

const orderedJvp = (lax: Lax, t: NDArray, out: NDArray, mine: NDArray, other: NDArray): NDArray =>
  lax.mul(t, balanced(lax, out, mine, other));
/** 1 where `mine` is the result, ½ at ties, 0 elsewhere (jax's _balanced_eq). */
function balanced(lax: Lax, out: NDArray, mine: NDArray, other: NDArray): NDArray {
  const [one, zero, half] = [lax.fullLike(out, 1), lax.fullLike(out, 0), lax.fullLike(out, 0.5)];
  const full = (x: NDArray): NDArray => (x.ndim === out.ndim ? x : lax.broadcastInDim(x, out.shape, []));
  const hit = lax.select(lax.eq(full(mine), out), one, zero);
  return lax.mul(hit, lax.select(lax.eq(full(mine), full(other)), half, one));
}
/** The primitive of `lax.max`. */
export const max_p: Primitive = elementwise("max", {
  accepts: ORDERED,
  arity: 2,
  wire: "maximum",
  jvp: [(lax, t, o, x, y) => orderedJvp(lax, t, o, x, y), (lax, t, o, x, y) => orderedJvp(lax, t, o, y, x)],
});
/** The larger element; NaN if either is. Derivative ½ at ties. Source: jax.lax.max. */
export const max = (x: Operand, y: Operand): NDArray => bind1(max_p, operands("lax.max", x, y));
/** The primitive of `lax.min`. */
export const min_p: Primitive = elementwise("min", {
  accepts: ORDERED,
  arity: 2,
  wire: "minimum",
  jvp: [(lax, t, o, x, y) => orderedJvp(lax, t, o, x, y), (lax, t, o, x, y) => orderedJvp(lax, t, o, y, x)],
});
/** The smaller element; NaN if either is. Derivative ½ at ties. Source: jax.lax.min. */
export const min = (x: Operand, y: Operand): NDArray => bind1(min_p, operands("lax.min", x, y));

/** The primitive of `lax.pow`. */
export const pow_p: Primitive = elementwise("pow", {
  accepts: NUMERIC,
  arity: 2,
  mixed: true,
  result: (joined, _p, avals) => {
    const [x, y] = avals as [ShapedArray, ShapedArray];
    if (!isInexact(x.dtype))
      throw fail("E_DTYPE", `lax.pow: got ${x} to the power ${y}, expected a float or complex base`);
    if (x.dtype !== y.dtype && !isInteger(y.dtype))
      throw fail("E_DTYPE_MISMATCH", `lax.pow: dtypes differ: ${x}, ${y}`);
    return joined.with({ dtype: x.dtype });
  },
  lower: (b, [x, y], _p, avals, out) => {
    const [base, exponent] = [x as WireValue, y as WireValue];
    const same = avals[1]?.dtype === out.dtype;
    return b.emit(
      "power",
      [base, same ? exponent : (b.emit("convert", [exponent], {}, [out])[0] as WireValue)],
      {},
      [out],
    )[0] as WireValue;
  },
  jvp: [
    (lax, t, out, x, y) => {
      if (!isInteger(y.dtype)) return lax.mul(t, lax.mul(y, lax.pow(x, lax.sub(y, 1))));
      const factor = lax.convertElementType(replaceZero(lax, y), x.dtype);
      const slope = lax.mul(factor, lax.pow(x, lax.sub(y, 1)));
      return lax.mul(t, lax.select(lax.eq(fullOf(lax, y, out), 0), lax.fullLike(out, 0), slope));
    },
    (lax, t, out, x) => lax.mul(t, lax.mul(lax.log(replaceZero(lax, x)), out)),
  ],
});
const replaceZero = (lax: Lax, x: NDArray): NDArray => lax.select(lax.eq(x, 0), lax.fullLike(x, 1), x);
const fullOf = (lax: Lax, x: NDArray, out: NDArray): NDArray =>
  x.ndim === out.ndim ? x : lax.broadcastInDim(x, out.shape, []);
/** x to the power y, which may be an integer array. Derivative by y: log x · xʸ, and 0 where x is 0. Source: jax.lax.pow. */
export function pow(x: Operand, y: Operand): NDArray {
  if (typeof y === "number" && Number.isInteger(y) && Math.abs(y) < 1024) return integerPow(x, y);
  if (y instanceof NDArray && y.aval.dtype !== "number" && isInteger(y.dtype) && x instanceof NDArray)
    return bind1(pow_p, [toArray("lax.pow", x, "x"), y]);
  return bind1(pow_p, operands("lax.pow", x, y));
}

/** The primitive of `lax.integerPow`. */
export const integer_pow_p: Primitive = definePrimitive({
  ...elementwise("integerPow", {
    accepts: NUMERIC,
    decompose: (lax, [x], params) => powerBySquaring(lax, x as NDArray, params["y"] as number),
  }),
  name: "integer_pow",
  jvp: (lax, [x], [t], params) => {
    const y = params["y"] as number;
    const out = bind1(integer_pow_p, [x as NDArray], params);
    if (t == null || y === 0) return { outs: [out], tangents: [null] };
    return {
      outs: [out],
      tangents: [y === 1 ? t : lax.mul(t, lax.mul(lax.integerPow(x as NDArray, y - 1), y))],
    };
  },
  batch: (_lax, _size, [x], [d], params) => ({
    outs: [bind1(integer_pow_p, [x as NDArray], params)],
    bdims: [d ?? null],
  }),
});
/** xʸ for an integer y, by repeated squaring. Derivative: y·x^(y−1). Source: jax.lax.integer_pow. */
export function integerPow(x: Operand, y: number): NDArray {
  checkInteger("lax.integerPow", "y", y);
  return bind1(integer_pow_p, operands("lax.integerPow", x), { y });
}

function powerBySquaring(lax: Lax, x: NDArray, y: number): NDArray {
  if (y === 0) return lax.fullLike(x, 1);
  let acc: NDArray | null = null;
  let square = x;
  for (let n = Math.abs(y); n > 0; n >>= 1) {
    if (n & 1) acc = acc === null ? square : lax.mul(acc, square);
    if (n > 1) square = lax.mul(square, square);
  }
  return y < 0 ? lax.div(literal(1, x.dtype), acc as NDArray) : (acc as NDArray);
}

/** x². Source: jax.lax.square. */
export const square = (x: Operand): NDArray => integerPow(x, 2);

/** The primitive of `lax.addAny`. */
export const add_any_p: Primitive = elementwise("addAny", {
  accepts: [...ORDERED, "complex", "float0"],
  arity: 2,
  linear: true,
  jvp: [(_l, t) => t, (_l, t) => t],
  transpose: additive([1, 1]),
  lower: (b, [x, y], _p, avals, out) =>
    (DTYPES[(avals[0] as typeof out).dtype].kind === "float0"
      ? x
      : b.emit("add", [x as never, y as never], {}, [out])[0]) as never,
});
/** Sum of two cotangents of one value. Source: jax's add_any_p. */
export const addAny = (x: NDArray, y: NDArray): NDArray => bind1(add_any_p, [x, y]);
