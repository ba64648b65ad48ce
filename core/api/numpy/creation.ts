// np: arrays from nothing, from values and from other arrays.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { withContext } from "../../ir/context.ts";
import { DTYPES, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkInteger, checkStatic, refuseOperand, toArray } from "../../primitives/operand.ts";
import { fillOperand } from "../../primitives/fill.ts";
import type { RuntimeDevice } from "../../runtime/registry.ts";
import { array as makeArray, checkOptions, fromBytes, materialise, type Nested } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { broadcastTo } from "../promotion.ts";
import { convert, L } from "./define.ts";

/** Words of zeros, ones, empty. */
export type FillOptions = Options<"dtype" | "device">;
const FILL = ["dtype", "device"] as const;

/** Runs `make` with its results on a device. */
export function onDevice<R>(device: RuntimeDevice | null | undefined, make: () => R): R {
  return device == null ? make() : withContext({ device }, make);
}
/** The sizes of a shape. @throws E_SHAPE */
export function shapeOf(name: string, shape: Shape | number): Shape {
  checkStatic(name, "shape", shape);
  const sizes = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(sizes) || sizes.some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_SHAPE", `${name}: got the shape ${describeShape(shape)}, expected sizes of at least 0`);
  return sizes;
}
const describeShape = (shape: unknown): string =>
  Array.isArray(shape) ? `[${shape.map(String).join(",")}]` : String(shape);
function filled(name: string, shape: Shape | number, value: ArrayLike, dtype: DType, weak = false): NDArray {
  const sizes = shapeOf(name, shape);
  const v = L().convertElementType(fillOperand(name, value, dtype), canonicalDType(dtype), {
    weakType: weak,
  });
  return materialise(sizes.length === 0 ? v : broadcastTo(name, v, sizes));
}
/** Zeros, float32 by default. Source: jax.numpy.zeros. */
export function zeros(shape: Shape | number, options: FillOptions = {}): NDArray {
  checkOptions("np.zeros", options, FILL);
  return onDevice(options.device, () => filled("np.zeros", shape, 0, options.dtype ?? "float64"));
}
/** Ones, float32 by default. Source: jax.numpy.ones. */
export function ones(shape: Shape | number, options: FillOptions = {}): NDArray {
  checkOptions("np.ones", options, FILL);
  return onDevice(options.device, () => filled("np.ones", shape, 1, options.dtype ?? "float64"));
}
/** Zeros: there is no uninitialised memory. Source: jax.numpy.empty. */
export function empty(shape: Shape | number, options: FillOptions = {}): NDArray {
  checkOptions("np.empty", options, FILL);
  return zeros(shape, options);
}
/** A shape filled with a value, which broadcasts. Source: jax.numpy.full. */
export function full(shape: Shape | number, fillValue: ArrayLike, options: FillOptions = {}): NDArray {
  checkOptions("np.full", options, FILL);
  const v = fillOperand("np.full", fillValue, options.dtype);
  const weak = options.dtype == null && v.weakType;
  return onDevice(options.device, () => filled("np.full", shape, v, options.dtype ?? v.dtype, weak));
}

/** Words of zerosLike and its kin. */
export type LikeOptions = Options<"dtype" | "shape" | "device">;
function like(name: string, a: ArrayLike, value: ArrayLike, options: LikeOptions, word = "a"): NDArray {
  checkOptions(name, options, ["dtype", "shape", "device"]);
  const x = toArray(name, a, word);
  const weak = options.dtype == null && x.weakType;
  return onDevice(options.device, () =>
    filled(name, options.shape ?? x.shape, value, options.dtype ?? x.dtype, weak),
  );
}
/** Zeros of the shape and dtype of `a`. Source: jax.numpy.zeros_like. */
export function zerosLike(a: ArrayLike, options: LikeOptions = {}): NDArray {
  return like("np.zerosLike", a, 0, options);
}
/** Ones of the shape and dtype of `a`. Source: jax.numpy.ones_like. */
export function onesLike(a: ArrayLike, options: LikeOptions = {}): NDArray {
  return like("np.onesLike", a, 1, options);
}
/** As zerosLike. Source: jax.numpy.empty_like. */
export function emptyLike(prototype: ArrayLike, options: LikeOptions = {}): NDArray {
  return like("np.emptyLike", prototype, 0, options, "prototype");
}
/** A value in the shape and dtype of `a`. Source: jax.numpy.full_like. */
export function fullLike(a: ArrayLike, fillValue: ArrayLike, options: LikeOptions = {}): NDArray {
  return like("np.fullLike", a, fillValue, options);
}

