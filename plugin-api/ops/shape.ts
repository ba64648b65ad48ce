// Rows of the ops that make or move elements without computing with them.
import { differ, dimOf, exceeds, printType, sizeOfDims } from "../dims.ts";
import { DTYPES } from "../dtype.ts";
import type { ArrayType, Dim, OpName } from "../program.ts";
import {
  array,
  arrays,
  declared,
  dimsAt,
  EXACT,
  need,
  needSame,
  sameBut,
  show,
  typeOf,
  unique,
  within,
  type OpRow,
  type Site,
} from "./row.ts";

const structural = { structural: true } as const;

const constant: OpRow<"constant"> = {
  arity: [0, 0],
  attrs: { value: { kind: "tensor" } },
  types: (site) => [site.attrs.value.type],
  constraints: { C1: "type(value) = type(output)" },
  result: ["C1", "C1"],
  ...EXACT,
  traits: {},
};

const iota: OpRow<"iota"> = {
  arity: [0, 0],
  attrs: { dimension: { kind: "int" } },
  types: (site) => {
    const out = declared(site);
    const { dimension } = site.attrs;
    need(within([dimension], out.shape.length), site, "C1", `dimension ${dimension} of ${printType(out)}`);
    need(DTYPES[out.dtype].kind !== "b", site, "X1", `the result is ${printType(out)}`);
    return [out];
  },
  constraints: { C1: "0 <= iota_dimension < rank(output)", X1: "the result is of numbers" },
  result: ["C1", "X1"],
  ...EXACT,
  traits: {},
};

const broadcast_in_dim: OpRow<"broadcast_in_dim"> = {
  arity: [1, 1],
  attrs: { dimensions: { kind: "ints" } },
  types: (site) => {
    const [x, out] = [array(site, 0), declared(site)];
    const { dimensions } = site.attrs;
    const sizes = `${printType(x)} to ${printType(out)} by ${show(dimensions)}`;
    need(dimensions.length === x.shape.length, site, "C2", sizes);
    need(within(dimensions, out.shape.length), site, "C3", sizes);
    need(unique(dimensions), site, "C4", sizes);
    const fits = x.shape.every((d, i) => d === 1 || !differ(d, out.shape[dimensions[i] as number] as Dim));
    need(fits, site, "C5", sizes);
    return [typeOf(x.dtype, out.shape)];
  },
  constraints: {
    C1: "element_type(result) = element_type(operand)",
    C2: "size(broadcast_dimensions) = rank(operand)",
    C3: "0 <= broadcast_dimensions < rank(result)",
    C4: "is_unique(broadcast_dimensions)",
    C5: "dim(operand, d) = 1 or dim(operand, d) = dim(result, broadcast_dimensions[d])",
  },
  result: ["C5", "C1"],
  ...EXACT,
  traits: structural,
};

const reshape: OpRow<"reshape"> = {
  arity: [1, 1],
  attrs: {},
  types: (site) => {
    const [x, out] = [array(site, 0), declared(site)];
    const differs = differ(sizeOfDims(x.shape), sizeOfDims(out.shape));
    need(!differs, site, "C2", `${printType(x)} to ${printType(out)}`);
    return [typeOf(x.dtype, out.shape)];
  },
  constraints: { C1: "element_type(result) = element_type(operand)", C2: "size(operand) = size(result)" },
  result: ["C2", "C1"],
  ...EXACT,
  traits: structural,
};

const transpose: OpRow<"transpose"> = {
  arity: [1, 1],
  attrs: { permutation: { kind: "ints" } },
  types: (site) => {
    const x = array(site, 0);
    const { permutation } = site.attrs;
    const permutes =
      permutation.length === x.shape.length && unique(permutation) && within(permutation, x.shape.length);
    need(permutes, site, "C2", `${show(permutation)} for ${printType(x)}`);
    return [typeOf(x.dtype, dimsAt(x, permutation))];
  },
  constraints: {
    C1: "element_type(result) = element_type(operand)",
    C2: "permutation is a permutation of the operand's axes",
    C3: "shape(result) = dim(operand, permutation...)",
  },
  result: ["C3", "C1"],
  ...EXACT,
  traits: structural,
};

/** ⌈(limit − start) / stride⌉ */
const sliced = (start: Dim, limit: Dim, stride: number): Dim =>
  dimOf("floordiv", dimOf("add", dimOf("add", limit, dimOf("mul", start, -1)), stride - 1), stride);

