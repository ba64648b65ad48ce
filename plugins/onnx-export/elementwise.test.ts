// Every elementwise op on every dtype it is defined for, on edge values and random ones, against the reference.
import { single, type } from "tenon-conformance/builder";
import { EXACT, toleranceOf } from "tenon-conformance/tolerance";
import { OPSET, type BinaryOp, type DType, type UnaryOp } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import { agree, edges, random } from "./testing/agree.ts";

const FLOATS: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const SIGNED: readonly DType[] = ["i8", "i16", "i32", "i64"];
const UNSIGNED: readonly DType[] = ["u8", "u16", "u32", "u64"];
const INTS: readonly DType[] = [...SIGNED, ...UNSIGNED];
const ALL: readonly DType[] = ["bool", ...INTS, ...FLOATS];

const UNARY: { readonly [N in Exclude<UnaryOp, "real" | "imag">]: readonly DType[] } = {
  abs: [...SIGNED, ...FLOATS],
  cbrt: FLOATS,
  ceil: FLOATS,
  cosine: FLOATS,
  count_leading_zeros: INTS,
  exponential: FLOATS,
  exponential_minus_one: FLOATS,
  floor: FLOATS,
  is_finite: FLOATS,
  log: FLOATS,
  log_plus_one: FLOATS,
  logistic: FLOATS,
  negate: [...INTS, ...FLOATS],
  not: ["bool", ...INTS],
  popcnt: INTS,
  round_nearest_afz: FLOATS,
  round_nearest_even: FLOATS,
  rsqrt: FLOATS,
  sign: [...SIGNED, ...FLOATS],
  sine: FLOATS,
  sqrt: FLOATS,
  tan: FLOATS,
  tanh: FLOATS,
};
const BINARY: { readonly [N in Exclude<BinaryOp, "complex">]: readonly DType[] } = {
  add: ALL,
  and: ["bool", ...INTS],
  atan2: FLOATS,
  divide: [...INTS, ...FLOATS],
  maximum: ALL,
  minimum: ALL,
  multiply: ALL,
  or: ["bool", ...INTS],
  power: [...INTS, ...FLOATS],
  remainder: [...INTS, ...FLOATS],
  shift_left: INTS,
  shift_right_arithmetic: INTS,
  shift_right_logical: INTS,
  subtract: [...INTS, ...FLOATS],
  xor: ["bool", ...INTS],
};

/** Every pair of edge values, and random pairs. */
function pairs(dtype: DType): [(number | bigint)[], (number | bigint)[]] {
  const list = edges(dtype);
  const [x, y] = [random(dtype, [100], 1), random(dtype, [100], 2)];
  return [
    [...list.flatMap((a) => list.map(() => a)), ...x],
    [...list.flatMap(() => list), ...y],
  ];
}

describe("unary ops", () => {
  for (const [name, dtypes] of Object.entries(UNARY) as [keyof typeof UNARY, readonly DType[]][])
    for (const dtype of dtypes)
      it(`${name} ${dtype}`, async () => {
        const values = [...edges(dtype), ...random(dtype, [200], 3)];
        const operand = type(dtype, values.length);
        const result = name === "is_finite" ? type("bool", values.length) : operand;
        await agree(single(name, [operand], {}, [result]), [values], {
          // onnxruntime's tanh loses digits where its intermediate results are denormal.
          tolerance:
            name === "tanh" ? { ...toleranceOf(name, dtype), atol: 2 ** -126 } : toleranceOf(name, dtype),
        });
      });
});

describe("binary ops", () => {
  for (const [name, dtypes] of Object.entries(BINARY) as [keyof typeof BINARY, readonly DType[]][])
    for (const dtype of dtypes)
      it(`${name} ${dtype}`, async () => {
        const [x, y] = pairs(dtype);
        const operand = type(dtype, x.length);
        await agree(single(name, [operand, operand], {}, [operand]), [x, y], {
          tolerance: toleranceOf(name, dtype),
          ...(name === "maximum" || name === "minimum" ? { anyZero: true } : {}),
        });
      });
});

describe("compare", () => {
  const kinds = { FLOAT: FLOATS, TOTALORDER: FLOATS, SIGNED, UNSIGNED: [...UNSIGNED, "bool" as const] };
  for (const direction of ["EQ", "NE", "GE", "GT", "LE", "LT"] as const)
    for (const [compareType, dtypes] of Object.entries(kinds) as ["FLOAT", readonly DType[]][])
      for (const dtype of dtypes)
        it(`${direction} ${compareType} ${dtype}`, async () => {
          const [x, y] = pairs(dtype);
          const operand = type(dtype, x.length);
          const attrs = { direction, compareType };
          await agree(single("compare", [operand, operand], attrs, [type("bool", x.length)]), [x, y]);
        });
});

