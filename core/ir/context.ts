// The one ambient value of core: an immutable context, replaced whole by `withContext` (try/finally, synchronous).
import { fail } from "../errors.ts";
import type { Lax } from "../primitives/lax.ts";
import type { ArrayMethods } from "./array-methods.ts";
import type { Trace } from "./trace.ts";

/** Settings by JAX's flag names, camelCased, without `jax_`. */
export interface Config {
  readonly enableX64: boolean;
  readonly disableJit: boolean;
  readonly numpyDtypePromotion: "standard" | "strict";
  readonly numpyRankPromotion: "allow" | "raise";
  readonly defaultMatmulPrecision: "default" | "high" | "highest";
  readonly threefryPartitionable: boolean;
  /** Internal consistency checks on every bind (tests). */
  readonly debug: boolean;
  /** After each operation: throws where a result is NaN, naming the operation inside of jitted functions and loops. */
  readonly debugNans: boolean;
  /** The same for infinities. */
  readonly debugInfs: boolean;
  /** Says on the console why jit traces, and whether the program had to be compiled. */
  readonly explainCacheMisses: boolean;
  /** "filtered" trims tenon's own frames from errors. */
  readonly traceback: "filtered" | "full";
}

/** A named axis in scope: a vmap's, or a mesh axis inside shardMap. */
export interface NamedAxis {
  readonly size: number;
  readonly kind: "vmap" | "manual";
}

/** Everything ambient, in one immutable record. */
export interface Context {
  /** Where `bind` sends operations now. */
  readonly trace: Trace;
  /** The operation surface handed to rules. */
  readonly lax: Lax;
  /** What the methods of arrays delegate to. */
  readonly methods: ArrayMethods;
  readonly axisEnv: ReadonlyMap<string, NamedAxis>;
  /** The device of `withDevice`, or null (then the default one). Opaque to ir: a runtime Device. */
  readonly device: object | null;
  readonly mesh: object | null;
  readonly config: Config;
  readonly nameStack: readonly string[];
  /** Arrays made inside the innermost `scope`, or null. */
  readonly scope: Set<{ dispose(): void }> | null;
}

let current: Context | null = null;

/** The context in force. @throws E_NOT_READY before the root context is installed (import "tenon", not its parts). */
export function context(): Context {
  if (current === null)
    throw fail("E_NOT_READY", "tenon is not initialised", {
      hint: "import the package `tenon`, which does it, or call installRoot of tenon-core",
    });
  return current;
}

/** Installs the root context once (packages/tenon's default-plugin; tests). */
export function installContext(root: Context): void {
  current = root;
}

/** True once a root context is installed. */
export const isInstalled = (): boolean => current !== null;

/** Runs `f` with some fields of the context replaced. Synchronous: the old context is back when it returns. */
export function withContext<R>(change: Partial<Context>, f: () => R): R {
  const saved = current;
  current = { ...context(), ...change };
  try {
    return f();
  } finally {
    current = saved;
  }
}

/** `withContext({ trace })` on the hot path. */
export function withTrace<R>(trace: Trace, f: () => R): R {
  const saved = context();
  if (saved.trace === trace) return f();
  current = { ...saved, trace };
  try {
    return f();
  } finally {
    current = saved;
  }
}
