// Ops that move elements, on every dtype and with generated attributes, against the reference.
import fc from "fast-check";
import { program, single, type } from "tenon-conformance/builder";
import { encode } from "tenon-conformance/values";
import type { DType } from "tenon-plugin-api";
import { describe, it } from "vitest";
import { SUPPORTED } from "./elements.ts";
import { agree, random, randomInts } from "./testing/agree.ts";

const seed = 20261124;
const shapeOf = (max = 4, rank = 3): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: rank });
const dtypes = fc.constantFrom(...SUPPORTED);
/** Checks on generated inputs; few runs, since each loads a model. */
const holds = async <T>(
  arbitrary: fc.Arbitrary<T>,
  check: (x: T) => Promise<void>,
  numRuns = 40,
): Promise<void> => fc.assert(fc.asyncProperty(arbitrary, check), { seed, numRuns });
const perAxis = <T>(shape: readonly number[], f: (n: number) => fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.tuple(...shape.map(f));

describe("on every dtype", () => {
  for (const dtype of SUPPORTED)
    it(dtype, async () => {
      const x = random(dtype, [2, 3], 1);
      const v = random(dtype, [], 2);
      const t = (...shape: number[]) => type(dtype, ...shape);
      await agree(single("broadcast_in_dim", [t(2, 3)], { dimensions: [0, 2] }, [t(2, 4, 3)]), [x]);
      await agree(single("reshape", [t(2, 3)], {}, [t(3, 2)]), [x]);
      await agree(single("transpose", [t(2, 3)], { permutation: [1, 0] }, [t(3, 2)]), [x]);
      await agree(single("slice", [t(2, 3)], { start: [0, 1], limit: [2, 3], strides: [1, 2] }, [t(2, 1)]), [
        x,
      ]);
      await agree(single("reverse", [t(2, 3)], { dimensions: [0, 1] }, [t(2, 3)]), [x]);
      await agree(single("concatenate", [t(2, 3), t(2, 3)], { dimension: 1 }, [t(2, 6)]), [x, x]);
      await agree(
        single("pad", [t(2, 3), t()], { low: [1, -1], high: [0, 2], interior: [0, 1] }, [t(3, 6)]),
        [x, v],
      );
      const i32 = type("i32");
      await agree(single("dynamic_slice", [t(2, 3), i32, i32], { sliceSizes: [1, 2] }, [t(1, 2)]), [
        x,
        [1],
        [5],
      ]);
      await agree(single("dynamic_update_slice", [t(2, 3), t(1, 2), i32, i32], {}, [t(2, 3)]), [
        x,
        random(dtype, [1, 2], 3),
        [-1],
        [9],
      ]);
      await agree(single("optimization_barrier", [t(2, 3), t()], {}, [t(2, 3), t()]), [x, v]);
      if (dtype !== "bool")
        await agree(
          program("iota", [], (s) => [s.one("iota", [], { dimension: 1 }, t(2, 5, 2))]),
          [],
        );
      await agree(
        program("constant", [], (s) => [s.constant(t(2, 3), encode(dtype, x))]),
        [],
      );
      await agree(
        program("splat", [], (s) => {
          const value = { type: t(2, 3), bytes: 0, splat: true as const };
          void s.constant(t(), encode(dtype, [1]));
          return [s.one("constant", [], { value }, t(2, 3))];
        }),
        [],
      );
    });
});

describe("generated attributes", () => {
  it("broadcast_in_dim, also of what was broadcast", () =>
    holds(
      fc.tuple(dtypes, shapeOf(), fc.integer({ min: 0, max: 2 ** 20 })).chain(([dtype, shape, n]) =>
        fc.record({
          dtype: fc.constant(dtype),
          shape: fc.constant(shape),
          n: fc.constant(n),
          ones: perAxis(shape, () => fc.boolean()),
          order: fc.shuffledSubarray(
            shape.map((_, i) => i),
            { minLength: shape.length },
          ),
          extra: fc.integer({ min: 1, max: 3 }),
        }),
      ),
      async ({ dtype, shape, n, ones, order, extra }) => {
        const small = shape.map((d, i) => (ones[i] ? 1 : d));
        const outer = [extra, ...order.map((i) => shape[i] as number)];
        const dimensions = shape.map((_, i) => order.indexOf(i) + 1);
        const built = program("broadcast", [type(dtype, ...small)], (s, x) => {
          const once = s.one(
            "broadcast_in_dim",
            [x],
            { dimensions: shape.map((_, i) => i) },
            type(dtype, ...shape),
          );
          return [once, s.one("broadcast_in_dim", [once], { dimensions }, type(dtype, ...outer))];
        });
        await agree(built, [random(dtype, small, n)]);
      },
    ));

  it("slice, reverse, transpose and pad", () =>
    holds(
      shapeOf(5).chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          dtype: dtypes,
          n: fc.nat(1000),
          start: perAxis(shape, (d) => fc.integer({ min: 0, max: d })),
          strides: perAxis(shape, () => fc.integer({ min: 1, max: 3 })),
          permutation: fc.shuffledSubarray(
            shape.map((_, i) => i),
            { minLength: shape.length },
          ),
          reversed: fc.subarray(shape.map((_, i) => i)),
          low: perAxis(shape, (d) => fc.integer({ min: -d, max: 3 })),
          high: perAxis(shape, () => fc.integer({ min: -1, max: 3 })),
          interior: perAxis(shape, () => fc.integer({ min: 0, max: 2 })),
        }),
      ),
      async ({ shape, dtype, n, start, strides, permutation, reversed, low, high, interior }) => {
        const x = type(dtype, ...shape);
        const limit = shape;
        const sliced = shape.map((d, i) => Math.ceil((d - (start[i] as number)) / (strides[i] as number)));
        const padded = shape.map(
          (d, i) => (low[i] as number) + (high[i] as number) + d + (d - 1) * (interior[i] as number),
        );
        const fits = padded.every((d) => d >= 0);
        const built = program("move", [x, type(dtype)], (s, a, v) => [
          s.one("slice", [a], { start, limit, strides }, type(dtype, ...sliced)),
          s.one("reverse", [a], { dimensions: reversed }, x),
          s.one(
            "transpose",
            [a],
            { permutation },
            type(dtype, ...permutation.map((i) => shape[i] as number)),
          ),
          ...(fits ? [s.one("pad", [a, v], { low, high, interior }, type(dtype, ...padded))] : []),
        ]);
        await agree(built, [random(dtype, shape, n), random(dtype, [], n + 1)]);
      },
    ));

  it("dynamic_slice and dynamic_update_slice, starts out of range", () =>
    holds(
      shapeOf(5).chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          dtype: dtypes,
          index: fc.constantFrom<DType>("i32", "i64", "u8", "u32", "u64", "i8"),
          n: fc.nat(1000),
          sliceSizes: perAxis(shape, (d) => fc.integer({ min: 0, max: d })),
        }),
      ),
      async ({ shape, dtype, index, n, sliceSizes }) => {
        const [x, y] = [type(dtype, ...shape), type(dtype, ...sliceSizes)];
        const starts = shape.map((_, i) => [random(index, [], n + i)[0] as number]);
        const near = shape
          .map((_, i) => randomInts([], 0, 4, n + i))
          .map((v) => (index.endsWith("64") ? v.map(BigInt) : v));
        const built = program("dynamic", [x, y, ...shape.map(() => type(index))], (s, a, u, ...at) => [
          s.one("dynamic_slice", [a as never, ...at], { sliceSizes }, y),
          s.one("dynamic_update_slice", [a as never, u as never, ...at], {}, x),
        ]);
        for (const where of [starts, near])
          await agree(built, [random(dtype, shape, n), random(dtype, sliceSizes, n + 9), ...where]);
      },
    ));

  it("arrays without elements", async () => {
    const [x, y] = [type("f32", 0, 3), type("f32", 2, 3)];
    const built = program("empty", [x, y], (s, a, b) => [
      s.one("concatenate", [a, b], { dimension: 0 }, y),
      s.one("add", [a, a], {}, x),
      s.one("reshape", [a], {}, type("f32", 3, 0, 2)),
      s.one("transpose", [a], { permutation: [1, 0] }, type("f32", 3, 0)),
      s.one("broadcast_in_dim", [a], { dimensions: [1, 2] }, type("f32", 2, 0, 3)),
      s.one("slice", [b], { start: [1, 0], limit: [1, 3], strides: [1, 1] }, x),
      s.one("convert", [a], {}, type("i8", 0, 3)),
    ]);
    await agree(built, [[], random("f32", [2, 3], 1)]);
  });
});
