// np: products of matrices and tensors, all of them one dotGeneral.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool, isComplex, type DType } from "../../ir/dtype.ts";
import { NDArray } from "../../ir/ndarray.ts";
import type { DotDimensionNumbers, Precision } from "../../primitives/dot-general.ts";
import type { Lax } from "../../primitives/lax.ts";
import { toArray, type Operand } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { broadcastShapes, broadcastTo, promoteDTypes, resultOf } from "../promotion.ts";
import { axesOf, oneAxis, range } from "./axes.ts";
import { moveaxis, ravel, swapaxes } from "./manipulation.ts";
import { sum } from "./reductions.ts";
import * as u from "./ufuncs.ts";

const L = (): Lax => context().lax;
/** Words of the products. */
export interface DotWords {
  readonly precision?: Precision | null | undefined;
  readonly preferredElementType?: DType | null | undefined;
}
const WORDS = ["precision", "preferredElementType"] as const;

/** dotGeneral in the promoted dtype; bool contracts as "any of and". */
function contract(
  name: string,
  a: Operand,
  b: Operand,
  dims: (x: NDArray, y: NDArray) => DotDimensionNumbers,
  options: DotWords,
): NDArray {
  const lax = L();
  const { weak } = resultOf(name, [a, b]);
  const [x, y] = promoteDTypes(name, [a, b]) as [NDArray, NDArray];
  const precision = options.precision ?? context().config.defaultMatmulPrecision;
  if (isBool(x.dtype)) {
    const [i, j] = [x, y].map((v) => lax.convertElementType(v, "float32")) as [NDArray, NDArray];
    return lax.ne(lax.dotGeneral(i, j, dims(i, j), { precision }), 0);
  }
  const out = lax.dotGeneral(x, y, dims(x, y), {
    precision,
    preferredElementType: options.preferredElementType,
  });
  return lax.convertElementType(out, out.dtype, { weakType: weak && options.preferredElementType == null });
}
const sizeError = (name: string, x: NDArray, i: number, y: NDArray, j: number): Error =>
  fail(
    "E_DOT_CONTRACT",
    `${name}: contracting sizes differ: ${x.aval} axis ${i} has ${x.shape[i]}, ${y.aval} axis ${j} has ${y.shape[j]}`,
  );

