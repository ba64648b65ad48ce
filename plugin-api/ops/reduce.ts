// Rows of the ops that fold or order elements by a closed region, and of the contractions.
import { differ, dimOf, printType, shapesDiffer } from "../dims.ts";
import type { ArrayType, Dim, OpName, Type } from "../program.ts";
import {
  array,
  arrays,
  declared,
  dimsAt,
  EXACT,
  need,
  needRegion,
  scalar,
  show,
  typeOf,
  unique,
  windowed,
  within,
  without,
  type OpRow,
  type Site,
} from "./row.ts";

const reduction = { reduction: true } as const;
const closed = (n: number): NonNullable<OpRow["regions"]> => ({ count: [n, n], scope: "closed" });

/** n operands of one shape, n rank-0 inits of their dtypes. */
function operandsAndInits(site: Site, count: string, shape: string, dtype: string): ArrayType[] {
  const n = site.operands.length / 2;
  need(n > 0 && Number.isInteger(n), site, count, `${site.operands.length} operands`);
  const [xs, inits] = [arrays(site, 0, n), arrays(site, n)];
  xs.forEach((x, i) => {
    const [first, init] = [xs[0] as ArrayType, inits[i] as ArrayType];
    need(!shapesDiffer(x.shape, first.shape), site, shape, `${printType(x)} and ${printType(first)}`);
    need(init.shape.length === 0, site, "I2", `an init value is ${printType(init)}`);
    need(init.dtype === x.dtype, site, dtype, `${printType(x)} starts from ${printType(init)}`);
  });
  return xs;
}
function needReducer(site: Site, id: string, xs: readonly ArrayType[]): void {
  const elements = xs.map((x) => scalar(x.dtype));
  needRegion(site, 0, id, [...elements, ...elements], elements);
}

const reduce: OpRow<"reduce"> = {
  arity: [0, Infinity],
  attrs: { dimensions: { kind: "ints" } },
  types: (site) => {
    const xs = operandsAndInits(site, "C3", "C1", "C2");
    const x = xs[0] as ArrayType;
    const { dimensions } = site.attrs;
    need(within(dimensions, x.shape.length), site, "C4", `${show(dimensions)} of ${printType(x)}`);
    need(unique(dimensions), site, "C5", show(dimensions));
    needReducer(site, "C6", xs);
    const kept = without(x.shape.length, dimensions);
    return xs.map((t) => typeOf(t.dtype, dimsAt(t, kept)));
  },
  constraints: {
    I2: "init values are scalars",
    C1: "same(shape(inputs...))",
    C2: "element_type(inputs...) = element_type(init_values...)",
    C3: "0 < size(inputs) = size(init_values) = size(results)",
    C4: "0 <= dimensions < rank(inputs[0])",
    C5: "is_unique(dimensions)",
    C6: "body is (E..., E...) -> (E...)",
    C7: "shape(results...) = shape(inputs...) without dimensions",
    C8: "element_type(results[i]) = Ei",
  },
  result: ["C7", "C8"],
  regions: closed(1),
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "terms",
  traits: reduction,
};

/** Checks one list of a window's numbers: length, then values above `min`. */
function needPositive(
  site: Site,
  x: ArrayType,
  name: string,
  list: readonly number[],
  size: string,
  value: string,
): void {
  need(list.length === x.shape.length, site, size, `${name} ${show(list)} for ${printType(x)}`);
  need(
    list.every((n) => n > 0),
    site,
    value,
    `${name} ${show(list)}`,
  );
}

