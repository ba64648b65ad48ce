// Ops that compute each result element from the elements at its place.
import { unimplemented, type BinaryOp, type DType, type OpAttrs, type UnaryOp } from "tenon-plugin-api";
import {
  copyElement,
  partsOf,
  sizeOf,
  tensor,
  toBytes,
  fromBytes,
  type HostKernel,
  type Kernels,
  type Tensor,
} from "tenon-plugin-kit";
import { COMPLEX1, COMPLEX2, COMPLEX_TO_REAL } from "../complex.ts";
import { complexAt, isComplex, isFloat, reader, setComplex, writer, type Scalar } from "../elements.ts";
import { binary, converter, unary } from "../real.ts";
import { reducedPrecision, totalOrder } from "../bits.ts";

const refuse = (op: string, d: DType): never => {
  throw unimplemented(op, d, "reference");
};

const mapUnary =
  (name: UnaryOp): HostKernel<UnaryOp, Tensor> =>
  ([x], { types }) => {
    const out = tensor(types[0]);
    const n = sizeOf(x.shape);
    const set = writer(out);
    if (!isComplex(x.dtype)) {
      const [f, get] = [unary(name, x.dtype) ?? refuse(name, x.dtype), reader(x)];
      for (let i = 0; i < n; i++) set(i, f(get(i)));
    } else if (isComplex(out.dtype)) {
      const f = COMPLEX1[name] ?? refuse(name, x.dtype);
      for (let i = 0; i < n; i++) setComplex(out, i, f(complexAt(x, i)));
    } else {
      const f = COMPLEX_TO_REAL[name] ?? refuse(name, x.dtype);
      for (let i = 0; i < n; i++) set(i, f(complexAt(x, i)));
    }
    return out;
  };

const mapBinary =
  (name: BinaryOp): HostKernel<BinaryOp, Tensor> =>
  ([x, y], { types }) => {
    const out = tensor(types[0]);
    const n = sizeOf(x.shape);
    if (isComplex(x.dtype)) {
      const f = COMPLEX2[name] ?? refuse(name, x.dtype);
      for (let i = 0; i < n; i++) setComplex(out, i, f(complexAt(x, i), complexAt(y, i)));
      return out;
    }
    const f = binary(name, x.dtype) ?? refuse(name, x.dtype);
    const [get, other, set] = [reader(x), reader(y), writer(out)];
    for (let i = 0; i < n; i++) set(i, f(get(i), other(i)));
    return out;
  };

const UNARY = [
  ...([
    "abs",
    "cbrt",
    "ceil",
    "cosine",
    "count_leading_zeros",
    "exponential",
    "exponential_minus_one",
  ] as const),
  ...([
    "floor",
    "imag",
    "is_finite",
    "log",
    "log_plus_one",
    "logistic",
    "negate",
    "not",
    "popcnt",
    "real",
  ] as const),
  ...(["round_nearest_afz", "round_nearest_even", "rsqrt", "sign", "sine", "sqrt", "tan", "tanh"] as const),
] satisfies readonly UnaryOp[];
const BINARY = [
  ...([
    "add",
    "and",
    "atan2",
    "divide",
    "maximum",
    "minimum",
    "multiply",
    "or",
    "power",
    "remainder",
  ] as const),
  ...(["shift_left", "shift_right_arithmetic", "shift_right_logical", "subtract", "xor"] as const),
] satisfies readonly BinaryOp[];

type Direction = OpAttrs["compare"]["direction"];
const COMPARE: { readonly [D in Direction]: (x: Scalar, y: Scalar) => boolean } = {
  EQ: (x, y) => x === y,
  NE: (x, y) => x !== y,
  GE: (x, y) => x >= y,
  GT: (x, y) => x > y,
  LE: (x, y) => x <= y,
  LT: (x, y) => x < y,
};

const compare: HostKernel<"compare", Tensor> = ([x, y], { attrs, types }) => {
  const out = tensor(types[0]);
  const { direction, compareType } = attrs;
  const n = sizeOf(x.shape);
  if (isComplex(x.dtype)) {
    for (let i = 0; i < n; i++) {
      const [a, b] = [complexAt(x, i), complexAt(y, i)];
      const equal = a[0] === b[0] && a[1] === b[1];
      out.data[i] = equal === (direction === "EQ") ? 1 : 0;
    }
    return out;
  }
  const key = compareType === "TOTALORDER" && isFloat(x.dtype) ? totalOrder : reader;
  const [f, get, other] = [COMPARE[direction], key(x), key(y)];
  for (let i = 0; i < n; i++) out.data[i] = f(get(i), other(i)) ? 1 : 0;
  return out;
};

