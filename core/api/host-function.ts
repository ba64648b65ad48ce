// Functions of the host as programs call them: over trees of arrays, and back to bytes. One object for each function and
// structure of arguments, so that tracing again gives an equal program.
import { fail } from "../errors.ts";
import { sameShape, type ShapedArray } from "../ir/aval.ts";
import { DTYPES, isBool, isComplex, isInteger, type DType } from "../ir/dtype.ts";
import { NDArray, type Complex } from "../ir/ndarray.ts";
import { paramsKey, type HostFunction } from "../ir/primitive.ts";
import { flatten, isPromise, pathsOf, printPath, printTree, unflatten, type TreeDef } from "../ir/tree.ts";
import { describe } from "../primitives/operand.ts";
import { valuesOf } from "../runtime/array.ts";
import { flattenNested, packed, type Nested } from "./arrays.ts";
import { leafOf, nameOf } from "./transforms/flat.ts";
import type { AnyFn } from "./transforms/types.ts";

/** Arguments of a callback: arrays go through the program, everything else stays where it is. */
export interface CallbackArgs {
  readonly arrays: readonly NDArray[];
  readonly treedef: TreeDef;
  /** One for each leaf: what isn't an array. */
  readonly fixed: readonly unknown[];
}
/** Stands in `fixed` for an array. */
const ARRAY = Symbol("array");
const isArrayLike = (x: unknown): boolean =>
  x instanceof NDArray || ["number", "bigint", "boolean"].includes(typeof x) || ArrayBuffer.isView(x);

/** Takes the arguments apart. */
export function callbackArgs(name: string, args: readonly unknown[]): CallbackArgs {
  const { leaves, treedef } = flatten(args, name, { any: true });
  return {
    arrays: leaves.filter(isArrayLike).map((x) => leafOf(name, x)),
    treedef,
    fixed: leaves.map((x) => (isArrayLike(x) ? ARRAY : x)),
  };
}
function rebuilt({ treedef, fixed }: CallbackArgs, arrays: readonly NDArray[]): unknown[] {
  let k = 0;
  return unflatten(
    treedef,
    fixed.map((x) => (x === ARRAY ? arrays[k++] : x)),
  ) as unknown[];
}

/** A class, so that params count it by its identity and jaxprs print its name. */
class Callback implements HostFunction {
  readonly name: string;
  readonly call: HostFunction["call"];
  constructor(name: string, call: HostFunction["call"]) {
    this.name = name;
    this.call = call;
  }
  toString(): string {
    return this.name;
  }
}

const known = new WeakMap<AnyFn, Map<string, HostFunction>>();
/** The function `f` over these arguments; `out`: the structure of its result, null where it gives none. */
export function hostFunction(api: string, f: AnyFn, args: CallbackArgs, out: TreeDef | null): HostFunction {
  let byKey = known.get(f);
  if (byKey === undefined) known.set(f, (byKey = new Map()));
  const key = `${api}|${args.treedef.id}|${out?.id ?? ""}|${paramsKey({ fixed: args.fixed.map(fixedKey) })}`;
  const found = byKey.get(key);
  if (found !== undefined) return found;
  const name = `${api}(${nameOf(f)})`;
  const made = new Callback(name, (arrays, outs) => {
    const result: unknown = f(...(rebuilt(args, arrays) as never[]));
    if (isPromise(result))
      throw fail("E_CALLBACK_RESULT", `${name}: the function returned a promise`, {
        hint: "a callback is synchronous: start the work there, and await it outside",
      });
    return out === null ? [] : bytesOfResult(name, result, out, outs);
  });
  byKey.set(key, made);
  return made;
}
const fixedKey = (x: unknown): unknown => (typeof x === "symbol" ? String(x) : x);

// --- results ---------------------------------------------------------------------------------------------------------------

