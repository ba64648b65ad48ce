// scan: a loop of known length with carried and stacked values. Operands: consts, carry, xs.
// The body maps (consts, carry, x) → (carry, y).
import { fail } from "../errors.ts";
import { ctAval, shaped, type ShapedArray } from "../ir/aval.ts";
import { withTrace } from "../ir/context.ts";
import { makeJaxprOf, type Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type Lowering,
  type Params,
  type Primitive,
  type TapeLike,
  type Tangent,
  type WireValue,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { scanSteps } from "./steps.ts";
import { toAxis } from "../transforms/batch.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { batchJaxpr, hoistInvariant, jvpJaxpr, splitJaxpr, transposeJaxpr } from "../transforms/jaxprs.ts";
import { stage } from "../transforms/stage.ts";
import { instantiateCt, instantiateTangent, zerosOf } from "../transforms/zeros.ts";
import { cut, fixpoint } from "./fixpoint.ts";
import { all, none, spread, usesAxisIn } from "./jit.ts";
import { cutScan, pruneScan, stacked } from "./scan-parts.ts";

/** Params of scan: operands are consts, carries, then xs. */
export interface ScanParams extends Params {
  readonly jaxpr: Jaxpr;
  readonly numConsts: number;
  readonly numCarry: number;
  readonly length: number;
  readonly reverse: boolean;
}
const paramsOf = (params: Params): ScanParams => params as ScanParams;

function shape(avals: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const { jaxpr, numCarry, numConsts, length } = paramsOf(params);
  if (avals.length !== jaxpr.inVars.length)
    throw fail("E_INTERNAL", "internal: scan got a wrong number of operands");
  for (const a of avals.slice(numConsts + numCarry))
    if (a.shape[0] !== length)
      throw fail(
        "E_SHAPE",
        `lax.scan: xs ${a} has a leading axis of ${a.shape[0] ?? "no size"}, expected ${length}`,
      );
  return jaxpr.outs.map((o, i) => (i < numCarry ? o.aval : stacked(o.aval, length)));
}

// --- forward mode --------------------------------------------------------------------------------------------------

function jvp(
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  params: Params,
): { outs: NDArray[]; tangents: Tangent[] } {
  const p = paramsOf(params);
  const numYs = p.jaxpr.outs.length - p.numCarry;
  const [nzConsts, nzCarry, nzXs] = cut(
    tangents.map((t) => t !== null),
    p.numConsts,
    p.numCarry,
  ) as [boolean[], boolean[], boolean[]];
  const { value: r, mask } = fixpoint(nzCarry, (carry) => {
    const value = jvpJaxpr(p.jaxpr, [...nzConsts, ...carry, ...nzXs], [...carry, ...none(numYs)]);
    return { value, out: value.outNonzero.slice(0, p.numCarry) };
  });
  const nonzero = [...nzConsts, ...mask, ...nzXs];
  const full = tangents.map((t, i) =>
    nonzero[i] ? instantiateTangent(t, (primals[i] as NDArray).aval) : null,
  );
  const [pc, ph, px] = cut(primals, p.numConsts, p.numCarry) as [NDArray[], NDArray[], NDArray[]];
  const [tc, th, tx] = cut(full, p.numConsts, p.numCarry).map((l) =>
    l.filter((t): t is NDArray => t !== null),
  ) as [NDArray[], NDArray[], NDArray[]];
  const vars = r.jaxpr.inVars.slice(r.consts.length);
  const [vp, vt] = cut(vars, primals.length) as [(typeof vars)[number][], (typeof vars)[number][]];
  const [vc, vh, vx] = cut(vp, p.numConsts, p.numCarry);
  const [wc, wh, wx] = cut(vt, tc.length, th.length);
  const [oh, oy, oth, oty] = cut(r.jaxpr.outs, p.numCarry, numYs, th.length);
  const inVars = [r.jaxpr.inVars.slice(0, r.consts.length), vc, wc, vh, wh, vx, wx].flatMap((l) => l ?? []);
  const body = makeJaxprOf(
    inVars,
    r.jaxpr.eqns,
    [oh, oth, oy, oty].flatMap((l) => l ?? []),
  );
  const outs = bind(scan_p, [...r.consts, ...pc, ...tc, ...ph, ...th, ...px, ...tx], {
    ...p,
    jaxpr: body,
    numConsts: r.consts.length + p.numConsts + tc.length,
    numCarry: p.numCarry + th.length,
  });
  const [rh, rth, ry, rty] = cut(outs, p.numCarry, th.length, numYs) as [
    NDArray[],
    NDArray[],
    NDArray[],
    NDArray[],
  ];
  return { outs: [...rh, ...ry], tangents: spread(r.outNonzero, [...rth, ...rty]) };
}

// --- partial evaluation ----------------------------------------------------------------------------------------------

function partialEval(
  tape: TapeLike,
  args: readonly NDArray[],
  unknown: readonly boolean[],
  params: Params,
): readonly NDArray[] {
  const p = paramsOf(params);
  const parent = tape.parent as NonNullable<typeof tape.parent>;
  const numYs = p.jaxpr.outs.length - p.numCarry;
  const [uc, uh, ux] = cut(unknown, p.numConsts, p.numCarry) as [boolean[], boolean[], boolean[]];
  const { value: s, mask: carryUnknown } = fixpoint(uh, (carry) => {
    const value = splitJaxpr(p.jaxpr, [...uc, ...carry, ...ux], [...carry, ...none(numYs)], {
      saves: tape.saves,
    });
    return { value, out: value.outUnknown.slice(0, p.numCarry) };
  });
  const [ac, ah, ax] = cut(args, p.numConsts, p.numCarry) as [NDArray[], NDArray[], NDArray[]];
  const knownConsts = [...s.consts, ...ac.filter((_, i) => !uc[i])];
  const knownCarry = ah.filter((_, i) => !carryUnknown[i]);
  const knownXs = ax.filter((_, i) => !ux[i]);
  // Residuals that depend on constants alone leave the loop.
  const numKnownOuts = s.known.outs.length - s.numResiduals;
  const h = hoistInvariant(s.known, knownConsts.length, [...all(numKnownOuts), ...none(s.numResiduals)]);
  const varyingResidual = h.outVarying.slice(numKnownOuts);
  const invariantOuts = withTrace(parent, () => evalJaxpr(h.invariant, [...h.consts, ...knownConsts]));
  const [hoisted, bodyConsts] = cut(invariantOuts, varyingResidual.filter((v) => !v).length) as [
    NDArray[],
    NDArray[],
  ];
  // A residual that is an xs input of the body is forwarded, not stacked again.
  const xsVars = h.varying.inVars.slice(bodyConsts.length + knownCarry.length);
  const extensive = h.varying.outs.slice(numKnownOuts);
  const forwarded = extensive.map((atom) => xsVars.findIndex((v) => v === atom));
  const body = makeJaxprOf(h.varying.inVars, h.varying.eqns, [
    ...h.varying.outs.slice(0, numKnownOuts),
    ...extensive.filter((_, i) => (forwarded[i] as number) < 0),
  ]);
  const knownOuts =
    body.outs.length === 0 && body.effects.length === 0
      ? []
      : withTrace(parent, () =>
          bind(scan_p, [...bodyConsts, ...knownCarry, ...knownXs], {
            ...p,
            jaxpr: body,
            numConsts: bodyConsts.length,
            numCarry: knownCarry.length,
          }),
        );
  let at = numKnownOuts;
  const stackedResiduals = forwarded.map((f) => (f < 0 ? knownOuts[at++] : knownXs[f]) as NDArray);
  return assemble();

  function assemble(): readonly NDArray[] {
    const [rv, lv] = cut(s.unknown.inVars, s.numResiduals) as [
      (typeof s.unknown.inVars)[number][],
      (typeof s.unknown.inVars)[number][],
    ];
    const [lc, lh, lx] = cut(lv, uc.filter(Boolean).length, carryUnknown.filter(Boolean).length);
    const fixed = rv.filter((_, i) => !varyingResidual[i]);
    const moving = rv.filter((_, i) => varyingResidual[i]);
    const inVars = [...fixed, ...(lc ?? []), ...(lh ?? []), ...(lx ?? []), ...moving];
    const operands = [
      ...hoisted,
      ...ac.filter((_, i) => uc[i]),
      ...ah.filter((_, i) => carryUnknown[i]),
      ...ax.filter((_, i) => ux[i]),
      ...stackedResiduals,
    ];
    const recorded = tape.record(scan_p, operands, {
      ...p,
      jaxpr: makeJaxprOf(inVars, s.unknown.eqns, s.unknown.outs),
      numConsts: fixed.length + (lc ?? []).length,
      numCarry: (lh ?? []).length,
    });
    let k = 0;
    let u = 0;
    return s.outUnknown.map((isUnknown) => (isUnknown ? recorded[u++] : knownOuts[k++]) as NDArray);
  }
}

// --- transposition -----------------------------------------------------------------------------------------------------

/**
 * The scan run backwards: carry = (sums of linear consts, ct of the carry), xs = (ct of ys, residual xs).
 * Every carry is linear here: a known operand in a carry slot is an instantiated zero tangent, its ct is dropped.
 */
function transpose(
  cts: readonly Tangent[],
  args: readonly (NDArray | null)[],
  accums: readonly ({ add(ct: NDArray): void; aval: ShapedArray } | null)[],
  params: Params,
): void {
  const p = paramsOf(params);
  const [lc, , lx] = cut(
    accums.map((a) => a !== null),
    p.numConsts,
    p.numCarry,
  ) as [boolean[], boolean[], boolean[]];
  const linear = [...lc, ...all(p.numCarry), ...lx];
  const numYs = p.jaxpr.outs.length - p.numCarry;
  const resConsts = args.slice(0, p.numConsts).filter((_, i) => !lc[i]) as NDArray[];
  const resXs = args.slice(p.numConsts + p.numCarry).filter((_, i) => !lx[i]) as NDArray[];
  // Cotangents keep the weak types that they come with.
  const carryCts = p.jaxpr.outs.slice(0, p.numCarry).map((o, i) => instantiateCt(cts[i] ?? null, o.aval));
  const yCts = p.jaxpr.outs
    .slice(p.numCarry)
    .map((o, i) => cts[p.numCarry + i] ?? zerosOf(stacked(ctAval(o.aval), p.length)));
  const t = transposeJaxpr(withWeakCarry(p, carryCts), linear, [
    ...lc,
    ...none(p.numCarry),
    ...none(lx.length),
  ]);
  const numSums = lc.filter(Boolean).length;
  const avals = p.jaxpr.inVars.map((v) => v.aval);
  const sumAvals = avals
    .slice(0, p.numConsts)
    .filter((_, i) => lc[i])
    .map(ctAval);
  const rowAval = (x: NDArray): ShapedArray => x.aval.with({ shape: x.aval.shape.slice(1) });
  const body = stage(
    (z) => {
      const [c, rc, sums, ch, cy, rx] = cut(
        z,
        t.consts.length,
        resConsts.length,
        numSums,
        p.numCarry,
        numYs,
      ) as [NDArray[], NDArray[], NDArray[], NDArray[], NDArray[], NDArray[]];
      return evalJaxpr(t.jaxpr, [...c, ...rc, ...rx, ...sums, ...ch, ...cy]);
    },
    [
      ...t.consts.map((x) => x.aval),
      ...resConsts.map((x) => x.aval),
      ...sumAvals,
      ...carryCts.map((x) => x.aval),
      ...yCts.map(rowAval),
      ...resXs.map(rowAval),
    ],
    "transpose(scan)",
  );
  const outs = bind(
    scan_p,
    [...body.consts, ...t.consts, ...resConsts, ...sumAvals.map(zerosOf), ...carryCts, ...yCts, ...resXs],
    {
      jaxpr: body.jaxpr,
      numConsts: body.consts.length + t.consts.length + resConsts.length,
      numCarry: numSums + p.numCarry,
      length: p.length,
      reverse: !p.reverse,
    },
  );
  const byInput = spread(linear, outs);
  accums.forEach((accum, i) => accum?.add(byInput[i] as NDArray));
}

/** The body for carries as weak as their cotangents: what makes a weak one strong does nothing to a strong one. */
function withWeakCarry(p: ScanParams, carryCts: readonly NDArray[]): Jaxpr {
  const avals = p.jaxpr.inVars.map((v, i) => {
    const ct = carryCts[i - p.numConsts];
    return ct === undefined || !v.aval.weak ? v.aval : v.aval.with({ weak: ct.weakType });
  });
  if (avals.every((a, i) => a === p.jaxpr.inVars[i]?.aval)) return p.jaxpr;
  return stage((xs) => evalJaxpr(p.jaxpr, xs), avals, "transpose(scan)").jaxpr;
}

// --- batching ----------------------------------------------------------------------------------------------------------

function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
  axisName: string | null,
): { outs: readonly NDArray[]; bdims: BatchDim[] } {
  const p = paramsOf(params);
  const numYs = p.jaxpr.outs.length - p.numCarry;
  const [bc, bh, bx] = cut(
    bdims.map((d) => d !== null),
    p.numConsts,
    p.numCarry,
  ) as [boolean[], boolean[], boolean[]];
  const { value: r, mask } = fixpoint(bh, (carry) => {
    const value = batchJaxpr(p.jaxpr, size, [...bc, ...carry, ...bx], [...carry, ...none(numYs)], axisName);
    return { value, out: value.outBatched.slice(0, p.numCarry) };
  });
  const operands = args.map((x, i) => {
    const bdim = bdims[i] ?? null;
    if (i < p.numConsts) return bdim === null ? x : toAxis(size, x, bdim, 0);
    if (i < p.numConsts + p.numCarry) return mask[i - p.numConsts] ? toAxis(size, x, bdim, 0) : x;
    return bdim === null ? x : toAxis(size, x, bdim, 1);
  });
  const outs = bind(scan_p, [...r.consts, ...operands], {
    ...p,
    jaxpr: r.jaxpr,
    numConsts: r.consts.length + p.numConsts,
  });
  return { outs, bdims: r.outBatched.map((b, i) => (b ? (i < p.numCarry ? 0 : 1) : null)) };
}

