// customVjp: a function with its own reverse derivative, as two functions that hand residuals from one to the other.
import { fail } from "../../errors.ts";
import { tangentAval } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { NDArray } from "../../ir/ndarray.ts";
import type { CustomVjp, FwdResult } from "../../ir/trace.ts";
import { flatten, unflatten } from "../../ir/tree.ts";
import { describe } from "../../primitives/operand.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { zerosOf } from "../../transforms/zeros.ts";
import { checkOptions, isPlain } from "../arrays.ts";
import type { Args, MapTree, Traced } from "../types.ts";
import {
  cotangentsOf,
  customFrame,
  type CustomFrame,
  pairOf,
  refuseTraced,
  type DiffArgs,
  type NondiffArgs,
} from "./custom.ts";
import { checkFunction, finish, flattenResult, labelOf, leafOf, nameOf, transformed } from "./flat.ts";
import { makePullback, pullbackParts } from "./pullback.ts";
import type { AnyFn, Argnums, Cotangent, Cotangents } from "./types.ts";
import { vectors } from "./vectors.ts";

/** An argument of a forward rule with `symbolicZeros`: the value, and whether it is differentiated. */
export class CustomVJPPrimal<T = NDArray> {
  readonly value: T;
  readonly perturbed: boolean;
  constructor(value: T, perturbed: boolean) {
    this.value = value;
    this.perturbed = perturbed;
  }
}
/** T with the values in place of `CustomVJPPrimal` leaves. */
export type PrimalValues<T> = T extends CustomVJPPrimal<infer V> ? V : { [K in keyof T]: PrimalValues<T[K]> };
/** A tree with the values in place of `CustomVJPPrimal` leaves. Source: jax.custom_derivatives.custom_vjp_primal_tree_values */
export function customVjpPrimalTreeValues<T>(tree: T): PrimalValues<T> {
  const name = "customVjpPrimalTreeValues";
  const { leaves, treedef } = flatten(tree, name, { isLeaf: (x) => x instanceof CustomVJPPrimal });
  const values = leaves.map((x) => {
    if (x instanceof CustomVJPPrimal) return x.value as NDArray;
    throw fail("E_ARGUMENT", `${name}: expected leaves that a forward rule with symbolicZeros got`);
  });
  return unflatten(treedef, values) as PrimalValues<T>;
}

/**
 * The tangent zero of a value: zeros of its shape, null for integers; with `symbolicZeros` null for all.
 * Source: jax.custom_derivatives.zero_from_primal
 */
export function zeroFromPrimal<T>(
  val: T,
  options: { readonly symbolicZeros?: boolean | undefined } = {},
): Cotangent<Traced<T>> {
  const name = "zeroFromPrimal";
  checkOptions(name, options, ["symbolicZeros"]);
  const { leaves, treedef } = flatten(val, name);
  const zeros = leaves.map((x) => {
    const { aval } = leafOf(name, x);
    return options.symbolicZeros === true || !hasTangent(aval) ? null : zerosOf(tangentAval(aval));
  });
  return vectors(treedef, zeros) as Cotangent<Traced<T>>;
}

/** Options of customVjp. */
export interface CustomVjpOptions<N = Argnums, Z = boolean> {
  /** Arguments without derivative, of any kind but traced; `bwd` gets them first, `fwd` in their places. */
  readonly nondiffArgnums?: N | undefined;
  /** `fwd` gets `CustomVJPPrimal` leaves, `bwd` null for cotangents that are zero. */
  readonly symbolicZeros?: Z | undefined;
  /** JAX's name for what isn't implemented here: true is refused. */
  readonly optimizeRemat?: false | undefined;
}

const OPTIONS = ["nondiffArgnums", "symbolicZeros", "optimizeRemat"];
/** Refuses what isn't a rule among the rules. @throws E_OPTIONS, E_UNKNOWN_OPTION */
function checkRules(name: string, rules: unknown): void {
  if (!isPlain(rules)) return;
  const option = Object.keys(rules).find((word) => OPTIONS.includes(word));
  if (option !== undefined)
    throw fail("E_OPTIONS", `${name}: ${option} stands among the rules`, {
      hint: `options are the third argument: customVjp(f, { fwd, bwd }, { ${option} })`,
    });
  if ("fwd" in rules || "bwd" in rules) checkOptions(name, rules, ["fwd", "bwd"]);
}

/** Residuals: arrays, pullbacks' too, are kept as values, everything else stays as it is in the backward rule. */
interface Kept {
  readonly arrays: readonly NDArray[];
  restore(arrays: readonly NDArray[]): unknown;
}
const isPlainValue = (x: unknown): boolean =>
  x === undefined || (typeof x !== "object" && typeof x !== "symbol") || ArrayBuffer.isView(x);
function keep(name: string, residuals: unknown): Kept {
  const { leaves, treedef } = flatten(residuals, `${name}: the residuals`, { isLeaf: isPlainValue });
  const arraysOf = (x: unknown): readonly NDArray[] =>
    x instanceof NDArray ? [x] : (pullbackParts(x)?.residuals ?? []);
  return {
    arrays: leaves.flatMap(arraysOf),
    restore: (arrays) => {
      let k = 0;
      const restored = leaves.map((x) => {
        if (x instanceof NDArray) return arrays[k++];
        const parts = pullbackParts(x);
        if (parts === null) return x;
        return makePullback(parts.pass, arrays.slice(k, (k += parts.residuals.length)), () => undefined);
      });
      return unflatten(treedef, restored);
    },
  };
}

