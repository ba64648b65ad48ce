// Deriving keys and bits by threefry, bit for bit as JAX. A key is a typed one (key<fry>[]) or its raw words (u32[2]);
// derived keys are of the kind that was given. `config.threefryPartitionable` chooses between JAX's two layouts.
import { fail } from "../errors.ts";
import { sizeOf, type Shape } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { isInteger, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Lax } from "./lax.ts";
import { literal, scalarLiteral, toArray } from "./operand.ts";

const u32 = (lax: Lax, value: number, shape: Shape): NDArray => lax.full(shape, literal(value, "uint32"));

interface Words {
  readonly k0: NDArray;
  readonly k1: NDArray;
  readonly typed: boolean;
}
/** The two words of one key. @throws E_DTYPE for anything else */
function wordsOf(name: string, key: NDArray): Words {
  const { lax } = context();
  const typed = key.aval.dtype === "key<fry>";
  const fits = typed ? key.ndim === 0 : key.aval.dtype === "uint32" && key.ndim === 1 && key.shape[0] === 2;
  if (!fits)
    throw fail("E_DTYPE", `${name}: got ${key.aval}, expected one key: key<fry>[] or u32[2]`, {
      hint: "random.key(seed) makes a key; use vmap for arrays of keys",
    });
  const data = lax.keyData(key);
  const word = (i: number): NDArray => lax.squeeze(lax.sliceInDim(data, i, i + 1, 1, 0), [0]);
  return { k0: word(0), k1: word(1), typed };
}
const like = (typed: boolean, data: NDArray): NDArray => (typed ? context().lax.wrapKeyData(data) : data);

/** The hash of a list of counters, whose halves are the two inputs (jax's threefry_2x32). */
export function hashCounts(lax: Lax, { k0, k1 }: Pick<Words, "k0" | "k1">, counts: NDArray): NDArray {
  const n = counts.shape[0] as number;
  const even = n % 2 === 0 ? counts : lax.concatenate([counts, u32(lax, 0, [1])], 0);
  const half = (even.shape[0] as number) / 2;
  const outs = lax.threefry2x32(k0, k1, lax.sliceInDim(even, 0, half), lax.sliceInDim(even, half, null));
  return lax.sliceInDim(lax.concatenate(outs, 0), 0, n);
}
/** The hash at each place of an array, by its row-major number (jax's partitionable layout). */
function hashPlaces(lax: Lax, { k0, k1 }: Words, shape: Shape): readonly [NDArray, NDArray] {
  if (sizeOf(shape) > 2 ** 32)
    throw fail(
      "E_SHAPE",
      `random: ${sizeOf(shape)} elements of [${shape.join(",")}] are more than 2³² counters`,
    );
  const places = lax.reshape(lax.iota("uint32", sizeOf(shape)), shape);
  return lax.threefry2x32(k0, k1, u32(lax, 0, shape), places) as unknown as readonly [NDArray, NDArray];
}

/** The words of a seed: its high and low 32 bits. */
function seedWords(lax: Lax, seed: NDArray): NDArray {
  const dtype = seed.dtype;
  if (!isInteger(dtype) || seed.ndim !== 0)
    throw fail("E_DTYPE", `random.key: the seed is ${seed.aval}, expected one integer`);
  const wide = dtype === "int64" || dtype === "uint64";
  const low = lax.convertElementType(
    wide ? lax.bitwiseAnd(seed, literal(0xffffffff, dtype)) : seed,
    "uint32",
  );
  const high = wide
    ? lax.convertElementType(lax.shiftRightLogical(seed, literal(32, dtype)), "uint32")
    : u32(lax, 0, []);
  return lax.concatenate([lax.reshape(high, [1]), lax.reshape(low, [1])], 0);
}
/** A typed key of an integer seed; without x64 its low 32 bits count. Source: jax.random.key. */
export function randomSeed(seed: NDArray | number | bigint): NDArray {
  const { lax } = context();
  return lax.wrapKeyData(seedWords(lax, seedArray("random.key", seed)));
}
function seedArray(name: string, seed: NDArray | number | bigint): NDArray {
  if (typeof seed !== "number" && typeof seed !== "bigint") return toArray(name, seed, "seed");
  if (typeof seed === "number" && !Number.isSafeInteger(seed))
    throw fail("E_ARGUMENT", `${name}: got ${seed}, expected an integer`);
  const value = BigInt(seed);
  return context().config.enableX64
    ? scalarLiteral(name, BigInt.asIntN(64, value))
    : literal(Number(BigInt.asIntN(32, value)), "int32");
}

