// cond: one of several branches by an int32 index. Operands: index, then operands that every branch takes.
import { fail } from "../errors.ts";
import { shaped, type ShapedArray } from "../ir/aval.ts";
import { context, withTrace } from "../ir/context.ts";
import { isVisible } from "../ir/effects.ts";
import { makeJaxprOf, Var, type Atom, type Jaxpr, type JaxprEqn } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type Accum,
  type BatchDim,
  type CutEqn,
  type CutJaxpr,
  type CutParts,
  type Lowering,
  type Params,
  type Primitive,
  type TapeLike,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { condSteps } from "./steps.ts";
import { toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { dce } from "../transforms/dce.ts";
import { batchJaxpr, jvpJaxpr, splitJaxpr, transposeJaxpr, type SplitJaxpr } from "../transforms/jaxprs.ts";
import { stage } from "../transforms/stage.ts";
import { instantiateCt, zerosOf } from "../transforms/zeros.ts";
import { cut, or } from "./fixpoint.ts";
import { all, none, spread, usesAxisIn } from "./jit.ts";
import { overLanes } from "./lanes.ts";
import { isOneOf, readBy } from "./scan-parts.ts";

/** Params of cond: one jaxpr per branch. */
export interface CondParams extends Params {
  readonly branches: readonly Jaxpr[];
}
const branchesOf = (params: Params): readonly Jaxpr[] => (params as CondParams).branches;
const first = (branches: readonly Jaxpr[]): Jaxpr => branches[0] as Jaxpr;

/**
 * Makes branches with leading consts of their own take one common list of leading operands.
 * @returns branches over (all consts, rest) and the consts
 */
export function unifyConsts(parts: readonly { jaxpr: Jaxpr; consts: readonly NDArray[] }[]): {
  branches: Jaxpr[];
  consts: NDArray[];
} {
  const consts = parts.flatMap((p) => p.consts);
  if (consts.length === 0) return { branches: parts.map((p) => p.jaxpr), consts };
  let at = 0;
  const branches = parts.map((p) => {
    const from = at;
    at += p.consts.length;
    const rest = p.jaxpr.inVars.slice(p.consts.length).map((v) => v.aval);
    return stage(
      (xs) => evalJaxpr(p.jaxpr, [...xs.slice(from, from + p.consts.length), ...xs.slice(consts.length)]),
      [...consts.map((x) => x.aval), ...rest],
      "cond",
    ).jaxpr;
  });
  return { branches, consts };
}

function shape(avals: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const index = avals[0] as ShapedArray;
  if (index.shape.length !== 0 || index.dtype !== "int32")
    throw fail("E_SHAPE", `lax.cond: the index is ${index}, expected i32[]`);
  return first(branchesOf(params)).outs.map((o) => o.aval);
}

function jvp(
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: Params,
): { outs: readonly NDArray[]; tangents: readonly Tangent[] } {
  const branches = branchesOf(params);
  const nonzero = tangents.slice(1).map((t) => t !== null);
  const n = first(branches).outs.length;
  const outNonzero = or(...branches.map((j) => jvpJaxpr(j, nonzero, none(n)).outNonzero));
  const unified = unifyConsts(branches.map((j) => jvpJaxpr(j, nonzero, outNonzero)));
  const ts = tangents.slice(1).filter((t): t is NDArray => t !== null);
  const outs = bind(cond_p, [primals[0] as NDArray, ...unified.consts, ...primals.slice(1), ...ts], {
    branches: unified.branches,
  });
  return { outs: outs.slice(0, n), tangents: spread(outNonzero, outs.slice(n)) };
}

/** Residuals are the union over branches, which share places: each branch fills the others' with zeros. */
function partialEval(
  tape: TapeLike,
  args: readonly NDArray[],
  unknown: readonly boolean[],
  params: Params,
): readonly NDArray[] {
  const branches = branchesOf(params);
  const n = first(branches).outs.length;
  if (unknown[0] === true) return tape.record(cond_p, args, params);
  const un = unknown.slice(1);
  const how = { saves: tape.saves };
  const outUnknown = or(...branches.map((j) => splitJaxpr(j, un, none(n), how).outUnknown));
  const { splits, forwarded } = forwardOperands(branches.map((j) => splitJaxpr(j, un, outUnknown, how)));
  const layout = layOut(
    splits.map((s) => s.known.outs.slice(s.known.outs.length - s.numResiduals).map((o) => o.aval)),
  );
  const numKnown = outUnknown.filter((u) => !u).length;
  const known = unifyConsts(
    splits.map((s, k) => ({ consts: s.consts, jaxpr: padResiduals(s, k, layout, numKnown) })),
  );
  const [index, ...rest] = args as [NDArray, ...NDArray[]];
  const operands = rest.filter((_, i) => !un[i]);
  const outs = withTrace(tape.parent as NonNullable<typeof tape.parent>, () =>
    bind(cond_p, [index, ...known.consts, ...operands], { branches: known.branches }),
  );
  const residuals = [...outs.slice(numKnown), ...forwarded.map((i) => operands[i] as NDArray)];
  const recorded = tape.record(cond_p, [index, ...residuals, ...rest.filter((_, i) => un[i])], {
    branches: splits.map((s, k) => takeResiduals(s, k, layout)),
  });
  let k = 0;
  let u = 0;
  return outUnknown.map((isUnknown) => (isUnknown ? recorded[u++] : outs[k++]) as NDArray);
}

/** Residuals that are operands of the cond aren't results of it, too: `forwarded` are inputs of every unknown branch. */
function forwardOperands(splits: readonly SplitJaxpr[]): {
  splits: SplitJaxpr[];
  forwarded: readonly number[];
} {
  const sources = splits.map((s) => {
    const operands: readonly Atom[] = s.known.inVars.slice(s.consts.length);
    return s.known.outs.slice(s.known.outs.length - s.numResiduals).map((o) => operands.indexOf(o));
  });
  const forwarded = [...new Set(sources.flat())].filter((i) => i >= 0).sort((a, b) => a - b);
  const moved = splits.map((s, k): SplitJaxpr => {
    const source = sources[k] as number[];
    const numOuts = s.known.outs.length - s.numResiduals;
    const [residuals, rest] = cut(s.unknown.inVars, s.numResiduals) as [Var[], Var[]];
    const operand = (i: number): Var =>
      residuals[source.indexOf(i)] ?? new Var((s.known.inVars[s.consts.length + i] as Var).aval);
    const stored = residuals.filter((_, r) => (source[r] as number) < 0);
    const outs = s.known.outs.filter((_, i) => i < numOuts || (source[i - numOuts] as number) < 0);
    return {
      ...s,
      known: makeJaxprOf(s.known.inVars, s.known.eqns, outs),
      unknown: makeJaxprOf([...stored, ...forwarded.map(operand), ...rest], s.unknown.eqns, s.unknown.outs),
      numResiduals: stored.length,
    };
  });
  return { splits: moved, forwarded };
}

/** A cond without the outputs that nothing uses. */
function pruneCond(eqn: JaxprEqn, used: readonly boolean[]): JaxprEqn {
  const branches = branchesOf(eqn.params).map((j) => dce(j, { usedOuts: used, deep: true }).jaxpr);
  return withBranches(
    eqn,
    branches,
    eqn.outVars.filter((_, i) => used[i]),
  );
}
/** Branches with fewer outputs; operands that none reads are dropped. */
function withBranches(eqn: JaxprEqn, branches: readonly Jaxpr[], outVars: readonly Var[]): JaxprEqn {
  const kept = readBy(branches);
  return {
    ...eqn,
    inputs: eqn.inputs.filter((_, i) => i === 0 || kept[i - 1]),
    outVars,
    params: {
      branches: branches.map((j) =>
        makeJaxprOf(
          j.inVars.filter((_, i) => kept[i]),
          j.eqns,
          j.outs,
        ),
      ),
    },
  };
}

/** A cond in two, as in partialEval: what is saved is the union over branches. */
function cutCond(eqn: JaxprEqn, wanted: readonly boolean[], cutJaxpr: CutJaxpr): CutEqn {
  const branches = branchesOf(eqn.params);
  const kept = savedEverywhere(
    branches.map((j) => cutJaxpr(j, wanted)),
    wanted,
  );
  const rest = wanted.map((w, i) => w && !kept[i]);
  const keptVars = eqn.outVars.filter((_, i) => kept[i]);
  if (!rest.includes(true)) return { known: eqn, saved: keptVars, again: null };
  const parts = branches.map((j) => cutJaxpr(j, rest));
  const n = eqn.outVars.length;
  const layout = layOut(parts.map((s) => s.known.outs.slice(n).map((o) => o.aval)));
  const saved = layout.slots.map((a) => new Var(a));
  const again = parts.map((s, k) => takeResiduals(s, k, layout));
  const [index, ...operands] = eqn.inputs as [Atom, ...Atom[]];
  const second = { ...eqn, inputs: [index, ...saved, ...operands] };
  return {
    known: {
      ...eqn,
      outVars: [...eqn.outVars, ...saved],
      params: { branches: parts.map((s, k) => padResiduals(s, k, layout, n)) },
    },
    saved: [...keptVars, ...saved],
    again: withBranches(
      second,
      again,
      eqn.outVars.filter((_, i) => rest[i]),
    ),
  };
}
/** Outputs that every branch saves where it makes them. */
function savedEverywhere(parts: readonly CutParts[], wanted: readonly boolean[]): boolean[] {
  let k = -1;
  return wanted.map((w) => {
    if (w) k++;
    const isSaved = (s: CutParts): boolean =>
      isOneOf(s.unknown.outs[k] as Atom, s.unknown.inVars.slice(0, s.numResiduals));
    return w && parts.every(isSaved);
  });
}

/** Where residuals lie: what one branch doesn't use serves another's of the same aval. */
interface Layout {
  readonly slots: readonly ShapedArray[];
  /** Of each branch, the slot of each of its residuals. */
  readonly places: readonly (readonly number[])[];
}
function layOut(residuals: readonly (readonly ShapedArray[])[]): Layout {
  const slots: ShapedArray[] = [];
  const places = residuals.map((avals) => {
    const taken = new Set<number>();
    return avals.map((aval) => {
      let slot = slots.findIndex((s, i) => s === aval && !taken.has(i));
      if (slot < 0) slot = slots.push(aval) - 1;
      taken.add(slot);
      return slot;
    });
  });
  return { slots, places };
}

function padResiduals(s: CutParts, branch: number, { slots, places }: Layout, numKnown: number): Jaxpr {
  const place = places[branch] as readonly number[];
  return stage(
    (xs) => {
      const outs = evalJaxpr(s.known, xs);
      const stored = slots.map((aval, i) => {
        const r = place.indexOf(i);
        return r < 0 ? zerosOf(aval) : (outs[numKnown + r] as NDArray);
      });
      return [...outs.slice(0, numKnown), ...stored];
    },
    s.known.inVars.map((v) => v.aval),
    "cond",
  ).jaxpr;
}

function takeResiduals(s: CutParts, branch: number, { slots, places }: Layout): Jaxpr {
  const place = places[branch] as readonly number[];
  const rest = s.unknown.inVars.slice(s.numResiduals).map((v) => v.aval);
  return stage(
    (xs) => evalJaxpr(s.unknown, [...place.map((i) => xs[i] as NDArray), ...xs.slice(slots.length)]),
    [...slots, ...rest],
    "cond",
  ).jaxpr;
}

function transpose(
  cts: readonly Tangent[],
  args: readonly (NDArray | null)[],
  accums: readonly (Accum | null)[],
  params: Params,
): void {
  const branches = branchesOf(params);
  if (accums[0] != null) throw fail("E_INTERNAL", "internal: the index of a cond is linear");
  const linear = accums.slice(1).map((a) => a !== null);
  const unified = unifyConsts(branches.map((j) => transposeJaxpr(j, linear)));
  const full = first(branches).outs.map((o, i) => instantiateCt(cts[i] ?? null, o.aval));
  const known = args.slice(1).filter((x): x is NDArray => x !== null);
  const outs = bind(cond_p, [args[0] as NDArray, ...unified.consts, ...known, ...full], {
    branches: unified.branches,
  });
  let k = 0;
  for (const accum of accums) if (accum !== null) accum.add(outs[k++] as NDArray);
}

/** A batched index runs all branches: the operands of untaken ones are made harmless first, then outputs selected. */
function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  axisName: string | null,
): { outs: readonly NDArray[]; bdims: readonly BatchDim[] } {
  const branches = branchesOf(params);
  const [index, ...rest] = args as [NDArray, ...NDArray[]];
  const n = first(branches).outs.length;
  const batched = bdims.slice(1).map((d) => d !== null);
  const moved = rest.map((x, i) => (batched[i] ? toAxis(size, x, bdims[i + 1] ?? null, 0) : x));
  if (bdims[0] === null) {
    const outBatched = or(...branches.map((j) => batchJaxpr(j, size, batched, none(n), axisName).outBatched));
    const unified = unifyConsts(branches.map((j) => batchJaxpr(j, size, batched, outBatched, axisName)));
    const outs = bind(cond_p, [index, ...unified.consts, ...moved], { branches: unified.branches });
    return { outs, bdims: outBatched.map((b) => (b ? 0 : null)) };
  }
  if (branches.some((j) => isVisible(j.effects))) {
    // All lanes in all branches would do outside of the program what one branch does for each lane.
    const outs = overLanes(size, args, bdims, (xs) => bind(cond_p, xs, params));
    return { outs, bdims: outs.map(() => 0) };
  }
  const { lax } = context();
  const lanes = toAxis(size, index, bdims[0] ?? null, 0);
  const clamped = lax.clamp(0, lanes, branches.length - 1);
  const perBranch = branches.map((j, k) => {
    const taken = lax.eq(clamped, k);
    const operands = moved.map((x, i) => sanitised(taken, batched[i] ? x : toAxis(size, x, null, 0)));
    const b = batchJaxpr(j, size, all(operands.length), all(n), axisName);
    return { taken, outs: evalJaxpr(b.jaxpr, [...b.consts, ...operands]) };
  });
  const last = perBranch[perBranch.length - 1] as (typeof perBranch)[number];
  const outs = last.outs.map((x, i) =>
    perBranch.slice(0, -1).reduce((acc, p) => lanesWhere(p.taken, p.outs[i] as NDArray, acc), x),
  );
  return { outs, bdims: outs.map(() => 0) };
}

