// The committed table of signatures is what the declarations say.
import { expect, it } from "vitest";
import { committedSignatures, printSignatures, readSignatures } from "./signatures.ts";

const table = readSignatures();

it("is not stale (npm run signatures)", () => {
  expect(committedSignatures()).toBe(printSignatures(table));
});

it("reads overloads, rest parameters and the words of options", () => {
  const [vmap] = table["vmap"] ?? [];
  expect(Object.keys(vmap?.options ?? {})).toEqual([
    "inAxes",
    "outAxes",
    "axisName",
    "axisSize",
    "spmdAxisName",
  ]);
  expect(table["grad"]).toHaveLength(4);
  expect(table["tree.map"]?.map((o) => o.rest?.name ?? null)).toEqual([null, null, "rest", "rest"]);
});

it("gives every parameter a name and no function more than six positional ones", () => {
  for (const [path, overloads] of Object.entries(table))
    for (const { positional } of overloads) {
      expect(positional.length, path).toBeLessThanOrEqual(6);
      for (const p of positional) expect(p.name, path).toMatch(/^[A-Za-z_]\w*$/);
    }
});

it("takes no boolean by position", () => {
  const booleans = Object.entries(table).filter(([, overloads]) =>
    overloads.some((o) => o.positional.some((p) => /^boolean\b/.test(p.type))),
  );
  expect(booleans.map(([path]) => path)).toEqual([]);
});
