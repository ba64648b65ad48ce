// pureCallback and ioCallback: values from functions of the host, inside of traced programs.
import { fail } from "../../errors.ts";
import { shaped, type ShapedArray } from "../../ir/aval.ts";
import { DTYPES } from "../../ir/dtype.ts";
import type { Params, Primitive } from "../../ir/primitive.ts";
import { bind } from "../../ir/trace.ts";
import { flatten } from "../../ir/tree.ts";
import { io_callback_p, pure_callback_p, type VmapMethod } from "../../primitives/callbacks.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import { takePending } from "../../runtime/pending.ts";
import { checkOptions, fromHost } from "../arrays.ts";
import { callbackArgs, hostFunction } from "../host-function.ts";
import { checkFunction, finish } from "../transforms/flat.ts";
import { isSpecLeaf, type Spec } from "../transforms/shapes.ts";
import type { AnyFn } from "../transforms/types.ts";
import type { TracedArgs } from "../types.ts";
import type { NDArray } from "../../ir/ndarray.ts";

/** Options of pureCallback. */
export interface PureCallbackOptions {
  /** What vmap makes of it; without one it refuses. */
  readonly vmapMethod?: VmapMethod | null | undefined;
}
/** Options of ioCallback. */
export interface IoCallbackOptions {
  /** In one order with all other ordered ones of the program. */
  readonly ordered?: boolean | undefined;
}
/** The arrays that a tree of shapes and dtypes describes. */
export type CallbackResult<S> = S extends { readonly shape: readonly number[]; readonly dtype: string }
  ? NDArray
  : S extends object
    ? { -readonly [K in keyof S]: CallbackResult<S[K]> }
    : S;

const METHODS: readonly unknown[] = [
  "sequential",
  "sequential_unrolled",
  "expand_dims",
  "broadcast_all",
  null,
  undefined,
];

/** The results as the caller described them. @throws E_DTYPE for 64 bits without x64 */
function resultAval(api: string, spec: unknown): ShapedArray {
  const { shape, dtype } = spec as Spec;
  if (!Array.isArray(shape) || !Object.hasOwn(DTYPES, dtype))
    throw fail("E_ARGUMENT", `${api}: resultShapeDtypes has a leaf without shape and dtype`, {
      hint: 'write { shape: [2, 3], dtype: "float32" } for each result, or pass an array like it',
    });
  if (canonicalDType(dtype) !== dtype)
    throw fail("E_DTYPE", `${api}: resultShapeDtypes asks for ${dtype}, and 64-bit types are off`, {
      hint: "ask for 32 bits, or config.set({ enableX64: true })",
    });
  return shaped(shape, dtype);
}

function call(
  api: string,
  primitive: Primitive,
  f: AnyFn,
  specs: unknown,
  args: readonly unknown[],
  settings: Pick<Params, "ordered" | "vmapMethod">,
): unknown {
  checkFunction(api, f);
  const { leaves, treedef } = flatten(specs, api, { isLeaf: isSpecLeaf });
  const outs = leaves.map((s) => resultAval(api, s));
  const given = callbackArgs(api, args);
  const fn = hostFunction(api, f, given, treedef);
  return finish(treedef, bind(primitive, given.arrays, { fn, outs, ...settings }));
}
/** Options at the end of the arguments: an object without arrays. @throws E_UNKNOWN_OPTION for other words in one */
function optionsOf(
  api: string,
  args: readonly unknown[],
  word: string,
): Readonly<Record<string, unknown>> | null {
  const last = args.at(-1);
  if (typeof last !== "object" || last === null || Object.getPrototypeOf(last) !== Object.prototype)
    return null;
  const values = Object.values(last);
  if (values.length === 0 || values.some((v) => typeof v === "object" && v !== null)) return null;
  checkOptions(api, last, [word]);
  return last as Record<string, unknown>;
}

/**
 * The values that `f` computes on the host from these arguments, inside of jit, loops and vmap. The function has no
 * effects: it may run more than once, or not at all. `resultShapeDtypes` is a tree of `{ shape, dtype }` as the result
 * has it. Its last argument may be `{ vmapMethod }`.
 * @throws E_CALLBACK if it throws, E_CALLBACK_RESULT for another shape or dtype, E_VMAP without a vmapMethod,
 * E_NO_RULE under derivatives. Source: jax.pure_callback
 * @example pureCallback((x) => besselJ0(x.item()), { shape: [], dtype: "float32" }, x, { vmapMethod: "sequential" })
 */
export function pureCallback<const S, A extends readonly unknown[]>(
  callback: (...args: TracedArgs<A>) => unknown,
  resultShapeDtypes: S,
  ...args: readonly [...A, PureCallbackOptions]
): CallbackResult<S>;
export function pureCallback<const S, A extends readonly unknown[]>(
  callback: (...args: TracedArgs<A>) => unknown,
  resultShapeDtypes: S,
  ...args: A
): CallbackResult<S>;
export function pureCallback(callback: AnyFn, resultShapeDtypes: unknown, ...args: unknown[]): unknown {
  const api = "pureCallback";
  const options = optionsOf(api, args, "vmapMethod");
  const method = (options?.["vmapMethod"] ?? null) as VmapMethod | null;
  if (!METHODS.includes(method))
    throw fail("E_ARGUMENT", `${api}: vmapMethod is "${String(method)}"`, {
      hint: "it is one of sequential, sequential_unrolled, expand_dims, broadcast_all; legacy_vectorized is gone: use broadcast_all",
    });
  const given = options === null ? args : args.slice(0, -1);
  const settings = { ordered: false, vmapMethod: method };
  return call(api, pure_callback_p, callback, resultShapeDtypes, given, settings);
}

/**
 * As pureCallback, for a function whose calls count: each happens once for each time the program gets there, in no
 * order unless the last argument is `{ ordered: true }`. Under vmap: once for each example; ordered ones refuse it.
 * @throws E_CALLBACK, E_CALLBACK_RESULT, E_VMAP, E_NO_RULE. Source: jax.experimental.io_callback
 */
export function ioCallback<const S, A extends readonly unknown[]>(
  callback: (...args: TracedArgs<A>) => unknown,
  resultShapeDtypes: S,
  ...args: readonly [...A, IoCallbackOptions]
): CallbackResult<S>;
export function ioCallback<const S, A extends readonly unknown[]>(
  callback: (...args: TracedArgs<A>) => unknown,
  resultShapeDtypes: S,
  ...args: A
): CallbackResult<S>;
export function ioCallback(callback: AnyFn, resultShapeDtypes: unknown, ...args: unknown[]): unknown {
  const api = "experimental.ioCallback";
  const options = optionsOf(api, args, "ordered");
  const given = options === null ? args : args.slice(0, -1);
  const settings = { ordered: options?.["ordered"] === true, vmapMethod: null };
  return call(api, io_callback_p, callback, resultShapeDtypes, given, settings);
}

/**
 * Resolves when all callbacks of programs that were started before have run. On devices that run during the call,
 * as the embedded one, that is at once.
 * @throws what a callback threw, if nobody has heard of it. Source: jax.effects_barrier
 */
export async function effectsBarrier(): Promise<void> {
  const { devices, errors } = takePending();
  // What is asked of a device is done in order: once it has come to this, it has come by everything before.
  await Promise.all(
    devices.map(async (device) => {
      const x = fromHost(new Float32Array(1), [], "float32", { device });
      await x.add(1).data();
    }),
  );
  const [error] = errors();
  if (error !== undefined) throw error;
}
