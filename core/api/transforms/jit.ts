// jit: a function traced once per signature (signatures.ts) and run as one compiled program. Below, equal programs of
// different functions share one executable (runtime/dispatch.ts).
import { fail, FloatingPointError } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { context, withContext } from "../../ir/context.ts";
import { CONCRETE, type NDArray, TRACER } from "../../ir/ndarray.ts";
import { flatten, flattenLike, unflatten, type TreeDef } from "../../ir/tree.ts";
import { bindJit } from "../../primitives/jit.ts";
import { scalarLiteral } from "../../primitives/operand.ts";
import type { ConcreteArray } from "../../runtime/array.ts";
import { counters } from "../../runtime/dispatch.ts";
import { place } from "../../runtime/execute.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage } from "../../transforms/stage.ts";
import type { Args, MapTree } from "../types.ts";
import { countTrace, explainMiss, type Signature } from "./cache-misses.ts";
import { checkDonation, nameDonated, placeOfLeaf, runningOf } from "./donation.ts";
import {
  callUser,
  finish,
  flattenArgs,
  flattenResult,
  labelOf,
  leafOf,
  nameOf,
  placeIn,
  rawArgs,
  selectArgs,
  transformed,
} from "./flat.ts";
import { checkJitOptions, placesOf, type JitOptions } from "./jit-options.ts";
import { type Lowered, Traced } from "./lowered.ts";
import { isSpecLeaf, specAval, type ShapeDtypeStruct, type Specs } from "./shapes.ts";
import {
  ambientId,
  generation,
  Node,
  NUMBER_ID,
  rootOf,
  textId,
  type Entry,
  type Root,
} from "./signatures.ts";
import { asStatic, shownStatic, staticText } from "./static-args.ts";
import type { AnyFn, ArrayFn } from "./types.ts";

/** A compiled function. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: Args<A>): R;
  /** What tracing gives for these arguments, or shapes and dtypes in their place: the jaxpr. */
  trace(...args: Specs<A>): Traced<R>;
  /** The program for these arguments, to read or to compile ahead of time. */
  lower(...args: Specs<A>): Lowered<R>;
  /** Shapes and dtypes of the result, which isn't computed. */
  evalShape(...args: Specs<A>): MapTree<R, ShapeDtypeStruct>;
  /** Forgets the traces of the function. */
  clearCache(): void;
}

// --- the call ----------------------------------------------------------------------------------------------------------

/** What a call looks up. */
interface Found {
  readonly entry: Entry;
  readonly leaves: NDArray[];
}

/** What jit keeps of one wrapper. */
class Compiler {
  readonly f: AnyFn;
  readonly label: string;
  readonly name: string;
  private readonly statics: readonly number[];
  private readonly donated: readonly number[];
  private readonly options: JitOptions;
  /** No device to go to, nothing to write into the caller's trace. */
  private readonly plain: boolean;
  private root: Root;
  private generation: number;
  /** The structure of the last call: most calls have it again. */
  private last: TreeDef | null = null;

  constructor(f: AnyFn, options: JitOptions) {
    this.f = f;
    this.label = labelOf("jit", f);
    this.name = nameOf(f);
    this.options = options;
    this.statics = placesOf(this.label, f, "staticArgnums", options.staticArgnums ?? []);
    this.donated = placesOf(this.label, f, "donateArgnums", options.donateArgnums ?? []);
    const both = this.donated.find((i) => this.statics.includes(i));
    if (both !== undefined)
      throw fail("E_ARGUMENT", `${this.label}: argument ${both} is both static and donated`);
    this.plain = options.device == null && options.inline !== true;
    this.generation = generation;
    this.root = this.findRoot();
  }

  private findRoot(): Root {
    const { statics, donated, options } = this;
    return rootOf(this.f, `${statics.join(",")}|${donated.join(",")}|${options.keepUnused === true}`);
  }
  private current(): Root {
    if (this.generation !== generation) {
      this.generation = generation;
      this.root = this.findRoot();
    }
    return this.root;
  }
  clear(): void {
    const root = this.current();
    root.node = new Node();
    root.known = [];
  }

  /** The entry of a call, traced if it is new, and the call's leaves. */
  private lookup(given: readonly unknown[]): Found {
    const args = this.settled(given);
    const dynamic = this.statics.length === 0 ? args : args.filter((_, i) => !this.isStatic(i, args.length));
    const raw: unknown[] = [];
    let treedef = this.last;
    if (treedef === null || !flattenLike(treedef, dynamic, raw)) {
      const flat = rawArgs(this.label, this.f, dynamic, this.places(args.length));
      this.last = treedef = flat.treedef;
      raw.length = 0;
      raw.push(...flat.leaves);
    }
    let node = this.current().node.at(treedef.id);
    const leaves: NDArray[] = [];
    for (const x of raw) {
      const leaf = typeof x === "number" ? scalarLiteral(this.label, x) : leafOf(this.label, x);
      leaves.push(leaf);
      node = node.at(typeof x === "number" ? NUMBER_ID : leaf.aval.id);
    }
    return { entry: this.entryBelow(node, args, treedef, raw), leaves };
  }

