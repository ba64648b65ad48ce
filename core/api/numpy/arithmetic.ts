// np: arithmetic of elements. Each function is JAX's composition of lax operations.
import { fail } from "../../errors.ts";
import { checkCount } from "../arity.ts";
import { isBool, isComplex, isInexact, isInteger, isUnsigned } from "../../ir/dtype.ts";
import { CONCRETE, LITERAL, NDArray, type ArrayLike, type Literal } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { composite } from "../composite.ts";
import { arraysOf, promoteArgs, promoteDTypes, promoteOne } from "../promotion.ts";
import {
  strongArray,
  binary,
  binary12,
  binaryComposite12,
  broadcastAll,
  L,
  refuseComplex,
  unary,
  type Binary,
  type Binary12,
  type Unary,
} from "./define.ts";
import { whileLoop } from "./loop.ts";

/** x + y; "or" of bool. Source: jax.numpy.add. */
export const add: Binary = binary("add", "any", (x, y, lax) =>
  isBool(x.dtype) ? lax.bitwiseOr(x, y) : lax.add(x, y),
);
/** x − y. @throws E_DTYPE for bool. Source: jax.numpy.subtract. */
export const subtract: Binary = binary("subtract", "any", (x, y, lax) => {
  if (isBool(x.dtype))
    throw fail("E_DTYPE", `np.subtract: got bool operands ${x.aval}, ${y.aval}`, {
      hint: "use np.logicalXor, or convert with astype",
    });
  return lax.sub(x, y);
});
/** x · y; "and" of bool. Source: jax.numpy.multiply. */
export const multiply: Binary = binary("multiply", "any", (x, y, lax) =>
  isBool(x.dtype) ? lax.bitwiseAnd(x, y) : lax.mul(x, y),
);
/** x1 / x2 as floats. Source: jax.numpy.true_divide. */
export const trueDivide: Binary12 = binary12("trueDivide", "inexact", (x, y, lax) => lax.div(x, y));
/** As trueDivide. Source: jax.numpy.divide. */
export const divide: Binary12 = trueDivide;
/** Complex numbers in order of real, then of imaginary part: x if it comes first, else y. */
function firstComplex(x: NDArray, y: NDArray, before: "lt" | "gt"): NDArray {
  const lax = L();
  const [p, q] = broadcastAll("np.maximum", [x, y]) as [NDArray, NDArray];
  const [a, b] = [lax.real(p), lax.real(q)];
  const wins = lax.select(lax.eq(a, b), lax[before](lax.imag(p), lax.imag(q)), lax[before](a, b));
  return lax.select(wins, p, q);
}
/** The larger element; NaN if either is; derivative ½ each where equal. Source: jax.numpy.maximum. */
export const maximum: Binary = binary("maximum", "any", (x, y, lax) =>
  isComplex(x.dtype) ? firstComplex(x, y, "gt") : lax.max(x, y),
);
/** The smaller element; NaN if either is. Source: jax.numpy.minimum. */
export const minimum: Binary = binary("minimum", "any", (x, y, lax) =>
  isComplex(x.dtype) ? firstComplex(x, y, "lt") : lax.min(x, y),
);

