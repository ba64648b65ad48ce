// lax.customLinearSolve and lax.customRoot: solutions whose derivatives follow from what they solve, not from how.
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import type { CustomJvp, JvpRule } from "../../ir/trace.ts";
import { listOf, unflatten, type TreeDef } from "../../ir/tree.ts";
import { cut } from "../../primitives/fixpoint.ts";
import { bindLinearCall } from "../../primitives/linear-call.ts";
import { linear_solve_p } from "../../primitives/linear-solve.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { jvpFlat } from "../../transforms/jvp.ts";
import { recordLinear } from "../../transforms/linearize.ts";
import { instantiateCt, instantiateTangent } from "../../transforms/zeros.ts";
import { checkOptions } from "../arrays.ts";
import { checkLike } from "../mismatch.ts";
import { linearize } from "../transforms/derivatives.ts";
import { pullThrough } from "../transforms/pullback.ts";
import {
  checkFunction,
  checkSynchronous,
  finish,
  flattenResult,
  labelOf,
  operandsOf,
} from "../transforms/flat.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { Traced } from "../types.ts";
import { avalsOf, stageTree, type StagedTree } from "./staged.ts";

/** A solver's result: the solution and, with hasAux, what it tells besides. @throws E_RULE_OUTPUT */
function solution(name: string, word: string, hasAux: boolean, result: unknown): unknown {
  checkSynchronous(name, result);
  if (!hasAux || (Array.isArray(result) && result.length === 2)) return result;
  throw fail("E_RULE_OUTPUT", `${name}: with hasAux ${word} returns [solution, aux]`);
}
/** The structure of the solution in that of a solver's result. */
const solutionDef = (def: TreeDef, hasAux: boolean): TreeDef => (hasAux ? (def.children[0] as TreeDef) : def);

/** Options of customLinearSolve. */
export interface LinearSolveOptions<T> {
  /** Solves the transposed system: `transposeSolve(vecmat, b)`. Reverse mode needs it, or `symmetric`. */
  readonly transposeSolve?: ((vecmat: (x: Traced<T>) => Traced<T>, b: Traced<T>) => unknown) | undefined;
  /** The map is its own transpose: `solve` solves both systems. */
  readonly symmetric?: boolean | undefined;
  /** `solve` and `transposeSolve` return [solution, aux]. */
  readonly hasAux?: boolean | undefined;
}

/**
 * The solution x of `matvec(x) = b` that `solve(matvec, b)` finds, with derivatives by what it solves: they need a
 * solution of the tangent system or of the transposed one, not a derivative of the solver.
 * @throws E_TREE_MISMATCH, E_SHAPE where a function's result isn't like b; E_NO_RULE in reverse mode without
 * transposeSolve. Source: jax.lax.custom_linear_solve
 * @example lax.customLinearSolve((x) => x.mul(2), np.array([2, 4]), (_, b) => b.div(2))  // [1, 2]
 */
export function customLinearSolve<T, Aux>(
  matvec: (x: Traced<T>) => Traced<T>,
  b: T,
  solve: (matvec: (x: Traced<T>) => Traced<T>, b: Traced<T>) => readonly [Traced<T>, Aux],
  options: LinearSolveOptions<T> & { readonly hasAux: true },
): [Traced<T>, Aux];
export function customLinearSolve<T>(
  matvec: (x: Traced<T>) => Traced<T>,
  b: T,
  solve: (matvec: (x: Traced<T>) => Traced<T>, b: Traced<T>) => Traced<T>,
  options?: LinearSolveOptions<T> & { readonly hasAux?: false | undefined },
): Traced<T>;
export function customLinearSolve(
  matvec: AnyFn,
  b: unknown,
  solve: AnyFn,
  options: LinearSolveOptions<unknown> = {},
): unknown {
  const name = labelOf("lax.customLinearSolve", matvec);
  checkOptions("lax.customLinearSolve", options, ["transposeSolve", "symmetric", "hasAux"]);
  checkFunction(`${name}: solve`, solve);
  const { symmetric = false, hasAux = false } = options;
  const back = options.transposeSolve ?? (symmetric ? solve : undefined);
  if (back !== undefined) checkFunction(`${name}: transposeSolve`, back);
  const { leaves, treedef } = operandsOf(name, b);
  const avals = avalsOf(leaves);
  const like = { word: "b", treedef, avals };
  const staged = (word: string, f: (x: unknown) => unknown, aux: boolean): StagedTree => {
    const s = stageTree(name, (x) => solution(name, word, aux, f(x)), listOf([treedef]), avals);
    checkLike(name, word, solutionDef(s.outDef, aux), s.jaxpr.outs, like);
    return s;
  };
  const given = matvec as (x: unknown) => unknown;
  const forth = staged("matvec", given, false);
  const solver = staged("solve", (x) => solve(...([matvec, x] as never[])), hasAux);
  const vecmat = symmetric ? given : transposedOf(name, given, treedef, avals);
  const transposed = back === undefined ? null : symmetric ? forth : staged("the transpose", vecmat, false);
  const transposeSolver =
    back === undefined ? null : staged("transposeSolve", (x) => back(...([vecmat, x] as never[])), hasAux);
  const parts = [forth, transposed, solver, transposeSolver];
  const [mv, vm, s, ts] = parts.map((p) => ({ jaxpr: p?.jaxpr ?? null, numConsts: p?.consts.length ?? 0 }));
  const operands = [...parts.flatMap((p) => p?.consts ?? []), ...leaves];
  const params = { matvec: mv, vecmat: vm, solve: s, transposeSolve: ts };
  return finish(solver.outDef, bind(linear_solve_p, operands, params));
}

