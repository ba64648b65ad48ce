// From a name or a path to a plugin. A name is a package of this family, `tenon-NAME`; a path is any module that exports a
// plugin or a factory, also outside of this repository: what it imports from `tenon-*` and doesn't find beside itself, it gets
// from here.
import { existsSync, readFileSync, statSync } from "node:fs";
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isTenonError, type Plugin } from "tenon-plugin-api";
import { readExpectations, type Expectation } from "./expectations.ts";

/** A plugin with the expectations that its module exports. */
export interface Loaded {
  readonly plugin: Plugin;
  readonly expectations: readonly Expectation[];
}

/** Where a path is relative to: npm runs scripts in the package's folder and says where it was called. */
const base = (): string => process.env["INIT_CWD"] ?? process.cwd();

/** Is this a path rather than a name? */
const isPath = (given: string): boolean => /[/\\.]/.test(given);

/** Loads a plugin. @throws Error that says what was looked for */
export async function loadPlugin(given: string): Promise<Loaded> {
  const module = isPath(given) ? await importPath(given) : await importName(given);
  const plugin = await pluginOf(module, given);
  const rows = module["expectations"];
  return { plugin, expectations: rows === undefined ? [] : readExpectations(rows, `${given}: expectations`) };
}

type Module = { readonly [name: string]: unknown };

async function importName(name: string): Promise<Module> {
  for (const candidate of [`tenon-${name}`, `tenon-example-${name}`])
    try {
      return (await import(candidate)) as Module;
    } catch (error) {
      // Another module that is missing is the plugin's own trouble.
      if (!String(error).includes(`'${candidate}'`)) throw error;
    }
  throw new Error(
    `there is no plugin ${name}: no package tenon-${name} is installed. A file is named by its path: ./${name}.mjs`,
  );
}

async function importPath(given: string): Promise<Module> {
  const path = [resolve(base(), given), resolve(given)].find((p) => existsSync(p));
  if (path === undefined) throw new Error(`there is no ${resolve(base(), given)}`);
  const file = statSync(path).isDirectory() ? entryOf(path) : path;
  if (/\.[mc]?ts$/.test(file)) await acceptTypeScript();
  register(
    new URL(import.meta.url.endsWith(".ts") ? "./resolve-hook.ts" : "./resolve-hook.js", import.meta.url),
  );
  return (await import(pathToFileURL(file).href)) as Module;
}

/** The module of a package's folder: what is built, else what it is built from. */
function entryOf(folder: string): string {
  const manifest = join(folder, "package.json");
  const candidates = ["index.mjs", "index.js", "plugin.mjs", "plugin.js", "index.ts", "plugin.ts"];
  if (existsSync(manifest)) {
    const { main, exports } = JSON.parse(readFileSync(manifest, "utf8")) as {
      main?: unknown;
      exports?: unknown;
    };
    const root = (exports as { "."?: unknown } | undefined)?.["."] ?? exports;
    const named = typeof root === "string" ? [root] : Object.values(root ?? {});
    candidates.unshift(
      ...[...named.reverse(), main].filter((x): x is string => typeof x === "string" && !x.endsWith(".d.ts")),
    );
  }
  const found = candidates.map((c) => join(folder, c)).find((f) => existsSync(f));
  if (found !== undefined) return found;
  throw new Error(`${folder} has no module: looked for ${candidates.join(", ")}`);
}

/** Node 20 runs no TypeScript by itself. */
async function acceptTypeScript(): Promise<void> {
  try {
    const tsx = "tsx/esm/api"; // no dependency: whoever writes plugins in TypeScript has it or builds them
    ((await import(tsx)) as { register(): void }).register();
  } catch (error) {
    throw new Error("a plugin in TypeScript needs the package tsx; or build it and name the .js file", {
      cause: error,
    });
  }
}

async function pluginOf(module: Module, given: string): Promise<Plugin> {
  const named = Object.entries(module).filter(([name]) => name !== "default");
  for (const [, value] of [["default", module["default"]], ...named] as const) {
    if (isPlugin(value)) return value;
    const made = typeof value === "function" ? await attempt(value as () => unknown) : undefined;
    if (isPlugin(made)) return made;
  }
  const names = Object.keys(module).join(", ") || "nothing";
  throw new Error(
    `${given} exports no plugin and no function that gives one (it exports ${names}): a plugin has manifest, discover and createClient`,
  );
}
/** What a function gives without arguments; undefined if it isn't a factory. @throws what a factory says of itself */
async function attempt(factory: () => unknown): Promise<unknown> {
  try {
    return await factory();
  } catch (error) {
    if (isTenonError(error)) throw error;
    return undefined;
  }
}
function isPlugin(value: unknown): value is Plugin {
  const plugin = value as Partial<Plugin> | null | undefined;
  return typeof plugin?.createClient === "function" && typeof plugin.manifest === "object";
}