/** Quotient and remainder of floats (jnp's _float_divmod). */
function floatDivmod(x: NDArray, y: NDArray): [NDArray, NDArray] {
  const lax = L();
  const m = lax.rem(x, y);
  const q = lax.div(lax.select(lax.eq(y, 0), x, lax.sub(x, m)), y);
  const wrong = lax.bitwiseAnd(lax.ne(m, 0), lax.ne(lax.sign(y), lax.sign(m)));
  return [lax.round(lax.select(wrong, lax.sub(q, 1), q)), lax.select(wrong, lax.add(m, y), m)];
}
function floorOf(x: NDArray, y: NDArray): NDArray {
  const lax = L();
  if (isUnsigned(x.dtype)) return lax.div(x, y);
  if (!isInteger(x.dtype)) return floatDivmod(refuseComplex("floorDivide", x), y)[0];
  const q = lax.div(x, y);
  const uneven = lax.bitwiseAnd(lax.ne(lax.sign(x), lax.sign(y)), lax.ne(lax.rem(x, y), 0));
  return lax.select(uneven, lax.sub(q, 1), q);
}
function remainderOf(x: NDArray, y: NDArray): NDArray {
  const lax = L();
  const by = isInteger(y.dtype) ? lax.select(lax.eq(y, 0), lax.fullLike(y, 1), y) : y;
  const m = lax.rem(x, by);
  const apart = lax.ne(lax.lt(m, 0), lax.lt(by, 0));
  return lax.select(lax.bitwiseAnd(apart, lax.ne(m, 0)), lax.add(m, by), m);
}
/** Quotient rounded towards −∞. Source: jax.numpy.floor_divide. */
export const floorDivide: Binary12 = binaryComposite12("floorDivide", "numeric", floorOf);
/** Remainder with the sign of the divisor. Source: jax.numpy.remainder. */
export const remainder: Binary12 = binaryComposite12("remainder", "numeric", (x, y) =>
  remainderOf(refuseComplex("remainder", x), y),
);
/** As remainder. Source: jax.numpy.mod. */
export const mod: Binary12 = remainder;
const fmodOf = composite("np.fmod", (operands: readonly [NDArray, NDArray]) => {
  const lax = L();
  const [a, b] = broadcastAll("np.fmod", promoteDTypes("np.fmod", operands)) as [NDArray, NDArray];
  const by = isInteger(b.dtype) ? lax.select(lax.eq(b, 0), lax.fullLike(b, 1), b) : b;
  const [x, y] = promoteDTypes("np.fmod", [a, by], "numeric", ["a", "by"]) as [NDArray, NDArray];
  return lax.rem(x, y);
});
/** Remainder with the sign of the dividend. Source: jax.numpy.fmod. */
export function fmod(x1: ArrayLike, x2: ArrayLike): NDArray {
  checkCount("np.fmod", 2, arguments.length);
  return fmodOf(arraysOf("np.fmod", [x1, x2], ["x1", "x2"]) as [NDArray, NDArray]);
}
const divmodOf = composite("np.divmod", (operands: readonly [NDArray, NDArray]) => {
  const [x, y] = broadcastAll("np.divmod", promoteDTypes("np.divmod", operands, "numeric")) as [
    NDArray,
    NDArray,
  ];
  return isInteger(x.dtype) ? [floorOf(x, y), remainderOf(x, y)] : floatDivmod(refuseComplex("divmod", x), y);
});
/** [floorDivide, remainder]. Source: jax.numpy.divmod. */
export function divmod(x1: ArrayLike, x2: ArrayLike): [NDArray, NDArray] {
  checkCount("np.divmod", 2, arguments.length);
  return divmodOf(arraysOf("np.divmod", [x1, x2], ["x1", "x2"]) as [NDArray, NDArray]) as [NDArray, NDArray];
}

/** The value of an exponent that is known and integral, else null. */
function integerExponent(y: ArrayLike): number | null {
  const value = y instanceof NDArray && y.kind === LITERAL ? (y as Literal).value : y;
  const known =
    typeof value === "bigint" ||
    (typeof value === "number" && (typeof y === "number" || isInteger((y as NDArray).dtype)));
  return known && Number.isInteger(Number(value)) && Math.abs(Number(value)) < 2 ** 31 ? Number(value) : null;
}
const intPower = composite("np.power", (operands: readonly [NDArray, NDArray]) => {
  const lax = L();
  let [x, y] = broadcastAll("np.power", operands) as [NDArray, NDArray];
  const none = lax.bitwiseAnd(lax.eq(x, 0), lax.ne(y, 0));
  let acc = lax.select(none, lax.fullLike(x, 0), lax.fullLike(x, 1));
  for (let bit = 0; bit < 6; bit++) {
    acc = lax.select(lax.ne(lax.bitwiseAnd(y, 1), 0), lax.mul(acc, x), acc);
    x = lax.mul(x, x);
    y = lax.shiftRightLogical(y, 1);
  }
  return acc;
});
/** As a known integer, the exponent has no part in promotion; its value isn't read. */
function countedPower(a: NDArray, count: NDArray): NDArray {
  const base = promoteOne("np.power", a, "numeric", "a");
  const out = isInteger(base.dtype) ? intPower([base, count]) : L().pow(base, count);
  return L().convertElementType(out, base.dtype, { weakType: base.weakType });
}
/**
 * x1 to the power x2. A known integer as exponent multiplies repeatedly (lax.integerPow), so that its derivative is
 * defined everywhere. @throws E_ARGUMENT for integers to a known negative power. Source: jax.numpy.power.
 */
