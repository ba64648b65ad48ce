import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** TENON_FULL=10 makes every property run ten times as often as it says (.ci/full). */
const factor = Number(process.env["TENON_FULL"] ?? 1);
const manyRuns = { find: /^fast-check$/, replacement: join(import.meta.dirname, "scripts/many-runs.ts") };

export default defineConfig({
  resolve: { conditions: ["source"], alias: factor > 1 ? [manyRuns] : [] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 60_000 * factor,
    pool: "forks",
    maxWorkers: "100%",
    silent: "passed-only",
  },
});
