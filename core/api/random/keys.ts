// random: keys made from seeds, split, folded. Threefry-2x32, bit for bit as JAX's.
import { fail } from "../../errors.ts";
import type { Shape } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { numberList, toArray } from "../../primitives/operand.ts";
import { keyData as unwrap, wrapKeyData as wrap } from "../../primitives/random-bits.ts";
import { hashCounts, randomFoldIn, randomSeed, randomSplit } from "../../primitives/random-keys.ts";
import { checkOptions, materialise } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Options } from "../keywords.ts";
import type { Key, Keys } from "../types.ts";
import { keyOf, keysOf, type KeyLike } from "./draw.ts";

const outside = (key: NDArray): Key => key as unknown as Key;

interface ImplOption {
  /** The generator: "threefry2x32", the only one. */
  readonly impl: "threefry2x32" | null;
}
function checkImpl(name: string, options: Options<never, ImplOption>): void {
  checkOptions(name, options, ["impl"]);
  const { impl } = options;
  if (impl != null && impl !== "threefry2x32")
    throw fail(
      "E_UNIMPLEMENTED",
      `${name}: the generator "${String(impl)}" isn't implemented; there is "threefry2x32"`,
    );
}

/** A key of an integer seed. Source: jax.random.key. */
export function key(seed: number | bigint | NDArray, options: Options<never, ImplOption> = {}): Key {
  checkImpl("random.key", options);
  return outside(randomSeed(seed));
}
/** A key of an integer seed as its raw words, uint32[2]. Source: jax.random.PRNGKey. */
export function PRNGKey(seed: number | bigint | NDArray, options: Options<never, ImplOption> = {}): NDArray {
  checkImpl("random.PRNGKey", options);
  return materialise(unwrap(randomSeed(seed)));
}

const splitKeys = composite("random.split", ([k]: readonly [NDArray], shape: Shape, _layout: boolean) =>
  randomSplit(k, shape),
);
/** `num` new keys derived from one (default 2), or an array of keys of a shape. Source: jax.random.split. */
export function split<const N extends number | Shape = 2>(key: KeyLike, num?: N): Keys<N> {
  const shape: Shape = num === undefined ? [2] : numberList("random.split", "num", num);
  if (shape.some((n) => !Number.isInteger(n) || n < 0))
    throw fail("E_SHAPE", `random.split: num is [${shape.join(",")}], expected counts`);
  const keys = splitKeys([keyOf("random.split", key)], shape, context().config.threefryPartitionable);
  return keys as unknown as Keys<N>;
}

const foldKey = composite("random.foldIn", ([k, data]: readonly [NDArray, NDArray]) => randomFoldIn(k, data));
/** A key derived from one by a 32-bit integer. Source: jax.random.fold_in. */
export function foldIn(key: KeyLike, data: ArrayLike): Key {
  const name = "random.foldIn";
  const number = wordOf(name, data);
  return outside(foldKey([keyOf(name, key), number]));
}
/** A 32-bit number; JavaScript ones count modulo 2³². */
function wordOf(name: string, data: ArrayLike): NDArray {
  if (typeof data !== "number" && typeof data !== "bigint") return toArray(name, data, "data");
  if (typeof data === "number" && !Number.isSafeInteger(data))
    throw fail("E_ARGUMENT", `${name}: got ${data}, expected an integer`);
  return context().lax.full([], BigInt.asUintN(32, BigInt(data)), "uint32");
}

/** The words of keys, uint32[…, 2]. Source: jax.random.key_data. */
export const keyData = (keys: KeyLike): NDArray => materialise(unwrap(keysOf("random.keyData", keys)));
/** Keys of their words, uint32[…, 2]. Source: jax.random.wrap_key_data. */
export function wrapKeyData(keyBitsArray: ArrayLike, options: Options<never, ImplOption> = {}): Key {
  checkImpl("random.wrapKeyData", options);
  return outside(wrap(toArray("random.wrapKeyData", keyBitsArray, "keyBitsArray")));
}
/** The generator of a key. Source: jax.random.key_impl. */
export function keyImpl(keys: KeyLike): "threefry2x32" {
  keysOf("random.keyImpl", keys);
  return "threefry2x32";
}
/** The same key, which may be used once more. Source: jax.random.clone. */
export const clone = (key: KeyLike): Key => outside(keyOf("random.clone", key));

const hash = composite("random.threefry2x32", ([k, counts]: readonly [NDArray, NDArray]) => {
  const { lax } = context();
  const word = (i: number): NDArray => lax.squeeze(lax.sliceInDim(k, i, i + 1), [0]);
  const flat = lax.reshape(counts, [counts.size]);
  return lax.reshape(hashCounts(lax, { k0: word(0), k1: word(1) }, flat), counts.shape);
});
/** The raw hash of counters, uint32[n], under a key's words, uint32[2]. Source: jax's threefry_2x32. */
export function threefry2x32(keypair: ArrayLike, count: ArrayLike): NDArray {
  const name = "random.threefry2x32";
  return hash([keyOf(name, toArray(name, keypair, "keypair")), toArray(name, count, "count")]);
}
