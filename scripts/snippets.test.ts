// The code on the pages runs, and prints what stands behind it.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tenon from "tenon";
import * as onnx from "tenon-onnx-export";
import * as reference from "tenon-reference";
import { beforeAll, describe, expect, it } from "vitest";
import { blocksOf, promisedBy, run } from "./snippets.mjs";

const MODULES = { tenon, "tenon-reference": reference, "tenon-onnx-export": onnx };
const PAGES = [
  "README.md",
  "docs/checkpoint.md",
  "docs/custom-rules.md",
  "docs/debugging.md",
  "docs/from-jax.md",
  "docs/jit.md",
  "docs/trees.md",
  "docs/sharp-bits.md",
  "docs/onnx.md",
  "packages/tenon/README.md",
];

beforeAll(() => {
  process.chdir(mkdtempSync(join(tmpdir(), "tenon-pages-"))); // some write files
});
describe.each(PAGES)("%s", (page) => {
  const blocks: readonly string[] = blocksOf(readFileSync(join(import.meta.dirname, "..", page), "utf8"));
  it.each(blocks.map((block, i) => [i + 1, block] as const))("block %i", async (_, block) => {
    expect(await run(block, MODULES)).toEqual(promisedBy(block));
  });
});

describe("the runner itself", () => {
  it("sees what is wrong", async () => {
    await expect(run("throw new Error('x');", {})).rejects.toThrow("x");
    await expect(run("1 + 1; // throws E_X", {})).rejects.toThrow("nothing was thrown");
    await expect(run("throw new Error('y'); // throws E_X", {})).rejects.toThrow("y");
    await expect(run('import { a } from "elsewhere"; a();', {})).rejects.toThrow("imports elsewhere");
    expect(await run("console.log(1 + 1); // 3", {})).not.toEqual(promisedBy("console.log(1 + 1); // 3"));
    expect(promisedBy("console.log(1);")).toEqual(["(the page doesn't say)"]);
  });
});
