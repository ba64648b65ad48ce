// linalg: what Jacobi's methods for eigenvalues and singular values share. Rows or columns stand in two halves; those
// that face each other are rotated, all pairs at once, then they move on like players of a tournament: in n − 1 rounds,
// a sweep, each has met each, and all are back in their places. Source: Brent & Luk 1985.
import type { NDArray } from "../../ir/ndarray.ts";
import { takeAlong } from "../../primitives/sort.ts";
import { L, pick } from "../numpy/define.ts";
import * as p from "./parts.ts";

/** Two halves along an axis. */
export type Halves = readonly [NDArray, NDArray];
/** An even number of rows or columns, cut in the middle. */
export function halves(x: NDArray, axis: -1 | -2): Halves {
  const at = x.ndim + axis;
  const h = (x.shape[at] as number) / 2;
  return [L().sliceInDim(x, 0, h, 1, at), L().sliceInDim(x, h, 2 * h, 1, at)];
}
/** `halves` undone. */
export const joined = ([a, b]: Halves, axis: -1 | -2): NDArray => L().concatenate([a, b], a.ndim + axis);

/** Everyone but the first moves on by one seat. */
export function moved([a, b]: Halves, axis: -1 | -2): Halves {
  const lax = L();
  const at = a.ndim + axis;
  const h = a.shape[at] as number;
  if (h === 1) return [a, b];
  const cut = (x: NDArray, from: number, to: number): NDArray => lax.sliceInDim(x, from, to, 1, at);
  return [
    lax.concatenate([cut(a, 0, 1), cut(b, 0, 1), cut(a, 1, h - 1)], at),
    lax.concatenate([cut(b, 1, h), cut(a, h - 1, h)], at),
  ];
}

/** The sine of each pair's angle, and the tangents of half the angle and of the angle. */
export interface Rotation {
  readonly s: NDArray;
  readonly h: NDArray;
  readonly t: NDArray;
}
/** The rotation that makes [[a, b], [b, d]] diagonal, by less than 45°; none where `on` doesn't hold. */
export function rotationOf(a: NDArray, b: NDArray, d: NDArray, on: NDArray): Rotation {
  const lax = L();
  const tau = d.sub(a).div(pick(on, b.mul(2), 1));
  const root = lax.abs(tau).add(lax.sqrt(lax.square(tau).add(1)));
  const t = pick(on, pick(tau.lt(0), -1, 1).astype(a.dtype).div(root), 0);
  const c = lax.rsqrt(lax.square(t).add(1));
  const s = t.mul(c);
  return { s, h: s.div(c.add(1)), t };
}
/** Two halves, rotated; s and h broadcast to them. As corrections, which keep the length. Source: Rutishauser 1966. */
export const rotated = ([a, b]: Halves, s: NDArray, h: NDArray): Halves => [
  a.sub(s.mul(b.add(h.mul(a)))),
  b.add(s.mul(a.sub(h.mul(b)))),
];

/** The largest |x| of each matrix, or 1 where that is 0: [..., 1, 1]. */
export function scaleOf(x: NDArray): NDArray {
  const lax = L();
  const largest = lax.reduceMax(lax.abs(x), [x.ndim - 2, x.ndim - 1]);
  const scale = pick(largest.eq(0), 1, largest);
  return p.asColumn(p.asColumn(scale));
}
/** `x` with zeros after its last column (and row) if they are odd. */
export function evened(x: NDArray, rowsToo: boolean): NDArray {
  const odd = p.columns(x) % 2;
  const zero = L().fullLike(x, 0, { shape: [] });
  return L().pad(x, zero, [
    ...p.lead(x).map(() => [0, 0, 0] as const),
    [0, rowsToo ? odd : 0, 0],
    [0, odd, 0],
  ]);
}
/** The positions that sort along the last axis. */
export function orderOf(values: NDArray, descending: boolean): NDArray {
  const lax = L();
  const at = lax.broadcastedIota("int32", values.shape, values.ndim - 1);
  return lax.sortKeyVal(descending ? lax.neg(values) : values, at)[1] as NDArray;
}
/** Elements of the last axis in an order. */
export const inOrder = (x: NDArray, order: NDArray): NDArray => takeAlong(L(), x, order, x.ndim - 1);
/** Columns in an order. */
export const columnsInOrder = (x: NDArray, order: NDArray): NDArray =>
  inOrder(x, L().broadcastInDim(order, x.shape, [...p.lead(x).keys(), x.ndim - 1]));
