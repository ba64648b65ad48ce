// The public surface on the reference plugin, for tests of core/api.
import { reference } from "tenon-reference";
import { context, withContext } from "../../ir/context.ts";
import { setDefaultDevice, useSync, type RuntimeDevice } from "../../runtime/registry.ts";
import { installRoot } from "../root.ts";

/** Installs the root context, and makes the reference plugin the default. */
export function useReference(): RuntimeDevice {
  installRoot();
  const device = useSync(reference())[0] as RuntimeDevice;
  setDefaultDevice(device);
  return device;
}
/** Runs with 64-bit dtypes. */
export const withX64 = <R>(f: () => R): R =>
  withContext({ config: { ...context().config, enableX64: true } }, f);

/** What `f` throws, as its reason and message. */
export function reasonOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return `${(error as { reason?: string }).reason ?? ""} ${(error as Error).message}`;
  }
  return "nothing";
}
