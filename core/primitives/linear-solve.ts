// custom_linear_solve: x with A·x = b for a linear map given as a function, with derivatives by the implicit function
// theorem instead of through the solver. Operands: consts of the four jaxprs, then b. Source: jax's solves.py.
import type { ShapedArray } from "../ir/aval.ts";
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Accum,
  type BatchDim,
  type BatchResult,
  type JvpResult,
  type Params,
  type Primitive,
  type Tangent,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { batchJaxpr } from "../transforms/jaxprs.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { instantiateCt, instantiateTangent } from "../transforms/zeros.ts";
import { or } from "./fixpoint.ts";
import { none, outAvals, usesAxisIn } from "./jit.ts";

/** One of the functions: (consts, b or x) → leaves; null where the caller didn't give it. */
interface Part {
  readonly jaxpr: Jaxpr | null;
  readonly numConsts: number;
}
/** Params of custom_linear_solve. */
export interface LinearSolveParams extends Params {
  readonly matvec: Part;
  readonly vecmat: Part;
  readonly solve: Part;
  readonly transposeSolve: Part;
}
const NAMES = ["matvec", "vecmat", "solve", "transposeSolve"] as const;
type Name = (typeof NAMES)[number];
type ByName<T> = Readonly<Record<Name, T>>;
const paramsOf = (params: Params): LinearSolveParams => params as LinearSolveParams;
const jaxprOf = (part: Part): Jaxpr => part.jaxpr as Jaxpr;
const byName = <T>(make: (name: Name) => T): ByName<T> => ({
  matvec: make("matvec"),
  vecmat: make("vecmat"),
  solve: make("solve"),
  transposeSolve: make("transposeSolve"),
});

/** Operands (or what stands beside them) by the part whose consts they are, and those of b. */
function cutOperands<T>(
  params: Params,
  all: readonly T[],
): { consts: ByName<readonly T[]>; b: readonly T[] } {
  let at = 0;
  const consts = byName((name) => all.slice(at, (at += paramsOf(params)[name].numConsts)));
  return { consts, b: all.slice(at) };
}
const flat = <T>(consts: ByName<readonly T[]>): T[] => NAMES.flatMap((name) => [...consts[name]]);

function shape(avals: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const { b } = cutOperands(params, avals);
  return [...b, ...outAvals(jaxprOf(paramsOf(params).solve)).slice(b.length)];
}

/** A·x = b, so A·∂x = ∂b − ∂A·x. */
function jvp(primals: readonly NDArray[], tangents: readonly Tangent[], params: Params): JvpResult {
  const { lax } = context();
  const outs = bind(linear_solve_p, primals, params);
  const { consts, b } = cutOperands(params, primals);
  const dot = cutOperands(params, tangents);
  const x = outs.slice(0, b.length);
  let rhs: Tangent[] = [...dot.b];
  if (dot.consts.matvec.some((t) => t !== null)) {
    const map = jaxprOf(paramsOf(params).matvec);
    const at = (ps: readonly NDArray[]): readonly NDArray[] => evalJaxpr(map, [...ps, ...x]);
    const moved = jvpFlat(at, consts.matvec, dot.consts.matvec, "lax.customLinearSolve").tangents;
    rhs = rhs.map((t, i) => {
      const m = moved[i] ?? null;
      if (m === null) return t;
      return t === null ? lax.neg(m) : lax.addAny(t, lax.neg(m));
    });
  }
  if (rhs.every((t) => t === null)) return { outs, tangents: outs.map(() => null) };
  const full = rhs.map((t, i) => instantiateTangent(t, (b[i] as NDArray).aval));
  const dx = bind(linear_solve_p, [...flat(consts), ...full], params);
  return { outs, tangents: outs.map((_, i) => (i < b.length ? (dx[i] as NDArray) : null)) };
}

/** The same solve of the transposed system. */
function transpose(
  cts: readonly Tangent[],
  args: readonly (NDArray | null)[],
  accums: readonly (Accum | null)[],
  params: Params,
  avals: readonly ShapedArray[],
): void {
  const { matvec, vecmat, solve, transposeSolve } = paramsOf(params);
  if (transposeSolve.jaxpr === null)
    throw fail("E_NO_RULE", "lax.customLinearSolve: reverse mode without transposeSolve", {
      hint: "pass transposeSolve, or symmetric: true",
    });
  const { consts, b } = cutOperands(params, args);
  const bAvals = avals.slice(avals.length - b.length);
  const full = bAvals.map((aval, i) => instantiateCt(cts[i] ?? null, aval));
  const { matvec: m, vecmat: v, solve: s, transposeSolve: t } = consts as ByName<readonly NDArray[]>;
  const swapped: LinearSolveParams = {
    matvec: vecmat,
    vecmat: matvec,
    solve: transposeSolve,
    transposeSolve: solve,
  };
  const outs = bind(linear_solve_p, [...v, ...m, ...t, ...s, ...full], swapped);
  const first = args.length - b.length;
  b.forEach((_, i) => accums[first + i]?.add(outs[i] as NDArray));
}

