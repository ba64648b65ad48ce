// reduce, reduce_window, select_and_scatter and sort, against the reference.
import fc from "fast-check";
import { program, single, type, type Ref, type Scope } from "tenon-conformance/builder";
import { sumTolerance } from "tenon-conformance/tolerance";
import { encode } from "tenon-conformance/values";
import type { BinaryOp, Block, DType } from "tenon-plugin-api";
import { describe, it } from "vitest";
import { isFloat, rangeOf, SUPPORTED } from "./elements.ts";
import { agree, random, randomInts, type AgreeOptions } from "./testing/agree.ts";

const seed = 20261124;
const INTS = SUPPORTED.filter((d) => d !== "bool" && !isFloat(d));
const MONOIDS: { readonly [N in BinaryOp]?: readonly DType[] } = {
  add: SUPPORTED,
  multiply: SUPPORTED,
  maximum: SUPPORTED,
  minimum: SUPPORTED,
  and: ["bool", ...INTS],
  or: ["bool", ...INTS],
  xor: ["bool", ...INTS],
};
const monoid =
  (op: BinaryOp, dtype: DType) =>
  (s: Scope): Block[] => [
    s.block([type(dtype), type(dtype)], (b, x, y) => [b.one(op, [x, y], {}, type(dtype))]),
  ];

function identity(op: BinaryOp, dtype: DType): number | bigint {
  const [low, high] = dtype === "bool" ? [0n, 1n] : isFloat(dtype) ? [0n, 0n] : rangeOf(dtype);
  const number = (v: bigint): number | bigint => (dtype.endsWith("64") ? v : Number(v));
  switch (op) {
    case "multiply":
      return isFloat(dtype) ? 1 : number(1n);
    case "maximum":
      return isFloat(dtype) ? -Infinity : number(low);
    case "minimum":
      return isFloat(dtype) ? Infinity : number(high);
    case "and":
      return number(dtype.startsWith("i") ? -1n : high);
    default:
      return isFloat(dtype) ? 0 : number(0n);
  }
}
/** Elements whose sums and products stay in range, with a NaN where there can be one. */
const elements = (dtype: DType, shape: readonly number[], n: number): (number | bigint)[] => {
  const list = random(dtype, shape, n);
  if (isFloat(dtype) && list.length > 6) list[5] = NaN;
  return list;
};
/** f16 and bf16: the reference rounds after each step, onnx-export once. */
function options(op: BinaryOp, dtype: DType, terms: number): AgreeOptions {
  if (!isFloat(dtype)) return {};
  if (op === "add") return { tolerance: sumTolerance(dtype, terms, 4 * terms) };
  if (op === "multiply") return { tolerance: { ulp: 2 * terms } };
  return { anyZero: true };
}

describe("reduce by a monoid", () => {
  for (const [name, dtypes] of Object.entries(MONOIDS) as [BinaryOp, readonly DType[]][])
    for (const dtype of dtypes)
      it(`${name} ${dtype}`, async () => {
        const [shape, x] = [[3, 4, 5], elements(dtype, [3, 4, 5], 1)];
        const operands = [type(dtype, ...shape), type(dtype)];
        for (const dimensions of [[0], [2], [0, 2], [0, 1, 2], []]) {
          const kept = shape.filter((_, d) => !dimensions.includes(d));
          const built = single(
            "reduce",
            operands,
            { dimensions },
            [type(dtype, ...kept)],
            monoid(name, dtype),
          );
          const terms = dimensions.reduce((n, d) => n * (shape[d] as number), 2);
          await agree(built, [x, [identity(name, dtype)]], options(name, dtype, terms));
        }
        const constant = program("constant init", [type(dtype, 3, 4)], (s, a) => {
          const init = s.constant(type(dtype), encode(dtype, [identity(name, dtype)]));
          return [s.one("reduce", [a, init], { dimensions: [1] }, type(dtype, 3), monoid(name, dtype)(s))];
        });
        await agree(constant, [elements(dtype, [3, 4], 2)], options(name, dtype, 5));
        const empty = single(
          "reduce",
          [type(dtype, 0, 2), type(dtype)],
          { dimensions: [0] },
          [type(dtype, 2)],
          monoid(name, dtype),
        );
        await agree(empty, [[], [identity(name, dtype)]]);
        const none = single(
          "reduce",
          [type(dtype, 0, 3), type(dtype)],
          { dimensions: [1] },
          [type(dtype, 0)],
          monoid(name, dtype),
        );
        await agree(none, [[], [identity(name, dtype)]]);
        const long = single(
          "reduce",
          [type(dtype, 2, 100), type(dtype)],
          { dimensions: [1] },
          [type(dtype, 2)],
          monoid(name, dtype),
        );
        await agree(long, [random(dtype, [2, 100], 5), [identity(name, dtype)]], options(name, dtype, 101));
        const other = single(
          "reduce",
          [type(dtype, 2, 3), type(dtype)],
          { dimensions: [1] },
          [type(dtype, 2)],
          monoid(name, dtype),
        );
        await agree(other, [random(dtype, [2, 3], 3), random(dtype, [], 4)], options(name, dtype, 4));
      });
});