  /** The entry of a signature that may be given by shapes and dtypes. */
  lookupSpecs(given: readonly unknown[]): Entry {
    const args = this.settled(given);
    const places = this.places(args.length);
    const { leaves, treedef } = flatten(
      places.map((i) => args[i]),
      this.label,
      { isLeaf: isSpecLeaf, placeName: (path) => placeIn(this.f, path, places) },
    );
    let node = this.current().node.at(treedef.id);
    for (const x of leaves) node = node.at(specAval(this.label, x).id);
    return this.entryBelow(node, args, treedef, leaves);
  }

  private entryBelow(
    below: Node,
    args: readonly unknown[],
    treedef: TreeDef,
    raw: readonly unknown[],
  ): Entry {
    const node = (this.statics.length > 0 ? below.at(textId(this.staticKey(args))) : below).at(ambientId());
    if (node.entry !== null) return node.entry;
    const entry = this.traced(args, treedef, raw);
    if (!entry.singleUse) node.entry = entry;
    return entry;
  }

  call(args: readonly unknown[]): unknown {
    if (context().config.disableJit) return this.runAsWritten(args);
    const { entry, leaves } = this.lookup(args);
    for (const x of entry.consts)
      if (x.kind === CONCRETE && (x as ConcreteArray).buffer === null)
        throw fail(
          "E_DISPOSED",
          `${this.label}: the array ${x.aval} that it captured was ${(x as ConcreteArray).gone}`,
          { hint: "pass it as an argument, or keep it" },
        );
    for (let i = 0; i < leaves.length; i++) {
      const x = leaves[i] as NDArray;
      if (x.kind === CONCRETE && (x as ConcreteArray).buffer === null)
        (x as ConcreteArray).live(`${this.label}: ${placeOfLeaf(this.f, entry, i)}`);
    }
    const { running } = entry;
    if (running.donate !== undefined) checkDonation(this.f, entry, leaves);
    const taken = running.kept === null ? leaves : running.kept.map((i) => leaves[i] as NDArray);
    const outs = this.run(entry, taken, args);
    if (running.donate !== undefined) nameDonated(this.f, entry, leaves);
    return finish(entry.outTree, outs);
  }

  /** Runs the program. Where that meets a bad number that is looked for, the function runs as written: it has the line. */
  private run(entry: Entry, taken: readonly NDArray[], args: readonly unknown[]): readonly NDArray[] {
    const { jaxpr, donate } = entry.running;
    const { config } = context();
    try {
      return this.plain
        ? bindJit(jaxpr, entry.consts, taken, this.label, donate)
        : this.bindSpecially(entry, taken);
    } catch (error) {
      const canRepeat = error instanceof FloatingPointError && donate?.includes(true) !== true;
      if (canRepeat) withContext({ config: { ...config, disableJit: true } }, () => this.runAsWritten(args));
      throw error;
    }
  }

  /** On the device, or into the caller's trace. */
  private bindSpecially(entry: Entry, taken: readonly NDArray[]): readonly NDArray[] {
    const { device, inline } = this.options;
    const { jaxpr, donate } = entry.running;
    const isEager = context().trace.kind === "eval";
    if (inline === true && !isEager) return evalJaxpr(jaxpr, [...entry.consts, ...taken]);
    if (device == null || !isEager) return bindJit(jaxpr, entry.consts, taken, this.label, donate);
    const there = taken.map((x) => {
      const array = x as ConcreteArray;
      if (x.kind !== CONCRETE || array.home === device) return x;
      if (!array.committed) return place(array, device);
      throw fail(
        "E_DEVICE_MISMATCH",
        `${this.label}: an argument ${x.aval} is committed to ${array.home}, the function runs on ${device}`,
      );
    });
    return withContext({ device }, () => bindJit(jaxpr, entry.consts, there, this.label, donate));
  }

  /** Without jit the function just runs, on arrays where a trace would have tracers. */
  private runAsWritten(given: readonly unknown[]): unknown {
    const args = this.settled(given);
    const places = this.places(args.length);
    const { chosen, of } = selectArgs(this.label, this.f, args, places);
    const { leaves, treedef } = flattenArgs(this.label, this.f, chosen, places);
    const r = flattenResult(this.label, of(...(unflatten(treedef, leaves) as never[])));
    return finish(r.treedef, r.leaves);
  }

