// np: products of matrices and tensors, all of them one dotGeneral.
import { fail } from "../../errors.ts";
import { context } from "../../ir/context.ts";
import { isBool, isComplex, type DType } from "../../ir/dtype.ts";
import type { ArrayLike, NDArray } from "../../ir/ndarray.ts";
import { canonicalDType } from "../../primitives/convert.ts";
import type { DotDimensionNumbers, Precision } from "../../primitives/dot-general.ts";
import { toArray } from "../../primitives/operand.ts";
import { checkOptions } from "../arrays.ts";
import { composite } from "../composite.ts";
import type { Axis, Options } from "../keywords.ts";
import { arraysOf, broadcastShapes, broadcastTo, promoteDTypes, resultOf } from "../promotion.ts";
import { conj, multiply } from "./arithmetic.ts";
import { axesOf, oneAxis, range } from "./axes.ts";
import { L } from "./define.ts";
import { moveaxis, ravel } from "./shape.ts";

/** Words of the products. */
export type DotOptions = Options<"precision" | "preferredElementType">;
/** Their names, for checks. */
export const DOT = ["precision", "preferredElementType"] as const;

/** dotGeneral in the promoted dtype; bool contracts as "any of and". */
export function contract(
  name: string,
  a: ArrayLike,
  b: ArrayLike,
  dims: DotDimensionNumbers,
  options: DotOptions,
): NDArray {
  const lax = L();
  const { preferredElementType: wanted } = options;
  const { weak } = resultOf(name, [a, b]);
  const [x, y] = promoteDTypes(name, [a, b], "any", ["a", "b"]) as [NDArray, NDArray];
  const precision = (options.precision ?? context().config.defaultMatmulPrecision) as Precision;
  if (isBool(x.dtype)) {
    const [i, j] = [x, y].map((v) => lax.convertElementType(v, "float32")) as [NDArray, NDArray];
    const out = lax.ne(lax.dotGeneral(i, j, dims, { precision }), 0);
    return wanted == null ? out : lax.convertElementType(out, canonicalDType(wanted));
  }
  const preferred: DType | null = wanted == null ? null : canonicalDType(wanted);
  const out = lax.dotGeneral(x, y, dims, { precision, preferredElementType: preferred });
  return lax.convertElementType(out, preferred ?? x.dtype, { weakType: weak && preferred === null });
}
const sizeError = (name: string, x: NDArray, i: number, y: NDArray, j: number): Error =>
  fail(
    "E_DOT_CONTRACT",
    `${name}: contracting sizes differ: ${x.aval} axis ${i} has ${x.shape[i]}, ${y.aval} axis ${j} has ${y.shape[j]}`,
  );

