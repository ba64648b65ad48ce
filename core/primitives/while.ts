// while: a loop of unknown length. Operands: cond consts, body consts, carry. Forward mode only; reverse is refused.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { isVisible, mayDuplicate } from "../ir/effects.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import { makeJaxprOf } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type Effect,
  type Lowering,
  type Params,
  type Primitive,
  type TapeLike,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { withTrace, context } from "../ir/context.ts";
import { bind } from "../ir/trace.ts";
import { whileSteps } from "./steps.ts";
import { toAxis } from "../transforms/batch.ts";
import { dce } from "../transforms/dce.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { batchJaxpr, jvpJaxpr, splitJaxpr, type SplitJaxpr } from "../transforms/jaxprs.ts";
import { stage } from "../transforms/stage.ts";
import { instantiateTangent } from "../transforms/zeros.ts";
import { cut, fixpoint } from "./fixpoint.ts";
import { overLanes } from "./lanes.ts";
import { spread, usesAxisIn } from "./jit.ts";

/** Params of while: operands are the consts of cond, those of body, then carries. */
export interface WhileParams extends Params {
  readonly cond: Jaxpr;
  readonly body: Jaxpr;
  readonly numCondConsts: number;
  readonly numBodyConsts: number;
  /** The user's call and line: `lax.whileLoop at model.ts:41:7`. */
  readonly source?: string;
}
const paramsOf = (params: Params): WhileParams => params as WhileParams;
const effectsOf = (p: WhileParams): readonly Effect[] => [...p.cond.effects, ...p.body.effects];
const pieces = (list: readonly NDArray[], p: WhileParams): [NDArray[], NDArray[], NDArray[]] =>
  cut(list, p.numCondConsts, p.numBodyConsts) as [NDArray[], NDArray[], NDArray[]];

/** The condition with more carried values, which it ignores. `primalAt[i]`: place of its i-th carry among the new ones. */
function widenCond(
  cond: Jaxpr,
  numConsts: number,
  carryAvals: readonly ShapedArray[],
  primalAt: readonly number[],
): Jaxpr {
  const staged = stage(
    (xs) =>
      evalJaxpr(cond, [...xs.slice(0, numConsts), ...primalAt.map((k) => xs[numConsts + k] as NDArray)]),
    [...cond.inVars.slice(0, numConsts).map((v) => v.aval), ...carryAvals],
    "while",
  );
  return staged.jaxpr;
}

function jvp(
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: Params,
): { outs: NDArray[]; tangents: Tangent[] } {
  const p = paramsOf(params);
  const [cc, bc, init] = pieces(primals, p);
  const [, tbc, th] = cut(tangents, p.numCondConsts, p.numBodyConsts) as [Tangent[], Tangent[], Tangent[]];
  const nzConsts = tbc.map((t) => t !== null);
  const { value: r, mask } = fixpoint(
    th.map((t) => t !== null),
    (carry) => {
      const value = jvpJaxpr(p.body, [...nzConsts, ...carry], carry);
      return { value, out: value.outNonzero };
    },
  );
  const carryTangents = th.flatMap((t, i) =>
    mask[i] ? [instantiateTangent(t, (init[i] as NDArray).aval)] : [],
  );
  const constTangents = tbc.filter((t): t is NDArray => t !== null);
  // (consts, bc, carry, tbc, tcarry) → (consts, bc, tbc, carry, tcarry)
  const [vk, vbc, vh, vtbc, vth] = cut(
    r.jaxpr.inVars,
    r.consts.length,
    p.numBodyConsts,
    init.length,
    constTangents.length,
  );
  const body = makeJaxprOf(
    [vk, vbc, vtbc, vh, vth].flatMap((l) => l ?? []),
    r.jaxpr.eqns,
    r.jaxpr.outs,
  );
  const carry = [...init, ...carryTangents];
  const cond = widenCond(
    p.cond,
    p.numCondConsts,
    carry.map((x) => x.aval),
    init.map((_, i) => i),
  );
  const outs = bind(while_p, [...cc, ...r.consts, ...bc, ...constTangents, ...carry], {
    ...p,
    cond,
    body,
    numCondConsts: p.numCondConsts,
    numBodyConsts: r.consts.length + bc.length + constTangents.length,
  });
  return { outs: outs.slice(0, init.length), tangents: spread(mask, outs.slice(init.length)) };
}

