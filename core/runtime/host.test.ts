// Core as a host: who may come in, what plugins give back, what happens when a device fails or is full.
import type { Client, DeviceBuffer } from "tenon-plugin-api";
import { failing } from "tenon-plugin-api/checked";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it, vi } from "vitest";
import * as np from "../api/numpy/index.ts";
import { jit } from "../api/transforms/index.ts";
import { installRoot } from "../api/root.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { RuntimeDevice } from "./device.ts";
import { devices, findDevice, setDefaultDevice, use, useSync, withDevice } from "./registry.ts";
import { runtime } from "./runtime.ts";
import { pluginNamed, withExecutables, withMembers } from "./testing/plugins.ts";

let nth = 0;
/** Starts a changed client under a new name. */
const start = (change: (client: Client) => Client): RuntimeDevice =>
  useSync(pluginNamed(`plugin${nth++}`, change))[0] as RuntimeDevice;
/** [1, 2, 3] on a device. */
const onDevice = (device: RuntimeDevice): NDArray => withDevice(device, () => np.array([1, 2, 3]));

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as RuntimeDevice);
});

describe("use", () => {
  const refuses = async (plugin: unknown, text: string): Promise<void> => {
    await expect(use(plugin as never)).rejects.toMatchObject({
      reason: "E_PLUGIN_REFUSED",
      message: expect.stringContaining(text) as string,
    });
  };
  it("refuses what is no plugin, with the path of what is wrong", async () => {
    await refuses({ manifest: 3 }, "manifest: expected object");
    await refuses({ manifest: { name: "odd" } }, "plugin odd is refused: manifest.version: expected string");
  });
  it.each<[unknown, string, string]>([
    ["webgpu", '"webgpu"', 'import plugin from "tenon-webgpu"; await use(plugin())'],
    ["tenon-webgpu", '"tenon-webgpu"', 'from "tenon-webgpu"'],
    [reference, "a value of type function", "call it, use(plugin())"],
    [{ default: reference }, "a value of type object", "use(module.default())"],
    [undefined, "a value of type undefined", "await use(webgpu())"],
    [null, "null", "await use(webgpu())"],
  ])("says what stands in place of a plugin: %s", async (plugin, got, hint) => {
    await expect(use(plugin as never)).rejects.toMatchObject({
      reason: "E_ARGUMENT",
      message: expect.stringContaining(`use(): got ${got}, expected a plugin`) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });
  it("warns of a second plugin by the name of one that runs, and keeps the first", async () => {
    const said = vi.spyOn(console, "warn").mockReturnValue();
    const first = await use(pluginNamed("twin"));
    expect(said).not.toHaveBeenCalled();
    expect(await use(pluginNamed("twin"))).toBe(first);
    expect(said.mock.calls).toEqual([[expect.stringMatching(/a plugin named twin has started already/)]]);
    said.mockRestore();
  });
  it("refuses another ABI version by name, saying which side to update", async () => {
    const newer = pluginNamed("newer", undefined, { abi: { major: 1, minor: 0 } });
    await refuses(
      newer,
      "plugin newer is refused: it was built for abi 1.0, this host speaks 0.9: update the host",
    );
    const older = pluginNamed("older", undefined, { ir: { min: "0.8", max: "0.8" } });
    await refuses(older, "it reads ir ≤ 0.8, this host writes 0.9: update the plugin");
  });
  it("blames what is claimed and absent on the plugin", async () => {
    const liar = pluginNamed("liar", (c) => withMembers(c, { extensions: { deviceCopy: {} as never } }));
    await refuses(
      liar,
      "plugin liar is refused: it claims the extension deviceCopy, which has no method copy",
    );
    const lame = pluginNamed("lame", (c) => withMembers(c, { toHost: undefined as never }));
    await refuses(lame, "its client has no method toHost");
    const vague = pluginNamed("vague", (c) =>
      withMembers(c, { capabilities: { dtypes: "all", ops: {} } as never }),
    );
    await refuses(vague, "capabilities.dtypes: expected array");
  });
  it("names a plugin that throws while starting", async () => {
    const broken = pluginNamed("broken", () => {
      throw new Error("no driver");
    });
    await expect(use(broken)).rejects.toMatchObject({ reason: "E_PLUGIN", plugin: "broken" });
    expect(np.array([1, 2]).add(1).tolist()).toEqual([2, 3]);
  });
  it("starts once, also when asked twice at the same time", async () => {
    let clients = 0;
    const plugin = pluginNamed("once", (c) => (clients++, c));
    const [a, b] = await Promise.all([use(plugin), use(plugin)]);
    expect(a).toBe(b);
    expect(clients).toBe(1);
  });
  it("makes a new client after a loss", async () => {
    const plugin = pluginNamed("lossy");
    const [first] = (await use(plugin)) as [RuntimeDevice];
    await first.client.dispose();
    await first.client.lost;
    await Promise.resolve();
    expect(devices("lossy")).toEqual([]);
    const second = findDevice("lossy");
    expect(second).not.toBe(first);
    expect(onDevice(second).mul(2).tolist()).toEqual([2, 4, 6]);
  });
});

describe("results", () => {
  const broken = (
    execute: (row: readonly DeviceBuffer[], real: readonly DeviceBuffer[]) => unknown,
  ): RuntimeDevice =>
    start((c) =>
      withExecutables(c, (e) => ({
        execute: (rows) =>
          [execute(rows[0] as DeviceBuffer[], e.execute(rows)[0] as DeviceBuffer[])] as DeviceBuffer[][],
      })),
    );
  it.each<[string, RuntimeDevice | (() => RuntimeDevice), string]>([
    ["a wrong count", () => broken(() => []), "returned 0 results of add, expected 1"],
    ["no list", () => broken(() => undefined), "returned no results of add"],
    [
      "a wrong shape",
      () => broken((_row, [b]) => [{ ...b, type: { dtype: "f32", shape: [4] } }]),
      "returned f32[4] for result 0 of add, expected f32[3]",
    ],
    [
      "a wrong dtype",
      () => broken((_row, [b]) => [{ ...b, type: { dtype: "i32", shape: [3] } }]),
      "returned i32[3] for result 0",
    ],
    ["no buffer", () => broken(() => [null]), "returned no buffer for result 0"],
  ])("refuses %s by name and lives on", (_what, device, text) => {
    const d = (device as () => RuntimeDevice)();
    const x = onDevice(d);
    expect(() => x.add(x)).toThrowError(
      expect.objectContaining({
        reason: "E_PLUGIN",
        plugin: d.plugin,
        message: expect.stringContaining(`plugin ${d.plugin} ${text}`) as string,
      }),
    );
    expect(np.array([1]).add(1).tolist()).toEqual([2]);
  });
  it("turns a foreign exception into one that names the plugin", () => {
    const device = start((c) =>
      withExecutables(c, () => ({
        execute: () => {
          throw new RangeError("oops");
        },
      })),
    );
    const x = onDevice(device);
    expect(() => x.add(x)).toThrowError(
      expect.objectContaining({
        code: "INTERNAL",
        plugin: device.plugin,
        message: expect.stringContaining(`plugin ${device.plugin} threw: oops`) as string,
      }),
    );
  });
  it("refuses before compile what the plugin doesn't claim, naming op, dtype and plugin", () => {
    const device = start((c) =>
      withMembers(c, { capabilities: { dtypes: ["f32", "bool"], ops: { add: {} } } }),
    );
    const x = onDevice(device);
    expect(x.add(x).tolist()).toEqual([2, 4, 6]);
    expect(() => np.tanh(x)).toThrowError(
      expect.objectContaining({
        code: "UNIMPLEMENTED",
        op: "tanh",
        message: expect.stringMatching(
          new RegExp(
            `^${device.plugin} does not implement tanh of f32\\n {2}at .*host\\.test\\.ts.*\\n {2}hint: `,
          ),
        ) as string,
      }),
    );
  });
});

describe("a device that fails later", () => {
  it("poisons results; the same record surfaces at data() and ready", async () => {
    const device = start((c) =>
      failing(c, { at: "execute", code: "DATA_LOSS", async: true, when: (n) => n === 0 }),
    );
    const x = onDevice(device);
    const first = x.add(x);
    const second = first.mul(first);
    // The record's words, and the line that reads, where the stack still has it.
    const message = expect.stringMatching(
      /^injected at execute(\n {2}at .*host\.test\.ts:\d+:\d+)?$/,
    ) as string;
    const expected = { code: "DATA_LOSS", message };
    await expect(second.data()).rejects.toMatchObject(expected);
    await expect(first.ready).rejects.toMatchObject(expected);
    expect(await x.mul(3).data()).toEqual(Float32Array.of(3, 6, 9));
  });
  it("reports to the warn hook, once, what nobody read", async () => {
    const heard: string[] = [];
    runtime.hooks.warn.tap("test", ({ error }) => void heard.push(error.message));
    const device = start((c) =>
      failing(c, { at: "execute", code: "INTERNAL", async: true, message: "lost one" }),
    );
    const x = onDevice(device);
    const [a, b] = [x.add(x), x.add(x)];
    await Promise.resolve();
    a.dispose();
    b.dispose();
    expect(heard.filter((m) => m.includes("lost one"))).toHaveLength(2); // two runs, two root errors
    const c = x.add(x);
    await expect(c.data()).rejects.toThrow("lost one");
    c.dispose();
    expect(heard.filter((m) => m.includes("lost one"))).toHaveLength(2);
  });
});

describe("a device that is full", () => {
  it("frees and runs once more", () => {
    const device = start((c) =>
      failing(c, { at: "execute", code: "RESOURCE_EXHAUSTED", when: (n) => n === 0 }),
    );
    const x = onDevice(device);
    expect(x.add(x).tolist()).toEqual([2, 4, 6]);
  });
  it("then names the largest live arrays and the ways out", () => {
    const device = start((c) => failing(c, { at: "execute", code: "RESOURCE_EXHAUSTED" }));
    const x = onDevice(device);
    const big = withDevice(device, () => np.array(new Float32Array(50_000)));
    expect(() => x.add(x)).toThrowError(
      expect.objectContaining({
        code: "RESOURCE_EXHAUSTED",
        reason: "E_OUT_OF_MEMORY",
        message: expect.stringMatching(
          /1 × f32\[50000\] \(0\.2 MiB\)[\s\S]*donateArgnums[\s\S]*jit/,
        ) as string,
      }),
    );
    expect(big.size).toBe(50_000);
  });
  it("also when placing an array", () => {
    const device = start((c) =>
      failing(c, { at: "toDevice", code: "RESOURCE_EXHAUSTED", when: (n) => n === 0 }),
    );
    expect(onDevice(device).tolist()).toEqual([1, 2, 3]);
  });
});

describe("immediates", () => {
  it("go as numbers, rounded to the dtype, where the plugin takes them", () => {
    const seen: unknown[] = [];
    const device = start((c) =>
      withExecutables(
        withMembers(c, {
          capabilities: { ...c.capabilities, immediates: true },
        }),
        (e, program) => ({
          execute: ([row = []]) => {
            const args = row.map((a, i) => {
              if (typeof a === "object") return a;
              seen.push(a);
              const type = program.functions[0]?.params[i]?.type as DeviceBuffer["type"];
              return c.toDevice(Float32Array.of(Number(a)), type, e.devices[0]?.memory as never);
            });
            return e.execute([args]);
          },
        }),
      ),
    );
    const x = onDevice(device);
    expect(x.mul(0.1).tolist()).toEqual(
      [...Float32Array.of(1, 2, 3)].map((v) => Math.fround(v * Math.fround(0.1))),
    );
    expect(seen).toEqual([Math.fround(0.1)]);
  });
  it("but complex ones as buffers", () => {
    const x = np.array([
      { re: 1, im: 2 },
      { re: 0, im: 0 },
    ]);
    expect(np.logicalNot(x).tolist()).toEqual([false, true]);
    expect(x.mul(2).tolist()).toEqual([
      { re: 2, im: 4 },
      { re: 0, im: 0 },
    ]);
  });
});

describe("captured and donated arrays", () => {
  it("name the jit function when a captured array was disposed", () => {
    const w = np.array([1, 2, 3]);
    const scale = jit(function scale(x: NDArray) {
      return x.mul(w);
    });
    expect(scale(np.array([1, 1, 1])).tolist()).toEqual([1, 2, 3]);
    w.dispose();
    expect(() => scale(np.array([1, 1, 1]))).toThrowError(
      expect.objectContaining({
        code: "FAILED_PRECONDITION",
        message: expect.stringContaining("jit(scale)") as string,
      }),
    );
  });
  it("refuse a donated array that is passed twice, before anything runs", () => {
    const f = jit((x: NDArray, y: NDArray) => x.add(y), { donateArgnums: [0] });
    const x = np.array([1, 2]);
    expect(() => f(x, x)).toThrowError(expect.objectContaining({ reason: "E_DONATED_TWICE" }));
    expect(f(x, np.array([1, 1])).tolist()).toEqual([2, 3]);
    expect(() => x.add(1)).toThrowError(
      expect.objectContaining({ reason: "E_DONATED", code: "FAILED_PRECONDITION" }),
    );
  });
});

describe("warnings", () => {
  it("go to the console once per message where nobody listens", () => {
    const console_ = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const quiet = new (runtime.constructor as new () => typeof runtime)();
    quiet.warn({ code: "UNKNOWN", message: "hm" }, "p");
    quiet.warn({ code: "UNKNOWN", message: "hm" }, "p");
    expect(console_.mock.calls).toEqual([["tenon: p: hm"]]);
    console_.mockRestore();
  });
});