export function power(x1: ArrayLike, x2: ArrayLike): NDArray {
  checkCount("np.power", 2, arguments.length);
  const lax = L();
  const exponent = integerExponent(x2);
  if (exponent !== null) {
    const base = promoteOne(
      "np.power",
      typeof x1 === "number" ? toArray("np.power", x1, "x1") : x1,
      "numeric",
      "x1",
    );
    if (isInteger(base.dtype) && exponent < 0)
      throw fail("E_ARGUMENT", `np.power: integers ${base.aval} to the negative power ${exponent}`, {
        hint: "convert the base to float",
      });
    return lax.integerPow(base, exponent);
  }
  const [a, b] = arraysOf("np.power", [x1, x2], ["x1", "x2"]) as [NDArray, NDArray];
  if (b.kind === CONCRETE && b.ndim === 0 && isInteger(b.dtype)) return countedPower(a, b);
  const [x, y] = promoteArgs("np.power", [a, b], "numeric") as [NDArray, NDArray];
  if (isInteger(x.dtype)) return intPower([x, y]);
  if (isInexact(a.dtype) && isInteger(b.dtype)) {
    const [base, count] = a.ndim > 0 && b.ndim > 0 ? broadcastAll("np.power", [a, b]) : [a, b];
    return lax.pow(base as NDArray, count as NDArray);
  }
  return lax.pow(x, y);
}
/** As power. Source: jax.numpy.pow. */
export const pow: Binary12 = power;
/** x to the power y as floats. Source: jax.numpy.float_power. */
export const floatPower: Binary = binary("floatPower", "inexact", (x, y, lax) => lax.pow(x, y));

/** −x. Source: jax.numpy.negative. */
export const negative: Unary = unary("negative", "any", (x, lax) => lax.neg(x));
/** x. Source: jax.numpy.positive. */
export const positive: Unary = unary("positive", "any", (x) => x);
/** |x|; of complex numbers their length; derivative +1 at 0. Source: jax.numpy.absolute. */
export const absolute: Unary = unary("absolute", "any", (x, lax) =>
  isBool(x.dtype) || isUnsigned(x.dtype) ? x : lax.abs(x),
);
/** As absolute. Source: jax.numpy.abs. */
export const abs: Unary = absolute;
/** |x| as a float. Source: jax.numpy.fabs. */
export const fabs: Unary = unary("fabs", "inexact", (x, lax) => lax.abs(refuseComplex("fabs", x)));
/** −1, 0 or 1; of complex numbers x/|x|. Source: jax.numpy.sign. */
export const sign: Unary = unary("sign", "any", (x, lax) => lax.sign(x));
/** x². Source: jax.numpy.square. */
export const square: Unary = unary("square", "numeric", (x, lax) => lax.integerPow(x, 2));
/** 1/x. Source: jax.numpy.reciprocal. */
export const reciprocal: Unary = unary("reciprocal", "inexact", (x, lax) => lax.integerPow(x, -1));

