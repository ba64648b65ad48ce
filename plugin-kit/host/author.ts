// Where in a kernel's source it threw: the first stack frame outside of this package. Read when a kernel throws, never before.

/** The folder of this package as stack frames show it; empty where the code has been bundled into one file. */
function ownFolder(): string {
  const { url } = import.meta as { readonly url?: string };
  const at = url?.search(/(dist\/)?host\/author\.[cm]?[jt]s$/) ?? -1;
  return url === undefined || at < 0 ? "" : pathOf(url.slice(0, at));
}
const pathOf = (url: string): string => decodeURI(url.replace(/^file:\/\//, ""));
/** `file:line:column` of a V8 ("at f (place)") or SpiderMonkey and JavaScriptCore ("f@place") frame. */
const placeOf = (frame: string): string | undefined =>
  /(?:\(|@|at )((?:[a-z]+:\/\/)?[^\s()@]+:\d+:\d+)\)?$/.exec(frame)?.[1];
const INTERPRETER = /\/host\/interpreter\.[cm]?[jt]s:/;

/** The line at fault, `/home/me/kernels.mjs:4:20`; undefined where it can't be told. */
export function authorLine(error: unknown): string | undefined {
  const own = ownFolder();
  if (own === "" || !(error instanceof Error)) return undefined;
  for (const frame of (error.stack ?? "").split("\n")) {
    const place = placeOf(frame.trim());
    if (place === undefined || place.startsWith("node:")) continue;
    const path = pathOf(place);
    if (INTERPRETER.test(path)) return undefined; // what follows has called the kernel
    if (!path.startsWith(own) || /\.test\.[cm]?[jt]s:/.test(path)) return path; // our tests count as authors
  }
  return undefined;
}
