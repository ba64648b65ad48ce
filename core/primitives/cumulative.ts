// Cumulative reductions along one axis: cumsum cumprod cummax cummin cumlogsumexp.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { DTYPES, isBool, type DTypeKind } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { operands, operandsAs, type Operand } from "./operand.ts";
import { elementwise, FLOAT, linearJvp, NUMERIC, ORDERED, transposeUnary } from "./rules.ts";
import { canonicalAxis } from "./shape.ts";

type Combine = (lax: Lax, x: NDArray, y: NDArray) => NDArray;
interface CumParams {
  readonly axis: number;
  readonly reverse: boolean;
}
const paramsOf = (params: Params): CumParams => params as unknown as CumParams;

/** even and odd interleaved along an axis: both padded to the full length, then joined. x + −0 is x, also for −0. */
function interleave(lax: Lax, even: NDArray, odd: NDArray, axis: number): NDArray {
  const more = even.shape[axis] === odd.shape[axis] ? 1 : 0;
  const config = (low: number, high: number): (readonly [number, number, number])[] =>
    even.shape.map((_, i) => (i === axis ? [low, high, 1] : [0, 0, 0]));
  const zero = isBool(even.dtype) ? false : -0;
  const [x, y] = [lax.pad(even, zero, config(0, more)), lax.pad(odd, zero, config(1, 1 - more))];
  return isBool(even.dtype) ? lax.bitwiseOr(x, y) : lax.add(x, y);
}

/** An inclusive scan in O(n) work and O(log n) depth. Source: jax.lax.associative_scan. */
function scanPairs(lax: Lax, combine: Combine, x: NDArray, axis: number): NDArray {
  const n = x.shape[axis] as number;
  if (n < 2) return x;
  const take = (y: NDArray, start: number, limit: number, stride: number): NDArray =>
    lax.sliceInDim(y, start, limit, stride, axis);
  const reduced = combine(lax, take(x, 0, n - 1, 2), take(x, 1, n, 2));
  const odd = scanPairs(lax, combine, reduced, axis);
  const first = take(x, 0, 1, 1);
  if (n === 2) return lax.concatenate([first, odd], axis);
  const left = n % 2 === 0 ? take(odd, 0, (odd.shape[axis] as number) - 1, 1) : odd;
  const even = lax.concatenate([first, combine(lax, left, take(x, 2, n, 2))], axis);
  return interleave(lax, even, odd, axis);
}

/** The cumulative reduction as a composition, from either end. */
function scanAlong(lax: Lax, combine: Combine, x: NDArray, { axis, reverse }: CumParams): NDArray {
  if (!reverse) return scanPairs(lax, combine, x, axis);
  return lax.rev(scanPairs(lax, combine, lax.rev(x, [axis]), axis), [axis]);
}

function cumulative(
  name: string,
  combine: Combine,
  accepts: readonly DTypeKind[],
  linear: boolean,
): Primitive {
  const primitive: Primitive = definePrimitive({
    name,
    traits: linear ? { linear: true } : {},
    shape: ([a]) => {
      const aval = a as ShapedArray;
      if (!accepts.includes(DTYPES[aval.dtype].kind))
        throw fail("E_DTYPE", `lax.${name}: got ${aval}, expected ${accepts.join(" or ")}`);
      return [aval];
    },
    jvp: linear
      ? linearJvp(() => primitive)
      : (lax, [x], [t], params) => {
          const out = bind1(primitive, [x as NDArray], params);
          if (t == null) return { outs: [out], tangents: [null] };
          return {
            outs: [out],
            tangents: [lax.tangentOf((v) => scanAlong(lax, combine, v, paramsOf(params)), x as NDArray, t)],
          };
        },
    ...(linear
      ? {
          transpose: transposeUnary((_lax, ct, _a, params) =>
            bind1(primitive, [ct], {
              ...params,
              reverse: !paramsOf(params).reverse,
            }),
          ),
        }
      : {}),
    batch: (_lax, _n, [x], [d], params) => {
      const { axis } = paramsOf(params);
      return {
        outs: [
          bind1(primitive, [x as NDArray], {
            ...params,
            axis: axis >= (d as number) ? axis + 1 : axis,
          }),
        ],
        bdims: [d as number],
      };
    },
    decompose: (lax, [x], params) => [scanAlong(lax, combine, x as NDArray, paramsOf(params))],
  });
  return primitive;
}
function along(p: Primitive, operand: Operand, axis: number, reverse: boolean): NDArray {
  const [x] = operandsAs(`lax.${p.name}`, ["operand"], [operand]) as [NDArray];
  return bind1(p, [x], {
    axis: canonicalAxis(`lax.${p.name}`, axis, x.ndim),
    reverse,
  });
}

