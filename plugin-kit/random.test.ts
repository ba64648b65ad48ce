// Random fused programs, with loops and branches: interpretation of the plan equals the reference, and memory is sound.
import fc from "fast-check";
import { describe, it } from "vitest";
import { randomProgram } from "./testing/random-program.ts";
import { check } from "./testing/run.ts";

describe("random programs", () => {
  it("give what the reference gives", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 60 }), async (seed, count) => {
        await check(randomProgram(seed, count), seed, { tolerance: { relative: 1e-4, ofLargest: 1e-5 } });
      }),
      { numRuns: 150, seed: 4 },
    );
  });
});
