// Eager is compiled: an operation is a one-equation program through the same lowering and cache as jit. What a call
// depends on is found in a trie of small integers; nothing is built and no text compared on a hit.
import type { ConcreteType, Program } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { LITERAL, TRACER, type NDArray } from "../ir/ndarray.ts";
import type { Params, Primitive } from "../ir/primitive.ts";
import { leaked, type CustomJvp, type CustomVjp, type Trace, type Tracer } from "../ir/trace.ts";
import { jit_p } from "../primitives/jit.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { oneEquation } from "../transforms/stage.ts";
import type { ConcreteArray } from "./array.ts";
import { compileProgram, counters } from "./compile.ts";
import type { RuntimeDevice } from "./device.ts";
import { callDirectly, hostCallbacks } from "./callbacks.ts";
import { run, type Entry } from "./execute.ts";
import { donations, lower, wireType } from "./lower.ts";
import { asksForNumbers, checkNumbers } from "./numerics.ts";
import { paramsId } from "./params.ts";
import { programDifference } from "./program-difference.ts";
import { currentDevice, sessions } from "./registry.ts";
import { runtime } from "./runtime.ts";

export { counters } from "./compile.ts";

interface BuildOptions {
  readonly name: string;
  readonly donate?: readonly boolean[];
  readonly hoistLiterals: boolean;
  readonly background?: true;
}
function build(jaxpr: Jaxpr, device: RuntimeDevice, options: BuildOptions): Entry {
  const { name, donate = [], hoistLiterals, background } = options;
  counters.lowerings++;
  const { program, literals, hostCalls } = lower(jaxpr, { name, donate, hoistLiterals });
  const taken = donate.includes(true) ? donations(jaxpr, donate).map((alias) => alias !== undefined) : [];
  const outAvals = jaxpr.outs.map((o) => o.aval);
  return {
    loaded: compileProgram(program, device, {
      ...(background === true ? { background } : {}),
      ...(hostCalls.size > 0 ? { callbacks: hostCallbacks(hostCalls, device) } : {}),
    }),
    outAvals,
    outTypes: outAvals.map((a) => wireType(a) as ConcreteType),
    literals,
    name,
    callsHost: hostCalls.size > 0,
    donate: taken.includes(true) ? taken : null,
  };
}

// --- eager operations -----------------------------------------------------------------------------------------------------

/** A level of the trie; the last key looked up is at hand. */
class Node {
  private readonly next = new Map<number, Node>();
  private lastKey = -1;
  private last: Node | null = null;
  entry: Entry | null = null;
  /** The entry, unless its compilation failed: then it's tried again. */
  get usable(): Entry | null {
    return this.entry === null || this.entry.loaded.failure !== null ? null : this.entry;
  }
  at(key: number): Node {
    if (key === this.lastKey) return this.last as Node;
    let node = this.next.get(key);
    if (node === undefined) this.next.set(key, (node = new Node()));
    this.lastKey = key;
    return (this.last = node);
  }
}
/** By primitive id. */
let eager: Node[] = [];
let loweringsSeen = 0;

/** The entries of a jaxpr; a tap of `lower` drops what was lowered before it. */
let ofJaxpr = new WeakMap<Jaxpr, Node>();
function dropStale(): void {
  if (loweringsSeen === runtime.lowerings) return;
  loweringsSeen = runtime.lowerings;
  eager = [];
  ofJaxpr = new WeakMap();
}

function entryOfOperation(
  primitive: Primitive,
  args: readonly NDArray[],
  params: Params,
  device: RuntimeDevice,
): Entry {
  dropStale();
  let node = (eager[primitive.id] ??= new Node()).at(paramsId(primitive, params));
  for (let i = 0; i < args.length; i++) node = node.at((args[i] as NDArray).aval.id);
  node = node.at(device.uid);
  return node.usable ?? (node.entry = buildOperation(primitive, args, params, device));
}
function buildOperation(
  primitive: Primitive,
  args: readonly NDArray[],
  params: Params,
  device: RuntimeDevice,
): Entry {
  const avals = args.map((x) => x.aval);
  const hoistLiterals = primitive.traits.higherOrder === true;
  return build(oneEquation(primitive, avals, params), device, { name: primitive.name, hoistLiterals });
}

