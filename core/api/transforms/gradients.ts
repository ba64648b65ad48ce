// grad and valueAndGrad: reverse mode for scalar functions.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isComplex, isFloat, isInexact } from "../../ir/dtype.ts";
import type { NDArray } from "../../ir/ndarray.ts";
import { printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { instantiateCt } from "../../transforms/zeros.ts";
import { checkOptions, materialise } from "../arrays.ts";
import type { Args } from "../types.ts";
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
import type { Annotate, AnyFn, Argnums, ArrayFn, Leaves, NumberFn, Wrt } from "./types.ts";

/** Options of grad and valueAndGrad. */
export interface GradOptions<N = Argnums> {
  /** Arguments to differentiate by (default 0); a list gives a list. */
  readonly argnums?: N | undefined;
  /** The function is complex-differentiable, from complex to complex. */
  readonly holomorphic?: boolean | undefined;
  /** Integer arguments are allowed: their gradient is null. */
  readonly allowInt?: boolean | undefined;
}
interface Settings extends GradOptions {
  readonly hasAux?: boolean | undefined;
}

/** Refuses inputs that reverse mode can't differentiate by. Source: jax's _check_input_dtype_revderiv. */
export function checkReverseInput(
  name: string,
  x: NDArray,
  where: () => string,
  options: { readonly holomorphic?: boolean | undefined; readonly allowInt?: boolean | undefined },
): void {
  const { dtype } = x.aval;
  if (options.holomorphic === true && !isComplex(dtype))
    throw fail("E_NOT_DIFFERENTIABLE", `${name}: ${where()} is ${x.aval}, holomorphic expects complex`);
  if (!isInexact(dtype) && options.allowInt !== true)
    throw fail("E_NOT_DIFFERENTIABLE", `${name}: ${where()} is ${x.aval}, expected a float or complex array`);
}
/** Refuses results that reverse mode can't start from. Source: jax's _check_output_dtype_revderiv. */
export function checkReverseOutput(name: string, x: NDArray, holomorphic: boolean | undefined): void {
  const { dtype } = x.aval;
  if (holomorphic === true ? isComplex(dtype) : isFloat(dtype)) return;
  throw fail(
    "E_NOT_DIFFERENTIABLE",
    `${name}: the function returned ${x.aval}, expected ${holomorphic === true ? "a complex array: holomorphic is set" : "a float"}`,
    isComplex(dtype) ? { hint: "set holomorphic for complex-differentiable functions, else use vjp" } : {},
  );
}

const NAMES = ["argnums", "hasAux", "holomorphic", "allowInt"];

function valueAndGradOf(
  kind: string,
  f: AnyFn,
  options: Settings,
): (...args: unknown[]) => [unknown, unknown] {
  const name = labelOf(kind, f);
  checkOptions(kind, options, NAMES);
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
    const value = r.outs[0] as NDArray;
    checkScalar(name, out(), value);
    checkReverseOutput(name, value, holomorphic);
    const one = context().lax.fullLike(value, 1);
    const cts = r.pull([one, ...r.outs.slice(1).map(() => null)]);
    const grads = p.leaves.map((x, i) =>
      hasTangent(x.aval) ? materialise(instantiateCt(cts[i] ?? null, x.aval)) : null,
    );
    r.release([...r.outs, ...p.leaves, ...grads.filter((g): g is NDArray => g !== null)]);
    const trees = unflatten(p.treedef, grads) as unknown[];
    const result = materialise(value);
    return [
      hasAux ? [result, finish(aux(), r.outs.slice(1))] : result,
      typeof argnums === "number" ? trees[0] : trees,
    ];
  };
}
function checkScalar(name: string, out: TreeDef, value: NDArray): void {
  if (out.kind === "leaf" && value.ndim === 0) return;
  throw fail(
    "E_NOT_SCALAR",
    `${name}: the function returned ${out.kind === "leaf" ? String(value.aval) : printTree(out)}, expected a scalar`,
  );
}

/**
 * The value of a scalar function and its gradient with respect to `argnums`.
 *
 * With `hasAux` the function returns [value, aux], and the result is [[value, aux], gradient].
 * @throws E_NOT_SCALAR, E_NOT_DIFFERENTIABLE naming the argument. Source: jax.value_and_grad
 * @example valueAndGrad((x) => x.mul(x).sum())(np.array([1, 2]))  // [5, [2, 4]]
 */
export function valueAndGrad<F extends ArrayFn<NDArray>, const N extends Argnums = 0>(
  fun: F,
  options?: GradOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<Parameters<F>>) => [NDArray, N extends number ? NDArray : Leaves<N>];
export function valueAndGrad(fun: NumberFn): Annotate;
export function valueAndGrad<A extends readonly unknown[], const N extends Argnums = 0>(
  fun: (...args: A) => NDArray,
  options?: GradOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<A>) => [NDArray, Wrt<A, N>];
export function valueAndGrad<A extends readonly unknown[], Aux, const N extends Argnums = 0>(
  fun: (...args: A) => readonly [NDArray, Aux],
  options: GradOptions<N> & { readonly hasAux: true },
): (...args: Args<A>) => [[NDArray, Aux], Wrt<A, N>];
export function valueAndGrad(fun: AnyFn, options: Settings = {}): unknown {
  return transformed(valueAndGradOf("valueAndGrad", fun, options), fun, labelOf("valueAndGrad", fun));
}

/**
 * The gradient of a scalar function with respect to `argnums`.
 *
 * With `hasAux` the function returns [value, aux], and the result is [gradient, aux].
 * @throws E_NOT_SCALAR, E_NOT_DIFFERENTIABLE naming the argument. Source: jax.grad
 * @example grad(np.tanh)(1)  // 0.41997434
 */
export function grad<F extends ArrayFn<NDArray>, const N extends Argnums = 0>(
  fun: F,
  options?: GradOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<Parameters<F>>) => N extends number ? NDArray : Leaves<N>;
export function grad(fun: NumberFn): Annotate;
export function grad<A extends readonly unknown[], const N extends Argnums = 0>(
  fun: (...args: A) => NDArray,
  options?: GradOptions<N> & { readonly hasAux?: false | undefined },
): (...args: Args<A>) => Wrt<A, N>;
export function grad<A extends readonly unknown[], Aux, const N extends Argnums = 0>(
  fun: (...args: A) => readonly [NDArray, Aux],
  options: GradOptions<N> & { readonly hasAux: true },
): (...args: Args<A>) => [Wrt<A, N>, Aux];
export function grad(fun: AnyFn, options: Settings = {}): unknown {
  const both = valueAndGradOf("grad", fun, options);
  const call = (...args: unknown[]): unknown => {
    const [value, gradient] = both(...args);
    return options.hasAux === true ? [gradient, (value as unknown[])[1]] : gradient;
  };
  return transformed(call, fun, labelOf("grad", fun));
}
