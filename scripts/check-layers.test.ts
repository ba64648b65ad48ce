import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkLayers } from "./check-layers.mjs";

const roots: string[] = [];

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const documented = "/** A. */\nexport const a = 1;\n";

test("allowed edges pass", () => {
  const root = tree({
    "plugin-api/index.ts": documented,
    "core/ir/trace.ts": `import { a } from "tenon-plugin-api";\nimport type { Lax } from "../primitives/lax.ts";\na satisfies Lax;\n`,
    "core/primitives/lax.ts": "/** L. */\nexport type Lax = number;\n",
    "core/primitives/shape.test.ts": `import "tenon-reference";\nimport "../runtime/x.ts";\n`,
  });
  expect(checkLayers(root).problems).toEqual([]);
});

test("a plugin that imports core is refused", () => {
  const root = tree({ "plugins/null/index.ts": `import "tenon-core";\n` });
  expect(checkLayers(root).problems).toEqual([
    "plugins/null/index.ts:1 plugins/null may not import tenon-core",
  ]);
});

test("a relative import that leaves its package is refused", () => {
  const root = tree({ "core/ir/a.ts": `import "../../plugin-api/index.ts";\n` });
  expect(checkLayers(root).problems[0]).toContain("may not leave its package");
});

test("an upward import inside core is refused, also for types", () => {
  const root = tree({ "core/ir/aval.ts": `import type { T } from "../runtime/array.ts";\nexport {};\n` });
  expect(checkLayers(root).problems).toEqual([
    "core/ir/aval.ts:1 ir is below runtime: core/runtime/array.ts",
  ]);
});

test("the run-time form of the one upward type edge is refused", () => {
  const root = tree({ "core/ir/trace.ts": `import { type Lax } from "../primitives/lax.ts";\n` });
  expect(checkLayers(root).problems).toHaveLength(1);
});

test("a cycle of run-time imports is named", () => {
  const root = tree({
    "bench/a.ts": `import "./b.ts";\n`,
    "bench/b.ts": `import "./c.ts";\n`,
    "bench/c.ts": `import "./a.ts";\n`,
  });
  expect(checkLayers(root).problems).toEqual(["import cycle: bench/c.ts → bench/b.ts → bench/a.ts"]);
});

test("a cycle through a type import is none", () => {
  const root = tree({
    "bench/a.ts": `import type { B } from "./b.ts";\n`,
    "bench/b.ts": `import "./a.ts";\n`,
  });
  expect(checkLayers(root).problems).toEqual([]);
});

test("an export without docstring is reported by name and line", () => {
  const root = tree({ "core/errors.ts": `${documented}export function f(): void {}\n` });
  expect(checkLayers(root).problems).toEqual(["core/errors.ts:3 export f has no docstring"]);
});
