// explain: what a call does, told by those who do it: which programs were made, on which device they ran, as what.
import { isTenonError, mainOf, type Program } from "tenon-plugin-api";
import { costOf, memoryOf, type CostAnalysis } from "../../runtime/analysis.ts";
import type { CompileCounters } from "../../runtime/compile.ts";
import { counters } from "../../runtime/dispatch.ts";
import { watch, type Entry } from "../../runtime/execute.ts";
import type { RuntimeDevice } from "../../runtime/device.ts";
import type { Args } from "../types.ts";
import { labelOf } from "./flat.ts";
import type { AnyFn } from "./types.ts";

/** One executable that ran. */
export interface ExplainedProgram {
  readonly name: string;
  /** "cpu-wasm:0" */
  readonly device: string;
  /** How often it ran. */
  readonly runs: number;
  /** Ops of the program that the plugin got, by name. */
  readonly ops: Readonly<Record<string, number>>;
  readonly program: Program;
  readonly cost: CostAnalysis;
  /** The most bytes in use at one time: planned by the plugin, or estimated. */
  readonly peakBytes: number;
  /** What the plugin made of it (kernels, fusions, copies), in its own words; null if it doesn't say. */
  readonly kernels: string | null;
}
/** What no device ran. */
export interface Refusal {
  readonly message: string;
  /** The plugin that refused, if one did. */
  readonly plugin: string | undefined;
}
/** What a call did. */
export interface Explanation {
  readonly programs: readonly ExplainedProgram[];
  readonly refusals: readonly Refusal[];
  /** What the call added to the counters. */
  readonly counters: CompileCounters;
  /** All of it as text. */
  toString(): string;
}

interface Ran {
  readonly entry: Entry;
  readonly device: RuntimeDevice;
  runs: number;
}

/**
 * Calls `fun` and tells what happened: programs, the device that ran each, the plugin's kernels and what was fused into them,
 * costs and memory, and what was refused. A plugin tells of its kernels by the extension `text` of its executables.
 * @example console.log(String(await explain(step, params, x)))
 */
export function explain<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...args: Args<A>
): Promise<Explanation> {
  const name = labelOf("explain", fun);
  const before = { ...counters };
  const { ran, refusals } = watched(() => (fun as AnyFn)(...(args as never[])));
  const spent = Object.fromEntries(
    Object.entries(counters).map(([k, n]) => [k, n - before[k as keyof CompileCounters]]),
  ) as unknown as CompileCounters;
  return Promise.all(ran.map(explained)).then((programs) =>
    Object.freeze({
      programs,
      refusals,
      counters: spent,
      toString: () => printed(name, programs, refusals, spent),
    }),
  );
}

/** What runs while `call` does; an op that isn't there ends it. */
function watched(call: () => unknown): {
  readonly ran: readonly Ran[];
  readonly refusals: readonly Refusal[];
} {
  const found = new Map<object, Ran>();
  const outer = watch.run;
  watch.run = (entry, device) => {
    outer?.(entry, device);
    const known = found.get(entry.loaded);
    if (known === undefined) found.set(entry.loaded, { entry, device, runs: 1 });
    else known.runs++;
  };
  try {
    call();
    return { ran: [...found.values()], refusals: [] };
  } catch (error) {
    if (!isTenonError(error) || error.code !== "UNIMPLEMENTED") throw error;
    const { message, plugin } = error as { message: string; plugin?: string };
    return { ran: [...found.values()], refusals: [{ message, plugin }] };
  } finally {
    watch.run = outer;
  }
}

async function explained({ entry, device, runs }: Ran): Promise<ExplainedProgram> {
  const { loaded, name } = entry;
  await loaded.pending;
  const { program, executable } = loaded;
  const { text, memory } = executable?.extensions ?? {};
  const ops: Record<string, number> = {};
  for (const { op } of mainOf(program).ops) ops[op] = (ops[op] ?? 0) + 1;
  const stage = text?.stages[0];
  return Object.freeze({
    name,
    device: String(device),
    runs,
    ops: Object.freeze(ops),
    program,
    cost: costOf(program),
    peakBytes: (await memory?.read())?.peakBytes ?? memoryOf(program).peakBytes,
    kernels: text === undefined || stage === undefined ? null : await text.read(stage),
  });
}

function printed(
  name: string,
  programs: readonly ExplainedProgram[],
  refusals: readonly Refusal[],
  spent: CompileCounters,
): string {
  const head = `${name}: ${spent.traces} traced, ${spent.lowerings} lowered, ${spent.compiles} compiled, ${spent.cacheHits} found compiled, ${spent.executions} run`;
  const blocks = programs.map((p) => {
    const ops = Object.entries(p.ops).map(([op, n]) => (n === 1 ? op : `${n} ${op}`));
    const size = `${p.cost.flops} flops, ${p.cost.transcendentals} transcendentals, peak ${p.peakBytes} bytes`;
    const kernels = p.kernels === null ? "  (the plugin doesn't tell its kernels)" : indented(p.kernels);
    return `${p.name} on ${p.device}${p.runs === 1 ? "" : `, ${p.runs} times`}: ${ops.join(", ") || "no ops"}\n  ${size}\n${kernels}`;
  });
  return [head, ...blocks, ...refusals.map((r) => `refused: ${r.message}`)].join("\n");
}
const indented = (text: string): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
