// np: elements read and replaced at positions, and positions in flattened arrays.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { isInteger, isSigned, isUnsigned, type DType } from "../../ir/dtype.ts";
import { type NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { GatherScatterMode } from "../../primitives/gather-scatter.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import { fillOf } from "../indexing.ts";
import type { Options } from "../keywords.ts";
import { broadcastShapes, broadcastTo, resultOf } from "../promotion.ts";
import { floorDivide, mod } from "./arithmetic.ts";
import { oneAxis, range } from "./axes.ts";
import { broadcastAll, L, pick, toBool } from "./define.ts";
import { listed, type Arrays } from "./joining.ts";
import { tile } from "./rearrange.ts";
import { firstTrue, known } from "./searching.ts";
import { ravel } from "./shape.ts";

/** Words of take. */
export type TakeOptions = Options<
  "uniqueIndices" | "indicesAreSorted" | "fillValue",
  { axis: number | null; mode: "fill" | "clip" | "wrap" | null }
>;
const counted = (at: NDArray, n: number): NDArray =>
  isSigned(at.dtype) ? L().select(L().lt(at, 0), L().add(at, n), at) : at;
/** Elements of an axis at positions; out of range gives NaN (or the least integer) by default. Source: jax.numpy.take. */
export function take(a: ArrayLike, indices: ArrayLike, options: TakeOptions = {}): NDArray {
  checkOptions("np.take", options, ["axis", "mode", "uniqueIndices", "indicesAreSorted", "fillValue"]);
  const lax = L();
  const given = toArray("np.take", a, "a");
  const x = options.axis == null ? ravel(given) : given;
  const axis = oneAxis("np.take", options.axis ?? 0, x);
  const at = wholeIndices("np.take", indices);
  const mode = options.mode ?? "fill";
  if (!["fill", "clip", "wrap"].includes(mode))
    throw fail("E_ARGUMENT", `np.take: the mode "${String(mode)}" is none of fill, clip, wrap`);
  const n = x.shape[axis] as number;
  const shape = [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)];
  if (n === 0 && at.size > 0)
    throw fail("E_INDEX", `np.take: a position on axis ${axis} of ${x.aval}, which is empty`);
  if (at.size === 0) return lax.fullLike(x, 0, { shape });
  const ready = mode === "fill" ? counted(at, n) : mode === "wrap" ? mod(at, literal(n, at.dtype)) : at;
  const offsetDims = range(shape.length).filter((i) => i < axis || i >= axis + at.ndim);
  return lax.gather(
    x,
    lax.reshape(ready, [...at.shape, 1]),
    { offsetDims, collapsedSliceDims: [axis], startIndexMap: [axis] },
    x.shape.map((m, i) => (i === axis ? 1 : m)),
    {
      mode: mode === "wrap" ? "promise_in_bounds" : mode,
      fillValue: fillOf(options.fillValue),
      uniqueIndices: options.uniqueIndices,
      indicesAreSorted: options.indicesAreSorted,
    },
  );
}
function wholeIndices(name: string, indices: ArrayLike): NDArray {
  const at =
    typeof indices === "number"
      ? literal(indices, "int32")
      : toArray(name, indices, name === "np.put" ? "ind" : "indices");
  if (isInteger(at.dtype)) return at;
  throw fail("E_DTYPE", `${name}: positions are ${at.aval}, expected integers`);
}
/** Words of takeAlongAxis. */
export type TakeAlongOptions = Options<
  "fillValue",
  { axis: number | null; mode: GatherScatterMode | null; wrapNegativeIndices: boolean | null }