function lanesWhere(taken: NDArray, x: NDArray, y: NDArray): NDArray {
  const { lax } = context();
  return lax.select(lax.broadcastInDim(taken, x.aval.shape, [0]), x, y);
}

/** The operand in taken lanes; elsewhere the same without derivative, so that an untaken branch gives no NaN to it. */
function sanitised(taken: NDArray, x: NDArray): NDArray {
  return lanesWhere(taken, x, context().lax.stopGradient(x));
}

function lower(b: Lowering, operands: readonly WireValue[], params: Params): readonly WireValue[] {
  const branches = branchesOf(params);
  const [index, ...rest] = operands as [WireValue, ...WireValue[]];
  const results = first(branches).outs.map((o) => o.aval);
  // StableHLO's case takes the last branch for an index out of range on either side; ours clamps below, as JAX does.
  const clamped = b.emit("maximum", [index, b.constant(0, shaped([], "int32"))], {}, [shaped([], "int32")]);
  return b.emit(
    "case",
    clamped,
    {},
    results,
    branches.map((j) => b.region([], (c) => c.inline(j, rest))),
  );
}

/**
 * One of several branches. Derivative and transpose go through every branch; batching over the index selects.
 * Source: jax.lax.cond, jax.lax.switch (`cond_p`).
 */
export const cond_p: Primitive = definePrimitive({
  name: "cond",
  traits: { higherOrder: true },
  shape,
  effects: (params) => branchesOf(params).flatMap((j) => j.effects),
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  steps: condSteps,
  partialEval,
  remat: cutCond,
  prune: pruneCond,
  linearIn: (mask) => mask[0] === false,
  transpose: (_lax, cts, args, accums, params) => transpose(cts, args, accums, params),
  batch: (_lax, size, args, bdims, params, axisName) => batch(size, args, bdims, params, axisName),
  usesAxis: (axisName, params) => branchesOf(params).some((j) => usesAxisIn(j, axisName)),
  lower,
});
