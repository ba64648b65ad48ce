// Program → Plan: the passes over the Program, its graph, kernels, memory.
import { inline, mainOf, signatureOf, type ConcreteType, type Program } from "tenon-plugin-api";
import { placeOf } from "./fuse/emit.ts";
import { lowerGraph } from "./fuse/lower.ts";
import { buildGraph } from "./graph/build.ts";
import type { Plan } from "./loops/plan.ts";
import type { Donation } from "./memory/coalesce.ts";
import { planMemory } from "./memory/plan-memory.ts";
import { eliminateDeadCode } from "./passes/dce.ts";
import { splitComplex, usesComplex } from "./passes/complex/split.ts";

/** For whom a Program is compiled. */
export interface CompileTarget {
  /** Name of the plugin, for UNIMPLEMENTED. */
  readonly plugin: string;
}

/** Compiles a Program with constant shapes. @throws UNIMPLEMENTED naming op, dtype and plugin */
export function compileProgram(program: Program, target: CompileTarget): Plan {
  const whole = program.functions.length === 1 ? program : inline(program);
  const lowered = eliminateDeadCode(usesComplex(whole) ? splitComplex(whole, target.plugin) : whole);
  const { shared, ...graph } = buildGraph(lowered, target.plugin);
  const steps = lowerGraph(graph, shared);
  const { results } = signatureOf(lowered);
  const main = mainOf(lowered);
  const donations: Donation[] = [];
  main.params.forEach((p, arg) => {
    if (p.donate !== undefined) donations.push({ arg, alias: p.donate.alias ?? null });
  });
  return planMemory({
    name: program.name,
    params: main.params.map((p) => p.type as ConcreteType),
    results: results.map((r) => r.type as ConcreteType),
    donations,
    steps,
    sources: graph.results.map((node) => placeOf(node).buffer),
    shared,
  });
}
