// Rows of the ops that compute each result element from the elements at its place.
import { printType, shapesDiffer } from "../dims.ts";
import { DTYPES, partOf } from "../dtype.ts";
import type { ArrayType, BinaryOp, DType, OpName, UnaryOp } from "../program.ts";
import {
  array,
  arrays,
  declared,
  EXACT,
  need,
  needKind,
  needSame,
  typeOf,
  type Accuracy,
  type OpRow,
  type Site,
} from "./row.ts";

const NO_ATTRS = {};
const elementwise = { elementwise: true } as const;
const commutative = { elementwise: true, commutative: true } as const;
/** All kinds: such an op has no constraint on them. */
const ANY = "biufc";
const KINDS1 = "the operand is of a kind that the op accepts";
const KINDS2 = "the operands are of kinds that the op accepts";

/** One operand, result of the same type. */
function unary<N extends UnaryOp>(kinds: string, accuracy: Accuracy): OpRow<N> {
  return {
    arity: [1, 1],
    attrs: NO_ATTRS as OpRow<N>["attrs"],
    types: (site) => {
      needKind(site, 0, kinds);
      return [array(site, 0)];
    },
    constraints: { I1: KINDS1, C1: "type(operand) = type(result)" },
    result: ["C1", "C1"],
    ...EXACT,
    accuracy,
    traits: elementwise,
  };
}

/** One operand, another dtype at the same shape. */
function unaryTo<N extends UnaryOp>(
  kinds: string,
  to: (dtype: DType) => DType,
  rule: string,
  accuracy: Accuracy,
): OpRow<N> {
  return {
    ...unary<N>(kinds, accuracy),
    types: (site) => {
      needKind(site, 0, kinds);
      const { dtype, shape } = array(site, 0);
      return [typeOf(to(dtype), shape)];
    },
    constraints: { I1: KINDS1, C1: "shape(result) = shape(operand)", C2: rule },
    result: ["C1", "C2"],
  };
}

/** Two operands of one type, result of the same. */
function binary<N extends BinaryOp>(kinds: string, accuracy: Accuracy, commutes = false): OpRow<N> {
  return {
    arity: [2, 2],
    attrs: NO_ATTRS as OpRow<N>["attrs"],
    types: (site) => {
      needKind(site, 0, kinds);
      needSame(site, "C1", array(site, 0), array(site, 1), "the operands differ");
      return [array(site, 0)];
    },
    constraints: {
      ...(kinds === ANY ? {} : { I1: KINDS2 }),
      C1: "type(lhs) = type(rhs) = type(result)",
    },
    result: ["C1", "C1"],
    ...EXACT,
    accuracy,
    traits: commutes ? commutative : elementwise,
  };
}

const ulp = (n: number): Accuracy => ({ ulp: n });
const PART = "element_type(result) is the real part's of a complex operand, else the operand's";

/** Unary ops. */
export const UNARY = {
  abs: unaryTo("ifc", partOf, PART, ulp(2)),
  cbrt: unary("fc", ulp(4)),
  ceil: unary("f", "exact"),
  cosine: unary("fc", ulp(8)),
  count_leading_zeros: unary("iu", "exact"),
  exponential: unary("fc", ulp(4)),
  exponential_minus_one: unary("fc", ulp(6)),
  floor: unary("f", "exact"),
  imag: unaryTo("fc", partOf, PART, "exact"),
  is_finite: unaryTo("f", () => "bool", "element_type(result) is bool", "exact"),
  log: unary("fc", ulp(4)),
  log_plus_one: unary("fc", ulp(6)),
  logistic: unary("fc", ulp(8)),
  negate: unary("iufc", "exact"),
  not: unary("biu", "exact"),
  popcnt: unary("iu", "exact"),
  real: unaryTo("fc", partOf, PART, "exact"),
  round_nearest_afz: unary("f", "exact"),
  round_nearest_even: unary("f", "exact"),
  rsqrt: unary("fc", ulp(3)),
  sign: unary("iufc", "exact"),
  sine: unary("fc", ulp(8)),
  sqrt: unary("fc", ulp(1)),
  tan: unary("fc", ulp(16)),
  tanh: unary("fc", ulp(8)),
} satisfies { readonly [N in UnaryOp]: OpRow<N> };

