// checkpoint: functions whose derivative computes again what would fill the memory, and what there is to see of it.
import { fail } from "../../errors.ts";
import type { ShapedArray } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import type { Jaxpr, JaxprEqn, Var } from "../../ir/jaxpr.ts";
import { TRACER, type NDArray } from "../../ir/ndarray.ts";
import { identityOf } from "../../ir/primitive.ts";
import { flatten, type TreeDef } from "../../ir/tree.ts";
import { bindCheckpoint, type CheckpointPolicy } from "../../primitives/checkpoint.ts";
import { name_p } from "../../primitives/identity.ts";
import { describe, numberList } from "../../primitives/operand.ts";
import { linearizeFlat } from "../../transforms/linearize.ts";
import { writeOut } from "../../transforms/remat.ts";
import { stage } from "../../transforms/stage.ts";
import { hasTangent } from "../../transforms/transpose.ts";
import { checkOptions } from "../arrays.ts";
import { avalsOf, stageTree, type StagedTree } from "../lax/staged.ts";
import type { Args } from "../types.ts";
import {
  argumentPath,
  checkFunction,
  finish,
  flatFunction,
  flattenArgs,
  labelOf,
  leafOf,
  nameOf,
  selectArgs,
  transformed,
} from "./flat.ts";
import { asStatic, staticText } from "./static-args.ts";
import type { AnyFn, Argnums, ArrayFn } from "./types.ts";

export type { CheckpointPolicy, Verdict } from "../../primitives/checkpoint.ts";

/** Options of checkpoint. */
export interface CheckpointOptions {
  /** Which values are saved for the derivative; default: none, see `checkpointPolicies`. */
  readonly policy?: CheckpointPolicy | undefined;
  /**
   * Keeps compilers from finding that the second run repeats the first (default true). One for each argument may be given.
   * Inside lax.scan it isn't needed.
   */
  readonly preventCse?: boolean | readonly boolean[] | undefined;
  /** Arguments that are JavaScript values: a new one traces anew. */
  readonly staticArgnums?: Argnums | undefined;
}

/** A function that is called as any transformed one, and has the type of the plain one for other transformations. */
export type Checkpointed<A extends readonly unknown[], R> = ((...args: Args<A>) => R) & ((...args: A) => R);

/** Traces by function, so that two wrappers of one function share them; then by signature. */
const traces = new WeakMap<AnyFn, Map<string, StagedTree>>();

/** `f` traced for these leaves; what captures a tracer serves one call. */
function traced(
  name: string,
  f: AnyFn,
  of: AnyFn,
  treedef: TreeDef,
  leaves: readonly NDArray[],
  statics: string,
): StagedTree {
  const { config, axisEnv } = context();
  const ambient = `${identityOf(config)}|${axisEnv.size === 0 ? "" : JSON.stringify([...axisEnv])}`;
  const key = `${treedef.id}|${leaves.map((x) => x.aval.id).join(",")}|${statics}|${ambient}`;
  let known = traces.get(f);
  if (known === undefined) traces.set(f, (known = new Map()));
  const hit = known.get(key);
  if (hit !== undefined) return hit;
  const staged = stageTree(name, of, treedef, avalsOf(leaves));
  if (staged.consts.some((x) => x.kind === TRACER)) return staged;
  // The trace keeps what it captured: a surrounding scope() must not free it.
  for (const x of staged.consts) context().scope?.delete(x);
  known.set(key, staged);
  return staged;
}

function checkSettings(name: string, options: CheckpointOptions): void {
  if (typeof options === "object" && options !== null && "concrete" in options)
    throw fail("E_UNKNOWN_OPTION", `${name}: there is no option "concrete" any more, as in JAX`, {
      hint: "make the arguments that decide static: { staticArgnums: 1 }",
    });
  checkOptions("checkpoint", options, ["policy", "preventCse", "staticArgnums"]);
  const { policy, preventCse } = options;
  if ((policy ?? null) !== null && typeof policy !== "function")
    throw fail("E_ARGUMENT", `${name}: policy is ${describe(policy)}, expected a function`, {
      hint: "take one of checkpointPolicies",
    });
  const flags: unknown = preventCse ?? true;
  if (typeof flags !== "boolean" && !(Array.isArray(flags) && flags.every((b) => typeof b === "boolean")))
    throw fail(
      "E_ARGUMENT",
      `${name}: preventCse is ${describe(flags)}, expected true, false or a list of these`,
    );
}

/** One flag for each leaf. @throws E_ARGUMENT for a list of another length than the arguments */
function flagsOf(
  name: string,
  preventCse: boolean | readonly boolean[],
  treedef: TreeDef,
): readonly boolean[] {
  if (typeof preventCse === "boolean") return Array<boolean>(treedef.numLeaves).fill(preventCse);
  const args = treedef.children;
  if (preventCse.length !== args.length)
    throw fail(
      "E_ARGUMENT",
      `${name}: preventCse has ${preventCse.length} entries for ${args.length} arguments`,
    );
  return args.flatMap((a, i) => Array<boolean>(a.numLeaves).fill(preventCse[i] as boolean));
}