/** Keys of `shape` derived from one. Source: jax.random.split. */
export function randomSplit(key: NDArray, shape: Shape): NDArray {
  const { lax, config } = context();
  const words = wordsOf("random.split", key);
  const data = config.threefryPartitionable
    ? lax.concatenate(
        hashPlaces(lax, words, shape).map((bits) => lax.reshape(bits, [...shape, 1])),
        shape.length,
      )
    : lax.reshape(hashCounts(lax, words, lax.iota("uint32", 2 * sizeOf(shape))), [...shape, 2]);
  return like(words.typed, data);
}

/** A key derived from one by a number. Source: jax.random.fold_in. */
export function randomFoldIn(key: NDArray, data: NDArray | number | bigint): NDArray {
  const { lax } = context();
  const words = wordsOf("random.foldIn", key);
  const number = lax.convertElementType(seedArray("random.foldIn", data), "uint32");
  return like(words.typed, hashCounts(lax, words, seedWords(lax, number)));
}

/** Uniform random bits as unsigned integers of 8, 16, 32 or 64 bits. Source: jax.random.bits. */
export function randomBits(key: NDArray, bitWidth: 8 | 16 | 32 | 64, shape: Shape): NDArray {
  const { lax, config } = context();
  const words = wordsOf("random.bits", key);
  if (![8, 16, 32, 64].includes(bitWidth))
    throw fail("E_ARGUMENT", `random.bits: ${bitWidth} bits are not 8, 16, 32 or 64`);
  const dtype: DType = `uint${bitWidth}`;
  if (!config.threefryPartitionable)
    return lax.reshape(countedBits(lax, words, bitWidth, sizeOf(shape)), shape);
  const [high, low] = hashPlaces(lax, words, shape);
  return bitWidth === 64 ? joined(lax, high, low) : lax.convertElementType(lax.bitwiseXor(high, low), dtype);
}
const joined = (lax: Lax, high: NDArray, low: NDArray): NDArray =>
  lax.bitwiseOr(
    lax.shiftLeft(lax.convertElementType(high, "uint64"), literal(32, "uint64")),
    lax.convertElementType(low, "uint64"),
  );

/** JAX's older layout: one run of counters, whose words are cut into the wanted widths. */
function countedBits(lax: Lax, words: Words, bitWidth: 8 | 16 | 32 | 64, size: number): NDArray {
  const count = Math.ceil((bitWidth * size) / 32);
  const bits = hashCounts(lax, words, lax.iota("uint32", count));
  if (bitWidth === 32) return bits;
  if (bitWidth === 64) return joined(lax, lax.sliceInDim(bits, 0, size), lax.sliceInDim(bits, size, null));
  const parts = 32 / bitWidth;
  const wide = lax.broadcastInDim(bits, [count, parts], [0]);
  const shift = lax.mul(lax.broadcastedIota("uint32", [count, parts], 1), literal(bitWidth, "uint32"));
  const cut = lax.bitwiseAnd(lax.shiftRightLogical(wide, shift), literal(2 ** bitWidth - 1, "uint32"));
  return lax.sliceInDim(
    lax.convertElementType(lax.reshape(cut, [count * parts]), `uint${bitWidth}`),
    0,
    size,
  );
}
