// jit: a function traced once per signature and run as one compiled program. Signatures are found in a trie of small
// integers (structure, avals, static arguments, settings), kept by the function's identity; below, equal programs of
// different functions share one executable (runtime/dispatch.ts).
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { context, type Config } from "../../ir/context.ts";
import type { Jaxpr } from "../../ir/jaxpr.ts";
import { CONCRETE, NDArray, TRACER } from "../../ir/ndarray.ts";
import { identityOf } from "../../ir/primitive.ts";
import { flattenLike, unflatten, type TreeDef } from "../../ir/tree.ts";
import { bindJit } from "../../primitives/jit.ts";
import { numberList, scalarLiteral } from "../../primitives/operand.ts";
import type { ConcreteArray } from "../../runtime/array.ts";
import { counters } from "../../runtime/dispatch.ts";
import { stage } from "../../transforms/stage.ts";
import { checkOptions } from "../arrays.ts";
import type { Args } from "../types.ts";
import {
  argumentPath,
  finish,
  flattenArgs,
  flattenResult,
  leafOf,
  labelOf,
  nameOf,
  rawArgs,
  selectArgs,
  transformed,
} from "./flat.ts";
import { type Lowered, Traced } from "./lowered.ts";
import { argumentAval } from "./shapes.ts";
import type { AnyFn, Argnums, ArrayFn } from "./types.ts";

/** Options of jit. */
export interface JitOptions {
  /** Arguments that are JavaScript values: a new one traces anew. */
  readonly staticArgnums?: Argnums | undefined;
  /** Arguments whose arrays the call may overwrite: they're gone afterwards. */
  readonly donateArgnums?: Argnums | undefined;
}
/** A compiled function. */
export interface Jitted<A extends readonly unknown[], R> {
  (...args: Args<A>): R;
  /** What tracing gives for these arguments: the jaxpr. */
  trace(...args: Args<A>): Traced;
  /** The program for these arguments, to read or to compile ahead of time. */
  lower(...args: Args<A>): Lowered;
}

/** What one signature compiles to. */
interface Entry {
  readonly jaxpr: Jaxpr;
  /** Captured arrays: leading operands, held strongly. */
  readonly consts: readonly NDArray[];
  readonly treedef: TreeDef;
  readonly outDef: TreeDef;
  /** It captured a tracer, and serves this call only. */
  readonly singleUse: boolean;
  /** One per argument leaf, when any is given away. */
  readonly donate: readonly boolean[] | undefined;
}
/** A level of the trie. */
class Node {
  readonly next = new Map<number, Node>();
  entry: Entry | null = null;
  at(id: number): Node {
    let node = this.next.get(id);
    if (node === undefined) this.next.set(id, (node = new Node()));
    return node;
  }
}
/** Signatures by function, so that two wrappers of one function share them; then by the places of static arguments. */
const roots = new WeakMap<AnyFn, Map<string, Node>>();

function rootOf(f: AnyFn, statics: readonly number[]): Node {
  let byStatics = roots.get(f);
  if (byStatics === undefined) roots.set(f, (byStatics = new Map()));
  const key = statics.join(",");
  let root = byStatics.get(key);
  if (root === undefined) byStatics.set(key, (root = new Node()));
  return root;
}

// --- integers for what a signature depends on ------------------------------------------------------------------------

const texts = new Map<string, number>();
const textId = (text: string): number => {
  let id = texts.get(text);
  if (id === undefined) texts.set(text, (id = texts.size));
  return id;
};
const configIds = new WeakMap<Config, number>();
/** The settings and named axes in force. */
function ambientId(): number {
  const { config, axisEnv } = context();
  let id = configIds.get(config);
  if (id === undefined) configIds.set(config, (id = textId(`c${JSON.stringify(config)}`)));
  return axisEnv.size === 0 ? id : textId(`a${id}${JSON.stringify([...axisEnv])}`);
}

/** A static argument: primitives by Object.is, frozen plain data by structure, the rest by identity. */
function staticText(name: string, x: unknown, where: () => string): string {
  if (x instanceof NDArray)
    throw fail(
      "E_STATIC_ARG",
      `${name}: ${where()} is static and an array ${x.aval}, expected a JavaScript value`,
    );
  switch (typeof x) {
    case "object":
      if (x === null) return "null";
      if (!isFrozenData(x)) return `@${identityOf(x)}`;
      return Array.isArray(x)
        ? `[${x.map((v) => staticText(name, v, where)).join(",")}]`
        : `{${Object.entries(x)
            .map(([k, v]) => `${JSON.stringify(k)}:${staticText(name, v, where)}`)
            .join(",")}}`;
    case "function":
      return `@${identityOf(x)}`;
    case "symbol":
      throw fail(
        "E_STATIC_ARG",
        `${name}: ${where()} is static and a symbol, expected plain data or a function`,
      );
    default:
      return `${typeof x}:${typeof x === "string" ? JSON.stringify(x) : Object.is(x, -0) ? "-0" : String(x)}`;
  }
}
const isFrozenData = (x: object): boolean =>
  Object.isFrozen(x) && (Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype);

