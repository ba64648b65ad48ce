// Elementwise ops of one operand: values known from mathematics, edges, random elements; scalars, empty and odd shapes.
import type { ConcreteType, DType, UnaryOp } from "tenon-plugin-api";
import { single, type } from "../builder.ts";
import { opCase, type Deviation, type OpCase, type Trial } from "../case.ts";
import { dtypesOf, edges, kindOf, randomElements, seedOf } from "../inputs.ts";
import { EXACT, toleranceOf, type Tolerance } from "../tolerance.ts";
import {
  bitsOf,
  isComplex,
  roundTo,
  toElement,
  ulpOf,
  wrapInt,
  type Element,
  type Elements,
} from "../values.ts";
import { complexUnary } from "./complex-formulas.ts";
import { COMPLEX_KNOWN, KNOWN } from "./known.ts";
import { mapElements } from "./trials.ts";

interface Row {
  /** Kinds of dtypes that the op takes. */
  readonly kinds: string;
  readonly float?: (x: number) => number;
  readonly int?: (x: bigint, bits: number) => bigint;
  /** Where random floats are drawn from. */
  readonly domain?: readonly [low: number, high: number];
  readonly to?: (dtype: DType) => DType;
}
const part = (d: DType): DType => (d === "c64" ? "f32" : d === "c128" ? "f64" : d);
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const unsigned = (x: bigint, bits: number): bigint => BigInt.asUintN(bits, x);
const countOnes = (x: bigint): bigint => (x === 0n ? 0n : (x & 1n) + countOnes(x >> 1n));
const bitLength = (x: bigint): number => (x === 0n ? 0 : 1 + bitLength(x >> 1n));
/** To the nearest integer; halves as `tie` says, which gets the lower neighbour. */
function nearest(x: number, tie: (low: number) => number): number {
  const low = Math.floor(x);
  const rest = x - low;
  const rounded = rest === 0.5 ? tie(low) : rest > 0.5 ? low + 1 : low;
  return rounded === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : rounded;
}

const ROWS: { readonly [N in UnaryOp]: Row } = {
  abs: { kinds: "ifc", float: (x) => (x < 0 ? -x : x === 0 ? 0 : x), int: magnitude, to: part },
  cbrt: { kinds: "f", float: Math.cbrt, domain: [-100, 100] },
  ceil: { kinds: "f", float: Math.ceil, domain: [-50, 50] },
  cosine: { kinds: "fc", float: Math.cos, domain: [-30, 30] },
  count_leading_zeros: { kinds: "iu", int: (x, bits) => BigInt(bits - bitLength(unsigned(x, bits))) },
  exponential: { kinds: "fc", float: Math.exp, domain: [-10, 10] },
  exponential_minus_one: { kinds: "fc", float: Math.expm1, domain: [-3, 3] },
  floor: { kinds: "f", float: Math.floor, domain: [-50, 50] },
  imag: { kinds: "fc", float: () => 0, to: part },
  is_finite: { kinds: "f", float: (x) => (x - x === 0 ? 1 : 0), to: () => "bool" },
  log: { kinds: "fc", float: Math.log, domain: [0.01, 50] },
  log_plus_one: { kinds: "fc", float: Math.log1p, domain: [-0.9, 5] },
  logistic: { kinds: "fc", float: (x) => 1 / (1 + Math.exp(-x)), domain: [-8, 8] },
  negate: { kinds: "iufc", float: (x) => -x, int: (x) => -x },
  not: { kinds: "biu", int: (x) => ~x },
  popcnt: { kinds: "iu", int: (x, bits) => countOnes(unsigned(x, bits)) },
  real: { kinds: "fc", float: (x) => x, to: part },
  round_nearest_afz: {
    kinds: "f",
    float: (x) => nearest(x, (low) => (x < 0 ? low : low + 1)),
    domain: [-50, 50],
  },
  round_nearest_even: {
    kinds: "f",
    float: (x) => nearest(x, (low) => 2 * Math.round(low / 2)),
    domain: [-50, 50],
  },
  rsqrt: { kinds: "fc", float: (x) => 1 / Math.sqrt(x), domain: [0.01, 50] },
  sign: {
    kinds: "iufc",
    float: (x) => (x > 0 ? 1 : x < 0 ? -1 : x),
    int: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
  },
  sine: { kinds: "fc", float: Math.sin, domain: [-30, 30] },
  sqrt: { kinds: "fc", float: Math.sqrt, domain: [0, 50] },
  tan: { kinds: "fc", float: Math.tan, domain: [-1.5, 1.5] },
  tanh: { kinds: "fc", float: Math.tanh, domain: [-5, 5] },
};

/** What one element becomes: by BigInt for integers, in double precision for floats. */
function elementOf(op: UnaryOp, dtype: DType, x: Element): Element {
  const row = ROWS[op];
  if (dtype === "bool") return x === 0 ? 1 : 0;
  if (kindOf(dtype) !== "f")
    return wrapInt(dtype, (row.int as NonNullable<Row["int"]>)(BigInt(x), bitsOf(dtype)));
  const y = (row.float as NonNullable<Row["float"]>)(Number(x));
  return row.to?.(dtype) === "bool" ? y : roundTo(dtype, y);
}

function trial(op: UnaryOp, dtype: DType, x: Elements, shape: readonly number[] = [x.length]): Trial {
  const to = ROWS[op].to?.(dtype) ?? dtype;
  const types: [ConcreteType, ConcreteType] = [type(dtype, ...shape), type(to, ...shape)];
  const want = x.map((v) => elementOf(op, dtype, toElement(dtype, v)));
  return {
    program: single(op, [types[0]], {}, [types[1]]),
    inputs: [x],
    want: [want],
    tolerance: toleranceOf(op, dtype),
  };
}

