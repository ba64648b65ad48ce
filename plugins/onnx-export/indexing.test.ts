// gather and scatter with generated dimension numbers and indices out of range, against the reference.
import fc from "fast-check";
import { single, type, type Ref, type Scope } from "tenon-conformance/builder";
import { sumTolerance } from "tenon-conformance/tolerance";
import type { Block, DType } from "tenon-plugin-api";
import { describe, it } from "vitest";
import { isFloat, SUPPORTED } from "./elements.ts";
import { agree, random, randomInts, type AgreeOptions } from "./testing/agree.ts";

const seed = 20261124;

/** One operand axis: its size, and what gather or scatter does with it. */
interface Axis {
  readonly size: number;
  readonly kind: "collapsed" | "batching" | "window";
  readonly window: number;
  readonly isIndexed: boolean;
}
const axis: fc.Arbitrary<Axis> = fc
  .record({
    size: fc.integer({ min: 1, max: 5 }),
    kind: fc.constantFrom("collapsed" as const, "window" as const, "window" as const, "batching" as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    isIndexed: fc.boolean(),
  })
  .map(({ size, kind, part, isIndexed }) => ({
    size,
    kind,
    window: kind === "window" ? Math.max(1, Math.ceil(part * size)) : 1,
    isIndexed: kind === "batching" ? false : kind === "collapsed" || isIndexed,
  }));

/** A gather or scatter in one form: sizes, dimension numbers, layouts. */
interface Layout {
  readonly axes: readonly Axis[];
  readonly batch: readonly number[]; // sizes of the index batch, batching axes first
  readonly vectorDim: number;
  readonly reversed: boolean;
  readonly windowFirst: boolean;
  readonly n: number;
}
const layout: fc.Arbitrary<Layout> = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
  batch: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  vectorDim: fc.nat(3),
  reversed: fc.boolean(),
  windowFirst: fc.boolean(),
  n: fc.nat(1000),
});

/** Dimension numbers and shapes of a layout. */
function numbersOf({ axes, batch, vectorDim, reversed, windowFirst }: Layout) {
  const of = (kind: Axis["kind"]): number[] => axes.flatMap((a, d) => (a.kind === kind ? [d] : []));
  const [collapsed, batching, windows] = [of("collapsed"), of("batching"), of("window")];
  const batchShape = [...batching.map((d) => (axes[d] as Axis).size), ...batch];
  const indexed = axes.flatMap((a, d) => (a.isIndexed ? [d] : []));
  const map = reversed ? indexed.toReversed() : indexed;
  const at = Math.min(vectorDim, batchShape.length);
  const indices = [...batchShape.slice(0, at), map.length, ...batchShape.slice(at)];
  const batchingDims = batching.map((_, k) => (k < at ? k : k + 1));
  const rank = batchShape.length + windows.length;
  const windowAt = windows.map((_, k) => (windowFirst ? k : batchShape.length + k));
  const sizes = windows.map((d) => (axes[d] as Axis).window);
  const result = windowFirst ? [...sizes, ...batchShape] : [...batchShape, ...sizes];
  return { collapsed, batching, map, at, indices, batchingDims, rank, windowAt, result };
}
const shapeOf = ({ axes }: Layout): number[] => axes.map((a) => a.size);
const indexType = fc.constantFrom<DType>("i32", "i64", "u8", "u32");
const indexValues = (dtype: DType, shape: readonly number[], n: number): (number | bigint)[] =>
  randomInts(shape, dtype.startsWith("u") ? 0 : -3, 7, n).map((v) => (dtype === "i64" ? BigInt(v) : v));

describe("gather", () => {
  it("of every dtype", () =>
    fc.assert(
      fc.asyncProperty(layout, fc.constantFrom(...SUPPORTED), indexType, async (given, dtype, index) => {
        const d = numbersOf(given);
        const attrs = {
          offsetDims: d.windowAt,
          collapsedSliceDims: d.collapsed,
          operandBatchingDims: d.batching,
          startIndicesBatchingDims: d.batchingDims,
          startIndexMap: d.map,
          indexVectorDim: d.at,
          sliceSizes: given.axes.map((a) => a.window),
          indicesAreSorted: false,
        };
        const operands = [type(dtype, ...shapeOf(given)), type(index, ...d.indices)];
        const built = single("gather", operands, attrs, [type(dtype, ...d.result)]);
        await agree(built, [random(dtype, shapeOf(given), given.n), indexValues(index, d.indices, given.n)]);
      }),
      { seed, numRuns: 80 },
    ));

  it("with an index array that has no vector axis", async () => {
    const attrs = {
      offsetDims: [1],
      collapsedSliceDims: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: [0],
      indexVectorDim: 1,
      sliceSizes: [1, 3],
      indicesAreSorted: false,
    };
    const built = single("gather", [type("f32", 4, 3), type("i32", 5)], attrs, [type("f32", 5, 3)]);
    await agree(built, [random("f32", [4, 3], 1), [0, 3, -1, 9, 2]]);
  });
});