/** Words of array. */
export type ArrayOptions = Options<"dtype" | "device", { copy: boolean; ndmin: number }>;
/**
 * An array of nested lists, typed arrays or scalars: numbers are float32, bigints int32, booleans bool.
 * Source: jax.numpy.array.
 */
export function array(object: Nested, options: ArrayOptions = {}): NDArray {
  checkOptions("np.array", options, ["dtype", "device", "copy", "ndmin"]);
  const { dtype, device, ndmin = 0 } = options;
  checkInteger("np.array", "ndmin", ndmin);
  const x = onDevice(device, () => makeArray(object, { dtype }));
  return x.ndim >= ndmin ? x : L().reshape(x, [...Array<number>(ndmin - x.ndim).fill(1), ...x.shape]);
}
/** `array`; arrays are returned as they are. Source: jax.numpy.asarray. */
export function asarray(a: Nested, options: Options<"dtype" | "device", { copy: boolean }> = {}): NDArray {
  checkOptions("np.asarray", options, ["dtype", "device", "copy"]);
  return array(a, options);
}
/** A copy with a buffer of its own. Source: jax.numpy.copy. */
export function copy(a: ArrayLike): NDArray {
  const x = materialise(toArray("np.copy", a, "a"));
  // The barrier is an operation: its result has a buffer of its own.
  return L().optimizationBarrier([x])[0] as NDArray;
}
/** Another dtype, by NumPy's rules: to bool is ≠ 0; out of range wraps or saturates. Source: jax.numpy.astype. */
export function astype(
  x: ArrayLike,
  dtype: DType,
  options: Options<"device", { copy: boolean }> = {},
): NDArray {
  checkOptions("np.astype", options, ["copy", "device"]);
  return convert(toArray("np.astype", x, "x"), canonicalDType(dtype));
}
/** An array over the bytes of a buffer. Source: jax.numpy.frombuffer. */
export function frombuffer(
  buffer: ArrayBuffer | ArrayBufferView,
  options: Options<"dtype", { count: number; offset: number }> = {},
): NDArray {
  checkOptions("np.frombuffer", options, ["dtype", "count", "offset"]);
  const { count = -1, offset = 0 } = options;
  const dtype = options.dtype ?? "float64";
  if (!(ArrayBuffer.isView(buffer) || buffer instanceof ArrayBuffer))
    throw refuseOperand("np.frombuffer", buffer, "a buffer");
  const all = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  const { itemsize } = DTYPES[dtype];
  const bytes = all.slice(offset, count < 0 ? all.length : offset + count * itemsize);
  if (bytes.length % itemsize !== 0 || (count >= 0 && bytes.length !== count * itemsize))
    throw fail(
      "E_ARGUMENT",
      `np.frombuffer: ${bytes.length} bytes don't hold ${count < 0 ? "whole" : count} ${dtype}`,
    );
  return fromBytes(bytes, dtype);
}
/** The same bytes as another dtype; a different size of elements changes the last axis. */
export function view(x: ArrayLike, dtype: DType): NDArray {
  const v = toArray("x.view", x, "x");
  const to = canonicalDType(dtype);
  const [from, into] = [DTYPES[v.dtype].itemsize, DTYPES[to].itemsize];
  const lax = L();
  if (from === into) return viewBits(v, to);
  const last = v.shape[v.ndim - 1];
  if (last === undefined || (last * from) % into !== 0)
    throw fail("E_SHAPE", `x.view("${dtype}"): the last axis of ${v.aval} has no whole number of ${to}`);
  const shape = [...v.shape.slice(0, -1), (last * from) / into];
  if (from > into) return lax.reshape(lax.bitcastConvertType(v, to), shape);
  return lax.bitcastConvertType(lax.reshape(v, [...shape, into / from]), to);
}
/** bool has no bits of its own: 0 and 1. */
const viewBits = (x: NDArray, to: DType): NDArray =>
  x.dtype === "bool" || to === "bool" ? convert(x, to) : L().bitcastConvertType(x, to);
