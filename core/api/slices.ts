// Slices of one axis: `slice(1, 3)`, or a text such as "1:3".
import { fail } from "../errors.ts";
import { NDArray, type Slice } from "../ir/ndarray.ts";

/** A slice of one axis: `slice(1, 3)`, `slice(null, null, -1)`. */
export function slice(start: number | null, stop?: number | null, step?: number | null): Slice {
  const [from, to] = stop === undefined ? [null, start] : [start, stop];
  for (const v of [from, to, step] as readonly unknown[])
    if (v instanceof NDArray)
      throw fail("E_INDEX", "slice: bounds are plain numbers, got an array", {
        hint: "use lax.dynamicSlice for positions known only at run time",
      });
  return { start: from, stop: to, step: step ?? null };
}
const TEXT = /^\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?$/;
const texts = new Map<string, Slice>();
/** The slice that a text such as "1:3" or "::-1" means. @throws E_INDEX */
export function parseSlice(text: string): Slice {
  let found = texts.get(text);
  if (found !== undefined) return found;
  const match = TEXT.exec(text);
  if (match === null)
    throw fail("E_INDEX", `x.get: "${text}" is no slice`, {
      hint: 'write "1:3", "::-1" or "..."; use lax.dynamicSlice for traced bounds',
    });
  const part = (s: string | undefined): number | null => (s === undefined || s === "" ? null : Number(s));
  found = { start: part(match[1]), stop: part(match[2]), step: part(match[3]) };
  texts.set(text, found);
  return found;
}
/** Start, count and step of a slice over n elements (Python's rules). */
export function resolveSlice(s: Slice, n: number): { start: number; size: number; step: number } {
  const step = s.step ?? 1;
  if (step === 0) throw fail("E_INDEX", "x.get: the step of a slice is 0");
  const bound = (v: number | null, open: number): number => {
    if (v === null) return open;
    const i = v < 0 ? v + n : v;
    return step > 0 ? Math.min(Math.max(i, 0), n) : Math.min(Math.max(i, -1), n - 1);
  };
  const start = bound(s.start, step > 0 ? 0 : n - 1);
  const stop = bound(s.stop, step > 0 ? n : -1);
  return { start, size: Math.max(0, Math.ceil((stop - start) / step)), step };
}

/** Is it a slice (and no array)? */
export const isSliceLike = (x: unknown): x is Slice =>
  typeof x === "object" && x !== null && !(x instanceof NDArray) && "start" in x && "stop" in x;