/** Which leading axes both operands share, and which only one of them has (size 1 counts as absent). */
function batchAxes(
  x: NDArray,
  y: NDArray,
): { both: number[]; left: number[]; right: number[]; shape: number[] } {
  const [a, b] = [x.shape.slice(0, -2), y.shape.slice(0, -2)];
  const shape = broadcastShapes("np.matmul", a, b);
  const at = (s: readonly number[], i: number): number => s[i - shape.length + s.length] ?? 1;
  const axes = range(shape.length);
  return {
    shape,
    both: axes.filter((i) => at(a, i) !== 1 && at(b, i) !== 1),
    left: axes.filter((i) => at(a, i) !== 1 && at(b, i) === 1),
    right: axes.filter((i) => at(a, i) === 1 && at(b, i) !== 1),
  };
}
/** Matrix product over leading axes, which broadcast. Source: jax.numpy.matmul. */
export function matmul(a: ArrayLike, b: ArrayLike, options: DotOptions = {}): NDArray {
  checkOptions("np.matmul", options, DOT);
  const lax = L();
  const [l, r] = arraysOf("np.matmul", [a, b], ["a", "b"]) as [NDArray, NDArray];
  if (l.ndim === 0 || r.ndim === 0)
    throw fail("E_DOT_CONTRACT", `np.matmul: got ${l.aval} and ${r.aval}, expected at least one axis each`, {
      hint: "multiply by a scalar with np.multiply",
    });
  const inner = Math.max(0, r.ndim - 2);
  if (l.shape[l.ndim - 1] !== r.shape[inner]) throw sizeError("np.matmul", l, l.ndim - 1, r, inner);
  const x = l.ndim === 1 ? lax.reshape(l, [1, l.size]) : l;
  const y = r.ndim === 1 ? lax.reshape(r, [r.size, 1]) : r;
  const axes = batchAxes(x, y);
  // Axes of size 1 are dropped: nothing is broadcast, the result's axes are put in order afterwards.
  const keep = (v: NDArray, own: readonly number[]): NDArray => {
    const kept = axes.shape.flatMap((n, i) => (axes.both.includes(i) || own.includes(i) ? [n] : []));
    return lax.reshape(v, [...kept, ...v.shape.slice(-2)]);
  };
  const order = (own: readonly number[]): number[] => [...axes.both, ...own].sort((p, q) => p - q);
  const [left, right] = [order(axes.left), order(axes.right)];
  const at = (list: readonly number[]): number[] => axes.both.map((i) => list.indexOf(i));
  const out = contract(
    "np.matmul",
    keep(x, axes.left),
    keep(y, axes.right),
    [
      [[left.length + 1], [right.length]],
      [at(left), at(right)],
    ],
    options,
  );
  // dotGeneral gives: shared axes, left axes, rows, right axes, columns.
  const lead = axes.shape.length;
  const names = [...axes.both, ...axes.left, lead, ...axes.right, lead + 1];
  const sorted = range(names.length).sort((p, q) => (names[p] as number) - (names[q] as number));
  const shape = [
    ...axes.shape,
    ...(l.ndim === 1 ? [] : [x.shape[x.ndim - 2] as number]),
    ...(r.ndim === 1 ? [] : [y.shape[y.ndim - 1] as number]),
  ];
  return lax.reshape(lax.transpose(out, sorted), shape);
}
/** Scalar, inner or matrix product by rank. Source: jax.numpy.dot. */
export function dot(a: ArrayLike, b: ArrayLike, options: DotOptions = {}): NDArray {
  checkOptions("np.dot", options, DOT);
  const [l, r] = arraysOf("np.dot", [a, b], ["a", "b"]) as [NDArray, NDArray];
  const j = Math.max(0, r.ndim - 2);
  if (l.ndim === 0 || r.ndim === 0)
    return contract(
      "np.dot",
      l,
      r,
      [
        [[], []],
        [[], []],
      ],
      options,
    );
  if (l.shape[l.ndim - 1] !== r.shape[j]) throw sizeError("np.dot", l, l.ndim - 1, r, j);
  return contract(
    "np.dot",
    l,
    r,
    [
      [[l.ndim - 1], [j]],
      [[], []],
    ],
    options,
  );
}
/** Inner product of the flattened arrays, the first conjugated. Source: jax.numpy.vdot. */
export function vdot(a: ArrayLike, b: ArrayLike, options: DotOptions = {}): NDArray {
  checkOptions("np.vdot", options, DOT);
  const [x, y] = arraysOf("np.vdot", [a, b], ["a", "b"]).map((v) => ravel(v)) as [NDArray, NDArray];
  return dot(isComplex(x.dtype) ? conj(x) : x, y, options);
}
/** Contraction of the last axes. Source: jax.numpy.inner. */
export function inner(a: ArrayLike, b: ArrayLike, options: DotOptions = {}): NDArray {
  checkOptions("np.inner", options, DOT);
  const [x, y] = arraysOf("np.inner", [a, b], ["a", "b"]) as [NDArray, NDArray];
  if (x.ndim === 0 || y.ndim === 0) {
    const { preferredElementType: to } = options;
    return to == null
      ? multiply(x, y)
      : multiply(L().convertElementType(x, to), L().convertElementType(y, to));
  }
  return tensordot(x, y, { axes: [[-1], [-1]], ...options });
}
/** All products of elements of two vectors. Source: jax.numpy.outer. */
export function outer(a: ArrayLike, b: ArrayLike): NDArray {
  const [x, y] = promoteDTypes("np.outer", [a, b], "any", ["a", "b"]) as [NDArray, NDArray];
  return multiply(L().reshape(x, [x.size, 1]), L().reshape(y, [1, y.size]));
}
/** Which axes tensordot contracts: how many, one of each, or several of each. */
export type ContractedAxes = number | readonly [Axis & object, Axis & object] | readonly [number, number];
/** Contraction of chosen axes. Source: jax.numpy.tensordot. */
export function tensordot(
  a: ArrayLike,
  b: ArrayLike,
  options: Options<"precision" | "preferredElementType", { axes: ContractedAxes }> = {},
): NDArray {
  checkOptions("np.tensordot", options, ["axes", ...DOT]);
  const [x, y] = arraysOf("np.tensordot", [a, b], ["a", "b"]) as [NDArray, NDArray];
  const axes = options.axes ?? 2;
  if (typeof axes === "number" && (axes > x.ndim || axes > y.ndim))
    throw fail("E_DOT_CONTRACT", `np.tensordot: ${axes} axes don't fit ${x.aval} and ${y.aval}`);
  const [i, j] =
    typeof axes === "number"
      ? [range(axes).map((k) => x.ndim - axes + k), range(axes)]
      : [axesOf("np.tensordot", axes[0], x), axesOf("np.tensordot", axes[1], y)];
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
    [
      [i, j],
      [[], []],
    ],
    options,
  );
}
/** Matrix times vector over leading axes. Source: jax.numpy.matvec. */
export function matvec(x1: ArrayLike, x2: ArrayLike): NDArray {
  const lax = L();
  const y = toArray("np.matvec", x2, "x2");
  return lax.squeeze(matmul(toArray("np.matvec", x1, "x1"), lax.expandDims(y, [y.ndim])), [-1]);
}
/** Conjugated vector times matrix over leading axes. Source: jax.numpy.vecmat. */
export function vecmat(x1: ArrayLike, x2: ArrayLike): NDArray {
  const lax = L();
  const x = conj(toArray("np.vecmat", x1, "x1"));
  return lax.squeeze(matmul(lax.expandDims(x, [x.ndim - 1]), toArray("np.vecmat", x2, "x2")), [-2]);
}
/** Conjugated inner product along an axis. Source: jax.numpy.vecdot. */
export function vecdot(
  x1: ArrayLike,
  x2: ArrayLike,
  options: Options<"precision" | "preferredElementType", { axis: number }> = {},
): NDArray {
  checkOptions("np.vecdot", options, ["axis", ...DOT]);
  const { axis = -1, ...rest } = options;
  const lax = L();
  const [a, b] = arraysOf("np.vecdot", [x1, x2], ["x1", "x2"]) as [NDArray, NDArray];
  const [i, j] = [oneAxis("np.vecdot", axis, a), oneAxis("np.vecdot", axis, b)];
  if (a.shape[i] !== b.shape[j]) throw sizeError("np.vecdot", a, i, b, j);
  const [x, y] = [moveaxis(conj(a), i, -1), moveaxis(b, j, -1)];
  const out = matmul(lax.expandDims(x, [x.ndim - 1]), lax.expandDims(y, [y.ndim]), rest);
  return lax.squeeze(out, [-2, -1]);
}
/** Kronecker product: every element of `a` times the whole of `b`. Source: jax.numpy.kron. */
export function kron(a: ArrayLike, b: ArrayLike): NDArray {
  const lax = L();
  const pair = promoteDTypes("np.kron", [a, b], "any", ["a", "b"]) as [NDArray, NDArray];
  const rank = Math.max(...pair.map((v) => v.ndim));
  const [x, y] = pair.map((v) => lax.reshape(v, [...Array<number>(rank - v.ndim).fill(1), ...v.shape])) as [
    NDArray,
    NDArray,
  ];
  const [outer_, inner_] = [x.shape.flatMap((n) => [n, 1]), y.shape.flatMap((n) => [1, n])];
  const wide = multiply(lax.reshape(x, outer_), lax.reshape(y, inner_));
  return lax.reshape(
    wide,
    x.shape.map((n, i) => n * (y.shape[i] as number)),
  );
}
/** Words of cross. */
export type CrossOptions = Options<
  never,
  { axisa: number; axisb: number; axisc: number; axis: number | null }
