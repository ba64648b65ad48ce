// The hooks of one runtime: tapable's, but their calls are interpreted. tapable compiles with `new Function`, even for an
// untapped call, which a strict Content-Security-Policy forbids; with this override one build serves every page. [hooks.csp]
// Loaded from a copy that is an ES module: see scripts/vendor-tapable.mjs.
import { SyncBailHook, SyncHook, SyncWaterfallHook } from "#tapable";
import { tenonError } from "./errors.ts";
import type { RuntimeHooks, TenonError } from "./plugin.ts";

/** each: all taps see the payload · bail: the first answer wins · waterfall: each tap gets what the one before gave. */
type Style = "each" | "bail" | "waterfall";
interface Tapped {
  readonly taps: readonly { readonly name: string; readonly fn: (...args: unknown[]) => unknown }[];
  readonly interceptors: readonly {
    readonly call?: (...args: unknown[]) => void;
    readonly tap?: (tap: object) => void;
  }[];
}
/** What to do when a tap throws. */
type OnThrow = (tap: string, error: unknown) => void;

function interpret(
  { taps, interceptors }: Tapped,
  style: Style,
  onThrow: OnThrow,
): (...args: unknown[]) => unknown {
  return (first, ...rest) => {
    let value = first;
    for (const i of interceptors) i.call?.(first, ...rest);
    for (const tap of taps) {
      for (const i of interceptors) i.tap?.(tap);
      try {
        const answer = tap.fn(value, ...rest);
        if (answer === undefined || style === "each") continue;
        if (style === "bail") return answer;
        value = answer;
      } catch (error) {
        onThrow(tap.name, error);
      }
    }
    return style === "waterfall" ? value : undefined;
  };
}

/** Replaces a hook's compiler. */
function interpreted<H extends { readonly isUsed: () => boolean }>(
  hook: H,
  style: Style,
  onThrow: OnThrow,
): H {
  return Object.assign(hook, { compile: (tapped: Tapped) => interpret(tapped, style, onThrow) });
}

/** Names the tap that threw. */
const tapError = (hook: string, tap: string, cause: unknown): TenonError =>
  tenonError("INTERNAL", `the tap ${JSON.stringify(tap)} of the hook ${hook} threw: ${String(cause)}`, {
    reason: "E_TAP",
    cause,
  });
/** A tap of `lower` or `cacheLookup` that throws is blamed: the user sees its name. */
const blame =
  (hook: string): OnThrow =>
  (tap, error) => {
    throw tapError(hook, tap, error);
  };

/** The hooks of a new runtime. A throwing notification tap is reported to `warn` under its name; one of `warn`, to the console. */
export function createHooks(): RuntimeHooks {
  const warn: RuntimeHooks["warn"] = interpreted(new SyncHook(["warning"], "warn"), "each", (tap, error) => {
    console.error(tapError("warn", tap, error).message);
  });
  const report =
    (hook: string): OnThrow =>
    (tap, error) => {
      warn.call({ error: tapError(hook, tap, error).toJSON() });
    };
  const notify = <T>(name: string): SyncHook<[T]> =>
    interpreted(new SyncHook<[T]>(["event"], name), "each", report(name));
  return {
    registered: notify("registered"),
    clientCreated: notify("clientCreated"),
    lower: interpreted(new SyncWaterfallHook(["program", "context"], "lower"), "waterfall", blame("lower")),
    cacheLookup: interpreted(new SyncBailHook(["query"], "cacheLookup"), "bail", blame("cacheLookup")),
    cacheStore: interpreted(new SyncHook(["query", "bytes"], "cacheStore"), "each", report("cacheStore")),
    cacheHit: notify("cacheHit"),
    cacheMiss: notify("cacheMiss"),
    beforeCompile: notify("beforeCompile"),
    compiled: notify("compiled"),
    beforeExecute: notify("beforeExecute"),
    executed: notify("executed"),
    settled: notify("settled"),
    transfer: notify("transfer"),
    collective: notify("collective"),
    deviceLost: notify("deviceLost"),
    warn,
  };
}
