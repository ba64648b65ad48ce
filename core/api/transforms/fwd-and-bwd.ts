// fwdAndBwd: vjp as two functions that are compiled once each; the pullback goes from one to the other as a tree.
import { checkOptions } from "../arrays.ts";
import type { Arg, Args } from "../types.ts";
import { vjpOf } from "./derivatives.ts";
import { flattenArgs, labelOf, lifted, selectArgs } from "./flat.ts";
import { jit } from "./jit.ts";
import type { Pullback } from "./pullback.ts";
import type { AnyFn, Argnums, Wrt } from "./types.ts";

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
): [
  fwd: (...args: Args<A>) => [R, Pullback<unknown, R>],
  bwd: (residuals: Pullback<unknown, R>, ct: Arg<R>) => Wrt<A, N>,
];
export function fwdAndBwd<A extends readonly unknown[], R, Aux, const N extends Argnums>(
  fun: (...args: A) => readonly [R, Aux],
  argnums: N,
  options: FwdAndBwdOptions<true>,
): [
  fwd: (...args: Args<A>) => [R, Pullback<unknown, R>, Aux],
  bwd: (residuals: Pullback<unknown, R>, ct: Arg<R>) => Wrt<A, N>,
];
export function fwdAndBwd(fun: AnyFn, argnums: Argnums, options: FwdAndBwdOptions = {}): unknown {
  const name = labelOf("fwdAndBwd", fun);
  checkOptions("fwdAndBwd", options, ["hasAux", "jitted"]);
  const { hasAux = false, jitted = true } = options;
  const fwd = (...args: unknown[]): unknown[] => {
    const { chosen, of, places } = selectArgs(name, fun, args, argnums, (x) => lifted(name, x));
    return vjpOf(name, of, flattenArgs(name, fun, chosen, places), hasAux);
  };
  const bwd = (residuals: (ct: unknown) => unknown[], ct: unknown): unknown => {
    const cts = residuals(ct);
    return typeof argnums === "number" ? cts[0] : cts;
  };
  Object.defineProperty(fwd, "name", { value: `fwd(${fun.name})` });
  Object.defineProperty(bwd, "name", { value: `bwd(${fun.name})` });
  return jitted ? [jit(fwd), jit(bwd)] : [fwd, bwd];
}
