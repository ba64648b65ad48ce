// Staging: operations become equations of a jaxpr. Foreign values become leading inputs (consts), so that a jaxpr
// never holds values.
import type { ShapedArray } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import { makeJaxprOf, NO_EFFECTS, scoped, Var, type Atom, type Jaxpr, type JaxprEqn } from "../ir/jaxpr.ts";
import { LITERAL, type Literal, type NDArray } from "../ir/ndarray.ts";
import { NO_PARAMS, type Params, type Primitive } from "../ir/primitive.ts";
import {
  checkLive,
  isTracer,
  leaked,
  Tracer,
  type CustomJvp,
  type CustomVjp,
  type FlatFn,
  type Trace,
} from "../ir/trace.ts";
import { dce } from "./dce.ts";

/** Makes the equations of one jaxpr. A tracer's `a` is its variable. */
export class StageTrace implements Trace {
  readonly kind = "stage";
  readonly tag: object = this;
  readonly parent: Trace;
  readonly label: string;
  dead = false;
  readonly eqns: JaxprEqn[] = [];
  readonly consts: Map<NDArray, Var> = new Map();
  constructor(parent: Trace, label: string) {
    this.parent = parent;
    this.label = label;
  }

  input(aval: ShapedArray): Tracer {
    return new Tracer(this, aval, new Var(aval), null);
  }

  /** The atom of a value: own tracers and literals directly, everything else as a const. */
  atom(x: NDArray): Atom {
    if (x.kind === LITERAL) return x as Literal;
    if (isTracer(x) && x.trace === this) return x.a as Var;
    checkLive(x, this.label);
    let v = this.consts.get(x);
    if (v !== undefined) return v;
    if (isTracer(x) && !this.isInside(x.trace)) throw leaked(x, this.label);
    this.consts.set(x, (v = new Var(x.aval)));
    return v;
  }

  /** A const is a value of an enclosing trace: where the jaxpr is bound, nobody knows those of another. */
  private isInside(trace: Trace): boolean {
    let t: Trace | null = this.parent;
    while (t !== null && t.tag !== trace.tag) t = t.parent;
    return t !== null;
  }

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const inputs = args.map((x) => this.atom(x));
    const outVars = primitive
      .shape(
        args.map((x) => x.aval),
        params,
      )
      .map((aval) => new Var(aval));
    const effects = primitive.effects?.(params) ?? NO_EFFECTS;
    this.eqns.push({ primitive, inputs, outVars, params, effects, ...scoped(context().nameStack) });
    return outVars.map((v) => new Tracer(this, v.aval, v, null));
  }

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    return context().lax.customJvpCall(this, call, args);
  }

  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] {
    return context().lax.customVjpCall(this, call, args);
  }
}

/** A staged function: its jaxpr, and the values that it captured as leading inputs. */
export interface Staged {
  /** inVars: consts, then arguments. */
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
}

/** Traces `fn` for arguments of these avals. Unused consts are dropped, unused arguments stay. */
export function stage(fn: FlatFn, avals: readonly ShapedArray[], label: string): Staged {
  const trace = new StageTrace(context().trace, label);
  const args = avals.map((a) => trace.input(a));
  try {
    const outs = withTrace(trace, () => fn(args)).map((x) => trace.atom(x));
    const constVars = [...trace.consts.values()];
    const inVars = [...constVars, ...args.map((x) => x.a as Var)];
    const removable = inVars.map((_, i) => i < constVars.length);
    const { jaxpr, usedInputs } = dce(makeJaxprOf(inVars, trace.eqns, outs), { removable });
    return { jaxpr, consts: [...trace.consts.keys()].filter((_, i) => usedInputs[i]) };
  } finally {
    trace.dead = true;
  }
}

/** A jaxpr of one equation: how eager operations and ahead-of-time lowering share one path. */
export function oneEquation(
  primitive: Primitive,
  avals: readonly ShapedArray[],
  params: Params = NO_PARAMS,
): Jaxpr {
  const inVars = avals.map((a) => new Var(a));
  const outVars = primitive.shape(avals, params).map((a) => new Var(a));
  const effects = primitive.effects?.(params) ?? NO_EFFECTS;
  return makeJaxprOf(inVars, [{ primitive, inputs: inVars, outVars, params, effects }], outVars);
}
