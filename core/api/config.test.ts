// Settings, devices, scopes.
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NDArray } from "../ir/ndarray.ts";
import type { RuntimeDevice } from "../runtime/registry.ts";
import { config, configFromEnvironment, withConfig } from "./config.ts";
import { blockUntilReady, deviceGet, devicePut, scope, Scope } from "./devices.ts";
import * as np from "./numpy/index.ts";
import { installReference, reasonOf } from "./testing/root.ts";
import { jit } from "./transforms/index.ts";

let device: RuntimeDevice;
beforeAll(() => {
  device = installReference();
});

describe("config", () => {
  afterEach(() => config.set({ enableX64: false, traceback: "filtered" }));
  it("changes settings for what follows, or for one function", () => {
    expect(np.array(1).dtype).toBe("float32");
    config.set({ enableX64: true });
    expect([np.array(1).dtype, config.get().enableX64]).toEqual(["float64", true]);
    config.set({ enableX64: false });
    expect(withConfig({ enableX64: true }, () => np.arange(3).dtype)).toBe("int64");
    expect(config.get().enableX64).toBe(false);
    expect(() =>
      withConfig({ enableX64: true }, () => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(config.get().enableX64).toBe(false);
  });
  it("refuses unknown settings, wrong values, and changes while tracing", () => {
    expect(reasonOf(() => config.set({ enableX46: true } as never))).toMatch(/^E_UNKNOWN_OPTION.*enableX64/s);
    expect(reasonOf(() => config.set({ enableX64: 1 as never }))).toMatch(/^E_CONFIG.*false, true, got 1/);
    expect(reasonOf(() => config.set({ traceback: "none" as never }))).toMatch(/^E_CONFIG.*filtered, full/);
    const traced = jit((x: NDArray) => (config.set({ disableJit: true }), x));
    expect(reasonOf(() => traced(1))).toMatch(/^E_CONFIG.*traced.*withConfig/s);
  });
  it("reads environment variables", () => {
    const env = { TENON_ENABLE_X64: "1", TENON_TRACEBACK: "full", TENON_DISABLE_JIT: "", PATH: "/" };
    expect(configFromEnvironment(env)).toEqual({ enableX64: true, traceback: "full" });
    expect(configFromEnvironment({ TENON_ENABLE_X64: "False" })).toEqual({ enableX64: false });
    expect(reasonOf(() => configFromEnvironment({ TENON_ENABLE_X64: "yes" }))).toMatch(
      /^E_CONFIG TENON_ENABLE_X64/,
    );
  });
  it("keeps or trims our frames in stacks", () => {
    const frames = (): number => {
      try {
        np.ones([2]).add(np.ones([3]));
      } catch (error) {
        return ((error as Error).stack ?? "")
          .split("\n")
          .filter((l) => /core\/(api|errors)/.test(l) && !/test/.test(l)).length;
      }
      return -1;
    };
    expect(frames()).toBe(0);
    expect(withConfig({ traceback: "full" }, frames)).toBeGreaterThan(1);
    expect(frames()).toBe(0);
  });
});

describe("placement", () => {
  it("puts trees on a device and reads them in one trip", async () => {
    const placed = devicePut({ x: new Float32Array([1, 2]), n: 3, flags: [true] }, device);
    expect([placed.x.device, placed.x.tolist(), placed.n.item(), placed.flags[0]?.dtype]).toEqual([
      device,
      [1, 2],
      3,
      "bool",
    ]);
    expect(devicePut(placed.x, "reference:0")).toBe(placed.x);
    const got = await deviceGet({ y: placed.x.mul(2), label: "kept" });
    expect([got.y.tolist(), got.label]).toEqual([[2, 4], "kept"]);
    expect((await blockUntilReady([got.y]))[0]).toBe(got.y);
    expect(reasonOf(() => devicePut(1, "nowhere"))).toMatch(/^E_NO_DEVICE.*nowhere/);
  });
  it("leaves values alone while tracing", () => {
    expect(jit((x: NDArray) => devicePut(x, device).add(1))(1).item()).toBe(2);
  });
});

describe("scope", () => {
  it("frees what isn't returned, also of scopes inside", () => {
    const made: NDArray[] = [];
    const keep = (x: NDArray): NDArray => (made.push(x), x);
    const out = scope(() => {
      const inner = scope(() => ({ kept: keep(np.ones([2])), lost: void keep(np.ones([2])) }));
      return [keep(inner.kept.add(1))];
    });
    expect(out[0]?.tolist()).toEqual([2, 2]);
    expect(made.slice(0, 2).map((x) => reasonOf(() => x.tolist()).split(" ")[0])).toEqual([
      "E_DISPOSED",
      "E_DISPOSED",
    ]);
    expect(() =>
      scope(() => {
        keep(np.ones([2]));
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(reasonOf(() => (made.at(-1) as NDArray).tolist())).toMatch(/^E_DISPOSED/);
  });
  it("refuses promises; a Scope object works across await", async () => {
    expect(reasonOf(() => scope(async () => np.ones([2])))).toMatch(/^E_SCOPE_ASYNC.*Scope/s);
    let kept: NDArray;
    {
      using s = new Scope();
      kept = s.own({ x: np.ones([2]) }).x;
      await Promise.resolve();
      expect(kept.tolist()).toEqual([1, 1]);
    }
    expect(reasonOf(() => kept.tolist())).toMatch(/^E_DISPOSED/);
  });
});
