// Trees of arrays as one vector, and back: what optimisers and solvers of vectors work on.
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import type { DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { flatten } from "../ir/tree.ts";
import { resultType } from "./numpy/dtypes.ts";
import { finish, leafOf } from "./transforms/flat.ts";

/**
 * The leaves of a tree as one vector, and the function that makes a tree of such a vector again. Leaves of several dtypes are
 * promoted to one, and get their own back; a tree without leaves is an empty float32 vector.
 * Source: jax.flatten_util.ravel_pytree
 * @example const [vector, unravel] = treeUtil.ravelPytree(params); unravel(vector.mul(2))
 */
export function ravelPytree<T>(tree: T): [flat: NDArray, unravel: (flat: NDArray) => T] {
  const name = "treeUtil.ravelPytree";
  const { lax } = context();
  const { leaves, treedef } = flatten(tree, name);
  const xs = leaves.map((x) => leafOf(name, x));
  if (xs.length === 0) return [lax.full([0], 0, "float32"), () => finish(treedef, []) as T];
  const dtype = resultType(...xs.map((x) => x.dtype));
  const mixed = xs.some((x) => x.dtype !== dtype);
  const cast = (x: NDArray, to: DType): NDArray => (mixed ? lax.convertElementType(x, to) : x);
  const flat = lax.concatenate(
    xs.map((x) => lax.reshape(cast(x, dtype), [x.size])),
    0,
  );
  const unravel = (vector: NDArray): T => {
    const v = leafOf(`${name}: unravel`, vector);
    if (v.ndim !== 1 || v.size !== flat.size)
      throw fail("E_SHAPE", `${name}: unravel: got ${v.aval}, expected ${flat.size} elements in one axis`);
    if (mixed && v.dtype !== dtype)
      throw fail("E_DTYPE", `${name}: unravel: got ${v.aval}, expected ${dtype}`, {
        hint: "the leaves have several dtypes: convert the vector with astype",
      });
    let at = 0;
    const parts = xs.map((x) => {
      const part = lax.reshape(lax.sliceInDim(v, at, at + x.size, 1, 0), x.shape);
      at += x.size;
      return cast(part, x.dtype);
    });
    return finish(treedef, parts) as T;
  };
  return [flat, unravel];
}
