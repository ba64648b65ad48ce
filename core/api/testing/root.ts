// The whole root context over the reference plugin, for the tests of core/api.
import { reference } from "tenon-reference";
import { withContext, context } from "../../ir/context.ts";
import { setDefaultDevice, useSync, type RuntimeDevice } from "../../runtime/registry.ts";
import { installRoot } from "../root.ts";

/** Installs the root context and makes the reference plugin the default device. */
export function installReference(): RuntimeDevice {
  installRoot();
  const device = useSync(reference())[0] as RuntimeDevice;
  setDefaultDevice(device);
  return device;
}
/** Runs with 64-bit dtypes. */
export const withX64 = <R>(f: () => R): R =>
  withContext({ config: { ...context().config, enableX64: true } }, f);

/** What `f` throws: its reason and message. */
export function reasonOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return `${(error as { reason?: string }).reason ?? ""} ${(error as Error).message}`;
  }
  return "nothing";
}