/** Binary ops. */
export const BINARY = {
  add: binary(ANY, "exact", true),
  and: binary("biu", "exact", true),
  atan2: binary("fc", ulp(8)),
  complex: {
    ...binary<"complex">("f", "exact"),
    types: (site) => {
      const [re, im] = [array(site, 0), array(site, 1)];
      need(
        re.dtype === "f32" || re.dtype === "f64",
        site,
        "I1",
        `operand 0 is ${re.dtype}, expected f32 or f64`,
      );
      needSame(site, "C1", re, im, "the parts differ");
      return [typeOf(re.dtype === "f32" ? "c64" : "c128", re.shape)];
    },
    constraints: {
      I1: "the parts are f32 or f64",
      C1: "type(lhs) = type(rhs)",
      C2: "shape(result) = shape(lhs)",
      C3: "element_type(result) is complex<element_type(lhs)>",
    },
    result: ["C2", "C3"],
  },
  divide: binary("iufc", ulp(1)),
  maximum: binary(ANY, "exact", true),
  minimum: binary(ANY, "exact", true),
  multiply: binary(ANY, "exact", true),
  or: binary("biu", "exact", true),
  power: binary("iufc", ulp(16)),
  remainder: binary("iufc", "exact"),
  shift_left: binary("iu", "exact"),
  shift_right_arithmetic: binary("iu", "exact"),
  shift_right_logical: binary("iu", "exact"),
  subtract: binary("iufc", "exact"),
  xor: binary("biu", "exact", true),
} satisfies { readonly [N in BinaryOp]: OpRow<N> };

const ofShape = (x: ArrayType, full: ArrayType): boolean =>
  x.shape.length === 0 || !shapesDiffer(x.shape, full.shape);

/** Is this the way that values of the dtype compare? */
function compares(dtype: DType, by: string): boolean {
  switch (DTYPES[dtype].kind) {
    case "i":
      return by === "SIGNED";
    case "u":
    case "b":
      return by === "UNSIGNED";
    case "c":
      return by === "FLOAT";
    case "f":
      return by === "FLOAT" || by === "TOTALORDER";
  }
}

const compare: OpRow<"compare"> = {
  arity: [2, 2],
  attrs: {
    direction: { kind: ["EQ", "NE", "GE", "GT", "LE", "LT"] },
    compareType: { kind: ["FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"] },
  },
  types: (site) => {
    const [x, y] = [array(site, 0), array(site, 1)];
    const { compareType, direction } = site.attrs;
    need(x.dtype === y.dtype, site, "C1", `${printType(x)} is compared with ${printType(y)}`);
    need(!shapesDiffer(x.shape, y.shape), site, "C2", `${printType(x)} is compared with ${printType(y)}`);
    need(compares(x.dtype, compareType), site, "C3", `${x.dtype} compared as ${compareType}`);
    const ordered = DTYPES[x.dtype].kind !== "c" || direction === "EQ" || direction === "NE";
    need(ordered, site, "X1", `${x.dtype} has no order, for ${direction}`);
    return [typeOf("bool", x.shape)];
  },
  constraints: {
    C1: "element_type(lhs) = element_type(rhs)",
    C2: "shape(lhs) = shape(rhs) = shape(result)",
    C3: "compare_type fits the element type",
    X1: "complex values are compared by EQ and NE only",
    X2: "element_type(result) is bool",
  },
  result: ["C2", "X2"],
  ...EXACT,
  traits: elementwise,
};

const select: OpRow<"select"> = {
  arity: [3, 3],
  attrs: {},
  types: (site) => {
    needKind(site, 0, "b");
    const [pred, x, y] = arrays(site) as [ArrayType, ArrayType, ArrayType];
    need(ofShape(pred, x), site, "C1", `pred is ${printType(pred)} beside ${printType(x)}`);
    needSame(site, "C2", x, y, "on_true and on_false differ");
    return [x];
  },
  constraints: {
    I1: "pred is bool",
    C1: "rank(pred) = 0 or shape(pred) = shape(on_true)",
    C2: "type(on_true) = type(on_false) = type(result)",
  },
  result: ["C2", "C2"],
  ...EXACT,
  traits: elementwise,
};

