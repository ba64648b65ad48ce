// The semantics of each kind of hook, who hears of a tap that throws, and a page that forbids code generation.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createHooks } from "./hooks.ts";
import type { LowerContext } from "./plugin.ts";
import { programOf, t } from "./testing/build.ts";

const event = { id: 1, plugin: "p", name: "f", deviceIds: [0], startMs: 0 };
const program = programOf({ op: "negate", operands: [t("f32")], results: [t("f32")] });
const context: LowerContext = { plugin: "p", capabilities: { dtypes: [], ops: {} }, function: "f" };
const query = { key: "k", plugin: "p", fingerprint: "", signature: { params: [], results: [] } };

describe("hooks", () => {
  it("calls every tap of a notification, in order", () => {
    const hooks = createHooks();
    const seen: string[] = [];
    hooks.executed.tap("second", () => void seen.push("second"));
    hooks.executed.tap({ name: "first", before: "second" }, () => void seen.push("first"));
    hooks.executed.call(event);
    expect(seen).toEqual(["first", "second"]);
  });
  it("knows whether a hook is used", () => {
    const hooks = createHooks();
    expect(hooks.settled.isUsed()).toBe(false);
    hooks.settled.tap("x", () => undefined);
    expect(hooks.settled.isUsed()).toBe(true);
  });
  it("hands a program through the taps of lower", () => {
    const hooks = createHooks();
    const add = (suffix: string): void => {
      hooks.lower.tap({ name: suffix, fingerprint: suffix }, (p) => ({ ...p, name: p.name + suffix }));
    };
    add("a");
    hooks.lower.tap({ name: "watcher", fingerprint: "w" }, (p) => p);
    add("b");
    expect(hooks.lower.call(program, context).name).toBe("testab");
  });
  it("takes the first answer of cacheLookup", () => {
    const hooks = createHooks();
    hooks.cacheLookup.tap("empty", () => undefined);
    hooks.cacheLookup.tap("full", () => Uint8Array.of(1));
    hooks.cacheLookup.tap("late", () => Uint8Array.of(2));
    expect(hooks.cacheLookup.call(query)).toEqual(Uint8Array.of(1));
  });
  it("reports a throwing notification tap to warn, and goes on", () => {
    const hooks = createHooks();
    const heard: string[] = [];
    hooks.warn.tap("test", ({ error }) => void heard.push(error.message));
    hooks.compiled.tap("broken", () => {
      throw new Error("oops");
    });
    let reached = false;
    hooks.compiled.tap("next", () => void (reached = true));
    hooks.compiled.call({ id: 1, plugin: "p", program, key: "k" });
    expect(reached).toBe(true);
    expect(heard).toEqual(['the tap "broken" of the hook compiled threw: Error: oops']);
  });
  it("blames a throwing tap of lower by name", () => {
    const hooks = createHooks();
    hooks.lower.tap({ name: "rewriter", fingerprint: "1" }, () => {
      throw new Error("oops");
    });
    expect(() => hooks.lower.call(program, context)).toThrowError(
      expect.objectContaining({
        code: "INTERNAL",
        message: 'the tap "rewriter" of the hook lower threw: Error: oops',
      }),
    );
  });
  it("works where code generation is forbidden", () => {
    const script = fileURLToPath(new URL("./testing/strict-page.ts", import.meta.url));
    const flags = ["--disallow-code-generation-from-strings", "--conditions=source", "--import", "tsx"];
    const out = execFileSync(process.execPath, [...flags, script], { encoding: "utf8", timeout: 60_000 });
    expect(JSON.parse(out)).toEqual({
      forbidden: true,
      seen: ['the tap "broken" of the hook beforeExecute threw: Error: oops'],
    });
  });
});
