// Forward mode. With `ruleTrace` = a tape, the same rules give linearize: there is no third set of rules.
import { fail } from "../errors.ts";
import { ctAval, sameType, tangentAval } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { JvpResult, Params, Primitive, Tangent } from "../ir/primitive.ts";
import {
  bind,
  checkLive,
  isTracer,
  Tracer,
  type CustomJvp,
  type CustomVjp,
  type FlatFn,
  type Trace,
} from "../ir/trace.ts";
import { trackRule } from "./ownership.ts";
import { evalJaxpr } from "./eval-jaxpr.ts";
import { TapeTrace } from "./tape.ts";
import { isKnownZero, zerosOf } from "./zeros.ts";

/** A tracer's `a` is its primal, `b` its tangent. */
export class JvpTrace implements Trace {
  readonly kind = "jvp";
  readonly tag: object = this;
  readonly parent: Trace;
  readonly label: string;
  /** Where rules run: the parent, or the tape of linearize. */
  readonly ruleTrace: Trace;
  dead = false;
  constructor(parent: Trace, label: string, tape?: TapeTrace) {
    this.parent = parent;
    this.label = label;
    this.ruleTrace = tape ?? parent;
  }

  private get tape(): TapeTrace | null {
    return this.ruleTrace === this.parent ? null : (this.ruleTrace as TapeTrace);
  }

  owns(x: NDArray): x is Tracer {
    return isTracer(x) && x.trace === this;
  }

  pair(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null ? primal : new Tracer(this, primal.aval, primal, tangent);
  }

  primal(x: NDArray): NDArray {
    return this.owns(x) ? (x.a as NDArray) : x;
  }

  tangent(x: NDArray): Tangent {
    return this.owns(x) ? (x.b as NDArray) : null;
  }

  process(primitive: Primitive, args: readonly NDArray[], params: Params): readonly NDArray[] {
    const primals = args.map((x) => this.primal(x));
    const tangents = args.map((x) => this.tangent(x));
    if (tangents.every((t) => t === null))
      return withTrace(this.parent, () => bind(primitive, primals, params));
    const rule = primitive.jvp;
    if (rule === undefined)
      throw fail("E_NO_RULE", `${primitive.name} has no derivative (jvp rule); in ${this.label}`);
    const { outs, tangents: outTangents } = trackRule(this.parent, this.tape, () =>
      withTrace(this.ruleTrace, () => rule(context().lax, primals, tangents, params)),
    );
    const tape = this.tape;
    return outs.map((x, i) => {
      const t = outTangents[i] ?? null;
      return this.pair(x, tape === null ? t : linearTangent(tape, primitive.name, x, t));
    });
  }

  customJvp(call: CustomJvp, args: readonly NDArray[]): readonly NDArray[] {
    const primals = args.map((x) => this.primal(x));
    const tangents = args.map((x) => this.tangent(x));
    if (tangents.every((t) => t === null))
      return withTrace(this.parent, () => context().trace.customJvp(call, primals));
    const { tape } = this;
    const own = primals.slice(call.numClosed);
    const given = ownTangents(this, call, tangents).map((t, i) => {
      const aval = tangentAval((own[i] as NDArray).aval);
      if (t !== null || call.symbolicZeros || aval.dtype === "float0") return t;
      return tape === null ? zerosOf(aval) : tape.zeros(aval);
    });
    const { outs, tangents: outTangents } =
      tape === null
        ? this.linearRule(call, own, given)
        : withTrace(this.ruleTrace, () => this.checkedRule(call, own, given, tape));
    return outs.map((x, i) => this.pair(x, outTangents[i] ?? null));
  }

  /**
   * The forward rule runs under the parent; what takes tangents to tangents is opaque until it is transposed. Source:
   * jax's `custom_lin_p`.
   */
  customVjp(call: CustomVjp, args: readonly NDArray[]): readonly NDArray[] {
    const primals = args.map((x) => this.primal(x));
    const tangents = args.map((x) => this.tangent(x));
    if (tangents.every((t) => t === null))
      return withTrace(this.parent, () => context().trace.customVjp(call, primals));
    const own = ownTangents(this, call, tangents);
    const perturbed = own.map((t) => t !== null);
    const { outs, residuals, bwd } = withTrace(this.parent, () =>
      call.fwd(primals.slice(call.numClosed), perturbed),
    );
    const avals = outs.map((x) => tangentAval(x.aval));
    const smooth = avals.map((a) => a.dtype !== "float0");
    if (!smooth.includes(true)) return outs;
    const params = {
      name: call.name,
      numResiduals: residuals.length,
      outAvals: avals.filter((_, i) => smooth[i]),
      bwd: (res: readonly NDArray[], given: readonly Tangent[]): readonly Tangent[] => {
        let k = 0;
        const cts = avals.map((aval, i) => {
          if (!smooth[i]) return null;
          const ct = given[k++] ?? null;
          return ct === null && !call.symbolicZeros ? zerosOf(ctAval(aval)) : ct;
        });
        return bwd(res, cts).filter((_, i) => perturbed[i]);
      },
    };
    const operands = [...residuals, ...own.filter((t) => t !== null)];
    const lin = withTrace(this.ruleTrace, () => bind(context().lax.custom_lin_p, operands, params));
    let k = 0;
    return outs.map((x, i) => (smooth[i] ? this.pair(x, lin[k++] ?? null) : x));
  }