/** (value, index) pairs: the larger value, the smaller index among equals; NaN wins. */
const argmax =
  (dtype: DType) =>
  (s: Scope): Block[] => {
    const types = [type(dtype), type("i32"), type(dtype), type("i32")];
    const body = (b: Scope, ...refs: Ref[]): Ref[] => {
      const [xv, xi, yv, yi] = refs as [Ref, Ref, Ref, Ref];
      const compare = (p: Ref, q: Ref, direction: "GT" | "EQ" | "NE" | "LT", d: DType): Ref =>
        b.one("compare", [p, q], { direction, compareType: isFloat(d) ? "FLOAT" : "SIGNED" }, type("bool"));
      const greater = b.one(
        "or",
        [compare(xv, yv, "GT", dtype), compare(xv, xv, "NE", dtype)],
        {},
        type("bool"),
      );
      const tie = b.one(
        "and",
        [compare(xv, yv, "EQ", dtype), compare(xi, yi, "LT", "i32")],
        {},
        type("bool"),
      );
      const left = b.one("or", [greater, tie], {}, type("bool"));
      return [
        b.one("select", [left, xv, yv], {}, type(dtype)),
        b.one("select", [left, xi, yi], {}, type("i32")),
      ];
    };
    return [s.block(types, body)];
  };

describe("reduce by any region", () => {
  for (const dtype of ["f32", "i64", "bf16"] as const)
    for (const n of [1, 2, 7, 16])
      it(`argmax ${dtype} of ${n}`, async () => {
        const shape = [3, n];
        const operands = [type(dtype, ...shape), type("i32", ...shape), type(dtype), type("i32")];
        const built = single(
          "reduce",
          operands,
          { dimensions: [1] },
          [type(dtype, 3), type("i32", 3)],
          argmax(dtype),
        );
        const x = randomInts(shape, -3, 3, 5).map((v) => (dtype === "i64" ? BigInt(v) : v));
        const init = dtype === "i64" ? -(2n ** 63n) : -Infinity;
        const indices = shape.reduce((m, d) => m * d, 1);
        await agree(built, [x, Array.from({ length: indices }, (_, i) => i % n), [init], [0]]);
      });
});

const window = (
  rank: number,
): fc.Arbitrary<
  { size: number; w: number; s: number; lo: number; hi: number; base: number; dil: number }[]
> =>
  fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 7 }),
      w: fc.integer({ min: 1, max: 7 }),
      s: fc.integer({ min: 1, max: 3 }),
      lo: fc.integer({ min: -1, max: 3 }),
      hi: fc.integer({ min: -1, max: 3 }),
      base: fc.integer({ min: 1, max: 2 }),
      dil: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: rank, maxLength: rank },
  );
const counted = (a: {
  size: number;
  w: number;
  s: number;
  lo: number;
  hi: number;
  base: number;
  dil: number;
}): number => {
  const span = (a.size - 1) * a.base + 1 + a.lo + a.hi;
  return Math.max(Math.floor((span - ((a.w - 1) * a.dil + 1)) / a.s) + 1, 0);
};

