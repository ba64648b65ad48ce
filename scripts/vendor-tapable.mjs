// Writes plugin-api/vendor/tapable.js: the hooks of tapable (npm, MIT) that we use, as one ES module. tapable is CommonJS and
// requires Node's `util` for a deprecation message; a bundler that makes ES modules turns that into an error at run time
// (esbuild, format esm). Run it after an update of tapable or esbuild: `node scripts/vendor-tapable.mjs`; a test compares.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname ?? ".", "..");
const HOOKS = ["SyncBailHook", "SyncHook", "SyncWaterfallHook"];
/** Where the module stands. */
export const VENDORED = join(ROOT, "plugin-api/vendor/tapable.js");

/** The module's text. */
export async function vendoredTapable() {
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/tapable/package.json"), "utf8"));
  const licence = readFileSync(join(ROOT, "node_modules/tapable/LICENSE"), "utf8").trim();
  const { outputFiles } = await build({
    stdin: {
      contents: HOOKS.map((hook) => `export { default as ${hook} } from "tapable/lib/${hook}.js";`).join(
        "\n",
      ),
      resolveDir: join(ROOT, "plugin-api"),
    },
    banner: { js: `// tapable ${version}, written by scripts/vendor-tapable.mjs.\n/*!\n${licence}\n*/` },
    bundle: true,
    format: "esm",
    platform: "browser", // its own replacement of `util`
    target: "es2022",
    minify: true,
    write: false,
  });
  return outputFiles[0].text;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(VENDORED, await vendoredTapable());
