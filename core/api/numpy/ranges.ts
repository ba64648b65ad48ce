// np: evenly spaced numbers, grids, and the windows of signal processing.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { isComplex, isFloat, isInteger, realDType, type DType } from "../../ir/dtype.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { checkStatic, describe, early, literal, refuseOperand, toArray } from "../../primitives/operand.ts";
import { elementAt, valuesOf } from "../../runtime/array.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import {
  arraysOf,
  broadcastShapes,
  broadcastTo,
  inexactDType,
  latticeResult,
  promoteDTypes,
  resultOf,
} from "../promotion.ts";
import { power } from "./arithmetic.ts";
import { oneAxis, range } from "./axes.ts";
import { onDevice, shapeOf } from "./creation.ts";
import { L } from "./define.ts";
import { i0, log10 } from "./elementary.ts";

/** The value of a bound, which must be known. */
function bound(word: string, v: ArrayLike): number {
  if (typeof v === "number") return v;
  const x = toArray("np.arange", v, word);
  if (x.ndim !== 0 || isComplex(x.dtype))
    throw fail("E_ARGUMENT", `np.arange: got ${x.aval}, expected real scalars`);
  return Number(elementAt(valuesOf(x, "np.arange"), x.dtype, 0));
}
/** A bound decides the dtype by its value: 5 is an integer, 0.5 isn't (arguments of arange are static). */
const boundType = (v: ArrayLike): { dtype: DType; weak: boolean } => {
  if (typeof v === "number")
    return { dtype: canonicalDType(Number.isInteger(v) ? "int64" : "float64"), weak: true };
  const x = toArray("np.arange", v);
  return { dtype: x.dtype, weak: x.weakType };
};
/** Words of arange. */
export type RangeOptions = Options<"dtype" | "device">;
/** Whether options stand where an operand might. */
const isWords = <T>(v: T): v is Exclude<T, ArrayLike | null | undefined> =>
  typeof v === "object" && v !== null && !(v instanceof NDArray) && !ArrayBuffer.isView(v) && !("re" in v);
/**
 * start, start + step, … before stop; one number is the stop. Integral arguments give integers.
 * The options may follow the last bound that is given: `np.arange(5, { dtype: "float32" })`. Source: jax.numpy.arange.
 */
export function arange(
  start: ArrayLike,
  stop?: ArrayLike | null,
  step?: ArrayLike | null,
  options?: RangeOptions,
): NDArray;
export function arange(start: ArrayLike, stop: ArrayLike | null, options: RangeOptions): NDArray;
export function arange(start: ArrayLike, options: RangeOptions): NDArray;
export function arange(
  start: ArrayLike,
  stop?: ArrayLike | RangeOptions | null,
  step?: ArrayLike | RangeOptions | null,
  options: RangeOptions = {},
): NDArray {
  if (isWords(stop)) return arange(start, null, null, stop);
  if (isWords(step)) return arange(start, stop as ArrayLike | null, null, step);
  return rangeOf(start, stop, step, options);
}
function rangeOf(
  start: ArrayLike,
  stop: ArrayLike | null | undefined,
  step: ArrayLike | null | undefined,
  options: RangeOptions,
): NDArray {
  checkOptions("np.arange", options, ["dtype", "device"]);
  if (start == null) throw refuseOperand("np.arange", start, "a number", "start");
  const given = [start, stop, step].filter((v) => v != null);
  const dtype = canonicalDType(options.dtype ?? latticeResult(given.map(boundType)).dtype);
  if (isComplex(dtype) || dtype === "bool") throw fail("E_DTYPE", `np.arange: there is no range of ${dtype}`);
  const [from, to] = stop == null ? [0, bound("start", start)] : [bound("start", start), bound("stop", stop)];
  const by = step == null ? 1 : bound("step", step);
  if (by === 0) throw fail("E_ARGUMENT", "np.arange: the step is 0");
  const n = Math.max(0, Math.ceil((to - from) / by));
  if (!Number.isFinite(n)) throw fail("E_ARGUMENT", `np.arange: from ${from} to ${to} there is no end`);
  return onDevice(options.device, () => {
    const lax = L();
    const half = isFloat(dtype) && (dtype === "float16" || dtype === "bfloat16");
    const work = half && step != null ? "float32" : dtype;
    const i = lax.iota(work, n);
    const scaled = step == null ? i : lax.mul(literal(whole(by, work), work), i);
    const moved = from === 0 && step == null ? scaled : lax.add(literal(whole(from, work), work), scaled);
    return lax.convertElementType(moved, dtype);
  });
}
const whole = (v: number, dtype: DType): number => (isInteger(dtype) ? Math.trunc(v) : v);

