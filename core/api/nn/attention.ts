// nn: scaled dot-product attention.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { literal, toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import type { Options } from "../keywords.ts";
import * as a from "../numpy/arithmetic.ts";
import { pick, toBool } from "../numpy/define.ts";
import { finfo } from "../numpy/dtypes.ts";
import { einsum } from "../numpy/einsum.ts";
import { broadcastTo, latticeResult } from "../promotion.ts";
import { softmax } from "./softmax.ts";

interface AttentionOwn {
  /** Added to the logits; broadcasts to [batch, heads, queries, keys]. */
  readonly bias: ArrayLike | null;
  /** false: this key isn't seen; broadcasts as the bias. */
  readonly mask: ArrayLike | null;
  /** Factor of the logits (default 1 / √depth). */
  readonly scale: number | null;
  /** A query sees keys up to its own place. */
  readonly isCausal: boolean;
  /** Number of real queries of each batch; the rest gives zeros. */
  readonly querySeqLengths: ArrayLike | null;
  /** Number of real keys of each batch. */
  readonly keyValueSeqLengths: ArrayLike | null;
  /** How many keys before and after its own place a query sees. */
  readonly localWindowSize: number | readonly [left: number, right: number] | null;
}
const WORDS = [
  "bias",
  "mask",
  "scale",
  "isCausal",
  "querySeqLengths",
  "keyValueSeqLengths",
  "localWindowSize",
] as const;

/**
 * softmax(Q·Kᵀ·scale + bias)·V for query [batch, queries, heads, depth] and key, value [batch, keys, heads', depth],
 * where heads' divides heads; the batch axis may be absent.
 * Source: jax.nn.dot_product_attention, implementation "xla".
 */
export function dotProductAttention(
  query: ArrayLike,
  key: ArrayLike,
  value: ArrayLike,
  options: Options<never, AttentionOwn> = {},
): NDArray {
  const name = "nn.dotProductAttention";
  checkOptions(name, options, WORDS);
  const { lax } = context();
  const given = Object.entries({ query, key, value }).map(([word, x]) => toArray(name, x, word)) as [
    NDArray,
    NDArray,
    NDArray,
  ];
  const [q, k, v] = given.map((x) => (x.ndim === 3 ? lax.expandDims(x, [0]) : x)) as [
    NDArray,
    NDArray,
    NDArray,
  ];
  checkShapes(name, q, k, v);
  const [batch, queries, heads, depth] = q.shape as readonly [number, number, number, number];
  const [, keys, groups] = k.shape as readonly [number, number, number];
  // Heads that share keys lie together: [batch, keys' heads, heads each, queries, keys].
  const grouped = lax.reshape(q, [batch, queries, groups, heads / groups, depth]);
  const { dtype } = latticeResult([
    { dtype: q.dtype, weak: false },
    { dtype: "float32", weak: false },
  ]);
  const products = einsum("btkgh,bskh->bkgts", grouped, k, { preferredElementType: dtype });
  const scaled = lax.mul(products, literal(options.scale ?? 1 / Math.sqrt(depth), dtype));
  const extra = (x: ArrayLike): NDArray =>
    lax.reshape(broadcastTo(name, toArray(name, x), [batch, heads, queries, keys]), scaled.shape);
  const biased =
    options.bias == null ? scaled : lax.convertElementType(a.add(scaled, extra(options.bias)), dtype);
  const seen = visible(name, options, [batch, queries, keys]);
  const masks = [
    ...(options.mask == null ? [] : [toBool(extra(options.mask))]),
    ...seen.map((m) => lax.broadcastInDim(m, scaled.shape, [0, 3, 4])),
  ];
  const low = literal(-0.7 * finfo(dtype).max, dtype);
  const logits = masks.reduce((x, m) => pick(m, x, low), biased);
  const weights = lax.convertElementType(softmax(lax.convertElementType(logits, "float32")), k.dtype);
  const out = lax.reshape(einsum("bkgts,bskh->btkgh", weights, v), [
    batch,
    queries,
    heads,
    v.shape[3] as number,
  ]);
  const real = options.querySeqLengths == null ? out : realQueries(name, out, options.querySeqLengths);
  return given[0].ndim === 3 ? lax.squeeze(real, [0]) : real;
}

function checkShapes(name: string, q: NDArray, k: NDArray, v: NDArray): void {
  const bad =
    [q, k, v].some((x) => x.ndim !== 4) || k.shape.slice(0, 3).join() !== v.shape.slice(0, 3).join();
  const heads = (q.shape[2] as number) % (k.shape[2] as number) !== 0;
  if (bad || heads || q.shape[0] !== k.shape[0] || q.shape[3] !== k.shape[3])
    throw fail(
      "E_SHAPE",
      `${name}: got ${q.aval}, ${k.aval}, ${v.aval}, expected [batch, queries, heads, depth] and twice [batch, keys, heads', depth]`,
      { hint: "heads' divides heads" },
    );
}

/** Masks [batch, queries, keys] by place and length. */
function visible(
  name: string,
  options: Options<never, AttentionOwn>,
  shape: readonly [number, number, number],
): NDArray[] {
  const { lax } = context();
  const row = lax.broadcastedIota("int32", shape, 1);
  const column = lax.broadcastedIota("int32", shape, 2);
  const masks: NDArray[] = [];
  if (options.isCausal === true) masks.push(lax.ge(row, column));
  if (options.localWindowSize != null) {
    const size = options.localWindowSize;
    const [left, right] = typeof size === "number" ? [size, size] : size;
    masks.push(lax.ge(column, lax.sub(row, left)), lax.le(column, lax.add(row, right)));
  }
  const lengths = (x: ArrayLike, place: NDArray): NDArray => {
    const n = broadcastTo(name, lax.convertElementType(toArray(name, x), "int32"), [shape[0]]);
    return lax.lt(place, lax.broadcastInDim(n, shape, [0]));
  };
  if (options.querySeqLengths != null) masks.push(lengths(options.querySeqLengths, row));
  if (options.keyValueSeqLengths != null) masks.push(lengths(options.keyValueSeqLengths, column));
  return masks;
}
/** Zeros where a query is only padding. */
function realQueries(name: string, out: NDArray, lengths: ArrayLike): NDArray {
  const { lax } = context();
  const n = broadcastTo(name, lax.convertElementType(toArray(name, lengths, "lengths"), "int32"), [
    out.shape[0] as number,
  ]);
  const isReal = lax.lt(lax.broadcastedIota("int32", out.shape, 1), lax.broadcastInDim(n, out.shape, [0]));
  return lax.mul(out, lax.convertElementType(isReal, out.dtype));
}