/** The transpose of a linear function from trees of these avals to the like. */
function transposedOf(
  name: string,
  f: (x: unknown) => unknown,
  treedef: TreeDef,
  avals: readonly ShapedArray[],
): (ct: unknown) => unknown {
  return (ct) => {
    const fn = (xs: readonly NDArray[]): readonly NDArray[] =>
      flattenResult(name, f(unflatten(treedef, xs))).leaves;
    const lin = recordLinear(fn, avals, name);
    const cts = operandsOf(name, ct).leaves;
    const grads = pullThrough(lin, cts);
    return finish(
      treedef,
      avals.map((aval, i) => instantiateCt(grads[i] ?? null, aval)),
    );
  };
}

/**
 * The root of `f` that `solve(f, initialGuess)` finds, with derivatives by the implicit function theorem with respect
 * to what `f` closed over. `tangentSolve(g, y)` solves g(x) = y for the derivative g of `f` at the root.
 * @throws E_TREE_MISMATCH, E_SHAPE where a function's result isn't like the guess. Source: jax.lax.custom_root
 * @example lax.customRoot((x) => x.mul(x).sub(2), 1, newton, (g, y) => y.div(g(np.array(1))))  // √2
 */
export function customRoot<T, Aux>(
  f: (x: Traced<T>) => Traced<T>,
  initialGuess: T,
  solve: (f: (x: Traced<T>) => Traced<T>, initialGuess: Traced<T>) => readonly [Traced<T>, Aux],
  tangentSolve: (g: (t: Traced<T>) => Traced<T>, y: Traced<T>) => Traced<T>,
  options: { readonly hasAux: true },
): [Traced<T>, Aux];
export function customRoot<T>(
  f: (x: Traced<T>) => Traced<T>,
  initialGuess: T,
  solve: (f: (x: Traced<T>) => Traced<T>, initialGuess: Traced<T>) => Traced<T>,
  tangentSolve: (g: (t: Traced<T>) => Traced<T>, y: Traced<T>) => Traced<T>,
  options?: { readonly hasAux?: false | undefined },
): Traced<T>;
export function customRoot(
  f: AnyFn,
  initialGuess: unknown,
  solve: AnyFn,
  tangentSolve: AnyFn,
  options: { readonly hasAux?: boolean | undefined } = {},
): unknown {
  const name = labelOf("lax.customRoot", f);
  checkOptions("lax.customRoot", options, ["hasAux"]);
  checkFunction(`${name}: solve`, solve);
  checkFunction(`${name}: tangentSolve`, tangentSolve);
  const { hasAux = false } = options;
  const guess = operandsOf(name, initialGuess);
  const avals = avalsOf(guess.leaves);
  const like = { word: "the initial guess", treedef: guess.treedef, avals };
  const staged = (word: string, g: AnyFn, n: number, aux: boolean): StagedTree => {
    const args = Array.from({ length: n }, () => guess.treedef);
    const s = stageTree(
      name,
      g,
      listOf(args),
      args.flatMap(() => avals),
    );
    checkLike(name, word, solutionDef(s.outDef, aux), s.jaxpr.outs, like);
    return s;
  };
  const parts = {
    f: staged("f", f, 1, false),
    solve: staged(
      "solve",
      (x: unknown) => solution(name, "solve", hasAux, solve(...([f, x] as never[]))),
      1,
      hasAux,
    ),
    tangents: staged(
      "tangentSolve",
      (x: unknown, y: unknown) => tangentSolve(...([linearize(f, ...([x] as never[]))[1], y] as never[])),
      2,
      false,
    ),
  };
  const call = rootCall(name, parts);
  const operands = [...parts.f.consts, ...parts.solve.consts, ...parts.tangents.consts, ...guess.leaves];
  return finish(parts.solve.outDef, context().trace.customJvp(call, operands));
}

interface RootParts {
  readonly f: StagedTree;
  readonly solve: StagedTree;
  /** (root, right-hand side) → tangent of the root. */
  readonly tangents: StagedTree;
}
/**
 * F(m, u(m)) = 0, so ∂u = −(∂₁F)⁻¹ ∂₀F ∂m: a function of the consts m of f, with this derivative. Arguments: consts of
 * the three, guess.
 */
function rootCall(name: string, parts: RootParts): CustomJvp {
  const { f, solve, tangents } = parts;
  const split = <T>(all: readonly T[]): readonly T[][] =>
    cut(all, f.consts.length, solve.consts.length, tangents.consts.length);
  const numRoot = f.jaxpr.outs.length;
  const rule: JvpRule = (primals, ts) => {
    const outs = context().trace.customJvp(call, primals);
    const [m, , closed] = split(primals) as [NDArray[], NDArray[], NDArray[]];
    const [dm] = split(ts) as [(NDArray | null)[]];
    const root = outs.slice(0, numRoot);
    const at = (xs: readonly NDArray[]): readonly NDArray[] => evalJaxpr(f.jaxpr, [...xs, ...root]);
    const r = jvpFlat(at, m, dm, name);
    const none = outs.map(() => null);
    if (r.tangents.every((t) => t === null)) return { outs, tangents: none };
    const rhs = r.tangents.map((t, i) => instantiateTangent(t, (r.outs[i] as NDArray).aval));
    const dx = bindLinearCall(tangents.jaxpr, [...closed, ...root], rhs, null);
    return { outs, tangents: [...dx.map((t) => context().lax.neg(t)), ...none.slice(numRoot)] };
  };
  const call: CustomJvp = {
    name,
    numClosed: 0,
    symbolicZeros: true,
    body: (xs) => {
      const [, consts, , guess] = split(xs) as [NDArray[], NDArray[], NDArray[], NDArray[]];
      return evalJaxpr(solve.jaxpr, [...consts, ...guess]);
    },
    rule,
  };
  return call;
}
