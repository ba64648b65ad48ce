// np.pad in all of NumPy's modes.
import { fail } from "../../errors.ts";
import { isInexact } from "../../ir/dtype.ts";
import { NDArray, refuseNumber, TRACER, type ArrayLike } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import { range } from "./axes.ts";
import { L } from "./define.ts";
import { linspace } from "./ranges.ts";
import { round } from "./floats.ts";
import { max, min } from "./reductions.ts";
import { mean } from "./statistics.ts";
import { median } from "./quantiles.ts";

/** One value for all axes, a pair for all, or a pair for each axis. */
export type Pairs<T> = T | readonly T[] | readonly (readonly T[])[];
type Pair = readonly [number, number];
/** What np.pad writes. */
export type PadMode =
  | "constant"
  | "edge"
  | "empty"
  | "linear_ramp"
  | "maximum"
  | "mean"
  | "median"
  | "minimum"
  | "reflect"
  | "symmetric"
  | "wrap";
/** Words of pad. */
export type PadOptions = Options<
  never,
  {
    mode: PadMode;
    constantValues: Pairs<ArrayLike>;
    endValues: Pairs<ArrayLike>;
    statLength: Pairs<number> | null;
    reflectType: "even" | "odd";
  }
>;

/** A pair per axis from any of the short forms. */
function pairsOf<T>(name: string, value: Pairs<T>, rank: number): (readonly [T, T])[] {
  const list = Array.isArray(value) ? (value as readonly (T | readonly T[])[]) : [value as T];
  const all = (p: readonly T[]): readonly [T, T] => [p[0] as T, (p.length === 1 ? p[0] : p[1]) as T];
  const bad = (): Error =>
    fail("E_SHAPE", `np.pad: ${name} must be one value, a pair, or a pair for each of ${rank} axes`);
  if (list.every((v) => !Array.isArray(v))) {
    if (list.length < 1 || list.length > 2) throw bad();
    return range(rank).map(() => all(list as readonly T[]));
  }
  const rows = list as readonly (readonly T[])[];
  if (rows.length !== rank && rows.length !== 1) throw bad();
  return range(rank).map((i) => all(rows[rows.length === 1 ? 0 : i] as readonly T[]));
}
/** Widths as plain numbers. @throws E_TRACER_INTEGER */
function plain(word: string, v: unknown): unknown {
  if (v instanceof NDArray && v.kind === TRACER) throw refuseNumber(`np.pad: ${word}`, v);
  return v instanceof NDArray ? v.tolist() : Array.isArray(v) ? v.map((w) => plain(word, w)) : v;
}

type Part = (x: NDArray, axis: number, pair: Pair) => NDArray;
const along = (x: NDArray, axis: number, from: number, to: number): NDArray =>
  L().sliceInDim(x, from, to, 1, axis);
const join = (parts: readonly NDArray[], axis: number): NDArray => {
  const some = parts.filter((p) => (p.shape[axis] as number) > 0);
  return some.length === 1 ? (some[0] as NDArray) : L().concatenate(some, axis);
};
const repeated = (x: NDArray, axis: number, n: number): NDArray =>
  L().broadcastInDim(
    L().squeeze(x, [axis]),
    x.shape.map((m, i) => (i === axis ? n : m)),
    range(x.ndim).filter((i) => i !== axis),
  );

const edge: Part = (x, axis, [before, after]) => {
  const n = x.shape[axis] as number;
  return join(
    [repeated(along(x, axis, 0, 1), axis, before), x, repeated(along(x, axis, n - 1, n), axis, after)],
    axis,
  );
};
const wrap: Part = (x, axis, [before, after]) => {
  const n = x.shape[axis] as number;
  const whole = Math.floor(before / n) + Math.floor(after / n) + 1;
  return join(
    [along(x, axis, n - (before % n), n), ...range(whole).map(() => x), along(x, axis, 0, after % n)],
    axis,
  );
};
/** Mirrored copies until there are enough (jnp's _pad_symmetric_or_reflect). */
const mirror =
  (offset: 0 | 1, odd: boolean): Part =>
  (x, axis, [before, after]) =>
    grow(grow(x, axis, before, true, offset, odd), axis, after, false, offset, odd);
