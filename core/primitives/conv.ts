// convolution with strides, padding, dilations and groups. Gradients as JAX's conv transposes.
import { fail } from "../errors.ts";
import type { ShapedArray } from "../ir/aval.ts";
import type { DType } from "../ir/dtype.ts";
import type { NDArray } from "../ir/ndarray.ts";
import { definePrimitive, type BatchDim, type Params, type Primitive } from "../ir/primitive.ts";
import { bind1 } from "../ir/trace.ts";
import type { Precision } from "./dot-general.ts";
import type { Lax } from "./lax.ts";
import { checkList, checkSizes, describe, operandsAs, type Operand } from "./operand.ts";

type Ints = readonly number[];
/** Low and high padding of each spatial axis. */
export type Pads = readonly (readonly [number, number])[];
/** Axes by role: lhs [batch, feature, …spatial], rhs [out, in, …spatial], out [batch, feature, …spatial]. */
export interface ConvDimensionNumbers {
  readonly lhsSpec: Ints;
  readonly rhsSpec: Ints;
  readonly outSpec: Ints;
}
/** Settings of a convolution, by the names of jax.lax.conv_general_dilated. */
export interface ConvOptions {
  readonly lhsDilation?: Ints | null | undefined;
  readonly rhsDilation?: Ints | null | undefined;
  readonly dimensionNumbers?: readonly [string, string, string] | ConvDimensionNumbers | null | undefined;
  readonly featureGroupCount?: number | undefined;
  readonly batchGroupCount?: number | undefined;
  readonly precision?: Precision | null | undefined;
  readonly preferredElementType?: DType | null | undefined;
}
interface ConvParams extends Params {
  readonly windowStrides: Ints;
  readonly padding: Pads;
  readonly lhsDilation: Ints;
  readonly rhsDilation: Ints;
  readonly dims: ConvDimensionNumbers;
  readonly featureGroupCount: number;
  readonly batchGroupCount: number;
  readonly precision: Precision;
  readonly out: DType;
}
const paramsOf = (p: Params): ConvParams => p as ConvParams;
const dilate = (n: number, d: number): number => (n === 0 ? 0 : 1 + d * (n - 1));
const pick = (shape: Ints, axes: Ints): number[] => axes.map((i) => shape[i] as number);
const spatial = (spec: Ints): Ints => spec.slice(2);
const at = (l: Ints, i: number): number => l[i] as number;

function shape([l, r]: readonly ShapedArray[], params: Params): readonly ShapedArray[] {
  const [a, b] = [l as ShapedArray, r as ShapedArray];
  const p = paramsOf(params);
  const { lhsSpec, rhsSpec, outSpec } = p.dims;
  const bad = (why: string): Error => fail("E_CONV", `lax.convGeneralDilated: ${why} (lhs ${a}, rhs ${b})`);
  if (a.dtype !== b.dtype)
    throw fail("E_DTYPE_MISMATCH", `lax.convGeneralDilated: dtypes differ: ${a}, ${b}`);
  if (a.shape.length !== b.shape.length || a.shape.length !== lhsSpec.length || a.shape.length < 2)
    throw bad("ranks differ");
  const features = at(a.shape, at(lhsSpec, 1));
  const [outF, inF] = [at(b.shape, at(rhsSpec, 0)), at(b.shape, at(rhsSpec, 1))];
  const batch = at(a.shape, at(lhsSpec, 0));
  if (features !== inF * p.featureGroupCount)
    throw bad(`lhs has ${features} features, rhs takes ${inF} in ${p.featureGroupCount} group(s)`);
  if (outF % p.featureGroupCount !== 0 || outF % p.batchGroupCount !== 0)
    throw bad(`${outF} output features don't divide into the groups`);
  if (batch % p.batchGroupCount !== 0)
    throw bad(`a batch of ${batch} doesn't divide into ${p.batchGroupCount} groups`);
  const sizes: number[] = [];
  sizes[at(outSpec, 0)] = batch / p.batchGroupCount;
  sizes[at(outSpec, 1)] = outF;
  spatial(lhsSpec).forEach((d, i) => {
    const [low, high] = p.padding[i] as readonly [number, number];
    const padded = dilate(at(a.shape, d), at(p.lhsDilation, i)) + low + high;
    const window = dilate(at(b.shape, at(spatial(rhsSpec), i)), at(p.rhsDilation, i));
    sizes[at(spatial(outSpec), i)] =
      padded < window ? 0 : Math.floor((padded - window) / at(p.windowStrides, i)) + 1;
  });
  return [a.with({ shape: sizes, dtype: p.out, weak: false })];
}

