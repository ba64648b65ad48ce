// Callbacks on a device that runs later: they run in order, effectsBarrier waits for them, and tells what they threw.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import {
  debug,
  effectsBarrier,
  experimental,
  jit,
  lax,
  np,
  pureCallback,
  setDefaultDevice,
  use,
  vmap,
} from "./index.ts";
import type { Device, NDArray } from "./index.ts";

const SCALAR = { shape: [], dtype: "float32" } as const;
beforeAll(async () => {
  const [device] = (await use(reference({ deferred: true }))) as [Device];
  setDefaultDevice(device);
});

describe("on a device that runs later", () => {
  it("callbacks run in the order of the calls, with values that can be read", async () => {
    const seen: number[] = [];
    const f = jit((x: NDArray) => {
      debug.callback((v: NDArray) => seen.push(v.item()), x);
      return x.add(1);
    });
    f(f(f(np.array(1))));
    expect(seen).toEqual([]);
    await effectsBarrier();
    expect(seen).toEqual([1, 2, 3]);
  });
  it("also outside of programs", async () => {
    const seen: number[] = [];
    debug.callback((v: NDArray) => seen.push(v.item()), np.array(4).add(1));
    await effectsBarrier();
    expect(seen).toEqual([5]);
  });
  it("in loops and under vmap", async () => {
    const seen: number[] = [];
    const body = (c: NDArray, _: null): readonly [NDArray, null] => {
      debug.callback((v: NDArray) => seen.push(v.item()), c);
      return [c.mul(2), null];
    };
    vmap((x: NDArray) => lax.scan(body, x, null, { length: 2 })[0])(np.array([1, 10]));
    await effectsBarrier();
    expect(seen).toEqual([1, 10, 2, 20]);
  });
  it("values come back", async () => {
    const y = jit((x: NDArray) => pureCallback((v: NDArray) => v.item() + 1, SCALAR, x).mul(2))(np.array(1));
    expect(Array.from((await y.data()) as Float32Array)).toEqual([4]);
  });
  it("an error comes to whoever reads the result, and to the barrier once", async () => {
    const boom = (): number => {
      throw new Error("boom");
    };
    const f = jit((x: NDArray) => experimental.ioCallback(boom, SCALAR, x));
    await expect(f(np.array(1)).data()).rejects.toThrow(/ioCallback\(boom\): the function threw: boom/);
    await expect(effectsBarrier()).rejects.toThrow(/boom/);
    await expect(effectsBarrier()).resolves.toBeUndefined();
    expect(Array.from((await np.array(1).add(1).data()) as Float32Array)).toEqual([2]);
  });
});