/** Complex results are right as points: to within ulps of their size. */
function complexTrial(op: UnaryOp, dtype: DType, z: Elements): Trial {
  const f = complexUnary(op);
  const to = ROWS[op].to?.(dtype) ?? dtype;
  const n = z.length / 2;
  const points = mapElements(dtype, [z], (p) => f([Number(p[0]), Number(p[1])]));
  const want = points.flatMap((w) => (isComplex(to) ? w : [w[0]]));
  const program = single(op, [type(dtype, n)], {}, [type(to, n)]);
  const { ulp } = toleranceOf(op, dtype);
  const atol = points.flatMap((w) => {
    const size = ulp * ulpOf(dtype, Math.hypot(...w));
    return isComplex(to) ? [size, size] : [size];
  });
  const tolerance: Tolerance =
    op === "negate" || op === "real" || op === "imag" ? { ulp: 0 } : { ulp: 1, atol };
  return { program, inputs: [z], want: [want.map((x) => toElement(to, x))], tolerance };
}

const SPECIAL: readonly Deviation[] = ["signedZero", "inf", "nan", "denormal"];
/** Where a function is steep or flat the bits of a denormal depend on its algorithm: only where it doesn't compute. */
const KEEPS_DENORMALS: readonly UnaryOp[] = ["abs", "negate", "sign", "is_finite", "ceil", "floor"];

function casesOf(op: UnaryOp, dtype: DType): OpCase[] {
  const { domain } = ROWS[op];
  const make = (
    params: string,
    x: () => Elements,
    about: Deviation[] = [],
    shape?: readonly number[],
  ): OpCase => opCase(op, dtype, params, () => trial(op, dtype, x(), shape), about);
  const seed = seedOf(`${op}${dtype}`);
  const points = COMPLEX_KNOWN[op];
  if (isComplex(dtype))
    return [
      ...(points === undefined
        ? []
        : [opCase(op, dtype, "values=known", () => knownPoints(op, dtype, points), ["signedZero"])]),
      opCase(op, dtype, "values=random", () =>
        complexTrial(op, dtype, randomElements(dtype, 19, seed, [-2, 2])),
      ),
    ];
  const inDomain = (n: number) => (): Elements =>
    kindOf(dtype) === "f"
      ? randomElements(dtype, n, seed, domain ?? [-4, 4])
      : randomElements(dtype, n, seed);
  const special =
    kindOf(dtype) !== "f" ? [] : SPECIAL.filter((a) => a !== "denormal" || KEEPS_DENORMALS.includes(op));
  const known = kindOf(dtype) === "f" ? KNOWN[op] : undefined;
  return [
    ...(known === undefined ? [] : [opCase(op, dtype, "values=known", () => knownTrial(op, dtype, known))]),
    ...(!STEEP.includes(op) ? [make("values=edges", () => edges(dtype, "finite"))] : []),
    // f(±0) is a number of every type, or an infinity.
    ...special.map((a) =>
      opCase(op, dtype, `values=${a}`, () => ({ ...trial(op, dtype, edges(dtype, a)), ...EXACTLY[a] }), [a]),
    ),
    make("values=random", inDomain(67)),
    make("shape=scalar", inDomain(1), [], []),
    make("shape=empty", () => [], [], [3, 0]),
    make("shape=3x5x7", inDomain(105), [], [3, 5, 7]),
    make("shape=2053", inDomain(2053)), // a tail behind every width and chunk
  ];
}
const EXACTLY: { readonly [D in Deviation]?: Pick<Trial, "tolerance"> } = {
  signedZero: { tolerance: EXACT },
};
/** At huge arguments these measure the range reduction or the overflow of one algorithm. */
const STEEP: readonly UnaryOp[] = ["sine", "cosine", "tan"];

function knownTrial(op: UnaryOp, dtype: DType, known: readonly (readonly [number, number])[]): Trial {
  const n = known.length;
  return {
    program: single(op, [type(dtype, n)], {}, [type(dtype, n)]),
    inputs: [known.map(([x]) => x)],
    want: [known.map(([, y]) => roundTo(dtype, y))],
    tolerance: toleranceOf(op, dtype),
  };
}

type Points = NonNullable<(typeof COMPLEX_KNOWN)[UnaryOp]>;
/** To within ulps of the point's size; where a part is exactly zero or infinite, exactly. */
function knownPoints(op: UnaryOp, dtype: DType, points: Points): Trial {
  const to = ROWS[op].to?.(dtype) ?? dtype;
  const want = points.flatMap(([, , re, im]) => (isComplex(to) ? [re, im] : [re])).map((x) => roundTo(to, x));
  const sizes = points.flatMap(([, , re, im]) => {
    const size = toleranceOf(op, dtype).ulp * ulpOf(dtype, Math.hypot(re, im));
    return isComplex(to) ? [size, size] : [size];
  });
  const atol = want.map((x, i) => (x === 0 || !Number.isFinite(x) ? 0 : (sizes[i] as number)));
  return {
    program: single(op, [type(dtype, points.length)], {}, [type(to, points.length)]),
    inputs: [points.flatMap(([re, im]) => [re, im])],
    want: [want],
    tolerance: { ulp: 0, atol },
  };
}

/** Cases of unary ops. */
export const UNARY: readonly OpCase[] = (Object.keys(ROWS) as UnaryOp[]).flatMap((op) =>
  dtypesOf(ROWS[op].kinds).flatMap((dtype) => casesOf(op, dtype)),
);