/** Axis `src` merged into axis `dst` of the remaining ones, as its slower part. */
function axisInto(lax: Lax, src: number, dst: number, x: NDArray): NDArray {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== src);
  const perm = [...rest.slice(0, dst), src, ...rest.slice(dst)];
  const sizes = rest.map((i) => x.shape[i] as number);
  sizes[dst] = (sizes[dst] as number) * (x.shape[src] as number);
  return lax.reshape(lax.transpose(x, perm), sizes);
}
/** Axis `src` split into [size, rest]. */
function axisOutOf(lax: Lax, src: number, size: number, x: NDArray): NDArray {
  return lax.reshape(x, [
    ...x.shape.slice(0, src),
    size,
    (x.shape[src] as number) / size,
    ...x.shape.slice(src + 1),
  ]);
}

/** Gradient with respect to the input: ct convolved with the flipped, transposed kernel. */
function transposeLhs(lax: Lax, ct: NDArray, rhs: NDArray, own: ShapedArray, p: ConvParams): NDArray {
  const { lhsSpec, rhsSpec, outSpec } = p.dims;
  const groups = p.featureGroupCount > 1 ? p.featureGroupCount : p.batchGroupCount;
  const outAxis = at(rhsSpec, 0);
  const weights =
    groups > 1 ? axisInto(lax, outAxis, at(rhsSpec, 1), axisOutOf(lax, outAxis, groups, rhs)) : rhs;
  const lhs = pick(own.shape, spatial(lhsSpec)).map((n, i) => dilate(n, at(p.lhsDilation, i)));
  const window = pick(rhs.shape, spatial(rhsSpec)).map((n, i) => dilate(n, at(p.rhsDilation, i)));
  const out = pick(ct.shape, spatial(outSpec)).map((n, i) => dilate(n, at(p.windowStrides, i)));
  const padding = lhs.map((n, i) => {
    const before = at(window, i) - (p.padding[i]?.[0] ?? 0) - 1;
    return [before, n + at(window, i) - 1 - at(out, i) - before] as const;
  });
  const result = convGeneralDilated(ct, lax.rev(weights, spatial(rhsSpec)), p.lhsDilation, padding, {
    lhsDilation: p.windowStrides,
    rhsDilation: p.rhsDilation,
    featureGroupCount: groups,
    precision: p.precision,
    preferredElementType: own.dtype as DType,
    dimensionNumbers: {
      lhsSpec: outSpec,
      rhsSpec: swapped(rhsSpec),
      outSpec: lhsSpec,
    },
  });
  if (p.batchGroupCount === 1) return result;
  return axisInto(
    lax,
    at(lhsSpec, 1),
    at(lhsSpec, 0),
    axisOutOf(lax, at(lhsSpec, 1), p.batchGroupCount, result),
  );
}

/** Gradient with respect to the kernel: a contraction over batch and space. */
function transposeRhs(ct: NDArray, lhs: NDArray, own: ShapedArray, p: ConvParams): NDArray {
  const { lhsSpec, rhsSpec, outSpec } = p.dims;
  const grouped =
    p.batchGroupCount > 1
      ? { featureGroupCount: p.batchGroupCount, batchGroupCount: 1 }
      : { featureGroupCount: 1, batchGroupCount: p.featureGroupCount };
  const lhsSizes = pick(lhs.shape, spatial(lhsSpec)).map((n, i) => dilate(n, at(p.lhsDilation, i)));
  const window = pick(own.shape, spatial(rhsSpec)).map((n, i) => dilate(n, at(p.rhsDilation, i)));
  const out = pick(ct.shape, spatial(outSpec)).map((n, i) => dilate(n, at(p.windowStrides, i)));
  const padding = lhsSizes.map((n, i) => {
    const low = p.padding[i]?.[0] ?? 0;
    return [low, at(out, i) - n + at(window, i) - low - 1] as const;
  });
  return convGeneralDilated(lhs, ct, p.rhsDilation, padding, {
    lhsDilation: p.lhsDilation,
    rhsDilation: p.windowStrides,
    ...grouped,
    precision: p.precision,
    preferredElementType: own.dtype as DType,
    dimensionNumbers: {
      lhsSpec: swapped(lhsSpec),
      rhsSpec: swapped(outSpec),
      outSpec: swapped(rhsSpec),
    },
  });
}
const swapped = (spec: Ints): Ints => [at(spec, 1), at(spec, 0), ...spec.slice(2)];

