// Comparison, selection and clamping.
import { fail } from "../errors.ts";
import { sameShape, type ShapedArray } from "../ir/aval.ts";
import { isComplex, isFloat, isUnsigned, type DType } from "../ir/dtype.ts";
import { joinAvals } from "../ir/join.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive, type Tangent } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { operands, operandsAs, toArray, type Operand } from "./operand.ts";
import { alignBatch, ANY, elementwise, ORDERED, toBool, unbroadcast } from "./rules.ts";

type Direction = "EQ" | "NE" | "GE" | "GT" | "LE" | "LT";
const comparison = (name: string, direction: Direction): Primitive =>
  elementwise(name, {
    accepts: direction === "EQ" || direction === "NE" ? ANY : ORDERED,
    arity: 2,
    result: toBool,
    jvp: [null, null],
    lower: (b, [x, y], _p, avals, out) => {
      const dtype = (avals[0] as ShapedArray).dtype as DType;
      const compareType =
        isFloat(dtype) || isComplex(dtype)
          ? "FLOAT"
          : isUnsigned(dtype) || dtype === "bool"
            ? "UNSIGNED"
            : "SIGNED";
      return b.emit("compare", [x as never, y as never], { direction, compareType }, [out])[0] as never;
    },
  });
const apply2 = (p: Primitive, x: Operand, y: Operand): NDArray => bind1(p, operands(`lax.${p.name}`, x, y));
/** The primitive of `lax.eq`. */
export const eq_p: Primitive = comparison("eq", "EQ");
/** x == y. Source: jax.lax.eq. */
export const eq = (x: Operand, y: Operand): NDArray => apply2(eq_p, x, y);
/** The primitive of `lax.ne`. */
export const ne_p: Primitive = comparison("ne", "NE");
/** x != y. Source: jax.lax.ne. */
export const ne = (x: Operand, y: Operand): NDArray => apply2(ne_p, x, y);
/** The primitive of `lax.ge`. */
export const ge_p: Primitive = comparison("ge", "GE");
/** x >= y. Source: jax.lax.ge. */
export const ge = (x: Operand, y: Operand): NDArray => apply2(ge_p, x, y);
/** The primitive of `lax.gt`. */
export const gt_p: Primitive = comparison("gt", "GT");
/** x > y. Source: jax.lax.gt. */
export const gt = (x: Operand, y: Operand): NDArray => apply2(gt_p, x, y);
/** The primitive of `lax.le`. */
export const le_p: Primitive = comparison("le", "LE");
/** x <= y. Source: jax.lax.le. */
export const le = (x: Operand, y: Operand): NDArray => apply2(le_p, x, y);
/** The primitive of `lax.lt`. */
export const lt_p: Primitive = comparison("lt", "LT");
/** x < y. Source: jax.lax.lt. */
export const lt = (x: Operand, y: Operand): NDArray => apply2(lt_p, x, y);

const fullShape = (x: NDArray, like: NDArray, lax: Lax): NDArray =>
  sameShape(x.shape, like.shape) ? x : lax.broadcastInDim(x, like.shape, []);

