// Arrays made of no array: iota, and scalars broadcast to a shape.
import { type Shape, shaped, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { isInteger, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { ints } from "./dims.ts";
import { checkInteger, checkSizes, literal, toArray, type Operand } from "./operand.ts";
import { zeroJvp } from "./rules.ts";
import { broadcastInDim, canonicalAxis } from "./shape.ts";

/** The primitive of `lax.broadcastedIota`. */
export const iota_p: Primitive = definePrimitive({
  name: "iota",
  traits: {},
  shape: (_a, params) => [shaped(ints(params, "shape"), params["dtype"] as DType)],
  jvp: zeroJvp(() => iota_p),
  lower: (b, _x, params, _a, outs) => b.emit("iota", [], { dimension: params["dimension"] as number }, outs),
});
/** 0, 1, 2, … along one axis of `shape`. Source: jax.lax.broadcasted_iota. */
export function broadcastedIota(dtype: DType, shape: Shape, dimension: number): NDArray {
  checkSizes("lax.broadcastedIota", "shape", shape);
  canonicalAxis("lax.broadcastedIota", dimension, shape.length);
  return bind1(iota_p, [], { dtype, shape: [...shape], dimension });
}
/** 0 … size − 1. Source: jax.lax.iota. */
export function iota(dtype: DType, size: number): NDArray {
  checkInteger("lax.iota", "size", size);
  return broadcastedIota(dtype, [size], 0);
}

/** What fills an array: an operand, integers wrapped to the dtype (the default one if there's none), as in JAX. */
export function fillOperand(name: string, value: Operand, dtype?: DType | null): NDArray {
  const integral =
    typeof value === "bigint" || (Number.isInteger(value) && dtype != null && isInteger(dtype));
  if (!integral) return toArray(name, value, "fillValue");
  return context().lax.convertElementType(BigInt(value as number | bigint), dtype ?? "int64", {
    weakType: dtype == null,
  });
}
/** `shape` filled with a scalar. Source: jax.lax.full. */
export function full(shape: Shape, fillValue: Operand, dtype?: DType): NDArray {
  const v = fillOperand("lax.full", fillValue, dtype);
  return broadcastInDim(dtype === undefined ? v : context().lax.convertElementType(v, dtype), shape, []);
}
/** Like `x` in shape and dtype (and weakness), filled with a scalar. A rank-0 `x` gives a literal. Source: jax.lax.full_like. */
export function fullLike(
  x: NDArray,
  fillValue: number | bigint | boolean,
  options: { dtype?: DType; shape?: Shape } = {},
): NDArray {
  const dtype = options.dtype ?? x.dtype;
  const value = literal(fillValue, dtype, options.dtype === undefined && x.weakType);
  const shape = options.shape ?? x.shape;
  return shape.length === 0 ? value : broadcastInDim(value, shape, []);
}
/** Zeros of an aval; keys and float0 have none to store. */
export function zeros(aval: ShapedArray): NDArray {
  if (aval.dtype === "key<fry>")
    return context().lax.wrapKeyData(broadcastInDim(literal(0, "uint32"), [...aval.shape, 2], []));
  return broadcastInDim(
    literal(0, (aval.dtype === "float0" ? "bool" : aval.dtype) as DType, aval.weak),
    aval.shape,
    [],
  );
}
/** Zeros like `x`. Source: jax.lax.zeros_like. */
export const zerosLike = (x: NDArray): NDArray => zeros(x.aval);
