// Optional parts are objects, reached only through here: absent ones say what the host does without them.
import { tenonError } from "./errors.ts";
import type { ClientExtensions, ExecutableExtensions, PluginExtensions } from "./plugin.ts";

/** All extensions by name. */
export interface Extensions extends ClientExtensions, ExecutableExtensions, PluginExtensions {}

/** What carries the work where an extension is absent (abi.md §2). */
const FALLBACK: { readonly [N in keyof Extensions]: string } = {
  readSync: "await x.data()",
  hostView: "toHost copies",
  hostAllocator: "a plain ArrayBuffer",
  deviceCopy: "toHost, then toDevice",
  deserialize: "compile again",
  memoryStats: "the host counts the bytes of live buffers",
  interop: "through host memory",
  serialize: "compile again",
  cost: "cost(program), an estimate",
  memory: "cost(program), an estimate",
  text: "printProgram(program)",
  hooks: "none: the plugin taps nothing",
  aot: "compile on a machine that has the device",
};

/**
 * An extension of a plugin, client or executable.
 * @throws UNIMPLEMENTED with `missing: { capability, since, fallback }` where it is absent
 */
export function extension<N extends keyof Extensions>(
  owner: { readonly extensions?: { readonly [K in N]?: Extensions[K] } | undefined },
  name: N,
): Extensions[N] {
  const found = owner.extensions?.[name];
  if (found !== undefined) return found;
  const fallback = FALLBACK[name];
  throw tenonError("UNIMPLEMENTED", `the extension ${name} is absent; without it: ${fallback}`, {
    reason: "E_NO_EXTENSION",
    missing: { capability: name, since: "0.9", fallback },
  });
}
