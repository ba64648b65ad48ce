// Plugins that compile asynchronously: calls queue behind the compile, in order, and arrays exist at once.
import type { Client } from "tenon-plugin-api";
import { checked } from "tenon-plugin-api/checked";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import * as np from "../api/numpy/index.ts";
import { installRoot } from "../api/root.ts";
import { grad, jit } from "../api/transforms/index.ts";
import { deviceGet } from "../api/devices.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { RuntimeDevice } from "./device.ts";
import { setDefaultDevice, useSync, withDevice } from "./registry.ts";
import { asynchronous, pluginNamed, withMembers, type Journal } from "./testing/plugins.ts";

let nth = 0;
function start(change: (c: Client) => Client = (c) => c): { device: RuntimeDevice; journal: Journal } {
  const journal: Journal = { calls: [] };
  // checked() proves that the plugin sees no execute before its compile is done, and no disposed argument.
  const plugin = pluginNamed(`later${nth++}`, (c) => checked(asynchronous(change(c), journal)));
  return { device: useSync(plugin)[0] as RuntimeDevice, journal };
}
const onDevice = (device: RuntimeDevice, values = [1, 2, 3]): NDArray =>
  withDevice(device, () => np.array(values));
const f32 = (...xs: number[]): Float32Array => Float32Array.from(xs);

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as RuntimeDevice);
});

describe("a plugin that compiles asynchronously", () => {
  it("runs chains of eager operations", async () => {
    const { device, journal } = start();
    const x = onDevice(device);
    const y = x.add(x).mul(x);
    expect(y.shape).toEqual([3]);
    expect(await y.data()).toEqual(f32(2, 8, 18));
    const at = (call: string): number => journal.calls.indexOf(call);
    expect(at("compiled add")).toBeLessThan(at("execute add"));
    expect(at("execute add")).toBeLessThan(at("execute mul"));
  });
  it("runs jit, grad, and calls between compiles", async () => {
    const { device } = start();
    const x = onDevice(device);
    const f = jit((a: NDArray) => np.tanh(a).sum());
    const g = jit(grad((a: NDArray) => a.mul(a).sum()));
    const [value, slope] = [f(x), g(x)];
    expect(await slope.data()).toEqual(f32(2, 4, 6));
    expect((await value.data())[0]).toBeCloseTo(Math.tanh(1) + Math.tanh(2) + Math.tanh(3), 5);
    expect(await f(x.neg()).data()).toHaveLength(1);
  });
  it("keeps what was disposed or donated while it waits", async () => {
    const { device } = start();
    const x = onDevice(device);
    const y = x.add(x);
    x.dispose();
    const take = jit((a: NDArray) => a.mul(3), { donateArgnums: [0] });
    const z = take(y);
    expect(() => y.add(1)).toThrowError(expect.objectContaining({ reason: "E_DONATED" }));
    const reading = z.data();
    z.dispose();
    expect(await reading).toEqual(f32(6, 12, 18));
  });
  it("can't be read synchronously before deviceGet, and then can", async () => {
    const { device } = start();
    const x = onDevice(device).add(1);
    expect(() => x.tolist()).toThrowError(expect.objectContaining({ reason: "E_NO_READ_SYNC" }));
    await deviceGet(x);
    expect(x.tolist()).toEqual([2, 3, 4]);
  });
  it("resolves ready when the value is there", async () => {
    const { device } = start();
    const x = onDevice(device).add(1);
    await x.ready;
    expect(await x.data()).toEqual(f32(2, 3, 4));
  });
});

describe("a compile that fails", () => {
  it("poisons what waits for it, and is tried again by the next call", async () => {
    let failures = 1;
    const { device } = start((c) =>
      withMembers(c, {
        compile: (program, options) => {
          if (program.name === "mul" && failures-- > 0) throw Object.assign(new Error("no memory"), {});
          return c.compile(program, options);
        },
      }),
    );
    const x = onDevice(device);
    const y = x.mul(x);
    const z = y.add(1);
    await expect(z.data()).rejects.toThrow(/no memory/);
    await expect(y.ready).rejects.toThrow(/no memory/);
    expect(await x.mul(x).data()).toEqual(f32(1, 4, 9));
  });
  it("throws at once where nothing waits", async () => {
    const { device } = start((c) =>
      withMembers(c, { capabilities: Object.freeze({ ...c.capabilities, ops: { multiply: {} } }) }),
    );
    expect(() => onDevice(device).add(1)).toThrowError(expect.objectContaining({ code: "UNIMPLEMENTED" }));
    await Promise.resolve();
  });
});

describe("a plugin with readSync", () => {
  it("is blamed for compiling asynchronously", () => {
    const device = useSync(
      pluginNamed("mixed", (c) => ({ ...asynchronous(c), extensions: c.extensions as never })),
    )[0] as RuntimeDevice;
    expect(() => onDevice(device).add(1)).toThrowError(
      expect.objectContaining({
        plugin: "mixed",
        message: expect.stringContaining("compile may not return a promise") as string,
      }),
    );
  });
  it("may compile in the background for one who awaits, and at once for one who can't", async () => {
    const background: boolean[] = [];
    const device = useSync(
      pluginNamed("ahead", (c) =>
        withMembers(c, {
          compile: (program, options) => {
            background.push(options?.background === true);
            return options?.background === true
              ? Promise.resolve().then(() => c.compile(program))
              : c.compile(program);
          },
        }),
      ),
    )[0] as RuntimeDevice;
    const f = jit((a: NDArray) => a.mul(2).add(1));
    const x = onDevice(device);
    const ahead = f.lower(x).compile(device);
    expect(f(x).tolist()).toEqual([3, 5, 7]);
    await ahead;
    expect(f(x).tolist()).toEqual([3, 5, 7]);
    expect(background).toEqual([true, false]);
  });
});