/** The executable of a jaxpr on a device: by identity, then by the donation mask, then by structure. */
function entryOfJaxpr(jaxpr: Jaxpr, device: RuntimeDevice, name: string, donate: readonly boolean[]): Entry {
  dropStale();
  let node = ofJaxpr.get(jaxpr);
  if (node === undefined) ofJaxpr.set(jaxpr, (node = new Node()));
  node = node.at(device.uid);
  for (let i = 0; i < donate.length; i++) if (donate[i] === true) node = node.at(i);
  if (node.usable !== null) return node.entry as Entry;
  const before = counters.compiles;
  node.entry = build(jaxpr, device, { name, donate, hoistLiterals: true });
  if (context().config.explainCacheMisses) explainCompile(node.entry, counters.compiles > before);
  return node.entry;
}

/** Forgets all executables: those that nobody holds are given back. */
export function forgetExecutables(): void {
  eager = [];
  ofJaxpr = new WeakMap();
  for (const session of sessions()) session.forget();
}

/** The last program of each name, for explanations. */
const lastPrograms = new Map<string, Program>();
/** Says whether a program was found by its structure, and if not what is new. */
function explainCompile({ name, loaded }: Entry, compiled: boolean): void {
  const { program } = loaded;
  const last = lastPrograms.get(name);
  lastPrograms.set(name, program);
  const why =
    last === undefined
      ? "the first of this name since explainCacheMisses is on"
      : programDifference(last, program);
  console.warn(
    compiled
      ? `tenon: ${name} is compiled\n  level structural hash: no program was equal; the last of this name differs in ${why}`
      : `tenon: ${name} isn't compiled\n  level structural hash: an equal program has been, ${program.name}`,
  );
}

/** Compiles the program of a jaxpr while the caller awaits it: later runs find it ready. */
export async function compileAhead(
  jaxpr: Jaxpr,
  device: RuntimeDevice,
  name: string,
  donate: readonly boolean[],
): Promise<Entry> {
  const entry = build(jaxpr, device, { name, donate, hoistLiterals: true, background: true });
  const { loaded } = entry;
  await loaded.pending;
  if (loaded.failure !== null) throw loaded.failure;
  return entry;
}

/** The device of an operation: that of its committed operands, else the first operand's, else the current one. */
function deviceOf(args: readonly NDArray[], what: string): RuntimeDevice {
  let found: ConcreteArray | null = null;
  for (let i = 0; i < args.length; i++) {
    const x = args[i] as NDArray;
    if (x.kind === LITERAL) continue;
    if (x.kind === TRACER) throw leaked(x as Tracer, `${what} (outside the trace)`);
    const array = x as ConcreteArray;
    if (found === null || (array.committed && !found.committed)) found = array;
    else if (array.committed && found.committed && array.home !== found.home)
      throw fail("E_DEVICE_MISMATCH", `${what}: operands are committed to ${found.home} and ${array.home}`);
  }
  return found === null ? currentDevice() : found.home;
}

/** The root trace: executes. */
export class EvalTrace implements Trace {
  readonly kind = "eval";
  readonly parent = null;
  readonly tag: object = this;
  dead = false;
  readonly label = "eager";

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const outs = this.run(primitive, args, params);
    if (asksForNumbers()) checkNumbers(primitive, args, params, outs);
    return outs;
  }

  private run(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const device = deviceOf(args, primitive.name);
    if (primitive === jit_p) return this.call(args, params, device);
    const host = primitive.host?.(params);
    if (host !== undefined && (host.direct === true || device.session.readSync !== undefined))
      return callDirectly(host, args, device);
    const entry =
      primitive.traits.higherOrder === true
        ? buildOperation(primitive, args, params, device)
        : entryOfOperation(primitive, args, params, device);
    return run(entry, args, device);
  }

  /** A jitted function: its jaxpr is one executable. */
  private call(args: readonly NDArray[], params: Params, device: RuntimeDevice): readonly NDArray[] {
    const { jaxpr, name, donate } = params as { jaxpr: Jaxpr; name: string; donate: readonly boolean[] };
    if (context().config.disableJit) return evalJaxpr(jaxpr, args);
    return run(entryOfJaxpr(jaxpr, device, name, donate), args, device);
  }

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    return call.body(args);
  }

  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] {
    return call.body(args);
  }
}
