// How cases of rules say what they found.
import { isTenonError, type ErrorCode } from "tenon-plugin-api";
import { NotClaimed } from "../case.ts";

/** Fails the case unless it holds. */
export function expect(holds: boolean, found: string): asserts holds {
  if (!holds) throw new Error(found);
}
/** Ends the case as skipped unless the client claims what it is about. */
export function claims(holds: boolean, what: string): asserts holds {
  if (!holds) throw new NotClaimed(`it claims no ${what}`);
}
/** The error of a call must have one of these codes and be an error of Tenon. */
export async function expectError(
  codes: readonly ErrorCode[],
  what: string,
  call: () => unknown,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    expect(isTenonError(error), `${what}: ${String(error)} has no code`);
    const why = `${what}: ${error.code} (${error.message}), expected ${codes.join(" or ")}`;
    expect(codes.includes(error.code), why);
    return;
  }
  throw new Error(`${what} succeeded, expected ${codes.join(" or ")}`);
}
/** Waits, but not for ever. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: nothing after ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
/** Are these the same bytes? */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);
