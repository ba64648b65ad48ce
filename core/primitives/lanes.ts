// A mapped axis walked lane by lane: for what can't be done for all lanes at once, and whose effects must happen as in a loop.
import { context } from "../ir/context.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { BatchDim } from "../ir/primitive.ts";
import { bind, type FlatFn } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import { stage } from "../transforms/stage.ts";
import { scan_p } from "./scan.ts";

/** Lanes that are written out one after the other rather than looped over. */
const FEW = 16;

/** What `f` gives for each lane, stacked; `unroll`: write the lanes out, however many. */
export function overLanes(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  f: FlatFn,
  unroll = size <= FEW,
): readonly NDArray[] {
  const { lax } = context();
  if (unroll && size > 0) {
    const lanes = Array.from({ length: size }, (_, i) =>
      f(args.map((x, k) => laneOf(x, bdims[k] ?? null, i))),
    );
    return (lanes[0] as readonly NDArray[]).map((_, k) =>
      lax.concatenate(
        lanes.map((outs) => lax.expandDims(outs[k] as NDArray, [0])),
        0,
      ),
    );
  }
  const isMapped = bdims.map((d) => d !== null);
  const fixed = args.filter((_, k) => !isMapped[k]);
  const moved = args.flatMap((x, k) => (isMapped[k] ? [toAxis(size, x, bdims[k] as number, 0)] : []));
  const body = stage(
    (xs) => {
      let [at, lane] = [0, fixed.length];
      return f(isMapped.map((m) => xs[m ? lane++ : at++] as NDArray));
    },
    [...fixed.map((x) => x.aval), ...moved.map((x) => x.aval.with({ shape: x.aval.shape.slice(1) }))],
    "vmap",
  );
  return bind(scan_p, [...body.consts, ...fixed, ...moved], {
    jaxpr: body.jaxpr,
    numConsts: body.consts.length + fixed.length,
    numCarry: 0,
    length: size,
    reverse: false,
  });
}

function laneOf(x: NDArray, bdim: BatchDim, i: number): NDArray {
  const { lax } = context();
  return bdim === null ? x : lax.squeeze(lax.sliceInDim(x, i, i + 1, 1, bdim), [bdim]);
}
