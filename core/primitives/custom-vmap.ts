// custom_vmap: a staged function with its own batching rule. Operands: captured values, then arguments.
import { fail } from "../errors.ts";
import { tangentAval } from "../ir/aval.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import {
  definePrimitive,
  type BatchDim,
  type BatchResult,
  type JvpResult,
  type Params,
  type Primitive,
  type Tangent,
} from "../ir/primitive.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { jvpJaxpr } from "../transforms/jaxprs.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { instantiateTangent } from "../transforms/zeros.ts";
import { outAvals, usesAxisIn } from "./jit.ts";

/** Results over a mapped axis at 0, from arguments of which some have it at 0. */
export type VmapRule = (
  size: number,
  inBatched: readonly boolean[],
  args: readonly NDArray[],
) => { readonly outs: readonly NDArray[]; readonly outBatched: readonly boolean[] };
interface CustomVmapParams extends Params {
  readonly name: string;
  readonly jaxpr: Jaxpr;
  readonly numConsts: number;
  readonly rule: VmapRule;
}
const paramsOf = (params: Params): CustomVmapParams => params as CustomVmapParams;
const isSmooth = (x: { readonly aval: Parameters<typeof tangentAval>[0] }): boolean =>
  tangentAval(x.aval).dtype !== "float0";

function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: Params,
): BatchResult {
  const { name, numConsts, rule } = paramsOf(params);
  if (bdims.slice(0, numConsts).some((d) => d !== null))
    throw fail("E_RULE_CLOSURE", `${name}: the function closed over a value that is mapped`);
  const own = bdims.slice(numConsts);
  const moved = args
    .slice(numConsts)
    .map((x, i) => (own[i] === null ? x : toAxis(size, x, own[i] ?? null, 0)));
  const { outs, outBatched } = rule(
    size,
    own.map((d) => d !== null),
    moved,
  );
  return { outs, bdims: outBatched.map((b) => (b ? 0 : null)) };
}

/** Primals and tangents go through one call, whose batching rule is the derivative of the rule. */
function jvp(primals: readonly NDArray[], tangents: readonly Tangent[], params: Params): JvpResult {
  const { name, jaxpr, numConsts, rule } = paramsOf(params);
  const args = primals.slice(numConsts);
  const smooth = args.map(isSmooth);
  const nonzero = [...tangents.slice(0, numConsts).map((t) => t !== null), ...smooth];
  const outSmooth = jaxpr.outs.map(isSmooth);
  const r = jvpJaxpr(jaxpr, nonzero, outSmooth);
  const ts = tangents.flatMap((t, i) =>
    nonzero[i] === true ? [instantiateTangent(t, (primals[i] as NDArray).aval)] : [],
  );
  const numClosed = ts.length - smooth.filter(Boolean).length;
  // Captured values and their tangents first: jvpJaxpr wants primals, then tangents.
  const order = [
    ...r.consts,
    ...primals.slice(0, numConsts),
    ...ts.slice(0, numClosed),
    ...args,
    ...ts.slice(numClosed),
  ];
  const jvpParams: CustomVmapParams = {
    name,
    jaxpr: reordered(r.jaxpr, r.consts.length, numConsts, numClosed, args.length),
    numConsts: r.consts.length + numConsts + numClosed,
    rule: jvpOfRule(rule, smooth, outSmooth),
  };
  const outs = bind(custom_vmap_p, order, jvpParams);
  let k = jaxpr.outs.length;
  return {
    outs: outs.slice(0, k),
    tangents: outSmooth.map((s) => (s ? (outs[k++] as NDArray) : null)),
  };
}
/** The jaxpr of (consts, captured, args, tangents of captured, tangents of args) with the third and fourth swapped. */
function reordered(
  jaxpr: Jaxpr,
  numConsts: number,
  numCaptured: number,
  numClosed: number,
  numArgs: number,
): Jaxpr {
  const a = numConsts + numCaptured;
  const b = a + numArgs;
  const { inVars } = jaxpr;
  return {
    ...jaxpr,
    inVars: [
      ...inVars.slice(0, a),
      ...inVars.slice(b, b + numClosed),
      ...inVars.slice(a, b),
      ...inVars.slice(b + numClosed),
    ],
  };
}
/** Where only one of a primal and its tangent is mapped, both are made so. */
function jvpOfRule(rule: VmapRule, smooth: readonly boolean[], outSmooth: readonly boolean[]): VmapRule {
  return (size, inBatched, all) => {
    const n = smooth.length;
    let k = n;
    const place = smooth.map((s) => (s ? k++ : null));
    const batched = smooth.map(
      (_, i) => inBatched[i] === true || (place[i] != null && inBatched[place[i]] === true),
    );
    const at = (i: number, want: boolean): NDArray => {
      const x = all[i] as NDArray;
      return want && inBatched[i] !== true ? toAxis(size, x, null, 0) : x;
    };
    const primals = smooth.map((_, i) => at(i, batched[i] === true));
    const tangents = place.map((p, i) => (p === null ? null : at(p, batched[i] === true)));
    let outBatched: readonly boolean[] = [];
    const r = jvpFlat(
      (xs) => {
        const result = rule(size, batched, xs);
        outBatched = result.outBatched;
        return result.outs;
      },
      primals,
      tangents,
      "customVmap",
    );
    const given = outSmooth.flatMap((s, i) => (s ? [i] : []));
    return {
      outs: [
        ...r.outs,
        ...given.map((i) => instantiateTangent(r.tangents[i] ?? null, (r.outs[i] as NDArray).aval)),
      ],
      outBatched: [...outBatched, ...given.map((i) => outBatched[i] === true)],
    };
  };
}

/**
 * A function with its own batching rule. Forward derivative: of the body, and under vmap of the rule; reverse mode
 * refuses it. Source: jax.custom_batching.custom_vmap (`custom_vmap_p`).
 */
export const custom_vmap_p: Primitive = definePrimitive({
  name: "custom_vmap",
  traits: { higherOrder: true },
  shape: (_avals, params) => outAvals(paramsOf(params).jaxpr),
  effects: (params) => paramsOf(params).jaxpr.effects,
  jvp: (_lax, primals, tangents, params) => jvp(primals, tangents, params),
  partialEval: (tape, args, _unknown, params) => {
    if (tape.hoists) return tape.record(custom_vmap_p, args, params);
    throw fail(
      "E_NO_RULE",
      `${paramsOf(params).name}: reverse-mode differentiation of a function with a vmap rule`,
      {
        hint: "wrap it in customVjp, which gives it a reverse derivative",
      },
    );
  },
  batch: (_lax, size, args, bdims, params) => batch(size, args, bdims, params),
  usesAxis: (axisName, params) => usesAxisIn(paramsOf(params).jaxpr, axisName),
  lower: (b, operands, params) => b.inline(paramsOf(params).jaxpr, operands),
});
