// Makes a fresh clone ready: installs what package-lock.json names if something is missing, then builds what is stale.
// `node scripts/ensure.mjs [--no-build]`; start.mjs and the npm scripts call it first.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname ?? ".", "..");
const OLDEST_NODE = [20, 19];

/** Names of locked packages that node_modules lacks or holds in another version; optional ones don't count. */
export function missingPackages(root) {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    if (path === "" || entry.optional || entry.devOptional || entry.peer) return [];
    if (entry.link) return existsSync(join(root, path)) ? [] : [path];
    if (!path.includes("node_modules/")) return [];
    const manifest = join(root, path, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === entry.version
      ? []
      : [path];
  });
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  console.error(`tenon: \`${command} ${args.join(" ")}\` failed${error ? `: ${error.message}` : ""}`);
  process.exit(status ?? 1);
}

/** Installs and builds as needed, and says so where it takes long. Exits the process with a message when it cannot. */
export function ensure({ build = true, say = console.error } = {}) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(
      `tenon needs Node ${OLDEST_NODE.join(".")} or later; this is ${process.versions.node} (https://nodejs.org)`,
    );
    process.exit(1);
  }
  const missing = missingPackages(ROOT);
  if (missing.length > 0) {
    say(`tenon: installing ${missing.length} packages that are missing (about a minute) …`);
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  }
  if (!build) return;
  if (!existsSync(join(ROOT, "examples/mnist/dist/main.js"))) say("tenon: building (about a minute) …");
  run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-b"]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  ensure({ build: !process.argv.includes("--no-build") });
}