/** The known part of a body alone: what it computes for the unknown part is dropped. */
function knownPart(split: SplitJaxpr): Jaxpr {
  const numKnown = split.known.outs.length - split.numResiduals;
  return dce(split.known, { usedOuts: split.known.outs.map((_, i) => i < numKnown) }).jaxpr;
}

/** Runs the part of the carry that is known; the unknown part recomputes the whole loop (no stacks). */
function partialEval(
  tape: TapeLike,
  args: readonly NDArray[],
  unknown: readonly boolean[],
  params: Params,
): readonly NDArray[] {
  const p = paramsOf(params);
  const [ucc, ubc, uh] = cut(unknown, p.numCondConsts, p.numBodyConsts) as [boolean[], boolean[], boolean[]];
  const { value: body, mask } = fixpoint(uh, (carry) => {
    const value = splitJaxpr(p.body, [...ubc, ...carry], carry);
    return { value, out: value.outUnknown };
  });
  const cond = splitJaxpr(p.cond, [...ucc, ...mask], [false]);
  if (!effectsOf(p).every(mayDuplicate))
    throw fail(
      "E_NO_RULE",
      `${p.source ?? "lax.whileLoop"}: a derivative runs the loop again, and the io callback in it must run once`,
      { hint: "use lax.scan, which saves what the derivative needs, or debug.callback" },
    );
  const recorded = tape.record(while_p, args, params);
  if (cond.outUnknown[0] === true || mask.every(Boolean)) return recorded;
  const [cc, bc, init] = pieces(args, p);
  const known = withTrace(tape.parent as NonNullable<typeof tape.parent>, () => {
    const condConsts = [...cond.consts, ...cc.filter((_, i) => !ucc[i])];
    const bodyConsts = [...body.consts, ...bc.filter((_, i) => !ubc[i])];
    return bind(while_p, [...condConsts, ...bodyConsts, ...init.filter((_, i) => !mask[i])], {
      ...p,
      cond: knownPart(cond),
      body: knownPart(body),
      numCondConsts: condConsts.length,
      numBodyConsts: bodyConsts.length,
    });
  });
  let k = 0;
  return mask.map((u, i) => (u ? recorded[i] : known[k++]) as NDArray);
}

