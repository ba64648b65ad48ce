// dot_general: the contraction that matmul, einsum and tensordot are made of.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import type { DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type BatchDim, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import { toAxis } from "../transforms/batch.ts";
import type { Lax } from "./lax.ts";
import { checkList, operandsAs, type Operand } from "./operand.ts";

type Ints = readonly number[];
/** [[lhs contracting, rhs contracting], [lhs batch, rhs batch]]. */
export type DotDimensionNumbers = readonly [readonly [Ints, Ints], readonly [Ints, Ints]];
/** How exactly a contraction multiplies; "default" leaves it to the device. */
export type Precision = "default" | "high" | "highest";
/** Settings of a contraction. */
export interface DotOptions {
  readonly precision?: Precision | null | undefined;
  readonly preferredElementType?: DType | null | undefined;
}
interface DotParams extends Params {
  readonly dims: DotDimensionNumbers;
  readonly precision: Precision;
  readonly out: DType;
}
const paramsOf = (p: Params): DotParams => p as DotParams;

const without = (n: number, ...lists: readonly Ints[]): number[] =>
  Array.from({ length: n }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));

function shape([l, r]: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const [a, b] = [l as ShapedArray, r as ShapedArray];
  const {
    dims: [[lc, rc], [lb, rb]],
    out,
  } = paramsOf(params);
  if (a.dtype !== b.dtype) throw fail("E_DTYPE_MISMATCH", `lax.dotGeneral: dtypes differ: ${a}, ${b}`);
  if (lc.length !== rc.length || lb.length !== rb.length)
    throw fail("E_DOT_CONTRACT", "lax.dotGeneral: unequal numbers of contracting or batch axes");
  lc.forEach((d, i) => check(a, d, b, rc[i] as number, "contracting"));
  lb.forEach((d, i) => check(a, d, b, rb[i] as number, "batch"));
  const size =
    (v: ShapedArray) =>
    (d: number): number =>
      v.shape[d] as number;
  const free = [
    ...without(a.shape.length, lc, lb).map(size(a)),
    ...without(b.shape.length, rc, rb).map(size(b)),
  ];
  return [
    a.with({
      shape: [...lb.map(size(a)), ...free],
      dtype: out,
      weak: a.weak && b.weak && out === a.dtype,
    }),
  ];
}

function check(a: ShapedArray, i: number, b: ShapedArray, j: number, kind: string): void {
  if (a.shape[i] !== undefined && a.shape[i] === b.shape[j]) return;
  throw fail(
    "E_DOT_CONTRACT",
    `lax.dotGeneral: ${kind} sizes differ: lhs ${a} axis ${i} = ${a.shape[i]}, rhs ${b} axis ${j} = ${b.shape[j]}`,
  );
}

/** ct of one operand: contract ct with the other over its free axes, then put the axes back in order. */
function transposeSide(
  lax: Lax,
  ct: NDArray,
  other: NDArray,
  own: ShapedArray,
  params: DotParams,
  isRhs: boolean,
): NDArray {
  const [[lc, rc], [lb, rb]] = params.dims;
  const [oc, ob, mc, mb] = isRhs ? [lc, lb, rc, rb] : [rc, rb, lc, lb];
  const ownKept = without(own.shape.length, mc, mb);
  const otherKept = without(other.ndim, oc, ob);
  const batchCount = mb.length;
  const range = (from: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i);
  const ctBatch = range(0, batchCount);
  const otherInCt = isRhs
    ? range(batchCount, otherKept.length)
    : range(ct.ndim - otherKept.length, otherKept.length);
  const sorted = [...oc.map((d, i) => [d, i] as const)]
    .sort((x, y) => x[0] - y[0])
    .map(([, i]) => mc[i] as number);
  const dims: DotDimensionNumbers = [
    [otherInCt, otherKept],
    [ctBatch, ob],
  ];
  const result = lax.dotGeneral(ct, other, dims, {
    precision: params.precision,
    preferredElementType: own.dtype as DType,
  });
  // The result's axes are: batch, own free axes, contracted axes in the other's order.
  const order = [...mb, ...ownKept, ...sorted];
  const inverse: number[] = [];
  order.forEach((d, i) => (inverse[d] = i));
  return lax.transpose(result, inverse);
}

