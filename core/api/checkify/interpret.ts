// checkify as an interpreter of jaxprs: runs the equations and gathers what their checks find. Loops, branches and calls get
// bodies that carry the error.
import type { Jaxpr, JaxprEqn, Var } from "../../ir/jaxpr.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { Primitive } from "../../ir/primitive.ts";
import { applyEqn, readAtom } from "../../transforms/eval-jaxpr.ts";
import { stage, type Staged } from "../../transforms/stage.ts";
import { type ErrorStructure, ErrorValue, NO_ERROR, type ErrorCategory, type Slot } from "./error.ts";

/** What an equation becomes: its outputs; the checker's error grows. */
export type CheckRule = (checker: Checker, eqn: JaxprEqn, args: readonly NDArray[]) => readonly NDArray[];
/** Rules by primitive; others are applied as they are. */
export type CheckRules = ReadonlyMap<Primitive, CheckRule>;

/** A jaxpr that takes and gives an error: (consts, error, inputs) → (error, outs). */
export interface Checked extends Staged {
  readonly numErrors: number;
  /** What the error that comes out means. */
  readonly structure: ErrorStructure;
}

/** Runs jaxprs with checks. */
export class Checker {
  readonly rules: CheckRules;
  readonly enabled: ReadonlySet<ErrorCategory>;
  error: ErrorValue;
  constructor(rules: CheckRules, enabled: ReadonlySet<ErrorCategory>, error: ErrorValue = NO_ERROR) {
    this.rules = rules;
    this.enabled = enabled;
    this.error = error;
  }

  run(jaxpr: Jaxpr, args: readonly NDArray[]): readonly NDArray[] {
    const env = new Map<Var, NDArray>();
    jaxpr.inVars.forEach((v, i) => env.set(v, args[i] as NDArray));
    for (const eqn of jaxpr.eqns) {
      const given = eqn.inputs.map((a) => readAtom(env, a));
      const rule = this.rules.get(eqn.primitive);
      const outs = rule === undefined ? applyEqn(eqn, given) : rule(this, eqn, given);
      eqn.outVars.forEach((v, i) => env.set(v, outs[i] as NDArray));
    }
    return jaxpr.outs.map((a) => readAtom(env, a));
  }

  /** Adds a check that fails where `pred` holds. */
  fails(
    category: ErrorCategory,
    pred: NDArray,
    payload: readonly NDArray[],
    text: (p: readonly NDArray[]) => string,
  ): void {
    if (this.enabled.has(category))
      this.error = this.error.add(category, pred, payload, { text, at: undefined });
  }

  /** A function of the host's trace, as a jaxpr that carries the error of this structure. */
  stage(
    body: (checker: Checker, xs: readonly NDArray[]) => readonly NDArray[],
    structure: ErrorStructure,
    avals: readonly NDArray["aval"][],
  ): Checked {
    let out = structure;
    const numErrors = structure.avals.length;
    const staged = stage(
      (xs) => {
        const inner = new Checker(
          this.rules,
          this.enabled,
          new ErrorValue(structure, xs.slice(0, numErrors)),
        );
        const outs = body(inner, xs.slice(numErrors));
        out = inner.error.structure;
        return [...inner.error.values, ...outs];
      },
      [...structure.avals, ...avals],
      "checkify",
    );
    return { ...staged, numErrors, structure: out };
  }
  /** A jaxpr with checks. */
  checked(jaxpr: Jaxpr, structure: ErrorStructure = this.error.structure): Checked {
    return this.stage(
      (c, xs) => c.run(jaxpr, xs),
      structure,
      jaxpr.inVars.map((v) => v.aval),
    );
  }

  /** Makes places for all errors of some jaxprs, so that what goes into them is what comes out. */
  prepare(parts: readonly Checked[]): void {
    const slots: Slot[] = parts.flatMap((p) => [...p.structure.slots]);
    this.error = this.error.withSlots(slots);
  }
  /** Takes over the error of a call: leading outputs of these structures. */
  take(parts: readonly Checked[], outs: readonly NDArray[]): readonly NDArray[] {
    const [first, ...others] = parts as [Checked, ...Checked[]];
    const structure = first.structure.with(...others.map((p) => p.structure));
    const n = structure.avals.length;
    this.error = new ErrorValue(structure, outs.slice(0, n));
    return outs.slice(n);
  }
}