>;
/** Elements along an axis at positions that go with each row. Source: jax.numpy.take_along_axis. */
export function takeAlongAxis(arr: ArrayLike, indices: ArrayLike, options: TakeAlongOptions = {}): NDArray {
  checkOptions("np.takeAlongAxis", options, ["axis", "mode", "fillValue", "wrapNegativeIndices"]);
  const name = "np.takeAlongAxis";
  const lax = L();
  const at = wholeIndices(name, indices);
  const x = options.axis === null ? ravel(arr) : toArray(name, arr, "arr");
  if (at.ndim !== x.ndim)
    throw fail("E_SHAPE", `${name}: positions ${at.aval} for ${x.aval}: the ranks differ`);
  const axis = oneAxis(name, options.axis ?? (options.axis === null ? 0 : -1), x);
  const n = x.shape[axis] as number;
  const without = (s: Shape, size: number): number[] => s.map((m, i) => (i === axis ? size : m));
  const shape = broadcastShapes(name, without(x.shape, 1), at.shape);
  if (n === 0 || shape.includes(0)) return lax.fullLike(x, 0, { shape });
  const wraps = options.wrapNegativeIndices ?? options.mode !== "promise_in_bounds";
  const ready = wraps ? counted(widened(at), n) : at;
  const full = broadcastTo(name, ready, shape);
  const rows = broadcastTo(name, x, without(shape, n));
  const batch = range(x.ndim).filter((i) => i !== axis);
  return lax.gather(
    rows,
    lax.reshape(full, [...shape, 1]),
    {
      offsetDims: [],
      collapsedSliceDims: [axis],
      startIndexMap: [axis],
      operandBatchingDims: batch,
      startIndicesBatchingDims: batch,
    },
    x.shape.map(() => 1),
    { mode: options.mode ?? "fill", fillValue: fillOf(options.fillValue) },
  );
}
/** Positions in a dtype that can hold the size of an axis. */
const widened = (at: NDArray): NDArray =>
  ["int8", "int16", "uint8", "uint16"].includes(at.dtype) ? L().convertElementType(at, "int32") : at;

/** Writes `values` at positions [..., rank] of x. */
function writeAt(x: NDArray, columns: readonly NDArray[], values: NDArray, mode: GatherScatterMode): NDArray {
  const lax = L();
  const shape = values.shape;
  const dims = range(x.ndim);
  const index = lax.concatenate(
    columns.map((c) =>
      lax.reshape(lax.convertElementType(broadcastTo("np.put", c, shape), "int32"), [...shape, 1]),
    ),
    shape.length,
  );
  const base = materialise(x);
  return lax.scatter(
    base,
    index,
    lax.convertElementType(values, x.dtype, { weakType: x.weakType }),
    {
      updateWindowDims: [],
      insertedWindowDims: dims,
      scatterDimsToOperandDims: dims,
    },
    { mode },
  );
}
/** An array with elements along an axis replaced, at positions that go with each row. Source: jax.numpy.put_along_axis. */
export function putAlongAxis(
  arr: ArrayLike,
  indices: ArrayLike,
  values: ArrayLike,
  axis: number | null,
  options: Options<never, { inplace: false; mode: GatherScatterMode | null }> = {},
): NDArray {
  checkOptions("np.putAlongAxis", options, ["inplace", "mode"]);
  const name = "np.putAlongAxis";
  const given = toArray(name, arr, "arr");
  const x = axis === null ? ravel(given) : given;
  const at = wholeIndices(name, indices);
  if (at.ndim !== x.ndim)
    throw fail("E_SHAPE", `${name}: positions ${at.aval} for ${x.aval}: the ranks differ`);
  const d = oneAxis(name, axis ?? 0, x);
  const shape = broadcastShapes(
    name,
    at.shape,
    x.shape.map((n, i) => (i === d ? 1 : n)),
  );
  const v = broadcastTo(name, broadcastTo(name, toArray(name, values, "values"), at.shape), shape);
  if (v.size === 0) return given;
  const columns = range(x.ndim).map((i) =>
    i === d ? counted(widened(at), x.shape[d] as number) : L().broadcastedIota("int32", shape, i),
  );
  return L().reshape(writeAt(x, columns, v, options.mode ?? "drop"), given.shape);
}
/** A flattened array with elements replaced; values repeat as needed. Source: jax.numpy.put. */
export function put(
  a: ArrayLike,
  ind: ArrayLike,
  v: ArrayLike,
  options: Options<never, { mode: "clip" | "wrap" | null; inplace: false }> = {},
): NDArray {
  checkOptions("np.put", options, ["mode", "inplace"]);
  const lax = L();
  const x = toArray("np.put", a, "a");
  const at = ravel(wholeIndices("np.put", ind));
  const values = ravel(toArray("np.put", v, "v"));
  if (x.size === 0 || at.size === 0 || values.size === 0) return x;
  const n = x.size;
  const mode = options.mode ?? null;
  const ready =
    mode === "clip"
      ? lax.clamp(0, at, n - 1)
      : mode === "wrap"
        ? mod(at, literal(n, at.dtype))
        : counted(at, n);
  const out = writeAt(
    lax.reshape(x, [n]),
    [ready],
    fitted(values, at.size),
    mode === null ? "drop" : "promise_in_bounds",
  );
  return lax.reshape(out, x.shape);
}
const fitted = (v: NDArray, n: number): NDArray =>
  v.size === n ? v : L().sliceInDim(v.size < n ? tile(v, Math.ceil(n / v.size)) : v, 0, n);
