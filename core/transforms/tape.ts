// The tape: partial evaluation where known and unknown are decided per operand. Nodes are linked, never listed,
// so that unreachable branches and their residuals are collectable while the trace is open.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import { isBound } from "../ir/effects.ts";
import { makeJaxprOf, NO_EFFECTS, scoped, Var, type Atom, type Jaxpr } from "../ir/jaxpr.ts";
import type { DType } from "../ir/dtype.ts";
import { LITERAL, Literal, type NDArray } from "../ir/ndarray.ts";
import type { Params, Primitive, Saves, TapeLike } from "../ir/primitive.ts";
import {
  bind,
  checkLive,
  isTracer,
  Tracer,
  type CustomJvp,
  type CustomVjp,
  type Trace,
} from "../ir/trace.ts";
import { isKnownZero, markZero } from "./zeros.ts";

let sequence = 0;

/** One recorded application. */
class Node {
  readonly primitive: Primitive;
  readonly args: readonly NDArray[];
  readonly params: Params;
  readonly sequence = sequence++;
  readonly scope = context().nameStack;
  /** Weak would be enough for dead outputs; variables are made at close. */
  readonly outAvals: readonly ShapedArray[];
  constructor(
    primitive: Primitive,
    args: readonly NDArray[],
    params: Params,
    outAvals: readonly ShapedArray[],
  ) {
    this.primitive = primitive;
    this.args = args;
    this.params = params;
    this.outAvals = outAvals;
  }
}

/** The recorded part as a jaxpr of residuals and unknowns. */
export interface Closed {
  /** (residuals, unknown arguments) → outputs. */
  readonly jaxpr: Jaxpr;
  readonly residuals: readonly NDArray[];
}

/** What a tape is for, beside derivatives: see TapeLike. */
export interface TapeOptions {
  readonly hoists?: boolean;
  readonly saves?: Saves | null;
}

/** Records what depends on its arguments; runs the rest in the parent. A tracer's `a` is its node, `b` its output index. */
export class TapeTrace implements TapeLike {
  readonly kind = "tape";
  readonly tag: object = this;
  readonly parent: Trace;
  readonly label: string;
  dead = false;
  /** Linear mode: only what is linear in its unknown operands may be recorded (linearize); hoisting records anything. */
  readonly linear: boolean;
  readonly hoists: boolean;
  readonly saves: Saves | null;
  /** Recorded nodes with effects: they stay, whether or not anything uses what they give. */
  private readonly effectful: Node[] = [];
  /** Known operands of recorded nodes: these outlive the rule that made them. */
  readonly retained: WeakSet<NDArray> = new WeakSet();
  constructor(parent: Trace, label: string, linear: boolean, how: TapeOptions = {}) {
    this.parent = parent;
    this.label = label;
    this.linear = linear;
    this.hoists = how.hoists ?? false;
    this.saves = how.saves ?? null;
  }

  input(aval: ShapedArray): Tracer {
    return new Tracer(this, aval, null, 0);
  }

