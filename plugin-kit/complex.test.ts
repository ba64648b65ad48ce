// Complex programs: split into real ones they equal the reference, at ordinary values and at infinities.
import type { DType } from "tenon-plugin-api";
import { describe, it } from "vitest";
import type { Builder, Plain, Ref } from "./index.ts";
import { COMPLEX_BINARY, COMPLEX_TO_REAL, COMPLEX_UNARY } from "./passes/complex/formulas.ts";
import { bytesOf, check, programOf, type, type Tolerance } from "./testing/run.ts";

const COMPLEX: DType[] = ["c64", "c128"];
const toleranceOf = (d: DType): Tolerance =>
  d === "c64" ? { relative: 3e-6, ofLargest: 1e-6 } : { relative: 1e-13, ofLargest: 1e-14 };
const add = (b: Builder, d: DType): ReturnType<Builder["block"]> =>
  b.block([type(d), type(d)], (r, x, y) => [r.apply("add", x, y)]);
const multiply = (b: Builder, d: DType): ReturnType<Builder["block"]> =>
  b.block([type(d), type(d)], (r, x, y) => [r.apply("multiply", x, y)]);

describe("complex", () => {
  for (const d of COMPLEX) {
    const t = type(d, 40);
    const tolerance = toleranceOf(d);
    for (const op of [...Object.keys(COMPLEX_UNARY), ...Object.keys(COMPLEX_TO_REAL)] as Plain[])
      it(`${op} of ${d}`, async () => {
        await check(
          programOf([t], (b, x) => [b.apply(op, x)]),
          3,
          { tolerance },
        );
      });
    for (const op of Object.keys(COMPLEX_BINARY) as Plain[])
      it(`${op} of ${d}`, async () => {
        await check(
          programOf([t, t], (b, x, y) => [b.apply(op, x, y)]),
          3,
          { tolerance },
        );
      });
    it(`structural ops of ${d}`, async () => {
      await check(
        programOf([type(d, 3, 4), type(d), type("bool", 3, 4), type("i32", 2, 1)], (b, x, v, c, i) => {
          const y = b.transpose(x, [1, 0]);
          const z = b.one("pad", [y, v], { low: [1, 0], high: [0, 1], interior: [0, 1] });
          const w = b.one("select", [c, x, b.apply("negate", x)] as Ref[], {});
          const rows = b.one("gather", [x, i] as Ref[], { offsetDims: [1], collapsedSliceDims: [0], operandBatchingDims: [], startIndicesBatchingDims: [], startIndexMap: [0], indexVectorDim: 1, indicesAreSorted: false, sliceSizes: [1, 4] }); // prettier-ignore
          return [z, w, rows, b.one("concatenate", [x, w] as Ref[], { dimension: 1 }), b.compare("EQ", x, w), b.convert(b.compare("NE", x, w), d)]; // prettier-ignore
        }),
        4,
      );
    });
    it(`reductions of ${d}`, async () => {
      await check(
        programOf([type(d, 3, 4), type(d), type(d, 2, 3), type("i32", 5, 1), type(d, 5)], (b, x, v, y, i, u) => [
          b.one("reduce", [x, v] as Ref[], { dimensions: [0] }, { regions: [add(b, d)] }),
          b.one("reduce", [x, v] as Ref[], { dimensions: [0, 1] }, { regions: [multiply(b, d)] }),
          b.one("dot_general", [y, x] as Ref[], { lhsContracting: [1], rhsContracting: [0], lhsBatching: [], rhsBatching: [], precision: "DEFAULT" }, { to: type(d) }),
          ...(["add", "multiply"] as const).map((op) =>
            b.one("scatter", [b.reshape(x, [12]), i, u], { updateWindowDims: [], insertedWindowDims: [0], inputBatchingDims: [], scatterIndicesBatchingDims: [], scatterDimsToOperandDims: [0], indexVectorDim: 1, indicesAreSorted: false, uniqueIndices: false }, { regions: [(op === "add" ? add : multiply)(b, d)] }),
          ),
        ]), // prettier-ignore
        5,
        { tolerance },
      );
    });
    it(`sort and loops of ${d}`, async () => {
      await check(
        programOf([type(d, 7), type(d, 3)], (b, x, y) => {
          const region = b.block([type(d), type(d)], (r, p, q) => [r.compare("LT", r.apply("real", p), r.apply("real", q))]); // prettier-ignore
          const [sorted] = b.op("sort", [x], { dimension: 0, isStable: true }, { regions: [region] });
          const start = [b.constant(type("i32"), 0), y];
          const types = start.map((s) => s.type);
          const cond = b.block(types, (r, i) => [r.compare("LT", i, r.constant(type("i32"), 3))]);
          const body = b.block(types, (r, i, z) => [r.apply("add", i, r.constant(type("i32"), 1)), r.apply("multiply", z, y)]); // prettier-ignore
          return [sorted as Ref, ...b.op("while", start, {}, { regions: [cond, body] })];
        }),
        6,
        { tolerance },
      );
    });
    it(`constants, bit casts, iota of ${d}`, async () => {
      await check(
        programOf([type(d, 4)], (b, x) => [
          b.apply("add", x, b.constant(type(d, 4), 2)),
          b.apply("multiply", x, b.constant(type(d, 4), [1, 2, 3, 4])),
          b.one("bitcast_convert", [d === "c64" ? b.reshape(x, [2, 2]) : (x)], {}, { to: d === "c64" ? type("c128", 2) : type("c64", 4, 2) }),
          b.apply("add", x, b.iota(type(d, 4), 0)),
        ]), // prettier-ignore
        7,
      );
    });
    it(`division and roots of ${d} at infinities and zeros`, async () => {
      const special = [0, -0, 1, -2, Infinity, -Infinity, NaN];
      const list = special.flatMap((re) => special.map((im) => [re, im] as const));
      const pairs = list.flatMap((z) => list.map((w) => [z, w] as const));
      const n = pairs.length;
      const arg = (k: 0 | 1): Uint8Array => bytesOf(d, pairs.flatMap((p) => [...p[k]])); // prettier-ignore
      await check(
        programOf([type(d, n), type(d, n)], (b, z, w) => [b.apply("divide", z, w)]),
        8,
        { tolerance, args: [arg(0), arg(1)] },
      );
      for (const op of ["abs", "sqrt", "log", "sign"] as const)
        await check(
          programOf([type(d, list.length)], (b, z) => [b.apply(op, z)]),
          9,
          { tolerance, args: [bytesOf(d, list.flat())] },
        );
    });
  }
});
