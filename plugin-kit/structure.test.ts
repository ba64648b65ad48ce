// Structural ops, reductions, contractions, updates and control flow: the plan's interpretation equals the reference.
import type { DType, OpAttrs } from "tenon-plugin-api";
import { describe, expect, it } from "vitest";
import type { Builder, Ref } from "./builder.ts";
import { compileProgram } from "./compile.ts";
import { check, programOf, type, type Tolerance } from "./testing/run.ts";

const SUM: Tolerance = { relative: 2e-6, ofLargest: 1e-6 };
const one = (t: ReturnType<typeof type>, f: (b: Builder, x: Ref) => Ref): Promise<unknown> =>
  check(
    programOf([t], (b, x) => [f(b, x)]),
    7,
  );
const reducer = (
  b: Builder,
  dtype: DType,
  op: "add" | "multiply" | "maximum" | "minimum" | "and" | "or" | "xor",
) => b.block([type(dtype), type(dtype)], (r, x, y) => [r.apply(op, x, y)]);

describe("structural ops", () => {
  it("broadcast, transpose, slice, reverse, reshape", async () => {
    await one(type("f32", 3, 1), (b, x) => b.broadcast(x, [2, 3, 4], [1, 2]));
    await one(type("i8", 2, 3, 4), (b, x) => b.transpose(x, [2, 0, 1]));
    await one(type("f64", 5, 7), (b, x) =>
      b.one("slice", [x], { start: [1, 0], limit: [5, 6], strides: [2, 3] }),
    );
    await one(type("u16", 3, 4), (b, x) => b.one("reverse", [x], { dimensions: [0, 1] }));
    await one(type("f32", 6, 4), (b, x) => b.reshape(b.transpose(x, [1, 0]), [8, 3]));
    await one(type("f32", 6, 4), (b, x) =>
      b.transpose(b.reshape(b.transpose(x, [1, 0]), [2, 2, 6]), [2, 0, 1]),
    );
    await one(type("f32", 2, 6), (b, x) => b.reshape(b.one("slice", [x], { start: [0, 1], limit: [2, 5], strides: [1, 1] }), [4, 2])); // prettier-ignore
    await one(type("f32"), (b, x) => b.reshape(x, [1, 1]));
    await one(type("f32", 0, 3), (b, x) => b.broadcast(x, [2, 0, 3], [1, 2]));
    await one(type("i64", 4, 5), (b, x) => b.apply("add", x, b.iota(type("i64", 4, 5), 1)));
    await one(type("f16", 4, 5), (b, x) => b.apply("add", x, b.iota(type("f16", 4, 5), 0)));
  });
  it("pad", async () => {
    const pad = (low: number[], high: number[], interior: number[]) =>
      check(
        programOf([type("f32", 3, 4), type("f32")], (b, x, v) => [
          b.one("pad", [x, v], { low, high, interior }),
          b.one("pad", [b.apply("tanh", x), b.constant(type("f32"), 2)], { low, high, interior }),
        ]),
        9,
        { tolerance: SUM },
      );
    await pad([1, 2], [0, 1], [0, 0]);
    await pad([1, 0], [2, 1], [2, 1]);
    await pad([-1, -2], [0, 1], [0, 0]);
    await pad([-2, 1], [-1, -3], [1, 2]);
    await pad([0, 0], [0, 0], [0, 0]);
    await pad([-3, 0], [0, 0], [0, 0]);
  });
  it("concatenate", async () => {
    for (const axis of [0, 1])
      for (const n of [1, 2, 3, 7])
        await check(
          programOf(
            Array.from({ length: n }, (_, i) => (axis === 0 ? type("f32", i, 3) : type("f32", 2, i + 1))),
            (b, ...xs) => [
              b.one("concatenate", xs.map((x, i) => (i % 2 === 0 ? x : b.apply("tanh", x))), { dimension: axis }), // prettier-ignore
              b.apply("negate", b.one("concatenate", xs, { dimension: axis })),
            ],
          ),
          3,
          { tolerance: SUM },
        );
  });
  it("bitcast_convert between widths", async () => {
    await one(type("f64", 3), (b, x) => b.one("bitcast_convert", [x], {}, { to: type("u32", 3, 2) }));
    await one(type("u8", 3, 4), (b, x) => b.one("bitcast_convert", [b.transpose(b.transpose(x, [1, 0]), [1, 0])], {}, { to: type("f32", 3) })); // prettier-ignore
    await one(type("i32", 3), (b, x) => b.apply("add", ...(Array(2).fill(b.one("bitcast_convert", [b.apply("add", x, x)], {}, { to: type("i8", 3, 4) })) as [Ref, Ref]))); // prettier-ignore
  });
});

