// Results → leaves with their bytes, in JAX's order: lists in order, objects by key (named tuples in their own order).
import * as tenon from "tenon";
import { publicFunction } from "./names.ts";

/** One leaf of a result. */
export type Leaf =
  | {
      readonly kind: "array";
      readonly dtype: string;
      readonly shape: readonly number[];
      readonly weak: boolean;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "key";
      readonly impl: string;
      readonly shape: readonly number[];
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "scalar"; readonly value: number | bigint | boolean | string };

/** How objects are flattened: as dicts (keys sorted) or as named tuples (keys in the object's order). */
export type ObjectOrder = "sorted" | "declared";

/** The leaves of a result, read from the device. */
export async function leavesOf(result: unknown, order: ObjectOrder): Promise<Leaf[]> {
  const leaves: Leaf[] = [];
  for (const x of flatten(result, order)) leaves.push(await readLeaf(x));
  return leaves;
}

function flatten(x: unknown, order: ObjectOrder): unknown[] {
  if (x === null) return [];
  if (x === undefined) throw new Error("the result has an undefined");
  if (typeof x !== "object" || x instanceof tenon.NDArray) return [x];
  if (Array.isArray(x)) return x.flatMap((v) => flatten(v, order));
  const prototype: unknown = Object.getPrototypeOf(x);
  if (prototype === Object.prototype || prototype === null) {
    const entries = Object.entries(x);
    if (order === "sorted") entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.flatMap(([, v]) => flatten(v, order));
  }
  return publicFunction("tree.leaves")(x) as unknown[];
}

async function readLeaf(x: unknown): Promise<Leaf> {
  if (!(x instanceof tenon.NDArray)) return { kind: "scalar", value: x as number };
  const dtype: string = x.dtype;
  if (dtype.startsWith("key<")) {
    const words = publicFunction("random.keyData")(x) as tenon.NDArray;
    return {
      kind: "key",
      impl: KEY_IMPLS[dtype] ?? dtype,
      shape: x.shape,
      bytes: toBytes(await words.data()),
    };
  }
  return { kind: "array", dtype, shape: x.shape, weak: x.weakType, bytes: toBytes(await x.data()) };
}
/** Key dtypes, as avals print them, and the names of their generators. */
const KEY_IMPLS: Readonly<Record<string, string>> = { "key<fry>": "threefry2x32" };

const toBytes = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
