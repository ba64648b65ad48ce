// Where in the user's code an error arose: the first stack frame outside of our packages. Read when an error is made, never before.

/**
 * The folder of core, as stack frames show it: of the package, since frames that went through source maps name sources
 * beside dist/. Empty where the code has been bundled into one file.
 */
function ownFolder(): string {
  const { url } = import.meta as { readonly url?: string };
  return url === undefined || !/\/frames\.[cm]?[jt]s$/.test(url)
    ? ""
    : pathOf(url.slice(0, url.lastIndexOf("/") + 1)).replace(/\/dist\/$/, "/");
}
const pathOf = (url: string): string => decodeURI(url.replace(/^file:\/\//, ""));
const OWN: string = ownFolder();
/** Where core's neighbours stand: node_modules/tenon…, or the workspace's packages. */
const NEIGHBOURS: string = OWN.replace(/[^/]+\/$/, "");
const NEIGHBOUR = /^(core|plugin-api|plugin-kit|plugins|packages|tenon(-[a-z-]+)?)\//;
const isOurs = (path: string): boolean =>
  path.startsWith(OWN) || (path.startsWith(NEIGHBOURS) && NEIGHBOUR.test(path.slice(NEIGHBOURS.length)));

/** `file:line:column` of a V8 ("at f (place)") or SpiderMonkey and JavaScriptCore ("f@place") frame. */
const placeOf = (frame: string): string | undefined =>
  /(?:\(|@|at (?:async )?)((?:file:\/\/)?[^\s()@]+:\d+:\d+)\)?$/.exec(frame)?.[1];

/** Is a frame none of ours, nor of the engine? Our tests count as users. */
function isForeign(frame: string): boolean {
  const place = placeOf(frame);
  if (place === undefined || place.startsWith("node:")) return false;
  const path = pathOf(place);
  return !isOurs(path) || /\.(test|tmp)\.[cm]?[jt]s:/.test(path);
}

const settings = { keepAll: false };
/** Whether stacks keep our frames (config.traceback = "full"). */
export function keepAllFrames(keepAll: boolean): void {
  settings.keepAll = keepAll;
}

/** Runs `make` with room in the stack for deep traces. */
export function withDeepStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit as number | undefined;
  Error.stackTraceLimit = 100;
  try {
    return make();
  } finally {
    if (limit !== undefined) Error.stackTraceLimit = limit;
  }
}

/** Which of our functions called into this file, as the user called it; null where the user did so directly. */
export function calledByUs(file: string): string | null {
  if (OWN === "") return null;
  const stack = withDeepStack(() => new Error().stack) ?? "";
  const frames = stack.split("\n").map((line) => line.trim());
  const within = new RegExp(`/(frames|${file})\\.[cm]?[jt]s:`);
  const caller = frames.findIndex((f) => placeOf(f) !== undefined && !within.test(placeOf(f) as string));
  if (caller < 0 || isForeign(frames[caller] as string)) return null;
  const user = frames.findIndex((f, i) => i > caller && isForeign(f));
  return /^at (?:[A-Z]\w*\.)?(\w+) \(/.exec(frames[user - 1] ?? "")?.[1] ?? "this function";
}

/** The user's line in a stack, `model.ts:41:7`; undefined where it can't be told. */
export function userLine(stack: string | undefined): string | undefined {
  if (OWN === "" || stack === undefined) return undefined;
  const frame = stack.split("\n").find((line) => isForeign(line.trim()));
  return frame === undefined ? undefined : pathOf(placeOf(frame.trim()) as string);
}

/** The stack of an error without our frames, as long as others are left; the message stays as it is. */
export function trimmed(stack: string, message: string): string {
  if (OWN === "" || settings.keepAll) return stack;
  const end = stack.indexOf(message) + message.length;
  const kept = stack
    .slice(end)
    .split("\n")
    .filter((line) => isForeign(line.trim()));
  return kept.length === 0 ? stack : [stack.slice(0, end), ...kept.slice(0, 20)].join("\n");
}
