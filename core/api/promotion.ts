// NumPy-style promotion with JAX's lattice of dtypes and weak types (jax/_src/dtypes.py).
import { fail } from "../errors.ts";
import { sameShape, type Shape, type ShapedArray } from "../ir/aval.ts";
import { context } from "../ir/context.ts";
import { DTYPES, isBool, isFloat, isInexact, isInteger, isKey, type DType } from "../ir/dtype.ts";
import { NDArray } from "../ir/ndarray.ts";
import { canonicalDType } from "../primitives/convert.ts";
import {
  checkList,
  checkSizes,
  integerLiteral,
  isScalar,
  literal,
  toArray,
  type Operand,
} from "../primitives/operand.ts";

type Node = DType | "i*" | "f*" | "c*";
/** Edges of the lattice: a dtype and what it promotes to next. */
const NEXT: Readonly<Record<Node, readonly Node[]>> = {
  bool: ["i*"],
  "i*": ["uint8", "int8"],
  uint8: ["int16", "uint16"],
  int8: ["int16"],
  uint16: ["int32", "uint32"],
  int16: ["int32"],
  uint32: ["int64", "uint64"],
  int32: ["int64"],
  uint64: ["f*"],
  int64: ["f*"],
  "f*": ["c*", "bfloat16", "float16"],
  bfloat16: ["float32"],
  float16: ["float32"],
  float32: ["float64", "complex64"],
  float64: ["complex128"],
  "c*": ["complex64"],
  complex64: ["complex128"],
  complex128: [],
};
const above = new Map<Node, ReadonlySet<Node>>();
function upper(n: Node): ReadonlySet<Node> {
  let set = above.get(n);
  if (set === undefined) above.set(n, (set = new Set([n, ...NEXT[n].flatMap((m) => [...upper(m)])])));
  return set;
}
/** The least upper bound. */
function join(nodes: readonly Node[]): Node {
  const common = [...upper(nodes[0] as Node)].filter((n) => nodes.every((m) => upper(m).has(n)));
  return common.find((n) => common.every((m) => upper(n).has(m))) as Node;
}

/** A dtype and whether it is weak. */
export interface TypeOf {
  readonly dtype: DType;
  readonly weak: boolean;
}
const nodeOf = (t: TypeOf): Node =>
  !t.weak || t.dtype === "bool" ? t.dtype : isInteger(t.dtype) ? "i*" : isFloat(t.dtype) ? "f*" : "c*";
const WEAK: Readonly<Record<"i*" | "f*" | "c*", DType>> = {
  "i*": "int64",
  "f*": "float64",
  "c*": "complex128",
};

/** The dtype that two dtypes promote to, 64-bit ones included. Source: jax.numpy.promote_types. */
export function joinDTypes(a: DType, b: DType): DType {
  const node = join([a, b]);
  const dtype = node === "i*" || node === "f*" || node === "c*" ? WEAK[node] : node;
  return canonicalDType(a) === a && canonicalDType(b) === b ? canonicalDType(dtype) : dtype;
}
/** Result dtype and weakness of operands of these types. */
export function latticeResult(types: readonly TypeOf[]): TypeOf {
  if (types.length === 1) return types[0] as TypeOf;
  if (types.every((t) => t.weak && t.dtype !== "bool")) {
    // All weak: join the strong dtypes, stay weak.
    const strong = join(types.map((t) => t.dtype)) as DType;
    return { dtype: canonicalDType(strong), weak: true };
  }
  const node = join(types.map(nodeOf));
  if (node === "i*" || node === "f*" || node === "c*")
    return { dtype: canonicalDType(WEAK[node]), weak: true };
  return { dtype: canonicalDType(node), weak: false };
}

/** Is it a number that was passed into a traced function? */
const isTracedNumber = (x: unknown): x is NDArray => x instanceof NDArray && x.aval.dtype === "number";

/** Is there an integer or bool array among the operands, and no inexact one? */
function besideIntegers(name: string, xs: readonly Operand[], words: readonly string[]): boolean {
  const arrays = xs.flatMap((x, i) => (isScalar(x) || isTracedNumber(x) ? [] : [toArray(name, x, words[i])]));
  return arrays.length > 0 && arrays.every((x) => isInteger(x.dtype) || isBool(x.dtype));
}

/**
 * Operands as arrays. A number is weak float32, beside integers and without a fraction a weak integer (docs: scalars).
 * @throws E_NUMBER_DTYPE for a traced number beside integers: its value, which would decide, isn't known
 */
export function arraysOf(
  name: string,
  xs: readonly Operand[],
  words: readonly string[] = xs.length > 2 ? [] : XY,
): NDArray[] {
  const beside = besideIntegers(name, xs, words);
  return xs.map((x, i) => {
    if (typeof x === "number" && beside && Number.isInteger(x)) return integerLiteral(name, x);
    if (beside && isTracedNumber(x))
      throw fail(
        "E_NUMBER_DTYPE",
        `${name}: a number that was passed into a traced function meets an integer array`,
      );
    return toArray(name, x, words[i]);
  });
}
/** What most functions call their operands. */
const XY = ["x", "y"] as const;

/** The dtype that operands promote to. Source: jax.numpy.result_type. */
export function resultOf(name: string, xs: readonly Operand[], words?: readonly string[]): TypeOf {
  const types = arraysOf(name, xs, words).map((x): TypeOf => {
    if (isKey(x.aval.dtype)) throw fail("E_DTYPE", `${name}: a random key ${x.aval} is no number`);
    return { dtype: x.dtype, weak: x.weakType };
  });
  checkStrict(name, types);
  return latticeResult(types);
}
/** Under `numpyDtypePromotion: "strict"` only weak types promote. */
function checkStrict(name: string, types: readonly TypeOf[]): void {
  if (context().config.numpyDtypePromotion !== "strict") return;
  const strong = new Set(types.filter((t) => !t.weak).map((t) => t.dtype));
  if (strong.size > 1)
    throw fail("E_DTYPE_MISMATCH", `${name}: strict promotion refuses ${[...strong].join(" with ")}`, {
      hint: "convert with astype, or set numpyDtypePromotion to standard",
    });
}

