// fast-check with TENON_FULL times as many runs of each property: vitest.config.ts puts it in fast-check's place.
import * as original from "../node_modules/fast-check/lib/fast-check.js";

export * from "../node_modules/fast-check/lib/fast-check.js";

const FACTOR = Number(process.env["TENON_FULL"]);
/** As fast-check's, with more runs. */
export const assert: typeof original.assert = (property, parameters) =>
  original.assert(property, {
    ...parameters,
    numRuns: FACTOR * (parameters?.numRuns ?? 100),
  } as never) as never;
export default { ...original, assert };