const reduce_window: OpRow<"reduce_window"> = {
  arity: [0, Infinity],
  attrs: {
    windowDimensions: { kind: "ints" },
    windowStrides: { kind: "ints" },
    padding: { kind: "pairs" },
    baseDilations: { kind: "ints" },
    windowDilations: { kind: "ints" },
  },
  types: (site) => {
    const xs = operandsAndInits(site, "C1", "C2", "C3");
    const [x, a] = [xs[0] as ArrayType, site.attrs];
    needPositive(site, x, "window_dimensions", a.windowDimensions, "C4", "C5");
    needPositive(site, x, "window_strides", a.windowStrides, "C6", "C7");
    needPositive(site, x, "base_dilations", a.baseDilations, "C8", "C9");
    needPositive(site, x, "window_dilations", a.windowDilations, "C10", "C11");
    need(a.padding.length === x.shape.length, site, "C12", `padding ${show(a.padding)} for ${printType(x)}`);
    needReducer(site, "C13", xs);
    const shape = x.shape.map((d, i) => {
      const [low, high] = a.padding[i] as readonly [number, number];
      const [base, window] = [a.baseDilations[i] as number, a.windowDimensions[i] as number];
      const [dilation, stride] = [a.windowDilations[i] as number, a.windowStrides[i] as number];
      return windowed(d, { base, low, high, window, dilation, stride });
    });
    return xs.map((t) => typeOf(t.dtype, shape));
  },
  constraints: {
    I2: "init values are scalars",
    C1: "0 < size(inputs) = size(init_values) = size(results)",
    C2: "same(shape(inputs...))",
    C3: "element_type(inputs...) = element_type(init_values...)",
    C4: "size(window_dimensions) = rank(inputs[0])",
    C5: "0 < window_dimensions",
    C6: "size(window_strides) = rank(inputs[0])",
    C7: "0 < window_strides",
    C8: "size(base_dilations) = rank(inputs[0])",
    C9: "0 < base_dilations",
    C10: "size(window_dilations) = rank(inputs[0])",
    C11: "0 < window_dilations",
    C12: "shape(padding) = [rank(inputs[0]), 2]",
    C13: "body is (E..., E...) -> (E...)",
    C15: "shape(results[0]) = num_windows",
    C16: "element_type(results[i]) = Ei",
  },
  result: ["C15", "C16"],
  regions: closed(1),
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "terms",
  traits: reduction,
};

const select_and_scatter: OpRow<"select_and_scatter"> = {
  arity: [3, 3],
  attrs: {
    windowDimensions: { kind: "ints" },
    windowStrides: { kind: "ints" },
    padding: { kind: "pairs" },
  },
  types: (site) => {
    const [x, source, init] = arrays(site) as [ArrayType, ArrayType, ArrayType];
    const a = site.attrs;
    need(x.dtype === source.dtype, site, "C1", `${printType(source)} into ${printType(x)}`);
    need(init.shape.length === 0, site, "I3", `the init value is ${printType(init)}`);
    need(init.dtype === x.dtype, site, "C3", `${printType(x)} starts from ${printType(init)}`);
    needPositive(site, x, "window_dimensions", a.windowDimensions, "C4", "C5");
    needPositive(site, x, "window_strides", a.windowStrides, "C6", "C7");
    need(a.padding.length === x.shape.length, site, "C8", `padding ${show(a.padding)} for ${printType(x)}`);
    const windows = x.shape.map((d, i) => {
      const [low, high] = a.padding[i] as readonly [number, number];
      const [window, stride] = [a.windowDimensions[i] as number, a.windowStrides[i] as number];
      return windowed(d, { base: 1, low, high, window, dilation: 1, stride });
    });
    const counted = printType(typeOf(x.dtype, windows));
    need(
      !shapesDiffer(windows, source.shape),
      site,
      "C2",
      `source ${printType(source)} for windows ${counted}`,
    );
    const e = scalar(x.dtype);
    needRegion(site, 0, "C9", [e, e], [scalar("bool")]);
    needRegion(site, 1, "C10", [e, e], [e]);
    return [x];
  },
  constraints: {
    I3: "the init value is a scalar",
    C1: "element_type(operand) = element_type(source)",
    C2: "shape(source) = num_windows",
    C3: "element_type(init_value) = element_type(operand)",
    C4: "size(window_dimensions) = rank(operand)",
    C5: "0 < window_dimensions",
    C6: "size(window_strides) = rank(operand)",
    C7: "0 < window_strides",
    C8: "shape(padding) = [rank(operand), 2]",
    C9: "select is (E, E) -> bool",
    C10: "scatter is (E, E) -> E",
    C11: "shape(operand) = shape(result)",
    C12: "element_type(result) = E",
  },
  result: ["C11", "C12"],
  regions: closed(2),
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "terms",
  traits: reduction,
};

