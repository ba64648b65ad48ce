// jvp, vjp, linearize: derivatives as linear maps. Tangents and cotangents of integer leaves are null.
import { fail } from "../../errors.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { FlatFn } from "../../ir/trace.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { jvpFlat } from "../../transforms/jvp.ts";
import { linearizeFlat, recordLinear } from "../../transforms/linearize.ts";
import { releaseResiduals } from "../../transforms/ownership.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { instantiateCt, instantiateTangent } from "../../transforms/zeros.ts";
import { checkOptions, isPlain } from "../arrays.ts";
import type { Arg, Args } from "../types.ts";
import { argumentPath, finish, flatFunction, flattenArgs, labelOf, type FlatCall } from "./flat.ts";
import { specArgs, type Specs } from "./shapes.ts";
import type { AnyFn } from "./types.ts";
import { cotangentsIn, makePullback, pullThrough, type Pass, type Pullback } from "./pullback.ts";
import { vectorLeaf, vectorLeaves, vectors } from "./vectors.ts";

// --- jvp -----------------------------------------------------------------------------------------------------------

interface AuxOption {
  readonly hasAux?: boolean | undefined;
}
/** Refuses options among the primals, where they would be one. @throws E_OPTIONS */
function refuseOptions(api: "vjp" | "linearize", name: string, primals: readonly unknown[]): void {
  const last = primals.at(-1);
  const words = isPlain(last) ? Object.keys(last) : [];
  if (words.length !== 1 || !["hasAux", "has_aux"].includes(words[0] as string)) return;
  throw fail("E_OPTIONS", `${name}: the option ${words[0]} stands among the primals`, {
    hint: `options go before the function: ${api}.with({ hasAux: true })(f, x)`,
  });
}

/**
 * The value of `f` at `primals`, and its directional derivative along `tangents`: J·t.
 * With `hasAux` the function returns [value, aux], and the result is [value, tangent, aux].
 * @throws E_TREE_MISMATCH, E_SHAPE, E_DTYPE where primals and tangents differ. Source: jax.jvp
 * @example jvp(np.sin, [0], [1])  // [0, 1]
 */
export function jvp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  primals: Args<A>,
  tangents: { [I in keyof A]: Arg<A[I]> | null },
  options?: { readonly hasAux?: false | undefined },
): [R, R];
export function jvp<A extends readonly unknown[], R, Aux>(
  fun: (...args: A) => readonly [R, Aux],
  primals: Args<A>,
  tangents: { [I in keyof A]: Arg<A[I]> | null },
  options: { readonly hasAux: true },
): [R, R, Aux];
export function jvp(
  f: AnyFn,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: AuxOption = {},
): unknown[] {
  const name = labelOf("jvp", f);
  checkOptions(name, options, ["hasAux"]);
  if (!Array.isArray(primals) || !Array.isArray(tangents))
    throw fail("E_ARGUMENT", `${name}: primals and tangents are lists: jvp(f, [x], [t])`);
  const p = flattenArgs(name, f, primals);
  const ts = vectorLeaves(name, "tangents", tangents, p.treedef).map((x, i) =>
    vectorLeaf(name, x, (p.leaves[i] as NDArray).aval, argumentPath(f, p.treedef, i)),
  );
  const { fn, out, aux } = flatFunction(name, f, p.treedef, options.hasAux ?? false);
  const r = jvpFlat(fn, p.leaves, ts, name);
  const n = out().numLeaves;
  const outTangents = r.outs
    .slice(0, n)
    .map((x, i) => (hasTangent(x.aval) ? instantiateTangent(r.tangents[i] ?? null, x.aval) : null));
  const result = [finish(out(), r.outs.slice(0, n)), vectors(out(), outTangents)];
  return options.hasAux === true ? [...result, finish(aux(), r.outs.slice(n))] : result;
}

// --- linearize -----------------------------------------------------------------------------------------------------

/** From tangents of the arguments to the tangent of the result. */
export type LinearMap<A extends readonly unknown[], R> = (
  ...tangents: { [I in keyof A]: Arg<A[I]> | null }
) => R;

/**
 * The value of `f` at `primals`, and the function t ↦ J·t, which costs no second evaluation of `f`.
 * `linearize.with({ hasAux: true })(f, ...primals)` gives [value, map, aux]. Source: jax.linearize.
 */
export function linearize<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...primals: Args<A>
): [R, LinearMap<A, R>] {
  return linearizeWith(fun, {}, primals) as [R, LinearMap<A, R>];
}
linearize.with =
  (options: AuxOption) =>
  (fun: AnyFn, ...primals: readonly unknown[]): unknown[] =>
    linearizeWith(fun, options, primals);

