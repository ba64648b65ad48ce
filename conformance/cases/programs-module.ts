// Loads a module of programs: TypeScript or JavaScript, from anywhere. Wherever it stands, it is an ES module, and its
// `import … from "tenon"` gives the runner's own copy: arrays of another copy are refused.
import { register } from "node:module";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { CasePrograms } from "./run-case.ts";

// Resolves "tenon" and "tenon/…" as if the runner had asked, and takes what stands beside the module as ES modules,
// whether or not a package.json says so.
const HOOK = `
let runner, folder;
export async function initialize(data) { ({ runner, folder } = data); }
export async function resolve(specifier, context, next) {
  if (/^tenon(\\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: runner });
  const found = await next(specifier, context);
  const beside = found.url.startsWith(folder) && !found.url.includes("/node_modules/");
  return beside && /\\.[jt]s(\\?|$)/.test(found.url) ? { ...found, format: "module" } : found;
}`;

/** The default export of a module: an object from case ids to functions. @throws Error naming the file and what it lacks */
export async function loadPrograms(file: string): Promise<CasePrograms> {
  if (/^\.[cm]?ts$/.test(extname(file)) && !import.meta.url.endsWith(".ts")) await readTypeScript(file);
  const folder = `${pathToFileURL(dirname(file)).href}/`;
  register(`data:text/javascript,${encodeURIComponent(HOOK)}`, { data: { runner: import.meta.url, folder } });
  const loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof loaded.default !== "object" || loaded.default === null)
    throw new Error(
      `${file}: its default export must be an object from case ids to functions (docs/cases.md)`,
    );
  return loaded.default as CasePrograms;
}

/** Makes this process read TypeScript, by tsx, if Node doesn't. */
async function readTypeScript(file: string): Promise<void> {
  if ((process.features as { typescript?: unknown }).typescript) return;
  const tsx: string = "tsx/esm/api";
  try {
    ((await import(tsx)) as { register(): void }).register();
  } catch (error) {
    throw new Error(
      `${file}: Node ${process.versions.node} doesn't read TypeScript: install tsx, or pass a .js file`,
      {
        cause: error,
      },
    );
  }
}
