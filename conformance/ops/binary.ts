// Elementwise ops of two operands: all pairs of edges, values known from mathematics, random elements.
import type { BinaryOp, ConcreteType, DType } from "tenon-plugin-api";
import { single, type } from "../builder.ts";
import { opCase, type Deviation, type OpCase, type Trial } from "../case.ts";
import { dtypesOf, edges, kindOf, randomElements, seedOf } from "../inputs.ts";
import { toleranceOf, type Tolerance } from "../tolerance.ts";
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
import { complexBinary } from "./complex-formulas.ts";
import { KNOWN2 } from "./known.ts";
import { mapElements, pairsOf } from "./trials.ts";

interface Row {
  readonly kinds: string;
  readonly float?: (x: number, y: number) => number;
  readonly int?: (x: bigint, y: bigint, bits: number) => bigint;
  readonly bool?: (x: number, y: number) => number;
  /** Where random floats are drawn from, for both operands. */
  readonly domain?: readonly [low: number, high: number];
}
const isNaN = (x: number, y: number): boolean => x !== x || y !== y;
const isMinus = (x: number): boolean => x < 0 || Object.is(x, -0);
/** The larger, −0 being smaller than +0. */
const larger = (x: number, y: number): number => (x === y ? (isMinus(x) ? y : x) : x > y ? x : y);
const pattern = (x: bigint, bits: number): bigint => BigInt.asUintN(bits, x);
/** A shift count: the bits of y as an unsigned number; from the width on everything is shifted out. */
const count = (y: bigint, bits: number): bigint | undefined => {
  const n = pattern(y, bits);
  return n < BigInt(bits) ? n : undefined;
};
const or = (x: number, y: number): number => (x + y > 0 ? 1 : 0);
const and = (x: number, y: number): number => x * y;

const ROWS: { readonly [N in BinaryOp]: Row } = {
  add: { kinds: "biufc", float: (x, y) => x + y, int: (x, y) => x + y, bool: or },
  and: { kinds: "biu", int: (x, y) => x & y, bool: and },
  atan2: { kinds: "f", float: Math.atan2 },
  complex: { kinds: "" }, // in elementwise.ts
  divide: { kinds: "iufc", float: (x, y) => x / y, int: (x, y) => (y === 0n ? -1n : x / y) },
  maximum: {
    kinds: "biuf",
    float: (x, y) => (isNaN(x, y) ? NaN : larger(x, y)),
    int: (x, y) => (x > y ? x : y),
    bool: or,
  },
  minimum: {
    kinds: "biuf",
    float: (x, y) => (isNaN(x, y) ? NaN : -larger(-x, -y)),
    int: (x, y) => (x < y ? x : y),
    bool: and,
  },
  multiply: { kinds: "biufc", float: (x, y) => x * y, int: (x, y) => x * y, bool: and },
  or: { kinds: "biu", int: (x, y) => x | y, bool: or },
  power: { kinds: "iufc", float: ieeePower, int: intPower, domain: [0.1, 4] },
  remainder: { kinds: "iuf", float: (x, y) => x % y, int: (x, y) => (y === 0n ? x : x % y) },
  shift_left: { kinds: "iu", int: (x, y, bits) => x << (count(y, bits) ?? 64n) },
  shift_right_arithmetic: {
    kinds: "iu",
    int: (x, y, bits) => BigInt.asIntN(bits, x) >> (count(y, bits) ?? 64n),
  },
  shift_right_logical: { kinds: "iu", int: (x, y, bits) => pattern(x, bits) >> (count(y, bits) ?? 64n) },
  subtract: { kinds: "iufc", float: (x, y) => x - y, int: (x, y) => x - y },
  xor: { kinds: "biu", int: (x, y) => x ^ y, bool: (x, y) => (x === y ? 0 : 1) },
};
/** IEEE 754 §9.2.1: pow(x, ±0) = pow(1, y) = pow(−1, ±∞) = 1. */
function ieeePower(x: number, y: number): number {
  return y === 0 || x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
}
/** A negative power is the reciprocal, truncated: 0 but for ±1. */
function intPower(x: bigint, y: bigint, bits: number): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? 1n - 2n * (pattern(y, bits) & 1n) : 0n;
  let [result, square] = [1n, x];
  for (let n = y; n > 0n; n /= 2n) {
    if (n % 2n === 1n) result = pattern(result * square, bits);
    square = pattern(square * square, bits);
  }
  return result;
}

function elementOf(op: BinaryOp, dtype: DType, x: Element, y: Element): Element {
  const { bool, float, int } = ROWS[op];
  if (dtype === "bool") return (bool as NonNullable<Row["bool"]>)(Number(x), Number(y));
  if (kindOf(dtype) === "f")
    return roundTo(dtype, (float as NonNullable<Row["float"]>)(Number(x), Number(y)));
  return wrapInt(dtype, (int as NonNullable<Row["int"]>)(BigInt(x), BigInt(y), bitsOf(dtype)));
}