/** Words of linspace. */
export type LinspaceOptions = Options<"endpoint" | "dtype" | "device", { axis: number; retstep: boolean }>;
interface Spacing {
  readonly num: number;
  readonly endpoint: boolean;
  readonly dtype: DType | null;
  readonly axis: number;
}
const checkedNum = (name: string, num: number): number => {
  checkStatic(name, "num", num);
  if (!Number.isInteger(num) || num < 0)
    throw fail(
      "E_ARGUMENT",
      `${name}: num is ${typeof num === "object" ? describe(num) : String(num)}, expected an integer of at least 0`,
      early(name, "num", num),
    );
  return num;
};
/** lo·(1 − t) + hi·t, from both ends, so that the ends are exact. */
const spaced = composite("np.linspace", ([start, stop]: readonly [NDArray, NDArray], plan: Spacing) => {
  const lax = L();
  const { num, endpoint } = plan;
  const dtype = plan.dtype ?? inexactDType(resultOf("np.linspace", [start, stop]).dtype);
  const work = inexactDType(dtype);
  const shape = broadcastShapes("np.linspace", start.shape, stop.shape);
  const [lo, hi] = [start, stop].map((v) =>
    broadcastTo("np.linspace", lax.convertElementType(v, work), shape),
  ) as [NDArray, NDArray];
  const div = endpoint ? num - 1 : num;
  if (num < 2) {
    const delta =
      num === 1 && !endpoint ? lax.sub(hi, lo) : lax.full(num === 1 ? shape : [], literal(Number.NaN, work));
    const one = num === 1 ? lo : lax.full(shape, literal(0, work));
    return [
      ends(
        lax.broadcastInDim(
          one,
          [num, ...shape],
          range(shape.length).map((i) => i + 1),
        ),
        dtype,
        plan.axis,
      ),
      delta,
    ];
  }
  const delta = lax.div(lax.sub(hi, lo), literal(div, work));
  const rows = [div, ...shape];
  const over = (x: NDArray): NDArray =>
    lax.broadcastInDim(
      x,
      rows,
      shape.map((_, i) => i + 1),
    );
  const real = realDType(work);
  const t = lax.convertElementType(lax.div(lax.broadcastedIota(real, rows, 0), literal(div, real)), work);
  const body = lax.add(lax.mul(over(lo), lax.sub(1, t)), lax.mul(over(hi), t));
  const all = endpoint ? lax.concatenate([body, lax.reshape(hi, [1, ...shape])], 0) : body;
  return [ends(all, dtype, plan.axis), delta];
});
function ends(x: NDArray, dtype: DType, axis: number): NDArray {
  const whole = isInteger(dtype) && !isInteger(x.dtype) ? L().floor(x) : x;
  return L().convertElementType(L().moveAxis(whole, 0, axis), dtype);
}
function linspaceOf(
  name: string,
  start: ArrayLike,
  stop: ArrayLike,
  num: number,
  options: LinspaceOptions,
): [NDArray, NDArray] {
  const [a, b] = arraysOf(name, [start, stop], ["start", "stop"]) as [NDArray, NDArray];
  const rank = Math.max(a.ndim, b.ndim);
  const plan: Spacing = {
    num: checkedNum(name, num),
    endpoint: options.endpoint ?? true,
    dtype: options.dtype == null ? null : canonicalDType(options.dtype),
    axis: oneAxis(name, options.axis ?? 0, a, rank + 1),
  };
  return onDevice(options.device, () => spaced([a, b], plan).map(materialise) as [NDArray, NDArray]);
}
/** `num` evenly spaced numbers from start to stop; with `retstep` also their distance. Source: jax.numpy.linspace. */
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  num: number | undefined,
  options: LinspaceOptions & { readonly retstep: true },
): [NDArray, NDArray];
export function linspace(start: ArrayLike, stop: ArrayLike, num?: number, options?: LinspaceOptions): NDArray;
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  options: LinspaceOptions = {},
): NDArray | [NDArray, NDArray] {
  checkOptions("np.linspace", options, ["endpoint", "retstep", "dtype", "axis", "device"]);
  const both = linspaceOf("np.linspace", start, stop, num, options);
  return options.retstep === true ? both : both[0];
}
/** Words of geomspace. */
export type GeomspaceOptions = Options<"endpoint" | "dtype", { axis: number }>;
/** Words of logspace. */
export type LogspaceOptions = Options<"endpoint" | "dtype", { axis: number; base: ArrayLike }>;
/** `base` to the power of evenly spaced exponents. Source: jax.numpy.logspace. */
export function logspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  options: LogspaceOptions = {},
): NDArray {
  checkOptions("np.logspace", options, ["endpoint", "base", "dtype", "axis"]);
  const { dtype: wanted, base = 10, ...rest } = options;
  const dtype = canonicalDType(
    wanted ?? inexactDType(resultOf("np.logspace", [start, stop], ["start", "stop"]).dtype),
  );
  const [a, b] = arraysOf("np.logspace", [start, stop], ["start", "stop"]).map((v) =>
    L().convertElementType(v, inexactDType(dtype)),
  );
  const exponents = linspaceOf("np.logspace", a as NDArray, b as NDArray, num, rest)[0];
  return L().convertElementType(
    power(typeof base === "number" ? toArray("np.logspace", base, "base") : base, exponents),
    dtype,
  );
}
/** Numbers evenly spaced on a logarithmic scale. Source: jax.numpy.geomspace. */
export function geomspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  options: GeomspaceOptions = {},
): NDArray {
  checkOptions("np.geomspace", options, ["endpoint", "dtype", "axis"]);
  const lax = L();
  const dtype = canonicalDType(
    options.dtype ?? inexactDType(resultOf("np.geomspace", [start, stop], ["start", "stop"]).dtype),
  );
  const work = inexactDType(dtype);
  const [a, b] = arraysOf("np.geomspace", [start, stop], ["start", "stop"]).map((v) =>
    lax.convertElementType(v, work),
  ) as [NDArray, NDArray];
  const sign = lax.sign(a);
  const over = (v: NDArray): NDArray => log10(divideAll(v, sign));
  const powers = logspace(over(a), over(b), num, { endpoint: options.endpoint, dtype: work });
  const out = lax.mul(broadcastTo("np.geomspace", sign, powers.shape), powers);
  const axis = oneAxis("np.geomspace", options.axis ?? 0, out);
  return lax.convertElementType(lax.moveAxis(out, 0, axis), dtype);
}
function divideAll(x: NDArray, y: NDArray): NDArray {
  const shape = broadcastShapes("np.geomspace", x.shape, y.shape);
  return L().div(broadcastTo("np.geomspace", x, shape), broadcastTo("np.geomspace", y, shape));
}

