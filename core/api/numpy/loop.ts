// A while loop over flat arrays, for the functions of np that need one.
import type { NDArray } from "../../ir/ndarray.ts";
import { bind } from "../../ir/trace.ts";
import { while_p } from "../../primitives/while.ts";
import { stage } from "../../transforms/stage.ts";

type Carry = readonly NDArray[];
/** Repeats `body` while `cond` holds; the carry keeps its avals. */
export function whileLoop(cond: (c: Carry) => NDArray, body: (c: Carry) => Carry, init: Carry): Carry {
  const avals = init.map((x) => x.aval);
  const test = stage((xs) => [cond(xs)], avals, "np.while");
  const step = stage(body, avals, "np.while");
  return bind(while_p, [...test.consts, ...step.consts, ...init], {
    cond: test.jaxpr,
    body: step.jaxpr,
    numCondConsts: test.consts.length,
    numBodyConsts: step.consts.length,
  });
}
