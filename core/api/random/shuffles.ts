// random: orders, and choices among what is there.
import { fail } from "../../errors.ts";
import { sizeOf, type Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { NDArray, type ArrayLike } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { literal, refuseOperand } from "../../primitives/operand.ts";
import { randomBits } from "../../primitives/random-keys.ts";
import { canonicalAxis } from "../../primitives/shape.ts";
import { sortMany, topK } from "../../primitives/sort.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import { promoteOne } from "../promotion.ts";
import { gumbelFloats, type ModeOption } from "./continuous.ts";
import { distribution, keysFrom, shapeOf, uniformFloats, type KeyLike } from "./draw.ts";
import { randint } from "./uniform.ts";

/** Sorted by random keys, often enough that equal ones don't matter. Source: jax's _shuffle. */
function shuffled(key: NDArray, x: NDArray, axis: number): NDArray {
  const rounds = Math.ceil((3 * Math.log(Math.max(1, x.size))) / Math.log(2 ** 32 - 1));
  let [rng, out] = [key, x];
  for (let i = 0; i < rounds; i++) {
    const [next, sub] = keysFrom(rng, 2) as [NDArray, NDArray];
    rng = next;
    const order = randomBits(sub, 32, x.shape);
    out = sortMany([order, out], { dimension: axis, numKeys: 1 })[1] as NDArray;
  }
  return out;
}
/** Whole slices of an axis at these places. */
function taken(x: NDArray, places: NDArray, axis: number): NDArray {
  const { lax } = context();
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis);
  return lax.gather(
    x,
    lax.expandDims(places, [places.ndim]),
    {
      offsetDims: rest.map((i) => (i < axis ? i : i + places.ndim - 1)),
      collapsedSliceDims: [axis],
      startIndexMap: [axis],
    },
    x.shape.map((n, i) => (i === axis ? 1 : n)),
    { mode: "promise_in_bounds" },
  );
}

const drawPermutation = distribution(
  "random.permutation",
  (key, [x]: readonly [NDArray], axis: number, independent: boolean) => {
    if (independent || x.ndim === 1) return shuffled(key, x, axis);
    const places = context().lax.iota("int32", x.shape[axis] as number);
    return taken(x, shuffled(key, places, 0), axis);
  },
);
/**
 * `x` with its slices along `axis` (default 0) in random order, each line by itself if `independent`; an integer n
 * stands for 0 … n − 1. Source: jax.random.permutation.
 */
export function permutation(
  key: KeyLike,
  x: number | bigint | NDArray,
  options: Options<never, { axis: number; independent: boolean }> = {},
): NDArray {
  const name = "random.permutation";
  checkOptions(name, options, ["axis", "independent"]);
  const { lax } = context();
  checkChoices(name, x);
  const array =
    typeof x === "object" && x.ndim > 0
      ? x
      : lax.iota(canonicalDType("int64"), countOf(name, typeof x === "object" ? x.item() : Number(x)));
  const axis = canonicalAxis(name, options.axis ?? 0, array.ndim);
  return drawPermutation(key, [array], axis, options.independent ?? false);
}
/** @throws E_ARGUMENT for what is neither a count nor an array */
function checkChoices(name: string, x: unknown): void {
  if (!(typeof x === "number" || typeof x === "bigint" || x instanceof NDArray))
    throw refuseOperand(name, x, "a count or an array");
}
function countOf(name: string, n: number): number {
  if (Number.isInteger(n) && n >= 0) return n;
  throw fail("E_ARGUMENT", `${name}: got ${n}, expected a count or an array`);
}

const drawByWeight = distribution(
  "random.choice",
  (key, [p]: readonly [NDArray], shape: Shape, replace: boolean, mode: "high" | "low") => {
    const { lax } = context();
    const n = p.shape[0] as number;
    if (!replace) {
      const scores = lax.add(gumbelFloats(key, [n], p.dtype, mode), lax.log(p));
      return lax.reshape(topK(scores, sizeOf(shape))[1], shape);
    }
    const sums = lax.cumsum(p, 0);
    const total = lax.squeeze(lax.sliceInDim(sums, n - 1, n), [0]);
    const u = lax.sub(literal(1, p.dtype), uniformFloats(key, shape, p.dtype));
    const r = lax.mul(lax.broadcastInDim(total, shape, []), u);
    // The first place whose sum isn't below r: as many as are below it.
    const wide = [...shape, n];
    const below = lax.lt(
      lax.broadcastInDim(sums, wide, [shape.length]),
      lax.broadcastInDim(
        r,
        wide,
        shape.map((_, i) => i),
      ),
    );
    return lax.reduceSum(lax.convertElementType(below, "int32"), [shape.length]);
  },
);
/**
 * Elements of `a` along `axis` (default 0), or of 0 … a − 1, equally likely or with probabilities `p`.
 * Source: jax.random.choice.
 */
export function choice(
  key: KeyLike,
  a: number | bigint | NDArray,
  shape?: Shape,
  options: Options<never, ModeOption & { replace: boolean; p: ArrayLike | null; axis: number }> = {},
): NDArray {
  const name = "random.choice";
  checkOptions(name, options, ["replace", "p", "axis", "mode"]);
  const { lax } = context();
  const wanted = shapeOf(name, shape);
  checkChoices(name, a);
  const array = typeof a === "object" && a.ndim > 0 ? a : null;
  const axis = array === null ? 0 : canonicalAxis(name, options.axis ?? 0, array.ndim);
  const n =
    array === null
      ? countOf(name, typeof a === "object" ? a.item() : Number(a))
      : (array.shape[axis] as number);
  const [draws, replace] = [sizeOf(wanted), options.replace ?? true];
  if (draws > 0 && n === 0) throw fail("E_ARGUMENT", `${name}: there is nothing to choose from`);
  if (!replace && draws > n)
    throw fail("E_ARGUMENT", `${name}: ${draws} draws without replacement from ${n}`);
  const shaped = (x: NDArray): NDArray =>
    array === null
      ? lax.reshape(x, wanted)
      : lax.reshape(x, [...array.shape.slice(0, axis), ...wanted, ...array.shape.slice(axis + 1)]);
  if (options.p == null && !replace) {
    const all = permutation(key, array ?? n, { axis });
    return shaped(lax.sliceInDim(all, 0, draws, 1, axis));
  }
  const places =
    options.p == null
      ? randint(key, wanted, 0, n)
      : weighted(name, key, n, wanted, options.p, replace, options.mode);
  return array === null ? places : taken(array, places, axis);
}
function weighted(
  name: string,
  key: KeyLike,
  n: number,
  shape: Shape,
  p: ArrayLike,
  replace: boolean,
  mode: "high" | "low" | null | undefined,
): NDArray {
  const weights = promoteOne(name, p, "inexact", "p");
  if (weights.ndim !== 1 || weights.shape[0] !== n)
    throw fail("E_SHAPE", `${name}: p is ${weights.aval}, expected ${n} probabilities`);
  return drawByWeight(key, [weights], shape, replace, mode ?? "low");
}
