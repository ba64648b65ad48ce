// The example passes the suite, is short, and is what its page shows.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { conformanceFor } from "tenon-conformance/vitest";
import { describe, expect, it } from "vitest";
import { firstPlugin } from "tenon-example-first-plugin";

conformanceFor(firstPlugin());

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
const source = read("./index.ts");
const page = read("../../docs/plugin-author/1-first-plugin.md");
const regions = [...source.matchAll(/\/\/ #region (\w+)\n(.*?)\/\/ #endregion \1/gs)].map(
  ([, name, code]) => [name as string, (code as string).trimEnd()] as const,
);

describe("docs/plugin-author/1-first-plugin.md", () => {
  it.each(regions)("shows the region %s as it is", (name, code) => {
    expect(page).toContain(`<!-- examples/first-plugin/index.ts: ${name} -->\n\n\`\`\`ts\n${code}\n\`\`\``);
  });
  it("shows no other code of the example", () => {
    expect(page.match(/<!-- examples\/first-plugin/g)?.length).toBe(regions.length);
    expect(regions.length).toBeGreaterThan(3);
  });
});

it("is shorter than 200 lines", () => {
  expect(source.split("\n").length).toBeLessThan(200);
});
