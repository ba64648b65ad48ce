// Primitives of static windows: slice, and what is made of it.
import { fail } from "../errors.ts";
import type { Shape, ShapedArray } from "../ir/aval.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { ints, MOVES, trailing } from "./dims.ts";
import { checkInteger, checkSizes, literal, toArray, type Operand } from "./operand.ts";
import { linearJvp } from "./rules.ts";
import { canonicalAxis } from "./shape.ts";

/** The primitive of `lax.slice`. */
export const slice_p: Primitive = definePrimitive({
  name: "slice",
  traits: MOVES,
  shape: ([a], params) => {
    const aval = a as ShapedArray;
    const [start, limit, strides] = [ints(params, "start"), ints(params, "limit"), ints(params, "strides")];
    const bad = aval.shape.findIndex(
      (n, i) =>
        !(
          (start[i] as number) >= 0 &&
          (start[i] as number) <= (limit[i] as number) &&
          (limit[i] as number) <= n &&
          (strides[i] as number) >= 1
        ),
    );
    if (bad >= 0 || start.length !== aval.shape.length)
      throw fail(
        "E_SHAPE",
        `lax.slice: [${start.join(",")}] to [${limit.join(",")}] by [${strides.join(",")}] is out of range for ${aval}`,
      );
    return [
      aval.with({
        shape: start.map((s, i) => Math.ceil(((limit[i] as number) - s) / (strides[i] as number))),
      }),
    ];
  },
  jvp: linearJvp(() => slice_p),
  transpose: (lax, cts, _args, accums, params, [a]) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const aval = a as ShapedArray;
    const [accum] = accums;
    const [start, strides] = [ints(params, "start"), ints(params, "strides")];
    // One slice of many is added in its place: to pad each would cost the whole operand every time.
    if (accum != null && !accum.isEmpty && 2 * ct.size <= accum.aval.size && strides.every((d) => d === 1)) {
      const put = (sum: NDArray): NDArray =>
        lax.dynamicUpdateSlice(sum, lax.addAny(lax.dynamicSlice(sum, start, ct.shape), ct), start);
      accum.update(put);
      return;
    }
    const padding = start.map((s, i) => {
      const stride = strides[i] as number;
      const n = ct.shape[i] as number;
      const used = n === 0 ? s : s + (n - 1) * stride + 1;
      return [s, (aval.shape[i] as number) - used, stride - 1] as const;
    });
    accum?.add(lax.pad(ct, literal(0, ct.dtype), padding));
  },
  batch: (_lax, _n, [x], [d], params) => {
    const at = d as number;
    const insert = (list: readonly number[], v: number): number[] => [
      ...list.slice(0, at),
      v,
      ...list.slice(at),
    ];
    const size = (x as NDArray).shape[at] as number;
    return {
      outs: [
        slice(
          x as NDArray,
          insert(ints(params, "start"), 0),
          insert(ints(params, "limit"), size),
          insert(ints(params, "strides"), 1),
        ),
      ],
      bdims: [at],
    };
  },
  lower: (b, [x], params, [a], outs) => {
    const extra = trailing(a as ShapedArray);
    return b.emit(
      "slice",
      [x as NonNullable<typeof x>],
      {
        start: [...ints(params, "start"), ...extra.map(() => 0)],
        limit: [...ints(params, "limit"), ...extra],
        strides: [...ints(params, "strides"), ...extra.map(() => 1)],
      },
      outs,
    );
  },
});
/** A static strided window. Source: jax.lax.slice. */
export function slice(
  operand: Operand,
  startIndices: Shape,
  limitIndices: Shape,
  strides: Shape | null = null,
): NDArray {
  const x = toArray("lax.slice", operand, "operand");
  checkSizes("lax.slice", "startIndices", startIndices);
  checkSizes("lax.slice", "limitIndices", limitIndices);
  const steps = strides ?? startIndices.map(() => 1);
  checkSizes("lax.slice", "strides", steps);
  const whole = x.shape.every((n, i) => startIndices[i] === 0 && limitIndices[i] === n && steps[i] === 1);
  return whole && startIndices.length === x.ndim
    ? x
    : bind1(slice_p, [x], {
        start: [...startIndices],
        limit: [...limitIndices],
        strides: [...steps],
      });
}
/** `slice` along one axis. Source: jax.lax.slice_in_dim. */
export function sliceInDim(
  operand: Operand,
  startIndex: number | null,
  limitIndex: number | null,
  stride = 1,
  axis = 0,
): NDArray {
  const x = toArray("lax.sliceInDim", operand, "operand");
  const d = canonicalAxis("lax.sliceInDim", axis, x.ndim);
  checkInteger("lax.sliceInDim", "stride", stride);
  const n = x.shape[d] as number;
  const wrap = (i: number): number => (i < 0 ? i + n : i);
  const start = x.shape.map(() => 0);
  const limit = [...x.shape];
  start[d] = wrap(startIndex ?? 0);
  limit[d] = wrap(limitIndex ?? n);
  return slice(
    x,
    start,
    limit,
    x.shape.map((_, i) => (i === d ? stride : 1)),
  );
}

/** Consecutive parts of these sizes along one axis. Source: jax.lax.split. */
export function split(operand: Operand, sizes: readonly number[], axis = 0): NDArray[] {
  const x = toArray("lax.split", operand, "operand");
  checkSizes("lax.split", "sizes", sizes);
  const d = canonicalAxis("lax.split", axis, x.ndim);
  const total = sizes.reduce((n, size) => n + size, 0);
  if (total !== x.shape[d] || sizes.some((size) => size < 0))
    throw fail("E_SHAPE", `lax.split: the sizes [${sizes.join(",")}] don't add up to axis ${d} of ${x.aval}`);
  let start = 0;
  return sizes.map((size) => sliceInDim(x, start, (start += size), 1, d));
}
