// A user function as a Program for export: inputs and results named by their places in the trees, captured arrays apart.
import { isTenonError, type Program } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import { sizeOf, type ShapedArray } from "../ir/aval.ts";
import { isBool, isInexact, type DType } from "../ir/dtype.ts";
import { LITERAL, type NDArray, TRACER, type Literal } from "../ir/ndarray.ts";
import { flatten, pathsOf, unflatten, type PathKey, type TreeDef } from "../ir/tree.ts";
import { literalData, type ConcreteArray } from "../runtime/array.ts";
import { lower } from "../runtime/lower.ts";
import { stage } from "../transforms/stage.ts";
import { fromHost, packed } from "./arrays.ts";
import { flatFunction, labelOf, leafOf, nameOf, parametersOf } from "./transforms/flat.ts";
import { isSpec, specArgs } from "./transforms/shapes.ts";
import type { AnyFn } from "./transforms/types.ts";

/** A function, traced and lowered. */
export interface FunctionProgram {
  /** Parameters: the captured arrays, then the leaves of the arguments. */
  readonly program: Program;
  /** Values of the leading parameters. */
  readonly captured: readonly NDArray[];
  /** Shapes and dtypes of the leaves of the arguments. */
  readonly inAvals: readonly ShapedArray[];
}

/**
 * The Program of `f` for arguments like `specs`: arrays, or shapes and dtypes in their place. Inputs are named
 * `params/conv1/kernel`, or `arg0/…` where the source doesn't show the parameter; results `result/…`.
 * @throws E_TRACER_LEAKED if `f` captures a value of a trace that is still going on
 */
export function programOf(f: AnyFn, specs: readonly unknown[], caller = "programOf"): FunctionProgram {
  const name = labelOf(caller, f);
  const { avals, treedef } = specArgs(name, specs);
  const { fn, out } = flatFunction(name, f, treedef);
  const { jaxpr, consts } = staged(name, f, specs, () => stage(fn, avals, name));
  for (const x of consts)
    if (x.kind === TRACER)
      throw fail("E_TRACER_LEAKED", `${name}: the function captures a traced ${x.aval}`, {
        hint: "export outside of jit, grad and vmap",
      });
  const parameters = parametersOf(f);
  const argumentName = ([k, ...rest]: readonly PathKey[]): string =>
    [parameters[k as number] || `arg${String(k)}`, ...rest].join("/");
  const { program } = lower(jaxpr, {
    name: nameOf(f),
    paramNames: [...consts.map((_, i) => `captured/${i}`), ...pathsOf(treedef).map(argumentName)],
    resultNames: resultNames(out()),
    hoistLiterals: false,
  });
  return { program, captured: consts, inAvals: avals };
}
/** A function that fails for want of an argument says so. */
function staged<R>(name: string, f: AnyFn, specs: readonly unknown[], trace: () => R): R {
  try {
    return trace();
  } catch (cause) {
    if (isTenonError(cause) || specs.length >= f.length) throw cause;
    throw fail(
      "E_ARGUMENT",
      `${name}: the function takes ${f.length} arguments, got ${specs.length}: ${String(cause)}`,
      {
        hint: "give one entry for each argument: [params, x, y]",
        cause,
      },
    );
  }
}
const resultNames = (treedef: TreeDef): string[] =>
  pathsOf(treedef).map((path) => ["result", ...path].join("/"));

/**
 * Arguments to try a function on: `specs` with arrays for the shapes and dtypes among them. Floats lie in [−1, 1),
 * integers are 0 to 3, drawn from `seed`.
 */
export function argumentsLike(specs: readonly unknown[], seed = 0): readonly unknown[] {
  const { leaves, treedef } = flatten(specs, "argumentsLike", { isLeaf: isSpec });
  const next = uniform(seed);
  const made = leaves.map((x) => {
    if (!isSpec(x)) return x;
    const dtype = x.dtype as DType | "key<fry>";
    const [size, physical] = [sizeOf(x.shape), dtype === "key<fry>" ? "uint32" : dtype];
    const inexact = isInexact(physical);
    const count = size * (dtype === "key<fry>" ? 2 : 1);
    const draw = (): number => (inexact ? next() * 2 - 1 : Math.floor(next() * (isBool(physical) ? 2 : 4)));
    return fromHost(packed(Array.from({ length: count }, draw), physical), x.shape, dtype);
  });
  return unflatten(treedef, made) as unknown[];
}
/** Pseudo-random numbers in [0, 1): mulberry32. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The leaves of arguments or results as a device gets them: little-endian, row-major. */
export const wireLeaves = (tree: unknown): Promise<Uint8Array[]> =>
  Promise.all(flatten(tree, "wireLeaves").leaves.map((x) => wireBytes(leafOf("wireLeaves", x))));
/** The bytes of an array as a device gets them: little-endian, row-major. */
export async function wireBytes(x: NDArray): Promise<Uint8Array> {
  const data = x.kind === LITERAL ? literalData(x as Literal) : await (x as ConcreteArray).read();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