// --- the call ----------------------------------------------------------------------------------------------------------

/** What jit keeps of one wrapper. */
class Compiler {
  readonly f: AnyFn;
  readonly name: string;
  private readonly statics: readonly number[];
  private readonly donated: readonly number[];
  private readonly root: Node;
  /** The structure of the last call: most calls have it again. */
  private last: TreeDef | null = null;

  constructor(f: AnyFn, options: JitOptions) {
    this.f = f;
    this.name = labelOf("jit", f);
    this.statics = numberList(this.name, "staticArgnums", options.staticArgnums ?? []);
    this.donated = numberList(this.name, "donateArgnums", options.donateArgnums ?? []);
    this.root = rootOf(f, this.statics);
    for (const i of this.donated)
      if (this.statics.includes(i))
        throw fail("E_ARGUMENT", `${this.name}: argument ${i} is both static and donated`);
  }

  /** The entry of a call, traced if it is new, and the call's leaves. */
  lookup(args: readonly unknown[]): { entry: Entry; leaves: NDArray[] } {
    const dynamic = this.statics.length === 0 ? args : args.filter((_, i) => !this.isStatic(i, args.length));
    const raw: unknown[] = [];
    let treedef = this.last;
    if (treedef === null || !flattenLike(treedef, dynamic, raw)) {
      const flat = rawArgs(this.name, this.f, dynamic, this.places(args.length));
      this.last = treedef = flat.treedef;
      raw.length = 0;
      raw.push(...flat.leaves);
    }
    let node = this.root.at(treedef.id);
    const leaves: NDArray[] = [];
    for (const x of raw) {
      const leaf = typeof x === "number" ? scalarLiteral(this.name, x) : leafOf(this.name, x);
      leaves.push(leaf);
      node = node.at(typeof x === "number" ? NUMBER_ID : leaf.aval.id);
    }
    if (this.statics.length > 0) node = node.at(textId(this.staticKey(args)));
    node = node.at(ambientId());
    const entry = node.entry ?? this.traced(args, treedef, raw);
    if (node.entry === null && !entry.singleUse) node.entry = entry;
    return { entry, leaves };
  }

  call(args: readonly unknown[]): unknown {
    if (context().config.disableJit) return this.runAsWritten(args);
    const { entry, leaves } = this.lookup(args);
    for (const x of entry.consts)
      if (x.kind === CONCRETE && (x as ConcreteArray).buffer === null)
        throw fail(
          "E_DISPOSED",
          `${this.name}: the array ${x.aval} that it captured was ${(x as ConcreteArray).gone}`,
          { hint: "pass it as an argument, or keep it" },
        );
    for (let i = 0; i < leaves.length; i++) {
      const x = leaves[i] as NDArray;
      if (x.kind === CONCRETE && (x as ConcreteArray).buffer === null)
        (x as ConcreteArray).live(`${this.name}: ${this.pathOf(entry, i, args.length)}`);
    }
    const outs = bindJit(entry.jaxpr, entry.consts, leaves, this.name, entry.donate);
    if (entry.donate !== undefined) this.nameDonated(entry, leaves, args.length);
    return finish(entry.outDef, outs);
  }

  /** Without jit the function just runs, on arrays where a trace would have tracers. */
  private runAsWritten(args: readonly unknown[]): unknown {
    const places = this.places(args.length);
    const { chosen, of } = selectArgs(this.name, this.f, args, places);
    const { leaves, treedef } = flattenArgs(this.name, this.f, chosen, places);
    const r = flattenResult(this.name, of(...(unflatten(treedef, leaves) as never[])));
    return finish(r.treedef, r.leaves);
  }

  private isStatic(i: number, numArgs: number): boolean {
    return this.statics.includes(i) || this.statics.includes(i - numArgs);
  }
  private staticKey(args: readonly unknown[]): string {
    return args
      .map((x, i) =>
        this.isStatic(i, args.length) ? `${i}=${staticText(this.name, x, () => `argument ${i}`)}` : "",
      )
      .join(";");
  }
  /** The dynamic arguments' numbers among all. */
  private places(numArgs: number): number[] {
    return Array.from({ length: numArgs }, (_, i) => i).filter((i) => !this.isStatic(i, numArgs));
  }
  pathOf(entry: Entry, i: number, numArgs: number): string {
    return argumentPath(this.f, entry.treedef, i, this.places(numArgs));
  }

