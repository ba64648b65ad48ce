// A user function as a Program for export: inputs and results named by their places in the trees, captured arrays apart.
import type { Program } from "tenon-plugin-api";
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import { LITERAL, NDArray, TRACER, type Literal } from "../ir/ndarray.ts";
import { pathsOf, type PathKey, type TreeDef } from "../ir/tree.ts";
import { literalData, type ConcreteArray } from "../runtime/array.ts";
import { lower } from "../runtime/lower.ts";
import { stage } from "../transforms/stage.ts";
import { flatFunction, nameOf, parametersOf } from "./transforms/flat.ts";
import { specArgs } from "./transforms/shapes.ts";
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
  const name = `${caller}(${nameOf(f)})`;
  const { avals, treedef } = specArgs(name, specs);
  const { fn, out } = flatFunction(name, f, treedef);
  const { jaxpr, consts } = stage(fn, avals, name);
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
const resultNames = (treedef: TreeDef): string[] =>
  pathsOf(treedef).map((path) => ["result", ...path].join("/"));

/** The bytes of an array as a device gets them: little-endian, row-major. */
export async function wireBytes(x: NDArray): Promise<Uint8Array> {
  const data = x.kind === LITERAL ? literalData(x as Literal) : await (x as ConcreteArray).read();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
