// Jaxprs: what transformations rewrite. Closed always: values never stand inside, consts are leading inputs.
import type { ShapedArray } from "./aval.ts";
import type { Literal } from "./ndarray.ts";
import type { Effect, Params, Primitive } from "./primitive.ts";

let nextVar = 0;
/** A variable of a jaxpr; identity is what names it. */
export class Var {
  readonly aval: ShapedArray;
  readonly id: number;
  constructor(aval: ShapedArray) {
    this.aval = aval;
    this.id = nextVar++;
  }
}
/** An input of an equation: a variable, or a rank-0 literal (only JavaScript numbers become literals). */
export type Atom = Var | Literal;
/** One application of a primitive. */
export interface JaxprEqn {
  readonly primitive: Primitive;
  readonly inputs: readonly Atom[];
  readonly outVars: readonly Var[];
  readonly params: Params;
  readonly effects: readonly Effect[];
  /** The names of `namedScope` around it, outermost first: "encoder/attention". */
  readonly scope?: string;
}
/** A closed program: inputs, equations in order, outputs. */
export interface Jaxpr {
  readonly inVars: readonly Var[];
  readonly eqns: readonly JaxprEqn[];
  readonly outs: readonly Atom[];
  readonly effects: readonly Effect[];
}

/** The scope of an equation that is made now, as a part of it. */
export const scoped = (names: readonly string[]): { readonly scope?: string } =>
  names.length === 0 ? NO_SCOPE : { scope: names.join("/") };
const NO_SCOPE = {};

/** Is the atom a variable? */
export const isVar = (atom: Atom): atom is Var => atom instanceof Var;

/** Unions the effects of equations. */
export function effectsOf(eqns: readonly JaxprEqn[]): readonly Effect[] {
  const found = new Map<string, Effect>();
  for (const eqn of eqns) for (const e of eqn.effects) found.set(`${e.kind}:${e.key}`, e);
  return found.size === 0 ? NO_EFFECTS : [...found.values()];
}
/** The effects of a pure equation. */
export const NO_EFFECTS: readonly Effect[] = Object.freeze([]);

/** A jaxpr of these parts. Each inVar must be distinct. */
export function makeJaxprOf(inVars: readonly Var[], eqns: readonly JaxprEqn[], outs: readonly Atom[]): Jaxpr {
  return { inVars, eqns, outs, effects: effectsOf(eqns) };
}