/** Which parts of b and x are mapped must agree between all four functions: a fixpoint. */
function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  axisName: string | null,
): BatchResult {
  const given = bdims.map((d) => d !== null);
  const { consts, b } = cutOperands(params, given);
  const parts = paramsOf(params);
  const numX = b.length;
  const numAux = jaxprOf(parts.solve).outs.length - numX;
  let inB = b;
  let inX: readonly boolean[] = none(numX + numAux);
  const run = (
    name: Name,
    mask: readonly boolean[],
    force: readonly boolean[],
  ): ReturnType<typeof batchJaxpr> | null => {
    const { jaxpr } = parts[name];
    return jaxpr === null ? null : batchJaxpr(jaxpr, size, [...consts[name], ...mask], force, axisName);
  };
  for (;;) {
    const solve = run("solve", inB, inX);
    const vecmat = run("vecmat", inB, inB);
    const aux = none(numAux).map(() => vecmat !== null);
    const nextX = or(solve?.outBatched ?? [], vecmat === null ? [] : [...vecmat.outBatched, ...aux]);
    const x = nextX.slice(0, numX);
    const matvec = run("matvec", x, inB);
    const transposeSolve = run("transposeSolve", x, nextX);
    const nextB = or(matvec?.outBatched ?? [], transposeSolve?.outBatched.slice(0, numX) ?? [], b);
    if (`${nextX.join()}|${nextB.join()}` !== `${inX.join()}|${inB.join()}`) {
      [inX, inB] = [nextX, nextB];
      continue;
    }
    const made = { matvec, vecmat, solve, transposeSolve };
    return bindBatched(size, args, bdims, params, inB, made);
  }
}
function bindBatched(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  inB: readonly boolean[],
  made: ByName<ReturnType<typeof batchJaxpr> | null>,
): BatchResult {
  const moved = args.map((x, i) => (bdims[i] == null ? x : toAxis(size, x, bdims[i] ?? null, 0)));
  const { consts, b } = cutOperands(params, moved);
  const mapped = cutOperands(params, bdims).b;
  const full = b.map((x, i) => (inB[i] === true && mapped[i] === null ? toAxis(size, x, null, 0) : x));
  const operands = flat(byName((name) => [...(made[name]?.consts ?? []), ...consts[name]]));
  const batched = byName((name): Part => ({
    jaxpr: made[name]?.jaxpr ?? null,
    numConsts: paramsOf(params)[name].numConsts + (made[name]?.consts.length ?? 0),
  }));
  const outs = bind(linear_solve_p, [...operands, ...full], { ...batched });
  const outBatched = made.solve?.outBatched ?? [];
  return { outs, bdims: outs.map((_, i) => (outBatched[i] === true ? 0 : null)) };
}

/**
 * Solves A·x = b by a function of the user's. Derivative: solves the tangent system; transpose: solves the transposed
 * one. Source: jax.lax.custom_linear_solve (`linear_solve_p`).
 */
export const linear_solve_p: Primitive = definePrimitive({
  name: "custom_linear_solve",
  traits: { higherOrder: true },
  shape,
  effects: (params) => jaxprOf(paramsOf(params).solve).effects,
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  linearIn: (mask, params) => !flat(cutOperands(params, mask).consts).includes(true),
  transpose: (_lax, cts, args, accums, params, avals) => transpose(cts, args, accums, params, avals),
  batch: (_lax, size, args, bdims, params, axisName) => batch(size, args, bdims, params, axisName),
  usesAxis: (axisName, params) =>
    NAMES.some((name) => {
      const { jaxpr } = paramsOf(params)[name];
      return jaxpr !== null && usesAxisIn(jaxpr, axisName);
    }),
  lower: (b, operands, params) => {
    const { consts, b: rhs } = cutOperands(params, operands);
    return b.inline(jaxprOf(paramsOf(params).solve), [...consts.solve, ...rhs]);
  },
});
