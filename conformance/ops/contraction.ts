// dot_general and convolution: every arrangement of axes, empty sums, results of a wider type.
import type { ConcreteType, ConvDims, DType, OpAttrs } from "tenon-plugin-api";
import { single, type } from "../builder.ts";
import { opCase, type OpCase, type Trial } from "../case.ts";
import { DTYPES, kindOf, randomElements, seedOf } from "../inputs.ts";
import { EXACT, type Tolerance } from "../tolerance.ts";
import { isComplex, sizeOf, toElement, ulpOf, type Element, type Elements } from "../values.ts";
import { flatOf, indicesOf } from "./trials.ts";

const at = (list: readonly number[], i: number): number => list[i] as number;

/** A sum of products with the sum of their sizes, which bounds the error. */
interface Sum {
  readonly value: Elements;
  readonly size: number;
  readonly terms: number;
}
function sumOf(dtype: DType, x: Elements, y: Elements, pairs: readonly (readonly [number, number])[]): Sum {
  const terms = pairs.length;
  if (isComplex(dtype)) {
    let [re, im, size] = [0, 0, 0];
    for (const [i, j] of pairs) {
      const [a, b, c, d] = [x[2 * i], x[2 * i + 1], y[2 * j], y[2 * j + 1]].map(Number) as [
        number,
        number,
        number,
        number,
      ];
      re += a * c - b * d;
      im += a * d + b * c;
      size += Math.hypot(a, b) * Math.hypot(c, d);
    }
    return { value: [re, im], size, terms: 2 * terms };
  }
  if (kindOf(dtype) === "f") {
    const products = pairs.map(([i, j]) => Number(x[i]) * Number(y[j]));
    return {
      value: [products.reduce((s, p) => s + p, 0)],
      size: products.reduce((s, p) => s + Math.abs(p), 0),
      terms,
    };
  }
  const sum = pairs.reduce((s, [i, j]) => s + BigInt(x[i] as Element) * BigInt(y[j] as Element), 0n);
  return { value: [sum], size: 0, terms };
}
/** Products and sums may be rounded in the result's type, each once. */
function toleranceFor(to: DType, sums: readonly Sum[]): Tolerance {
  if (kindOf(to) !== "f" && !isComplex(to)) return EXACT;
  const width = isComplex(to) ? 2 : 1;
  return { ulp: 1, atol: sums.flatMap((s) => Array<number>(width).fill((s.terms + 1) * ulpOf(to, s.size))) };
}
function inputOf(dtype: DType, n: number, key: string): Elements {
  const domain = kindOf(dtype) === "f" || isComplex(dtype) ? ([-2, 2] as const) : undefined;
  return randomElements(dtype, n, seedOf(key), domain);
}

interface DotForm {
  readonly name: string;
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly dims: Omit<OpAttrs["dot_general"], "precision">;
}
const dims = (
  lhsContracting: number[],
  rhsContracting: number[],
  lhsBatching: number[] = [],
  rhsBatching: number[] = [],
): DotForm["dims"] => ({
  lhsContracting,
  rhsContracting,
  lhsBatching,
  rhsBatching,
});
const DOTS: readonly DotForm[] = [
  { name: "m=3,k=4,n=5", lhs: [3, 4], rhs: [4, 5], dims: dims([1], [0]) },
  { name: "m=3,k=4,n=5,transposed", lhs: [4, 3], rhs: [5, 4], dims: dims([0], [1]) },
  { name: "m=17,k=33,n=9", lhs: [17, 33], rhs: [33, 9], dims: dims([1], [0]) },
  { name: "m=37,k=129,n=65", lhs: [37, 129], rhs: [129, 65], dims: dims([1], [0]) },
  { name: "vectors", lhs: [6], rhs: [6], dims: dims([0], [0]) },
  { name: "matrix-vector", lhs: [3, 4], rhs: [4], dims: dims([1], [0]) },
  { name: "outer", lhs: [3], rhs: [4], dims: dims([], []) },
  { name: "scalars", lhs: [], rhs: [], dims: dims([], []) },
  { name: "batch=2", lhs: [2, 3, 4], rhs: [2, 4, 5], dims: dims([2], [1], [0], [0]) },
  { name: "batch=2,last", lhs: [3, 4, 2], rhs: [5, 4, 2], dims: dims([1], [1], [2], [2]) },
  { name: "batch=2x3,elementwise", lhs: [2, 3], rhs: [2, 3], dims: dims([], [], [0, 1], [0, 1]) },
  {
    name: "batch=2,crossed",
    lhs: [2, 3, 4, 2],
    rhs: [4, 2, 2, 3],
    dims: dims([2, 1], [0, 3], [0, 3], [1, 2]),
  },
  { name: "contract=2", lhs: [2, 3, 4], rhs: [4, 5, 3], dims: dims([1, 2], [2, 0]) },
  { name: "k=0", lhs: [2, 0], rhs: [0, 3], dims: dims([1], [0]) },
  { name: "m=0", lhs: [0, 4], rhs: [4, 3], dims: dims([1], [0]) },
  { name: "batch=2,k=0", lhs: [2, 3, 0], rhs: [2, 0, 1], dims: dims([2], [1], [0], [0]) },
];

