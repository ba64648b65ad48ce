// What plugins state is read loosely, what programs hold strictly.
import { describe, expect, it } from "vitest";
import { OP_NAMES } from "../opset.ts";
import { attrsSchema, checkDevices, readCapabilities, readDescriptions, readManifest } from "./index.ts";
import { CASES } from "../constraints/cases.ts";

const manifest = {
  name: "p",
  version: "1.0.0",
  platforms: ["p"],
  abi: { major: 0, minor: 9 },
  ir: { min: "0.9", max: "0.9" },
};

describe("manifests", () => {
  it("keeps keys that this host doesn't know", () => {
    expect(readManifest({ ...manifest, homepage: "x" })).toEqual({ ...manifest, homepage: "x" });
  });
  it.each([
    [undefined, "manifest: expected object"],
    [{ ...manifest, name: "" }, "manifest.name"],
    [{ ...manifest, abi: { major: "0", minor: 9 } }, "manifest.abi.major: expected number"],
    [{ ...manifest, ir: { min: "0.9" } }, "manifest.ir.max: expected string"],
    [{ ...manifest, ir: { min: "0.9", max: "nine" } }, 'manifest.ir.max: expected a version like "0.9"'],
    [{ ...manifest, platforms: [] }, "manifest.platforms"],
  ])("refuses %j", (data, text) => {
    expect(() => readManifest(data)).toThrowError(
      expect.objectContaining({ reason: "E_SCHEMA", message: expect.stringContaining(text) as string }),
    );
  });
});

describe("devices", () => {
  const device = { id: 0, platform: "p", kind: "k", available: true };
  it("wants a reason from an unavailable device", () => {
    const missing = { ...device, available: false };
    expect(readDescriptions([device, { ...missing, why: "no driver" }], "p")).toHaveLength(2);
    expect(() => readDescriptions([missing], "p")).toThrowError(
      /discover\(\)\[0\]: an unavailable device says why/,
    );
  });
  it("wants at least one device, each with a memory", () => {
    const memory = { id: 0, kind: "host", deviceIds: [0] };
    const full = { id: 0, processIndex: 0, description: device, memory };
    expect(() => {
      checkDevices([full], "p");
    }).not.toThrow();
    expect(() => {
      checkDevices([], "p");
    }).toThrowError(/devices/);
    expect(() => {
      checkDevices([{ ...full, memory: undefined }], "p");
    }).toThrowError(/devices\[0\].memory/);
  });
});

describe("capabilities", () => {
  it("drops dtypes, ops and keys of a newer plugin, and freezes the rest", () => {
    const read = readCapabilities(
      {
        dtypes: ["f32", "f128"],
        ops: { add: { dtypes: ["f32", "f128"], since: 3 }, warp_scan: {} },
        donation: true,
        teleport: true,
      },
      "p",
    );
    expect(read.dtypes).toEqual(["f32"]);
    expect(read.ops).toEqual({ add: { dtypes: ["f32"], since: 3 } });
    expect(read.donation).toBe(true);
    expect(Object.isFrozen(read.ops.add)).toBe(true);
  });
  it("names the plugin and the path of what is wrong", () => {
    expect(() => readCapabilities({ dtypes: ["f32"], ops: { add: { dtypes: "f32" } } }, "p")).toThrowError(
      expect.objectContaining({ plugin: "p", message: "capabilities.ops.add.dtypes: expected array" }),
    );
  });
});

describe("attributes", () => {
  it.each(OP_NAMES)("the schema of %s takes the attributes of a valid op, and nothing else", (op) => {
    const schema = attrsSchema(op);
    for (const c of CASES.filter((x) => x.op === op)) {
      expect(schema.safeParse(c.attrs ?? {}).success).toBe(true);
      expect(schema.safeParse({ ...c.attrs, surplus: 1 }).success).toBe(false);
    }
  });
});
