// What is published works: the tarballs, installed into an empty project, in Node and through esbuild.
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PUBLISHED = [
  "plugin-api",
  "core",
  "plugin-kit",
  "plugins/cpu-wasm",
  "plugins/onnx-export",
  "plugins/reference",
  "packages/tenon",
  "conformance",
  "packages/eslint-plugin",
];
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
let project: string;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly keywords?: readonly string[];
}
const npm = (args: readonly string[], cwd: string): string =>
  execFileSync("npm", [...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const node = (code: string): string => {
  writeFileSync(join(project, "main.mjs"), code);
  return execFileSync(process.execPath, ["main.mjs"], { cwd: project, encoding: "utf8" }).trim();
};

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "tenon-pack-"));
  const packing = [join(ROOT, "scripts/tarballs.mjs"), join(project, "tarballs")];
  execFileSync(process.execPath, packing, { cwd: ROOT, env: { ...process.env, INIT_CWD: project } });
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "empty", private: true, type: "module" }),
  );
  const tarballs = readdirSync(join(project, "tarballs")).map((f) => join(project, "tarballs", f));
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", ...tarballs], project);
}, 300_000);
afterAll(() => {
  rmSync(project, { recursive: true, force: true });
}, 60_000);

const PROGRAM = `
import { grad, jit, np } from "tenon";
const loss = (w) => np.sum(np.tanh(w).mul(w));
console.log(jit(grad(loss))(np.array([0.5, -1])).tolist().map((x) => x.toFixed(5)).join(" "));
`;
const PRINTED = "0.85534 -1.18157";

