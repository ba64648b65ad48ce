// Handles that are garbage: freed inside a synchronous loop, never while in use, and counted right.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DeviceBuffer } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import { shaped } from "../ir/aval.ts";
import { collector, type Box } from "./collector.ts";

const MIB = 2 ** 20;
const aval = shaped([MIB / 4], "float32");
/** Buffers that count how many are alive, and the most there were. */
class Memory {
  live = 0;
  peak = 0;
  buffer(): DeviceBuffer {
    this.live++;
    this.peak = Math.max(this.peak, this.live);
    const buffer = { status: "ready", dispose: () => void this.live-- };
    return buffer as unknown as DeviceBuffer;
  }
}
class Handle {
  readonly box: Box;
  constructor(memory: Memory) {
    this.box = collector.track(this, memory.buffer(), aval);
  }
}

describe("collector", () => {
  it("frees dead handles inside a synchronous loop", () => {
    const memory = new Memory();
    let last: Handle | null = null;
    for (let i = 0; i < 3000; i++) last = new Handle(memory);
    expect(memory.peak).toBeLessThanOrEqual(520);
    expect(memory.live).toBeLessThan(520);
    expect(last?.box.buffer).not.toBeNull();
  });
  it("never frees what is reachable", () => {
    const memory = new Memory();
    const kept = Array.from({ length: 100 }, () => new Handle(memory));
    for (let i = 0; i < 1000; i++) new Handle(memory);
    collector.collect();
    expect(kept.every((h) => h.box.buffer !== null)).toBe(true);
    expect(memory.live).toBeGreaterThanOrEqual(100);
  });
  it("counts live bytes, explicit frees included", () => {
    collector.collect();
    const before = collector.liveBytes;
    const memory = new Memory();
    const [a, b] = [new Handle(memory), new Handle(memory)];
    expect(collector.liveBytes - before).toBe(2 * MIB);
    collector.free(a.box);
    collector.free(a.box);
    expect(collector.liveBytes - before).toBe(MIB);
    expect(collector.largest(1)).toMatch(/× f32\[262144\]/);
    collector.free(b.box);
  });
  it("doesn't collect a loop that frees what it makes", () => {
    const memory = new Memory();
    const before = collector.collections;
    for (let i = 0; i < 2000; i++) collector.free(new Handle(memory).box);
    expect(collector.collections).toBe(before);
  });
  it("leaves the order of microtasks alone", async () => {
    const order: string[] = [];
    const first = Promise.resolve().then(() => order.push("task"));
    collector.collect();
    order.push("sync");
    await first;
    expect(order).toEqual(["sync", "task"]);
  });
  it("forces nothing under TENON_GC=0", () => {
    const script = fileURLToPath(new URL("./testing/no-gc.ts", import.meta.url));
    const flags = ["--conditions=source", "--import", "tsx"];
    const env = { ...process.env, TENON_GC: "0" };
    const out = execFileSync(process.execPath, [...flags, script], {
      encoding: "utf8",
      timeout: 60_000,
      env,
    });
    expect(JSON.parse(out)).toEqual({ collections: 0, afterTurn: "freed some" });
  });
});
