// dot_general and convolution of every form: the plan's interpretation equals the reference.
import type { ConcreteType, DType, OpAttrs } from "tenon-plugin-api";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { Ref } from "./builder.ts";
import { check, programOf, type, type Tolerance } from "./testing/run.ts";

const SUM: Tolerance = { relative: 1e-5, ofLargest: 2e-6 };
const toleranceOf = (d: DType): Tolerance =>
  d === "f16"
    ? { relative: 2e-3, ofLargest: 1e-3 }
    : d === "bf16"
      ? { relative: 2e-2, ofLargest: 1e-2 }
      : SUM;

describe("dot_general", () => {
  it("with any axes in any order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          sizes: fc.array(fc.constantFrom(1, 2, 3, 9), { minLength: 6, maxLength: 6 }),
          nb: fc.nat({ max: 2 }),
          nk: fc.nat({ max: 2 }),
          nm: fc.nat({ max: 2 }),
          nn: fc.nat({ max: 2 }),
          seed: fc.nat(),
          dtype: fc.constantFrom<DType>("f32", "f64", "i32", "f16", "i8", "bool"),
        }),
        async ({ sizes, nb, nk, nm, nn, seed, dtype }) => {
          const size = (i: number): number => sizes[i % 6] as number;
          const batch = Array.from({ length: nb }, (_, i) => size(i));
          const contracted = Array.from({ length: nk }, (_, i) => size(i + 2));
          const m = Array.from({ length: nm }, (_, i) => size(i + 4));
          const n = Array.from({ length: nn }, (_, i) => size(i + 1));
          const order = (count: number, salt: number): number[] =>
            Array.from({ length: count }, (_, i) => i)
              .map((i) => [Math.imul(i + 1, 2654435761 ^ (seed + salt)) >>> 0, i] as const)
              .sort((a, b) => a[0] - b[0])
              .map(([, i]) => i);
          const side = (free: number[], salt: number) => {
            const all = [...batch, ...contracted, ...free];
            const p = order(all.length, salt);
            const where = (from: number, count: number): number[] =>
              Array.from({ length: count }, (_, i) => p.indexOf(from + i));
            return {
              t: type(dtype, ...p.map((d) => all[d] as number)),
              batching: where(0, nb),
              contracting: where(nb, nk),
            };
          };
          const [l, r] = [side(m, 1), side(n, 2)];
          const attrs: OpAttrs["dot_general"] = { lhsContracting: l.contracting, rhsContracting: r.contracting, lhsBatching: l.batching, rhsBatching: r.batching, precision: "DEFAULT" }; // prettier-ignore
          const program = programOf([l.t, r.t], (b, x, y) => [
            b.one("dot_general", [x, y] as Ref[], attrs, { to: type(dtype) }),
          ]);
          await check(program, seed, { tolerance: toleranceOf(dtype) });
        },
      ),
      { numRuns: 100, seed: 5 },
    );
  });

  it("of views: transposed, sliced, broadcast, computed", async () => {
    const attrs: OpAttrs["dot_general"] = { lhsContracting: [1], rhsContracting: [0], lhsBatching: [], rhsBatching: [], precision: "DEFAULT" }; // prettier-ignore
    await check(
      programOf([type("f32", 12, 20), type("f32", 12, 9), type("f32", 9)], (b, x, y, z) => {
        const to = { to: type("f32") };
        const part = b.one("slice", [x], { start: [0, 3], limit: [12, 15], strides: [1, 1] });
        const t = b.transpose(x, [1, 0]);
        const wide = b.broadcast(z, [12, 9], [1]);
        return [
          b.one("dot_general", [part, y], attrs, to),
          b.one("dot_general", [t, y], attrs, to),
          b.one("dot_general", [t, wide], attrs, to),
          b.one("dot_general", [b.apply("tanh", t), b.one("reverse", [y], { dimensions: [0] })], attrs, to),
        ];
      }),
      1,
      { tolerance: SUM },
    );
  });
});

interface ConvCase {
  readonly x: ConcreteType;
  readonly w: ConcreteType;
  readonly attrs: OpAttrs["convolution"];
}
/** A convolution in a layout, whose kernel fits its dilated and padded input. */
const conv = fc
  .record({
    layout: fc.constantFrom("nchw", "nhwc", "cnwh", "hwcn"),
    kernelLayout: fc.constantFrom("oihw", "hwio", "ohwi"),
    batch: fc.constantFrom(1, 2, 3),
    features: fc.constantFrom(1, 2, 5),
    outputs: fc.constantFrom(1, 3, 4),
    groups: fc.constantFrom(1, 1, 1, 2, 3),
    byBatch: fc.boolean(),
    size: fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 })),
    window: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
    low: fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: 0, max: 2 })),
    high: fc.tuple(fc.integer({ min: -1, max: 2 }), fc.integer({ min: 0, max: 2 })),
    lhs: fc.tuple(fc.constantFrom(1, 1, 2, 3), fc.constantFrom(1, 1, 2)),
    rhs: fc.tuple(fc.constantFrom(1, 1, 2), fc.constantFrom(1, 1, 2)),
    reversed: fc.tuple(fc.boolean(), fc.boolean()),
    dtype: fc.constantFrom<DType>("f32", "f32", "f64", "i32", "bf16"),
  })
  .map((c): ConvCase => {
    const [g, by] = [c.groups, c.groups > 1 && c.byBatch];
    const sizes: { readonly [k: string]: number } = {
      n: c.batch * (by ? g : 1),
      c: c.features * (by ? 1 : g),
      h: c.size[0],
      w: c.size[1],
    };
    const kernel: { readonly [k: string]: number } = { o: c.outputs * g, i: c.features, h: c.window[0], w: c.window[1] };
    const shape = (layout: string, of: { readonly [k: string]: number }): number[] => [...layout].map((k) => of[k] as number);
    const at = (layout: string, k: string): number => layout.indexOf(k);
    return {
      x: type(c.dtype, ...shape(c.layout, sizes)),
      w: type(c.dtype, ...shape(c.kernelLayout, kernel)),
      attrs: {
        inputBatch: at(c.layout, "n"),
        inputFeature: at(c.layout, "c"),
        inputSpatial: [at(c.layout, "h"), at(c.layout, "w")],
        kernelInputFeature: at(c.kernelLayout, "i"),
        kernelOutputFeature: at(c.kernelLayout, "o"),
        kernelSpatial: [at(c.kernelLayout, "h"), at(c.kernelLayout, "w")],
        outputBatch: at(c.layout, "n"),
        outputFeature: at(c.layout, "c"),
        outputSpatial: [at(c.layout, "h"), at(c.layout, "w")],
        windowStrides: c.stride,
        padding: [[c.low[0], c.high[0]], [c.low[1], c.high[1]]],
        lhsDilation: c.lhs,
        rhsDilation: c.rhs,
        windowReversal: c.reversed,
        featureGroupCount: by ? 1 : g,
        batchGroupCount: by ? g : 1,
        precision: "DEFAULT",
      },
    };
  }); // prettier-ignore

describe("convolution", () => {
  it("in any layout, with strides, padding, dilations, reversal and groups", async () => {
    await fc.assert(
      fc.asyncProperty(conv, fc.nat(), async ({ x, w, attrs }, seed) => {
        const program = programOf([x, w], (b, p, q) => [
          b.one("convolution", [p, q] as Ref[], attrs, { to: type(x.dtype) }),
        ]);
        await check(program, seed, { tolerance: toleranceOf(x.dtype) });
      }),
      { numRuns: 200, seed: 9 },
    );
  });
});
