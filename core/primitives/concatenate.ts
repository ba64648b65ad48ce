// Primitives that put elements beside others: pad concatenate.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { MOVES, trailing } from "./dims.ts";
import { checkList, literal, toArray, type Operand } from "./operand.ts";
import { canonicalAxis } from "./shape.ts";

/** Per axis: elements before, after (negative ones cut) and between. */
export type PaddingConfig = readonly (readonly [low: number, high: number, interior: number])[];

const config = (params: Params): PaddingConfig => params["config"] as PaddingConfig;

/** The primitive of `lax.pad`. */
export const pad_p: Primitive = definePrimitive({
  name: "pad",
  traits: MOVES,
  linearIn: () => true,
  shape: ([a, v], params) => {
    const aval = a as ShapedArray;
    if ((v as ShapedArray).dtype !== aval.dtype)
      throw fail("E_DTYPE_MISMATCH", `lax.pad: ${aval} with a padding value ${v}`);
    const shape = aval.shape.map((n, i) => {
      const [low, high, interior] = config(params)[i] ?? [0, 0, 0];
      return low + n + Math.max(n - 1, 0) * interior + high;
    });
    if (
      config(params).length !== aval.shape.length ||
      shape.some((n) => n < 0) ||
      config(params).some((c) => c[2] < 0)
    )
      throw fail("E_SHAPE", `lax.pad: padding ${JSON.stringify(config(params))} doesn't fit ${aval}`);
    return [aval.with({ shape, weak: aval.weak && (v as ShapedArray).weak })];
  },
  jvp: (lax, [x, v], [tx, tv], params) => {
    const out = bind1(pad_p, [x as NDArray, v as NDArray], params);
    if (tx == null && tv == null) return { outs: [out], tangents: [null] };
    return {
      outs: [out],
      tangents: [bind1(pad_p, [tx ?? lax.zerosLike(x as NDArray), tv ?? literal(0, out.dtype)], params)],
    };
  },
  transpose: (lax, cts, _args, accums, params) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const negative = config(params).map(([l, h]) => [-l, -h, 0] as const);
    const cropped = lax.pad(ct, literal(0, ct.dtype), negative);
    const inner = lax.slice(
      cropped,
      cropped.shape.map(() => 0),
      cropped.shape,
      config(params).map((c) => c[2] + 1),
    );
    accums[0]?.add(inner);
    if (accums[1] != null) {
      const all = (y: NDArray): NDArray =>
        lax.reduceSum(
          y,
          y.shape.map((_, i) => i),
        );
      accums[1].add(lax.sub(all(ct), all(inner)));
    }
  },
  batch: (lax, size, [x, v], [dx, dv], params) => {
    const c = [[0, 0, 0] as const, ...config(params)];
    const moved = toAxis(size, x as NDArray, dx ?? null, 0);
    if (dv === null)
      return {
        outs: [bind1(pad_p, [moved, v as NDArray], { config: c })],
        bdims: [0],
      };
    const zero = literal(0, (x as NDArray).dtype);
    const padded = bind1(pad_p, [moved, zero], { config: c });
    const mask = bind1(pad_p, [lax.full(moved.shape, true, "bool"), literal(false, "bool")], { config: c });
    return {
      outs: [lax.select(mask, padded, lax.broadcastInDim(v as NDArray, padded.shape, [0]))],
      bdims: [0],
    };
  },
  lower: (b, [x, v], params, [a], outs) => {
    const c = [...config(params), ...trailing(a as ShapedArray).map(() => [0, 0, 0] as const)];
    return b.emit(
      "pad",
      [x as NonNullable<typeof x>, v as NonNullable<typeof v>],
      {
        low: c.map((p) => p[0]),
        high: c.map((p) => p[1]),
        interior: c.map((p) => p[2]),
      },
      outs,
    );
  },
});
/** Padding at the edges (negative crops) and between elements. Source: jax.lax.pad. */
export function pad(operand: Operand, paddingValue: Operand, paddingConfig: PaddingConfig): NDArray {
  checkList("lax.pad", "paddingConfig", paddingConfig);
  for (const p of paddingConfig) checkList("lax.pad", "an entry of paddingConfig", p);
  const x = toArray("lax.pad", operand, "operand");
  const v =
    typeof paddingValue === "number" || typeof paddingValue === "bigint" || typeof paddingValue === "boolean"
      ? literal(paddingValue, x.dtype, x.weakType)
      : toArray("lax.pad", paddingValue, "paddingValue");
  return paddingConfig.every((c) => c.every((n) => n === 0)) && paddingConfig.length === x.ndim
    ? x
    : bind1(pad_p, [x, v], { config: paddingConfig.map((c) => [...c]) });
}

/** The primitive of `lax.concatenate`. */
export const concatenate_p: Primitive = definePrimitive({
  name: "concatenate",
  traits: MOVES,
  linearIn: () => true,
  shape: (avals, params) => {
    const first = avals[0] as ShapedArray;
    const d = params["dimension"] as number;
    for (const a of avals) {
      if (a.dtype !== first.dtype)
        throw fail("E_DTYPE_MISMATCH", `lax.concatenate: dtypes differ: ${avals.join(", ")}`);
      if (a.shape.length !== first.shape.length || a.shape.some((n, i) => i !== d && n !== first.shape[i]))
        throw fail("E_SHAPE", `lax.concatenate: shapes differ beyond axis ${d}: ${avals.join(", ")}`);
    }
    const total = avals.reduce((n, a) => n + (a.shape[d] as number), 0);
    return [
      first.with({
        shape: first.shape.map((n, i) => (i === d ? total : n)),
        weak: avals.every((a) => a.weak),
      }),
    ];
  },
  jvp: (lax, primals, tangents, params) => ({
    outs: [bind1(concatenate_p, primals, params)],
    tangents: [
      tangents.every((t) => t === null)
        ? null
        : bind1(
            concatenate_p,
            tangents.map((t, i) => t ?? lax.zerosLike(primals[i] as NDArray)),
            params,
          ),
    ],
  }),
  transpose: (lax, cts, _args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const d = params["dimension"] as number;
    let at = 0;
    avals.forEach((a, i) => {
      const n = a.shape[d] as number;
      accums[i]?.add(lax.sliceInDim(ct, at, at + n, 1, d));
      at += n;
    });
  },
  batch: (_lax, size, args, bdims, params) => ({
    outs: [
      bind1(
        concatenate_p,
        args.map((x, i) => toAxis(size, x, bdims[i] ?? null, 0)),
        { dimension: (params["dimension"] as number) + 1 },
      ),
    ],
    bdims: [0],
  }),
  lower: (b, xs, params, _a, outs) =>
    b.emit("concatenate", xs, { dimension: params["dimension"] as number }, outs),
});
/** Arrays joined along an existing axis. Source: jax.lax.concatenate. */
export function concatenate(operands: readonly Operand[], dimension: number): NDArray {
  checkList("lax.concatenate", "operands", operands);
  const xs = operands.map((x) => toArray("lax.concatenate", x));
  if (xs.length === 0) throw fail("E_ARGUMENT", "lax.concatenate: needs at least one array");
  return xs.length === 1
    ? (xs[0] as NDArray)
    : bind1(concatenate_p, xs, {
        dimension: canonicalAxis("lax.concatenate", dimension, (xs[0] as NDArray).ndim),
      });
}
