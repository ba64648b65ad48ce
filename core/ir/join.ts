// How the fields of operands combine in an elementwise operation: the one home for weak, vma and sharding.
import { fail } from "../errors.ts";
import { sameShape, type ShapedArray } from "./aval.ts";

/** The aval of an elementwise result: the common shape (rank-0 operands fit any), weak iff all are. */
export function joinAvals(name: string, avals: readonly ShapedArray[]): ShapedArray {
  let lead = avals[0] as ShapedArray;
  for (const a of avals) if (a.shape.length > lead.shape.length) lead = a;
  let weak = true;
  for (const a of avals) {
    weak &&= a.weak;
    if (a.shape.length !== 0 && !sameShape(a.shape, lead.shape))
      throw fail("E_SHAPE", `${name}: shapes differ: ${avals.join(", ")}`, {
        hint: "lax doesn't broadcast: use np, or lax.broadcastInDim",
      });
  }
  return weak === lead.weak ? lead : lead.with({ weak });
}