/** Which dtypes a function computes in: any; numbers (bool → int32); floats and complex (integers → float). */
export type Domain = "any" | "numeric" | "inexact";
/** The dtype in which a function of floats computes: 32 bits for integers of up to 32 bits. Source: jax's to_inexact_dtype. */
export const inexactDType = (dtype: DType): DType =>
  isInexact(dtype) ? dtype : DTYPES[dtype].itemsize === 8 ? "float64" : "float32";
const DOMAINS: Readonly<Record<Domain, (dtype: DType) => DType>> = {
  any: (dtype) => dtype,
  numeric: (dtype) => (isBool(dtype) ? "int32" : dtype),
  inexact: inexactDType,
};

/** Operands in one dtype; scalars as literals. `words`: the names of the parameters, if they aren't x and y. */
export function promoteDTypes(
  name: string,
  xs: readonly Operand[],
  domain: Domain = "any",
  words?: readonly string[],
): NDArray[] {
  const arrays = arraysOf(name, xs, words);
  if (domain === "any" && arrays.length > 0 && arrays.every((x) => isKey(x.aval.dtype))) return arrays;
  const { dtype, weak } = resultOf(name, arrays);
  const to = DOMAINS[domain](dtype);
  return arrays.map((x) => context().lax.convertElementType(x, to, { weakType: weak }));
}
/** One operand as a number, float or complex. */
export const promoteOne = (name: string, x: Operand, domain: Domain, word = "x"): NDArray =>
  promoteDTypes(name, [x], domain, [word])[0] as NDArray;

/** The common shape of broadcasting. @throws E_BROADCAST naming the operands. Source: jax.numpy.broadcast_shapes */
export const broadcastShapes = (name: string, ...shapes: readonly Shape[]): number[] =>
  joinShapes(name, shapes, shapes);
/** The common shape of arrays; errors show them as the user gave them. */
export const commonShape = (name: string, xs: readonly NDArray[], given: readonly unknown[] = xs): number[] =>
  joinShapes(
    name,
    xs.map((x) => x.shape),
    xs.map((x, i) => (given[i] instanceof NDArray ? given[i] : x).aval),
  );
function joinShapes(
  name: string,
  shapes: readonly Shape[],
  shown: readonly (Shape | ShapedArray)[],
): number[] {
  for (const s of shapes) checkList(name, "a shape", s);
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const s of shapes) {
      const n = s[i - rank + s.length] ?? 1;
      if (n !== 1 && size !== 1 && n !== size)
        throw fail(
          "E_BROADCAST",
          `${name}: ${shown.map((q) => ("dtype" in q ? String(q) : `[${q.join(",")}]`)).join(" and ")} don't broadcast`,
        );
      if (n !== 1) size = n;
    }
    return size;
  });
}
/** `x` over a shape, by NumPy's rules. */
export function broadcastTo(name: string, x: NDArray, shape: Shape): NDArray {
  checkSizes(name, "the shape", shape);
  if (sameShape(x.shape, shape)) return x;
  const lead = shape.length - x.ndim;
  if (lead < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[i + lead]))
    throw fail("E_BROADCAST", `${name}: ${x.aval} doesn't broadcast to [${shape.join(",")}]`);
  const { lax } = context();
  const kept = x.shape.map((n, i) => [n, i] as const).filter(([n, i]) => n === shape[i + lead]);
  const squeezed =
    kept.length === x.ndim
      ? x
      : lax.reshape(
          x,
          kept.map(([n]) => n),
        );
  return lax.broadcastInDim(
    squeezed,
    shape,
    kept.map(([, i]) => i + lead),
  );
}
/** Most calls: two arrays of one aval, or a float array and a number. Nothing is to be decided then; null for the others. */
function easyPair(
  name: string,
  [x, y]: readonly Operand[],
  domain: Domain,
  words: readonly string[] = XY,
): NDArray[] | null {
  if (!(x instanceof NDArray)) return null;
  const { aval } = x;
  x.assertLive(name, words[0]);
  if (aval.dtype === "number" || isKey(aval.dtype)) return null;
  if (y instanceof NDArray) {
    y.assertLive(name, words[1]);
    return y.aval === aval && DOMAINS[domain](x.dtype) === x.dtype ? [x, y] : null;
  }
  return typeof y === "number" && isFloat(aval.dtype) && !aval.weak ? [x, literal(y, x.dtype)] : null;
}
/** Operands promoted and broadcast; rank-0 ones stay rank 0, which elementwise primitives accept beside any shape. */
export function promoteArgs(
  name: string,
  xs: readonly Operand[],
  domain: Domain = "any",
  words?: readonly string[],
): NDArray[] {
  const easy = xs.length === 2 ? easyPair(name, xs, domain, words) : null;
  if (easy !== null) return easy;
  const ys = promoteDTypes(name, xs, domain, words);
  const shape = commonShape(name, ys, xs);
  if (
    context().config.numpyRankPromotion === "raise" &&
    ys.some((y) => y.ndim > 0 && y.ndim !== shape.length)
  )
    throw fail(
      "E_BROADCAST",
      `${name}: numpyRankPromotion is "raise", and the ranks of ${ys.map((y) => y.aval).join(", ")} differ`,
    );
  return ys.map((y) => (y.ndim === 0 ? y : broadcastTo(name, y, shape)));
}
