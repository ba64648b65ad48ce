// nn: activation functions.
import { context } from "../../ir/context.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { toArray } from "../../primitives/operand.ts";

/** max(x, 0); derivative 0 at 0. Source: jax.nn.relu. */
export const relu = (x: ArrayLike): NDArray => context().lax.max(toArray("nn.relu", x), 0);
