// dot_general and convolution: nested loops that accumulate in double precision and round once.
import type { ConcreteType, OpOf } from "tenon-plugin-api";
import { concrete, each, isBig, isComplex, make, rounder, strides, type Tensor } from "./values.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;
const without = (n: number, ...lists: readonly (readonly number[])[]): number[] =>
  Array.from({ length: n }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));

/** Σ over pairs of positions of x·y, in the result's arithmetic. */
function accumulate(
  out: Tensor,
  to: number,
  x: Tensor,
  y: Tensor,
  pairs: (visit: (i: number, j: number) => void) => void,
): void {
  if (isComplex(out.dtype)) {
    let [re, im] = [0, 0];
    pairs((i, j) => {
      const [a, b, c, d] = [
        x.data[2 * i] as number,
        x.data[2 * i + 1] as number,
        y.data[2 * j] as number,
        y.data[2 * j + 1] as number,
      ];
      re += a * c - b * d;
      im += a * d + b * c;
    });
    out.data[2 * to] = re;
    out.data[2 * to + 1] = im;
  } else if (isBig(out.dtype)) {
    let sum = 0n;
    pairs((i, j) => {
      sum += BigInt(x.data[i] as number) * BigInt(y.data[j] as number);
    });
    (out.data as BigInt64Array)[to] = BigInt.asIntN(64, sum);
  } else if (out.dtype === "bool") {
    let any = 0;
    pairs((i, j) => {
      any |= (x.data[i] as number) & (y.data[j] as number);
    });
    out.data[to] = any;
  } else if (out.dtype.startsWith("i") || out.dtype.startsWith("u")) {
    let sum = 0;
    pairs((i, j) => {
      sum = (sum + Math.imul(x.data[i] as number, y.data[j] as number)) | 0;
    });
    out.data[to] = sum;
  } else {
    let sum = 0;
    pairs((i, j) => {
      sum += (x.data[i] as number) * (y.data[j] as number);
    });
    out.data[to] = rounder(out.dtype)(sum);
  }
}

/** StableHLO dot_general: batch, lhs free, rhs free. */
export function dotGeneral(op: OpOf<"dot_general">, x: Tensor, y: Tensor): Tensor {
  const { lhsContracting: lc, rhsContracting: rc, lhsBatching: lb, rhsBatching: rb } = op.attrs;
  const out = make(concrete((op.results[0] as { type: ConcreteType }).type));
  const [sx, sy] = [strides(x.shape), strides(y.shape)];
  const [fx, fy] = [without(x.shape.length, lc, lb), without(y.shape.length, rc, rb)];
  const inner: [number, number][] = [];
  each(
    lc.map((d) => at(x.shape, d)),
    (k) =>
      inner.push([
        k.reduce((n, v, i) => n + v * at(sx, at(lc, i)), 0),
        k.reduce((n, v, i) => n + v * at(sy, at(rc, i)), 0),
      ]),
  );
  each(out.shape, (index, flat) => {
    let [i, j] = [0, 0];
    lb.forEach((d, k) => {
      i += at(index, k) * at(sx, d);
    });
    rb.forEach((d, k) => {
      j += at(index, k) * at(sy, d);
    });
    fx.forEach((d, k) => {
      i += at(index, lb.length + k) * at(sx, d);
    });
    fy.forEach((d, k) => {
      j += at(index, lb.length + fx.length + k) * at(sy, d);
    });
    accumulate(out, flat, x, y, (visit) => {
      for (const [p, q] of inner) visit(i + p, j + q);
    });
  });
  return out;
}

/** StableHLO convolution with dilations, reversal and groups. */
export function convolution(op: OpOf<"convolution">, x: Tensor, w: Tensor): Tensor {
  const a = op.attrs;
  const out = make(concrete((op.results[0] as { type: ConcreteType }).type));
  const [sx, sw] = [strides(x.shape), strides(w.shape)];
  const window = a.kernelSpatial.map((d) => at(w.shape, d));
  const inputs = a.inputSpatial.map((d) => at(x.shape, d));
  const perGroup = at(w.shape, a.kernelInputFeature);
  const features = at(w.shape, a.kernelOutputFeature);
  const batches = at(x.shape, a.inputBatch) / a.batchGroupCount;
  each(out.shape, (index, flat) => {
    const feature = at(index, a.outputFeature);
    const group = Math.floor(feature / (features / a.featureGroupCount));
    const batchGroup = Math.floor(feature / (features / a.batchGroupCount));
    const batch = at(index, a.outputBatch) + batchGroup * batches;
    accumulate(out, flat, x, w, (visit) =>
      each(window, (k) => {
        let [i, j] = [batch * at(sx, a.inputBatch), feature * at(sw, a.kernelOutputFeature)];
        for (let d = 0; d < window.length; d++) {
          const p =
            at(index, at(a.outputSpatial, d)) * at(a.windowStrides, d) +
            at(k, d) * at(a.rhsDilation, d) -
            (a.padding[d]?.[0] ?? 0);
          if (p < 0 || p % at(a.lhsDilation, d) !== 0 || p / at(a.lhsDilation, d) >= at(inputs, d)) return;
          i += (p / at(a.lhsDilation, d)) * at(sx, at(a.inputSpatial, d));
          j +=
            (a.windowReversal[d] === true ? at(window, d) - 1 - at(k, d) : at(k, d)) *
            at(sw, at(a.kernelSpatial, d));
        }
        for (let c = 0; c < perGroup; c++)
          visit(i + (group * perGroup + c) * at(sx, a.inputFeature), j + c * at(sw, a.kernelInputFeature));
      }),
    );
  });
  return out;
}
