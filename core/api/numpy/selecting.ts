// np: elements chosen by conditions and by positions, and arrays with some elements replaced.
import { fail } from "../../errors.ts";
import { isComplex, isInteger } from "../../ir/dtype.ts";
import { type NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkInteger, checkList, describe, literal, toArray } from "../../primitives/operand.ts";
import { valuesOf } from "../../runtime/array.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes } from "../promotion.ts";
import { checkFunction } from "../transforms/flat.ts";
import { maximum, minimum, mod } from "./arithmetic.ts";
import { oneAxis, range } from "./axes.ts";
import { broadcastAll, L, pick, toBool } from "./define.ts";
import { listed, type Arrays } from "./joining.ts";
import { known, nonzero, type SizeOptions } from "./searching.ts";
import { argsort } from "./sorting.ts";
import { take } from "./positions.ts";
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
  if (x == null && y == null) return nonzero(toArray("np.where", condition, "condition"), options);
  if (x == null || y == null)
    throw fail("E_ARGUMENT", "np.where: give both x and y, or neither (for the positions of true elements)");
  return pick(toBool(toArray("np.where", condition, "condition")), x, y);
}
const clipOf = (
  x: ArrayLike,
  low: ArrayLike | null | undefined,
  high: ArrayLike | null | undefined,
): NDArray => {
  const above = low == null ? toArray("np.clip", x, "x") : maximum(low, x);
  return high == null ? above : minimum(high, above);
};
/** Limited to [min, max]; derivative ½ at the bounds. Source: jax.numpy.clip. */
export function clip(arr: ArrayLike, min?: ArrayLike | null, max?: ArrayLike | null): NDArray {
  toArray("np.clip", arr, "arr");
  for (const word of ["min", "max"])
    if (typeof min === "object" && min !== null && Object.hasOwn(min, word))
      throw fail("E_ARGUMENT", `np.clip: min is ${describe(min)}, expected an array or a number`, {
        hint: "the bounds have no names: np.clip(x, min, max); null is no bound, np.clip(x, null, max)",
      });
  for (const [word, v] of Object.entries({ arr, min, max }))
    if (v != null && isComplex(toArray("np.clip", v, word).dtype))
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
  checkList("np.select", "condlist", condlist);
  checkList("np.select", "choicelist", choicelist);
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
  const at = toArray("np.choose", a, "a");
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
  const mask = toBool(toArray("np.compress", condition, "condition"));
  if (mask.ndim !== 1) throw fail("E_SHAPE", `np.compress: the condition is ${mask.aval}, expected one axis`);
  const x0 = toArray("np.compress", a, "a");
  const given = options.axis == null ? ravel(x0) : x0;
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
  return compress(
    ravel(toArray("np.extract", condition, "condition")),
    ravel(toArray("np.extract", arr, "arr")),
    options,
  );
}

/** Pieces of a function: the last condition that holds decides. Source: jax.numpy.piecewise. */
export function piecewise(
  x: ArrayLike,
  condlist: Arrays,
  funclist: readonly (ArrayLike | ((x: NDArray, ...args: unknown[]) => NDArray))[],
  ...args: readonly unknown[]
): NDArray {
  const lax = L();
  const v = toArray("np.piecewise", x, "x");
  checkList("np.piecewise", "funclist", funclist);
  const conditions = listed("np.piecewise", condlist).map((c) => toBool(toArray("np.piecewise", c)));
  const [nc, nf] = [conditions.length, funclist.length];
  if (nf !== nc && nf !== nc + 1)
    throw fail("E_ARGUMENT", `np.piecewise: ${nc} conditions need ${nc} or ${nc + 1} functions, got ${nf}`);
  const value = (f: (typeof funclist)[number]): NDArray => {
    const out = typeof f === "function" ? f(v, ...args) : toArray("np.piecewise", f, "f");
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

/** Rows and columns where a mask function of the n×n matrix of ones keeps something. Source: jax.numpy.mask_indices. */
export function maskIndices(
  n: number,
  maskFunc: (m: NDArray, k: number) => ArrayLike,
  options: Options<"size", { k: number }> = {},
): [NDArray, NDArray] {
  checkOptions("np.maskIndices", options, ["k", "size"]);
  checkFunction("np.maskIndices", maskFunc);
  checkInteger("np.maskIndices", "n", n);
  const ones = materialise(L().full([n, n], literal(1, canonicalDType("float64"))));
  return nonzero(maskFunc(ones, options.k ?? 0), { size: options.size }) as [NDArray, NDArray];
}
