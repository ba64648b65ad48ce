// Masks over loop carries grow until they're stable.

/** Calls `step` with a growing mask until its output mask adds nothing; returns the last value. */
export function fixpoint<R>(
  init: readonly boolean[],
  step: (mask: readonly boolean[]) => { value: R; out: readonly boolean[] },
): { value: R; mask: readonly boolean[] } {
  let mask = init;
  for (let i = 0; i <= init.length; i++) {
    const { value, out } = step(mask);
    const next = mask.map((m, k) => m || (out[k] ?? false));
    if (next.every((m, k) => m === mask[k])) return { value, mask };
    mask = next;
  }
  throw new Error("internal: a carry mask has no fixpoint");
}

/** Where any of the masks is true; as long as the first. */
export const or = (...masks: readonly (readonly boolean[])[]): boolean[] =>
  (masks[0] ?? []).map((_, i) => masks.some((m) => m[i] ?? false));

/** Cuts a list into pieces of these lengths; the rest is the last piece. */
export function cut<T>(list: readonly T[], ...lengths: readonly number[]): T[][] {
  const pieces: T[][] = [];
  let at = 0;
  for (const n of lengths) pieces.push(list.slice(at, (at += n)));
  pieces.push(list.slice(at));
  return pieces;
}
