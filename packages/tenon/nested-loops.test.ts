// Loops in loops whose carries exchange places: what one of them wrote may not lie where another's memory went.
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "tenon-reference";
import { devices, jit, lax, np, use, withDevice, type Device, type NDArray } from "./index.ts";

let onReference: Device;
beforeAll(async () => {
  [onReference] = (await use(reference())) as [Device];
});

type Carry = readonly [NDArray, NDArray, NDArray, NDArray];
/** One trip of the inner loop: three change places, and what the outer body computed is used. */
const trip =
  (scale: NDArray) =>
  ([a, b, c, d]: Carry): Carry => [b, c, a, d.mul(scale)];
/** What the outer body computes first, in memory of its own. */
const scaleOf = ([a, b, c]: Carry): NDArray =>
  np
    .sum(a)
    .add(np.sum(b))
    .add(np.sum(c))
    .add(np.sum(a.mul(b)))
    .div(64);

function plain(start: Carry, outer: number, inner: number): Carry {
  let x = start;
  for (let i = 0; i < outer; i++) {
    const scale = scaleOf(x);
    for (let k = 0; k < inner; k++) x = trip(scale)(x);
  }
  return x;
}
const looped = (outer: number, inner: number) => (start: Carry) =>
  lax.whileLoop(
    ([i]) => i.lt(outer),
    ([i, x]) => {
      const scale = scaleOf(x);
      const [next] = lax.scan((y: Carry) => [trip(scale)(y), null] as const, x, null, { length: inner });
      return [i.add(1), next] as const;
    },
    [np.array(0, { dtype: "int32" }), start] as const,
  )[1];

describe.each(["cpu-wasm", "reference"])("on %s", (name) => {
  const device = (): Device => (name === "reference" ? onReference : (devices("cpu-wasm")[0] as Device));
  it.each([
    [1, 3],
    [2, 1],
    [2, 3],
    [3, 2],
    [4, 5],
  ])("%d trips of %d trips are the same steps as without loops", (outer, inner) =>
    withDevice(device(), () => {
      const at = (k: number): NDArray => np.add(np.reshape(np.arange(4), [2, 2]), k).astype("float32");
      const start: Carry = [at(1), at(5), at(-7), at(2)];
      const got = jit(looped(outer, inner))(start);
      expect(got.map((x) => x.tolist())).toEqual(plain(start, outer, inner).map((x) => x.tolist()));
    }),
  );
});
