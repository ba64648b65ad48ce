// Packs what people install, as `npm publish` would: `npm run tarballs [-- FOLDER]`, out/tarballs without one. Then
// `npm install FOLDER/*.tgz` in any project.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const PUBLISHED = [
  ...["plugin-api", "core", "plugin-kit", "plugins/cpu-wasm", "plugins/onnx-export", "plugins/reference"],
  ...["packages/tenon", "packages/eslint-plugin", "conformance"],
];

function run(command, args, options = {}) {
  const shell = process.platform === "win32";
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit", shell, ...options });
  if (status === 0) return;
  console.error(`tarballs: \`${command} ${args.join(" ")}\` failed${error ? `: ${error.message}` : ""}`);
  process.exit(1);
}

const given = process.argv[2];
const caller = process.env.INIT_CWD ?? process.cwd();
const folder = given === undefined ? join(ROOT, "out/tarballs") : resolve(caller, given);
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder))
  if (/^(eslint-plugin-)?tenon.*\.tgz$/.test(file)) rmSync(join(folder, file));
run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-b"]);
run("npm", ["pack", "--silent", "--pack-destination", folder, ...PUBLISHED.map((p) => `./${p}`)], {
  stdio: ["inherit", "ignore", "inherit"],
});
console.log(
  `${readdirSync(folder).length} tarballs. In a project of yours: npm install ${join(folder, "*.tgz")}`,
);
