// linearCall: a linear function with its own transpose.
import { fail } from "../../errors.ts";
import { ctAval, sameType } from "../../ir/aval.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { flatten, pathsOf, printPath, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { bindLinearCall, type Transposed } from "../../primitives/linear-call.ts";
import { stage } from "../../transforms/stage.ts";
import type { Traced } from "../types.ts";
import { checkFunction, finish, flattenResult, labelOf, leafOf, type FlatCall } from "./flat.ts";
import type { AnyFn } from "./types.ts";

function operandsOf(name: string, tree: unknown): FlatCall {
  const { leaves, treedef } = flatten(tree, name);
  return { leaves: leaves.map((x) => leafOf(name, x)), treedef };
}

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
  const staged = stage(
    (xs) => {
      const r = over(fun, lin.treedef, xs);
      outDef = r.treedef;
      return r.leaves;
    },
    [...resAvals, ...lin.leaves.map((x) => x.aval)],
    name,
  );
  const { consts, jaxpr } = staged;
  const constAvals = consts.map((x) => x.aval);
  const ctAvals = jaxpr.outs.map((o) => ctAval(o.aval));
  const transposed: Transposed = () =>
    stage(
      (xs) => {
        const r = over(funTranspose, outDef as unknown as TreeDef, xs.slice(consts.length));
        checkTransposed(name, r, lin);
        return r.leaves;
      },
      [...constAvals, ...resAvals, ...ctAvals],
      name,
    );
  const outs = bindLinearCall(jaxpr, [...consts, ...res.leaves], lin.leaves, transposed);
  return finish(outDef as unknown as TreeDef, outs);
}

function checkTransposed(name: string, got: FlatCall, lin: FlatCall): void {
  if (got.treedef !== lin.treedef)
    throw fail(
      "E_TREE_MISMATCH",
      `${name}: funTranspose returns ${printTree(got.treedef)}, expected ${printTree(lin.treedef)} as the linear arguments`,
    );
  const paths = pathsOf(lin.treedef);
  lin.leaves.forEach((x, i) => {
    const y = got.leaves[i] as NDArray;
    if (sameType(y.aval, ctAval(x.aval))) return;
    const where = printPath(["result", ...(paths[i] ?? [])]);
    throw fail("E_SHAPE", `${name}: funTranspose returns ${y.aval} at ${where}, expected ${ctAval(x.aval)}`);
  });
}