>;
const crossOf = composite("np.cross", (operands: readonly [NDArray, NDArray], axisc: number) => {
  const lax = L();
  const [x, y] = promoteDTypes("np.cross", operands) as [NDArray, NDArray];
  const shape = broadcastShapes("np.cross", x.shape.slice(0, -1), y.shape.slice(0, -1));
  const part = (v: NDArray, i: number): NDArray => {
    const n = v.shape[v.ndim - 1] as number;
    const one = lax.squeeze(lax.sliceInDim(v, i < n ? i : 0, (i < n ? i : 0) + 1, 1, v.ndim - 1), [-1]);
    return broadcastTo("np.cross", i < n ? one : lax.zerosLike(one), shape);
  };
  const minor = (i: number, j: number): NDArray =>
    lax.sub(lax.mul(part(x, i), part(y, j)), lax.mul(part(x, j), part(y, i)));
  if (x.shape[x.ndim - 1] === 2 && y.shape[y.ndim - 1] === 2) return minor(0, 1);
  const rows = [minor(1, 2), minor(2, 0), minor(0, 1)].map((v) => lax.reshape(v, [1, ...shape]));
  return moveaxis(lax.concatenate(rows, 0), 0, axisc);
});
/** Vector product of 2- or 3-vectors. Source: jax.numpy.cross. */
export function cross(a: ArrayLike, b: ArrayLike, options: CrossOptions = {}): NDArray {
  checkOptions("np.cross", options, ["axisa", "axisb", "axisc", "axis"]);
  const at = (own: number | undefined): number => options.axis ?? own ?? -1;
  const [p, q] = arraysOf("np.cross", [a, b], ["a", "b"]) as [NDArray, NDArray];
  const [x, y] = [moveaxis(p, at(options.axisa), -1), moveaxis(q, at(options.axisb), -1)];
  for (const v of [x, y])
    if (![2, 3].includes(v.shape[v.ndim - 1] ?? 0))
      throw fail("E_SHAPE", `np.cross: got ${p.aval} and ${q.aval}, expected vectors of 2 or 3`);
  return crossOf([x, y], at(options.axisc));
}