describe("dynamic indices", () => {
  it("dynamic_slice clamps", async () => {
    for (const dtype of ["i32", "i8", "u8", "i64", "u64"] as const)
      await check(
        programOf([type("f32", 5, 6), type(dtype), type(dtype)], (b, x, i, j) => [
          b.one("dynamic_slice", [x, i, j] as Ref[], { sliceSizes: [2, 3] }),
        ]),
        dtype.length,
        { edges: true },
      );
  });
  it("dynamic_update_slice", async () => {
    for (const seed of [1, 2, 3, 4])
      await check(
        programOf([type("f32", 5, 6), type("f32", 2, 3), type("i32"), type("i32")], (b, x, u, i, j) => {
          const y = b.apply("tanh", x);
          const z = b.op("dynamic_update_slice", [y, u, i, j] as Ref[], {})[0] as Ref;
          return [z, b.op("dynamic_update_slice", [x, u, i, j] as Ref[], {})[0] as Ref];
        }),
        seed,
        { tolerance: SUM, edges: seed > 2 },
      );
  });
  const rows = { offsetDims: [1], collapsedSliceDims: [0], operandBatchingDims: [], startIndicesBatchingDims: [], startIndexMap: [0], indexVectorDim: 1, indicesAreSorted: false }; // prettier-ignore
  it("gather", async () => {
    for (const dtype of ["i32", "u8", "i64"] as const)
      await check(
        programOf([type("f32", 5, 6), type(dtype, 4, 1)], (b, x, i) => [
          b.one("gather", [x, i] as Ref[], { ...rows, sliceSizes: [1, 6] }),
          b.one("gather", [b.apply("negate", x), i], { ...rows, sliceSizes: [1, 2] }),
        ]),
        4,
        { edges: true },
      );
    await check(
      programOf([type("f32", 2, 5, 6), type("i32", 2, 3, 2)], (b, x, i) => [
        b.one("gather", [x, i] as Ref[], {
          offsetDims: [2], collapsedSliceDims: [1], operandBatchingDims: [0], startIndicesBatchingDims: [0],
          startIndexMap: [1, 2], indexVectorDim: 2, indicesAreSorted: false, sliceSizes: [1, 1, 2],
        }), // prettier-ignore
      ]),
      5,
      { edges: true },
    );
  });
  it("scatter", async () => {
    const attrs: OpAttrs["scatter"] = { updateWindowDims: [1], insertedWindowDims: [0], inputBatchingDims: [], scatterIndicesBatchingDims: [], scatterDimsToOperandDims: [0], indexVectorDim: 1, indicesAreSorted: false, uniqueIndices: false }; // prettier-ignore
    for (const dtype of ["f32", "f16", "i8", "i64", "bool"] as const)
      for (const op of ["add", "maximum", null] as const)
        await check(
          programOf([type(dtype, 5, 6), type("i32", 9, 1), type(dtype, 9, 3)], (b, x, i, u) => {
            const region =
              op === null ? b.block([type(dtype), type(dtype)], (_r, _x, y) => [y]) : reducer(b, dtype, op);
            const [y] = b.op("scatter", [x, i, u] as Ref[], attrs, { regions: [region] });
            return [y as Ref, b.apply("not", b.compare("EQ", y as Ref, x))];
          }),
          op?.length ?? 1,
          { edges: dtype !== "f16", tolerance: dtype === "f16" ? { relative: 2e-3 } : SUM },
        );
  });
  it("scatter of several arrays by one region", async () => {
    const attrs: OpAttrs["scatter"] = { updateWindowDims: [], insertedWindowDims: [0], inputBatchingDims: [], scatterIndicesBatchingDims: [], scatterDimsToOperandDims: [0], indexVectorDim: 1, indicesAreSorted: false, uniqueIndices: false }; // prettier-ignore
    const t = [type("f32"), type("i32")];
    await check(
      programOf(
        [type("f32", 5), type("i32", 5), type("i32", 9, 1), type("f32", 9), type("i32", 9)],
        (b, ...xs) => {
          const region = b.block([...t, ...t], (r, p, q, x, y) => {
            const less = r.compare("LT", p, x);
            return [r.one("select", [less, x, p] as Ref[], {}), r.one("select", [less, y, q] as Ref[], {})];
          });
          return b.op("scatter", xs, attrs, { regions: [region] });
        },
      ),
      3,
      { edges: true },
    );
  });
});