// --- lowering: a while over (i, carry, ys), captures for the rest --------------------------------------------------------

function lower(b: Lowering, operands: readonly WireValue[], params: Params): readonly WireValue[] {
  const p = paramsOf(params);
  const counter = shaped([], "int32");
  const [consts, carry, xs] = cut(operands, p.numConsts, p.numCarry) as [
    WireValue[],
    WireValue[],
    WireValue[],
  ];
  const ysAvals = p.jaxpr.outs.slice(p.numCarry).map((o) => stacked(o.aval, p.length));
  const zero = b.constant(0, counter);
  const init = [zero, ...carry, ...ysAvals.map((a) => b.splat(b.constant(0, zeroAval(b, a)), a))];
  const types = init.map((v) => v.type);
  const cond = b.region(types, (c, [i]) =>
    c.emit(
      "compare",
      [i as WireValue, c.constant(p.length, counter)],
      { direction: "LT", compareType: "SIGNED" },
      [shaped([], "bool")],
    ),
  );
  const body = b.region(types, (c, state) => {
    const i = state[0] as WireValue;
    const at = p.reverse
      ? (c.emit("subtract", [c.constant(p.length - 1, counter), i], {}, [counter])[0] as WireValue)
      : i;
    const slices = xs.map((x) => sliceAt(c, x, at));
    const outs = c.inline(p.jaxpr, [...consts, ...state.slice(1, 1 + p.numCarry), ...slices]);
    const ys = state
      .slice(1 + p.numCarry)
      .map((acc, k) => writeAt(c, acc, outs[p.numCarry + k] as WireValue, at));
    const next = c.emit("add", [i, c.constant(1, counter)], {}, [counter]);
    return [...next, ...outs.slice(0, p.numCarry), ...ys];
  });
  return b.emit("while", init, {}, types, [cond, body]).slice(1);
}

