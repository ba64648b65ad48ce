// Folding elements into accumulators by a region.
import type { BinaryOp, Block, DType } from "tenon-plugin-api";
import { copyElement, type Call, type Tensor } from "tenon-plugin-kit";
import { elementOf, isComplex, reader, writer, type Scalar } from "../elements.ts";
import { binary } from "../real.ts";

type Reducing = Pick<
  Call<"reduce" | "reduce_window" | "scatter" | "select_and_scatter", Tensor>,
  "op" | "region"
>;

/** Folds element `from` of each of xs into element `to` of each of outs by a region of the op, rounding at each step. */
export function folder(
  call: Reducing,
  index: number,
  outs: readonly Tensor[],
  xs: readonly Tensor[],
): (to: number, from: number) => void {
  const [out, x] = [outs[0] as Tensor, xs[0] as Tensor];
  const f = outs.length === 1 ? scalarFunction(call.op.regions?.[index] as Block, out.dtype) : undefined;
  if (f !== undefined) {
    const [held, get, set] = [reader(out), reader(x), writer(out)];
    return (to, from) => {
      set(to, f(held(to), get(from)));
    };
  }
  const region = call.region(index);
  return (to, from) => {
    const args = [...outs.map((o) => elementOf(o, to)), ...xs.map((y) => elementOf(y, from))];
    region(...args).forEach((r, k) => {
      copyElement(outs[k] as Tensor, to, r, 0);
    });
  };
}

/** A region that is one binary op of its parameters, without building tensors for each element. */
function scalarFunction(block: Block, dtype: DType): ((x: Scalar, y: Scalar) => Scalar) | undefined {
  const [op] = block.ops;
  const [first, second] = block.params;
  const plain =
    block.ops.length === 1 &&
    op?.operands[0] === first?.id &&
    op?.operands[1] === second?.id &&
    block.results[0] === op?.results[0]?.id;
  return plain && !isComplex(dtype) ? binary(op?.op as BinaryOp, dtype) : undefined;
}