function bytesOfResult(
  name: string,
  result: unknown,
  out: TreeDef,
  outs: readonly ShapedArray[],
): Uint8Array[] {
  const leaves = resultLeaves(name, result, out);
  const paths = pathsOf(out);
  return leaves.map((x, i) => {
    const path = paths[i] ?? [];
    const where = path.length === 0 ? "the result" : `the result at ${printPath(path)}`;
    return bytesOf(name, where, x, outs[i] as ShapedArray);
  });
}

/** The parts of a result that stand where the structure has leaves: an array, or nested lists of numbers. */
function resultLeaves(name: string, result: unknown, out: TreeDef): unknown[] {
  const mismatch = (): Error =>
    fail(
      "E_CALLBACK_RESULT",
      `${name}: the function returned ${shownTree(result)}, expected ${printTree(out)}`,
    );
  const visit = (x: unknown, def: TreeDef): unknown[] => {
    if (def.kind === "leaf") return [x];
    if (!["null", "list", "object"].includes(def.kind)) {
      const flat = flatten(x, name, { any: true });
      if (flat.treedef !== def) throw mismatch();
      return flat.leaves;
    }
    const children = childrenLike(x, def);
    if (children === null) throw mismatch();
    return children.flatMap((c, i) => visit(c, def.children[i] as TreeDef));
  };
  return visit(result, out);
}
function childrenLike(x: unknown, def: TreeDef): readonly unknown[] | null {
  if (def.kind === "null") return x === null || x === undefined ? [] : null;
  if (def.kind === "list") return Array.isArray(x) && x.length === def.children.length ? x : null;
  if (typeof x !== "object" || x === null || Object.keys(x).length !== def.keys.length) return null;
  const keys = def.keys as readonly string[];
  return keys.every((k) => Object.hasOwn(x, k)) ? keys.map((k) => (x as Record<string, unknown>)[k]) : null;
}
const shownTree = (x: unknown): string =>
  x === undefined ? "undefined" : printTree(flatten(x, "callback", { any: true }).treedef);

/** The bytes of one result. @throws E_CALLBACK_RESULT for another shape or dtype */
function bytesOf(name: string, where: string, x: unknown, want: ShapedArray): Uint8Array {
  const wrong = (got: string): Error =>
    fail("E_CALLBACK_RESULT", `${name}: ${where} is ${got}, expected ${want}`);
  if (x instanceof NDArray) {
    if (!sameShape(x.shape, want.shape) || x.aval.dtype !== want.dtype) throw wrong(String(x.aval));
    return bytesOfView(valuesOf(x, `${name}: ${where}`));
  }
  const dtype = want.dtype as DType;
  if (ArrayBuffer.isView(x)) {
    const { array } = DTYPES[dtype];
    const n = (x as unknown as { length: number }).length;
    if (!(x instanceof array) || !sameShape([n / (isComplex(dtype) ? 2 : 1)], want.shape))
      throw wrong(`a ${x.constructor.name} of ${n} elements`);
    return bytesOfView(x);
  }
  const shape: number[] = [];
  const flat: (number | bigint | boolean | Complex | NDArray)[] = [];
  try {
    flattenNested(x as Nested, 0, shape, flat);
  } catch {
    throw wrong(describe(x));
  }
  if (!sameShape(shape, want.shape)) throw wrong(`of shape [${shape.join(",")}]`);
  const odd = flat.find((v) => !fits(v, dtype));
  if (odd !== undefined) throw wrong(`made of ${describe(odd)}`);
  return bytesOfView(packed(flat as (number | bigint | boolean | Complex)[], dtype));
}
/** May a JavaScript value be an element of the dtype? */
function fits(v: unknown, dtype: DType): boolean {
  if (v instanceof NDArray) return false;
  if (isBool(dtype)) return typeof v === "boolean";
  if (isInteger(dtype)) return typeof v === "bigint" || (typeof v === "number" && Number.isInteger(v));
  return isComplex(dtype) || typeof v !== "object";
}
const bytesOfView = (v: ArrayBufferView): Uint8Array =>
  new Uint8Array(v.buffer, v.byteOffset, v.byteLength).slice();