/** Matrix product over broadcast leading axes. Source: jax.numpy.matmul. */
export function matmul(a: Operand, b: Operand, options: DotWords = {}): NDArray {
  checkOptions("np.matmul", options, WORDS);
  const [l, r] = [toArray("np.matmul", a), toArray("np.matmul", b)];
  if (l.ndim === 0 || r.ndim === 0)
    throw fail("E_DOT_CONTRACT", `np.matmul: got ${l.aval} and ${r.aval}, expected at least one axis each`, {
      hint: "multiply by a scalar with np.multiply",
    });
  const inner = r.ndim === 1 ? 0 : r.ndim - 2;
  if (l.shape[l.ndim - 1] !== r.shape[inner]) throw sizeError("np.matmul", l, l.ndim - 1, r, inner);
  if (r.ndim <= 2)
    return contract(
      "np.matmul",
      l,
      r,
      (x) => [
        [[x.ndim - 1], [inner]],
        [[], []],
      ],
      options,
    );
  if (l.ndim <= 2) {
    // The result's axes are lhs free, batch, column: the row axis moves behind the batch.
    const out = contract(
      "np.matmul",
      l,
      r,
      (x) => [
        [[x.ndim - 1], [inner]],
        [[], []],
      ],
      options,
    );
    return l.ndim === 1 ? out : moveaxis(out, 0, -2);
  }
  const lead = broadcastShapes("np.matmul", l.shape.slice(0, -2), r.shape.slice(0, -2));
  const [x, y] = [l, r].map((v) => broadcastTo("np.matmul", v, [...lead, ...v.shape.slice(-2)])) as [
    NDArray,
    NDArray,
  ];
  const batch = range(lead.length);
  return contract(
    "np.matmul",
    x,
    y,
    () => [
      [[lead.length + 1], [lead.length]],
      [batch, batch],
    ],
    options,
  );
}
/** Scalar, inner or matrix product by rank. Source: jax.numpy.dot. */
export function dot(a: Operand, b: Operand, options: DotWords = {}): NDArray {
  checkOptions("np.dot", options, WORDS);
  const [l, r] = [toArray("np.dot", a), toArray("np.dot", b)];
  if (l.ndim === 0 || r.ndim === 0) return u.multiply(a, b);
  const j = Math.max(0, r.ndim - 2);
  if (l.shape[l.ndim - 1] !== r.shape[j]) throw sizeError("np.dot", l, l.ndim - 1, r, j);
  return contract(
    "np.dot",
    l,
    r,
    (x) => [
      [[x.ndim - 1], [j]],
      [[], []],
    ],
    options,
  );
}
/** Inner product of flattened arrays, the first conjugated. Source: jax.numpy.vdot. */
export function vdot(a: Operand, b: Operand, options: DotWords = {}): NDArray {
  const x = ravel(a);
  return dot(isComplex(x.dtype) ? u.conj(x) : x, ravel(b), options);
}
/** Contraction of last axes. Source: jax.numpy.inner. */
export function inner(a: Operand, b: Operand, options: DotWords = {}): NDArray {
  const [x, y] = [toArray("np.inner", a), toArray("np.inner", b)];
  if (x.ndim === 0 || y.ndim === 0) return u.multiply(a, b);
  return tensordot(x, y, { axes: [[-1], [-1]], ...options });
}
/** All products of elements of two vectors. Source: jax.numpy.outer. */
export function outer(a: Operand, b: Operand): NDArray {
  const [x, y] = [ravel(a), ravel(b)];
  return u.multiply(L().reshape(x, [x.size, 1]), L().reshape(y, [1, y.size]));
}
/** Contraction of chosen axes. Source: jax.numpy.tensordot. */
export function tensordot(
  a: Operand,
  b: Operand,
  options: DotWords & { readonly axes?: number | readonly (number | readonly number[])[] | undefined } = {},
): NDArray {
  checkOptions("np.tensordot", options, ["axes", ...WORDS]);
  const [x, y] = [toArray("np.tensordot", a), toArray("np.tensordot", b)];
  const axes = options.axes ?? 2;
  let [i, j]: [number[], number[]] = [[], []];
  if (typeof axes === "number") {
    if (axes > x.ndim || axes > y.ndim)
      throw fail("E_DOT_CONTRACT", `np.tensordot: ${axes} axes don't fit ${x.aval} and ${y.aval}`);
    [i, j] = [range(axes).map((k) => x.ndim - axes + k), range(axes)];
  } else [i, j] = [axesOf("np.tensordot", axes[0], x), axesOf("np.tensordot", axes[1], y)];
  if (i.length !== j.length)
    throw fail(
      "E_DOT_CONTRACT",
      `np.tensordot: ${i.length} axes of ${x.aval} against ${j.length} of ${y.aval}`,
    );
  i.forEach((p, k) => {
    if (x.shape[p] !== y.shape[j[k] as number]) throw sizeError("np.tensordot", x, p, y, j[k] as number);
  });
  return contract(
    "np.tensordot",
    x,
    y,
    () => [
      [i, j],
      [[], []],
    ],
    options,
  );
}
/** Matrix times vector over leading axes. Source: jax.numpy.matvec. */
export const matvec = (x1: Operand, x2: Operand): NDArray =>
  L().squeeze(matmul(x1, L().expandDims(toArray("np.matvec", x2), [-1])), [-1]);
/** Conjugated vector times matrix over leading axes. Source: jax.numpy.vecmat. */
export const vecmat = (x1: Operand, x2: Operand): NDArray =>
  L().squeeze(matmul(L().expandDims(u.conj(x1), [-2]), x2), [-2]);
