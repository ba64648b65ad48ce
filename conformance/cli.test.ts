// The command, as a vendor calls it: by name, by a path outside of the repository, with flags that are wrong.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "conformance-"));
});

const command = (...flags: string[]): ReturnType<typeof called> => called("npx", ...flags);
/** The command as a script of npm by this name runs it. */
function called(script: string, ...flags: string[]): { status: number | null; out: string; err: string } {
  const run = ["--conditions=source", "--import", "tsx", join(ROOT, "conformance/cli.ts"), ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, run, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: folder, npm_lifecycle_event: script },
    timeout: 60_000,
  });
  return { status, out: stdout, err: stderr };
}

/** A plugin of one op, in plain JavaScript, that resolves the kit only through the suite. */
const OUTSIDE = `
import { definePlugin, tensor } from "tenon-plugin-kit";
const add = ([x, y], { types: [type] }) => {
  const out = tensor(type);
  for (let i = 0; i < out.data.length; i++) out.data[i] = x.data[i] + y.data[i] * SCALE;
  return out;
};
export const outside = () => definePlugin({ name: "outside", version: "1.2.3", dtypes: ["f32"], kernels: { add } });
`;
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return `./${name}`;
};

describe("the command", () => {
  it("judges a plugin outside of the repository, by a path relative to the caller", () => {
    const path = write("outside.mjs", OUTSIDE.replace("SCALE", "1"));
    const { status, out } = command(
      "--plugin",
      path,
      "--level",
      "2",
      "--json",
      "out.json",
      "--markdown",
      "out.md",
    );
    expect(out).toContain("conformance of outside 1.2.3");
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/);
    expect(status).toBe(0);
    const json = JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as { [key: string]: unknown };
    expect(json).toMatchObject({
      plugin: "outside",
      failed: 0,
      support: { add: { f32: "native", i32: "refused" } },
    });
    expect(readFileSync(join(folder, "out.md"), "utf8")).toContain("| `add` | ● |");
  });
  it("ends with 1 and shows the lowest red level where something fails", () => {
    const path = write("wrong.mjs", OUTSIDE.replace("SCALE", "2"));
    const { status, out } = command("--plugin", path, "--query", "ops/add:f32");
    expect(status).toBe(1);
    expect(out).toContain("✗ ops/add:f32:values=edges");
    expect(out).toContain(`run one again: npx tenon-conformance --plugin ${path} --query 'ops/add:f32:`);
  });
  it("names an operand that was written", () => {
    const body = "for (let i = 0; i < x.data.length; i++) x.data[i] += y.data[i];\n  return x;";
    const path = write("writes.mjs", OUTSIDE.replace(/const out[^]*return out;/, body));
    const { status, out } = command("--plugin", path, "--query", "ops/add:f32:values=random");
    expect(status).toBe(1);
    expect(out).toContain("argument 0 isn't what it was before the run");
  });
  it("names the line of a kernel that throws", () => {
    const path = write("throws.mjs", OUTSIDE.replace("const out = tensor(type);", "out.x;\n  let out;"));
    const { out } = command("--plugin", path, "--query", "ops/add:f32:values=random");
    expect(out).toMatch(/INTERNAL: outside: add threw: .*before initialization \(\S*throws\.mjs:4:3\)/);
  });
  it("takes the expectations that the module exports", () => {
    const rows = `export const expectations = [{ query: "ops/add", expect: "fail", reason: "r", since: "1", link: "l" }];`;
    const path = write("known.mjs", OUTSIDE.replace("SCALE", "2") + rows);
    const { status, out } = command("--plugin", path, "--query", "ops/add:f32:values=random");
    expect(out).toContain("0 passed, 0 failed, 1 skipped");
    expect(status).toBe(0);
  });
  it("passes on what a definition lacks", () => {
    const path = write(
      "misspelt.mjs",
      OUTSIDE.replace("SCALE", "1").replace("kernels: { add }", "kernels: { ad: add }"),
    );
    const { status, err } = command("--plugin", path);
    expect(err).toContain('there is no op "ad". Did you mean add?');
    expect(status).toBe(1);
  });
  it("takes a plugin's name", () => {
    const { out } = command("--plugin", "reference", "--level", "0");
    expect(out).toContain("7 passed, 0 failed, 0 skipped");
  });
  it.each([
    [["--plugin", "nobody"], "no package tenon-nobody is installed"],
    [["--plugin", "./missing.mjs"], "there is no "],
    [["--plugin", "reference", "--level", "12"], "levels are 0 to 7"],
    [["--plugin", "reference", "--query", "ops/nothing"], "no case is called so"],
    [["--plugin", "reference", "--levle", "2"], "(Did you mean --level?)"],
    [[], "--plugin <name|path>"],
  ])("explains %j", (flags, text) => {
    const { status, err } = command(...flags);
    expect(status).toBe(1);
    expect(err).toContain(text);
  });
  it("helps", () => {
    const { out, status } = command("--help");
    expect(status).toBe(0);
    for (const flag of ["--plugin", "--level", "--query", "--json", "--markdown", "--expectations"])
      expect(out).toContain(flag);
    expect(out).toContain("npx tenon-conformance --plugin ./my-plugin --level 2");
    const { out: inside } = called("conformance", "--help");
    expect(inside).toContain("npm run conformance -- --plugin ./my-plugin --level 2");
  });
});