  private traced(args: readonly unknown[], treedef: TreeDef, raw: readonly unknown[]): Entry {
    counters.traces++;
    warnOfRetracing(this.f);
    const avals = raw.map((x) => argumentAval(this.name, x));
    const { f } = this;
    let outDef: TreeDef | null = null;
    const staged = stage(
      (xs) => {
        const dynamic = unflatten(treedef, xs) as unknown[];
        let k = 0;
        const all = args.map((x, i) => (this.isStatic(i, args.length) ? x : dynamic[k++]));
        const r = flattenResult(this.name, f(...(all as never[])));
        outDef = r.treedef;
        return r.leaves;
      },
      avals,
      this.name,
    );
    // The entry keeps what it captured: a surrounding scope() must not free it.
    for (const x of staged.consts) context().scope?.delete(x);
    const donate = this.donateMask(treedef, args.length);
    if (donate !== undefined) this.warnOfUnusableDonations(staged.jaxpr, staged.consts.length, donate);
    return {
      ...staged,
      treedef,
      outDef: outDef as unknown as TreeDef,
      singleUse: staged.consts.some((x) => x.kind === TRACER),
      donate,
    };
  }

  private donateMask(treedef: TreeDef, numArgs: number): readonly boolean[] | undefined {
    if (this.donated.length === 0) return undefined;
    const places = this.places(numArgs);
    return treedef.children.flatMap((c, k) => {
      const place = places[k] as number;
      const given = this.donated.includes(place) || this.donated.includes(place - numArgs);
      return Array<boolean>(c.numLeaves).fill(given);
    });
  }
  /** Later errors say to which argument a donated array went. */
  private nameDonated(entry: Entry, leaves: readonly NDArray[], numArgs: number): void {
    leaves.forEach((x, i) => {
      if (entry.donate?.[i] === true && x.kind === CONCRETE && (x as ConcreteArray).buffer === null)
        (x as ConcreteArray).gone = `donated to ${this.name} as ${this.pathOf(entry, i, numArgs)}`;
    });
  }
  private warnOfUnusableDonations(jaxpr: Jaxpr, numConsts: number, donate: readonly boolean[]): void {
    const free = jaxpr.outs.map((o) => o.aval.with({ weak: false }));
    const unusable: ShapedArray[] = [];
    donate.forEach((d, i) => {
      if (!d) return;
      const aval = (jaxpr.inVars[numConsts + i] as { aval: ShapedArray }).aval.with({ weak: false });
      const at = free.indexOf(aval);
      if (at >= 0) free.splice(at, 1);
      else unusable.push(aval);
    });
    if (unusable.length > 0)
      console.warn(`tenon: ${this.name}: no result can take the memory of donated ${unusable.join(", ")}`);
  }
}
const NUMBER_ID = argumentAval("jit", 0).id;

// --- many closures of one source ----------------------------------------------------------------------------------------

const MANY = 10;
const tracedSources = new Map<string, WeakSet<AnyFn> & { count?: number }>();
/** A new closure a call is traced a call: say so once, at the tenth. */
function warnOfRetracing(f: AnyFn): void {
  const source = Function.prototype.toString.call(f);
  let seen = tracedSources.get(source);
  if (seen === undefined) tracedSources.set(source, (seen = new WeakSet()));
  if (seen.has(f)) return;
  seen.add(f);
  seen.count = (seen.count ?? 0) + 1;
  if (seen.count === MANY)
    console.warn(
      `tenon: jit has traced ${MANY} closures of one source, ${source.slice(0, 60)}…: make the jitted function once, outside of the loop`,
    );
}

/**
 * `fun` traced once per signature, that is structure, shapes and dtypes of its arguments, and run as one compiled
 * program. Arrays that it captures are taken by value when it is traced.
 * @throws E_TRACE_ASYNC for an async function, E_STATIC_ARG, E_DONATED_TWICE. Source: jax.jit
 * @example jit((x) => x.mul(2).add(1))(np.arange(3))  // [1, 3, 5]
 */
export function jit<F extends ArrayFn>(fun: F, options?: JitOptions): Jitted<Parameters<F>, ReturnType<F>>;
export function jit<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  options?: JitOptions,
): Jitted<A, R>;
export function jit(fun: AnyFn, options: JitOptions = {}): unknown {
  checkOptions("jit", options, ["staticArgnums", "donateArgnums"]);
  const compiler = new Compiler(fun, options);
  const call = (...args: unknown[]): unknown => compiler.call(args);
  const trace = (...args: unknown[]): Traced => {
    const { entry } = compiler.lookup(args);
    return new Traced(compiler.name, entry.jaxpr, entry.consts, entry.donate);
  };
  const lower = (...args: unknown[]): Lowered => trace(...args).lower();
  return Object.assign(transformed(call, fun, nameOf(fun)), { trace, lower });
}