/** The primitive of `lax.select`. */
export const select_p: Primitive = definePrimitive({
  name: "select",
  traits: { elementwise: true, structural: true },
  linearIn: (mask) => mask[0] === false,
  shape: ([pred, x, y]) => {
    const [p, a, b] = [pred, x, y] as [ShapedArray, ShapedArray, ShapedArray];
    if (p.dtype !== "bool") throw fail("E_DTYPE", `lax.select: the predicate is ${p}, expected bool`);
    if (a.dtype !== b.dtype) throw fail("E_DTYPE_MISMATCH", `lax.select: cases differ: ${a}, ${b}`);
    const joined = joinAvals("lax.select", [a, b]);
    if (p.shape.length > 0 && !sameShape(p.shape, joined.shape))
      throw fail("E_SHAPE", `lax.select: the predicate ${p} has neither rank 0 nor the shape of ${joined}`);
    return [joined];
  },
  jvp: (lax, primals, tangents) => {
    const [p, x, y] = primals as [NDArray, NDArray, NDArray];
    const out = bind1(select_p, [p, x, y]);
    const side = (t: Tangent): NDArray => (t === null ? lax.zerosLike(out) : fullShape(t, out, lax));
    const [, tx, ty] = tangents;
    if (tx == null && ty == null) return { outs: [out], tangents: [null] };
    return {
      outs: [out],
      tangents: [bind1(select_p, [p, side(tx ?? null), side(ty ?? null)])],
    };
  },
  transpose: (lax, cts, args, accums) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    const p = args[0] as NDArray;
    const zero = lax.zerosLike(ct);
    if (accums[1] != null) accums[1].add(unbroadcast(lax, bind1(select_p, [p, ct, zero]), accums[1]));
    if (accums[2] != null) accums[2].add(unbroadcast(lax, bind1(select_p, [p, zero, ct]), accums[2]));
  },
  batch: (lax, size, args, bdims) => {
    const scalarPred = (args[0] as NDArray).ndim === (bdims[0] === null ? 0 : 1);
    const { args: aligned, bdim } = alignBatch(size, args, bdims);
    let [p, x, y] = aligned as [NDArray, NDArray, NDArray];
    if (bdims[0] === null && scalarPred) return { outs: [bind1(select_p, [p, x, y])], bdims: [bdim] };
    const rank = Math.max(x.ndim, y.ndim, p.ndim);
    const shape = [x, y, p].find((v) => v.ndim === rank)?.shape as readonly number[];
    const spread = (v: NDArray): NDArray =>
      v.ndim === rank ? v : lax.broadcastInDim(v, shape, v.ndim === 1 ? [bdim] : []);
    if (p.ndim < rank || x.ndim < rank || y.ndim < rank) [p, x, y] = [spread(p), spread(x), spread(y)];
    return { outs: [bind1(select_p, [p, x, y])], bdims: [bdim] };
  },
  lower: (b, [p, x, y], _params, avals, outs) => {
    const out = outs[0] as ShapedArray;
    const full = (v: typeof x, i: number): NonNullable<typeof x> =>
      b.splat(v as NonNullable<typeof x>, (avals[i] as ShapedArray).with({ shape: out.shape }));
    return b.emit(
      "select",
      [predicateFor(b, p as NonNullable<typeof p>, avals[0] as ShapedArray, out), full(x, 1), full(y, 2)],
      {},
      [out],
    );
  },
});

/** A predicate of a key's shape gets the key's trailing physical dimension. */
function predicateFor(
  b: Parameters<NonNullable<Primitive["lower"]>>[0],
  p: { id: number; type: never } | Parameters<typeof b.splat>[0],
  aval: ShapedArray,
  out: ShapedArray,
): Parameters<typeof b.splat>[0] {
  if (out.dtype !== "key<fry>" || aval.shape.length === 0) return p;
  const to = aval.with({ shape: [...aval.shape, 2] });
  return b.emit("broadcast_in_dim", [p], { dimensions: aval.shape.map((_, i) => i) }, [to])[0] as Parameters<
    typeof b.splat
  >[0];
}

/** onTrue where pred, else onFalse. Only the taken side has a derivative. Source: jax.lax.select. */
export function select(pred: Operand, onTrue: Operand, onFalse: Operand): NDArray {
  const [x, y] = operandsAs("lax.select", ["onTrue", "onFalse"], [onTrue, onFalse]) as [NDArray, NDArray];
  return bind1(select_p, [toArray("lax.select", pred, "pred"), x, y]);
}

/** min(max(x, lo), hi) by StableHLO's clamp: the derivative outside and at the bounds is 0. Source: jax.lax.clamp. */
export function clamp(min: Operand, x: Operand, max: Operand): NDArray {
  const [v, lo, hi] = operandsAs("lax.clamp", ["x", "min", "max"], [x, min, max]) as [
    NDArray,
    NDArray,
    NDArray,
  ];
  return bind1(clamp_p, [lo, v, hi]);
}
/** The primitive of `lax.clamp`. */
export const clamp_p: Primitive = elementwise("clamp", {
  accepts: ORDERED,
  arity: 3,
  lower: (b, xs, _p, _a, out) => b.emit("clamp", xs, {}, [out])[0] as never,
  jvp: [
    (lax, t, out, lo, x, hi) =>
      lax.select(
        lax.bitwiseAnd(
          lax.gt(wide(lax, lo, out), wide(lax, x, out)),
          lax.lt(wide(lax, lo, out), wide(lax, hi, out)),
        ),
        fullShape(t, out, lax),
        lax.zerosLike(out),
      ),
    (lax, t, out, lo, x, hi) =>
      lax.select(
        lax.bitwiseAnd(
          lax.gt(wide(lax, x, out), wide(lax, lo, out)),
          lax.lt(wide(lax, x, out), wide(lax, hi, out)),
        ),
        fullShape(t, out, lax),
        lax.zerosLike(out),
      ),
    (lax, t, out, _lo, x, hi) =>
      lax.select(lax.lt(wide(lax, hi, out), wide(lax, x, out)), fullShape(t, out, lax), lax.zerosLike(out)),
  ],
});
const wide = (lax: Lax, x: NDArray, out: NDArray): NDArray => fullShape(x, out, lax);
