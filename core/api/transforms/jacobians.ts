// Jacobians by forward and reverse mode, vectorised over the standard basis; Hessians by both.
import { fail } from "../../errors.ts";

import { context } from "../../ir/context.ts";
import { isComplex, isFloat } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { unflatten, type TreeDef } from "../../ir/tree.ts";
import { batchFlat, toAxis } from "../../transforms/batch.ts";
import { jvpFlat } from "../../transforms/jvp.ts";
import { instantiateCt, instantiateTangent } from "../../transforms/zeros.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { checkOptions, materialise } from "../arrays.ts";
import type { Args, MapTree } from "../types.ts";
import { reverse } from "./derivatives.ts";
import {
  argumentPath,
  finish,
  flatFunction,
  flattenArgs,
  lifted,
  labelOf,
  selectArgs,
  transformed,
} from "./flat.ts";
import { checkReverseInput, checkReverseOutput } from "./gradients.ts";
import type { AnyFn, Argnums, ArrayFn, Leaves, Wrt } from "./types.ts";

/** Options of jacfwd, jacrev and hessian. */
export interface JacobianOptions<N = Argnums> {
  /** Arguments to differentiate by (default 0); a list gives lists. */
  readonly argnums?: N | undefined;
  /** The function is complex-differentiable, from complex to complex. */
  readonly holomorphic?: boolean | undefined;
}
interface Settings extends JacobianOptions {
  readonly hasAux?: boolean | undefined;
  readonly allowInt?: boolean | undefined;
}

/** The rows of the standard basis over all leaves, one stacked array a leaf: [total, …shape]. */
function basisOf(leaves: readonly NDArray[]): NDArray[] {
  const { lax } = context();
  const total = leaves.reduce((n, x) => n + x.size, 0);
  let before = 0;
  return leaves.map((x) => {
    const row = lax.broadcastedIota("int32", [total, x.size], 0);
    const column = lax.add(lax.broadcastedIota("int32", [total, x.size], 1), before);
    before += x.size;
    const ones = lax.convertElementType(lax.eq(row, column), x.dtype, { weakType: x.weakType });
    return lax.reshape(ones, [total, ...x.shape]);
  });
}
/** A stacked array cut into the pieces of the leaves, along `axis`, each with the leaf's shape in place of the axis. */
function cutByLeaves(x: NDArray, leaves: readonly NDArray[], axis: number): NDArray[] {
  const { lax } = context();
  let at = 0;
  return leaves.map((leaf) => {
    const piece = lax.sliceInDim(x, at, (at += leaf.size), 1, axis);
    return lax.reshape(piece, [...x.shape.slice(0, axis), ...leaf.shape, ...x.shape.slice(axis + 1)]);
  });
}

/** [out leaf][in leaf] → a tree of outputs with trees of inputs for leaves; a single argnum has no list around it. */
function assemble(
  out: TreeDef,
  inputs: TreeDef,
  single: boolean,
  blocks: readonly (readonly NDArray[])[],
): unknown {
  return unflatten(
    out,
    blocks.map((row) => {
      const trees = unflatten(inputs, row.map(materialise)) as unknown[];
      return single ? trees[0] : trees;
    }),
  );
}

function jacfwdOf(kind: string, f: AnyFn, options: Settings): (...args: unknown[]) => unknown {
  const name = labelOf(kind, f);
  checkOptions(kind, options, ["argnums", "hasAux", "holomorphic"]);
  const { argnums = 0, hasAux = false, holomorphic = false } = options;
  return (...args) => {
    const { chosen, of, places } = selectArgs(name, f, args, argnums, (x) => lifted(name, x));
    const p = flattenArgs(name, f, chosen, places);
    p.leaves.forEach((x, i) => {
      if (holomorphic ? !isComplex(x.aval.dtype) : !isFloat(x.aval.dtype))
        throw fail(
          "E_NOT_DIFFERENTIABLE",
          `${name}: ${argumentPath(f, p.treedef, i, places)} is ${x.aval}, expected a ${holomorphic ? "complex" : "float"} array`,
        );
    });
    const { fn, out, aux } = flatFunction(name, of, p.treedef, hasAux);
    const size = p.leaves.reduce((n, x) => n + x.size, 0);
    let primalOuts: readonly NDArray[] = [];
    const columns = batchFlat(
      (ts) => {
        const r = jvpFlat(fn, p.leaves, ts, name);
        primalOuts = r.outs;
        return [
          ...r.outs.slice(out().numLeaves),
          ...r.outs
            .slice(0, out().numLeaves)
            .map((x, i) => instantiateTangent(r.tangents[i] ?? null, x.aval)),
        ];
      },
      basisOf(p.leaves),
      p.leaves.map(() => 0),
      { size, label: name },
    );
    const numAux = primalOuts.length - out().numLeaves;
    const blocks = columns.outs.slice(numAux).map((y, i) => {
      const bdim = columns.bdims[numAux + i] ?? null;
      const last = y.ndim - (bdim === null ? 0 : 1);
      return cutByLeaves(toAxis(size, y, bdim, last), p.leaves, last);
    });
    const jacobian = assemble(out(), p.treedef, typeof argnums === "number", blocks);
    return hasAux ? [jacobian, finish(aux(), columns.outs.slice(0, numAux))] : jacobian;
  };
}

