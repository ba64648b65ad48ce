// Runs batches of cases in processes of their own, and outlives them: a case that hangs or ends its process is a
// failure of that case, and the rest of the batch goes on in a new process.
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Case } from "./case-files.ts";
import type { Result } from "./run-case.ts";
import type { Batch, Report } from "./worker.ts";

/** How to run: see the options of the command. */
export interface RunOptions {
  readonly device: string | null;
  readonly programs: string | null;
  /** Called with the device's name, once. */
  readonly onDevice?: (name: string) => void;
  readonly onResult?: (result: Result) => void;
  /** How long one case may take. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;
// The worker beside this file: what was built, or TypeScript where the sources run directly.
const BUILT = import.meta.url.endsWith(".js");
const WORKER = fileURLToPath(new URL(BUILT ? "./worker.js" : "./worker.ts", import.meta.url));
const NODE_FLAGS = BUILT ? [] : ["--conditions=source", "--import", "tsx"];

/** Results of all cases, in their order; those that need 64-bit dtypes run in a process that has them on. */
export async function runCases(cases: readonly Case[], options: RunOptions): Promise<Result[]> {
  const results = new Map<Case, Result>();
  for (const x64 of [false, true]) {
    const batch = cases.filter((c) => (c.x64 ?? false) === x64);
    const found = batch.length === 0 ? [] : await runBatch(batch, x64, options);
    batch.forEach((c, i) => results.set(c, found[i] as Result));
  }
  return cases.map((c) => results.get(c) as Result);
}

async function runBatch(cases: readonly Case[], x64: boolean, options: RunOptions): Promise<Result[]> {
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    options.onResult?.(result);
  };
  while (results.length < cases.length) {
    const batch: Batch = {
      cases: cases.slice(results.length),
      x64,
      device: options.device,
      programs: options.programs,
    };
    const died = await runProcess(batch, note, options);
    const current = cases[results.length];
    if (current !== undefined && died !== null) note({ id: current.id, status: "failed", reason: died });
  }
  return results;
}

/** Runs a batch until it is done (null) or its process is lost (why). @throws Error if nothing of it can run */
function runProcess(batch: Batch, note: (r: Result) => void, options: RunOptions): Promise<string | null> {
  const limit = options.timeoutMs ?? TIMEOUT_MS;
  const child: ChildProcess = fork(WORKER, { execArgv: NODE_FLAGS });
  return new Promise((resolve, reject) => {
    let left = batch.cases.length;
    let outcome: string | null = null;
    let ready = false;
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        outcome = `took more than ${limit / 1000} s`;
        child.kill("SIGKILL");
      }, limit);
    };
    child.on("message", (report: Report) => {
      watch();
      if (report.kind === "refused") reject(new Error(report.reason));
      else if (report.kind === "device") {
        if (!ready) options.onDevice?.(report.name);
        ready = true;
      } else {
        left--;
        note(report.result);
      }
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      // What ends before its first case would end before each of them.
      if (!ready)
        reject(new Error(`the worker ended before the first case (${signal ?? `exit code ${code}`})`));
      resolve(left === 0 ? null : (outcome ?? `its process ended (${signal ?? `exit code ${code}`})`));
    });
    watch();
    child.send(batch);
  });
}