/**
 * `fun`, whose derivative keeps the arguments and computes the values in between again when it needs them: less memory,
 * more work. Values, derivatives of all orders and random numbers are the same.
 *
 * A `policy` says which of the values are kept after all: one of `checkpointPolicies`, or a function
 * `(prim, inAvals, params) => true | false`.
 * @throws E_STATIC_ARG, E_ARGUMENT. Source: jax.checkpoint
 * @example grad(checkpoint((x) => np.sin(np.sin(x)).sum()))(np.ones([3]))
 */
export function checkpoint<F extends ArrayFn>(
  fun: F,
  options?: CheckpointOptions,
): Checkpointed<Parameters<F>, ReturnType<F>>;
export function checkpoint<A extends readonly unknown[], R>(
  fun: (...args: A) => R,
  options?: CheckpointOptions,
): Checkpointed<A, R>;
export function checkpoint(fun: AnyFn, options: CheckpointOptions = {}): unknown {
  const name = labelOf("checkpoint", fun);
  checkSettings(name, options);
  const policy = options.policy ?? null;
  // Nothing, and null, stand for the default.
  const preventCse = (options.preventCse as boolean | readonly boolean[] | null | undefined) ?? true;
  const statics = numberList(name, "staticArgnums", options.staticArgnums ?? []);
  const call = (...given: unknown[]): unknown => {
    for (const i of statics)
      if (!(i >= -given.length && i < given.length))
        throw fail(
          "E_ARGUMENT",
          `${name}: staticArgnums names argument ${i}, and ${given.length} were given`,
        );
    const isStatic = given.map((_, i) => statics.includes(i) || statics.includes(i - given.length));
    const args = given.map((x, i) => (isStatic[i] ? asStatic(x) : x));
    const places = args.map((_, i) => i).filter((i) => !isStatic[i]);
    const { chosen, of } = selectArgs(name, fun, args, places);
    const texts = args.map((x, i) => (isStatic[i] ? staticText(name, x, () => `argument ${i}`) : ""));
    const { leaves, treedef } = flattenArgs(name, fun, chosen, places);
    const { jaxpr, consts, outDef } = traced(name, fun, of, treedef, leaves, texts.join(";"));
    const flags = flagsOf(name, preventCse, treedef);
    const outs = bindCheckpoint(jaxpr, consts, leaves, { policy, preventCse: flags, differentiated: false });
    return finish(outDef, outs);
  };
  return transformed(call, fun, nameOf(fun));
}
/** Another name of `checkpoint`. Source: jax.remat. */
export const remat: typeof checkpoint = checkpoint;

/**
 * x, under a name that policies of checkpoint may ask for (`saveOnlyTheseNames`). Without checkpoint it is x.
 * Source: jax.ad_checkpoint.checkpoint_name.
 */
export function checkpointName<T>(x: T, name: string): T {
  if (typeof name !== "string")
    throw fail("E_ARGUMENT", `checkpointName: the name is ${describe(name)}, expected a text`);
  const { leaves, treedef } = flatten(x, "checkpointName");
  const { lax } = context();
  return finish(
    treedef,
    leaves.map((leaf) => lax.named(leafOf("checkpointName", leaf), name)),
  ) as T;
}

// --- what is kept --------------------------------------------------------------------------------------------------------

/** A value that the derivative of a function keeps. */
export interface SavedResidual {
  readonly aval: ShapedArray;
  /** `from the argument x`, `named 'a'`, `output of sin` … */
  readonly source: string;
}

/** The jaxpr from arguments to the residuals of the derivative. */
function residualsOf(
  f: AnyFn,
  args: readonly unknown[],
): { jaxpr: Jaxpr; numConsts: number; treedef: TreeDef } {
  const name = labelOf("savedResiduals", f);
  const { leaves, treedef } = flattenArgs(name, f, args);
  const { fn } = flatFunction(name, f, treedef);
  const avals = avalsOf(leaves);
  const staged = stage((xs) => linearizeFlat(fn, xs, avals.map(hasTangent), name).residuals, avals, name);
  return { jaxpr: writeOut(staged.jaxpr), numConsts: staged.consts.length, treedef };
}

/**
 * What the derivative of `f` keeps between its forward and its backward run, for these arguments: nothing is run.
 * Source: jax.ad_checkpoint.saved_residuals.
 */
export function savedResiduals<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  ...args: Args<A>
): readonly SavedResidual[] {
  checkFunction("savedResiduals", f);
  const { jaxpr, numConsts, treedef } = residualsOf(f, args);
  const kept = new Set<unknown>(jaxpr.outs);
  const rows: SavedResidual[] = [];
  const add = (v: Var, source: string): void => {
    if (kept.has(v)) rows.push({ aval: v.aval, source });
  };
  jaxpr.inVars.forEach((v, i) => {
    add(
      v,
      i < numConsts ? "from a constant" : `from the argument ${argumentPath(f, treedef, i - numConsts)}`,
    );
  });
  for (const eqn of jaxpr.eqns) for (const v of eqn.outVars) add(v, sourceOf(eqn));
  return rows;
}
function sourceOf(eqn: JaxprEqn): string {
  const { name } = eqn.params as { readonly name?: unknown };
  if (eqn.primitive === name_p) return `named '${String(name)}'`;
  return `output of ${eqn.primitive.name}`;
}

/** Prints `savedResiduals`, a line each. Source: jax.ad_checkpoint.print_saved_residuals. */
export function printSavedResiduals<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  ...args: Args<A>
): void {
  for (const { aval, source } of savedResiduals(f, ...args)) console.log(`${aval} ${source}`);
}