describe("reductions", () => {
  it("reduce over any axes, by monoids", async () => {
    for (const dtype of ["f32", "f64", "i32", "i8", "u64", "bool", "bf16"] as const)
      for (const op of ["add", "multiply", "maximum", "minimum"] as const)
        for (const dimensions of [[0], [1], [0, 2], [0, 1, 2], []])
          await check(
            programOf([type(dtype, 3, 4, 5), type(dtype)], (b, x, init) => [
              b.one("reduce", [x, init] as Ref[], { dimensions }, { regions: [reducer(b, dtype, op)] }),
            ]),
            11,
            { tolerance: dtype === "bf16" ? { relative: 5e-2, ofLargest: 5e-2 } : SUM },
          );
  });
  it("reduce of nothing", async () => {
    await check(
      programOf([type("f32", 3, 0), type("f32")], (b, x, init) => [
        b.one("reduce", [x, init] as Ref[], { dimensions: [1] }, { regions: [reducer(b, "f32", "add")] }),
        b.one("reduce", [x, init] as Ref[], { dimensions: [0] }, { regions: [reducer(b, "f32", "add")] }),
      ]),
      1,
    );
  });
  const argmax = (b: Builder) => {
    const t = [type("f32"), type("i32")];
    return b.block([...t, ...t], (r, p, q, x, y) => {
      const keep = r.compare("GE", p, x);
      return [r.one("select", [keep, p, x] as Ref[], {}), r.one("select", [keep, q, y] as Ref[], {})];
    });
  };
  it("argmax", async () => {
    for (const d of [0, 1])
      await check(
        programOf([type("f32", 6, 7)], (b, x) => {
          const i = b.iota(type("i32", 6, 7), d);
          const inits = [b.constant(type("f32"), -Infinity), b.constant(type("i32"), 0)];
          return b.op("reduce", [x, i, ...inits], { dimensions: [d] }, { regions: [argmax(b)] });
        }),
        d,
      );
  });
  it("softmax, layer norm and logsumexp rows", async () => {
    await check(
      programOf([type("f32", 6, 37)], (b, x) => {
        const sum = (v: Ref, op: "add" | "maximum"): Ref =>
          b.one("reduce", [v, b.constant(type("f32"), op === "add" ? 0 : -Infinity)], { dimensions: [1] }, { regions: [reducer(b, "f32", op)] }); // prettier-ignore
        const wide = (v: Ref): Ref => b.broadcast(b.reshape(v, [6, 1]), [6, 37], [0, 1]);
        const m = sum(x, "maximum");
        const e = b.apply("exponential", b.apply("subtract", x, wide(m)));
        const s = sum(e, "add");
        const mean = b.apply("divide", sum(x, "add"), b.constant(type("f32", 6), 37));
        const d = b.apply("subtract", x, wide(mean));
        const v = sum(b.apply("multiply", d, d), "add");
        return [b.apply("divide", e, wide(s)), b.apply("add", b.apply("log", s), m), b.apply("multiply", d, wide(b.apply("rsqrt", v)))]; // prettier-ignore
      }),
      3,
      { tolerance: { relative: 1e-5, ofLargest: 1e-6 } },
    );
  });
  it("reduce_window", async () => {
    const settings: OpAttrs["reduce_window"][] = [
      { windowDimensions: [2, 3], windowStrides: [1, 1], padding: [[0, 0], [0, 0]], baseDilations: [1, 1], windowDilations: [1, 1] },
      { windowDimensions: [2, 3], windowStrides: [2, 1], padding: [[1, 0], [1, 2]], baseDilations: [1, 1], windowDilations: [1, 2] },
      { windowDimensions: [3, 2], windowStrides: [1, 2], padding: [[2, 1], [-1, 1]], baseDilations: [2, 3], windowDilations: [1, 1] },
    ]; // prettier-ignore
    for (const attrs of settings)
      for (const op of ["add", "maximum"] as const)
        await check(
          programOf([type("f32", 5, 6)], (b, x) => [
            b.one("reduce_window", [x, b.constant(type("f32"), op === "add" ? 0 : -Infinity)], attrs, { regions: [reducer(b, "f32", op)] }), // prettier-ignore
          ]),
          5,
          { tolerance: SUM },
        );
    for (const attrs of settings)
      await check(
        programOf([type("f32", 5, 6)], (b, x) => {
          const i = b.iota(type("i32", 5, 6), 1);
          const inits = [b.constant(type("f32"), -Infinity), b.constant(type("i32"), -1)];
          return b.op("reduce_window", [x, i, ...inits], attrs, { regions: [argmax(b)] });
        }),
        6,
      );
  });
});