describe.each(PUBLISHED)("the tarball of %s", (folder) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as Manifest;
  const { name, version } = manifest;
  const unpacked = (file: string): string => readFileSync(join(project, "node_modules", name, file), "utf8");
  it("holds no tests, no sources of tests, nothing but what package.json lists", () => {
    const tarball = join(project, "tarballs", `${name}-${version}.tgz`);
    const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).split("\n");
    expect(names.filter((n) => /\.test\.|\/testing\//.test(n))).toEqual([]);
  });
  it("says what it is, for people and for the registry", () => {
    expect(unpacked("README.md")).toMatch(/^# \S+\n\n[^]{80}/);
    expect(unpacked("README.md")).not.toMatch(/\]\((?![a-z]+:)/); // a relative link leads nowhere on a registry's page
    expect(unpacked("LICENSE")).toBe(readFileSync(join(ROOT, "LICENSE"), "utf8"));
    expect(manifest.description).toMatch(/.{20}/);
    expect(manifest.license).toBe("MIT");
    expect(manifest.keywords).toContain(folder === "packages/eslint-plugin" ? "eslintplugin" : "tenon");
  });
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
it("has every entry that its page names, and no other", () => {
  const folder = join(project, "node_modules/tenon");
  const page = readFileSync(join(folder, "README.md"), "utf8");
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { exports: object };
  const entries = Object.keys(exports).flatMap((e) =>
    /^\.\/[a-z/-]+$/.test(e) ? [`tenon${e.slice(1)}`] : [],
  );
  for (const e of [
    "numpy/fft",
    "numpy/linalg",
    "lax/linalg",
    "scipy/linalg",
    "debug",
    "checkify",
    "experimental",
  ])
    expect(entries).toContain(`tenon/${e}`);
  expect(new Set([...page.matchAll(/`(tenon\/[a-z/-]+)`/g)].map((m) => m[1]))).toEqual(new Set(entries));
  const code = `for (const e of ${JSON.stringify(entries)})
    if (Object.keys(await import(e)).length === 0) console.log(e, "is empty");`;
  expect(node(code)).toBe("");
});
it("brings the page that errors refer to", () => {
  const page = readFileSync(join(project, "node_modules/tenon/dist/docs/errors.md"), "utf8");
  expect(page).toContain("### E_SHAPE");
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
it.each([
  ["browser", "esm"],
  ["node", "esm"],
  ["neutral", "esm"],
  ["node", "cjs"],
  ["browser", "iife"],
] as const)(
  "runs bundled by esbuild for %s as %s, without anything of Node at the top",
  async (platform, format) => {
    const outfile = `bundle-${platform}-${format}.${format === "esm" ? "mjs" : "cjs"}`;
    writeFileSync(join(project, "app.mjs"), PROGRAM);
    const { metafile } = await build({
    absWorkingDir: project, entryPoints: ["app.mjs"], outfile, bundle: true, format, minify: true, platform,
    logLevel: "silent", metafile: true,
  }); // prettier-ignore
    const imports = Object.values(metafile.outputs).flatMap((o) => o.imports);
    expect(imports.filter((i) => i.kind !== "dynamic-import")).toEqual([]);
    expect(execFileSync(process.execPath, [outfile], { cwd: project, encoding: "utf8" }).trim()).toBe(
      PRINTED,
    );
  },
);
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
it.each([
  ["nodenext", "es2022"],
  ["nodenext", "esnext,dom"],
  ["esnext --moduleResolution bundler", "es2022,dom"],
])("has types that an empty strict project accepts: module %s, lib %s", (module, lib) => {
  writeFileSync(
    join(project, "use.ts"),
    `import { grad, np, random, scope, type NDArray } from "tenon";
     import * as lax from "tenon/lax";
     import cpuWasm from "tenon-cpu-wasm";
     import { definePlugin } from "tenon-plugin-kit";
     export const g: NDArray = grad((x: NDArray) => x.mul(x))(np.array(3));
     export const all = [random.key(0), scope, lax.add, cpuWasm, definePlugin];\n`,
  );
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const { stdout } = spawnSync(
    process.execPath,
    [TSC, ...options, "--skipLibCheck", "false", "--module", ...module.split(" "), "--lib", lib, "use.ts"],
    { cwd: project, encoding: "utf8" },
  );
  expect(stdout).toBe("");
});
it("is linted by the configuration that the plugin's page shows", () => {
  const app = join(project, "linted");
  const page = readFileSync(join(project, "node_modules/eslint-plugin-tenon/README.md"), "utf8");
  mkdirSync(app);
  for (const name of ["typescript", "typescript-eslint"])
    symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name), "junction");
  writeFileSync(join(app, "package.json"), '{"type":"module"}');
  writeFileSync(join(app, "eslint.config.js"), /```js\n(.*?)```/s.exec(page)?.[1] ?? "");
  writeFileSync(join(app, "tsconfig.json"), '{"compilerOptions":{"strict":true,"module":"nodenext"}}');
  const code = 'import { np } from "tenon";\nif (np.array([1]).gt(0)) console.log(1);\n';
  writeFileSync(join(app, "wrong.ts"), code);
  writeFileSync(join(app, "right.ts"), code.replace(".gt(0)", ".gt(0).item()"));
  const { stdout } = spawnSync(process.execPath, [join(ROOT, "node_modules/eslint/bin/eslint.js"), "."], {
    cwd: app,
    encoding: "utf8",
  });
  expect(stdout).toMatch(/wrong\.ts\n +2:5 +error .*tenon\/no-array-condition\n\n✖ 1 problem/s);
  expect(stdout).not.toContain("right.ts");
});
it("runs the plugin that the author's page begins with", () => {
  const page = readFileSync(join(ROOT, "docs/plugin-author/1-first-plugin.md"), "utf8");
  const [plugin = "", main = ""] = [...page.matchAll(/```js\n(.*?)```/gs)].map((m) => m[1] as string);
  writeFileSync(join(project, "my-plugin.mjs"), plugin);
  expect(page).toContain(`prints \`${node(main)}\``);
  const command = ["tenon-conformance", "--plugin", "./my-plugin.mjs", "--level", "2"];
  const printed = execFileSync("npx", command, { cwd: project, encoding: "utf8" });
  expect(printed.trim().split("\n").at(-1)).toMatch(/^[1-9]\d* passed, 0 failed, \d+ skipped$/);
});