function grow(
  x: NDArray,
  axis: number,
  width: number,
  before: boolean,
  offset: 0 | 1,
  odd: boolean,
): NDArray {
  const lax = L();
  const size = x.shape[axis] as number;
  const skip = offset === 1 && size > 1 ? 1 : 0;
  let [y, left] = [x, width];
  let border = before ? along(y, axis, 0, 1) : along(y, axis, size - 1, size);
  while (left > 0) {
    const step = Math.min(left, size - skip);
    left -= step;
    const n = y.shape[axis] as number;
    const piece = before ? along(y, axis, skip, skip + step) : along(y, axis, n - step - skip, n - skip);
    let part = lax.rev(piece, [axis]);
    if (odd) {
      const twice = lax.mul(repeated(border, axis, step), 2);
      part = lax.sub(twice, part);
      if (size > 1) border = before ? along(part, axis, 0, 1) : along(part, axis, step - 1, step);
    }
    y = lax.concatenate(before ? [part, y] : [y, part], axis);
  }
  return y;
}
type Stat = (x: NDArray, options: { axis: number; keepdims: true }) => NDArray;
const STATS: Readonly<Record<string, Stat>> = { maximum: max, minimum: min, mean, median };
const statistic =
  (stat: Stat, lengths: readonly Pair[] | null): Part =>
  (x, axis, [before, after]) => {
    const n = x.shape[axis] as number;
    const [low, high] = (lengths?.[axis] ?? [n, n]).map((k) => Math.min(k, n)) as [number, number];
    if (low === 0 || high === 0)
      throw fail("E_ARGUMENT", "np.pad: statLength of 0 leaves nothing to take a statistic of");
    const value = (part: NDArray): NDArray => {
      const v = stat(part, { axis, keepdims: true });
      return L().convertElementType(isInexact(x.dtype) || !isInexact(v.dtype) ? v : round(v), x.dtype);
    };
    const first = value(along(x, axis, 0, low));
    const last = lengths === null ? first : value(along(x, axis, n - high, n));
    return join([repeated(first, axis, before), x, repeated(last, axis, after)], axis);
  };
const ramp =
  (values: readonly (readonly [NDArray, NDArray])[]): Part =>
  (x, axis, [before, after]) => {
    const n = x.shape[axis] as number;
    const [low, high] = values[axis] as readonly [NDArray, NDArray];
    const to = (end: NDArray, border: NDArray, num: number): NDArray =>
      linspace(end, L().squeeze(border, [axis]), num, { endpoint: false, dtype: x.dtype, axis });
    const rising = to(low, along(x, axis, 0, 1), before);
    const falling = L().rev(to(high, along(x, axis, n - 1, n), after), [axis]);
    return join([rising, x, falling], axis);
  };
