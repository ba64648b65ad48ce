// A root context over a plugin, for the tests of primitives and transformations.
import type { Plugin } from "tenon-plugin-api";
import { fail } from "../../errors.ts";
import { keepAllFrames } from "../../frames.ts";
import { installContext, withContext, type Config } from "../../ir/context.ts";
import type { ArrayMethods } from "../../ir/array-methods.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { fromTyped } from "../../api/arrays.ts";
import { EvalTrace } from "../../runtime/dispatch.ts";
import { setDefaultDevice, useSync, type RuntimeDevice } from "../../runtime/registry.ts";
import { lax } from "../lax.ts";

const config: Config = {
  enableX64: false,
  disableJit: false,
  numpyDtypePromotion: "standard",
  numpyRankPromotion: "allow",
  defaultMatmulPrecision: "default",
  threefryPartitionable: true,
  debug: false,
  debugNans: false,
  debugInfs: false,
  explainCacheMisses: false,
  traceback: "full",
};
const asArray = (x: ArrayBufferView): NDArray => fromTyped(x);
/** Tests of primitives use no methods but asArray. */
const methods: ArrayMethods = new Proxy({ asArray } as ArrayMethods, {
  get: (target, name) =>
    name === "asArray"
      ? target.asArray
      : () => {
          throw fail("E_INTERNAL", `tests of primitives have no method ${String(name)}`);
        },
});

/** Installs a context that runs on `plugin`. */
export function installTestRoot(plugin: Plugin): RuntimeDevice {
  keepAllFrames(true);
  installContext({
    trace: new EvalTrace(),
    lax,
    methods,
    axisEnv: new Map(),
    device: null,
    mesh: null,
    config,
    nameStack: [],
    scope: null,
  });
  const device = useSync(plugin)[0] as RuntimeDevice;
  setDefaultDevice(device);
  return device;
}
/** Runs with 64-bit dtypes. */
export const withX64 = <R>(f: () => R): R => withContext({ config: { ...config, enableX64: true } }, f);