describe("select and clamp", () => {
  for (const dtype of ALL) {
    const [x, y] = pairs(dtype);
    const n = x.length;
    const operand = type(dtype, n);
    it(`select ${dtype}`, async () => {
      const condition = random("bool", [n], 4);
      await agree(single("select", [type("bool", n), operand, operand], {}, [operand]), [condition, x, y], {
        anyZero: true,
      });
      await agree(single("select", [type("bool"), operand, operand], {}, [operand]), [[1], x, y], {
        anyZero: true,
      });
    });
    if (dtype !== "bool")
      it(`clamp ${dtype}`, async () => {
        const [low, high] = [random(dtype, [n], 5), random(dtype, [n], 6)];
        const scalars = [type(dtype), operand, type(dtype)];
        await agree(single("clamp", [operand, operand, operand], {}, [operand]), [low, x, high], {
          anyZero: true,
        });
        await agree(single("clamp", scalars, {}, [operand]), [[2], y, [7]], { anyZero: true });
      });
  }
});

describe("convert", () => {
  for (const from of ALL)
    it(`from ${from}`, async () => {
      const more = /^b?f/.test(from)
        ? [300.7, -300.7, 70000, -70000, 3e9, -3e9, 1e19, 2 ** 63, 2 ** 64, 1e30, 1.00390625]
        : [];
      const values = [...edges(from), ...more, ...random(from, [100], 7)];
      for (const to of ALL)
        await agree(single("convert", [type(from, values.length)], {}, [type(to, values.length)]), [values], {
          // the reference goes through f64, which rounds 64-bit integers twice
          tolerance: /64$/.test(from) && to === "f32" ? { ulp: 1 } : EXACT,
        });
    });
});

describe("bits", () => {
  const same: readonly (readonly DType[])[] = [
    ["f32", "i32", "u32"],
    ["f64", "i64", "u64"],
    ["f16", "bf16", "i16", "u16"],
    ["i8", "u8"],
  ];
  for (const group of same)
    for (const from of group)
      it(`bitcast_convert ${from}`, async () => {
        const words = /^b?f/.test(from)
          ? []
          : [
              0x3f800000n,
              0x7f800000n,
              0xff800000n,
              0x3c00n,
              0xfc00n,
              0x0001n,
              0x3ff0000000000000n,
              0x7ff0000000000000n,
              0x8000000000000000n,
            ];
        const values = [
          ...edges(from),
          ...random(from, [100], 8),
          ...words.map((w) =>
            from.endsWith("64") ? w : Number(BigInt.asIntN(Number(from.replace(/\D/g, "")), w)),
          ),
        ];
        for (const to of group)
          for (const opset of [21, 26])
            await agree(
              single("bitcast_convert", [type(from, values.length)], {}, [type(to, values.length)]),
              [values],
              { opset },
            );
      });
  for (const [from, to, parts] of [
    ["f32", "u8", 4],
    ["u32", "u16", 2],
    ["f64", "i32", 2],
    ["i64", "i8", 8],
    ["u64", "f32", 2],
    ["f32", "f16", 2],
  ] as const)
    it(`bitcast_convert ${from} ↔ ${parts} × ${to}`, async () => {
      const values = [1.5, -2, 3, 1e3, 7, 0].map((x) => (/^[iu]64/.test(from) ? BigInt(Math.trunc(x)) : x));
      await agree(single("bitcast_convert", [type(from, 2, 3)], {}, [type(to, 2, 3, parts)]), [values]);
      const thin = random(to, [2, 3, parts], 9);
      await agree(single("bitcast_convert", [type(to, 2, 3, parts)], {}, [type(from, 2, 3)]), [thin]);
    });
  for (const dtype of FLOATS)
    it(`reduce_precision ${dtype}`, async () => {
      const values = [...edges(dtype), ...random(dtype, [200], 10)];
      for (const [exponentBits, mantissaBits] of [
        [5, 10],
        [8, 7],
        [4, 3],
        [5, 2],
        [11, 3],
        [2, 52],
      ] as const)
        await agree(
          single("reduce_precision", [type(dtype, values.length)], { exponentBits, mantissaBits }, [
            type(dtype, values.length),
          ]),
          [values],
        );
    });
});

it("names every elementwise op of the table", () => {
  const tested = new Set([
    ...Object.keys(UNARY),
    ...Object.keys(BINARY),
    "compare",
    "select",
    "clamp",
    "convert",
  ]);
  const untested = Object.entries(OPSET)
    .filter(([name, row]) => row.traits.elementwise && !tested.has(name))
    .map(([name]) => name);
  expect(untested.sort()).toEqual(["complex", "imag", "real", "reduce_precision"]);
});