type Body = (b: Scope, x: Ref, y: Ref, dtype: DType) => Ref;
const REGIONS: { readonly [name: string]: { readonly body: Body; readonly dtypes: readonly DType[] } } = {
  replace: { body: (_b, _x, y) => y, dtypes: SUPPORTED },
  add: { body: (b, x, y, d) => b.one("add", [x, y], {}, type(d)), dtypes: SUPPORTED },
  multiply: { body: (b, x, y, d) => b.one("multiply", [x, y], {}, type(d)), dtypes: SUPPORTED },
  maximum: { body: (b, x, y, d) => b.one("maximum", [x, y], {}, type(d)), dtypes: SUPPORTED },
  minimum: { body: (b, x, y, d) => b.one("minimum", [y, x], {}, type(d)), dtypes: SUPPORTED },
  xor: { body: (b, x, y, d) => b.one("xor", [x, y], {}, type(d)), dtypes: ["bool", "i32", "u64", "i8"] },
  "x − 2y": {
    body: (b, x, y, d) => b.one("subtract", [x, b.one("add", [y, y], {}, type(d))], {}, type(d)),
    dtypes: ["f32", "i64", "u16", "f64"],
  },
};

describe("scatter", () => {
  for (const [name, { body, dtypes }] of Object.entries(REGIONS))
    it(name, () =>
      fc.assert(
        fc.asyncProperty(layout, fc.constantFrom(...dtypes), indexType, async (given, dtype, index) => {
          const d = numbersOf(given);
          const attrs = {
            updateWindowDims: d.windowAt,
            insertedWindowDims: d.collapsed,
            inputBatchingDims: d.batching,
            scatterIndicesBatchingDims: d.batchingDims,
            scatterDimsToOperandDims: d.map,
            indexVectorDim: d.at,
            indicesAreSorted: false,
            uniqueIndices: false,
          };
          const operands = [
            type(dtype, ...shapeOf(given)),
            type(index, ...d.indices),
            type(dtype, ...d.result),
          ];
          const region = (s: Scope): Block[] => [
            s.block([type(dtype), type(dtype)], (b, x, y) => [body(b, x, y, dtype)]),
          ];
          const built = single("scatter", operands, attrs, [type(dtype, ...shapeOf(given))], region);
          const updates = random(dtype, d.result, given.n + 1);
          if (isFloat(dtype) && updates.length > 2) updates[1] = NaN;
          const options: AgreeOptions = !isFloat(dtype)
            ? {}
            : name === "multiply"
              ? { tolerance: { ulp: 200, atol: 1e-30 } }
              : name === "add" || name === "x − 2y"
                ? { tolerance: sumTolerance(dtype, 100, 400) }
                : { anyZero: true };
          const input = random(dtype, shapeOf(given), given.n);
          await agree(built, [input, indexValues(index, d.indices, given.n), updates], options);
        }),
        { seed, numRuns: 40 },
      ),
    );

  it("of two arrays at once", async () => {
    const attrs = {
      updateWindowDims: [1],
      insertedWindowDims: [0],
      inputBatchingDims: [],
      scatterIndicesBatchingDims: [],
      scatterDimsToOperandDims: [0],
      indexVectorDim: 1,
      indicesAreSorted: false,
      uniqueIndices: false,
    };
    const types = [
      type("f32", 4, 2),
      type("i32", 4, 2),
      type("i32", 6, 1),
      type("f32", 6, 2),
      type("i32", 6, 2),
    ];
    const region = (s: Scope): Block[] => [
      s.block([type("f32"), type("i32"), type("f32"), type("i32")], (b, x, i, y, j) => {
        const left = b.one("compare", [x, y], { direction: "GE", compareType: "FLOAT" }, type("bool"));
        const pick = (p: Ref, q: Ref, d: DType): Ref => b.one("select", [left, p, q], {}, type(d));
        return [pick(x, y, "f32"), pick(i, j, "i32")];
      }),
    ];
    const built = single("scatter", types, attrs, types.slice(0, 2), region);
    const [x, i] = [randomInts([4, 2], 0, 5, 1), randomInts([4, 2], 0, 9, 2)];
    await agree(built, [
      x,
      i,
      [1, 1, 3, 7, -2, 1],
      randomInts([6, 2], 0, 9, 3),
      randomInts([6, 2], 10, 99, 4),
    ]);
  });
});

/** Large enough that a parallel scatter would lose the order. */
it("scatter keeps the last of many updates of one place", async () => {
  const attrs = {
    updateWindowDims: [] as const,
    insertedWindowDims: [0],
    inputBatchingDims: [],
    scatterIndicesBatchingDims: [],
    scatterDimsToOperandDims: [0],
    indexVectorDim: 1,
    indicesAreSorted: false,
    uniqueIndices: false,
  };
  const n = 50_000;
  const region = (s: Scope): Block[] => [s.block([type("f32"), type("f32")], (_b, _x, y) => [y])];
  const built = single(
    "scatter",
    [type("f32", 3), type("i32", n, 1), type("f32", n)],
    attrs,
    [type("f32", 3)],
    region,
  );
  await agree(built, [
    [0, 0, 0],
    Array.from({ length: n }, (_, i) => i % 2),
    Array.from({ length: n }, (_, i) => i),
  ]);
});