const placeOf = composite("np.place", ([x, mask, vals]: readonly [NDArray, NDArray, NDArray]) => {
  const n = x.size;
  const at = firstTrue(L().reshape(mask, [n]), n, n);
  return L().reshape(writeAt(L().reshape(x, [n]), [at], fitted(vals, n), "drop"), x.shape);
});
/** An array with the elements where a mask holds replaced by values, one after the other. Source: jax.numpy.place. */
export function place(
  arr: ArrayLike,
  mask: ArrayLike,
  vals: ArrayLike,
  options: Options<never, { inplace: false }> = {},
): NDArray {
  checkOptions("np.place", options, ["inplace"]);
  const [x, m, v] = [
    toArray("np.place", arr, "arr"),
    toBool(toArray("np.place", mask, "mask")),
    ravel(toArray("np.place", vals, "vals")),
  ];
  if (x.size !== m.size) throw fail("E_SHAPE", `np.place: a mask ${m.aval} for ${x.aval}`);
  if (v.size === 0) throw fail("E_ARGUMENT", "np.place: there are no values to place");
  return x.size === 0 ? x : placeOf([x, m, v]);
}
/** Which axis varies fastest, and what to do with positions out of range. */
export type RavelOptions = Options<"dtype", { mode: "raise" | "wrap" | "clip" | "ignore"; order: "C" | "F" }>;
/** Positions in the flattened array of an index for each axis. Source: jax.numpy.ravel_multi_index. */
export function ravelMultiIndex(multiIndex: Arrays, dims: Shape, options: RavelOptions = {}): NDArray {
  checkOptions("np.ravelMultiIndex", options, ["mode", "order", "dtype"]);
  const name = "np.ravelMultiIndex";
  const lax = L();
  const list = listed(name, multiIndex).map((v) => wholeIndices(name, v));
  if (list.length !== dims.length)
    throw fail("E_ARGUMENT", `${name}: ${list.length} index arrays for ${dims.length} axes`);
  const mode = options.mode ?? "raise";
  const dtype: DType =
    options.dtype == null
      ? resultOf(name, [...list, literal(0, canonicalDType("int64"), true)]).dtype
      : canonicalDType(options.dtype);
  const bounded = list.map((i, d) => {
    const n = dims[d] as number;
    if (mode === "raise") checkRange(name, i, n);
    return mode === "clip" ? L().clamp(0, i, n - 1) : mode === "wrap" ? mod(i, literal(n, i.dtype)) : i;
  });
  const after = (d: number): readonly number[] =>
    (options.order ?? "C") === "C" ? dims.slice(d + 1) : dims.slice(0, d);
  const terms = bounded.map((i, d) =>
    lax.mul(
      lax.convertElementType(i, dtype),
      after(d).reduce((p, q) => p * q, 1),
    ),
  );
  return broadcastAll(name, terms).reduce(
    (p, q) => lax.add(p, q),
    lax.full(broadcastShapes(name, ...terms.map((t) => t.shape)), literal(0, dtype)),
  );
}
function checkRange(name: string, i: NDArray, n: number): void {
  const data = valuesOf(known(name, i), name);
  const bad = range(i.size).find((k) => {
    const v = Number(elementAt(data, i.dtype, k));
    return v < 0 || v >= n;
  });
  if (bad !== undefined)
    throw fail("E_INDEX", `${name}: ${String(data[bad])} is out of range for an axis of ${n}`, {
      hint: 'use { mode: "clip" } or "wrap"',
    });
}
const unravelOf = composite("np.unravelIndex", ([indices]: readonly [NDArray], shape: readonly number[]) => {
  const lax = L();
  let rest = indices;
  const out: NDArray[] = [];
  for (const n of [...shape].reverse()) {
    out.unshift(mod(rest, n));
    rest = floorDivide(rest, n);
  }
  const beyond = lax.gt(rest, 0);
  const before = isUnsigned(rest.dtype) ? null : lax.lt(rest, -1);
  return out.map((i, d) => {
    const low = before === null ? i : pick(before, 0n, i);
    return pick(beyond, BigInt((shape[d] as number) - 1), low);
  });
});
/** An index for each axis of positions in the flattened array; out of range is clipped. Source: jax.numpy.unravel_index. */
export function unravelIndex(indices: ArrayLike, shape: Shape | number): NDArray[] {
  const at = wholeIndices("np.unravelIndex", indices);
  return unravelOf([at], typeof shape === "number" ? [shape] : shape);
}