/** Conjugated inner product along an axis. Source: jax.numpy.vecdot. */
export function vecdot(
  x1: Operand,
  x2: Operand,
  options: DotWords & { readonly axis?: number | undefined } = {},
): NDArray {
  const { axis = -1, ...rest } = options;
  const [x, y] = [moveaxis(u.conj(x1), axis, -1), moveaxis(x2, axis, -1)];
  return L().squeeze(matmul(L().expandDims(x, [-2]), L().expandDims(y, [-1]), rest), [-2, -1]);
}
/** Kronecker product. Source: jax.numpy.kron. */
export function kron(a: Operand, b: Operand): NDArray {
  let [x, y] = promoteDTypes("np.kron", [a, b]) as [NDArray, NDArray];
  const rank = Math.max(x.ndim, y.ndim);
  const grow = (v: NDArray): NDArray => L().reshape(v, [...Array<number>(rank - v.ndim).fill(1), ...v.shape]);
  [x, y] = [grow(x), grow(y)];
  const wide = u.multiply(
    L().reshape(
      x,
      x.shape.flatMap((n) => [n, 1]),
    ),
    L().reshape(
      y,
      y.shape.flatMap((n) => [1, n]),
    ),
  );
  return L().reshape(
    wide,
    x.shape.map((n, i) => n * (y.shape[i] as number)),
  );
}
/** Vector product of 2- or 3-vectors. Source: jax.numpy.cross. */
export function cross(
  a: Operand,
  b: Operand,
  options: {
    readonly axisa?: number;
    readonly axisb?: number;
    readonly axisc?: number;
    readonly axis?: number | null;
  } = {},
): NDArray {
  checkOptions("np.cross", options, ["axisa", "axisb", "axisc", "axis"]);
  const at = (own: number | undefined): number => options.axis ?? own ?? -1;
  const [p, q] = promoteDTypes("np.cross", [a, b]) as [NDArray, NDArray];
  let [x, y] = [moveaxis(p, at(options.axisa), -1), moveaxis(q, at(options.axisb), -1)];
  const shape = broadcastShapes("np.cross", x.shape.slice(0, -1), y.shape.slice(0, -1));
  const [n, m] = [x.shape[x.ndim - 1] as number, y.shape[y.ndim - 1] as number];
  if (![2, 3].includes(n) || ![2, 3].includes(m))
    throw fail("E_SHAPE", `np.cross: got ${x.aval} and ${y.aval}, expected vectors of 2 or 3`);
  [x, y] = [broadcastTo("np.cross", x, [...shape, n]), broadcastTo("np.cross", y, [...shape, m])];
  const part = (v: NDArray, i: number): NDArray =>
    i < (v.shape[v.ndim - 1] as number)
      ? L().squeeze(L().sliceInDim(v, i, i + 1, 1, v.ndim - 1), [-1])
      : L().zerosLike(part(v, 0));
  const minor = (i: number, j: number): NDArray =>
    L().sub(L().mul(part(x, i), part(y, j)), L().mul(part(x, j), part(y, i)));
  if (n === 2 && m === 2) return minor(0, 1);
  const out = L().concatenate(
    [minor(1, 2), minor(2, 0), minor(0, 1)].map((v) => L().expandDims(v, [-1])),
    shape.length,
  );
  return moveaxis(out, -1, at(options.axisc));
}
interface DiagWords {
  readonly offset?: number | undefined;
  readonly axis1?: number | undefined;
  readonly axis2?: number | undefined;
}
/** A diagonal. Source: jax.numpy.diagonal. */
export function diagonal(a: Operand, options: DiagWords = {}): NDArray {
  checkOptions("np.diagonal", options, ["offset", "axis1", "axis2"]);
  const lax = L();
  let x = toArray("np.diagonal", a);
  if (x.ndim < 2) throw fail("E_SHAPE", `np.diagonal: got ${x.aval}, expected at least two axes`);
  x = moveaxis(
    x,
    [oneAxis("np.diagonal", options.axis1 ?? 0, x), oneAxis("np.diagonal", options.axis2 ?? 1, x)],
    [-2, -1],
  );
  const offset = options.offset ?? 0;
  const [n, m] = x.shape.slice(-2) as [number, number];
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const size = Math.max(0, Math.min(n - row, m - column));
  if (size === 0) return lax.full([...x.shape.slice(0, -2), 0], 0, x.dtype);
  // The diagonal of a row-major matrix is every (m + 1)-th element.
  const flat = lax.reshape(x, [...x.shape.slice(0, -2), n * m]);
  const start = row * m + column;
  return lax.sliceInDim(flat, start, start + (size - 1) * (m + 1) + 1, m + 1, flat.ndim - 1);
}
/** Sum of a diagonal. Source: jax.numpy.trace. */
export function trace(
  a: Operand,
  options: DiagWords & { readonly dtype?: DType | null | undefined } = {},
): NDArray {
  const { dtype, ...rest } = options;
  return sum(diagonal(a, rest), { axis: -1, dtype });
}
/** The diagonal of a matrix, or a matrix with this diagonal. Source: jax.numpy.diag. */
export function diag(v: Operand, options: { readonly k?: number | undefined } = {}): NDArray {
  checkOptions("np.diag", options, ["k"]);
  const lax = L();
  const [x, k] = [toArray("np.diag", v), options.k ?? 0];
  if (x.ndim === 2) return diagonal(x, { offset: k });
  if (x.ndim !== 1) throw fail("E_SHAPE", `np.diag: got ${x.aval}, expected one or two axes`);
  const n = x.size + Math.abs(k);
  const along = lax.pad(
    x,
    L().fullLike(lax.reshape(lax.sliceInDim(lax.full([1], 0, x.dtype), 0, 1), []), 0),
    [[Math.max(0, k), Math.max(0, -k), 0]],
  );
  const hit = lax.eq(
    lax.add(lax.broadcastedIota("int32", [n, n], 0), k),
    lax.broadcastedIota("int32", [n, n], 1),
  );
  return lax.select(hit, lax.broadcastInDim(along, [n, n], [1]), lax.full([n, n], 0, x.dtype));
}
/** A matrix with the flattened input as diagonal. Source: jax.numpy.diagflat. */
export const diagflat = (v: Operand, options: { readonly k?: number | undefined } = {}): NDArray =>
  diag(ravel(v), options);