const nanless = (x: NDArray, y: NDArray, before: "lt" | "gt"): NDArray => {
  const lax = L();
  if (isComplex(x.dtype)) return lax.select(lax.ne(y, y), x, firstComplex(x, y, before));
  return lax.select(lax.bitwiseOr(lax[before](x, y), lax.ne(y, y)), x, y);
};
/** The larger element; the other one where one is NaN. Source: jax.numpy.fmax. */
export const fmax: Binary12 = binaryComposite12("fmax", "any", (x, y) => nanless(x, y, "gt"));
/** The smaller element; the other one where one is NaN. Source: jax.numpy.fmin. */
export const fmin: Binary12 = binaryComposite12("fmin", "any", (x, y) => nanless(x, y, "lt"));
/** √(x1² + x2²) without overflow. Source: jax.numpy.hypot. */
export const hypot: Binary12 = binaryComposite12("hypot", "inexact", (a, b, lax) => {
  const [x1, x2] = [lax.abs(refuseComplex("hypot", a)), lax.abs(b)];
  const infinite = lax.bitwiseOr(lax.eq(x1, Infinity), lax.eq(x2, Infinity));
  const [hi, lo] = [lax.max(x1, x2), lax.min(x1, x2)];
  const none = lax.eq(hi, 0);
  const ratio = lax.div(lo, lax.select(none, lax.fullLike(hi, 1), hi));
  const length = lax.select(none, hi, lax.mul(hi, lax.sqrt(lax.add(1, lax.square(ratio)))));
  return strongArray(lax.select(infinite, lax.fullLike(length, Infinity), length));
});
/** 0 below, 1 above, x2 at zero; NaN stays. Source: jax.numpy.heaviside. */
export const heaviside: Binary12 = binaryComposite12("heaviside", "inexact", (x, y, lax) => {
  const at = lax.select(lax.ne(x, x), x, y);
  const above = lax.select(lax.gt(x, 0), lax.fullLike(x, 1), at);
  return strongArray(lax.select(lax.lt(x, 0), lax.fullLike(x, 0), above));
});

const integers = (name: string, x: NDArray): NDArray => {
  if (!isInteger(x.dtype)) throw fail("E_DTYPE", `np.${name}: got ${x.aval}, expected integers`);
  return isUnsigned(x.dtype) ? x : L().abs(x);
};
/** Euclid's algorithm on all elements at once. */
function gcdOf(x: NDArray, y: NDArray): NDArray {
  const lax = L();
  return whileLoop(
    ([, b]) =>
      lax.reduceOr(
        lax.ne(b as NDArray, 0),
        x.shape.map((_, i) => i),
      ),
    ([a, b]) => {
      const [p, q] = [a as NDArray, b as NDArray];
      const open = lax.ne(q, 0);
      const [hi, lo] = [
        lax.select(open, q, p),
        lax.select(open, lax.rem(p, lax.select(open, q, lax.fullLike(q, 1))), lax.fullLike(q, 0)),
      ];
      const swap = lax.lt(hi, lo);
      return [lax.select(swap, lo, hi), lax.select(swap, hi, lo)];
    },
    [x, y],
  )[0] as NDArray;
}
/** Greatest common divisor. Source: jax.numpy.gcd. */
export const gcd: Binary12 = binaryComposite12("gcd", "any", (x, y) =>
  gcdOf(integers("gcd", x), integers("gcd", y)),
);
/** Least common multiple. Source: jax.numpy.lcm. */
export const lcm: Binary12 = binaryComposite12("lcm", "any", (a, b, lax) => {
  const [x, y] = [integers("lcm", a), integers("lcm", b)];
  const d = gcdOf(x, y);
  const none = lax.eq(d, 0);
  const product = lax.mul(x, floorOf(y, lax.select(none, lax.fullLike(d, 1), d)));
  return lax.select(none, lax.fullLike(d, 0), product);
});

/** Real part. Source: jax.numpy.real. */
function realPart(val: ArrayLike): NDArray {
  const x = toArray("np.real", val, "val");
  return isComplex(x.dtype) ? L().real(x) : x;
}
/** Imaginary part; zeros of real arrays. Source: jax.numpy.imag. */
export function imag(val: ArrayLike): NDArray {
  const x = toArray("np.imag", val, "val");
  return isComplex(x.dtype) ? L().imag(x) : L().fullLike(x, 0);
}
export { realPart as real };
/** Complex conjugate. Source: jax.numpy.conjugate. */
export const conjugate: Unary = unary("conjugate", "any", (x, lax) => (isComplex(x.dtype) ? lax.conj(x) : x));
/** As conjugate. Source: jax.numpy.conj. */
export const conj: Unary = conjugate;
