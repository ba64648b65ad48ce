// The rule on real code: what it reports and what it lets pass.
import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { expect, it } from "vitest";
import plugin from "./index.mjs";

const eslint = new ESLint({
  cwd: import.meta.dirname,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ["**/*.ts"],
      languageOptions: {
        parser: tseslint.parser,
        parserOptions: {
          projectService: { allowDefaultProject: ["*.ts"] },
          tsconfigRootDir: import.meta.dirname,
        },
      },
      plugins: { tenon: plugin as never },
      rules: { "tenon/no-array-condition": "error" },
    },
  ],
});
const PRELUDE = `
declare class NDArray { readonly aval: object; readonly dtype: string; gt(y: number): NDArray; item(): number }
declare const x: NDArray; declare const y: NDArray; declare const maybe: NDArray | null; declare const list: NDArray[];
`;
async function reports(code: string): Promise<string[]> {
  const [result] = await eslint.lintText(PRELUDE + code, {
    filePath: join(import.meta.dirname, "sample.ts"),
  });
  return (result?.messages ?? []).map((m) => m.messageId ?? m.message);
}

it.each([
  "if (x.gt(0)) { console.log(1); }",
  "while (x) { break; }",
  "do { } while (x.gt(0));",
  "for (; x; ) { break; }",
  "const a = x.gt(0) ? 1 : 2;",
  "const b = !x;",
  "const c = x.gt(0) && y;",
  "const d = x || y;",
  "const e = list.filter((v) => v.gt(0));",
  "const f = Boolean(x.gt(0));",
  "const g = (v: NDArray | NDArray) => (v ? 1 : 0);",
])("reports %s", async (code) => {
  expect(await reports(code)).toEqual(["condition"]);
});
it("reports === of two arrays", async () => {
  expect(await reports("const a = x === y;")).toEqual(["identity"]);
});
it.each([
  "if (x.gt(0).item()) { console.log(1); }",
  "if (maybe !== null) { console.log(maybe); }",
  "const a = maybe ? 1 : 2;",
  "const b = maybe ?? x;",
  "const c = list.length > 0 ? list.map((v) => v.gt(0)) : [];",
  "const d = list.filter((v) => v.gt(0).item() === 1);",
  "class NDBox {} declare const n: NDBox; if (n) { console.log(1); }",
])("allows %s", async (code) => {
  expect(await reports(code)).toEqual([]);
});
