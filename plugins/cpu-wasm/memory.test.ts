import { isTenonError } from "tenon-plugin-api";
import fc from "fast-check";
import { expect, it } from "vitest";
import { allocate, createHeap, release } from "./memory.ts";

it("blocks never overlap, and all memory comes back", () => {
  const step = fc.record({ free: fc.boolean(), which: fc.nat(), log: fc.nat(20), extra: fc.nat(4000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = createHeap(64 << 20);
      const live: { ptr: number; nbytes: number }[] = [];
      for (const { free, which, log, extra } of steps) {
        if (free && live.length > 0) {
          const [block] = live.splice(which % live.length, 1);
          release(heap, block?.ptr as number, block?.nbytes as number);
          continue;
        }
        const nbytes = 2 ** log + extra;
        let ptr: number;
        try {
          ptr = allocate(heap, nbytes);
        } catch (error) {
          expect(isTenonError(error) && error.code).toBe("RESOURCE_EXHAUSTED");
          continue;
        }
        expect(ptr % 64).toBe(0);
        expect(ptr + nbytes).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
        for (const b of live) expect(ptr >= b.ptr + b.nbytes || b.ptr >= ptr + nbytes).toBe(true);
        live.push({ ptr, nbytes });
      }
      for (const b of live) release(heap, b.ptr, b.nbytes);
      expect(heap.live).toBe(0);
      release(heap, allocate(heap, 50 << 20), 50 << 20); // free blocks join again
    }),
    { seed: 3, numRuns: 60 },
  );
});

it("sizes that change from step to step reuse what is free", () => {
  const heap = createHeap(1 << 30);
  let live: [number, number][] = [];
  for (let round = 0; round < 200; round++) {
    for (const [ptr, n] of live) release(heap, ptr, n);
    live = Array.from({ length: 20 }, (_, i) => {
      const n = (1 << 16) + ((round * 7919 + i * 104729) % (1 << 20));
      return [allocate(heap, n), n];
    });
  }
  expect(heap.memory.buffer.byteLength).toBeLessThan(4 * heap.peak);
});

it("a full heap says how much is live", () => {
  const heap = createHeap(1 << 20);
  allocate(heap, 700_000);
  expect(() => allocate(heap, 400_000)).toThrow(/no room for \d+ bytes: \d+ bytes are live of 1048576/);
  allocate(heap, 100_000); // lives on
});
