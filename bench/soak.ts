// Does memory stay bounded without any dispose? Each scenario runs in a process of its own, whose peak RSS is the figure.
//   npm run bench -- soak [--node PATH] [--device NAME] [--only NAME] [--steps N]
// `--node` runs the scenarios under another Node; `--device memory` takes memory but computes nothing.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { np, setDefaultDevice, TenonError, use, valueAndGrad, type NDArray } from "tenon";
import { memoryPlugin } from "./memory-plugin.ts";

const MIB = 2 ** 20;
const ELEMENTS = MIB / 4;

interface Scenario {
  readonly steps: number;
  /** Peak RSS allowed, in MiB, given the RSS before it began. */
  readonly limit: (startMiB: number) => number;
  readonly run: (steps: number) => void;
}

const eager = (steps: number): void => {
  let x = np.ones([ELEMENTS]);
  for (let i = 0; i < steps; i++) x = x.add(1);
};
/** Other things that the program keeps alive: what a collection has to walk over. */
let others: readonly object[] = [];
const OPS = 100;
/** 50 × tanh(x·w): a hundred operations, each keeping one array for the backward pass. */
const loss = (x: NDArray, w: NDArray): NDArray => {
  let y = x;
  for (let i = 0; i < OPS / 2; i++) y = np.tanh(y.mul(w));
  return y.sum();
};

const SCENARIOS: { readonly [name: string]: Scenario } = {
  "100,000 eager operations on 1 MB arrays": { steps: 100_000, limit: () => 1024, run: eager },
  "the same beside 100,000 live objects": {
    steps: 100_000,
    limit: () => 1024,
    run: (steps) => {
      others = Array.from({ length: 100_000 }, (_, id) => ({ id, name: `object ${id}`, list: [id] }));
      eager(steps);
    },
  },
  "1,000 eager valueAndGrad steps, 100 operations on 1 MB": {
    steps: 1000,
    limit: (start) => start + OPS + 256,
    run: (steps) => {
      const [x, w] = [np.ones([ELEMENTS]), np.ones([ELEMENTS])];
      const step = valueAndGrad(loss, { argnums: [0, 1] });
      for (let i = 0; i < steps; i++) step(x, w);
    },
  },
};

/** In the child: runs one scenario and prints what it took. */
async function child(name: string, device: string, steps: number | undefined): Promise<void> {
  if (device === "memory") await use(memoryPlugin());
  setDefaultDevice(device);
  const scenario = SCENARIOS[name] as Scenario;
  const start = process.memoryUsage().rss / MIB;
  const began = performance.now();
  let outcome = "done";
  try {
    scenario.run(steps ?? scenario.steps);
  } catch (error) {
    // A device that is full may end it, but only with the error that teaches.
    outcome = error instanceof TenonError && error.code === "RESOURCE_EXHAUSTED" ? error.code : String(error);
  }
  const seconds = (performance.now() - began) / 1000;
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    JSON.stringify({ outcome, start, peak, limit: scenario.limit(start), seconds, others: others.length }),
  );
}

interface Figures {
  readonly outcome: string;
  readonly peak: number;
  readonly limit: number;
  readonly seconds: number;
}
/** Runs each scenario in a child and prints a line for it. */
function parent(args: { node: string; device: string; only: string; steps: string | undefined }): boolean {
  const version = spawnSync(args.node, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`Node ${version}, device ${args.device}`);
  let kept = true;
  for (const name of Object.keys(SCENARIOS).filter((n) => n.includes(args.only))) {
    const flags = [...process.execArgv, fileURLToPath(import.meta.url)];
    const own = [
      "--child",
      name,
      "--device",
      args.device,
      ...(args.steps === undefined ? [] : ["--steps", args.steps]),
    ];
    const out = spawnSync(args.node, [...flags, ...own], { encoding: "utf8", maxBuffer: MIB });
    const line = out.stdout.trim().split("\n").pop() ?? "";
    if (out.status !== 0 || !line.startsWith("{")) {
      console.log(`${name}: FAILED\n${out.stdout}${out.stderr}`);
      kept = false;
      continue;
    }
    const { outcome, peak, limit, seconds } = JSON.parse(line) as Figures;
    const good = peak <= limit && (outcome === "done" || outcome === "RESOURCE_EXHAUSTED");
    kept &&= good;
    console.log(
      `${name.padEnd(56)} ${outcome}, ${seconds.toFixed(1)} s, peak RSS ${peak.toFixed(0)} MiB, limit ${limit.toFixed(0)} ${good ? "kept" : "EXCEEDED"}`,
    );
  }
  return kept;
}

const { values } = parseArgs({
  options: {
    node: { type: "string", default: process.execPath },
    device: { type: "string", default: "cpu-wasm" },
    only: { type: "string", default: "" },
    steps: { type: "string" },
    child: { type: "string" },
  },
});
if (values.child !== undefined)
  await child(values.child, values.device, values.steps === undefined ? undefined : Number(values.steps));
else process.exitCode = parent({ ...values, steps: values.steps }) ? 0 : 1;