/** Body to a fixpoint; a batched predicate carries everything batched and selects finished lanes. */
function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  axisName: string | null,
): { outs: readonly NDArray[]; bdims: BatchDim[] } {
  const p = paramsOf(params);
  const [bcc, bbc, bh] = cut(
    bdims.map((d) => d !== null),
    p.numCondConsts,
    p.numBodyConsts,
  ) as [boolean[], boolean[], boolean[]];
  const grow = (
    init: readonly boolean[],
  ): { value: ReturnType<typeof batchJaxpr>; mask: readonly boolean[] } =>
    fixpoint(init, (carry) => {
      const value = batchJaxpr(p.body, size, [...bbc, ...carry], carry, axisName);
      return { value, out: value.outBatched };
    });
  let { value: body, mask } = grow(bh);
  let cond = batchJaxpr(p.cond, size, [...bcc, ...mask], [false], axisName);
  const predicateBatched = cond.outBatched[0] === true;
  // What finished lanes would still do outside of the program must not happen: then each lane loops by itself.
  if (predicateBatched && isVisible(effectsOf(p))) return laneByLane();
  if (predicateBatched) {
    ({ value: body, mask } = grow(mask.map(() => true)));
    cond = batchJaxpr(p.cond, size, [...bcc, ...mask], [true], axisName);
  }
  const operands = args.map((x, i) => {
    const carried = i - p.numCondConsts - p.numBodyConsts;
    const wanted = carried < 0 ? bdims[i] !== null : mask[carried];
    return wanted ? toAxis(size, x, bdims[i] ?? null, 0) : x;
  });
  const [cc, bc, init] = pieces(operands, p);
  if (!predicateBatched) {
    const outs = bind(while_p, [...cond.consts, ...cc, ...body.consts, ...bc, ...init], {
      ...p,
      cond: cond.jaxpr,
      body: body.jaxpr,
      numCondConsts: cond.consts.length + cc.length,
      numBodyConsts: body.consts.length + bc.length,
    });
    return { outs, bdims: mask.map((b) => (b ? 0 : null)) };
  }
  return { outs: selecting(), bdims: mask.map(() => 0) };

  function laneByLane(): { outs: readonly NDArray[]; bdims: BatchDim[] } {
    const outs = overLanes(size, args, bdims, (xs) => bind(while_p, xs, params));
    return { outs, bdims: outs.map(() => 0) };
  }

  function selecting(): readonly NDArray[] {
    const condArgs = [...cond.consts, ...cc];
    const bodyArgs = [...body.consts, ...bc];
    const avals = init.map((x) => x.aval);
    const anyLane = stage(
      (xs) => {
        const [pred] = evalJaxpr(cond.jaxpr, xs);
        return [context().lax.reduceOr(pred as NDArray, [0])];
      },
      [...condArgs.map((x) => x.aval), ...avals],
      "while",
    );
    const masked = stage(
      (xs) => {
        const [c, b, h] = cut(xs, condArgs.length, bodyArgs.length) as [NDArray[], NDArray[], NDArray[]];
        const [pred] = evalJaxpr(cond.jaxpr, [...c, ...h]);
        const next = evalJaxpr(body.jaxpr, [...b, ...h]);
        return next.map((x, i) => selectLanes(pred as NDArray, x, h[i] as NDArray));
      },
      [...condArgs.map((x) => x.aval), ...bodyArgs.map((x) => x.aval), ...avals],
      "while",
    );
    return bind(while_p, [...condArgs, ...condArgs, ...bodyArgs, ...init], {
      ...p,
      cond: anyLane.jaxpr,
      body: masked.jaxpr,
      numCondConsts: condArgs.length,
      numBodyConsts: condArgs.length + bodyArgs.length,
    });
  }
}

/** `x` where its lane goes on, `old` where it has finished. */
function selectLanes(pred: NDArray, x: NDArray, old: NDArray): NDArray {
  const { lax } = context();
  return lax.select(lax.broadcastInDim(pred, x.aval.shape, [0]), x, old);
}

function lower(b: Lowering, operands: readonly WireValue[], params: Params): readonly WireValue[] {
  const p = paramsOf(params);
  const [cc, bc, init] = cut(operands, p.numCondConsts, p.numBodyConsts) as [
    WireValue[],
    WireValue[],
    WireValue[],
  ];
  const types = init.map((v) => v.type);
  const cond = b.region(types, (c, state) => c.inline(p.cond, [...cc, ...state]));
  const body = b.region(types, (c, state) => c.inline(p.body, [...bc, ...state]));
  return b.emit("while", init, {}, types, [cond, body]);
}

/**
 * Repeats `body` while `cond` holds. Forward-differentiable; reverse mode is refused (E_REVERSE_WHILE).
 * Source: jax.lax.while_loop.
 */
export const while_p: Primitive = definePrimitive({
  name: "while",
  traits: { higherOrder: true },
  // The body decides on weak types: a strong carry may come back weak, and a weak one strong under vmap.
  shape: (_avals, params) => paramsOf(params).body.outs.map((o) => o.aval),
  effects: (params) => effectsOf(paramsOf(params)),
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  steps: whileSteps,
  partialEval,
  linearIn: () => true,
  transpose: (_lax, _cts, _args, _accums, params) => {
    throw fail(
      "E_REVERSE_WHILE",
      `reverse-mode differentiation through ${paramsOf(params).source ?? "lax.whileLoop"}, a loop of unknown length`,
    );
  },
  batch: (_lax, size, args, bdims, params, axisName) => batch(size, args, bdims, params, axisName),
  usesAxis: (axisName, params) =>
    usesAxisIn(paramsOf(params).cond, axisName) || usesAxisIn(paramsOf(params).body, axisName),
  lower,
});
