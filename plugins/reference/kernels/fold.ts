// Folding elements into accumulators by a region.
import { copyElement, type Region, type Tensor } from "tenon-plugin-kit";
import { elementOf } from "../elements.ts";

/** Folds element `from` of each of xs into element `to` of each of outs, in the dtype's own rounding. */
export function folder(
  region: Region<Tensor>,
  outs: readonly Tensor[],
  xs: readonly Tensor[],
): (to: number, from: number) => void {
  return (to, from) => {
    const args = [...outs.map((o) => elementOf(o, to)), ...xs.map((x) => elementOf(x, from))];
    region(...args).forEach((r, k) => {
      copyElement(outs[k] as Tensor, to, r, 0);
    });
  };
}
