// np: bits packed into bytes and back.
import { fail } from "../../errors.ts";
import { isBool, isInteger } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { oneAxis, range } from "./axes.ts";
import { L, toBool } from "./define.ts";
import { ravel, swapaxes } from "./shape.ts";

type Order = "big" | "little";
/** Weight or shift of each of 8 bits, as the last axis of a shape. */
function bitsAlong(shape: readonly number[], order: Order): NDArray {
  const lax = L();
  const bit = lax.broadcastedIota("uint8", shape, shape.length - 1);
  return order === "big" ? lax.sub(literal(7, "uint8"), bit) : bit;
}
function along(
  name: string,
  a: ArrayLike,
  axis: number | null | undefined,
  order: Order,
): { x: NDArray; axis: number } {
  if (order !== "big" && order !== "little")
    throw fail("E_ARGUMENT", `${name}: the bitorder is "${String(order)}", expected "big" or "little"`);
  const x = axis == null ? ravel(a) : toArray(name, a, "a");
  return { x, axis: oneAxis(name, axis ?? 0, x) };
}
const packOf = composite("np.packbits", ([a]: readonly [NDArray], axis: number, order: Order) => {
  const lax = L();
  const x = lax.convertElementType(toBool(swapaxes(a, axis, -1)), "uint8");
  const last = x.ndim - 1;
  const n = x.shape[last] as number;
  const bytes = Math.ceil(n / 8);
  const full = lax.pad(
    x,
    literal(0, "uint8"),
    range(x.ndim).map((i) => [0, i === last ? bytes * 8 - n : 0, 0] as const),
  );
  const groups = lax.reshape(full, [...x.shape.slice(0, -1), bytes, 8]);
  const packed = lax.reduceSum(lax.shiftLeft(groups, bitsAlong(groups.shape, order)), [x.ndim]);
  return swapaxes(packed, axis, -1);
});
/** Words of packbits. */
export type PackOptions = Options<"bitorder", { axis: number | null }>;
/** Eight truth values in each byte. Source: jax.numpy.packbits. */
export function packbits(a: ArrayLike, options: PackOptions = {}): NDArray {
  checkOptions("np.packbits", options, ["axis", "bitorder"]);
  const order = options.bitorder ?? "big";
  const { x, axis } = along("np.packbits", a, options.axis, order);
  if (!isInteger(x.dtype) && !isBool(x.dtype))
    throw fail("E_DTYPE", `np.packbits: got ${x.aval}, expected integers or bool`);
  return packOf([x], axis, order);
}
const unpackOf = composite(
  "np.unpackbits",
  ([a]: readonly [NDArray], axis: number, order: Order, count: number | null) => {
    const lax = L();
    const x = swapaxes(a, axis, -1);
    const last = x.ndim - 1;
    const shape = [...x.shape, 8];
    const wide = lax.broadcastInDim(x, shape, range(x.ndim));
    const bits = lax.bitwiseAnd(lax.shiftRightLogical(wide, bitsAlong(shape, order)), literal(1, "uint8"));
    const n = (x.shape[last] as number) * 8;
    const flat = lax.reshape(bits, [...x.shape.slice(0, -1), n]);
    const extra = (count ?? n) - n;
    const sized =
      extra > 0
        ? lax.pad(
            flat,
            literal(0, "uint8"),
            range(x.ndim).map((i) => [0, i === last ? extra : 0, 0] as const),
          )
        : lax.sliceInDim(flat, 0, count ?? n, 1, last);
    return swapaxes(sized, axis, -1);
  },
);
/** Words of unpackbits. */
export type UnpackOptions = Options<"bitorder", { axis: number | null; count: number | null }>;
/** The eight bits of each byte. Source: jax.numpy.unpackbits. */
export function unpackbits(a: ArrayLike, options: UnpackOptions = {}): NDArray {
  checkOptions("np.unpackbits", options, ["axis", "count", "bitorder"]);
  const order = options.bitorder ?? "big";
  const { x, axis } = along("np.unpackbits", a, options.axis, order);
  if (x.dtype !== "uint8") throw fail("E_DTYPE", `np.unpackbits: got ${x.aval}, expected uint8`);
  const count = options.count ?? null;
  return unpackOf(
    [x],
    axis,
    order,
    count !== null && count < 0 ? (x.shape[axis] as number) * 8 + count : count,
  );
}
