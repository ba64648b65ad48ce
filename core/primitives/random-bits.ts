// Threefry-2x32, bit for bit as JAX's (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), and the
// structural primitives between keys and their words.
import { fail } from "../errors.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import { joinAvals } from "../ir/join.ts";
import { type NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type Primitive } from "../ir/primitive.ts";
import { bind, bind1 } from "../ir/trace.ts";
import type { Lax } from "./lax.ts";
import { literal } from "./operand.ts";
import { alignBatch, zeroJvp } from "./rules.ts";

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
/** Skein's key-schedule parity constant. */
const PARITY = 0x1bd11bda;

const rotateLeft = (lax: Lax, x: NDArray, d: number): NDArray =>
  lax.bitwiseOr(lax.shiftLeft(x, literal(d, "uint32")), lax.shiftRightLogical(x, literal(32 - d, "uint32")));

function hash(lax: Lax, k0: NDArray, k1: NDArray, x0: NDArray, x1: NDArray): NDArray[] {
  const keys = [k0, k1, lax.bitwiseXor(lax.bitwiseXor(k0, k1), literal(PARITY, "uint32"))];
  let a = lax.add(x0, k0);
  let b = lax.add(x1, k1);
  for (let round = 0; round < 5; round++) {
    for (const r of ROTATIONS[round % 2] as readonly number[]) {
      a = lax.add(a, b);
      b = lax.bitwiseXor(a, rotateLeft(lax, b, r));
    }
    a = lax.add(a, keys[(round + 1) % 3] as NDArray);
    b = lax.add(lax.add(b, keys[(round + 2) % 3] as NDArray), literal(round + 1, "uint32"));
  }
  return [a, b];
}

/** The primitive of `lax.threefry2x32`. */
export const threefry2x32_p: Primitive = definePrimitive({
  name: "threefry2x32",
  traits: { elementwise: true },
  shape: (avals) => {
    if (avals.some((a) => a.dtype !== "uint32"))
      throw fail("E_DTYPE", `threefry2x32: got ${avals.join(", ")}, expected uint32`);
    const out = joinAvals("threefry2x32", avals).with({ weak: false });
    return [out, out];
  },
  jvp: zeroJvp(() => threefry2x32_p),
  batch: (_lax, size, args, bdims) => {
    const { args: aligned, bdim } = alignBatch(size, args, bdims);
    return { outs: bind(threefry2x32_p, aligned), bdims: [bdim, bdim] };
  },
  decompose: (lax, [k0, k1, x0, x1]) => hash(lax, k0 as NDArray, k1 as NDArray, x0 as NDArray, x1 as NDArray),
});
/** The Threefry-2x32 hash of counters under a key; all u32, keys of rank 0 fit any counters. Source: jax's threefry2x32_p. */
export const threefry2x32 = (key0: NDArray, key1: NDArray, x0: NDArray, x1: NDArray): readonly NDArray[] =>
  bind(threefry2x32_p, [key0, key1, x0, x1]);

/** The primitive of `lax.wrapKeyData`. */
export const random_wrap_p: Primitive = definePrimitive({
  name: "random_wrap",
  traits: { structural: true },
  shape: ([a]) => {
    const aval = a as ShapedArray;
    if (aval.dtype !== "uint32" || aval.shape[aval.shape.length - 1] !== 2)
      throw fail("E_DTYPE", `random.wrapKeyData: got ${aval}, expected u32[…,2]`);
    return [shaped(aval.shape.slice(0, -1), "key<fry>")];
  },
  jvp: zeroJvp(() => random_wrap_p),
  batch: (lax, _n, [x], [d]) => ({
    outs: [bind1(random_wrap_p, [lax.moveAxis(x as NDArray, d as number, 0)])],
    bdims: [0],
  }),
  lower: (_b, xs) => xs,
});
/** Keys from their words, u32[…, 2]. Source: jax.random.wrap_key_data. */
export const wrapKeyData = (data: NDArray): NDArray => bind1(random_wrap_p, [data]);
/** The primitive of `lax.keyData`. */
export const random_unwrap_p: Primitive = definePrimitive({
  name: "random_unwrap",
  traits: { structural: true },
  shape: ([a]) => {
    const aval = a as ShapedArray;
    if (aval.dtype !== "key<fry>") throw fail("E_DTYPE", `random.keyData: got ${aval}, expected a key`);
    return [shaped([...aval.shape, 2], "uint32")];
  },
  jvp: zeroJvp(() => random_unwrap_p),
  batch: (lax, _n, [x], [d]) => ({
    outs: [bind1(random_unwrap_p, [lax.moveAxis(x as NDArray, d as number, 0)])],
    bdims: [0],
  }),
  lower: (_b, xs) => xs,
});
/** The words of keys, u32[…, 2]; raw words are returned as they are. Source: jax.random.key_data. */
export const keyData = (keys: NDArray): NDArray =>
  keys.aval.dtype === "key<fry>" ? bind1(random_unwrap_p, [keys]) : keys;