describe("reduce_window", () => {
  for (const [name, dtypes] of Object.entries(MONOIDS) as [BinaryOp, readonly DType[]][])
    it(name, () =>
      fc.assert(
        fc.asyncProperty(window(2), fc.constantFrom(...dtypes), async (axes, dtype) => {
          const shape = axes.map((a) => a.size);
          const out = axes.map(counted);
          const attrs = {
            windowDimensions: axes.map((a) => a.w),
            windowStrides: axes.map((a) => a.s),
            padding: axes.map((a) => [a.lo, a.hi] as const),
            baseDilations: axes.map((a) => a.base),
            windowDilations: axes.map((a) => a.dil),
          };
          const built = single(
            "reduce_window",
            [type(dtype, ...shape), type(dtype)],
            attrs,
            [type(dtype, ...out)],
            monoid(name, dtype),
          );
          await agree(built, [random(dtype, shape, 6), [identity(name, dtype)]], options(name, dtype, 49));
        }),
        { seed, numRuns: 25 },
      ),
    );

  it("of pairs", async () => {
    const operands = [type("f32", 9), type("i32", 9), type("f32"), type("i32")];
    const attrs = {
      windowDimensions: [5],
      windowStrides: [2],
      padding: [[2, 1]] as const,
      baseDilations: [1],
      windowDilations: [1],
    };
    const built = single("reduce_window", operands, attrs, [type("f32", 4), type("i32", 4)], argmax("f32"));
    await agree(built, [randomInts([9], -2, 2, 7), [0, 1, 2, 3, 4, 5, 6, 7, 8], [-Infinity], [100]]);
  });
});

describe("select_and_scatter", () => {
  for (const dtype of ["f32", "f64", "i32", "u8", "bf16"] as const)
    for (const scatter of ["add", "maximum"] as const)
      it(`${dtype} ${scatter}`, () =>
        fc.assert(
          fc.asyncProperty(window(2), async (given) => {
            const axes = given.map((a) => ({ ...a, base: 1, dil: 1 }));
            const [shape, out] = [axes.map((a) => a.size), axes.map(counted)];
            if (axes.some((a) => a.lo < 0 || a.hi < 0)) return;
            const compareType = isFloat(dtype) ? "FLOAT" : dtype.startsWith("u") ? "UNSIGNED" : "SIGNED";
            const regions = (s: Scope): Block[] => [
              s.block([type(dtype), type(dtype)], (b, x, y) => [
                b.one("compare", [x, y], { direction: "GE", compareType }, type("bool")),
              ]),
              ...monoid(scatter, dtype)(s),
            ];
            const attrs = {
              windowDimensions: axes.map((a) => a.w),
              windowStrides: axes.map((a) => a.s),
              padding: axes.map((a) => [a.lo, a.hi] as const),
            };
            const operands = [type(dtype, ...shape), type(dtype, ...out), type(dtype)];
            const built = single("select_and_scatter", operands, attrs, [type(dtype, ...shape)], regions);
            const [x, source] = [randomInts(shape, 0, 9, 8), randomInts(out, 1, 5, 9)];
            await agree(built, [x, source, [0]]);
          }),
          { seed, numRuns: 15 },
        ));
});

describe("sort", () => {
  /** Less by the first key; floats in total order. */
  const less =
    (types: readonly DType[], direction: "LT" | "GT", compareType: "TOTALORDER" | "SIGNED" | "UNSIGNED") =>
    (s: Scope): Block[] => [
      s.block(
        types.flatMap((d) => [type(d), type(d)]),
        (b, x, y) => [b.one("compare", [x, y], { direction, compareType }, type("bool"))],
      ),
    ];
  for (const dtype of SUPPORTED)
    it(`keys of ${dtype}, values along`, async () => {
      const compareType = isFloat(dtype) ? "TOTALORDER" : /^[ub]/.test(dtype) ? "UNSIGNED" : "SIGNED";
      for (const [shape, dimension] of [
        [[3, 7, 2], 1],
        [[17], 0],
        [[2, 1], 1],
        [[2, 8], -1],
      ] as const) {
        const types = [type(dtype, ...shape), type("f32", ...shape)];
        const size = shape.reduce<number>((n, d) => n * d, 1);
        const special = [NaN, -0, 0, Infinity, -Infinity, -0, 0, NaN, 2];
        const keys = random(dtype, shape, 10).map((v, i) =>
          isFloat(dtype) ? (i % 3 === 1 ? (special[i % 9] as number) : Math.round(Number(v))) : v,
        );
        const payload = Array.from({ length: size }, (_, i) => (i === 3 ? -0 : i));
        for (const direction of ["LT", "GT"] as const) {
          const built = single(
            "sort",
            types,
            { dimension, isStable: true },
            types,
            less([dtype, "f32"], direction, compareType),
          );
          await agree(built, [keys, payload]);
        }
      }
    });
});
