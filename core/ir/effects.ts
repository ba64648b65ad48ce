// What passes may do with equations that have effects. The kind says how runs are ordered, the key whose effect it is.
import type { Effect } from "./primitive.ts";

/** Prints and other looks at values: they show what runs, so that what is computed twice is seen twice. */
export const DEBUG = "debug";
/** Functions of the host whose every run counts. */
export const IO = "io";

/** Checks that throw: a second one does nothing more. */
export const CHECK = "check";

/** Effects that say what an equation needs around it, and do nothing outside of the program. */
const isContext = (e: Effect): boolean => e.kind === "axis" || e.kind === "collective";

/** May the equation be computed a second time, as checkpoint does? */
export const mayDuplicate = (e: Effect): boolean => isContext(e) || e.key === DEBUG || e.key === CHECK;
/** May the equation go if nothing uses its results? */
export const mayDrop = (e: Effect): boolean => e.kind === "axis";
/** May the equation move past others, and out of a loop? */
export const mayReorder = (e: Effect): boolean => e.kind === "axis";

/** Is an equation tied to its place and to how often it runs, so that loops keep it and unused results don't free it? */
export const isBound = (effects: readonly Effect[]): boolean =>
  effects.some((e) => !mayDrop(e) || !mayReorder(e));
/** Does anything of it happen outside of the program? */
export const isVisible = (effects: readonly Effect[]): boolean => effects.some((e) => !isContext(e));