/** x[…, i, i]-wise: the last two axes exchanged. */
export const mT = (x: NDArray): NDArray => swapaxes(x, -1, -2);

// --- einsum ------------------------------------------------------------------------------------------------------------

interface Term {
  readonly x: NDArray;
  readonly names: string;
}
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Names per operand and of the result, ellipses written out. */
function parseEinsum(subscripts: string, xs: readonly NDArray[]): { inputs: string[]; output: string } {
  const text = subscripts.replace(/\s/g, "");
  const [left, right] = text.split("->") as [string, string?];
  const parts = left.split(",");
  if (parts.length !== xs.length)
    throw fail("E_ARGUMENT", `np.einsum: "${subscripts}" names ${parts.length} operands, got ${xs.length}`);
  const free = [...LETTERS].filter((c) => !text.includes(c));
  let dots = 0;
  for (const [i, p] of parts.entries())
    if (p.includes("...")) dots = Math.max(dots, (xs[i] as NDArray).ndim - p.replace("...", "").length);
  const ellipsis = free.slice(0, dots).join("");
  const inputs = parts.map((p, i) => {
    const x = xs[i] as NDArray;
    const own = p.includes("...") ? x.ndim - p.replace("...", "").length : 0;
    const names = p.replace("...", ellipsis.slice(dots - own));
    if (names.length !== x.ndim || own < 0)
      throw fail("E_SHAPE", `np.einsum: "${p}" doesn't name the axes of ${x.aval}`);
    return names;
  });
  if (right !== undefined) return { inputs, output: right.replace("...", ellipsis) };
  const counts = new Map<string, number>();
  for (const c of inputs.join("")) counts.set(c, (counts.get(c) ?? 0) + 1);
  const once = [...counts]
    .filter(([c, n]) => n === 1 && !ellipsis.includes(c))
    .map(([c]) => c)
    .sort()
    .join("");
  return { inputs, output: ellipsis + once };
}
/** One axis per name: repeated names become a diagonal. */
function dedupe({ x, names }: Term): Term {
  const lax = L();
  const twice = [...names].find((c, i) => names.indexOf(c) !== i);
  if (twice === undefined) return { x, names };
  const [i, j] = [names.indexOf(twice), names.lastIndexOf(twice)];
  return dedupe({
    x: lax.moveAxis(diagonal(x, { axis1: i, axis2: j }), x.ndim - 2, 0),
    names: twice + [...names].filter((_, k) => k !== i && k !== j).join(""),
  });
}
/** Sums the axes that nothing else names; axes of size 1 that others stretch are dropped. */
function reduceTerm(t: Term, wanted: string, sizes: ReadonlyMap<string, number>): Term {
  const lax = L();
  const ones = range(t.x.ndim).filter(
    (i) => t.x.shape[i] === 1 && (sizes.get(t.names[i] as string) ?? 1) !== 1,
  );
  let { x, names } = t;
  if (ones.length > 0)
    [x, names] = [lax.squeeze(x, ones), [...names].filter((_, i) => !ones.includes(i)).join("")];
  const gone = range(x.ndim).filter((i) => !wanted.includes(names[i] as string));
  if (gone.length === 0) return { x, names };
  return { x: lax.reduceSum(x, gone), names: [...names].filter((_, i) => !gone.includes(i)).join("") };
}
function contractPair(a: Term, b: Term, wanted: string, options: DotWords): Term {
  const shared = [...a.names].filter((c) => b.names.includes(c));
  const [batch, gone] = [shared.filter((c) => wanted.includes(c)), shared.filter((c) => !wanted.includes(c))];
  const at = (t: Term, cs: readonly string[]): number[] => cs.map((c) => t.names.indexOf(c));
  const x = contract(
    "np.einsum",
    a.x,
    b.x,
    () => [
      [at(a, gone), at(b, gone)],
      [at(a, batch), at(b, batch)],
    ],
    options,
  );
  const rest = (t: Term): string => [...t.names].filter((c) => !shared.includes(c)).join("");
  return { x, names: batch.join("") + rest(a) + rest(b) };
}
type EinsumArg = Operand | DotWords;
const isWords = (v: unknown): v is DotWords =>
  typeof v === "object" && v !== null && !(v instanceof NDArray) && !ArrayBuffer.isView(v);
