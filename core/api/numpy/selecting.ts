// np: elements chosen by conditions and by positions, and arrays with some elements replaced.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { isComplex, isInteger, isSigned, isUnsigned, type DType } from "../../ir/dtype.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { GatherScatterMode } from "../../primitives/gather-scatter.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import { fillOf } from "../indexing.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes, resultOf } from "../promotion.ts";
import { floorDivide, maximum, minimum, mod } from "./arithmetic.ts";
import { oneAxis, range } from "./axes.ts";
import { broadcastAll, L, pick, toBool } from "./define.ts";
import { listed, type Arrays } from "./joining.ts";
import { tile } from "./rearrange.ts";
import { firstTrue, known, nonzero, type SizeOptions } from "./searching.ts";
import { argsort } from "./sorting.ts";
import { moveaxis, ravel } from "./shape.ts";

/** Elements of x where the condition holds, else of y; without them the positions where it holds. Source: jax.numpy.where. */
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): NDArray;
export function where(condition: ArrayLike, x?: null, y?: null, options?: SizeOptions): NDArray[];
export function where(
  condition: ArrayLike,
  x?: ArrayLike | null,
  y?: ArrayLike | null,
  options: SizeOptions = {},
): NDArray | NDArray[] {
  if (x == null && y == null) return nonzero(condition, options);
  if (x == null || y == null)
    throw fail("E_ARGUMENT", "np.where: give both x and y, or neither (for the positions of true elements)");
  return pick(toBool(toArray("np.where", condition)), x, y);
}
const clipOf = (
  x: ArrayLike,
  low: ArrayLike | null | undefined,
  high: ArrayLike | null | undefined,
): NDArray => {
  const above = low == null ? toArray("np.clip", x) : maximum(low, x);
  return high == null ? above : minimum(high, above);
};
/** Limited to [min, max]; derivative ½ at the bounds. Source: jax.numpy.clip. */
export function clip(arr: ArrayLike, min?: ArrayLike | null, max?: ArrayLike | null): NDArray {
  for (const v of [arr, min, max])
    if (v != null && isComplex(toArray("np.clip", v).dtype))
      throw fail("E_DTYPE", "np.clip: complex numbers have no order");
  return clipOf(arr, min, max);
}
const selectOf = composite("np.select", (operands: readonly NDArray[]) => {
  const lax = L();
  const n = (operands.length - 1) / 2;
  const conditions = operands.slice(0, n).map(toBool);
  const choices = promoteDTypes("np.select", operands.slice(n));
  const shape = broadcastShapes(
    "np.select",
    ...conditions.map((c) => c.shape),
    ...choices.map((c) => c.shape),
  );
  const full = (x: NDArray): NDArray => broadcastTo("np.select", x, shape);
  return range(n).reduceRight(
    (rest, i) => lax.select(full(conditions[i] as NDArray), full(choices[i] as NDArray), rest),
    full(choices[n] as NDArray),
  );
});
/** For each element the first choice whose condition holds, else the default. Source: jax.numpy.select. */
export function select(
  condlist: readonly ArrayLike[],
  choicelist: readonly ArrayLike[],
  options: Options<never, { default: ArrayLike }> = {},
): NDArray {
  checkOptions("np.select", options, ["default"]);
  if (condlist.length !== choicelist.length || condlist.length === 0)
    throw fail("E_ARGUMENT", `np.select: ${condlist.length} conditions for ${choicelist.length} choices`);
  const choices = arraysOf("np.select", [...choicelist, options.default ?? 0n]);
  return selectOf([...condlist.map((c) => toArray("np.select", c)), ...choices]);
}
/** What to do with positions out of range. */
export type ChooseMode = "raise" | "wrap" | "clip";
/** Elements picked from several arrays by number. Source: jax.numpy.choose. */
export function choose(
  a: ArrayLike,
  choices: Arrays,
  options: Options<never, { mode: ChooseMode }> = {},
): NDArray {
  checkOptions("np.choose", options, ["mode"]);
  const list = listed("np.choose", choices);
  const at = toArray("np.choose", a);
  if (!isInteger(at.dtype)) throw fail("E_DTYPE", `np.choose: got ${at.aval}, expected integers`);
  const mode = options.mode ?? "raise";
  if (mode === "raise") {
    const data = valuesOf(known("np.choose", at), "np.choose");
    if (range(at.size).some((i) => !(Number(data[i]) >= 0 && Number(data[i]) < list.length)))
      throw fail("E_INDEX", `np.choose: positions beyond the ${list.length} choices`, {
        hint: 'use { mode: "wrap" } or { mode: "clip" }',
      });
  }
  return chooseOf([at, ...arraysOf("np.choose", list)], mode);
}
const chooseOf = composite(
  "np.choose",
  ([at, ...choices]: readonly [NDArray, ...NDArray[]], mode: ChooseMode) => {
    const lax = L();
    const n = choices.length;
    const bounded = mode === "wrap" ? mod(at, literal(n, at.dtype)) : lax.clamp(0, at, n - 1);
    const [i, ...full] = broadcastAll("np.choose", [bounded, ...promoteDTypes("np.choose", choices)]) as [
      NDArray,
      ...NDArray[],
    ];
    return full.reduce((out, x, k) => (k === 0 ? x : lax.select(lax.eq(i, k), x, out)));
  },
);
/** Words of compress. */
export type CompressOptions = Options<"size", { axis: number | null; fillValue: ArrayLike }>;
const compressSized = composite(
  "np.compress",
  ([condition, x, fill]: readonly [NDArray, NDArray, NDArray], size: number) => {
    const lax = L();
    const mask = lax.broadcastInDim(condition, x.shape, [0]);
    const masked = pick(mask, x, lax.convertElementType(fill, x.dtype));
    const order = lax.sliceInDim(argsort(condition, { descending: true }), 0, size);
    return takeRows(masked, order, 0);
  },
);
const takeRows = (x: NDArray, at: NDArray, axis: number): NDArray => take(x, at, { axis, mode: "clip" });
/** The sections of an axis where a condition holds. Source: jax.numpy.compress. */
export function compress(condition: ArrayLike, a: ArrayLike, options: CompressOptions = {}): NDArray {
  checkOptions("np.compress", options, ["axis", "size", "fillValue"]);
  const lax = L();
  const mask = toBool(toArray("np.compress", condition));
  if (mask.ndim !== 1) throw fail("E_SHAPE", `np.compress: the condition is ${mask.aval}, expected one axis`);
  const given = options.axis == null ? ravel(a) : toArray("np.compress", a);
  const axis = oneAxis("np.compress", options.axis ?? 0, given);
  const moved = moveaxis(given, axis, 0);
  const n = Math.min(mask.size, moved.shape[0] as number);
  const [head, x] = [lax.sliceInDim(mask, 0, n), lax.sliceInDim(moved, 0, n)];
  const { size } = options;
  if (size == null) {
    const extra = valuesOf(known("np.compress", mask), "np.compress").slice(n);
    if (extra.some((v) => Number(v) !== 0))
      throw fail("E_INDEX", `np.compress: the condition holds beyond the ${n} elements of the axis`);
    return moveaxis(materialise(x).get(head), 0, axis);
  }
  if (size < 0 || size > n) throw fail("E_ARGUMENT", `np.compress: size ${size} for an axis of ${n}`);
  return moveaxis(compressSized([head, x, toArray("np.compress", options.fillValue ?? 0)], size), 0, axis);
}
/** The elements where a condition holds. Source: jax.numpy.extract. */
export function extract(
  condition: ArrayLike,
  arr: ArrayLike,
  options: Options<"size", { fillValue: ArrayLike }> = {},
): NDArray {
  checkOptions("np.extract", options, ["size", "fillValue"]);
  return compress(ravel(condition), ravel(arr), options);
}

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
  const x = options.axis == null ? ravel(a) : toArray("np.take", a);
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
  const at = typeof indices === "number" ? literal(indices, "int32") : toArray(name, indices);
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
  const x = options.axis === null ? ravel(arr) : toArray(name, arr);
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
  const given = toArray(name, arr);
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
  const v = broadcastTo(name, broadcastTo(name, toArray(name, values), at.shape), shape);
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
  const x = toArray("np.put", a);
  const at = ravel(wholeIndices("np.put", ind));
  const values = ravel(v);
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
  const [x, m, v] = [toArray("np.place", arr), toBool(toArray("np.place", mask)), ravel(vals)];
  if (x.size !== m.size) throw fail("E_SHAPE", `np.place: a mask ${m.aval} for ${x.aval}`);
  if (v.size === 0) throw fail("E_ARGUMENT", "np.place: there are no values to place");
  return x.size === 0 ? x : placeOf([x, m, v]);
}
/** Pieces of a function: the last condition that holds decides. Source: jax.numpy.piecewise. */
export function piecewise(
  x: ArrayLike,
  condlist: Arrays,
  funclist: readonly (ArrayLike | ((x: NDArray, ...args: unknown[]) => NDArray))[],
  ...args: readonly unknown[]
): NDArray {
  const lax = L();
  const v = toArray("np.piecewise", x);
  const conditions = listed("np.piecewise", condlist).map((c) => toBool(toArray("np.piecewise", c)));
  const [nc, nf] = [conditions.length, funclist.length];
  if (nf !== nc && nf !== nc + 1)
    throw fail("E_ARGUMENT", `np.piecewise: ${nc} conditions need ${nc} or ${nc + 1} functions, got ${nf}`);
  const value = (f: (typeof funclist)[number]): NDArray => {
    const out = typeof f === "function" ? f(v, ...args) : toArray("np.piecewise", f);
    return broadcastTo("np.piecewise", lax.convertElementType(out, v.dtype), v.shape);
  };
  const start = nf > nc ? value(funclist[nc] as ArrayLike) : lax.fullLike(v, 0);
  return conditions.reduce(
    (out, c, i) => {
      const mask = broadcastTo("np.piecewise", c, v.shape);
      return lax.select(mask, value(funclist[i] as ArrayLike), out);
    },
    lax.convertElementType(start, v.dtype),
  );
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
      ? resultOf(name, [...list, literal(0, canonicalDType("int64"))]).dtype
      : canonicalDType(options.dtype);
  const bounded = list.map((i, d) => {
    const n = dims[d] as number;
    if (mode === "raise") checkRange(name, i, n);
    return mode === "clip" ? clip(i, 0, n - 1) : mode === "wrap" ? mod(i, literal(n, i.dtype)) : i;
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
  return unravelOf([at], typeof shape === "number" ? [shape] : shape) as unknown as NDArray[];
}
/** Rows and columns where a mask function of the n×n matrix of ones keeps something. Source: jax.numpy.mask_indices. */
export function maskIndices(
  n: number,
  maskFunc: (m: NDArray, k: number) => ArrayLike,
  options: Options<"size", { k: number }> = {},
): [NDArray, NDArray] {
  checkOptions("np.maskIndices", options, ["k", "size"]);
  const ones = materialise(L().full([n, n], literal(1, canonicalDType("float64"))));
  return nonzero(maskFunc(ones, options.k ?? 0), { size: options.size }) as [NDArray, NDArray];
}
