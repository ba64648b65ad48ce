// From jaxprs to executables, through two caches: by the jaxpr's identity here and in dispatch, below by the structure of
// the Program, so that equal programs share one executable. Taps of `lower` rewrite, the persistent cache may answer.
import {
  deepFreeze,
  isTenonError,
  mainOf,
  signatureOf,
  toErrorRecord,
  unsupported,
  type CacheQuery,
  type CompileOptions,
  type Executable,
  type Program,
} from "tenon-plugin-api";
import { verifyProgram } from "tenon-plugin-api/verify";
import { fail, located } from "../errors.ts";
import type { Loaded, RuntimeDevice, Session } from "./device.ts";
import { runtime } from "./runtime.ts";

/** Process-wide counters: `compileCounters`, `explain` and tests read them. */
export const counters: { -readonly [K in keyof CompileCounters]: number } = {
  traces: 0,
  lowerings: 0,
  compiles: 0,
  cacheHits: 0,
  executions: 0,
};
/** What this process has done so far. */
export interface CompileCounters {
  /** Functions traced by jit. */
  readonly traces: number;
  /** Jaxprs made programs: of jitted functions and of operations outside of jit. */
  readonly lowerings: number;
  /** Programs given to a plugin to compile. */
  readonly compiles: number;
  /** Programs whose executable was there: one of equal structure had been compiled. */
  readonly cacheHits: number;
  /** Runs of executables. */
  readonly executions: number;
}

/** Runs a plugin's code; a foreign exception becomes an error that names the plugin. */
export function blame<R>(plugin: string, call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw blamed(plugin, error);
  }
}
/** The error that the user sees for what a plugin threw. */
export function blamed(plugin: string, error: unknown): Error {
  if (isTenonError(error)) return located(error);
  const text = error instanceof Error ? error.message : String(error);
  return fail("E_PLUGIN", `plugin ${plugin} threw: ${text}`, { plugin, cause: error });
}

// --- keys ----------------------------------------------------------------------------------------------------------------

/** Structural key of a program: names and locations are outside it; long attachments stand by a hash and are compared in full. */
function programKey(program: Program): string {
  const { functions, main, symbols, meshes, partitions } = program;
  const bodies = functions.map((f) => [
    f.name,
    f.params.map((p) => [p.id, p.type, p.donate ?? 0, p.memoryKind, p.sharding]),
    f.ops,
    f.results.map((r) => [r.value, r.memoryKind, r.sharding]),
  ]);
  const bytes = program.attachments.map((a) => (a.length <= 64 ? a.join() : `${a.length}:${hashBytes(a)}`));
  const located = program.locations === undefined ? undefined : withoutLocations;
  return JSON.stringify([main, bodies, bytes, symbols, meshes, partitions], located);
}
const withoutLocations = (key: string, value: unknown): unknown => (key === "loc" ? undefined : value);

/** FNV-1a over the bytes. */
function hashBytes(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const x of bytes) h = Math.imul(h ^ x, 0x01000193);
  return h >>> 0;
}
const sameBytes = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length &&
  a.every((x, i) => {
    const y = b[i] as Uint8Array;
    return x.length === y.length && x.every((v, k) => v === y[k]);
  });

// --- compiling -------------------------------------------------------------------------------------------------------------

/** What the taps of `lower` make of a program, verified. */
function rewritten(program: Program, session: Session): { program: Program; taps: string } {
  const hook = runtime.asked?.lower;
  if (hook?.isUsed() !== true) return { program, taps: "" };
  const { plugin, capabilities } = session;
  const result = hook.call(
    deepFreeze(program),
    Object.freeze({ plugin, capabilities, function: program.name }),
  );
  const taps = hook.taps
    .map((t) => `${t.name}@${String((t as { fingerprint?: unknown }).fingerprint)}`)
    .join();
  return { program: result === program ? program : verifyProgram(result), taps };
}

/** The executable of a program on a device, or the promise of one. @throws UNIMPLEMENTED naming op, dtype and plugin */
export function compileProgram(lowered: Program, device: RuntimeDevice, options?: CompileOptions): Loaded {
  const { session } = device;
  const { program, taps } = rewritten(lowered, session);
  const key = `${device.index}|${taps}|${programKey(program)}`;
  const bucket = session.programs.get(key) ?? [];
  session.programs.set(key, bucket);
  const known = bucket.find((b) => sameBytes(b.attachments, program.attachments));
  if (known !== undefined && !isAwaited(known.loaded, session, options)) {
    counters.cacheHits++;
    return known.loaded;
  }
  const refused = unsupported(program, session.capabilities, session.plugin);
  if (refused !== undefined) throw located(refused);
  const loaded: Loaded = known?.loaded ?? { executable: null, failure: null, program };
  const item = { attachments: program.attachments, loaded };
  bucket.push(item);
  const job: Job = {
    loaded,
    program: deepFreeze({ ...program, ir: session.ir }),
    key,
    session,
    options: { ...options, devices: [device.id] },
    forget: () => void bucket.splice(bucket.indexOf(item), 1),
  };
  try {
    load(job);
  } catch (error) {
    job.forget();
    throw error;
  }
  return loaded;
}

