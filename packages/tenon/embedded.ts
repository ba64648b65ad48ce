// Which plugin comes with the package.
import { unimplemented, type Plugin } from "tenon-plugin-api";

/** The embedded default plugin. */
export const embedded = (): Plugin => {
  throw unimplemented(
    "the embedded default",
    undefined,
    "tenon-cpu-wasm",
    "start another plugin and make it the default: setDefaultDevice((await use(plugin))[0])",
  );
};
