// What vjp returns: a function that is a tree. Its leaves are the residuals, so that it may leave and enter compiled
// functions and be a residual of customVjp; the linear map is part of its structure.
import type { ShapedArray } from "../../ir/aval.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { pathsOf, printPath, type TreeDef } from "../../ir/tree.ts";
import { isRegistered, registerPytreeNode } from "../../ir/tree-registry.ts";
import type { Linearized } from "../../transforms/linearize.ts";
import { backward, hasTangent } from "../../transforms/transpose.ts";
import { instantiateCt } from "../../transforms/zeros.ts";
import type { Arg } from "../types.ts";
import { vectorLeaf, vectorLeaves, vectors } from "./vectors.ts";

/** From the cotangent of the result to those of the arguments; `dispose()` frees what it keeps. */
export interface Pullback<A, R> extends Disposable {
  (ct: Arg<R>): A;
  dispose(): void;
}

/** Everything of a pullback but its residuals. */
export interface Pass {
  readonly name: string;
  readonly lin: Pick<Linearized, "jaxpr" | "outNonzero">;
  readonly inDef: TreeDef;
  readonly inAvals: readonly ShapedArray[];
  readonly outDef: TreeDef;
  readonly outAvals: readonly ShapedArray[];
}

/** Cotangents of the linear inputs. */
export function pullThrough(
  lin: Pick<Linearized, "jaxpr" | "residuals" | "outNonzero">,
  cts: readonly (NDArray | null)[],
): readonly (NDArray | null)[] {
  const { length } = lin.residuals;
  const linear = lin.jaxpr.inVars.map((_, i) => i >= length);
  const args = [...lin.residuals, ...Array<null>(linear.length - length).fill(null)];
  const used = cts.filter((_, i) => lin.outNonzero[i]);
  return backward(lin.jaxpr, linear, args, used).slice(length);
}

/** Cotangents of a result, checked leaf by leaf. */
export function cotangentsIn(
  name: string,
  ct: unknown,
  outDef: TreeDef,
  avals: readonly ShapedArray[],
): (NDArray | null)[] {
  const paths = pathsOf(outDef);
  return vectorLeaves(name, "cotangents", ct, outDef).map((x, i) =>
    vectorLeaf(name, x, avals[i] as ShapedArray, printPath(["result", ...(paths[i] ?? [])])),
  );
}

function pull(
  { name, lin, inDef, inAvals, outDef, outAvals }: Pass,
  residuals: readonly NDArray[],
  ct: unknown,
) {
  const cts = cotangentsIn(name, ct, outDef, outAvals);
  const ofAux = lin.outNonzero.slice(cts.length).map(() => null);
  const grads = pullThrough({ ...lin, residuals }, [...cts, ...ofAux]);
  let k = 0;
  return vectors(
    inDef,
    inAvals.map((a) => (hasTangent(a) ? instantiateCt(grads[k++] ?? null, a) : null)),
  );
}

/** The class of pullbacks, which are functions; what it is called with makes none. */
class VjpFunction {
  declare readonly pass: Pass;
  declare readonly residuals: readonly NDArray[];
}
/** On the first use, so that importing this file does nothing. */
function register(): void {
  if (isRegistered(VjpFunction)) return;
  Object.setPrototypeOf(VjpFunction.prototype, Function.prototype);
  registerPytreeNode(VjpFunction, {
    flatten: (f) => [f.residuals, f.pass],
    unflatten: (pass: Pass, residuals) => makePullback(pass, residuals as NDArray[], () => undefined),
  });
}

/** A pullback from its parts. */
export function makePullback(pass: Pass, residuals: readonly NDArray[], dispose: () => void): VjpFunction {
  register();
  const call = (ct: unknown): unknown => pull(pass, residuals, ct);
  Object.setPrototypeOf(call, VjpFunction.prototype);
  return Object.assign(call as unknown as VjpFunction, {
    pass,
    residuals,
    dispose,
    [Symbol.dispose]: dispose,
  });
}
/** The parts of a pullback; null for anything else. */
export const pullbackParts = (x: unknown): VjpFunction | null => (x instanceof VjpFunction ? x : null);
