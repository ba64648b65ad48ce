// What functions with rules of their own share: which arguments the rules differentiate, and the checks of what they give.
import { fail } from "../../errors.ts";
import { sameType } from "../../ir/aval.ts";
import { context } from "../../ir/context.ts";
import { NDArray, TRACER } from "../../ir/ndarray.ts";
import type { FlatFn } from "../../ir/trace.ts";
import { flatten, pathsOf, printPath, printTree, unflatten, type TreeDef } from "../../ir/tree.ts";
import { describe, numberList } from "../../primitives/operand.ts";
import { checkSynchronous, flatFunction, flattenArgs, selectArgs, type FlatCall } from "./flat.ts";
import type { AnyFn, Argnums } from "./types.ts";
import { vectorLeaf, vectorLeaves } from "./vectors.ts";

/** The tuple of A without the arguments that `N` names. */
export type DiffArgs<
  A extends readonly unknown[],
  N extends Argnums,
  Seen extends readonly unknown[] = [],
> = A extends readonly [infer First, ...infer Rest]
  ? Seen["length"] extends (N extends readonly number[] ? N[number] : N)
    ? DiffArgs<Rest, N, [...Seen, First]>
    : [First, ...DiffArgs<Rest, N, [...Seen, First]>]
  : [];
/** The arguments that `N` names. */
export type NondiffArgs<A extends readonly unknown[], N extends Argnums> = N extends number
  ? [A[N]]
  : { -readonly [I in keyof N]: N[I] extends number ? A[N[I]] : never };

/** A call of a function with rules: its differentiated arguments as leaves, and its body over them. */
export interface CustomFrame {
  /** Arguments without derivative, in order of their places. */
  readonly fixed: readonly unknown[];
  readonly leaves: NDArray[];
  readonly treedef: TreeDef;
  /** The places of the differentiated arguments. */
  readonly places: readonly number[];
  readonly body: FlatFn;
  /** Calls a function of all arguments with others in the differentiated places. */
  apply(f: AnyFn, chosen: readonly unknown[]): unknown;
  /** The structure of the result, as the body or a rule gave it. */
  out(): TreeDef;
  /** Checks the value that a rule gives against the body's, if that ran. @throws E_RULE_OUTPUT */
  checkValue(rule: string, value: FlatCall): void;
}

/** Places that `nondiffArgnums` names among n arguments, in order. @throws E_ARGUMENT */
function nondiffPlaces(name: string, argnums: Argnums, n: number): number[] {
  const places = numberList(name, "nondiffArgnums", argnums).map((i) => (i < 0 ? i + n : i));
  const odd = places.find((i) => !(Number.isInteger(i) && i >= 0 && i < n));
  if (odd !== undefined)
    throw fail("E_ARGUMENT", `${name}: nondiffArgnums names argument ${odd}, and ${n} were given`);
  return [...new Set(places)].sort((a, b) => a - b);
}

/**
 * Prepares a call.
 * @param fix  what becomes of an argument without derivative (refused or freed of its derivative if it is traced)
 */
export function customFrame(
  name: string,
  fun: AnyFn,
  args: readonly unknown[],
  nondiff: Argnums,
  fix: (x: unknown, place: number) => unknown,
): CustomFrame {
  const fixedPlaces = nondiffPlaces(name, nondiff, args.length);
  const places = args.map((_, i) => i).filter((i) => !fixedPlaces.includes(i));
  const given = args.map((x, i) => (fixedPlaces.includes(i) ? fix(x, i) : x));
  const { chosen, of } = selectArgs(name, fun, given, places);
  const { leaves, treedef } = flattenArgs(name, fun, chosen, places);
  const { fn, out } = flatFunction(name, of, treedef);
  let outDef: TreeDef | null = null;
  let bodyOuts: readonly NDArray[] | null = null;
  return {
    fixed: fixedPlaces.map((i) => given[i]),
    leaves,
    treedef,
    places,
    body: (xs) => {
      bodyOuts = fn(xs);
      outDef = out();
      return bodyOuts;
    },
    apply: (f, values) => {
      const all = [...given];
      places.forEach((place, k) => {
        all[place] = values[k];
      });
      return f(...(all as never[]));
    },
    out: () => outDef as TreeDef,
    checkValue: (rule, value) => {
      if (bodyOuts !== null) checkAgainst(name, rule, value, bodyOuts, outDef as TreeDef);
      outDef = value.treedef;
    },
  };
}