/** Words of meshgrid. */
export type MeshgridOptions = Options<never, { copy: boolean; sparse: boolean; indexing: "xy" | "ij" }>;
/** Grids of the coordinates of vectors; options go last. Source: jax.numpy.meshgrid. */
export function meshgrid(...xi: readonly (ArrayLike | MeshgridOptions)[]): NDArray[] {
  const last = xi[xi.length - 1];
  const options: MeshgridOptions = isWords(last) ? last : {};
  checkOptions("np.meshgrid", options, ["copy", "sparse", "indexing"]);
  const xs = (isWords(last) ? xi.slice(0, -1) : xi).map((v) => toArray("np.meshgrid", v as ArrayLike));
  for (const x of xs) if (x.ndim !== 1) throw fail("E_SHAPE", `np.meshgrid: got ${x.aval}, expected vectors`);
  const indexing = options.indexing ?? "xy";
  if (indexing !== "xy" && indexing !== "ij")
    throw fail("E_ARGUMENT", `np.meshgrid: indexing is "${String(indexing)}", expected "xy" or "ij"`);
  const order = range(xs.length);
  if (indexing === "xy" && xs.length >= 2) [order[0], order[1]] = [1, 0];
  return xs.map((x, i) => {
    const axis = order.indexOf(i);
    const shape = order.map((k) => (options.sparse === true && k !== i ? 1 : (xs[k] as NDArray).size));
    return L().broadcastInDim(x, shape, [axis]);
  });
}
/** The indices of a grid: an array for each axis, stacked, or with `sparse` a list of open ones. Source: jax.numpy.indices. */
export function indices(dimensions: Shape, options: Options<"dtype"> & { readonly sparse: true }): NDArray[];
export function indices(dimensions: Shape, options?: Options<"dtype", { sparse: boolean }>): NDArray;
export function indices(
  dimensions: Shape,
  options: Options<"dtype", { sparse: boolean }> = {},
): NDArray | NDArray[] {
  checkOptions("np.indices", options, ["dtype", "sparse"]);
  const lax = L();
  const shape = shapeOf("np.indices", dimensions);
  const dtype = canonicalDType(options.dtype ?? "int64");
  if (options.sparse === true)
    return shape.map((n, i) =>
      lax.broadcastInDim(
        lax.iota(dtype, n),
        shape.map((m, k) => (k === i ? m : 1)),
        [i],
      ),
    );
  if (shape.length === 0) return materialise(lax.full([0], literal(0, dtype)));
  const rows = shape.map((_, i) => lax.reshape(lax.broadcastedIota(dtype, shape, i), [1, ...shape]));
  return lax.concatenate(rows, 0);
}
/** Open grids of index vectors, for x.get. Source: jax.numpy.ix_. */
export function ix_(...args: readonly ArrayLike[]): NDArray[] {
  return args.map((a, i) => {
    const x = toArray("np.ix_", a, "a");
    if (x.ndim !== 1 || x.dtype === "bool")
      throw fail("E_SHAPE", `np.ix_: got ${x.aval}, expected vectors of integers`);
    return L().broadcastInDim(
      x,
      args.map((_, k) => (k === i ? x.size : 1)),
      [i],
    );
  });
}