/** A rank-0 aval of the physical element type, for the zero that ys start with. */
function zeroAval(b: Lowering, a: ShapedArray): ShapedArray {
  return a.dtype === "key<fry>" ? shaped([], "uint32") : a.with({ shape: [] });
}

interface Physical {
  readonly dtype: string;
  readonly shape: readonly number[];
}
const physical = (v: WireValue): Physical => v.type as Physical;

function sliceAt(b: Lowering, x: WireValue, at: WireValue): WireValue {
  const { shape } = physical(x);
  const sizes = [1, ...shape.slice(1)];
  const zero = b.constant(0, shaped([], "int32"));
  const [piece] = b.emit("dynamic_slice", [x, at, ...shape.slice(1).map(() => zero)], { sliceSizes: sizes }, [
    { ...x.type, shape: sizes } as WireValue["type"],
  ]);
  return b.emit("reshape", [piece as WireValue], {}, [
    { ...x.type, shape: shape.slice(1) } as WireValue["type"],
  ])[0] as WireValue;
}

function writeAt(b: Lowering, acc: WireValue, y: WireValue, at: WireValue): WireValue {
  const { shape } = physical(acc);
  const zero = b.constant(0, shaped([], "int32"));
  const [update] = b.emit("reshape", [y], {}, [
    { ...acc.type, shape: [1, ...shape.slice(1)] } as WireValue["type"],
  ]);
  return b.emit(
    "dynamic_update_slice",
    [acc, update as WireValue, at, ...shape.slice(1).map(() => zero)],
    {},
    [acc.type],
  )[0] as WireValue;
}

/**
 * A loop of `length` steps over the leading axis of xs.
 * Derivative: fixpoint over the carry's nonzero tangents. Transpose: the reversed scan. Source: jax.lax.scan.
 */
export const scan_p: Primitive = definePrimitive({
  name: "scan",
  traits: { higherOrder: true },
  shape,
  effects: (params) => paramsOf(params).jaxpr.effects,
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  steps: scanSteps,
  partialEval,
  remat: cutScan,
  prune: pruneScan,
  linearIn: () => true,
  transpose: (_lax, cts, args, accums, params) => transpose(cts, args, accums, params),
  batch: (_lax, size, args, bdims, params, axisName) => batch(size, args, bdims, params, axisName),
  usesAxis: (axisName, params) => usesAxisIn(paramsOf(params).jaxpr, axisName),
  lower,
});
