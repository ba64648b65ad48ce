// np: are arrays equal, or close?
import { sameShape } from "../../ir/aval.ts";
import { isComplex, realDType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { isTenonError } from "tenon-plugin-api";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, promoteDTypes } from "../promotion.ts";
import { broadcastAll, L } from "./define.ts";
import { isfinite } from "./floats.ts";
import { equal } from "./logic.ts";
import { all } from "./reductions.ts";

/** Words of isclose and allclose. */
export type CloseOptions = Options<"rtol" | "atol" | "equalNan">;
type Operands = readonly [NDArray, NDArray, NDArray, NDArray];
function close([a, b, r, t]: Operands, equalNan: boolean): NDArray {
  const lax = L();
  const [x, y] = broadcastAll("np.isclose", promoteDTypes("np.isclose", [a, b], "inexact", ["a", "b"])) as [
    NDArray,
    NDArray,
  ];
  const real = isComplex(x.dtype) ? realDType(x.dtype) : x.dtype;
  const [rtol, atol] = [r, t].map((v) => lax.convertElementType(v, real)) as [NDArray, NDArray];
  const bound = lax.add(atol, lax.mul(rtol, lax.abs(y)));
  const near = lax.bitwiseAnd(isfinite(y), lax.le(lax.abs(lax.sub(x, y)), bound));
  const out = lax.bitwiseOr(lax.eq(x, y), near);
  return equalNan ? lax.bitwiseOr(out, lax.bitwiseAnd(lax.ne(x, x), lax.ne(y, y))) : out;
}
const closeOf = composite("np.isclose", close);
const allOf = composite("np.allclose", (operands: Operands, equalNan: boolean) =>
  all(close(operands, equalNan)),
);
function given(name: string, a: ArrayLike, b: ArrayLike, options: CloseOptions): Operands {
  checkOptions(name, options, ["rtol", "atol", "equalNan"]);
  const pair = arraysOf(name, [a, b], ["a", "b"]);
  return [
    ...pair,
    toArray(name, options.rtol ?? 1e-5),
    toArray(name, options.atol ?? 1e-8),
  ] as unknown as Operands;
}
/** Is |a − b| ≤ atol + rtol · |b|? Source: jax.numpy.isclose. */
export function isclose(a: ArrayLike, b: ArrayLike, options: CloseOptions = {}): NDArray {
  return closeOf(given("np.isclose", a, b, options), options.equalNan ?? false);
}
/** Are all elements close? Source: jax.numpy.allclose. */
export function allclose(a: ArrayLike, b: ArrayLike, options: CloseOptions = {}): NDArray {
  return allOf(given("np.allclose", a, b, options), options.equalNan ?? false);
}
const equalOf = composite("np.arrayEqual", ([a, b]: readonly [NDArray, NDArray], equalNan: boolean) => {
  const lax = L();
  const same = equal(a, b);
  if (!equalNan) return all(same);
  const isNan = (x: NDArray): NDArray => lax.ne(x, x);
  return all(lax.bitwiseOr(same, lax.bitwiseAnd(isNan(a), isNan(b))));
});
const no = (): NDArray => materialise(literal(false, "bool"));
/** Have two arrays the same shape and elements? Source: jax.numpy.array_equal. */
export function arrayEqual(a1: ArrayLike, a2: ArrayLike, options: Options<"equalNan"> = {}): NDArray {
  checkOptions("np.arrayEqual", options, ["equalNan"]);
  const [a, b] = arraysOf("np.arrayEqual", [a1, a2], ["a1", "a2"]) as [NDArray, NDArray];
  return sameShape(a.shape, b.shape) ? equalOf([a, b], options.equalNan ?? false) : no();
}
/** Have two arrays the same elements after broadcasting? Source: jax.numpy.array_equiv. */
export function arrayEquiv(a1: ArrayLike, a2: ArrayLike): NDArray {
  try {
    const [x, y] = [toArray("np.arrayEquiv", a1, "a1"), toArray("np.arrayEquiv", a2, "a2")];
    return all(equal(x, y));
  } catch (error) {
    if (isTenonError(error) && error.reason === "E_BROADCAST") return no();
    throw error;
  }
}
