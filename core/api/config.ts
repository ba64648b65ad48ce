// Settings: JAX's flag names without `jax_`, camelCased. One immutable record in the context; set between traces only.
import { fail } from "../errors.ts";
import { keepAllFrames } from "../frames.ts";
import { context, installContext, withContext, type Config } from "../ir/context.ts";
import { refuseOperand } from "../primitives/operand.ts";
import { checkOptions } from "./arrays.ts";
import { DEFAULT_CONFIG } from "./root.ts";

/** Settings that may be changed: any of them, by name. */
export type ConfigChange = { readonly [K in keyof Config]?: Config[K] | undefined };

const CHOICES: { readonly [K in keyof Config]?: readonly Config[K][] } = {
  numpyDtypePromotion: ["standard", "strict"],
  numpyRankPromotion: ["allow", "raise"],
  defaultMatmulPrecision: ["default", "high", "highest"],
  traceback: ["filtered", "full"],
};

/** The settings with some of them replaced. @throws E_UNKNOWN_OPTION, E_CONFIG for a value that a setting doesn't take */
function changed(name: string, change: ConfigChange): Config {
  checkOptions(name, change ?? null, Object.keys(DEFAULT_CONFIG));
  const next: Record<string, unknown> = { ...context().config };
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) continue;
    const choices: readonly unknown[] = CHOICES[key as keyof Config] ?? [false, true];
    if (!choices.includes(value))
      throw fail(
        "E_CONFIG",
        `${name}: ${key} is one of ${choices.map(String).join(", ")}, got ${String(value)}`,
      );
    next[key] = value;
  }
  return next as unknown as Config;
}

/** The settings of this process. */
export const config = Object.freeze({
  /** Changes settings for all that follows. @throws E_CONFIG inside a traced function: use withConfig there */
  set(change: ConfigChange): void {
    if (context().trace.kind !== "eval")
      throw fail("E_CONFIG", "config.set: called inside a traced function", {
        hint: "call it before tracing, or use withConfig(change, f)",
      });
    const next = changed("config.set", change);
    keepAllFrames(next.traceback === "full");
    installContext({ ...context(), config: next });
  },
  /** The settings in force. */
  get(): Config {
    return context().config;
  },
});

/** Runs `f` with some settings replaced. Source: the context managers of jax.config. */
export function withConfig<R>(change: ConfigChange, f: () => R): R {
  if (typeof f !== "function") throw refuseOperand("withConfig", f, "a function");
  const before = context().config.traceback;
  const next = changed("withConfig", change);
  keepAllFrames(next.traceback === "full");
  try {
    return withContext({ config: next }, f);
  } finally {
    keepAllFrames(before === "full");
  }
}

const flag = (name: string): string => `TENON_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`;

/** Settings from environment variables: `TENON_ENABLE_X64=1` sets enableX64. @throws E_CONFIG naming the variable */
export function configFromEnvironment(env: Readonly<Record<string, string | undefined>>): ConfigChange {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(DEFAULT_CONFIG)) {
    const text = env[flag(key)];
    if (text === undefined || text === "") continue;
    const choices: readonly unknown[] = CHOICES[key as keyof Config] ?? [false, true];
    const value = choices.includes(false)
      ? ({ "1": true, true: true, "0": false, false: false } as Record<string, boolean>)[text.toLowerCase()]
      : text;
    if (!choices.includes(value))
      throw fail("E_CONFIG", `${flag(key)}="${text}": expected one of ${choices.map(String).join(", ")}`);
    found[key] = value;
  }
  return found;
}