const sort: OpRow<"sort"> = {
  arity: [0, Infinity],
  attrs: { dimension: { kind: "int" }, isStable: { kind: "flag" } },
  types: (site) => {
    const xs = arrays(site);
    need(xs.length > 0, site, "C1", "no operands");
    const x = xs[0] as ArrayType;
    for (const y of xs)
      need(!shapesDiffer(x.shape, y.shape), site, "C3", `${printType(x)} and ${printType(y)}`);
    const { dimension } = site.attrs;
    const rank = x.shape.length;
    const inRange = dimension >= -rank && dimension < rank;
    need(inRange, site, "C4", `dimension ${dimension} of ${printType(x)}`);
    const pairs = xs.flatMap((t): Type[] => [scalar(t.dtype), scalar(t.dtype)]);
    needRegion(site, 0, "C5", pairs, [scalar("bool")]);
    return xs;
  },
  constraints: {
    C1: "0 < size(inputs)",
    C2: "type(inputs...) = type(results...)",
    C3: "same(shape(inputs...) + shape(results...))",
    C4: "-R <= dimension < R, where R = rank(inputs[0])",
    C5: "comparator is (E0, E0, E1, E1, ...) -> bool",
  },
  result: ["C2", "C2"],
  regions: closed(1),
  ...EXACT,
  traits: {},
};

const PRECISION = { kind: ["DEFAULT", "HIGH", "HIGHEST"] } as const;

const dot_general: OpRow<"dot_general"> = {
  arity: [2, 2],
  attrs: {
    lhsContracting: { kind: "ints" },
    rhsContracting: { kind: "ints" },
    lhsBatching: { kind: "ints" },
    rhsBatching: { kind: "ints" },
    precision: PRECISION,
  },
  types: (site) => {
    const [x, y] = [array(site, 0), array(site, 1)];
    const { lhsContracting: lc, rhsContracting: rc, lhsBatching: lb, rhsBatching: rb } = site.attrs;
    const [r, s] = [x.shape.length, y.shape.length];
    const ok = (holds: boolean, id: string, a: readonly number[], b: readonly number[]): void =>
      need(holds, site, id, `lhs ${printType(x)} ${show(a)}, rhs ${printType(y)} ${show(b)}`);
    ok(lb.length === rb.length, "C1", lb, rb);
    ok(lc.length === rc.length, "C2", lc, rc);
    ok(unique([...lb, ...lc]), "C3", lb, lc);
    ok(unique([...rb, ...rc]), "C4", rb, rc);
    ok(within(lb, r), "C5", lb, rb);
    ok(within(lc, r), "C6", lc, rc);
    ok(within(rb, s), "C7", lb, rb);
    ok(within(rc, s), "C8", lc, rc);
    ok(!shapesDiffer(dimsAt(x, lb), dimsAt(y, rb)), "C9", lb, rb);
    ok(!shapesDiffer(dimsAt(x, lc), dimsAt(y, rc)), "C10", lc, rc);
    ok(x.dtype === y.dtype, "C13", lc, rc);
    const free = [...dimsAt(x, without(r, lb, lc)), ...dimsAt(y, without(s, rb, rc))];
    return [typeOf(declared(site).dtype, [...dimsAt(x, lb), ...free])];
  },
  constraints: {
    C1: "size(lhs_batching_dimensions) = size(rhs_batching_dimensions)",
    C2: "size(lhs_contracting_dimensions) = size(rhs_contracting_dimensions)",
    C3: "is_unique(lhs_batching_dimensions + lhs_contracting_dimensions)",
    C4: "is_unique(rhs_batching_dimensions + rhs_contracting_dimensions)",
    C5: "0 <= lhs_batching_dimensions < rank(lhs)",
    C6: "0 <= lhs_contracting_dimensions < rank(lhs)",
    C7: "0 <= rhs_batching_dimensions < rank(rhs)",
    C8: "0 <= rhs_contracting_dimensions < rank(rhs)",
    C9: "dim(lhs, lhs_batching_dimensions...) = dim(rhs, rhs_batching_dimensions...)",
    C10: "dim(lhs, lhs_contracting_dimensions...) = dim(rhs, rhs_contracting_dimensions...)",
    C12: "shape(result) = batching dims + free dims of lhs + free dims of rhs",
    C13: "element_type(lhs) = element_type(rhs)",
  },
  result: ["C12", "C13"],
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "terms",
  traits: { contraction: true },
};

