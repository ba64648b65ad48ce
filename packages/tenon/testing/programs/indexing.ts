// Reading and updating parts of arrays.
import { jit, lax, np, slice, type NDArray } from "tenon";

/** Shapes and values of many kinds of index. */
export function run(): { shapes: (readonly number[])[]; row: unknown; updated: unknown } {
  const x = np.arange(24).reshape([2, 3, 4]);
  const [i, n] = [1, 3];
  const f = jit((x: NDArray, k: NDArray) => x.get(k, "..."));
  const parts = [
    x.get(0),
    x.get(":", "1:3"),
    x.get("...", -1),
    x.get("::-1", null, [0, 2]),
    x.get(`${i}:${n}`),
    x.get(slice(i, n, 2)),
    x.get(x.gt(5)),
    x.get(np.array([1n, 0n]), "...", null),
    f(x, 1n),
  ];
  const [row0, row1] = x;
  const rows = [...x.T].map((column) => column.max());
  const updated = x
    .at(0, ":", "1:")
    .set(0)
    .at("...", 0)
    .add(x.sum({ axis: -1 }));
  return {
    shapes: parts.map((p) => p.shape),
    row: [row0!.get(0).tolist(), row1!.shape, rows.length, lax.stopGradient(x).shape],
    updated: updated.at([0, 1, 1]).add(1, { mode: "drop" }).tolist(),
  };
}
/** What the compiler refuses. */
export function types(x: NDArray): void {
  // @ts-expect-error not a slice
  x.get("1-3");
  // @ts-expect-error a traced bound: use lax.dynamicSlice
  x.get(slice(x, 3));
}
