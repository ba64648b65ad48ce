// Branches of a function under differentiation that nothing reads: what their rules keep is free while the trace is open.
import { expect, it } from "vitest";
import { devices, grad, np, type NDArray } from "tenon";

const MIB = 2 ** 20;
const SIDE = 2 ** 18; // 1 MiB of float32

it("residuals of dead branches don't outlive the collector's budget, however many", async () => {
  const [device] = devices("cpu-wasm");
  const x = np.ones([SIDE]);
  const peakOf = async (branches: number): Promise<number> => {
    const before = await device?.memoryStats({ resetPeak: true });
    const g = grad((v: NDArray) => {
      for (let i = 0; i < branches; i++) np.sin(v); // keeps cos v, 1 MiB, for a derivative that nobody asks for
      return v.mul(v).sum();
    })(x);
    expect(g.get(0).item()).toBe(2);
    const after = await device?.memoryStats();
    return Number(after?.peakBytesInUse) - Number(before?.bytesInUse);
  };
  // A list that held every node would hold 2 × 1,500 MiB here.
  expect(await peakOf(1500)).toBeLessThan(768 * MIB);
}, 60_000);
