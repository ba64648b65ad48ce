// Elementwise ops that change the type: convert, bitcast_convert, reduce_precision, complex.
import type { DType } from "tenon-plugin-api";
import { type } from "../builder.ts";
import { opCase, type OpCase } from "../case.ts";
import { DTYPES, dtypesOf, edges, kindOf, randomElements, seedOf } from "../inputs.ts";
import {
  bitsOf,
  bytesPerElement,
  decode,
  encode,
  formatOf,
  isComplex,
  roundTo,
  toElement,
  wrapInt,
  type Element,
  type Elements,
} from "../values.ts";
import { allEdges, mapElements, oneOp, pairsOf, scalar } from "./trials.ts";

const partOf = (d: DType): DType => (d === "c64" ? "f32" : d === "c128" ? "f64" : d);
/** A real element in another real type: floats to integers truncated and clamped, NaN to 0, integers wrapped, ≠ 0 to bool. */
function converted(x: Element, from: DType, to: DType): Element {
  if (to === "bool") return x === 0 || x === 0n ? 0 : 1;
  if (formatOf(to) !== undefined) return roundTo(to, Number(x));
  if (formatOf(from) === undefined) return wrapInt(to, BigInt(x));
  const bits = BigInt(bitsOf(to));
  const top = to.startsWith("i") ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const bottom = to.startsWith("i") ? -top - 1n : 0n;
  const n = Number(x);
  if (n !== n) return wrapInt(to, 0n);
  if (!Number.isFinite(n)) return wrapInt(to, n > 0 ? top : bottom);
  const whole = BigInt(Math.trunc(n));
  return wrapInt(to, whole > top ? top : whole < bottom ? bottom : whole);
}
/** 64-bit integers whose conversion rounds once only where they have at most 53 bits. */
const exactInDouble = (x: Element): boolean => typeof x !== "bigint" || BigInt(Number(x)) === x;
function convertInputs(from: DType): Elements {
  if (isComplex(from)) return [0, 0, 1.5, -2, -3, 4, 100.25, 7];
  const halves = kindOf(from) === "f" ? [0.5, -0.5, 1.5, -1.5, 2.75, -2.75, 127.5, 255.5, -128.5] : [];
  const list = [...edges(from, "finite"), ...halves, ...randomElements(from, 20, seedOf(from), [-300, 300])];
  return list.filter(exactInDouble);
}
const convertCases: readonly OpCase[] = DTYPES.flatMap((from) =>
  DTYPES.flatMap((to) => {
    const trial =
      (x: Elements): OpCase["build"] =>
      () => {
        const want = mapElements(from, [x], (p) => p).flatMap((p) => {
          const parts = p.map((v) => converted(toElement(from, v), partOf(from), partOf(to)));
          if (!isComplex(to)) return parts.slice(0, 1);
          return isComplex(from) ? parts : [parts[0] as Element, 0];
        });
        const n = want.length / (isComplex(to) ? 2 : 1);
        return oneOp("convert", [[type(from, n), x]], {}, type(to, n), want);
      };
    const special = kindOf(from) === "f" ? (["nan", "inf"] as const) : [];
    return [
      opCase("convert", from, `to=${to}`, trial(convertInputs(from))),
      ...special.map((a) => opCase("convert", from, `to=${to},values=${a}`, trial(edges(from, a)), [a])),
    ];
  }),
);
/** Ties between neighbours go to the even one, also those of integers and at the ends of the range. */
const TIES: readonly (readonly [from: DType, to: DType, x: Element, y: Element])[] = [
  ["f32", "f16", 2049, 2048],
  ["f32", "f16", 2051, 2052],
  ["f32", "f16", 65519, 65504],
  ["f32", "f16", 65520, Infinity],
  ["f32", "f16", 2 ** -25, 0],
  ["f32", "f16", 3 * 2 ** -25, 2 ** -23],
  ["f32", "bf16", 257, 256],
  ["f32", "bf16", 259, 260],
  ["f64", "f32", 2 ** 24 + 1, 2 ** 24],
  ["f64", "f32", 2 ** 24 + 3, 2 ** 24 + 4],
  ["f64", "f32", 2 ** 128, Infinity],
  ["i32", "f32", 2 ** 24 + 1, 2 ** 24],
  ["i32", "f32", -(2 ** 24) - 3, -(2 ** 24) - 4],
  ["u32", "f32", 2 ** 32 - 1, 2 ** 32],
  ["i64", "f64", 2n ** 53n + 1n, 2 ** 53],
  ["i64", "f32", 2n ** 54n + 2n ** 30n + 1n, 2 ** 54 + 2 ** 31],
  ["u64", "f64", 2n ** 64n - 1n, 2 ** 64],
];
const tieCases: readonly OpCase[] = TIES.map(([from, to, x, y], i) =>
  opCase("convert", from, `to=${to},tie=${i}`, () =>
    oneOp("convert", [[scalar(from), [x]]], {}, scalar(to), [y]),
  ),
);