const clamp: OpRow<"clamp"> = {
  arity: [3, 3],
  attrs: {},
  types: (site) => {
    const [min, x, max] = arrays(site) as [ArrayType, ArrayType, ArrayType];
    need(ofShape(min, x), site, "C1", `min is ${printType(min)} beside ${printType(x)}`);
    need(ofShape(max, x), site, "C2", `max is ${printType(max)} beside ${printType(x)}`);
    const same = min.dtype === x.dtype && max.dtype === x.dtype;
    need(same, site, "C3", `dtypes are ${min.dtype}, ${x.dtype}, ${max.dtype}`);
    return [x];
  },
  constraints: {
    C1: "rank(min) = 0 or shape(min) = shape(operand)",
    C2: "rank(max) = 0 or shape(max) = shape(operand)",
    C3: "element_type(min) = element_type(operand) = element_type(max)",
    C4: "type(operand) = type(result)",
  },
  result: ["C4", "C4"],
  ...EXACT,
  traits: elementwise,
};

const convert: OpRow<"convert"> = {
  arity: [1, 1],
  attrs: {},
  types: (site) => [typeOf(declared(site).dtype, array(site, 0).shape)],
  constraints: { C1: "shape(operand) = shape(result)" },
  result: ["C1", "C1"],
  ...EXACT,
  traits: elementwise,
};

/** The operand's shape in elements of another width. */
function bitcastShape(site: Site<"bitcast_convert">, x: ArrayType, to: ArrayType): ArrayType {
  const [from, width] = [DTYPES[x.dtype].bits, DTYPES[to.dtype].bits];
  if (from === width) return typeOf(to.dtype, x.shape);
  if (from > width) return typeOf(to.dtype, [...x.shape, from / width]);
  const last = x.shape[x.shape.length - 1];
  const fits = typeof last !== "number" || last * from === width;
  need(
    last !== undefined && fits,
    site,
    "C1",
    `${printType(x)} doesn't end in an axis of ${width / from} for ${to.dtype}`,
  );
  return typeOf(to.dtype, x.shape.slice(0, -1));
}

const bitcast_convert: OpRow<"bitcast_convert"> = {
  arity: [1, 1],
  attrs: {},
  types: (site) => {
    const [x, to] = [array(site, 0), declared(site)];
    const complex = (t: ArrayType): boolean => DTYPES[t.dtype].kind === "c";
    need(complex(x) === complex(to), site, "C2", `${x.dtype} to ${to.dtype}`);
    return [bitcastShape(site, x, to)];
  },
  constraints: {
    C1: "the bits of operand and result fit each other along the last axis",
    C2: "both of operand and result are complex, or neither",
  },
  result: ["C1", "C1"],
  ...EXACT,
  traits: {},
};

const reduce_precision: OpRow<"reduce_precision"> = {
  arity: [1, 1],
  attrs: { exponentBits: { kind: "int" }, mantissaBits: { kind: "int" } },
  types: (site) => {
    needKind(site, 0, "f");
    const { exponentBits, mantissaBits } = site.attrs;
    need(exponentBits >= 1, site, "C2", `exponent_bits = ${exponentBits}`);
    need(mantissaBits >= 0, site, "C3", `mantissa_bits = ${mantissaBits}`);
    return [array(site, 0)];
  },
  constraints: {
    I1: KINDS1,
    C1: "type(operand) = type(result)",
    C2: "1 <= exponent_bits",
    C3: "0 <= mantissa_bits",
  },
  result: ["C1", "C1"],
  ...EXACT,
  traits: elementwise,
};

/** Elementwise ops with more operands or attributes. */
export const ELEMENTWISE = {
  compare,
  select,
  clamp,
  convert,
  bitcast_convert,
  reduce_precision,
} satisfies { readonly [N in OpName]?: OpRow<N> };
