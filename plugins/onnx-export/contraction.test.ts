// dot_general and convolution with generated attributes, against the reference.
import fc from "fast-check";
import { single, type } from "tenon-conformance/builder";
import { sumTolerance } from "tenon-conformance/tolerance";
import type { DType } from "tenon-plugin-api";
import { describe, it } from "vitest";
import { isFloat, SUPPORTED } from "./elements.ts";
import { agree, random, type AgreeOptions } from "./testing/agree.ts";

const seed = 20261124;
const sums = (dtype: DType, terms: number): AgreeOptions =>
  isFloat(dtype) ? { tolerance: sumTolerance(dtype, terms, 16 * terms) } : {};

const dot = fc.record({
  batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  rows: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  columns: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
  inner: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2 }),
  order: fc.nat(1000),
});
/** Labels in a pseudo-random order. */
const shuffled = (labels: readonly string[], n: number): string[] =>
  labels
    .map((label, i) => ({ label, key: (n * 7919 + i * 104729) % 1009 }))
    .sort((a, b) => a.key - b.key)
    .map((x) => x.label);

describe("dot_general", () => {
  for (const dtype of SUPPORTED)
    it(dtype, () =>
      fc.assert(
        fc.asyncProperty(dot, async ({ batch, rows, columns, inner, order }) => {
          const size: { [label: string]: number } = {};
          const label = (name: string, list: readonly number[]): string[] =>
            list.map((n, i) => {
              size[`${name}${i}`] = n;
              return `${name}${i}`;
            });
          const [b, m, n, k] = [label("b", batch), label("m", rows), label("n", columns), label("k", inner)];
          const lhs = shuffled([...b, ...m, ...k], order);
          const rhs = shuffled([...b, ...n, ...k], order + 1);
          const at = (list: readonly string[], names: readonly string[]): number[] =>
            names.map((x) => list.indexOf(x));
          const shape = (list: readonly string[]): number[] => list.map((x) => size[x] as number);
          const free = (list: readonly string[], names: readonly string[]): string[] =>
            list.filter((x) => names.includes(x));
          const attrs = {
            lhsContracting: at(lhs, k),
            rhsContracting: at(rhs, k),
            lhsBatching: at(lhs, b),
            rhsBatching: at(rhs, b),
            precision: "HIGHEST" as const,
          };
          const out = shape([...b, ...free(lhs, m), ...free(rhs, n)]);
          const operands = [type(dtype, ...shape(lhs)), type(dtype, ...shape(rhs))];
          const built = single("dot_general", operands, attrs, [type(dtype, ...out)]);
          const terms = inner.reduce((p, v) => p * v, 1) + 1;
          await agree(
            built,
            [random(dtype, shape(lhs), order), random(dtype, shape(rhs), order + 1)],
            sums(dtype, terms),
          );
        }),
        { seed, numRuns: 12 },
      ),
    );

  for (const [from, to] of [
    ["bf16", "f32"],
    ["f16", "f32"],
    ["i8", "i32"],
    ["u8", "i64"],
  ] as const)
    it(`${from} accumulated in ${to}`, async () => {
      const attrs = {
        lhsContracting: [1],
        rhsContracting: [0],
        lhsBatching: [],
        rhsBatching: [],
        precision: "DEFAULT" as const,
      };
      const built = single("dot_general", [type(from, 3, 20), type(from, 20, 2)], attrs, [type(to, 3, 2)]);
      await agree(built, [random(from, [3, 20], 1), random(from, [20, 2], 2)], sums(to, 21));
    });
});

/** One spatial axis of a convolution. */
const axis = fc.record({
  input: fc.integer({ min: 1, max: 6 }),
  window: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  low: fc.integer({ min: -2, max: 3 }),
  high: fc.integer({ min: -2, max: 3 }),
  lhs: fc.integer({ min: 1, max: 3 }),
  rhs: fc.integer({ min: 1, max: 2 }),
  reversed: fc.boolean(),
});
const conv = fc.record({
  axes: fc.array(axis, { maxLength: 3 }),
  batch: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 3 }),
  isBatchGroup: fc.boolean(),
  depth: fc.integer({ min: 1, max: 2 }),
  features: fc.integer({ min: 1, max: 2 }),
  order: fc.nat(1000),
});

describe("convolution", () => {
  for (const dtype of ["f32", "f64", "f16", "bf16", "i32", "u8", "i64"] as const)
    it(dtype, () =>
      fc.assert(
        fc.asyncProperty(conv, async ({ axes, batch, groups, isBatchGroup, depth, features, order }) => {
          const spatial = axes.map((_, i) => `s${i}`);
          const [lhs, rhs, out] = [0, 1, 2].map((i) => shuffled(["n", "c", ...spatial], order + i)) as [
            string[],
            string[],
            string[],
          ];
          const size = (list: readonly string[], n: number, c: number, sizes: readonly number[]): number[] =>
            list.map((x) => (x === "n" ? n : x === "c" ? c : (sizes[Number(x.slice(1))] as number)));
          const places = axes.map((a) => {
            const padded = (a.input - 1) * a.lhs + 1 + a.low + a.high;
            const window = (a.window - 1) * a.rhs + 1;
            return padded < window ? 0 : Math.floor((padded - window) / a.stride) + 1;
          });
          // In the kernel's order "n" is the output feature, "c" the input feature.
          const x = size(
            lhs,
            isBatchGroup ? batch * groups : batch,
            isBatchGroup ? depth : depth * groups,
            axes.map((a) => a.input),
          );
          const w = size(
            rhs,
            features * groups,
            depth,
            axes.map((a) => a.window),
          );
          const y = size(out, batch, features * groups, places);
          if (axes.some((a) => (a.input - 1) * a.lhs + 1 + a.low + a.high < 0)) return;
          const attrs = {
            inputBatch: lhs.indexOf("n"),
            inputFeature: lhs.indexOf("c"),
            inputSpatial: spatial.map((s) => lhs.indexOf(s)),
            kernelOutputFeature: rhs.indexOf("n"),
            kernelInputFeature: rhs.indexOf("c"),
            kernelSpatial: spatial.map((s) => rhs.indexOf(s)),
            outputBatch: out.indexOf("n"),
            outputFeature: out.indexOf("c"),
            outputSpatial: spatial.map((s) => out.indexOf(s)),
            windowStrides: axes.map((a) => a.stride),
            padding: axes.map((a) => [a.low, a.high] as const),
            lhsDilation: axes.map((a) => a.lhs),
            rhsDilation: axes.map((a) => a.rhs),
            windowReversal: axes.map((a) => a.reversed),
            featureGroupCount: isBatchGroup ? 1 : groups,
            batchGroupCount: isBatchGroup ? groups : 1,
            precision: "HIGHEST" as const,
          };
          const built = single("convolution", [type(dtype, ...x), type(dtype, ...w)], attrs, [
            type(dtype, ...y),
          ]);
          await agree(built, [random(dtype, x, order), random(dtype, w, order + 1)], sums(dtype, 54));
        }),
        { seed, numRuns: dtype === "f32" ? 60 : 20 },
      ),
    );
});