function constant(
  x: NDArray,
  widths: readonly Pair[],
  values: readonly (readonly [NDArray, NDArray])[],
): NDArray {
  const lax = L();
  const as = (v: NDArray): NDArray => lax.convertElementType(v, x.dtype, { weakType: x.weakType });
  const same = values.every(([a, b]) => a === values[0]?.[0] && b === a);
  const config = (
    f: (i: number) => readonly [number, number, number],
  ): (readonly [number, number, number])[] => range(x.ndim).map(f);
  if (x.ndim === 0) return x;
  if (same)
    return lax.pad(
      x,
      as((values[0] as readonly [NDArray, NDArray])[0]),
      config((i) => [...(widths[i] as Pair), 0]),
    );
  return range(x.ndim).reduce((y, i) => {
    const [before, after] = widths[i] as Pair;
    const [low, high] = values[i] as readonly [NDArray, NDArray];
    const a =
      before === 0
        ? y
        : lax.pad(
            y,
            as(low),
            config((k) => [k === i ? before : 0, 0, 0]),
          );
    return after === 0
      ? a
      : lax.pad(
          a,
          as(high),
          config((k) => [0, k === i ? after : 0, 0]),
        );
  }, x);
}
interface Plan {
  readonly mode: PadMode;
  readonly widths: readonly Pair[];
  readonly statLength: readonly Pair[] | null;
  readonly odd: boolean;
  readonly distinct: boolean;
}
function partOf(plan: Plan, values: readonly (readonly [NDArray, NDArray])[]): Part {
  switch (plan.mode) {
    case "edge":
      return edge;
    case "wrap":
      return wrap;
    case "reflect":
      return mirror(1, plan.odd);
    case "symmetric":
      return mirror(0, plan.odd);
    case "linear_ramp":
      return ramp(values);
    default:
      return statistic(STATS[plan.mode] as Stat, plan.statLength);
  }
}
const padOf = composite("np.pad", ([x, ...values]: readonly [NDArray, ...NDArray[]], plan: Plan) => {
  const at = (i: number): NDArray => (plan.distinct ? values[i] : values[0]) as NDArray;
  const pairs = range(x.ndim).map((i) => [at(2 * i), at(2 * i + 1)] as const);
  if (plan.mode === "constant" || plan.mode === "empty") return constant(x, plan.widths, pairs);
  const part = partOf(plan, pairs);
  return range(x.ndim).reduce((y, axis) => {
    const pair = plan.widths[axis] as Pair;
    if (pair[0] === 0 && pair[1] === 0) return y;
    if (x.shape[axis] === 0)
      throw fail(
        "E_SHAPE",
        `np.pad: mode "${plan.mode}" has nothing to repeat along the empty axis ${axis} of ${x.aval}`,
      );
    return part(y, axis, pair);
  }, x);
});
const MODES: readonly string[] = [
  "constant",
  "edge",
  "empty",
  "linear_ramp",
  "reflect",
  "symmetric",
  "wrap",
  ...Object.keys(STATS),
];
const WORDS = ["mode", "constantValues", "endValues", "statLength", "reflectType"] as const;
/** Elements added around an array: constants (0), edges, reflections, statistics … Source: jax.numpy.pad. */
export function pad(array: ArrayLike, padWidth: Pairs<number>, options: PadOptions = {}): NDArray {
  checkOptions("np.pad", options, WORDS);
  const x = toArray("np.pad", array, "array");
  const widths = pairsOf("padWidth", plain("padWidth", padWidth) as Pairs<number>, x.ndim);
  if (widths.flat().some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_ARGUMENT", "np.pad: padWidth must be made of integers of at least 0");
  const mode = options.mode ?? "constant";
  if (!MODES.includes(mode))
    throw fail("E_ARGUMENT", `np.pad: the mode "${String(mode)}" is none of ${MODES.join(", ")}`);
  const given = (mode === "linear_ramp" ? options.endValues : options.constantValues) ?? 0;
  const values = valuesPerSide(given, x.ndim);
  return padOf([x, ...values], {
    mode,
    widths,
    statLength:
      options.statLength == null
        ? null
        : pairsOf("statLength", plain("statLength", options.statLength) as Pairs<number>, x.ndim),
    odd: options.reflectType === "odd",
    distinct: values.length > 1,
  });
}
/** One value for all sides, or two for each axis. */
function valuesPerSide(given: Pairs<ArrayLike>, rank: number): NDArray[] {
  if (given instanceof NDArray && given.ndim > 0) {
    const flat = range(given.size).map((i) =>
      L().reshape(L().sliceInDim(L().reshape(given, [given.size]), i, i + 1), []),
    );
    const shaped =
      given.ndim === 1 ? flat : range(given.shape[0] as number).map((i) => flat.slice(2 * i, 2 * i + 2));
    return valuesPerSide(shaped, rank);
  }
  if (!Array.isArray(given)) return [toArray("np.pad", given as ArrayLike)];
  return pairsOf("constantValues", given as Pairs<ArrayLike>, rank).flatMap((p) =>
    p.map((v) => toArray("np.pad", v)),
  );
}
