// Between user functions over trees and flat functions over leaves: what every transformation does first and last.
import { fail } from "../../errors.ts";
import { LITERAL, NDArray } from "../../ir/ndarray.ts";
import type { FlatFn } from "../../ir/trace.ts";
import {
  flatten,
  isPromise,
  pathsOf,
  printPath,
  unflatten,
  type PathKey,
  type TreeDef,
} from "../../ir/tree.ts";
import { numberList, refuseOperand, toArray, type Operand } from "../../primitives/operand.ts";
import { materialise } from "../arrays.ts";
import type { AnyFn } from "./types.ts";

/** The name of a function for messages. */
export const nameOf = (f: AnyFn): string => f.name || "anonymous";

/** @throws E_ARGUMENT for what is no function */
export function checkFunction(name: string, f: unknown): asserts f is AnyFn {
  if (typeof f !== "function") throw refuseOperand(name, f, "a function");
}
/** A transformed function in messages, `grad(loss)`. @throws E_ARGUMENT for what is no function */
export function labelOf(api: string, f: unknown): string {
  checkFunction(api, f);
  return `${api}(${nameOf(f)})`;
}

/** What each transformed function was made of. */
const origins = new WeakMap<AnyFn, AnyFn>();
/** `call` as the transformed `f`: under this name, with the parameters of `f`. */
export function transformed<F extends (...args: unknown[]) => unknown>(call: F, f: AnyFn, name: string): F {
  Object.defineProperty(call, "name", { value: name });
  Object.defineProperty(call, "length", { value: f.length });
  origins.set(call, f);
  return call;
}
/** Names of the parameters as they're written, where the source shows them; "" for a rest parameter. */
export function parametersOf(f: AnyFn): string[] {
  const origin = origins.get(f);
  if (origin !== undefined) return parametersOf(origin);
  const source = Function.prototype.toString.call(f);
  const list =
    /^(?:async\s+)?(?:function\b[^(]*)?\(([^()]*)\)/.exec(source)?.[1] ?? /^(\w+)\s*=>/.exec(source)?.[1];
  if (list === undefined || /[{[]/.test(list)) return [];
  return list.split(",").map((p) => /^\s*([A-Za-z_$][\w$]*)/.exec(p)?.[1] ?? "");
}

/**
 * A place among the arguments of `f` as the user calls it: `params.layers[2].w`, or `argument 0`.
 * `places`: the number of each argument, where only some were taken.
 */
export function placeIn(f: AnyFn, path: readonly PathKey[], places?: readonly number[]): string {
  const [k = 0, ...rest] = path;
  const place = places?.[k as number] ?? (k as number);
  const name = parametersOf(f)[place];
  return name === undefined || name === ""
    ? `argument ${place}${rest.length === 0 ? "" : ` at ${printPath(rest)}`}`
    : printPath([name, ...rest]);
}
/** Where leaf i of the arguments stands. */
export const argumentPath = (f: AnyFn, treedef: TreeDef, i: number, places?: readonly number[]): string =>
  placeIn(f, pathOfLeaf(treedef, i), places);
/** The path of leaf i. */
const pathOfLeaf = (treedef: TreeDef, i: number): readonly PathKey[] => pathsOf(treedef)[i] ?? [0];

/** A leaf as an array; JavaScript scalars become literals, which never are uploaded by themselves. */
export const leafOf = (name: string, x: unknown): NDArray =>
  x instanceof NDArray && x.aval.dtype !== "number" ? x : toArray(name, x as Operand);

/** The arguments of a call: leaves and structure. */
export interface FlatCall {
  readonly leaves: NDArray[];
  readonly treedef: TreeDef;
}
/** A tree as arrays and structure; numbers are weak float32 from here on. @throws E_TREE, E_TREE_LEAF */
export function operandsOf(name: string, tree: unknown): FlatCall {
  const { leaves, treedef } = flatten(tree, name);
  return { leaves: leaves.map((x) => leafOf(name, x)), treedef };
}
/** Leaves and structure of the arguments of `f` as they are. @throws E_TREE, E_TREE_LEAF naming the place */
export const rawArgs = (
  name: string,
  f: AnyFn,
  args: readonly unknown[],
  places?: readonly number[],
): { leaves: unknown[]; treedef: TreeDef } =>
  flatten(args, name, { placeName: (path) => placeIn(f, path, places) });
/** Arguments of `f` as arrays. */
export function flattenArgs(
  name: string,
  f: AnyFn,
  args: readonly unknown[],
  places?: readonly number[],
): FlatCall {
  const { leaves, treedef } = rawArgs(name, f, args, places);
  return { leaves: leaves.map((x) => leafOf(name, x)), treedef };
}

/** @throws E_TRACE_ASYNC for a promise; what becomes of that is then nobody's concern */
export function checkSynchronous(name: string, result: unknown): void {
  if (!isPromise(result)) return;
  void Promise.resolve(result).catch(() => undefined);
  throw fail("E_TRACE_ASYNC", `${name}: the function returned a promise`);
}

/** Leaves and structure of a traced function's result. @throws E_TRACE_ASYNC for a promise, E_TREE for undefined */
export function flattenResult(name: string, result: unknown): FlatCall {
  checkSynchronous(name, result);
  if (result === undefined)
    throw fail("E_TREE", `${name}: the function returned undefined; did it miss a return?`);
  const { leaves, treedef } = flatten(result, `${name}: the result`);
  return { leaves: leaves.map((x) => leafOf(name, x)), treedef };
}

/**
 * Calls a user's function. Parameters may be left out, but one that was and then is missed is the caller's mistake.
 * @throws E_ARGUMENT for an error that speaks of undefined, where there are fewer arguments than parameters
 */
export function callUser(name: string, f: AnyFn, args: readonly unknown[]): unknown {
  try {
    return f(...(args as never[]));
  } catch (error) {
    const missed = args.length < f.length && error instanceof Error && /\bundefined\b/.test(error.message);
    if (!missed) throw error;
    const names = parametersOf(f).join(", ");
    throw fail(
      "E_ARGUMENT",
      `${name} takes ${f.length} argument${f.length === 1 ? "" : "s"}${names === "" ? "" : ` (${names})`}; got ${args.length}`,
      { cause: error },
    );
  }
}

/** A user function over flat leaves, and what it returned. */
export interface FlatUserFn {
  /** Leaves of the result, then those of aux. */
  readonly fn: FlatFn;
  /** The structure of the result of the last call. */
  out(): TreeDef;
  /** The structure of aux of the last call. */
  aux(): TreeDef;
}

/** `f` over the leaves of its arguments. With `hasAux` it returns [value, aux]. @throws E_RULE_OUTPUT if it doesn't */
export function flatFunction(name: string, f: AnyFn, treedef: TreeDef, hasAux = false): FlatUserFn {
  let outDef: TreeDef | null = null;
  let auxDef: TreeDef | null = null;
  const fn: FlatFn = (leaves) => {
    const result = callUser(name, f, unflatten(treedef, leaves) as unknown[]);
    if (!hasAux) {
      const r = flattenResult(name, result);
      outDef = r.treedef;
      return r.leaves;
    }
    checkSynchronous(name, result);
    if (!Array.isArray(result) || result.length !== 2)
      throw fail("E_RULE_OUTPUT", `${name}: with hasAux the function returns [value, aux]`);
    const value = flattenResult(name, result[0]);
    const aux = flattenResult(name, result[1]);
    [outDef, auxDef] = [value.treedef, aux.treedef];
    return [...value.leaves, ...aux.leaves];
  };
  return { fn, out: () => outDef as TreeDef, aux: () => auxDef as TreeDef };
}

/** Outputs as the user gets them: literals become arrays. */
export function finish(treedef: TreeDef, leaves: readonly NDArray[]): unknown {
  if (treedef.kind === "leaf") return materialise(leaves[0] as NDArray);
  return unflatten(
    treedef,
    leaves.map((x) => (x.kind === LITERAL ? materialise(x) : x)),
  );
}

/** An argument that isn't differentiated: numbers and typed arrays in it become arrays, the rest stays as it is. */
export function lifted(name: string, x: unknown): unknown {
  const { leaves, treedef } = flatten(x, name, { any: true });
  const isNumber = (v: unknown): boolean =>
    typeof v === "number" || typeof v === "bigint" || ArrayBuffer.isView(v);
  return leaves.some(isNumber)
    ? unflatten(
        treedef,
        leaves.map((v) => (isNumber(v) ? leafOf(name, v) : v)),
      )
    : x;
}
/** The arguments at some places, and the function of these alone. @throws E_ARGUMENT for a place there isn't */
export function selectArgs(
  name: string,
  f: AnyFn,
  args: readonly unknown[],
  argnums: number | readonly number[],
  others: (x: unknown) => unknown = (x) => x,
): { readonly places: readonly number[]; readonly chosen: readonly unknown[]; readonly of: AnyFn } {
  const places = numberList(name, "argnums", argnums).map((i) => (i < 0 ? i + args.length : i));
  places.forEach((place, k) => {
    if (!(Number.isInteger(place) && place >= 0 && place < args.length))
      throw fail("E_ARGUMENT", `${name}: argnums names argument ${place}, and ${args.length} were given`);
    if (places.indexOf(place) !== k)
      throw fail("E_ARGUMENT", `${name}: argnums names argument ${place} twice`);
  });
  const rest = args.map((x, i) => (places.includes(i) ? x : others(x)));
  const of = (...chosen: unknown[]): unknown => {
    const all = [...rest];
    places.forEach((place, k) => {
      all[place] = chosen[k];
    });
    return callUser(name, f, all);
  };
  return { places, chosen: places.map((i) => args[i]), of };
}
