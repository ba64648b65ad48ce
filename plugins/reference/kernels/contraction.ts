// dot_general and convolution: sums of products, accumulated exactly (integers) or in double precision, rounded once.
import type { DType, OpAttrs } from "tenon-plugin-api";
import { dot, each, strides, tensor, type HostKernel, type Kernels, type Tensor } from "tenon-plugin-kit";
import { complexAt, isBig, isComplex, isFloat, reader, rounder, setComplex, writer } from "../elements.ts";
import { converter } from "../real.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
/** Calls `visit` with the positions of each pair of factors. */
type Pairs = (visit: (i: number, j: number) => void) => void;

/** Writes Σ x·y to an element of `out`. */
function summation(out: Tensor, x: Tensor, y: Tensor): (to: number, pairs: Pairs) => void {
  if (isComplex(out.dtype)) return complexSum(out, x, y);
  const exact = !isFloat(out.dtype);
  const [get, other, set] = [reader(x), reader(y), writer(out)];
  if (!exact)
    return (to, pairs) => {
      let sum = 0;
      pairs((i, j) => (sum += Number(get(i)) * Number(other(j))));
      set(to, sum);
    };
  const finish = ofBigInt(out.dtype);
  return (to, pairs) => {
    let sum = 0n;
    pairs((i, j) => (sum += BigInt(get(i)) * BigInt(other(j))));
    set(to, finish(sum));
  };
}
/** The integer of any size in a dtype: wrapped; for bool: were there any? */
function ofBigInt(d: DType): (x: bigint) => number | bigint {
  if (isBig(d)) return (x) => x;
  if (d === "bool") return (x) => (x === 0n ? 0 : 1);
  const wrap = converter("i64", d);
  return (x) => wrap(x);
}
/** Each product and partial sum rounded, as XLA's loop does it. */
function complexSum(out: Tensor, x: Tensor, y: Tensor): (to: number, pairs: Pairs) => void {
  const round = rounder(out.dtype);
  return (to, pairs) => {
    let [re, im] = [0, 0];
    pairs((i, j) => {
      const [a, b] = [complexAt(x, i), complexAt(y, j)];
      re = round(re + round(round(a[0] * b[0]) - round(a[1] * b[1])));
      im = round(im + round(round(a[0] * b[1]) + round(a[1] * b[0])));
    });
    setComplex(out, to, [re, im]);
  };
}

const others = (rank: number, ...lists: readonly (readonly number[])[]): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));

/** Result axes: batch, free of lhs, free of rhs. */
const dotGeneral: HostKernel<"dot_general", Tensor> = ([x, y], { attrs, types }) => {
  const { lhsContracting, rhsContracting, lhsBatching, rhsBatching } = attrs;
  const out = tensor(types[0]);
  const [xs, ys] = [strides(x.shape), strides(y.shape)];
  const xAxes = [...lhsBatching, ...others(x.shape.length, lhsBatching, lhsContracting)];
  const yFree = others(y.shape.length, rhsBatching, rhsContracting);
  const terms: (readonly [number, number])[] = [];
  each(
    lhsContracting.map((d) => at(x.shape, d)),
    (k) =>
      terms.push([
        dot(
          k,
          lhsContracting.map((d) => at(xs, d)),
        ),
        dot(
          k,
          rhsContracting.map((d) => at(ys, d)),
        ),
      ]),
  );
  const xSteps = xAxes.map((d) => at(xs, d));
  const ySteps = [...rhsBatching, ...yFree].map((d) => at(ys, d));
  const sum = summation(out, x, y);
  each(out.shape, (index, to) => {
    const batch = index.slice(0, rhsBatching.length);
    const i = dot(index.slice(0, xAxes.length), xSteps);
    const j = dot([...batch, ...index.slice(xAxes.length)], ySteps);
    sum(to, (visit) => {
      for (const [p, q] of terms) visit(i + p, j + q);
    });
  });
  return out;
};

/** Position along each spatial axis of x that an output and a kernel position meet at; undefined in padding and gaps. */
function meeting(
  a: OpAttrs["convolution"],
  output: readonly number[],
  kernel: readonly number[],
  sizes: readonly number[],
): number[] | undefined {
  const where = kernel.map((k, d) => {
    const [low] = a.padding[d] as readonly [number, number];
    return (at(output, d) * at(a.windowStrides, d) + k * at(a.rhsDilation, d) - low) / at(a.lhsDilation, d);
  });
  return where.every((p, d) => Number.isInteger(p) && p >= 0 && p < at(sizes, d)) ? where : undefined;
}

const convolution: HostKernel<"convolution", Tensor> = ([x, w], { attrs: a, types }) => {
  const out = tensor(types[0]);
  const [xs, ws] = [strides(x.shape), strides(w.shape)];
  const window = a.kernelSpatial.map((d) => at(w.shape, d));
  const sizes = a.inputSpatial.map((d) => at(x.shape, d));
  const inputs = at(w.shape, a.kernelInputFeature); // of one group
  const outputs = at(w.shape, a.kernelOutputFeature);
  const batch = at(x.shape, a.inputBatch) / a.batchGroupCount;
  const sum = summation(out, x, w);
  each(out.shape, (index, to) => {
    const output = at(index, a.outputFeature);
    const group = Math.floor((output * a.featureGroupCount) / outputs);
    const batchGroup = Math.floor((output * a.batchGroupCount) / outputs);
    const n = at(index, a.outputBatch) + batchGroup * batch;
    const place = a.outputSpatial.map((d) => at(index, d));
    sum(to, (visit) => {
      each(window, (k) => {
        const where = meeting(a, place, k, sizes);
        if (where === undefined) return;
        const turned = k.map((p, d) => (a.windowReversal[d] === true ? at(window, d) - 1 - p : p));
        const i =
          n * at(xs, a.inputBatch) +
          dot(
            where,
            a.inputSpatial.map((d) => at(xs, d)),
          );
        const j =
          output * at(ws, a.kernelOutputFeature) +
          dot(
            turned,
            a.kernelSpatial.map((d) => at(ws, d)),
          );
        for (let c = 0; c < inputs; c++)
          visit(i + (group * inputs + c) * at(xs, a.inputFeature), j + c * at(ws, a.kernelInputFeature));
      });
    });
  });
  return out;
};

/** Kernels of contractions. */
export const CONTRACTION = { dot_general: dotGeneral, convolution } satisfies Kernels<Tensor>;