function dotTrial(form: DotForm, dtype: DType, to: DType): Trial {
  const { lhs, rhs, dims: d } = form;
  const free = (rank: number, ...lists: readonly (readonly number[])[]): number[] =>
    Array.from({ length: rank }, (_, i) => i).filter((i) => !lists.some((l) => l.includes(i)));
  const [lf, rf] = [
    free(lhs.length, d.lhsContracting, d.lhsBatching),
    free(rhs.length, d.rhsContracting, d.rhsBatching),
  ];
  const shape = [
    ...d.lhsBatching.map((i) => at(lhs, i)),
    ...lf.map((i) => at(lhs, i)),
    ...rf.map((i) => at(rhs, i)),
  ];
  const [x, y] = [inputOf(dtype, sizeOf(lhs), `x${form.name}`), inputOf(dtype, sizeOf(rhs), `y${form.name}`)];
  const inner = indicesOf(d.lhsContracting.map((i) => at(lhs, i)));
  const sums = indicesOf(shape).map((index) => {
    const pairs = inner.map((k): readonly [number, number] => {
      const [i, j] = [Array<number>(lhs.length).fill(0), Array<number>(rhs.length).fill(0)];
      d.lhsBatching.forEach((axis, n) => (i[axis] = at(index, n)));
      d.rhsBatching.forEach((axis, n) => (j[axis] = at(index, n)));
      lf.forEach((axis, n) => (i[axis] = at(index, d.lhsBatching.length + n)));
      rf.forEach((axis, n) => (j[axis] = at(index, d.lhsBatching.length + lf.length + n)));
      d.lhsContracting.forEach((axis, n) => (i[axis] = at(k, n)));
      d.rhsContracting.forEach((axis, n) => (j[axis] = at(k, n)));
      return [flatOf(lhs, i), flatOf(rhs, j)];
    });
    return sumOf(dtype, x, y, pairs);
  });
  const types: ConcreteType[] = [type(dtype, ...lhs), type(dtype, ...rhs)];
  return {
    program: single("dot_general", types, { ...d, precision: "HIGHEST" }, [type(to, ...shape)]),
    inputs: [x, y],
    want: [sums.flatMap((s) => s.value.map((v) => toElement(to, v)))],
    tolerance: toleranceFor(to, sums),
  };
}
/** Narrow factors, wide sums. */
const WIDER: readonly (readonly [DType, DType])[] = [
  ["i8", "i32"],
  ["u8", "u32"],
  ["i8", "i16"],
  ["f16", "f32"],
  ["bf16", "f32"],
  ["f32", "f64"],
];
const dotCases: readonly OpCase[] = [
  ...DTYPES.filter((d) => d !== "bool").flatMap((dtype) =>
    DOTS.map((form) => opCase("dot_general", dtype, form.name, () => dotTrial(form, dtype, dtype))),
  ),
  ...WIDER.flatMap(([dtype, to]) =>
    DOTS.slice(0, 4).map((form) =>
      opCase("dot_general", dtype, `${form.name},to=${to}`, () => dotTrial(form, dtype, to)),
    ),
  ),
];