/** One compilation. */
interface Job {
  readonly loaded: Loaded;
  readonly program: Program;
  readonly key: string;
  readonly session: Session;
  readonly options: CompileOptions;
  /** Takes it out of the cache: it failed. */
  readonly forget: () => void;
}

/** Is it being compiled for someone who awaits it, while this caller can't wait? Then it's compiled here and now. */
const isAwaited = (loaded: Loaded, session: Session, options: CompileOptions | undefined): boolean =>
  loaded.executable === null && session.gate === null && options?.background !== true;

/** Compiles, at once or behind the session's gate; the persistent cache is asked first. */
function load(job: Job): void {
  const { loaded, session, options } = job;
  counters.compiles++;
  const query = cacheQuery(job);
  const made = cached(query, job) ?? compile(job);
  if (!(made instanceof Promise)) {
    store(query, (loaded.executable = accepted(made, session)));
    return;
  }
  if (session.gate === null && options.background !== true) {
    made.catch(() => undefined);
    throw fail("E_PLUGIN", `plugin ${session.plugin} offers readSync, so compile may not return a promise`, {
      plugin: session.plugin,
    });
  }
  const settled = made
    .then((executable) => {
      if (loaded.executable !== null) executable.dispose();
      else store(query, (loaded.executable = accepted(executable, session)));
    })
    .catch((error: unknown) => {
      loaded.failure = blamed(session.plugin, error);
      job.forget();
    });
  loaded.pending = settled;
  if (options.background !== true) session.gate?.hold(settled);
}

/** The executable, if it is one. */
function accepted(made: Executable, { plugin }: Session): Executable {
  if (typeof (made as Executable | undefined)?.execute === "function") return made;
  throw fail("E_PLUGIN", `plugin ${plugin} compiled to something without a method execute`, { plugin });
}

/** `client.compile` between the hooks that tell of it. */
function compile({ program, key, session, options }: Job): Executable | Promise<Executable> {
  const { client, plugin } = session;
  const hooks = runtime.asked;
  const told = hooks !== null && (hooks.beforeCompile.isUsed() || hooks.compiled.isUsed());
  if (!told) return blame(plugin, () => client.compile(program, options));
  const event = { id: runtime.eventId(), plugin, program, key };
  const began = performance.now();
  const end = (error?: unknown): void => {
    const failed = error === undefined ? {} : { error: toErrorRecord(error, plugin) };
    hooks.compiled.call(Object.freeze({ ...event, elapsedMs: performance.now() - began, ...failed }));
  };
  hooks.beforeCompile.call(Object.freeze(event));
  try {
    const made = client.compile(program, options);
    if (!(made instanceof Promise)) {
      end();
      return made;
    }
    return made.then(
      (executable) => {
        end();
        return executable;
      },
      (error: unknown) => {
        end(error);
        throw error;
      },
    );
  } catch (error) {
    end(error);
    throw blamed(plugin, error);
  }
}

// --- the persistent cache ----------------------------------------------------------------------------------------------------

/** What identifies this program in the persistent cache; null when nobody taps it. */
function cacheQuery({ program, key, session, options }: Job): CacheQuery | null {
  const hooks = runtime.asked;
  // Functions of this process: nobody else can run what calls them.
  if (options.callbacks !== undefined) return null;
  if (hooks === null || !(hooks.cacheLookup.isUsed() || hooks.cacheStore.isUsed())) return null;
  const { plugin } = session;
  return Object.freeze({
    key: `${plugin}|${mainOf(program).name}|${key}`,
    plugin,
    fingerprint: key,
    signature: signatureOf(program),
  });
}

/** An executable from the bytes of the persistent cache; null is a miss. Unreadable bytes are a miss, too: they are compiled anew. */
function cached(query: CacheQuery | null, job: Job): Executable | Promise<Executable> | null {
  const hooks = runtime.asked;
  if (query === null || hooks === null) return null;
  const miss = (because: "empty" | "unreadable"): null => {
    hooks.cacheMiss.call(Object.freeze({ ...query, because }));
    return null;
  };
  const hit = (executable: Executable): Executable => {
    hooks.cacheHit.call(query);
    return executable;
  };
  const bytes = hooks.cacheLookup.call(query);
  const { deserialize } = job.session.client.extensions ?? {};
  // A promise can't be waited for by a client that compiles synchronously.
  if (bytes === undefined || bytes instanceof Promise || deserialize === undefined) return miss("empty");
  try {
    const loaded = deserialize.load(bytes, query.signature, job.options);
    if (loaded instanceof Promise)
      return loaded.then(hit, () => {
        miss("unreadable");
        return compile(job);
      });
    return hit(loaded);
  } catch {
    return miss("unreadable");
  }
}
function store(query: CacheQuery | null, executable: Executable): void {
  const serialize = executable.extensions?.serialize;
  if (query === null || serialize === undefined || runtime.asked?.cacheStore.isUsed() !== true) return;
  runtime.asked.cacheStore.call(query, () => serialize.bytes());
}
