// The same device with a queue: results are pending at first, and there is no synchronous read.
import { reference } from "tenon-reference";
import { conformanceFor } from "./vitest.ts";

conformanceFor(reference({ deferred: true, devices: 2 }), { query: "abi" });