/** The primitive of `lax.dotGeneral`. */
export const dot_general_p: Primitive = definePrimitive({
  name: "dot_general",
  traits: { dot: true },
  shape,
  linearIn: (mask) => mask.filter(Boolean).length === 1,
  jvp: (lax, [x, y], [tx, ty], params) => {
    const dot = (a: NDArray, b: NDArray): NDArray => bind1(dot_general_p, [a, b], params);
    const out = dot(x as NDArray, y as NDArray);
    const left = tx == null ? null : dot(tx, y as NDArray);
    const right = ty == null ? null : dot(x as NDArray, ty);
    return {
      outs: [out],
      tangents: [left === null ? right : right === null ? left : lax.addAny(left, right)],
    };
  },
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    if (accums[0] != null)
      accums[0].add(
        transposeSide(lax, ct, args[1] as NDArray, avals[0] as ShapedArray, paramsOf(params), false),
      );
    if (accums[1] != null)
      accums[1].add(
        transposeSide(lax, ct, args[0] as NDArray, avals[1] as ShapedArray, paramsOf(params), true),
      );
  },
  batch: (_lax, size, args, bdims, params) => batch(size, args, bdims, paramsOf(params)),
  lower: (b, [x, y], params, _a, outs) => {
    const {
      dims: [[lc, rc], [lb, rb]],
      precision,
    } = paramsOf(params);
    const words = {
      default: "DEFAULT",
      high: "HIGH",
      highest: "HIGHEST",
    } as const;
    return b.emit(
      "dot_general",
      [x as NonNullable<typeof x>, y as NonNullable<typeof y>],
      {
        lhsContracting: lc,
        rhsContracting: rc,
        lhsBatching: lb,
        rhsBatching: rb,
        precision: words[precision],
      },
      outs,
    );
  },
});

function batch(
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  params: DotParams,
): { outs: NDArray[]; bdims: BatchDim[] } {
  const [[lc, rc], [lb, rb]] = params.dims;
  const up = (l: Ints): number[] => l.map((i) => i + 1);
  const [x, y] = args as [NDArray, NDArray];
  const dot = (a: NDArray, b: NDArray, dims: DotDimensionNumbers): NDArray =>
    bind1(dot_general_p, [a, b], { ...params, dims });
  const [dx, dy] = bdims;
  if (dx != null && dy != null)
    return {
      outs: [
        dot(toAxis(size, x, dx, 0), toAxis(size, y, dy, 0), [
          [up(lc), up(rc)],
          [
            [0, ...up(lb)],
            [0, ...up(rb)],
          ],
        ]),
      ],
      bdims: [0],
    };
  if (dx != null) {
    // A new free axis of lhs, first among its free axes.
    return {
      outs: [
        dot(toAxis(size, x, dx, 0), y, [
          [up(lc), rc],
          [up(lb), rb],
        ]),
      ],
      bdims: [lb.length],
    };
  }
  const lhsFree = x.ndim - lc.length - lb.length;
  return {
    outs: [
      dot(x, toAxis(size, y, dy ?? null, 0), [
        [lc, up(rc)],
        [lb, up(rb)],
      ]),
    ],
    bdims: [lb.length + lhsFree],
  };
}

/** Contraction and batching of any axes; the result has batch, lhs free, rhs free axes. Source: jax.lax.dot_general. */
export function dotGeneral(
  lhs: Operand,
  rhs: Operand,
  dimensionNumbers: DotDimensionNumbers,
  options: DotOptions = {},
): NDArray {
  const [x, y] = operandsAs("lax.dotGeneral", ["lhs", "rhs"], [lhs, rhs]) as [NDArray, NDArray];
  checkDimensions(dimensionNumbers);
  return bind1(dot_general_p, [x, y], {
    dims: dimensionNumbers,
    precision: options.precision ?? "default",
    out: options.preferredElementType ?? x.dtype,
  });
}

/** @throws E_ARGUMENT unless they are [[lhs, rhs] contracted, [lhs, rhs] batch], each a list of axes */
function checkDimensions(given: DotDimensionNumbers): void {
  const word = "dimensionNumbers";
  checkList("lax.dotGeneral", word, given);
  for (const part of [given[0], given[1]] as readonly unknown[]) {
    checkList("lax.dotGeneral", `a part of ${word}`, part);
    for (const axes of [0, 1]) checkList("lax.dotGeneral", `a part of ${word}`, (part as unknown[])[axes]);
  }
}

/** Matrix or vector product of rank 1 or 2 operands. Source: jax.lax.dot. */
export function dot(lhs: Operand, rhs: Operand, options: DotOptions = {}): NDArray {
  const [x, y] = operandsAs("lax.dot", ["lhs", "rhs"], [lhs, rhs]) as [NDArray, NDArray];
  if (x.ndim < 1 || x.ndim > 2 || y.ndim < 1 || y.ndim > 2 || x.shape[x.ndim - 1] !== y.shape[0])
    throw fail("E_DOT_CONTRACT", `lax.dot: incompatible shapes: ${x.aval}, ${y.aval}`);
  return dotGeneral(
    x,
    y,
    [
      [[x.ndim - 1], [0]],
      [[], []],
    ],
    options,
  );
}
/** Products of matrices over leading batch axes. Source: jax.lax.batch_matmul. */
export function batchMatmul(lhs: Operand, rhs: Operand, options: DotOptions = {}): NDArray {
  const [x, y] = operandsAs("lax.batchMatmul", ["lhs", "rhs"], [lhs, rhs]) as [NDArray, NDArray];
  if (x.ndim < 2 || x.ndim !== y.ndim)
    throw fail("E_DOT_CONTRACT", `lax.batchMatmul: ranks must be equal and at least 2: ${x.aval}, ${y.aval}`);
  const lead = Array.from({ length: x.ndim - 2 }, (_, i) => i);
  return dotGeneral(
    x,
    y,
    [
      [[x.ndim - 1], [x.ndim - 2]],
      [lead, lead],
    ],
    options,
  );
}
