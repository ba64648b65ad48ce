// Names: JAX's to ours, a path to the public function, and JAX's parameter names (a committed table).
import { createRequire } from "node:module";
import * as tenon from "tenon";

/** JAX's name in camelCase: `_` goes and raises the next letter; a leading or trailing `_` stays. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Our path of a dotted JAX name: `jnp.log_softmax` → `np.logSoftmax`. */
export function ourPath(api: string): string {
  const [root, ...rest] = api.split(".");
  return [root === "jnp" ? "np" : root, ...rest.map(camelCase)].join(".");
}

/** The public function or namespace at one of our paths, or undefined. */
export function lookUp(path: string): unknown {
  let at: unknown = tenon;
  for (const name of path.split(".")) {
    if ((typeof at !== "object" && typeof at !== "function") || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

/** A case that can't be run here, with the reason: it counts as skipped. */
export class Skip extends Error {
  override name = "Skip";
}

/** The public function at a path. @throws Skip naming the path if there is none */
export function publicFunction(path: string): (...args: unknown[]) => unknown {
  const found = lookUp(path);
  if (typeof found !== "function") throw new Skip(`${path} is absent`);
  return found as (...args: unknown[]) => unknown;
}

const require = createRequire(import.meta.url);
let parameters: Readonly<Record<string, string>> | undefined;

/** JAX's parameter names of a function, `*args` and `**kwargs` with their stars; undefined if JAX's aren't known. */
export function jaxParameters(api: string): readonly string[] | undefined {
  parameters ??= require("tenon-conformance/cases/jax-parameters.json") as Record<string, string>;
  return Object.hasOwn(parameters, api) ? (parameters[api] as string).split(" ").filter(Boolean) : undefined;
}