/** What a forward rule with `symbolicZeros` gets for arguments A, of which `N` names those without derivative. */
export type CustomVJPPrimals<A extends readonly unknown[], N extends Argnums = readonly []> = {
  [I in keyof A]: I extends PlaceIn<N> ? A[I] : MapTree<A[I], CustomVJPPrimal>;
};
type PlaceIn<N extends Argnums> = N extends readonly number[] ? `${N[number]}` : `${N & number}`;

/**
 * `fun` with a reverse derivative of its own: `fwd(...args)` gives [value, residuals], `bwd(residuals, ct)` a list with
 * the cotangent of each argument, null for zero. Residuals are a tree of arrays, or of anything that isn't traced.
 *
 * Forward mode refuses it (E_CUSTOM_VJP_FWD). Under vmap both rules see one example, and cotangents of arguments that
 * aren't mapped are summed. Second derivatives differentiate `fwd` and `bwd`. With `nondiffArgnums` it is
 * `bwd(...those, residuals, ct)`.
 * @throws E_RULE_OUTPUT, E_SHAPE, E_DTYPE where a rule's results don't fit; E_RULE_CLOSURE. Source: jax.custom_vjp
 * @example customVjp((x: NDArray) => x, { fwd: (x) => [x, null], bwd: (_, ct) => [ct.clip(-1, 1)] })
 */
export function customVjp<A extends readonly unknown[], R, Res>(
  fun: (...args: A) => R,
  rules: {
    readonly fwd: (...args: A) => readonly [R, Res];
    readonly bwd: (residuals: Res, ct: R) => Cotangents<A>;
  },
  options?: CustomVjpOptions<undefined, false>,
): (...args: Args<A>) => R;
export function customVjp<A extends readonly unknown[], R, Res>(
  fun: (...args: A) => R,
  rules: {
    readonly fwd: (...args: CustomVJPPrimals<A>) => readonly [R, Res];
    readonly bwd: (residuals: Res, ct: Cotangent<R>) => Cotangents<A>;
  },
  options: CustomVjpOptions<undefined, true>,
): (...args: Args<A>) => R;
export function customVjp<A extends readonly unknown[], R, Res, const N extends Argnums>(
  fun: (...args: A) => R,
  rules: {
    readonly fwd: (...args: A) => readonly [R, Res];
    readonly bwd: (...args: [...NondiffArgs<A, N>, residuals: Res, ct: R]) => Cotangents<DiffArgs<A, N>>;
  },
  options: CustomVjpOptions<N, false>,
): (...args: Args<A>) => R;
export function customVjp<A extends readonly unknown[], R, Res, const N extends Argnums>(
  fun: (...args: A) => R,
  rules: {
    readonly fwd: (...args: CustomVJPPrimals<A, N>) => readonly [R, Res];
    readonly bwd: (
      ...args: [...NondiffArgs<A, N>, residuals: Res, ct: Cotangent<R>]
    ) => Cotangents<DiffArgs<A, N>>;
  },
  options: CustomVjpOptions<N, true>,
): (...args: Args<A>) => R;
export function customVjp(
  fun: AnyFn,
  rules: { readonly fwd: AnyFn; readonly bwd: AnyFn },
  options: CustomVjpOptions<unknown> = {},
): unknown {
  const name = labelOf("customVjp", fun);
  checkOptions("customVjp", options, OPTIONS);
  if ((options.optimizeRemat as unknown) === true)
    throw fail("E_UNIMPLEMENTED", `${name}: optimizeRemat is not implemented`, {
      hint: "leave it out: checkpoint drops what the forward rule computes and nobody uses",
    });
  checkRules(name, rules);
  const { fwd, bwd } = (rules ?? {}) as Partial<typeof rules>;
  if (fwd === undefined && bwd === undefined)
    throw fail(
      "E_ARGUMENT",
      `${name}: got ${describe(rules)}, expected the rules fwd and bwd in one object`,
      {
        hint: "write customVjp(f, { fwd, bwd })",
      },
    );
  checkFunction(`${name}: fwd`, fwd);
  checkFunction(`${name}: bwd`, bwd);
  const { nondiffArgnums = [], symbolicZeros = false } = options;
  const call = (...args: unknown[]): unknown => {
    const frame = customFrame(name, fun, args, nondiffArgnums as Argnums, (x, i) => refuseTraced(name, x, i));
    const custom: CustomVjp = {
      name,
      numClosed: 0,
      symbolicZeros,
      body: frame.body,
      fwd: (primals, perturbed) =>
        forward(
          name,
          frame,
          { fwd, bwd },
          symbolicZeros ? primals.map((x, i) => new CustomVJPPrimal(x, perturbed[i] === true)) : primals,
        ),
    };
    const outs = context().trace.customVjp(custom, frame.leaves);
    return finish(frame.out(), outs);
  };
  return transformed(call, fun, nameOf(fun));
}

/** Runs the forward rule on what it gets for the primals: values, what to keep, and the backward rule of that. */
function forward(
  name: string,
  frame: CustomFrame,
  { fwd, bwd }: { readonly fwd: AnyFn; readonly bwd: AnyFn },
  seen: readonly unknown[],
): FwdResult {
  const result = frame.apply(fwd, unflatten(frame.treedef, seen) as unknown[]);
  const { first, second } = pairOf(name, "fwd", "residuals", result);
  const value = flattenResult(name, first);
  frame.checkValue("fwd", value);
  const kept = keep(name, second);
  return {
    outs: value.leaves,
    residuals: kept.arrays,
    bwd: (arrays, cts) => {
      const given = [...frame.fixed, kept.restore(arrays), unflatten(value.treedef, cts)];
      return cotangentsOf(name, "bwd", frame, bwd(...(given as never[])));
    },
  };
}
