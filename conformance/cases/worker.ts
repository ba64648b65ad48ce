// The process that runs a batch of cases, one after another: the settings of a batch (x64) hold for a whole process,
// and a case that hangs or crashes takes only its process along.
import * as tenon from "tenon";
import type { Plugin } from "tenon-plugin-api";
import type { Case } from "./case-files.ts";
import { loadPrograms } from "./programs-module.ts";
import { runCase, type CasePrograms, type Result } from "./run-case.ts";

/** What a worker is told. */
export interface Batch {
  readonly cases: readonly Case[];
  readonly x64: boolean;
  readonly device: string | null;
  /** Absolute path of the module of programs, or null for ours. */
  readonly programs: string | null;
}
/** What it answers: the device once, one result a case, or why nothing can run. */
export type Report =
  | { readonly kind: "device"; readonly name: string }
  | { readonly kind: "result"; readonly result: Result }
  | { readonly kind: "refused"; readonly reason: string };

const send = (report: Report): Promise<void> =>
  new Promise((resolve, reject) =>
    process.send?.(report, undefined, undefined, (error) => (error === null ? resolve() : reject(error))),
  );

/** Makes the named device the default. A plugin that isn't embedded is the package `tenon-NAME`. */
async function start(device: string | null): Promise<string> {
  if (device !== null) {
    const factory = await pluginFactory(`tenon-${device.split(":")[0]}`);
    if (factory !== undefined) await tenon.use(factory());
    tenon.setDefaultDevice(device);
  }
  return String(tenon.np.zeros([]).device);
}
async function pluginFactory(name: string): Promise<(() => Plugin) | undefined> {
  try {
    return ((await import(name)) as { default?: () => Plugin }).default;
  } catch (error) {
    // Only where the package itself is missing: the default device may have the name, or says what is there.
    const { code, message } = error as { code?: string; message: string };
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes(`'${name}'`)) throw error;
    return undefined;
  }
}

async function work(batch: Batch): Promise<void> {
  let programs: CasePrograms;
  try {
    tenon.config.set({ enableX64: batch.x64 });
    programs =
      batch.programs === null ? (await import("./programs.ts")).default : await loadPrograms(batch.programs);
    await send({ kind: "device", name: await start(batch.device) });
  } catch (error) {
    await send({ kind: "refused", reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  for (const c of batch.cases) await send({ kind: "result", result: await runCase(c, programs) });
}

process.once("message", (batch: Batch) => {
  void work(batch).finally(() => process.disconnect());
});
