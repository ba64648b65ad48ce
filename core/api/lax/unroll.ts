// Scans with several copies of the body in one step, and what remains of the steps.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { cut } from "../../primitives/fixpoint.ts";
import { scan_p, type ScanParams } from "../../primitives/scan.ts";
import { evalJaxpr } from "../../transforms/eval-jaxpr.ts";
import { stage } from "../../transforms/stage.ts";

/** @throws E_ARGUMENT for what is no number of copies */
export function checkUnroll(name: string, unroll: number | boolean): void {
  if (typeof unroll !== "boolean" && (!Number.isInteger(unroll) || unroll < 0))
    throw fail("E_ARGUMENT", `${name}: unroll is ${unroll}, expected a boolean or a number of copies`);
}

/** Runs a scan whose operands are consts, carry, xs; `unroll` copies of the body make one step, all of them if true or 0. */
export function runScan(
  params: ScanParams,
  operands: readonly NDArray[],
  unroll: number | boolean,
): readonly NDArray[] {
  const { length } = params;
  const copies = unroll === true || unroll === 0 ? Math.max(length, 1) : Number(unroll || 1);
  if (copies === 1 || length === 0) return bind(scan_p, operands, params);
  const { numConsts, numCarry, reverse } = params;
  const [consts, carry, xs] = cut(operands, numConsts, numCarry) as [NDArray[], NDArray[], NDArray[]];
  if (copies >= length) return blockStep(params, length)([consts, carry, xs]);
  const blocks = Math.floor(length / copies);
  const rest = length - blocks * copies;
  const { lax } = context();
  // The blocks come first in the order of steps; going backwards, the rest lies at the front.
  const first = reverse ? rest : 0;
  const inBlocks = xs.map((x) =>
    lax.reshape(lax.sliceInDim(x, first, first + blocks * copies), [blocks, copies, ...x.shape.slice(1)]),
  );
  const step = blockStep(params, copies);
  const block = stage(
    (z) => step(cut(z, numConsts, numCarry) as [NDArray[], NDArray[], NDArray[]]),
    [
      ...consts.map((x) => x.aval),
      ...params.jaxpr.outs
        .slice(0, numCarry)
        .map((o, i) => o.aval.with({ weak: (carry[i] as NDArray).weakType })),
      ...inBlocks.map((x) => x.aval.with({ shape: x.shape.slice(1) })),
    ],
    "lax.scan",
  );
  const outs = bind(scan_p, [...block.consts, ...consts, ...carry, ...inBlocks], {
    ...params,
    jaxpr: block.jaxpr,
    numConsts: block.consts.length + numConsts,
    length: blocks,
  });
  const [lastCarry, ys] = cut(outs, numCarry) as [NDArray[], NDArray[]];
  const flatYs = ys.map((y) => lax.reshape(y, [blocks * copies, ...y.shape.slice(2)]));
  if (rest === 0) return [...lastCarry, ...flatYs];
  const tail = xs.map((x) =>
    reverse ? lax.sliceInDim(x, 0, rest) : lax.sliceInDim(x, blocks * copies, length),
  );
  const [endCarry, endYs] = cut(blockStep(params, rest)([consts, lastCarry, tail]), numCarry) as [
    NDArray[],
    NDArray[],
  ];
  const joined = flatYs.map((y, i) => {
    const end = endYs[i] as NDArray;
    return lax.concatenate(reverse ? [end, y] : [y, end], 0);
  });
  return [...endCarry, ...joined];
}

/** `copies` steps one after the other: from consts, carry and a block of xs to the carry and a block of ys. */
const blockStep =
  ({ jaxpr, numCarry, reverse }: ScanParams, copies: number) =>
  ([consts, init, xs]: readonly [NDArray[], NDArray[], NDArray[]]): NDArray[] => {
    const { lax } = context();
    let carry: readonly NDArray[] = init;
    const ys: NDArray[][] = [];
    for (let k = 0; k < copies; k++) {
      const at = reverse ? copies - 1 - k : k;
      const slices = xs.map((x) => lax.squeeze(lax.sliceInDim(x, at, at + 1), [0]));
      const outs = evalJaxpr(jaxpr, [...consts, ...carry, ...slices]);
      carry = outs.slice(0, numCarry);
      ys[at] = outs.slice(numCarry).map((y, i) => withWeak(y, jaxpr.outs[numCarry + i]?.aval.weak === true));
    }
    const stacked = (ys[0] as NDArray[]).map((_, i) =>
      lax.concatenate(
        ys.map((step) => lax.expandDims(step[i] as NDArray, [0])),
        0,
      ),
    );
    return [...carry.map((x, i) => withWeak(x, jaxpr.outs[i]?.aval.weak === true)), ...stacked];
  };

/** The weak type that the body has by its jaxpr: steps after the first may get a strong carry. */
const withWeak = (y: NDArray, weakType: boolean): NDArray =>
  y.weakType === weakType ? y : context().lax.convertElementType(y, y.dtype, { weakType });