/** Three lists of dimension numbers: batch, feature, spatial are a permutation of all axes. */
const places = (rank: number, ...axes: readonly number[]): boolean => unique(axes) && within(axes, rank);

function checkConvolution(site: Site<"convolution">, x: ArrayType, w: ArrayType): void {
  const a = site.attrs;
  const n = x.shape.length;
  const ok = (holds: boolean, id: string, what: string): void =>
    need(holds, site, id, `${what} for lhs ${printType(x)}, rhs ${printType(w)}`);
  const list = (ids: [string, string], name: string, values: readonly number[]): void => {
    ok(values.length === n - 2, ids[0], `${name} ${show(values)}`);
    ok(
      values.every((v) => v > 0),
      ids[1],
      `${name} ${show(values)}`,
    );
  };
  ok(n === w.shape.length && n >= 2, "C1", "ranks differ");
  list(["C2", "C3"], "window_strides", a.windowStrides);
  ok(a.padding.length === n - 2, "C4", `padding ${show(a.padding)}`);
  list(["C5", "C6"], "lhs_dilation", a.lhsDilation);
  list(["C7", "C8"], "rhs_dilation", a.rhsDilation);
  ok(a.windowReversal.length === n - 2, "C9", `window_reversal ${show(a.windowReversal)}`);
  ok(a.inputSpatial.length === n - 2, "C12", `input_spatial_dimensions ${show(a.inputSpatial)}`);
  ok(places(n, a.inputBatch, a.inputFeature, ...a.inputSpatial), "C13", "input_dimensions");
  ok(a.kernelSpatial.length === n - 2, "C17", `kernel_spatial_dimensions ${show(a.kernelSpatial)}`);
  const kernel = places(n, a.kernelInputFeature, a.kernelOutputFeature, ...a.kernelSpatial);
  ok(kernel, "C18", "kernel_dimensions");
  ok(a.outputSpatial.length === n - 2, "C19", `output_spatial_dimensions ${show(a.outputSpatial)}`);
  ok(places(n, a.outputBatch, a.outputFeature, ...a.outputSpatial), "C20", "output_dimensions");
  ok(a.featureGroupCount > 0, "C21", `feature_group_count ${a.featureGroupCount}`);
  ok(a.batchGroupCount > 0, "C22", `batch_group_count ${a.batchGroupCount}`);
  ok(a.featureGroupCount === 1 || a.batchGroupCount === 1, "C23", "both group counts exceed 1");
  const features = w.shape[a.kernelOutputFeature] as Dim;
  const divides = (d: Dim, by: number): boolean => !differ(dimOf("mod", d, by), 0);
  ok(
    divides(x.shape[a.inputBatch] as Dim, a.batchGroupCount),
    "C10",
    `batch_group_count ${a.batchGroupCount}`,
  );
  const inputs = x.shape[a.inputFeature] as Dim;
  ok(divides(inputs, a.featureGroupCount), "C11", `feature_group_count ${a.featureGroupCount}`);
  const perGroup = dimOf("floordiv", inputs, a.featureGroupCount);
  ok(!differ(w.shape[a.kernelInputFeature] as Dim, perGroup), "C14", "kernel input features");
  ok(divides(features, a.batchGroupCount), "C15", `batch_group_count ${a.batchGroupCount}`);
  ok(divides(features, a.featureGroupCount), "C16", `feature_group_count ${a.featureGroupCount}`);
  ok(x.dtype === w.dtype, "C27", "dtypes differ");
}

