// fwdAndBwd: vjp as two functions that are compiled once each: residuals go from one to the other as a tree.
import type { ShapedArray } from "../../ir/aval.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import type { TreeDef } from "../../ir/tree.ts";
import { isRegistered, registerPytreeNode } from "../../ir/tree-registry.ts";
import { linearizeFlat, type Linearized } from "../../transforms/linearize.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { instantiateCt } from "../../transforms/zeros.ts";
import { checkOptions } from "../arrays.ts";
import type { Arg, Args } from "../types.ts";
import { cotangentsIn, pullThrough, vectors } from "./derivatives.ts";
import { finish, flatFunction, flattenArgs, labelOf, lifted, selectArgs } from "./flat.ts";
import { jit } from "./jit.ts";
import type { AnyFn, Argnums, Wrt } from "./types.ts";

/** What backward needs besides arrays: the same object for every call of one compiled forward pass. */
interface Pass {
  readonly lin: Pick<Linearized, "jaxpr" | "outNonzero">;
  readonly inDef: TreeDef;
  readonly inAvals: readonly ShapedArray[];
  readonly outDef: TreeDef;
  readonly outAvals: readonly ShapedArray[];
}
/** What a forward pass kept for the backward one: a tree of arrays, opaque. */
export class VjpResiduals {
  private readonly arrays: readonly NDArray[];
  private readonly pass: Pass;
  constructor(arrays: readonly NDArray[], pass: Pass) {
    this.arrays = arrays;
    this.pass = pass;
  }
  /** Children and metadata of the tree node. */
  static flatten(x: VjpResiduals): readonly [readonly NDArray[], Pass] {
    return [x.arrays, x.pass];
  }
}
function registerResiduals(): void {
  if (isRegistered(VjpResiduals)) return;
  registerPytreeNode(VjpResiduals, {
    flatten: VjpResiduals.flatten,
    unflatten: (pass: Pass, arrays) => new VjpResiduals(arrays as NDArray[], pass),
  });
}

/** Options of fwdAndBwd. */
export interface FwdAndBwdOptions<Aux = boolean> {
  /** The function returns [value, aux], the forward pass [value, residuals, aux]. */
  readonly hasAux?: Aux | undefined;
  /** Compile both (default true). */
  readonly jitted?: boolean | undefined;
}

/**
 * The forward and the backward pass of `fun` with respect to `argnums`, each compiled once: `fwd(...args)` gives
 * [value, residuals], `bwd(residuals, ct)` the cotangents of these arguments. Source: jax.fwd_and_bwd
 * @example const [fwd, bwd] = fwdAndBwd((x: NDArray, w: NDArray) => x.matmul(w), [0, 1])
 */
export function fwdAndBwd<A extends readonly unknown[], R, const N extends Argnums>(
  fun: (...args: A) => R,
  argnums: N,
  options?: FwdAndBwdOptions<false>,
): [fwd: (...args: Args<A>) => [R, VjpResiduals], bwd: (residuals: VjpResiduals, ct: Arg<R>) => Wrt<A, N>];
export function fwdAndBwd<A extends readonly unknown[], R, Aux, const N extends Argnums>(
  fun: (...args: A) => readonly [R, Aux],
  argnums: N,
  options: FwdAndBwdOptions<true>,
): [
  fwd: (...args: Args<A>) => [R, VjpResiduals, Aux],
  bwd: (residuals: VjpResiduals, ct: Arg<R>) => Wrt<A, N>,
];
export function fwdAndBwd(fun: AnyFn, argnums: Argnums, options: FwdAndBwdOptions = {}): unknown {
  const name = labelOf("fwdAndBwd", fun);
  checkOptions("fwdAndBwd", options, ["hasAux", "jitted"]);
  const { hasAux = false, jitted = true } = options;
  registerResiduals();
  const fwd = (...args: unknown[]): unknown[] => {
    const { chosen, of, places } = selectArgs(name, fun, args, argnums, (x) => lifted(name, x));
    const p = flattenArgs(name, fun, chosen, places);
    const { fn, out, aux } = flatFunction(name, of, p.treedef, hasAux);
    const lin = linearizeFlat(
      fn,
      p.leaves,
      p.leaves.map((x) => hasTangent(x.aval)),
      name,
    );
    const n = out().numLeaves;
    const values = lin.outs.slice(0, n);
    const pass: Pass = {
      lin: { jaxpr: lin.jaxpr, outNonzero: lin.outNonzero },
      inDef: p.treedef,
      inAvals: p.leaves.map((x) => x.aval),
      outDef: out(),
      outAvals: values.map((x) => x.aval),
    };
    const result = [finish(out(), values), new VjpResiduals(lin.residuals, pass)];
    return hasAux ? [...result, finish(aux(), lin.outs.slice(n))] : result;
  };
  const bwd = (residuals: VjpResiduals, ct: unknown): unknown => {
    const [arrays, { lin, inDef, inAvals, outDef, outAvals }] = VjpResiduals.flatten(residuals);
    const cts = cotangentsIn(name, ct, outDef, outAvals);
    const unused = lin.outNonzero.slice(cts.length).map(() => null);
    const grads = pullThrough({ ...lin, residuals: arrays }, [...cts, ...unused]);
    let k = 0;
    const trees = vectors(
      inDef,
      inAvals.map((a) => (hasTangent(a) ? instantiateCt(grads[k++] ?? null, a) : null)),
    ) as unknown[];
    return typeof argnums === "number" ? trees[0] : trees;
  };
  Object.defineProperty(fwd, "name", { value: `fwd(${fun.name})` });
  Object.defineProperty(bwd, "name", { value: `bwd(${fun.name})` });
  return jitted ? [jit(fwd), jit(bwd)] : [fwd, bwd];
}