function checkAgainst(
  name: string,
  rule: string,
  value: FlatCall,
  outs: readonly NDArray[],
  outDef: TreeDef,
): void {
  if (value.treedef !== outDef)
    throw fail(
      "E_RULE_OUTPUT",
      `${name}: ${rule} returns a value ${printTree(value.treedef)}, the function ${printTree(outDef)}`,
    );
  const paths = pathsOf(outDef);
  outs.forEach((x, i) => {
    const y = value.leaves[i] as NDArray;
    if (sameType(x.aval, y.aval)) return;
    const where = printPath(["value", ...(paths[i] ?? [])]);
    throw fail("E_RULE_OUTPUT", `${name}: ${rule} returns ${y.aval} at ${where}, the function ${x.aval}`);
  });
}

/** The two things that a rule returns. @throws E_RULE_OUTPUT naming what it should return */
export function pairOf(
  name: string,
  rule: string,
  second: string,
  result: unknown,
): { readonly first: unknown; readonly second: unknown } {
  checkSynchronous(name, result);
  if (!Array.isArray(result) || result.length !== 2)
    throw fail("E_RULE_OUTPUT", `${name}: ${rule} returns [value, ${second}]`);
  return { first: result[0], second: result[1] };
}

/** Cotangents of the differentiated arguments as a backward rule returned them. @throws E_RULE_OUTPUT, E_SHAPE, E_DTYPE */
export function cotangentsOf(
  name: string,
  rule: string,
  frame: CustomFrame,
  result: unknown,
): (NDArray | null)[] {
  checkSynchronous(name, result);
  const label = `${name}: ${rule}`;
  const { length } = frame.places;
  if (!Array.isArray(result) || result.length !== length)
    throw fail(
      "E_RULE_OUTPUT",
      `${label} returns a list of ${length}, one cotangent or null for each argument; got ` +
        (Array.isArray(result) ? `a list of ${result.length}` : describe(result)),
    );
  const paths = pathsOf(frame.treedef);
  return vectorLeaves(label, "the cotangents", result, frame.treedef).map((x, i) =>
    vectorLeaf(label, x, (frame.leaves[i] as NDArray).aval, printPath(["result", ...(paths[i] ?? [])])),
  );
}

/** An argument without derivative: traced arrays in it lose theirs. */
export function withoutDerivative(name: string, x: unknown): unknown {
  const { leaves, treedef } = flatten(x, name, { any: true });
  if (!leaves.some((v) => v instanceof NDArray && v.kind === TRACER)) return x;
  const { lax } = context();
  return unflatten(
    treedef,
    leaves.map((v) => (v instanceof NDArray && v.kind === TRACER ? lax.stopGradient(v) : v)),
  );
}

/** @throws E_RULE_CLOSURE for an argument without derivative that is traced */
export function refuseTraced(name: string, x: unknown, place: number): unknown {
  const traced = flatten(x, name, { any: true }).leaves.find(
    (v): v is NDArray => v instanceof NDArray && v.kind === TRACER,
  );
  if (traced === undefined) return x;
  throw fail(
    "E_RULE_CLOSURE",
    `${name}: nondiffArgnums names argument ${place}, which is traced (${traced.aval})`,
    {
      hint: "nondiffArgnums is for functions and settings: give a traced value a null cotangent instead",
    },
  );
}
