// debugNans and debugInfs: looks at the results of each run, and inside of what made a bad one for the operation at fault.
import { fail } from "../errors.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isComplex, isFloat, type DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import type { Params, Primitive } from "../ir/primitive.ts";
import { evalJaxpr } from "../transforms/eval-jaxpr.ts";
import { elementAt, isConcrete } from "./array.ts";

/** Does anyone ask for bad numbers? */
export function asksForNumbers(): boolean {
  const { config } = context();
  return config.debugNans || config.debugInfs;
}

function badNumber(x: NDArray): "nan" | "inf" | null {
  const dtype = x.aval.dtype as DType;
  if (!(dtype in DTYPES) || !(isFloat(dtype) || isComplex(dtype)) || !isConcrete(x)) return null;
  const { debugNans, debugInfs } = context().config;
  const data = x.readSync();
  const n = x.size;
  for (let i = 0; i < n; i++) {
    const v = elementAt(data, dtype, i);
    const parts = typeof v === "object" ? [v.re, v.im] : [v as number];
    if (debugNans && parts.some(Number.isNaN)) return "nan";
    if (debugInfs && parts.some((p) => Math.abs(p) === Infinity)) return "inf";
  }
  return null;
}

const error = (found: string, name: string, more = ""): Error =>
  fail("E_NAN", `invalid value (${found}) encountered in ${name}${more}`);

/**
 * Refuses a bad number among results. Of a program, loop or branch the operations are run one by one to find the one
 * that made it. @throws E_NAN naming it, and the user's line
 */
export function checkNumbers(
  primitive: Primitive,
  args: readonly NDArray[],
  params: Params,
  outs: readonly NDArray[],
): void {
  const found = outs.map(badNumber).find((b) => b !== null);
  if (found === undefined || found === null) return;
  const { body, steps } = primitive;
  const name = typeof params["name"] === "string" ? params["name"] : primitive.name;
  const gone = args.some((x) => isConcrete(x) && x.gone !== null);
  if (gone) throw error(found, name, ", whose arguments were donated: it can't be run again to find where");
  if (body !== undefined) evalJaxpr(body(params), args);
  else steps?.(args, params);
  throw error(found, name);
}