interface ConvForm {
  readonly name: string;
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly attrs?: Partial<OpAttrs["convolution"]>;
}
/** Images as batch, feature, space; kernels as output, input, space. */
const layout = (spatial: number): ConvDims => {
  const axes = Array.from({ length: spatial }, (_, i) => i + 2);
  return {
    inputBatch: 0,
    inputFeature: 1,
    inputSpatial: axes,
    kernelOutputFeature: 0,
    kernelInputFeature: 1,
    kernelSpatial: axes,
    outputBatch: 0,
    outputFeature: 1,
    outputSpatial: axes,
  };
};
const CHANNELS_LAST: ConvDims = {
  inputBatch: 0,
  inputFeature: 3,
  inputSpatial: [1, 2],
  kernelOutputFeature: 3,
  kernelInputFeature: 2,
  kernelSpatial: [0, 1],
  outputBatch: 0,
  outputFeature: 3,
  outputSpatial: [1, 2],
};
const CONVS: readonly ConvForm[] = [
  { name: "1d", lhs: [2, 3, 8], rhs: [4, 3, 3] },
  { name: "2d", lhs: [2, 2, 5, 6], rhs: [3, 2, 2, 3] },
  { name: "2d,features=8-16", lhs: [2, 8, 9, 11], rhs: [16, 8, 3, 3] },
  { name: "2d,strides=2", lhs: [1, 2, 6, 7], rhs: [2, 2, 3, 3], attrs: { windowStrides: [2, 2] } },
  {
    name: "2d,padding=same",
    lhs: [1, 2, 4, 4],
    rhs: [2, 2, 3, 3],
    attrs: {
      padding: [
        [1, 1],
        [1, 1],
      ],
    },
  },
  {
    name: "2d,padding=uneven",
    lhs: [1, 1, 4, 3],
    rhs: [1, 1, 2, 2],
    attrs: {
      padding: [
        [0, 2],
        [1, 0],
      ],
    },
  },
  { name: "1d,padding=negative", lhs: [1, 2, 7], rhs: [2, 2, 3], attrs: { padding: [[-1, -2]] } },
  {
    name: "1d,lhs-dilation=2",
    lhs: [1, 2, 4],
    rhs: [2, 2, 3],
    attrs: { lhsDilation: [2], padding: [[2, 2]] },
  },
  { name: "1d,rhs-dilation=2", lhs: [1, 2, 7], rhs: [2, 2, 3], attrs: { rhsDilation: [2] } },
  { name: "1d,reversed", lhs: [1, 2, 5], rhs: [2, 2, 3], attrs: { windowReversal: [true] } },
  { name: "1d,feature-groups=2", lhs: [2, 4, 5], rhs: [6, 2, 3], attrs: { featureGroupCount: 2 } },
  { name: "1d,depthwise", lhs: [1, 3, 5], rhs: [3, 1, 2], attrs: { featureGroupCount: 3 } },
  { name: "1d,batch-groups=2", lhs: [4, 2, 5], rhs: [4, 2, 3], attrs: { batchGroupCount: 2 } },
  {
    name: "2d,channels-last,strides=2x1",
    lhs: [2, 5, 4, 3],
    rhs: [3, 3, 3, 4],
    attrs: {
      ...CHANNELS_LAST,
      windowStrides: [2, 1],
      padding: [
        [1, 1],
        [1, 1],
      ],
    },
  },
  {
    name: "2d,channels-last,gradient", // of the input: dilated by the stride, the kernel turned around
    lhs: [1, 3, 3, 4],
    rhs: [3, 3, 2, 4],
    attrs: {
      ...CHANNELS_LAST,
      kernelOutputFeature: 2,
      kernelInputFeature: 3,
      lhsDilation: [2, 2],
      padding: [
        [2, 1],
        [2, 1],
      ],
      windowReversal: [true, true],
    },
  },
  { name: "0d", lhs: [3, 4], rhs: [5, 4] },
  { name: "3d", lhs: [1, 2, 3, 3, 3], rhs: [2, 2, 2, 2, 2] },
  { name: "1d,window=too-wide", lhs: [1, 2, 2], rhs: [2, 2, 3] },
  { name: "1d,features=0", lhs: [1, 0, 4], rhs: [2, 0, 3] },
];

