// Random keys: made from seeds, split, folded. Threefry-2x32, bit for bit as JAX's.
import type { Shape } from "../../ir/aval.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { keyData as unwrap, wrapKeyData as wrap } from "../../primitives/random-bits.ts";
import { randomFoldIn, randomSeed, randomSplit } from "../../primitives/random-keys.ts";
import { toArray } from "../../primitives/operand.ts";
import { materialise } from "../arrays.ts";
import type { Key, Keys } from "../types.ts";

const inside = (key: Key | NDArray): NDArray => key as unknown as NDArray;
const outside = (key: NDArray): Key => materialise(key) as unknown as Key;

/** A key of an integer seed. Source: jax.random.key. */
export const key = (seed: number | bigint | NDArray): Key => outside(randomSeed(seed));

/** A key of an integer seed as its raw words, uint32[2]. Source: jax.random.PRNGKey. */
export const PRNGKey = (seed: number | bigint | NDArray): NDArray => materialise(unwrap(randomSeed(seed)));

/** `num` new keys derived from one. Source: jax.random.split. */
export function split<const N extends number | Shape = 2>(key: Key | NDArray, num?: N): Keys<N> {
  const shape: Shape = typeof num === "object" ? num : [num ?? 2];
  return randomSplit(inside(key), shape) as unknown as Keys<N>;
}

/** A key derived from one by an integer. Source: jax.random.fold_in. */
export const foldIn = (key: Key | NDArray, data: ArrayLike): Key =>
  outside(randomFoldIn(inside(key), toArray("random.foldIn", data)));

/** The words of keys, uint32[…, 2]. Source: jax.random.key_data. */
export const keyData = (keys: Key | NDArray): NDArray => materialise(unwrap(inside(keys)));

/** Keys of their words, uint32[…, 2]. Source: jax.random.wrap_key_data. */
export const wrapKeyData = (keyBitsArray: ArrayLike): Key =>
  outside(wrap(toArray("random.wrapKeyData", keyBitsArray)));