  owns(x: NDArray): boolean {
    return isTracer(x) && x.trace === this;
  }

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const unknown = args.map((x) => this.owns(x));
    if (this.hoists && staysInLoop(primitive, params)) return this.record(primitive, args, params);
    if (!unknown.includes(true)) {
      const outs = withTrace(this.parent, () => bind(primitive, args, params));
      return this.linear && isZeroOf(primitive, args, params) ? outs.map(markZero) : outs;
    }
    if (primitive.partialEval !== undefined) return primitive.partialEval(this, args, unknown, params);
    if (this.linear) checkLinear(primitive, args, unknown, params);
    return this.record(primitive, args, params);
  }

  /** Zeros as a value of the tape, for a rule that takes a tangent where there is none. */
  zeros(aval: ShapedArray): NDArray {
    const zero = new Literal(0, aval.dtype as DType, false);
    const { broadcast_in_dim_p } = context().lax;
    return this.record(broadcast_in_dim_p, [zero], { shape: [...aval.shape], dims: [] })[0] as NDArray;
  }

  record(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const node = new Node(
      primitive,
      args,
      params,
      primitive.shape(
        args.map((x) => x.aval),
        params,
      ),
    );
    for (const x of args) {
      checkLive(x, primitive.name);
      this.retained.add(x);
    }
    if (staysInLoop(primitive, params)) this.effectful.push(node);
    return node.outAvals.map((aval, i) => new Tracer(this, aval, node, i));
  }

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    if (!args.some((x) => this.owns(x)))
      return withTrace(this.parent, () => context().trace.customJvp(call, args));
    return context().lax.customJvpCall(this, call, args);
  }

  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] {
    if (!args.some((x) => this.owns(x)))
      return withTrace(this.parent, () => context().trace.customVjp(call, args));
    return context().lax.customVjpCall(this, call, args);
  }

  /** Builds the one jaxpr of the trace, from the outputs back, in order of recording. */
  close(inputs: readonly NDArray[], outs: readonly NDArray[]): Closed {
    const vars = new Map<Node, Var[]>();
    const leaves = new Map<NDArray, Var>();
    const residuals: NDArray[] = [];
    for (const x of inputs) leaves.set(x, new Var(x.aval));
    const nodes = this.reachable(outs);
    for (const node of nodes)
      vars.set(
        node,
        node.outAvals.map((aval) => new Var(aval)),
      );
    const atom = (x: NDArray): Atom => {
      if (x.kind === LITERAL) return x as Literal;
      const node = this.owns(x) ? ((x as Tracer).a as Node | null) : null;
      if (node !== null) return (vars.get(node) as Var[])[(x as Tracer).b as number] as Var;
      let v = leaves.get(x);
      if (v === undefined) {
        leaves.set(x, (v = new Var(x.aval)));
        residuals.push(x);
      }
      return v;
    };
    const eqns = nodes.map((node) => ({
      primitive: node.primitive,
      inputs: node.args.map(atom),
      outVars: vars.get(node) as Var[],
      params: node.params,
      effects: node.primitive.effects?.(node.params) ?? NO_EFFECTS,
      ...scoped(node.scope),
    }));
    const outAtoms = outs.map(atom);
    const inVars = [...residuals, ...inputs].map((x) => leaves.get(x) as Var);
    return { jaxpr: makeJaxprOf(inVars, eqns, outAtoms), residuals };
  }

  private reachable(outs: readonly NDArray[]): Node[] {
    const nodes = new Set<Node>();
    const todo: (Node | null)[] = outs.filter((x) => this.owns(x)).map((x) => (x as Tracer).a as Node | null);
    todo.push(...this.effectful);
    for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
      if (node === null || nodes.has(node)) continue;
      nodes.add(node);
      for (const x of node.args) if (this.owns(x)) todo.push((x as Tracer).a as Node | null);
    }
    return [...nodes].sort((p, q) => p.sequence - q.sequence);
  }
}

const staysInLoop = (primitive: Primitive, params: Params): boolean =>
  primitive.effects !== undefined && isBound(primitive.effects(params));

const isLinear = (primitive: Primitive, mask: readonly boolean[], params: Params): boolean =>
  primitive.linearIn?.(mask, params) ?? primitive.traits.linear === true;

/** Is a result zero because it is linear in operands that are? */
function isZeroOf(primitive: Primitive, args: readonly NDArray[], params: Params): boolean {
  const zero = args.map(isKnownZero);
  return zero.includes(true) && primitive.traits.higherOrder !== true && isLinear(primitive, zero, params);
}

/**
 * Refuses an operation that isn't linear in its unknown operands, or that adds a known one to them: a known operand in
 * which the operation is linear together with the unknown ones is an offset, and must be zero.
 */
function checkLinear(
  primitive: Primitive,
  args: readonly NDArray[],
  unknown: readonly boolean[],
  params: Params,
): void {
  if (!isLinear(primitive, unknown, params))
    throw fail(
      "E_RULE_NOT_LINEAR",
      `${primitive.name}: a derivative rule applied it to a tangent, in which it isn't linear`,
    );
  args.forEach((x, i) => {
    const together = unknown.map((u, k) => u || k === i);
    if (unknown[i] === true || isKnownZero(x) || !isLinear(primitive, together, params)) return;
    throw fail("E_RULE_NOT_LINEAR", `${primitive.name}: a derivative rule adds ${x.aval} to a tangent`);
  });
}