function convTrial(form: ConvForm, dtype: DType): Trial {
  const spatial = form.lhs.length - 2;
  const fill = <T>(x: T): T[] => Array<T>(spatial).fill(x);
  const a: OpAttrs["convolution"] = {
    ...layout(spatial),
    windowStrides: fill(1),
    padding: fill([0, 0] as const),
    lhsDilation: fill(1),
    rhsDilation: fill(1),
    windowReversal: fill(false),
    featureGroupCount: 1,
    batchGroupCount: 1,
    precision: "HIGHEST",
    ...form.attrs,
  };
  const [x, w] = [
    inputOf(dtype, sizeOf(form.lhs), `x${form.name}`),
    inputOf(dtype, sizeOf(form.rhs), `w${form.name}`),
  ];
  const shape = outputShape(form, a);
  const sums = indicesOf(shape).map((index) => sumOf(dtype, x, w, convPairs(form, a, index)));
  return {
    program: single("convolution", [type(dtype, ...form.lhs), type(dtype, ...form.rhs)], a, [
      type(dtype, ...shape),
    ]),
    inputs: [x, w],
    want: [sums.flatMap((s) => s.value.map((v) => toElement(dtype, v)))],
    tolerance: toleranceFor(dtype, sums),
  };
}
function outputShape({ lhs, rhs }: ConvForm, a: OpAttrs["convolution"]): number[] {
  const shape = Array<number>(lhs.length).fill(0);
  shape[a.outputBatch] = at(lhs, a.inputBatch) / a.batchGroupCount;
  shape[a.outputFeature] = at(rhs, a.kernelOutputFeature);
  a.outputSpatial.forEach((axis, i) => {
    const [low, high] = a.padding[i] as readonly [number, number];
    const size = (at(lhs, at(a.inputSpatial, i)) - 1) * at(a.lhsDilation, i) + 1 + low + high;
    const span = (at(rhs, at(a.kernelSpatial, i)) - 1) * at(a.rhsDilation, i) + 1;
    shape[axis] = size < span ? 0 : Math.floor((size - span) / at(a.windowStrides, i)) + 1;
  });
  return shape;
}
/** Which elements of image and kernel meet in one output. */
function convPairs(
  { lhs, rhs }: ConvForm,
  a: OpAttrs["convolution"],
  index: readonly number[],
): [number, number][] {
  const inputs = at(rhs, a.kernelInputFeature);
  const output = at(index, a.outputFeature);
  const perGroup = at(rhs, a.kernelOutputFeature) / a.featureGroupCount;
  const perBatchGroup = at(rhs, a.kernelOutputFeature) / a.batchGroupCount;
  const batches = at(lhs, a.inputBatch) / a.batchGroupCount;
  const pairs: [number, number][] = [];
  for (const k of indicesOf([inputs, ...a.kernelSpatial.map((d) => at(rhs, d))])) {
    const [c, ...place] = k as [number, ...number[]];
    const [i, j] = [Array<number>(lhs.length).fill(0), Array<number>(rhs.length).fill(0)];
    i[a.inputBatch] = at(index, a.outputBatch) + Math.floor(output / perBatchGroup) * batches;
    i[a.inputFeature] = Math.floor(output / perGroup) * inputs + c;
    [j[a.kernelOutputFeature], j[a.kernelInputFeature]] = [output, c];
    const meets = place.every((p, d) => {
      const [low] = a.padding[d] as readonly [number, number];
      const q = at(index, at(a.outputSpatial, d)) * at(a.windowStrides, d) + p * at(a.rhsDilation, d) - low;
      i[at(a.inputSpatial, d)] = q / at(a.lhsDilation, d);
      const window = at(rhs, at(a.kernelSpatial, d));
      j[at(a.kernelSpatial, d)] = a.windowReversal[d] === true ? window - 1 - p : p;
      return (
        q >= 0 && q % at(a.lhsDilation, d) === 0 && q / at(a.lhsDilation, d) < at(lhs, at(a.inputSpatial, d))
      );
    });
    if (meets) pairs.push([flatOf(lhs, i), flatOf(rhs, j)]);
  }
  return pairs;
}
const convCases: readonly OpCase[] = DTYPES.filter((d) => d !== "bool").flatMap((dtype) =>
  CONVS.map((form) => opCase("convolution", dtype, form.name, () => convTrial(form, dtype))),
);

/** Cases of contractions. */
export const CONTRACTION: readonly OpCase[] = [...dotCases, ...convCases];