const slice: OpRow<"slice"> = {
  arity: [1, 1],
  attrs: { start: { kind: "dims" }, limit: { kind: "dims" }, strides: { kind: "ints" } },
  types: (site) => {
    const x = array(site, 0);
    const { start, limit, strides } = site.attrs;
    const rank = x.shape.length;
    const what = `start ${show(start)}, limit ${show(limit)}, strides ${show(strides)} of ${printType(x)}`;
    need(start.length === rank && limit.length === rank && strides.length === rank, site, "C2", what);
    const bounded = x.shape.every((d, i) => {
      const [from, to] = [start[i] as Dim, limit[i] as Dim];
      return !exceeds(0, from) && !exceeds(from, to) && !exceeds(to, d);
    });
    need(bounded, site, "C3", what);
    need(
      strides.every((n) => n > 0),
      site,
      "C4",
      what,
    );
    return [
      typeOf(
        x.dtype,
        start.map((from, i) => sliced(from, limit[i] as Dim, strides[i] as number)),
      ),
    ];
  },
  constraints: {
    C1: "element_type(operand) = element_type(result)",
    C2: "size(start_indices) = size(limit_indices) = size(strides) = rank(operand)",
    C3: "0 <= start_indices <= limit_indices <= shape(operand)",
    C4: "0 < strides",
    C5: "shape(result) = ceil((limit_indices - start_indices) / strides)",
  },
  result: ["C5", "C1"],
  ...EXACT,
  traits: structural,
};

const reverse: OpRow<"reverse"> = {
  arity: [1, 1],
  attrs: { dimensions: { kind: "ints" } },
  types: (site) => {
    const x = array(site, 0);
    const { dimensions } = site.attrs;
    need(unique(dimensions), site, "C2", show(dimensions));
    need(within(dimensions, x.shape.length), site, "C3", `${show(dimensions)} of ${printType(x)}`);
    return [x];
  },
  constraints: {
    C1: "type(operand) = type(result)",
    C2: "is_unique(dimensions)",
    C3: "0 <= dimensions < rank(result)",
  },
  result: ["C1", "C1"],
  ...EXACT,
  traits: structural,
};

/** Size with edge and interior padding. */
const padded = (d: Dim, low: number, high: number, interior: number): Dim =>
  dimOf("add", dimOf("add", d, low + high), dimOf("mul", dimOf("max", dimOf("add", d, -1), 0), interior));

const pad: OpRow<"pad"> = {
  arity: [2, 2],
  attrs: { low: { kind: "ints" }, high: { kind: "ints" }, interior: { kind: "ints" } },
  types: (site) => {
    const [x, value] = [array(site, 0), array(site, 1)];
    const { low, high, interior } = site.attrs;
    const rank = x.shape.length;
    const what = `low ${show(low)}, high ${show(high)}, interior ${show(interior)} for ${printType(x)}`;
    need(value.shape.length === 0, site, "I2", `the padding value is ${printType(value)}`);
    need(x.dtype === value.dtype, site, "C1", `${printType(x)} is padded with ${printType(value)}`);
    need(low.length === rank && high.length === rank && interior.length === rank, site, "C2", what);
    need(
      interior.every((n) => n >= 0),
      site,
      "C3",
      what,
    );
    const shape = x.shape.map((d, i) =>
      padded(d, low[i] as number, high[i] as number, interior[i] as number),
    );
    need(!shape.some((d) => exceeds(0, d)), site, "C4", what);
    return [typeOf(x.dtype, shape)];
  },
  constraints: {
    I2: "the padding value is a scalar",
    C1: "element_type(operand) = element_type(padding_value) = element_type(result)",
    C2: "size(edge_padding_low) = size(edge_padding_high) = size(interior_padding) = rank(operand)",
    C3: "0 <= interior_padding",
    C4: "shape(result) = shape(operand) + low + max(shape(operand) - 1, 0) * interior + high",
  },
  result: ["C4", "C1"],
  ...EXACT,
  traits: structural,
};

