// Traces and tracers: who interprets an operation. `bind` sends every operation to the current trace.
import { fail } from "../errors.ts";
import type { ShapedArray } from "./aval.ts";
import { context } from "./context.ts";
import { NDArray, TRACER } from "./ndarray.ts";
import { NO_PARAMS, type Params, type Primitive } from "./primitive.ts";

/** Which interpreter a trace is. */
export type TraceKind = "eval" | "jvp" | "tape" | "batch" | "stage";
/** body(...args) → outs. */
export type FlatFn = (args: readonly NDArray[]) => readonly NDArray[];
/** rule(primals, tangents): null tangents are symbolic zeros if the rule asked for them, else instantiated. */
export type JvpRule = (
  primals: readonly NDArray[],
  tangents: readonly (NDArray | null)[],
) => { outs: readonly NDArray[]; tangents: readonly (NDArray | null)[] };

/**
 * A function with a rule of its own, and its name for errors. The first `numClosed` arguments are what a staged body
 * captured: the body takes them, the rules don't, so they have no derivative.
 */
interface CustomCall {
  readonly name: string;
  readonly numClosed: number;
  readonly body: FlatFn;
  /** The rule gets null for zero tangents or cotangents, instead of zeros. */
  readonly symbolicZeros: boolean;
}
/** A function with its own forward derivative. */
export interface CustomJvp extends CustomCall {
  readonly rule: JvpRule;
}
/** bwd(residuals, cts) → a cotangent for each argument; null = zero, given or returned. */
export type BwdRule = (
  residuals: readonly NDArray[],
  cts: readonly (NDArray | null)[],
) => readonly (NDArray | null)[];
/** What a forward rule gives: values, what to keep, and the backward rule that takes what was kept. */
export interface FwdResult {
  readonly outs: readonly NDArray[];
  readonly residuals: readonly NDArray[];
  readonly bwd: BwdRule;
}
/** A function with its own reverse derivative. */
export interface CustomVjp extends CustomCall {
  /** `perturbed[i]`: argument i has a derivative here. */
  readonly fwd: (args: readonly NDArray[], perturbed: readonly boolean[]) => FwdResult;
}

/** An interpreter of operations. */
export interface Trace {
  readonly kind: TraceKind;
  readonly parent: Trace | null;
  /** Ownership tests compare tags, not traces: one level may be re-entered by a new trace. */
  readonly tag: object;
  dead: boolean;
  /** What the trace belongs to, for errors: "jit(f)". */
  readonly label: string;
  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[];
  /** The final-style calls: their bodies may branch on concrete values in eager grad. */
  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[];
  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[];
}

/**
 * A traced value. `a` and `b` belong to its trace: (primal, tangent), (value, bdim), (tape node, index), (var, –).
 * One class for all traces, so that field access stays monomorphic.
 */
export class Tracer extends NDArray {
  readonly trace: Trace;
  readonly a: unknown;
  readonly b: unknown;
  constructor(trace: Trace, aval: ShapedArray, a: unknown, b: unknown) {
    super(TRACER, aval);
    this.trace = trace;
    this.a = a;
    this.b = b;
    tracking?.(this);
  }
  override assertLive(name: string, word?: string): void {
    if (this.trace.dead) throw leaked(this, word === undefined ? name : `${name}: ${word}`);
  }
}

/** A tracer that is watched, and where it was made. */
export interface Tracked {
  readonly ref: WeakRef<Tracer>;
  readonly stack: string | undefined;
}
let tracking: ((x: Tracer) => void) | null = null;
/** Notes every tracer made from here on, until it is stopped. They aren't held. */
export function trackTracers(stackOf: () => string | undefined): {
  readonly tracers: readonly Tracked[];
  stop(): void;
} {
  const outer = tracking;
  const tracers: Tracked[] = [];
  tracking = (x) => {
    outer?.(x);
    tracers.push({ ref: new WeakRef(x), stack: stackOf() });
  };
  return {
    tracers,
    stop: () => {
      tracking = outer;
    },
  };
}

/** Is the value traced? */
export const isTracer = (x: NDArray): x is Tracer => x.kind === TRACER;

/** Refuses a tracer whose trace has ended. */
export function checkLive(x: NDArray, what: string): void {
  if (x.kind === TRACER && (x as Tracer).trace.dead) throw leaked(x as Tracer, what);
}

/** The error for a tracer met outside its trace. Under a live one, only a custom rule's closure brings it there. */
export function leaked(x: Tracer, what: string): Error {
  if (!x.trace.dead)
    return fail(
      "E_RULE_CLOSURE",
      `${what}: got a tracer ${x.aval} of ${x.trace.label}, which a function with a custom rule, or its rule, closed over`,
    );
  return fail(
    "E_TRACER_LEAKED",
    `${what}: got a tracer ${x.aval} of ${x.trace.label}, whose trace has ended`,
  );
}

/** Applies a primitive under the current trace. */
export function bind(
  primitive: Primitive,
  args: readonly NDArray[],
  params: Params = NO_PARAMS,
): readonly NDArray[] {
  for (let i = 0; i < args.length; i++) {
    const x = args[i] as NDArray;
    if (x.kind === TRACER && (x as Tracer).trace.dead) throw leaked(x as Tracer, primitive.name);
  }
  return context().trace.process(primitive, args, params);
}

/** `bind` of a primitive with one result. */
export function bind1(primitive: Primitive, args: readonly NDArray[], params: Params = NO_PARAMS): NDArray {
  return bind(primitive, args, params)[0] as NDArray;
}
