// Inputs for the primitives of functions with rules of their own: small functions whose rules are true.
import { customLinearSolve } from "../../api/lax/solves.ts";
import { customVmap } from "../../api/transforms/custom-batching.ts";
import { linearCall } from "../../api/transforms/linear-call.ts";
import { customJvp, customVjp } from "../../api/transforms/index.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { Lax } from "../lax.ts";
import type { Case, Draw } from "./generators.ts";

const f = (shape: readonly number[], low = -2, high = 2): Draw => ({ kind: "float", shape, low, high });

/** sin(x)·y, and its partial derivatives. */
const value = (l: Lax, x: NDArray, y: NDArray): NDArray => l.mul(l.sin(x), y);
const partials = (l: Lax, x: NDArray, y: NDArray): readonly [NDArray, NDArray] => [
  l.mul(l.cos(x), y),
  l.sin(x),
];

/** Solves a·x = b by turns of Jacobi's method: `a` has 6 more on its diagonal than is drawn. */
function solve(l: Lax, a: NDArray, b: NDArray): NDArray {
  const n = b.shape[0] as number;
  const times = (m: NDArray, x: NDArray): NDArray =>
    l.reduceSum(l.mul(m, l.broadcastInDim(x, [n, n], [1])), [1]);
  const jacobi = (m: NDArray, y: NDArray): NDArray => {
    let x = l.zerosLike(y);
    for (let k = 0; k < 40; k++) x = l.div(l.sub(y, times(m, x)), 6);
    return x;
  };
  return customLinearSolve(
    (x) => l.add(times(a, x), l.mul(x, 6)),
    b,
    (_, y) => jacobi(a, y),
    { transposeSolve: (_, y) => jacobi(l.transpose(a, [1, 0]), y) },
  );
}

/** Cases by the primitive's name. */
export const RULES: Readonly<Record<string, readonly Case[]>> = {
  custom_jvp: [
    {
      args: [f([3]), f([3])],
      f: (l, x, y) =>
        customJvp(
          (a: NDArray, b: NDArray) => value(l, a, b),
          ([a, b], [da, db]) => {
            const [pa, pb] = partials(l, a, b);
            return [value(l, a, b), l.add(l.mul(pa, da), l.mul(pb, db))];
          },
        )(x, y),
    },
  ],
  // Forward mode refuses it: its derivative is tested where it is defined.
  custom_vjp: [
    {
      args: [f([3]), f([3])],
      f: (l, x, y) =>
        customVjp((a: NDArray, b: NDArray) => value(l, a, b), {
          fwd: (a, b) => [value(l, a, b), partials(l, a, b)],
          bwd: ([pa, pb], ct) => [l.mul(pa, ct), l.mul(pb, ct)],
        })(x, y),
      smooth: false,
    },
  ],
  // Reverse mode refuses it.
  custom_vmap: [
    {
      args: [f([3]), f([3])],
      f: (l, x, y) =>
        customVmap(
          (a: NDArray, b: NDArray) => value(l, a, b),
          (size, [inA, inB], a, b) => {
            const full = (v: NDArray, mapped: boolean): NDArray =>
              mapped ? v : l.broadcastInDim(v, [size, ...v.shape], [1]);
            return [value(l, full(a, inA), full(b, inB)), true];
          },
        )(x, y),
      smooth: false,
    },
  ],
  linear_call: [
    {
      args: [f([3], 0.5, 2), f([3])],
      f: (l, r, x) =>
        linearCall(
          (q: NDArray, y: NDArray) => l.mul(l.sin(q), y),
          (q: NDArray, ct: NDArray) => l.mul(l.sin(q), ct),
          r,
          x,
        ),
    },
  ],
  custom_linear_solve: [{ args: [f([3, 3], -1, 1), f([3])], f: solve }],
};