function jacrevOf(kind: string, f: AnyFn, options: Settings): (...args: unknown[]) => unknown {
  const name = labelOf(kind, f);
  checkOptions(kind, options, ["argnums", "hasAux", "holomorphic", "allowInt"]);
  const { argnums = 0, hasAux = false, holomorphic } = options;
  return (...args) => {
    const { chosen, of, places } = selectArgs(name, f, args, argnums, (x) => lifted(name, x));
    const p = flattenArgs(name, f, chosen, places);
    p.leaves.forEach((x, i) =>
      checkReverseInput(name, x, () => argumentPath(f, p.treedef, i, places), options),
    );
    const { fn, out, aux } = flatFunction(name, of, p.treedef, hasAux);
    const r = reverse(
      fn,
      p.leaves,
      p.leaves.map((x) => hasTangent(x.aval)),
      name,
    );
    const outs = r.outs.slice(0, out().numLeaves);
    for (const x of outs) checkReverseOutput(name, x, holomorphic);
    const size = outs.reduce((n, x) => n + x.size, 0);
    const rest = r.outs.slice(outs.length).map(() => null);
    const rows = batchFlat(
      (cts) => r.pull([...cts, ...rest]).map((g, i) => instantiateCt(g, (p.leaves[i] as NDArray).aval)),
      basisOf(outs),
      outs.map(() => 0),
      { size, label: name },
    );
    const perInput = rows.outs.map((y, i) => cutByLeaves(toAxis(size, y, rows.bdims[i] ?? null, 0), outs, 0));
    const blocks = outs.map((_, k) => perInput.map((pieces) => pieces[k] as NDArray));
    const jacobian = assemble(out(), p.treedef, typeof argnums === "number", blocks);
    return hasAux ? [jacobian, finish(aux(), r.outs.slice(outs.length))] : jacobian;
  };
}

/**
 * The Jacobian by forward mode, good for tall ones: for each leaf of the result and of the argument an array of shape
 * [...result, ...argument]. With `hasAux` the result is [jacobian, aux]. Source: jax.jacfwd.
 */
export function jacfwd<F extends ArrayFn<NDArray>, const N extends Argnums = 0>(
  fun: F,
  options?: JacobianOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<Parameters<F>>) => N extends number ? NDArray : Leaves<N>;
export function jacfwd<A extends readonly unknown[], R, const N extends Argnums = 0>(
  fun: (...args: A) => R,
  options?: JacobianOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<A>) => MapTree<R, Wrt<A, N>>;
export function jacfwd<A extends readonly unknown[], R, Aux, const N extends Argnums = 0>(
  fun: (...args: A) => readonly [R, Aux],
  options: JacobianOptions<N> & { readonly hasAux: true },
): (...args: Args<A>) => [MapTree<R, Wrt<A, N>>, Aux];
export function jacfwd(fun: AnyFn, options: Settings = {}): unknown {
  return transformed(jacfwdOf("jacfwd", fun, options), fun, labelOf("jacfwd", fun));
}

/**
 * The Jacobian by reverse mode, good for wide ones: for each leaf of the result and of the argument an array of shape
 * [...result, ...argument]. With `hasAux` the result is [jacobian, aux]. Source: jax.jacrev.
 */
export function jacrev<F extends ArrayFn<NDArray>, const N extends Argnums = 0>(
  fun: F,
  options?: JacobianOptions<N> & {
    readonly hasAux?: false | undefined;
    readonly allowInt?: boolean | undefined;
  },
): (...args: Args<Parameters<F>>) => N extends number ? NDArray : Leaves<N>;
export function jacrev<A extends readonly unknown[], R, const N extends Argnums = 0>(
  fun: (...args: A) => R,
  options?: JacobianOptions<N> & {
    readonly hasAux?: false | undefined;
    readonly allowInt?: boolean | undefined;
  },
): (...args: Args<A>) => MapTree<R, Wrt<A, N>>;
export function jacrev<A extends readonly unknown[], R, Aux, const N extends Argnums = 0>(
  fun: (...args: A) => readonly [R, Aux],
  options: JacobianOptions<N> & { readonly hasAux: true; readonly allowInt?: boolean | undefined },
): (...args: Args<A>) => [MapTree<R, Wrt<A, N>>, Aux];
export function jacrev(fun: AnyFn, options: Settings = {}): unknown {
  return transformed(jacrevOf("jacrev", fun, options), fun, labelOf("jacrev", fun));
}

/**
 * Second derivatives, forward over reverse: for each leaf of the result and two of the argument an array of shape
 * [...result, ...argument, ...argument]. Source: jax.hessian.
 */
export function hessian<F extends ArrayFn<NDArray>, const N extends Argnums = 0>(
  fun: F,
  options?: JacobianOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<Parameters<F>>) => N extends number ? NDArray : { -readonly [I in keyof N]: Leaves<N> };
export function hessian<A extends readonly unknown[], R, const N extends Argnums = 0>(
  fun: (...args: A) => R,
  options?: JacobianOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<A>) => MapTree<R, MapTree<Wrt<A, N>, Wrt<A, N>>>;
export function hessian<A extends readonly unknown[], R, Aux, const N extends Argnums = 0>(
  fun: (...args: A) => readonly [R, Aux],
  options: JacobianOptions<N> & { readonly hasAux: true },
): (...args: Args<A>) => [MapTree<R, MapTree<Wrt<A, N>, Wrt<A, N>>>, Aux];
export function hessian(fun: AnyFn, options: Settings = {}): unknown {
  const call = jacfwdOf("hessian", jacrevOf("hessian", fun, options), options);
  return transformed(call, fun, labelOf("hessian", fun));
}

/** As `jacrev`. Source: jax.jacobian. */
export const jacobian: typeof jacrev = jacrev;
