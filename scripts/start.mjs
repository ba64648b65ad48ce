// `npm start [-- FLAGS]`: makes the clone ready, then runs examples/mnist with the flags given.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensure } from "./ensure.mjs";

ensure({ say: console.log });
const example = join(import.meta.dirname, "../examples/mnist/dist/main.js");
const { status } = spawnSync(process.execPath, [example, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = status ?? 1;