const cosine = (n: NDArray, M: number, times: number): NDArray =>
  L().cos(L().div(L().mul(times * Math.PI, n), M - 1));
/** A window of M samples: `f` of the positions 0 … M − 1; 1 for M = 1. */
function window(name: string, f: (n: NDArray, M: number, beta: NDArray | null) => NDArray) {
  const run = composite(`np.${name}`, ([beta]: readonly [NDArray | null], M: number, dtype: DType) =>
    f(L().iota(dtype, M), M, beta),
  );
  return (M: number, beta: NDArray | null = null): NDArray => {
    if (!Number.isInteger(M) || M < 0)
      throw fail("E_ARGUMENT", `np.${name}: M is ${String(M)}, expected a number of samples`);
    const dtype = canonicalDType("float64");
    return M <= 1 ? materialise(L().full([M], literal(1, dtype))) : run([beta], M, dtype);
  };
}
const bartlettOf = window("bartlett", (n, M) =>
  L().sub(1, L().div(L().abs(L().sub(L().mul(2, n), M - 1)), M - 1)),
);
/** A triangle of M samples. Source: jax.numpy.bartlett. */
export function bartlett(M: number): NDArray {
  return bartlettOf(M);
}
const blackmanOf = window("blackman", (n, M) =>
  L().add(L().sub(0.42, L().mul(0.5, cosine(n, M, 2))), L().mul(0.08, cosine(n, M, 4))),
);
/** Cosines with sidelobes of −58 dB. Source: jax.numpy.blackman. */
export function blackman(M: number): NDArray {
  return blackmanOf(M);
}
const hammingOf = window("hamming", (n, M) => L().sub(0.54, L().mul(0.46, cosine(n, M, 2))));
/** A raised cosine on a pedestal. Source: jax.numpy.hamming. */
export function hamming(M: number): NDArray {
  return hammingOf(M);
}
const hanningOf = window("hanning", (n, M) => L().mul(0.5, L().sub(1, cosine(n, M, 2))));
/** A raised cosine. Source: jax.numpy.hanning. */
export function hanning(M: number): NDArray {
  return hanningOf(M);
}
const kaiserOf = window("kaiser", (n, M, beta) => {
  const lax = L();
  const alpha = 0.5 * (M - 1);
  const [b, x] = promoteDTypes("np.kaiser", [beta as NDArray, n], "inexact") as [NDArray, NDArray];
  const r = lax.div(lax.sub(x, alpha), alpha);
  return lax.div(i0(lax.mul(b, lax.sqrt(lax.sub(1, lax.square(r))))), i0(b));
});
/** A window by a Bessel function; beta trades the width of the main lobe for sidelobes. Source: jax.numpy.kaiser. */
export function kaiser(M: number, beta: ArrayLike): NDArray {
  return kaiserOf(M, toArray("np.kaiser", beta, "beta"));
}