/** Mapped axes become part of batch, features or groups (jax's _conv_general_dilated_batch_rule). */
function batch(
  lax: Lax,
  size: number,
  args: readonly NDArray[],
  bdims: readonly BatchDim[],
  p: ConvParams,
): { outs: NDArray[]; bdims: BatchDim[] } {
  const { lhsSpec, rhsSpec, outSpec } = p.dims;
  const [x, w] = args as [NDArray, NDArray];
  const [dx, dw] = [bdims[0] ?? null, bdims[1] ?? null];
  const [lb, lf, ro, of, ob] = [
    at(lhsSpec, 0),
    at(lhsSpec, 1),
    at(rhsSpec, 0),
    at(outSpec, 1),
    at(outSpec, 0),
  ];
  const conv = (a: NDArray, b: NDArray, more: Partial<ConvParams> = {}): NDArray =>
    bind1(conv_general_dilated_p, [a, b], { ...p, ...more });
  if (dx !== null && dw !== null) {
    const more =
      p.batchGroupCount > 1
        ? { batchGroupCount: p.batchGroupCount * size }
        : { featureGroupCount: p.featureGroupCount * size };
    const out = conv(axisInto(lax, dx, p.batchGroupCount > 1 ? lb : lf, x), axisInto(lax, dw, ro, w), more);
    return { outs: [axisOutOf(lax, of, size, out)], bdims: [of] };
  }
  if (dx !== null) {
    const out = conv(groupedInto(lax, dx, lb, p.batchGroupCount, x), w);
    return { outs: [axisOutOf(lax, ob, size, out)], bdims: [ob] };
  }
  const groups = Math.max(p.featureGroupCount, p.batchGroupCount);
  const out = conv(x, groupedInto(lax, dw as number, ro, groups, w));
  if (groups === 1) return { outs: [axisOutOf(lax, of, size, out)], bdims: [of] };
  const split = axisOutOf(lax, of + 1, size, axisOutOf(lax, of, groups, out));
  return { outs: [axisInto(lax, of, of + 1, split)], bdims: [of] };
}

/** Axis `src` merged into `dst` below the groups that `dst` is made of. */
function groupedInto(lax: Lax, src: number, dst: number, groups: number, x: NDArray): NDArray {
  if (groups === 1) return axisInto(lax, src, dst, x);
  const split = axisOutOf(lax, dst + (src <= dst ? 1 : 0), groups, x);
  const merged = axisInto(lax, src + (dst < src ? 1 : 0), dst + 1, split);
  return axisInto(lax, dst, dst, merged);
}

/** The primitive of `lax.convGeneralDilated`. */
export const conv_general_dilated_p: Primitive = definePrimitive({
  name: "conv_general_dilated",
  traits: { dot: true },
  shape,
  linearIn: (mask) => mask.filter(Boolean).length === 1,
  jvp: (lax, [x, w], [tx, tw], params) => {
    const conv = (a: NDArray, b: NDArray): NDArray => bind1(conv_general_dilated_p, [a, b], params);
    const left = tx == null ? null : conv(tx, w as NDArray);
    const right = tw == null ? null : conv(x as NDArray, tw);
    return {
      outs: [conv(x as NDArray, w as NDArray)],
      tangents: [left === null ? right : right === null ? left : lax.addAny(left, right)],
    };
  },
  transpose: (lax, cts, args, accums, params, avals) => {
    const ct = cts[0] ?? null;
    if (ct === null) return;
    if (accums[0] != null)
      accums[0].add(transposeLhs(lax, ct, args[1] as NDArray, avals[0] as ShapedArray, paramsOf(params)));
    if (accums[1] != null)
      accums[1].add(transposeRhs(ct, args[0] as NDArray, avals[1] as ShapedArray, paramsOf(params)));
  },
  batch: (lax, size, args, bdims, params) => batch(lax, size, args, bdims, paramsOf(params)),
  lower: (b, [x, w], params, _a, outs) => {
    const p = paramsOf(params);
    const { lhsSpec, rhsSpec, outSpec } = p.dims;
    const words = {
      default: "DEFAULT",
      high: "HIGH",
      highest: "HIGHEST",
    } as const;
    return b.emit(
      "convolution",
      [x as NonNullable<typeof x>, w as NonNullable<typeof w>],
      {
        inputBatch: at(lhsSpec, 0),
        inputFeature: at(lhsSpec, 1),
        inputSpatial: spatial(lhsSpec),
        kernelOutputFeature: at(rhsSpec, 0),
        kernelInputFeature: at(rhsSpec, 1),
        kernelSpatial: spatial(rhsSpec),
        outputBatch: at(outSpec, 0),
        outputFeature: at(outSpec, 1),
        outputSpatial: spatial(outSpec),
        windowStrides: p.windowStrides,
        padding: p.padding,
        lhsDilation: p.lhsDilation,
        rhsDilation: p.rhsDilation,
        windowReversal: p.windowStrides.map(() => false),
        featureGroupCount: p.featureGroupCount,
        batchGroupCount: p.batchGroupCount,
        precision: words[p.precision],
      },
      outs,
    );
  },
});