/** Sums of products by names of axes: "ij,jk->ik". Pairs are contracted from left to right. Source: jax.numpy.einsum. */
export function einsum(subscripts: string, ...operands: readonly EinsumArg[]): NDArray {
  const last = operands[operands.length - 1];
  const { optimize: _unused, ...options } = (isWords(last) ? last : {}) as DotWords & { optimize?: unknown };
  checkOptions("np.einsum", options, WORDS);
  const list = (isWords(last) ? operands.slice(0, -1) : operands) as readonly Operand[];
  const xs = promoteDTypes("np.einsum", list);
  const { inputs, output } = parseEinsum(subscripts, xs);
  const sizes = new Map<string, number>();
  inputs.forEach((names, i) =>
    [...names].forEach((c, k) => {
      const n = (xs[i] as NDArray).shape[k] as number;
      const known = sizes.get(c) ?? 1;
      if (known !== 1 && n !== 1 && n !== known)
        throw fail(
          "E_DOT_CONTRACT",
          `np.einsum: "${c}" has sizes ${known} and ${n} in "${subscripts}" of ${xs.map((x) => x.aval).join(", ")}`,
        );
      sizes.set(c, known === 1 ? n : known);
    }),
  );
  for (const c of output)
    if (!sizes.has(c) || output.indexOf(c) !== output.lastIndexOf(c))
      throw fail(
        "E_ARGUMENT",
        `np.einsum: the output "${output}" names "${c}" ${sizes.has(c) ? "twice" : "which no operand has"}`,
      );
  let terms = inputs.map((names, i) => dedupe({ x: xs[i] as NDArray, names }));
  while (terms.length > 1) {
    const [a, b, ...rest] = terms as [Term, Term, ...Term[]];
    const later = output + rest.map((t) => t.names).join("");
    const pair = contractPair(
      reduceTerm(a, later + b.names, sizes),
      reduceTerm(b, later + a.names, sizes),
      later,
      options,
    );
    terms = [pair, ...rest];
  }
  const end = reduceTerm(terms[0] as Term, output, sizes);
  const order = [...output].filter((c) => end.names.includes(c));
  const out = L().transpose(
    end.x,
    order.map((c) => end.names.indexOf(c)),
  );
  return order.length === output.length
    ? out
    : L().broadcastInDim(
        out,
        [...output].map((c) => sizes.get(c) as number),
        order.map((c) => output.indexOf(c)),
      );
}
