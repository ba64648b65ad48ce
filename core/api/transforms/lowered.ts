// The stages between a jitted function and its executable, to be read and run: traced, lowered, compiled.
import { printProgram, type Program } from "tenon-plugin-api";
import { fail } from "../../errors.ts";
import { sameType, type ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import { CONCRETE, TRACER, type NDArray } from "../../ir/ndarray.ts";
import { printJaxpr } from "../../ir/print.ts";
import { flatten, pathsOf, printPath, unflatten, type TreeDef } from "../../ir/tree.ts";
import { costOf, memoryOf, type CostAnalysis, type MemoryAnalysis } from "../../runtime/analysis.ts";
import type { ConcreteArray } from "../../runtime/array.ts";
import { compileAhead } from "../../runtime/dispatch.ts";
import { run, type Entry } from "../../runtime/execute.ts";
import { lower } from "../../runtime/lower.ts";
import { currentDevice, type RuntimeDevice } from "../../runtime/registry.ts";
import type { MapTree } from "../types.ts";
import { structureDifferences } from "../mismatch.ts";
import { finish, leafOf } from "./flat.ts";
import { argumentAval, ShapeDtypeStruct } from "./shapes.ts";

/** What a dialect is called. */
export type Dialect = "jaxpr" | "program";
/** Shape and dtype of an argument's leaf, and whether the call gives it away. */
export interface ArgInfo {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly weakType: boolean;
  readonly donated: boolean;
}

/** What all stages know of the function. */
export interface StageInfo {
  /** "jit(f)" */
  readonly label: string;
  readonly name: string;
  readonly jaxpr: Jaxpr;
  /** Captured arrays, the jaxpr's leading inputs. */
  readonly consts: readonly NDArray[];
  /** The list of traced arguments. */
  readonly inTree: TreeDef;
  readonly outTree: TreeDef;
  /** One per leaf of the arguments. */
  readonly donate: readonly boolean[];
  /** What runs: the jaxpr without the arguments that it doesn't use. */
  readonly running: Running;
}
/** A jaxpr as it runs. */
export interface Running {
  readonly jaxpr: Jaxpr;
  /** Leaves of the arguments that it takes; null: all. */
  readonly kept: readonly number[] | null;
  /** One per input after the captured arrays, when any is given away. */
  readonly donate: readonly boolean[] | undefined;
}

const structOf = (aval: ShapedArray): ShapeDtypeStruct =>
  new ShapeDtypeStruct(aval.shape, (aval.dtype === "number" ? "float32" : aval.dtype) as DType, {
    weakType: aval.weak,
  });

class Stage<R> {
  protected readonly info: StageInfo;
  constructor(info: StageInfo) {
    this.info = info;
  }
  /** The function's name. */
  get name(): string {
    return this.info.name;
  }
  /** Structure of the list of arguments, static ones left out. */
  get inTree(): TreeDef {
    return this.info.inTree;
  }
  /** Structure of the result. */
  get outTree(): TreeDef {
    return this.info.outTree;
  }
  /** Avals of the arguments' leaves. */
  get inAvals(): readonly ShapedArray[] {
    const { jaxpr, consts } = this.info;
    return jaxpr.inVars.slice(consts.length).map((v) => v.aval);
  }
  /** Avals of the result's leaves. */
  get outAvals(): readonly ShapedArray[] {
    return this.info.jaxpr.outs.map((o) => o.aval);
  }
  /** Shapes and dtypes of the result, in its structure. */
  get outInfo(): MapTree<R, ShapeDtypeStruct> {
    return unflatten(this.info.outTree, this.outAvals.map(structOf)) as MapTree<R, ShapeDtypeStruct>;
  }
  /** Shapes and dtypes of the arguments, and what is given away, as a list in their structure. */
  get argsInfo(): readonly unknown[] {
    const infos = this.inAvals.map((aval, i): ArgInfo => {
      const { shape, dtype, weakType } = structOf(aval);
      return Object.freeze({ shape, dtype, weakType, donated: this.info.donate[i] as boolean });
    });
    return unflatten(this.info.inTree, infos) as readonly unknown[];
  }
}

/** A traced function. Source: jax.stages.Traced. */
export class Traced<R = unknown> extends Stage<R> {
  get jaxpr(): Jaxpr {
    return this.info.jaxpr;
  }
  /** Captured arrays, the jaxpr's leading inputs. */
  get consts(): readonly NDArray[] {
    return this.info.consts;
  }
  /** The program that plugins get. */
  lower(): Lowered<R> {
    return new Lowered(this.info);
  }
  /** The jaxpr (default), or the program. @throws E_ARGUMENT for another dialect */
  asText(dialect: Dialect = "jaxpr"): string {
    return dialect === "jaxpr" ? printJaxpr(this.jaxpr) : this.lower().asText(dialect);
  }
  override toString(): string {
    return this.asText();
  }
}

/** A program, not yet compiled. Source: jax.stages.Lowered. */
export class Lowered<R = unknown> extends Stage<R> {
  private get donated(): readonly boolean[] {
    const { consts, running } = this.info;
    const rest = running.donate ?? running.jaxpr.inVars.slice(consts.length).map(() => false);
    return [...consts.map(() => false), ...rest];
  }
  /** The program as plugins get it; a captured array is a leading parameter, and numbers in the code are trailing ones. */
  get program(): Program {
    const { running, name } = this.info;
    return lower(running.jaxpr, { name, donate: this.donated, hoistLiterals: true }).program;
  }
  /** Its text: "program" (default), or "jaxpr". @throws E_ARGUMENT for another dialect */
  asText(dialect: Dialect = "program"): string {
    if (dialect === "program") return printProgram(this.program);
    if (dialect === "jaxpr") return printJaxpr(this.info.jaxpr);
    throw fail("E_ARGUMENT", `lowered.asText: "${String(dialect)}" is neither "program" nor "jaxpr"`);
  }
  /** Operations and bytes, counted op by op. */
  costAnalysis(): CostAnalysis {
    return costOf(this.program);
  }
  /** Compiles for the current device (or `device`): later calls of the jitted function find the executable ready. */
  async compile(device: RuntimeDevice = currentDevice()): Promise<Compiled<R>> {
    const { running, label } = this.info;
    const entry = await compileAhead(running.jaxpr, device, label, this.donated);
    entry.loaded.held = true;
    return compiled(this, this.info, entry, device);
  }
  override toString(): string {
    return this.asText();
  }
}

/** A compiled function: called with the arguments that aren't static. Source: jax.stages.Compiled. */
export interface Compiled<R = unknown> {
  (...args: readonly unknown[]): R;
  readonly device: RuntimeDevice;
  readonly inTree: TreeDef;
  readonly outTree: TreeDef;
  readonly inAvals: readonly ShapedArray[];
  readonly outAvals: readonly ShapedArray[];
  readonly outInfo: MapTree<R, ShapeDtypeStruct>;
  readonly argsInfo: readonly unknown[];
  /** What `asText` can show: "program", "jaxpr", and the plugin's own stages. */
  readonly stages: readonly string[];
  /** "program" (default), "jaxpr", or a stage of the plugin, as "plan". @throws E_ARGUMENT for what there isn't */
  asText(stage?: string): Promise<string>;
  /** Operations and bytes of a run: the plugin's figures, where it has them, else counted op by op. */
  costAnalysis(): CostAnalysis;
  /** Bytes of a run: what the plugin has planned, where it says it, else an estimate. */
  memoryAnalysis(): MemoryAnalysis;
}

/** The plugin's figures, where it has them, else counted ones. */
async function costsOf({ loaded: { program, executable } }: Entry): Promise<CostAnalysis> {
  const counted = costOf(program);
  const own = await executable?.extensions?.cost?.read();
  if (own === undefined) return counted;
  const { flops = counted.flops, bytesAccessed = counted.bytes } = own;
  return Object.freeze({ ...counted, flops, bytes: bytesAccessed, estimated: false });
}
/** What the plugin has planned, where it says it, else an estimate. */
async function memoriesOf({ loaded: { program, executable } }: Entry): Promise<MemoryAnalysis> {
  const planned = await executable?.extensions?.memory?.read();
  if (planned === undefined) return memoryOf(program);
  return Object.freeze({
    argumentBytes: planned.argumentBytes,
    outputBytes: planned.resultBytes,
    aliasBytes: planned.aliasedBytes,
    tempBytes: planned.temporaryBytes,
    peakBytes: planned.peakBytes,
    estimated: false,
  });
}

async function compiled<R>(
  lowered: Lowered<R>,
  info: StageInfo,
  entry: Entry,
  device: RuntimeDevice,
): Promise<Compiled<R>> {
  const { text } = entry.loaded.executable?.extensions ?? {};
  const [costs, memories] = await Promise.all([costsOf(entry), memoriesOf(entry)]);
  const stages = Object.freeze(["program", "jaxpr", ...(text?.stages ?? [])]);
  const { inTree, outTree, inAvals, outAvals, outInfo, argsInfo } = lowered;
  const call = (...args: readonly unknown[]): R => runCompiled(info, inAvals, entry, device, args) as R;
  const members: Omit<Compiled<R>, never> = {
    device,
    inTree,
    outTree,
    inAvals,
    outAvals,
    outInfo,
    argsInfo,
    stages,
    asText: async (stage = "program") => {
      if (stage === "program" || stage === "jaxpr") return lowered.asText(stage);
      if (text?.stages.includes(stage) === true) return text.read(stage);
      throw fail(
        "E_ARGUMENT",
        `compiled.asText: there is no stage "${stage}"; there are ${stages.join(", ")}`,
      );
    },
    costAnalysis: () => costs,
    memoryAnalysis: () => memories,
  };
  return Object.assign(call, members);
}

/** A number is a float32 here. */
const known = (a: ShapedArray): ShapedArray => (a.dtype === "number" ? a.with({ dtype: "float32" }) : a);

/** An argument as an array. @throws E_ARGUMENT, E_DEVICE_MISMATCH for another one than it was compiled for, and a tracer */
function argumentFor(
  name: string,
  place: string,
  leaf: unknown,
  want: ShapedArray,
  device: RuntimeDevice,
): NDArray {
  const x = leafOf(name, leaf);
  if (x.kind === TRACER)
    throw fail("E_ARGUMENT", `${name}: ${place} is a traced ${x.aval}`, {
      hint: "a compiled function can't be transformed: call the jitted one",
    });
  const got = argumentAval(name, leaf);
  if (!sameType(known(got), known(want)))
    throw fail("E_ARGUMENT", `${name}: ${place} is ${got}, compiled for ${want}`, {
      hint: "call the jitted function, which compiles for each signature",
    });
  const array = x as ConcreteArray;
  if (x.kind === CONCRETE && array.committed && array.home !== device)
    throw fail("E_DEVICE_MISMATCH", `${name}: ${place} is on ${array.home}, compiled for ${device}`);
  return x;
}

/** @throws E_TREE_MISMATCH, E_ARGUMENT for arguments other than those it was compiled for, and for tracers */
function runCompiled(
  info: StageInfo,
  inAvals: readonly ShapedArray[],
  entry: Entry,
  device: RuntimeDevice,
  args: readonly unknown[],
): unknown {
  const name = `compiled(${info.name})`;
  const { leaves, treedef } = flatten(args, name);
  const placeOf = (i: number): string => `argument ${printPath(pathsOf(treedef)[i] ?? [])}`;
  if (treedef !== info.inTree) {
    const [d] = structureDifferences("arguments", info.inTree, treedef);
    throw fail(
      "E_TREE_MISMATCH",
      `${name}: compiled for arguments of structure ${info.inTree}, got ${treedef}: ${d?.place} is ${d?.other}, expected ${d?.one}`,
    );
  }
  const arrays = leaves.map((x, i) => argumentFor(name, placeOf(i), x, inAvals[i] as ShapedArray, device));
  if (context().trace.kind !== "eval")
    throw fail("E_ARGUMENT", `${name}: called inside of ${context().trace.label}`, {
      hint: "a compiled function can't be transformed: call the jitted one",
    });
  const { kept } = info.running;
  const taken = kept === null ? arrays : kept.map((i) => arrays[i] as NDArray);
  return finish(info.outTree, run(entry, [...info.consts, ...taken], device));
}