function trial(
  op: BinaryOp,
  dtype: DType,
  x: Elements,
  y: Elements,
  shape: readonly number[] = [x.length],
): Trial {
  const t: ConcreteType = type(dtype, ...shape);
  const want = x.map((v, i) => elementOf(op, dtype, toElement(dtype, v), toElement(dtype, y[i] as Element)));
  return {
    program: single(op, [t, t], {}, [t]),
    inputs: [x, y],
    want: [want],
    tolerance: toleranceOf(op, dtype),
  };
}
function complexTrial(op: BinaryOp, dtype: DType, a: Elements, b: Elements): Trial {
  const f = complexBinary(op);
  const point = (p: Elements | undefined): [number, number] => [Number(p?.[0]), Number(p?.[1])];
  const points = mapElements(dtype, [a, b], (p, q) => f(point(p), point(q)));
  const t = type(dtype, a.length / 2);
  const { ulp } = toleranceOf(op, dtype);
  const atol = points.flatMap((w) => Array<number>(2).fill(ulp * ulpOf(dtype, Math.hypot(...w))));
  const sums = op === "add" || op === "subtract";
  const tolerance: Tolerance = sums ? { ulp: 0 } : { ulp: 1, atol };
  const want = points.flatMap((w) => w.map((x) => roundTo(dtype, x)));
  return { program: single(op, [t, t], {}, [t]), inputs: [a, b], want: [want], tolerance };
}

/** Pairs of which at least one is special. */
function specialPairs(dtype: DType, about: Deviation): [Elements, Elements] {
  const [special, finite] = [
    edges(dtype, about),
    [...edges(dtype, "finite").slice(0, 6), ...edges(dtype, about)],
  ];
  const [a, b] = [pairsOf(special, finite), pairsOf(finite, special)];
  return [
    [...a[0], ...b[0]],
    [...a[1], ...b[1]],
  ];
}
/** An infinity against NaN is a question of NaN; a zero that is divided by makes infinities, which all devices have. */
const SPECIAL: readonly Deviation[] = ["signedZero", "inf", "nan"];

function casesOf(op: BinaryOp, dtype: DType): OpCase[] {
  const seed = seedOf(`${op}${dtype}`);
  const { domain = [-4, 4] } = ROWS[op];
  const draw = (n: number, k: number, from: readonly [number, number] = domain): Elements =>
    kindOf(dtype) === "f" || isComplex(dtype)
      ? randomElements(dtype, n, seed + k, from)
      : randomElements(dtype, n, seed + k);
  if (isComplex(dtype))
    return [
      opCase(op, dtype, "values=random", () =>
        complexTrial(op, dtype, draw(19, 0, [-2, 2]), draw(19, 1, [-2, 2])),
      ),
    ];
  const make = (
    params: string,
    xy: () => [Elements, Elements],
    about: Deviation[] = [],
    shape?: number[],
  ): OpCase => opCase(op, dtype, params, () => trial(op, dtype, ...xy(), shape), about);
  const isFloat = kindOf(dtype) === "f";
  const known = isFloat ? KNOWN2[op] : undefined;
  return [
    ...(known === undefined ? [] : [opCase(op, dtype, "values=known", () => knownTrial(op, dtype, known))]),
    ...(op === "power" && isFloat
      ? []
      : [make("values=edges", () => pairsOf(edges(dtype, "finite"), edges(dtype, "finite")))]),
    ...(isFloat ? SPECIAL.map((a) => make(`values=${a}`, () => specialPairs(dtype, a), [a])) : []),
    make("values=random", () => [draw(67, 0), draw(67, 1)]),
    make("shape=scalar", () => [draw(1, 0), draw(1, 1)], [], []),
    make("shape=empty", () => [[], []], [], [0, 4]),
    make("shape=3x5x7", () => [draw(105, 0), draw(105, 1)], [], [3, 5, 7]),
    make("shape=2053", () => [draw(2053, 0), draw(2053, 1)]), // a tail behind every width and chunk
  ];
}
function knownTrial(
  op: BinaryOp,
  dtype: DType,
  known: readonly (readonly [number, number, number])[],
): Trial {
  const t = type(dtype, known.length);
  return {
    program: single(op, [t, t], {}, [t]),
    inputs: [known.map(([x]) => x), known.map(([, y]) => y)],
    want: [known.map(([, , z]) => roundTo(dtype, z))],
    tolerance: toleranceOf(op, dtype),
  };
}

/** Cases of binary ops. */
export const BINARY: readonly OpCase[] = (Object.keys(ROWS) as BinaryOp[]).flatMap((op) =>
  dtypesOf(ROWS[op].kinds).flatMap((dtype) => casesOf(op, dtype)),
);
