// Calls of the host that may still be under way, and what they threw: effectsBarrier waits for the ones and tells the others.
import type { RuntimeDevice } from "./device.ts";

/** What callbacks threw in programs whose caller hasn't heard of it; all of it is made by `fail`. */
export const unheard: Set<Error> = new Set();
/** Devices that have run programs with callbacks since the last barrier. */
const busy = new Set<RuntimeDevice>();

/** Runs a program that calls the host: what it throws here and now has been heard. */
export function callingHost<R>(device: RuntimeDevice, run: () => R): R {
  busy.add(device);
  try {
    return run();
  } catch (error) {
    unheard.delete(error as Error);
    throw error;
  }
}

/** Errors that nobody has heard of, and devices that may be running callbacks; both are forgotten. */
export function takePending(): {
  readonly errors: () => Error[];
  readonly devices: readonly RuntimeDevice[];
} {
  const devices = [...busy];
  busy.clear();
  const errors = (): Error[] => {
    const found = [...unheard];
    unheard.clear();
    return found;
  };
  return { errors, devices };
}
