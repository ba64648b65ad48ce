// The programs of users give these values. That they compile, and that what is marked as an error doesn't, is checked by
// `npm run check` (tsconfig.tests.json).
import { setDefaultDevice, use, withDevice, type Device } from "tenon";
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import * as customRules from "./testing/programs/custom-rules.ts";
import * as devices from "./testing/programs/devices.ts";
import * as indexing from "./testing/programs/indexing.ts";
import * as mcmc from "./testing/programs/mcmc.ts";
import * as mnistStep from "./testing/programs/mnist-step.ts";
import * as modules from "./testing/programs/modules.ts";
import * as newton from "./testing/programs/newton.ts";
import * as ode from "./testing/programs/ode.ts";
import * as perExample from "./testing/programs/per-example.ts";
import * as rnn from "./testing/programs/rnn.ts";

let device: Device;
beforeAll(async () => {
  device = (await use(reference()))[0]!;
  setDefaultDevice(device);
});

describe("programs", () => {
  it("trains", async () => {
    const losses = await mnistStep.run();
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.8);
  });
  it("takes gradients of examples", async () => {
    const { hardest, pairwise } = await perExample.run();
    expect([...hardest]).toEqual([4, 3, 2]);
    expect(pairwise).toEqual([
      [0, 2, 2],
      [2, 0, 2],
      [2, 2, 0],
    ]);
  });
  it("finds roots", () => {
    const { root, roots, third, branch } = newton.run();
    expect(root).toBeCloseTo(2.0945515, 5);
    for (const r of roots as number[]) expect(r).toBeCloseTo(2.0945515, 4);
    expect(third).toBeCloseTo(0.62162673, 5);
    expect(branch).toBe(6);
  });
  it("loops", () => {
    expect(rnn.run()).toEqual({ shape: [8, 8], total: 10, partial: [10, 9, 7, 4, 0], decay: 2 ** -7, n: 10 });
  });
  it("follows custom rules", () => {
    const { slope, dx, dw } = customRules.run();
    expect(slope).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    expect(dx).toBeCloseTo(3 * Math.cos(2), 5);
    expect(dw).toBeCloseTo(Math.sin(2), 6);
  });
  it("samples", () => {
    const { shape, rate } = mcmc.run();
    expect(shape).toEqual([4, 50, 2]);
    expect(rate).toBeGreaterThan(0.5);
    expect(rate).toBeLessThan(1);
  });
  it("integrates", () => {
    const slope = ode.run();
    expect(Number.isFinite(slope)).toBe(true);
    expect(slope).not.toBe(0);
  });
  it("indexes", () => {
    const { shapes, row, updated } = indexing.run();
    expect(shapes).toEqual([
      [3, 4],
      [2, 2, 4],
      [2, 3],
      [2, 1, 2, 4],
      [1, 3, 4],
      [1, 3, 4],
      [18],
      [2, 3, 4, 1],
      [3, 4],
    ]);
    expect(row).toEqual([[0, 1, 2, 3], [3, 4], 4, [2, 3, 4]]);
    expect((updated as number[][][])[0]).toEqual([
      [7, 1, 1, 1],
      [27, 1, 1, 1],
      [47, 1, 1, 1],
    ]);
  });
  it("picks devices", async () => {
    const r = await devices.run(["nonesuch", "reference"]);
    expect(r).toEqual({ skipped: ["nonesuch"], norm: 256, code: "INVALID_ARGUMENT" });
  });
  it("takes classes as trees", () => {
    withDevice(device, () => {
      const { out, shape } = modules.run();
      expect(shape).toEqual([3, 2]);
      expect((out as number[][])[0]).toHaveLength(2);
    });
  });
});
