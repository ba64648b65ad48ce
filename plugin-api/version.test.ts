// The version table of the ABI: a host of abi 1.3 and ir 1.3 against older, newer and foreign plugins.
import { describe, expect, it } from "vitest";
import type { PluginManifest } from "./plugin.ts";
import { ABI, downlevel, IR, negotiate, uplevel, type OpHistory } from "./version.ts";

const host = { abi: { major: 1, minor: 3 }, ir: "1.3" };
const plugin = (abi: string, ir: { min?: string; max: string }, needs?: number): PluginManifest => {
  const [major, minor] = abi.split(".").map(Number) as [number, number];
  return {
    name: "p",
    version: "1.0.0",
    platforms: ["p"],
    abi: { major, minor },
    ir: { min: "1.0", ...ir },
    ...(needs === undefined ? {} : { needs: { abiMinor: needs } }),
  };
};

describe("negotiate", () => {
  it("loads an older plugin and writes programs at its version", () => {
    expect(negotiate(host, plugin("1.0", { max: "1.0" }))).toEqual({
      ok: true,
      ir: "1.0",
      notes: ["abi 1.0 < 1.3: newer extensions take their defaults", "programs are written in ir 1.0"],
    });
  });
  it("loads a newer plugin and writes programs at this host's version", () => {
    expect(negotiate(host, plugin("1.5", { max: "1.5" }))).toEqual({
      ok: true,
      ir: "1.3",
      notes: ["abi 1.5 > 1.3: newer extensions are unused"],
    });
  });
  it.each([
    [plugin("1.5", { max: "1.5" }, 4), "needs abi ≥ 1.4, this host speaks 1.3: update the host"],
    [plugin("2.0", { max: "1.3" }), "built for abi 2.0, this host speaks 1.3: update the host"],
    [plugin("0.9", { max: "1.3" }), "built for abi 0.9, this host speaks 1.3: update the plugin"],
    [plugin("1.5", { min: "1.4", max: "1.6" }), "reads ir ≥ 1.4, this host writes 1.3: update the host"],
    [plugin("1.3", { max: "2.0" }), "reads ir ≤ 2.0, this host writes 1.3: update the host"],
  ])("refuses %j", (manifest, why) => {
    const verdict = negotiate(host, manifest);
    expect(verdict.ok).toBe(false);
    expect((verdict as { why: string }).why).toContain(why);
  });
  it("wants the same minor while the major is 0", () => {
    const today = { abi: ABI, ir: IR };
    expect(negotiate(today, plugin("0.9", { min: "0.9", max: "0.9" }))).toEqual({
      ok: true,
      ir: "0.9",
      notes: [],
    });
    expect(negotiate(today, plugin("0.8", { min: "0.8", max: "0.9" })).ok).toBe(false);
    expect(negotiate(today, plugin("0.10", { min: "0.9", max: "0.9" }))).toEqual({
      ok: false,
      why: "it was built for abi 0.10, this host speaks 0.9: update the host",
    });
    expect(negotiate(today, plugin("0.9", { min: "0.8", max: "0.8" })).ok).toBe(false);
  });
});

const table: { readonly [op: string]: OpHistory } = {
  add: { since: "1.0", attrs: {} },
  top_k: { since: "1.2", older: "sort+slice", attrs: { k: { kind: "int" } } },
  async_start: { since: "1.3", attrs: {} },
  dot_general: {
    since: "1.0",
    attrs: { precision: { kind: ["DEFAULT"] }, algorithm: { kind: "name", since: "1.2", neutral: null } },
  },
  all_gather: {
    since: "1.0",
    attrs: { dimension: { kind: "int", renamed: { from: "all_gather_dim", since: "1.2" } } },
  },
};

describe("downlevel", () => {
  it.each([
    ["an op of the reader's version", "add", {}, "1.0", { ok: true, attrs: {} }],
    ["a newer op by its rewrite", "top_k", { k: 3 }, "1.0", { ok: "rewrite", rule: "sort+slice" }],
    [
      "a newer attribute at its neutral value",
      "dot_general",
      { algorithm: null },
      "1.0",
      { ok: true, attrs: {} },
    ],
    ["the old spelling", "all_gather", { dimension: 1 }, "1.1", { ok: true, attrs: { all_gather_dim: 1 } }],
    ["the new spelling", "all_gather", { dimension: 1 }, "1.2", { ok: true, attrs: { dimension: 1 } }],
  ])("writes %s", (_what, op, attrs, max, want) => {
    expect(downlevel(op, attrs, max, table)).toEqual(want);
  });
  it.each([
    ["an essential op", "async_start", {}, "async_start is since ir 1.3, the plugin reads ≤ 1.0"],
    ["an unknown op", "warp_scan", {}, "warp_scan: not in the op table of this host"],
    [
      "a newer attribute with a value",
      "dot_general",
      { algorithm: "tf32" },
      'dot_general.algorithm = "tf32" is since ir 1.2, the plugin reads ≤ 1.0',
    ],
  ])("refuses %s", (_what, op, attrs, why) => {
    expect(downlevel(op, attrs, "1.0", table)).toEqual({ ok: false, why });
  });
});

describe("uplevel", () => {
  it("reads former names and fills in what didn't exist", () => {
    expect(uplevel({ all_gather_dim: 1 }, table["all_gather"] as OpHistory)).toEqual({ dimension: 1 });
    expect(uplevel({ precision: "DEFAULT" }, table["dot_general"] as OpHistory)).toEqual({
      precision: "DEFAULT",
      algorithm: null,
    });
  });
});
