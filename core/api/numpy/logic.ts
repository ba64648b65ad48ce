// np: comparisons, logic and bits of elements.
import { isComplex, isUnsigned } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import {
  asWeak,
  binary,
  binary12,
  L,
  pick,
  toBool,
  unary,
  unaryComposite,
  type Binary,
  type Binary12,
  type Unary,
} from "./define.ts";

/** x == y. Source: jax.numpy.equal. */
export const equal: Binary = binary("equal", "any", (x, y, lax) => asWeak(lax.eq(x, y), x));
/** x != y. Source: jax.numpy.not_equal. */
export const notEqual: Binary = binary("notEqual", "any", (x, y, lax) => asWeak(lax.ne(x, y), x));

type Order = "lt" | "le" | "gt" | "ge";
/** Complex numbers compare by real part, then by imaginary part. */
const ordering = (name: string, order: Order): Binary =>
  binary(name, "any", (x, y, lax) => {
    if (!isComplex(x.dtype)) return asWeak(lax[order](x, y), x);
    const [a, b] = [lax.real(x), lax.real(y)];
    const decided = pick(lax.eq(a, b), lax[order](lax.imag(x), lax.imag(y)), lax[order](a, b));
    return asWeak(decided, x);
  });
/** x < y. Source: jax.numpy.less. */
export const less: Binary = ordering("less", "lt");
/** x ≤ y. Source: jax.numpy.less_equal. */
export const lessEqual: Binary = ordering("lessEqual", "le");
/** x > y. Source: jax.numpy.greater. */
export const greater: Binary = ordering("greater", "gt");
/** x ≥ y. Source: jax.numpy.greater_equal. */
export const greaterEqual: Binary = ordering("greaterEqual", "ge");

/** Both not zero. Source: jax.numpy.logical_and. */
export const logicalAnd: Binary = binary("logicalAnd", "any", (x, y, lax) =>
  lax.bitwiseAnd(toBool(x), toBool(y)),
);
/** One or both not zero. Source: jax.numpy.logical_or. */
export const logicalOr: Binary = binary("logicalOr", "any", (x, y, lax) =>
  lax.bitwiseOr(toBool(x), toBool(y)),
);
/** Exactly one not zero. Source: jax.numpy.logical_xor. */
export const logicalXor: Binary = binary("logicalXor", "any", (x, y, lax) =>
  lax.bitwiseXor(toBool(x), toBool(y)),
);
/** Zero. Source: jax.numpy.logical_not. */
export const logicalNot: Unary = unary("logicalNot", "any", (x, lax) => lax.bitwiseNot(toBool(x)));

/** x & y. Source: jax.numpy.bitwise_and. */
export const bitwiseAnd: Binary = binary("bitwiseAnd", "any", (x, y, lax) => lax.bitwiseAnd(x, y));
/** x | y. Source: jax.numpy.bitwise_or. */
export const bitwiseOr: Binary = binary("bitwiseOr", "any", (x, y, lax) => lax.bitwiseOr(x, y));
/** x ^ y. Source: jax.numpy.bitwise_xor. */
export const bitwiseXor: Binary = binary("bitwiseXor", "any", (x, y, lax) => lax.bitwiseXor(x, y));
/** ~x; logical not of bool. Source: jax.numpy.bitwise_not. */
export const bitwiseNot: Unary = unary("bitwiseNot", "any", (x, lax) => lax.bitwiseNot(x));
/** As bitwiseNot. Source: jax.numpy.invert. */
export const invert: Unary = bitwiseNot;
/** As bitwiseNot. Source: jax.numpy.bitwise_invert. */
export const bitwiseInvert: Unary = bitwiseNot;
/** Number of one bits of |x|. Source: jax.numpy.bitwise_count. */
export const bitwiseCount: Unary = unaryComposite("bitwiseCount", "numeric", (x, lax) =>
  lax.convertElementType(lax.populationCount(isUnsigned(x.dtype) ? x : lax.abs(x)), "uint8"),
);
/** x << y; 0 for counts out of range. Source: jax.numpy.left_shift. */
export const leftShift: Binary = binary("leftShift", "numeric", (x, y, lax) => lax.shiftLeft(x, y));
/** As leftShift. Source: jax.numpy.bitwise_left_shift. */
export const bitwiseLeftShift: Binary = leftShift;
const shiftedRight = (x: NDArray, y: NDArray): NDArray =>
  isUnsigned(x.dtype) ? L().shiftRightLogical(x, y) : L().shiftRightArithmetic(x, y);
/** x1 >> x2, with the sign of x1. Source: jax.numpy.right_shift. */
export const rightShift: Binary12 = binary12("rightShift", "numeric", shiftedRight);
/** As rightShift. Source: jax.numpy.bitwise_right_shift. */
export const bitwiseRightShift: Binary12 = rightShift;
