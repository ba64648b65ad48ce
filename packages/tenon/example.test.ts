// The README's example prints what it says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import * as tenon from "tenon";
import { expect, it } from "vitest";

it("prints what the README says", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const source = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const [, wanted] = /console\.log\(.*\); \/\/ (.*)/.exec(source) ?? [];
  const body = source.replace(/import .*from "tenon";/, "");
  const { code } = await transform(body, { loader: "ts" });
  const printed: string[] = [];
  const names = Object.keys(tenon);
  const run = new Function(...names, "console", code) as (...args: unknown[]) => void;
  run(...Object.values(tenon), { log: (text: string) => printed.push(text) });
  expect(wanted).toBeDefined();
  expect(printed).toEqual([wanted]);
});
