// np: arrays joined into one, and one split into several.
import { fail } from "../../errors.ts";
import { NDArray, refuseNumber, TRACER, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkList, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { promoteDTypes } from "../promotion.ts";
import { oneAxis, range } from "./axes.ts";
import { convert, L } from "./define.ts";
import { atleast1d, atleast2d, atleast3d } from "./shape.ts";

/** Several arrays, or the rows of one. */
export type Arrays = readonly ArrayLike[] | NDArray;
/** The arrays of a list, or the rows of an array. */
export function listed(name: string, arrays: Arrays): readonly ArrayLike[] {
  const list = arrays instanceof NDArray ? unstack(arrays) : arrays;
  if (!Array.isArray(list)) throw fail("E_ARGUMENT", `${name}: expected a list of arrays`);
  if (list.length === 0) throw fail("E_ARGUMENT", `${name}: needs at least one array`);
  return list as readonly ArrayLike[];
}
/** Arrays joined along an axis; null flattens them first. Source: jax.numpy.concatenate. */
export function concatenate(
  arrays: Arrays,
  options: Options<"dtype", { axis: number | null }> = {},
): NDArray {
  checkOptions("np.concatenate", options, ["axis", "dtype"]);
  const lax = L();
  const list = listed("np.concatenate", arrays);
  const { dtype } = options;
  let xs =
    dtype == null
      ? promoteDTypes("np.concatenate", list)
      : list.map((x) => convert(toArray("np.concatenate", x), canonicalDType(dtype)));
  if (options.axis === null) xs = xs.map((x) => lax.reshape(x, [x.size]));
  const first = xs[0] as NDArray;
  if (first.ndim === 0)
    throw fail("E_SHAPE", "np.concatenate: arrays of rank 0 have no axis to join", { hint: "use np.stack" });
  const axis = oneAxis("np.concatenate", options.axis ?? 0, first);
  for (const x of xs)
    if (x.ndim !== first.ndim || x.shape.some((n, i) => i !== axis && n !== first.shape[i]))
      throw fail("E_SHAPE", `np.concatenate: ${first.aval} and ${x.aval} differ beyond axis ${axis}`);
  return lax.concatenate(xs, axis);
}
/** As concatenate. Source: jax.numpy.concat. */
export function concat(arrays: Arrays, options: Options<never, { axis: number | null }> = {}): NDArray {
  checkOptions("np.concat", options, ["axis"]);
  return concatenate(arrays, options);
}
/** Arrays joined along a new axis. Source: jax.numpy.stack. */
export function stack(arrays: Arrays, options: Options<"dtype", { axis: number }> = {}): NDArray {
  checkOptions("np.stack", options, ["axis", "dtype"]);
  const xs = listed("np.stack", arrays).map((a) => toArray("np.stack", a));
  const first = xs[0] as NDArray;
  for (const x of xs)
    if (x.shape.join() !== first.shape.join())
      throw fail("E_SHAPE", `np.stack: shapes differ: ${first.aval}, ${x.aval}`, {
        hint: "stack makes a new axis of arrays of one shape: np.concatenate joins along one they have",
      });
  const axis = oneAxis("np.stack", options.axis ?? 0, first, first.ndim + 1);
  return concatenate(
    xs.map((x) => L().expandDims(x, [axis])),
    { axis, dtype: options.dtype },
  );
}
/** Arrays as rows, one above the other. Source: jax.numpy.vstack. */
export function vstack(tup: Arrays, options: Options<"dtype"> = {}): NDArray {
  checkOptions("np.vstack", options, ["dtype"]);
  const xs = listed("np.vstack", tup).map((x) => atleast2d(x));
  return concatenate(xs, { axis: 0, dtype: options.dtype });
}
/** Arrays side by side: along the second axis, vectors along the first. Source: jax.numpy.hstack. */
export function hstack(tup: Arrays, options: Options<"dtype"> = {}): NDArray {
  checkOptions("np.hstack", options, ["dtype"]);
  const xs = listed("np.hstack", tup).map((x) => atleast1d(x));
  return concatenate(xs, { axis: xs[0]?.ndim === 1 ? 0 : 1, dtype: options.dtype });
}
/** Arrays along the third axis. Source: jax.numpy.dstack. */
export function dstack(tup: Arrays, options: Options<"dtype"> = {}): NDArray {
  checkOptions("np.dstack", options, ["dtype"]);
  const xs = listed("np.dstack", tup).map((x) => atleast3d(x));
  return concatenate(xs, { axis: 2, dtype: options.dtype });
}
/** Vectors as columns. Source: jax.numpy.column_stack. */
export function columnStack(tup: Arrays): NDArray {
  const xs = listed("np.columnStack", tup).map((a) => toArray("np.columnStack", a));
  return concatenate(
    xs.map((x) => (x.ndim < 2 ? L().reshape(x, [x.size, 1]) : x)),
    { axis: 1 },
  );
}
/** Nested lists of blocks. */
export type Blocks = ArrayLike | readonly Blocks[];
const blockList = (b: Blocks): readonly Blocks[] | null =>
  Array.isArray(b) ? (b as readonly Blocks[]) : null;
/** An array put together from nested lists of blocks. Source: jax.numpy.block. */
export function block(arrays: Blocks): NDArray {
  const depth = (b: Blocks): number => {
    const list = blockList(b);
    return list === null ? 0 : 1 + Math.max(...list.map(depth));
  };
  const rank = (b: Blocks): number => {
    const list = blockList(b);
    return list === null ? toArray("np.block", b as ArrayLike).ndim : Math.max(...list.map(rank));
  };
  const levels = depth(arrays);
  const dims = Math.max(levels, rank(arrays));
  const build = (b: Blocks, level: number): NDArray => {
    const list = blockList(b);
    if (list !== null) {
      const parts = list.map((c) => build(c, level + 1));
      return concatenate(parts, { axis: dims - levels + level });
    }
    const x = toArray("np.block", b as ArrayLike);
    return L().reshape(x, [...Array<number>(dims - x.ndim).fill(1), ...x.shape]);
  };
  return build(arrays, 0);
}
/** Values appended along an axis; flattened without one. Source: jax.numpy.append. */
export function append(
  arr: ArrayLike,
  values: ArrayLike,
  options: Options<never, { axis: number | null }> = {},
): NDArray {
  checkOptions("np.append", options, ["axis"]);
  return concatenate([toArray("np.append", arr, "arr"), toArray("np.append", values, "values")], {
    axis: options.axis ?? null,
  });
}
/** The sections of an axis, without it. Source: jax.numpy.unstack. */
export function unstack(x: ArrayLike, options: Options<never, { axis: number }> = {}): NDArray[] {
  checkOptions("np.unstack", options, ["axis"]);
  const v = toArray("np.unstack", x, "x");
  if (v.ndim === 0) throw fail("E_SHAPE", `np.unstack: got ${v.aval}, expected at least one axis`);
  const axis = oneAxis("np.unstack", options.axis ?? 0, v);
  const rest = v.shape.filter((_, i) => i !== axis);
  return range(v.shape[axis] as number).map((i) => L().reshape(L().sliceInDim(v, i, i + 1, 1, axis), rest));
}

/** Where to cut: a number of parts, or the positions of the cuts. */
export type Cuts = number | readonly number[] | NDArray;
function bounds(name: string, n: number, cuts: Cuts, uneven: boolean): number[] {
  if (cuts instanceof NDArray && cuts.kind === TRACER) throw refuseNumber(`${name}: indicesOrSections`, cuts);
  const plain = cuts instanceof NDArray ? (cuts.tolist() as number | number[]) : cuts;
  if (typeof plain !== "number") {
    checkList(name, "the cuts", plain);
    const at = plain.map((i) => (Number(i) < 0 ? Math.max(0, Number(i) + n) : Math.min(Number(i), n)));
    return [0, ...at, n];
  }
  if (!Number.isInteger(plain) || plain <= 0)
    throw fail("E_ARGUMENT", `${name}: ${plain} sections, expected a number of at least 1`);
  if (!uneven && n % plain !== 0)
    throw fail("E_SHAPE", `${name}: an axis of ${n} doesn't divide into ${plain} equal parts`, {
      hint: "use np.arraySplit",
    });
  const [base, extra] = [Math.floor(n / plain), n % plain];
  return range(plain + 1).map((i) => i * base + Math.min(i, extra));
}
function cutAlong(name: string, ary: ArrayLike, cuts: Cuts, axis: number, uneven = false): NDArray[] {
  const x = toArray(name, ary, "ary");
  const i = oneAxis(name, axis, x);
  const at = bounds(name, x.shape[i] as number, cuts, uneven);
  return range(at.length - 1).map((k) => {
    const from = at[k] as number;
    return L().sliceInDim(x, from, Math.max(from, at[k + 1] as number), 1, i);
  });
}
/** Words of split and arraySplit. */
export type SplitOptions = Options<never, { axis: number }>;
/** Equal parts, or the parts between positions. Source: jax.numpy.split. */
export function split(ary: ArrayLike, indicesOrSections: Cuts, options: SplitOptions = {}): NDArray[] {
  checkOptions("np.split", options, ["axis"]);
  return cutAlong("np.split", ary, indicesOrSections, options.axis ?? 0);
}
/** Nearly equal parts, the first ones larger. Source: jax.numpy.array_split. */
export function arraySplit(ary: ArrayLike, indicesOrSections: Cuts, options: SplitOptions = {}): NDArray[] {
  checkOptions("np.arraySplit", options, ["axis"]);
  return cutAlong("np.arraySplit", ary, indicesOrSections, options.axis ?? 0, true);
}
/** split along the first axis. Source: jax.numpy.vsplit. */
export function vsplit(ary: ArrayLike, indicesOrSections: Cuts): NDArray[] {
  return cutAlong("np.vsplit", ary, indicesOrSections, 0);
}
/** split along the second axis, of vectors along the first. Source: jax.numpy.hsplit. */
export function hsplit(ary: ArrayLike, indicesOrSections: Cuts): NDArray[] {
  return cutAlong("np.hsplit", ary, indicesOrSections, toArray("np.hsplit", ary, "ary").ndim === 1 ? 0 : 1);
}
/** split along the third axis. Source: jax.numpy.dsplit. */
export function dsplit(ary: ArrayLike, indicesOrSections: Cuts): NDArray[] {
  return cutAlong("np.dsplit", ary, indicesOrSections, 2);
}