  /** The arguments of a call, the static ones as plain values. */
  private settled(args: readonly unknown[]): readonly unknown[] {
    if (this.statics.length === 0) return args;
    return args.map((x, i) => (this.isStatic(i, args.length) ? asStatic(x) : x));
  }
  private isStatic(i: number, numArgs: number): boolean {
    return this.statics.includes(i) || this.statics.includes(i - numArgs);
  }
  private staticKey(args: readonly unknown[]): string {
    return args
      .map((x, i) => (this.isStatic(i, args.length) ? `${i}=${this.staticTextAt(x, i)}` : ""))
      .join(";");
  }
  private staticTextAt(x: unknown, i: number): string {
    return staticText(this.label, x, () => `argument ${i}`);
  }
  /** The dynamic arguments' numbers among all. */
  private places(numArgs: number): number[] {
    return Array.from({ length: numArgs }, (_, i) => i).filter((i) => !this.isStatic(i, numArgs));
  }

  // --- tracing -----------------------------------------------------------------------------------------------------

  private traced(args: readonly unknown[], treedef: TreeDef, raw: readonly unknown[]): Entry {
    counters.traces++;
    countTrace(this.label, this.f);
    const avals = raw.map((x) => specAval(this.label, x));
    const signature = this.signatureOf(args, treedef, avals);
    const { known } = this.current();
    if (context().config.explainCacheMisses) explainMiss(this.label, this.f, signature, known);
    known.push(signature);
    let outDef: TreeDef | null = null;
    const staged = stage(
      (xs) => {
        const dynamic = unflatten(treedef, xs) as unknown[];
        let k = 0;
        const all = args.map((x, i) => (this.isStatic(i, args.length) ? x : dynamic[k++]));
        const r = flattenResult(this.label, callUser(this.label, this.f, all));
        outDef = r.treedef;
        return r.leaves;
      },
      avals,
      this.label,
    );
    // The entry keeps what it captured: a surrounding scope() must not free it.
    for (const x of staged.consts) context().scope?.delete(x);
    const donate = this.donateMask(treedef, signature.places, args.length);
    return {
      label: this.label,
      name: this.name,
      ...staged,
      inTree: treedef,
      outTree: outDef as unknown as TreeDef,
      donate,
      running: runningOf(this.label, staged, donate, this.options.keepUnused === true),
      signature,
      singleUse: staged.consts.some((x) => x.kind === TRACER),
    };
  }
  private signatureOf(args: readonly unknown[], treedef: TreeDef, avals: readonly ShapedArray[]): Signature {
    const { config, axisEnv } = context();
    const statics = args.flatMap((x, i) =>
      this.isStatic(i, args.length)
        ? [[i, { text: this.staticTextAt(x, i), shown: shownStatic(x) }] as const]
        : [],
    );
    return { treedef, avals, places: this.places(args.length), statics: new Map(statics), config, axisEnv };
  }

  private donateMask(treedef: TreeDef, places: readonly number[], numArgs: number): readonly boolean[] {
    return treedef.children.flatMap((c, k) => {
      const i = places[k] as number;
      const given = this.donated.includes(i) || this.donated.includes(i - numArgs);
      return Array<boolean>(c.numLeaves).fill(given);
    });
  }
}

/**
 * `fun` traced once per signature, that is structure, shapes and dtypes of its arguments, and run as one compiled
 * program. Arrays that it captures are taken by value when it is traced. docs/jit.md tells of caches, static arguments
 * and donation.
 * @throws E_TRACE_ASYNC for an async function, E_STATIC_ARG, E_DONATED_TWICE. Source: jax.jit
 * @example jit((x) => x.mul(2).add(1))(np.arange(3))  // [1, 3, 5]
 */
export function jit<F extends ArrayFn>(fun: F, options?: JitOptions): Jitted<Parameters<F>, ReturnType<F>>;
export function jit<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  options?: JitOptions,
): Jitted<A, R>;
export function jit(fun: AnyFn, options: JitOptions = {}): unknown {
  checkJitOptions(options);
  const compiler = new Compiler(fun, options);
  const call = (...args: unknown[]): unknown => compiler.call(args);
  const trace = (...args: unknown[]): Traced => new Traced(compiler.lookupSpecs(args));
  return Object.assign(transformed(call, fun, nameOf(fun)), {
    trace,
    lower: (...args: unknown[]): Lowered => trace(...args).lower(),
    evalShape: (...args: unknown[]): unknown => trace(...args).outInfo,
    clearCache: () => {
      compiler.clear();
    },
  });
}
