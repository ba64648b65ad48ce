// linearCall: a linear function with its own transpose.
import { ctAval } from "../../ir/aval.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { unflatten, type TreeDef } from "../../ir/tree.ts";
import { bindLinearCall, type Transposed } from "../../primitives/linear-call.ts";
import { stage } from "../../transforms/stage.ts";
import { checkLike } from "../mismatch.ts";
import type { Traced } from "../types.ts";
import { checkFunction, finish, flattenResult, labelOf, operandsOf, type FlatCall } from "./flat.ts";
import type { AnyFn } from "./types.ts";

/**
 * `fun(residuals, x)`, linear in `x`, of which `funTranspose(residuals, ct)` is the transpose. The transpose of that is
 * `fun` again.
 * @throws E_TREE_MISMATCH, E_SHAPE when it is transposed and the result isn't like `x`. Source:
 * jax.custom_derivatives.linear_call
 * @example linearCall((r, x) => x.div(r), (r, ct) => ct.div(r), 3, 9)  // 3
 */
export function linearCall<Res, X, Y>(
  fun: (residuals: Traced<Res>, x: Traced<X>) => Y,
  funTranspose: (residuals: Traced<Res>, ct: Y) => unknown,
  residualArgs: Res,
  linearArgs: X,
): Y;
export function linearCall(
  fun: AnyFn,
  funTranspose: AnyFn,
  residualArgs: unknown,
  linearArgs: unknown,
): unknown {
  const name = labelOf("linearCall", fun);
  checkFunction(`${name}: funTranspose`, funTranspose);
  const res = operandsOf(name, residualArgs);
  const lin = operandsOf(name, linearArgs);
  const resAvals = res.leaves.map((x) => x.aval);
  const numRes = resAvals.length;
  let outDef: TreeDef | null = null;
  const over = (f: AnyFn, def: TreeDef, xs: readonly NDArray[]): FlatCall => {
    const given = [unflatten(res.treedef, xs.slice(0, numRes)), unflatten(def, xs.slice(numRes))];
    return flattenResult(name, f(...(given as never[])));
  };
  const apply = (xs: readonly NDArray[]): readonly NDArray[] => {
    const r = over(fun, lin.treedef, xs);
    outDef = r.treedef;
    return r.leaves;
  };
  const { consts, jaxpr } = stage(apply, [...resAvals, ...lin.leaves.map((x) => x.aval)], name);
  const constAvals = consts.map((x) => x.aval);
  const ctAvals = jaxpr.outs.map((o) => ctAval(o.aval));
  const like = {
    word: "the linear arguments",
    treedef: lin.treedef,
    avals: lin.leaves.map((x) => ctAval(x.aval)),
  };
  const transposed: Transposed = () =>
    stage(
      (xs) => {
        const r = over(funTranspose, outDef as unknown as TreeDef, xs.slice(consts.length));
        checkLike(name, "funTranspose", r.treedef, r.leaves, like);
        return r.leaves;
      },
      [...constAvals, ...resAvals, ...ctAvals],
      name,
    );
  const outs = bindLinearCall(jaxpr, [...consts, ...res.leaves], lin.leaves, transposed);
  return finish(outDef as unknown as TreeDef, outs);
}
