// Programs against JAX's values, shapes, dtypes and weak types, on the embedded device and on the oracle.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import reference from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import { deviceGet, tree, use, withDevice, type Device } from "../index.ts";

interface Leaf {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly weak: boolean;
  readonly data: readonly (number | string | boolean)[];
}

/** Float arithmetic may be ordered otherwise; halves have eleven bits. */
const TOLERANCE: Readonly<Record<string, number>> = { float32: 2e-5, float16: 1e-3 };
const numberOf = (v: number | string | boolean): number =>
  v === "nan" ? NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : Number(v);

async function check(name: string, run: () => unknown, want: readonly Leaf[]): Promise<void> {
  const leaves = tree.leaves(run());
  await deviceGet(leaves);
  expect(leaves.map((x) => ({ dtype: x.dtype, shape: [...x.shape], weak: x.weakType }))).toEqual(
    want.map(({ dtype, shape, weak }) => ({ dtype, shape, weak })),
  );
  leaves.forEach((x, i) => {
    const { data, dtype } = want[i] as Leaf;
    if (dtype.startsWith("complex")) expect.fail(`${name}: compare real and imaginary parts`);
    const got = [x.tolist()].flat(9).map(Number);
    expect(got).toHaveLength(data.length);
    got.forEach((v, k) => {
      const w = numberOf(data[k] as number);
      const near = Math.abs(v - w) <= (TOLERANCE[dtype] ?? 0) * Math.max(1, Math.abs(w));
      if (!(Object.is(v, w) || v === w || near))
        expect.fail(`${name}: element ${k} of result ${i} is ${v}, expected ${w}`);
    });
  });
}

/** Tests of the programs beside `values.json` in a folder of `testing`. */
export function againstJax(
  folder: string,
  programs: Readonly<Record<string, () => unknown>>,
  least: number,
): void {
  const values = JSON.parse(readFileSync(join(import.meta.dirname, folder, "values.json"), "utf8")) as Record<
    string,
    readonly Leaf[]
  >;
  let oracle: Device;
  beforeAll(async () => {
    oracle = (await use(reference()))[0] as Device;
  });
  it("has a program for every value, and a value for every program", () => {
    expect(Object.keys(programs).sort()).toEqual(Object.keys(values).sort());
    expect(Object.keys(values).length).toBeGreaterThanOrEqual(least);
  });
  describe.each(["cpu-wasm", "reference"])("on %s", (device) => {
    it.each(Object.entries(programs))("%s", async (name, program) => {
      const run = device === "reference" ? (): unknown => withDevice(oracle, program) : program;
      await check(name, run, values[name] as readonly Leaf[]);
    });
  });
}
