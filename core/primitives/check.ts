// check: throws outside of programs where an error value says so. Programs can't throw: checkify makes values of checks first.
import { fail } from "../errors.ts";
import { CHECK } from "../ir/effects.ts";
import {
  definePrimitive,
  type Effect,
  type HostFunction,
  type Params,
  type Primitive,
} from "../ir/primitive.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { bind } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";

/** Params of check: operands are the values of an error. */
export interface CheckParams extends Params {
  /** Throws what the values say. */
  readonly fn: HostFunction;
  /** What the values mean, for checkify. */
  readonly structure: object;
  /** It does nothing unless checkify sees it. */
  readonly debug: boolean;
  /** The check of one lane of a mapped axis, from operands over it. */
  readonly reduce: (args: readonly NDArray[], size: number) => readonly NDArray[];
}
const paramsOf = (params: Params): CheckParams => params as CheckParams;
const EFFECTS: readonly Effect[] = [{ kind: "unordered", key: CHECK }];

/** Throws if its operands, the values of an error, say so. Source: jax's `check_p`. */
export const check_p: Primitive = definePrimitive({
  name: "check",
  traits: {},
  shape: () => [],
  effects: () => EFFECTS,
  host: (params) => ({ fn: paramsOf(params).fn, outs: [], direct: true }),
  jvp: (_lax, primals, _tangents, params) => {
    bind(check_p, primals, params);
    return { outs: [], tangents: [] };
  },
  linearIn: () => true,
  transpose: () => undefined,
  batch: (_lax, size, args, bdims, params) => {
    const { reduce } = paramsOf(params);
    const moved = args.map((x, i) => toAxis(size, x, bdims[i] ?? null, 0));
    bind(check_p, reduce(moved, size), params);
    return { outs: [], bdims: [] };
  },
  lower: (_b, _operands, params) => {
    if (paramsOf(params).debug) return [];
    throw fail(
      "E_CHECK_STAGED",
      "checkify.check: a program can't throw, and checkify hasn't made a value of the check",
    );
  },
});