describe("select_and_scatter", () => {
  it("by any region, over padded and overlapping windows", async () => {
    const settings: [OpAttrs["select_and_scatter"], number[]][] = [
      [{ windowDimensions: [2, 2], windowStrides: [2, 2], padding: [[0, 0], [0, 0]] }, [3, 3]],
      [{ windowDimensions: [3, 2], windowStrides: [1, 2], padding: [[1, 1], [0, 1]] }, [6, 3]],
    ]; // prettier-ignore
    for (const [attrs, shape] of settings)
      for (const dtype of ["f32", "i32"] as const)
        await check(
          programOf([type(dtype, 6, 6), type(dtype, ...shape), type(dtype)], (b, x, y, v) => {
            const t = type(dtype);
            const select = b.block([t, t], (r, p, q) => [r.compare("GE", p, q)]);
            return [
              b.one("select_and_scatter", [x, y, v] as Ref[], attrs, {
                regions: [select, reducer(b, dtype, "add")],
              }),
            ];
          }),
          3,
          { tolerance: SUM },
        );
  });
});

describe("sort", () => {
  it("several operands along any axis", async () => {
    for (const dimension of [0, 1, 2])
      await check(
        programOf([type("f32", 3, 5, 4), type("i32", 3, 5, 4)], (b, x, y) => {
          const region = b.block([type("f32"), type("f32"), type("i32"), type("i32")], (r, p, q) => [
            r.one("compare", [p, q] as Ref[], { direction: "LT", compareType: "TOTALORDER" }),
          ]);
          return b.op(
            "sort",
            [b.apply("negate", x), y],
            { dimension, isStable: true },
            { regions: [region] },
          );
        }),
        dimension,
        { edges: true },
      );
  });
});

