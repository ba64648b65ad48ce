// Run by hooks.test.ts in a process that forbids code generation, as a page with a strict CSP does.
import { createHooks } from "../hooks.ts";

let forbidden = false;
try {
  new Function("return 1")();
} catch {
  forbidden = true;
}
const hooks = createHooks();
const seen: string[] = [];
hooks.warn.tap("test", ({ error }) => void seen.push(error.message));
hooks.beforeExecute.tap("broken", () => {
  throw new Error("oops");
});
hooks.beforeExecute.call({ id: 1, plugin: "p", name: "f", deviceIds: [0], startMs: 0 });
hooks.executed.call({ id: 1, plugin: "p", name: "f", deviceIds: [0], startMs: 0 });
console.log(JSON.stringify({ forbidden, seen }));
