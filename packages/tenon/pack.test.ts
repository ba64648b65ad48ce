// What is published works: the tarballs, installed into an empty project, in Node and through esbuild.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PUBLISHED = [
  "plugin-api",
  "core",
  "plugin-kit",
  "plugins/cpu-wasm",
  "plugins/onnx-export",
  "packages/tenon",
];
let project: string;

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync("npm", [...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const node = (code: string): string => {
  writeFileSync(join(project, "main.mjs"), code);
  return execFileSync(process.execPath, ["main.mjs"], { cwd: project, encoding: "utf8" }).trim();
};

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-b", ...PUBLISHED], {
    cwd: ROOT,
  });
  project = mkdtempSync(join(tmpdir(), "tenon-pack-"));
  mkdirSync(join(project, "tarballs"));
  npm(["pack", "--pack-destination", join(project, "tarballs"), ...PUBLISHED.map((p) => `./${p}`)], ROOT);
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "empty", private: true, type: "module" }),
  );
  const tarballs = readdirSync(join(project, "tarballs")).map((f) => join(project, "tarballs", f));
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", ...tarballs], project);
}, 300_000);
afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

const PROGRAM = `
import { grad, jit, np } from "tenon";
const loss = (w) => np.sum(np.tanh(w).mul(w));
console.log(jit(grad(loss))(np.array([0.5, -1])).tolist().map((x) => x.toFixed(5)).join(" "));
`;
const PRINTED = "0.85534 -1.18157";

it("holds no tests, no sources of tests, nothing but what package.json lists", () => {
  for (const file of readdirSync(join(project, "tarballs"))) {
    const names = execFileSync("tar", ["-tzf", join(project, "tarballs", file)], { encoding: "utf8" }).split(
      "\n",
    );
    expect(names.filter((n) => /\.test\.|\/testing\//.test(n))).toEqual([]);
  }
});
it("runs in Node", () => {
  expect(node(PROGRAM)).toBe(PRINTED);
});
it("runs through its subpaths", () => {
  expect(
    node(`
      import * as np from "tenon/numpy";
      import { grad, jit } from "tenon/transforms";
      ${PROGRAM.split("\n").slice(2).join("\n")}`),
  ).toBe(PRINTED);
});
it.each([[[]], [["--enable-source-maps"]]])(
  "names the user's line in errors (node %j)",
  (flags: readonly string[]) => {
    const code =
      'import { np } from "tenon";\ntry {\n  np.ones([2]).add(np.ones([3]));\n} catch (e) { console.log(e.message); }\n';
    writeFileSync(join(project, "wrong.mjs"), code);
    const printed = execFileSync(process.execPath, [...flags, "wrong.mjs"], {
      cwd: project,
      encoding: "utf8",
    });
    expect(printed).toContain(`at ${join(project, "wrong.mjs")}:3:`);
  },
);
it("runs bundled by esbuild, without anything of Node at the top", async () => {
  writeFileSync(join(project, "app.mjs"), PROGRAM);
  await build({
    absWorkingDir: project, entryPoints: ["app.mjs"], outfile: "bundle.mjs", bundle: true, format: "esm", minify: true,
    platform: "browser", logLevel: "silent",
  }); // prettier-ignore
  expect(execFileSync(process.execPath, ["bundle.mjs"], { cwd: project, encoding: "utf8" }).trim()).toBe(
    PRINTED,
  );
  expect(statSync(join(project, "bundle.mjs")).size).toBeGreaterThan(0);
});
it("runs a subpath bundled by esbuild: the default device is not shaken off", async () => {
  writeFileSync(
    join(project, "sub.mjs"),
    'import * as np from "tenon/numpy"; console.log(String(np.add(np.array([1, 2]), 2)));',
  );
  await build({
    absWorkingDir: project, entryPoints: ["sub.mjs"], outfile: "sub-bundle.mjs", bundle: true, format: "esm",
    minify: true, platform: "browser", logLevel: "silent",
  }); // prettier-ignore
  const printed = execFileSync(process.execPath, ["sub-bundle.mjs"], { cwd: project, encoding: "utf8" });
  expect(printed.trim()).toBe("[3. 4.]");
});
it("shakes: one function by a subpath is smaller than the whole package", async () => {
  const size = async (code: string): Promise<number> => {
    const result = await build({
      stdin: { contents: code, resolveDir: project }, bundle: true, format: "esm", minify: true, platform: "browser",
      write: false, logLevel: "silent",
    }); // prettier-ignore
    return gzipSync(result.outputFiles[0]?.contents ?? new Uint8Array()).length;
  };
  const one = await size('import * as np from "tenon/numpy"; console.log(np.add(1, 2));');
  const cpu = await size(
    'import * as core from "tenon-core"; import w from "tenon-cpu-wasm"; console.log(core, w);',
  );
  const all = await size('import * as tenon from "tenon"; console.log(tenon);');
  const kb = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
  console.log(`gzip: one function ${kb(one)}, core and cpu-wasm ${kb(cpu)}, everything ${kb(all)}`);
  expect(one).toBeLessThan(all);
});
it("has types that a strict project accepts", () => {
  writeFileSync(
    join(project, "use.ts"),
    'import { grad, np, type NDArray } from "tenon";\nexport const g: NDArray = grad((x: NDArray) => x.mul(x))(np.array(3));\n',
  );
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2023,esnext.disposable,dom"];
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...options, "use.ts"], {
    cwd: project, encoding: "utf8",
  });
}); // prettier-ignore
