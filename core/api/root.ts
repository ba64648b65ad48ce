// The root context: what is in force outside of any transformation.
import { keepAllFrames } from "../frames.ts";
import { context, installContext, isInstalled, type Config, type Context } from "../ir/context.ts";
import { lax } from "../primitives/lax.ts";
import { EvalTrace } from "../runtime/dispatch.ts";
import { arrayMethods } from "./methods.ts";

/** Settings that nobody has changed. */
export const DEFAULT_CONFIG: Config = Object.freeze({
  enableX64: false,
  disableJit: false,
  numpyDtypePromotion: "standard",
  numpyRankPromotion: "allow",
  defaultMatmulPrecision: "default",
  threefryPartitionable: true,
  debug: false,
  explainCacheMisses: false,
  debugNans: false,
  debugInfs: false,
  traceback: "filtered",
});

/** Installs the root context, once; later calls return the one in force. */
export function installRoot(config: { readonly [K in keyof Config]?: Config[K] | undefined } = {}): Context {
  if (!isInstalled()) {
    keepAllFrames(config.traceback === "full");
    installContext({
      trace: new EvalTrace(),
      lax,
      methods: arrayMethods,
      axisEnv: new Map(),
      device: null,
      mesh: null,
      config: { ...DEFAULT_CONFIG, ...config } as Config,
      nameStack: [],
      scope: null,
    });
  }
  return context();
}