/** The same bytes read as another type. */
const bitcastCases: readonly OpCase[] = DTYPES.flatMap((from) =>
  DTYPES.flatMap((to) => {
    const [a, b] = [bytesPerElement(from), bytesPerElement(to)];
    if (from === "bool" || to === "bool" || isComplex(from) !== isComplex(to)) return [];
    return opCase("bitcast_convert", from, `to=${to}`, () => {
      const inner = Math.max(b / a, 1); // narrow elements that one wide one is made of
      const shape = [5, ...(inner > 1 ? [inner] : [])];
      const out = [5, ...(a > b ? [a / b] : [])];
      const x = isComplex(from)
        ? randomElements(from, 5 * inner, seedOf(`${from}${to}`))
        : decode(from, encode("u8", randomElements("u8", 5 * inner * a, seedOf(`${from}${to}`)))).map(
            quiet(from),
          );
      const want = decode(to, encode(from, x));
      return oneOp("bitcast_convert", [[type(from, ...shape), x]], {}, type(to, ...out), want);
    });
  }),
);
/** Random bytes may be a NaN, whose bits this suite's own numbers don't keep. */
const quiet =
  (dtype: DType) =>
  (x: Element): Element =>
    x !== x ? toElement(dtype, 1) : x;

/** [value, exponent bits, mantissa bits, result] */
const REDUCED: readonly (readonly [x: number, e: number, m: number, y: number])[] = [
  [1.5, 5, 10, 1.5],
  [1.0009765625, 5, 9, 1], // a tie, to even
  [1.0029296875, 5, 9, 1.00390625], // a tie, to even
  [3.140625, 8, 7, 3.140625],
  [3.140625, 8, 3, 3.25],
  [65504, 4, 3, Infinity],
  [-65504, 4, 3, -Infinity],
  [240, 4, 3, 240],
  [249, 4, 3, Infinity], // rounds to 256, beyond the largest
  [0.0078125, 4, 3, 0], // below the smallest normal number, 2^−6
  [-0.0078125, 4, 3, -0],
  [0.015625, 4, 3, 0.015625],
  [0, 2, 0, 0],
  [-0, 2, 0, -0],
];
const reducePrecisionCases: readonly OpCase[] = dtypesOf("f").flatMap((dtype) => [
  ...REDUCED.filter(([x]) => roundTo(dtype, x) === x).map(([x, exponentBits, mantissaBits, y]) =>
    opCase(
      "reduce_precision",
      dtype,
      `e=${exponentBits},m=${mantissaBits},x=${Object.is(x, -0) ? "-0" : x}`,
      () =>
        oneOp("reduce_precision", [[type(dtype, 1), [x]]], { exponentBits, mantissaBits }, type(dtype, 1), [
          y,
        ]),
    ),
  ),
  opCase("reduce_precision", dtype, "e=11,m=52", () => {
    const x = edges(dtype, "finite");
    const t = type(dtype, x.length);
    return oneOp("reduce_precision", [[t, x]], { exponentBits: 11, mantissaBits: 52 }, t, x);
  }),
  ...(["nan", "inf"] as const).map((a) =>
    opCase(
      "reduce_precision",
      dtype,
      `values=${a}`,
      () => {
        const x = edges(dtype, a);
        const t = type(dtype, x.length);
        return oneOp("reduce_precision", [[t, x]], { exponentBits: 4, mantissaBits: 3 }, t, x);
      },
      [a],
    ),
  ),
]);

const complexCases: readonly OpCase[] = (["f32", "f64"] as const).map((dtype) =>
  opCase("complex", dtype, "values=edges", () => {
    const [re, im] = pairsOf(allEdges(dtype), allEdges(dtype));
    const t = type(dtype, re.length);
    const want = re.flatMap((x, i) => [x, im[i] as Element]);
    return oneOp(
      "complex",
      [
        [t, re],
        [t, im],
      ],
      {},
      type(dtype === "f32" ? "c64" : "c128", re.length),
      want,
    );
  }),
);

/** Cases of ops that change the type. */
export const CONVERSION: readonly OpCase[] = [
  ...convertCases,
  ...tieCases,
  ...bitcastCases,
  ...reducePrecisionCases,
  ...complexCases,
];
