// What the example shows: less memory, planned and measured, and the same gradients; its page shows the code as it is.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { compare, tableOf, type Row } from "./checkpointing.ts";

describe("a scan of checkpointed blocks", () => {
  let rows: Row[] = [];
  beforeAll(async () => {
    rows = await compare();
  }, 60_000);
  const row = (name: string): Row => rows.find((r) => r.name === name) as Row;

  it("needs less memory, as planned and as measured", () => {
    for (const bytes of ["residuals", "planned", "measured"] as const) {
      expect(row("dots saved")[bytes]).toBeLessThan(0.5 * row("plain")[bytes]);
      expect(row("checkpointed")[bytes]).toBeLessThan(0.7 * row("dots saved")[bytes]);
    }
  });
  it("takes what its plan says", () => {
    for (const r of rows) {
      expect(r.measured).toBeLessThanOrEqual(1.05 * r.planned);
      expect(r.measured).toBeGreaterThan(0.9 * r.planned);
    }
  });
  it("has the gradients of the plain one, bit for bit", async () => {
    const bits = async (r: Row): Promise<number[][]> =>
      Promise.all(
        [r.gradient.up, r.gradient.down].map(async (g) => [
          ...new Int32Array((await g.data()).slice().buffer),
        ]),
      );
    const want = await bits(row("plain"));
    for (const r of rows) expect(await bits(r)).toEqual(want);
  });
  it("is what docs/checkpoint.md shows, within a tenth", () => {
    const page = readFileSync(fileURLToPath(new URL("../../docs/checkpoint.md", import.meta.url)), "utf8");
    const [head, ...lines] = tableOf(rows).split("\n");
    const table = page
      .slice(page.indexOf(head as string))
      .split("\n")
      .slice(1);
    lines.forEach((line, i) => {
      const [got, shown] = [line, table[i] as string].map((l) => [...l.matchAll(/[\d.]+/g)].map(Number));
      expect(table[i]?.slice(0, 14)).toBe(line.slice(0, 14));
      got?.forEach((n, k) => expect(Math.abs(n - (shown?.[k] ?? NaN))).toBeLessThanOrEqual(0.1 * n));
    });
  });
});