describe("control flow", () => {
  const i32 = type("i32");
  const loop = (
    b: Builder,
    n: number,
    init: Ref[],
    step: (r: Builder, i: Ref, xs: Ref[]) => Ref[],
  ): Ref[] => {
    const start = [b.constant(i32, 0), ...init];
    const types = start.map((r) => r.type);
    const limit = b.constant(i32, n);
    const cond = b.block(types, (r, i) => [r.compare("LT", i, limit)]);
    const body = b.block(types, (r, i, ...xs) => [r.apply("add", i, r.constant(i32, 1)), ...step(r, i, xs)]);
    return b.op("while", start, {}, { regions: [cond, body] }).slice(1);
  };
  it("while with carries that swap, stay, and are updated in place", async () => {
    for (const n of [0, 1, 2, 5])
      await check(
        programOf([type("f32", 4), type("f32", 4), type("f32", 6, 4), type("f32", 4)], (b, x, y, ys, c) => {
          const t = b.apply("tanh", c);
          return loop(b, n, [x, y, ys, x] as Ref[], (r, i, [p, q, acc, same]) => {
            const z = r.apply("add", r.apply("multiply", p as Ref, t), q as Ref);
            const zero = r.constant(i32, 0);
            const [out] = r.op("dynamic_update_slice", [acc as Ref, r.reshape(z, [1, 4]), i, zero], {});
            return [q as Ref, z, out as Ref, same as Ref];
          });
        }),
        n,
        { tolerance: SUM },
      );
  });
  it("nested loops", async () => {
    await check(
      programOf([type("f32", 3), type("f32", 3)], (b, x, y) =>
        loop(b, 3, [x], (r, _i, [p]) => [
          r.apply(
            "add",
            y,
            loop(r, 2, [p as Ref], (s, _j, [q]) => [s.apply("multiply", q as Ref, y)])[0] as Ref,
          ),
        ]),
      ),
      4,
      { tolerance: SUM },
    );
  });
  it("case", async () => {
    for (const index of [-1, 0, 1, 2, 5])
      await check(
        programOf([type("f32", 3), type("f32", 3)], (b, x, y) => {
          const i = b.constant(i32, index);
          const t = b.apply("tanh", x);
          const branch = (f: (r: Builder) => Ref[]) => b.block([], f);
          const regions = [
            branch((r) => [r.apply("add", t, y), x]),
            branch((r) => [y, r.apply("negate", t)]),
            branch(() => [x, x]),
          ];
          return b.append({ op: "case", operands: [i], attrs: {}, results: [t.type, t.type], regions });
        }),
        index + 3,
        { tolerance: SUM },
      );
  });
  it("results that are parameters, constants, or the same", async () => {
    await check(
      programOf([type("f32", 3)], (b, x) => {
        const c = b.constant(type("f32", 2), [1, 2]);
        const y = b.apply("negate", x);
        return [x, x, c, c, y, y, b.reshape(y, [3, 1]), b.constant(type("i32", 4), 7)] as Ref[];
      }),
      1,
    );
  });
  it("optimization_barrier: nothing is merged, fused or moved through it", () => {
    const t = type("f32", 64);
    const twice = (behind: boolean): string[] => {
      const program = programOf([t, t], (b, x, scale) => {
        const first = b.apply("multiply", b.apply("sine", x), scale);
        const z = b.apply("multiply", first, first);
        const [p] = behind ? b.op("optimization_barrier", [x, z], {}) : [x];
        // What it reads beside the barrier's results is older than the barrier.
        const second = b.apply("multiply", b.apply("sine", p as Ref), scale);
        return [z, b.apply("add", second, first)];
      });
      const { steps } = compileProgram(program, { plugin: "test" });
      return steps.map((s) => {
        if (s.do !== "kernel") return s.do;
        const sines = s.kernel.stages.flatMap((stage) => stage.body.filter((v) => v.op === "sin"));
        return `kernel with ${sines.length}`;
      });
    };
    expect(twice(false)).toEqual(["kernel with 1"]);
    expect(twice(true)).toEqual(["kernel with 1", "kernel with 1"]);
  });
  it("optimization_barrier and donation", async () => {
    await check(
      programOf(
        [type("f32", 30), type("f32", 30)],
        (b, x, y) => {
          const [p, q] = b.op("optimization_barrier", [b.apply("add", x, y), y], {});
          return [b.apply("multiply", p as Ref, q as Ref), b.apply("add", x, q as Ref)];
        },
        [0],
      ),
      1,
    );
  });
});