function linearizeWith(f: AnyFn, options: AuxOption, primals: readonly unknown[]): unknown[] {
  const name = labelOf("linearize", f);
  checkOptions(name, options, ["hasAux"]);
  refuseOptions("linearize", name, primals);
  const p = flattenArgs(name, f, primals);
  const { fn, out, aux } = flatFunction(name, f, p.treedef, options.hasAux ?? false);
  const wrt = p.leaves.map((x) => hasTangent(x.aval));
  const lin = linearizeFlat(fn, p.leaves, wrt, name);
  const outDef = out();
  const values = lin.outs.slice(0, outDef.numLeaves);
  const apply = (...tangents: unknown[]): unknown => {
    const ts = vectorLeaves(name, "tangents", tangents, p.treedef);
    const given = p.leaves.flatMap((x, i) => {
      if (!wrt[i]) return [];
      const t = vectorLeaf(name, ts[i], x.aval, argumentPath(f, p.treedef, i));
      return [instantiateTangent(t, x.aval)];
    });
    const outs = evalJaxpr(lin.jaxpr, [...lin.residuals, ...given]);
    let k = 0;
    return vectors(
      outDef,
      values.map((x, i) => {
        const t = lin.outNonzero[i] ? (outs[k++] as NDArray) : null;
        return hasTangent(x.aval) ? instantiateTangent(t, x.aval) : null;
      }),
    );
  };
  const result = [finish(outDef, values), apply];
  return options.hasAux === true ? [...result, finish(aux(), lin.outs.slice(outDef.numLeaves))] : result;
}

// --- vjp -----------------------------------------------------------------------------------------------------------

/** A linearised function, to be pulled back. */
export interface Reverse {
  readonly outs: readonly NDArray[];
  /** Cotangents of the inputs, null where zero or not differentiated. */
  pull(cts: readonly (NDArray | null)[]): (NDArray | null)[];
  /** Frees what derivative rules kept; `keep` are values that the caller returns. */
  release(keep: readonly NDArray[]): void;
}

/** Linearises `fn` with respect to the inputs of a mask, for reverse mode. */
export function reverse(
  fn: FlatFn,
  primals: readonly NDArray[],
  wrt: readonly boolean[],
  name: string,
): Reverse {
  const lin = linearizeFlat(fn, primals, wrt, name);
  return {
    outs: lin.outs,
    pull: (cts) => {
      const grads = pullThrough(lin, cts);
      let k = 0;
      return wrt.map((w) => (w ? (grads[k++] ?? null) : null));
    },
    release: (keep) => releaseResiduals(lin.tape, keep),
  };
}
/**
 * The value of `f` at `primals`, and the function ct ↦ ct·J, which may be called many times.
 * `vjp.with({ hasAux: true })(f, ...primals)` gives [value, pullback, aux].
 * Cotangents of integer leaves are null. Source: jax.vjp
 */
export function vjp<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...primals: Args<A>
): [R, Pullback<A, R>] {
  return vjpWith(fun, {}, primals) as [R, Pullback<A, R>];
}
/** `vjp` with options before the function, since its primals take the rest. */
interface VjpWith {
  (options: {
    readonly hasAux: true;
  }): <A extends readonly unknown[], R, Aux>(
    f: (...args: A) => readonly [R, Aux],
    ...primals: Args<A>
  ) => [R, Pullback<A, R>, Aux];
  (options: {
    readonly hasAux?: false | undefined;
  }): <A extends readonly unknown[], R>(f: (...args: A) => R, ...primals: Args<A>) => [R, Pullback<A, R>];
}
vjp.with = ((options: AuxOption) =>
  (f: AnyFn, ...primals: readonly unknown[]): unknown[] =>
    vjpWith(f, options, primals)) as VjpWith;

function vjpWith(f: AnyFn, options: AuxOption, primals: readonly unknown[]): unknown[] {
  const name = labelOf("vjp", f);
  checkOptions(name, options, ["hasAux"]);
  refuseOptions("vjp", name, primals);
  return vjpOf(name, f, flattenArgs(name, f, primals), options.hasAux ?? false);
}
/** [value, pullback], or with hasAux [value, pullback, aux]. */
export function vjpOf(name: string, f: AnyFn, p: FlatCall, hasAux: boolean): unknown[] {
  const { fn, out, aux } = flatFunction(name, f, p.treedef, hasAux);
  const wrt = p.leaves.map((x) => hasTangent(x.aval));
  const { outs, residuals, tape, jaxpr, outNonzero } = linearizeFlat(fn, p.leaves, wrt, name);
  const outDef = out();
  const values = outs.slice(0, outDef.numLeaves);
  const pass: Pass = {
    name,
    lin: { jaxpr, outNonzero },
    inDef: p.treedef,
    inAvals: p.leaves.map((x) => x.aval),
    outDef,
    outAvals: values.map((x) => x.aval),
  };
  const release = (): void => releaseResiduals(tape, [...outs, ...p.leaves]);
  const result = [finish(outDef, values), makePullback(pass, residuals, release)];
  return hasAux ? [...result, finish(aux(), outs.slice(outDef.numLeaves))] : result;
}

// --- linear transpose ----------------------------------------------------------------------------------------------

/**
 * The transpose of a function that is linear in its arguments, of which only shapes and dtypes count.
 * @throws E_RULE_NOT_LINEAR naming the operation. Source: jax.linear_transpose
 */
export function linearTranspose<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  ...primals: Specs<A>
): (ct: Arg<R>) => A {
  const name = labelOf("linearTranspose", fun);
  const p = specArgs(name, primals);
  const { fn, out } = flatFunction(name, fun, p.treedef);
  const lin = recordLinear(fn, p.avals, name);
  const outDef = out();
  return (ct: unknown) => {
    const grads = pullThrough(lin, cotangentsIn(name, ct, outDef, lin.outAvals));
    return vectors(
      p.treedef,
      p.avals.map((aval, i) => instantiateCt(grads[i] ?? null, aval)),
    ) as A;
  };
}
