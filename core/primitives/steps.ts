// Loops and branches run equation by equation, by JavaScript: for values that can be read now.
import { context } from "../ir/context.ts";
import type { Jaxpr } from "../ir/jaxpr.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Params } from "../ir/primitive.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { cut } from "./fixpoint.ts";
import { stacked } from "./scan-parts.ts";

/** The element of a scalar that is there. */
const scalarOf = (x: NDArray): number => Number(context().methods.item(x, x.dtype));

/** scan. */
export function scanSteps(args: readonly NDArray[], params: Params): readonly NDArray[] {
  const { lax } = context();
  const p = params as unknown as {
    jaxpr: Jaxpr;
    numConsts: number;
    numCarry: number;
    length: number;
    reverse: boolean;
  };
  const [consts, init, xs] = cut(args, p.numConsts, p.numCarry) as [NDArray[], NDArray[], NDArray[]];
  let carry: readonly NDArray[] = init;
  const ys: (readonly NDArray[])[] = [];
  for (let k = 0; k < p.length; k++) {
    const at = p.reverse ? p.length - 1 - k : k;
    const slices = xs.map((x) => lax.squeeze(lax.sliceInDim(x, at, at + 1), [0]));
    const outs = evalJaxpr(p.jaxpr, [...consts, ...carry, ...slices]);
    carry = outs.slice(0, p.numCarry);
    ys[at] = outs.slice(p.numCarry);
  }
  const stack = p.jaxpr.outs.slice(p.numCarry).map((o, i) =>
    p.length === 0
      ? lax.zeros(stacked(o.aval, 0))
      : lax.concatenate(
          ys.map((y) => lax.expandDims(y[i] as NDArray, [0])),
          0,
        ),
  );
  return [...carry, ...stack];
}

/** while. */
export function whileSteps(args: readonly NDArray[], params: Params): readonly NDArray[] {
  const p = params as unknown as { cond: Jaxpr; body: Jaxpr; numCondConsts: number; numBodyConsts: number };
  const [cc, bc, init] = cut(args, p.numCondConsts, p.numBodyConsts) as [NDArray[], NDArray[], NDArray[]];
  let state: readonly NDArray[] = init;
  while (scalarOf(evalJaxpr(p.cond, [...cc, ...state])[0] as NDArray) !== 0)
    state = evalJaxpr(p.body, [...bc, ...state]);
  return state;
}

/** cond. */
export function condSteps([index, ...operands]: readonly NDArray[], params: Params): readonly NDArray[] {
  const branches = params["branches"] as readonly Jaxpr[];
  const at = Math.min(Math.max(scalarOf(index as NDArray), 0), branches.length - 1);
  return evalJaxpr(branches[at] as Jaxpr, operands);
}