/** Axes by role from letters, ["NCHW", "OIHW", "NCHW"] (the default), or as they are. */
export function convDimensionNumbers(
  ndim: number,
  numbers: ConvOptions["dimensionNumbers"],
): ConvDimensionNumbers {
  const iota = Array.from({ length: ndim }, (_, i) => i);
  if (numbers == null) return { lhsSpec: iota, rhsSpec: iota, outSpec: iota };
  if (!Array.isArray(numbers)) {
    const given = numbers as ConvDimensionNumbers;
    for (const word of ["lhsSpec", "rhsSpec", "outSpec"] as const)
      checkList("lax.convGeneralDilated", `dimensionNumbers.${word}`, given[word]);
    return given;
  }
  const [l, r, o] = numbers as readonly [string, string, string];
  if (![l, r, o].every((text) => typeof text === "string"))
    throw fail(
      "E_CONV",
      `lax.convGeneralDilated: dimension numbers are three texts, ["NCHW", "OIHW", "NCHW"]`,
    );
  const space = [...r].filter((c) => c !== "I" && c !== "O");
  const spec = (text: string, lead: string): Ints => {
    const found = [...lead, ...space].map((c) => text.indexOf(c));
    if (found.includes(-1) || text.length !== ndim)
      throw fail(
        "E_CONV",
        `lax.convGeneralDilated: dimension numbers "${text}" need the letters ${[...lead, ...space].join("")}`,
      );
    return found;
  };
  return {
    lhsSpec: spec(l, "NC"),
    rhsSpec: spec(r, "OI"),
    outSpec: spec(o, "NC"),
  };
}

/** Padding by name. SAME gives ⌈n / stride⌉ outputs; the extra element goes to the end. Source: jax.lax.padtype_to_pads. */
export function padtypeToPads(inShape: Ints, window: Ints, strides: Ints, padding: string): Pads {
  if (padding === "VALID") return inShape.map(() => [0, 0] as const);
  if (padding !== "SAME" && padding !== "SAME_LOWER")
    throw fail("E_CONV", `padding "${padding}" is unknown: use "SAME", "SAME_LOWER", "VALID" or pairs`);
  return inShape.map((n, i) => {
    const total = Math.max((Math.ceil(n / at(strides, i)) - 1) * at(strides, i) + at(window, i) - n, 0);
    const small = Math.floor(total / 2);
    return padding === "SAME" ? ([small, total - small] as const) : ([total - small, small] as const);
  });
}

/** @throws E_ARGUMENT unless it is a name, or a list of [low, high] */
export function checkPadding(name: string, padding: unknown): void {
  if (typeof padding === "string") return;
  checkList(name, "padding", padding);
  for (const pair of padding as readonly unknown[])
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(Number.isInteger))
      throw fail("E_ARGUMENT", `${name}: padding has ${describe(pair)}, expected [low, high]`);
}

/** n-dimensional convolution (cross-correlation). Source: jax.lax.conv_general_dilated. */
export function convGeneralDilated(
  lhs: Operand,
  rhs: Operand,
  windowStrides: Ints,
  padding: string | Pads,
  options: ConvOptions = {},
): NDArray {
  const [x, w] = operandsAs("lax.convGeneralDilated", ["lhs", "rhs"], [lhs, rhs]) as [NDArray, NDArray];
  const dims = convDimensionNumbers(x.ndim, options.dimensionNumbers);
  checkSizes("lax.convGeneralDilated", "windowStrides", windowStrides);
  const ones = windowStrides.map(() => 1);
  const [lhsDilation, rhsDilation] = [options.lhsDilation ?? ones, options.rhsDilation ?? ones];
  checkSizes("lax.convGeneralDilated", "lhsDilation", lhsDilation);
  checkSizes("lax.convGeneralDilated", "rhsDilation", rhsDilation);
  checkPadding("lax.convGeneralDilated", padding);
  const pads =
    typeof padding !== "string"
      ? padding
      : padtypeToPads(
          pick(x.shape, spatial(dims.lhsSpec)).map((n, i) => dilate(n, at(lhsDilation, i))),
          pick(w.shape, spatial(dims.rhsSpec)).map((n, i) => dilate(n, at(rhsDilation, i))),
          windowStrides,
          padding.toUpperCase(),
        );
  const params: ConvParams = {
    windowStrides: [...windowStrides],
    padding: pads,
    lhsDilation: [...lhsDilation],
    rhsDilation: [...rhsDilation],
    dims,
    featureGroupCount: options.featureGroupCount ?? 1,
    batchGroupCount: options.batchGroupCount ?? 1,
    precision: options.precision ?? "default",
    out: options.preferredElementType ?? x.dtype,
  };
  return bind1(conv_general_dilated_p, [x, w], params);
}
/** Convolution of NCHW input with an OIHW kernel. Source: jax.lax.conv. */
export const conv = (lhs: Operand, rhs: Operand, windowStrides: Ints, padding: string): NDArray =>
  convGeneralDilated(lhs, rhs, windowStrides, padding);