/** Infinities out of a difference of equal infinities. */
const finite = (lax: Lax, x: NDArray): NDArray => lax.select(lax.eq(x, Infinity), lax.fullLike(x, 0), x);
const shareOf = (lax: Lax, t: NDArray, out: NDArray, x: NDArray): NDArray =>
  lax.mul(t, lax.exp(lax.sub(finite(lax, x), finite(lax, out))));
/** The primitive of `lax.logaddexp`. */
export const logaddexp_p: Primitive = elementwise("logaddexp", {
  accepts: FLOAT,
  arity: 2,
  decompose: (lax, [x, y]) => {
    const [a, b] = [x as NDArray, y as NDArray];
    const delta = lax.sub(a, b);
    return lax.select(
      lax.ne(delta, delta),
      lax.add(a, b),
      lax.add(lax.max(a, b), lax.log1p(lax.exp(lax.neg(lax.abs(delta))))),
    );
  },
  jvp: [(lax, t, out, x) => shareOf(lax, t, out, x), (lax, t, out, _x, y) => shareOf(lax, t, out, y)],
});
/** log(eˣ + eʸ) without overflow. Source: jax.numpy.logaddexp. */
export const logaddexp = (x: Operand, y: Operand): NDArray =>
  bind1(logaddexp_p, operands("lax.logaddexp", x, y));

/** The primitive of `lax.cumsum`. */
export const cumsum_p: Primitive = cumulative("cumsum", (lax, x, y) => lax.add(x, y), NUMERIC, true);
/** Sums of all prefixes (suffixes, if `reverse`) along an axis. Source: jax.lax.cumsum. */
export const cumsum = (operand: Operand, axis = 0, reverse = false): NDArray =>
  along(cumsum_p, operand, axis, reverse);
/** The primitive of `lax.cumprod`. */
export const cumprod_p: Primitive = cumulative("cumprod", (lax, x, y) => lax.mul(x, y), NUMERIC, false);
/** Products of all prefixes along an axis. Source: jax.lax.cumprod. */
export const cumprod = (operand: Operand, axis = 0, reverse = false): NDArray =>
  along(cumprod_p, operand, axis, reverse);
/** The primitive of `lax.cummax`. */
export const cummax_p: Primitive = cumulative("cummax", (lax, x, y) => lax.max(x, y), ORDERED, false);
/** Maxima of all prefixes along an axis. Source: jax.lax.cummax. */
export const cummax = (operand: Operand, axis = 0, reverse = false): NDArray =>
  along(cummax_p, operand, axis, reverse);
/** The primitive of `lax.cummin`. */
export const cummin_p: Primitive = cumulative("cummin", (lax, x, y) => lax.min(x, y), ORDERED, false);
/** Minima of all prefixes along an axis. Source: jax.lax.cummin. */
export const cummin = (operand: Operand, axis = 0, reverse = false): NDArray =>
  along(cummin_p, operand, axis, reverse);
/** The primitive of `lax.cumlogsumexp`. */
export const cumlogsumexp_p: Primitive = cumulative(
  "cumlogsumexp",
  (lax, x, y) => lax.logaddexp(x, y),
  FLOAT,
  false,
);
/** log Σ exp of all prefixes along an axis. Source: jax.lax.cumlogsumexp. */
export const cumlogsumexp = (operand: Operand, axis = 0, reverse = false): NDArray =>
  along(cumlogsumexp_p, operand, axis, reverse);