const concatenate: OpRow<"concatenate"> = {
  arity: [0, Infinity],
  attrs: { dimension: { kind: "int" } },
  types: (site) => {
    const xs = arrays(site);
    const { dimension } = site.attrs;
    need(xs.length > 0, site, "C3", "no operands");
    const first = xs[0] as ArrayType;
    need(
      within([dimension], first.shape.length),
      site,
      "C4",
      `dimension ${dimension} of ${printType(first)}`,
    );
    for (const x of xs) {
      const pair = `${printType(first)} and ${printType(x)} along ${dimension}`;
      need(x.dtype === first.dtype, site, "C1", pair);
      need(sameBut(x.shape, first.shape, [dimension]), site, "C2", pair);
    }
    const total = xs.reduce((n: Dim, x) => dimOf("add", n, x.shape[dimension] as Dim), 0);
    return [
      typeOf(
        first.dtype,
        first.shape.map((d, i) => (i === dimension ? total : d)),
      ),
    ];
  },
  constraints: {
    C1: "same(element_type(inputs...))",
    C2: "same(shape(inputs...)) but for dim(inputs..., dimension)",
    C3: "0 < size(inputs)",
    C4: "0 <= dimension < rank(inputs[0])",
    C5: "element_type(result) = element_type(inputs[0])",
    C6: "dim(result, dimension) is the sum of the inputs'",
  },
  result: ["C6", "C5"],
  ...EXACT,
  traits: structural,
};

/** The starts of a dynamic slice: one integer scalar per axis, all of one type. */
function needStarts(site: Site, x: ArrayType, from: number, count: string, same: string): void {
  const starts = arrays(site, from);
  need(starts.length === x.shape.length, site, count, `${starts.length} starts for ${printType(x)}`);
  for (const start of starts) {
    const integer = "iu".includes(DTYPES[start.dtype].kind) && start.shape.length === 0;
    need(integer, site, `I${from + 1}`, `a start is ${printType(start)}`);
    needSame(site, same, start, starts[0] as ArrayType, "the starts differ");
  }
}

const dynamic_slice: OpRow<"dynamic_slice"> = {
  arity: [1, Infinity],
  attrs: { sliceSizes: { kind: "ints" } },
  types: (site) => {
    const x = array(site, 0);
    const { sliceSizes } = site.attrs;
    const what = `${show(sliceSizes)} of ${printType(x)}`;
    needStarts(site, x, 1, "C2", "C3");
    need(sliceSizes.length === x.shape.length, site, "C2", what);
    const fits = sliceSizes.every((n, i) => n >= 0 && !exceeds(n, x.shape[i] as Dim));
    need(fits, site, "C4", what);
    return [typeOf(x.dtype, sliceSizes)];
  },
  constraints: {
    I2: "starts are integer scalars",
    C1: "element_type(operand) = element_type(result)",
    C2: "size(start_indices) = size(slice_sizes) = rank(operand)",
    C3: "same(type(start_indices...))",
    C4: "0 <= slice_sizes <= shape(operand)",
    C5: "shape(result) = slice_sizes",
  },
  result: ["C5", "C1"],
  ...EXACT,
  traits: structural,
};

const dynamic_update_slice: OpRow<"dynamic_update_slice"> = {
  arity: [2, Infinity],
  attrs: {},
  types: (site) => {
    const [x, update] = [array(site, 0), array(site, 1)];
    const what = `${printType(update)} into ${printType(x)}`;
    need(update.dtype === x.dtype, site, "C2", what);
    need(update.shape.length === x.shape.length, site, "C3", what);
    needStarts(site, x, 2, "C4", "C5");
    need(!update.shape.some((d, i) => exceeds(d, x.shape[i] as Dim)), site, "C6", what);
    return [x];
  },
  constraints: {
    I3: "starts are integer scalars",
    C1: "type(operand) = type(result)",
    C2: "element_type(update) = element_type(operand)",
    C3: "rank(update) = rank(operand)",
    C4: "size(start_indices) = rank(operand)",
    C5: "same(type(start_indices...))",
    C6: "0 <= shape(update) <= shape(operand)",
  },
  result: ["C1", "C1"],
  ...EXACT,
  traits: structural,
};

/** Rows of shape ops. */
export const SHAPE = {
  constant,
  iota,
  broadcast_in_dim,
  reshape,
  transpose,
  slice,
  reverse,
  pad,
  concatenate,
  dynamic_slice,
  dynamic_update_slice,
} satisfies { readonly [N in OpName]?: OpRow<N> };
