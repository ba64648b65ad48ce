// Numbers in operations and programs: each keeps its bits, and its buffer for as long as a run needs it.
import { reference } from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import * as np from "../api/numpy/index.ts";
import { installRoot } from "../api/root.ts";
import { jit } from "../api/transforms/index.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { clamp } from "../primitives/compare.ts";
import { literal } from "../primitives/operand.ts";
import type { RuntimeDevice } from "./device.ts";
import { setDefaultDevice, useSync, withDevice } from "./registry.ts";
import { pluginNamed, withMembers } from "./testing/plugins.ts";

beforeAll(() => {
  installRoot();
  setDefaultDevice(useSync(reference())[0] as RuntimeDevice);
});

describe("complex literals", () => {
  /** 0 with a positive and a negative imaginary zero, added to −0 − 0i. */
  const sums = (x: NDArray): NDArray[] => [-0, 0].map((im) => x.add(literal({ re: 0, im }, "complex64")));
  const imaginary = (values: readonly NDArray[]): unknown[] => values.map((y) => np.imag(y).item());
  const x = (): NDArray => np.array([{ re: -0, im: -0 }]);
  it("keep the signs of their zeros as arguments", () => {
    expect(imaginary(sums(x()))).toEqual([-0, 0]);
  });
  it("keep the signs of their zeros as constants of one program", () => {
    expect(imaginary(jit(sums)(x()))).toEqual([-0, 0]);
  });
});

describe("a device without immediates", () => {
  it("never disposes a literal's buffer in the run that takes it", () => {
    const [device] = useSync(
      pluginNamed("no immediates", (c) =>
        withMembers(c, { capabilities: { ...c.capabilities, immediates: false } }),
      ),
    ) as [RuntimeDevice];
    withDevice(device, () => {
      const x = np.array([0]);
      for (let i = 0; i < 8200; i++) expect(clamp(0.75, x, i + 1.25).item()).toBe(0.75);
    });
  });
});