/** Position in an operand that is whole or one element. */
const at = (x: Tensor, i: number): number => (x.shape.length === 0 ? 0 : i);

const select: HostKernel<"select", Tensor> = ([pred, onTrue, onFalse], { types }) => {
  const out = tensor(types[0]);
  const n = sizeOf(out.shape);
  for (let i = 0; i < n; i++) copyElement(out, i, pred.data[at(pred, i)] !== 0 ? onTrue : onFalse, i);
  return out;
};

const clamp: HostKernel<"clamp", Tensor> = ([low, x, high], { types }) => {
  const out = tensor(types[0]);
  const n = sizeOf(out.shape);
  const [max, min] = [pairwise("maximum", out), pairwise("minimum", out)];
  for (let i = 0; i < n; i++) {
    max(i, x, i, low, at(low, i));
    min(i, out, i, high, at(high, i));
  }
  return out;
};
/** Sets one element of `out` to a binary op of two elements. */
function pairwise(
  name: BinaryOp,
  out: Tensor,
): (to: number, x: Tensor, i: number, y: Tensor, j: number) => void {
  if (isComplex(out.dtype)) {
    const f = COMPLEX2[name] ?? refuse(name, out.dtype);
    return (to, x, i, y, j) => {
      setComplex(out, to, f(complexAt(x, i), complexAt(y, j)));
    };
  }
  const f = binary(name, out.dtype) ?? refuse(name, out.dtype);
  const set = writer(out);
  return (to, x, i, y, j) => set(to, f(reader(x)(i), reader(y)(j)));
}

const partType = (d: DType): DType => (d === "c64" ? "f32" : d === "c128" ? "f64" : d);
/** A complex operand gives its real part, a complex result gets 0 as the imaginary one. */
const convert: HostKernel<"convert", Tensor> = ([x], { types }) => {
  const out = tensor(types[0]);
  const f = converter(partType(x.dtype), partType(out.dtype));
  const [get, set] = [reader(x), writer(out)];
  const [from, to] = [partsOf(x.dtype), partsOf(out.dtype)];
  const n = sizeOf(out.shape);
  for (let i = 0; i < n; i++) {
    set(to * i, f(get(from * i)));
    if (to === 2 && from === 2) set(2 * i + 1, f(get(2 * i + 1)));
  }
  return out;
};

/** Bool is one bit on paper and a byte in memory: it is made of no other type. */
const bitcastConvert: HostKernel<"bitcast_convert", Tensor> = ([x], { types }) => {
  if ((x.dtype === "bool") !== (types[0].dtype === "bool")) return refuse("bitcast_convert", "bool");
  return fromBytes(types[0], toBytes(x));
};

const reducePrecision: HostKernel<"reduce_precision", Tensor> = ([x], { attrs, types }) => {
  const out = tensor(types[0]);
  const [get, set] = [reader(x), writer(out)];
  const n = sizeOf(x.shape);
  for (let i = 0; i < n; i++)
    set(i, reducedPrecision(get(i) as number, x.dtype, attrs.exponentBits, attrs.mantissaBits));
  return out;
};

const complex: HostKernel<"complex", Tensor> = ([re, im], { types }) => {
  const out = tensor(types[0]);
  for (let i = 0; i < re.data.length; i++) setComplex(out, i, [re.data[i] as number, im.data[i] as number]);
  return out;
};

/** Kernels of elementwise ops. */
export const ELEMENTWISE = {
  ...(Object.fromEntries(UNARY.map((n) => [n, mapUnary(n)])) as {
    [N in (typeof UNARY)[number]]: HostKernel<UnaryOp, Tensor>;
  }),
  ...(Object.fromEntries(BINARY.map((n) => [n, mapBinary(n)])) as {
    [N in (typeof BINARY)[number]]: HostKernel<BinaryOp, Tensor>;
  }),
  compare,
  select,
  clamp,
  convert,
  bitcast_convert: bitcastConvert,
  reduce_precision: reducePrecision,
  complex,
} satisfies Kernels<Tensor>;
