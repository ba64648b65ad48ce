// Without onnxruntime-node: the device says why it is not there, and models are still written.
import { single, type } from "tenon-conformance/builder";
import { expect, it, vi } from "vitest";
import { buildModel, onnxExport } from "./index.ts";

vi.mock("onnxruntime-node", () => {
  throw new Error("Cannot find package 'onnxruntime-node'");
});
const add = single("add", [type("f32", 2), type("f32", 2)], {}, [type("f32", 2)]);

it("is listed as not available, with the reason", async () => {
  const [device] = await onnxExport().discover(undefined as never);
  expect(device).toMatchObject({
    available: false,
    why: expect.stringMatching(/onnxruntime-node is not installed/),
  });
});

it("refuses to start, and says what to do", async () => {
  await expect(onnxExport().createClient({}, { processIndex: 0 } as never)).rejects.toMatchObject({
    code: "UNAVAILABLE",
    hint: "npm install onnxruntime-node",
  });
});

it("writes models", () => {
  expect(buildModel(add).report.ops).toEqual({ Add: 1, Identity: 1 });
});