const convolution: OpRow<"convolution"> = {
  arity: [2, 2],
  attrs: {
    inputBatch: { kind: "int" },
    inputFeature: { kind: "int" },
    inputSpatial: { kind: "ints" },
    kernelInputFeature: { kind: "int" },
    kernelOutputFeature: { kind: "int" },
    kernelSpatial: { kind: "ints" },
    outputBatch: { kind: "int" },
    outputFeature: { kind: "int" },
    outputSpatial: { kind: "ints" },
    windowStrides: { kind: "ints" },
    padding: { kind: "pairs" },
    lhsDilation: { kind: "ints" },
    rhsDilation: { kind: "ints" },
    windowReversal: { kind: "flags" },
    featureGroupCount: { kind: "int" },
    batchGroupCount: { kind: "int" },
    precision: PRECISION,
  },
  types: (site) => {
    const [x, w] = [array(site, 0), array(site, 1)];
    checkConvolution(site, x, w);
    const a = site.attrs;
    const shape: Dim[] = x.shape.map(() => 0);
    shape[a.outputBatch] = dimOf("floordiv", x.shape[a.inputBatch] as Dim, a.batchGroupCount);
    shape[a.outputFeature] = w.shape[a.kernelOutputFeature] as Dim;
    a.outputSpatial.forEach((axis, i) => {
      const [low, high] = a.padding[i] as readonly [number, number];
      const size = w.shape[a.kernelSpatial[i] as number] as number;
      const window = {
        window: size,
        dilation: a.rhsDilation[i] as number,
        stride: a.windowStrides[i] as number,
      };
      const base = a.lhsDilation[i] as number;
      shape[axis] = windowed(x.shape[a.inputSpatial[i] as number] as Dim, { base, low, high, ...window });
    });
    return [typeOf(declared(site).dtype, shape)];
  },
  constraints: {
    C1: "N = rank(lhs) = rank(rhs)",
    C2: "size(window_strides) = N - 2",
    C3: "0 < window_strides",
    C4: "shape(padding) = [N - 2, 2]",
    C5: "size(lhs_dilation) = N - 2",
    C6: "0 < lhs_dilation",
    C7: "size(rhs_dilation) = N - 2",
    C8: "0 < rhs_dilation",
    C9: "size(window_reversal) = N - 2",
    C10: "dim(lhs, input_batch_dimension) % batch_group_count = 0",
    C11: "dim(lhs, input_feature_dimension) % feature_group_count = 0",
    C12: "size(input_spatial_dimensions) = N - 2",
    C13: "input dimensions are unique and within [0, N)",
    C14: "dim(rhs, kernel_input_feature_dimension) = dim(lhs, input_feature_dimension) / feature_group_count",
    C15: "dim(rhs, kernel_output_feature_dimension) % batch_group_count = 0",
    C16: "dim(rhs, kernel_output_feature_dimension) % feature_group_count = 0",
    C17: "size(kernel_spatial_dimensions) = N - 2",
    C18: "kernel dimensions are unique and within [0, N)",
    C19: "size(output_spatial_dimensions) = N - 2",
    C20: "output dimensions are unique and within [0, N)",
    C21: "0 < feature_group_count",
    C22: "0 < batch_group_count",
    C23: "feature_group_count = 1 or batch_group_count = 1",
    C25: "shape(result) = batches / batch_group_count, output features, num_windows",
    C27: "element_type(lhs) = element_type(rhs)",
  },
  result: ["C25", "C27"],
  since: EXACT.since,
  effect: EXACT.effect,
  accuracy: "terms",
  traits: { contraction: true },
};

/** Rows of folding, ordering and contracting ops. */
export const REDUCE = {
  reduce,
  reduce_window,
  select_and_scatter,
  sort,
  dot_general,
  convolution,
} satisfies { readonly [N in OpName]?: OpRow<N> };