  /** A user's rule, whose results are checked: primals known, tangents linear in those given. */
  private checkedRule(
    call: CustomJvp,
    primals: readonly NDArray[],
    tangents: readonly Tangent[],
    tape: TapeTrace,
  ): JvpResult {
    const { outs, tangents: outTangents } = call.rule(primals, tangents);
    const checked = outs.map((x, i) =>
      linearTangent(tape, call.name, x, checkTangent(call.name, x, outTangents[i] ?? null)),
    );
    return { outs, tangents: checked };
  }

  /** Forward mode runs a user's rule on a tape, too: a rule that isn't linear is refused in both modes alike. */
  private linearRule(call: CustomJvp, primals: readonly NDArray[], tangents: readonly Tangent[]): JvpResult {
    const tape = new TapeTrace(this.parent, this.label, true);
    const inputs = tangents.map((t) => (t === null ? null : tape.input(t.aval)));
    try {
      const r = withTrace(tape, () => this.checkedRule(call, primals, inputs, tape));
      const { jaxpr, residuals } = tape.close(
        inputs.filter((t) => t !== null),
        r.tangents.filter((t) => t !== null),
      );
      const operands = [...residuals, ...tangents.filter((t) => t !== null)];
      const outs = withTrace(this.parent, () => evalJaxpr(jaxpr, operands));
      let k = 0;
      return { outs: r.outs, tangents: r.tangents.map((t) => (t === null ? null : (outs[k++] as NDArray))) };
    } finally {
      tape.dead = true;
    }
  }
}

/** Tangents of the arguments that a rule takes. @throws E_RULE_CLOSURE if there are others */
function ownTangents(
  trace: JvpTrace,
  call: CustomJvp | CustomVjp,
  tangents: readonly Tangent[],
): readonly Tangent[] {
  const closed = tangents.slice(0, call.numClosed).find((t) => t !== null);
  if (closed != null)
    throw fail(
      "E_RULE_CLOSURE",
      `${call.name}: the function closed over a value of tangent ${closed.aval} in ${trace.label}`,
    );
  return tangents.slice(call.numClosed);
}

/** In linear mode primals must be known, and a known tangent must be zero. */
function linearTangent(tape: TapeTrace, name: string, primal: NDArray, tangent: Tangent): Tangent {
  if (tape.owns(primal))
    throw fail("E_RULE_NOT_LINEAR", `${name}: a derivative rule's primal output depends on a tangent`);
  if (tangent === null || tape.owns(tangent)) return tangent;
  if (isKnownZero(tangent)) return null;
  throw fail(
    "E_RULE_NOT_LINEAR",
    `${name}: a derivative rule's tangent output ${tangent.aval} doesn't depend on its tangents and isn't zero`,
  );
}

function checkTangent(name: string, primal: NDArray, tangent: Tangent): Tangent {
  if (tangent === null) return null;
  const want = tangentAval(primal.aval);
  if (want.dtype === "float0" || !sameType(tangent.aval, want))
    throw fail(
      "E_RULE_OUTPUT",
      `${name}: the jvp rule returned a tangent ${tangent.aval} for a primal ${primal.aval}, expected ${want}`,
    );
  return tangent;
}

/** Values and tangents of `fn` at `primals` along `tangents` (null = zero). */
export function jvpFlat(
  fn: FlatFn,
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  label: string,
): JvpResult {
  const trace = new JvpTrace(context().trace, label);
  try {
    const outs = withTrace(trace, () => fn(primals.map((x, i) => trace.pair(x, tangents[i] ?? null))));
    for (const x of outs) checkLive(x, label);
    return { outs: outs.map((x) => trace.primal(x)), tangents: outs.map((x) => trace.tangent(x)) };
  } finally {
    trace.dead = true;
  }
}
